//! SQLite when something is wrong around it.

use std::io::{BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use yagura_store::{Store, StoreError, Waits};
use yagura_testkit::announce_skip;

use crate::support::ACCOUNT;

const FOLDER: &str = "YAGURA_TEST_FOLDER";

/// Starts this program again for one of the tests below that are processes.
fn process(test: &str, folder: &Path) -> (Child, ChildStdin, BufReader<std::process::ChildStdout>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(FOLDER, folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    (child, stdin, BufReader::new(stdout))
}

/// Reads until a line of ours comes; the test harness prints some of its own.
fn next_line(reader: &mut impl std::io::BufRead) -> Option<String> {
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(told) = line.trim_end().strip_prefix("told: ") {
            return Some(told.to_owned());
        }
    }
}

fn check(folder: &Path) {
    let connection = Connection::open(folder.join("yagura.db")).unwrap();
    let answer: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(answer, "ok");
}

/// Not a test of its own: holds the lock until its input ends.
#[test]
fn the_process_that_locks() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let connection = Connection::open(Path::new(&folder).join("yagura.db")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    println!("\ntold: locked");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    connection.execute_batch("ROLLBACK").unwrap();
}

#[test]
fn a_database_that_is_locked_for_longer_than_we_wait_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let waits = Waits { lock: Duration::from_millis(30), ..Waits::default() };
    let store = Store::open_sqlite_with(folder.path(), waits).unwrap();
    store.write(|tx| tx.put_setting(ACCOUNT, "a", "1")).unwrap();
    let (mut child, stdin, mut stdout) = process("faults::the_process_that_locks", folder.path());
    assert_eq!(next_line(&mut stdout).as_deref(), Some("locked"));
    let refused = store.write(|tx| tx.put_setting(ACCOUNT, "a", "2"));
    assert!(matches!(&refused, Err(error @ StoreError::Busy) if error.is_temporary()), "{refused:?}");
    // Who only reads is not concerned.
    assert_eq!(store.read(|tx| tx.setting(ACCOUNT, "a")).unwrap().as_deref(), Some("1"));
    let second = Store::open_sqlite_with(folder.path(), waits);
    assert!(matches!(second, Err(StoreError::Busy)), "{second:?}");
    drop(stdin);
    child.wait().unwrap();
    store.write(|tx| tx.put_setting(ACCOUNT, "a", "2")).unwrap();
}

/// A file system of a few megabytes, unmounted at the end.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(folder.path());
        match command.output() {
            Ok(output) if output.status.success() => Some(Self(folder)),
            _ => {
                announce_skip("skipped: a full disk (no right to mount a small one)");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_loses_nothing_and_is_got_over() {
    let Some(disk) = SmallDisk::mount() else { return };
    let folder = disk.0.path();
    let ballast = folder.join("ballast");
    std::fs::write(&ballast, vec![1; 2 * 1024 * 1024]).unwrap();
    let store = Store::open_sqlite(folder).unwrap();
    let value = "v".repeat(20_000);
    let put = |number: usize| store.write(|tx| tx.put_setting(ACCOUNT, &number.to_string(), &value));
    let full = (0..1_000).find_map(|number| Some((number, put(number).err()?)));
    let (kept, error) = full.expect("2 MB hold no 20 MB");
    assert!(matches!(error, StoreError::Full) && error.is_temporary(), "{error:?}");
    // Again and again, and still nothing of what was acknowledged is gone.
    for _ in 0..3 {
        assert!(matches!(put(kept), Err(StoreError::Full)));
    }
    let count = |store: &Store| {
        let there = |number: usize| store.read(|tx| tx.setting(ACCOUNT, &number.to_string())).unwrap().is_some();
        (0..kept + 5).filter(|number| there(*number)).count()
    };
    assert_eq!(count(&store), kept);
    std::fs::remove_file(ballast).unwrap();
    put(kept).unwrap();
    assert_eq!(count(&store), kept + 1);
    drop(store);
    check(folder);
    assert_eq!(count(&Store::open_sqlite(folder).unwrap()), kept + 1);
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("yagura.db"),
        "not a database at all, but long enough to be looked at".repeat(99),
    )
    .unwrap();
    let error = Store::open_sqlite(folder.path()).unwrap_err();
    let StoreError::Open { what, source } = &error else { panic!("{error:?}") };
    assert!(what.ends_with("yagura.db"));
    assert!(source.to_string().contains("not a database"), "{source}");
    // What is there is left as it is.
    assert!(std::fs::read_to_string(folder.path().join("yagura.db")).unwrap().starts_with("not a database"));
    let error = Store::open_sqlite(&folder.path().join("nowhere")).unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
}

/// Not a test of its own: writes pairs until it is killed, and tells each one that is committed.
#[test]
fn the_process_that_writes() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = Store::open_sqlite(Path::new(&folder)).unwrap();
    let first = store.read(|tx| tx.setting(ACCOUNT, "last")).unwrap().map_or(0, |last| last.parse::<usize>().unwrap());
    let value = "v".repeat(5_000);
    for number in first + 1.. {
        let done = store.write(|tx| {
            tx.put_setting(ACCOUNT, &format!("a/{number}"), &value)?;
            tx.put_setting(ACCOUNT, &format!("b/{number}"), &value)?;
            tx.put_setting(ACCOUNT, "last", &number.to_string())
        });
        done.unwrap();
        // The pipe may be gone before the signal is there.
        let _ = writeln!(std::io::stdout(), "told: {number}");
    }
}

#[test]
fn a_killed_writer_leaves_what_it_committed_and_no_halves() {
    const KILLS: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    Store::open_sqlite(folder.path()).unwrap();
    let mut told = 0;
    for turn in 0..KILLS {
        let (mut child, _stdin, mut stdout) = process("faults::the_process_that_writes", folder.path());
        let lines = 1 + turn * 7 % 13;
        for _ in 0..lines {
            told = next_line(&mut stdout).unwrap().parse().unwrap();
        }
        // Somewhere in the next transaction.
        std::thread::sleep(Duration::from_micros(u64::try_from(turn * 211 % 2_000).unwrap()));
        child.kill().unwrap();
        child.wait().unwrap();
        while let Some(line) = next_line(&mut stdout) {
            told = line.parse().unwrap();
        }
        check(folder.path());
        let store = Store::open_sqlite(folder.path()).unwrap();
        let last: usize = store.read(|tx| tx.setting(ACCOUNT, "last")).unwrap().unwrap().parse().unwrap();
        assert!(last == told || last == told + 1, "told {told}, kept {last}");
        let there = |name: String| store.read(|tx| tx.setting(ACCOUNT, &name)).unwrap().is_some();
        for number in 1..=last + 1 {
            let expected = number <= last;
            assert_eq!((there(format!("a/{number}")), there(format!("b/{number}"))), (expected, expected), "{number}");
        }
    }
    assert!(told >= KILLS);
}
