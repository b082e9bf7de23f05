//! Documents behind other documents, from a web server that behaves, and from ones that do not.

use aws_lc_rs::digest::{SHA256, SHA512, digest};

use super::*;
use crate::catalogue::{FeedSpec, Pick};
use crate::store::hexadecimal;
use crate::sync::{DocumentOutcome, SyncReport};
use crate::testing::{Answer, Asked, Server, Site, feed, run};

const ONE: &str = "openssl CVE-1\nend\n";

fn via(url: String, via: Via) -> &'static [FeedSpec] {
    let mut feed = feed("lines", url, "mirrored/*/lines.txt", Pick::All);
    feed.documents = Vec::leak(vec![crate::DocumentSpec { via, ..feed.documents[0] }]);
    Vec::leak(vec![feed])
}

fn failure(report: &SyncReport) -> String {
    let DocumentOutcome::Failed(error) = &report.documents[0].outcome else { panic!("{report:?}") };
    let text = error.to_string();
    let after = text.split("127.0.0.1:").nth(1).unwrap_or("none");
    let port: String = after.chars().take_while(char::is_ascii_digit).collect();
    if port.is_empty() { text } else { text.replace(&port, "PORT") }
}

fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hexadecimal(digest(&SHA256, bytes.as_ref()).as_ref())
}

/// A repomd.xml that names an updateinfo.
fn repomd(href: &str, kind: &str, digest: &str, size: usize) -> String {
    format!(
        "<repomd><data type=\"primary\"><location href=\"repodata/primary.xml\"/></data><data type=\"updateinfo\">\
         <checksum type=\"{kind}\">{digest}</checksum><location href=\"{href}\"/><size>{size}</size></data></repomd>"
    )
}

const REPO: Via = Via::RepoMd { list: true };

/// A server with a list of one repository, whose repomd.xml is given.
fn repository(repomd: String) -> Server {
    Server::start(move |_, asked: &Asked| match asked.path.as_str() {
        "/mirror.list" => Answer::ok("# mirrors\n\n/repo\n"),
        "/repo/repodata/repomd.xml" => Answer::ok(&repomd),
        "/repo/repodata/lines.txt" => Answer::ok(ONE).header("etag: \"1\""),
        _ => Answer::status(404),
    })
}

fn outcome(repomd: String) -> String {
    let server = repository(repomd);
    let site = Site::new();
    let report = run(&site.upstream(), via(format!("{}mirror.list", server.base), REPO)).unwrap();
    assert!(site.files().is_empty(), "{:?}", site.files());
    failure(&report)
}

#[test]
fn a_repository_leads_to_its_updateinfo() {
    let server = repository(repomd("repodata/lines.txt", "sha256", &sha256(ONE), ONE.len()));
    let (site, feeds) = (Site::new(), via(format!("{}mirror.list", server.base), REPO));
    assert!(run(&site.upstream(), feeds).unwrap().is_complete());
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
    assert!(site.files().iter().all(|name| !name.contains(".part")), "{:?}", site.files());
    // The digest says that nothing changed: the file is not asked for again.
    let report = run(&site.upstream(), feeds).unwrap();
    assert!(matches!(report.documents[0].outcome, DocumentOutcome::Unchanged));
    let paths: Vec<String> = server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths[3..], ["/mirror.list", "/repo/repodata/repomd.xml"]);
}

#[test]
fn a_longer_digest_and_an_address_without_a_list_do_too() {
    let sha512 = hexadecimal(digest(&SHA512, ONE.as_bytes()).as_ref());
    let server = repository(repomd("repodata/lines.txt", "sha512", &sha512, ONE.len()));
    let site = Site::new();
    let feeds = via(format!("{}repo", server.base), Via::RepoMd { list: false });
    assert!(run(&site.upstream(), feeds).unwrap().is_complete());
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1"]);
    let wrong = outcome(repomd("repodata/lines.txt", "sha512", &"0".repeat(128), ONE.len()));
    assert_eq!(wrong, "`http://127.0.0.1:PORT/repo/repodata/lines.txt` is not the file that its repository announces");
}

