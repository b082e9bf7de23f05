//! Runs as things: described, listed, deleted.

use serde_json::{Value, json};
use yagura_model::service::{EventKind, RunState};
use yagura_store::{Notification, Phase, RunAgent};

use crate::fixture::{BEST_PRACTICES, CVE, TOPIC, failure, other};
use crate::support::{Service, scope};

fn run_of(service: &Service, name: &str) -> String {
    let target = service.target(&format!("target of {name}"));
    service.insert_run(&service.template(&target, "t"), name)
}

#[test]
fn a_run_is_described_with_its_history() {
    let service = Service::new();
    let arn = run_of(&service, "r");
    let run = service.run(&arn);
    for state in [RunState::StartDataCollectionPending, RunState::CollectingData, RunState::Completed] {
        service.advance(60);
        service.move_run(&arn, state);
    }
    let told = Notification {
        at: service.now(),
        event: EventKind::RunCompleted,
        message: Some("あ".repeat(2_000)),
        error: false,
        topic: Some(TOPIC.into()),
        status: Some("SUCCESS".into()),
    };
    service.app.store.write(|tx| tx.insert_notification(&run, &told)).unwrap();
    let shown = service.ok("DescribeAssessmentRuns", json!({"assessmentRunArns": [arn]}));
    assert_eq!(
        shown,
        json!({
            "assessmentRuns": [{
                "arn": arn,
                "name": "r",
                "assessmentTemplateArn": run.template_arn().to_string(),
                "state": "COMPLETED",
                "durationInSeconds": 3600,
                "rulesPackageArns": [CVE],
                "userAttributesForFindings": [],
                "createdAt": 1_767_225_600.0,
                "startedAt": 1_767_225_720.0,
                "completedAt": 1_767_225_780.0,
                "stateChangedAt": 1_767_225_780.0,
                "dataCollected": true,
                "stateChanges": [
                    {"stateChangedAt": 1_767_225_600.0, "state": "CREATED"},
                    {"stateChangedAt": 1_767_225_660.0, "state": "START_DATA_COLLECTION_PENDING"},
                    {"stateChangedAt": 1_767_225_720.0, "state": "COLLECTING_DATA"},
                    {"stateChangedAt": 1_767_225_780.0, "state": "COMPLETED"},
                ],
                "notifications": [{
                    "date": 1_767_225_780.0,
                    "event": "ASSESSMENT_RUN_COMPLETED",
                    "error": false,
                    "message": "あ".repeat(1_000),
                    "snsTopicArn": TOPIC,
                    "snsPublishStatusCode": "SUCCESS",
                }],
                "findingCounts": {"High": 1, "Medium": 2, "Undefined": 0, "Low": 4, "Informational": 5},
            }],
            "failedItems": {},
        })
    );
}

#[test]
fn a_new_run_has_five_zeros_and_the_newest_fifty_messages() {
    let service = Service::new();
    let arn = run_of(&service, "r");
    let run = service.run(&arn);
    for number in 0..60 {
        let told = Notification {
            at: service.now(),
            event: EventKind::Other,
            message: Some(number.to_string()),
            error: true,
            topic: None,
            status: None,
        };
        service.app.store.write(|tx| tx.insert_notification(&run, &told)).unwrap();
    }
    let shown = service.ok("DescribeAssessmentRuns", json!({"assessmentRunArns": [arn]}))["assessmentRuns"][0].clone();
    assert_eq!(shown["findingCounts"], json!({"High": 0, "Medium": 0, "Undefined": 0, "Low": 0, "Informational": 0}));
    let notifications = shown["notifications"].as_array().unwrap();
    assert_eq!(notifications.len(), 50);
    assert_eq!((&notifications[0]["message"], &notifications[49]["message"]), (&json!("10"), &json!("59")));
    assert_eq!((shown.get("startedAt"), shown.get("completedAt")), (None, None));
}

