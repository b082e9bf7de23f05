//! What runs could not judge, and previews of it.

use serde_json::{Value, json};
use yagura_app::service::exclusions;
use yagura_model::service::{Arn, HealthCode, RunState};
use yagura_store::{Phase, Preview, RunAgent};

use crate::fixture::{CVE, failure, other, text};
use crate::support::{Service, scope};

fn agent(number: u64) -> String {
    format!("i-{number:017x}")
}

/// A run with this many exclusions.
fn run_with(service: &Service, number: u64) -> String {
    let run = service.insert_run(&service.template(&service.target("web"), "t"), "r");
    let found: Vec<_> = (0..number).map(|number| exclusions::agent_unhealthy(&agent(number), "it is silent")).collect();
    let seq = service.run(&run).seq;
    service.app.store.write(|tx| tx.insert_exclusions(&scope(), seq, &found)).unwrap();
    run
}

#[test]
fn exclusions_are_listed_and_described() {
    let service = Service::new();
    let run = run_with(&service, 230);
    let first = service.ok("ListExclusions", json!({"assessmentRunArn": run}));
    assert_eq!(first["exclusionArns"].as_array().unwrap().len(), 100, "the default is a hundred");
    let mut all = service.all_pages("ListExclusions", &json!({"assessmentRunArn": run}), "exclusionArns", 500);
    assert_eq!(all.len(), 230);
    all.dedup();
    assert_eq!(all.len(), 230);

    let exclusion = exclusions::agent_unhealthy(&agent(7), "it is silent");
    let arn = Arn::parse(&run).unwrap().exclusion(&exclusion.id).to_string();
    let arns = json!([arn, arn, other(&arn), run]);
    let answer = service.ok("DescribeExclusions", json!({"exclusionArns": arns, "locale": "EN_US"}));
    assert_eq!(
        answer["exclusions"],
        json!({arn.clone(): {
            "arn": arn,
            "title": "Agent is unhealthy",
            "description": exclusion.description.en,
            "recommendation": exclusion.recommendation.en,
            "scopes": [{"key": "INSTANCE_ID", "value": agent(7)}],
            "attributes": [{"key": "INSTANCE_ID", "value": agent(7)}],
        }})
    );
    assert_eq!(failure(&answer, &arn), "DUPLICATE_ARN");
    assert_eq!((failure(&answer, &other(&arn)), failure(&answer, &run)), ("ITEM_DOES_NOT_EXIST", "INVALID_ARN"));
    let hundred = service.ok("DescribeExclusions", json!({"exclusionArns": &all[..100]}));
    assert_eq!(hundred["exclusions"].as_object().unwrap().len(), 100);
}

#[test]
fn a_wrong_question_about_exclusions_has_its_code() {
    let service = Service::new();
    let run = run_with(&service, 1);
    for (operation, request, name, code) in [
        (
            "ListExclusions",
            json!({"assessmentRunArn": other(&run)}),
            "NoSuchEntityException",
            "ASSESSMENT_RUN_DOES_NOT_EXIST",
        ),
        ("ListExclusions", json!({"assessmentRunArn": "x"}), "InvalidInputException", "INVALID_ASSESSMENT_RUN_ARN"),
        ("ListExclusions", json!({}), "InvalidInputException", "INVALID_ASSESSMENT_RUN_ARN"),
        (
            "ListExclusions",
            json!({"assessmentRunArn": run, "maxResults": 0}),
            "InvalidInputException",
            "INVALID_MAX_RESULTS",
        ),
        ("DescribeExclusions", json!({"exclusionArns": []}), "InvalidInputException", "INVALID_RESOURCE_ARN"),
        (
            "DescribeExclusions",
            json!({"exclusionArns": vec!["x"; 101]}),
            "InvalidInputException",
            "INVALID_RESOURCE_ARN",
        ),
        (
            "DescribeExclusions",
            json!({"exclusionArns": ["x"], "locale": "X"}),
            "InvalidInputException",
            "INVALID_LOCALE",
        ),
    ] {
        assert_eq!(
            service.refused(operation, request.clone()),
            (name.to_owned(), code.to_owned()),
            "{operation} {request}"
        );
    }
}

