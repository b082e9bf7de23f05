//! Reads one file of the tracker: fields, then lines about packages.

use std::collections::BTreeMap;

use yagura_model::{
    CvssVector, CvssVersion, FeedId, Reference, ReferenceKind, ReleaseKey, Statement, StatementState, Urgency,
    Vulnerability,
};

use super::ID;
use super::status::{self, Verdict};
use crate::catalogue::{Entry, ParseError, Sink};
use crate::reading::{self, DESCRIPTION_BYTES_MAX};
use crate::ubuntu::{Line, priority};

const FORMAT: &str = "file of the Ubuntu CVE tracker";

/// The most lines about packages in one file. A flaw of the kernel has 3,000.
const LINES_MAX: usize = 100_000;
/// The most references that are read.
const REFERENCES_MAX: usize = 512;
/// The most CVSS vectors that are read.
const VECTORS_MAX: usize = 16;
/// The longest CVSS vector, in bytes.
const VECTOR_BYTES_MAX: usize = 256;
/// Folders of the repository that hold files about flaws of packages. `ignored/` is about what Ubuntu
/// does not have.
const FOLDERS: &[&str] = &["active", "retired"];
/// Pages about any flaw, which say no more than its id.
const PAGES_OF_FLAWS: &[&str] =
    &["https://www.cve.org/CVERecord?id=", "https://cve.mitre.org/cgi-bin/cvename.cgi?name=", "http://cve.mitre.org/"];

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    if !is_about_a_flaw(entry.name) {
        return Ok(());
    }
    let text = String::from_utf8_lossy(entry.bytes);
    let mut file = File::default();
    file.read(&text).map_err(|limit| ParseError::TooMany {
        entry: entry.name.to_owned(),
        what: "lines about packages",
        limit: limit.try_into().unwrap_or(u64::MAX),
    })?;
    // A file that was cut in its head names no flaw; the tracker's files end anywhere.
    let Some(id) = file.candidate else {
        let why = "it has no `Candidate`".to_owned();
        return Err(ParseError::Malformed { entry: entry.name.to_owned(), format: FORMAT, at: String::new(), why });
    };
    sink.record();
    match reading::cve_id(id) {
        Some(id) => file.tell(id, sink),
        None => sink.rejected(&reading::text(id, reading::ID_BYTES_MAX), "not the id of a flaw"),
    }
    Ok(())
}

/// Tells a file about a flaw from the scripts and notes beside it: `<root>/active/CVE-2022-0778`.
fn is_about_a_flaw(name: &str) -> bool {
    let parts: Vec<&str> = name.trim_start_matches("./").split('/').collect();
    match parts.as_slice() {
        [.., folder, file] => parts.len() <= 3 && FOLDERS.contains(folder) && file.starts_with("CVE-"),
        _ => false,
    }
}

/// One file as it is read.
#[derive(Default)]
struct File<'t> {
    candidate: Option<&'t str>,
    published: Option<&'t str>,
    priority: &'t str,
    /// By what follows `Priority_`: a package, or a package and a release.
    priorities: BTreeMap<&'t str, &'t str>,
    description: String,
    references: Vec<Reference>,
    cvss: Vec<CvssVector>,
    /// By package and code name: the archive's line, then those of the channels.
    lines: BTreeMap<(&'t str, &'t str), Vec<(Line<'t>, &'t str)>>,
}

/// The field whose further lines follow.
#[derive(Clone, Copy)]
enum Field {
    Description,
    References,
    Bugs,
    Cvss,
    Other,
}

