//! `yagura assess`: findings, gates, languages and formats.

use yagura_testkit::{FeedMirror, HostTree};

use crate::support::{Yagura, finding_lines, today};

fn vulnerable() -> HostTree {
    HostTree::debian_12().unwrap().package("libdemo1", "1.2-1+b1", "demo (1.2-1)").unwrap()
}

#[test]
fn a_vulnerable_package_becomes_a_finding_with_its_evidence() {
    let (yagura, mirror, host) = (Yagura::new(), FeedMirror::demo(&today()).unwrap(), vulnerable());
    yagura.sync(mirror.path());
    let result = yagura.assess_json(host.path(), &["--rules", "cve"]);
    assert_eq!(finding_lines(&result), ["CVE-2099-0001 demo 1.2-1 1.2-3 High", "CVE-2099-0002 demo 1.2-1 - Low"]);
    let evidence = &result["findings"][0]["evidence"];
    assert_eq!(evidence["advisory"], "DSA-9001-1");
    assert_eq!(evidence["feed"], "debian-tracker");
    assert_eq!(evidence["package"], "libdemo1");
    assert_eq!(evidence["scheme"], "dpkg");
    assert_eq!(evidence["cve"], "CVE-2099-0001");
    assert_eq!(result["findings"][0]["numericSeverity"], 9.0);
    assert_eq!(result["host"]["name"], "tower");
    assert!(result["schemaVersion"].is_number() || result["schemaVersion"].is_string());
}

#[test]
fn a_repaired_package_has_no_finding_for_what_was_repaired() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    yagura.sync(mirror.path());
    let host = HostTree::debian_12().unwrap().package("libdemo1", "1.2-3", "demo").unwrap();
    let result = yagura.assess_json(host.path(), &["--rules", "cve"]);
    assert_eq!(finding_lines(&result), ["CVE-2099-0002 demo 1.2-3 - Low"]);
}

#[test]
fn removed_packages_are_listed_but_not_judged() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    yagura.sync(mirror.path());
    let host = HostTree::debian_12()
        .unwrap()
        .record("Package: demo\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1.0-1\n")
        .unwrap();
    let result = yagura.assess_json(host.path(), &["--rules", "cve"]);
    assert!(finding_lines(&result).is_empty());
}

#[test]
fn the_gate_and_the_strict_flag_have_their_codes() {
    let (yagura, mirror, host) = (Yagura::new(), FeedMirror::demo(&today()).unwrap(), vulnerable());
    let root = host.path().to_str().unwrap();
    let assess = |more: &[&str]| {
        let mut words = vec!["assess", "--root", root, "--rules", "cve", "--offline"];
        words.extend(more);
        yagura.run(&words).code
    };
    assert_eq!(assess(&[]), 0);
    assert_eq!(assess(&["--strict"]), 4);
    yagura.sync(mirror.path());
    assert_eq!(assess(&["--strict"]), 0);
    assert_eq!(assess(&["--fail-on", "high"]), 1);
    assert_eq!(assess(&["--fail-on", "low", "--strict"]), 1);
    let fixed = HostTree::debian_12().unwrap().package("libdemo1", "1.2-3", "demo").unwrap();
    let run = yagura.run(&["assess", "--root", fixed.path().to_str().unwrap(), "--rules", "cve", "--fail-on", "high"]);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn no_index_is_said_aloud() {
    let (yagura, host) = (Yagura::new(), vulnerable());
    let run = yagura.run(&["assess", "--root", host.path().to_str().unwrap(), "--offline"]);
    assert_eq!(run.code, 0);
    assert!(run.out.contains("feed sync"), "{}", run.out);
    let result = yagura.assess_json(host.path(), &["--rules", "cve"]);
    assert_eq!(result["coverage"][0]["state"], "not-assessed");
    assert!(finding_lines(&result).is_empty());
}

#[test]
fn old_data_is_said_aloud() {
    let (yagura, mirror, host) = (Yagura::new(), FeedMirror::demo("2026-01-05").unwrap(), vulnerable());
    yagura.sync(mirror.path());
    let run = yagura.run(&["assess", "--root", host.path().to_str().unwrap(), "--rules", "cve", "--strict"]);
    assert_eq!(run.code, 4);
    assert!(run.out.contains("days old") && run.out.contains("feed sync"), "{}", run.out);
}

#[test]
fn a_release_that_no_feed_speaks_of_is_not_assessed() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    yagura.sync(mirror.path());
    let host = HostTree::empty()
        .unwrap()
        .file("etc/os-release", "ID=ubuntu\nVERSION_ID=\"22.04\"\nPRETTY_NAME=\"Ubuntu 22.04\"\n")
        .unwrap()
        .package("libdemo1", "1.2-1", "demo")
        .unwrap();
    let result = yagura.assess_json(host.path(), &["--rules", "cve"]);
    assert!(finding_lines(&result).is_empty());
    assert_eq!(result["coverage"][0]["state"], "not-assessed");
}

#[test]
fn every_format_renders_both_languages() {
    let (yagura, mirror, host) = (Yagura::new(), FeedMirror::demo(&today()).unwrap(), vulnerable());
    yagura.sync(mirror.path());
    for format in ["table", "json", "csv", "html", "sarif", "cyclonedx"] {
        let render = |language: &str| {
            let root = host.path().to_str().unwrap();
            let run = yagura.run(&["assess", "--root", root, "--format", format, "--lang", language]);
            assert_eq!(run.code, 0, "{format}: {}", run.err);
            assert!(run.out.contains("CVE-2099-0001"), "{format}");
            run.out
        };
        let (english, japanese) = (render("en"), render("ja"));
        assert!(japanese.chars().any(|c| ('ぁ'..='ん').contains(&c)), "{format} has no Japanese");
        assert!(!english.chars().any(|c| ('ぁ'..='ん').contains(&c)), "{format} has Japanese in English");
    }
}

#[test]
fn the_result_goes_to_a_file_and_gaps_to_the_screen() {
    let (yagura, host) = (Yagura::new(), vulnerable());
    let file = yagura.data.path().join("result.html");
    let run = yagura.run(&[
        "assess",
        "--root",
        host.path().to_str().unwrap(),
        "--offline",
        "--format",
        "html",
        "--output",
        file.to_str().unwrap(),
    ]);
    assert_eq!((run.code, run.out.as_str()), (0, ""));
    assert!(run.err.contains("not assessed"), "{}", run.err);
    let page = std::fs::read_to_string(file).unwrap();
    assert!(page.to_ascii_lowercase().starts_with("<!doctype html>"), "{page}");
}
