//! Stories of whole syncs from a folder mirror.

use std::fs;

use super::*;
use crate::catalogue::Pick;
use crate::testing::{Site, catalogue, feed, now, run};
use crate::{CurrentIndex, Silent};

fn lines() -> &'static [FeedSpec] {
    catalogue("lines", "https://upstream.invalid/lines.txt".to_owned(), "lines-*.txt")
}

fn outcome(report: &SyncReport) -> String {
    let reports = report.documents.iter().map(|report| {
        let text = match &report.outcome {
            DocumentOutcome::Updated { bytes } => format!("updated {bytes} bytes"),
            DocumentOutcome::Unchanged => "unchanged".to_owned(),
            DocumentOutcome::NotAsked => "not asked".to_owned(),
            DocumentOutcome::NotOffered => "not offered".to_owned(),
            DocumentOutcome::Failed(error) => format!("failed: {error}"),
            DocumentOutcome::Refused(error) => format!("refused: {error}"),
        };
        let available = if report.available { "" } else { " (nothing there)" };
        format!("{}: {text}{available}", report.document.feed.id)
    });
    let index = match report.index {
        IndexOutcome::Built { .. } => "built",
        IndexOutcome::Unchanged => "unchanged",
        IndexOutcome::NoData => "no data",
    };
    reports.chain([format!("index: {index}")]).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_changed_is_taken_and_what_did_not_is_left_alone() {
    let site = Site::new();
    let feeds = lines();
    site.publish("lines-2026-01-01.txt", "openssl CVE-1\nend\n");
    assert_eq!(outcome(&run(&site.options(), feeds).unwrap()), "lines: updated 18 bytes\nindex: built");
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
    let before = site.files();

    assert_eq!(outcome(&run(&site.options(), feeds).unwrap()), "lines: unchanged\nindex: unchanged");
    assert_eq!(site.files(), before);

    site.publish("lines-2026-02-01.txt", "openssl CVE-1\nopenssl CVE-2\nend\n");
    assert_eq!(outcome(&run(&site.options(), feeds).unwrap()), "lines: updated 32 bytes\nindex: built");
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1", "CVE-2"]);
    // One document, its metadata, the index, the one before, and the pointer.
    assert_eq!(site.files().len(), 5, "{:?}", site.files());

    let as_of = SyncOptions { as_of: Some("2026-01-31".parse().unwrap()), ..site.options() };
    assert_eq!(outcome(&run(&as_of, feeds).unwrap()), "lines: updated 18 bytes\nindex: built");
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
}

#[test]
fn several_files_are_one_document() {
    let site = Site::new();
    let feeds = Vec::leak(vec![feed("lists", "https://upstream.invalid/list".to_owned(), "list*", Pick::All)]);
    site.publish("list", "openssl CVE-1\nend\n");
    site.publish("list.since-2026-02-01", "openssl CVE-2\nend\n");
    assert_eq!(outcome(&run(&site.options(), feeds).unwrap()), "lists: updated 36 bytes\nindex: built");
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1", "CVE-2"]);
}

#[test]
fn a_bad_document_does_not_replace_the_good_one() {
    let site = Site::new();
    let feeds = lines();
    site.publish("lines-1.txt", "openssl CVE-1\ncurl CVE-2\ncurl CVE-3\ncurl CVE-4\nend\n");
    run(&site.options(), feeds).unwrap();
    let good = site.files();
    for (bad, why) in [
        (&b"openssl CVE-1\nopenssl CV"[..], "`lines-2.txt` is not a valid list of lines: it ends early"),
        (b"end\n", "it has no records"),
        (b"openssl CVE-1\nend\n", "its feed would keep only 1 of 4 records"),
        (&[0x1f, 0x8b, 8, 0, 0], "`lines-2.txt` is not a whole gzip file"),
    ] {
        site.publish("lines-2.txt", bad);
        let report = run(&site.options(), feeds).unwrap();
        assert_eq!(outcome(&report), format!("lines: refused: {why}\nindex: unchanged"));
        assert!(!report.is_complete() && report.documents[0].available);
        assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
        assert_eq!(site.files(), good, "{why}");
    }
    site.publish("lines-2.txt", "openssl CVE-9\nend\n");
    let forced = SyncOptions { force: true, ..site.options() };
    assert_eq!(outcome(&run(&forced, feeds).unwrap()), "lines: updated 18 bytes\nindex: built");
}

#[test]
fn a_first_document_that_is_bad_leaves_nothing_behind() {
    let site = Site::new();
    site.publish("lines-1.txt", "cut");
    let report = run(&site.options(), lines()).unwrap();
    let why =
        "lines: refused: `lines-1.txt` is not a valid list of lines: it ends early (nothing there)\nindex: no data";
    assert_eq!(outcome(&report), why);
    assert!(site.files().is_empty(), "{:?}", site.files());
}

#[test]
fn one_bad_feed_does_not_keep_the_others_back() {
    let site = Site::new();
    let upstream = || "https://upstream.invalid/x".to_owned();
    let feeds = Vec::leak(vec![
        feed("one", upstream(), "one.txt", Pick::Newest),
        feed("two", upstream(), "two.txt", Pick::Newest),
        feed("three", upstream(), "three.txt", Pick::Newest),
    ]);
    site.publish("one.txt", "openssl CVE-1\nend\n");
    site.publish("two.txt", "curl CVE-1\nend\n");
    let first = "one: updated 18 bytes\ntwo: updated 15 bytes\n\
                 three: not offered (nothing there)\nindex: built";
    assert_eq!(outcome(&run(&site.options(), feeds).unwrap()), first);

    site.publish("one.txt", "openssl CVE-2\nend\n");
    site.publish("two.txt", "cut");
    site.publish("three.txt", "zlib CVE-3\nend\n");
    let only = SyncOptions { only: vec!["one".to_owned(), "two".to_owned()], ..site.options() };
    let second = "one: updated 18 bytes\n\
                  two: refused: `two.txt` is not a valid list of lines: it ends early\n\
                  three: not asked (nothing there)\nindex: built";
    assert_eq!(outcome(&run(&only, feeds).unwrap()), second);
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-2"]);
    assert_eq!(site.vulnerabilities("curl"), ["CVE-1"]);
}

#[test]
fn a_few_bad_members_are_left_out_but_not_many() {
    let archive = |bad: usize, good: usize| {
        let mut builder = tar::Builder::new(Vec::new());
        for number in 0..bad + good {
            let text = if number < bad { "cut".to_owned() } else { format!("openssl CVE-{number}\nend\n") };
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len().try_into().unwrap());
            builder.append_data(&mut header, format!("{number}.txt"), text.as_bytes()).unwrap();
        }
        zstd::encode_all(&builder.into_inner().unwrap()[..], 3).unwrap()
    };
    let site = Site::new();
    site.publish("lines-1.txt", archive(2, 38));
    let report = run(&site.options(), lines()).unwrap();
    assert!(report.is_complete() && report.rejected.len() == 2, "{report:?}");
    assert_eq!(site.vulnerabilities("openssl").len(), 38);
    site.publish("lines-2.txt", archive(3, 37));
    let report = run(&site.options(), lines()).unwrap();
    assert_eq!(outcome(&report), "lines: refused: 3 of its 40 members cannot be read\nindex: unchanged");
}

