//! `cargo xtask clients`: programs that we did not write, against a fresh server with two agents.
//!
//! [`lab`] makes the server: a data directory, a synced demo feed, two enrolled agents on host trees
//! of their own. [`programs`] runs, one after the other, what stands in `clients/` and `examples/`
//! with the environment that `yagura env` prints, and reads the figure that each prints last.
//! [`watchdog`] stops what was started even when this command is stopped.

mod lab;
mod programs;
mod tally;
mod watchdog;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use lab::Lab;
use programs::PROGRAMS;
use tally::Tally;

/// What to run, and with which binaries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    /// A built `yagura`; else it is built.
    server: Option<PathBuf>,
    /// A built `yagura-agent`; else it is built.
    agent: Option<PathBuf>,
    /// Leaves data directory, logs and trees for a person to look at.
    keep: bool,
    /// The one program to run.
    only: Option<String>,
}

impl Options {
    fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            if *option == "--keep" {
                options.keep = true;
                continue;
            }
            let value = rest.next().with_context(|| format!("`{option}` needs a value"))?;
            match *option {
                "--server-bin" => options.server = Some(present(value)?),
                "--agent-bin" => options.agent = Some(present(value)?),
                "--only" if PROGRAMS.iter().any(|program| program.name == *value) => {
                    options.only = Some((*value).to_owned());
                }
                "--only" => {
                    let names: Vec<&str> = PROGRAMS.iter().map(|program| program.name).collect();
                    bail!("`--only {value}`: choose one of {}", names.join(", "));
                }
                other => bail!("unknown option `{other}`"),
            }
        }
        Ok(options)
    }
}

/// Programs are started from the repository's root, so a path has to hold from there too.
fn present(path: &str) -> Result<PathBuf> {
    std::fs::canonicalize(path).with_context(|| format!("no program `{path}`"))
}

/// Runs every client program; a failed check anywhere is an error.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let mut total = Tally::default();
    let lab = Lab::start(&options, &mut total)?;
    for program in PROGRAMS {
        if options.only.as_deref().is_some_and(|only| only != program.name) {
            continue;
        }
        println!("== {}", program.name);
        match (program.run)(&lab) {
            Ok(tally) => total.add(tally),
            Err(error) => total.fail(&format!("{}: {error:#}", program.name)),
        }
    }
    if total.failed() {
        lab.show_logs();
    }
    drop(lab);
    if total.failed() {
        bail!("clients: {total}");
    }
    println!("clients: {total}");
    Ok(())
}

#[test]
fn words_are_read_and_wrong_ones_named() {
    let options = Options::parse(&["--keep", "--only", "boto3"]).unwrap();
    assert_eq!(options, Options { keep: true, only: Some("boto3".to_owned()), ..Options::default() });
    let error = |words: &[&str]| Options::parse(words).unwrap_err().to_string();
    assert_eq!(error(&["--only", "perl"]), "`--only perl`: choose one of boto3, aws-cli, js, examples, terraform");
    assert_eq!(error(&["--only"]), "`--only` needs a value");
    assert_eq!(error(&["--all", "x"]), "unknown option `--all`");
    assert_eq!(error(&["--server-bin", "/nonexistent/yagura"]), "no program `/nonexistent/yagura`");
}
