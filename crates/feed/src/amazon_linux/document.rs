//! Reads one repository's updateinfo.

use std::collections::BTreeSet;

use yagura_model::{Names, Reference, ReferenceKind, ReleaseKey, Urgency, Vulnerability};

use super::{AL1, AL2, AL2_EXTRAS, AL2023, AL2023_LIVEPATCH, ID};
use crate::catalogue::{Entry, ParseError, Sink};
use crate::reading::{self, NOTE_BYTES_MAX};
use crate::rpm_family::{Fix, Fixes, Place, Stated, words};
use crate::updateinfo::{Update, for_each_update};

const FORMAT: &str = "updateinfo of Amazon Linux";
/// The topic whose packages patch a running kernel.
const LIVEPATCH: &str = "livepatch";
/// The longest name of a topic, in bytes.
const TOPIC_BYTES_MAX: usize = 64;

/// Which repository a document is of.
struct Repository {
    release: ReleaseKey,
    channel: Option<String>,
    /// Where the advisories of the release are published.
    pages: &'static str,
}

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let repository = Repository::of(entry).ok_or_else(|| ParseError::Malformed {
        entry: entry.name.to_owned(),
        format: FORMAT,
        at: String::new(),
        why: "its name tells no repository".to_owned(),
    })?;
    sink.release(repository.release.clone());
    for_each_update(entry, &mut |update| {
        sink.record();
        match update {
            Ok(update) => read_update(&update, &repository, sink),
            Err(broken) => sink.rejected(&broken.record, broken.why),
        }
    })
}

impl Repository {
    fn of(entry: &Entry<'_>) -> Option<Self> {
        let (release, channel, pages) = match entry.document {
            AL1 => ("1", None, "https://alas.aws.amazon.com/"),
            AL2 => ("2", None, "https://alas.aws.amazon.com/AL2/"),
            AL2_EXTRAS => ("2", Some(channel(entry.name)?), "https://alas.aws.amazon.com/AL2/"),
            AL2023 => ("2023", None, "https://alas.aws.amazon.com/AL2023/"),
            AL2023_LIVEPATCH => ("2023", Some(LIVEPATCH.to_owned()), "https://alas.aws.amazon.com/AL2023/"),
            _ => return None,
        };
        Some(Self { release: ReleaseKey::new("amazon", release), channel, pages })
    }
}

/// Returns the channel of a topic's file, which lies in a folder of the topic's name.
fn channel(file: &str) -> Option<String> {
    let (topic, _) = file.split_once('/')?;
    let topic = reading::word(topic, TOPIC_BYTES_MAX)?;
    Some(if topic == LIVEPATCH { topic.to_owned() } else { format!("extras:{topic}") })
}

fn read_update(update: &Update, repository: &Repository, sink: &mut dyn Sink) {
    if let Some(date) = update.updated.max(update.issued) {
        sink.data_date(date);
    }
    let covers: BTreeSet<&str> = update
        .references
        .iter()
        .filter(|reference| reference.kind.eq_ignore_ascii_case("cve"))
        .filter_map(|reference| reading::cve_id(&reference.id))
        .collect();
    if covers.is_empty() && update.kind != "security" {
        return;
    }
    let Some(urgency) = urgency(&update.severity) else {
        return sink.rejected(&update.id, "unknown severity");
    };
    let packages: Vec<_> = update
        .collections
        .iter()
        .flat_map(|collection| &collection.packages)
        .filter(|package| !words::is_debug_symbols(&package.name))
        .map(|package| (package, package.evr()))
        .collect();
    // Each architecture repeats the same names and versions.
    let mut fixes = Fixes::default();
    let place = fixes.place(Place { release: repository.release.clone(), channel: repository.channel.clone() });
    for (package, evr) in &packages {
        match (reading::package(&package.name), evr.as_deref().and_then(reading::version)) {
            (Some(package), Some(evr)) => fixes.add(Fix { place, package, module: None, evr }),
            _ => {
                let record = format!("{} {}", update.id, reading::text(&package.name, reading::PACKAGE_BYTES_MAX));
                sink.rejected(&record, "not a package with a version and a release");
            }
        }
    }
    fixes.state(Stated { feed: ID, id: &update.id, names: Names::Binary, urgency }, sink);
    let page = format!("{}{}.html", repository.pages, update.id);
    sink.vulnerability(Vulnerability {
        id: update.id.clone(),
        covers: covers.into_iter().map(str::to_owned).collect(),
        description: reading::text(&update.title, NOTE_BYTES_MAX),
        references: vec![Reference { kind: ReferenceKind::Advisory, url: page }],
        published: update.issued,
        modified: update.updated,
        ..Vulnerability::default()
    });
}

