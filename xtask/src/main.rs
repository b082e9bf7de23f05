//! The repository's own commands, one door for people and for CI.
//!
//! `cargo xtask ci` runs every check that CI runs; the others compare Yagura with its peers,
//! measure it and feed it garbage. Each command prints its figure last and exits non-zero when
//! it falls short; what it cannot do here it says in a line that begins with `skipped:`.
#![expect(clippy::print_stdout, reason = "a program for the terminal; its output is its product")]

mod agree;
mod bench;
mod ci;
mod clients;
mod fuzz;
mod laboratory;
mod peers;
mod policy;
mod process;
mod repository;
mod schemas;
mod smoke;
mod stopwatch;
mod tidy;

use std::process::ExitCode;

use agree::Peer;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci [--skip-tests]            everything that CI runs; --skip-tests leaves out the crates' own tests,
                               for a caller that has just run `cargo test`
  tidy                         layers, front pages, both languages, sizes, words, invariants
  policy                       licences, banned crates, duplicate versions and sources of the dependencies
  smoke                        the built program over the sample hosts
  schemas                      the documents that we write against the schemas of their formats
  agree SCHEME|versions [PAIRS [SEED]]
                               a version order, or each, against its own tool on generated pairs; SCHEME is dpkg, rpm,
                               apk, alpm, portage, pep440, npm, cargo, go, gem, maven or composer
  agree debsecan|trivy [--root DIR] [--tracker FILE]
                               CVE rows against a peer on the same root and the same data (default: this host)
  bench [NAME] [--root DIR] [--runs N] [--peers-only]
                               benchmarks, then whole processes beside the peers, as a Markdown table
  clients [--server-bin PATH] [--agent-bin PATH] [--keep] [--only NAME]
                               the AWS command line, boto3, the JavaScript SDK and the examples against a fresh
                               server with two agents; NAME is boto3, aws-cli, js, examples or terraform
  simulate [--agents N] [--packages K] [--same-share PERCENT] [--database-url URL] [--release]
           [--server URL --data-dir DIR [--token T]]
                               a simulated fleet in one run, and what that costs the server, as Markdown tables
  bench server [--findings N] [--hosts N] [--distinct PERCENT] [--database-url URL] [--release]
                               pages of a million findings, and a changed feed over stored hosts
  lab kill [--rounds N] [--short] [--only WORDS] [--database-url URL] [--seed N]
                               servers and agents killed at the worst moment; bad input against a running server
  fuzz [MINUTES] [TARGET]      every fuzz target in turn (default 1 minute each)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["ci"] => ci::run(ci::Tests::Run),
        ["ci", "--skip-tests"] => ci::run(ci::Tests::Skip),
        ["tidy"] => tidy::run(),
        ["policy"] => policy::run(),
        ["smoke"] => smoke::run(),
        ["schemas"] => schemas::run(),
        ["agree", "debsecan", rest @ ..] => agree::run(Peer::Debsecan, rest),
        ["agree", "trivy", rest @ ..] => agree::run(Peer::Trivy, rest),
        ["agree", name, rest @ ..] if *name == "versions" || agree::versions::NAMES.contains(name) => {
            agree::versions::run(name, rest)
        }
        ["simulate", rest @ ..] => laboratory::simulate(rest),
        ["bench", "server", rest @ ..] => laboratory::scale(rest),
        ["lab", "kill", rest @ ..] => laboratory::kill(rest),
        ["bench", rest @ ..] => bench::run(rest),
        ["clients", rest @ ..] => clients::run(rest),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => {
            print!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
