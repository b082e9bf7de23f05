//! Wall time and peak memory of whole processes.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::stopwatch::{Stopwatch, median};

/// A program that is measured.
pub(super) struct Subject {
    name: &'static str,
    work: Command,
    /// A run of the same program that does nothing, for one whose start-up is not its work.
    idle: Option<Command>,
}

impl Subject {
    pub(super) fn new(name: &'static str, work: Command, idle: Option<Command>) -> Self {
        Self { name, work, idle }
    }
}

/// What was measured of one program.
pub(super) struct Measure {
    pub(super) name: &'static str,
    pub(super) wall: Duration,
    pub(super) idle: Duration,
    pub(super) peak_kib: f64,
}

impl Measure {
    /// The time of the work itself.
    pub(super) fn net(&self) -> Duration {
        self.wall.saturating_sub(self.idle)
    }
}

/// Runs the subjects in turn, so that a busy minute meets all of them.
pub(super) fn alternately(subjects: &mut [Subject], runs: usize) -> Result<Vec<Measure>> {
    let mut times: Vec<(Vec<Duration>, Vec<Duration>)> = subjects.iter().map(|_| Default::default()).collect();
    for subject in subjects.iter_mut() {
        // The first run fills the page cache and counts for nothing.
        time(&mut subject.work)?;
    }
    for _ in 0..runs {
        for (subject, (work, idle)) in subjects.iter_mut().zip(&mut times) {
            work.push(time(&mut subject.work)?);
            if let Some(command) = &mut subject.idle {
                idle.push(time(command)?);
            }
        }
    }
    let mut measures = Vec::new();
    for (subject, (work, idle)) in subjects.iter().zip(times) {
        let peak_kib = peak(&subject.work)?;
        measures.push(Measure { name: subject.name, wall: median(work), idle: median(idle), peak_kib });
    }
    Ok(measures)
}

fn time(command: &mut Command) -> Result<Duration> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let watch = Stopwatch::start();
    let status = command.status().context("cannot start a measured program")?;
    let elapsed = watch.elapsed();
    if !status.success() {
        bail!("a measured program ended with {status}");
    }
    Ok(elapsed)
}

/// Peak resident memory as the kernel counts it, by way of GNU time.
fn peak(work: &Command) -> Result<f64> {
    let time = process::need("time", "time")?;
    let mut command = process::command(time);
    command.args(["--quiet", "--format", "%M"]).arg(work.get_program()).args(work.get_args());
    let output = command.stdout(Stdio::null()).output().context("cannot start `time`")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or_default();
    last.trim().parse().with_context(|| format!("`time` did not end with a number but with `{last}`"))
}

#[test]
fn a_failing_program_is_not_measured() {
    assert!(time(&mut process::command("false")).is_err());
    assert!(time(&mut process::command("true")).is_ok());
}

#[test]
fn peak_memory_is_more_than_nothing() {
    if process::find("time").is_none() {
        return;
    }
    assert!(peak(&process::command("true")).unwrap() > 100.0);
}
