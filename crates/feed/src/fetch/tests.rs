//! Transfers from a web server that behaves, and from ones that do not.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use reqwest::dns::{Name, Resolve, Resolving};

use super::*;
use crate::Silent;
use crate::catalogue::{FeedSpec, Pick};
use crate::sync::{DocumentOutcome, SyncError, SyncOptions, SyncReport, sync};
use crate::testing::{Answer, BYTES_MAX, Server, Site, catalogue, feed, run};

const ONE: &str = "openssl CVE-1\nend\n";

/// A feed whose upstream is the server's `lines.txt`.
fn lines(server: &Server) -> &'static [FeedSpec] {
    catalogue("lines", format!("{}lines.txt", server.base), "mirrored/lines.txt")
}

fn failure(report: &SyncReport) -> String {
    match &report.documents[0].outcome {
        DocumentOutcome::Failed(error) => error.to_string().replace(&port_of(error), "PORT"),
        other => format!("{other:?}"),
    }
}

/// The port changes from run to run.
fn port_of(error: &FetchError) -> String {
    let text = error.to_string();
    let after = text.split("127.0.0.1:").nth(1).unwrap_or("none");
    after.chars().take_while(char::is_ascii_digit).collect()
}

#[test]
fn an_unchanged_document_is_not_sent_again() {
    let server = Server::start(|_, asked| match (asked.header("if-none-match"), asked.header("if-modified-since")) {
        (Some("\"1\""), Some("Wed, 21 Jan 2026 07:28:00 GMT")) => Answer::status(304),
        _ => Answer::ok(ONE).header("etag: \"1\"").header("last-modified: Wed, 21 Jan 2026 07:28:00 GMT"),
    });
    let (site, feeds) = (Site::new(), lines(&server));
    assert!(run(&site.upstream(), feeds).unwrap().is_complete());
    let report = run(&site.upstream(), feeds).unwrap();
    assert!(matches!(report.documents[0].outcome, DocumentOutcome::Unchanged));
    assert_eq!(server.asked()[0].header("if-none-match"), None);
    assert_eq!(server.asked()[0].header("accept-encoding"), Some("gzip"));
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
    // The server's date is the data's where the document has none.
    let status = crate::status(&site.data(), feeds, crate::testing::now()).unwrap();
    assert_eq!(status.feeds[0].record.as_ref().unwrap().data_date.to_string(), "2026-01-21T07:28:00Z");
    assert_eq!((status.feeds[0].age_days, status.feeds[0].freshness.word()), (Some(306), "stale"));
}

#[test]
fn gzip_on_the_way_is_opened_and_other_encodings_refused() {
    let mut packed = flate2::read::GzEncoder::new(ONE.as_bytes(), flate2::Compression::fast());
    let mut bytes = Vec::new();
    packed.read_to_end(&mut bytes).unwrap();
    let server = Server::start(move |number, _| match number {
        0 => Answer::ok(&bytes).header("content-encoding: gzip"),
        _ => Answer::ok(ONE).header("content-encoding: br"),
    });
    let (site, feeds) = (Site::new(), lines(&server));
    assert!(run(&site.upstream(), feeds).unwrap().is_complete());
    let refused = failure(&run(&site.upstream(), feeds).unwrap());
    assert!(refused.ends_with("it sends the encoding `br`, which was not asked for"), "{refused}");
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
}

/// Serves ranges as RFC 9110 says, and cuts the first answers.
fn resuming(cuts: &'static [usize], strong: bool) -> Server {
    Server::start(move |number, asked| {
        let tag = if strong { "\"1\"" } else { "W/\"1\"" };
        let range =
            asked.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let start: usize = range.filter(|_| asked.header("if-range") == Some(tag)).unwrap_or(0);
        let rest = &ONE.as_bytes()[start..];
        let answer = match start {
            0 => Answer::ok(rest),
            _ => Answer::status(206).body(rest).header(format!("content-range: bytes {start}-17/18")),
        };
        let answer = answer.header(format!("etag: {tag}"));
        cuts.get(number).map_or(answer.clone(), |cut| answer.cut(*cut))
    })
}

#[test]
fn a_broken_off_transfer_goes_on_where_it_ended() {
    let server = resuming(&[5, 4], true);
    let (site, feeds) = (Site::new(), lines(&server));
    assert!(run(&site.upstream(), feeds).unwrap().is_complete());
    let ranges: Vec<_> = server.asked().iter().map(|asked| asked.header("range").map(str::to_owned)).collect();
    assert_eq!(ranges, [None, Some("bytes=5-".to_owned()), Some("bytes=9-".to_owned())]);
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
    // What the first answer said of the state is kept for the next run's condition.
    run(&site.upstream(), feeds).unwrap();
    assert_eq!(server.asked()[3].header("if-none-match"), Some("\"1\""));
}

