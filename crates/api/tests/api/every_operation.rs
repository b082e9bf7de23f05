//! What holds for every operation: rights, the audit log, and requests that make no sense.

use proptest::prelude::*;
use serde_json::{Value, json};
use yagura_api::operations::{Access, OPERATIONS};

use crate::fixture::TOPIC;
use crate::model::Model;
use crate::support::{ACCOUNT, Service, scope};

/// Members of requests, of every operation and of the structures inside.
const MEMBERS: [&str; 40] = [
    "resourceGroupTags",
    "resourceGroupArns",
    "resourceGroupArn",
    "assessmentTargetName",
    "assessmentTargetArn",
    "assessmentTargetArns",
    "assessmentTemplateName",
    "assessmentTemplateArn",
    "assessmentTemplateArns",
    "assessmentRunArn",
    "assessmentRunArns",
    "assessmentRunName",
    "durationInSeconds",
    "rulesPackageArns",
    "userAttributesForFindings",
    "resourceArn",
    "tags",
    "event",
    "topicArn",
    "roleArn",
    "previewAgentsArn",
    "previewToken",
    "findingArns",
    "exclusionArns",
    "attributes",
    "attributeKeys",
    "reportFileFormat",
    "reportType",
    "stopAction",
    "filter",
    "namePattern",
    "assessmentTargetNamePattern",
    "states",
    "durationRange",
    "minSeconds",
    "startTimeRange",
    "beginDate",
    "maxResults",
    "nextToken",
    "locale",
];

fn wrong_values() -> Vec<Value> {
    vec![
        json!(7),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(true),
        json!(""),
        json!("x"),
        json!("\0"),
        json!("'; DROP TABLE run; --"),
        json!("%_!*".repeat(200)),
        json!("櫓".repeat(10_000)),
        json!([]),
        json!([7]),
        json!([null]),
        json!([[]]),
        json!([{}]),
        json!(["\0"]),
        json!([{"key": 7}]),
        json!({}),
        json!({"key": "a"}),
        json!({"beginDate": "never", "minSeconds": "few", "namePattern": 7, "states": 7}),
        Value::Null,
    ]
}

/// A request that has something sensible in every member.
fn sensible(service: &Service) -> Value {
    let target = service.target("web");
    let template = service.template(&target, "t");
    let run = service.insert_run(&template, "r");
    json!({
        "resourceGroupTags": [{"key": "a"}],
        "resourceGroupArns": [service.group(json!([{"key": "a"}]))],
        "assessmentTargetName": "other",
        "assessmentTargetArn": target,
        "assessmentTargetArns": [target],
        "assessmentTemplateName": "other",
        "assessmentTemplateArn": template,
        "assessmentTemplateArns": [template],
        "assessmentRunArn": run,
        "assessmentRunArns": [run],
        "durationInSeconds": 180,
        "rulesPackageArns": [crate::fixture::CVE],
        "resourceArn": template,
        "event": "OTHER",
        "topicArn": TOPIC,
        "roleArn": "arn:aws:iam::123456789012:role/x",
        "previewAgentsArn": target,
        "previewToken": "00000000-0000-4000-8000-000000000000",
        "findingArns": [format!("{run}/finding/0-AAAAAAAA")],
        "exclusionArns": [format!("{run}/exclusion/0-AAAAAAAA")],
        "attributes": [{"key": "a", "value": "b"}],
        "attributeKeys": ["a"],
    })
}

