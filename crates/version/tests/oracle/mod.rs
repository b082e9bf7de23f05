//! Asks the real dpkg whether it orders versions as we do.
//!
//! dpkg is a process per question, so the questions are spread over a few threads. Each pair is
//! asked once, as the relation that we claim: `dpkg --compare-versions A lt B` must succeed.

mod random;

use std::cmp::Ordering;
use std::io;
use std::process::{Command, Stdio};
use std::thread;

use yagura_version::{DebVersion, dpkg};

use random::Random;

/// Processes under way at once.
const THREADS: usize = 4;

/// Tells whether there is a dpkg to ask.
pub(crate) fn dpkg_is_there() -> bool {
    Command::new("dpkg")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// Asks dpkg about `count` generated pairs; returns those on which we differ, as sentences.
pub(crate) fn disagreements(count: usize, seed: u64) -> io::Result<Vec<String>> {
    let mut random = Random(seed);
    let pairs: Vec<_> = (0..count).map(|_| pair(&mut random)).collect();
    let share = count.div_ceil(THREADS).max(1);
    thread::scope(|scope| {
        let workers: Vec<_> = pairs.chunks(share).map(|chunk| scope.spawn(move || ask_all(chunk))).collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.join().map_err(|_| io::Error::other("a thread that asks dpkg ended early"))??);
        }
        Ok(all)
    })
}

fn ask_all(pairs: &[(String, String)]) -> io::Result<Vec<String>> {
    let mut differ = Vec::new();
    for (a, b) in pairs {
        let operator = match dpkg::compare(a, b) {
            Ordering::Less => "lt",
            Ordering::Equal => "eq",
            Ordering::Greater => "gt",
        };
        let status = Command::new("dpkg")
            .args(["--compare-versions", a, operator, b])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if !status.success() {
            differ.push(format!("we say `{a}` {operator} `{b}`, dpkg does not"));
        }
    }
    Ok(differ)
}

/// A version and a near relative: most interesting orders are between versions that differ in
/// one place.
fn pair(random: &mut Random) -> (String, String) {
    loop {
        let a = version(random);
        let mut b = if random.below(8) == 0 { version(random) } else { a.clone() };
        for _ in 0..random.below(4) {
            b = mutate(random, &b);
        }
        if DebVersion::parse(&a).is_ok() && DebVersion::parse(&b).is_ok() {
            return if random.below(2) == 0 { (a, b) } else { (b, a) };
        }
    }
}

fn version(random: &mut Random) -> String {
    let mut text = random.pick(&["", "", "", "0:", "1:", "2:", "10:"]).to_owned();
    text.push_str(random.pick(&["0", "1", "2", "9", "10", "6.1", "20240101", "1.0", "007"]));
    for _ in 0..random.below(5) {
        text.push_str(random.pick(PIECES));
    }
    if random.below(3) > 0 {
        text.push('-');
        text.push_str(random.pick(&["0", "1", "2", "10", "0ubuntu1", "1~exp1"]));
        text.push_str(random.pick(&["", "", "+b1", "+deb12u1", "+deb12u10", "~deb12u1", "~bpo12+1", ".1", "~"]));
    }
    text
}

/// Changes one place: puts something in, takes something out, or replaces it.
fn mutate(random: &mut Random, text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let place = random.below(characters.len().saturating_add(1));
    let (head, tail) = characters.split_at_checked(place).unwrap_or((&characters, &[]));
    let dropped = random.below(2);
    let mut changed: String = head.iter().collect();
    if random.below(4) > 0 {
        changed.push_str(random.pick(PIECES));
    }
    changed.extend(tail.iter().skip(dropped));
    changed
}

const PIECES: &[&str] = &[
    "~",
    "~~",
    "+",
    ".",
    "-",
    ":",
    "0",
    "00",
    "1",
    "01",
    "10",
    "9",
    "a",
    "b",
    "Z",
    "z",
    ".0",
    ".1",
    ".10",
    "~rc1",
    "+b1",
    "+dfsg",
    "+git20240101",
    "-rc1",
    "alpha",
    "99999999999999999999",
];
