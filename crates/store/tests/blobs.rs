//! The contract of the place for blobs: a folder, and an S3-compatible service where there is one.
//!
//! `YAGURA_TEST_S3` names a service by its URL; without it, `moto_server` is started where it is on
//! the path.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use yagura_store::{BlobError, Blobs, open_blobs};
use yagura_testkit::announce_skip;

/// S3 takes no part below this, and a part more than this is written by parts.
const PIECE_BYTES: usize = 8 * 1024 * 1024;

fn folder(path: &Path) -> Box<dyn Blobs> {
    open_blobs(path.to_str().unwrap(), []).unwrap()
}

/// Bytes that differ from place to place.
fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|number| u8::try_from(number % 251).unwrap()).collect()
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap()
}

fn names(blobs: &dyn Blobs, folder: &str) -> Vec<(String, u64)> {
    blobs.list(folder).unwrap().into_iter().map(|entry| (entry.name, entry.bytes)).collect()
}

fn read(blobs: &dyn Blobs, name: &str) -> (u64, Vec<u8>) {
    let (size, mut reader) = blobs.open(name).unwrap();
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    (size, read)
}

/// What every place must do.
fn contract(blobs: &dyn Blobs) {
    assert_eq!(names(blobs, ""), []);
    let missing = |outcome: Result<(), BlobError>| assert!(matches!(outcome, Err(BlobError::NotFound { .. })));
    missing(blobs.get("reports/none").map(drop));
    missing(blobs.open("reports/none").map(drop));
    blobs.delete("reports/none").unwrap();

    blobs.put("reports/a.html", b"one").unwrap();
    blobs.put("reports/a.html", b"another").unwrap();
    blobs.put("reports/deep/er/b-1_2.pdf", b"").unwrap();
    blobs.put("snapshots/ab/abcd", &bytes(100_000)).unwrap();
    assert_eq!(blobs.get("reports/a.html").unwrap(), b"another", "the last one counts");
    assert_eq!(blobs.get("reports/deep/er/b-1_2.pdf").unwrap(), b"");
    assert_eq!(read(blobs, "reports/deep/er/b-1_2.pdf"), (0, Vec::new()));
    assert_eq!(read(blobs, "snapshots/ab/abcd"), (100_000, bytes(100_000)));
    let all = [("reports/a.html", 7), ("reports/deep/er/b-1_2.pdf", 0), ("snapshots/ab/abcd", 100_000)];
    let all = all.map(|(name, bytes)| (name.to_owned(), bytes));
    assert_eq!(names(blobs, ""), all);
    assert_eq!(names(blobs, "reports"), all[..2]);
    assert_eq!(names(blobs, "report"), [], "a part of a name is no folder");
    // A folder's name is free for a blob beside it only where no folder is in the way.
    assert_eq!(names(blobs, "reports/deep/er"), all[1..2]);

    for name in ["", "/a", "a/", "..", "a/../b", ".a", "a b", "a#1", "ä", "a\0b", "a\\b"] {
        assert!(matches!(blobs.put(name, b"x"), Err(BlobError::Name { .. })), "{name}");
        assert!(matches!(blobs.put_from(name, &mut &b"x"[..]), Err(BlobError::Name { .. })), "{name}");
        assert!(matches!(blobs.get(name), Err(BlobError::Name { .. })), "{name}");
        assert!(matches!(blobs.open(name), Err(BlobError::Name { .. })), "{name}");
        assert!(matches!(blobs.delete(name), Err(BlobError::Name { .. })), "{name}");
    }

    for size in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES * 2 + 7] {
        let put = bytes(size);
        assert_eq!(blobs.put_from("reports/large", &mut put.as_slice()).unwrap(), length(size));
        let (told, back) = read(blobs, "reports/large");
        assert!(told == length(size) && back == put, "{size}");
        assert!(blobs.get("reports/large").unwrap() == put, "{size}");
    }
    // A reader that fails in the middle leaves what was there before.
    let mut failing = bytes(PIECE_BYTES + 5).chain_error();
    assert!(matches!(blobs.put_from("reports/large", &mut failing), Err(BlobError::Failed { .. })));
    assert_eq!(read(blobs, "reports/large").0, length(PIECE_BYTES * 2 + 7));
    assert!(matches!(blobs.put_from("reports/new", &mut bytes(5).chain_error()), Err(BlobError::Failed { .. })));
    assert!(matches!(blobs.get("reports/new"), Err(BlobError::NotFound { .. })));

    // Many at once, each whole.
    std::thread::scope(|threads| {
        for thread in 0..4_usize {
            threads.spawn(move || {
                for number in 0..5 {
                    blobs.put(&format!("many/{thread}/{number}"), &bytes(thread * 1_000 + number)).unwrap();
                    // One name, several writers.
                    blobs.put("many/same", &vec![u8::try_from(thread).unwrap(); 50_000]).unwrap();
                }
            });
        }
    });
    assert_eq!(names(blobs, "many").len(), 21);
    let same = blobs.get("many/same").unwrap();
    assert!(same.len() == 50_000 && same.iter().all(|byte| *byte == same[0]));
    for (name, _) in names(blobs, "") {
        blobs.delete(&name).unwrap();
    }
    assert_eq!(names(blobs, ""), []);
}

