//! `cargo xtask bench`: our own benchmarks, then whole processes beside the peers.
//!
//! Figures of different days and machines say little. Here every party runs over the same root
//! with the same data in the same minute, alternately, and the table states ratios.

mod measure;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use self::measure::{Measure, Subject};
use crate::agree;
use crate::peers::debsecan::Debsecan;
use crate::peers::trivy::Trivy;
use crate::peers::{Yagura, tracker};
use crate::process::{self, cargo};

/// The name under which the whole-process comparison is asked for.
const WHOLE: &str = "assess";

struct Options<'a> {
    name: Option<&'a str>,
    root: PathBuf,
    runs: usize,
    peers_only: bool,
}

impl<'a> Options<'a> {
    fn parse(arguments: &[&'a str]) -> Result<Self> {
        let mut options = Self { name: None, root: PathBuf::from("/"), runs: 11, peers_only: false };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("`{argument}` needs a value"));
            match *argument {
                "--root" => {
                    let root = value()?;
                    options.root = std::fs::canonicalize(root).with_context(|| format!("no root `{root}`"))?;
                }
                "--runs" => options.runs = value()?.parse().context("`--runs` is not a number")?,
                "--peers-only" => options.peers_only = true,
                name if !name.starts_with('-') && options.name.is_none() => options.name = Some(name),
                other => bail!("unknown option `{other}`"),
            }
        }
        Ok(options)
    }
}

/// Runs what was asked for; the tables are the result.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let mut ran = 0_usize;
    if !options.peers_only {
        for (package, bench) in benches()? {
            if options.name.is_some_and(|name| name != bench && package.strip_prefix("yagura-") != Some(name)) {
                continue;
            }
            println!("== {package}: {bench}");
            process::run(cargo("bench").args(["--quiet", "--locked", "--package", &package, "--bench", &bench]))?;
            ran = ran.saturating_add(1);
        }
    }
    if options.name.is_none_or(|name| name == WHOLE) {
        whole_process(&options)?;
        ran = ran.saturating_add(1);
    }
    if ran == 0 {
        bail!("no benchmark is called `{}`", options.name.unwrap_or_default());
    }
    Ok(())
}

/// Every benchmark of the workspace: package and name.
fn benches() -> Result<Vec<(String, String)>> {
    let metadata = process::output(cargo("metadata").args(["--format-version", "1", "--no-deps", "--locked"]), &[0])?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is not JSON")?;
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let name = |value: &Value| value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut benches = Vec::new();
    for package in list(&metadata, "packages") {
        for target in list(&package, "targets") {
            if list(&target, "kind").iter().any(|kind| kind == "bench") {
                benches.push((name(&package), name(&target)));
            }
        }
    }
    Ok(benches)
}

/// `yagura assess --rules cve` beside each peer that can be had.
fn whole_process(options: &Options<'_>) -> Result<()> {
    let Some(document_path) = tracker::newest()? else {
        println!("skipped: whole processes, for want of a tracker document");
        return Ok(());
    };
    let document = tracker::read(&document_path)?;
    process::run(cargo("build").args(["--quiet", "--release", "--locked", "--package", "yagura"]))?;
    let yagura = Yagura::prepare(agree::target().join("release/yagura"), &document_path)?;
    let root = &options.root;
    let mut subjects = vec![Subject::new("yagura", yagura.assess(root), None)];
    match Trivy::prepare(&document) {
        Ok(trivy) => subjects.push(Subject::new("trivy", trivy.command(root), Some(trivy.idle()))),
        Err(error) => println!("skipped: trivy: {error:#}"),
    }
    match Debsecan::prepare(&document, root) {
        Ok(debsecan) => subjects.push(Subject::new("debsecan", debsecan.command(root), None)),
        Err(error) => println!("skipped: debsecan: {error:#}"),
    }
    let measures = measure::alternately(&mut subjects, options.runs)?;
    println!("{}", table(&measures, root, options.runs));
    Ok(())
}

/// The first row is the measure of the others.
fn table(measures: &[Measure], root: &Path, runs: usize) -> String {
    let mut text = format!("Whole process over `{}`, median of {runs} runs:\n\n", root.display());
    text.push_str("| program | wall, ms | of it start-up | net, ms | ratio | peak memory, MiB | ratio |\n");
    text.push_str("|---|---:|---:|---:|---:|---:|---:|\n");
    let Some(ours) = measures.first() else { return text };
    for measure in measures {
        let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
        let _ = writeln!(
            text,
            "| {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
            measure.name,
            milliseconds(measure.wall),
            milliseconds(measure.idle),
            milliseconds(measure.net()),
            measure.net().as_secs_f64() / ours.net().as_secs_f64(),
            measure.peak_kib / 1024.0,
            measure.peak_kib / ours.peak_kib,
        );
    }
    text
}

#[test]
fn the_table_states_ratios_to_the_first_row_net_of_start_up() {
    use std::time::Duration;
    let measure = |name, wall, idle, peak_kib| Measure {
        name,
        wall: Duration::from_millis(wall),
        idle: Duration::from_millis(idle),
        peak_kib,
    };
    let text =
        table(&[measure("yagura", 20, 0, 10_240.0), measure("trivy", 4000, 3000, 102_400.0)], Path::new("/r"), 5);
    assert!(text.contains("| yagura | 20.0 | 0.0 | 20.0 | 1.0 | 10.0 | 1.0 |"), "{text}");
    assert!(text.contains("| trivy | 4000.0 | 3000.0 | 1000.0 | 50.0 | 100.0 | 10.0 |"), "{text}");
}

#[test]
fn options_are_read_in_any_order() {
    let options = Options::parse(&["--runs", "3", "match", "--peers-only"]).unwrap();
    assert_eq!((options.name, options.runs, options.peers_only), (Some("match"), 3, true));
    assert!(Options::parse(&["--runs"]).is_err());
    assert!(Options::parse(&["a", "b"]).is_err());
}
