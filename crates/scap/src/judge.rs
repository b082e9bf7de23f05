//! Judging a compiled benchmark over what a collector finds.
//!
//! - [`outcome`]: results of rules and the tables that combine them.
//! - [`evidence`]: which tests decided, and what they saw.
//! - [`scoring`]: the four scoring models.

mod evidence;
mod outcome;
mod scoring;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::collect::Collect;
use crate::compiled::{Alternative, Compiled, CompiledCheck, CompiledItem, CompiledRule, PlatformTest, SimpleCheck};
use crate::error::ContentError;
use crate::eval::{Session, Watch, World};
use crate::oval::{Class, Place, at};
use crate::truth::Truth;
use crate::xccdf::Role;

pub use evidence::{Evidence, ItemEvidence};
pub use outcome::Outcome;
pub use scoring::Score;

const NO_BINDING: &str = "Value bindings not found.";
const NO_ANSWER: &str = "None of the check-content-ref elements was resolvable.";

/// What one rule came to.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleResult {
    /// The place of the rule among the benchmark's items.
    pub item: Place,
    /// The rule's id.
    pub id: String,
    /// What it came to.
    pub outcome: Outcome,
    /// Why there is no better answer; for people.
    pub message: Option<String>,
    /// What decided, if anything was looked at.
    pub check: Option<CheckUsed>,
    /// Which tests decided against it, and what they saw.
    pub evidence: Vec<Evidence>,
}

/// The content that decided about a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckUsed {
    /// The document, as the benchmark calls it.
    pub href: String,
    /// The definition; nothing when all of the document's count.
    pub definition: Option<String>,
}

/// What a definition or a test came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The name of the document.
    pub document: String,
    /// The id of the definition or test.
    pub id: String,
    /// What it came to.
    pub truth: Truth,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// One for every rule of the benchmark in document order; several for a rule that asks for each definition.
    pub rules: Vec<RuleResult>,
    /// The scores: the benchmark's models, or the default one.
    pub scores: Vec<Score>,
    /// The platforms that were found.
    pub platforms: Vec<String>,
    /// When the run began; the clock of the judging.
    pub started: Timestamp,
    /// Whether the run was stopped before its end.
    pub stopped: bool,
}

/// A finished run: its results, and what they rest on.
#[derive(Debug)]
pub struct Judged<'c> {
    pub(crate) compiled: &'c Compiled,
    /// The results.
    pub results: Results,
    pub(crate) sessions: Vec<Session<'c>>,
}

/// Judges a benchmark.
///
/// `now` is the clock of tests that compare with it.
///
/// # Errors
/// When the compiled benchmark refers to itself.
pub fn judge<'c>(
    compiled: &'c Compiled,
    collector: &mut dyn Collect,
    watch: &mut dyn Watch,
    now: Timestamp,
) -> Result<Judged<'c>, ContentError> {
    let mut sessions = Vec::with_capacity(compiled.documents.len());
    let mut first_id = 0_u32;
    for document in &compiled.documents {
        let all = (0..).take(document.oval.definitions.len());
        sessions.push(Session::new(&document.oval, all, now.as_second(), first_id)?);
        let objects = u32::try_from(document.oval.objects.len()).unwrap_or(u32::MAX);
        first_id = first_id.saturating_add(objects);
    }
    let mut run = Run { compiled, sessions, world: World::new(collector, watch), platforms: BTreeMap::new() };
    run.bind_all();
    let applicable = run.applicability();
    run.collect(&applicable);
    let mut rules = Vec::new();
    for (place, item) in (0_u32..).zip(&compiled.items) {
        if let Some(rule) = item.rule.as_deref() {
            rules.extend(run.rule(place, item, rule, applicable.contains(&place)));
        }
    }
    let platforms = run
        .platforms
        .iter()
        .filter(|(_, found)| **found)
        .filter_map(|(place, _)| at(&compiled.platforms, *place).map(|platform| platform.name.clone()));
    let platforms = platforms.collect();
    let scores = scoring::scores(compiled, &rules);
    let stopped = run.world.stopped;
    let results = Results { rules, scores, platforms, started: now, stopped };
    Ok(Judged { compiled, results, sessions: run.sessions })
}

