//! Whatever comes, a parser answers: it reads, or says why not. It never panics, and a document
//! that was cut is never taken for a whole one.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a helper that fails, fails its test")]

use jiff::Timestamp;
use proptest::prelude::*;
use yagura_feed::{Entry, FEEDS, FeedSpec, Sink};
use yagura_model::{ReleaseKey, Statement, StatementState, Vulnerability};

/// Checks that what reaches the sink is fit to be stored and shown.
struct Checker;

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 200 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_text(text: &str) -> bool {
    text.len() <= 32_768 && !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t')
}

impl Sink for Checker {
    fn record(&mut self) {}

    fn statement(&mut self, told: Statement) {
        assert!(is_word(&told.package) && is_word(&told.vulnerability), "{told:?}");
        assert!(!matches!(&told.state, StatementState::Fixed(version) if !is_word(version)), "{told:?}");
        assert!(told.note.as_deref().is_none_or(is_text), "{told:?}");
        assert!(told.advisories.iter().all(|advisory| is_word(advisory)), "{told:?}");
    }

    fn vulnerability(&mut self, flaw: Vulnerability) {
        assert!(is_word(&flaw.id) && is_text(&flaw.description), "{flaw:?}");
        assert!(flaw.references.iter().all(|reference| reference.url.starts_with("http")), "{flaw:?}");
        assert!(flaw.epss.is_none_or(|epss| (0.0..=1.0).contains(&epss.probability)), "{flaw:?}");
    }

    fn release(&mut self, release: ReleaseKey) {
        assert!(is_word(release.as_str()));
    }

    fn data_date(&mut self, _: Timestamp) {}

    fn rejected(&mut self, record: &str, _: &str) {
        assert!(is_text(record), "{record:?}");
    }
}

fn feed(bytes: &[u8], feed: &FeedSpec) -> bool {
    let entry = Entry { document: feed.documents[0].name, name: "document-2099-01-01", bytes };
    (feed.parse)(&entry, &mut Checker).is_ok()
}

/// A good document of each feed. The exports of one kind share a parser; one of them stands for all.
const GOOD: &[(&str, &str)] = &[
    ("debian-tracker", include_str!("../fixtures/debian-tracker/tracker-2099-01-31.json")),
    ("debian-advisories", include_str!("../fixtures/debian-advisories/DSA-list")),
    ("debian-osv", include_str!("../fixtures/debian-osv/CVE-2099-0001.json")),
    ("cisa-kev", include_str!("../fixtures/cisa-kev/known_exploited_vulnerabilities.json")),
    ("epss", include_str!("../fixtures/epss/epss_scores-2099-01-30.csv")),
    ("alpine-secdb", include_str!("../fixtures/alpine-secdb/v3.12-main.json")),
    ("wolfi-secdb", include_str!("../fixtures/wolfi-secdb/security.json")),
    ("chainguard-secdb", include_str!("../fixtures/chainguard-secdb/security.json")),
    ("arch", include_str!("../fixtures/arch/all.json")),
    ("cve-list", include_str!("../fixtures/cve-list/CVE-2099-0001.json")),
    ("go-vulndb", include_str!("../fixtures/go-vulndb/GO-2099-0001.json")),
    ("rustsec", include_str!("../fixtures/rustsec/RUSTSEC-2099-0001.md")),
    ("pypa", include_str!("../fixtures/pypa/PYSEC-2099-1.yaml")),
    ("osv-npm", include_str!("../fixtures/osv-npm/GHSA-aaaa-bbbb-cccc.json")),
    ("azurelinux-oval", include_str!("../fixtures/azurelinux-oval/azurelinux-3.0-oval.xml")),
    ("photon", include_str!("../fixtures/photon/cve_data_photon1.0.json")),
    ("nvd", include_str!("../fixtures/nvd/nvdcve-2.0-2099.json")),
    ("gentoo-glsa", include_str!("../fixtures/gentoo-glsa/glsa-209901-01.xml")),
];

/// Their records are texts that may end anywhere; the archive that they come in tells a cut.
const ENDS_ANYWHERE: &[&str] = &["rustsec", "pypa"];

fn spec(id: &str) -> &'static FeedSpec {
    FEEDS.iter().find(|feed| feed.id == id).unwrap()
}

#[test]
fn the_good_documents_are_read() {
    for (id, good) in GOOD {
        assert!(feed(good.as_bytes(), spec(id)), "{id}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        for spec in FEEDS {
            feed(&bytes, spec);
        }
    }

    #[test]
    fn arbitrary_text(text in "(\\PC|[\\[\\]{}\":,<>\n\t#-]){0,400}") {
        for spec in FEEDS {
            feed(text.as_bytes(), spec);
        }
    }

    /// Text formats lose whole lines without a trace; a cut inside a line is always noticed.
    #[test]
    fn cut_documents_are_refused(which in 0_usize..GOOD.len(), place in 0.0..1.0_f64) {
        let (id, good) = GOOD[which];
        let good = good.trim_end().as_bytes();
        #[expect(clippy::as_conversions, reason = "a fraction of a small length")]
        let cut = &good[..((good.len() as f64) * place) as usize];
        if !cut.ends_with(b"\n") && !ENDS_ANYWHERE.contains(&id) {
            prop_assert!(!feed(cut, spec(id)));
        }
    }

    #[test]
    fn mutated_documents(
        which in 0_usize..GOOD.len(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let (id, good) = GOOD[which];
        let mut bytes = good.as_bytes().to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        feed(&bytes, spec(id));
    }

    #[test]
    fn spliced_documents(
        which in 0_usize..GOOD.len(),
        from in any::<proptest::sample::Index>(),
        until in any::<proptest::sample::Index>(),
        at in any::<proptest::sample::Index>(),
    ) {
        let (id, good) = GOOD[which];
        let good = good.as_bytes();
        let (from, until, at) = (from.index(good.len()), until.index(good.len()), at.index(good.len()));
        let piece = &good[from.min(until)..from.max(until)];
        let spliced = [&good[..at], piece, &good[at..]].concat();
        feed(&spliced, spec(id));
    }
}
