//! Vendor statements, read in place.

use yagura_model::{FeedId, Statement, StatementState, Urgency};

use crate::layout::{self, position, state};
use crate::reader::{Tables, release_key};

/// A vendor's verdict, read in place; mirrors [`StatementState`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateRef<'a> {
    /// This release's build was never affected.
    NotAffected,
    /// Versions before this one are affected.
    Fixed(&'a str),
    /// Affected, no fix yet.
    Open,
    /// Affected; will not be fixed.
    WillNotFix,
    /// Affected; a fix may come with a later update.
    Postponed,
    /// The vendor has ended support.
    EndOfLife,
    /// The vendor has not decided yet.
    UnderInvestigation,
}

impl StateRef<'_> {
    /// Copies the verdict out of the index.
    pub fn to_owned(self) -> StatementState {
        match self {
            Self::NotAffected => StatementState::NotAffected,
            Self::Fixed(version) => StatementState::Fixed(version.to_owned()),
            Self::Open => StatementState::Open,
            Self::WillNotFix => StatementState::WillNotFix,
            Self::Postponed => StatementState::Postponed,
            Self::EndOfLife => StatementState::EndOfLife,
            Self::UnderInvestigation => StatementState::UnderInvestigation,
        }
    }
}

/// What one vendor says of one vulnerability in one package, read in place.
#[derive(Clone, Copy)]
pub struct StatementRef<'a> {
    tables: Tables<'a>,
    record: &'a layout::Statement,
}

impl std::fmt::Debug for StatementRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_owned().fmt(f)
    }
}

impl<'a> StatementRef<'a> {
    pub(crate) const fn new(tables: Tables<'a>, record: &'a layout::Statement) -> Self {
        Self { tables, record }
    }

    /// Returns the feed that says it.
    pub fn feed(&self) -> &'a str {
        self.tables.string(self.record.feed)
    }

    /// Returns the release it is about: `debian:bookworm`.
    pub fn release(&self) -> &'a str {
        self.group().map(|group| self.tables.string(group.release)).unwrap_or_default()
    }

    /// Returns the package it is about.
    pub fn package(&self) -> &'a str {
        self.group().map(|group| self.tables.string(group.package)).unwrap_or_default()
    }

    /// Returns the vulnerability it is about.
    pub fn vulnerability(&self) -> &'a str {
        let name = self.tables.names().get(position(self.record.vulnerability.get()));
        name.map(|name| self.tables.string(name.id)).unwrap_or_default()
    }

    /// Tells whether both are about one vulnerability, without reading its id.
    pub fn is_about_same_flaw(&self, other: &Self) -> bool {
        self.record.vulnerability == other.record.vulnerability
    }

    /// Returns the verdict. A code that this program does not know is no verdict.
    pub fn state(&self) -> StateRef<'a> {
        match self.record.state {
            state::NOT_AFFECTED => StateRef::NotAffected,
            state::FIXED => StateRef::Fixed(self.tables.string(self.record.fixed)),
            state::OPEN => StateRef::Open,
            state::WILL_NOT_FIX => StateRef::WillNotFix,
            state::POSTPONED => StateRef::Postponed,
            state::END_OF_LIFE => StateRef::EndOfLife,
            _ => StateRef::UnderInvestigation,
        }
    }

    /// Returns a number that stands for the fixed version's text: equal texts have equal numbers
    /// within one index. `None` in every other state. Cheaper than the text, for remembering
    /// what a comparison gave.
    pub fn fixed_id(&self) -> Option<u32> {
        (self.record.state == state::FIXED).then(|| self.record.fixed.get())
    }

    /// Returns the vendor's grading.
    pub fn urgency(&self) -> Urgency {
        layout::urgency(self.record.urgency)
    }

    /// Returns the vendor's note.
    pub fn note(&self) -> Option<&'a str> {
        self.tables.text(self.record.note)
    }

    /// Returns the vendor's advisories that carry the fix.
    pub fn advisories(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.tables.strings(self.record.advisories)
    }

    /// Copies the statement out of the index.
    pub fn to_owned(&self) -> Statement {
        Statement {
            feed: FeedId::new(self.feed()),
            release: release_key(self.release()),
            package: self.package().to_owned(),
            vulnerability: self.vulnerability().to_owned(),
            state: self.state().to_owned(),
            urgency: self.urgency(),
            note: self.note().map(str::to_owned),
            advisories: self.advisories().map(str::to_owned).collect(),
        }
    }

    fn group(&self) -> Option<&'a layout::Group> {
        self.tables.groups().get(position(self.record.group.get()))
    }
}

/// Iterates over what is said of one package.
#[derive(Clone)]
pub struct Statements<'a> {
    tables: Tables<'a>,
    records: std::slice::Iter<'a, layout::Statement>,
}

impl<'a> Statements<'a> {
    pub(crate) fn new(tables: Tables<'a>, records: &'a [layout::Statement]) -> Self {
        Self { tables, records: records.iter() }
    }

    /// Returns the next statement if it is about the same flaw as `other`; else leaves it.
    pub fn next_about_same_flaw(&mut self, other: &StatementRef<'_>) -> Option<StatementRef<'a>> {
        let next = self.records.as_slice().first()?;
        if next.vulnerability == other.record.vulnerability { self.next() } else { None }
    }
}

impl std::fmt::Debug for Statements<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'a> Iterator for Statements<'a> {
    type Item = StatementRef<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.records.next().map(|record| StatementRef::new(self.tables, record))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.records.size_hint()
    }
}

impl ExactSizeIterator for Statements<'_> {}
