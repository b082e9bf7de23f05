//! Reads `data/DSA/list` and `data/DLA/list`.
//!
//! ```text
//! [12 Feb 2025] DSA-5865-1 webkit2gtk - security update
//!     {CVE-2025-24143 CVE-2025-24150}
//!     [bookworm] - webkit2gtk 2.46.6-1~deb12u1
//!     [lenny] - demo <not-affected> (Vulnerable code not present)
//!     NOTE: fixed in testing at time of DSA
//! ```
//!
//! People have written these lists since 1997, so the white space varies, old lines carry a
//! grading in brackets, and some advisories (key changes, ends of support) are about no package.

use jiff::civil::Date;
use yagura_model::{FeedId, Statement, StatementState};

use super::ID;
use crate::catalogue::{Entry, ParseError, Sink};
use crate::debian::{grading, release_by_codename};
use crate::reading::{self, NOTE_BYTES_MAX};

const FORMAT: &str = "list of Debian advisories";

/// The longest line, in bytes. Kernel advisories name some hundred flaws in one line of 15 kB.
const LINE_BYTES_MAX: usize = 1 << 20;
/// The most advisories in one list; the DSA list has 6,500 in 2026.
const ADVISORIES_MAX: u64 = 1_000_000;
/// The most flaws of one advisory.
const FLAWS_MAX: usize = 8_192;
/// The most package lines of one advisory.
const PACKAGES_MAX: usize = 1_024;

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    parse_bounded(entry, sink, ADVISORIES_MAX)
}

fn parse_bounded(entry: &Entry<'_>, sink: &mut dyn Sink, advisories_max: u64) -> Result<(), ParseError> {
    // A list that was cut says so only by its last line.
    if !entry.bytes.ends_with(b"\n") {
        return Err(malformed(entry, 0, "it ends in the middle of a line"));
    }
    let mut current: Option<Advisory<'_>> = None;
    let mut advisories = 0;
    for (line, bytes) in (1_u64..).zip(entry.bytes.split(|&byte| byte == b'\n')) {
        if bytes.len() > LINE_BYTES_MAX {
            return Err(malformed(entry, line, "the line is longer than anything honest"));
        }
        // Names of reporters in notes are not always UTF-8; nothing that we read is anything else.
        let Ok(text) = str::from_utf8(bytes) else { continue };
        let text = text.trim_end();
        if text.starts_with('[') {
            if let Some(done) = current.take() {
                done.tell(sink);
            }
            let head = head(text).ok_or_else(|| malformed(entry, line, "not the head of an advisory"))?;
            advisories += 1;
            if advisories > advisories_max {
                return Err(ParseError::TooMany {
                    entry: entry.name.to_owned(),
                    what: "advisories",
                    limit: advisories_max,
                });
            }
            sink.record();
            if let Some(date) = reading::start_of(head.date) {
                sink.data_date(date);
            }
            current = Some(Advisory { id: head.id, flaws: Vec::new(), packages: Vec::new() });
        } else if let Some(advisory) = &mut current {
            if let Err(why) = advisory.line(text.trim_start()) {
                sink.rejected(&format!("{} line {line}", advisory.id), why);
            }
        } else if !text.is_empty() {
            return Err(malformed(entry, line, "a line before the first advisory"));
        }
    }
    match current {
        Some(done) => done.tell(sink),
        None => return Err(malformed(entry, 0, "it has no advisories")),
    }
    Ok(())
}

fn malformed(entry: &Entry<'_>, line: u64, why: &str) -> ParseError {
    let at = if line == 0 { String::new() } else { format!(" at line {line}") };
    ParseError::Malformed { entry: entry.name.to_owned(), format: FORMAT, at, why: why.to_owned() }
}

struct Head<'a> {
    date: Date,
    id: &'a str,
}

/// Reads `[12 Feb 2025] DSA-5865-1 webkit2gtk - security update`.
fn head(line: &str) -> Option<Head<'_>> {
    let (date, rest) = line.strip_prefix('[')?.split_once(']')?;
    let id = reading::id(rest.split_whitespace().next()?)?;
    let known = ["DSA-", "DLA-"].iter().any(|prefix| id.starts_with(prefix));
    known.then_some(Head { date: day(date)?, id })
}

