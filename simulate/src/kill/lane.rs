//! One server with two agents, and one run on them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use yagura_testkit::HostTree;

use crate::api::{self, Api};
use crate::clock::Stopwatch;
use crate::feeds::Feeds;
use crate::host::Dice;
use crate::inside::{Inside, Outcome};
use crate::server::{Server, Setup, clean};

/// Packages of each host: enough for several chunks.
const PACKAGES: usize = 20_000;
/// A run that makes no progress for this long hangs: a server's lease, an agent's back-off.
pub(super) const PATIENCE: Duration = Duration::from_secs(200);
const PAUSE: Duration = Duration::from_millis(20);
/// The template's duration; runs are stopped as soon as all data is there.
const DURATION_S: u32 = 3_600;
const LOG_LINES_SHOWN: usize = 8;

/// What all lanes share and nobody changes.
pub(super) struct World {
    pub(super) server: PathBuf,
    pub(super) agent: PathBuf,
    /// A data directory with nothing but a compiled index.
    index: PathBuf,
    hosts: [HostTree; 2],
    folder: TempDir,
}

impl World {
    pub(super) fn make(server: PathBuf, agent: PathBuf) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("yagura-kill-").tempdir()?;
        let index = folder.path().join("index");
        Feeds::demo()?.sync(&server, &index, None)?;
        Ok(Self { server, agent, index, hosts: [host("web-1", 1)?, host("web-2", 2)?], folder })
    }

    /// A folder for one lane.
    pub(super) fn folder(&self, name: &str) -> Result<TempDir> {
        Ok(tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(self.folder.path())?)
    }

    /// Makes a data directory that has the index.
    pub(super) fn fill(&self, data: &Path) -> Result<()> {
        copy(&self.index, data)
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A host with the demo feed's package, and many others that do not compress well.
fn host(name: &str, number: u64) -> Result<HostTree> {
    let mut dice = Dice::new(number);
    let mut records = String::new();
    for package in 0..PACKAGES {
        let odd: String = (0..6).map(|_| format!("{:08x}", dice.below(1 << 32))).collect();
        records.push_str(&format!(
            "Package: filler-{package:05}\nStatus: install ok installed\nArchitecture: amd64\n\
             Maintainer: {odd} <{name}@example.org>\nVersion: 1.{}-1\n\n",
            dice.below(100_000)
        ));
    }
    let tree = HostTree::debian_12()?
        .file("etc/hostname", format!("{name}\n"))?
        .file("etc/machine-id", format!("{number:032x}\n"))?
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")?
        .file("etc/group", "root:x:0:\n")?
        .file("etc/shadow", "root:*:19000:0:99999:7:::\n")?
        .file("etc/login.defs", "PASS_MAX_DAYS 99999\n")?
        .record(&records)?
        .package("demo", if number == 1 { "1.2-1" } else { "1.2-3" }, "demo")?;
    Ok(tree)
}

/// An agent as a process. Killed when dropped.
pub(super) struct RealAgent {
    program: PathBuf,
    pub(super) state: PathBuf,
    root: PathBuf,
    child: Option<Child>,
}

impl RealAgent {
    /// Enrols and starts an agent.
    async fn start(world: &World, host: &HostTree, state: PathBuf, url: &str, token: &str) -> Result<Self> {
        let mut agent = Self { program: world.agent.clone(), state, root: host.path().to_owned(), child: None };
        let mut enroll = Command::new(&agent.program);
        clean(&mut enroll);
        enroll.args(["enroll", "--server", url, "--token", token, "--tag", "Env=lab", "--root"]);
        enroll.arg(&agent.root).arg("--state-dir").arg(&agent.state).stdin(Stdio::null());
        let output = enroll.output().await.context("cannot start the agent")?;
        if !output.status.success() {
            bail!("enrolment ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        agent.run()?;
        Ok(agent)
    }

    /// Starts it, after an end too.
    pub(super) fn run(&mut self) -> Result<()> {
        let log = File::options().append(true).create(true).open(self.state.with_extension("log"))?;
        let mut run = Command::new(&self.program);
        clean(&mut run);
        run.arg("run").arg("--state-dir").arg(&self.state).kill_on_drop(true);
        run.stdin(Stdio::null()).stdout(Stdio::from(log.try_clone()?)).stderr(Stdio::from(log));
        self.child = Some(run.spawn().context("cannot start the agent")?);
        Ok(())
    }

    /// `kill -9`.
    pub(super) async fn kill(&mut self) -> Result<()> {
        match self.child.take() {
            Some(mut child) => child.kill().await.context("cannot kill the agent"),
            None => Ok(()),
        }
    }

    pub(super) fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Chunks on its disk that are not acknowledged yet.
    pub(super) fn spooled(&self) -> usize {
        let folders = std::fs::read_dir(self.state.join("spool")).into_iter().flatten().flatten();
        let files = folders.flat_map(|folder| std::fs::read_dir(folder.path()).into_iter().flatten().flatten());
        files.filter(|file| file.path().extension().is_some_and(|extension| extension == "gz")).count()
    }

    fn log_end(&self) -> String {
        let text = std::fs::read_to_string(self.state.with_extension("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.iter().skip(lines.len().saturating_sub(LOG_LINES_SHOWN));
        last.map(|line| format!("   {line}\n")).collect()
    }
}

/// A server with two agents.
pub(super) struct Lane {
    // Dropped first: nothing may still write into the folder.
    pub(super) agents: Vec<RealAgent>,
    pub(super) server: Server,
    pub(super) api: Api,
    pub(super) template: String,
    /// Opened once: opening writes.
    pub(super) inside: Inside,
    _folder: TempDir,
}

impl Lane {
    /// A fresh server on SQLite, started as `change` says.
    pub(super) async fn start(world: &World, name: &str, change: impl FnOnce(&mut Setup)) -> Result<Self> {
        let folder = world.folder(name)?;
        let data = folder.path().join("data");
        world.fill(&data)?;
        let mut setup = Setup::new(&world.server, &data);
        change(&mut setup);
        Self::open(world, folder, Server::start(setup).await?).await
    }

    /// Enrols two agents with a server, and makes a template for them.
    pub(super) async fn open(world: &World, folder: TempDir, server: Server) -> Result<Self> {
        let url = format!("https://{}", server.endpoint.host());
        Self::open_at(world, folder, server, &url).await
    }

    /// The same with agents that know the server by another address.
    pub(super) async fn open_at(world: &World, folder: TempDir, server: Server, url: &str) -> Result<Self> {
        let inside = inside(&server)?;
        let token = inside.token(2, &[("Env", "lab")])?;
        let mut agents = Vec::new();
        for (number, host) in world.hosts.iter().enumerate() {
            let state = folder.path().join(format!("agent-{number}"));
            agents.push(RealAgent::start(world, host, state, url, &token).await?);
        }
        let mut api = Api::new(&server.endpoint, inside.key()?)?;
        let template = api.template("lab", Some(("Env", "lab")), DURATION_S).await?;
        Ok(Self { agents, server, api, template, inside, _folder: folder })
    }

    /// Brings a run to its end: stops it when all data is there. Failing calls are made again.
    pub(super) async fn finish(&mut self, run: &str) -> Result<()> {
        let watch = Stopwatch::start();
        let mut last = String::new();
        while watch.elapsed() < PATIENCE {
            match self.look(run).await {
                Ok((state, _)) if api::is_over(&state) => return Ok(()),
                Ok((state, sent)) => {
                    if state == "COLLECTING_DATA" && sent == self.agents.len() && self.stop(run).await.is_err() {
                        last.push('!');
                    }
                    last = state;
                }
                Err(error) => last = format!("{error:#}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("the run is not over after {:.0} s: {last}", watch.seconds())
    }

    async fn stop(&mut self, run: &str) -> Result<()> {
        let request = json!({"assessmentRunArn": run, "stopAction": "START_EVALUATION"});
        self.api.send("StopAssessmentRun", &request).await.map(drop)
    }

    /// Returns the state of a run, and how many agents have sent everything.
    pub(super) async fn look(&mut self, run: &str) -> Result<(String, usize)> {
        let described = self.api.send("DescribeAssessmentRuns", &json!({"assessmentRunArns": [run]})).await?;
        let described = crate::client::accepted("DescribeAssessmentRuns", described)?.json();
        let state = api::text(described.pointer("/assessmentRuns/0").unwrap_or(&Value::Null), "state")?;
        let seq = self.inside.run(run)?.seq;
        let counts = self.inside.with(|app| Ok(app.store.read(|tx| tx.count_run_agents(seq))?))?;
        let sent = counts.iter().filter(|(phase, _)| matches!(phase.word(), "flushed" | "evaluated" | "excluded"));
        Ok((state, usize::try_from(sent.map(|(_, count)| count).sum::<u64>())?))
    }

    /// How many chunks of a run are kept.
    pub(super) fn chunks(&self, run: &str) -> Result<u64> {
        const AGENTS_MAX: usize = 10;
        let seq = self.inside.run(run)?.seq;
        let members = self.inside.with(|app| Ok(app.store.read(|tx| tx.run_agents(seq, "", AGENTS_MAX))?))?;
        Ok(members.iter().map(|member| member.next_chunk).sum())
    }

    /// Waits until a run collects and every agent has sent everything.
    pub(super) async fn wait_for_all(&mut self, run: &str) -> Result<()> {
        let watch = Stopwatch::start();
        while watch.elapsed() < PATIENCE {
            let (state, sent) = self.look(run).await?;
            if state == "COLLECTING_DATA" && sent == self.agents.len() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("not every agent has sent everything")
    }

    /// Waits until a run is in a state.
    pub(super) async fn wait_for(&mut self, run: &str, wanted: &str) -> Result<()> {
        let watch = Stopwatch::start();
        let mut state = String::new();
        while watch.elapsed() < PATIENCE {
            let sent;
            (state, sent) = self.look(run).await?;
            if state == wanted {
                return Ok(());
            }
            if api::is_over(&state) {
                bail!("the run went past {wanted} to {state}");
            }
            if state == "COLLECTING_DATA" && sent == self.agents.len() {
                self.stop(run).await?;
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("the run did not come to {wanted}, it is in {state}")
    }

    /// Compares what a run left with what an undisturbed one left, and proves the audit log.
    pub(super) fn check(&self, run: &str, undisturbed: &Outcome) -> Result<()> {
        let inside = &self.inside;
        let mut wrong = inside.outcome(run)?.complaints(undisturbed);
        match inside.audit() {
            Ok(records) => wrong.extend(self.unrecorded(&records)),
            Err(error) => wrong.push(format!("{error:#}")),
        }
        if wrong.is_empty() {
            return Ok(());
        }
        bail!("{}\n{}{}", wrong.join("; "), self.server.log_end(), self.agents_logs())
    }

    /// Calls that were answered and are not in the audit log.
    fn unrecorded(&self, records: &[Value]) -> Vec<String> {
        let recorded = |operation: &str| {
            let named = |record: &&Value| record.get("eventName").and_then(Value::as_str) == Some(operation);
            records.iter().filter(named).count()
        };
        let calls = self.api.answered().iter();
        let lost = calls.filter(|(operation, count)| recorded(operation) < **count);
        lost.map(|(operation, count)| format!("{operation}: {count} answered, {} recorded", recorded(operation)))
            .collect()
    }

    fn agents_logs(&self) -> String {
        self.agents.iter().map(RealAgent::log_end).collect()
    }
}

/// Opens the store beside a server.
pub(super) fn inside(server: &Server) -> Result<Inside> {
    let Setup { data_dir, database_url, blobs, environment, .. } = &server.setup;
    let key = environment.iter().find(|(name, _)| name == "YAGURA_MASTER_KEY").map(|(_, key)| key.as_str());
    Inside::open(data_dir, database_url.as_deref(), blobs.as_deref(), key)
}

/// The run that nobody disturbs.
pub(super) async fn undisturbed(world: &World) -> Result<Outcome> {
    let mut lane = Lane::start(world, "undisturbed", |_| ()).await?;
    let run = lane.api.start(&lane.template, "undisturbed").await?;
    lane.finish(&run).await?;
    let outcome = lane.inside.outcome(&run)?;
    lane.check(&run, &outcome)?;
    if outcome.findings.is_empty() || outcome.chunks.iter().any(|chunks| *chunks < 3) {
        bail!("the laboratory's hosts show too little: {outcome:?}");
    }
    Ok(outcome)
}
