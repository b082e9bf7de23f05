//! Subscriptions to events.

use serde_json::{Value, json};

use crate::fixture::{TOPIC, other};
use crate::support::Service;

fn request(template: &str, event: &str, topic: &str) -> Value {
    json!({"resourceArn": template, "event": event, "topicArn": topic})
}

#[test]
fn a_subscription_is_listed_until_it_ends() {
    let service = Service::new();
    let template = service.template(&service.target("a"), "t");
    let listed = || service.ok("ListEventSubscriptions", json!({"resourceArn": template}))["subscriptions"].clone();
    assert_eq!(service.ok("SubscribeToEvent", request(&template, "FINDING_REPORTED", TOPIC)), Value::Null);
    service.advance(5);
    service.ok("SubscribeToEvent", request(&template, "ASSESSMENT_RUN_STARTED", TOPIC));
    service.ok("SubscribeToEvent", request(&template, "ASSESSMENT_RUN_STARTED", TOPIC));
    assert_eq!(
        listed(),
        json!([{
            "resourceArn": template,
            "topicArn": TOPIC,
            "eventSubscriptions": [
                {"event": "FINDING_REPORTED", "subscribedAt": 1_767_225_600.0},
                {"event": "ASSESSMENT_RUN_STARTED", "subscribedAt": 1_767_225_605.0},
            ],
        }])
    );
    for event in ["FINDING_REPORTED", "FINDING_REPORTED", "ASSESSMENT_RUN_STARTED"] {
        assert_eq!(service.ok("UnsubscribeFromEvent", request(&template, event, TOPIC)), Value::Null);
    }
    assert_eq!(listed(), json!([]));
}

#[test]
fn a_new_subscription_tells_its_topic_once() {
    let service = Service::new();
    let target = service.target("a");
    let template = service.template(&target, "t");
    service.ok("SubscribeToEvent", request(&template, "OTHER", TOPIC));
    service.ok("SubscribeToEvent", request(&template, "OTHER", TOPIC));
    let events = service.events();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].kind.as_str(), events[0].subject.as_str()), ("ENABLE_ASSESSMENT_NOTIFICATIONS", TOPIC));
    assert_eq!(
        serde_json::from_str::<Value>(&events[0].body).unwrap(),
        json!({
            "event": "ENABLE_ASSESSMENT_NOTIFICATIONS",
            "target": target,
            "template": template,
            "time": "2026-01-01T00:00:00.000Z",
        })
    );
}

#[test]
fn every_value_has_its_code() {
    let service = Service::new();
    let target = service.target("a");
    let template = service.template(&target, "t");
    for operation in ["SubscribeToEvent", "UnsubscribeFromEvent"] {
        let code =
            |template: &str, event: &str, topic: &str| service.refused(operation, request(template, event, topic)).1;
        assert_eq!(code(&template, "TEA_IS_READY", TOPIC), "INVALID_EVENT");
        assert_eq!(code(&template, "ENABLE_ASSESSMENT_NOTIFICATIONS", TOPIC), "INVALID_EVENT");
        assert_eq!(code(&template, "OTHER", "alarms"), "INVALID_SNS_TOPIC_ARN");
        assert_eq!(code(&template, "OTHER", &TOPIC.replace("aws", "aws-cn")), "INVALID_SNS_TOPIC_ARN");
        assert_eq!(code(&target, "OTHER", TOPIC), "INVALID_RESOURCE_ARN");
        assert_eq!(code(&other(&template), "OTHER", TOPIC), "ASSESSMENT_TEMPLATE_DOES_NOT_EXIST");
        assert_eq!(service.refused(operation, json!({"resourceArn": template})).1, "INVALID_EVENT");
    }
    let refused = |request: Value| service.refused("ListEventSubscriptions", request).1;
    assert_eq!(refused(json!({"resourceArn": target})), "INVALID_RESOURCE_ARN");
    assert_eq!(refused(json!({"resourceArn": other(&template)})), "ASSESSMENT_TEMPLATE_DOES_NOT_EXIST");
    assert_eq!(refused(json!({"maxResults": 501})), "INVALID_MAX_RESULTS");
}

#[test]
fn a_template_has_only_so_many() {
    let service = Service::with(|settings| settings.subscriptions_max = 2);
    let template = service.template(&service.target("a"), "t");
    service.ok("SubscribeToEvent", request(&template, "OTHER", TOPIC));
    service.ok("SubscribeToEvent", request(&template, "FINDING_REPORTED", TOPIC));
    let refused = service.refused("SubscribeToEvent", request(&template, "ASSESSMENT_RUN_STARTED", TOPIC));
    assert_eq!(refused, ("LimitExceededException".into(), "EVENT_SUBSCRIPTION_LIMIT_EXCEEDED".into()));
    service.ok("SubscribeToEvent", request(&template, "OTHER", TOPIC));
}

#[test]
fn subscriptions_of_all_templates_come_in_pages() {
    let service = Service::with(|settings| settings.subscriptions_max = 1_000);
    let target = service.target("a");
    let templates = [service.template(&target, "t"), service.template(&target, "u")];
    let long = "x".repeat(250);
    for number in 0..60 {
        for event in ["OTHER", "FINDING_REPORTED"] {
            let topic = format!("arn:aws:sns:us-west-2:123456789012:{long}-{number}");
            service.ok("SubscribeToEvent", request(&templates[number % 2], event, &topic));
        }
    }
    let whole = service.ok("ListEventSubscriptions", json!({"maxResults": 500}));
    assert_eq!(whole["subscriptions"].as_array().unwrap().len(), 50, "the model's cap");
    assert!(whole.get("nextToken").is_some());
    let all = service.all_pages("ListEventSubscriptions", &json!({}), "subscriptions", 7);
    assert_eq!(all.len(), 60);
    assert!(all.iter().all(|subscription| subscription["eventSubscriptions"].as_array().unwrap().len() == 2));
    let one = json!({"resourceArn": templates[1]});
    assert_eq!(service.all_pages("ListEventSubscriptions", &one, "subscriptions", 4).len(), 30);
}
