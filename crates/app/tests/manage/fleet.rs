//! Hosts and what changed feeds changed.

use yagura_app::service::fleet::{self, FleetFilter};
use yagura_app::service::{AppError, tokens};
use yagura_model::service::{AgentHealth, Scope, Tag};
use yagura_model::{FindingKey, LocalText, Severity};
use yagura_store::{PostureEntry, Rematch, StoredCertificate};

use crate::support::{ACCOUNT, Service, scope};

fn entry(rule: &str, severity: Severity) -> PostureEntry {
    PostureEntry {
        key: FindingKey(format!("key of {rule}")),
        rules_package: "cve".to_owned(),
        rule: rule.to_owned(),
        subject: "demo".to_owned(),
        severity,
        title: LocalText::new("A fault", "不具合"),
    }
}

fn ids(service: &Service, filter: &FleetFilter) -> Vec<String> {
    service.call("ListAgents", |cx| fleet::list(cx, filter)).unwrap().into_iter().map(|agent| agent.id).collect()
}

#[test]
fn hosts_are_narrowed_by_tag_and_health() {
    let service = Service::new();
    let one = service.put_agent(1, &[Tag::new("env", "dev"), Tag::new("tier", "web")]);
    service.wait_days(1);
    let two = service.put_agent(2, &[Tag::new("env", "dev")]);
    let with = |tags: &[Tag], health| FleetFilter { tags: tags.to_vec(), health, with_revoked: false };
    assert_eq!(ids(&service, &with(&[], None)), [one.id.as_str(), two.id.as_str()]);
    assert_eq!(ids(&service, &with(&[Tag::new("env", "dev"), Tag::new("tier", "web")], None)), [one.id.as_str()]);
    assert_eq!(ids(&service, &with(&[Tag { key: "tier".into(), value: None }], None)), [one.id.as_str()]);
    assert_eq!(ids(&service, &with(&[Tag::new("env", "prod")], None)), [""; 0]);
    assert_eq!(ids(&service, &with(&[], Some(AgentHealth::Healthy))), [two.id.as_str()]);
    assert_eq!(
        ids(&service, &with(&[], Some(AgentHealth::Unhealthy))),
        [one.id.as_str()],
        "it was not heard for a day"
    );

    service.call("SetAgentTags", |cx| fleet::set_tags(cx, &two.id, &[Tag::new("env", "prod")])).unwrap();
    assert_eq!(ids(&service, &with(&[Tag::new("env", "prod")], None)), [two.id.as_str()]);
    let twice = [Tag::new("a", "1"), Tag::new("a", "2")];
    assert!(service.call("SetAgentTags", |cx| fleet::set_tags(cx, &two.id, &twice)).is_err());
    assert!(service.call("SetAgentTags", |cx| fleet::set_tags(cx, "i-none", &[])).is_err());
}

#[test]
fn a_host_is_shown_with_what_is_wrong_with_it_and_for_how_long() {
    let service = Service::new();
    let agent = service.put_agent(1, &[]);
    let low = entry("CVE-2099-0001", Severity::Low);
    let high = entry("CVE-2099-0002", Severity::High);
    let set = |open: &[PostureEntry]| {
        let now = service.now();
        service.app.store.write(|tx| Ok::<_, AppError>(tx.set_posture(&scope(), &agent.id, "cve", open, now)?)).unwrap()
    };
    set(std::slice::from_ref(&low));
    service.wait_days(3);
    set(&[low, high.clone()]);
    let shown = service.call("GetAgent", |cx| fleet::show(cx, &agent.id)).unwrap();
    let open: Vec<_> = shown
        .open
        .iter()
        .map(|record| (record.entry.rule.as_str(), fleet::age_days(record.first_at, service.now())))
        .collect();
    assert_eq!(open, [("CVE-2099-0002", 0), ("CVE-2099-0001", 3)]);
    set(&[high]);
    assert_eq!(service.call("GetAgent", |cx| fleet::show(cx, &agent.id)).unwrap().open.len(), 1);
    assert!(service.call("GetAgent", |cx| fleet::show(cx, "i-none")).is_err());
}

#[test]
fn a_revoked_host_has_no_certificate_that_is_accepted() {
    let service = Service::new();
    let agent = service.put_agent(1, &[]);
    let now = service.now();
    let certificate = StoredCertificate {
        account: ACCOUNT.to_owned(),
        serial: "01".repeat(16),
        agent: agent.id.clone(),
        issued_at: now,
        expires_at: now.checked_add(jiff::SignedDuration::from_hours(24)).unwrap(),
        revoked_at: None,
    };
    service.app.store.write(|tx| Ok::<_, AppError>(tx.insert_certificate(&certificate)?)).unwrap();
    assert_eq!(service.call("RevokeAgent", |cx| fleet::revoke(cx, &agent.id)).unwrap(), 1);
    let accepted = service.app.store.read(|tx| Ok::<_, AppError>(tx.has_certificate(&agent.id, now)?)).unwrap();
    assert!(!accepted);
    assert_eq!(ids(&service, &FleetFilter::default()), [""; 0]);
    let with_revoked = FleetFilter { with_revoked: true, ..FleetFilter::default() };
    assert_eq!(ids(&service, &with_revoked), [agent.id]);
    assert!(service.call("RevokeAgent", |cx| fleet::revoke(cx, "i-none")).is_err());
    // A token has nothing to do with hosts that are there.
    assert!(service.call("ListEnrolmentTokens", tokens::list).unwrap().is_empty());
}

#[test]
fn changes_of_another_account_are_not_seen() {
    let service = Service::new();
    let begin = |account: &str| {
        let rematch = Rematch { index_after: "after".into(), started_at: service.now(), ..Rematch::default() };
        let write = service.app.store.write(|tx| {
            let number = tx.begin_rematch(account, &rematch)?;
            tx.add_rematch_changes(account, number, "i-1", "appeared", &[entry("CVE-2099-0001", Severity::High)])?;
            Ok::<_, AppError>(number)
        });
        write.unwrap()
    };
    let (ours, theirs) = (begin(ACCOUNT), begin("999999999999"));
    let listed = service.call("ListChanges", |cx| fleet::rematches(cx, 10)).unwrap();
    assert_eq!(listed.iter().map(|rematch| rematch.seq).collect::<Vec<_>>(), [ours]);
    let (_, changes) = service.call("GetChanges", |cx| fleet::changes(cx, ours)).unwrap();
    assert_eq!(changes[0].rule, "CVE-2099-0001");
    assert!(service.call("GetChanges", |cx| fleet::changes(cx, theirs)).is_err());
    assert_ne!(Scope::new(ACCOUNT, "us-east-1"), Scope::new("999999999999", "us-east-1"));
}
