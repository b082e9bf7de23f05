//! Findings: listed, described, marked.

use proptest::prelude::*;
use serde_json::{Value, json};
use yagura_model::service::{Arn, ArnKind, HealthCode, Id, Run, RunState};
use yagura_model::{Attribute, FindingKey, LocalText, Severity};
use yagura_store::{FindingText, Phase, RunAgent, StoredFinding};

use crate::fixture::{BEST_PRACTICES, CVE, failure, other};
use crate::support::{Service, scope};

/// A judged run with this many findings.
pub(crate) fn judged(service: &Service, name: &str, findings: u64) -> String {
    let template = service.template(&service.target(&format!("target of {name}")), "t");
    let arn = service.insert_run(&template, name);
    let run = service.run(&arn);
    let batch: Vec<_> = (0..findings).map(|number| finding(service, &run, number)).collect();
    service.app.store.write(|tx| tx.insert_findings(&batch)).unwrap();
    service.move_run(&arn, RunState::Completed);
    arn
}

pub(crate) fn pair(key: &str, value: &str) -> Attribute {
    Attribute { key: key.into(), value: value.into() }
}

fn finding(service: &Service, run: &Run, number: u64) -> StoredFinding {
    let agent = format!("i-{:017x}", number % 3);
    let at = service.now();
    StoredFinding {
        seq: 0,
        scope: run.scope.clone(),
        run_seq: run.seq,
        id: Id::from_number(number),
        agent: agent.clone(),
        scaling_group: Some(format!("group {}", number % 2)),
        rules_package: if number.is_multiple_of(5) { BEST_PRACTICES.into() } else { CVE.into() },
        rule: format!("CVE-2026-{number:04}"),
        severity: Severity::ALL[usize::try_from(number % 5).unwrap()],
        key: FindingKey(format!("{number:013}")),
        title: LocalText::new("a title", "題"),
        text: FindingText {
            description: LocalText::new("long ".repeat(5_000), "長い"),
            recommendation: LocalText::new("upgrade", "更新"),
            severity_reason: LocalText::default(),
        },
        attributes: vec![
            pair("INSTANCE_ID", &agent),
            pair("package_name", "openssl"),
            pair("", "x"),
            pair("long", &"é".repeat(300)),
        ],
        evidence: "{}".into(),
        user_attributes: vec![pair("担当者", "基盤チーム")],
        created_at: at,
        updated_at: at,
    }
}

fn arn_of(run: &str, number: u64) -> String {
    Arn::parse(run).unwrap().finding(&Id::from_number(number)).to_string()
}

fn described(service: &Service, arn: &str) -> Value {
    service.ok("DescribeFindings", json!({"findingArns": [arn]}))["findings"][0].clone()
}

#[test]
fn a_finding_is_described_within_the_models_bounds() {
    let service = Service::new();
    let run = judged(&service, "r", 3);
    let member = RunAgent {
        run_seq: service.run(&run).seq,
        agent: "i-00000000000000001".into(),
        phase: Phase::Evaluated,
        joined_at: service.now(),
        started_at: None,
        data_at: None,
        next_chunk: 0,
        snapshot: None,
        health: HealthCode::Idle,
        details: None,
        asset: json!({"schemaVersion": 1, "agentId": "i-00000000000000001", "hostname": "web-1", "ipv4Addresses": ["10.0.0.1"]}).to_string(),
        evaluated_at: None,
    };
    service.app.store.write(|tx| tx.join_run(&scope(), &member)).unwrap();
    let arn = arn_of(&run, 1);
    let shown = described(&service, &arn);
    assert_eq!(
        shown,
        json!({
            "arn": arn,
            "schemaVersion": 1,
            "service": "Inspector",
            "serviceAttributes": {"schemaVersion": 1, "assessmentRunArn": run, "rulesPackageArn": CVE},
            "assetType": "ec2-instance",
            "assetAttributes": {
                "schemaVersion": 1, "agentId": "i-00000000000000001", "hostname": "web-1", "ipv4Addresses": ["10.0.0.1"],
            },
            "id": "CVE-2026-0001",
            "title": "a title",
            "description": "long ".repeat(4_000),
            "recommendation": "upgrade",
            "severity": "Medium",
            "numericSeverity": 6.0,
            "confidence": 10,
            "indicatorOfCompromise": false,
            "attributes": [
                {"key": "INSTANCE_ID", "value": "i-00000000000000001"},
                {"key": "package_name", "value": "openssl"},
                {"key": "long", "value": "é".repeat(256)},
            ],
            "userAttributes": [{"key": "担当者", "value": "基盤チーム"}],
            "createdAt": 1_767_225_600.0,
            "updatedAt": 1_767_225_600.0,
        })
    );
    // Of a host that its run no longer knows, the id is left.
    let asset = &described(&service, &arn_of(&run, 2))["assetAttributes"];
    assert_eq!(*asset, json!({"schemaVersion": 1, "agentId": "i-00000000000000002"}));
}

