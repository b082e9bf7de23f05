//! What one advisory fixes, gathered until it can be stated without doubles.

use yagura_model::{FeedId, Names, Statement, StatementState, Urgency};
use yagura_version::Scheme;

use super::Place;
use crate::catalogue::Sink;

/// The most places, and module streams, of one advisory. Red Hat's widest has 60.
const PLACES_MAX: usize = 1_024;

/// One package that carries the fix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fix<'a> {
    /// The place, as [`Fixes::place`] numbered it.
    pub(crate) place: usize,
    pub(crate) package: &'a str,
    /// The module stream, as [`Fixes::module`] numbered it.
    pub(crate) module: Option<usize>,
    /// The first version with the fix.
    pub(crate) evr: &'a str,
}

/// All fixes of an advisory.
///
/// Repositories of one release carry the same builds, and architectures mostly do. Where one
/// package of one place has several versions, the least counts: an installed package of another
/// architecture, stream or minor release that is not older than the least was built with the fix.
#[derive(Debug, Default)]
pub(crate) struct Fixes<'a> {
    places: Vec<Place>,
    modules: Vec<String>,
    rows: Vec<Fix<'a>>,
    over: bool,
}

/// Who states it, about what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stated<'s> {
    pub(crate) feed: &'s str,
    /// The advisory.
    pub(crate) id: &'s str,
    pub(crate) names: Names,
    pub(crate) urgency: Urgency,
}

impl<'a> Fixes<'a> {
    /// Numbers a place. What is added for one beyond the bound is dropped, see [`Self::is_over`].
    pub(crate) fn place(&mut self, place: Place) -> usize {
        number(&mut self.places, place, PLACES_MAX).unwrap_or(PLACES_MAX)
    }

    /// Numbers a module stream; `None` when there are too many.
    pub(crate) fn module(&mut self, module: &str) -> Option<usize> {
        let known = self.modules.iter().position(|known| known == module);
        known.or_else(|| number(&mut self.modules, module.to_owned(), PLACES_MAX))
    }

    /// Adds a fix.
    pub(crate) fn add(&mut self, fix: Fix<'a>) {
        if fix.place < PLACES_MAX {
            self.rows.push(fix);
        } else {
            self.over = true;
        }
    }

    /// Tells whether something was dropped.
    pub(crate) const fn is_over(&self) -> bool {
        self.over
    }

    /// Tells whether there is nothing to state.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// States each fix once, in the order of places, packages and modules.
    pub(crate) fn state(mut self, stated: Stated<'_>, sink: &mut dyn Sink) {
        let about = |row: &Fix<'a>| (row.place, row.package, row.module);
        self.rows.sort_by(|a, b| about(a).cmp(&about(b)).then_with(|| Scheme::Rpm.compare(a.evr, b.evr)));
        self.rows.dedup_by_key(|row| about(row));
        for row in self.rows {
            let Some(place) = self.places.get(row.place) else { continue };
            sink.statement(Statement {
                feed: FeedId::new(stated.feed),
                release: place.release.clone(),
                package: row.package.to_owned(),
                vulnerability: stated.id.to_owned(),
                state: StatementState::Fixed(row.evr.to_owned()),
                urgency: stated.urgency,
                names: stated.names,
                channel: place.channel.clone(),
                module: row.module.and_then(|module| self.modules.get(module)).cloned(),
                ..Statement::default()
            });
        }
    }
}

fn number<T: PartialEq>(known: &mut Vec<T>, item: T, max: usize) -> Option<usize> {
    let place = known.iter().position(|other| *other == item);
    place.or_else(|| {
        let room = known.len() < max;
        room.then(|| {
            known.push(item);
            known.len() - 1
        })
    })
}

#[cfg(test)]
mod tests {
    use yagura_model::ReleaseKey;

    use super::*;
    use crate::recorder::Recorder;

    #[test]
    fn doubles_are_stated_once_with_the_least_version() {
        let mut fixes = Fixes::default();
        let main = fixes.place(Place { release: ReleaseKey::new("redhat", "8"), channel: None });
        let eus = fixes.place(Place { release: ReleaseKey::new("redhat", "8"), channel: Some("eus:8.6".into()) });
        let module = fixes.module("demo:1");
        assert_eq!(fixes.module("demo:1"), module);
        assert!(module.is_some());
        for (place, package, module, evr) in [
            (main, "b", None, "1.10-1"),
            (main, "b", None, "1.9-1"),
            (eus, "b", None, "1.9-1"),
            (main, "a", module, "1-1"),
            (main, "a", None, "2-1"),
        ] {
            fixes.add(Fix { place, package, module, evr });
        }
        let mut recorder = Recorder::default();
        let names = Names::Binary;
        fixes.state(Stated { feed: "f", id: "RHSA-1", names, urgency: Urgency::High }, &mut recorder);
        let mut crowded = Fixes::default();
        let numbered = (0..=PLACES_MAX).filter_map(|n| crowded.module(&format!("demo:{n}"))).count();
        assert_eq!(numbered, PLACES_MAX);
        for n in 0..=PLACES_MAX {
            assert!(!crowded.is_over());
            let place = crowded.place(Place { release: ReleaseKey::new("redhat", &n.to_string()), channel: None });
            crowded.add(Fix { place, package: "a", module: None, evr: "1-1" });
        }
        assert!(crowded.is_over() && crowded.rows.len() == PLACES_MAX);
        insta::assert_snapshot!(recorder.render(), @r"
        record 0
        redhat:8 a RHSA-1 fixed 2-1 (high) binary
        redhat:8 a RHSA-1 fixed 1-1 (high) binary module demo:1
        redhat:8 b RHSA-1 fixed 1.9-1 (high) binary
        redhat:8 b RHSA-1 fixed 1.9-1 (high) binary channel eus:8.6
        ");
    }
}