impl Judged<'_> {
    /// What every evaluated definition came to.
    #[must_use]
    pub fn definitions(&self) -> Vec<Verdict> {
        let of = |(session, name): (&Session<'_>, &String)| {
            let verdict = |(place, truth)| {
                let id = at(&session.oval.definitions, place)?.id.clone();
                Some(Verdict { document: name.clone(), id, truth })
            };
            session.definition_results().filter_map(verdict).collect::<Vec<_>>()
        };
        self.named().flat_map(of).collect()
    }

    /// What every evaluated test came to.
    #[must_use]
    pub fn tests(&self) -> Vec<Verdict> {
        let of = |(session, name): (&Session<'_>, &String)| {
            let verdict = |(place, tested): (Place, &std::sync::Arc<crate::eval::Tested>)| {
                let id = at(&session.oval.tests, place)?.id.clone();
                Some(Verdict { document: name.clone(), id, truth: tested.truth })
            };
            session.test_results().filter_map(verdict).collect::<Vec<_>>()
        };
        self.named().flat_map(of).collect()
    }

    fn named(&self) -> impl Iterator<Item = (&Session<'_>, &String)> {
        self.sessions.iter().zip(self.compiled.documents.iter().map(|document| &document.name))
    }
}

struct Run<'c, 'w> {
    compiled: &'c Compiled,
    sessions: Vec<Session<'c>>,
    world: World<'w>,
    /// Whether each platform that was asked for is there.
    platforms: BTreeMap<Place, bool>,
}

impl Run<'_, '_> {
    /// Binds what rules export before anything is collected; of different values the first rule's.
    fn bind_all(&mut self) {
        let compiled = self.compiled;
        for (_, rule) in compiled.selected() {
            each_check(&rule.check, &mut |check| {
                for (document, variable, values) in &check.exports {
                    let session = usize::try_from(*document).ok().and_then(|place| self.sessions.get_mut(place));
                    if let Some(session) = session.filter(|session| !session.is_bound(*variable)) {
                        session.bind(*variable, values.clone());
                    }
                }
            });
        }
    }

    /// The places of the selected rules that apply here.
    fn applicability(&mut self) -> BTreeSet<Place> {
        let compiled = self.compiled;
        let selected: Vec<Place> = (0..)
            .zip(&compiled.items)
            .filter(|(_, item)| item.rule.as_ref().is_some_and(|rule| rule.selected))
            .map(|(place, _)| place)
            .collect();
        let mut wanted: BTreeSet<Place> = BTreeSet::new();
        for place in &selected {
            wanted.extend(lineage(compiled, *place).flat_map(|item| item.platforms.iter().copied()));
        }
        let mut definitions: BTreeMap<Place, BTreeSet<Place>> = BTreeMap::new();
        for platform in wanted.iter().filter_map(|place| at(&compiled.platforms, *place)) {
            definitions_of(&platform.test, &mut definitions);
        }
        self.collect_definitions(&definitions);
        for place in wanted {
            let found = at(&compiled.platforms, place).is_some_and(|platform| self.platform(&platform.test));
            self.platforms.insert(place, found);
        }
        let applies = |place: &Place| {
            lineage(compiled, *place).all(|item| {
                item.platforms.is_empty()
                    || item.platforms.iter().any(|platform| self.platforms.get(platform).copied().unwrap_or(false))
            })
        };
        selected.into_iter().filter(applies).collect()
    }

    fn platform(&mut self, test: &PlatformTest) -> bool {
        match test {
            PlatformTest::Never => false,
            PlatformTest::Definition { document, definition } => {
                self.definition(*document, *definition) == Some(Truth::True)
            }
            PlatformTest::Test { any, negate, children } => {
                // Each child is evaluated, so that the same definitions have results whatever the first one says.
                let found: Vec<bool> = children.iter().map(|child| self.platform(child)).collect();
                let holds = if *any { found.contains(&true) } else { !found.contains(&false) };
                holds != *negate
            }
        }
    }

