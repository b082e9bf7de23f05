//! Pages of many findings, asked for through the real port.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use yagura_app::service::{App, AppError};
use yagura_identity::secrets::random_hex;
use yagura_model::service::{Arn, Id, Run, RunState, catalogue};
use yagura_model::{Attribute, FindingKey, LocalText, Severity};
use yagura_store::{FindingText, StoredFinding};

use crate::api::Api;
use crate::clock::{self, Stopwatch};
use crate::host::Dice;
use crate::inside::Inside;
use crate::latency::{HEAD, Latencies};
use crate::server::{Server, Setup, Usage};

/// Runs that the findings are of.
const RUNS: usize = 20;
const AGENTS: usize = 1_000;
/// Flaws that are about; each has texts of its own.
const FLAWS: usize = 3_000;
/// Findings put in by one transaction.
const BATCH: usize = 2_000;
/// Pages that are turned for each question, each question asked so many times.
const PAGES: usize = 5;
const TIMES: usize = 10;
const PAGE: usize = 100;
/// Below what one key may ask.
const PAUSE: Duration = Duration::from_millis(12);

pub(super) async fn measure(program: &Path, url: Option<&str>, count: usize) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("yagura-scale-").tempdir()?;
    let data = folder.path().join("data");
    let inside = Inside::open(&data, url, None, None)?;
    let watch = Stopwatch::start();
    let runs = inside.with(|app| fill(app, count))?;
    println!("{count} findings put in within {:.0} s", watch.seconds());
    let mut setup = Setup::new(program, &data);
    setup.database_url = url.map(str::to_owned);
    let server = Server::start(setup).await?;
    let mut api = Api::new(&server.endpoint, inside.key()?)?;
    let package = catalogue(&inside.key()?.region).first().map(|entry| entry.arn.clone()).unwrap_or_default();
    let run = runs.get(RUNS / 2).context("there is no run")?;
    let agent = agent(7);
    let questions = [
        ("all", json!({})),
        ("severity HIGH", json!({"filter": {"severities": ["High"]}})),
        ("one run", json!({"assessmentRunArns": [run]})),
        ("one run, severity MEDIUM", json!({"assessmentRunArns": [run], "filter": {"severities": ["Medium"]}})),
        ("one agent", json!({"filter": {"agentIds": [agent]}})),
        ("one CVE", json!({"filter": {"attributes": [{"key": "CVE_ID", "value": cve(42)}]}})),
        ("a rules package, severity LOW", json!({"filter": {"rulesPackageArns": [package], "severities": ["Low"]}})),
        ("a scaling group", json!({"filter": {"autoScalingGroups": ["asg-4"]}})),
        ("one user attribute", json!({"filter": {"userAttributes": [{"key": "担当者", "value": "基盤チーム"}]}})),
        ("a package's name", json!({"filter": {"attributes": [{"key": "package_name", "value": "package-0042"}]}})),
        (
            "the last hour",
            json!({"filter": {"creationTimeRange": {
            "beginDate": clock::now().as_second() - 3_600, "endDate": clock::now().as_second()}}}),
        ),
    ];
    println!("\nListFindings, {PAGE} a page, {PAGES} pages each, over {count} findings:\n\n{HEAD}");
    let mut described = Latencies::default();
    for (what, question) in questions {
        let mut latencies = Latencies::default();
        for _ in 0..TIMES {
            turn(&mut api, &question, &mut latencies, &mut described).await?;
        }
        println!("{}", latencies.row(what));
    }
    println!("{}", described.row("DescribeFindings, 10"));
    let usage = Usage::of(server.pid());
    println!("\nServer: {:.0} MiB at most, {:.0} MiB now", usage.peak_mib, usage.resident_mib);
    Ok(())
}

async fn turn(api: &mut Api, question: &Value, listed: &mut Latencies, described: &mut Latencies) -> Result<()> {
    let mut request = question.clone();
    for _ in 0..PAGES {
        let members = request.as_object_mut().context("a question is an object")?;
        members.insert("maxResults".into(), PAGE.into());
        tokio::time::sleep(PAUSE).await;
        let watch = Stopwatch::start();
        let page = api.call("ListFindings", &request).await?;
        listed.add(watch.elapsed());
        let arns = page.get("findingArns").and_then(Value::as_array).cloned().unwrap_or_default();
        let some: Vec<Value> = arns.into_iter().take(10).collect();
        if !some.is_empty() {
            let watch = Stopwatch::start();
            api.call("DescribeFindings", &json!({"findingArns": some})).await?;
            described.add(watch.elapsed());
        }
        let Some(next) = page.get("nextToken").cloned() else { break };
        let members = request.as_object_mut().context("a question is an object")?;
        members.insert("nextToken".into(), next);
    }
    Ok(())
}