#[test]
fn the_table_is_sorted_and_has_no_operation_twice() {
    assert!(OPERATIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
}

#[test]
fn nobody_may_do_anything_and_the_log_says_so() {
    let service = Service::new();
    for operation in OPERATIONS {
        let before = records(&service);
        let refused = service.call_as("Nobody", operation.name, json!({}));
        assert_eq!((refused.status, &refused.body["__type"]), (400, &json!("AccessDeniedException")), "{operation:?}");
        let after = records(&service);
        assert_eq!(after.len(), before.len() + 1, "{operation:?}");
        let record: Value = serde_json::from_str(after.last().unwrap()).unwrap();
        assert_eq!(record["eventName"], operation.name);
        assert!(record["errorMessage"].is_string());
    }
}

#[test]
fn every_call_is_in_the_log_and_descriptions_are_not_repeated_there() {
    let service = Service::new();
    let request = sensible(&service);
    for operation in OPERATIONS {
        let before = records(&service).len();
        let answered = service.call(operation.name, request.clone());
        let after = records(&service);
        assert_eq!(after.len(), before + 1, "{operation:?}");
        let record: Value = serde_json::from_str(after.last().unwrap()).unwrap();
        assert_eq!((&record["eventName"], &record["requestParameters"]), (&json!(operation.name), &request));
        let repeated = !operation.name.starts_with("List") && !operation.name.starts_with("Describe");
        if answered.status == 200 && repeated {
            assert_eq!(record["responseElements"], answered.body, "{operation:?}");
        } else {
            assert_eq!(record["responseElements"], Value::Null, "{operation:?}");
        }
    }
}

#[test]
fn a_wrong_value_is_never_our_fault() {
    for operation in OPERATIONS {
        let service = Service::new();
        let base = sensible(&service);
        let mut members: Vec<String> = MEMBERS.iter().map(ToString::to_string).collect();
        if let Some(model) = Model::get() {
            // The list above must not fall behind the model.
            members = model.members_of_request(operation.name);
            assert!(members.iter().all(|member| MEMBERS.contains(&member.as_str())), "{members:?}");
        }
        for member in &members {
            for value in wrong_values() {
                let mut request = base.clone();
                request[member] = value;
                let answered = service.call(operation.name, request.clone());
                assert_ne!(answered.status, 500, "{} {request}", operation.name);
                if request[member] == json!(true) {
                    assert_eq!(answered.body["__type"], "SerializationException", "{} {request}", operation.name);
                }
            }
        }
    }
}

#[test]
fn a_body_that_does_not_read_is_the_callers_fault() {
    let service = Service::new();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for operation in OPERATIONS {
        for body in ["{", "[]", "7", "\"x\"", "{\"a\":}", "\u{feff}{}", &deep] {
            let answered = service.call_in(scope(), "Administrator", operation.name, body);
            assert_eq!(answered.body["__type"], "SerializationException", "{} {body:.20}", operation.name);
        }
    }
}

#[test]
fn what_only_looks_changes_nothing() {
    let service = Service::new();
    let request = sensible(&service);
    let look = || {
        let mut answers = Vec::new();
        for operation in OPERATIONS.iter().filter(|operation| operation.access == Access::Look) {
            answers.push(service.call(operation.name, request.clone()).body);
        }
        answers
    };
    assert_eq!(look(), look());
}

fn records(service: &Service) -> Vec<String> {
    let records = service.app.store.read(|tx| tx.audit_records(ACCOUNT, 0, 10_000)).unwrap();
    records.into_iter().map(|record| record.record).collect()
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
        Just(json!("arn:aws:inspector:us-west-2:123456789012:target/0-0kFIPusq")),
        Just(json!("arn:aws:inspector:us-west-2:123456789012:target/0-0kFIPusq/template/0-WEcjR8CH")),
        Just(json!("OTHER")),
        Just(json!("CREATED")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let member = prop_oneof![proptest::sample::select(&MEMBERS[..]).prop_map(str::to_owned), any::<String>()];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((member, inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_gets_an_answer(
        requests in proptest::collection::vec(proptest::collection::vec((proptest::sample::select(&MEMBERS[..]), any_json()), 0..6), 1..8),
    ) {
        let service = Service::new();
        for members in requests {
            let request = Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
            for operation in OPERATIONS {
                prop_assert_ne!(service.call(operation.name, request.clone()).status, 500, "{} {}", operation.name, request);
            }
        }
    }
}