#[test]
fn each_item_fails_by_itself() {
    let service = Service::new();
    let (one, two) = (run_of(&service, "one"), run_of(&service, "two"));
    let template = service.run(&one).template_arn().to_string();
    service.ok("SetTagsForResource", json!({"resourceArn": template, "tags": [{"key": "team", "value": "blue"}]}));
    let mixed = one.replace(one.split('/').nth(1).unwrap(), two.split('/').nth(1).unwrap());
    let request = json!({"assessmentRunArns": [two, one, other(&one), template, one, mixed]});
    let answer = service.ok("DescribeAssessmentRuns", request.clone());
    let names: Vec<&Value> = answer["assessmentRuns"].as_array().unwrap().iter().map(|run| &run["name"]).collect();
    assert_eq!(names, ["two", "one"]);
    assert_eq!(failure(&answer, &other(&one)), "ITEM_DOES_NOT_EXIST");
    assert_eq!(failure(&answer, &mixed), "ITEM_DOES_NOT_EXIST", "a run with another target's name");
    assert_eq!(failure(&answer, &template), "INVALID_ARN");
    assert_eq!(failure(&answer, &one), "DUPLICATE_ARN");
    let limited = service.call_as("Blue", "DescribeAssessmentRuns", request).body;
    assert_eq!(limited["assessmentRuns"][0]["name"], "one");
    assert_eq!(failure(&limited, &two), "ACCESS_DENIED");
}

#[test]
fn runs_are_listed_newest_first_and_by_filter() {
    let service = Service::new();
    let (web, db) = (service.target("web"), service.target("db"));
    let (web, db) = (service.template(&web, "t"), service.template(&db, "t"));
    let first = service.insert_run(&web, "Run 1");
    service.advance(100);
    let second = service.insert_run(&db, "Run 2");
    service.move_run(&first, RunState::CollectingData);
    service.advance(100);
    service.move_run(&first, RunState::Completed);
    let third = service.insert_run(&web, "nightly");
    let (first, second, third) = (first.as_str(), second.as_str(), third.as_str());
    let list = |request: Value| -> Vec<String> {
        let arns = service.all_pages("ListAssessmentRuns", &request, "assessmentRunArns", 1);
        arns.iter().map(|arn| arn.as_str().unwrap().to_owned()).collect()
    };
    let by = |filter: Value| list(json!({"filter": filter}));
    let start = 1_767_225_600;
    assert_eq!(list(json!({})), [third, second, first]);
    assert_eq!(list(json!({"assessmentTemplateArns": [web]})), [third, first]);
    assert_eq!(by(json!({"namePattern": "Run *"})), [second, first]);
    assert_eq!(by(json!({"states": ["CREATED"]})), [third, second]);
    assert_eq!(by(json!({"states": ["CANCELED", "COMPLETED"]})), [first]);
    assert_eq!(by(json!({"rulesPackageArns": [CVE]})).len(), 3);
    assert_eq!(by(json!({"rulesPackageArns": [BEST_PRACTICES]})).len(), 0);
    assert_eq!(by(json!({"durationRange": {"maxSeconds": 3599}})).len(), 0);
    assert_eq!(by(json!({"startTimeRange": {"beginDate": start + 100, "endDate": start + 100}})), [first]);
    assert_eq!(by(json!({"completionTimeRange": {"endDate": start + 199}})).len(), 0);
    assert_eq!(by(json!({"completionTimeRange": {"endDate": start + 200}})), [first]);
    assert_eq!(by(json!({"stateChangeTimeRange": {"beginDate": start, "endDate": start + 150}})), [second, first]);
    assert_eq!(by(json!({"stateChangeTimeRange": {"beginDate": start + 150}})), [third, first]);
    assert_eq!(by(json!({"states": [], "stateChangeTimeRange": {}})).len(), 3);
}