#[test]
fn what_cannot_be_described_is_told_item_by_item() {
    let service = Service::new();
    let run = judged(&service, "r", 2);
    let (first, second) = (arn_of(&run, 0), arn_of(&run, 1));
    let elsewhere = first.replace("us-west-2", "eu-west-1");
    let foreign = first.replace("123456789012", "210987654321");
    let parents =
        first.replace(Arn::parse(&run).unwrap().up_to(ArnKind::Template).unwrap().id().as_str(), "0-WEcjR8CH");
    let missing = arn_of(&run, 77);
    let arns = [&second, &first, &first, &missing, &elsewhere, &foreign, &parents, &run, "x"];
    let answer = service.ok("DescribeFindings", json!({"findingArns": arns}));
    let shown: Vec<&str> = answer["findings"].as_array().unwrap().iter().map(|f| f["arn"].as_str().unwrap()).collect();
    assert_eq!(shown, [&second, &first], "in the order of the request");
    assert_eq!(failure(&answer, &first), "DUPLICATE_ARN");
    for arn in [&missing, &elsewhere, &foreign, &parents] {
        assert_eq!(failure(&answer, arn), "ITEM_DOES_NOT_EXIST", "{arn}");
    }
    assert_eq!((failure(&answer, &run), failure(&answer, "x")), ("INVALID_ARN", "INVALID_ARN"));
    assert_eq!(answer["failedItems"]["x"]["retryable"], false);
}

#[test]
fn findings_of_a_run_that_is_not_judged_are_not_there() {
    let service = Service::new();
    let (shown, hidden) = (judged(&service, "shown", 3), judged(&service, "hidden", 0));
    let template = Arn::parse(&hidden).unwrap().up_to(ArnKind::Template).unwrap().to_string();
    let live = service.insert_run(&template, "live");
    let run = service.run(&live);
    let batch: Vec<_> = (0..4).map(|number| finding(&service, &run, number)).collect();
    service.app.store.write(|tx| tx.insert_findings(&batch)).unwrap();

    let count = |request: Value| service.ok("ListFindings", request)["findingArns"].as_array().unwrap().len();
    assert_eq!((count(json!({})), count(json!({"assessmentRunArns": [live]}))), (3, 0));
    let arn = arn_of(&live, 0);
    let described = service.ok("DescribeFindings", json!({"findingArns": [arn]}));
    assert_eq!(failure(&described, &arn), "ITEM_DOES_NOT_EXIST");
    let marked = service.ok("AddAttributesToFindings", json!({"findingArns": [arn], "attributes": [{"key": "a"}]}));
    assert_eq!(failure(&marked, &arn), "ITEM_DOES_NOT_EXIST");

    service.move_run(&live, RunState::CompletedWithErrors);
    assert_eq!((count(json!({})), count(json!({"assessmentRunArns": [live, live, shown]}))), (7, 7));
}

