//! `fleet`: many simulated agents in one run, and what that costs the server.

mod agents;
mod probe;
mod report;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::api::{self, Api};
use crate::client::Endpoint;
use crate::clock::Stopwatch;
use crate::feeds::Feeds;
use crate::inside::Inside;
use crate::server::{Server, Setup, Usage};
use crate::words::Words;
use agents::Fleet;
use probe::Probes;
use report::Report;

/// The whole run has to end within this.
const PATIENCE: Duration = Duration::from_secs(3_600);
const PAUSE: Duration = Duration::from_millis(100);
/// What the server is given to come to rest before its idle memory is read.
const REST: Duration = Duration::from_secs(10);
/// The template's duration: the run is stopped as soon as all data is there.
const DURATION_S: u32 = 3_600;

/// What is asked for.
pub(crate) struct Plan {
    pub(crate) agents: usize,
    pub(crate) packages: usize,
    /// Of a hundred hosts, so many have one and the same content.
    pub(crate) same_share: usize,
    pub(crate) database_url: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(words: &[String], program: PathBuf) -> Result<()> {
    let names = ["agents", "server", "token", "data-dir", "database-url", "packages", "same-share"];
    let words = Words::parse(words, &names, &[])?;
    let plan = Plan {
        agents: words.number("agents", 100)?,
        packages: words.number("packages", 400)?,
        same_share: words.number("same-share", 0)?.min(100),
        database_url: words.text("database-url").map(str::to_owned),
    };
    let folder = tempfile::Builder::new().prefix("yagura-simulate-").tempdir()?;
    let feeds = Feeds::find()?;
    let pool = feeds.pool()?;
    let url = plan.database_url.clone();
    let (mut server, data) = match (words.text("server"), words.text("data-dir")) {
        (None, None) => {
            let data = folder.path().join("data");
            feeds.sync(&program, &data, None)?;
            let mut setup = Setup::new(&program, &data);
            setup.database_url.clone_from(&url);
            (Some(Server::start(setup).await?), data)
        }
        (Some(_), Some(data)) => (None, PathBuf::from(data)),
        _ => bail!("with `--server` goes `--data-dir`, from which the CA and an API key are read"),
    };
    let endpoint = match (&server, words.text("server")) {
        (Some(server), _) => server.endpoint.clone(),
        (None, address) => Endpoint::new(address.unwrap_or_default(), std::fs::read_to_string(data.join("ca.pem"))?)?,
    };
    let inside = Inside::open(&data, url.as_deref(), None, None)?;
    let token = match words.text("token") {
        Some(token) => token.to_owned(),
        None => inside.token(u64::try_from(plan.agents)?, &[])?,
    };
    let usage = |server: &Option<Server>| server.as_ref().map(|server| Usage::of(server.pid())).unwrap_or_default();
    let mut report = Report::new(&plan, feeds.describe());
    report.usage_before = usage(&server);

    println!("enrolling {} agents", plan.agents);
    let watch = Stopwatch::start();
    let fleet = Arc::new(Fleet::new(pool, &plan));
    let agents = fleet.enrol(&endpoint, &token).await?;
    report.enrol_s = watch.seconds();
    report.usage_enrolled = usage(&server);

    let mut client = Api::new(&endpoint, inside.key()?)?;
    let tag = (agents::TAG, agents::TAG_VALUE);
    let template = client.template(&format!("fleet of {}", plan.agents), Some(tag), DURATION_S).await?;
    let waiting = fleet.wait_for_work(agents);
    // Those that are not held yet would be measured as slow.
    tokio::time::sleep(PAUSE * 20).await;

    let watch = Stopwatch::start();
    let run = client.start(&template, "simulated").await?;
    println!("started {run}");
    let probes = Probes::start(&endpoint, inside.key()?, &run)?;
    while fleet.done() < plan.agents {
        if watch.elapsed() > PATIENCE || server.as_mut().is_some_and(|server| !server.is_alive()) {
            bail!("{} of {} agents sent their data: {}", fleet.done(), plan.agents, fleet.trouble());
        }
        tokio::time::sleep(PAUSE).await;
    }
    report.ingest_s = watch.seconds();
    report.take(&fleet);
    report.usage_ingested = usage(&server);
    println!("all data is in after {:.1} s", report.ingest_s);

    let watch = Stopwatch::start();
    client.stop(&run).await?;
    report.state = loop {
        let state = client.state(&run).await?;
        if api::is_over(&state) {
            break state;
        }
        if watch.elapsed() > PATIENCE {
            bail!("the run is in {state} after {:.0} s", watch.seconds());
        }
        tokio::time::sleep(PAUSE).await;
    };
    report.evaluate_s = watch.seconds();
    report.usage_evaluated = usage(&server);
    report.during = probes.end().await;

    let quiet = Probes::start(&endpoint, inside.key()?, &run)?;
    tokio::time::sleep(REST).await;
    report.after = quiet.end().await;
    fleet.end();
    drop(waiting);
    tokio::time::sleep(REST).await;
    report.usage_idle = usage(&server);
    let outcome = inside.outcome(&run)?;
    report.findings = outcome.findings.len();
    report.judged = outcome.evaluated;
    println!("\n{report}");
    if let Some(server) = &mut server {
        server.kill().await?;
    }
    if report.judged != u64::try_from(plan.agents)? || !report.state.starts_with("COMPLETED") {
        bail!("the run ended as {} with {} of {} hosts judged", report.state, report.judged, plan.agents);
    }
    println!("{} agents, run {}, {} findings", plan.agents, report.state, report.findings);
    Ok(())
}
