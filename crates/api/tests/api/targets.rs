//! Assessment targets.

use serde_json::{Value, json};
use yagura_model::service::RunState;

use crate::fixture::{failure, other};
use crate::support::Service;

fn described(service: &Service, arn: &str) -> Value {
    service.ok("DescribeAssessmentTargets", json!({"assessmentTargetArns": [arn]}))["assessmentTargets"][0].clone()
}

#[test]
fn a_target_has_a_group_or_means_every_host() {
    let service = Service::new();
    let group = service.group(json!([{"key": "a"}]));
    let all = service.target("all");
    let some = service.target_of("some", &group);
    assert_eq!(described(&service, &all).get("resourceGroupArn"), None);
    assert_eq!(
        described(&service, &some),
        json!({"arn": some, "name": "some", "resourceGroupArn": group,
            "createdAt": 1_767_225_600.0, "updatedAt": 1_767_225_600.0})
    );
}

#[test]
fn names_are_unique_and_bounded() {
    let service = Service::new();
    service.target("web");
    let code = |name: Value| service.refused("CreateAssessmentTarget", json!({"assessmentTargetName": name})).1;
    assert_eq!(code("web".into()), "ASSESSMENT_TARGET_NAME_ALREADY_TAKEN");
    assert_eq!(code("".into()), "INVALID_ASSESSMENT_TARGET_NAME");
    assert_eq!(code(Value::Null), "INVALID_ASSESSMENT_TARGET_NAME");
    assert_eq!(code("あ".repeat(141).into()), "INVALID_ASSESSMENT_TARGET_NAME");
    service.target(&"あ".repeat(140));
    service.target("Web");
}

#[test]
fn the_group_must_be_there() {
    let service = Service::new();
    let group = other(&service.group(json!([{"key": "a"}])));
    let with = |group: &str| {
        service.refused("CreateAssessmentTarget", json!({"assessmentTargetName": "a", "resourceGroupArn": group}))
    };
    assert_eq!(with(&group), ("NoSuchEntityException".into(), "RESOURCE_GROUP_DOES_NOT_EXIST".into()));
    assert_eq!(with("group").1, "INVALID_RESOURCE_GROUP_ARN");
    assert_eq!(with("").1, "INVALID_RESOURCE_GROUP_ARN");
}

#[test]
fn the_fifty_first_is_refused() {
    let service = Service::new();
    for number in 0..50 {
        service.target(&number.to_string());
    }
    let refused = service.refused("CreateAssessmentTarget", json!({"assessmentTargetName": "50"}));
    assert_eq!(refused, ("LimitExceededException".into(), "ASSESSMENT_TARGET_LIMIT_EXCEEDED".into()));
    let taken = service.refused("CreateAssessmentTarget", json!({"assessmentTargetName": "49"}));
    assert_eq!(taken.1, "ASSESSMENT_TARGET_NAME_ALREADY_TAKEN", "the clash is told before the limit");
}

#[test]
fn an_update_replaces_name_and_group() {
    let service = Service::new();
    let group = service.group(json!([{"key": "a"}]));
    let arn = service.target_of("old", &group);
    service.target("taken");
    service.advance(10);
    let update = |name: &str| json!({"assessmentTargetArn": arn, "assessmentTargetName": name});
    assert_eq!(service.ok("UpdateAssessmentTarget", update("old")), Value::Null);
    let shown = described(&service, &arn);
    assert_eq!(shown.get("resourceGroupArn"), None, "left out means every host, not the same");
    assert_eq!((&shown["createdAt"], &shown["updatedAt"]), (&json!(1_767_225_600.0), &json!(1_767_225_610.0)));

    let mut request = update("new");
    request["resourceGroupArn"] = group.clone().into();
    service.ok("UpdateAssessmentTarget", request);
    let shown = described(&service, &arn);
    assert_eq!((&shown["name"], &shown["resourceGroupArn"]), (&json!("new"), &json!(group)));

    assert_eq!(service.refused("UpdateAssessmentTarget", update("taken")).1, "ASSESSMENT_TARGET_NAME_ALREADY_TAKEN");
    let request = json!({"assessmentTargetArn": other(&arn), "assessmentTargetName": "x"});
    assert_eq!(service.refused("UpdateAssessmentTarget", request).1, "ASSESSMENT_TARGET_DOES_NOT_EXIST");
    let request = json!({"assessmentTargetArn": arn});
    assert_eq!(service.refused("UpdateAssessmentTarget", request).1, "INVALID_ASSESSMENT_TARGET_NAME");
    let request = json!({"assessmentTargetArn": group, "assessmentTargetName": "x"});
    assert_eq!(service.refused("UpdateAssessmentTarget", request).1, "INVALID_ASSESSMENT_TARGET_ARN");
}

#[test]
fn whoever_is_limited_by_a_tag_cannot_widen_a_target() {
    let service = Service::new();
    let (blue, red) = (service.group(json!([{"key": "team", "value": "blue"}])), service.group(json!([{"key": "r"}])));
    let arn = service.target_of("a", &blue);
    let update = |group: Option<&str>| {
        let mut request = json!({"assessmentTargetArn": arn, "assessmentTargetName": "b"});
        if let Some(group) = group {
            request["resourceGroupArn"] = group.into();
        }
        service.call_as("Blue", "UpdateAssessmentTarget", request).status
    };
    assert_eq!(update(Some(&blue)), 200);
    assert_eq!(update(Some(&red)), 400);
    assert_eq!(update(None), 400);
    let create = |request: Value| service.call_as("Blue", "CreateAssessmentTarget", request).status;
    assert_eq!(create(json!({"assessmentTargetName": "c", "resourceGroupArn": blue})), 200);
    assert_eq!(create(json!({"assessmentTargetName": "d", "resourceGroupArn": red})), 400);
    assert_eq!(create(json!({"assessmentTargetName": "e"})), 400);
}

