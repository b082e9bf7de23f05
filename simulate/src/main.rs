//! Laboratories for the service, each a command; `cargo xtask` builds this program and runs them.
//!
//! - [`fleet`]: many simulated agents in one run, and what that costs the server
//! - [`kill`]: servers and agents that are killed at the worst moment, and what must be left then
//!
//! The server is always the real program in a process of its own, reached over TLS. Beside it stand [`agent`] and
//! [`api`], which speak to it from outside, and [`inside`], which looks into its store as an auditor would.
#![expect(clippy::print_stdout, reason = "a program for the terminal; its output is its product")]

mod agent;
mod api;
mod balancer;
mod client;
mod clock;
mod feeds;
mod fleet;
mod host;
mod inside;
mod kill;
mod latency;
mod scale;
mod server;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

const USAGE: &str = "\
usage: yagura-simulate COMMAND, as `cargo xtask simulate`, `bench server` and `lab kill` call it

  fleet [--agents N] [--packages K] [--same-share PERCENT] [--database-url URL]
        [--server URL --data-dir DIR [--token T]]
  scale [--findings N] [--hosts N] [--packages K] [--distinct PERCENT] [--database-url URL]
  kill  [--rounds N] [--short] [--only WORDS] [--database-url URL] [--seed N]
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match words.split_first() {
        Some((command, rest)) if command == "fleet" => runtime.block_on(fleet::run(rest, program("yagura")?)),
        Some((command, rest)) if command == "scale" => runtime.block_on(scale::run(rest, program("yagura")?)),
        Some((command, rest)) if command == "kill" => {
            runtime.block_on(kill::run(rest, program("yagura")?, program("yagura-agent")?))
        }
        _ => bail!("{USAGE}"),
    }
}

/// A program that was built beside this one.
fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let path = own.parent().context("this program lies nowhere")?.join(name);
    if !path.is_file() {
        bail!("there is no `{}`; `cargo xtask` builds it", path.display());
    }
    Ok(path)
}