fn agent(number: usize) -> String {
    format!("i-{number:017x}")
}

fn cve(number: usize) -> String {
    format!("CVE-2026-{number:05}")
}

/// Puts runs and findings in, and returns the runs' ARNs.
fn fill(app: &App, count: usize) -> Result<Vec<String>> {
    let scope = app.settings.home.clone();
    let package = catalogue(&scope.region).first().map(|entry| entry.arn.clone()).unwrap_or_default();
    let (target, template) = (app.new_id()?, app.new_id()?);
    let mut dice = Dice::new(1);
    let mut arns = Vec::new();
    for number in 0..RUNS {
        // A run a day.
        let at = clock::now() - jiff::SignedDuration::from_hours(24 * i64::try_from(RUNS - number - 1)?);
        let mut run = Run {
            seq: 0,
            scope: scope.clone(),
            id: app.new_id()?,
            target: target.clone(),
            template: template.clone(),
            name: format!("run {number}"),
            state: RunState::Created,
            version: 1,
            duration_s: 3_600,
            rules: vec![package.clone()],
            attributes: Vec::new(),
            created_at: at,
            started_at: Some(at),
            completed_at: Some(at),
            changed_at: at,
            stop: None,
            data_collected: true,
            counts: [0; 5],
        };
        run.seq = app.store.write(|tx| tx.insert_run(&run))?;
        arns.push(Arn::run(&scope, &run.target, &run.template, &run.id).to_string());
        let mut left = count / RUNS;
        while left > 0 {
            let batch: Vec<StoredFinding> =
                (0..left.min(BATCH)).map(|_| finding(&run, &package, &mut dice)).collect::<Result<_>>()?;
            left -= batch.len();
            app.store.write(|tx| tx.insert_findings(&batch))?;
        }
        let mut after = Run { state: RunState::Completed, ..run.clone() };
        app.store.write(|tx| Ok::<_, AppError>(tx.update_run(&run, &mut after)?))?;
    }
    Ok(arns)
}

fn finding(run: &Run, package: &str, dice: &mut Dice) -> Result<StoredFinding> {
    let (flaw, host) = (dice.below(FLAWS), dice.below(AGENTS));
    let severity = match dice.below(100) {
        0..10 => Severity::High,
        10..50 => Severity::Medium,
        50..95 => Severity::Low,
        _ => Severity::Informational,
    };
    let text = |what: &str| {
        LocalText::new(format!("{what} {flaw} in English. ").repeat(8), format!("{what} {flaw}。").repeat(8))
    };
    let attribute = |key: &str, value: String| Attribute { key: key.into(), value };
    let user_attributes =
        if dice.below(1_000) == 0 { vec![attribute("担当者", "基盤チーム".into())] } else { Vec::new() };
    let number = u64::from_str_radix(&random_hex::<8>()?, 16)?;
    Ok(StoredFinding {
        seq: 0,
        scope: run.scope.clone(),
        run_seq: run.seq,
        id: Id::from_number(number),
        agent: agent(host),
        scaling_group: (host % 4 == 0).then(|| format!("asg-{}", host % 16)),
        rules_package: package.to_owned(),
        rule: cve(flaw),
        severity,
        key: FindingKey(format!("{host:05}{flaw:08}")),
        title: text("A flaw"),
        text: FindingText {
            description: text("What is wrong with"),
            recommendation: text("What to do about"),
            severity_reason: text("Why it is urgent:"),
        },
        attributes: vec![
            attribute("INSTANCE_ID", agent(host)),
            attribute("CVE_ID", cve(flaw)),
            attribute("package_name", format!("package-{:04}", flaw % 900)),
        ],
        evidence: json!({"kind": "vulnerability", "cve": cve(flaw), "lines": [{"en": "e".repeat(200), "ja": "j".repeat(100)}]})
            .to_string(),
        user_attributes,
        created_at: run.created_at,
        updated_at: run.created_at,
    })
}