trait ChainError {
    fn chain_error(self) -> io::Chain<io::Cursor<Vec<u8>>, Broken>;
}

impl ChainError for Vec<u8> {
    /// The bytes, and an error behind them.
    fn chain_error(self) -> io::Chain<io::Cursor<Vec<u8>>, Broken> {
        io::Cursor::new(self).chain(Broken)
    }
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

#[test]
fn a_folder_keeps_the_contract() {
    let data = TempDir::new().unwrap();
    contract(folder(&data.path().join("blobs")).as_ref());
}

#[test]
fn a_bucket_keeps_the_contract() {
    let Some(service) = Service::find() else { return };
    // The one service may know several tests: a prefix of our own.
    let prefix = format!("test-{}", std::process::id());
    let blobs = open_blobs(&format!("s3://yagura-test/{prefix}"), service.environment()).unwrap();
    contract(blobs.as_ref());
    let other = open_blobs("s3://yagura-test/other", service.environment()).unwrap();
    blobs.put("a", b"x").unwrap();
    assert_eq!(names(other.as_ref(), ""), [], "another prefix is another place");
    assert!(!blobs.describe().contains("secret"));
    blobs.delete("a").unwrap();
    let nowhere = open_blobs("s3://no-such-bucket/x", service.environment()).unwrap();
    assert!(nowhere.put("a", b"x").is_err());
}

/// An S3-compatible service with the bucket `yagura-test`.
struct Service {
    url: String,
    started: Option<Child>,
}

impl Service {
    fn find() -> Option<Self> {
        if let Ok(url) = std::env::var("YAGURA_TEST_S3") {
            return Some(Self { url, started: None });
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("moto_server");
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(started) = command.spawn() else {
            announce_skip("skipped: a bucket (no `moto_server` on the path; YAGURA_TEST_S3 may name a service)");
            return None;
        };
        let mut service = Self { url: format!("http://127.0.0.1:{port}"), started: Some(started) };
        // It is Python and takes its time.
        for _ in 0..300 {
            if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
                let request = format!(
                    "PUT /yagura-test HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAuthorization: AWS4-HMAC-SHA256 \
                     Credential=test/20260101/us-east-1/s3/aws4_request\r\nContent-Length: 0\r\n\r\n"
                );
                stream.write_all(request.as_bytes()).unwrap();
                let mut answer = String::new();
                let _ = stream.read_to_string(&mut answer);
                if answer.contains(" 200 ") {
                    return Some(service);
                }
            }
            if service.started.as_mut().is_some_and(|started| started.try_wait().unwrap().is_some()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        announce_skip("skipped: a bucket (`moto_server` does not answer)");
        None
    }

    fn environment(&self) -> Vec<(String, String)> {
        let given = |name: &str, otherwise: &str| {
            (name.to_owned(), std::env::var(name).unwrap_or_else(|_| otherwise.to_owned()))
        };
        let mut pairs = BTreeMap::from([
            given("AWS_ACCESS_KEY_ID", "test"),
            given("AWS_SECRET_ACCESS_KEY", "secret"),
            given("AWS_REGION", "us-east-1"),
        ]);
        pairs.insert("AWS_ENDPOINT_URL".into(), self.url.clone());
        pairs.insert("AWS_ALLOW_HTTP".into(), "true".into());
        pairs.into_iter().collect()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(started) = &mut self.started {
            let _ = started.kill();
            let _ = started.wait();
        }
    }
}

const FOLDER: &str = "YAGURA_TEST_BLOBS";

/// Not a test of its own: keeps blobs until it is killed, and tells each one that is kept.
#[test]
fn the_process_that_keeps() {
    let Some(place) = std::env::var_os(FOLDER) else { return };
    let blobs = folder(Path::new(&place));
    for number in 0_usize.. {
        let name = format!("reports/{number}");
        let content = bytes(200_000 + number);
        if number.is_multiple_of(2) {
            blobs.put(&name, &content).unwrap();
        } else {
            blobs.put_from(&name, &mut content.as_slice()).unwrap();
        }
        let _ = writeln!(io::stdout(), "\ntold: {number}");
    }
}

#[test]
fn a_killed_writer_leaves_no_half_blob_under_its_name() {
    for turn in 0..10_u64 {
        let data = TempDir::new().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "the_process_that_keeps", "--nocapture"]).env(FOLDER, data.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told =
            lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("told: ")?.parse::<usize>().ok());
        let mut last = told.nth(usize::try_from(turn % 4).unwrap()).unwrap();
        std::thread::sleep(Duration::from_micros(turn * 137 % 1_000));
        child.kill().unwrap();
        child.wait().unwrap();
        last = told.last().unwrap_or(last);
        let blobs = folder(data.path());
        let kept = names(blobs.as_ref(), "reports");
        assert!(kept.len() == last + 1 || kept.len() == last + 2, "told {last}: {kept:?}");
        for (name, size) in kept {
            let number: usize = name.rsplit('/').next().unwrap().parse().unwrap();
            assert!(size == length(200_000 + number) && blobs.get(&name).unwrap() == bytes(200_000 + number), "{name}");
        }
    }
}

/// A file system of a few megabytes, unmounted at the end.
struct SmallDisk(PathBuf, #[expect(dead_code, reason = "removed when dropped")] TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(folder.path());
        match command.output() {
            Ok(output) if output.status.success() => Some(Self(folder.path().to_owned(), folder)),
            _ => {
                announce_skip("skipped: a full disk (no right to mount a small one)");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_keeps_what_is_there_and_no_halves() {
    let Some(disk) = SmallDisk::mount() else { return };
    let blobs = folder(&disk.0.join("blobs"));
    blobs.put("reports/first", &bytes(500_000)).unwrap();
    for _ in 0..3 {
        assert!(matches!(blobs.put("reports/second", &bytes(3_000_000)), Err(BlobError::Failed { .. })));
        assert!(blobs.put("reports/first", &bytes(3_000_000)).is_err());
        let large = bytes(PIECE_BYTES + 1);
        assert!(matches!(blobs.put_from("reports/third", &mut large.as_slice()), Err(BlobError::Failed { .. })));
    }
    assert_eq!(names(blobs.as_ref(), ""), [("reports/first".to_owned(), 500_000)]);
    assert!(blobs.get("reports/first").unwrap() == bytes(500_000));
    // Nothing of the failed tries takes room.
    blobs.put("reports/second", &bytes(1_000_000)).unwrap();
    blobs.delete("reports/first").unwrap();
    assert_eq!(names(blobs.as_ref(), "reports"), [("reports/second".to_owned(), 1_000_000)]);
}
