//! The API behind signatures.

use jiff::SignedDuration;
use serde_json::{Value, json};
use yagura_api::server::Rate;
use yagura_app::service::opening::secret_context;
use yagura_identity::secrets::{AccessKey, AccessKeyKind, SecretText, secret_hash};
use yagura_identity::sigv4::{Credentials, Request, body_sha256, sign};
use yagura_store::StoredAccessKey;

use crate::client::{Client, Reply};
use crate::service::{ACCOUNT, REGION, Service};

pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: SecretText,
    pub(crate) token: Option<String>,
    pub(crate) region: String,
    /// Seconds by which the client's clock is off.
    pub(crate) skew: i64,
}

pub(crate) fn admin(service: &Service) -> Key {
    let key = service.app.first_key().unwrap();
    Key { id: key.id, secret: key.secret, token: None, region: REGION.into(), skew: 0 }
}

pub(crate) const LIST: &str = "InspectorService.ListRulesPackages";

/// Signs a request and sends it; `change` may spoil it in between.
pub(crate) fn call(service: &Service, key: &Key, target: &str, body: &[u8], sent: &[u8]) -> Reply {
    signed(&service.client(), service, key, target, body, sent)
}

fn signed(client: &Client, service: &Service, key: &Key, target: &str, body: &[u8], sent: &[u8]) -> Reply {
    let kind = "application/x-amz-json-1.1";
    let headers = [("host", "localhost"), ("content-type", kind), ("x-amz-target", target)];
    let bytes: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let request = Request { method: "POST", path: "/", query: "", headers: &bytes, body_sha256: body_sha256(body) };
    let credentials = Credentials {
        access_key_id: &key.id,
        secret: &key.secret,
        session_token: key.token.as_deref(),
        region: &key.region,
        service: "inspector",
    };
    let at = service.app.now() + SignedDuration::from_secs(key.skew);
    let added = sign(&credentials, &request, at);
    let mut all: Vec<(&str, &str)> = headers.into_iter().filter(|(name, _)| *name != "host").collect();
    all.extend(added.iter().map(|(name, value)| (*name, value.as_str())));
    client.call("POST", "/", &all, sent)
}

fn refused(reply: &Reply) -> (u16, String) {
    let name = reply.json()["__type"].as_str().unwrap().to_owned();
    assert_eq!(reply.header("x-amzn-errortype"), Some(name.as_str()));
    (reply.status, name)
}

#[test]
fn a_signed_request_is_answered_and_recorded() {
    let service = Service::new();
    let key = admin(&service);
    let reply = call(&service, &key, LIST, b"{}", b"{}");
    assert_eq!(reply.status, 200, "{}", reply.json());
    assert_eq!(reply.header("content-type"), Some("application/x-amz-json-1.1"));
    let id = reply.header("x-amzn-requestid").unwrap();
    let records = service.recorded("ListRulesPackages");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["requestID"], json!(id));
    assert_eq!(records[0]["userIdentity"]["accessKeyId"], json!(key.id));
    assert_eq!(records[0]["sourceIPAddress"], json!("127.0.0.1"));

    let elsewhere = Key { region: "ap-northeast-1".into(), ..key };
    let reply = call(&service, &elsewhere, LIST, b"{}", b"{}");
    assert!(reply.json()["rulesPackageArns"][0].as_str().unwrap().contains(":ap-northeast-1:"));
}

#[test]
fn the_last_use_of_a_key_is_kept_to_the_minute() {
    let service = Service::new();
    let key = admin(&service);
    let used = || service.read(|tx| tx.access_key(&key.id).unwrap().unwrap().last_used_at);
    assert_eq!(used(), None);
    call(&service, &key, LIST, b"{}", b"{}");
    let first = used().unwrap();
    call(&service, &key, LIST, b"{}", b"{}");
    assert_eq!(used(), Some(first));
    service.advance(SignedDuration::from_mins(2));
    call(&service, &key, LIST, b"{}", b"{}");
    assert!(used().unwrap() > first);
}

#[test]
fn what_is_not_signed_by_a_key_that_is_known_is_refused_and_recorded() {
    let service = Service::new();
    let good = admin(&service);
    let key = |change: &dyn Fn(&mut Key)| {
        let mut key =
            Key { id: good.id.clone(), secret: good.secret.clone(), token: None, region: REGION.into(), skew: 0 };
        change(&mut key);
        key
    };
    let cases: [(Key, &[u8], &str); 7] = [
        (key(&|key| key.secret = SecretText::new("wrong")), b"{}", "InvalidSignatureException"),
        (key(&|_| {}), b"{\"maxResults\": 1}", "InvalidSignatureException"),
        (key(&|key| key.skew = -600), b"{}", "InvalidSignatureException"),
        (key(&|key| key.skew = 600), b"{}", "InvalidSignatureException"),
        (key(&|key| key.id = "AKIANOBODYNOBODYNOBO".into()), b"{}", "UnrecognizedClientException"),
        (key(&|key| key.token = Some("token".into())), b"{}", "UnrecognizedClientException"),
        (key(&|key| key.region = "US_WEST".into()), b"{}", "InvalidSignatureException"),
    ];
    for (key, sent, expected) in &cases {
        let reply = call(&service, key, LIST, b"{}", sent);
        assert_eq!(refused(&reply), (400, (*expected).to_owned()), "{}", reply.json());
    }
    let unsigned = service.client().call("POST", "/", &[("x-amz-target", LIST)], b"{}");
    assert_eq!(refused(&unsigned), (400, "MissingAuthenticationTokenException".to_owned()));

    let records = service.recorded("RequestRefused");
    assert_eq!(records.len(), cases.len() + 1);
    assert_eq!(records[4]["userIdentity"]["accessKeyId"], json!("AKIANOBODYNOBODYNOBO"));
    assert_eq!(records[0]["requestParameters"]["target"], json!(LIST));
    assert_eq!(records[0]["requestParameters"]["reason"], json!("InvalidSignatureException"));
    assert!(service.recorded("ListRulesPackages").is_empty());
}