#[test]
fn lists_are_newest_first_by_pages_and_by_filter() {
    let service = Service::new();
    let first = judged(&service, "first", 40);
    service.advance(3_600);
    let second = judged(&service, "second", 30);
    let all = service.all_pages("ListFindings", &json!({}), "findingArns", 7);
    let expected: Vec<Value> = (0..30)
        .rev()
        .map(|number| json!(arn_of(&second, number)))
        .chain((0..40).rev().map(|number| json!(arn_of(&first, number))))
        .collect();
    assert_eq!(all, expected);
    assert_eq!(service.ok("ListFindings", json!({}))["findingArns"].as_array().unwrap().len(), 10);
    assert!(service.ok("ListFindings", json!({"maxResults": 500})).get("nextToken").is_none());

    let count = |filter: Value| service.all_pages("ListFindings", &json!({"filter": filter}), "findingArns", 500).len();
    for (filter, expected) in [
        (json!({}), 70),
        (json!({"severities": ["High"]}), 14),
        (json!({"severities": ["High", "High", "Undefined"]}), 28),
        (json!({"agentIds": ["i-00000000000000000", "nobody"]}), 24),
        (json!({"autoScalingGroups": ["group 1"]}), 35),
        (json!({"ruleNames": ["CVE-2026-0003"]}), 2),
        (json!({"ruleNames": [""]}), 0),
        (json!({"rulesPackageArns": [BEST_PRACTICES]}), 14),
        (json!({"attributes": [{"key": "INSTANCE_ID", "value": "i-00000000000000000"}]}), 24),
        (json!({"attributes": [{"key": "package_name", "value": "openssl"}]}), 70),
        (json!({"attributes": [{"key": "package_name", "value": "openss_"}]}), 0),
        (json!({"attributes": [{"key": "CVE_ID", "value": "CVE-2026-0035"}]}), 1),
        (json!({"userAttributes": [{"key": "担当者", "value": "基盤チーム"}]}), 70),
        (json!({"userAttributes": [{"key": "担当者"}]}), 70),
        (json!({"userAttributes": [{"key": "状況"}]}), 0),
        (json!({"creationTimeRange": {"beginDate": 1_767_229_200}}), 30),
        (json!({"creationTimeRange": {"endDate": 1_767_225_600}}), 40),
        (json!({"creationTimeRange": {"beginDate": 1_767_225_601, "endDate": 1_767_229_199}}), 0),
        (json!({"severities": ["High"], "autoScalingGroups": ["group 1"], "agentIds": ["i-00000000000000000"]}), 2),
    ] {
        assert_eq!(count(filter.clone()), expected, "{filter}");
    }
    let of_run = service.all_pages(
        "ListFindings",
        &json!({"assessmentRunArns": [first], "filter": {"severities": ["Low"]}}),
        "findingArns",
        3,
    );
    assert_eq!(of_run.len(), 8);
}

