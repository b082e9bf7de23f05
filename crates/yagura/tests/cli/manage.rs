//! The management of a service from the command line: keys, roles, tokens, the audit log, there and back again.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{Run, Yagura};

fn ok(yagura: &Yagura, words: &[&str]) -> Run {
    let run = yagura.run(words);
    assert_eq!(run.code, 0, "{words:?}: {}{}", run.out, run.err);
    run
}

fn json(yagura: &Yagura, words: &[&str]) -> Value {
    let run = ok(yagura, &[words, &["--format", "json"]].concat());
    serde_json::from_str(&run.out).unwrap()
}

#[test]
fn looking_where_no_service_is_makes_none() {
    let yagura = Yagura::new();
    for words in [&["key", "list"][..], &["agents", "list"], &["audit", "verify"], &["retention", "apply"], &["usage"]]
    {
        let run = yagura.run(words);
        assert_eq!(run.code, 2, "{words:?}");
        assert!(run.err.contains("there is no service in"), "{}", run.err);
    }
    assert_eq!(std::fs::read_dir(yagura.data.path()).unwrap().count(), 0);
}

#[test]
fn a_key_is_made_used_up_and_its_secret_is_in_no_list() {
    let yagura = Yagura::new();
    let key = json(&yagura, &["key", "create"]);
    let (id, secret) = (key["accessKeyId"].as_str().unwrap(), key["secretAccessKey"].as_str().unwrap());
    assert!(id.starts_with("AKIA") && secret.len() == 40);
    let temporary = ok(&yagura, &["key", "create", "--ttl", "1h"]);
    assert!(temporary.out.contains("AWS_ACCESS_KEY_ID=ASIA") && temporary.out.contains("AWS_SESSION_TOKEN="));
    ok(&yagura, &["key", "disable", id]);
    let list = ok(&yagura, &["key", "list"]);
    assert!(list.out.contains(id) && list.out.contains("disabled"), "{}", list.out);
    assert!(!list.out.contains(secret));
    ok(&yagura, &["key", "enable", id]);
    ok(&yagura, &["key", "delete", id]);
    let run = yagura.run(&["key", "delete", id]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains(id), "{}", run.err);
    assert_eq!(json(&yagura, &["account", "list"])["accounts"][0]["account"], "123456789012");

    let export = yagura.data.path().join("audit.json.gz");
    ok(&yagura, &["audit", "export", "--output", export.to_str().unwrap()]);
    let mut text = String::new();
    let file = std::fs::File::open(&export).unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).unwrap();
    assert!(text.contains("CreateAccessKey") && text.contains(id));
    assert!(!text.contains(secret), "no secret is in the audit log");
}

#[test]
fn another_account_is_looked_at_without_becoming_the_server_s_own() {
    let yagura = Yagura::new();
    ok(&yagura, &["key", "create"]);
    ok(&yagura, &["user", "create", "guest", "--role", "ReadOnly", "--account", "111122223333"]);
    let accounts = json(&yagura, &["account", "list"]);
    let home = |at: usize| accounts["accounts"][at]["home"].as_bool().unwrap();
    assert_eq!((accounts["accounts"].as_array().unwrap().len(), home(0), home(1)), (2, false, true), "{accounts}");
    assert_eq!(json(&yagura, &["user", "list"])["users"][0]["userName"], "admin");
    assert_eq!(json(&yagura, &["user", "list", "--account", "111122223333"])["users"][0]["userName"], "guest");
    assert_eq!(json(&yagura, &["audit", "verify", "--account", "111122223333"])["records"], 3);
    assert_eq!(yagura.run(&["user", "list", "--account", "12"]).code, 2);
}

