//! Users, roles, access keys.

use jiff::SignedDuration;
use serde_json::json;
use yagura_app::service::access_keys::{self, KEYS_OF_A_USER_MAX};
use yagura_app::service::{Answer, AppError, Call, Via, metering, roles, users};
use yagura_identity::secrets::secret_matches;

use crate::support::{ACCOUNT, Service, caller};

fn with_admin() -> Service {
    let service = Service::new();
    service.app.first_key().unwrap();
    service
}

#[test]
fn a_key_is_made_shown_once_switched_off_and_deleted() {
    let service = with_admin();
    service.call("CreateUser", |cx| users::create(cx, "ci", "Operator")).unwrap();
    let parameters = json!({"userName": "ci"});
    let key = service
        .call_with("CreateAccessKey", &parameters, |cx| {
            let key = access_keys::create(cx, "ci", None)?;
            let recorded = json!({"accessKeyId": key.id, "secretAccessKey": key.secret.expose()});
            Ok(Answer { value: key, recorded })
        })
        .unwrap();
    assert!(key.id.starts_with("AKIA") && key.session_token.is_none());
    let stored = service.app.store.read(|tx| Ok::<_, AppError>(tx.access_key(&key.id)?)).unwrap().unwrap();
    assert_eq!(service.app.open_secret(&stored).unwrap(), key.secret);
    let records = service.records();
    assert!(records.iter().any(|record| record.contains(&key.id)), "the call left a record");
    assert!(!records.iter().any(|record| record.contains(key.secret.expose())), "and the secret is not in it");

    let state = |service: &Service| {
        let keys = service.call("ListAccessKeys", |cx| access_keys::list(cx, Some("ci"))).unwrap();
        keys.iter().map(|key| key.state(service.now())).collect::<Vec<_>>()
    };
    assert_eq!(state(&service), ["active"]);
    service.call("UpdateAccessKey", |cx| access_keys::set_active(cx, &key.id, false)).unwrap();
    assert_eq!(state(&service), ["disabled"]);
    service.call("UpdateAccessKey", |cx| access_keys::set_active(cx, &key.id, true)).unwrap();
    service.call("DeleteAccessKey", |cx| access_keys::delete(cx, &key.id)).unwrap();
    assert_eq!(state(&service), [""; 0]);
    let error = service.call("DeleteAccessKey", |cx| access_keys::delete(cx, &key.id)).unwrap_err();
    assert!(matches!(error, AppError::NoSuchEntity { code: access_keys::ACCESS_KEY_DOES_NOT_EXIST, .. }));
}

#[test]
fn a_temporary_key_has_a_session_token_and_an_end() {
    let service = with_admin();
    let hour = Some(SignedDuration::from_hours(1));
    let key = service.call("CreateAccessKey", |cx| access_keys::create(cx, "admin", hour)).unwrap();
    assert!(key.id.starts_with("ASIA"));
    let stored = service.app.store.read(|tx| Ok::<_, AppError>(tx.access_key(&key.id)?)).unwrap().unwrap();
    assert!(secret_matches(key.session_token.unwrap().expose(), &stored.token_hash.unwrap()));
    assert_eq!(stored.expires_at, key.expires_at);
    service.wait_days(1);
    let keys = service.call("ListAccessKeys", |cx| access_keys::list(cx, None)).unwrap();
    assert!(keys.iter().any(|key| key.state(service.now()) == "expired"));
    // The next key of the user sweeps those that are over.
    service.call("CreateAccessKey", |cx| access_keys::create(cx, "admin", hour)).unwrap();
    assert_eq!(service.call("ListAccessKeys", |cx| access_keys::list(cx, None)).unwrap().len(), 2);
    for wrong in [SignedDuration::from_secs(59), SignedDuration::from_hours(37), -SignedDuration::from_hours(1)] {
        let error = service.call("CreateAccessKey", |cx| access_keys::create(cx, "admin", Some(wrong))).unwrap_err();
        assert!(matches!(error, AppError::Validation(_)), "{wrong}");
    }
}

