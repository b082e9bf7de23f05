//! Small hosts and small indexes for the tests, written as lines.

use std::fmt::Write as _;

use jiff::Timestamp;
use yagura_index::{Index, IndexBuilder};
use yagura_model::{
    Epss, Evidence, Exclusion, FeedId, FeedRecord, Finding, HostIdentity, Kernel, Origin, Package, PackageState,
    PackageStatus, Release, ReleaseKey, Snapshot, SourceLine, SourcePackage, Statement, StatementState, Urgency,
    Virtualization, Vulnerability,
};

use crate::{Judged, MatchResult, findings, match_packages};

/// A Debian 12 host with these packages: `binary version [source [source-version]] [words]`.
///
/// Words: `+i386` sets the architecture, `=hold` the wanted state, `=config-files` the state,
/// `@vendor` the origin.
pub(crate) fn host(packages: &[&str]) -> Snapshot {
    Snapshot {
        host: HostIdentity { name: "web-1".into(), architecture: Some("amd64".into()), ..HostIdentity::default() },
        release: Some(Release {
            distribution: "debian".into(),
            version: Some("12".into()),
            codename: Some("bookworm".into()),
            pretty_name: "Debian GNU/Linux 12 (bookworm)".into(),
            ..Release::default()
        }),
        package_database: Some("var/lib/dpkg/status".into()),
        packages: packages.iter().map(|line| package(line)).collect(),
        ..Snapshot::default()
    }
}

fn package(line: &str) -> Package {
    let (words, plain): (Vec<&str>, Vec<&str>) = line.split(' ').partition(|word| word.starts_with(['+', '=', '@']));
    let name = plain[0].to_owned();
    let version = plain[1].to_owned();
    let mut package = Package {
        source: SourcePackage {
            name: plain.get(2).unwrap_or(&plain[0]).to_string(),
            version: plain.get(3).unwrap_or(&plain[1]).to_string(),
        },
        name,
        version,
        architecture: "amd64".into(),
        status: PackageStatus::installed(),
        origin: Origin::Assumed,
        maintainer: None,
        multi_arch: None,
        record: SourceLine::at("var/lib/dpkg/status", 1),
        ..Package::default()
    };
    for word in words {
        match word.split_at(1) {
            ("+", architecture) => package.architecture = architecture.into(),
            ("@", who) => package.origin = Origin::Foreign { who: who.into(), shown_by: "its package list".into() },
            (_, "hold") => package.status.want = "hold".into(),
            (_, state) => package.status.state = PackageState::from_word(state).unwrap(),
        }
    }
    package
}

/// The same host, running a kernel.
pub(crate) fn running(mut snapshot: Snapshot, release: &str, reported: Option<&str>) -> Snapshot {
    snapshot.kernel = Kernel {
        running: Some(release.into()),
        running_package_version: reported.map(str::to_owned),
        installed: Vec::new(),
        ..Kernel::default()
    };
    snapshot
}

/// The same host in a container.
pub(crate) fn contained(mut snapshot: Snapshot) -> Snapshot {
    snapshot.host.virtualization = Virtualization::Container("docker".into());
    snapshot
}

/// An index of Debian 12 with these statements: `[feed:]source id state [fixed] [urgency]`.
pub(crate) fn index(statements: &[&str]) -> Vec<u8> {
    index_with(statements, &[])
}

pub(crate) fn index_with(statements: &[&str], vulnerabilities: &[Vulnerability]) -> Vec<u8> {
    let mut builder = IndexBuilder::new();
    let release = ReleaseKey::new("debian", "bookworm");
    for line in statements {
        builder.statement(statement(line, &release));
    }
    vulnerabilities.iter().cloned().for_each(|facts| builder.vulnerability(facts));
    builder.feed(FeedRecord {
        id: FeedId::new("debian-tracker"),
        data_date: Timestamp::UNIX_EPOCH,
        fetched_at: Timestamp::UNIX_EPOCH,
        records: 0,
        statements: 0,
        rejected: 0,
        releases: vec![release],
        fingerprint: String::new(),
        fresh_days: 3,
    });
    builder.build(Timestamp::UNIX_EPOCH).unwrap()
}

