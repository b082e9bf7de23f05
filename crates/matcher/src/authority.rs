//! Whose word counts when several feeds speak of one flaw in one package.

use yagura_index::{StatementRef, Statements};

/// Feeds in the order of their authority, highest first. A feed that is not listed comes last.
///
/// The Debian tracker is where the security team works. The OSV export is made from it and may
/// be older; the lists of advisories (DSA, DLA) name fixed versions only and know nothing of
/// flaws without an advisory.
pub const FEED_AUTHORITY: &[&str] = &["debian-tracker", "debian-osv", "debian-advisories"];

/// Returns a feed's place in [`FEED_AUTHORITY`]; smaller is higher.
pub fn rank(feed: &str) -> usize {
    FEED_AUTHORITY.iter().position(|known| *known == feed).unwrap_or(FEED_AUTHORITY.len())
}

/// Leaves one statement for each flaw: the one of highest authority.
pub(crate) struct Deciding<'a> {
    statements: Statements<'a>,
}

impl<'a> Deciding<'a> {
    /// Takes a package's statements, which are sorted by flaw, then by feed.
    pub(crate) const fn among(statements: Statements<'a>) -> Self {
        Self { statements }
    }
}

impl<'a> Iterator for Deciding<'a> {
    type Item = StatementRef<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut best = self.statements.next()?;
        while let Some(rival) = self.statements.next_about_same_flaw(&best) {
            if rank(rival.feed()) < rank(best.feed()) {
                best = rival;
            }
        }
        Some(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tracker_stands_above_all_and_strangers_below() {
        assert!(rank("debian-tracker") < rank("debian-osv"));
        assert!(rank("debian-osv") < rank("debian-advisories"));
        assert!(rank("debian-advisories") < rank("somebody-else"));
    }
}
