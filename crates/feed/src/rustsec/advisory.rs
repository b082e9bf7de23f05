//! Reads one advisory.

use serde::Deserialize;
use yagura_model::{Ecosystem, FeedId, Reference, ReferenceKind, ReleaseKey, Statement, Vulnerability};

use super::{ID, requirements};
use crate::catalogue::{Entry, ParseError, Sink};
use crate::cvss;
use crate::language::flaw::Flaw;
use crate::language::names;
use crate::language::state::state;
use crate::reading::{self, DESCRIPTION_BYTES_MAX, ID_BYTES_MAX};

const FORMAT: &str = "RustSec advisory";

/// The most bytes of one advisory. The longest has 40 kB.
const ADVISORY_BYTES_MAX: usize = 1 << 20;
/// The most references that are kept.
const REFERENCES_KEPT_MAX: usize = 64;

const FENCE: &str = "```";

#[derive(Deserialize)]
struct Head {
    advisory: Advisory,
    #[serde(default)]
    versions: Versions,
}

#[derive(Deserialize)]
struct Advisory {
    id: String,
    package: String,
    date: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    cvss: Option<String>,
    #[serde(default)]
    informational: Option<String>,
    #[serde(default)]
    withdrawn: Option<String>,
}

#[derive(Deserialize, Default)]
struct Versions {
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    if !reading::is_member(entry.name, "RUSTSEC-", ".md") {
        return Ok(());
    }
    if entry.bytes.len() > ADVISORY_BYTES_MAX {
        let limit = ADVISORY_BYTES_MAX.try_into().unwrap_or(u64::MAX);
        return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "bytes", limit });
    }
    let malformed = |why: String| ParseError::Malformed {
        entry: entry.name.to_owned(),
        format: FORMAT,
        at: String::new(),
        why: reading::text(&why, reading::NOTE_BYTES_MAX),
    };
    let text = str::from_utf8(entry.bytes).map_err(|error| malformed(error.to_string()))?;
    let (head, body) = split(text).ok_or_else(|| malformed("it has no head in TOML".to_owned()))?;
    let head: Head = toml::from_str(head).map_err(|error| malformed(error.message().to_owned()))?;
    sink.record();
    // A withdrawn advisory says that what it said was wrong.
    if head.advisory.withdrawn.is_some() {
        return Ok(());
    }
    if let Err(why) = take(&head, body, sink) {
        sink.rejected(&reading::text(&head.advisory.id, ID_BYTES_MAX), &why);
    }
    Ok(())
}

/// Divides an advisory into its head and its text.
fn split(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start().strip_prefix(FENCE)?.strip_prefix("toml")?;
    let (head, body) = rest.split_once(FENCE)?;
    Some((head, body.trim()))
}