fn statement(line: &str, release: &ReleaseKey) -> Statement {
    let words: Vec<&str> = line.split(' ').collect();
    let (feed, package) = words[0].split_once(':').unwrap_or(("debian-tracker", words[0]));
    let (state, rest) = match words[2] {
        "fixed" => (StatementState::Fixed(words[3].into()), &words[4..]),
        "open" => (StatementState::Open, &words[3..]),
        "postponed" => (StatementState::Postponed, &words[3..]),
        "will-not-fix" => (StatementState::WillNotFix, &words[3..]),
        "end-of-life" => (StatementState::EndOfLife, &words[3..]),
        "not-affected" => (StatementState::NotAffected, &words[3..]),
        "under-investigation" => (StatementState::UnderInvestigation, &words[3..]),
        other => panic!("no state is called {other}"),
    };
    let urgency = match rest.first() {
        None => Urgency::NotAssigned,
        Some(&"unimportant") => Urgency::Unimportant,
        Some(&"low") => Urgency::Low,
        Some(&"medium") => Urgency::Medium,
        Some(&"high") => Urgency::High,
        Some(other) => panic!("no urgency is called {other}"),
    };
    Statement {
        feed: FeedId::new(feed),
        release: release.clone(),
        package: package.into(),
        vulnerability: words[1].into(),
        note: (state == StatementState::Postponed).then(|| "Minor issue".into()),
        state,
        urgency,
        advisories: Vec::new(),
        ..Statement::default()
    }
}

/// Facts that say nothing but an EPSS probability.
pub(crate) fn scored(id: &str, probability: f32) -> Vulnerability {
    Vulnerability { id: id.into(), epss: Some(Epss { probability, percentile: 0.5 }), ..Vulnerability::default() }
}

/// Judges a host and renders what came out, one line each; exclusions begin with `!`.
pub(crate) fn judge(snapshot: &Snapshot, statements: &[&str]) -> String {
    let bytes = index(statements);
    let index = Index::open(&bytes).unwrap();
    render(&match_packages(snapshot, &index))
}

fn render(result: &MatchResult<'_>) -> String {
    let mut text = String::new();
    if let Judged::NotAssessed { reason } = &result.judged {
        assert!(!reason.ja.is_empty());
        writeln!(text, "not assessed: {}", reason.en).unwrap();
    }
    for found in &result.matches {
        let statement = found.statement;
        let packages: Vec<&str> = found.installed.packages.iter().map(|package| package.name.as_str()).collect();
        write!(text, "{} {} {} ", statement.vulnerability(), found.installed.source, found.installed.version).unwrap();
        write!(text, "[{}] {:?}", packages.join(" "), found.outcome).unwrap();
        if found.outcome == crate::Outcome::Unfixed {
            write!(text, " {}", statement.state().to_owned().word()).unwrap();
        }
        if let Some(kernel) = found.kernel() {
            write!(text, " {kernel:?}").unwrap();
        }
        text.push('\n');
    }
    for exclusion in &result.exclusions {
        writeln!(text, "{}", line(exclusion)).unwrap();
    }
    text
}

fn line(exclusion: &Exclusion) -> String {
    let Exclusion { code, subject, reason, .. } = exclusion;
    assert!(!reason.ja.is_empty());
    format!("! {}: {subject}: {}", code.word(), reason.en)
}

/// Judges a host and returns its findings.
pub(crate) fn found(snapshot: &Snapshot, statements: &[&str], vulnerabilities: &[Vulnerability]) -> Vec<Finding> {
    let bytes = index_with(statements, vulnerabilities);
    let index = Index::open(&bytes).unwrap();
    findings(&match_packages(snapshot, &index), snapshot, &index)
}

/// Renders findings, one line each.
pub(crate) fn table(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let Evidence::Vulnerability(evidence) = &finding.evidence else { continue };
        let severity = finding.severity.word();
        writeln!(text, "{severity} {} {} {}", finding.rule, evidence.source.name, evidence.comparison).unwrap();
    }
    text
}
