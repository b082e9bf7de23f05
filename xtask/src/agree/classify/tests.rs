use super::*;

/// Versions of these tests are numbers.
fn numbers(version: &str, than: &str) -> Result<bool> {
    Ok(version.parse::<u32>()? < than.parse::<u32>()?)
}

/// `PACKAGE SOURCE VERSION WANT STATE`, one a line.
fn database(lines: &[&str]) -> Database {
    let mut text = String::new();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let [package, source, version, want, state] = words[..] else { panic!("{line}") };
        let maintainer = if source == "nodejs" { "x@nodesource.com" } else { "x@lists.debian.org" };
        text.push_str(&format!(
            "Package: {package}\nSource: {source}\nVersion: {version}\nMaintainer: X <{maintainer}>\n\
             Status: {want} ok {state}\n\n"
        ));
    }
    Database::parse(&text)
}

/// The class of a row of `source` that is fixed in version 5.
fn class(peer: Peer, side: Side, source: &str, lines: &[&str]) -> Option<&'static str> {
    on(None, peer, side, source, lines)
}

fn on(running: Option<&str>, peer: Peer, side: Side, source: &str, lines: &[&str]) -> Option<&'static str> {
    let foreign = BTreeSet::from(["nodejs 4".to_owned(), "corp 4".to_owned()]);
    let database = database(lines);
    let facts = Facts { peer, database: &database, foreign: &foreign, running, is_older: &numbers };
    facts.reason(&Row::new(source, "CVE-1"), side, Some(&Some("5".to_owned()))).unwrap()
}

use Peer::{Debsecan, Trivy};
use Side::{Ours, Theirs};

#[test]
fn a_plain_package_has_no_excuse_on_either_side() {
    let plain = ["a a 4 install installed"];
    for peer in [Debsecan, Trivy] {
        assert_eq!(class(peer, Ours, "a", &plain), None);
        assert_eq!(class(peer, Theirs, "a", &plain), None);
    }
}

#[test]
fn a_row_that_the_statement_does_not_give_has_no_excuse() {
    for state in ["installed", "half-installed", "config-files"] {
        let repaired = format!("a a 5 install {state}");
        assert_eq!(class(Debsecan, Ours, "a", &[&repaired]), None, "{state}");
        assert_eq!(class(Trivy, Theirs, "a", &[&repaired]), None, "{state}");
    }
    let database = database(&["a a 4 install config-files"]);
    let facts =
        Facts { peer: Trivy, database: &database, foreign: &BTreeSet::new(), running: None, is_older: &numbers };
    let row = Row::new("a", "CVE-1");
    assert_eq!(facts.reason(&row, Theirs, None).unwrap(), None, "no statement");
    assert_eq!(facts.reason(&row, Theirs, Some(&None)).unwrap(), Some(REMOVED), "never repaired");
}

#[test]
fn states_excuse_only_the_peer_that_passes_over_them() {
    assert_eq!(class(Trivy, Theirs, "a", &["a a 4 install config-files"]), Some(REMOVED));
    assert_eq!(class(Trivy, Ours, "a", &["a a 4 install config-files"]), None, "it must not be ours");
    for state in ["half-installed", "unpacked", "half-configured"] {
        let line = format!("a a 4 install {state}");
        assert_eq!(class(Debsecan, Ours, "a", &[&line]), Some(IN_PART), "{state}");
        assert_eq!(class(Trivy, Ours, "a", &[&line]), None, "{state}");
    }
    assert_eq!(class(Debsecan, Ours, "a", &["a a 4 install triggers-pending"]), Some(TRIGGERS));
    assert_eq!(class(Trivy, Ours, "a", &["a a 4 purge installed"]), Some(MARKED));
    assert_eq!(class(Debsecan, Ours, "a", &["a a 4 purge installed"]), None);
}

