//! Facts for the index tests: a small hand-made set, and generators.

use jiff::Timestamp;
use jiff::civil::date;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use yagura_index::{BuildError, IndexBuilder};
use yagura_model::{
    CvssVector, CvssVersion, Epss, FeedId, FeedRecord, Kev, Reference, ReferenceKind, ReleaseKey, Statement,
    StatementState, Urgency, Vulnerability,
};

/// Everything that goes into an index.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) statements: Vec<Statement>,
    pub(crate) vulnerabilities: Vec<Vulnerability>,
    pub(crate) feeds: Vec<FeedRecord>,
}

impl Facts {
    pub(crate) fn build(&self) -> Result<Vec<u8>, BuildError> {
        let mut builder = IndexBuilder::new();
        self.statements.iter().cloned().for_each(|statement| builder.statement(statement));
        self.vulnerabilities.iter().cloned().for_each(|vulnerability| builder.vulnerability(vulnerability));
        self.feeds.iter().cloned().for_each(|feed| builder.feed(feed));
        builder.build(moment(1_790_000_000))
    }
}

pub(crate) fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or_default()
}

pub(crate) fn statement(feed: &str, release: &str, package: &str, id: &str, state: StatementState) -> Statement {
    Statement {
        feed: FeedId::new(feed),
        release: ReleaseKey::new("debian", release),
        package: package.into(),
        vulnerability: id.into(),
        state,
        urgency: Urgency::NotAssigned,
        note: None,
        advisories: Vec::new(),
    }
}

/// A little of everything that the format can hold; the golden file is made of it.
pub(crate) fn sample() -> Facts {
    let fixed = StatementState::Fixed("3.0.15-1~deb12u1".into());
    let mut advised = statement("debian-tracker", "bookworm", "openssl", "CVE-2024-12797", fixed);
    advised.advisories = vec!["DSA-5865-1".into(), "DLA-4051-1".into()];
    advised.urgency = Urgency::High;
    let mut postponed = statement("debian-tracker", "bookworm", "openssl", "CVE-2024-13176", StatementState::Postponed);
    postponed.note = Some("Minor issue; will be fixed in the next update".into());
    postponed.urgency = Urgency::Low;
    let full = Vulnerability {
        id: "CVE-2024-12797".into(),
        aliases: vec!["GHSA-79v4-65xg-pq4g".into()],
        description: "Clients using raw public keys may fail to notice that the server was not authenticated – §7."
            .into(),
        cvss: vec![
            CvssVector {
                version: CvssVersion::V4,
                vector: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N".into(),
                source: FeedId::new("debian-osv"),
            },
            CvssVector {
                version: CvssVersion::V2,
                vector: "AV:N/AC:L/Au:N/C:N/I:N/A:P".into(),
                source: FeedId::new("debian-osv"),
            },
        ],
        references: vec![Reference { kind: ReferenceKind::Fix, url: "https://example.org/fix".into() }],
        kev: Some(Kev {
            added: date(2025, 2, 12),
            due: Some(date(2025, 3, 5)),
            ransomware: true,
            action: "Apply mitigations per vendor instructions.".into(),
        }),
        epss: Some(Epss { probability: 0.0042, percentile: 0.61 }),
        published: Some(moment(1_739_289_600)),
        modified: Timestamp::new(1_739_289_601, 500_000_000).ok(),
    };
    let scored = Vulnerability {
        id: "CVE-1999-0001".into(),
        epss: Some(Epss { probability: 0.5, percentile: 0.97 }),
        ..Vulnerability::default()
    };
    Facts {
        statements: vec![
            advised,
            postponed,
            statement("debian-osv", "bookworm", "openssl", "CVE-2024-12797", StatementState::Open),
            statement("debian-tracker", "trixie", "openssl", "CVE-2024-12797", StatementState::NotAffected),
            statement("debian-tracker", "bookworm", "zlib", "TEMP-0000000-000000", StatementState::UnderInvestigation),
            statement("debian-tracker", "bookworm", "chromium", "CVE-2026-0001", StatementState::EndOfLife),
            statement("debian-tracker", "bookworm", "chromium", "CVE-2026-0002", StatementState::WillNotFix),
        ],
        vulnerabilities: vec![full, scored],
        feeds: vec![FeedRecord {
            id: FeedId::new("debian-tracker"),
            data_date: moment(1_787_270_400),
            fetched_at: moment(1_790_000_000),
            records: 7,
            statements: 6,
            rejected: 1,
            releases: vec![ReleaseKey::new("debian", "bookworm"), ReleaseKey::new("debian", "trixie")],
            fingerprint: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
            fresh_days: 3,
        }],
    }
}