fn take(head: &Head, body: &str, sink: &mut dyn Sink) -> Result<(), String> {
    let advisory = &head.advisory;
    let own = reading::id(&advisory.id).ok_or("not an id")?;
    let package = names::normalised(Ecosystem::CratesIo, &advisory.package).ok_or("not the name of a crate")?;
    let flaw = Flaw::of(own, advisory.aliases.iter().map(String::as_str));
    // The title is the body's first line, `# Overflow in demo`.
    let text = body.trim_start_matches(['#', ' ']);
    let description = match &advisory.informational {
        Some(kind) => format!("[{kind}: crate {package}] {text}"),
        None => text.to_owned(),
    };
    if advisory.informational.is_none() {
        let good = head.versions.patched.iter().chain(&head.versions.unaffected).map(String::as_str);
        let ranges = requirements::affected(good)?;
        sink.statement(Statement {
            feed: FeedId::new(ID),
            release: ReleaseKey::ecosystem(Ecosystem::CratesIo),
            package,
            vulnerability: flaw.id.to_owned(),
            state: state(ranges),
            advisories: flaw.advisory.into_iter().map(str::to_owned).collect(),
            ..Statement::default()
        });
    }
    let links = advisory.url.iter().map(|url| (ReferenceKind::Web, url.as_str()));
    let own_page = format!("https://rustsec.org/advisories/{own}.html");
    let links = std::iter::once((ReferenceKind::Advisory, own_page.as_str()))
        .chain(links)
        .chain(advisory.references.iter().map(|url| (ReferenceKind::Web, url.as_str())));
    let references: Vec<Reference> =
        links.filter_map(|(kind, url)| reading::reference(kind, url)).take(REFERENCES_KEPT_MAX).collect();
    let cvss = advisory.cvss.as_deref().map(|text| cvss::vector(text, ID).ok_or("its CVSS vector is none"));
    let cvss = match cvss {
        Some(Err(why)) => {
            sink.rejected(own, why);
            Vec::new()
        }
        Some(Ok(vector)) => vec![vector],
        None => Vec::new(),
    };
    sink.vulnerability(Vulnerability {
        id: flaw.id.to_owned(),
        aliases: flaw.aliases.iter().map(|&alias| alias.to_owned()).collect(),
        covers: flaw.covers.iter().map(|&cve| cve.to_owned()).collect(),
        description: reading::text(&description, DESCRIPTION_BYTES_MAX),
        cvss,
        references,
        published: advisory.date.parse().ok().and_then(reading::start_of),
        ..Vulnerability::default()
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::read;

    const ADVISORY: &str = include_str!("../../fixtures/rustsec/RUSTSEC-2099-0001.md");

    fn said(text: &str) -> String {
        read(&FEED, "crates/demo/RUSTSEC-2099-0001.md", text.as_bytes())
            .map_or_else(|error| error.to_string(), |r| r.render())
    }

    #[test]
    fn a_flaw_brings_ranges_and_facts() {
        insta::assert_snapshot!(said(ADVISORY), @r#"
        record 1
        ecosystem:crates.io demo CVE-2099-0001 affected [1.0.0, 1.1.5) (not yet assigned) RUSTSEC-2099-0001
        flaw CVE-2099-0001 "Overflow in `demo::run`

        A long argument overflows." alias RUSTSEC-2099-0001 alias GHSA-aaaa-bbbb-cccc cvss 3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H Advisory https://rustsec.org/advisories/RUSTSEC-2099-0001.html Web https://example.org/demo/issues/1 Web https://example.org/more published 2099-01-01T00:00:00Z
        "#);
    }

    #[test]
    fn advice_is_kept_without_a_verdict() {
        let advice = ADVISORY.replace("package = ", "informational = \"unmaintained\"\npackage = ");
        insta::assert_snapshot!(said(&advice), @r#"
        record 1
        flaw CVE-2099-0001 "[unmaintained: crate demo] Overflow in `demo::run`

        A long argument overflows." alias RUSTSEC-2099-0001 alias GHSA-aaaa-bbbb-cccc cvss 3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H Advisory https://rustsec.org/advisories/RUSTSEC-2099-0001.html Web https://example.org/demo/issues/1 Web https://example.org/more published 2099-01-01T00:00:00Z
        "#);
    }

    #[test]
    fn withdrawn_and_other_members_say_nothing() {
        let withdrawn = ADVISORY.replace("package = ", "withdrawn = \"2099-01-02\"\npackage = ");
        assert_eq!(said(&withdrawn), "record 1\n");
        assert_eq!(read(&FEED, "advisory-db/README.md", b"text").unwrap().render(), "record 0\n");
        assert_eq!(read(&FEED, "rust/std/CVE-2018-1.md", b"text").unwrap().render(), "record 0\n");
    }

    #[test]
    fn single_slips_reject_the_advisory() {
        assert!(
            said(&ADVISORY.replace(">= 1.2.3", "newer"))
                .contains("rejected RUSTSEC-2099-0001: unknown requirement `newer`")
        );
        assert!(said(&ADVISORY.replace("\"demo\"", "\"two words\"")).contains("not the name of a crate"));
        assert!(said(&ADVISORY.replace("CVSS:3.1/AV:N", "AV:N")).contains("its CVSS vector is none"));
    }

    #[test]
    fn refuses_what_ends_early_or_nests_too_deep() {
        let head = ADVISORY.find("\n# ").unwrap();
        for cut in 0..head - 4 {
            assert!(read(&FEED, "t", &ADVISORY.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        let deep = format!("```toml\na = {}\n```\n", "[".repeat(100_000));
        assert!(said(&deep).starts_with("`crates/demo/RUSTSEC-2099-0001.md` is not a valid RustSec advisory"));
        assert!(said(&" ".repeat(ADVISORY_BYTES_MAX + 1)).ends_with("has more than 1048576 bytes"));
        assert!(read(&FEED, "t", b"\xff").is_err());
    }
}