#[test]
fn a_wrong_list_has_its_code() {
    let service = Service::new();
    let run = judged(&service, "r", 20);
    let invalid = |request: Value| {
        let (name, code) = service.refused("ListFindings", request);
        assert_eq!(name, "InvalidInputException");
        code
    };
    let many = |number: usize| vec!["x"; number];
    for (filter, code) in [
        (json!({"agentIds": many(100)}), "INVALID_NUMBER_OF_AGENT_IDS"),
        (json!({"agentIds": [""]}), "INVALID_AGENT_ID"),
        (json!({"agentIds": ["x".repeat(129)]}), "INVALID_AGENT_ID"),
        (json!({"autoScalingGroups": many(21)}), "INVALID_NUMBER_OF_AUTO_SCALING_GROUPS"),
        (json!({"autoScalingGroups": ["x".repeat(257)]}), "INVALID_AUTO_SCALING_GROUP"),
        (json!({"ruleNames": many(51)}), "INVALID_NUMBER_OF_RULE_NAMES"),
        (json!({"ruleNames": ["x".repeat(1_001)]}), "INVALID_RULE_NAME"),
        (json!({"severities": many(51)}), "INVALID_NUMBER_OF_SEVERITIES"),
        (json!({"severities": ["HIGH"]}), "INVALID_SEVERITY"),
        (json!({"rulesPackageArns": vec![CVE; 51]}), "INVALID_NUMBER_OF_RULES_PACKAGE_ARNS"),
        (json!({"rulesPackageArns": [run]}), "INVALID_RULES_PACKAGE_ARN"),
        (json!({"attributes": vec![json!({"key": "a"}); 51]}), "INVALID_NUMBER_OF_ATTRIBUTES"),
        (json!({"attributes": [{"key": ""}]}), "INVALID_ATTRIBUTE"),
        (json!({"userAttributes": vec![json!({"key": "a"}); 51]}), "INVALID_NUMBER_OF_USER_ATTRIBUTES"),
        (json!({"userAttributes": [{"key": "a", "value": "x".repeat(257)}]}), "INVALID_USER_ATTRIBUTE"),
    ] {
        assert_eq!(invalid(json!({"filter": filter})), code, "{filter}");
    }
    assert_eq!(invalid(json!({"assessmentRunArns": vec![&run; 51]})), "INVALID_NUMBER_OF_ASSESSMENT_RUN_ARNS");
    assert_eq!(invalid(json!({"assessmentRunArns": ["x"]})), "INVALID_ASSESSMENT_RUN_ARN");
    assert_eq!(invalid(json!({"maxResults": 501})), "INVALID_MAX_RESULTS");
    assert_eq!(invalid(json!({"nextToken": "x"})), "INVALID_PAGINATION_TOKEN");
    let token = service.ok("ListFindings", json!({"maxResults": 5}))["nextToken"].clone();
    let other_filter = json!({"nextToken": token, "filter": {"severities": ["High"]}});
    assert_eq!(invalid(other_filter), "INVALID_PAGINATION_TOKEN");
    let reversed = json!({"filter": {"creationTimeRange": {"beginDate": 2, "endDate": 1}}});
    assert_eq!(service.refused("ListFindings", reversed).0, "ValidationException");
    assert_eq!(
        service.refused("ListFindings", json!({"assessmentRunArns": [run, other(&run)]})),
        ("NoSuchEntityException".to_owned(), "ASSESSMENT_RUN_DOES_NOT_EXIST".to_owned())
    );
    assert_eq!(service.refused("DescribeFindings", json!({"findingArns": []})).1, "INVALID_NUMBER_OF_FINDING_ARNS");
    assert_eq!(
        service.refused("DescribeFindings", json!({"findingArns": vec!["x"; 11]})).1,
        "INVALID_NUMBER_OF_FINDING_ARNS"
    );
    let locale = json!({"findingArns": [arn_of(&run, 0)], "locale": "JA_JP"});
    assert_eq!(service.refused("DescribeFindings", locale).1, "INVALID_LOCALE");
}

