//! Decides which statements count, and hangs advisories on them.

use std::cmp::Reverse;
use std::collections::HashSet;

use yagura_model::{FeedId, ReleaseKey, Statement, StatementState, Urgency};

use super::interner::Order;
use super::{Full, Interner, Sym, authority, text};
use crate::catalogue::Authority;
use crate::debian_osv;

/// A statement in symbols.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) release: Sym,
    package: Sym,
    flaw: Sym,
    /// What narrows it: a binary name, a channel, a module; see [`Scope`].
    scope: Option<Sym>,
    feed: Sym,
    state: State,
    note: Option<Sym>,
    /// The advisory that the statement came with; the tracker's come without.
    advisory: Option<Sym>,
    urgency: Urgency,
}

/// [`StatementState`] in symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    NotAffected,
    Fixed(Sym),
    /// Ranges as text, see [`ranges_text`].
    Affected(Sym),
    Open,
    WillNotFix,
    Postponed,
    EndOfLife,
    UnderInvestigation,
}

/// What a statement is about: release, package, flaw, scope.
pub(super) type About = (Sym, Sym, Sym, Option<Sym>);

/// An advisory about something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Annotation {
    pub(super) about: About,
    pub(super) advisory: Sym,
}

impl Row {
    pub(super) fn new(statement: &Statement, strings: &mut Interner) -> Result<Self, Full> {
        let state = match &statement.state {
            StatementState::NotAffected => State::NotAffected,
            StatementState::Fixed(version) => State::Fixed(strings.intern(version)?),
            StatementState::Affected(ranges) => State::Affected(strings.intern(&text::of_ranges(ranges))?),
            StatementState::Open => State::Open,
            StatementState::WillNotFix => State::WillNotFix,
            StatementState::Postponed => State::Postponed,
            StatementState::EndOfLife => State::EndOfLife,
            StatementState::UnderInvestigation => State::UnderInvestigation,
        };
        Ok(Self {
            release: strings.intern(statement.release.as_str())?,
            package: strings.intern(&statement.package)?,
            flaw: strings.intern(&statement.vulnerability)?,
            scope: text::of_scope(statement).map(|scope| strings.intern(&scope)).transpose()?,
            feed: strings.intern(statement.feed.as_str())?,
            state,
            note: statement.note.as_deref().map(|note| strings.intern(note)).transpose()?,
            advisory: statement.advisories.first().map(|advisory| strings.intern(advisory)).transpose()?,
            urgency: statement.urgency,
        })
    }

    pub(super) const fn about(&self) -> About {
        (self.release, self.package, self.flaw, self.scope)
    }

    fn render(&self, advisories: Vec<String>, strings: &Interner) -> Option<Statement> {
        let (names, channel, module) = self.scope.map(|scope| text::scope(strings.text(scope))).unwrap_or_default();
        Some(Statement {
            names,
            channel,
            module,
            feed: FeedId::new(strings.text(self.feed)),
            release: release_key(strings.text(self.release))?,
            package: strings.text(self.package).to_owned(),
            vulnerability: strings.text(self.flaw).to_owned(),
            state: match self.state {
                State::NotAffected => StatementState::NotAffected,
                State::Fixed(version) => StatementState::Fixed(strings.text(version).to_owned()),
                State::Affected(ranges) => StatementState::Affected(text::ranges(strings.text(ranges))),
                State::Open => StatementState::Open,
                State::WillNotFix => StatementState::WillNotFix,
                State::Postponed => StatementState::Postponed,
                State::EndOfLife => StatementState::EndOfLife,
                State::UnderInvestigation => StatementState::UnderInvestigation,
            },
            urgency: self.urgency,
            note: self.note.map(|note| strings.text(note).to_owned()),
            advisories,
        })
    }
}

/// Reads a key back from its text; every key has both parts.
pub(super) fn release_key(text: &str) -> Option<ReleaseKey> {
    text.split_once(':').map(|(distribution, release)| ReleaseKey::new(distribution, release))
}

