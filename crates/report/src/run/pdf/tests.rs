use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::Command;

use flate2::read::ZlibDecoder;

use super::super::fixture::{Endless, hostile, run};
use super::super::{Format, PDF_AGENTS_MAX, PDF_GROUPS_MAX, PDF_INSTANCES_SHOWN_MAX, render as render_run};
use super::*;

fn pdf(source: &mut dyn RunReportSource, kind: Kind, language: Language, finder: &FontFinder) -> Vec<u8> {
    let mut out = Vec::new();
    render_run(source, Format::Pdf, kind, language, finder, &mut out).unwrap();
    out
}

fn no_fonts() -> FontFinder {
    FontFinder::within(Vec::new())
}

/// Whether this machine can make a Japanese PDF; says so where not.
fn has_japanese() -> bool {
    let found = FontFinder::system().japanese().is_some();
    if !found {
        yagura_testkit::announce_skip("skipped: no Japanese font on this machine");
    }
    found
}

/// The objects of a document: number, dictionary and decompressed stream.
struct Objects(BTreeMap<usize, (String, Vec<u8>)>);

impl Objects {
    /// Reads the table of objects and each object at the place that it names.
    fn read(pdf: &[u8]) -> Self {
        let find =
            |needle: &[u8], from: usize| from + pdf[from..].windows(needle.len()).position(|at| at == needle).unwrap();
        assert!(pdf.starts_with(b"%PDF-1.7\n"));
        let tail = String::from_utf8_lossy(&pdf[pdf.len() - 200..]).into_owned();
        let start: usize = tail.split("startxref\n").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        let table = &pdf[start..];
        assert!(table.starts_with(b"xref\n0 "));
        let count: usize = String::from_utf8_lossy(&table[7..20]).lines().next().unwrap().parse().unwrap();
        let first = start + table.iter().skip(5).position(|b| *b == b'\n').unwrap() + 6;
        let mut objects = BTreeMap::new();
        for number in 1..count {
            let entry = std::str::from_utf8(&pdf[first + 20 * number..first + 20 * (number + 1)]).unwrap();
            assert!(entry.ends_with(" 00000 n\r\n"), "object {number} was reserved and never written: {entry:?}");
            let offset: usize = entry[..10].parse().unwrap();
            let head = format!("{number} 0 obj\n");
            assert!(pdf[offset..].starts_with(head.as_bytes()), "object {number} is not at {offset}");
            let end = find(b"endobj", offset);
            let body = &pdf[offset + head.len()..end];
            let split = body.windows(7).position(|at| at == b"stream\n").map(|at| at + 7);
            let dictionary = String::from_utf8_lossy(&body[..split.unwrap_or(body.len())]).into_owned();
            let mut stream = Vec::new();
            if let Some(split) = split {
                let length: usize = after(&dictionary, "/Length ").parse().unwrap();
                let bytes = &pdf[offset + head.len() + split..][..length];
                ZlibDecoder::new(bytes).read_to_end(&mut stream).unwrap();
            }
            objects.insert(number, (dictionary, stream));
        }
        Self(objects)
    }

    fn of_type(&self, name: &str) -> Vec<&String> {
        let name = format!("/Type/{name}");
        let is = |dictionary: &&String| {
            dictionary
                .match_indices(&name)
                .any(|(at, _)| !dictionary[at + name.len()..].starts_with(char::is_alphabetic))
        };
        self.0.values().map(|(dictionary, _)| dictionary).filter(is).collect()
    }

    /// Every object that a dictionary refers to exists.
    fn assert_whole(&self) {
        for (number, (dictionary, _)) in &self.0 {
            let words: Vec<&str> =
                dictionary.split(|c: char| "[]<>/ \n".contains(c)).filter(|w| !w.is_empty()).collect();
            for window in words.windows(3) {
                if let ([target, "0", "R"], Ok(to)) = (window, window[0].parse::<usize>()) {
                    assert!(self.0.contains_key(&to), "object {number} refers to {target}, which does not exist");
                }
            }
        }
    }

    /// What the pages show in the standard fonts, with a blank between runs.
    fn drawn(&self) -> String {
        let mut text = String::new();
        for (_, stream) in self.0.values() {
            let mut bytes = stream.iter();
            // What fonts' programs add is nonsense that does no harm.
            while let Some(open) = bytes.find(|b| matches!(b, b'(' | b'<')) {
                if *open == b'<' {
                    let digits: Vec<u8> = bytes.by_ref().take_while(|b| **b != b'>').copied().collect();
                    let pairs = digits.chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
                    text.extend(pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).map(char::from));
                } else {
                    string(&mut bytes, &mut text);
                }
                text.push(' ');
            }
        }
        text.replace('\u{a0}', " ")
    }
}

