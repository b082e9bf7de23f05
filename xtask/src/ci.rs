//! `cargo xtask ci`: every check in the order in which a mistake is cheapest to see.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::process::{self, cargo};
use crate::stopwatch::Stopwatch;
use crate::{policy, schemas, smoke, tidy};

/// Whether the crates' own tests are part of the run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tests {
    /// All of them.
    Run,
    /// Only xtask's: the caller has just run `cargo test`, which covers every other crate.
    Skip,
}

struct Step {
    name: &'static str,
    run: fn(Tests) -> Result<()>,
}

/// Quick ones first; what compiles shares one target folder, and nothing is built optimised.
const STEPS: &[Step] = &[
    Step { name: "format", run: |_| process::run(cargo("fmt").args(["--all", "--check"])) },
    Step { name: "tidy", run: |_| tidy::run() },
    Step { name: "dependency policy", run: |_| policy::run() },
    Step { name: "tests", run: tests },
    Step { name: "schemas", run: |_| schemas::run() },
    Step { name: "lints", run: |_| lints() },
    Step { name: "docs", run: |_| docs() },
    Step { name: "fuzz targets compile", run: |_| fuzz_targets() },
    Step { name: "end to end", run: |_| smoke::run() },
];

/// Runs every step; the first failure ends the run and is named in the last line.
pub(crate) fn run(tests: Tests) -> Result<()> {
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for step in STEPS {
        println!("== {}", step.name);
        let watch = Stopwatch::start();
        if let Err(error) = (step.run)(tests) {
            println!("{error:#}");
            bail!("step `{}` failed after {:.1} s", step.name, watch.elapsed().as_secs_f64());
        }
        println!("== {}: ok, {:.1} s", step.name, watch.elapsed().as_secs_f64());
        times.push((step.name, watch.elapsed()));
    }
    println!();
    for (name, time) in &times {
        println!("{:>8.1} s  {name}", time.as_secs_f64());
    }
    let total: Duration = times.iter().map(|(_, time)| *time).sum();
    println!("ci: {} steps passed in {:.1} s", times.len(), total.as_secs_f64());
    Ok(())
}

/// Generated pages are compared with their sources by the crates' own tests.
fn tests(tests: Tests) -> Result<()> {
    match tests {
        Tests::Run => process::run(cargo("test").args(["--workspace", "--locked"])),
        Tests::Skip => {
            println!("skipped: the crates' own tests, as `--skip-tests` asks");
            process::run(cargo("test").args(["--package", "xtask", "--locked"]))
        }
    }
}

fn lints() -> Result<()> {
    process::run(cargo("clippy").args(["--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

fn docs() -> Result<()> {
    process::run(cargo("doc").args(["--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Without the fuzzing engine, whose runtime would need a C++ compiler.
fn fuzz_targets() -> Result<()> {
    let manifest = ["--manifest-path", "fuzz/Cargo.toml", "--target-dir", "target"];
    process::run(cargo("clippy").args(manifest).args([
        "--no-default-features",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}
