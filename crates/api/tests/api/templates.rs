//! Assessment templates.

use serde_json::{Value, json};
use yagura_model::service::RunState;

use crate::fixture::{BEST_PRACTICES, CVE, TOPIC, failure, other, text};
use crate::support::Service;

fn request(target: &str, name: &str) -> Value {
    json!({
        "assessmentTargetArn": target,
        "assessmentTemplateName": name,
        "durationInSeconds": 180,
        "rulesPackageArns": [CVE, BEST_PRACTICES, CVE],
        "userAttributesForFindings": [{"key": "担当者", "value": "基盤チーム"}, {"key": "bare"}],
    })
}

#[test]
fn a_template_is_described_as_it_was_made() {
    let service = Service::new();
    let target = service.target("web");
    let arn = text(&service.ok("CreateAssessmentTemplate", request(&target, "t")), "assessmentTemplateArn");
    assert!(arn.starts_with(&format!("{target}/template/0-")));
    let answer = service.ok("DescribeAssessmentTemplates", json!({"assessmentTemplateArns": [arn]}));
    assert_eq!(
        answer,
        json!({
            "assessmentTemplates": [{
                "arn": arn,
                "name": "t",
                "assessmentTargetArn": target,
                "durationInSeconds": 180,
                "rulesPackageArns": [CVE, BEST_PRACTICES],
                "userAttributesForFindings": [{"key": "担当者", "value": "基盤チーム"}, {"key": "bare"}],
                "assessmentRunCount": 0,
                "createdAt": 1_767_225_600.0,
            }],
            "failedItems": {},
        })
    );
}

#[test]
fn runs_are_counted_and_the_last_is_named() {
    let service = Service::new();
    let template = service.template(&service.target("web"), "t");
    let first = service.insert_run(&template, "1");
    let last = service.insert_run(&template, "2");
    let shown = || {
        let answer = service.ok("DescribeAssessmentTemplates", json!({"assessmentTemplateArns": [template]}));
        let template = &answer["assessmentTemplates"][0];
        (template["assessmentRunCount"].clone(), template.get("lastAssessmentRunArn").cloned())
    };
    assert_eq!(shown(), (2.into(), Some(last.clone().into())));
    for (run, left) in [(last, Some(first.clone().into())), (first, None)] {
        service.move_run(&run, RunState::Completed);
        service.ok("DeleteAssessmentRun", json!({"assessmentRunArn": run}));
        assert_eq!(shown().1, left);
    }
}

#[test]
fn every_value_has_its_code() {
    let service = Service::new();
    let target = service.target("web");
    let code = |member: &str, value: Value| {
        let mut request = request(&target, "t");
        request[member] = value;
        service.refused("CreateAssessmentTemplate", request)
    };
    let invalid = |code: &str| ("InvalidInputException".to_owned(), code.to_owned());
    let missing = |code: &str| ("NoSuchEntityException".to_owned(), code.to_owned());
    for duration in [json!(179), json!(86_401), json!(-1), json!(i64::MAX), Value::Null] {
        assert_eq!(code("durationInSeconds", duration), invalid("INVALID_ASSESSMENT_TEMPLATE_DURATION"));
    }
    assert_eq!(code("assessmentTargetArn", CVE.into()), invalid("INVALID_ASSESSMENT_TARGET_ARN"));
    assert_eq!(code("assessmentTargetArn", Value::Null), invalid("INVALID_ASSESSMENT_TARGET_ARN"));
    assert_eq!(code("assessmentTargetArn", other(&target).into()), missing("ASSESSMENT_TARGET_DOES_NOT_EXIST"));
    assert_eq!(code("assessmentTemplateName", "".into()), invalid("INVALID_ASSESSMENT_TEMPLATE_NAME"));
    assert_eq!(code("rulesPackageArns", Value::Null), invalid("INVALID_NUMBER_OF_RULES_PACKAGE_ARNS"));
    assert_eq!(code("rulesPackageArns", vec![CVE; 51].into()), invalid("INVALID_NUMBER_OF_RULES_PACKAGE_ARNS"));
    assert_eq!(code("rulesPackageArns", json!([target])), invalid("INVALID_RULES_PACKAGE_ARN"));
    assert_eq!(code("rulesPackageArns", json!([other(CVE)])), missing("RULES_PACKAGE_DOES_NOT_EXIST"));
    let elsewhere = CVE.replace("us-west-2", "us-east-1");
    assert_eq!(code("rulesPackageArns", json!([elsewhere])), missing("RULES_PACKAGE_DOES_NOT_EXIST"));
    let attributes = |value: Value| code("userAttributesForFindings", value).1;
    let many: Vec<Value> = (0..11).map(|number| json!({"key": number.to_string()})).collect();
    assert_eq!(attributes(many.into()), "INVALID_NUMBER_OF_USER_ATTRIBUTES");
    assert_eq!(attributes(json!([{"key": "a"}, {"key": "a"}])), "INVALID_USER_ATTRIBUTE");
    assert_eq!(attributes(json!([{"key": ""}])), "INVALID_USER_ATTRIBUTE_KEY");
    assert_eq!(attributes(json!([{"key": "a", "value": ""}])), "INVALID_USER_ATTRIBUTE_VALUE");
}

#[test]
fn names_are_unique_in_a_target() {
    let service = Service::new();
    let (one, two) = (service.target("one"), service.target("two"));
    service.template(&one, "t");
    service.template(&two, "t");
    let refused = service.refused("CreateAssessmentTemplate", request(&one, "t"));
    assert_eq!(refused, ("InvalidInputException".into(), "ASSESSMENT_TEMPLATE_NAME_ALREADY_TAKEN".into()));
}

