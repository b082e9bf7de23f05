//! Whole syncs of the real catalogue from the real data, where it is present.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use jiff::civil::Date;

use super::*;
use crate::mirror::Place;
use crate::testing::{now, run};
use crate::{CurrentIndex, FEEDS, ImportOptions, Silent, export, import, status};

fn from_mirror(data: &Path, mirror: Mirror, folder: &Path) -> SyncOptions {
    SyncOptions { mirror: Some(mirror), only: mirrored(folder, None), ..SyncOptions::new(data.to_owned(), now()) }
}

/// The feeds of which the mirror has every document, of a day if one is named. Of some upstreams
/// there is no copy there.
fn mirrored(folder: &Path, as_of: Option<Date>) -> Vec<String> {
    let there = |spec: &crate::DocumentSpec| Place::of(spec).find_in(folder, as_of).is_ok();
    FEEDS.iter().filter(|feed| feed.documents.iter().all(there)).map(|feed| feed.id.to_owned()).collect()
}

fn states(data: &Path, ids: &[String]) -> String {
    let status = status(data, FEEDS, now()).unwrap();
    let line = |feed: &crate::FeedState| {
        let record = feed.record.as_ref();
        let data_date = record.map(|record| record.data_date.strftime(" of %F").to_string());
        format!("{} {}{}", feed.feed.id, feed.freshness.word(), data_date.unwrap_or_default())
    };
    let asked = status.feeds.iter().filter(|feed| ids.iter().any(|id| id == feed.feed.id));
    asked.map(line).collect::<Vec<_>>().join("\n")
}

fn fingerprint(data: &Path) -> String {
    CurrentIndex::open(data).unwrap().unwrap().index().unwrap().fingerprint()
}

#[test]
fn a_folder_mirror_an_archive_and_another_machine() {
    let Some(folder) = yagura_testkit::shared_data("feeds") else { return };
    let root = tempfile::tempdir().unwrap();
    let (here, there) = (root.path().join("here"), root.path().join("there"));
    let options = from_mirror(&here, Mirror::Folder(folder.clone()), &folder);
    let report = run(&options, FEEDS).unwrap();
    assert!(report.is_complete(), "{report:?}");
    insta::assert_snapshot!(states(&here, &options.only), @r"
    debian-tracker stale of 2026-08-21
    debian-advisories stale of 2026-08-21
    debian-osv stale of 2025-02-12
    cisa-kev stale of 2026-07-23
    epss stale of 2026-01-30
    redhat-osv stale of 2025-02-18
    alma-osv stale of 2026-08-21
    rocky-osv stale of 2025-01-11
    ubuntu-cve-tracker stale of 2024-08-09
    amazon-linux stale of 2025-02-07
    suse-osv stale of 2025-02-12
    redhat-cve stale of 2025-02-15
    alpine-secdb fresh of 2026-11-23
    arch fresh of 2026-11-23
    cve-list stale of 2024-10-24
    go-vulndb stale of 2026-08-21
    rustsec stale of 2026-08-21
    pypa stale of 2024-10-10
    azurelinux-oval stale of 2025-02-24
    ");
    assert_eq!(run(&options, FEEDS).unwrap().index, IndexOutcome::Unchanged);

    let file = root.path().join("feeds.tar.zst");
    export(&here, &file, FEEDS, now()).unwrap();
    let options = SyncOptions::new(there.clone(), now());
    let never = CancelFlag::new(false);
    import(&file, ImportOptions::default(), &options, FEEDS, &Silent, &never).unwrap();
    assert_eq!(fingerprint(&there), fingerprint(&here));
}

#[test]
fn a_mirror_of_pythons_web_server_as_of_an_earlier_day() {
    let Some(folder) = yagura_testkit::shared_data("feeds") else { return };
    let Some(server) = PythonServer::start(&folder) else { return };
    let data = tempfile::tempdir().unwrap();
    // Some of the smaller ones: this test is about the transfer.
    let only: Vec<String> =
        ["debian-tracker", "debian-advisories", "cisa-kev", "epss", "amazon-linux"].map(str::to_owned).into();
    let as_of = Some("2026-01-30".parse().unwrap());
    let options =
        SyncOptions { only: only.clone(), as_of, ..from_mirror(data.path(), server.address.parse().unwrap(), &folder) };
    let report = run(&options, FEEDS).unwrap();
    assert!(report.is_complete(), "{report:?}");
    insta::assert_snapshot!(states(data.path(), &only), @r"
    debian-tracker stale of 2025-02-12
    debian-advisories stale of 2026-08-21
    cisa-kev stale of 2026-07-23
    epss stale of 2026-01-30
    amazon-linux stale of 2025-02-07
    ");
    let again = run(&options, FEEDS).unwrap();
    let updated = again.documents.iter().filter(|report| matches!(report.outcome, DocumentOutcome::Updated { .. }));
    assert_eq!(updated.count(), 0, "{again:?}");
}

struct PythonServer {
    process: Child,
    address: String,
}

impl PythonServer {
    fn start(folder: &Path) -> Option<Self> {
        let mut command = Command::new("python3");
        command.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0", "--directory"]).arg(folder);
        let started = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut process) = started else {
            // Past the harness's capture: a skip that nobody sees looks like a pass.
            let _ = writeln!(std::io::stderr(), "skipped: no `python3` to serve a mirror");
            return None;
        };
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split(['(', ')']).nth(1).unwrap().to_owned();
        Some(Self { process, address })
    }
}

impl Drop for PythonServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