#[test]
fn what_a_killed_run_left_behind_is_swept() {
    let site = Site::new();
    let feeds = lines();
    site.publish("lines-1.txt", "openssl CVE-1\nend\n");
    run(&site.options(), feeds).unwrap();
    let whole = site.files();
    let folder = site.data().join("feeds/lines");
    // Killed while it wrote a document, after it had a document, while it wrote metadata.
    for leftover in ["lines.txt-0011223344556677", "lines.txt.meta.json.tmp", "lines.txt-8899aabb.part.json.tmp"] {
        fs::write(folder.join(leftover), b"half").unwrap();
    }
    fs::write(site.data().join("index/index-0011223344556677.yidx.tmp"), b"half").unwrap();
    assert_eq!(outcome(&run(&site.options(), feeds).unwrap()), "lines: unchanged\nindex: unchanged");
    site.publish("lines-2.txt", "openssl CVE-2\nend\n");
    run(&site.options(), feeds).unwrap();
    assert_eq!(site.files().len(), whole.len() + 1, "{:?}", site.files());
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-2"]);
}

#[test]
fn a_run_killed_between_documents_and_index_is_finished_by_the_next() {
    let site = Site::new();
    let feeds = lines();
    site.publish("lines-1.txt", "openssl CVE-1\nend\n");
    run(&site.options(), feeds).unwrap();
    let pointer = site.data().join("index/current.json");
    let old = fs::read(&pointer).unwrap();
    site.publish("lines-2.txt", "openssl CVE-2\nend\n");
    run(&site.options(), feeds).unwrap();
    fs::write(&pointer, old).unwrap();
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
    assert_eq!(outcome(&run(&site.options(), feeds).unwrap()), "lines: unchanged\nindex: built");
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-2"]);
}