#[test]
fn keys_of_a_user_have_a_bound() {
    let service = with_admin();
    for _ in 1..KEYS_OF_A_USER_MAX {
        service.call("CreateAccessKey", |cx| access_keys::create(cx, "admin", None)).unwrap();
    }
    let error = service.call("CreateAccessKey", |cx| access_keys::create(cx, "admin", None)).unwrap_err();
    assert!(matches!(error, AppError::Limit { .. }), "{error}");
    let error = service.call("CreateAccessKey", |cx| access_keys::create(cx, "nobody", None)).unwrap_err();
    assert!(error.to_string().contains("`nobody`"));
}

#[test]
fn somebody_stays_administrator() {
    let service = with_admin();
    let last = |error: AppError| matches!(error, AppError::Invalid { code: users::LAST_ADMINISTRATOR, .. });
    assert!(last(service.call("DeleteUser", |cx| users::delete(cx, "admin")).unwrap_err()));
    assert!(last(service.call("SetUserRole", |cx| users::set_role(cx, "admin", "ReadOnly")).unwrap_err()));
    service.call("CreateUser", |cx| users::create(cx, "second", "Administrator")).unwrap();
    service.call("SetUserRole", |cx| users::set_role(cx, "admin", "ReadOnly")).unwrap();
    assert!(last(service.call("DeleteUser", |cx| users::delete(cx, "second")).unwrap_err()));
    service.call("DeleteUser", |cx| users::delete(cx, "admin")).unwrap();
    let keys = service.call("ListAccessKeys", |cx| access_keys::list(cx, None)).unwrap();
    assert_eq!(keys, [], "a user's keys go with the user");
    let names: Vec<String> =
        service.call("ListUsers", users::list).unwrap().into_iter().map(|user| user.name).collect();
    assert_eq!(names, ["second"]);
}

#[test]
fn users_need_a_name_and_a_role_that_there_is() {
    let service = with_admin();
    for name in ["", "two words", "名前", &"x".repeat(65)] {
        let error = service.call("CreateUser", |cx| users::create(cx, name, "ReadOnly")).unwrap_err();
        assert!(matches!(error, AppError::Validation(_)), "{name}");
    }
    let error = service.call("CreateUser", |cx| users::create(cx, "a", "Gardener")).unwrap_err();
    assert!(error.to_string().contains("`Gardener`"), "{error}");
    let error = service.call("CreateUser", |cx| users::create(cx, "admin", "ReadOnly")).unwrap_err();
    assert!(matches!(error, AppError::Invalid { code: users::USER_EXISTS, .. }));
}

const WRONG: &str = "permit(principal, action in Action::\"read:*\", resource);\n\n\
                     permit(principal, action == Action::\"inspector:DropTables\", resource);\n";

#[test]
fn a_role_is_checked_line_by_line_before_it_is_kept() {
    let service = with_admin();
    let error = service.call("PutRole", |cx| roles::put(cx, "Broken", WRONG)).unwrap_err();
    assert!(matches!(error, AppError::Validation(_)));
    assert!(error.to_string().contains("line 3"), "{error}");
    let error = service.call("PutRole", |cx| roles::put(cx, "Operator", "permit(principal, action, resource);"));
    assert!(matches!(error.unwrap_err(), AppError::Invalid { code: roles::ROLE_IS_BUILT_IN, .. }));
    assert!(service.call("PutRole", |cx| roles::put(cx, "two words", "permit(principal, action, resource);")).is_err());
    assert_eq!(service.call("ListRoles", roles::list).unwrap().len(), 3);
}

