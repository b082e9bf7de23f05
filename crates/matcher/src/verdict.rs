//! What one statement means for one installed version.

use std::cmp::Ordering;

use yagura_index::{EndRef, RangesRef, StateRef, StatementRef};
use yagura_version::range::{End, Range};
use yagura_version::{DebVersion, DebVersionError, Scheme};

/// Whether there is a fix for a flaw that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The installed version is older than the fixed one.
    Fixable {
        /// The first version without the flaw.
        fixed: &'a str,
    },
    /// There is no fix; the statement's state says why.
    Unfixed,
}

/// What a statement means for an installed version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision<'a> {
    /// It has the flaw.
    Affected(Outcome<'a>),
    /// It is the fixed version or a later one.
    FixedAlready,
    /// It lies outside of the affected ranges.
    Outside,
    /// This build never had it.
    NotAffected,
    /// The vendor does not know yet.
    UnderInvestigation,
    /// The statement's fixed version is none.
    BadFixedVersion(&'a str),
}

/// Why an installed version cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionError {
    /// Debian's rules say what is wrong.
    Deb(DebVersionError),
    /// It is no version under the scheme.
    Other(Scheme),
}

/// An installed version, ready to be compared many times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Installed<'v> {
    scheme: Scheme,
    text: &'v str,
    /// Parsing once spares half of a comparison, and a kernel has thousands.
    deb: Option<DebVersion<'v>>,
}

impl<'v> Installed<'v> {
    /// Reads a version under a scheme.
    pub(crate) fn parse(scheme: Scheme, text: &'v str) -> Result<Self, VersionError> {
        match scheme {
            Scheme::Dpkg => {
                let deb = DebVersion::parse(text).map_err(VersionError::Deb)?;
                Ok(Self { scheme, text, deb: Some(deb) })
            }
            _ if scheme.is_valid(text) => Ok(Self { scheme, text, deb: None }),
            _ => Err(VersionError::Other(scheme)),
        }
    }

    /// Compares with a statement's version; `None` where that is no version.
    fn compare(&self, other: &str) -> Option<Ordering> {
        match &self.deb {
            Some(deb) => DebVersion::parse(other).ok().map(|other| deb.cmp(&other)),
            None => self.scheme.is_valid(other).then(|| self.scheme.compare(self.text, other)),
        }
    }

    /// Decides what a state means for this version.
    pub(crate) fn decide<'a>(&self, state: StateRef<'a>) -> Decision<'a> {
        match state {
            StateRef::NotAffected => Decision::NotAffected,
            StateRef::UnderInvestigation => Decision::UnderInvestigation,
            StateRef::Open | StateRef::WillNotFix | StateRef::Postponed | StateRef::EndOfLife => {
                Decision::Affected(Outcome::Unfixed)
            }
            StateRef::Affected(ranges) => self.within(ranges),
            StateRef::Fixed(fixed) => match self.compare(fixed) {
                None => Decision::BadFixedVersion(fixed),
                Some(Ordering::Less) => Decision::Affected(Outcome::Fixable { fixed }),
                Some(_) => Decision::FixedAlready,
            },
        }
    }

    /// Finds the range that holds this version. A range that names no fixed version may be followed by a later
    /// one that does: versions in between are unaffected, so the end of the own range decides.
    fn within<'a>(&self, ranges: RangesRef<'a>) -> Decision<'a> {
        let mut affected = None;
        for range in ranges.iter() {
            let end = match range.end {
                EndRef::Fixed(version) => End::Fixed(version),
                EndRef::LastAffected(version) => End::LastAffected(version),
                EndRef::Open => End::Open,
            };
            if !self.scheme.contains([Range { introduced: range.introduced, end }], self.text) {
                continue;
            }
            let outcome = match range.end {
                EndRef::Fixed(fixed) => Outcome::Fixable { fixed },
                EndRef::LastAffected(_) | EndRef::Open => Outcome::Unfixed,
            };
            // Of overlapping ranges the one that names a fix says more.
            if affected.is_none() || affected == Some(Outcome::Unfixed) {
                affected = Some(outcome);
            }
        }
        affected.map_or(Decision::Outside, Decision::Affected)
    }
}

/// Remembers, for one installed version, fixed versions that it has reached.
///
/// A kernel or a browser has thousands of statements and a few dozen fixed versions among them,
/// nearly all long installed; remembering those spares reading and comparing the texts.
pub(crate) struct Memo([Option<u32>; Memo::SLOTS]);

impl Default for Memo {
    fn default() -> Self {
        Self([None; Self::SLOTS])
    }
}

impl Memo {
    /// Enough that a kernel's few hundred fixed versions seldom share one.
    const SLOTS: usize = 256;

    /// Decides what a statement means, from memory where that is enough.
    pub(crate) fn decide<'a>(&mut self, statement: &StatementRef<'a>, installed: &Installed<'_>) -> Decision<'a> {
        let Some(fixed) = statement.fixed_id() else { return installed.decide(statement.state()) };
        // Fibonacci hashing: the numbers are offsets that lie close together; the top eight bits
        // of the product spread them over the 256 slots.
        let slot = usize::try_from(fixed.wrapping_mul(0x9e37_79b1) >> 24).ok().and_then(|slot| self.0.get_mut(slot));
        let Some(slot) = slot else { return installed.decide(statement.state()) };
        if *slot == Some(fixed) {
            return Decision::FixedAlready;
        }
        let decision = installed.decide(statement.state());
        if decision == Decision::FixedAlready {
            *slot = Some(fixed);
        }
        decision
    }
}
