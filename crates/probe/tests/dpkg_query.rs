//! On a machine that has dpkg: our inventory must be the one that `dpkg-query` prints.

use std::process::Command;

use yagura_probe::{RootedHost, inventory};

const FORMAT: &str = "${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\t${Status}\n";

#[test]
#[expect(clippy::disallowed_methods, reason = "the peer is a program; only this test starts it")]
fn the_live_inventory_equals_dpkg_query() {
    let Ok(output) = Command::new("dpkg-query").args(["--show", "--showformat", FORMAT]).env("LC_ALL", "C").output()
    else {
        eprintln!("skipped: no dpkg-query on this machine");
        return;
    };
    let Ok(snapshot) = inventory(&RootedHost::live().unwrap()) else {
        eprintln!("skipped: the package database of this machine cannot be read");
        return;
    };
    if snapshot.package_database.is_none() {
        eprintln!("skipped: this machine has dpkg-query and no package database");
        return;
    }
    let theirs = String::from_utf8_lossy(&output.stdout);
    let mut theirs: Vec<&str> = theirs.lines().collect();
    theirs.sort_unstable();
    let mut ours: Vec<String> = snapshot
        .packages
        .iter()
        .map(|p| {
            let source = &p.source;
            format!("{}\t{}\t{}\t{}\t{}\t{}", p.name, p.version, p.architecture, source.name, source.version, p.status)
        })
        .collect();
    ours.sort_unstable();
    assert_eq!(ours, theirs);
}
