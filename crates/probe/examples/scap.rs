//! Judges SCAP content on a host and prints one line a result: what a comparison with the reference needs.
//!
//! ```text
//! scap oval DOCUMENT ROOT [VARIABLES]      definitions and tests of a plain document
//! scap xccdf STREAM PROFILE ROOT [WHY]     rules of a profile (`all` for every rule); with WHY the evidence of that rule
//! scap compile STREAM PROFILE FILE         the compiled form without its texts
//! scap run FILE ROOT                       rules of a compiled form
//! scap arf STREAM PROFILE ROOT             the results as ARF
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints, and fails loudly"
)]

use std::collections::BTreeMap;
use std::fs;

use yagura_probe::RootedHost;
use yagura_probe::oval::Collector;
use yagura_scap::{Compiled, Content, Definitions, RunFacts, Selection, Unwatched, judge};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["oval", document, root, variables @ ..] => oval(document, root, variables.first().copied()),
        ["xccdf", stream, profile, root, why @ ..] => rules(&compile(stream, profile), root, why.first().copied()),
        ["compile", stream, profile, file] => {
            fs::write(file, compile(stream, profile).without_texts().to_bytes().unwrap()).unwrap();
        }
        ["run", file, root] => rules(&Compiled::from_bytes(&fs::read(file).unwrap()).unwrap(), root, None),
        ["arf", stream, profile, root] => arf(stream, profile, root),
        _ => eprintln!("see the first lines of the example's source"),
    }
}

fn compile(stream: &str, profile: &str) -> Compiled {
    let selection = if profile == "all" { Selection::All } else { Selection::Profile(profile) };
    Content::parse(&fs::read(stream).unwrap()).unwrap().compile(None, selection).unwrap()
}

fn oval(document: &str, root: &str, variables: Option<&str>) {
    let definitions = Definitions::parse(&fs::read(document).unwrap()).unwrap();
    let bindings = variables.map(|path| Definitions::parse_bindings(&fs::read(path).unwrap()).unwrap());
    let host = RootedHost::open(root).unwrap();
    let go_on = || false;
    let mut collector = Collector::new(&host, &go_on);
    let now = jiff::Timestamp::now();
    let results = definitions.judge(&bindings.unwrap_or_default(), &mut collector, &mut Unwatched, now).unwrap();
    for (kind, verdicts) in [("def", results.definitions), ("test", results.tests)] {
        for verdict in verdicts {
            println!("{kind}\t{}\t{}", verdict.id, verdict.truth);
        }
    }
}

fn rules(compiled: &Compiled, root: &str, why: Option<&str>) {
    let host = RootedHost::open(root).unwrap();
    let go_on = || false;
    let mut collector = Collector::new(&host, &go_on);
    let judged = judge(compiled, &mut collector, &mut Unwatched, jiff::Timestamp::now()).unwrap();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for result in &judged.results.rules {
        *counts.entry(result.outcome.name()).or_default() += 1;
        match why {
            None => println!("{}\t{}", result.id, result.outcome),
            Some(rule) if result.id.ends_with(rule) => println!("{result:#?}"),
            Some(_) => {}
        }
    }
    eprintln!("{counts:?} {:?}", judged.results.scores);
}

fn arf(stream: &str, profile: &str, root: &str) {
    let compiled = compile(stream, profile);
    let host = RootedHost::open(root).unwrap();
    let go_on = || false;
    let mut collector = Collector::new(&host, &go_on);
    let now = jiff::Timestamp::now();
    let judged = judge(&compiled, &mut collector, &mut Unwatched, now).unwrap();
    let facts = RunFacts {
        host: root.to_owned(),
        addresses: Vec::new(),
        started: now,
        ended: now,
        scanner: "Yagura".to_owned(),
        scanner_version: env!("CARGO_PKG_VERSION").to_owned(),
        os_name: "Linux".to_owned(),
        os_version: String::new(),
        architecture: std::env::consts::ARCH.to_owned(),
        benchmark_href: stream.to_owned(),
    };
    let mut text = String::new();
    judged.write_arf(&facts, &fs::read_to_string(stream).unwrap(), &mut text).unwrap();
    println!("{text}");
}
