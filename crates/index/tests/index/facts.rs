//! Facts for the index tests: a small hand-made set, and generators.

use jiff::Timestamp;
use jiff::civil::date;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use yagura_index::{BuildError, IndexBuilder};
use yagura_model::{
    AffectedRange, CvssVector, CvssVersion, Epss, FeedId, FeedRecord, Kev, Names, RangeEnd, Reference, ReferenceKind,
    ReleaseKey, Ssvc, Statement, StatementState, Urgency, Vulnerability,
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
        ..Statement::default()
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
        covers: Vec::new(),
        cwes: vec!["CWE-392".into(), "CWE-295".into()],
        ssvc: Some(Ssvc { exploitation: "poc".into(), automatable: "no".into(), technical_impact: "partial".into() }),
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
    let advisory = Vulnerability {
        id: "RHSA-2025:1330".into(),
        covers: vec!["CVE-2024-12797".into(), "CVE-2025-9999".into()],
        description: "openssl security update".into(),
        ..Vulnerability::default()
    };
    let mut erratum = statement(
        "redhat-osv",
        "bookworm",
        "openssl-libs",
        "RHSA-2025:1330",
        StatementState::Fixed("1:3.2.2-6.el9_5.1".into()),
    );
    erratum.release = ReleaseKey::new("redhat", "9");
    erratum.names = Names::Binary;
    erratum.urgency = Urgency::Critical;
    let mut extended = erratum.clone();
    extended.channel = Some("eus:9.2".into());
    let mut modular = erratum.clone();
    (modular.package, modular.module) = ("nodejs".into(), Some("nodejs:18".into()));
    let ranges = StatementState::Affected(vec![
        AffectedRange { introduced: None, end: RangeEnd::Fixed("1.2.3".into()) },
        AffectedRange { introduced: Some("2.0.0".into()), end: RangeEnd::LastAffected("2.0.4".into()) },
        AffectedRange { introduced: Some("3.0.0".into()), end: RangeEnd::Open },
    ]);
    let mut language = statement("osv-npm", "bookworm", "left-pad", "GHSA-0000-0000-0000", ranges);
    (language.release, language.urgency) = (ReleaseKey::new("ecosystem", "npm"), Urgency::Negligible);
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
            erratum,
            extended,
            modular,
            language,
        ],
        vulnerabilities: vec![full, scored, advisory],
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
        vec(any_range(), 1..3).prop_map(StatementState::Affected),
    ];
    let urgency =
        select(vec![Urgency::NotAssigned, Urgency::Unimportant, Urgency::Low, Urgency::Medium, Urgency::High]);
    let feed = select(vec!["a", "b"]).prop_map(FeedId::new);
    let package = select(vec!["openssl", "zlib", "linux", ""]).prop_map(str::to_owned);
    let advisories = vec("D[SL]A-[0-9]", 0..3);
    let scope = (select(vec![Names::Source, Names::Binary]), option::of("[ab]"), option::of("[ab]"));
    (feed, any_release(), (package, scope), any_id(), state, urgency, option::of("[a-z ]{0,9}"), advisories).prop_map(
        |(feed, release, (package, scope), vulnerability, state, urgency, note, advisories)| Statement {
            feed,
            release,
            package,
            names: scope.0,
            channel: scope.1,
            module: scope.2,
            vulnerability,
            state,
            urgency,
            note,
            advisories,
        },
    )
}

fn any_range() -> impl Strategy<Value = AffectedRange> {
    let end =
        prop_oneof!["[0-9]".prop_map(RangeEnd::Fixed), "[0-9]".prop_map(RangeEnd::LastAffected), Just(RangeEnd::Open),];
    (option::of("[0-9]"), end).prop_map(|(introduced, end)| AffectedRange { introduced, end })
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
    let ssvc = ("[a-z]{1,4}", "[a-z]{1,3}", "[a-z]{1,7}")
        .prop_map(|(exploitation, automatable, technical_impact)| Ssvc { exploitation, automatable, technical_impact });
    let classes = (vec("CWE-[0-9]", 0..3), option::of(ssvc), vec(any_id(), 0..4));
    let lists = (vec("[A-Z]{1,4}", 0..3), vec(cvss, 0..3), vec(reference, 0..3), classes);
    (any_id(), "\\PC{0,12}", lists, option::of(kev), option::of(epss), when(), when()).prop_map(
        |(id, description, (aliases, cvss, references, classes), kev, epss, published, modified)| Vulnerability {
            id,
            aliases,
            cwes: classes.0,
            ssvc: classes.1,
            covers: classes.2,
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
