//! Reports of runs: asked for, made, fetched.

use std::io::{Read as _, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use yagura_app::service::reports::{DownloadError, RenderError, RenderReport, ReportChoice, ReportFormat};
use yagura_model::Language;
use yagura_model::run_report::RunReportSource;
use yagura_model::service::RunState;

use crate::support::{ACCOUNT, Service};

/// Writes the run's name, or fails as it is told.
#[derive(Default)]
struct Renderer {
    impossible: bool,
    failing: bool,
    calls: AtomicUsize,
}

impl RenderReport for Renderer {
    fn render(
        &self,
        choice: ReportChoice,
        source: &mut dyn RunReportSource,
        out: &mut dyn Write,
    ) -> Result<(), RenderError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.impossible {
            return Err(RenderError::Impossible("there is no font".into()));
        }
        if self.failing {
            return Err(RenderError::Failed("the disk is full".into()));
        }
        let header = source.header().map_err(|error| RenderError::Failed(error.to_string()))?;
        write!(out, "{} in {} for {}", header.run.name, choice.language.tag(), header.made_by)
            .map_err(|error| RenderError::Failed(error.to_string()))
    }
}

fn finished_run(service: &Service) -> String {
    let target = service.target("web");
    let arn = service.insert_run(&service.template(&target, "t"), "nightly");
    service.move_run(&arn, RunState::Completed);
    arn
}

fn request(run: &str) -> serde_json::Value {
    json!({"assessmentRunArn": run, "reportFileFormat": "HTML", "reportType": "FINDING"})
}

/// Asks until the report is made, and returns its link.
fn made(service: &Service, run: &str) -> String {
    service.ok("GetAssessmentReport", request(run));
    assert_eq!(service.app.make_reports(&Renderer::default()).unwrap(), 1);
    service.ok("GetAssessmentReport", request(run))["url"].as_str().unwrap().to_owned()
}

fn split(url: &str) -> (String, String) {
    let rest = url.strip_prefix("https://yagura.example:8443").unwrap();
    let (path, query) = rest.split_once('?').unwrap();
    (path.to_owned(), query.to_owned())
}

fn named() -> Service {
    Service::with(|settings| settings.public_url.set("https://yagura.example:8443/".into()).unwrap())
}

#[test]
fn a_report_is_asked_for_made_and_fetched() {
    let service = named();
    let run = finished_run(&service);
    let renderer = Renderer::default();
    for _ in 0..3 {
        assert_eq!(service.ok("GetAssessmentReport", request(&run)), json!({"status": "WORK_IN_PROGRESS"}));
    }
    assert_eq!(service.app.make_reports(&renderer).unwrap(), 1);
    assert_eq!(service.app.make_reports(&renderer).unwrap(), 0, "it is made once");
    let answer = service.ok("GetAssessmentReport", request(&run));
    assert_eq!(answer["status"], "COMPLETED");
    let url = answer["url"].as_str().unwrap();
    assert!(url.len() <= 2048 && url.contains(&format!("/reports/{ACCOUNT}/us-west-2/0-")), "{url}");
    let (path, query) = split(url);
    let mut file = service.app.open_report(&path, &query).unwrap();
    let mut text = String::new();
    file.reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, format!("nightly in en for arn:aws:iam::{ACCOUNT}:user/tester"));
    assert_eq!((file.media_type, file.bytes), ("text/html; charset=utf-8", u64::try_from(text.len()).unwrap()));
    assert!(file.file_name.ends_with("-finding-en.html"), "{}", file.file_name);
    assert_eq!(renderer.calls.load(Ordering::Relaxed), 1);
}

#[test]
fn a_link_opens_its_own_report_until_it_expires() {
    let service = named();
    let run = finished_run(&service);
    let (path, query) = split(&made(&service, &run));
    let open = |path: &str, query: &str| service.app.open_report(path, query);
    assert!(matches!(open(&path.replace("finding", "full"), &query), Err(DownloadError::Invalid)));
    assert!(matches!(open(&path, &query.replace("expires=1", "expires=2")), Err(DownloadError::Invalid)));
    assert!(matches!(open(&path, ""), Err(DownloadError::Invalid)));
    service.advance(15 * 60 - 1);
    assert!(open(&path, &query).is_ok());
    service.advance(1);
    let error = open(&path, &query).unwrap_err();
    assert!(
        matches!(error, DownloadError::Expired(_)) && error.to_string().contains("2026-01-01T00:15:00Z"),
        "{error}"
    );
    let (path, query) = split(service.ok("GetAssessmentReport", request(&run))["url"].as_str().unwrap());
    assert!(open(&path, &query).is_ok(), "the next call gives a fresh link");
    service.ok("DeleteAssessmentRun", json!({"assessmentRunArn": run}));
    assert!(matches!(open(&path, &query), Err(DownloadError::Gone)));
    let trash = service.app.store.read(|tx| tx.trashed_blobs(10)).unwrap();
    assert_eq!(trash.len(), 1, "the blob is swept with the run");
}

