//! Enrolment tokens.

use jiff::SignedDuration;
use yagura_app::service::{AppError, tokens};
use yagura_identity::ca::ca_sha256;
use yagura_model::service::Tag;
use yagura_wire::EnrolmentToken;

use crate::support::Service;

#[test]
fn a_token_carries_the_trust_and_the_server_keeps_its_hash() {
    let service = Service::new();
    let tags = [Tag::new("env", "dev")];
    let new = service.call("CreateEnrolmentToken", |cx| tokens::create(cx, &tags, tokens::TTL_DEFAULT, 2)).unwrap();
    let text = new.token.expose();
    let read = EnrolmentToken::parse(&text).unwrap();
    assert_eq!(Some(new.ca_sha256.clone()), ca_sha256(service.app.authority.certificate_pem()));
    assert!(new.ca_sha256.starts_with(read.ca_pin()));
    let kept = service.app.store.read(|tx| Ok::<_, AppError>(tx.token(read.id())?)).unwrap().unwrap();
    assert_eq!(kept.secret_hash, tokens::token_hash(&read));
    assert_eq!((kept.tags.as_slice(), kept.uses_left), (tags.as_slice(), 2));

    let state = || {
        let list = service.call("ListEnrolmentTokens", tokens::list).unwrap();
        list.iter().map(|token| tokens::state(token, service.now())).collect::<Vec<_>>()
    };
    assert_eq!(state(), ["valid"]);
    let take = || service.app.store.write(|tx| Ok::<_, AppError>(tx.use_token(read.id(), service.now())?)).unwrap();
    assert!(take() && take() && !take());
    assert_eq!(state(), ["used up"]);
    service.wait_days(1);
    assert_eq!(state(), ["expired"]);
    service.call("RevokeEnrolmentToken", |cx| tokens::revoke(cx, read.id())).unwrap();
    assert_eq!(state(), ["revoked"]);
}

#[test]
fn what_a_token_may_be_has_bounds() {
    let service = Service::new();
    let create = |tags: &[Tag], ttl: SignedDuration, uses: u64| {
        service.call("CreateEnrolmentToken", |cx| tokens::create(cx, tags, ttl, uses)).is_ok()
    };
    let hour = SignedDuration::from_hours(1);
    assert!(create(&[], tokens::TTL_MIN, 1));
    assert!(create(&[], tokens::TTL_MAX, tokens::USES_MAX));
    assert!(!create(&[], tokens::TTL_MAX + SignedDuration::from_secs(1), 1));
    assert!(!create(&[], tokens::TTL_MIN - SignedDuration::from_secs(1), 1));
    assert!(!create(&[], hour, 0));
    assert!(!create(&[], hour, tokens::USES_MAX + 1));
    let many: Vec<Tag> = (0..51).map(|number| Tag::new(format!("k{number}"), "")).collect();
    assert!(create(&many[..50], hour, 1));
    assert!(!create(&many, hour, 1));
    assert!(!create(&[Tag::new("", "x")], hour, 1));
    assert!(!create(&[Tag::new("aws:autoscaling:groupName", "x")], hour, 1));
    assert!(!create(&[Tag::new("a", "1"), Tag::new("a", "2")], hour, 1));
    assert!(!create(&[Tag::new("a", "x".repeat(257))], hour, 1));
    assert!(!create(&[Tag::new("a", "line\nline")], hour, 1));
}

#[test]
fn a_whole_token_in_the_place_of_its_id_is_not_repeated() {
    let service = Service::new();
    let new = service.call("CreateEnrolmentToken", |cx| tokens::create(cx, &[], tokens::TTL_DEFAULT, 1)).unwrap();
    let text = new.token.expose();
    let error = service.call("RevokeEnrolmentToken", |cx| tokens::revoke(cx, &text)).unwrap_err();
    assert!(!error.to_string().contains(&text), "{error}");
    assert!(!service.records().iter().any(|record| record.contains(&text)));
}
