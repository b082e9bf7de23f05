//! Compares our order of Debian versions with the real dpkg's on generated pairs.
//!
//! `cargo run -p yagura-version --example agree_dpkg -- 10000 [SEED]`; the last line is
//! `N agree, M differ`, and the exit code is 1 when any differ.

use std::io::{self, Write as _};
use std::process::ExitCode;

#[path = "../tests/oracle/mod.rs"]
mod oracle;

fn main() -> io::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let seed = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut out = io::stdout().lock();
    if !oracle::dpkg_is_there() {
        writeln!(out, "skipped: no dpkg on this machine to agree with")?;
        return Ok(ExitCode::SUCCESS);
    }
    let differ = oracle::disagreements(count, seed)?;
    for line in &differ {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "{} agree, {} differ", count.saturating_sub(differ.len()), differ.len())?;
    Ok(if differ.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