#[test]
fn attributes_are_put_and_taken_finding_by_finding() {
    let service = Service::new();
    let run = judged(&service, "r", 3);
    let (first, second, missing) = (arn_of(&run, 0), arn_of(&run, 1), arn_of(&run, 9));
    service.advance(60);
    let answer = service.ok(
        "AddAttributesToFindings",
        json!({
            "findingArns": [first, missing, first, "x"],
            "attributes": [{"key": "状況", "value": "対応済み"}, {"key": "担当者", "value": "横田"}, {"key": "bare"}],
        }),
    );
    assert_eq!((failure(&answer, &first), failure(&answer, &missing)), ("DUPLICATE_ARN", "ITEM_DOES_NOT_EXIST"));
    assert_eq!(failure(&answer, "x"), "INVALID_ARN");
    let shown = described(&service, &first);
    assert_eq!(
        shown["userAttributes"],
        json!([{"key": "担当者", "value": "横田"}, {"key": "状況", "value": "対応済み"}, {"key": "bare"}])
    );
    assert_eq!((&shown["createdAt"], &shown["updatedAt"]), (&json!(1_767_225_600.0), &json!(1_767_225_660.0)));
    let listed =
        service.ok("ListFindings", json!({"filter": {"userAttributes": [{"key": "状況", "value": "対応済み"}]}}));
    assert_eq!(listed["findingArns"], json!([first]));

    // Ten attributes are the most; the others of the request get theirs all the same.
    let eight: Vec<Value> = (0..8).map(|number| json!({"key": format!("k{number}")})).collect();
    let answer = service.ok("AddAttributesToFindings", json!({"findingArns": [first, second], "attributes": eight}));
    assert_eq!((failure(&answer, &first), failure(&answer, &second)), ("LIMIT_EXCEEDED", "none"));
    assert_eq!(described(&service, &second)["userAttributes"].as_array().unwrap().len(), 9);
    assert_eq!(described(&service, &first)["userAttributes"].as_array().unwrap().len(), 3);

    let keys = json!({"findingArns": [first, missing], "attributeKeys": ["状況", "key=Example,value=example", "bare"]});
    let answer = service.ok("RemoveAttributesFromFindings", keys);
    assert_eq!((failure(&answer, &first), failure(&answer, &missing)), ("none", "ITEM_DOES_NOT_EXIST"));
    assert_eq!(described(&service, &first)["userAttributes"], json!([{"key": "担当者", "value": "横田"}]));
    assert_eq!(
        service.ok("AddAttributesToFindings", json!({"findingArns": [first], "attributes": []})),
        json!({"failedItems": {}})
    );
}

#[test]
fn a_wrong_mark_has_its_code_and_changes_nothing() {
    let service = Service::new();
    let arn = arn_of(&judged(&service, "r", 1), 0);
    let before = described(&service, &arn);
    let attributes = |attributes: Value| json!({"findingArns": [arn], "attributes": attributes});
    for (request, code) in [
        (json!({"findingArns": [], "attributes": []}), "INVALID_NUMBER_OF_FINDING_ARNS"),
        (json!({"findingArns": vec!["x"; 11], "attributes": []}), "INVALID_NUMBER_OF_FINDING_ARNS"),
        (json!({"findingArns": [arn]}), "INVALID_NUMBER_OF_USER_ATTRIBUTES"),
        (attributes(json!(vec![json!({"key": "a"}); 11])), "INVALID_NUMBER_OF_USER_ATTRIBUTES"),
        (attributes(json!([{"key": "櫓".repeat(129)}])), "INVALID_USER_ATTRIBUTE_KEY"),
        (attributes(json!([{"value": "a"}])), "INVALID_USER_ATTRIBUTE_KEY"),
        (attributes(json!([{"key": "a", "value": ""}])), "INVALID_USER_ATTRIBUTE_VALUE"),
        (attributes(json!([{"key": "a"}, {"key": "a"}])), "INVALID_USER_ATTRIBUTE"),
    ] {
        let refused = service.refused("AddAttributesToFindings", request.clone());
        assert_eq!(refused, ("InvalidInputException".to_owned(), code.to_owned()), "{request}");
    }
    for (keys, code) in [
        (json!(vec!["a"; 11]), "INVALID_NUMBER_OF_USER_ATTRIBUTES"),
        (json!([""]), "INVALID_USER_ATTRIBUTE_KEY"),
        (Value::Null, "INVALID_NUMBER_OF_USER_ATTRIBUTES"),
    ] {
        let request = json!({"findingArns": [arn], "attributeKeys": keys});
        assert_eq!(service.refused("RemoveAttributesFromFindings", request).1, code);
    }
    assert_eq!(described(&service, &arn), before);
}

