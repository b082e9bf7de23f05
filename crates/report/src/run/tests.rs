use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use yagura_model::Severity;
use yagura_model::run_report::{FindingItem, RuleItem, RunAgent, RunCoverage, RunExclusion, RunHeader};

use super::fixture::{Endless, Invented, hostile, run};
use super::*;

const LANGUAGES: [Language; 2] = [Language::English, Language::Japanese];

fn html(source: &mut dyn RunReportSource, kind: Kind, language: Language) -> String {
    let mut out = Vec::new();
    render(source, Format::Html, kind, language, &FontFinder::within(Vec::new()), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The first stretch of `page` from `begin` up to and with `end`.
fn part<'p>(page: &'p str, begin: &str, end: &str) -> &'p str {
    let from = page.find(begin).unwrap_or_else(|| panic!("no {begin}"));
    let to = page[from..].find(end).unwrap_or_else(|| panic!("no {end}"));
    &page[from..from + to + end.len()]
}

#[test]
fn words_of_the_api_read_back() {
    for format in [Format::Html, Format::Pdf] {
        assert_eq!(Format::from_word(format.word()), Some(format));
    }
    for kind in [Kind::Finding, Kind::Full] {
        assert_eq!(Kind::from_word(kind.word()), Some(kind));
    }
    assert_eq!(Format::from_word("pdf"), None);
}

#[test]
fn the_parts_of_the_page_stand_in_order() {
    for language in LANGUAGES {
        let page = html(&mut run(), Kind::Full, language);
        let places = [
            "id=\"coverage\"",
            "id=\"exclusions\"",
            "class=\"sum\"",
            "id=\"instances\"",
            "id=\"findings\"",
            "id=\"rules\"",
        ]
        .map(|part| page.find(part).unwrap_or_else(|| panic!("no {part}")));
        assert!(places.is_sorted(), "{places:?}");
        assert!(page.ends_with("</html>\n"));
    }
}

#[test]
fn a_report_of_findings_has_no_rules() {
    assert!(!html(&mut run(), Kind::Finding, Language::English).contains("id=\"rules\""));
}

#[test]
fn every_element_that_opens_closes() {
    for language in LANGUAGES {
        let page = html(&mut run(), Kind::Full, language);
        for element in ["table", "tbody", "thead", "tr", "td", "section", "details", "div", "ul", "dl", "main"] {
            let opened = page.matches(&format!("<{element}>")).count() + page.matches(&format!("<{element} ")).count();
            assert_eq!(opened, page.matches(&format!("</{element}>")).count(), "<{element}>");
        }
        for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(page.contains(&format!("id=\"{link}\"")), "#{link} leads nowhere");
        }
    }
}

#[test]
fn the_page_loads_nothing() {
    let page = html(&mut run(), Kind::Full, Language::Japanese);
    for loader in ["<link", "<img", "<iframe", " src=", "@import", "url(", "<object"] {
        assert!(!page.contains(loader), "the page has {loader}");
    }
}

