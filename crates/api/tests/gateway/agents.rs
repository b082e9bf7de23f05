//! Enrolment, renewal, heartbeats, clones, goodbye.

use jiff::SignedDuration;
use rcgen::KeyPair;
use serde_json::{Value, json};
use yagura_app::service::agents::{CERTIFICATE_LIFETIME, NewToken, RENEW_AFTER, revoke_agent, revoke_token};
use yagura_app::service::{Answer, Call, Caller};
use yagura_model::service::{HealthCode, RunState, StopAction, Tag};
use yagura_store::StoredCertificate;

use crate::client::Client;
use crate::host::{Host, csr, enrolment, facts};
use crate::service::{ACCOUNT, Service, scope};

fn token(uses: u64) -> NewToken {
    NewToken { tags: vec![Tag::new("team", "blue")], ttl: SignedDuration::from_hours(1), uses }
}

fn manage(service: &Service, work: impl Fn(&mut yagura_app::service::Cx<'_, '_>) -> bool) {
    let caller = Caller::service(scope(), "test".into());
    let nothing = Value::Null;
    let call =
        Call { caller: &caller, operation: "Manage", action: "yagura:Manage", resources: &[], parameters: &nothing };
    let done = service.app.change(&call, |cx| Ok(Answer { value: work(cx), recorded: Value::Null }));
    assert!(done.unwrap());
}

#[test]
fn a_token_makes_a_host_an_agent() {
    let service = Service::new();
    let ca = service.client().call("GET", "/agent/v1/ca", &[], b"");
    assert_eq!((ca.status, ca.header("content-type")), (200, Some("application/x-pem-file")));
    assert_eq!(ca.body, service.app.authority.certificate_pem().as_bytes());

    let mut host = Host::enrolled(&service);
    let agent = service.read(|tx| tx.agent(&scope(), &host.id).unwrap().unwrap());
    assert!(host.id.starts_with("i-") && host.id.len() == 19);
    // The token's word counts before the host's.
    assert_eq!(agent.tags, [Tag::new("team", "blue"), Tag::new("role", "web")]);
    assert_eq!((agent.facts.hostname.as_str(), agent.facts.codename.as_deref()), ("web-1", Some("bookworm")));
    assert_eq!(agent.reported, HealthCode::Unknown);

    let answer = host.beat(json!({"facts": facts(&host.fingerprint)}));
    assert_eq!((&answer["instructions"], &answer["stop"], &answer["renew"]), (&json!([]), &json!([]), &json!(false)));
    let agent = service.read(|tx| tx.agent_by_id(&host.id).unwrap().unwrap());
    assert_eq!(agent.reported, HealthCode::Idle);
    let records = service.recorded("EnrollAgent");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["responseElements"]["agentId"], json!(host.id));
    assert!(!records[0].to_string().contains("ygr1."), "no token in the log");
}

#[test]
fn a_token_is_used_as_often_as_it_may_be() {
    let service = Service::new();
    let text = service.token(token(2));
    let key = KeyPair::generate().unwrap();
    let enrol = |text: &str| service.client().post("/agent/v1/enroll", &enrolment(text, &"a".repeat(64), &key));
    let ids: Vec<String> = (0..2).map(|_| enrol(&text).json()["agentId"].as_str().unwrap().to_owned()).collect();
    assert_ne!(ids[0], ids[1]);
    let third = enrol(&text);
    assert_eq!((third.status, third.error().as_str()), (401, "TOKEN_USED_UP"));

    // What was no request costs no use.
    let text = service.token(token(1));
    let mut broken = enrolment(&text, &"a".repeat(64), &key);
    broken["csrPem"] = json!("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n");
    let refused = service.client().post("/agent/v1/enroll", &broken);
    assert_eq!((refused.status, refused.error().as_str()), (400, "BAD_REQUEST"));
    assert_eq!(enrol(&text).status, 200);
}

#[test]
fn of_many_hosts_that_come_at_once_a_token_lets_in_as_many_as_it_may() {
    let service = Service::new();
    let text = service.token(token(3));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let enrolling: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let key = KeyPair::generate().unwrap();
                    service.client().post("/agent/v1/enroll", &enrolment(&text, &"a".repeat(64), &key)).status
                })
            })
            .collect();
        enrolling.into_iter().map(|enrolling| enrolling.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 3, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5, "{statuses:?}");
}

