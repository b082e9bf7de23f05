//! `yagura feed`: sync, status, the air gap.

use serde_json::Value;
use yagura_testkit::{FeedMirror, HostTree};

use crate::support::{Yagura, finding_lines, today};

#[test]
fn status_tells_age_count_and_freshness() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    let before = yagura.run(&["feed", "status"]);
    assert!(before.out.contains("missing") || before.out.contains("never"), "{}", before.out);
    yagura.sync(mirror.path());
    let status: Value = serde_json::from_str(&yagura.run(&["feed", "status", "--format", "json"]).out).unwrap();
    let feeds = status["feeds"].as_array().unwrap();
    let (there, missing): (Vec<&Value>, Vec<&Value>) =
        feeds.iter().partition(|feed| feed["freshness"].as_str() != Some("missing"));
    assert_eq!(there.len(), 5, "{status}");
    assert!(missing.iter().any(|feed| feed["id"] == "redhat-vex"), "the mirror has Debian's feeds alone: {status}");
    for feed in there {
        assert_eq!(feed["freshness"], "fresh", "{feed}");
        assert!(feed["records"].as_u64().unwrap() > 0, "{feed}");
        assert!(feed["ageDays"].as_i64().unwrap() <= 1, "{feed}");
    }
}

/// A wrong folder must not look like a mirror that has nothing new.
#[test]
fn a_mirror_without_what_is_wanted_is_a_failure() {
    let (yagura, empty) = (Yagura::new(), tempfile::tempdir().unwrap());
    let empty = empty.path().to_str().unwrap();
    let run = yagura.run(&["feed", "sync", "--mirror", empty]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("no document of any feed"), "{}", run.err);
    let mirror = FeedMirror::demo(&today()).unwrap();
    yagura.sync(mirror.path());
    // What it does not have is said; by name, it is a failure; and what was there before is missed.
    let named = yagura.run(&["feed", "sync", "--mirror", mirror.path().to_str().unwrap(), "--only", "redhat-vex"]);
    assert_eq!(named.code, 3, "{}", named.err);
    let gone = yagura.run(&["feed", "sync", "--mirror", empty]);
    assert_eq!(gone.code, 3, "{}", gone.err);
    assert!(gone.err.contains("debian-tracker"), "{}", gone.err);
}

#[test]
fn a_cut_feed_leaves_the_old_index() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    yagura.sync(mirror.path());
    let host = HostTree::debian_12().unwrap().package("libdemo1", "1.2-1", "demo").unwrap();
    let before = finding_lines(&yagura.assess_json(host.path(), &["--rules", "cve"]));

    let path = mirror.join(&format!("debian/derived/tracker-{}.json.zst", today()));
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, whole.get(..whole.len() / 2).unwrap()).unwrap();
    let run = yagura.run(&["feed", "sync", "--mirror", mirror.path().to_str().unwrap()]);
    assert_eq!(run.code, 3, "{}", run.out);
    assert!(run.err.contains("debian-tracker") || run.out.contains("debian-tracker"), "{}{}", run.out, run.err);
    assert_eq!(finding_lines(&yagura.assess_json(host.path(), &["--rules", "cve"])), before);
}

#[test]
fn an_older_day_of_the_same_mirror_can_be_chosen() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo("2026-01-05").unwrap());
    mirror
        .tracker(
            "2026-06-05",
            r#"{"demo":{"CVE-2099-0003":{"releases":{"bookworm":{"status":"open","urgency":"high"}}}}}"#,
        )
        .unwrap();
    let host = HostTree::debian_12().unwrap().package("libdemo1", "1.2-1", "demo").unwrap();
    let on = |day: &str| {
        let run = yagura.run(&[
            "assess",
            "--root",
            host.path().to_str().unwrap(),
            "--rules",
            "cve",
            "--format",
            "json",
            "--feed-mirror",
            mirror.path().to_str().unwrap(),
            "--as-of",
            day,
        ]);
        finding_lines(&serde_json::from_str(&run.out).unwrap())
    };
    assert_eq!(on("2026-07-01"), ["CVE-2099-0003 demo 1.2-1 - High"]);
    assert_eq!(on("2026-03-01"), ["CVE-2099-0001 demo 1.2-1 1.2-3 High", "CVE-2099-0002 demo 1.2-1 - Low"]);
}

#[test]
fn feeds_cross_an_air_gap() {
    let (here, there, mirror) = (Yagura::new(), Yagura::new(), FeedMirror::demo(&today()).unwrap());
    here.sync(mirror.path());
    let file = here.data.path().join("feeds.tar.zst");
    let file = file.to_str().unwrap();
    assert_eq!(here.run(&["feed", "export", file]).code, 0);
    let run = there.run(&["feed", "import", file]);
    assert_eq!(run.code, 0, "{}", run.err);
    let host = HostTree::debian_12().unwrap().package("libdemo1", "1.2-1", "demo").unwrap();
    assert_eq!(finding_lines(&there.assess_json(host.path(), &["--rules", "cve"])).len(), 2);

    let mut damaged = std::fs::read(file).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    std::fs::write(file, damaged).unwrap();
    assert_eq!(there.run(&["feed", "import", file]).code, 3);
    assert_eq!(finding_lines(&there.assess_json(host.path(), &["--rules", "cve"])).len(), 2);
}

#[test]
fn an_older_archive_is_refused_with_the_words_that_allow_it() {
    let (old, new) = (Yagura::new(), Yagura::new());
    old.sync(FeedMirror::demo("2026-01-05").unwrap().path());
    new.sync(FeedMirror::demo(&today()).unwrap().path());
    let file = old.data.path().join("feeds.tar.zst");
    let file = file.to_str().unwrap();
    assert_eq!(old.run(&["feed", "export", file]).code, 0);
    let run = new.run(&["feed", "import", file]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("older") && run.err.contains("--allow-older"), "{}", run.err);
    assert_eq!(new.run(&["feed", "import", "--allow-older", file]).code, 0);
}

#[test]
fn only_the_named_feeds_are_synced_and_unknown_names_are_refused() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    let mirror = mirror.path().to_str().unwrap();
    let run = yagura.run(&["feed", "sync", "--mirror", mirror, "--only", "cisa-kev"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let run = yagura.run(&["feed", "sync", "--mirror", mirror, "--only", "debian", "--only", "epss"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("5 documents updated"), "a family has several: {}", run.err);
    let run = yagura.run(&["feed", "sync", "--mirror", mirror, "--only", "no-such-feed"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("debian-tracker"), "names the known feeds: {}", run.err);
}

#[test]
fn two_processes_at_once_do_not_harm_each_other() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    let codes: Vec<i32> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| yagura.run(&["feed", "sync", "--mirror", mirror.path().to_str().unwrap()]).code))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(codes.contains(&0), "{codes:?}");
    assert!(codes.iter().all(|code| [0, 3].contains(code)), "{codes:?}");
    let host = HostTree::debian_12().unwrap().package("libdemo1", "1.2-1", "demo").unwrap();
    assert_eq!(finding_lines(&yagura.assess_json(host.path(), &["--rules", "cve"])).len(), 2);
}
