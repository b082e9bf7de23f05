//! `cargo xtask smoke`: the built program over the sample hosts, as a person would run it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::agree;
use crate::peers::{Row, Yagura};
use crate::repository;

/// Sample hosts and the tracker documents for which their rows are known.
const EXPECTED: &[(&str, &[&str])] = &[("debian-13-minbase", &["2025-02-12", "2026-08-21"])];

/// Assesses each sample under each document and compares with the table beside it.
pub(crate) fn run() -> Result<()> {
    let (Some(hosts), Some(trackers)) =
        (repository::shared_data("hosts"), repository::shared_data("feeds/debian/derived"))
    else {
        return Ok(());
    };
    let program = agree::program()?;
    let mut rows = 0_usize;
    for (host, dates) in EXPECTED {
        for date in *dates {
            let tracker = trackers.join(format!("tracker-{date}.json.zst"));
            let ours = Yagura::prepare(program.clone(), &tracker)?.rows(&hosts.join(host).join("rootfs"))?;
            let expected = read_expected(&hosts.join(host).join(format!("expected-debian-tracker-{date}.tsv")))?;
            if ours.rows != expected {
                let wrong: Vec<_> = ours.rows.symmetric_difference(&expected).collect();
                bail!("{host} under the tracker of {date}: {} rows are wrong: {wrong:?}", wrong.len());
            }
            rows = rows.saturating_add(expected.len());
        }
    }
    println!("smoke: {rows} rows as expected");
    Ok(())
}

fn read_expected(path: &Path) -> Result<BTreeSet<Row>> {
    let table = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    parse_expected(&table).with_context(|| format!("`{}` is not the table that it should be", path.display()))
}

/// Columns: source, installed, cve and more; the first line names them.
fn parse_expected(table: &str) -> Option<BTreeSet<Row>> {
    let mut lines = table.lines();
    if !lines.next()?.starts_with("source\tinstalled\tcve\t") {
        return None;
    }
    lines
        .map(|line| {
            let mut cells = line.split('\t');
            Some(Row::new(cells.next()?, cells.nth(1)?))
        })
        .collect()
}

#[test]
fn a_table_gives_its_rows_and_another_table_none() {
    let rows = parse_expected("source\tinstalled\tcve\tstate\napt\t3.0\tCVE-2011-3374\tunfixed\n").unwrap();
    assert_eq!(rows.into_iter().collect::<Vec<_>>(), [Row::new("apt", "CVE-2011-3374")]);
    assert!(parse_expected("a\tb\n").is_none());
}