    fn definition(&mut self, document: Place, definition: Place) -> Option<Truth> {
        let session = self.sessions.get_mut(usize::try_from(document).ok()?)?;
        Some(session.definition(definition, &mut self.world))
    }

    /// Collects what all rules that apply need, so that one walk serves all.
    fn collect(&mut self, applicable: &BTreeSet<Place>) {
        let compiled = self.compiled;
        let mut definitions: BTreeMap<Place, BTreeSet<Place>> = BTreeMap::new();
        for rule in applicable.iter().filter_map(|place| at(&compiled.items, *place)?.rule.as_ref()) {
            if rule.role == Role::Unchecked {
                continue;
            }
            each_check(&rule.check, &mut |check| {
                // The first alternative answers nearly always; a later one is collected when it is asked.
                if let Some(first) = check.alternatives.first().filter(|_| !check.unbound) {
                    definitions.entry(first.document).or_default().extend(&first.definitions);
                }
            });
        }
        self.collect_definitions(&definitions);
    }

    fn collect_definitions(&mut self, definitions: &BTreeMap<Place, BTreeSet<Place>>) {
        for (document, definitions) in definitions {
            let session = usize::try_from(*document).ok().and_then(|place| self.sessions.get_mut(place));
            if let Some(session) = session {
                session.collect(definitions, &mut self.world);
            }
        }
    }

    fn rule(&mut self, place: Place, item: &CompiledItem, rule: &CompiledRule, applies: bool) -> Vec<RuleResult> {
        let plain = |outcome, message: Option<&str>| {
            let message = message.filter(|message| !message.is_empty()).map(str::to_owned);
            vec![RuleResult { item: place, id: item.id.clone(), outcome, message, check: None, evidence: Vec::new() }]
        };
        if !rule.selected {
            return plain(Outcome::NotSelected, None);
        }
        if rule.role == Role::Unchecked {
            return plain(Outcome::NotChecked, None);
        }
        if !applies {
            return plain(Outcome::NotApplicable, None);
        }
        let answers = match &rule.check {
            CompiledCheck::None(message) => return plain(Outcome::NotChecked, Some(message)),
            CompiledCheck::Simple(check) => self.simple(check),
            complex @ CompiledCheck::Complex { .. } => {
                vec![Answer { outcome: self.complex(complex), message: None, check: None, asked: None }]
            }
        };
        let result = |answer: Answer| {
            let outcome = if rule.role == Role::Unscored { Outcome::Informational } else { answer.outcome };
            let evidence = match (answer.asked, outcome) {
                (None, _) | (_, Outcome::Pass | Outcome::NotApplicable | Outcome::NotChecked) => Vec::new(),
                (Some((document, definitions, wanted)), _) => self.evidence(document, &definitions, wanted),
            };
            RuleResult {
                item: place,
                id: item.id.clone(),
                outcome,
                message: answer.message,
                check: answer.check,
                evidence,
            }
        };
        answers.into_iter().map(result).collect()
    }

    fn evidence(&self, document: Place, definitions: &[Place], wanted: bool) -> Vec<Evidence> {
        let session = usize::try_from(document).ok().and_then(|place| self.sessions.get(place));
        session.map(|session| evidence::gather(session, definitions, wanted)).unwrap_or_default()
    }

    fn complex(&mut self, check: &CompiledCheck) -> Outcome {
        match check {
            CompiledCheck::None(_) => Outcome::NotChecked,
            CompiledCheck::Simple(check) => {
                let answers = self.simple(check);
                answers.into_iter().map(|answer| answer.outcome).reduce(Outcome::and).unwrap_or(Outcome::NotChecked)
            }
            CompiledCheck::Complex { any, negate, children } => {
                let results: Vec<Outcome> = children.iter().map(|child| self.complex(child)).collect();
                let table = if *any { Outcome::or } else { Outcome::and };
                results.into_iter().reduce(table).unwrap_or(Outcome::NotChecked).negated_if(*negate)
            }
        }
    }

