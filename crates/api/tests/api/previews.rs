//! Which hosts a target means.

use serde_json::{Value, json};
use yagura_model::service::{AgentFacts, HealthCode};

use crate::fixture::other;
use crate::support::Service;

#[test]
fn an_agent_is_shown_with_what_is_known_of_it() {
    let service = Service::new();
    let target = service.target("all");
    let mut known = service.agent("i-00000000000000001", &[]);
    known.auto_scaling_group = Some("web".into());
    service.enrol(&known);
    let mut bare = service.agent("i-00000000000000002", &[]);
    bare.facts = AgentFacts { ipv4_addresses: vec!["fe80::1234:5678:9abc".into()], ..AgentFacts::default() };
    bare.reported = HealthCode::Unknown;
    bare.agent_version = String::new();
    service.enrol(&bare);
    let answer = service.ok("PreviewAgents", json!({"previewAgentsArn": target}));
    assert_eq!(
        answer,
        json!({"agentPreviews": [
            {
                "agentId": "i-00000000000000001",
                "agentHealth": "HEALTHY",
                "hostname": "web-1",
                "autoScalingGroup": "web",
                "agentVersion": "0.1.0",
                "operatingSystem": "Debian GNU/Linux 12 (bookworm)",
                "kernelVersion": "6.1.0-28-amd64",
                "ipv4Address": "192.0.2.7",
            },
            {"agentId": "i-00000000000000002", "agentHealth": "UNKNOWN"},
        ]})
    );
    service.advance(600);
    let answer = service.ok("PreviewAgents", json!({"previewAgentsArn": target}));
    assert_eq!(answer["agentPreviews"][0]["agentHealth"], "UNHEALTHY", "silent for ten minutes");
}

#[test]
fn what_a_host_says_is_cut_at_the_models_lengths() {
    let service = Service::new();
    let target = service.target("all");
    let mut agent = service.agent("i-00000000000000001", &[]);
    let long = "あ".repeat(5_000);
    agent.facts.hostname = long.clone();
    agent.facts.operating_system = long.clone();
    agent.facts.kernel_version = long.clone();
    agent.agent_version = long.clone();
    agent.auto_scaling_group = Some(long);
    service.enrol(&agent);
    let shown = service.ok("PreviewAgents", json!({"previewAgentsArn": target}))["agentPreviews"][0].clone();
    let chars = |name: &str| shown[name].as_str().unwrap().chars().count();
    assert_eq!((chars("hostname"), chars("operatingSystem"), chars("autoScalingGroup")), (256, 256, 256));
    assert_eq!((chars("kernelVersion"), chars("agentVersion")), (128, 128));
}

#[test]
fn any_one_tag_will_do() {
    let service = Service::new();
    let group = service.group(json!([
        {"key": "env", "value": "prod"},
        {"key": "env", "value": "test"},
        {"key": "inspect"},
        {"key": "aws:autoscaling:groupName", "value": "web"},
    ]));
    let target = service.target_of("some", &group);
    let number = |number: u32| format!("i-{number:017}");
    service.enrol(&service.agent(&number(1), &[("env", "prod")]));
    service.enrol(&service.agent(&number(2), &[("env", "dev")]));
    service.enrol(&service.agent(&number(3), &[("inspect", "anything")]));
    let mut scaled = service.agent(&number(4), &[]);
    scaled.auto_scaling_group = Some("web".into());
    service.enrol(&scaled);
    service.enrol(&service.agent(&number(5), &[("env", "test"), ("inspect", "")]));
    let mut revoked = service.agent(&number(6), &[("env", "prod")]);
    revoked.revoked = true;
    service.enrol(&revoked);
    let mut foreign = service.agent(&number(7), &[("env", "prod")]);
    foreign.scope.account = "999999999999".into();
    service.enrol(&foreign);
    let ids = |size: usize| -> Vec<Value> {
        let pages = service.all_pages("PreviewAgents", &json!({"previewAgentsArn": target}), "agentPreviews", size);
        pages.iter().map(|agent| agent["agentId"].clone()).collect()
    };
    assert_eq!(ids(1), [json!(number(1)), json!(number(3)), json!(number(4)), json!(number(5))]);
    assert_eq!(ids(500), ids(1));
}

#[test]
fn the_target_must_be_there() {
    let service = Service::new();
    let target = service.target("all");
    let refused = |arn: Value| service.refused("PreviewAgents", json!({"previewAgentsArn": arn}));
    assert_eq!(
        refused(other(&target).into()),
        ("NoSuchEntityException".into(), "ASSESSMENT_TARGET_DOES_NOT_EXIST".into())
    );
    assert_eq!(refused("x".into()).1, "INVALID_ASSESSMENT_TARGET_ARN");
    assert_eq!(refused(Value::Null).1, "INVALID_ASSESSMENT_TARGET_ARN");
}