#[test]
fn temporary_keys_need_their_token_and_end() {
    let service = Service::new();
    let made = AccessKey::generate(AccessKeyKind::Temporary).unwrap();
    let token = made.session_token.unwrap();
    let now = service.app.now();
    let mut stored = StoredAccessKey {
        id: made.id.clone(),
        account: ACCOUNT.into(),
        user: "admin".into(),
        secret_sealed: service.app.keys.seal(&secret_context(&made.id), made.secret.expose().as_bytes()).unwrap(),
        token_hash: Some(secret_hash(token.expose())),
        expires_at: Some(now + SignedDuration::from_hours(1)),
        active: true,
        created_at: now,
        last_used_at: None,
    };
    admin(&service);
    service.write(|tx| tx.insert_access_key(&stored).unwrap());
    let key = |token: Option<&str>| Key {
        id: made.id.clone(),
        secret: made.secret.clone(),
        token: token.map(str::to_owned),
        region: REGION.into(),
        skew: 0,
    };
    assert_eq!(call(&service, &key(Some(token.expose())), LIST, b"{}", b"{}").status, 200);
    for wrong in [None, Some("other")] {
        let reply = call(&service, &key(wrong), LIST, b"{}", b"{}");
        assert_eq!(refused(&reply).1, "UnrecognizedClientException");
    }
    service.advance(SignedDuration::from_hours(2));
    let reply = call(&service, &key(Some(token.expose())), LIST, b"{}", b"{}");
    assert_eq!(refused(&reply).1, "ExpiredTokenException");

    let off = AccessKey::generate(AccessKeyKind::Permanent).unwrap();
    stored = StoredAccessKey {
        id: off.id.clone(),
        secret_sealed: service.app.keys.seal(&secret_context(&off.id), off.secret.expose().as_bytes()).unwrap(),
        token_hash: None,
        expires_at: None,
        active: false,
        ..stored
    };
    service.write(|tx| tx.insert_access_key(&stored).unwrap());
    let off = Key { id: off.id, secret: off.secret, token: None, region: REGION.into(), skew: 0 };
    assert_eq!(refused(&call(&service, &off, LIST, b"{}", b"{}")).1, "UnrecognizedClientException");
}

#[test]
fn only_regions_that_are_served_are_answered() {
    let service = Service::with(|options| options.regions = vec![REGION.into()]);
    let key = admin(&service);
    assert_eq!(call(&service, &key, LIST, b"{}", b"{}").status, 200);
    let elsewhere = Key { region: "eu-west-1".into(), ..key };
    assert_eq!(refused(&call(&service, &elsewhere, LIST, b"{}", b"{}")).1, "InvalidSignatureException");
}

fn rarely(burst: u32) -> Rate {
    Rate::new(std::time::Duration::from_secs(3_600), burst)
}

#[test]
fn a_key_that_asks_too_often_is_told_to_slow_down() {
    let service = Service::with(|options| options.key_rate = rarely(2));
    let key = admin(&service);
    let statuses: Vec<u16> = (0..3).map(|_| call(&service, &key, LIST, b"{}", b"{}").status).collect();
    assert_eq!(statuses, [200, 200, 400]);
    let reply = call(&service, &key, LIST, b"{}", b"{}");
    assert_eq!(refused(&reply), (400, "ThrottlingException".to_owned()));
    assert_eq!(reply.header("retry-after"), Some("1"));
}

#[test]
fn whoever_is_refused_too_often_learns_nothing_more_and_fills_no_log() {
    let service = Service::with(|options| options.refused_rate = rarely(3));
    let names: Vec<Value> =
        (0..5).map(|_| service.client().call("POST", "/", &[], b"{}").json()["__type"].clone()).collect();
    let (missing, slow) = (json!("MissingAuthenticationTokenException"), json!("ThrottlingException"));
    assert_eq!(names, [missing.clone(), missing.clone(), missing, slow.clone(), slow]);
    assert_eq!(service.recorded("RequestRefused").len(), 3);
}

#[test]
fn refusals_beyond_the_rate_are_counted_in_the_log() {
    let service = Service::with(|options| options.refusals_recorded = rarely(1));
    for _ in 0..3 {
        service.client().call("POST", "/", &[], b"{}");
    }
    assert_eq!(service.recorded("RequestRefused").len(), 1);
}
