//! A real `yagura serve` as a child process: started, watched, killed, started again.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::{Child, Command};

use crate::client::{Client, Endpoint};
use crate::clock::Stopwatch;

/// A debug build on a busy machine opens its port within this.
const START_PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);
/// Lines of the log that an error shows.
const LOG_LINES_SHOWN: usize = 15;

/// How a server is started.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) program: PathBuf,
    pub(crate) data_dir: PathBuf,
    pub(crate) database_url: Option<String>,
    pub(crate) blobs: Option<String>,
    /// `127.0.0.1:0` picks a port; a restarted server gets the one that it had.
    pub(crate) listen: String,
    /// More of the environment.
    pub(crate) environment: Vec<(String, String)>,
}

impl Setup {
    /// SQLite in a data directory.
    pub(crate) fn new(program: &Path, data_dir: &Path) -> Self {
        Self {
            program: program.to_owned(),
            data_dir: data_dir.to_owned(),
            database_url: None,
            blobs: None,
            listen: "127.0.0.1:0".into(),
            environment: Vec::new(),
        }
    }

    /// Where its log goes: beside the data directory, which may be full.
    pub(crate) fn log(&self) -> PathBuf {
        self.data_dir.with_extension("log")
    }
}

/// A running server. Killed when dropped.
pub(crate) struct Server {
    pub(crate) setup: Setup,
    pub(crate) endpoint: Endpoint,
    child: Child,
}

impl Server {
    /// Starts a server and waits until it answers.
    pub(crate) async fn start(setup: Setup) -> Result<Self> {
        let file = setup.data_dir.join("endpoint");
        // The file of a server that was killed must not be taken for that of the new one.
        let _ = std::fs::remove_file(&file);
        let child = command(&setup)?.spawn().with_context(|| format!("cannot start `{}`", setup.program.display()))?;
        let mut server =
            Self { endpoint: Endpoint { address: ([127, 0, 0, 1], 0).into(), ca_pem: String::new() }, setup, child };
        let watch = Stopwatch::start();
        while watch.elapsed() < START_PATIENCE {
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended with {status}:\n{}", server.log_end());
            }
            if let Ok(url) = std::fs::read_to_string(&file)
                && url.ends_with('\n')
            {
                let ca = std::fs::read_to_string(server.setup.data_dir.join("ca.pem"))?;
                server.endpoint = Endpoint::new(&url, ca)?;
                server.setup.listen = server.endpoint.host();
                if server.answers().await {
                    return Ok(server);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("the server did not answer within {} s:\n{}", START_PATIENCE.as_secs(), server.log_end())
    }

    /// Whether it answers that it is well.
    pub(crate) async fn answers(&self) -> bool {
        let Ok(mut client) = Client::new(self.endpoint.clone(), None) else { return false };
        let answer = client.send(hyper::Method::GET, "/healthz", &[], hyper::body::Bytes::new()).await;
        answer.is_ok_and(|answer| answer.status == 200)
    }

    /// `kill -9`.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.context("cannot kill the server")
    }

    /// Starts it again after a kill, on the same port and data.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        *self = Self::start(self.setup.clone()).await?;
        Ok(())
    }

    /// Its process id; 0 after its end.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The last lines of its log.
    pub(crate) fn log_end(&self) -> String {
        let text = std::fs::read_to_string(self.setup.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(LOG_LINES_SHOWN)).map(|line| format!("   {line}\n")).collect()
    }
}

fn command(setup: &Setup) -> Result<Command> {
    std::fs::create_dir_all(&setup.data_dir)?;
    let log = File::options().append(true).create(true).open(setup.log())?;
    let mut command = Command::new(&setup.program);
    clean(&mut command);
    command.arg("serve").arg("--data-dir").arg(&setup.data_dir).args(["--listen", &setup.listen]);
    command.args(["--feed-sync-hours", "0"]);
    if let Some(url) = &setup.database_url {
        command.args(["--database-url", url]);
    }
    if let Some(blobs) = &setup.blobs {
        command.args(["--blobs", blobs]);
    }
    command.env("NO_COLOR", "1");
    for (name, value) in &setup.environment {
        command.env(name, value);
    }
    command.stdin(Stdio::null()).stdout(Stdio::from(log.try_clone()?)).stderr(Stdio::from(log)).kill_on_drop(true);
    Ok(command)
}

/// Takes away what whoever runs us has set for the programs.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| {
            name.starts_with("YAGURA_") || name.starts_with("AWS_") || name.to_ascii_lowercase().ends_with("_proxy")
        });
        if ours {
            command.env_remove(name);
        }
    }
}

/// What a process uses.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Usage {
    /// Resident now, MiB.
    pub(crate) resident_mib: f64,
    /// Resident at most so far, MiB.
    pub(crate) peak_mib: f64,
    /// Processor seconds so far.
    pub(crate) cpu_s: f64,
}

impl Usage {
    /// Reads it; zeros for a process that is gone.
    pub(crate) fn of(pid: u32) -> Self {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        Self::parse(&read("status"), &read("stat"))
    }

    fn parse(status: &str, stat: &str) -> Self {
        /// `getconf CLK_TCK` of every Linux.
        const TICKS_PER_S: f64 = 100.0;
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let figure = line.and_then(|line| line.trim().strip_suffix(" kB"));
            figure.and_then(|figure| figure.trim().parse::<f64>().ok()).unwrap_or_default()
        };
        // The program's name stands in parentheses and may hold anything.
        let fields: Vec<&str> =
            stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
        Self {
            resident_mib: kib("VmRSS:") / 1024.0,
            peak_mib: kib("VmHWM:") / 1024.0,
            cpu_s: (ticks(11) + ticks(12)) / TICKS_PER_S,
        }
    }
}

#[test]
fn usage_is_read_from_proc() {
    let status = "Name:\tyagura\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\n";
    let stat = "7 (a) b) S 1 1 1 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 9 0 1 1 1";
    let usage = Usage::parse(status, stat);
    assert_eq!(usage, Usage { resident_mib: 100.0, peak_mib: 200.0, cpu_s: 3.0 });
    assert!(Usage::of(std::process::id()).resident_mib > 0.0);
}