#[test]
fn an_instance_row_in_english() {
    let page = html(&mut run(), Kind::Finding, Language::English);
    insta::assert_snapshot!(part(&page, "<tr class=\"i\"><td><b>web-1</b><span class=\"small mono\">i-0f1e2d3c4b5a69788</span></td>", "</tr>"), @r#"<tr class="i"><td><b>web-1</b><span class="small mono">i-0f1e2d3c4b5a69788</span></td><td class="seen">2026-11-09</td><td><ul class="ev"><li>openssl 3.0.15-1~deb12u1 &#60; 3.0.16-1~deb12u1 (dpkg)</li></ul>担当者=基盤チーム<span class="small mono">arn:aws:inspector:eu-central-1:123456789012:target/0-kFIPusq5/template/0-4r1V2mAw/run/0-MKkpXXPE/finding/0-0001b112</span></td></tr>"#);
}

#[test]
fn lines_of_coverage_in_japanese() {
    let page = html(&mut run(), Kind::Finding, Language::Japanese);
    insta::assert_snapshot!(part(&page, "<tr><td>共通脆弱性識別子 (CVE)</td>", "</tbody>"), @r#"
    <tr><td>共通脆弱性識別子 (CVE)</td><td class="st gap">一部のみ評価</td><td class="num">1</td><td>Ubuntu 24.04 の勧告が取り込まれていません。<code>yagura feeds update ubuntu</code> を実行してください</td></tr>
    <tr><td>共通脆弱性識別子 (CVE) · cisa-kev</td><td class="st gap">データが古い</td><td class="num">3</td><td>2026-10-23 時点のデータ (31 日前)</td></tr>
    <tr><td>共通脆弱性識別子 (CVE) · debian-tracker</td><td class="st">評価済み</td><td class="num">2</td><td>2026-11-22 時点のデータ (1 日前)</td></tr>
    <tr><td>セキュリティのベストプラクティス</td><td class="st">評価済み</td><td class="num">3</td><td></td></tr>
    </tbody>
    "#);
}

#[test]
fn an_exclusion_in_both_languages() {
    let english = html(&mut run(), Kind::Finding, Language::English);
    insta::assert_snapshot!(part(&english, "<tr><td><b>Rules evaluation error", "</tr>"), @r#"<tr><td><b>Rules evaluation error for single instance</b><span class="small"><code>/etc/shadow</code> could not be read.</span></td><td>Run the agent as root.</td><td class="w"><span class="small">i-0aa04be1c9d3355f7</span><span class="small">Security Best Practices 1.1</span></td></tr>"#);
    let japanese = html(&mut run(), Kind::Finding, Language::Japanese);
    insta::assert_snapshot!(part(&japanese, "<tr><td><b>単一インスタンス", "</tr>"), @r#"<tr><td><b>単一インスタンスのルール評価エラー</b><span class="small"><code>/etc/shadow</code> を読み取れませんでした。</span></td><td>エージェントを root で実行してください。</td><td class="w"><span class="small">i-0aa04be1c9d3355f7</span><span class="small">セキュリティのベストプラクティス 1.1</span></td></tr>"#);
}

#[test]
fn a_rule_names_its_instances_by_result() {
    let page = html(&mut run(), Kind::Full, Language::English);
    insta::assert_snapshot!(part(&page, "<tr><td><b>Support SSH version 2", "</tr>"), @r#"<tr><td><b>Support SSH version 2 only</b><span class="small">SSH protocol 1 is allowed</span></td><td class="st"><span class="dot medium"></span>Medium</td><td><span class="small">passed 2: web-1, web-2</span><span class="small">not applicable 1: i-0aa04be1c9d3355f7</span></td></tr>"#);
}

#[test]
fn hostile_texts_are_shown_and_do_nothing() {
    let text = "<script>alert(1)</script><b onclick='x'>\"&\u{1b}[2J\u{202e}";
    for language in LANGUAGES {
        let page = html(&mut hostile(text), Kind::Full, language);
        // Once as the page's own filter, and never else.
        assert_eq!(page.matches("<script").count(), 1);
        assert!(!page.contains("<b onclick") && !page.contains("onclick='x'"));
        assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'));
        assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;"));
    }
}

#[test]
fn a_run_with_nothing_to_say_is_still_a_report() {
    let mut empty = run();
    empty.coverage.clear();
    empty.exclusions.clear();
    empty.agents.clear();
    empty.findings.clear();
    empty.rules.clear();
    empty.header.exclusions = 0;
    empty.header.counts = Default::default();
    (empty.header.agents, empty.header.agents_evaluated) = (0, 0);
    let page = html(&mut empty, Kind::Full, Language::English);
    assert!(page.contains("Nothing was found.") && page.contains("No results of rules were recorded."));
    // No instance was judged: that is no good news.
    assert!(page.contains("panel warn") && !page.contains("panel good"));
}

#[test]
fn a_whole_run_says_so() {
    let mut whole = run();
    whole.coverage.truncate(0);
    whole.exclusions.clear();
    whole.header.exclusions = 0;
    whole.header.agents_evaluated = whole.header.agents;
    assert!(html(&mut whole, Kind::Finding, Language::English).contains("panel good"));
    assert!(html(&mut whole, Kind::Finding, Language::Japanese).contains("対象はすべて最新のデータで評価されました。"));
}

#[test]
fn a_list_of_instances_is_cut_visibly() {
    let hosts = u64::try_from(INSTANCES_SHOWN_MAX).unwrap();
    let cut = html(&mut Endless::new(hosts + 7, 1), Kind::Finding, Language::English);
    let group = part(&cut, "<tbody class=\"f ", "</details>");
    assert_eq!(group.matches("<tr class=\"i\">").count(), INSTANCES_SHOWN_MAX);
    assert!(group.contains("<p class=\"cut\">… and 7 further instances (see the findings of the run)</p>"));
    let whole = html(&mut Endless::new(hosts, 1), Kind::Finding, Language::English);
    assert!(!whole.contains("class=\"cut\""));
}

#[test]
fn further_exclusions_and_scopes_are_counted() {
    let mut large = run();
    let exclusion = large.exclusions[1].clone();
    large.exclusions = vec![exclusion; GAPS_SHOWN_MAX + 3];
    large.exclusions[0].scopes = vec![large.exclusions[0].scopes[0].clone(); SCOPES_SHOWN_MAX + 4];
    large.header.exclusions = u64::try_from(GAPS_SHOWN_MAX + 3).unwrap();
    let page = html(&mut large, Kind::Finding, Language::Japanese);
    assert!(page.contains("… ほか 3 件") && page.contains("… ほか 4 件"));
}

/// What left of a document, and how much its source had told by then.
#[derive(Default)]
struct Watch {
    told: Rc<Cell<u64>>,
    /// How much had been told at each write, and how many bytes it had.
    writes: Rc<RefCell<Vec<(u64, usize)>>>,
}

impl Write for Watch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes.borrow_mut().push((self.told.get(), bytes.len()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts what a source tells.
struct Counting {
    inner: Endless,
    told: Rc<Cell<u64>>,
}

impl RunReportSource for Counting {
    fn header(&mut self) -> Result<RunHeader, RunReportError> {
        self.inner.header()
    }

    fn coverage(&mut self, each: &mut dyn FnMut(&RunCoverage) -> Wanted) -> Result<(), RunReportError> {
        self.inner.coverage(each)
    }

    fn exclusions(&mut self, each: &mut dyn FnMut(&RunExclusion) -> Wanted) -> Result<(), RunReportError> {
        self.inner.exclusions(each)
    }

    fn agents(&mut self, each: &mut dyn FnMut(&RunAgent) -> Wanted) -> Result<(), RunReportError> {
        let told = Rc::clone(&self.told);
        self.inner.agents(&mut |agent| {
            told.set(told.get() + 1);
            each(agent)
        })
    }

    fn findings(&mut self, each: &mut dyn FnMut(FindingItem<'_>) -> Wanted) -> Result<(), RunReportError> {
        let told = Rc::clone(&self.told);
        self.inner.findings(&mut |item| {
            told.set(told.get() + 1);
            each(item)
        })
    }

    fn rules(&mut self, each: &mut dyn FnMut(RuleItem<'_>) -> Wanted) -> Result<(), RunReportError> {
        self.inner.rules(each)
    }
}

/// Fifty thousand findings leave as they come: between two writes only a buffer's worth is heard,
/// and no write holds more than a buffer or the compressed drawing of a page.
#[test]
fn memory_does_not_grow_with_the_findings() {
    // The page lists 500 instances a finding and a PDF 50, so each gets its own shape of run.
    for (format, hosts, groups) in [(Format::Html, 500, 100), (Format::Pdf, 50, 1_000)] {
        let told = Rc::new(Cell::new(0));
        let mut source = Counting { inner: Endless::new(hosts, groups), told: Rc::clone(&told) };
        let mut watch = Watch { told: Rc::clone(&told), ..Watch::default() };
        let writes = Rc::clone(&watch.writes);
        let fonts = FontFinder::within(Vec::new());
        render(&mut source, format, Kind::Full, Language::English, &fonts, &mut watch).unwrap();
        let writes = writes.borrow();
        assert!(told.get() > 50_000);
        assert!(writes.len() > 20, "{} writes of {format:?}", writes.len());
        let largest = writes.iter().map(|(_, bytes)| *bytes).max().unwrap();
        assert!(largest <= 2 * BUFFER_BYTES, "a write of {largest} bytes of {format:?}");
        // A compressed page has some 2 KB, so a full buffer of a PDF is about thirty pages.
        let gap = writes.windows(2).map(|pair| pair[1].0 - pair[0].0).max().unwrap();
        assert!(gap < 2_000, "{gap} values heard between two writes of {format:?}");
    }
}

#[test]
fn an_error_of_the_source_ends_the_report() {
    for format in [Format::Html, Format::Pdf] {
        let mut source = Endless { fails_after: 40, ..Endless::new(10, 100) };
        let fonts = FontFinder::within(Vec::new());
        let error = render(&mut source, format, Kind::Full, Language::English, &fonts, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, RunRenderError::Source(_)));
        assert_eq!(error.to_string(), "cannot read the assessment run's findings");
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the disk is gone");
    }
}

/// A disk that is full after some bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 < bytes.len() {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_of_the_disk_stops_the_source_too() {
    for format in [Format::Html, Format::Pdf] {
        let mut source = Endless::new(50, 2_000);
        let fonts = FontFinder::within(Vec::new());
        let out = &mut Full(200_000);
        let error = render(&mut source, format, Kind::Full, Language::English, &fonts, out).unwrap_err();
        assert!(matches!(error, RunRenderError::Write(_)), "{error}");
        assert!(source.told < 50_000, "the source went on to {}", source.told);
    }
}

#[test]
fn a_japanese_pdf_without_a_font_is_refused_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let fonts = FontFinder::within(vec![folder.path().into()]);
    let mut out = Vec::new();
    let error = render(&mut run(), Format::Pdf, Kind::Finding, Language::Japanese, &fonts, &mut out).unwrap_err();
    assert!(matches!(error, RunRenderError::NoJapaneseFont { .. }));
    let text = error.to_string();
    for part in ["fonts-noto-cjk", "fonts-ipafont-gothic", &folder.path().display().to_string()] {
        assert!(text.contains(part), "{text}");
    }
    assert!(out.is_empty());
    // The page needs none.
    assert!(html(&mut run(), Kind::Finding, Language::Japanese).contains("検出結果"));
}

#[test]
fn the_invented_run_counts_what_it_tells() {
    let Invented { header, agents, findings, .. } = run();
    let told: u64 = findings.iter().map(|(group, _)| group.instances).sum();
    assert_eq!(header.counts.total(), told);
    let by_host = agents.iter().map(|agent| agent.counts.get(Severity::High)).sum::<u64>();
    assert_eq!(header.counts.get(Severity::High), by_host);
}