/// Sorts both lists by what they are about, and keeps one row for each: the best.
pub(super) fn decide(
    rows: &mut Vec<Row>,
    annotations: &mut Vec<Annotation>,
    spoken_for: &HashSet<Sym>,
    strings: &Interner,
) {
    let order = strings.order();
    let authority = |row: &Row| authority(strings.text(row.feed));
    // Of the export, records of flaws repeat the tracker and come first; of the lists, a line
    // that carries a fix comes before one that only remarks on a release.
    let second_hand = |row: &Row| row.advisory.is_some() == (strings.text(row.feed) == debian_osv::ID);
    rows.retain(|row| authority(row) == Authority::Whole || !spoken_for.contains(&row.release));
    // The sort is stable and its key is total but for equal rows, so the feeds' order is nothing.
    rows.sort_by_cached_key(|row| {
        let advisory = row.advisory.map(|advisory| age(strings.text(advisory)));
        let version = match row.state {
            State::Fixed(version) | State::Affected(version) => order.of(version),
            _ => 0,
        };
        let rest = (row.state_number(), version, row.urgency, row.note.map(|note| order.of(note)));
        (about_key(row.about(), &order), authority(row), second_hand(row), Reverse(advisory), rest)
    });
    rows.dedup_by_key(|row| row.about());
    annotations.sort_by_cached_key(|annotation| {
        let advisory = strings.text(annotation.advisory);
        (about_key(annotation.about, &order), Reverse(age(advisory)), order.of(annotation.advisory))
    });
    annotations.dedup();
    // Advisories about what no statement speaks of have nothing to hang on.
    let mut about = rows.iter().map(Row::about).peekable();
    annotations.retain(|annotation| {
        let key = about_key(annotation.about, &order);
        while about.next_if(|about| about_key(*about, &order) < key).is_some() {}
        about.peek() == Some(&annotation.about)
    });
}

/// Gives decided rows as statements with their advisories, newest first.
pub(super) fn render<'m>(
    rows: &'m [Row],
    annotations: &'m [Annotation],
    strings: &'m Interner,
) -> impl Iterator<Item = Statement> + 'm {
    let mut rest = annotations.iter().peekable();
    rows.iter().filter_map(move |row| {
        let mut advisories = Vec::new();
        while let Some(annotation) = rest.next_if(|annotation| annotation.about == row.about()) {
            advisories.push(strings.text(annotation.advisory).to_owned());
        }
        row.render(advisories, strings)
    })
}

impl Row {
    const fn state_number(&self) -> u8 {
        match self.state {
            State::Fixed(_) => 0,
            State::Affected(_) => 1,
            State::Open => 2,
            State::WillNotFix => 3,
            State::Postponed => 4,
            State::EndOfLife => 5,
            State::UnderInvestigation => 6,
            State::NotAffected => 7,
        }
    }
}

fn about_key((release, package, flaw, scope): About, order: &Order) -> (u32, u32, u32, Option<u32>) {
    (order.of(release), order.of(package), order.of(flaw), scope.map(|scope| order.of(scope)))
}

/// Orders advisories by age, the oldest least. The LTS team takes over where the security team
/// ends, so a DLA is younger than any DSA about the same release.
fn age(advisory: &str) -> (u8, u32, u32) {
    let mut parts = advisory.split('-');
    let series = match parts.next() {
        Some("DTSA") => 0,
        Some("DSA") => 1,
        Some("DLA") => 2,
        _ => 3,
    };
    let mut number = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    (series, number(), number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advisories_age_by_series_number_and_revision() {
        let sorted = ["DTSA-9-1", "DSA-135", "DSA-999-1", "DSA-999-2", "DSA-1000-1", "DLA-1-1"];
        assert!(sorted.windows(2).all(|pair| age(pair[0]) < age(pair[1])));
    }

    #[test]
    fn rows_are_small() {
        assert!(size_of::<Row>() <= 44, "{}", size_of::<Row>());
    }
}