#[test]
fn a_wrong_role_is_told_with_its_line() {
    let yagura = Yagura::new();
    let file = yagura.data.path().join("Night.cedar");
    let path = file.to_str().unwrap();
    std::fs::write(
        &file,
        "permit(principal, action, resource);\npermit(principal, action == Action::\"inspector:Nope\", resource);\n",
    )
    .unwrap();
    let run = yagura.run(&["role", "create", path]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("line 2") && run.err.contains("`Night`"), "{}", run.err);

    std::fs::write(&file, "permit(principal, action in Action::\"read:*\", resource);\n").unwrap();
    ok(&yagura, &["role", "create", path]);
    ok(&yagura, &["user", "create", "owl", "--role", "Night"]);
    assert_eq!(ok(&yagura, &["role", "show", "Night"]).out, std::fs::read_to_string(&file).unwrap());
    let roles = json(&yagura, &["role", "list"]);
    assert_eq!(roles["roles"][3]["users"], 1, "{roles}");
    assert_eq!(yagura.run(&["role", "delete", "Night"]).code, 2, "somebody has it");
    ok(&yagura, &["user", "set-role", "owl", "ReadOnly"]);
    ok(&yagura, &["role", "delete", "Night"]);
    ok(&yagura, &["user", "create", "boss", "--role", "Administrator"]);
    let run = yagura.run(&["user", "delete", "boss"]);
    assert!(run.code == 2 && run.err.contains("last Administrator"), "{}", run.err);
    assert!(ok(&yagura, &["role", "examples"]).out.contains("DevTeam"));
    assert!(ok(&yagura, &["role", "schema"]).out.contains("yagura:ManageRoles"));
}

#[test]
fn a_token_comes_with_the_line_that_enrols() {
    let yagura = Yagura::new();
    std::fs::write(yagura.data.path().join("endpoint"), "https://127.0.0.1:8443\n").unwrap();
    let token = json(&yagura, &["token", "create", "--tag", "env=dev", "--ttl", "2h", "--uses", "3"]);
    let text = token["token"].as_str().unwrap();
    let id = token["id"].as_str().unwrap();
    assert!(text.starts_with(&format!("ygr1.{id}.")), "{token}");
    assert!(text.ends_with(&token["caSha256"].as_str().unwrap()[..32]));
    assert_eq!(token["uses"], 3);
    assert!(token["expiresAt"].as_str().unwrap().ends_with('Z'));
    let run = ok(&yagura, &["token", "create"]);
    let token = run.out.lines().next().unwrap();
    let line = format!("yagura-agent enroll --server https://127.0.0.1:8443 --token {token}");
    assert!(run.out.contains(&line), "{}", run.out);
    ok(&yagura, &["token", "revoke", id]);
    let list = ok(&yagura, &["token", "list"]);
    assert!(list.out.contains("revoked") && list.out.contains("env=dev") && !list.out.contains(text), "{}", list.out);
    for wrong in
        [&["--ttl", "31d"][..], &["--uses", "0"], &["--uses", "100001"], &["--tag", "aws:x=1"], &["--ttl", "x"]]
    {
        assert_eq!(yagura.run(&[&["token", "create"], wrong].concat()).code, 2, "{wrong:?}");
    }
}

