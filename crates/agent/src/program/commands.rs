//! One function a command.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::Error;
use jiff::Timestamp;
use rustix::process::{Resource, Rlimit, nice, setrlimit};
use yagura_agent::{
    Agent, CollectError, Condition, Ended, Enrolment, HostCollector, Proxy, RunError, RunOptions, ServerUrl, Stop,
    SystemClock,
};
use yagura_wire::Tag;

use super::words::{EnrollWords, RunWords};
use super::{Exit, Failure, print, signals, state_dir_or_default, tell};

/// The host's own work comes first.
const NICENESS: i32 = 10;
/// Bytes of a token on standard input.
const TOKEN_BYTES_MAX: u64 = 4096;

const CLOCK: SystemClock = SystemClock(Timestamp::now);

pub(super) fn enroll(words: EnrollWords) -> Result<Exit, Failure> {
    let state_dir = state_dir_or_default(words.state_dir)?;
    let server = ServerUrl::parse(&words.server);
    let server = server.map_err(|error| Failure::usage(error).hint("write `https://HOST:PORT`"))?;
    let token = if words.token == "-" { token_from_input()? } else { words.token };
    let remember_proxy = words.proxy.is_some();
    let enrolment = Enrolment {
        server,
        token,
        ca_sha256: words.ca_sha256,
        tags: words.tags.into_iter().map(|(key, value)| Tag { key, value }).collect(),
        auto_scaling_group: words.auto_scaling_group,
        root: words.root,
        proxy: proxy(words.proxy),
        remember_proxy,
        force: words.force,
    };
    no_core_dumps();
    let enrolled = yagura_agent::enroll(&state_dir, &enrolment, &CLOCK).map_err(|error| {
        let hint = error.advice();
        let failure = if error.is_usage() { Failure::usage(error) } else { Failure::failed(error) };
        failure.hint(hint)
    })?;
    let mut text = format!("enrolled as {} at {}\n", enrolled.agent_id, enrolled.server);
    if let Some(previous) = enrolled.previous_agent_id {
        text.push_str(&format!("in place of {previous}\n"));
    }
    text.push_str("start it: `systemctl enable --now yagura-agent`, or `yagura-agent run`\n");
    print(&text)
}

/// A token among the words is seen by everybody who lists processes; on standard input it is not.
fn token_from_input() -> Result<String, Failure> {
    let mut text = String::new();
    let read = io::stdin().lock().take(TOKEN_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| Failure::usage(Error::new(error).context("cannot read the token from standard input")))?;
    Ok(text.trim().to_owned())
}

pub(super) fn run(words: &RunWords) -> Result<Exit, Failure> {
    let state_dir = state_dir_or_default(words.state_dir.clone())?;
    let agent = Agent::open(&state_dir).map_err(|error| {
        let hint = error.advice();
        Failure::failed(error).hint(hint)
    })?;
    no_core_dumps();
    // A container may forbid it; the agent works all the same.
    let _ = nice(NICENESS);
    let stop = Stop::new();
    signals::watch(&stop).map_err(|error| Failure::failed(Error::new(error).context("cannot watch for signals")))?;
    let options = RunOptions {
        once: words.once,
        proxy: proxy(words.proxy.clone()),
        tell: Arc::new(tell),
        ..RunOptions::default()
    };
    match agent.run(&stop, &CLOCK, &options) {
        Ok(Ended::Stopped | Ended::NothingToDo) => Ok(Exit::Done),
        Err(error) => Err(run_failure(error)),
    }
}

fn run_failure(error: RunError) -> Failure {
    let hint = error.advice();
    Failure::failed(error).hint(hint)
}

pub(super) fn status(state_dir: &Path, json: bool) -> Result<Exit, Failure> {
    let status = yagura_agent::status(state_dir).map_err(|error| {
        let hint = error.advice();
        Failure::failed(error).hint(hint)
    })?;
    let text = if json {
        let text = serde_json::to_string_pretty(&status).map_err(Failure::failed)?;
        format!("{text}\n")
    } else {
        status.text()
    };
    print(&text)?;
    Ok(if status.state == Condition::Running { Exit::Done } else { Exit::NotRunning })
}

pub(super) fn collect(root: Option<&Path>) -> Result<Exit, Failure> {
    let collector = HostCollector::new(root);
    // A root that cannot be opened is a mistake in the words; the stream would only tell it as a problem.
    if let Err(CollectError::Root(error)) = yagura_agent::Collector::facts(&collector) {
        let hint = error.advice().en;
        return Err(Failure::usage(error).hint(hint));
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let given = yagura_agent::dry_run(&collector, &mut |line| -> Result<(), Error> { Ok(writeln!(out, "{line}")?) });
    match given.and_then(|()| Ok(out.flush()?)) {
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(|it| it.kind() == io::ErrorKind::BrokenPipe) => {
            Ok(Exit::Done)
        }
        Err(error) => Err(Failure::failed(error.context("cannot print what would be sent"))),
        Ok(()) => Ok(Exit::Done),
    }
}

pub(super) fn unenroll(state_dir: &Path, given: Option<String>, yes: bool) -> Result<Exit, Failure> {
    if !yes {
        let what = format!("this removes the identity of this host from `{}`", state_dir.display());
        return Err(Failure::usage(Error::msg(what)).hint("give `--yes` to do it"));
    }
    let said = yagura_agent::unenroll(state_dir, &proxy(given)).map_err(|error| {
        let hint = error.advice();
        Failure::failed(error).hint(hint)
    })?;
    if let Err(error) = said {
        tell(&format!("warning: the server was not told: {error}; remove the agent there"));
    }
    print("the identity was removed from this host\n")
}

fn proxy(given: Option<String>) -> Proxy {
    let environment = Proxy::from_environment(|name| std::env::var(name).ok());
    match given {
        Some(url) => Proxy { url: Some(url), ..environment },
        None => environment,
    }
}

/// The private key must not end up in a core dump.
fn no_core_dumps() {
    // Where the system forbids even this, the key is no less safe than before.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}