fn urgency(severity: &str) -> Option<Urgency> {
    Some(match severity.to_ascii_lowercase().as_str() {
        "critical" => Urgency::Critical,
        "important" | "high" => Urgency::High,
        "medium" | "moderate" => Urgency::Medium,
        "low" => Urgency::Low,
        "" | "none" | "unspecified" => Urgency::NotAssigned,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::Recorder;

    const FIXTURE: &str = include_str!("../../fixtures/amazon-linux/updateinfo.xml");

    fn read(document: &str, name: &str, text: &str) -> Result<String, String> {
        let mut recorder = Recorder::default();
        let entry = Entry { document, name, bytes: text.as_bytes() };
        let read = (FEED.parse)(&entry, &mut recorder);
        read.map(|()| recorder.render()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_advisory_fixes_binary_packages() {
        insta::assert_snapshot!(read(AL2, "updateinfo.xml", FIXTURE).unwrap(), @r#"
        record 4
        release amazon:2
        date 2099-01-16T01:28:00Z
        rejected ALAS2-2099-001 demo-odd: not a package with a version and a release
        amazon:2 demo-doc ALAS2-2099-001 fixed 1:1.2-1.amzn2 (high) binary
        amazon:2 demo-lib ALAS2-2099-001 fixed 1.2-1.amzn2 (high) binary
        flaw ALAS2-2099-001 "Demo Linux 2 - ALAS2-2099-001: important priority package update for demo" covers CVE-2099-0001 covers CVE-2099-0002 Advisory https://alas.aws.amazon.com/AL2/ALAS2-2099-001.html published 2099-01-11T21:05:00Z modified 2099-01-16T01:28:00Z
        rejected ALAS2-2099-002: unknown severity
        date 2099-02-01T00:00:00Z
        rejected update 4: not the id of an advisory
        "#);
    }

    #[test]
    fn a_topic_is_a_channel() {
        let lines = |document: &str, name: &str| {
            let text = read(document, name, FIXTURE).unwrap();
            text.lines().find(|line| line.contains("demo-lib ALAS")).unwrap().to_owned()
        };
        assert!(lines(AL2_EXTRAS, "docker/repodata/updateinfo.xml").contains("channel extras:docker"));
        assert!(lines(AL2_EXTRAS, "livepatch/repodata/updateinfo.xml").contains("channel livepatch"));
        assert!(lines(AL2023_LIVEPATCH, "updateinfo.xml").starts_with("amazon:2023 "));
        assert!(lines(AL1, "updateinfo.xml").starts_with("amazon:1 "));
        let nowhere = read(AL2_EXTRAS, "updateinfo.xml", FIXTURE).unwrap_err();
        assert_eq!(nowhere, "`updateinfo.xml` is not a valid updateinfo of Amazon Linux: its name tells no repository");
        let long = format!("{}/updateinfo.xml", "x".repeat(TOPIC_BYTES_MAX + 1));
        assert!(read(AL2_EXTRAS, &long, FIXTURE).is_err());
    }

    #[test]
    fn refuses_what_ends_early() {
        for cut in 0..FIXTURE.trim_end().len() {
            assert!(read(AL2, "t", &FIXTURE[..cut]).is_err(), "cut at {cut}");
        }
    }
}