/// Reads a string up to its closing bracket.
fn string(bytes: &mut std::slice::Iter<'_, u8>, text: &mut String) {
    let mut depth = 1;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => text.extend(bytes.next().map(|b| char::from(*b))),
            b')' if depth == 1 => break,
            byte => {
                depth += i32::from(*byte == b'(') - i32::from(*byte == b')');
                text.push(char::from(*byte));
            }
        }
    }
}

/// The word after `key`.
fn after<'t>(text: &'t str, key: &str) -> &'t str {
    let rest = text.split(key).nth(1).unwrap_or_else(|| panic!("no {key} in {text}"));
    rest.split(|c: char| !c.is_ascii_digit()).next().unwrap()
}

#[test]
fn every_object_is_where_the_table_says_and_none_is_missing() {
    let mut documents = vec![
        pdf(&mut run(), Kind::Full, Language::English, &no_fonts()),
        pdf(&mut hostile("\u{1b}(\\)<b>\u{202e}) Tj ET"), Kind::Full, Language::English, &no_fonts()),
        pdf(&mut Endless::new(40, 60), Kind::Finding, Language::English, &no_fonts()),
    ];
    if has_japanese() {
        documents.push(pdf(&mut run(), Kind::Full, Language::Japanese, &FontFinder::system()));
    }
    for document in documents {
        let objects = Objects::read(&document);
        objects.assert_whole();
        let pages = objects.of_type("Page").len();
        let counted: usize =
            objects.of_type("Pages").iter().map(|node| after(node, "/Count ").parse::<usize>().unwrap()).sum();
        // The root counts all pages once more than its nodes do.
        assert_eq!(counted, 2 * pages);
        assert!(pages > 1);
        assert_eq!(objects.of_type("Catalog").len(), 1);
    }
}

#[test]
fn more_pages_than_a_node_holds_are_all_in_the_tree() {
    let document = pdf(&mut Endless::new(50, 200), Kind::Finding, Language::English, &no_fonts());
    let objects = Objects::read(&document);
    objects.assert_whole();
    assert!(objects.of_type("Pages").len() > 3);
    assert!(objects.of_type("Page").len() > 200);
}

#[test]
fn a_document_without_fonts_shows_replacements_and_says_so_on_its_first_page() {
    let document = pdf(&mut run(), Kind::Finding, Language::English, &no_fonts());
    let objects = Objects::read(&document);
    let drawn = objects.drawn();
    assert!(objects.of_type("Font").iter().all(|font| font.contains("/Subtype/Type1")));
    assert!(drawn.contains("characters of this report are in no font that was found"));
    assert!(drawn.contains("? 47 ?"));
    // Nothing is said where nothing is missing.
    let plain = pdf(&mut Endless::new(1, 1), Kind::Finding, Language::English, &FontFinder::system());
    if has_japanese() {
        assert!(!Objects::read(&plain).drawn().contains("in no font"));
    }
}

#[test]
fn beyond_the_worst_findings_the_others_are_counted() {
    let groups = u64::try_from(PDF_GROUPS_MAX).unwrap() + 3;
    let document = pdf(&mut Endless::new(1, groups), Kind::Finding, Language::English, &no_fonts());
    let drawn = Objects::read(&document).drawn();
    assert!(drawn.contains("CVE-2026-4999") && !drawn.contains("CVE-2026-5000"));
    assert!(drawn.contains("Further findings, by severity: Medium 3."));
}

#[test]
fn hosts_and_instances_beyond_the_bounds_are_counted() {
    let hosts = u64::try_from(PDF_AGENTS_MAX).unwrap() + 2;
    let document = pdf(&mut Endless::new(hosts, 1), Kind::Finding, Language::English, &no_fonts());
    let drawn = Objects::read(&document).drawn();
    let left = hosts - u64::try_from(PDF_INSTANCES_SHOWN_MAX).unwrap();
    assert!(drawn.contains(&format!("\u{85} and {left} further instances")));
    assert!(drawn.contains("\u{85} and 2 more"));
}