    /// The answer of the first alternative that has one.
    fn simple(&mut self, check: &SimpleCheck) -> Vec<Answer> {
        if check.unbound {
            return vec![Answer::without(Outcome::Unknown, NO_BINDING)];
        }
        for (document, variable, values) in &check.exports {
            let session = usize::try_from(*document).ok().and_then(|place| self.sessions.get_mut(place));
            if let Some(session) = session {
                session.bind(*variable, values.clone());
            }
        }
        for alternative in &check.alternatives {
            let answers = self.alternative(alternative, check.negate);
            if answers.iter().any(|answer| answer.outcome != Outcome::NotChecked) {
                return answers;
            }
        }
        vec![Answer::without(Outcome::NotChecked, NO_ANSWER)]
    }

    fn alternative(&mut self, alternative: &Alternative, negate: bool) -> Vec<Answer> {
        let Alternative { document, href, name, definitions, multi } = alternative;
        let outcomes: Vec<(Place, Outcome)> = definitions
            .iter()
            .map(|definition| {
                let truth = self.definition(*document, *definition).unwrap_or(Truth::Error);
                let class = self.class(*document, *definition);
                (*definition, Outcome::of_definition(truth, class).negated_if(negate))
            })
            .collect();
        // A document without definitions has nothing to say, and the reference calls that an error.
        let folded = outcomes.iter().map(|(_, outcome)| *outcome).reduce(Outcome::and).unwrap_or(Outcome::Error);
        if !*multi {
            let check = CheckUsed { href: href.clone(), definition: name.clone() };
            let wanted =
                definitions.first().is_none_or(|first| self.class(*document, *first).passes_when_true()) != negate;
            let asked = Some((*document, definitions.clone(), wanted));
            return vec![Answer { outcome: folded, message: None, check: Some(check), asked }];
        }
        let answer = |(definition, outcome): (Place, Outcome)| {
            let id = self
                .sessions
                .get(usize::try_from(*document).ok()?)
                .and_then(|session| at(&session.oval.definitions, definition).map(|definition| definition.id.clone()));
            let wanted = self.class(*document, definition).passes_when_true() != negate;
            Some(Answer {
                outcome,
                message: None,
                check: Some(CheckUsed { href: href.clone(), definition: id }),
                asked: Some((*document, vec![definition], wanted)),
            })
        };
        outcomes.into_iter().filter_map(answer).collect()
    }

    fn class(&self, document: Place, definition: Place) -> Class {
        let session = usize::try_from(document).ok().and_then(|place| self.sessions.get(place));
        let definition = session.and_then(|session| at(&session.oval.definitions, definition));
        definition.map_or(Class::Miscellaneous, |definition| definition.class)
    }
}

/// What a check came to.
#[derive(Debug)]
struct Answer {
    outcome: Outcome,
    message: Option<String>,
    check: Option<CheckUsed>,
    /// The document and definitions that were asked, and what they should have been.
    asked: Option<(Place, Vec<Place>, bool)>,
}

impl Answer {
    fn without(outcome: Outcome, message: &str) -> Self {
        Self { outcome, message: Some(message.to_owned()), check: None, asked: None }
    }
}

fn each_check(check: &CompiledCheck, each: &mut impl FnMut(&SimpleCheck)) {
    match check {
        CompiledCheck::None(_) => {}
        CompiledCheck::Simple(simple) => each(simple),
        CompiledCheck::Complex { children, .. } => {
            for child in children {
                each_check(child, each);
            }
        }
    }
}

/// An item, its group, that one's group, up to the benchmark.
fn lineage(compiled: &Compiled, place: Place) -> impl Iterator<Item = &CompiledItem> {
    let mut next = Some(place);
    std::iter::from_fn(move || {
        let here = next?;
        let item = at(&compiled.items, here)?;
        // Groups stand before what they hold; whatever points elsewhere ends the walk.
        next = item.parent.filter(|parent| *parent < here);
        Some(item)
    })
}

fn definitions_of(test: &PlatformTest, definitions: &mut BTreeMap<Place, BTreeSet<Place>>) {
    match test {
        PlatformTest::Never => {}
        PlatformTest::Definition { document, definition } => {
            definitions.entry(*document).or_default().insert(*definition);
        }
        PlatformTest::Test { children, .. } => {
            for child in children {
                definitions_of(child, definitions);
            }
        }
    }
}
