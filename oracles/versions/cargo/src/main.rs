//! Lets the crate `semver` compare versions; see `../README.md`.

use std::io::{self, BufRead as _, Write as _};

use semver::Version;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (a, b) = line.split_once('\t').unwrap_or((&line, ""));
        match (Version::parse(a), Version::parse(b)) {
            (Ok(a), Ok(b)) => writeln!(out, "{}", a.cmp_precedence(&b) as i8)?,
            _ => writeln!(out, "?")?,
        }
    }
    Ok(())
}