fn preview(service: &Service, template: &str) -> Value {
    let token =
        text(&service.ok("CreateExclusionsPreview", json!({"assessmentTemplateArn": template})), "previewToken");
    service.ok("GetExclusionsPreview", json!({"assessmentTemplateArn": template, "previewToken": token}))
}

fn titles(preview: &Value) -> Vec<(String, String)> {
    let shown = preview["exclusionPreviews"].as_array().unwrap();
    shown.iter().map(|one| (text(one, "title"), text(&one["scopes"][0], "value"))).collect()
}

#[test]
fn a_preview_names_each_host_that_could_not_be_judged() {
    let service = Service::new();
    let group = service.group(json!([{"key": "role", "value": "web"}]));
    let template = service.template(&service.target_of("web", &group), "t");
    assert_eq!(titles(&preview(&service, &template)), [("No instances in target".to_owned(), "none".to_owned())]);

    let debian = |number: u64| {
        let mut enrolled = service.agent(&agent(number), &[("role", "web")]);
        enrolled.facts.distribution = Some("debian".into());
        enrolled
    };
    service.enrol(&debian(1));
    let mut plan9 = debian(2);
    (plan9.facts.distribution, plan9.facts.operating_system) = (Some("plan9".into()), "Plan 9".into());
    service.enrol(&plan9);
    let mut stopped = debian(3);
    stopped.reported = HealthCode::Shutdown;
    service.enrol(&stopped);
    service.enrol(&debian(4));
    let busy = service.insert_run(&template, "busy");
    let member = RunAgent {
        run_seq: service.run(&busy).seq,
        agent: agent(4),
        phase: Phase::Collecting,
        joined_at: service.now(),
        started_at: None,
        data_at: None,
        next_chunk: 0,
        snapshot: None,
        health: HealthCode::Running,
        details: None,
        asset: "{}".into(),
        evaluated_at: None,
    };
    service.app.store.write(|tx| tx.join_run(&scope(), &member)).unwrap();
    let mut another = debian(5);
    another.tags.clear();
    service.enrol(&another);

    let shown = preview(&service, &template);
    assert_eq!(shown["previewStatus"], "COMPLETED");
    assert_eq!(
        titles(&shown),
        [
            ("Unsupported OS version".to_owned(), agent(2)),
            ("Agent is unhealthy".to_owned(), agent(3)),
            ("Agent is already running".to_owned(), agent(4)),
        ]
    );
    assert_eq!(shown["exclusionPreviews"][0]["scopes"][1], json!({"key": "RULES_PACKAGE_ARN", "value": CVE}));
    assert!(shown["exclusionPreviews"][2]["description"].as_str().unwrap().contains(&busy));
    assert!(shown["exclusionPreviews"][0].get("arn").is_none(), "a preview has no name");

    // Five minutes later nobody was heard any more, and the other run is over.
    service.advance(301);
    service.move_run(&busy, RunState::Canceled);
    let late = titles(&preview(&service, &template));
    assert_eq!(late, (1..=4).map(|number| ("Agent is unhealthy".to_owned(), agent(number))).collect::<Vec<_>>());
}

#[test]
fn a_preview_is_read_by_pages_for_a_day() {
    let service = Service::new();
    let template = service.template(&service.target("web"), "t");
    for number in 0..130 {
        let mut stopped = service.agent(&agent(number), &[]);
        stopped.reported = HealthCode::Shutdown;
        service.enrol(&stopped);
    }
    let created = service.ok("CreateExclusionsPreview", json!({"assessmentTemplateArn": template}));
    let request =
        json!({"assessmentTemplateArn": template, "previewToken": created["previewToken"], "locale": "EN_US"});
    assert_eq!(service.ok("GetExclusionsPreview", request.clone())["exclusionPreviews"].as_array().unwrap().len(), 100);
    assert_eq!(service.all_pages("GetExclusionsPreview", &request, "exclusionPreviews", 40).len(), 130);

    service.advance(24 * 3_600 - 1);
    service.ok("GetExclusionsPreview", request.clone());
    service.advance(1);
    assert_eq!(service.refused("GetExclusionsPreview", request).0, "InvalidInputException");
}

