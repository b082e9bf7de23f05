//! Bad input: each a clear message and the right exit code.

use std::fs::File;
use std::path::Path;

use yagura_testkit::{FeedMirror, HostTree};

use crate::support::{Yagura, today};

#[test]
fn a_root_that_is_not_there() {
    let yagura = Yagura::new();
    for command in ["assess", "inventory", "sbom"] {
        let run = yagura.run(&[command, "--root", "/nonexistent"]);
        assert_eq!(run.code, 2, "{command}");
        assert!(run.err.contains("/nonexistent"), "{}", run.err);
    }
}

#[test]
fn words_that_do_not_exist() {
    let yagura = Yagura::new();
    for words in [
        &["assess", "--rules", "cis"][..],
        &["assess", "--format", "pdf"],
        &["assess", "--fail-on", "severe"],
        &["frobnicate"],
        &["--lang", "xx", "inventory"],
    ] {
        let run = yagura.run(words);
        assert_eq!(run.code, 2, "{words:?}");
        assert!(!run.err.is_empty());
    }
    assert_eq!(yagura.run(&["--help"]).code, 0);
    assert_eq!(yagura.run(&["--version"]).code, 0);
}

#[test]
fn a_root_without_os_release_is_not_assessed_and_says_so() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    yagura.sync(mirror.path());
    let host = HostTree::empty().unwrap().package("libdemo1", "1.2-1", "demo").unwrap();
    let root = host.path().to_str().unwrap();
    let run = yagura.run(&["assess", "--root", root, "--rules", "cve", "--strict"]);
    assert_eq!(run.code, 4);
    assert!(run.out.contains("os-release"), "{}", run.out);
}

#[test]
fn a_package_database_of_one_gigabyte_is_refused() {
    let yagura = Yagura::new();
    let host = HostTree::debian_12().unwrap();
    File::create(host.join("var/lib/dpkg/status")).unwrap().set_len(1 << 30).unwrap();
    let run = yagura.run(&["inventory", "--root", host.path().to_str().unwrap()]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("larger than"), "{}", run.err);
    let run = yagura.run(&["assess", "--root", host.path().to_str().unwrap(), "--offline"]);
    assert_eq!(run.code, 3, "{}", run.err);
}

#[test]
fn a_package_database_that_is_a_fifo_does_not_hang() {
    let yagura = Yagura::new();
    let host = HostTree::debian_12().unwrap();
    let status = host.join("var/lib/dpkg/status");
    std::fs::remove_file(&status).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&status).status();
    if !made.is_ok_and(|status| status.success()) {
        yagura_testkit::announce_skip("skipped: mkfifo is not here");
        return;
    }
    let run = yagura.run(&["inventory", "--root", host.path().to_str().unwrap()]);
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
}

#[test]
fn a_zip_bomb_is_refused_and_the_old_index_stays() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    yagura.sync(mirror.path());
    // 4 GiB of commas in half a MiB: one frame of 32 MiB, 128 times over.
    let frame = zstd::encode_all(vec![b','; 32 << 20].as_slice(), 1).unwrap();
    mirror.write(&format!("epss/epss_scores-{}.csv.gz", today()), &frame.repeat(128)).unwrap();
    let run = yagura.run(&["feed", "sync", "--mirror", mirror.path().to_str().unwrap()]);
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    assert!(run.err.contains("epss"), "{}", run.err);
    let status: serde_json::Value =
        serde_json::from_str(&yagura.run(&["feed", "status", "--format", "json"]).out).unwrap();
    assert_eq!(status["feeds"].as_array().unwrap().iter().filter(|feed| feed["freshness"] == "fresh").count(), 5);
}

#[test]
fn a_data_directory_that_cannot_be_written() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    let words = ["feed", "sync", "--mirror", mirror.path().to_str().unwrap()];
    // Even root cannot make a directory below a file or inside /proc.
    for data_dir in ["/dev/null/yagura", "/proc/yagura"] {
        let run = yagura.run_in(Path::new(data_dir), &words);
        assert_eq!(run.code, 3, "{data_dir}: {}", run.err);
        assert!(run.err.contains(data_dir), "{}", run.err);
    }
}