#[test]
fn what_does_not_fit_is_refused() {
    let good = sha256(ONE);
    let place = "`http://127.0.0.1:PORT/repo/repodata/repomd.xml` does not lead to the document: ";
    let other = "`http://127.0.0.1:PORT/repo/repodata/lines.txt` is not the file that its repository announces";
    for (document, expected) in [
        (repomd("repodata/lines.txt", "sha256", &"0".repeat(64), ONE.len()), other.to_owned()),
        (repomd("repodata/lines.txt", "sha256", &good, 3), other.to_owned()),
        (
            repomd("repodata/lines.txt", "sha", &"0".repeat(40), ONE.len()),
            format!("{place}the updateinfo has neither a SHA-256 nor a SHA-512"),
        ),
        (
            repomd("http://elsewhere.example/lines.txt", "sha256", &good, ONE.len()),
            format!("{place}the updateinfo lies on another host"),
        ),
        (
            repomd("ftp://elsewhere.example/lines.txt", "sha256", &good, ONE.len()),
            format!("{place}it names `ftp://elsewhere.example/lines.txt`, an address without encryption")
                .replace("repodata/repomd.xml", ""),
        ),
        (
            "<repomd></repomd>".to_owned(),
            "`http://127.0.0.1:PORT/mirror.list` does not lead to the document: its repository has no updateinfo"
                .to_owned(),
        ),
        (
            "<html><p>proxy</html>".to_owned(),
            format!(
                "{place}`http://127.0.0.1:PORT/repo/repodata/repomd.xml` is not a valid repomd.xml at byte 6: \
                 its root element is not `repomd`"
            ),
        ),
        (
            repomd("repodata/gone.txt", "sha256", &good, ONE.len()),
            "`http://127.0.0.1:PORT/repo/repodata/gone.txt` answered with status 404".to_owned(),
        ),
    ] {
        assert_eq!(outcome(document), expected);
    }
}

#[test]
fn a_list_is_tried_in_order_but_not_without_end() {
    let good = repomd("repodata/lines.txt", "sha256", &sha256(ONE), ONE.len());
    let list = |dead: usize| {
        let dead: String = (0..dead).map(|n| format!("/dead{n}/\n")).collect();
        let good = good.clone();
        Server::start(move |_, asked: &Asked| match asked.path.as_str() {
            "/mirror.list" => Answer::ok(format!("{dead}/repo\n")),
            "/repo/repodata/repomd.xml" => Answer::ok(&good),
            "/repo/repodata/lines.txt" => Answer::ok(ONE),
            _ => Answer::status(404),
        })
    };
    let server = list(repomd::MIRRORS_MAX - 1);
    let site = Site::new();
    assert!(run(&site.upstream(), via(format!("{}mirror.list", server.base), REPO)).unwrap().is_complete());
    let server = list(repomd::MIRRORS_MAX);
    let report = run(&site.upstream(), via(format!("{}mirror.list", server.base), REPO)).unwrap();
    assert_eq!(failure(&report), "`http://127.0.0.1:PORT/dead3/repodata/repomd.xml` answered with status 404");
    let empty = Server::start(|_, _| Answer::ok("\n"));
    let report = run(&site.upstream(), via(format!("{}mirror.list", empty.base), REPO)).unwrap();
    assert_eq!(
        failure(&report),
        "`http://127.0.0.1:PORT/mirror.list` does not lead to the document: it lists no address"
    );
}

#[test]
fn middle_documents_are_bounded() {
    let large = |bytes: u64| vec![b'x'; usize::try_from(bytes).unwrap() + 1];
    for (way, limit) in [
        (REPO, repomd::LIST_BYTES_MAX),
        (Via::RepoMd { list: false }, repomd::REPOMD_BYTES_MAX),
        (Via::NameIn { sha256: None }, name_in::TEXT_BYTES_MAX),
        (Via::Topics { each: "http://x.invalid/{}" }, topics::CATALOGUE_BYTES_MAX),
    ] {
        let server = Server::start(move |_, _| Answer::ok(large(limit)));
        let site = Site::new();
        let error = failure(&run(&site.upstream(), via(format!("{}a", server.base), way)).unwrap());
        assert!(error.ends_with(&format!("has more than {limit} bytes")), "{error}");
        assert!(site.files().is_empty(), "{:?}", site.files());
    }
}

#[test]
fn a_text_names_the_newest_archive() {
    let latest = |name: &'static str, digest: String| {
        Server::start(move |_, asked: &Asked| match asked.path.as_str() {
            "/vex/archive_latest.txt" => Answer::ok(name),
            "/vex/lines_2099-01-31.txt" => Answer::ok(ONE),
            "/vex/lines_2099-01-31.txt.sha256" => Answer::ok(format!("{digest}  lines_2099-01-31.txt\n")),
            _ => Answer::status(404),
        })
    };
    let name = "lines_2099-01-31.txt\n";
    let fetch = |server: &Server, sha256| {
        let site = Site::new();
        let report =
            run(&site.upstream(), via(format!("{}vex/archive_latest.txt", server.base), Via::NameIn { sha256 }));
        (site.vulnerabilities("openssl"), report.unwrap())
    };
    for sha256_beside in [None, Some(".sha256")] {
        let (found, report) = fetch(&latest(name, sha256(ONE)), sha256_beside);
        assert!(report.is_complete(), "{report:?}");
        assert_eq!(found, ["CVE-1"]);
    }
    let (_, report) = fetch(&latest(name, "0".repeat(64)), Some(".sha256"));
    assert!(failure(&report).ends_with("is not the file that its repository announces"), "{report:?}");
    let (_, report) = fetch(&latest(name, "<html>".to_owned()), Some(".sha256"));
    assert!(failure(&report).ends_with("it is not a SHA-256"), "{report:?}");
    let (_, report) = fetch(&latest("../../etc/passwd", String::new()), None);
    assert!(failure(&report).ends_with("does not lead to the document: it is not the name of a file"), "{report:?}");
}

