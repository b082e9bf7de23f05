//! The reference's results on four synthetic hosts: every rule, every definition and test, every score.
//!
//! `SCAP_CASE=debian12` runs only the cases whose name holds the word.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]
#![expect(clippy::disallowed_methods, reason = "the archives are unpacked by the programs that made them")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use yagura_probe::RootedHost;
use yagura_probe::oval::Collector;
use yagura_scap::{Compiled, Content, Judged, Selection, Unwatched, judge};

const RULE: &str = "xccdf_org.ssgproject.content_rule_";

/// How far a score may be from the reference's, which computes in single precision.
const SCORE_TOLERANCE: f64 = 0.001;

/// Rule or definition or test to result, by case.
type Expected = BTreeMap<String, BTreeMap<String, String>>;

fn unpacked(path: &Path) -> Option<Vec<u8>> {
    let output = Command::new("xz").arg("-dc").arg(path).output().ok()?;
    output.status.success().then_some(output.stdout)
}

fn table(path: &Path, key: impl Fn(&[&str]) -> String, value: usize) -> Option<Expected> {
    let text = String::from_utf8(unpacked(path)?).unwrap();
    let mut expected = Expected::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        expected.entry(fields[0].to_owned()).or_default().insert(key(&fields), fields[value].to_owned());
    }
    Some(expected)
}

fn root(data: &Path, name: &str, below: &Path) -> Option<PathBuf> {
    let target = below.join(name);
    if target.exists() {
        return Some(target);
    }
    std::fs::create_dir(&target).unwrap();
    let archive = data.join("roots").join(format!("{name}.tar.xz"));
    let mut tar = Command::new("tar");
    tar.arg("-xJpf").arg(archive).arg("--numeric-owner").arg("--same-owner").arg("-C").arg(&target);
    if !tar.output().is_ok_and(|output| output.status.success()) {
        return None;
    }
    // Archives of roots hold the root itself or its entries.
    let inner = target.join(name);
    Some(if inner.is_dir() { inner } else { target })
}

#[test]
fn thirteen_cases_agree_with_the_reference() {
    let Some(data) = yagura_testkit::shared_data("scap") else { return };
    if !rustix_is_root() {
        yagura_testkit::announce_skip("skipped: owners of the roots' files can be restored by root only");
        return;
    }
    let rules = table(&data.join("expected/rules.tsv.xz"), |fields| fields[1].to_owned(), 2);
    let oval =
        table(&data.join("expected/oval.tsv.xz"), |fields| format!("{} {} {}", fields[1], fields[2], fields[3]), 4);
    let (Some(rules), Some(oval)) = (rules, oval) else {
        yagura_testkit::announce_skip("skipped: no program xz");
        return;
    };
    let scores = std::fs::read_to_string(data.join("expected/scores.tsv")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let only = std::env::var("SCAP_CASE").unwrap_or_default();
    let mut contents: BTreeMap<String, Content> = BTreeMap::new();
    let mut differences = Vec::new();
    let (mut rules_compared, mut oval_compared) = (0, 0);
    for (case, expected) in rules.iter().filter(|(case, _)| case.contains(&only)) {
        let [root_name, stream, profile] = case.split('|').collect::<Vec<_>>().try_into().unwrap();
        let content = contents.entry(stream.to_owned()).or_insert_with(|| {
            let bytes = unpacked(&data.join("streams").join(format!("{stream}.xml.xz"))).unwrap();
            Content::parse(&bytes).unwrap()
        });
        let selection = if profile == "all" { Selection::All } else { Selection::Profile(profile) };
        let compiled = content.compile(None, selection).unwrap();
        // What is judged went through the file that agents get.
        let compiled = Compiled::from_bytes(&compiled.to_bytes().unwrap()).unwrap();
        let host = RootedHost::open(root(&data, root_name, folder.path()).unwrap()).unwrap();
        let go_on = || false;
        let mut collector = Collector::new(&host, &go_on);
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        let judged = judge(&compiled, &mut collector, &mut Unwatched, now).unwrap();
        rules_compared += expected.len();
        let mut wrong_rules = BTreeSet::new();
        for (rule, ours) in rule_results(&judged) {
            match expected.get(&rule) {
                Some(theirs) if *theirs == ours => {}
                theirs => {
                    differences.push(format!("{case} rule {rule}: {ours}, the reference has {theirs:?}"));
                    wrong_rules.insert(rule);
                }
            }
        }
        // The reference numbers documents in the order of their first use; the larger one is not the platforms'.
        let first = oval[case].keys().filter(|name| name.starts_with('0')).count();
        let ours = oval_results(&judged, if first * 2 > oval[case].len() { ["1", "0"] } else { ["0", "1"] });
        oval_compared += oval[case].len();
        for (name, theirs) in &oval[case] {
            if ours.get(name) != Some(theirs) {
                differences.push(format!("{case} {name}: {:?}, the reference has {theirs}", ours.get(name)));
            }
        }
        for line in scores.lines().filter(|line| line.starts_with(&format!("{case}\t"))) {
            let theirs: f64 = line.split('\t').nth(2).unwrap().parse().unwrap();
            let ours = judged.results.scores[0].score;
            if (ours - theirs).abs() > SCORE_TOLERANCE {
                differences.push(format!("{case} score {ours}, the reference has {theirs}"));
            }
        }
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
    if only.is_empty() {
        assert_eq!((rules_compared, oval_compared), (6_534, 21_136));
    }
}

fn rustix_is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

fn rule_results(judged: &Judged<'_>) -> Vec<(String, String)> {
    let short = |id: &str| id.strip_prefix(RULE).unwrap_or(id).to_owned();
    let results = judged.results.rules.iter().map(|result| (short(&result.id), result.outcome.name().to_owned()));
    results.filter(|(_, outcome)| outcome != "notselected").collect()
}

/// `numbers` are those of the platforms' document and of the rules'.
fn oval_results(judged: &Judged<'_>, numbers: [&str; 2]) -> BTreeMap<String, String> {
    let number = |document: &str| if document.contains("cpe") { numbers[0] } else { numbers[1] };
    let definitions = judged.definitions().into_iter().map(|verdict| ("def", verdict));
    let tests = judged.tests().into_iter().map(|verdict| ("test", verdict));
    let named = definitions.chain(tests).map(|(kind, verdict)| {
        (format!("{} {kind} {}", number(&verdict.document), verdict.id), verdict.truth.name().to_owned())
    });
    named.collect()
}
