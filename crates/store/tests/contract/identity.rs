//! Access keys, users, accounts, roles, settings.

use yagura_store::{CustomRole, StoredAccessKey, StoredUser};

use crate::support::{ACCOUNT, Db, at, other_scopes, scope};

fn key(id: &str, user: &str, seconds: i64) -> StoredAccessKey {
    StoredAccessKey {
        id: id.into(),
        account: ACCOUNT.into(),
        user: user.into(),
        secret_sealed: vec![0, 255, 1, 0],
        token_hash: None,
        expires_at: None,
        active: true,
        created_at: at(seconds),
        last_used_at: None,
    }
}

pub(crate) fn access_keys_are_found_and_touched(db: &Db) {
    let first = key("AKIA1", "admin", 1);
    let temporary = StoredAccessKey {
        token_hash: Some("ab".into()),
        expires_at: Some(at(60)),
        active: false,
        ..key("ASIA2", "admin", 0)
    };
    db.write(|tx| {
        tx.insert_access_key(&first)?;
        tx.insert_access_key(&temporary)?;
        tx.insert_access_key(&key("AKIA3", "other", 0))
    });
    assert_eq!(db.read(|tx| tx.access_key("AKIA1")).as_ref(), Some(&first));
    assert_eq!(db.read(|tx| tx.access_key("ASIA2")).as_ref(), Some(&temporary));
    assert_eq!(db.read(|tx| tx.access_key("akia1")), None);
    db.conflict(|tx| tx.insert_access_key(&first));
    assert_eq!(db.read(|tx| tx.keys_of_user(ACCOUNT, "admin")), [temporary, first.clone()], "oldest first");
    assert_eq!(db.read(|tx| tx.keys_of_user("999999999999", "admin")), []);
    db.write(|tx| tx.touch_access_key("AKIA1", at(99)));
    db.write(|tx| tx.touch_access_key("nobody", at(99)));
    let touched = StoredAccessKey { last_used_at: Some(at(99)), ..first };
    assert_eq!(db.read(|tx| tx.access_key("AKIA1")), Some(touched));
    let ids = |account: &str| -> Vec<String> {
        db.read(|tx| tx.access_keys(account)).into_iter().map(|key| key.id).collect()
    };
    assert_eq!((ids(ACCOUNT).len(), ids("999999999999").len()), (3, 0));
    assert!(db.write(|tx| tx.set_access_key_active(ACCOUNT, "AKIA1", false)));
    assert!(!db.write(|tx| tx.set_access_key_active("999999999999", "AKIA1", true)), "another account's");
    assert!(!db.read(|tx| tx.access_key("AKIA1")).unwrap().active);
    assert_eq!(db.write(|tx| tx.delete_ended_keys(ACCOUNT, "admin", at(59))), 0);
    assert_eq!(db.write(|tx| tx.delete_ended_keys(ACCOUNT, "admin", at(60))), 1, "a lasting key never ends");
    assert!(!db.write(|tx| tx.delete_access_key("999999999999", "AKIA1")));
    assert!(db.write(|tx| tx.delete_access_key(ACCOUNT, "AKIA1")));
    assert!(!db.write(|tx| tx.delete_access_key(ACCOUNT, "AKIA1")));
    assert_eq!(ids(ACCOUNT), ["AKIA3"]);
}

pub(crate) fn users_and_roles(db: &Db) {
    assert_eq!(db.read(|tx| tx.role_of_user(ACCOUNT, "管理者")), None);
    db.write(|tx| tx.put_user(ACCOUNT, "管理者", "Administrator", at(0)));
    db.write(|tx| tx.put_user(ACCOUNT, "管理者", "ReadOnly", at(1)));
    assert_eq!(db.read(|tx| tx.role_of_user(ACCOUNT, "管理者")).as_deref(), Some("ReadOnly"));
    assert_eq!(db.read(|tx| tx.role_of_user("999999999999", "管理者")), None);
    db.write(|tx| tx.put_user(ACCOUNT, "Zoe", "ReadOnly", at(2)));
    db.write(|tx| tx.put_user(ACCOUNT, "anna", "Operator", at(2)));
    db.write(|tx| tx.insert_access_key(&key("AKIA1", "Zoe", 1)));
    let users = db.read(|tx| tx.users(ACCOUNT));
    assert_eq!(users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["Zoe", "anna", "管理者"]);
    let zoe = StoredUser { name: "Zoe".into(), role: "ReadOnly".into(), created_at: at(2), keys: 1 };
    assert_eq!((&users[0], users[2].created_at), (&zoe, at(0)));
    assert_eq!(db.read(|tx| tx.count_users_of_role(ACCOUNT, "ReadOnly")), 2);
    assert!(!db.write(|tx| tx.delete_user("999999999999", "Zoe")));
    assert!(db.write(|tx| tx.delete_user(ACCOUNT, "Zoe")));
    assert!(!db.write(|tx| tx.delete_user(ACCOUNT, "Zoe")));
    assert_eq!(db.read(|tx| tx.access_key("AKIA1")), None, "the keys go with the user");

    assert_eq!(db.read(|tx| tx.custom_roles(ACCOUNT)), []);
    db.write(|tx| tx.put_role(ACCOUNT, "監査", "permit(…);", at(1)));
    db.write(|tx| tx.put_role(ACCOUNT, "監査", "forbid(…);", at(2)));
    db.write(|tx| tx.put_role(ACCOUNT, "Audit", "", at(3)));
    let role = CustomRole { name: "監査".into(), policy: "forbid(…);".into(), created_at: at(1) };
    assert_eq!(db.read(|tx| tx.custom_roles(ACCOUNT))[1..], [role]);
    assert!(!db.write(|tx| tx.delete_role("999999999999", "監査")));
    assert!(db.write(|tx| tx.delete_role(ACCOUNT, "監査")));
    assert!(!db.write(|tx| tx.delete_role(ACCOUNT, "監査")));
}

pub(crate) fn accounts_and_service_roles(db: &Db) {
    assert_eq!(db.write(|tx| tx.account_since(ACCOUNT, at(5))), at(5));
    assert_eq!(db.write(|tx| tx.account_since(ACCOUNT, at(9))), at(5));
    assert_eq!(db.read(|tx| tx.accounts()), [(ACCOUNT.to_owned(), at(5))]);
    assert_eq!(db.read(|tx| tx.service_role(&scope())), None);
    db.write(|tx| tx.set_service_role(&scope(), "arn:aws:iam::123456789012:role/one", at(1)));
    db.write(|tx| tx.set_service_role(&scope(), "arn:aws:iam::123456789012:role/two", at(2)));
    let expected = ("arn:aws:iam::123456789012:role/two".to_owned(), at(2));
    assert_eq!(db.read(|tx| tx.service_role(&scope())), Some(expected));
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.service_role(&other)), None);
    }
}

pub(crate) fn settings_are_written_over_and_removed(db: &Db) {
    let read = |account: &str| db.read(|tx| tx.setting(account, "保持"));
    db.write(|tx| tx.put_setting(ACCOUNT, "保持", "30"));
    db.write(|tx| tx.put_setting(ACCOUNT, "保持", ""));
    assert_eq!(read(ACCOUNT).as_deref(), Some(""), "an empty text is not nothing");
    assert_eq!(read("999999999999"), None);
    db.write(|tx| tx.remove_setting(ACCOUNT, "保持"));
    db.write(|tx| tx.remove_setting(ACCOUNT, "保持"));
    assert_eq!(read(ACCOUNT), None);
}