#[test]
fn a_damaged_store_heals() {
    let site = Site::new();
    let feeds = lines();
    site.publish("lines-1.txt", "openssl CVE-1\nend\n");
    run(&site.options(), feeds).unwrap();
    let folder = site.data().join("feeds/lines");
    let content = site.files().into_iter().find(|name| name.contains("lines.txt-")).unwrap();

    fs::write(folder.join("lines.txt.meta.json"), b"{").unwrap();
    assert_eq!(outcome(&run(&site.options(), feeds).unwrap()), "lines: updated 18 bytes\nindex: unchanged");

    // Bytes that turn on the disk are found when an index is made of them, and fetched again.
    fs::write(site.data().join(content), "openssl CVE-X\nend\n").unwrap();
    let forced = SyncOptions { force: true, ..site.options() };
    let report = run(&forced, feeds).unwrap();
    assert!(outcome(&report).contains("its bytes have changed since it was fetched"), "{}", outcome(&report));
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
    assert_eq!(outcome(&run(&site.options(), feeds).unwrap()), "lines: updated 18 bytes\nindex: unchanged");
}

#[test]
fn a_damaged_index_says_so_and_is_made_anew() {
    let site = Site::new();
    let feeds = lines();
    site.publish("lines-1.txt", "openssl CVE-1\nend\n");
    run(&site.options(), feeds).unwrap();
    let path = CurrentIndex::open(&site.data()).unwrap().unwrap().path().to_owned();
    let whole = fs::read(&path).unwrap();
    for bytes in [&whole[..whole.len() - 1], &b"not an index"[..], b""] {
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let error = CurrentIndex::open(&site.data()).unwrap_err();
        assert!(error.to_string().contains("run `yagura feed sync`"), "{error}");
        assert_eq!(outcome(&run(&site.options(), feeds).unwrap()), "lines: unchanged\nindex: built");
        assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
    }
    site.damage_index_body();
    assert_eq!(outcome(&run(&site.options(), feeds).unwrap()), "lines: unchanged\nindex: built");
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);

    fs::write(site.data().join("index/current.json"), b"{}").unwrap();
    assert!(CurrentIndex::open(&site.data()).is_err());
    run(&site.options(), feeds).unwrap();
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
}

#[test]
fn an_index_that_is_no_file_is_never_waited_for() {
    let site = Site::new();
    let feeds = lines();
    site.publish("lines-1.txt", "openssl CVE-1\nend\n");
    run(&site.options(), feeds).unwrap();
    let path = CurrentIndex::open(&site.data()).unwrap().unwrap().path().to_owned();
    fs::remove_file(&path).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let error = CurrentIndex::open(&site.data()).unwrap_err();
    assert!(error.to_string().contains("it is not a file"), "{error}");
    assert_eq!(outcome(&run(&site.options(), feeds).unwrap()), "lines: unchanged\nindex: built");
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
}

#[test]
fn an_open_index_outlives_its_replacement() {
    let site = Site::new();
    let feeds = lines();
    site.publish("lines-1.txt", "openssl CVE-1\nend\n");
    run(&site.options(), feeds).unwrap();
    let old = CurrentIndex::open(&site.data()).unwrap().unwrap();
    for number in 2..5 {
        site.publish(&format!("lines-{number}.txt"), format!("openssl CVE-{number}\nend\n"));
        run(&site.options(), feeds).unwrap();
    }
    assert!(!old.path().exists());
    assert_eq!(old.index().unwrap().statements("debian:bookworm", "openssl").count(), 1);
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-4"]);
}