#[test]
fn rights_are_decided_finding_by_finding() {
    let service = Service::new();
    let (blue, red) = (judged(&service, "blue", 1), judged(&service, "red", 1));
    let template = Arn::parse(&blue).unwrap().up_to(ArnKind::Template).unwrap().to_string();
    service.ok("SetTagsForResource", json!({"resourceArn": template, "tags": [{"key": "team", "value": "blue"}]}));
    let (mine, theirs) = (arn_of(&blue, 0), arn_of(&red, 0));
    let request = json!({"findingArns": [theirs, mine], "attributes": [{"key": "a"}]});
    for operation in ["DescribeFindings", "AddAttributesToFindings"] {
        let answered = service.call_as("Blue", operation, request.clone());
        assert_eq!((answered.status, failure(&answered.body, &theirs)), (200, "ACCESS_DENIED"), "{operation}");
        assert_eq!(failure(&answered.body, &mine), "none");
    }
    assert_eq!(described(&service, &theirs)["userAttributes"].as_array().unwrap().len(), 1);
    let listed = service.call_as("Blue", "ListFindings", json!({"assessmentRunArns": [blue, red]}));
    assert_eq!(
        (&listed.body["__type"], &listed.body["errorCode"]),
        (&json!("AccessDeniedException"), &json!("ACCESS_DENIED_TO_ASSESSMENT_RUN"))
    );
    assert_eq!(service.call_as("Blue", "ListFindings", json!({"assessmentRunArns": [blue]})).status, 200);
}

const OPERATIONS: [&str; 10] = [
    "AddAttributesToFindings",
    "CreateExclusionsPreview",
    "DescribeExclusions",
    "DescribeFindings",
    "GetExclusionsPreview",
    "GetTelemetryMetadata",
    "ListAssessmentRunAgents",
    "ListExclusions",
    "ListFindings",
    "RemoveAttributesFromFindings",
];

const MEMBERS: [&str; 24] = [
    "findingArns",
    "assessmentRunArns",
    "assessmentRunArn",
    "assessmentTemplateArn",
    "exclusionArns",
    "attributes",
    "attributeKeys",
    "previewToken",
    "filter",
    "agentIds",
    "autoScalingGroups",
    "ruleNames",
    "severities",
    "rulesPackageArns",
    "userAttributes",
    "creationTimeRange",
    "beginDate",
    "endDate",
    "agentHealths",
    "agentHealthCodes",
    "key",
    "value",
    "maxResults",
    "nextToken",
];

const SENSIBLE: [&str; 9] = [
    "High",
    "HEALTHY",
    "IDLE",
    "状況",
    "%_!\"\\",
    "5f7a1e6e-0000-4000-8000-000000000001",
    "arn:aws:inspector:us-west-2:123456789012:target/0-0kFIPusq/template/0-WEcjR8CH",
    "arn:aws:inspector:us-west-2:123456789012:target/0-0kFIPusq/template/0-WEcjR8CH/run/0-Kb5yR8Uo",
    CVE,
];

fn any_json(run: String) -> impl Strategy<Value = Value> {
    let finding = arn_of(&run, 1);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(&SENSIBLE[..]).prop_map(Value::from),
        Just(json!(run)),
        Just(json!(finding)),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(&MEMBERS[..]), inner), 0..6).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

#[test]
fn any_json_gets_an_answer() {
    let service = Service::new();
    let run = judged(&service, "r", 5);
    let request = proptest::collection::vec((proptest::sample::select(&MEMBERS[..]), any_json(run)), 0..8);
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    proptest::test_runner::TestRunner::new(config)
        .run(&request, |members| {
            let request = Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
            for operation in OPERATIONS {
                prop_assert_ne!(service.call(operation, request.clone()).status, 500, "{} {}", operation, request);
            }
            Ok(())
        })
        .unwrap();
}
