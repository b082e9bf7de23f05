//! One row a finding, for spreadsheets (RFC 4180).
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, so such a
//! cell gets an apostrophe in front, which spreadsheets hide. Columns are described in
//! `docs/report/csv.md`; their names are the same in both languages.

use yagura_model::{Assessment, Evidence, Finding, Language};

use crate::words;

/// How many columns there are.
const COLUMNS_COUNT: usize = 26;

/// The columns, in order.
const COLUMNS: [&str; COLUMNS_COUNT] = [
    "key",
    "host",
    "rules_package",
    "severity",
    "id",
    "title",
    "subject",
    "packages",
    "installed_version",
    "fixed_version",
    "state",
    "urgency",
    "known_exploited_since",
    "epss_probability",
    "epss_percentile",
    "cvss_version",
    "cvss_score",
    "cvss_vector",
    "advisories",
    "release",
    "feed",
    "kernel",
    "found",
    "severity_reason",
    "recommendation",
    "url",
];

/// Renders the findings.
pub(crate) fn render(assessment: &Assessment, language: Language) -> String {
    let mut csv = String::new();
    // Excel takes a file without a mark for the system's code page and garbles Japanese.
    if language == Language::Japanese {
        csv.push('\u{feff}');
    }
    push_row(&mut csv, &COLUMNS.map(str::to_owned));
    for finding in &assessment.findings {
        push_row(&mut csv, &row(assessment, finding, language));
    }
    csv
}

fn row(assessment: &Assessment, finding: &Finding, language: Language) -> [String; COLUMNS_COUNT] {
    let mut row = <[String; COLUMNS_COUNT]>::default();
    let mut set = |column: &str, value: String| {
        let place = COLUMNS.iter().position(|name| *name == column);
        if let Some(cell) = place.and_then(|place| row.get_mut(place)) {
            *cell = value;
        }
    };
    set("key", finding.key.0.clone());
    set("host", words::host_name(&assessment.snapshot, language).to_owned());
    set("rules_package", finding.rules_package.word().to_owned());
    set("severity", finding.severity.word().to_owned());
    set("id", finding.rule.clone());
    set("title", finding.title.get(language).to_owned());
    set("subject", words::subject(finding));
    set("severity_reason", finding.severity_reason.get(language).to_owned());
    set("recommendation", finding.recommendation.get(language).to_owned());
    match &finding.evidence {
        Evidence::Vulnerability(evidence) => {
            set("packages", join(evidence.packages.iter().map(|package| package.name.as_str())));
            set("installed_version", evidence.source.version.clone());
            set("fixed_version", words::fixed_version(evidence).unwrap_or_default().to_owned());
            set("state", evidence.state.word().to_owned());
            set("urgency", evidence.urgency.word().to_owned());
            set("advisories", join(evidence.advisories.iter().map(String::as_str)));
            set("release", evidence.release.clone());
            set("feed", evidence.feed.0.clone());
            set("url", evidence.vendor_url.clone().unwrap_or_default());
            if let Some(kernel) = &evidence.kernel {
                set("kernel", words::kernel_word(kernel).to_owned());
            }
            if let Some(kev) = &evidence.kev {
                set("known_exploited_since", kev.added.to_string());
            }
            if let Some(epss) = evidence.epss {
                set("epss_probability", format!("{:.5}", epss.probability));
                set("epss_percentile", format!("{:.5}", epss.percentile));
            }
            if let Some((vector, score)) = evidence.cvss.first() {
                set("cvss_version", vector.version.number().to_owned());
                set("cvss_score", format!("{score:.1}"));
                set("cvss_vector", vector.vector.clone());
            }
        }
        Evidence::Setting(evidence) => {
            let found = evidence.observations.iter().map(|observation| match &observation.place {
                Some(place) => format!("{place}: {}", observation.found),
                None => observation.found.clone(),
            });
            set("found", found.collect::<Vec<_>>().join("\n"));
        }
    }
    row
}

fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

fn push_row(csv: &mut String, cells: &[String; COLUMNS_COUNT]) {
    for (column, cell) in cells.iter().enumerate() {
        if column > 0 {
            csv.push(',');
        }
        push_cell(csv, cell);
    }
    csv.push_str("\r\n");
}

fn push_cell(csv: &mut String, cell: &str) {
    // Spreadsheets skip leading blanks before they look for a formula; full-width signs are
    // signs to a Japanese one.
    let formula = cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '＝', '＋', '－', '＠']);
    let quoted = formula || cell.contains(['"', ',', '\n', '\r']);
    if quoted {
        csv.push('"');
    }
    if formula {
        csv.push('\'');
    }
    if quoted {
        csv.push_str(&cell.replace('"', "\"\""));
        csv.push('"');
    } else {
        csv.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn one_row_a_finding_in_fixed_columns() {
        let csv = render(&fixture::assessment(), Language::English);
        let mut lines = csv.split("\r\n");
        insta::assert_snapshot!(lines.next().unwrap(), @"key,host,rules_package,severity,id,title,subject,packages,installed_version,fixed_version,state,urgency,known_exploited_since,epss_probability,epss_percentile,cvss_version,cvss_score,cvss_vector,advisories,release,feed,kernel,found,severity_reason,recommendation,url");
        insta::assert_snapshot!(lines.next().unwrap(), @"k1openssl001,web-1,cve,High,CVE-2026-10001,Instance web-1 is vulnerable to CVE-2026-10001,openssl,libssl3 openssl,3.0.15-1~deb12u1,3.0.17-1~deb12u2,fixed,not yet assigned,2026-11-03,0.94210,0.99910,3.1,9.8,CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H,DSA-6001-1,debian:bookworm,debian-tracker,,,known to be exploited (CISA KEV),Upgrade openssl to 3.0.17-1~deb12u2 or later: apt-get install --only-upgrade libssl3 openssl,https://security-tracker.debian.org/tracker/CVE-2026-10001");
        assert_eq!(lines.count(), 6);
    }

    #[test]
    fn japanese_begins_with_a_byte_order_mark_for_excel() {
        assert!(render(&fixture::assessment(), Language::Japanese).starts_with('\u{feff}'));
        assert!(render(&fixture::assessment(), Language::English).starts_with("key,"));
    }

    #[test]
    fn formulas_lose_their_power_and_quotes_are_doubled() {
        let cell = |text: &str| {
            let mut csv = String::new();
            push_cell(&mut csv, text);
            csv
        };
        assert_eq!(cell("=HYPERLINK(\"http://x\")"), "\"'=HYPERLINK(\"\"http://x\"\")\"");
        for formula in ["+1", "-1", "@SUM(A1)", "\t=1", "  =1", "＝1"] {
            assert_eq!(cell(formula), format!("\"'{formula}\""));
        }
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("3.0.15-1+b1"), "3.0.15-1+b1");
    }

    #[test]
    fn the_page_describes_exactly_these_columns() {
        let page = include_str!("../../../docs/report/csv.md");
        let described: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        assert_eq!(described, COLUMNS);
    }
}
