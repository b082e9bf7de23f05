//! The client programs: how each is started, and what it needs that may be absent.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::lab::Lab;
use super::tally::Tally;
use crate::agree;
use crate::process;
use crate::repository;

/// A program of somebody else, and how it is tried.
pub(crate) struct Program {
    /// As in `--only NAME`.
    pub(crate) name: &'static str,
    /// Runs it to its end.
    pub(crate) run: fn(&Lab) -> Result<Tally>,
}

/// In the order in which a failure tells the most.
pub(crate) const PROGRAMS: &[Program] = &[
    Program { name: "boto3", run: boto3 },
    Program { name: "aws-cli", run: |lab| python(lab, "aws-cli", "clients/test_aws_cli.py") },
    Program { name: "js", run: js },
    Program { name: "examples", run: examples },
    Program { name: "terraform", run: terraform },
];

/// Seconds after which a program is stuck and not slow.
const PROGRAM_S: &str = "1200";

/// Seconds that the examples collect; the agents need one or two.
const EXAMPLE_COLLECTS_S: &str = "10";

fn boto3(lab: &Lab) -> Result<Tally> {
    let mut tally = Tally::default();
    if process::find("python3").is_none() {
        tally.skip("boto3, for which `python3` is not installed");
        return Ok(tally);
    }
    // A checker that sees nothing would pass everything.
    let checker = lab.environment(&mut bounded("python3")).arg("clients/test_model.py").status();
    tally.check("the model check's own tests pass", checker.context("cannot start `python3`")?.success());
    tally.add(python(lab, "boto3", "clients/test_boto3.py")?);
    Ok(tally)
}

fn python(lab: &Lab, name: &str, file: &str) -> Result<Tally> {
    let mut tally = Tally::default();
    if process::find("python3").is_none() {
        tally.skip(&format!("{name}, for which `python3` is not installed"));
        return Ok(tally);
    }
    figure(lab.environment(&mut bounded("python3")).arg(file), name)
}

