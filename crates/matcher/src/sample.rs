//! Small hosts and small indexes for the tests, written as lines.

use std::fmt::Write as _;

use jiff::Timestamp;
use yagura_index::{Index, IndexBuilder};
use yagura_model::{
    AffectedRange, Ecosystem, Epss, Evidence, Exclusion, FeedId, FeedRecord, Finding, HostIdentity, Kernel, Names,
    Origin, Package, PackageKind, PackageState, PackageStatus, RangeEnd, Release, ReleaseKey, Snapshot, SourceLine,
    SourcePackage, Statement, StatementState, Urgency, Virtualization, Vulnerability,
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
    let (words, plain): (Vec<&str>, Vec<&str>) =
        line.split(' ').partition(|word| word.starts_with(['+', '=', '@', '%']));
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
            ("%", label) => package.provenance.module = Some(label.into()),
            ("+", architecture) => package.architecture = architecture.into(),
            ("@", who) => package.origin = Origin::Foreign { who: who.into(), shown_by: "its package list".into() },
            (_, "hold") => package.status.want = "hold".into(),
            (_, state) => package.status.state = PackageState::from_word(state).unwrap(),
        }
    }
    package
}

/// A host of another distribution; its packages have that distribution's kind.
pub(crate) fn host_of(distribution: &str, version: &str, packages: &[&str]) -> Snapshot {
    let mut snapshot = host(packages);
    let kind = if distribution == "ubuntu" { PackageKind::Deb } else { PackageKind::Rpm };
    snapshot.packages.iter_mut().for_each(|package| package.kind = kind);
    snapshot.release = Some(Release {
        distribution: distribution.into(),
        version: Some(version.into()),
        pretty_name: format!("{distribution} {version}"),
        ..Release::default()
    });
    snapshot
}

/// A Debian host with packages of a language: `name version [owned]`.
pub(crate) fn language_host(ecosystem: &str, packages: &[&str]) -> Snapshot {
    let mut snapshot = host(&[]);
    let ecosystem = Ecosystem::from_word(ecosystem).unwrap();
    snapshot.package_database = None;
    snapshot.release = None;
    for line in packages {
        let mut package = package(line.trim_end_matches(" owned"));
        package.kind = PackageKind::Language(ecosystem);
        package.provenance.owner = line.ends_with(" owned").then(|| "python3-something".into());
        snapshot.packages.push(package);
    }
    snapshot
}

/// An advisory that covers vulnerabilities.
pub(crate) fn advisory(id: &str, covers: &[&str]) -> Vulnerability {
    let covers = covers.iter().map(|&id| id.to_owned()).collect();
    Vulnerability { id: id.into(), covers, description: "an update".into(), ..Vulnerability::default() }
}

/// Judges a host by statements about one release; what has no release of its own is not shown as not assessed.
pub(crate) fn judge_with(
    snapshot: &Snapshot,
    release: &str,
    statements: &[&str],
    vulnerabilities: &[Vulnerability],
) -> String {
    let (distribution, name) = release.split_once(':').unwrap();
    let bytes = index_of(&ReleaseKey::new(distribution, name), statements, vulnerabilities);
    let index = Index::open(&bytes).unwrap();
    let text = render(&match_packages(snapshot, &index));
    text.lines().filter(|line| !line.starts_with("not assessed: ")).map(|line| format!("{line}\n")).collect()
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
    index_of(&ReleaseKey::new("debian", "bookworm"), statements, vulnerabilities)
}

fn index_of(release: &ReleaseKey, statements: &[&str], vulnerabilities: &[Vulnerability]) -> Vec<u8> {
    let mut builder = IndexBuilder::new();
    for line in statements {
        builder.statement(statement(line, release));
    }
    vulnerabilities.iter().cloned().for_each(|facts| builder.vulnerability(facts));
    builder.feed(FeedRecord {
        id: FeedId::new("debian-tracker"),
        data_date: Timestamp::UNIX_EPOCH,
        fetched_at: Timestamp::UNIX_EPOCH,
        records: 0,
        statements: 0,
        rejected: 0,
        releases: vec![release.clone()],
        fingerprint: String::new(),
        fresh_days: 3,
    });
    builder.build(Timestamp::UNIX_EPOCH).unwrap()
}

/// Further words: `binary`, `#channel`, `%module`.
fn statement(line: &str, release: &ReleaseKey) -> Statement {
    let (scope, words): (Vec<&str>, Vec<&str>) =
        line.split(' ').partition(|word| *word == "binary" || word.starts_with(['#', '%']) && word.len() > 1);
    let scoped = |mark: char| scope.iter().find_map(|word| word.strip_prefix(mark)).map(str::to_owned);
    let (feed, package) = words[0].split_once(':').unwrap_or(("debian-tracker", words[0]));
    let (state, rest) = match words[2] {
        "fixed" => (StatementState::Fixed(words[3].into()), &words[4..]),
        "ranges" => {
            let (first, last) = words[3].split_once("..").unwrap();
            let introduced = (!first.is_empty()).then(|| first.to_owned());
            let range = AffectedRange { introduced, end: RangeEnd::Fixed(last.into()) };
            (StatementState::Affected(vec![range]), &words[4..])
        }
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
        names: if scope.contains(&"binary") { Names::Binary } else { Names::Source },
        channel: scoped('#'),
        module: scoped('%'),
        vulnerability: words[1].into(),
        note: (state == StatementState::Postponed).then(|| "Minor issue".into()),
        state,
        urgency,
        advisories: Vec::new(),
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
        let packages: Vec<&str> = found.installed.packages.iter().map(|package| package.name.as_str()).collect();
        write!(text, "{} {} {} ", found.vulnerability, found.installed.source, found.installed.version).unwrap();
        write!(text, "[{}] {:?}", packages.join(" "), found.outcome).unwrap();
        if found.outcome == crate::Outcome::Unfixed {
            write!(text, " {}", found.statement.state().to_owned().word()).unwrap();
        }
        for advisory in &found.advisories {
            write!(text, " {advisory}").unwrap();
        }
        if let Some(line) = found.entitlement {
            write!(text, " needs {line}").unwrap();
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