#[test]
fn every_package_that_carries_the_row_needs_the_excuse() {
    let mixed = ["a1 a 4 install config-files", "a2 a 4 install installed"];
    assert_eq!(class(Trivy, Theirs, "a", &mixed), None);
    let mixed = ["a1 a 4 install unpacked", "a2 a 4 install installed"];
    assert_eq!(class(Debsecan, Ours, "a", &mixed), None);
    // The whole one is repaired, so it carries nothing.
    let mixed = ["a1 a 4 install unpacked", "a2 a 5 install installed"];
    assert_eq!(class(Debsecan, Ours, "a", &mixed), Some(IN_PART));
}

#[test]
fn a_foreign_build_is_told_by_its_record_or_by_our_word() {
    assert_eq!(class(Trivy, Theirs, "nodejs", &["nodejs nodejs 4 install installed"]), Some(FOREIGN));
    assert_eq!(class(Trivy, Theirs, "corp", &["corp corp 4 install installed"]), Some(FOREIGN_BY_WORD));
    assert_eq!(class(Trivy, Theirs, "nodejs", &["nodejs nodejs 3 install installed"]), None, "another version");
    let half = ["nodejs nodejs 4 install unpacked"];
    assert_eq!(class(Debsecan, Ours, "nodejs", &half), None, "we must not claim what is not Debian's");
    let backport = Record { version: "1~bpo12+1".into(), ..database(&["a a 1 install installed"]).records.remove(0) };
    assert!(shows_stranger(&backport));
}

const HEADERS: &str = "linux-libc-dev linux 4 install installed";
const OLD: &str = "linux-image-1-amd64 linux-signed-amd64 4 install installed";
const NEW: &str = "linux-image-2-amd64 linux-signed-amd64 6 install installed";
const META: &str = "linux-image-amd64 linux-signed-amd64 4 install installed";

#[test]
fn headers_are_no_kernel() {
    let class = |side, lines: &[&str]| class(Trivy, side, "linux", lines).unwrap_or_default();
    assert!(class(Theirs, &[HEADERS]).starts_with("headers, libraries and tools from"));
    assert!(class(Theirs, &[HEADERS, META]).starts_with("headers, libraries and tools from"));
    let gone = "linux-image-1-amd64 linux-signed-amd64 4 deinstall config-files";
    assert!(class(Theirs, &[HEADERS, gone]).starts_with("headers, libraries and tools from"));
    assert_eq!(class(Ours, &[HEADERS]), "", "headers alone must not be a kernel to us");
    assert!(class(Theirs, &[HEADERS, NEW]).starts_with("headers, libraries and tools older"));
    assert_eq!(class(Theirs, &[HEADERS, OLD]), "", "the kernel has the flaw: ours to give");
}

#[test]
fn an_image_is_judged_under_the_kernels_own_name() {
    let unsigned = "linux-image-1-amd64-unsigned linux 4 install installed";
    assert!(class(Trivy, Ours, "linux", &[OLD]).is_some_and(|class| class.starts_with("a signed kernel image")));
    assert_eq!(class(Trivy, Ours, "linux", &[OLD, NEW]), None, "the newest is repaired");
    assert_eq!(class(Trivy, Ours, "linux-6.12", &[OLD]), None, "another source");
    assert_eq!(class(Trivy, Ours, "linux", &[unsigned]), None, "peers judge that one");
    assert!(class(Trivy, Theirs, "linux", &[unsigned, NEW]).is_some_and(|class| class.contains("does not run")));
}

#[test]
fn on_a_live_machine_the_running_image_counts() {
    let on = |running, side, lines: &[&str]| on(Some(running), Trivy, side, "linux", lines).unwrap_or_default();
    assert!(on("1-amd64", Ours, &[OLD, NEW]).starts_with("a signed kernel image"));
    assert_eq!(on("2-amd64", Ours, &[OLD, NEW]), "");
    assert!(on("6.18-custom", Theirs, &[HEADERS, OLD]).starts_with("the running kernel is none"));
}