#[test]
fn a_text_that_is_longer_than_a_page_goes_on_over_pages() {
    let mut long = run();
    let words = "plugh ".repeat(3_000);
    long.findings[0].0.description = yagura_model::LocalText::untranslated(words.trim_end());
    long.findings[0].1[0].evidence = vec![yagura_model::LocalText::untranslated("x".repeat(9_000))];
    let document = pdf(&mut long, Kind::Finding, Language::English, &no_fonts());
    let drawn = Objects::read(&document).drawn();
    assert_eq!(drawn.matches("plugh").count(), 3_000);
    assert!(drawn.matches('x').count() >= 9_000);
    // The head of the table of instances stands again on the next page.
    assert!(drawn.matches("Evidence and attributes").count() > long.findings.len());
}

#[test]
fn backticks_are_code_in_sentences_and_themselves_in_names() {
    let mut quoted = run();
    quoted.agents[0].hostname = "`id`".into();
    quoted.findings[0].0.recommendation = yagura_model::LocalText::untranslated("Run `plugh now` then `wait");
    let drawn = Objects::read(&pdf(&mut quoted, Kind::Finding, Language::English, &no_fonts())).drawn();
    assert!(drawn.contains("`id`"));
    assert!(drawn.contains("Run  plugh now  then `wait"));
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let document = || pdf(&mut run(), Kind::Full, Language::English, &no_fonts());
    assert_eq!(document(), document());
}

#[test]
fn the_document_names_itself_and_its_language() {
    let document = pdf(&mut run(), Kind::Finding, Language::English, &no_fonts());
    let objects = Objects::read(&document);
    assert!(objects.of_type("Catalog")[0].contains("/Lang(en)"));
    let info = objects.0.values().find(|(dictionary, _)| dictionary.contains("/CreationDate")).unwrap();
    assert!(info.0.contains("/CreationDate(D:20261124100000Z)"), "{}", info.0);
    assert!(info.0.contains("/Creator(Yagura 0.1.0)"));
}

/// Runs a tool on the document; `None`, said aloud, where the machine has none.
fn tool_says(document: &[u8], tool: &str, before: &[&str], after: &[&str]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.pdf");
    std::fs::write(&path, document).unwrap();
    match Command::new(tool).args(before).arg(&path).args(after).output() {
        Ok(output) => {
            let says = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{tool}: {says}{}", String::from_utf8_lossy(&output.stderr));
            Some(says)
        }
        Err(_) => {
            yagura_testkit::announce_skip(&format!("skipped: no `{tool}` on this machine"));
            None
        }
    }
}

fn assert_order(text: &str, parts: &[&str]) {
    let mut from = 0;
    for part in parts {
        let at = text[from..].find(part).unwrap_or_else(|| panic!("no `{part}` after {from} in\n{text}"));
        from += at + part.len();
    }
}

#[test]
fn another_reader_finds_no_fault() {
    let fonts = if has_japanese() { FontFinder::system() } else { no_fonts() };
    let english = pdf(&mut run(), Kind::Full, Language::English, &fonts);
    tool_says(&english, "qpdf", &["--check"], &[]);
    if has_japanese() {
        tool_says(&pdf(&mut run(), Kind::Full, Language::Japanese, &fonts), "qpdf", &["--check"], &[]);
    }
}

#[test]
fn english_text_can_be_searched_in_order() {
    let document = pdf(&mut run(), Kind::Full, Language::English, &no_fonts());
    let Some(text) = tool_says(&document, "pdftotext", &["-layout"], &["-"]) else { return };
    assert_order(
        &text,
        &[
            "Weekly shop hosts",
            "Coverage and exclusions",
            "Not everything was assessed",
            "Agent is unhealthy",
            "Summary",
            "Instances",
            "db-2",
            "Severity High",
            "CVE-2024-12797",
            "man-in-middle attacks",
            "apt-get install --only-upgrade libssl3 openssl",
            "Severity Informational",
            "Rules checked",
            "Support SSH version 2 only",
        ],
    );
}

#[test]
fn japanese_text_can_be_searched_and_copied() {
    if !has_japanese() {
        return;
    }
    let document = pdf(&mut run(), Kind::Full, Language::Japanese, &FontFinder::system());
    let Some(text) = tool_says(&document, "pdftotext", &["-layout"], &["-"]) else { return };
    assert_order(
        &text,
        &[
            "第 47 週",
            "状況=対応済み",
            "評価範囲と除外",
            "概要",
            "検出結果",
            "重大度: 高",
            "「中間者攻撃」",
            "確認したルール",
            "不合格 2: web-1, web-2",
        ],
    );
    assert!(!text.contains('\u{fffd}'));
    for line in text.lines().map(str::trim) {
        assert!(!line.starts_with(['。', '、', '」', 'ー']), "{line}");
    }
}