#[test]
fn one_preview_of_a_template_is_made_at_a_time() {
    let service = Service::new();
    let target = service.target("web");
    let (template, quiet) = (service.template(&target, "t"), service.template(&target, "quiet"));
    let unfinished = Preview {
        token: "5f7a1e6e-0000-4000-8000-000000000001".into(),
        template: Arn::parse(&template).unwrap().id().clone(),
        created_at: service.now(),
        done: false,
        exclusions: Vec::new(),
    };
    service.app.store.write(|tx| tx.put_preview(&scope(), &unfinished)).unwrap();
    let create = json!({"assessmentTemplateArn": template});
    let refused = service.call("CreateExclusionsPreview", create.clone());
    assert_eq!(refused.status, 400);
    assert_eq!(refused.body["__type"], "PreviewGenerationInProgressException");
    assert_eq!(refused.body.as_object().unwrap().len(), 2, "a name and a message");
    service.ok("CreateExclusionsPreview", json!({"assessmentTemplateArn": quiet}));
    let get = json!({"assessmentTemplateArn": template, "previewToken": unfinished.token});
    assert_eq!(service.ok("GetExclusionsPreview", get), json!({"previewStatus": "WORK_IN_PROGRESS"}));
    // The server that made it was killed.
    service.advance(601);
    service.ok("CreateExclusionsPreview", create);
}

#[test]
fn a_wrong_question_about_a_preview_has_its_code() {
    let service = Service::new();
    let target = service.target("web");
    let (template, quiet) = (service.template(&target, "t"), service.template(&target, "quiet"));
    let token =
        service.ok("CreateExclusionsPreview", json!({"assessmentTemplateArn": template}))["previewToken"].clone();
    let unknown = "5f7a1e6e-0000-4000-8000-00000000000f";
    for (request, name, code) in [
        (
            json!({"assessmentTemplateArn": other(&template), "previewToken": token}),
            "NoSuchEntityException",
            "ASSESSMENT_TEMPLATE_DOES_NOT_EXIST",
        ),
        (
            json!({"assessmentTemplateArn": target, "previewToken": token}),
            "InvalidInputException",
            "INVALID_ASSESSMENT_TEMPLATE_ARN",
        ),
        (
            json!({"assessmentTemplateArn": quiet, "previewToken": token}),
            "InvalidInputException",
            "INVALID_RESOURCE_ARN",
        ),
        (
            json!({"assessmentTemplateArn": template, "previewToken": unknown}),
            "InvalidInputException",
            "INVALID_RESOURCE_ARN",
        ),
        (json!({"assessmentTemplateArn": template, "previewToken": "x"}), "ValidationException", ""),
        (json!({"assessmentTemplateArn": template}), "ValidationException", ""),
        (json!({"assessmentTemplateArn": template, "previewToken": unknown.to_uppercase()}), "ValidationException", ""),
        (
            json!({"assessmentTemplateArn": template, "previewToken": token, "locale": "X"}),
            "InvalidInputException",
            "INVALID_LOCALE",
        ),
        (
            json!({"assessmentTemplateArn": template, "previewToken": token, "maxResults": 501}),
            "InvalidInputException",
            "INVALID_MAX_RESULTS",
        ),
    ] {
        assert_eq!(
            service.refused("GetExclusionsPreview", request.clone()),
            (name.to_owned(), code.to_owned()),
            "{request}"
        );
    }
    assert_eq!(
        service.refused("CreateExclusionsPreview", json!({"assessmentTemplateArn": other(&template)})).1,
        "ASSESSMENT_TEMPLATE_DOES_NOT_EXIST"
    );
}