#[test]
fn a_role_counts_from_the_next_call_on_and_stays_while_it_is_used() {
    let service = with_admin();
    let put = |policy: &str| service.call("PutRole", |cx| roles::put(cx, "Night", policy));
    assert!(put("permit(principal, action == Action::\"yagura:ReadUsage\", resource);").unwrap(), "it is new");
    service.call("CreateUser", |cx| users::create(cx, "owl", "Night")).unwrap();
    let parameters = json!({});
    let by_owl = |action: &'static str| {
        let caller = caller(Via::Api, "Night");
        let call = Call { caller: &caller, operation: "GetUsage", action, resources: &[], parameters: &parameters };
        service.app.look(&call, |cx| {
            let usage = metering::usage(cx, None)?;
            Ok(Answer { value: usage.units, recorded: json!(null) })
        })
    };
    assert_eq!(by_owl("yagura:ReadUsage").unwrap(), 0);
    assert!(matches!(by_owl("yagura:ReadAudit").unwrap_err(), AppError::Denied { .. }));
    assert!(!put("permit(principal, action == Action::\"yagura:ReadAudit\", resource);").unwrap(), "it is replaced");
    assert!(matches!(by_owl("yagura:ReadUsage").unwrap_err(), AppError::Denied { .. }));
    let error = service.call("DeleteRole", |cx| roles::delete(cx, "Night")).unwrap_err();
    assert!(matches!(error, AppError::Invalid { code: roles::ROLE_IN_USE, .. }));
    service.call("SetUserRole", |cx| users::set_role(cx, "owl", "ReadOnly")).unwrap();
    service.call("DeleteRole", |cx| roles::delete(cx, "Night")).unwrap();
    assert!(service.call("GetRole", |cx| roles::get(cx, "Night")).is_err());
    assert_eq!(service.call("GetRole", |cx| roles::get(cx, "ReadOnly")).unwrap().users, 1);
}

#[test]
fn roles_of_an_account_have_a_bound() {
    let service = with_admin();
    let policy = "permit(principal, action in Action::\"read:*\", resource);";
    let put = |name: &str| service.call("PutRole", |cx| roles::put(cx, name, policy));
    for number in 0..roles::ROLES_MAX {
        assert!(put(&format!("Role{number}")).unwrap());
    }
    assert!(matches!(put("OneMore").unwrap_err(), AppError::Limit { .. }));
    assert!(!put("Role0").unwrap(), "those that are there can be changed");
    let large = format!("{policy}{}", " ".repeat(yagura_identity::policy::POLICY_BYTES_MAX));
    assert!(service.call("PutRole", |cx| roles::put(cx, "Role0", &large)).is_err());
}

#[test]
fn use_is_summed_up_by_month_with_the_account_s_prices() {
    let service = with_admin();
    let add = |run: &str, agents: u32| {
        let now = service.now();
        let write = service.app.store.write(|tx| {
            for agent in 0..agents {
                tx.add_usage(&crate::support::scope(), "host", run, &format!("i-{agent}"), now)?;
            }
            Ok::<_, AppError>(())
        });
        write.unwrap();
    };
    add("one", 2);
    add("one", 2);
    service.wait_days(40);
    add("two", 3);
    let usage = service.call("GetUsage", |cx| metering::usage(cx, None)).unwrap();
    let lines: Vec<_> = usage.lines.iter().map(|line| (line.units, line.amount)).collect();
    assert_eq!(lines, [(2, Some(600)), (3, Some(900))], "the same agent of a run counts once");
    assert_eq!((usage.units, usage.amount, usage.prices.confirmed), (5, 1_500, false));
    let month = &usage.lines[0].month;
    assert_eq!(service.call("GetUsage", |cx| metering::usage(cx, Some(month))).unwrap().units, 2);

    let prices: metering::Prices = serde_json::from_value(
        json!({"currency": "JPY", "meters": [{"name": "host", "steps": [{"upTo": 1, "price": 10}, {"price": 1}]}]}),
    )
    .unwrap();
    service.call("SetPrices", |cx| metering::set_prices(cx, Some(&prices))).unwrap();
    let usage = service.call("GetUsage", |cx| metering::usage(cx, None)).unwrap();
    assert_eq!((usage.amount, usage.prices.confirmed), (11 + 12, true));
    service.call("SetPrices", |cx| metering::set_prices(cx, None)).unwrap();
    assert_eq!(service.call("GetUsage", |cx| metering::usage(cx, None)).unwrap().amount, 1_500);
    assert_eq!(service.app.store.read(|tx| Ok::<_, AppError>(tx.accounts()?)).unwrap()[0].0, ACCOUNT);
}