#[test]
fn two_at_once_and_wrong_questions_are_refused() {
    let site = Site::new();
    let feeds = lines();
    site.publish("lines-1.txt", "openssl CVE-1\nend\n");
    run(&site.options(), feeds).unwrap();
    let never = CancelFlag::new(false);
    let lock = FeedLock::exclusive(&site.data().join("feeds"), false, &never).unwrap();
    let busy = run(&site.options(), feeds).unwrap_err();
    assert!(matches!(busy, SyncError::Lock(LockError::Busy { holder: Some(_), .. })), "{busy}");
    drop(lock);

    let unknown = SyncOptions { only: vec!["lynes".to_owned()], ..site.options() };
    assert_eq!(run(&unknown, feeds).unwrap_err().to_string(), "there is no feed `lynes`; there are: lines");
    let as_of = SyncOptions { as_of: Some("2026-01-01".parse().unwrap()), ..site.upstream() };
    assert!(matches!(run(&as_of, feeds), Err(SyncError::AsOfNeedsMirror)));
    let nowhere = SyncOptions { mirror: Some(Mirror::Folder(site.root.path().join("none"))), ..site.options() };
    assert!(run(&nowhere, feeds).unwrap_err().to_string().ends_with("none` is not a folder"));
    let cancelled = sync(&site.options(), feeds, &Silent, &CancelFlag::new(true)).unwrap_err();
    assert!(matches!(cancelled, SyncError::Cancelled));
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
}

#[test]
fn a_document_beyond_its_bound_is_not_taken() {
    let site = Site::new();
    site.publish("lines-1.txt", vec![b'x'; usize::try_from(crate::testing::BYTES_MAX).unwrap() + 1]);
    let report = run(&site.options(), lines()).unwrap();
    assert!(outcome(&report).contains("has more than 65536 bytes"), "{}", outcome(&report));
    assert!(site.files().is_empty());
}

#[test]
fn a_data_directory_that_cannot_be_written_says_so() {
    let site = Site::new();
    site.publish("lines-1.txt", "openssl CVE-1\nend\n");
    let file = site.root.path().join("file");
    fs::write(&file, b"").unwrap();
    let below_a_file = SyncOptions { data_dir: file.join("data"), ..site.options() };
    let error = run(&below_a_file, lines()).unwrap_err();
    assert!(error.to_string().starts_with("cannot create the directory `"), "{error}");
}

/// A file system of our own, to be full or read-only; needs root.
struct Mounted(PathBuf);

impl Mounted {
    fn new(at: &std::path::Path, options: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mount = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(at.to_owned()));
        }
        use std::io::Write as _;
        // Past the harness's capture: a skip that nobody sees looks like a pass.
        let _ = writeln!(std::io::stderr(), "skipped: cannot mount a tmpfs (needs root)");
        None
    }

    fn remount(&self, options: &str) {
        let mut command = std::process::Command::new("mount");
        let done = command.args(["-o", &format!("remount,{options}")]).arg(&self.0).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_named_and_harms_nothing() {
    let site = Site::new();
    let Some(_mounted) = Mounted::new(&site.data(), "size=64k") else { return };
    let feeds = lines();
    site.publish("lines-1.txt", "openssl CVE-1\nend\n");
    run(&site.options(), feeds).unwrap();
    let before = site.files();
    // Too large as a document; and small as a document, but too large as an index.
    let document = format!("{}end\n", "openssl CVE-2\n".repeat(4_600));
    let many: String = (0..4_000).map(|number| format!("p{number} C\n")).collect();
    let index = zstd::encode_all(format!("{many}end\n").as_bytes(), 19).unwrap();
    for (bytes, place) in [(document.into_bytes(), "feeds/lines"), (index, "index/index-")] {
        site.publish("lines-2.txt", bytes);
        let error = run(&site.options(), feeds).unwrap_err();
        let expected = format!("no space left to write `{}", site.data().join(place).display());
        assert!(error.to_string().starts_with(&expected), "{error}");
        assert_eq!(site.files(), before);
        assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
    }
}

#[test]
fn a_read_only_file_system_is_named_and_can_be_read() {
    let site = Site::new();
    let Some(mounted) = Mounted::new(&site.data(), "size=1m") else { return };
    let feeds = lines();
    site.publish("lines-1.txt", "openssl CVE-1\nend\n");
    run(&site.options(), feeds).unwrap();
    mounted.remount("ro");
    let error = run(&site.options(), feeds).unwrap_err();
    assert!(error.to_string().contains("it is read-only"), "{error}");
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
    assert_eq!(crate::status(&site.data(), feeds, now()).unwrap().feeds[0].documents.len(), 1);
}
