//! Reports of runs as the service has them: from the rows of a store to a page or a PDF.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod fleet;

use std::io::{self, Write};

use yagura_app::service::reports::StoreSource;
use yagura_model::Language;
use yagura_model::run_report::{AgentOutcome, FindingItem, RuleItem, RunReportSource as _, Wanted};
use yagura_report::run::{FontFinder, Format, Kind, RunRenderError, render};

use crate::fleet::Fleet;

fn rendered(fleet: &Fleet, format: Format, kind: Kind, language: Language) -> Vec<u8> {
    let mut out = Vec::new();
    let mut source = StoreSource::new(&fleet.app, fleet.run.clone(), "auditor".into());
    render(&mut source, format, kind, language, &FontFinder::system(), &mut out).unwrap();
    out
}

#[test]
fn both_formats_come_in_both_kinds() {
    let fleet = Fleet::new();
    fleet.put_findings(3);
    for kind in [Kind::Finding, Kind::Full] {
        let page = String::from_utf8(rendered(&fleet, Format::Html, kind, Language::English)).unwrap();
        for part in [
            "nightly",
            "web servers",
            "auditor",
            "CVE-2026-0001: openssl",
            "web-1",
            "2025-12-01",
            "担当者",
            "Unsupported OS version",
            "db-1",
            "severity: CVSS 3.1 base score 7.5",
            "CVSS3: 7.5 (CVSS:3.1/AV:N)",
            "openssl 3.0.15-1 &#60; 3.0.16-1",
            "https://security-tracker.debian.org/tracker/CVE-2026-0001",
        ] {
            assert!(page.contains(part), "`{part}` is not in the {} page", kind.word());
        }
        assert_eq!(page.contains("Enable ASLR"), kind == Kind::Full, "rules are in FULL reports only");
        let pdf = rendered(&fleet, Format::Pdf, kind, Language::English);
        assert!(pdf.starts_with(b"%PDF-1.7") && pdf.trim_ascii_end().ends_with(b"%%EOF"), "{}", kind.word());
    }
}

#[test]
fn the_page_speaks_japanese() {
    let fleet = Fleet::new();
    fleet.put_findings(1);
    let page = String::from_utf8(rendered(&fleet, Format::Html, Kind::Full, Language::Japanese)).unwrap();
    for part in ["lang=\"ja\"", "更新してください", "重大度の根拠", "証拠 1", "対象外の OS", "ASLR の有効化"]
    {
        assert!(page.contains(part), "`{part}`");
    }
}

#[test]
fn a_japanese_pdf_without_a_font_says_what_is_missing() {
    let fleet = Fleet::new();
    let mut source = StoreSource::new(&fleet.app, fleet.run.clone(), "auditor".into());
    let nowhere = FontFinder::within(vec![fleet.data.path().join("none")]);
    let error =
        render(&mut source, Format::Pdf, Kind::Full, Language::Japanese, &nowhere, &mut Vec::new()).unwrap_err();
    assert!(matches!(&error, RunRenderError::NoJapaneseFont { .. }) && error.to_string().contains("fonts-noto-cjk"));
}

#[test]
fn findings_come_grouped_and_most_severe_first() {
    let fleet = Fleet::new();
    fleet.put_findings(1_300);
    let mut groups: Vec<(String, u64, u64)> = Vec::new();
    let mut source = StoreSource::new(&fleet.app, fleet.run.clone(), "auditor".into());
    source
        .findings(&mut |item| {
            match item {
                FindingItem::Group(group) => {
                    groups.push((format!("{} {}", group.severity.word(), group.rule), group.instances, 0));
                }
                FindingItem::Instance(instance) => {
                    assert!(!instance.hostname.is_empty() && instance.first_seen.is_some());
                    groups.last_mut().unwrap().2 += 1;
                }
            }
            Wanted::More
        })
        .unwrap();
    let names: Vec<&str> = groups.iter().map(|(name, _, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "High CVE-2026-0001",
            "Medium Disable root login over SSH",
            "Low CVE-2026-0000",
            "Informational No potential security issues found"
        ]
    );
    assert_eq!(groups.iter().map(|(_, told, _)| told).sum::<u64>(), 1_301);
    for (name, told, heard) in &groups {
        let of_no_host = name.starts_with("Informational");
        assert_eq!(*heard, if of_no_host { 0 } else { *told }, "{name}");
    }

    // Whoever wants no more of a group gets the next one.
    let mut heard = Vec::new();
    source
        .findings(&mut |item| match item {
            FindingItem::Group(group) => {
                heard.push(group.rule.clone());
                Wanted::More
            }
            FindingItem::Instance(_) => Wanted::NextGroup,
        })
        .unwrap();
    assert_eq!(heard.len(), 4);
    let mut first = 0;
    source
        .findings(&mut |_| {
            first += 1;
            Wanted::Nothing
        })
        .unwrap();
    assert_eq!(first, 1);
}