/// Facts whose keys collide often.
pub(crate) fn any_facts() -> impl Strategy<Value = Facts> {
    (vec(any_statement(), 0..40), vec(any_vulnerability(), 0..20), vec(any_feed(), 0..4)).prop_map(
        |(statements, mut vulnerabilities, mut feeds)| {
            // One record an id: with several, the last call would win by design.
            vulnerabilities.sort_by(|a, b| a.id.cmp(&b.id));
            vulnerabilities.dedup_by(|a, b| a.id == b.id);
            feeds.sort_by(|a, b| a.id.cmp(&b.id));
            feeds.dedup_by(|a, b| a.id == b.id);
            Facts { statements, vulnerabilities, feeds }
        },
    )
}

fn any_id() -> impl Strategy<Value = String> {
    select(vec!["CVE-2026-1", "CVE-2026-2", "CVE-2026-10", "CVE-2025-3", "TEMP-1", ""]).prop_map(str::to_owned)
}

fn any_release() -> impl Strategy<Value = ReleaseKey> {
    select(vec!["bookworm", "trixie"]).prop_map(|release| ReleaseKey::new("debian", release))
}

fn any_statement() -> impl Strategy<Value = Statement> {
    let state = prop_oneof![
        Just(StatementState::NotAffected),
        "[0-9]\\.[0-9]".prop_map(StatementState::Fixed),
        Just(StatementState::Open),
        Just(StatementState::WillNotFix),
        Just(StatementState::Postponed),
        Just(StatementState::EndOfLife),
        Just(StatementState::UnderInvestigation),
    ];
    let urgency =
        select(vec![Urgency::NotAssigned, Urgency::Unimportant, Urgency::Low, Urgency::Medium, Urgency::High]);
    let feed = select(vec!["a", "b"]).prop_map(FeedId::new);
    let package = select(vec!["openssl", "zlib", "linux", ""]).prop_map(str::to_owned);
    let advisories = vec("D[SL]A-[0-9]", 0..3);
    (feed, any_release(), package, any_id(), state, urgency, option::of("[a-z ]{0,9}"), advisories).prop_map(
        |(feed, release, package, vulnerability, state, urgency, note, advisories)| Statement {
            feed,
            release,
            package,
            vulnerability,
            state,
            urgency,
            note,
            advisories,
        },
    )
}

fn any_vulnerability() -> impl Strategy<Value = Vulnerability> {
    let cvss = (select(vec![CvssVersion::V2, CvssVersion::V3_1, CvssVersion::V4]), "[A-Z/:]{0,9}", "[a-z]{1,3}")
        .prop_map(|(version, vector, source)| CvssVector { version, vector, source: FeedId::new(source) });
    let reference = (select(vec![ReferenceKind::Advisory, ReferenceKind::Web]), "https://[a-z]{1,5}")
        .prop_map(|(kind, url)| Reference { kind, url });
    let kev = (1_i8..13, any::<bool>(), "[a-z]{0,5}").prop_map(|(month, ransomware, action)| Kev {
        added: date(2024, month, 1),
        due: ransomware.then_some(date(2024, month, 20)),
        ransomware,
        action,
    });
    let epss = (0.0_f32..1.0, 0.0_f32..1.0).prop_map(|(probability, percentile)| Epss { probability, percentile });
    let when = || option::of((-9_000_000_000_i64..9_000_000_000).prop_map(moment));
    let lists = (vec("[A-Z]{1,4}", 0..3), vec(cvss, 0..3), vec(reference, 0..3));
    (any_id(), "\\PC{0,12}", lists, option::of(kev), option::of(epss), when(), when()).prop_map(
        |(id, description, (aliases, cvss, references), kev, epss, published, modified)| Vulnerability {
            id,
            aliases,
            description,
            cvss,
            references,
            kev,
            epss,
            published,
            modified,
        },
    )
}

fn any_feed() -> impl Strategy<Value = FeedRecord> {
    ("[a-c]", any::<u64>(), vec(any_release(), 0..3), any::<u32>(), 0_i64..9_000_000_000).prop_map(
        |(id, records, releases, fresh_days, date)| FeedRecord {
            id: FeedId::new(id),
            data_date: moment(date),
            fetched_at: moment(date + 1),
            records,
            statements: records / 2,
            rejected: records / 3,
            releases,
            fingerprint: format!("{records:x}"),
            fresh_days,
        },
    )
}