#[test]
fn the_link_is_not_in_the_log() {
    let service = named();
    let run = finished_run(&service);
    let url = made(&service, &run);
    let signature = url.rsplit_once("signature=").unwrap().1;
    let records = service.app.store.read(|tx| tx.audit_records(ACCOUNT, 0, 1_000)).unwrap();
    assert!(records.iter().any(|record| record.record.contains("\"COMPLETED\"")));
    assert!(records.iter().all(|record| !record.record.contains(signature)));
}

#[test]
fn only_runs_with_results_have_reports() {
    let service = named();
    let target = service.target("web");
    let template = service.template(&target, "t");
    let live = service.insert_run(&template, "live");
    let refused = service.call("GetAssessmentReport", request(&live));
    assert_eq!(refused.body["__type"], "AssessmentRunInProgressException");
    assert_eq!(refused.body["assessmentRunArns"], json!([live]));
    for (name, state) in [("c", RunState::Canceled), ("f", RunState::Failed), ("e", RunState::Error)] {
        let run = service.insert_run(&template, name);
        service.move_run(&run, state);
        let refused = service.call("GetAssessmentReport", request(&run));
        assert_eq!(refused.body["__type"], "UnsupportedFeatureException");
        assert_eq!(refused.body["canRetry"], false);
        assert!(refused.body["message"].as_str().unwrap().contains(state.word()));
    }
    assert_eq!(service.app.make_reports(&Renderer::default()).unwrap(), 0);
}

#[test]
fn requests_that_make_no_sense_are_refused_by_name() {
    let service = named();
    let run = finished_run(&service);
    let other = run.replace("run/0-", "run/0-X").chars().take(run.len()).collect::<String>();
    for (member, value, refusal) in [
        ("reportFileFormat", json!("html"), ("ValidationException", "")),
        ("reportFileFormat", json!(7), ("SerializationException", "")),
        ("reportFileFormat", json!(null), ("ValidationException", "")),
        ("reportType", json!("SHORT"), ("ValidationException", "")),
        ("reportType", json!(null), ("ValidationException", "")),
        ("assessmentRunArn", json!("run"), ("InvalidInputException", "INVALID_ASSESSMENT_RUN_ARN")),
        ("assessmentRunArn", json!(other), ("NoSuchEntityException", "ASSESSMENT_RUN_DOES_NOT_EXIST")),
    ] {
        let mut request = request(&run);
        request[member] = value;
        let refused = service.refused("GetAssessmentReport", request.clone());
        assert_eq!((refused.0.as_str(), refused.1.as_str()), refusal, "{request}");
    }
}

#[test]
fn the_account_chooses_the_language() {
    let service = named();
    let run = finished_run(&service);
    service.app.store.write(|tx| tx.put_setting(ACCOUNT, "report.language", "ja")).unwrap();
    let (path, query) = split(&made(&service, &run));
    assert!(path.ends_with("/finding-ja.html"));
    let mut text = String::new();
    service.app.open_report(&path, &query).unwrap().reader.read_to_string(&mut text).unwrap();
    assert!(text.contains("in ja"));
}

#[test]
fn what_cannot_be_made_fails_and_is_tried_again_when_somebody_asks_later() {
    let service = named();
    let run = finished_run(&service);
    service.ok("GetAssessmentReport", request(&run));
    let impossible = Renderer { impossible: true, ..Renderer::default() };
    assert_eq!(service.app.make_reports(&impossible).unwrap(), 1);
    assert_eq!(service.ok("GetAssessmentReport", request(&run)), json!({"status": "FAILED"}));
    assert_eq!(kept(&service, &run).message.as_deref(), Some("there is no font"));
    service.advance(59);
    assert_eq!(service.ok("GetAssessmentReport", request(&run))["status"], "FAILED");
    service.advance(1);
    assert_eq!(service.ok("GetAssessmentReport", request(&run))["status"], "WORK_IN_PROGRESS");
    assert_eq!(service.app.make_reports(&Renderer::default()).unwrap(), 1);
    assert_eq!(service.ok("GetAssessmentReport", request(&run))["status"], "COMPLETED");
}

#[test]
fn a_failure_that_may_pass_is_tried_three_times() {
    let service = named();
    let run = finished_run(&service);
    service.ok("GetAssessmentReport", request(&run));
    let failing = Renderer { failing: true, ..Renderer::default() };
    for try_number in 1..=3 {
        assert_eq!(service.app.make_reports(&failing).unwrap(), usize::from(try_number == 3));
        assert_eq!(service.app.make_reports(&failing).unwrap(), 0, "not before the lease is over");
        service.advance(90);
    }
    assert_eq!(service.ok("GetAssessmentReport", request(&run))["status"], "WORK_IN_PROGRESS", "a minute is over");
    assert_eq!(failing.calls.load(Ordering::Relaxed), 3);
}

