//! Whose word counts when several feeds speak of one flaw in one package.
//!
//! The vendor's verdict comes first: its word on the flaw (VEX, CSAF, a tracker), then the
//! vendor's advisories, collections such as OSV, the record of the flaw. A feed of the catalogue that is missing here
//! fails a test of the use cases, which see both.

use yagura_index::{StatementRef, Statements};

/// Feeds whose verdict on a single flaw is the vendor's own, highest first: beside what is fixed they say what is
/// not affected, not fixed, not decided.
const STATES: &[&str] = &[
    "debian-tracker",
    "ubuntu-cve-tracker",
    "redhat-vex",
    "suse-csaf-vex",
    "redhat-cve",
    "redhat-oval",
    "azurelinux-oval",
    "arch",
    "photon",
];

/// Feeds of vendors' advisories: what is fixed, and nothing of what is not.
const ADVISORIES: &[&str] = &[
    "redhat-osv",
    "alma-osv",
    "rocky-osv",
    "oracle-oval",
    "amazon-linux",
    "fedora",
    "suse-osv",
    "gentoo-glsa",
    "alpine-secdb",
    "wolfi-secdb",
    "chainguard-secdb",
    // An ecosystem's own database knows which functions and platforms are meant.
    "go-vulndb",
    "rustsec",
    "pypa",
];

/// Collections made from others' data, highest first; below every advisory.
///
/// The Debian export is made from the tracker and may be older; the lists of advisories (DSA, DLA) name fixed
/// versions only and know nothing of flaws without an advisory, but come after it, as they always did.
const COLLECTIONS: &[&str] = &["debian-osv", "debian-advisories", "ubuntu-osv"];

/// Below these nobody stands.
const RECORDS: &[&str] = &["cve-list", "nvd"];

/// Where the places of one list begin.
const STEP: usize = 100;

/// Returns a feed's place; smaller is higher. A feed that is not listed comes last.
pub fn rank(feed: &str) -> usize {
    for (number, list) in [STATES, ADVISORIES, COLLECTIONS].into_iter().enumerate() {
        if let Some(place) = list.iter().position(|known| *known == feed) {
            return STEP * number + place;
        }
    }
    if feed.starts_with("osv-") {
        return STEP * 3;
    }
    RECORDS.iter().position(|known| *known == feed).map_or(STEP * 5, |place| STEP * 4 + place)
}

/// Tells whether a feed gives the vendor's own verdicts on single flaws.
pub(crate) fn is_state(feed: &str) -> bool {
    STATES.contains(&feed)
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
    fn the_tracker_stands_above_all_and_records_below() {
        let falling = ["debian-tracker", "redhat-vex", "redhat-cve", "redhat-osv", "debian-osv", "debian-advisories"];
        assert!(falling.windows(2).all(|pair| rank(pair[0]) < rank(pair[1])));
        assert!(rank("go-vulndb") < rank("osv-go") && rank("osv-go") < rank("nvd"));
    }
}