#[test]
fn the_audit_log_is_proved_and_a_change_is_found() {
    let yagura = Yagura::new();
    ok(&yagura, &["key", "create"]);
    ok(&yagura, &["user", "create", "ci", "--role", "Operator"]);
    let whole = json(&yagura, &["audit", "verify"]);
    assert_eq!(whole["intact"], true);
    let head = whole["head"].as_str().unwrap();
    ok(&yagura, &["audit", "rotate", "--keep", "1"]);
    let rotated = json(&yagura, &["audit", "verify", "--known", head]);
    assert!(rotated["recordsInFiles"].as_u64().unwrap() >= 3, "{rotated}");

    let beyond = format!("999:{}", "1".repeat(64));
    let run = yagura.run(&["audit", "verify", "--known", &beyond]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("truncated"), "{}", run.out);
    assert_eq!(yagura.run(&["audit", "verify", "--known", "999"]).code, 2);

    // The record of the rotation itself lies in the database; one letter of it changes.
    let path = yagura.data.path().join("yagura.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let (old, new) = (b"RotateAuditLog", b"RotateAuditPig");
    let places: Vec<usize> = (0..bytes.len() - old.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + new.len()].copy_from_slice(new);
    }
    std::fs::write(&path, bytes).unwrap();
    let run = yagura.run(&["audit", "verify"]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(run.out.contains("altered"), "{}", run.out);
}

#[test]
fn retention_is_set_shown_previewed_and_applied() {
    let yagura = Yagura::new();
    ok(&yagura, &["retention", "set", "runs=90", "reports=forever"]);
    let shown = json(&yagura, &["retention", "show"]);
    assert_eq!((shown["keepDays"]["runs"].as_u64(), shown["keepDays"]["reports"].is_null()), (Some(90), true));
    let preview = json(&yagura, &["retention", "preview"]);
    assert_eq!(preview["wouldGo"].as_array().unwrap().len(), 8);
    assert!(preview["wouldGo"].as_array().unwrap().iter().all(|kind| kind["count"] == 0), "{preview}");
    ok(&yagura, &["retention", "apply"]);
    let run = yagura.run(&["retention", "set", "holograms=1"]);
    assert!(run.code == 2 && run.err.contains("finding-texts"), "{}", run.err);
    let usage = json(&yagura, &["usage"]);
    assert_eq!(usage["total"]["agentAssessments"], 0);
    assert_eq!(usage["pricesConfirmed"], false);
    let prices = yagura.data.path().join("prices.json");
    std::fs::write(&prices, ok(&yagura, &["usage", "prices"]).out).unwrap();
    ok(&yagura, &["usage", "prices", "--set", prices.to_str().unwrap()]);
    assert_eq!(json(&yagura, &["usage"])["pricesConfirmed"], true);
}

#[test]
fn lists_of_a_new_service_are_empty_and_well_formed() {
    let yagura = Yagura::new();
    ok(&yagura, &["key", "create"]);
    for (noun, member) in [
        ("agents", "agents"),
        ("findings", "findings"),
        ("runs", "runs"),
        ("targets", "targets"),
        ("templates", "templates"),
        ("token", "tokens"),
    ] {
        assert_eq!(json(&yagura, &[noun, "list"])[member], serde_json::json!([]), "{noun}");
        assert!(ok(&yagura, &[noun, "list"]).out.lines().count() == 1, "{noun}: a head line");
    }
    assert_eq!(json(&yagura, &["changes"])["changes"], serde_json::json!([]));
    for words in [
        &["agents", "show", "i-00000000000000000"][..],
        &["agents", "revoke", "i-00000000000000000"],
        &["changes", "5"],
        &["findings", "show", "arn:aws:inspector:us-east-1:123456789012:target/0-AAAAAAAA"],
        &["runs", "show", "nonsense"],
        &["findings", "list", "--run", "nonsense"],
    ] {
        assert_eq!(yagura.run(words).code, 2, "{words:?}");
    }
    let key_file = yagura.data.path().join("master.key");
    assert_eq!(std::fs::metadata(key_file).unwrap().permissions().mode() & 0o077, 0);
}

#[test]
fn a_backup_comes_back_in_another_place() {
    let (here, there) = (Yagura::new(), Yagura::new());
    ok(&here, &["key", "create"]);
    ok(&here, &["user", "create", "ci", "--role", "Operator"]);
    ok(&here, &["audit", "rotate", "--keep", "0"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.backup");
    let file = file.to_str().unwrap();
    let run = ok(&here, &["backup", file]);
    assert!(run.err.contains("the master key is not in the file"), "{}", run.err);
    let run = ok(&here, &["backup", "--with-master-key", file]);
    assert!(run.err.contains("whoever has it has everything"), "{}", run.err);

    assert_eq!(here.run(&["restore", file]).code, 2, "there is a service already");
    ok(&there, &["restore", file]);
    assert_eq!(json(&there, &["user", "list"])["users"].as_array().unwrap().len(), 2);
    let verified = json(&there, &["audit", "verify"]);
    assert!(verified["intact"] == true && verified["files"] == 1, "{verified}");

    let empty = Yagura::new();
    std::fs::write(file, b"not a backup").unwrap();
    let run = empty.run(&["restore", file]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert_eq!(std::fs::read_dir(empty.data.path()).unwrap().count(), 0);
}

#[test]
fn a_setting_is_kept_until_it_is_reset_and_a_wrong_one_is_refused() {
    let yagura = Yagura::new();
    let value = |name: &str| json(&yagura, &["settings", "list"])["settings"][name].clone();
    ok(&yagura, &["settings", "set", "limits.targets", "75"]);
    ok(&yagura, &["settings", "set", "continuous", "off"]);
    ok(&yagura, &["settings", "set", "report.language", "ja"]);
    assert_eq!((value("limits.targets"), value("continuous")), ("75".into(), "off".into()));
    assert_eq!(value("report.language"), "ja");
    ok(&yagura, &["settings", "reset", "limits.targets"]);
    assert_eq!(value("limits.targets"), "50");
    for (name, bad) in [("limits.targets", "many"), ("continuous", "perhaps"), ("report.language", "fr"), ("tea", "1")]
    {
        let run = yagura.run(&["settings", "set", name, bad]);
        assert_eq!(run.code, 2, "{name}");
        assert!(run.err.contains("hint:"), "{}", run.err);
    }
}