#[test]
fn tokens_that_are_over_revoked_or_forged_let_nobody_in() {
    let service = Service::new();
    let key = KeyPair::generate().unwrap();
    let enrol = |text: &str| {
        let reply = service.client().post("/agent/v1/enroll", &enrolment(text, &"a".repeat(64), &key));
        (reply.status, reply.error())
    };
    let good = service.token(token(5));
    let parts: Vec<&str> = good.split('.').collect();
    let other_secret = format!("{}.{}.{}.{}", parts[0], parts[1], "0".repeat(64), parts[3]);
    let other_ca = format!("{}.{}.{}.{}", parts[0], parts[1], parts[2], "0".repeat(32));
    let no_token = format!("{}.{}.{}.{}", parts[0], "aaaaaaaaaa", parts[2], parts[3]);
    for text in [other_secret.as_str(), &other_ca, &no_token, "ygr1", "x"] {
        assert_eq!(enrol(text), (401, "TOKEN_INVALID".to_owned()), "{text}");
    }
    let id = parts[1].to_owned();
    manage(&service, move |cx| revoke_token(cx, &id).unwrap());
    assert_eq!(enrol(&good).1, "TOKEN_INVALID");
    let late = service.token(token(5));
    service.advance(SignedDuration::from_hours(2));
    assert_eq!(enrol(&late), (401, "TOKEN_EXPIRED".to_owned()));
    assert_eq!(service.refusals().len(), 7);
    assert_eq!(service.read(|tx| tx.agents_with(&scope(), None, 0, 10).unwrap().len()), 0);
}

#[test]
fn an_identity_is_given_again_to_the_machine_that_had_it_and_to_no_other() {
    let service = Service::new();
    let host = Host::enrolled(&service);
    let key = KeyPair::generate().unwrap();
    let again = |client: &Client, fingerprint: &str| {
        let mut request = enrolment(&service.any_token(), fingerprint, &key);
        request["previousAgentId"] = json!(host.id);
        let reply = client.post("/agent/v1/enroll", &request);
        assert_eq!(reply.status, 200, "{}", reply.json());
        reply.json()["agentId"].as_str().unwrap().to_owned()
    };
    // While the identity is in use, the fingerprint alone is no proof.
    assert_ne!(again(&service.client(), &host.fingerprint), host.id);
    assert_eq!(host.heartbeat(json!({})).status, 200, "nobody took it away");
    // With the old key it is; the old certificate is over then.
    assert_eq!(again(&host.client, &host.fingerprint), host.id);
    assert_eq!(host.heartbeat(json!({})).error(), "CERTIFICATE_REVOKED");
    // Another machine does not get it, even when nobody can use it.
    manage(&service, |cx| revoke_agent(cx, &host.id).unwrap());
    assert_ne!(again(&service.client(), &"b".repeat(64)), host.id);
    assert_eq!(again(&service.client(), &host.fingerprint), host.id);
}

#[test]
fn a_certificate_is_renewed_and_the_one_before_stays_until_the_next() {
    let service = Service::new();
    let mut host = Host::enrolled(&service);
    assert_eq!(host.beat(json!({}))["renew"], json!(false));
    // One that was given a month ago.
    let issued_at = service.app.now() - RENEW_AFTER;
    let old = service.app.authority.sign_agent(&csr(&host.key), &host.id, issued_at, CERTIFICATE_LIFETIME).unwrap();
    let kept = StoredCertificate {
        account: ACCOUNT.into(),
        serial: old.serial,
        agent: host.id.clone(),
        issued_at,
        expires_at: old.not_after,
        revoked_at: None,
    };
    service.write(|tx| tx.insert_certificate(&kept).unwrap());
    let client =
        |pem: &str| Client::new(service.address, service.app.authority.certificate_pem(), Some((pem, &host.key)));
    let newest = std::mem::replace(&mut host.client, client(&old.pem));
    assert_eq!(host.beat(json!({"waitSeconds": 50}))["renew"], json!(true), "it is not held");
    let renew = |client: &Client| client.post("/agent/v1/renew", &json!({"protocol": 1, "csrPem": csr(&host.key)}));
    let first = renew(&host.client);
    assert_eq!(first.status, 200, "{}", first.json());
    assert_eq!(host.heartbeat(json!({})).status, 200, "the answer may have been lost");
    let goodbye = |client: &Client| client.post("/agent/v1/goodbye", &json!({"protocol": 1, "reason": ""}));
    assert_eq!(goodbye(&newest).error(), "CERTIFICATE_REVOKED", "only the one that renews and the new one stay");
    let client = Client::new(
        service.address,
        service.app.authority.certificate_pem(),
        Some((first.json()["certificatePem"].as_str().unwrap(), &host.key)),
    );
    assert_eq!(renew(&client).status, 200);
    assert_eq!(host.heartbeat(json!({})).error(), "CERTIFICATE_REVOKED");
    assert_eq!(service.recorded("RenewAgentCertificate").len(), 2);
}

