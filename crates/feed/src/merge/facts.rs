//! Joins what several feeds know of one flaw.

use std::cmp::Reverse;
use std::collections::HashSet;

use yagura_model::{Ssvc, Vulnerability};

/// The most references of one flaw that reach the index. One record of 2025 has 304, most of
/// them copies of the same distribution mail.
pub(super) const REFERENCES_KEPT_MAX: usize = 64;
/// The most other ids of one flaw that reach the index.
pub(super) const ALIASES_KEPT_MAX: usize = 64;
/// The most weaknesses of one flaw that reach the index.
pub(super) const CWES_KEPT_MAX: usize = 16;
/// The most CVSS vectors of one flaw that reach the index.
pub(super) const VECTORS_KEPT_MAX: usize = 16;

fn ssvc_key(ssvc: &Ssvc) -> (usize, &str, &str, &str) {
    let Ssvc { exploitation, automatable, technical_impact } = ssvc;
    let grave = ["none", "poc", "active"].iter().position(|word| word == exploitation).map_or(0, |place| place + 1);
    (grave, exploitation, automatable, technical_impact)
}

/// What is known of a flaw so far.
#[derive(Debug)]
pub(crate) struct Facts {
    /// How good the describing feed is, 0 the best.
    rank: u8,
    flaw: Vulnerability,
}

impl Facts {
    pub(super) const fn new(rank: u8, flaw: Vulnerability) -> Self {
        Self { rank, flaw }
    }

    /// Takes in what one more feed knows.
    pub(super) fn join(&mut self, rank: u8, other: Vulnerability) {
        let known = &mut self.flaw;
        let better = match (known.description.is_empty(), other.description.is_empty()) {
            (_, true) => false,
            (true, false) => true,
            // Equal lengths are told apart by their text, so that the order of feeds is nothing.
            (false, false) => {
                let key = |rank: u8, text: &str| (rank, Reverse(text.len()), text.to_owned());
                rank < self.rank
                    || (rank == self.rank && key(rank, &other.description) < key(self.rank, &known.description))
            }
        };
        if better {
            self.rank = rank;
            known.description = other.description;
        }
        known.aliases.extend(other.aliases);
        known.covers.extend(other.covers);
        known.cwes.extend(other.cwes);
        // One feed brings CISA's points; of two entries the graver exploitation counts, whatever came first.
        known.ssvc = match (known.ssvc.take(), other.ssvc) {
            (Some(a), Some(b)) => Some(if ssvc_key(&a) < ssvc_key(&b) { b } else { a }),
            (a, b) => a.or(b),
        };
        known.cvss.extend(other.cvss);
        known.references.extend(other.references);
        // One feed brings KEV; two entries of it for one flaw are a slip, and the first listing counts.
        known.kev = match (known.kev.take(), other.kev) {
            (Some(a), Some(b)) => Some(if b.added < a.added { b } else { a }),
            (a, b) => a.or(b),
        };
        known.published = known.published.into_iter().chain(other.published).min();
        known.modified = known.modified.into_iter().chain(other.modified).max();
    }

    /// Gives the flaw with every list in its order, free of doubles and bounded.
    pub(super) fn finish(self) -> Vulnerability {
        let mut flaw = self.flaw;
        flaw.aliases.sort_unstable();
        flaw.aliases.dedup();
        flaw.aliases.truncate(ALIASES_KEPT_MAX);
        flaw.covers.sort_unstable();
        flaw.covers.dedup();
        flaw.cwes.sort_unstable();
        flaw.cwes.dedup();
        flaw.cwes.truncate(CWES_KEPT_MAX);
        flaw.cvss.sort_unstable_by(|a, b| {
            (Reverse(a.version), &a.vector, &a.source).cmp(&(Reverse(b.version), &b.vector, &b.source))
        });
        flaw.cvss.dedup_by(|a, b| (a.version, &a.vector) == (b.version, &b.vector));
        flaw.cvss.truncate(VECTORS_KEPT_MAX);
        flaw.references.sort_unstable_by(|a, b| (a.kind, &a.url).cmp(&(b.kind, &b.url)));
        let mut seen = HashSet::new();
        flaw.references.retain(|reference| seen.insert(reference.url.clone()));
        flaw.references.truncate(REFERENCES_KEPT_MAX);
        flaw
    }
}

#[cfg(test)]
mod tests {
    use yagura_model::{CvssVector, CvssVersion, FeedId, Reference, ReferenceKind};

    use super::*;

    fn described(text: &str) -> Vulnerability {
        Vulnerability { id: "CVE-2099-0001".into(), description: text.into(), ..Vulnerability::default() }
    }

    #[test]
    fn the_better_feed_describes_and_then_the_longer_text() {
        let join = |first: (u8, &str), second: (u8, &str)| {
            let mut facts = Facts::new(first.0, described(first.1));
            facts.join(second.0, described(second.1));
            facts.finish().description
        };
        for (a, b, best) in [
            ((0, "good"), (1, "longer but worse"), "good"),
            ((0, ""), (1, "all there is"), "all there is"),
            ((1, "short"), (1, "longer"), "longer"),
            ((1, "same a"), (1, "same b"), "same a"),
        ] {
            assert_eq!(join(a, b), best);
            assert_eq!(join(b, a), best);
        }
    }

    #[test]
    fn lists_are_ordered_united_and_bounded() {
        let vector = |version, vector: &str| CvssVector { version, vector: vector.into(), source: FeedId::new("f") };
        let reference = |kind, n: usize| Reference { kind, url: format!("https://example.org/{n:03}") };
        let mut facts = Facts::new(0, described("a"));
        facts.flaw.cvss = vec![vector(CvssVersion::V2, "AV:N"), vector(CvssVersion::V3_1, "CVSS:3.1/AV:N")];
        facts.flaw.references = (0..REFERENCES_KEPT_MAX).map(|n| reference(ReferenceKind::Web, n)).collect();
        let mut other = described("b");
        other.cvss = vec![vector(CvssVersion::V4, "CVSS:4.0/AV:N"), vector(CvssVersion::V3_1, "CVSS:3.1/AV:N")];
        other.references = vec![reference(ReferenceKind::Fix, 3)];
        other.aliases = (0..=ALIASES_KEPT_MAX).map(|n| format!("GHSA-{n:03}")).collect();
        facts.join(1, other);
        let flaw = facts.finish();
        let versions: Vec<CvssVersion> = flaw.cvss.iter().map(|cvss| cvss.version).collect();
        assert_eq!(versions, [CvssVersion::V4, CvssVersion::V3_1, CvssVersion::V2]);
        assert_eq!(flaw.references.first(), Some(&reference(ReferenceKind::Fix, 3)));
        assert_eq!(flaw.references.len(), REFERENCES_KEPT_MAX);
        assert_eq!(flaw.aliases.len(), ALIASES_KEPT_MAX);
    }

    #[test]
    fn vectors_are_bounded() {
        let mut facts = Facts::new(0, described("a"));
        facts.flaw.cvss = (0..=VECTORS_KEPT_MAX)
            .map(|n| CvssVector { version: CvssVersion::V3_1, vector: format!("{n:02}"), source: FeedId::new("f") })
            .collect();
        assert_eq!(facts.finish().cvss.len(), VECTORS_KEPT_MAX);
    }
}
