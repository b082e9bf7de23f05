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
    // Of some archives only members of certain names are read.
    let name = match feed.id {
        "ubuntu-cve-tracker" => "active/CVE-2099-0001",
        "suse-csaf-vex" => "cve-2099-0001.json",
        _ => "document-2099-01-01",
    };
    let entry = Entry { document: feed.documents[0].name, name, bytes };
    (feed.parse)(&entry, &mut Checker).is_ok()
}

/// A good document of each feed, by its id.
const GOOD: &[(&str, &str)] = &[
    ("debian-tracker", include_str!("../fixtures/debian-tracker/tracker-2099-01-31.json")),
    ("debian-advisories", include_str!("../fixtures/debian-advisories/DSA-list")),
    ("debian-osv", include_str!("../fixtures/debian-osv/CVE-2099-0001.json")),
    ("cisa-kev", include_str!("../fixtures/cisa-kev/known_exploited_vulnerabilities.json")),
    ("epss", include_str!("../fixtures/epss/epss_scores-2099-01-30.csv")),
    ("ubuntu-cve-tracker", include_str!("../fixtures/ubuntu-cve-tracker/CVE-2099-0001")),
    ("amazon-linux", include_str!("../fixtures/amazon-linux/updateinfo.xml")),
    ("suse-osv", include_str!("../fixtures/suse-osv/SUSE-SU-2099_0001-1.json")),
    ("ubuntu-osv", include_str!("../fixtures/ubuntu-osv/USN-9001-1.json")),
    ("suse-csaf-vex", include_str!("../fixtures/suse-csaf-vex/cve-2099-0001.json")),
    ("redhat-osv", include_str!("../fixtures/redhat-osv/RHSA-2099:0001.json")),
    ("alma-osv", include_str!("../fixtures/alma-osv/ALSA-2099:0001.json")),
    ("rocky-osv", include_str!("../fixtures/rocky-osv/RLSA-2099:0001.json")),
    ("redhat-oval", include_str!("../fixtures/redhat-oval/rhel-9-including-unpatched.oval.xml")),
    ("oracle-oval", include_str!("../fixtures/oracle-oval/com.oracle.elsa-all.xml")),
    ("redhat-cve", include_str!("../fixtures/redhat-cve/CVE-2099-0001.json")),
    ("redhat-vex", include_str!("../fixtures/redhat-vex/cve-2099-0001.json")),
    ("fedora", include_str!("../fixtures/fedora/updateinfo.xml")),
    ("alpine-secdb", include_str!("../fixtures/alpine-secdb/v3.12-main.json")),
    ("wolfi-secdb", include_str!("../fixtures/wolfi-secdb/security.json")),
    ("chainguard-secdb", include_str!("../fixtures/chainguard-secdb/security.json")),
    ("arch", include_str!("../fixtures/arch/all.json")),
    ("cve-list", include_str!("../fixtures/cve-list/CVE-2099-0001.json")),
    ("go-vulndb", include_str!("../fixtures/go-vulndb/GO-2099-0001.json")),
    ("rustsec", include_str!("../fixtures/rustsec/RUSTSEC-2099-0001.md")),
    ("pypa", include_str!("../fixtures/pypa/PYSEC-2099-1.yaml")),
    ("osv-npm", include_str!("../fixtures/osv-npm/GHSA-aaaa-bbbb-cccc.json")),
    // The other exports share its parser.
    ("osv-rubygems", include_str!("../fixtures/osv-npm/GHSA-aaaa-bbbb-cccc.json")),
    ("osv-maven", include_str!("../fixtures/osv-npm/GHSA-aaaa-bbbb-cccc.json")),
    ("osv-nuget", include_str!("../fixtures/osv-npm/GHSA-aaaa-bbbb-cccc.json")),
    ("osv-packagist", include_str!("../fixtures/osv-npm/GHSA-aaaa-bbbb-cccc.json")),
    ("osv-crates", include_str!("../fixtures/osv-npm/GHSA-aaaa-bbbb-cccc.json")),
    ("osv-pypi", include_str!("../fixtures/osv-npm/GHSA-aaaa-bbbb-cccc.json")),
    ("osv-go", include_str!("../fixtures/osv-npm/GHSA-aaaa-bbbb-cccc.json")),
    ("azurelinux-oval", include_str!("../fixtures/azurelinux-oval/azurelinux-3.0-oval.xml")),
    ("photon", include_str!("../fixtures/photon/cve_data_photon1.0.json")),
    ("nvd", include_str!("../fixtures/nvd/nvdcve-2.0-2099.json")),
    ("gentoo-glsa", include_str!("../fixtures/gentoo-glsa/glsa-209901-01.xml")),
];

fn good(which: usize) -> (&'static FeedSpec, &'static [u8]) {
    let (id, text) = GOOD[which];
    (FEEDS.iter().find(|spec| spec.id == id).unwrap(), text.as_bytes())
}

#[test]
fn the_good_documents_are_read() {
    for which in 0..GOOD.len() {
        let (spec, bytes) = good(which);
        assert!(feed(bytes, spec), "{}", spec.id);
    }
}

#[test]
fn every_feed_has_a_good_document() {
    for spec in FEEDS {
        assert!(GOOD.iter().any(|(id, _)| *id == spec.id), "`{}` has none", spec.id);
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
        let (spec, good) = good(which);
        let good = good.trim_ascii_end();
        #[expect(clippy::as_conversions, reason = "a fraction of a small length")]
        let cut = &good[..((good.len() as f64) * place) as usize];
        // Their records are texts that may end anywhere; the archive that they come in tells a cut.
        let ends_anywhere = ["ubuntu-cve-tracker", "rustsec", "pypa"].contains(&spec.id);
        if !cut.ends_with(b"\n") && !ends_anywhere {
            prop_assert!(!feed(cut, spec));
        }
    }

    #[test]
    fn mutated_documents(
        which in 0_usize..GOOD.len(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let (spec, bytes) = good(which);
        let mut bytes = bytes.to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        feed(&bytes, spec);
    }

    #[test]
    fn spliced_documents(
        which in 0_usize..GOOD.len(),
        from in any::<proptest::sample::Index>(),
        until in any::<proptest::sample::Index>(),
        at in any::<proptest::sample::Index>(),
    ) {
        let (spec, good) = good(which);
        let (from, until, at) = (from.index(good.len()), until.index(good.len()), at.index(good.len()));
        let piece = &good[from.min(until)..from.max(until)];
        let spliced = [&good[..at], piece, &good[at..]].concat();
        feed(&spliced, spec);
    }
}