impl<'t> File<'t> {
    /// Reads all lines; the error is the bound on lines about packages.
    fn read(&mut self, text: &'t str) -> Result<(), usize> {
        let mut field = Field::Other;
        let mut count = 0;
        for line in text.lines() {
            if line.starts_with([' ', '\t']) {
                self.further(field, line.trim());
                continue;
            }
            let Some((key, value)) = line.split_once(':').filter(|_| !line.starts_with('#')) else { continue };
            let value = value.trim();
            if let Some((release, package)) =
                key.split_once('_').filter(|_| key.starts_with(|c: char| c.is_ascii_lowercase()))
            {
                count += 1;
                if count > LINES_MAX {
                    return Err(LINES_MAX);
                }
                // Half of all lines say that a release does not have the package.
                if let Some(line) = Line::read(release).filter(|_| !value.starts_with("DNE")) {
                    self.lines.entry((package, line.codename)).or_default().push((line, value));
                }
                continue;
            }
            field = match key {
                "Candidate" => {
                    self.candidate = Some(value).filter(|value| !value.is_empty());
                    Field::Other
                }
                "PublicDate" => {
                    self.published = Some(value);
                    Field::Other
                }
                "Priority" => {
                    self.priority = first_word(value);
                    Field::Other
                }
                "Description" => Field::Description,
                "References" => Field::References,
                "Bugs" => Field::Bugs,
                "CVSS" => Field::Cvss,
                _ => {
                    if let Some(about) = key.strip_prefix("Priority_") {
                        self.priorities.insert(about, first_word(value));
                    }
                    Field::Other
                }
            };
            self.further(field, value);
        }
        Ok(())
    }

    /// Takes one more line of a field.
    fn further(&mut self, field: Field, text: &str) {
        match field {
            Field::Description if self.description.len() < DESCRIPTION_BYTES_MAX && !text.is_empty() => {
                if !self.description.is_empty() {
                    self.description.push(' ');
                }
                self.description.push_str(text);
            }
            Field::References => self.reference(ReferenceKind::Web, text),
            Field::Bugs => self.reference(ReferenceKind::Report, text),
            // ` nvd: CVSS:3.1/AV:… [8.8 HIGH]`
            Field::Cvss if self.cvss.len() < VECTORS_MAX => {
                let vector = text.split_ascii_whitespace().find_map(vector);
                self.cvss.extend(vector.filter(|vector| !self.cvss.contains(vector)));
            }
            Field::Description | Field::Cvss | Field::Other => {}
        }
    }

    fn reference(&mut self, kind: ReferenceKind, text: &str) {
        let known = PAGES_OF_FLAWS.iter().any(|page| text.starts_with(page));
        if known || self.references.len() >= REFERENCES_MAX {
            return;
        }
        let kind =
            if text.starts_with("https://ubuntu.com/security/notices/") { ReferenceKind::Advisory } else { kind };
        self.references.extend(reading::reference(kind, text));
    }

    fn tell(&self, id: &str, sink: &mut dyn Sink) {
        let mut keys: BTreeMap<&str, ReleaseKey> = BTreeMap::new();
        for ((package, codename), lines) in &self.lines {
            let release = keys.entry(codename).or_insert_with(|| ReleaseKey::new("ubuntu", codename));
            let Some(package) = reading::package(package) else {
                let record = format!("{id} {}", reading::text(package, reading::PACKAGE_BYTES_MAX));
                sink.rejected(&record, "not a package name");
                continue;
            };
            for (line, verdict) in judge(id, package, lines, sink) {
                sink.statement(Statement {
                    feed: FeedId::new(ID),
                    release: release.clone(),
                    package: package.to_owned(),
                    channel: line.channel.as_deref().map(str::to_owned),
                    vulnerability: id.to_owned(),
                    state: verdict.state,
                    urgency: self.urgency(package, line),
                    note: verdict.note,
                    ..Statement::default()
                });
            }
        }
        if priority(self.priority).is_none() {
            sink.rejected(id, "unknown priority");
        }
        sink.vulnerability(Vulnerability {
            id: id.to_owned(),
            description: reading::text(&self.description, DESCRIPTION_BYTES_MAX),
            cvss: self.cvss.clone(),
            references: self.references.clone(),
            published: self.published.and_then(reading::moment),
            ..Vulnerability::default()
        });
    }

