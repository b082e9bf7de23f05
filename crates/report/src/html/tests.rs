use super::*;
use crate::fixture;

fn page(language: Language) -> String {
    render(&fixture::assessment(), language).unwrap()
}

#[test]
fn the_policy_allows_exactly_the_script_on_the_page() {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, SCRIPT.as_bytes());
    assert_eq!(base64(digest.as_ref()), SCRIPT_HASH);
    assert!(page(Language::English).contains(&format!("<script>{SCRIPT}</script>")));
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = usize::try_from(group >> (18 - 6 * place) & 63).unwrap();
            text.push(if place <= chunk.len() { char::from(DIGITS[digit]) } else { '=' });
        }
    }
    text
}

#[test]
fn the_page_loads_nothing() {
    for language in [Language::English, Language::Japanese] {
        let page = page(language);
        for loader in ["<link", "<img", "<iframe", " src=", "@import", "url(", "<object"] {
            assert!(!page.contains(loader), "the page has {loader}");
        }
    }
}

#[test]
fn gaps_stand_before_sums_and_sums_before_findings() {
    let page = page(Language::English);
    let at = |needle: &str| page.find(needle).unwrap_or_else(|| panic!("no {needle}"));
    assert!(at("Not everything was assessed") < at("class=\"sum\""));
    assert!(at("class=\"sum\"") < at("Which upgrades fix most"));
    assert!(at("Which upgrades fix most") < at("id=\"s-high\""));
    assert!(at("id=\"s-high\"") < at("id=\"s-informational\""));
}

#[test]
fn every_severity_in_the_legend_leads_somewhere() {
    let page = page(Language::Japanese);
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.contains(&format!("id=\"{link}\"")), "#{link} leads nowhere");
    }
}

#[test]
fn the_ring_has_a_text_alternative() {
    assert!(page(Language::English).contains("aria-label=\"High 2, Medium 1, Undefined 0, Low 2, Informational 1\""));
    assert!(page(Language::Japanese).contains("aria-label=\"高 2, 中 1, 未評価 0, 低 2, 情報 1\""));
}

#[test]
fn settings_reboots_and_holds_are_told() {
    let page = page(Language::English);
    assert!(page.contains("/etc/ssh/sshd_config.d/50-cloud.conf:3: PermitRootLogin yes"));
    assert!(page.contains("<span class=\"tag hold\">held</span>"));
    assert!(page.contains("reboot pending: 6.1.0-27-amd64 still runs, 6.1.0-28-amd64 is installed"));
}

#[test]
fn upgrades_and_references_end_at_their_limits() {
    let mut assessment = fixture::assessment();
    assessment.upgrades = vec![assessment.upgrades[0].clone(); UPGRADES_MAX + 3];
    if let Evidence::Vulnerability(evidence) = &mut assessment.findings[0].evidence {
        evidence.references = vec![evidence.references[0].clone(); REFERENCES_MAX + 1];
    }
    let page = render(&assessment, Language::English).unwrap();
    assert_eq!(page.matches("<svg class=\"bar\"").count(), UPGRADES_MAX);
    assert!(page.contains("Further upgrades: 3 "));
    let links = page.matches("<li><a href=\"https://www.openssl.org").count();
    assert_eq!(links, REFERENCES_MAX - 1, "the vendor's page is the first link");
}

#[test]
fn backticks_set_code_and_nothing_else_is_markup() {
    assert_eq!(rich("run `a <b>` and `c`"), "run <code>a &#60;b&#62;</code> and <code>c</code>");
    assert_eq!(rich("a lone ` stays"), "a lone ` stays");
    assert_eq!(rich("`x` then ` alone"), "<code>x</code> then ` alone");
    assert_eq!(rich("\"'&"), "&#34;&#39;&#38;");
}
