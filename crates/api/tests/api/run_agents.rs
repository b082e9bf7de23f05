//! The agents of a run and how much they sent.

use serde_json::{Value, json};
use yagura_model::service::HealthCode;
use yagura_store::{Phase, RunAgent};

use crate::fixture::other;
use crate::support::{ACCOUNT, Service, scope};

fn agent(number: usize) -> String {
    format!("i-{number:017x}")
}

/// A run of this many agents, one health code after the other.
fn run_of(service: &Service, agents: usize) -> String {
    let run = service.insert_run(&service.template(&service.target("web"), "t"), "r");
    let run_seq = service.run(&run).seq;
    for number in 0..agents {
        let member = RunAgent {
            run_seq,
            agent: agent(number),
            phase: Phase::Collecting,
            joined_at: service.now(),
            started_at: None,
            data_at: None,
            next_chunk: 0,
            snapshot: None,
            health: HealthCode::ALL[number % 6],
            details: (number % 6 == 3).then(|| "あ".repeat(2_000)),
            asset: if number == 0 { json!({"autoScalingGroup": "web"}).to_string() } else { "not JSON".into() },
            evaluated_at: None,
        };
        service.app.store.write(|tx| tx.join_run(&scope(), &member)).unwrap();
    }
    for (agent, kind, messages, bytes) in [
        (agent(0), "InspectorPackageInfo", 474, 2_960_000),
        (agent(1), "InspectorPackageInfo", 1, 79),
        (agent(1), "InspectorUser", 26, 100),
    ] {
        service.app.store.write(|tx| tx.add_telemetry(ACCOUNT, run_seq, &agent, kind, messages, bytes)).unwrap();
    }
    run
}

fn list(service: &Service, run: &str, filter: Value) -> Vec<String> {
    let request = json!({"assessmentRunArn": run, "filter": filter, "maxResults": 500});
    let answer = service.ok("ListAssessmentRunAgents", request);
    let agents = answer["assessmentRunAgents"].as_array().unwrap();
    agents.iter().map(|agent| agent["agentHealthCode"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn agents_are_shown_with_health_and_telemetry() {
    let service = Service::new();
    let run = run_of(&service, 6);
    let answer = service.ok("ListAssessmentRunAgents", json!({"assessmentRunArn": run}));
    let agents = answer["assessmentRunAgents"].as_array().unwrap();
    assert_eq!(
        agents[0],
        json!({
            "agentId": agent(0),
            "assessmentRunArn": run,
            "agentHealth": "HEALTHY",
            "agentHealthCode": "IDLE",
            "autoScalingGroup": "web",
            "telemetryMetadata": [{"messageType": "InspectorPackageInfo", "count": 474, "dataSize": 2_960_000}],
        })
    );
    assert_eq!(agents[1]["telemetryMetadata"].as_array().unwrap().len(), 2);
    assert_eq!(agents[2]["telemetryMetadata"], json!([]));
    assert_eq!(agents[3]["agentHealthDetails"].as_str().unwrap().chars().count(), 1_000);
}

#[test]
fn agents_are_filtered_and_paged() {
    let service = Service::new();
    let run = run_of(&service, 510);
    let request = json!({"assessmentRunArn": run});
    assert_eq!(
        service.ok("ListAssessmentRunAgents", request.clone())["assessmentRunAgents"].as_array().unwrap().len(),
        10
    );
    let first = service.ok("ListAssessmentRunAgents", json!({"assessmentRunArn": run, "maxResults": 500}));
    assert_eq!(first["assessmentRunAgents"].as_array().unwrap().len(), 500);
    assert_eq!(service.all_pages("ListAssessmentRunAgents", &request, "assessmentRunAgents", 200).len(), 510);
    for (healths, codes, expected) in [
        (json!([]), json!([]), 500),
        (json!(["HEALTHY"]), json!([]), 170),
        (json!(["HEALTHY", "UNKNOWN"]), json!([]), 255),
        (json!([]), json!(["THROTTLED"]), 85),
        (json!(["UNHEALTHY"]), json!(["THROTTLED", "IDLE"]), 85),
        (json!(["UNKNOWN"]), json!(["IDLE"]), 0),
    ] {
        let found = list(&service, &run, json!({"agentHealths": healths, "agentHealthCodes": codes}));
        assert_eq!(found.len(), expected, "{healths} {codes}");
    }
}

#[test]
fn telemetry_is_summed_with_a_total() {
    let service = Service::new();
    let run = run_of(&service, 2);
    let answer = service.ok("GetTelemetryMetadata", json!({"assessmentRunArn": run}));
    assert_eq!(
        answer,
        json!({"telemetryMetadata": [
            {"messageType": "InspectorPackageInfo", "count": 475, "dataSize": 2_960_079},
            {"messageType": "InspectorUser", "count": 26, "dataSize": 100},
            {"messageType": "Total", "count": 501, "dataSize": 2_960_179},
        ]})
    );
}

#[test]
fn a_wrong_question_has_its_code() {
    let service = Service::new();
    let run = run_of(&service, 1);
    for operation in ["ListAssessmentRunAgents", "GetTelemetryMetadata"] {
        for (arn, code) in
            [(other(&run), "ASSESSMENT_RUN_DOES_NOT_EXIST"), ("x".to_owned(), "INVALID_ASSESSMENT_RUN_ARN")]
        {
            assert_eq!(service.refused(operation, json!({"assessmentRunArn": arn})).1, code);
        }
        let elsewhere = run.replace("us-west-2", "eu-west-1");
        assert_eq!(
            service.refused(operation, json!({"assessmentRunArn": elsewhere})).1,
            "ASSESSMENT_RUN_DOES_NOT_EXIST"
        );
    }
    for filter in [
        json!({}),
        json!({"agentHealths": []}),
        json!({"agentHealths": ["healthy"], "agentHealthCodes": []}),
        json!({"agentHealths": [], "agentHealthCodes": ["X"]}),
        json!({"agentHealths": vec!["HEALTHY"; 11], "agentHealthCodes": []}),
    ] {
        let request = json!({"assessmentRunArn": run, "filter": filter});
        assert_eq!(service.refused("ListAssessmentRunAgents", request).0, "ValidationException", "{filter}");
    }
    let request = json!({"assessmentRunArn": run, "maxResults": 501});
    assert_eq!(service.refused("ListAssessmentRunAgents", request).1, "INVALID_MAX_RESULTS");
    let request = json!({"assessmentRunArn": run, "nextToken": "x"});
    assert_eq!(service.refused("ListAssessmentRunAgents", request).1, "INVALID_PAGINATION_TOKEN");
}
