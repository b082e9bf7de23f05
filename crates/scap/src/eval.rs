//! Judges OVAL over what a collector finds: one [`Session`] a document and run.
//!
//! - [`variables`], [`functions`], [`times`], [`globs`]: what variables come to.
//! - [`states`]: whether a thing is as a state says.
//! - [`objects`]: resolving objects, collecting them once, sets and filters.
//! - [`definitions`]: tests, criteria, definitions.
//!
//! Everything is computed when it is first asked for and kept. The depth of the recursion is that
//! of the content's references, which [`crate::oval::reach::closure`] has bounded before.

mod definitions;
mod functions;
mod globs;
mod objects;
mod states;
mod times;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::collect::Collect;
use crate::item::{Flag, Item, Value};
use crate::object::Object;
use crate::oval::reach::{Thing, closure, externals, rounds};
use crate::oval::{Oval, Place};
use crate::truth::Truth;

pub(crate) use states::{Purpose, ReadyState};
pub(crate) use variables::Computed;

/// What an object found, filters applied, the same item once.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) flag: Flag,
    pub(crate) items: Vec<Arc<Item>>,
    pub(crate) message: Option<Box<str>>,
}

impl Found {
    fn nothing(flag: Flag, message: impl Into<Box<str>>) -> Self {
        Self { flag, items: Vec::new(), message: Some(message.into()) }
    }
}

/// What a test came to.
#[derive(Debug, Clone)]
pub(crate) struct Tested {
    pub(crate) truth: Truth,
    /// What each item of the test's object came to, in their order; empty where states were not looked at.
    pub(crate) items: Vec<Truth>,
}

/// Tells how far a run is, and hears whether it shall go on.
pub trait Watch {
    /// Hears of a step; `false` stops the run: what is not collected by then is "not collected".
    fn step(&mut self, done: usize, total: usize) -> bool;
}

/// Lets every run go on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn step(&mut self, _done: usize, _total: usize) -> bool {
        true
    }
}

/// What a session asks the world.
pub(crate) struct World<'w> {
    pub(crate) collector: &'w mut dyn Collect,
    pub(crate) watch: &'w mut dyn Watch,
    pub(crate) done: usize,
    pub(crate) total: usize,
    pub(crate) stopped: bool,
}

impl<'w> World<'w> {
    pub(crate) fn new(collector: &'w mut dyn Collect, watch: &'w mut dyn Watch) -> Self {
        Self { collector, watch, done: 0, total: 0, stopped: false }
    }

    /// Counts a step and asks whether to go on.
    pub(crate) fn step(&mut self) -> bool {
        self.done += 1;
        if !self.stopped && !self.watch.step(self.done, self.total.max(self.done)) {
            self.stopped = true;
        }
        !self.stopped
    }
}

/// The evaluation of one document.
#[derive(Debug)]
pub(crate) struct Session<'o> {
    pub(crate) oval: &'o Oval,
    /// Seconds since the epoch.
    now: i64,
    /// The identity of the document's first object.
    first_id: u32,
    bound: BTreeMap<Place, Arc<[Value]>>,
    /// Which external variables things depend on.
    externals: BTreeMap<Thing, BTreeSet<Place>>,
    variables: BTreeMap<Place, Arc<Computed>>,
    states: BTreeMap<(Place, Purpose), Arc<ReadyState>>,
    resolved: BTreeMap<Place, Result<Arc<Object>, Arc<Found>>>,
    found: BTreeMap<Place, Arc<Found>>,
    tests: BTreeMap<Place, Arc<Tested>>,
    definitions: BTreeMap<Place, Truth>,
}

impl<'o> Session<'o> {
    /// A session for a document and the definitions that will be asked for.
    ///
    /// # Errors
    /// When something that the definitions use uses itself, or is nested too deeply.
    pub(crate) fn new(
        oval: &'o Oval,
        roots: impl IntoIterator<Item = Place>,
        now: i64,
        first_id: u32,
    ) -> Result<Self, crate::error::ContentError> {
        let order = closure(oval, roots.into_iter().map(Thing::Definition))?;
        Ok(Self {
            oval,
            now,
            first_id,
            bound: BTreeMap::new(),
            externals: externals(oval, &order),
            variables: BTreeMap::new(),
            states: BTreeMap::new(),
            resolved: BTreeMap::new(),
            found: BTreeMap::new(),
            tests: BTreeMap::new(),
            definitions: BTreeMap::new(),
        })
    }

    /// Gives an external variable its values; what depended on other values is forgotten.
    pub(crate) fn bind(&mut self, variable: Place, values: Vec<Value>) {
        if self.bound.get(&variable).is_some_and(|bound| **bound == *values) {
            return;
        }
        self.bound.insert(variable, values.into());
        let depends = |thing: Thing| self.externals.get(&thing).is_some_and(|on| on.contains(&variable));
        self.variables.retain(|place, _| !depends(Thing::Variable(*place)));
        self.states.retain(|(place, _), _| !depends(Thing::State(*place)));
        self.resolved.retain(|place, _| !depends(Thing::Object(*place)));
        self.found.retain(|place, _| !depends(Thing::Object(*place)));
        self.tests.retain(|place, _| !depends(Thing::Test(*place)));
        self.definitions.retain(|place, _| !depends(Thing::Definition(*place)));
    }

    /// Whether an external variable has values already.
    pub(crate) fn is_bound(&self, variable: Place) -> bool {
        self.bound.contains_key(&variable)
    }

    /// Collects everything that some definitions need, round by round, each round prepared as a whole.
    pub(crate) fn collect(&mut self, definitions: &BTreeSet<Place>, world: &mut World<'_>) {
        let roots = definitions.iter().copied().map(Thing::Definition);
        // A part of what was checked when the session was made.
        let Ok(order) = closure(self.oval, roots) else { return };
        for round in rounds(self.oval, &order) {
            let fresh: Vec<Place> = round.into_iter().filter(|place| !self.found.contains_key(place)).collect();
            let objects: Vec<Arc<Object>> =
                fresh.iter().filter_map(|place| self.resolve(*place, world)?.ok()).collect();
            world.total += objects.len();
            world.collector.prepare(&objects);
            for place in fresh {
                self.object(place, world);
            }
        }
    }

    pub(crate) fn definition_results(&self) -> impl Iterator<Item = (Place, Truth)> {
        self.definitions.iter().map(|(place, truth)| (*place, *truth))
    }

    pub(crate) fn test_results(&self) -> impl Iterator<Item = (Place, &Arc<Tested>)> {
        self.tests.iter().map(|(place, tested)| (*place, tested))
    }

    pub(crate) fn objects_found(&self) -> impl Iterator<Item = (Place, &Arc<Found>)> {
        self.found.iter().map(|(place, found)| (*place, found))
    }

    pub(crate) fn definition_truth(&self, definition: Place) -> Option<Truth> {
        self.definitions.get(&definition).copied()
    }

    pub(crate) fn computed(&self, variable: Place) -> Option<&Arc<Computed>> {
        self.variables.get(&variable)
    }

    pub(crate) fn tested(&self, test: Place) -> Option<&Arc<Tested>> {
        self.tests.get(&test)
    }

    pub(crate) fn found(&self, object: Place) -> Option<&Arc<Found>> {
        self.found.get(&object)
    }
}
