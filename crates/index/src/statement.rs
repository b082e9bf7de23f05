//! Vendor statements, read in place.

use yagura_model::{AffectedRange, FeedId, Names, RangeEnd, Statement, StatementState, Urgency};
use zerocopy::little_endian::U32;

use crate::layout::{self, end, position, state};
use crate::reader::{Tables, release_key};
use crate::vulnerability::VulnerabilityRef;

/// A vendor's verdict, read in place; mirrors [`StatementState`].
#[derive(Debug, Clone, Copy)]
pub enum StateRef<'a> {
    /// This release's build was never affected.
    NotAffected,
    /// Versions before this one are affected.
    Fixed(&'a str),
    /// Versions in these ranges are affected.
    Affected(RangesRef<'a>),
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
            Self::Affected(ranges) => StatementState::Affected(ranges.iter().map(RangeRef::to_owned).collect()),
            Self::Open => StatementState::Open,
            Self::WillNotFix => StatementState::WillNotFix,
            Self::Postponed => StatementState::Postponed,
            Self::EndOfLife => StatementState::EndOfLife,
            Self::UnderInvestigation => StatementState::UnderInvestigation,
        }
    }
}

/// Ranges of affected versions, read in place.
#[derive(Clone, Copy)]
pub struct RangesRef<'a> {
    tables: Tables<'a>,
    list: U32,
}

impl std::fmt::Debug for RangesRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> RangesRef<'a> {
    /// Returns the ranges in upstream's order. One with a damaged end is left out.
    pub fn iter(&self) -> impl Iterator<Item = RangeRef<'a>> + use<'a> {
        let tables = self.tables;
        tables.items::<3>(self.list).filter_map(move |[introduced, kind, end]| {
            let end = match kind.get() {
                end::OPEN => EndRef::Open,
                end::FIXED => EndRef::Fixed(tables.text(end)?),
                end::LAST_AFFECTED => EndRef::LastAffected(tables.text(end)?),
                _ => return None,
            };
            Some(RangeRef { introduced: tables.text(introduced), end })
        })
    }
}

/// A range of affected versions, read in place; mirrors [`AffectedRange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeRef<'a> {
    /// The first affected version; `None` is the first that ever was.
    pub introduced: Option<&'a str>,
    /// Where it ends.
    pub end: EndRef<'a>,
}

/// Where a range ends; mirrors [`RangeEnd`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndRef<'a> {
    /// Before this version.
    Fixed(&'a str),
    /// With this version.
    LastAffected(&'a str),
    /// Nowhere yet.
    Open,
}

impl RangeRef<'_> {
    /// Copies the range out of the index.
    pub fn to_owned(self) -> AffectedRange {
        let end = match self.end {
            EndRef::Fixed(version) => RangeEnd::Fixed(version.to_owned()),
            EndRef::LastAffected(version) => RangeEnd::LastAffected(version.to_owned()),
            EndRef::Open => RangeEnd::Open,
        };
        AffectedRange { introduced: self.introduced.map(str::to_owned), end }
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

    /// Tells whether the package is a source package or a binary one.
    pub const fn names(&self) -> Names {
        if self.record.names == 1 { Names::Binary } else { Names::Source }
    }

    /// Returns the channel of the release it is about; `None` for the main one.
    pub fn channel(&self) -> Option<&'a str> {
        self.scope().and_then(|[channel, _]| self.tables.text(channel))
    }

    /// Returns the module's stream it is about: `nodejs:18`.
    pub fn module(&self) -> Option<&'a str> {
        self.scope().and_then(|[_, module]| self.tables.text(module))
    }

    /// Tells whether it speaks of every host of the release, not of one channel or module.
    pub fn is_unscoped(&self) -> bool {
        self.record.scope.get() == layout::NONE
    }

    fn scope(&self) -> Option<[U32; 2]> {
        self.tables.items::<2>(self.record.scope).next()
    }

    /// Returns the vulnerability it is about.
    pub fn vulnerability(&self) -> &'a str {
        let name = self.tables.names().get(position(self.record.vulnerability.get()));
        name.map(|name| self.tables.string(name.id)).unwrap_or_default()
    }

    /// Returns what the feeds know of the vulnerability or advisory it is about; `None` when
    /// they only mention it.
    pub fn facts(&self) -> Option<VulnerabilityRef<'a>> {
        let name = self.tables.names().get(position(self.record.vulnerability.get()))?;
        VulnerabilityRef::new(self.tables, name, self.tables.detail(name))
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
            state::AFFECTED => StateRef::Affected(RangesRef { tables: self.tables, list: self.record.fixed }),
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
            names: self.names(),
            channel: self.channel().map(str::to_owned),
            module: self.module().map(str::to_owned),
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
