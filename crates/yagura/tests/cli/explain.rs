//! `yagura explain`: by CVE, by finding key, and for what does not concern the host.

use yagura_testkit::{FeedMirror, HostTree};

use crate::support::{Yagura, today};

#[test]
fn tells_why_a_cve_concerns_a_host_and_why_not() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    yagura.sync(mirror.path());
    let explain = |version: &str| {
        let host = HostTree::debian_12().unwrap().package("libdemo1", version, "demo").unwrap();
        let run = yagura.run(&["explain", "CVE-2099-0001", "--root", host.path().to_str().unwrap()]);
        assert_eq!(run.code, 0, "{}", run.err);
        run.out
    };
    let affected = explain("1.2-1");
    assert!(affected.contains("1.2-1 < 1.2-3"), "{affected}");
    assert!(affected.contains("DSA-9001-1"), "{affected}");
    assert!(affected.contains("dpkg"), "{affected}");
    let repaired = explain("1.2-4");
    assert!(repaired.contains("1.2-4") && repaired.contains("1.2-3"), "{repaired}");
    assert!(!repaired.contains("1.2-4 < 1.2-3"), "{repaired}");
}

#[test]
fn a_finding_is_explained_by_its_key() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    yagura.sync(mirror.path());
    let host = HostTree::debian_12().unwrap().package("libdemo1", "1.2-1", "demo").unwrap();
    let result = yagura.assess_json(host.path(), &[]);
    let key = result["findings"][0]["key"].as_str().unwrap().to_owned();
    let run = yagura.run(&["explain", &key, "--root", host.path().to_str().unwrap()]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("CVE-2099-0001"), "{}", run.out);
    // The last assessment of the host is remembered by its name.
    let run = yagura.run(&["explain", &key, "--host", "tower"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("CVE-2099-0001"), "{}", run.out);
}

#[test]
fn what_nobody_knows_is_an_error_that_says_so() {
    let (yagura, mirror) = (Yagura::new(), FeedMirror::demo(&today()).unwrap());
    yagura.sync(mirror.path());
    let host = HostTree::debian_12().unwrap();
    let root = host.path().to_str().unwrap().to_owned();
    for subject in ["CVE-2099-7777", "0000000000000"] {
        let run = yagura.run(&["explain", subject, "--root", &root]);
        assert_eq!(run.code, 3, "{subject}: {}", run.out);
        assert!(run.err.contains(subject), "{}", run.err);
    }
}