fn js(lab: &Lab) -> Result<Tally> {
    let mut tally = Tally::default();
    for program in ["node", "npm"] {
        if process::find(program).is_none() {
            tally.skip(&format!("the JavaScript SDK, for which `{program}` is not installed"));
            return Ok(tally);
        }
    }
    // Node finds packages beside the program, and none may lie in the repository.
    let folder = agree::target().join("clients/js");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    for file in ["package.json", "three_steps.mjs"] {
        std::fs::copy(repository::root().join("clients/js").join(file), folder.join(file))?;
    }
    if !folder.join("node_modules/@aws-sdk/client-inspector").is_dir() {
        // No lock file: it would name the registry that happened to answer here.
        let mut install = bounded("npm");
        install.args(["install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]);
        if !install.current_dir(&folder).status().is_ok_and(|status| status.success()) {
            tally.skip("the JavaScript SDK, which could not be installed");
            return Ok(tally);
        }
    }
    figure(lab.environment(&mut bounded("node")).arg("three_steps.mjs").current_dir(&folder), "js")
}

fn examples(lab: &Lab) -> Result<Tally> {
    let mut tally = Tally::default();
    let html = lab.folder().join("example.html");
    let shell = ["bash", "aws", "curl"].iter().find(|program| process::find(program).is_none());
    match shell {
        Some(absent) => tally.skip(&format!("examples/three-steps.sh, for which `{absent}` is not installed")),
        None => {
            let mut command = bounded("examples/three-steps.sh");
            lab.environment(&mut command).env("STOP_AFTER", EXAMPLE_COLLECTS_S).env("REPORT", &html);
            let code = command.env("LC_ALL", "C.UTF-8").status()?.code();
            tally.check(&format!("examples/three-steps.sh ends with {code:?}, not 0"), code == Some(0));
            tally.check("its report is HTML", starts_with(&html, b"<"));
        }
    }
    let pdf = lab.folder().join("example.pdf");
    if !has_module("boto3") {
        tally.skip("examples/three_steps.py, for which the Python package `boto3` is not installed");
        return Ok(tally);
    }
    let mut command = bounded("python3");
    lab.environment(&mut command).args(["examples/three_steps.py", "--stop-after", EXAMPLE_COLLECTS_S, "--report"]);
    let code = command.arg(&pdf).status()?.code();
    // The flaw of severity High is on two hosts, and the example marks one of them as done.
    tally.check(&format!("examples/three_steps.py ends with {code:?}, not 1"), code == Some(1));
    tally.check("its report is PDF", starts_with(&pdf, b"%PDF-"));
    Ok(tally)
}

/// The provider comes from a registry of its own; where that is out of reach only the form is checked.
fn terraform(lab: &Lab) -> Result<Tally> {
    let mut tally = Tally::default();
    if process::find("terraform").is_none() {
        tally.skip("examples/terraform, for which `terraform` is not installed");
        return Ok(tally);
    }
    let folder = lab.folder().join("terraform");
    std::fs::create_dir_all(&folder)?;
    std::fs::copy(repository::root().join("examples/terraform/main.tf"), folder.join("main.tf"))?;
    let terraform = |words: &[&str]| -> Result<bool> {
        let mut command = bounded("terraform");
        lab.environment(&mut command).args(words).current_dir(&folder).env("TF_IN_AUTOMATION", "1");
        if let Ok(endpoint) = std::fs::read_to_string(lab.folder().join("data/endpoint")) {
            command.env("TF_VAR_endpoint", endpoint.trim());
        }
        Ok(command.status()?.success())
    };
    tally.check("examples/terraform is formatted", terraform(&["fmt", "-check"])?);
    let mut init = bounded("terraform");
    init.args(["init", "-input=false", "-no-color"]).current_dir(&folder).stderr(Stdio::null()).stdout(Stdio::null());
    if !init.status()?.success() {
        tally.skip("applying examples/terraform, whose provider could not be installed");
        return Ok(tally);
    }
    tally.check("terraform applies it", terraform(&["apply", "-auto-approve", "-input=false", "-no-color"])?);
    let quiet = ["plan", "-detailed-exitcode", "-input=false", "-no-color"];
    tally.check("and sees nothing left to do", terraform(&quiet)?);
    tally.check("terraform destroys it", terraform(&["destroy", "-auto-approve", "-input=false", "-no-color"])?);
    Ok(tally)
}

/// A program under the time limit, where `timeout` is there to set one.
fn bounded(program: &str) -> Command {
    let relative = repository::root().join(program);
    let program = if relative.is_file() { relative } else { PathBuf::from(program) };
    match process::find("timeout") {
        Some(timeout) => {
            let mut command = process::command(timeout);
            // In the foreground an interrupt from the terminal still reaches the program.
            command.args(["--foreground", "--kill-after=10", PROGRAM_S]).arg(program);
            command
        }
        None => process::command(program),
    }
}

/// Runs a program, passes its output on and reads the figure that it prints last.
fn figure(command: &mut Command, name: &str) -> Result<Tally> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {name}"))?;
    let mut tally = None;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line.with_context(|| format!("{name} did not print UTF-8"))?;
            println!("{line}");
            tally = Tally::parse(&line, name).or(tally);
        }
    }
    let status = child.wait()?;
    let tally = tally.with_context(|| format!("printed no figure and ended with {status}"))?;
    // An exit code that contradicts the figure is a mistake of the program itself.
    anyhow::ensure!(status.success() != tally.failed(), "ended with {status}, but says: {tally}");
    Ok(tally)
}

fn has_module(module: &str) -> bool {
    let mut import = process::command("python3");
    import.args(["-c", &format!("import {module}")]).stderr(Stdio::null());
    import.status().is_ok_and(|status| status.success())
}

fn starts_with(path: &Path, start: &[u8]) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(start))
}

#[test]
fn the_figure_is_read_from_what_a_program_prints() {
    let say = |script: &str| figure(process::command("sh").args(["-c", script]), "x");
    let tally = say("echo hello; echo 'x: 3 checks passed, 0 failed, 1 skipped'; echo bye").unwrap();
    assert_eq!(tally.to_string(), "3 checks passed, 0 failed, 1 skipped");
    assert!(say("echo hello; exit 2").unwrap_err().to_string().starts_with("printed no figure"));
    let lying = say("echo 'x: 3 checks passed, 0 failed, 0 skipped'; exit 1");
    assert!(lying.unwrap_err().to_string().starts_with("ended with exit status: 1, but says"));
}

#[test]
fn every_file_that_is_run_is_there() {
    for file in ["clients/test_model.py", "clients/test_boto3.py", "clients/test_aws_cli.py", "examples/three_steps.py"]
    {
        assert!(repository::root().join(file).is_file(), "{file}");
    }
    assert_eq!(bounded("examples/three-steps.sh").get_args().count(), 4);
}
