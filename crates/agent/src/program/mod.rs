//! The command line of the agent.
//!
//! Exit codes: 0 done; 2 usage or configuration; 3 could not do it. `status` ends with 3 where no agent runs.

mod commands;
mod signals;
mod words;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Error;

use words::{Command, HELP};

/// Why the program could not do what it was asked.
#[derive(Debug)]
struct Failure {
    code: u8,
    error: Error,
    hint: Option<String>,
}

impl Failure {
    /// 2: the words are at fault.
    fn usage(error: impl Into<Error>) -> Self {
        Self { code: 2, error: error.into(), hint: None }
    }

    /// 3: could not do it.
    fn failed(error: impl Into<Error>) -> Self {
        Self { code: 3, error: error.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// How the program ended that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// 0.
    Done,
    /// 3: `status` found no running agent.
    NotRunning,
}

pub(crate) fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    match run(words) {
        Ok(Exit::Done) => ExitCode::SUCCESS,
        Ok(Exit::NotRunning) => ExitCode::from(3),
        Err(failure) => {
            tell(&format!("error: {}", failure.error));
            for cause in failure.error.chain().skip(1) {
                tell(&format!("  because: {cause}"));
            }
            if let Some(hint) = &failure.hint {
                tell(&format!("hint: {hint}"));
            }
            ExitCode::from(failure.code)
        }
    }
}

fn run(words: Vec<OsString>) -> Result<Exit, Failure> {
    match words::parse(words).map_err(|error| Failure::usage(error).hint("see `yagura-agent --help`"))? {
        Command::Help => print(HELP),
        Command::Version => print(&format!("yagura-agent {}\n", yagura_agent::VERSION)),
        Command::Enroll(words) => commands::enroll(words),
        Command::Run(words) => commands::run(&words),
        Command::Status { state_dir, json } => commands::status(&state_dir_or_default(state_dir)?, json),
        Command::Collect { root } => commands::collect(root.as_deref()),
        Command::Unenroll { state_dir, proxy, yes } => {
            commands::unenroll(&state_dir_or_default(state_dir)?, proxy, yes)
        }
    }
}

/// Chooses the state directory: the words, systemd's `StateDirectory=`, the system's place for root, the user's own.
fn state_dir_or_default(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(directory) = given.or_else(|| variable("STATE_DIRECTORY")) {
        return Ok(directory);
    }
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/yagura-agent"));
    }
    let base = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")));
    let base = base.ok_or_else(|| Failure::usage(Error::msg("there is no home directory for the agent's state")));
    base.map(|base| base.join("yagura-agent")).map_err(|failure| failure.hint("give `--state-dir DIR`"))
}

/// Prints a result. A reader that closes the pipe early has seen enough.
fn print(text: &str) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(Error::new(error).context("cannot write to standard output")))
        }
        _ => Ok(Exit::Done),
    }
}

/// Tells something on standard error.
fn tell(text: &str) {
    // A closed standard error must not change the exit code.
    let _ = writeln!(io::stderr(), "{text}");
}