/// A catalogue of three topics, the second of which has no updateinfo.
fn topics_server(second: &'static str) -> Server {
    Server::start(move |_, asked: &Asked| match asked.path.as_str() {
        "/catalogue.json" => Answer::ok(r#"{"topics":[{"n":"docker"},{"n":"emacs"},{"n":"R3.4"}]}"#),
        "/extras/docker/mirror.list" => Answer::ok("../../repo/docker"),
        "/extras/emacs/mirror.list" => Answer::ok("/repo/emacs/"),
        "/extras/R3.4/mirror.list" => Answer::ok("/repo/R3.4/"),
        "/repo/emacs/repodata/repomd.xml" => Answer::ok(second),
        "/repo/docker/repodata/lines.txt" => Answer::ok(ONE),
        "/repo/R3.4/repodata/lines.txt" => Answer::ok("openssl CVE-2\nend\n"),
        "/repo/docker/repodata/repomd.xml" => {
            Answer::ok(repomd("repodata/lines.txt", "sha256", &sha256(ONE), ONE.len()))
        }
        "/repo/R3.4/repodata/repomd.xml" => {
            Answer::ok(repomd("repodata/lines.txt", "sha256", &sha256("openssl CVE-2\nend\n"), ONE.len()))
        }
        _ => Answer::status(404),
    })
}

fn topics_of(server: &Server) -> &'static [FeedSpec] {
    let each = String::leak(format!("{}extras/{{}}/mirror.list", server.base));
    via(format!("{}catalogue.json", server.base), Via::Topics { each })
}

#[test]
fn a_catalogue_leads_to_a_file_for_each_topic() {
    let server = topics_server("<repomd/>");
    let (site, feeds) = (Site::new(), topics_of(&server));
    assert!(run(&site.upstream(), feeds).unwrap().is_complete());
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1", "CVE-2"]);
    let stored = crate::store::Store::new(&site.data()).document(&feeds[0], &feeds[0].documents[0]).unwrap().unwrap();
    let names: Vec<&str> = stored.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["R3.4/repodata/lines.txt", "docker/repodata/lines.txt"]);
}

#[test]
fn a_topic_that_cannot_be_read_is_not_left_out() {
    let server = topics_server("<html/>");
    let report = run(&Site::new().upstream(), topics_of(&server)).unwrap();
    assert!(failure(&report).contains("/repo/emacs/repodata/repomd.xml` does not lead to the document"), "{report:?}");
}

#[test]
fn an_address_never_leads_out_of_encryption() {
    let from = Url::parse("https://safe.example/list").unwrap();
    let lead = |to: &str| lead(&from, to).map(String::from).map_err(|error| error.to_string());
    assert_eq!(lead("https://other.example/a").unwrap(), "https://other.example/a");
    assert_eq!(lead("b/c").unwrap(), "https://safe.example/b/c");
    let expected = "`https://safe.example/list` does not lead to the document: it names `http://other.example/a`, \
                    an address without encryption";
    assert_eq!(lead("http://other.example/a").unwrap_err(), expected);
    assert!(lead("file:///etc/passwd").is_err());
    assert!(lead("https://[").is_err());
}

#[test]
fn a_mirror_on_the_web_may_have_a_folder_for_each_file() {
    let server = Server::start(|_, asked: &Asked| match asked.path.as_str() {
        "/mirrored/" => Answer::ok("<a href='../'>..</a><a href='a/'>a</a><a href='b/'>b</a><a href='loose'>x</a>"),
        "/mirrored/a/lines.txt" => Answer::ok(ONE),
        "/mirrored/b/lines.txt" => Answer::ok("openssl CVE-2\nend\n"),
        _ => Answer::status(404),
    });
    let site = Site::new();
    let feeds = via("https://upstream.invalid/".to_owned(), Via::Direct);
    let mirror = Some(server.base.parse().unwrap());
    let report = run(&crate::SyncOptions { mirror, ..site.options() }, feeds).unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(site.vulnerabilities("openssl"), ["CVE-1", "CVE-2"]);
}
