//! The state of hosts over time, and what changed feeds changed.

use yagura_model::{FindingKey, LocalText, Severity};
use yagura_store::{KnownPackage, PostureChange, PostureEntry, Rematch, RematchChange, StoredSnapshot};

use crate::support::{ACCOUNT, Db, agent, agent_id, at, other_scopes, scope};

fn entry(key: &str, severity: Severity) -> PostureEntry {
    PostureEntry {
        key: FindingKey(key.into()),
        rules_package: "cve".into(),
        rule: format!("CVE-{key}"),
        subject: "openssl".into(),
        severity,
        title: LocalText::new(format!("fault {key}"), format!("問題 {key}")),
    }
}

pub(crate) fn a_fault_has_a_history(db: &Db) {
    let set = |agent, package: &str, open: &[PostureEntry], now| {
        db.write(|tx| tx.set_posture(&scope(), &agent_id(agent), package, open, at(now)))
    };
    let (a, b) = (entry("a", Severity::High), entry("b", Severity::Low));
    let change = set(1, "cve", &[a.clone(), b.clone()], 1);
    assert_eq!((change.appeared.len(), change.resolved.len(), change.regraded.len()), (2, 0, 0));
    let worse = PostureEntry { severity: Severity::High, ..b };
    let change = set(1, "cve", std::slice::from_ref(&worse), 2);
    assert_eq!((change.appeared, change.resolved, change.regraded), (vec![], vec![a.clone()], vec![worse.clone()]));
    assert_eq!(set(1, "cve", std::slice::from_ref(&worse), 3), PostureChange::default(), "nothing new is nothing");
    let change = set(1, "cve", &[a.clone(), worse], 4);
    assert_eq!(change.appeared, std::slice::from_ref(&a), "it is back");
    let open = db.read(|tx| tx.posture(&scope(), &agent_id(1), false));
    assert_eq!((open[0].first_at, open[0].last_at, open[0].resolved_at), (at(1), at(4), None));
    assert_eq!(open[1].last_at, at(4));
    // Another package's faults, another host's and another scope's are none of it.
    set(1, "bp", &[PostureEntry { rules_package: "bp".into(), ..entry("c", Severity::Low) }], 5);
    set(2, "cve", &[a], 5);
    set(1, "cve", &[], 6);
    let keys = |agent, resolved| -> Vec<String> {
        let records = db.read(|tx| tx.posture(&scope(), &agent_id(agent), resolved));
        records.into_iter().map(|record| record.entry.key.0).collect()
    };
    assert_eq!(keys(1, false), ["c"]);
    assert_eq!(keys(1, true), ["a", "b", "c"]);
    assert_eq!(keys(2, false), ["a"]);
    let since = |key: &str| db.read(|tx| tx.has_fault_since(&scope(), &agent_id(1), &FindingKey(key.into())));
    assert_eq!((since("a"), since("x")), (Some(at(1)), None));
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.posture(&other, &agent_id(1), true)), []);
    }
}

pub(crate) fn a_judgement_of_some_subjects_leaves_the_others(db: &Db) {
    let zlib = |key: &str| PostureEntry { subject: "zlib".into(), ..entry(key, Severity::Low) };
    let (a, b) = (entry("a", Severity::High), zlib("b"));
    db.write(|tx| tx.set_posture(&scope(), &agent_id(1), "cve", &[a.clone(), b.clone()], at(1)));
    let set = |subjects: &[&str], open: &[PostureEntry], now| {
        let subjects: Vec<String> = subjects.iter().map(|subject| (*subject).to_owned()).collect();
        db.write(|tx| tx.set_posture_of(&scope(), &agent_id(1), "cve", &subjects, open, at(now)))
    };
    assert_eq!(set(&[], &[], 2), PostureChange::default(), "of nothing nothing is said");
    let change = set(&["zlib"], &[zlib("c")], 3);
    assert_eq!((change.appeared, change.resolved), (vec![zlib("c")], vec![b]));
    let open = db.read(|tx| tx.posture(&scope(), &agent_id(1), false));
    let mut open: Vec<_> = open.iter().map(|record| (record.entry.key.0.as_str(), record.last_at)).collect();
    open.sort();
    assert_eq!(open, [("a", at(1)), ("c", at(3))], "openssl was not looked at");
}