/// Reads `12 Feb 2025`; early entries write `1 Apr 2003` or `01 April 2003`.
fn day(text: &str) -> Option<Date> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let mut words = text.split_whitespace();
    let day: i8 = words.next()?.parse().ok()?;
    let name = words.next()?.get(..3)?.to_ascii_lowercase();
    let month = (1_i8..).zip(MONTHS).find(|(_, month)| *month == name)?.0;
    let year: i16 = words.next()?.parse().ok()?;
    if words.next().is_some() {
        return None;
    }
    Date::new(year, month, day).ok()
}

/// One advisory while its lines go by.
struct Advisory<'a> {
    id: &'a str,
    flaws: Vec<&'a str>,
    packages: Vec<PackageLine<'a>>,
}

struct PackageLine<'a> {
    release: &'a str,
    package: &'a str,
    state: StatementState,
    urgency: &'a str,
    note: Option<&'a str>,
}

impl<'a> Advisory<'a> {
    fn line(&mut self, line: &'a str) -> Result<(), &'static str> {
        if let Some(flaws) = line.strip_prefix('{') {
            return self.flaws(flaws);
        }
        if line.starts_with('[') {
            if self.packages.len() == PACKAGES_MAX {
                return Err("more packages than are read");
            }
            self.packages.extend(package_line(line)?);
            return Ok(());
        }
        // Editors' remarks, and `- package version` (unstable, which the lists do not keep current).
        Ok(())
    }

    fn flaws(&mut self, text: &'a str) -> Result<(), &'static str> {
        let (inside, _) = text.split_once('}').ok_or("the list of flaws does not end")?;
        let mut odd = false;
        for word in inside.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
            if self.flaws.len() == FLAWS_MAX {
                return Err("more flaws than are read");
            }
            match reading::flaw_id(word) {
                Some(flaw) => self.flaws.push(flaw),
                None => odd = true,
            }
        }
        if odd { Err("a word among the flaws is not the id of one") } else { Ok(()) }
    }

    /// Tells what the advisory says of each flaw in each package.
    fn tell(self, sink: &mut dyn Sink) {
        for line in &self.packages {
            let Some(release) = release_by_codename(line.release) else { continue };
            for flaw in &self.flaws {
                // Only a fix is carried by the advisory.
                let fixes = matches!(line.state, StatementState::Fixed(_));
                sink.statement(Statement {
                    feed: FeedId::new(ID),
                    release: release.clone(),
                    package: line.package.to_owned(),
                    vulnerability: (*flaw).to_owned(),
                    state: line.state.clone(),
                    urgency: grading(line.urgency).urgency,
                    note: line.note.map(|note| reading::text(note, NOTE_BYTES_MAX)),
                    advisories: if fixes { vec![self.id.to_owned()] } else { Vec::new() },
                    ..Statement::default()
                });
            }
        }
    }
}

/// Reads `[bookworm] - webkit2gtk 2.46.6-1~deb12u1`, or a tag in place of the version. A tag that
/// says nothing about versions, such as `<no-dsa>`, gives nothing.
fn package_line(line: &str) -> Result<Option<PackageLine<'_>>, &'static str> {
    let (release, rest) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or("not a package line")?;
    release_by_codename(release).ok_or("not the code name of a release")?;
    let rest = rest.trim_start().strip_prefix('-').ok_or("not a package line")?.trim_start();
    let (package, rest) = rest.split_once([' ', '\t']).ok_or("a package without a version")?;
    let package = reading::package(package).ok_or("not a package name")?;
    let rest = rest.trim_start();
    let (what, remark) = match rest.split_once([' ', '\t']) {
        Some((what, remark)) => (what, remark.trim()),
        None => (rest, ""),
    };
    let remark = remark.strip_prefix('(').map_or(remark, |inside| inside.strip_suffix(')').unwrap_or(inside));
    let state = match what {
        "<not-affected>" => StatementState::NotAffected,
        "<end-of-life>" => StatementState::EndOfLife,
        "<unfixed>" => StatementState::Open,
        "<ignored>" => StatementState::WillNotFix,
        "<postponed>" => StatementState::Postponed,
        "<undetermined>" => StatementState::UnderInvestigation,
        tag if tag.starts_with('<') => return Ok(None),
        version => StatementState::Fixed(reading::version(version).ok_or("not a version")?.to_owned()),
    };
    // Until 2007 the remark was a grading and bug numbers: `(bug #332524; medium)`.
    let urgency = remark.split(';').map(str::trim).find(|word| matches!(*word, "low" | "medium" | "high"));
    let note = matches!(state, StatementState::Fixed(_)).then_some("").unwrap_or(remark);
    let note = Some(note).filter(|note| !note.is_empty());
    Ok(Some(PackageLine { release, package, state, urgency: urgency.unwrap_or_default(), note }))
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::{Recorder, read};

    const LIST: &str = include_str!("../../fixtures/debian-advisories/DSA-list");

    #[test]
    fn reads_every_kind_of_line() {
        let recorder = read(&FEED, "list", LIST.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 4
        date 2099-01-31T00:00:00Z
        rejected DSA-9003-1 line 2: a word among the flaws is not the id of one
        debian:bookworm demo-lib CVE-2099-0001 fixed 1.2-3+deb12u2 (not yet assigned) DSA-9003-1
        debian:bookworm demo-lib CVE-2099-0003 fixed 1.2-3+deb12u2 (not yet assigned) DSA-9003-1
        debian:bullseye demo-lib CVE-2099-0001 fixed 1.1-1+deb11u1 (not yet assigned) DSA-9003-1
        debian:bullseye demo-lib CVE-2099-0003 fixed 1.1-1+deb11u1 (not yet assigned) DSA-9003-1
        debian:bullseye demo-tool CVE-2099-0001 not-affected (not yet assigned) "Vulnerable code not present"
        debian:bullseye demo-tool CVE-2099-0003 not-affected (not yet assigned) "Vulnerable code not present"
        date 2099-01-20T00:00:00Z
        date 2099-01-19T00:00:00Z
        rejected DSA-9001-1 line 15: not the code name of a release
        rejected DSA-9001-1 line 16: a package without a version
        debian:bookworm demo-lib CVE-2099-0001 fixed 1.2-3+deb12u1 (medium) DSA-9001-1
        debian:buster demo-lib CVE-2099-0001 end-of-life (not yet assigned) "see DSA 8000"
        debian:jessie demo-lib CVE-2099-0001 open (not yet assigned) "backport too complicated"
        date 2099-01-18T00:00:00Z
        "#);
    }

    #[test]
    fn dates_of_all_ages() {
        for text in ["1 Apr 2003", "01 April 2003", " 01  apr 2003 "] {
            assert_eq!(day(text), Date::new(2003, 4, 1).ok(), "{text}");
        }
        for text in ["", "31 Feb 2003", "1 Foo 2003", "1 Apr 2003 late", "April 1st, 2003"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_list() {
        let refusal = |text: &str| read(&FEED, "list", text.as_bytes()).unwrap_err().to_string();
        assert_eq!(refusal(""), "`list` is not a valid list of Debian advisories: it ends in the middle of a line");
        assert_eq!(refusal("\n"), "`list` is not a valid list of Debian advisories: it has no advisories");
        let page = "<!DOCTYPE html>\n";
        assert_eq!(
            refusal(page),
            "`list` is not a valid list of Debian advisories at line 1: a line before the first advisory"
        );
        assert!(refusal("[1 Jan 2099] FOO-1\n").ends_with("at line 1: not the head of an advisory"));
        let cut = &LIST[..LIST.len() / 2];
        assert!(refusal(cut.trim_end()).ends_with("it ends in the middle of a line"));
    }

    #[test]
    fn every_bound_is_reached() {
        let entry = Entry { document: "DSA-list", name: "list", bytes: LIST.as_bytes() };
        let error = parse_bounded(&entry, &mut Recorder::default(), 3).unwrap_err();
        assert_eq!(error.to_string(), "`list` has more than 3 advisories");

        let long = format!("[1 Jan 2099] DSA-1-1 {}\n", "a".repeat(LINE_BYTES_MAX));
        let error = read(&FEED, "list", long.as_bytes()).unwrap_err().to_string();
        assert!(error.ends_with("the line is longer than anything honest"), "{error}");

        let flaws = vec!["CVE-2099-0001"; FLAWS_MAX + 1].join(" ");
        let crowded = format!("[1 Jan 2099] DSA-1-1 a\n\t{{{flaws}}}\n");
        let recorder = read(&FEED, "list", crowded.as_bytes()).unwrap();
        assert_eq!(recorder.lines[1], "rejected DSA-1-1 line 2: more flaws than are read");

        let packages = "\t[bookworm] - demo 1-1\n".repeat(PACKAGES_MAX + 1);
        let recorder = read(&FEED, "list", format!("[1 Jan 2099] DSA-1-1 a\n{packages}").as_bytes()).unwrap();
        assert_eq!(recorder.lines[1], "rejected DSA-1-1 line 1026: more packages than are read");
    }
}