#[test]
fn the_next_run_goes_on_where_a_failed_one_ended() {
    let server = resuming(&[2, 2, 2], true);
    let (site, feeds) = (Site::new(), lines(&server));
    let report = run(&site.upstream(), feeds).unwrap();
    assert_eq!(failure(&report), "the transfer of `http://127.0.0.1:PORT/lines.txt` broke off");
    assert_eq!(site.files().len(), 2, "the part and its note: {:?}", site.files());
    assert!(run(&site.upstream(), feeds).unwrap().is_complete());
    assert_eq!(server.asked()[3].header("range"), Some("bytes=6-"));
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
    assert!(site.files().iter().all(|name| !name.contains(".part")), "{:?}", site.files());
}

#[test]
fn a_transfer_that_gets_on_is_not_given_up() {
    const STEP: usize = 1024 * 1024;
    let body = vec![b'x'; 3 * STEP + 10];
    let server = Server::start(move |_, asked| {
        let range =
            asked.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let start: usize = range.unwrap_or(0);
        let answer = match start {
            0 => Answer::ok(&body),
            _ => Answer::status(206).header(format!("content-range: bytes {start}-{}/{}", body.len() - 1, body.len())),
        };
        let left = body.len() - start;
        answer.body(&body[start..]).header("etag: \"1\"").cut(left.min(STEP))
    });
    let site = Site::new();
    let mut feed = feed("large", server.base.clone(), "large", Pick::Newest);
    let document = crate::DocumentSpec { transfer_bytes_max: 4 << 20, ..feed.documents[0] };
    feed.documents = Vec::leak(vec![document]);
    // Every attempt but the last is cut; two that bring nothing new would be the end.
    let few = Retry { attempts: 2, ..site.options().retry };
    let report = run(&SyncOptions { retry: few, ..site.upstream() }, Vec::leak(vec![feed])).unwrap();
    assert!(matches!(report.documents[0].outcome, DocumentOutcome::Refused(_)), "it came, but is no list: {report:?}");
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn an_endless_tag_is_not_kept() {
    let server = Server::start(|_, _| Answer::ok(ONE).header(format!("etag: \"{}\"", "x".repeat(1023))));
    let (site, feeds) = (Site::new(), lines(&server));
    run(&site.upstream(), feeds).unwrap();
    run(&site.upstream(), feeds).unwrap();
    assert_eq!(server.asked()[1].header("if-none-match"), None);
}

#[test]
fn without_a_strong_state_a_transfer_starts_anew() {
    let server = resuming(&[5], false);
    let site = Site::new();
    assert!(run(&site.upstream(), lines(&server)).unwrap().is_complete());
    assert_eq!(server.asked()[1].header("range"), None);
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
}

#[test]
fn a_document_that_changed_meanwhile_starts_anew() {
    let two = "openssl CVE-2\nend\n";
    let server = Server::start(move |number, _| match number {
        0 => Answer::ok(ONE).header("etag: \"1\"").cut(9),
        // `If-Range` no longer holds, so the whole new document comes.
        _ => Answer::ok(two).header("etag: \"2\""),
    });
    let site = Site::new();
    assert!(run(&site.upstream(), lines(&server)).unwrap().is_complete());
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-2"]);
}

#[test]
fn a_wrong_part_or_none_is_thrown_away() {
    let answers = [
        Answer::ok(ONE).header("etag: \"1\"").cut(9),
        Answer::status(416).header("content-range: bytes */3"),
        Answer::ok(ONE).header("etag: \"1\"").cut(9),
    ];
    let wrong_part = Answer::status(206).body("x").header("content-range: bytes 3-17/18").header("etag: \"1\"");
    let server = Server::start(move |number, _| match number {
        0..3 => answers[number].clone(),
        3 => wrong_part.clone(),
        _ => Answer::ok(ONE),
    });
    let (site, feeds) = (Site::new(), lines(&server));
    let patient = SyncOptions { retry: Retry { attempts: 9, ..site.options().retry }, ..site.upstream() };
    assert!(run(&patient, feeds).unwrap().is_complete());
    let ranges: Vec<bool> = server.asked().iter().map(|asked| asked.header("range").is_some()).collect();
    assert_eq!(ranges, [false, true, false, true, false]);
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
}

#[test]
fn a_busy_server_is_asked_again_but_not_for_ever() {
    let server = Server::start(|number, _| match number {
        0 => Answer::status(503).header("retry-after: 3600"),
        1 => Answer::status(429),
        _ => Answer::ok(ONE),
    });
    let site = Site::new();
    assert!(run(&site.upstream(), lines(&server)).unwrap().is_complete());
    let always = Server::start(|_, _| Answer::status(502));
    let report = run(&site.upstream(), lines(&always)).unwrap();
    assert_eq!(failure(&report), "`http://127.0.0.1:PORT/lines.txt` answered with status 502");
    assert_eq!(always.asked().len(), 3);
    let gone = Server::start(|_, _| Answer::status(404));
    run(&site.upstream(), lines(&gone)).unwrap();
    assert_eq!(gone.asked().len(), 1, "what is not there will not be there a moment later");
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
}

#[test]
fn too_many_bytes_are_refused_as_announced_and_as_sent() {
    let body = vec![b'x'; usize::try_from(BYTES_MAX).unwrap() + 1];
    let chunk = [format!("{:x}\r\n", body.len()).into_bytes(), body.clone(), b"\r\n0\r\n\r\n".to_vec()].concat();
    let server = Server::start(move |number, _| match number {
        0 => Answer::ok(&body).cut(10),
        _ => Answer::ok(&chunk).header("transfer-encoding: chunked"),
    });
    let (site, feeds) = (Site::new(), lines(&server));
    for _ in 0..2 {
        let report = run(&site.upstream(), feeds).unwrap();
        assert_eq!(failure(&report), "`http://127.0.0.1:PORT/lines.txt` has more than 65536 bytes");
        assert!(site.files().iter().all(|name| !name.contains("lines.txt-")), "{:?}", site.files());
    }
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn a_silent_and_a_trickling_server_are_left() {
    let silent = Server::start(|_, _| Answer::ok(ONE).pause(Duration::from_secs(2)));
    let site = Site::new();
    let once = Retry { attempts: 1, ..site.options().retry };
    let report = run(&SyncOptions { retry: once, ..site.upstream() }, lines(&silent)).unwrap();
    assert_eq!(failure(&report), "`http://127.0.0.1:PORT/lines.txt` did not answer in time");
    let slow = Server::start(|_, _| Answer::ok(ONE).pause(Duration::from_millis(250)));
    let timeouts = Timeouts { transfer: Duration::from_millis(100), ..site.options().timeouts };
    let report = run(&SyncOptions { retry: once, timeouts, ..site.upstream() }, lines(&slow)).unwrap();
    assert_eq!(failure(&report), "`http://127.0.0.1:PORT/lines.txt` did not answer in time");
}

#[test]
fn redirects_are_followed_but_not_in_circles() {
    let server = Server::start(|_, asked| match asked.path.as_str() {
        "/lines.txt" => Answer::status(302).header("location: /other"),
        _ => Answer::ok(ONE),
    });
    let site = Site::new();
    assert!(run(&site.upstream(), lines(&server)).unwrap().is_complete());
    let circle = Server::start(|_, _| Answer::status(302).header("location: /lines.txt"));
    let report = run(&site.upstream(), lines(&circle)).unwrap();
    assert_eq!(failure(&report), "cannot follow `http://127.0.0.1:PORT/lines.txt` to where it redirects");
    assert_eq!(circle.asked().len(), 6, "the first and five redirects");
}

#[test]
fn a_dead_host_is_tried_twice_and_then_no_more() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let feeds = Vec::leak(vec![
        feed("one", format!("{base}one"), "one", Pick::Newest),
        feed("two", format!("{base}two"), "two", Pick::Newest),
    ]);
    let site = Site::new();
    let report = run(&site.upstream(), feeds).unwrap();
    assert_eq!(failure(&report), "cannot connect to `127.0.0.1:PORT`");
    let second = &report.documents[1].outcome;
    assert!(matches!(second, DocumentOutcome::Failed(FetchError::HostDown { .. })), "{second:?}");
}

/// Knows no name, and counts how often it was asked.
struct NoNames(AtomicUsize);

impl Resolve for NoNames {
    fn resolve(&self, _: Name) -> Resolving {
        self.0.fetch_add(1, Ordering::Relaxed);
        let error = ResolveError::new(&std::io::Error::other("no such name"));
        Box::pin(async { Err(error.into()) })
    }
}

#[test]
fn a_dead_network_is_noticed_at_the_second_name() {
    let (site, never) = (Site::new(), AtomicBool::new(false));
    let resolver = Arc::new(NoNames(AtomicUsize::new(0)));
    let names: Arc<dyn Resolve> = Arc::<NoNames>::clone(&resolver);
    let store = Store::new(&site.data());
    let options = site.upstream();
    let fetcher = Fetcher {
        store: &store,
        mirror: None,
        as_of: None,
        now: options.now,
        web: Web::with_resolver(names),
        retry: options.retry,
        timeouts: options.timeouts,
        progress: &Silent,
        cancel: &never,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut errors = Vec::new();
    for host in ["a.example", "b.example", "b.example", "c.example"] {
        let feeds = catalogue("lines", format!("http://{host}/lines.txt"), "lines.txt");
        store.prepare(feeds).unwrap();
        let what = DocumentRef { feed: &feeds[0], document: &feeds[0].documents[0] };
        errors.push(runtime.block_on(fetcher.fetch(what, None)).unwrap_err().to_string());
    }
    insta::assert_snapshot!(errors.join("\n"), @r"
    cannot find the host `a.example`; is the network up?
    cannot find the host `b.example`; is the network up?
    not tried, because `b.example` could not be reached before
    not tried, because the network seems to be down
    ");
    assert_eq!(resolver.0.load(Ordering::Relaxed), 2);
}

#[test]
fn a_wish_to_stop_is_heard_while_waiting() {
    let server = Server::start(|_, _| Answer::ok(ONE).pause(Duration::from_secs(2)));
    let (site, cancel) = (Site::new(), AtomicBool::new(false));
    let patient = Timeouts { idle: Duration::from_secs(60), ..site.options().timeouts };
    let options = SyncOptions { timeouts: patient, ..site.upstream() };
    let feeds = lines(&server);
    let stopped = std::thread::scope(|scope| {
        let syncing = scope.spawn(|| sync(&options, feeds, &Silent, &cancel));
        while server.asked().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        cancel.store(true, Ordering::Relaxed);
        syncing.join().unwrap().unwrap_err()
    });
    assert!(matches!(stopped, SyncError::Cancelled), "{stopped}");
}

#[test]
fn a_mirror_on_the_web_is_searched_by_its_list() {
    let page = "<a href=\"../\">..</a><a href=\"list-2026-01-01\">x</a><a href=\"list-2026-02-01\">x</a>";
    let server = Server::start(move |_, asked| match asked.path.as_str() {
        "/feeds/lists/" => Answer::ok(page).header("content-type: text/html"),
        "/feeds/lists/list-2026-01-01" => Answer::ok("openssl CVE-1\nend\n"),
        "/feeds/lists/list-2026-02-01" => Answer::ok("openssl CVE-2\nend\n"),
        _ => Answer::status(404),
    });
    let mirror = Some(format!("{}feeds", server.base).parse().unwrap());
    let take = |pick: Pick, as_of: Option<&str>| {
        let site = Site::new();
        let feeds = Vec::leak(vec![feed("lists", "https://upstream.invalid/".to_owned(), "lists/list-*", pick)]);
        let as_of = as_of.map(|date| date.parse().unwrap());
        let report = run(&SyncOptions { mirror: mirror.clone(), as_of, ..site.options() }, feeds).unwrap();
        assert!(report.is_complete(), "{report:?}");
        assert!(site.files().iter().all(|name| !name.contains(".part")), "{:?}", site.files());
        site.vulnerabilities("openssl")
    };
    assert_eq!(take(Pick::Newest, None), ["CVE-2"]);
    assert_eq!(take(Pick::Newest, Some("2026-01-31")), ["CVE-1"]);
    assert_eq!(take(Pick::All, None), ["CVE-1", "CVE-2"]);
}

#[test]
fn a_list_beyond_its_bound_is_not_read() {
    let server = Server::start(|_, _| Answer::ok(vec![b' '; 4 * 1024 * 1024 + 1]));
    let site = Site::new();
    let feeds = catalogue("lines", "https://upstream.invalid/".to_owned(), "lists/list-*");
    let mirror = Some(server.base.parse().unwrap());
    let report = run(&SyncOptions { mirror, ..site.options() }, feeds).unwrap();
    assert_eq!(failure(&report), "`http://127.0.0.1:PORT/lists/` has more than 4194304 bytes");
}

#[test]
fn leftovers_of_a_transfer_are_used_only_with_their_note() {
    let server = resuming(&[], true);
    let (site, feeds) = (Site::new(), lines(&server));
    let store = Store::new(&site.data());
    store.prepare(feeds).unwrap();
    let url = format!("{}lines.txt", server.base);
    let part = store.part_path(&feeds[0], &feeds[0].documents[0], &url);
    fs::write(&part, "garbage that nothing is known of").unwrap();
    fs::write(part.with_extension("part.json"), "{\"url\":\"http://elsewhere.example/\",\"etag\":\"\\\"1\\\"\"}")
        .unwrap();
    assert!(run(&site.upstream(), feeds).unwrap().is_complete());
    assert_eq!(server.asked()[0].header("range"), None);
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
}