#[test]
fn a_killed_worker_is_followed_by_another_three_times() {
    let service = named();
    let run = finished_run(&service);
    service.ok("GetAssessmentReport", request(&run));
    let renderer = Renderer::default();
    // A worker that claims and is never heard again.
    let claim = |name: &str| {
        let report = kept(&service, &run);
        service.app.store.write(|tx| tx.claim_report(&report, name, service.now())).unwrap().unwrap()
    };
    let first = claim("reports/first");
    assert_eq!(service.app.make_reports(&renderer).unwrap(), 0, "it is somebody's");
    service.advance(89);
    assert_eq!(service.app.make_reports(&renderer).unwrap(), 0);
    service.advance(1);
    let second = claim("reports/second");
    let stale = service.app.store.write(|tx| tx.complete_report(&first, service.now())).unwrap();
    assert!(!stale, "the first worker woke up too late");
    assert!(service.app.store.read(|tx| tx.trashed_blobs(10)).unwrap().contains(&"reports/first".to_owned()));
    service.advance(90);
    assert_eq!(second.tries, 2);
    assert_eq!(service.app.make_reports(&renderer).unwrap(), 1, "the third one makes it");
    assert_eq!(service.ok("GetAssessmentReport", request(&run))["status"], "COMPLETED");
}

#[test]
fn a_report_that_kills_its_server_is_given_up() {
    let service = named();
    let run = finished_run(&service);
    service.ok("GetAssessmentReport", request(&run));
    for name in ["reports/1", "reports/2", "reports/3"] {
        let report = kept(&service, &run);
        service.app.store.write(|tx| tx.claim_report(&report, name, service.now())).unwrap().unwrap();
        service.advance(90);
    }
    let renderer = Renderer::default();
    assert_eq!(service.app.make_reports(&renderer).unwrap(), 1);
    assert_eq!(renderer.calls.load(Ordering::Relaxed), 0);
    assert_eq!(service.ok("GetAssessmentReport", request(&run)), json!({"status": "FAILED"}));
    assert!(kept(&service, &run).message.unwrap().contains("ended 3 times"));
}

/// While a slow renderer writes, its claim is renewed; and one that lost it stops.
#[test]
fn a_slow_worker_keeps_its_claim_and_a_lost_one_stops() {
    struct Slow<'s> {
        service: &'s Service,
        run: &'s str,
        stolen: bool,
    }
    impl RenderReport for Slow<'_> {
        fn render(&self, _: ReportChoice, _: &mut dyn RunReportSource, out: &mut dyn Write) -> Result<(), RenderError> {
            for _ in 0..10 {
                self.service.advance(30);
                if self.stolen {
                    let report = kept(self.service, self.run);
                    let now = self.service.now();
                    self.service.app.store.write(|tx| tx.claim_report(&report, "reports/thief", now)).unwrap();
                }
                out.write_all(b"x").map_err(|error| RenderError::Failed(error.to_string()))?;
            }
            Ok(())
        }
    }
    let service = named();
    let run = finished_run(&service);
    service.ok("GetAssessmentReport", request(&run));
    assert_eq!(service.app.make_reports(&Slow { service: &service, run: &run, stolen: false }).unwrap(), 1);
    assert_eq!(kept(&service, &run).tries, 1);

    let full = json!({"assessmentRunArn": run, "reportFileFormat": "HTML", "reportType": "FULL"});
    service.ok("GetAssessmentReport", full);
    service.app.store.write(|tx| tx.delete_run(&service.run(&run), service.now())).unwrap();
    assert_eq!(service.app.make_reports(&Slow { service: &service, run: &run, stolen: false }).unwrap(), 0);

    let service = named();
    let run = finished_run(&service);
    service.ok("GetAssessmentReport", request(&run));
    assert_eq!(service.app.make_reports(&Slow { service: &service, run: &run, stolen: true }).unwrap(), 0);
    assert_eq!(kept(&service, &run).blob.as_deref(), Some("reports/thief"), "the thief's claim stands");
    assert_eq!(service.app.blobs.list("reports").unwrap(), [], "the loser leaves nothing");
}

#[test]
fn a_lost_blob_is_made_again() {
    let service = named();
    let run = finished_run(&service);
    let (path, query) = split(&made(&service, &run));
    let blob = kept(&service, &run).blob.unwrap();
    service.app.blobs.delete(&blob).unwrap();
    assert!(matches!(service.app.open_report(&path, &query), Err(DownloadError::Gone)));
    assert_eq!(service.ok("GetAssessmentReport", request(&run))["status"], "WORK_IN_PROGRESS");
    assert_eq!(service.app.make_reports(&Renderer::default()).unwrap(), 1);
    assert!(service.app.open_report(&path, &query).is_ok());
}

/// The row of the report that [`request`] asks for.
fn kept(service: &Service, run: &str) -> yagura_store::StoredReport {
    let key = yagura_store::ReportKey {
        run_seq: service.run(run).seq,
        format: ReportFormat::Html.word().into(),
        kind: "FINDING".into(),
        language: Language::English.tag().into(),
    };
    service.app.store.read(|tx| tx.report(&key)).unwrap().unwrap()
}