#[test]
fn targets_are_listed_in_the_order_of_their_making() {
    let service = Service::new();
    let arns: Vec<Value> =
        ["b-1", "a-1", "b-2", "100%", "a_1"].iter().map(|name| service.target(name).into()).collect();
    assert_eq!(service.all_pages("ListAssessmentTargets", &json!({}), "assessmentTargetArns", 2), arns);
    let like = |pattern: &str| {
        let request = json!({"filter": {"assessmentTargetNamePattern": pattern}});
        service.all_pages("ListAssessmentTargets", &request, "assessmentTargetArns", 1)
    };
    assert_eq!(like("b-*"), [arns[0].clone(), arns[2].clone()]);
    assert_eq!(like("B-*"), Vec::<Value>::new(), "the case counts");
    assert_eq!(like("*"), arns);
    assert_eq!(like("*%"), [arns[3].clone()]);
    assert_eq!(like("a_1"), [arns[4].clone()]);
    let code = |filter: Value| service.refused("ListAssessmentTargets", json!({"filter": filter})).1;
    assert_eq!(code(json!({"assessmentTargetNamePattern": ""})), "INVALID_ASSESSMENT_TARGET_NAME_PATTERN");
    assert_eq!(code(json!({"assessmentTargetNamePattern": "a".repeat(141)})), "INVALID_ASSESSMENT_TARGET_NAME_PATTERN");
    assert_eq!(service.refused("ListAssessmentTargets", json!({"maxResults": 0})).1, "INVALID_MAX_RESULTS");
    assert_eq!(service.refused("ListAssessmentTargets", json!({"nextToken": "x"})).1, "INVALID_PAGINATION_TOKEN");
}

#[test]
fn a_deleted_target_takes_everything_with_it_but_its_group() {
    let service = Service::new();
    let group = service.group(json!([{"key": "a"}]));
    let arn = service.target_of("a", &group);
    let template = service.template(&arn, "t");
    let run = service.insert_run(&template, "r");
    let (kept_target, kept_template) = (service.target("kept"), service.template(&service.target("kept-2"), "kept"));

    let live = service.call("DeleteAssessmentTarget", json!({"assessmentTargetArn": arn}));
    assert_eq!(live.body["__type"], "AssessmentRunInProgressException");
    assert_eq!(live.body["assessmentRunArns"], json!([run]));
    assert_eq!(live.body["assessmentRunArnsTruncated"], false);
    assert_eq!(live.body["canRetry"], true);

    service.move_run(&run, RunState::Canceled);
    assert_eq!(service.ok("DeleteAssessmentTarget", json!({"assessmentTargetArn": arn})), Value::Null);
    let gone = service.ok("DescribeAssessmentTargets", json!({"assessmentTargetArns": [arn, kept_target]}));
    assert_eq!(failure(&gone, &arn), "ITEM_DOES_NOT_EXIST");
    assert_eq!(gone["assessmentTargets"][0]["arn"], kept_target);
    let gone = service.ok("DescribeAssessmentTemplates", json!({"assessmentTemplateArns": [template, kept_template]}));
    assert_eq!(failure(&gone, &template), "ITEM_DOES_NOT_EXIST");
    assert_eq!(gone["assessmentTemplates"].as_array().unwrap().len(), 1);
    let gone = service.ok("DescribeAssessmentRuns", json!({"assessmentRunArns": [run]}));
    assert_eq!(failure(&gone, &run), "ITEM_DOES_NOT_EXIST");
    let there = service.ok("DescribeResourceGroups", json!({"resourceGroupArns": [group]}));
    assert_eq!(there["failedItems"], json!({}));
    let again = service.refused("DeleteAssessmentTarget", json!({"assessmentTargetArn": arn}));
    assert_eq!(again, ("NoSuchEntityException".into(), "ASSESSMENT_TARGET_DOES_NOT_EXIST".into()));
}

#[test]
fn ten_live_runs_are_named_and_that_there_are_more() {
    let service = Service::new();
    let target = service.target("a");
    let template = service.template(&target, "t");
    for number in 0..11 {
        service.insert_run(&template, &number.to_string());
    }
    for (operation, member, arn) in [
        ("DeleteAssessmentTarget", "assessmentTargetArn", &target),
        ("DeleteAssessmentTemplate", "assessmentTemplateArn", &template),
    ] {
        let live = service.call(operation, json!({member: arn})).body;
        assert_eq!(live["assessmentRunArns"].as_array().unwrap().len(), 10);
        assert_eq!(live["assessmentRunArnsTruncated"], true);
    }
}

#[test]
fn callers_at_the_same_time_share_one_limit_and_one_name() {
    let service = Service::with(|settings| settings.targets_max = 3);
    let created = |name: &(dyn Fn(usize) -> String + Sync)| -> usize {
        let create = &|number: usize| {
            service.call("CreateAssessmentTarget", json!({"assessmentTargetName": name(number)})).status == 200
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || create(number))).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok().filter(|created| *created)).count()
        })
    };
    assert_eq!(created(&|_| "the same".to_owned()), 1);
    assert_eq!(created(&|number| number.to_string()), 2);
}