#[test]
fn every_value_of_a_filter_has_its_code() {
    let service = Service::new();
    let run = run_of(&service, "r");
    let template = service.run(&run).template_arn().to_string();
    let code = |request: Value| service.refused("ListAssessmentRuns", request).1;
    let by = |filter: Value| code(json!({"filter": filter}));
    assert_eq!(code(json!({"assessmentTemplateArns": [run]})), "INVALID_ASSESSMENT_TEMPLATE_ARN");
    assert_eq!(
        code(json!({"assessmentTemplateArns": vec![&template; 51]})),
        "INVALID_NUMBER_OF_ASSESSMENT_TEMPLATE_ARNS"
    );
    assert_eq!(code(json!({"assessmentTemplateArns": [other(&template)]})), "ASSESSMENT_TEMPLATE_DOES_NOT_EXIST");
    assert_eq!(by(json!({"states": ["CANCELLED"]})), "INVALID_ASSESSMENT_RUN_STATE");
    assert_eq!(by(json!({"states": vec!["CREATED"; 51]})), "INVALID_NUMBER_OF_ASSESSMENT_RUN_STATES");
    assert_eq!(by(json!({"durationRange": {"minSeconds": 0}})), "INVALID_ASSESSMENT_RUN_DURATION_RANGE");
    let reversed = json!({"beginDate": 2, "endDate": 1});
    assert_eq!(by(json!({"startTimeRange": reversed})), "INVALID_ASSESSMENT_RUN_START_TIME_RANGE");
    assert_eq!(by(json!({"completionTimeRange": reversed})), "INVALID_ASSESSMENT_RUN_COMPLETION_TIME_RANGE");
    assert_eq!(by(json!({"stateChangeTimeRange": reversed})), "INVALID_ASSESSMENT_RUN_STATE_CHANGE_TIME_RANGE");
    assert_eq!(by(json!({"namePattern": "a".repeat(141)})), "INVALID_ASSESSMENT_TEMPLATE_NAME_PATTERN");
}

#[test]
fn only_a_run_that_is_over_is_deleted() {
    let service = Service::new();
    let arn = run_of(&service, "r");
    let delete = json!({"assessmentRunArn": arn});
    for state in RunState::ALL.into_iter().filter(|state| !state.is_terminal()).skip(1) {
        service.move_run(&arn, state);
        let live = service.call("DeleteAssessmentRun", delete.clone()).body;
        assert_eq!(live["__type"], "AssessmentRunInProgressException");
        assert_eq!(live["assessmentRunArns"], json!([arn]));
    }
    service.move_run(&arn, RunState::Completed);
    assert_eq!(service.ok("DeleteAssessmentRun", delete.clone()), Value::Null);
    let again = service.refused("DeleteAssessmentRun", delete);
    assert_eq!(again, ("NoSuchEntityException".into(), "ASSESSMENT_RUN_DOES_NOT_EXIST".into()));
    let no_run = json!({"assessmentRunArn": CVE});
    assert_eq!(service.refused("DeleteAssessmentRun", no_run).1, "INVALID_ASSESSMENT_RUN_ARN");
}

#[test]
fn a_deleted_run_leaves_its_neighbours_alone() {
    let service = Service::new();
    let (gone, kept) = (run_of(&service, "gone"), run_of(&service, "kept"));
    for arn in [&gone, &kept] {
        let member = RunAgent {
            run_seq: service.run(arn).seq,
            agent: "i-00000000000000001".into(),
            phase: Phase::Evaluated,
            joined_at: service.now(),
            started_at: None,
            data_at: None,
            next_chunk: 0,
            snapshot: None,
            health: yagura_model::service::HealthCode::Idle,
            details: None,
            asset: "{}".into(),
            evaluated_at: None,
        };
        service.app.store.write(|tx| tx.join_run(&scope(), &member)).unwrap();
        service.move_run(arn, RunState::Completed);
    }
    let seqs = (service.run(&gone).seq, service.run(&kept).seq);
    service.ok("DeleteAssessmentRun", json!({"assessmentRunArn": gone}));
    let left = |seq: i64| -> (usize, usize) {
        let read = |tx: &mut yagura_store::Tx<'_>| -> Result<_, yagura_store::StoreError> {
            Ok((tx.transitions(seq)?.len(), tx.run_agents(seq, "", 10)?.len()))
        };
        service.app.store.read(read).unwrap()
    };
    assert_eq!(left(seqs.0), (0, 0));
    assert_eq!(left(seqs.1), (2, 1));
}