pub(crate) fn snapshots_lead_from_packages_to_hosts(db: &Db) {
    let snapshot = |digest: &str, release: &str| StoredSnapshot {
        account: ACCOUNT.into(),
        digest: digest.into(),
        release: Some(release.into()),
        packages: 1,
        bytes: 1,
        created_at: at(0),
    };
    let put = |digest: &str, release: &str, name: &str| {
        let sources = [(name.to_owned(), "1".to_owned()), (name.to_owned(), "2".to_owned())];
        db.write(|tx| tx.put_snapshot(&snapshot(digest, release), &sources));
    };
    put("one", "debian:bookworm", "openssl");
    put("two", "debian:bookworm", "openssl");
    put("three", "debian:trixie", "zlib");
    let mut with = db.read(|tx| tx.snapshots_with(ACCOUNT, "debian:bookworm", "openssl"));
    with.sort();
    assert_eq!(with, ["one", "two"], "each once, however many versions it has");
    let packages = [("left-pad".to_owned(), "1.0.0".to_owned())];
    db.write(|tx| tx.put_snapshot_packages(ACCOUNT, "two", "ecosystem:npm", &packages));
    assert_eq!(db.read(|tx| tx.snapshots_with(ACCOUNT, "ecosystem:npm", "left-pad")), ["two"]);
    for (number, digest) in [(1, "one"), (2, "one"), (3, "two")] {
        db.write(|tx| tx.put_agent(&agent(number, &[]), "n"));
        db.write(|tx| tx.set_agent_snapshot(&agent_id(number), digest, at(1)));
    }
    db.write(|tx| tx.set_agent_revoked(&scope(), &agent_id(2)));
    assert_eq!(db.read(|tx| tx.agents_with_snapshot(ACCOUNT, "one")), [(scope(), agent_id(1))]);
    let known = |after: (&str, &str), limit| db.read(|tx| tx.known_packages(ACCOUNT, after, limit));
    let package = |release: &str, source: &str, fingerprint: &str| KnownPackage {
        release: release.into(),
        source: source.into(),
        fingerprint: fingerprint.into(),
    };
    let all = [
        package("debian:bookworm", "openssl", ""),
        package("debian:trixie", "zlib", ""),
        package("ecosystem:npm", "left-pad", ""),
    ];
    assert_eq!(known(("", ""), 10), all);
    assert_eq!(known(("debian:bookworm", "openssl"), 10), all[1..]);
    assert_eq!(known(("", ""), 1), all[..1]);
    let told = package("debian:bookworm", "openssl", "f");
    db.write(|tx| tx.put_package_fingerprint(ACCOUNT, &told));
    // A new snapshot with the same package does not make it unknown.
    put("four", "debian:bookworm", "openssl");
    assert_eq!(known(("", ""), 1), [told]);
    let mut unasked = db.read(|tx| tx.new_packages(ACCOUNT, 10));
    unasked.sort();
    assert_eq!(unasked, all[1..], "the one that was asked about is not new any more");
    assert_eq!(db.read(|tx| tx.new_packages(ACCOUNT, 1)).len(), 1);
}

pub(crate) fn a_rematch_is_recorded_with_its_changes(db: &Db) {
    let mut rematch = Rematch {
        index_before: "a".into(),
        index_after: "b".into(),
        started_at: at(1),
        packages: 2,
        ..Rematch::default()
    };
    rematch.seq = db.write(|tx| tx.begin_rematch(ACCOUNT, &rematch));
    assert_eq!(db.read(|tx| tx.rematches(ACCOUNT, 10)), [rematch.clone()], "one that was cut off has no end");
    let entries = [entry("a", Severity::High), entry("b", Severity::Low)];
    let add = |change: &str| {
        db.write(|tx| tx.add_rematch_changes(ACCOUNT, rematch.seq, &agent_id(1), change, &entries));
    };
    add("appeared");
    add("resolved");
    let changes = db.read(|tx| tx.rematch_changes(rematch.seq, 10));
    let change = |rule: &str, severity: &str| RematchChange {
        agent: agent_id(1),
        change: "appeared".into(),
        rule: rule.into(),
        subject: "openssl".into(),
        severity: severity.into(),
    };
    let expected = [change("CVE-a", Severity::High.word()), change("CVE-b", Severity::Low.word())];
    assert_eq!(changes, expected, "each once");
    assert_eq!(db.read(|tx| tx.rematch_changes(rematch.seq, 1)).len(), 1);
    let ended = Rematch { ended_at: Some(at(9)), hosts: 1, appeared: 2, resolved: 3, regraded: 4, ..rematch.clone() };
    db.write(|tx| tx.end_rematch(&ended));
    assert_eq!(db.read(|tx| tx.rematch_by_number(ACCOUNT, ended.seq)).as_ref(), Some(&ended));
    assert_eq!(db.read(|tx| tx.rematch_by_number("999999999999", ended.seq)), None);
    let second = db.write(|tx| tx.begin_rematch(ACCOUNT, &Rematch::default()));
    let listed = db.read(|tx| tx.rematches(ACCOUNT, 10));
    assert_eq!((listed[0].seq, &listed[1]), (second, &ended), "newest first");
    assert_eq!(db.read(|tx| tx.rematches("999999999999", 10)), []);
}
