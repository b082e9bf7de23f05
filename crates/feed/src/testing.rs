//! What the tests of fetching share: a small feed, and a web server that does as it is told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use yagura_model::{FeedId, ReleaseKey, Statement, StatementState, Urgency};

use crate::catalogue::{Authority, DocumentSpec, Entry, FeedSpec, ParseError, Pick, Sink, Via};
use crate::fetch::{Retry, Timeouts};
use crate::progress::Silent;
use crate::sync::{SyncError, SyncOptions, SyncReport, sync};
use crate::{CurrentIndex, Mirror};

pub(crate) const BYTES_MAX: u64 = 64 * 1024;

/// A feed whose one document has a line `<package> <vulnerability>` for each statement, and a
/// last line `end`.
pub(crate) fn catalogue(id: &'static str, url: String, mirror: &'static str) -> &'static [FeedSpec] {
    Vec::leak(vec![feed(id, url, mirror, Pick::Newest)])
}

pub(crate) fn feed(id: &'static str, url: String, mirror: &'static str, pick: Pick) -> FeedSpec {
    let document = DocumentSpec {
        name: "lines.txt",
        url: String::leak(url),
        mirror,
        pick,
        via: Via::Direct,
        transfer_bytes_max: BYTES_MAX,
        content_bytes_max: 4 * BYTES_MAX,
        members_max: 64,
    };
    FeedSpec {
        id,
        name: id,
        licence: "none",
        authority: Authority::Osv,
        speaks_of: &["debian"],
        documents: Vec::leak(vec![document]),
        fresh_days: 7,
        parse,
    }
}

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let malformed = |why: &str| ParseError::Malformed {
        entry: entry.name.to_owned(),
        format: "list of lines",
        at: String::new(),
        why: why.to_owned(),
    };
    let text = str::from_utf8(entry.bytes).map_err(|error| malformed(&error.to_string()))?;
    let lines = text.strip_suffix("end\n").ok_or_else(|| malformed("it ends early"))?;
    for line in lines.lines() {
        let (package, vulnerability) = line.split_once(' ').ok_or_else(|| malformed("no space"))?;
        sink.record();
        sink.statement(Statement {
            feed: FeedId::new("test"),
            release: ReleaseKey::new("debian", "bookworm"),
            package: package.to_owned(),
            vulnerability: vulnerability.to_owned(),
            state: StatementState::Open,
            urgency: Urgency::Low,
            ..Statement::default()
        });
    }
    Ok(())
}

/// A data directory and a folder mirror.
pub(crate) struct Site {
    pub(crate) root: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        let site = Self { root: tempfile::tempdir().unwrap() };
        std::fs::create_dir(site.mirror()).unwrap();
        site
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub(crate) fn mirror(&self) -> PathBuf {
        self.root.path().join("mirror")
    }

    pub(crate) fn publish(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.mirror().join(name), bytes).unwrap();
    }

    /// Options that take from the folder mirror and wait for nothing long.
    pub(crate) fn options(&self) -> SyncOptions {
        let retry = Retry { attempts: 3, first_wait: Duration::from_millis(1), wait_max: Duration::from_millis(5) };
        let timeouts = Timeouts {
            connect: Duration::from_secs(2),
            idle: Duration::from_millis(300),
            transfer: Duration::from_secs(5),
        };
        let mirror = Some(Mirror::Folder(self.mirror()));
        SyncOptions { mirror, retry, timeouts, ..SyncOptions::new(self.data(), now()) }
    }

    /// Options that take from upstream.
    pub(crate) fn upstream(&self) -> SyncOptions {
        SyncOptions { mirror: None, ..self.options() }
    }

    /// Returns the vulnerabilities that the index in use names for a package.
    pub(crate) fn vulnerabilities(&self, package: &str) -> Vec<String> {
        let Some(current) = CurrentIndex::open(&self.data()).unwrap() else { return Vec::new() };
        let index = current.index().unwrap();
        index.verify().unwrap();
        index.statements("debian:bookworm", package).map(|statement| statement.vulnerability().to_owned()).collect()
    }

    /// Turns the last byte of the index in use: damage that opening does not see.
    pub(crate) fn damage_index_body(&self) {
        let path = CurrentIndex::open(&self.data()).unwrap().unwrap().path().to_owned();
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
        CurrentIndex::open(&self.data()).unwrap();
    }

    /// Lists all files of the data directory but the lock, for tests of what is left over.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        list(&self.data(), &self.data(), &mut names);
        names.retain(|name| !name.ends_with(".lock"));
        names.sort_unstable();
        names
    }
}

fn list(base: &Path, directory: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => list(base, &path, names),
            false => names.push(path.strip_prefix(base).unwrap().display().to_string()),
        }
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

pub(crate) fn run(options: &SyncOptions, catalogue: &'static [FeedSpec]) -> Result<SyncReport, SyncError> {
    sync(options, catalogue, &Silent, &AtomicBool::new(false))
}

/// What the server was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// What the server answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<String>,
    body: Vec<u8>,
    /// How many bytes of the body are really sent.
    cut: Option<usize>,
    /// How long the server does nothing before the body.
    pause: Duration,
}

impl Answer {
    pub(crate) fn ok(body: impl AsRef<[u8]>) -> Self {
        Self::status(200).body(body)
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), cut: None, pause: Duration::ZERO }
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    pub(crate) fn header(mut self, line: impl Into<String>) -> Self {
        self.headers.push(line.into());
        self
    }

    pub(crate) fn cut(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }

    pub(crate) fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {} x\r\nconnection: close\r\n", self.status);
        if !self.headers.iter().any(|line| line.starts_with("transfer-encoding")) && self.status != 304 {
            head += &format!("content-length: {}\r\n", self.body.len());
        }
        for line in &self.headers {
            head += &format!("{line}\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        stream.flush()?;
        std::thread::sleep(self.pause);
        let sent = self.cut.unwrap_or(self.body.len());
        stream.write_all(&self.body[..sent])?;
        stream.flush()
    }
}

/// A web server on a free port of this machine. It ends with the test's process.
pub(crate) struct Server {
    pub(crate) base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Starts a server that answers with what `answer` says; the number counts the requests.
    pub(crate) fn start(answer: impl Fn(usize, &Asked) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Some((mut stream, request)) = stream.ok().and_then(read_request) else { continue };
                let number = {
                    let mut log = log.lock().unwrap();
                    log.push(request.clone());
                    log.len() - 1
                };
                // The client may have gone away; that is its right.
                let _ = answer(number, &request).send(&mut stream);
            }
        });
        Self { base, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read_request(stream: TcpStream) -> Option<(TcpStream, Asked)> {
    let mut lines = BufReader::new(stream.try_clone().ok()?.take(64 * 1024)).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let headers = lines.map_while(Result::ok).take_while(|line| !line.is_empty());
    let headers = headers.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    });
    Some((stream, Asked { path, headers: headers.collect() }))
}
