//! `scale`: what pages of a million findings take, and a changed feed over many stored hosts.
//!
//! Nobody wants to wait until a fleet has made them, so both databases are filled through the store.
//!
//! - [`findings`]: pages through the real port, with the filters that people use
//! - [`rematch`]: the stored hosts are matched again after a package's statements changed

mod findings;
mod rematch;

use std::path::PathBuf;

use anyhow::Result;

use crate::words::Words;

/// Runs the command.
pub(crate) async fn run(words: &[String], program: PathBuf) -> Result<()> {
    let names = ["findings", "hosts", "packages", "distinct", "database-url"];
    let words = Words::parse(words, &names, &[])?;
    let url = words.text("database-url");
    let count = words.number("findings", if words.has("hosts") { 0 } else { 1_000_000 })?;
    if count > 0 {
        findings::measure(&program, url, count).await?;
    }
    let hosts = words.number("hosts", if words.has("findings") { 0 } else { 10_000 })?;
    if hosts > 0 {
        let (packages, distinct) = (words.number("packages", 400)?, words.number("distinct", 1)?);
        rematch::measure(&program, url, hosts, packages, distinct)?;
    }
    println!("{count} findings, {hosts} hosts measured");
    Ok(())
}
