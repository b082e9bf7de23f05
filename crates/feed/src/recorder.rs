//! A sink for tests: writes down what a parser says, one line each.

use std::fmt::Write as _;

use jiff::Timestamp;
use yagura_model::{AffectedRange, Names, RangeEnd, ReleaseKey, Ssvc, Statement, StatementState, Vulnerability};

use crate::catalogue::{Entry, FeedSpec, ParseError, Sink};

#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) records: u64,
    pub(crate) lines: Vec<String>,
}

/// Reads one entry that stands in the feed's first document.
pub(crate) fn read(feed: &FeedSpec, name: &str, bytes: &[u8]) -> Result<Recorder, ParseError> {
    let mut recorder = Recorder::default();
    let document = feed.documents.first().map_or("", |document| document.name);
    (feed.parse)(&Entry { document, name, bytes }, &mut recorder).map(|()| recorder)
}

impl Recorder {
    pub(crate) fn render(&self) -> String {
        let mut text = format!("record {}\n", self.records);
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

impl Sink for Recorder {
    fn record(&mut self) {
        self.records += 1;
    }

    fn statement(&mut self, told: Statement) {
        let mut line = format!("{} {} {} {}", told.release, told.package, told.vulnerability, told.state.word());
        if let StatementState::Affected(ranges) = &told.state {
            for AffectedRange { introduced, end } in ranges {
                let introduced = introduced.as_deref().unwrap_or("..");
                match end {
                    RangeEnd::Fixed(version) => write!(line, " [{introduced}, {version})").unwrap(),
                    RangeEnd::LastAffected(version) => write!(line, " [{introduced}, {version}]").unwrap(),
                    RangeEnd::Open => write!(line, " [{introduced}, ..").unwrap(),
                }
            }
        }
        if let StatementState::Fixed(version) = &told.state {
            write!(line, " {version}").unwrap();
        }
        write!(line, " ({})", told.urgency.word()).unwrap();
        if told.names == Names::Binary {
            line.push_str(" binary");
        }
        for (what, scope) in [("channel", &told.channel), ("module", &told.module)] {
            if let Some(scope) = scope {
                write!(line, " {what} {scope}").unwrap();
            }
        }
        if let Some(note) = &told.note {
            write!(line, " \"{note}\"").unwrap();
        }
        for advisory in &told.advisories {
            write!(line, " {advisory}").unwrap();
        }
        self.lines.push(line);
    }

    fn vulnerability(&mut self, flaw: Vulnerability) {
        let mut line = format!("flaw {}", flaw.id);
        if !flaw.description.is_empty() {
            write!(line, " \"{}\"", flaw.description).unwrap();
        }
        for alias in &flaw.aliases {
            write!(line, " alias {alias}").unwrap();
        }
        for covered in &flaw.covers {
            write!(line, " covers {covered}").unwrap();
        }
        for cwe in &flaw.cwes {
            write!(line, " {cwe}").unwrap();
        }
        if let Some(Ssvc { exploitation, automatable, technical_impact }) = &flaw.ssvc {
            write!(line, " ssvc {exploitation}/{automatable}/{technical_impact}").unwrap();
        }
        for cvss in &flaw.cvss {
            write!(line, " cvss {} {}", cvss.version.number(), cvss.vector).unwrap();
        }
        for reference in &flaw.references {
            write!(line, " {:?} {}", reference.kind, reference.url).unwrap();
        }
        if let Some(kev) = &flaw.kev {
            write!(line, " kev {} due {:?} ransomware {} \"{}\"", kev.added, kev.due, kev.ransomware, kev.action)
                .unwrap();
        }
        if let Some(epss) = &flaw.epss {
            write!(line, " epss {} {}", epss.probability, epss.percentile).unwrap();
        }
        for (what, date) in [("published", flaw.published), ("modified", flaw.modified)] {
            if let Some(date) = date {
                write!(line, " {what} {date}").unwrap();
            }
        }
        self.lines.push(line);
    }

    fn release(&mut self, release: ReleaseKey) {
        self.lines.push(format!("release {release}"));
    }

    fn data_date(&mut self, date: Timestamp) {
        self.lines.push(format!("date {date}"));
    }

    fn rejected(&mut self, record: &str, why: &str) {
        self.lines.push(format!("rejected {record}: {why}"));
    }
}