    /// Returns the most particular priority: of the package in the release, of the package, of
    /// the flaw.
    fn urgency(&self, package: &str, line: &Line<'_>) -> Urgency {
        let particular = (!self.priorities.is_empty()).then(|| {
            let release = format!("{package}_{}", line.codename);
            self.priorities.get(release.as_str()).or_else(|| self.priorities.get(package)).copied()
        });
        priority(particular.flatten().unwrap_or(self.priority)).unwrap_or_default()
    }
}

/// Reads the lines about one package of one release, and leaves out what repeats.
fn judge<'l, 't>(
    id: &str,
    package: &str,
    lines: &'l [(Line<'t>, &str)],
    sink: &mut dyn Sink,
) -> Vec<(&'l Line<'t>, Verdict)> {
    let mut archive: Option<(&Line<'_>, Verdict)> = None;
    let mut channels: Vec<(&Line<'_>, Verdict, &str)> = Vec::new();
    for (line, text) in lines {
        match status::read(text) {
            Ok(None) => {}
            Ok(Some(verdict)) if line.channel.is_none() => archive = Some((line, verdict)),
            Ok(Some(verdict)) => channels.push((line, verdict, text)),
            Err(why) => {
                let channel = line.channel.as_ref().map(|channel| format!(" {channel}")).unwrap_or_default();
                sink.rejected(&format!("{id} {package} {}{channel}", line.codename), why);
            }
        }
    }
    let mut told = Vec::new();
    for (line, mut verdict, text) in channels {
        if verdict.state == StatementState::NotAffected {
            match archive.as_mut().map(|(_, archive)| archive) {
                Some(archive) if matches!(archive.state, StatementState::NotAffected | StatementState::Fixed(_)) => {
                    continue;
                }
                archive => match (archive, status::fixed_in_pro(text)) {
                    (Some(_), Some(version)) => verdict.state = StatementState::Fixed(version.to_owned()),
                    // Support has ended, or the team will not look; whoever did look found nothing.
                    (Some(archive), None)
                        if matches!(archive.state, StatementState::EndOfLife | StatementState::WillNotFix) =>
                    {
                        *archive = verdict;
                        continue;
                    }
                    _ => {}
                },
            }
        }
        if archive.as_ref().is_some_and(|(_, archive)| archive.state == verdict.state) {
            continue;
        }
        told.push((line, verdict));
    }
    told.extend(archive);
    told.sort_by_key(|(line, _)| *line);
    // A line that stands twice counts once, the last.
    told.reverse();
    told.dedup_by(|(a, _), (b, _)| a == b);
    told.reverse();
    told
}

fn first_word(text: &str) -> &str {
    text.split_ascii_whitespace().next().unwrap_or_default()
}

fn vector(word: &str) -> Option<CvssVector> {
    let word = reading::word(word, VECTOR_BYTES_MAX)?;
    let version = match word.split_once('/')?.0 {
        "CVSS:4.0" => CvssVersion::V4,
        "CVSS:3.1" => CvssVersion::V3_1,
        "CVSS:3.0" => CvssVersion::V3_0,
        _ => return None,
    };
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.".contains(&byte));
    plain.then(|| CvssVector { version, vector: word.to_owned(), source: FeedId::new(ID) })
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::read;

    const FIXTURE: &str = include_str!("../../fixtures/ubuntu-cve-tracker/CVE-2099-0001");
    const NAME: &str = "active/CVE-2099-0001";

    #[test]
    fn reads_every_state_of_the_fixture() {
        let recorder = read(&FEED, NAME, FIXTURE.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        rejected CVE-2099-0001 demo low: not a package name
        ubuntu:bionic demo-lib CVE-2099-0001 fixed 1.2-3ubuntu0.1 (medium)
        ubuntu:bionic demo-lib CVE-2099-0001 open (medium) channel fips
        rejected CVE-2099-0001 demo-lib focal: released, but not in a version
        ubuntu:jammy demo-lib CVE-2099-0001 open (medium) "a fix is prepared: 1.2-4"
        ubuntu:trusty demo-lib CVE-2099-0001 end-of-life (medium)
        ubuntu:trusty demo-lib CVE-2099-0001 fixed 1.0-1ubuntu2+esm1 (medium) channel esm-infra
        ubuntu:trusty demo-lib CVE-2099-0001 fixed 1.0-1ubuntu2+esm1 (medium) channel esm-infra-legacy
        ubuntu:xenial demo-lib CVE-2099-0001 not-affected (medium) "code not present"
        rejected CVE-2099-0001 demo-low bionic: unknown status
        ubuntu:focal demo-low CVE-2099-0001 end-of-life (low) "superseded by demo-high"
        ubuntu:jammy demo-low CVE-2099-0001 open (low) "not yet triaged"
        ubuntu:noble demo-low CVE-2099-0001 postponed (negligible) "2099-02-01"
        flaw CVE-2099-0001 "A demo library overflows." cvss 3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H Advisory https://ubuntu.com/security/notices/USN-9001-1 Web https://example.org/fix Report https://bugs.example.org/1 published 2099-01-12T15:15:00Z
        "#);
    }

    #[test]
    fn only_files_about_flaws_are_read() {
        for name in
            ["active/CVE-2099-0001", "./active/CVE-2099-0001", "ubuntu-cve-tracker-master/retired/CVE-2099-0001"]
        {
            assert!(is_about_a_flaw(name), "{name}");
        }
        for name in [
            "active/00boilerplate",
            "ignored/CVE-2099-0001",
            "README",
            "CVE-2099-0001",
            "scripts/active.py",
            "root/subprojects/x/active/CVE-2099-0001",
            "test/okay/active/CVE-2099-0001",
        ] {
            assert!(!is_about_a_flaw(name), "{name}");
            assert_eq!(read(&FEED, name, b"\xff").unwrap().render(), "record 0\n");
        }
    }

    #[test]
    fn what_ends_early_names_no_flaw_or_less_of_it() {
        for cut in 0..FIXTURE.len() {
            let read = read(&FEED, NAME, &FIXTURE.as_bytes()[..cut]);
            assert!(read.is_err() || cut > "Candidate:".len(), "cut at {cut}");
        }
        let error = read(&FEED, NAME, b"Candidate:\n").map(|_| ()).unwrap_err().to_string();
        assert_eq!(
            error,
            "`active/CVE-2099-0001` is not a valid file of the Ubuntu CVE tracker: it has no `Candidate`"
        );
        let odd = read(&FEED, NAME, b"Candidate: CVE-2099-NNN1\nPriority: low\n").unwrap();
        assert_eq!(odd.render(), "record 1\nrejected CVE-2099-NNN1: not the id of a flaw\n");
    }

    #[test]
    fn every_bound_is_reached() {
        let lines: String = (0..=LINES_MAX).map(|n| format!("jammy_p{n}: needed\n")).collect();
        let error = read(&FEED, NAME, format!("Candidate: CVE-2099-0001\n{lines}").as_bytes()).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "`active/CVE-2099-0001` has more than 100000 lines about packages");
        let links: String = (0..=REFERENCES_MAX).map(|n| format!(" https://example.org/{n}\n")).collect();
        let vectors: String = (0..=VECTORS_MAX).map(|n| format!(" nvd: CVSS:3.1/X:{n}\n")).collect();
        let long = "x".repeat(DESCRIPTION_BYTES_MAX + 1);
        let text =
            format!("Candidate: CVE-2099-0001\nReferences:\n{links}CVSS:\n{vectors}Description:\n {long}\n {long}\n");
        let lines = read(&FEED, NAME, text.as_bytes()).unwrap().render();
        assert_eq!(lines.matches(" Web ").count(), REFERENCES_MAX);
        assert_eq!(lines.matches(" cvss ").count(), VECTORS_MAX);
        assert_eq!(lines.matches('x').count(), DESCRIPTION_BYTES_MAX + "example".matches('x').count() * REFERENCES_MAX);
    }
}