#[test]
fn instances_that_were_not_judged_come_first_with_the_reason() {
    let fleet = Fleet::new();
    fleet.put_findings(2);
    let mut source = StoreSource::new(&fleet.app, fleet.run.clone(), "auditor".into());
    let header = source.header().unwrap();
    assert_eq!((header.agents, header.agents_evaluated, header.exclusions), (4, 2, 2));
    assert_eq!(header.counts.total(), 3);
    let mut outcomes = Vec::new();
    source
        .agents(&mut |agent| {
            outcomes.push(match &agent.outcome {
                AgentOutcome::NotEvaluated { reason } => format!("{} not: {}", agent.hostname, reason.en),
                AgentOutcome::Partly { reason } => format!("{} partly: {}", agent.hostname, reason.en),
                AgentOutcome::Evaluated => format!("{} {}", agent.hostname, agent.counts.total()),
            });
            Wanted::More
        })
        .unwrap();
    assert_eq!(outcomes, ["db-1 not: Agent is unhealthy", "db-2 partly: Unsupported OS version", "web-1 1", "web-2 1"]);
    let mut lines = Vec::new();
    source
        .coverage(&mut |line| {
            lines.push(format!("{} {} {}", line.rules_package.en, line.state.word(), line.instances));
            Wanted::More
        })
        .unwrap();
    assert_eq!(
        lines,
        [
            "Common Vulnerabilities and Exposures not-assessed 1",
            "Common Vulnerabilities and Exposures not-assessed 1",
            "Security Best Practices not-assessed 1",
            "Common Vulnerabilities and Exposures assessed 2",
            "Security Best Practices assessed 3",
        ]
    );
    let mut rules = Vec::new();
    source
        .rules(&mut |item| {
            match item {
                RuleItem::Rule(rule) => rules.push(format!("{} {:?}", rule.rule, rule.counts)),
                RuleItem::Instance(instance) => rules.push(format!("{} {:?}", instance.hostname, instance.result)),
            }
            Wanted::More
        })
        .unwrap();
    assert_eq!(
        rules,
        [
            "Disable root login over SSH [1, 0, 1, 0]",
            "web-1 Fail",
            "web-2 Pass",
            "Enable ASLR [0, 1, 1, 0]",
            "web-1 Pass",
            "web-2 Unknown"
        ]
    );
}

/// What cannot be read of a finding's evidence costs its lines and nothing else.
#[test]
fn damaged_evidence_hides_no_finding() {
    let fleet = Fleet::new();
    fleet.put(&[fleet.finding(1, "{\"lines\": 7", None), fleet.finding(3, "[]", None)]);
    let page = String::from_utf8(rendered(&fleet, Format::Html, Kind::Finding, Language::English)).unwrap();
    assert!(page.contains("CVE-2026-0001"));
}

#[test]
fn another_remedy_is_told_at_its_instance() {
    let fleet = Fleet::new();
    fleet.put(&[fleet.finding(1, "{}", None), fleet.finding(3, "{}", Some("install the other package"))]);
    let page = String::from_utf8(rendered(&fleet, Format::Html, Kind::Finding, Language::English)).unwrap();
    assert!(page.contains("here: install the other package"));
}

/// Counts what is written, and remembers the largest piece.
#[derive(Default)]
struct Counted {
    bytes: usize,
    largest: usize,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len();
        self.largest = self.largest.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn twenty_thousand_findings_leave_in_small_pieces() {
    const PIECE_BYTES_MAX: usize = 64 * 1024;
    let fleet = Fleet::new();
    fleet.put_unlike_findings(20_000);
    for format in [Format::Html, Format::Pdf] {
        let mut out = Counted::default();
        let mut source = StoreSource::new(&fleet.app, fleet.run.clone(), "auditor".into());
        render(&mut source, format, Kind::Full, Language::English, &FontFinder::within(Vec::new()), &mut out).unwrap();
        assert!(out.bytes > 2_000_000, "{}: {} bytes", format.word(), out.bytes);
        assert!(out.largest <= PIECE_BYTES_MAX, "{}: a piece of {} bytes", format.word(), out.largest);
    }
}