#[test]
fn whoever_has_no_valid_certificate_is_refused_and_recorded() {
    let service = Service::new();
    let host = Host::enrolled(&service);
    let nobody = service.client();
    for path in ["/agent/v1/heartbeat", "/agent/v1/renew", "/agent/v1/goodbye"] {
        let reply = nobody.post(path, &json!({"protocol": 1}));
        assert_eq!((reply.status, reply.error().as_str()), (401, "CERTIFICATE_REQUIRED"));
    }
    // Signed by our authority, but not given to anybody that the server knows.
    let key = KeyPair::generate().unwrap();
    let now = service.app.now();
    let signed = service.app.authority.sign_agent(&csr(&key), &host.id, now, SignedDuration::from_hours(1)).unwrap();
    let unknown = Client::new(service.address, service.app.authority.certificate_pem(), Some((&signed.pem, &key)));
    let reply = unknown.post("/agent/v1/goodbye", &json!({"protocol": 1, "reason": ""}));
    assert_eq!((reply.status, reply.error().as_str()), (401, "AGENT_UNKNOWN"));

    manage(&service, |cx| revoke_agent(cx, &host.id).unwrap());
    let reply = host.heartbeat(json!({}));
    assert_eq!((reply.status, reply.error().as_str()), (401, "CERTIFICATE_REVOKED"));
    let required = "CERTIFICATE_REQUIRED";
    assert_eq!(service.refusals(), [required, required, required, "AGENT_UNKNOWN", "CERTIFICATE_REVOKED"]);
    let last = service.recorded("AgentRefused").pop().unwrap();
    assert_eq!(last["requestParameters"]["agentId"], json!(host.id));
    assert_eq!(last["sourceIPAddress"], json!("127.0.0.1"));
}

#[test]
fn a_certificate_that_is_over_is_refused_though_the_handshake_took_it() {
    let service = Service::new();
    let host = Host::enrolled(&service);
    service.advance(CERTIFICATE_LIFETIME);
    assert_eq!(host.heartbeat(json!({})).error(), "CERTIFICATE_REQUIRED");
}

#[test]
fn an_agent_that_says_to_be_another_is_refused() {
    let service = Service::new();
    let (mut host, other) = (Host::enrolled(&service), Host::enrolled(&service));
    let reply = host.heartbeat(json!({"agentId": other.id}));
    assert_eq!((reply.status, reply.error().as_str()), (403, "AGENT_MISMATCH"));
    host.beat(json!({"agentId": host.id}));
    assert_eq!(service.refusals(), ["AGENT_MISMATCH"]);
}

#[test]
fn a_lost_answer_is_no_clone() {
    let service = Service::new();
    let mut host = Host::enrolled(&service);
    assert_eq!(host.heartbeat(json!({})).status, 200);
    // The same nonce again: the answer was lost.
    host.beat(json!({}));
    host.beat(json!({}));
    assert!(service.recorded("AgentCloneDetected").is_empty());
}

#[test]
fn a_copied_machine_is_noticed_and_the_original_goes_on() {
    let service = Service::new();
    let mut host = Host::enrolled(&service);
    let copied = host.nonce.clone();
    host.beat(json!({}));
    host.beat(json!({}));
    let current = std::mem::replace(&mut host.nonce, copied);
    let clone = host.heartbeat(json!({"facts": facts(&"b".repeat(64))}));
    assert_eq!((clone.status, clone.error().as_str()), (409, "CLONE_DETECTED"));
    assert!(service.read(|tx| tx.agent_by_id(&host.id).unwrap().unwrap()).cloned);
    host.nonce = current;
    host.beat(json!({}));
    assert_eq!(service.recorded("AgentCloneDetected").len(), 1);
    assert_eq!(service.refusals(), ["CLONE_DETECTED"]);

    // The copy enrols anew and says which identity it had.
    let key = KeyPair::generate().unwrap();
    let mut request = enrolment(&service.any_token(), &"b".repeat(64), &key);
    request["previousAgentId"] = json!(host.id);
    let copy = service.client().post("/agent/v1/enroll", &request).json();
    assert_ne!(copy["agentId"], json!(host.id));
    assert!(!service.read(|tx| tx.agent_by_id(&host.id).unwrap().unwrap()).cloned);
}

#[test]
fn an_original_gets_the_chain_back_from_a_faster_copy() {
    let service = Service::new();
    let mut host = Host::enrolled(&service);
    host.beat(json!({"facts": facts(&host.fingerprint)}));
    let original = host.nonce.clone();
    // The copy starts at once and has the current nonce.
    host.beat(json!({"facts": facts(&"b".repeat(64))}));
    host.beat(json!({}));
    let copy = std::mem::replace(&mut host.nonce, original);
    host.beat(json!({}));
    let original = std::mem::replace(&mut host.nonce, copy);
    assert_eq!(host.heartbeat(json!({})).error(), "CLONE_DETECTED");
    host.nonce = original;
    host.beat(json!({}));
    assert_eq!(service.recorded("AgentCloneDetected").len(), 1);
}