#[test]
fn there_are_only_so_many() {
    let service = Service::with(|settings| settings.templates_max = 1);
    let target = service.target("one");
    service.template(&target, "t");
    let refused = service.refused("CreateAssessmentTemplate", request(&target, "u"));
    assert_eq!(refused, ("LimitExceededException".into(), "ASSESSMENT_TEMPLATE_LIMIT_EXCEEDED".into()));
}

#[test]
fn a_template_without_rules_is_one() {
    let service = Service::new();
    let target = service.target("one");
    let mut request = request(&target, "t");
    request["rulesPackageArns"] = json!([]);
    request.as_object_mut().unwrap().remove("userAttributesForFindings");
    let arn = text(&service.ok("CreateAssessmentTemplate", request), "assessmentTemplateArn");
    let answer = service.ok("DescribeAssessmentTemplates", json!({"assessmentTemplateArns": [arn]}));
    assert_eq!(answer["assessmentTemplates"][0]["rulesPackageArns"], json!([]));
}

#[test]
fn a_template_of_another_target_is_none() {
    let service = Service::new();
    let (one, two) = (service.target("one"), service.target("two"));
    let arn = service.template(&one, "t").replace(&one, &two);
    let answer = service.ok("DescribeAssessmentTemplates", json!({"assessmentTemplateArns": [arn]}));
    assert_eq!(failure(&answer, &arn), "ITEM_DOES_NOT_EXIST");
    let refused = service.refused("DeleteAssessmentTemplate", json!({"assessmentTemplateArn": arn}));
    assert_eq!(refused.1, "ASSESSMENT_TEMPLATE_DOES_NOT_EXIST");
}

#[test]
fn templates_are_listed_by_target_and_filter() {
    let service = Service::new();
    let (one, two) = (service.target("one"), service.target("two"));
    let short = text(&service.ok("CreateAssessmentTemplate", request(&one, "short")), "assessmentTemplateArn");
    let long = service.template(&one, "long");
    let far = service.template(&two, "far");
    let (short, long, far) = (short.as_str(), long.as_str(), far.as_str());
    let list = |request: Value| -> Vec<String> {
        let arns = service.all_pages("ListAssessmentTemplates", &request, "assessmentTemplateArns", 1);
        arns.iter().map(|arn| arn.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(list(json!({})), [short, long, far]);
    assert_eq!(list(json!({"assessmentTargetArns": []})).len(), 3);
    assert_eq!(list(json!({"assessmentTargetArns": [two]})), [far]);
    assert_eq!(list(json!({"assessmentTargetArns": [two, one]})).len(), 3);
    assert_eq!(list(json!({"filter": {"namePattern": "*o*"}})), [short, long]);
    assert_eq!(list(json!({"filter": {"durationRange": {"maxSeconds": 3599}}})), [short]);
    assert_eq!(list(json!({"filter": {"durationRange": {"minSeconds": 3600}}})), [long, far]);
    assert_eq!(list(json!({"filter": {"rulesPackageArns": [BEST_PRACTICES]}})), [short]);
    assert_eq!(list(json!({"filter": {"rulesPackageArns": [BEST_PRACTICES, CVE]}})).len(), 3);
    assert_eq!(list(json!({"filter": {"rulesPackageArns": [], "namePattern": "far"}})), [far]);

    let refused = |request: Value| service.refused("ListAssessmentTemplates", request).1;
    assert_eq!(refused(json!({"assessmentTargetArns": vec![&one; 51]})), "INVALID_NUMBER_OF_ASSESSMENT_TARGET_ARNS");
    assert_eq!(refused(json!({"assessmentTargetArns": [short]})), "INVALID_ASSESSMENT_TARGET_ARN");
    assert_eq!(refused(json!({"assessmentTargetArns": [one, other(&one)]})), "ASSESSMENT_TARGET_DOES_NOT_EXIST");
    assert_eq!(refused(json!({"filter": {"namePattern": ""}})), "INVALID_ASSESSMENT_TEMPLATE_NAME_PATTERN");
    assert_eq!(
        refused(json!({"filter": {"durationRange": {"minSeconds": 200, "maxSeconds": 199}}})),
        "INVALID_ASSESSMENT_TEMPLATE_DURATION_RANGE"
    );
    assert_eq!(refused(json!({"filter": {"rulesPackageArns": ["x"]}})), "INVALID_RULES_PACKAGE_ARN");
}

#[test]
fn a_deleted_template_takes_runs_and_subscriptions_with_it() {
    let service = Service::new();
    let template = service.template(&service.target("one"), "t");
    let run = service.insert_run(&template, "r");
    service.ok("SubscribeToEvent", json!({"resourceArn": template, "event": "OTHER", "topicArn": TOPIC}));
    let delete = json!({"assessmentTemplateArn": template});
    assert_eq!(service.refused("DeleteAssessmentTemplate", delete.clone()).0, "AssessmentRunInProgressException");
    service.move_run(&run, RunState::Failed);
    service.ok("DeleteAssessmentTemplate", delete.clone());
    assert_eq!(service.ok("ListEventSubscriptions", json!({})), json!({"subscriptions": []}));
    assert_eq!(service.ok("ListAssessmentRuns", json!({})), json!({"assessmentRunArns": []}));
    assert_eq!(service.refused("DeleteAssessmentTemplate", delete).1, "ASSESSMENT_TEMPLATE_DOES_NOT_EXIST");
}