#[test]
fn a_mirror_that_is_not_there() {
    let yagura = Yagura::new();
    let run = yagura.run(&["feed", "sync", "--mirror", "/nonexistent/mirror"]);
    assert!([2, 3].contains(&run.code), "{}", run.code);
    assert!(run.err.contains("/nonexistent/mirror"), "{}", run.err);
}

#[test]
fn a_dead_mirror_is_told_and_the_old_index_stays() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    yagura.sync(mirror.path());
    // Port 9 (discard) of loopback: nobody listens there.
    let run = yagura.run(&["feed", "sync", "--mirror", "http://127.0.0.1:9/feeds"]);
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    assert_eq!(yagura.run(&["feed", "status"]).code, 0);
    let host = HostTree::debian_12().unwrap().package("libdemo1", "1.2-1", "demo").unwrap();
    assert_eq!(yagura.assess_json(host.path(), &["--rules", "cve"])["findings"].as_array().unwrap().len(), 2);
}

#[test]
fn a_damaged_index_is_told_once_with_its_remedy_and_healed() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    yagura.sync(mirror.path());
    let host = HostTree::debian_12().unwrap().package("libdemo1", "1.2-1", "demo").unwrap();
    let index = || {
        let folder = yagura.data.path().join("index");
        let pointer = std::fs::read(folder.join("current.json")).unwrap();
        let pointer: serde_json::Value = serde_json::from_slice(&pointer).unwrap();
        folder.join(format!("index-{}.yidx", &pointer["sha256"].as_str().unwrap()[..16]))
    };
    // Cut short, of another format, and with one byte turned where opening does not look.
    let harm: [fn(&mut Vec<u8>); 3] =
        [|bytes| bytes.truncate(100), |bytes| bytes[8] = 99, |bytes| *bytes.last_mut().unwrap() ^= 0x55];
    for (turn, harm) in harm.into_iter().enumerate() {
        let mut bytes = std::fs::read(index()).unwrap();
        harm(&mut bytes);
        std::fs::write(index(), bytes).unwrap();
        if turn < 2 {
            let result = yagura.assess_json(host.path(), &["--rules", "cve"]);
            let reason = result["coverage"][0]["reason"].as_str().unwrap();
            assert_eq!(reason.matches("yagura feed sync").count(), 1, "{reason}");
            assert!(reason.contains("damaged") || reason.contains("another version"), "{reason}");
        }
        let status = yagura.run(&["feed", "status"]).out;
        assert_eq!(status.matches("yagura feed sync").count(), 1, "{status}");
        yagura.sync(mirror.path());
        assert_eq!(yagura.assess_json(host.path(), &["--rules", "cve"])["findings"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn a_lock_that_cannot_be_opened_is_not_a_reason_to_wait() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    std::fs::create_dir_all(yagura.data.path().join("feeds/.lock")).unwrap();
    let run = yagura.run(&["feed", "sync", "--mirror", mirror.path().to_str().unwrap()]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains(".lock") && run.err.contains("--data-dir") && !run.err.contains("--wait"), "{}", run.err);
}

#[test]
fn a_setting_that_cannot_be_read_is_not_a_whole_assessment() {
    let yagura = Yagura::new();
    let host = HostTree::debian_12().unwrap();
    let shadow = host.join("etc/shadow");
    let _ = std::fs::remove_file(&shadow);
    std::fs::create_dir(&shadow).unwrap();
    std::fs::write(host.join("etc/passwd"), "root:x:0:0:root:/root:/bin/bash\n").unwrap();
    // The rule on password ages finds enough in login.defs, and has still not seen the accounts.
    std::fs::write(host.join("etc/login.defs"), "PASS_MAX_DAYS 99999\n").unwrap();
    let root = host.path().to_str().unwrap();
    let run = yagura.run(&["assess", "--root", root, "--rules", "best-practices", "--strict", "--offline"]);
    assert!(run.out.contains("not read") && run.out.contains("/etc/shadow"), "{}", run.out);
    assert_eq!(run.code, 4, "{}", run.out);
    let run = yagura.run(&["assess", "--root", root, "--rules", "best-practices", "--format", "json", "--offline"]);
    assert!(run.err.contains("/etc/shadow"), "{}", run.err);
}
