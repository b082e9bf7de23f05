//! `cargo xtask agree dpkg`: the version order against `dpkg --compare-versions`.

use anyhow::{Context as _, Result};

use crate::process::{self, cargo};

const PAIRS: &str = "10000";

/// Runs the version crate's own comparison, which prints the last line.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let pairs = arguments.first().copied().unwrap_or(PAIRS);
    pairs.parse::<u64>().with_context(|| format!("`{pairs}` is not a number of pairs"))?;
    if process::find("dpkg").is_none() {
        println!("skipped: `dpkg` is not installed");
        return Ok(());
    }
    let example = ["--quiet", "--locked", "--package", "yagura-version", "--example", "agree_dpkg", "--", pairs];
    process::run(cargo("run").args(example))
}

#[test]
fn a_wrong_number_is_refused_before_anything_is_built() {
    assert_eq!(run(&["many"]).unwrap_err().to_string(), "`many` is not a number of pairs");
}
