//! Compares a scheme's order with its own tool's on generated pairs.
//!
//! `agree SCHEME PAIRS SEED CORPUS PROGRAM [ARGUMENT…]`: CORPUS is a file with a version a line, or
//! `-`; the program reads `A`, a tab, `B` and answers `-1`, `0`, `1`, or `?` where the tool refuses
//! one of the two (see `oracles/versions`). The last line is `N agree, M differ`, and the exit code
//! is 1 when any differ. `cargo xtask agree NAME` finds the program and calls this.

mod pairs;
#[path = "../../tests/oracle/random.rs"]
mod random;

use std::cmp::Ordering;
use std::io::{self, Read as _, Write as _};
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use yagura_version::Scheme;

use random::Random;

/// Programs under way at once: some ask a process for each pair.
const THREADS: usize = 4;

/// How many differences are shown.
const SAMPLES: usize = 40;

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [scheme, count, seed, corpus, program @ ..] = arguments.as_slice() else { return Err(usage()) };
    let scheme = Scheme::ALL.iter().copied().find(|known| known.name() == scheme).ok_or_else(usage)?;
    let (count, seed) = (count.parse().map_err(|_| usage())?, seed.parse().map_err(|_| usage())?);
    let corpus = if corpus == "-" { String::new() } else { std::fs::read_to_string(corpus)? };
    let real: Vec<&str> = corpus.lines().collect();

    let mut random = Random(seed);
    let pairs: Vec<_> = (0_usize..count).map(|_| pairs::pair(scheme, &real, &mut random)).collect();
    let share = count.div_ceil(THREADS).max(1);
    let answers = thread::scope(|scope| {
        let workers: Vec<_> = pairs.chunks(share).map(|chunk| scope.spawn(move || ask(program, chunk))).collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.join().map_err(|_| io::Error::other("a thread that asks ended early"))??);
        }
        Ok::<_, io::Error>(all)
    })?;
    report(scheme, &pairs, &answers)
}

fn usage() -> io::Error {
    io::Error::other("usage: agree SCHEME PAIRS SEED CORPUS PROGRAM [ARGUMENT…]")
}

fn report(scheme: Scheme, pairs: &[(String, String)], answers: &[Option<Ordering>]) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let (mut agree, mut refused, mut explained, mut differ) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut stray = 0_usize;
    for ((a, b), answer) in pairs.iter().zip(answers) {
        let ours = scheme.compare(a, b);
        if answer.is_none() && scheme.is_valid(a) && scheme.is_valid(b) {
            stray = stray.saturating_add(1);
        }
        let count = match answer {
            None => &mut refused,
            Some(theirs) if *theirs == ours => &mut agree,
            Some(_) if pairs::is_explained(scheme, a, b) => &mut explained,
            Some(theirs) => {
                if differ < SAMPLES {
                    writeln!(out, "we say `{a}` is {ours:?} against `{b}`, the tool {theirs:?}")?;
                }
                &mut differ
            }
        };
        *count = count.saturating_add(1);
    }
    if refused > 0 {
        writeln!(out, "{refused} pairs refused by the tool, {stray} of them versions to us")?;
    }
    if explained > 0 {
        writeln!(out, "{explained} differ where the tool's answers form no order")?;
    }
    writeln!(out, "{agree} agree, {differ} differ")?;
    Ok(if differ == 0 && agree > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Hands the pairs to the program and reads its answers.
fn ask(program: &[String], pairs: &[(String, String)]) -> io::Result<Vec<Option<Ordering>>> {
    let (name, arguments) = program.split_first().ok_or_else(usage)?;
    let mut child = Command::new(name).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let mut text = String::new();
    thread::scope(|scope| {
        let writer = scope.spawn(move || -> io::Result<()> {
            let mut input = input.map(io::BufWriter::new).ok_or_else(|| io::Error::other("no pipe to the program"))?;
            for (a, b) in pairs {
                writeln!(input, "{a}\t{b}")?;
            }
            input.flush()
        });
        if let Some(mut output) = output {
            output.read_to_string(&mut text)?;
        }
        writer.join().map_err(|_| io::Error::other("a thread that writes ended early"))?
    })?;
    let status = child.wait()?;
    let answers: Vec<_> = text.lines().map(answer).collect::<io::Result<_>>()?;
    if !status.success() || answers.len() != pairs.len() {
        return Err(io::Error::other(format!("`{name}` ended with {status} after {} answers", answers.len())));
    }
    Ok(answers)
}

fn answer(line: &str) -> io::Result<Option<Ordering>> {
    Ok(Some(match line.trim() {
        "-1" => Ordering::Less,
        "0" => Ordering::Equal,
        "1" => Ordering::Greater,
        "?" => return Ok(None),
        other => return Err(io::Error::other(format!("`{other}` is not an answer"))),
    }))
}
