//! What holds for every format: both languages, hostile texts, large hosts, same bytes.

use yagura_model::{Assessment, Language};

use crate::clean::is_harmful;
use crate::{Format, Options, Report, fixture, sbom};

const LANGUAGES: [Language; 2] = [Language::English, Language::Japanese];

/// The largest page that a browser still opens at once, in bytes.
const PAGE_BYTES_MAX: usize = 5 * 1024 * 1024;

fn rendered(assessment: &Assessment, format: Format, language: Language) -> String {
    let options = Options { language, verbose: true, ..Options::default() };
    Report::new(assessment.clone()).render(format, &options).unwrap()
}

#[test]
fn every_format_renders_both_languages_and_names_what_matters() {
    let assessment = fixture::assessment();
    for format in Format::ALL {
        let english = rendered(&assessment, format, Language::English);
        let japanese = rendered(&assessment, format, Language::Japanese);
        assert_ne!(english, japanese, "{format}");
        for document in [&english, &japanese] {
            for needle in ["web-1", "CVE-2026-10001", "openssl", "3.0.17-1~deb12u2"] {
                assert!(document.contains(needle), "{format} lacks {needle}");
            }
        }
        assert!(japanese.contains("悪用が確認されています") || format == Format::Table, "{format}");
    }
}

#[test]
fn no_harmful_character_gets_out_of_any_format() {
    let poison = "\u{1b}]0;pwned\u{7}\u{1b}[2J\u{9b}31m\u{202e}gnp\u{2066}\u{200b}\u{feff}\u{0}\r\nSet: x\u{2028}";
    let assessment = fixture::hostile(poison);
    for format in Format::ALL {
        for language in LANGUAGES {
            let document = rendered(&assessment, format, language);
            let document = document.trim_start_matches('\u{feff}');
            let harmful: Vec<char> = document.chars().filter(|c| is_harmful(*c) && !is_line_end(format, *c)).collect();
            assert!(harmful.is_empty(), "{format}: {harmful:?}");
            // Nor as an escape that a reader of the JSON turns back.
            for escape in ["\\u001b", "\\u009b", "\\u202e", "\\u0007"] {
                assert!(!document.contains(escape), "{format} has {escape}");
            }
        }
    }
    let bill = sbom(&assessment.snapshot, assessment.started_at).unwrap();
    assert!(!bill.contains("\\u001b") && !bill.chars().any(is_harmful));
}

/// CSV ends its rows in CRLF.
fn is_line_end(format: Format, c: char) -> bool {
    format == Format::Csv && c == '\r'
}

#[test]
fn a_line_feed_in_a_one_line_field_starts_no_line_of_the_table() {
    let assessment = fixture::hostile("\nHigh  CVE-0000-0000  forged");
    let table = rendered(&assessment, Format::Table, Language::English);
    // Rows of findings stand two columns in, evidence stands further in.
    assert!(table.contains("CVE-0000-0000"));
    assert!(table.lines().all(|line| !line.starts_with("  High  CVE-0000-0000  forged")));
}

#[test]
fn markup_in_texts_stays_text_on_the_page() {
    let assessment = fixture::hostile("\"><script>alert(1)</script><img src=x onerror=alert(1)>'");
    for language in LANGUAGES {
        let page = rendered(&assessment, Format::Html, language);
        assert_eq!(page.matches("<script").count(), 1, "only the filter");
        assert!(!page.contains("<img"));
        assert!(page.contains("&#60;img src=x onerror=alert(1)&#62;"));
    }
}

#[test]
fn addresses_that_are_no_web_addresses_are_not_linked() {
    let assessment = fixture::hostile("javascript:alert(1)");
    let page = rendered(&assessment, Format::Html, Language::English);
    assert!(!page.contains("href=\"javascript:"));
    let log: serde_json::Value =
        serde_json::from_str(&rendered(&assessment, Format::Sarif, Language::English)).unwrap();
    assert!(log["runs"][0]["tool"]["driver"]["rules"][0].get("helpUri").is_none());
}

#[test]
fn formulas_in_texts_stay_text_in_a_spreadsheet() {
    let assessment = fixture::hostile("=cmd|' /C calc'!A0");
    let csv = rendered(&assessment, Format::Csv, Language::English);
    assert!(csv.contains("\"'=cmd|"));
    for beginning in [",=cmd|", ",\"=cmd|", "\r\n=cmd|", "\r\n\"=cmd|"] {
        assert!(!csv.contains(beginning), "a cell begins with a formula");
    }
}

#[test]
fn two_thousand_findings_stay_usable() {
    let assessment = fixture::large(2_000);
    for language in LANGUAGES {
        let page = rendered(&assessment, Format::Html, language);
        assert!(page.len() < PAGE_BYTES_MAX, "{} bytes", page.len());
        assert_eq!(page.matches("<tbody class=\"f ").count(), 2_006);
    }
    for format in [Format::Json, Format::Sarif, Format::Cyclonedx] {
        let document = rendered(&assessment, format, Language::English);
        assert!(serde_json::from_str::<serde_json::Value>(&document).is_ok(), "{format}");
    }
    assert_eq!(rendered(&assessment, Format::Csv, Language::English).matches("\r\n").count(), 2_007);
}

#[test]
fn the_same_assessment_gives_the_same_bytes() {
    for format in Format::ALL {
        let twice = [0, 1].map(|_| rendered(&fixture::assessment(), format, Language::Japanese));
        assert_eq!(twice[0], twice[1], "{format}");
    }
}

#[test]
fn an_empty_assessment_renders_in_every_format() {
    let mut assessment = fixture::assessment();
    assessment.snapshot = yagura_model::Snapshot::default();
    assessment.coverage.clear();
    assessment.exclusions.clear();
    assessment.findings.clear();
    assessment.upgrades.clear();
    for format in Format::ALL {
        for language in LANGUAGES {
            assert!(!rendered(&assessment, format, language).is_empty(), "{format}");
        }
    }
}
