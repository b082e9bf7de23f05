//! `cargo xtask simulate`, `bench server` and `lab kill`: builds the laboratories and what they try, and runs them.
//!
//! They speak TLS, so they are a program of their own (`simulate/`); this one stays light, because everything else
//! waits for it.

use anyhow::Result;

use crate::agree;
use crate::process::{self, cargo};

/// How the programs are built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Build {
    /// As tests are: quick to build, and the server can be held in a state.
    Debug,
    /// Release code without the long link.
    Perf,
    /// What is shipped.
    Release,
}

impl Build {
    const fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Perf => "perf",
            Self::Release => "release",
        }
    }

    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Debug => &[],
            Self::Perf => &["--profile", "perf"],
            Self::Release => &["--release"],
        }
    }
}

/// A simulated fleet.
pub(crate) fn simulate(words: &[&str]) -> Result<()> {
    let (build, words) = measured(words);
    run(build, "fleet", &words)
}

/// Pages of many findings, and a changed feed over many hosts.
pub(crate) fn scale(words: &[&str]) -> Result<()> {
    let (build, words) = measured(words);
    run(build, "scale", &words)
}

/// Kills.
pub(crate) fn kill(words: &[&str]) -> Result<()> {
    run(Build::Debug, "kill", words)
}

/// Takes `--release` out of the words.
fn measured<'a>(words: &[&'a str]) -> (Build, Vec<&'a str>) {
    let rest: Vec<&str> = words.iter().copied().filter(|word| *word != "--release").collect();
    (if rest.len() < words.len() { Build::Release } else { Build::Perf }, rest)
}

fn run(build: Build, command: &str, words: &[&str]) -> Result<()> {
    let mut made = cargo("build");
    made.args(["--quiet", "--locked"]).args(build.words());
    process::run(made.args(["--package", "yagura", "--package", "yagura-agent", "--package", "yagura-simulate"]))?;
    let program = agree::target().join(build.folder()).join("yagura-simulate");
    process::run(process::command(program).arg(command).args(words))
}

#[test]
fn release_is_taken_out_of_the_words() {
    assert_eq!(measured(&["--agents", "7"]), (Build::Perf, vec!["--agents", "7"]));
    assert_eq!(measured(&["--release", "--agents", "7"]), (Build::Release, vec!["--agents", "7"]));
}