#[test]
fn an_instruction_ends_a_long_poll_and_is_not_repeated_to_whoever_has_it() {
    let service = Service::new();
    let mut host = Host::enrolled(&service);
    // The bell rings while the heartbeat is held; were it not heard, the test would take 50 s.
    let answer = std::thread::scope(|scope| {
        let held = scope.spawn(|| host.beat(json!({"waitSeconds": 50})));
        let (_, run) = service.run_with(&[&held_id(&service)]);
        (held.join().unwrap(), run)
    });
    let (answer, run) = answer;
    let instruction = &answer["instructions"][0];
    assert_eq!(instruction["run"], json!(run));
    assert_eq!(instruction["collect"], json!(["inventory", "settings"]));
    assert!(instruction.get("knownDigest").is_none());
    let progress = json!({"runs": [{"run": run, "nextChunk": 0, "done": false}]});
    assert_eq!(host.beat(progress)["instructions"], json!([]));
    assert_eq!(host.beat(json!({}))["instructions"].as_array().unwrap().len(), 1, "forgotten, it comes again");
}

/// The only agent of the service.
fn held_id(service: &Service) -> String {
    service.read(|tx| tx.agents_with(&scope(), None, 0, 1).unwrap()[0].1.id.clone())
}

#[test]
fn runs_that_are_stopped_over_or_unknown_are_said_to_be() {
    let service = Service::new();
    let mut host = Host::enrolled(&service);
    let (seq, run) = service.run_with(&[&host.id]);
    let (_, foreign) = service.run_with(&[]);
    let stop = |host: &mut Host, run: &str| {
        host.beat(json!({"runs": [{"run": run, "nextChunk": 0, "done": false}]}))["stop"].clone()
    };
    assert_eq!(stop(&mut host, &run), json!([]));
    assert_eq!(stop(&mut host, &foreign), json!([{"run": foreign, "discard": true}]));
    let unknown = run.replace("/run/0-", "/run/0-x").chars().take(run.len()).collect::<String>();
    assert_eq!(stop(&mut host, &unknown), json!([{"run": unknown, "discard": true}]));
    service.move_run(seq, |run| run.stop = Some(StopAction::StartEvaluation));
    assert_eq!(stop(&mut host, &run), json!([{"run": run, "discard": false}]));
    service.move_run(seq, |run| run.stop = Some(StopAction::SkipEvaluation));
    assert_eq!(stop(&mut host, &run), json!([{"run": run, "discard": true}]));
    service.move_run(seq, |run| run.state = RunState::Canceled);
    assert_eq!(stop(&mut host, &run), json!([{"run": run, "discard": true}]));
}

#[test]
fn a_stopped_run_ends_the_long_poll_of_an_agent_that_has_it() {
    let service = Service::new();
    let mut host = Host::enrolled(&service);
    let (seq, run) = service.run_with(&[&host.id]);
    let answer = std::thread::scope(|scope| {
        let progress = json!({"waitSeconds": 50, "runs": [{"run": run, "nextChunk": 0, "done": false}]});
        let held = scope.spawn(|| host.beat(progress));
        service.move_run(seq, |run| run.state = RunState::Canceled);
        held.join().unwrap()
    });
    assert_eq!(answer["stop"], json!([{"run": run, "discard": true}]));
}

#[test]
fn a_goodbye_is_believed() {
    let service = Service::new();
    let host = Host::enrolled(&service);
    let reply = host.client.post("/agent/v1/goodbye", &json!({"protocol": 1, "reason": "reboot"}));
    assert_eq!(reply.status, 200);
    let agent = service.read(|tx| tx.agent_by_id(&host.id).unwrap().unwrap());
    assert_eq!((agent.reported, agent.health_details.as_deref()), (HealthCode::Shutdown, Some("reboot")));
}

#[test]
fn a_fleet_that_waits_is_woken_by_one_ring() {
    const AGENTS: usize = 40;
    let service = Service::new();
    let mut hosts: Vec<Host> = (0..AGENTS).map(|_| Host::enrolled(&service)).collect();
    let ids: Vec<String> = hosts.iter().map(|host| host.id.clone()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    // Not heard, the ring would cost each of them 50 s.
    let instructed = std::thread::scope(|scope| {
        let held: Vec<_> = hosts.iter_mut().map(|host| scope.spawn(|| host.beat(json!({"waitSeconds": 50})))).collect();
        service.run_with(&ids);
        held.into_iter().map(|held| held.join().unwrap()["instructions"][0].clone()).collect::<Vec<_>>()
    });
    assert!(instructed.iter().all(|instruction| instruction["run"].is_string()));
}
