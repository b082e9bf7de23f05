//! The Exploit Prediction Scoring System (EPSS) by FIRST: how likely a flaw is to be exploited
//! within 30 days.
//!
//! The file is CSV without quotes. Its head grew over the years: `cve,epss` (until mid-2021),
//! then `percentile` as a third column, then (2022) a comment line with model and date.

use yagura_model::{Epss, Vulnerability};

use crate::catalogue::{Authority, DocumentSpec, Entry, FeedSpec, ParseError, Pick, Sink, Via};
use crate::reading::{self, ID_BYTES_MAX};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "epss";

const FORMAT: &str = "EPSS CSV";

/// The most rows; there are 313,000 in 2026.
const ROWS_MAX: u64 = 5_000_000;
/// The longest line, in bytes. Real ones have under 80.
const LINE_BYTES_MAX: usize = 512;

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Exploit Prediction Scoring System",
    licence: "EPSS, FIRST.org (free to use, attribution)",
    authority: Authority::Facts,
    speaks_of: &[],
    documents: &[DocumentSpec {
        name: "epss_scores-current.csv.gz",
        url: "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
        mirror: "epss/epss_scores-*.csv.gz",
        pick: Pick::Newest,
        via: Via::Direct,
        // 2 MB compressed, 10 MB plain in 2026.
        transfer_bytes_max: 64 << 20,
        content_bytes_max: 256 << 20,
        members_max: 1,
    }],
    // Published daily.
    fresh_days: 7,
    parse,
};

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    parse_bounded(entry, sink, ROWS_MAX)
}

fn parse_bounded(entry: &Entry<'_>, sink: &mut dyn Sink, rows_max: u64) -> Result<(), ParseError> {
    let malformed = |line: u64, why: &str| ParseError::Malformed {
        entry: entry.name.to_owned(),
        format: FORMAT,
        at: if line == 0 { String::new() } else { format!(" at line {line}") },
        why: why.to_owned(),
    };
    // A table that was cut says so only by its last line.
    if !entry.bytes.ends_with(b"\n") {
        return Err(malformed(0, "it ends in the middle of a line"));
    }
    let mut date = reading::date_in_name(entry.name);
    let mut columns = None;
    let mut rows = 0;
    for (number, bytes) in (1_u64..).zip(entry.bytes.split(|&byte| byte == b'\n')) {
        if bytes.len() > LINE_BYTES_MAX {
            return Err(malformed(number, "the line is longer than anything honest"));
        }
        let line = str::from_utf8(bytes).map_err(|_| malformed(number, "it is not UTF-8"))?.trim_end();
        if line.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix('#') {
            date = score_date(comment).or(date);
            continue;
        }
        let Some(columns) = columns else {
            columns = Some(Columns::read(line).ok_or_else(|| malformed(number, "not the head of the table"))?);
            continue;
        };
        rows += 1;
        if rows > rows_max {
            return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "rows", limit: rows_max });
        }
        sink.record();
        match columns.row(line) {
            Ok(vulnerability) => sink.vulnerability(vulnerability),
            Err(why) => sink.rejected(&format!("line {number}"), why),
        }
    }
    if rows == 0 {
        return Err(malformed(0, "it has no rows"));
    }
    if let Some(date) = date {
        sink.data_date(date);
    }
    Ok(())
}

/// Reads the date out of `model_version:v2025.03.14,score_date:2026-01-30T12:55:00Z`.
fn score_date(comment: &str) -> Option<jiff::Timestamp> {
    comment.split(',').find_map(|field| reading::timestamp(field.trim().strip_prefix("score_date:")?))
}

/// Which columns the table has.
#[derive(Debug, Clone, Copy)]
struct Columns {
    percentile: bool,
}

impl Columns {
    fn read(head: &str) -> Option<Self> {
        match head {
            "cve,epss" => Some(Self { percentile: false }),
            "cve,epss,percentile" => Some(Self { percentile: true }),
            _ => None,
        }
    }

    fn row(self, line: &str) -> Result<Vulnerability, &'static str> {
        let mut fields = line.split(',');
        let id = fields.next().and_then(reading::cve_id).ok_or("not a CVE id")?;
        let probability = fraction(fields.next()).ok_or("its probability is not between 0 and 1")?;
        // Tables of early 2021 have no percentile; 0 claims the least.
        let percentile = match self.percentile {
            true => fraction(fields.next()).ok_or("its percentile is not between 0 and 1")?,
            false => 0.0,
        };
        if fields.next().is_some() {
            return Err("more columns than the head");
        }
        let epss = Some(Epss { probability, percentile });
        Ok(Vulnerability { id: id.to_owned(), epss, ..Vulnerability::default() })
    }
}

fn fraction(field: Option<&str>) -> Option<f32> {
    let value: f32 = reading::word(field?, ID_BYTES_MAX)?.parse().ok()?;
    (0.0..=1.0).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{Recorder, read};

    const TABLE: &str = include_str!("../../fixtures/epss/epss_scores-2099-01-30.csv");

    #[test]
    fn reads_rows_and_rejects_single_ones() {
        let recorder = read(&FEED, "epss_scores-current.csv", TABLE.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 7
        flaw CVE-2099-0001 epss 0.65117 0.9981
        rejected line 4: its probability is not between 0 and 1
        rejected line 5: its percentile is not between 0 and 1
        rejected line 6: its percentile is not between 0 and 1
        rejected line 7: not a CVE id
        rejected line 8: more columns than the head
        flaw CVE-2099-0006 epss 0 1
        date 2099-01-30T12:55:00Z
        "#);
    }

    #[test]
    fn tables_of_2021_have_neither_date_nor_percentile() {
        let table = include_str!("../../fixtures/epss/epss_scores-2021-04-14.csv");
        let recorder = read(&FEED, "epss_scores-2021-04-14.csv", table.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 2
        flaw CVE-2099-0001 epss 0.65117 0
        flaw CVE-2099-0003 epss 0.04773 0
        date 2021-04-14T00:00:00Z
        "#);
    }

    #[test]
    fn dates_of_all_ages() {
        let date = |comment: &str| score_date(comment).map(|date| date.to_string());
        let old = "model_version:v2022.01.01,score_date:2022-02-04T00:00:00+0000";
        assert_eq!(date(old).as_deref(), Some("2022-02-04T00:00:00Z"));
        assert_eq!(date("model_version:v2022.01.01"), None);
    }

    #[test]
    fn refuses_what_is_not_the_table() {
        let refusal = |text: &str| read(&FEED, "t", text.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            refusal("cve,epss\nCVE-2099-0001,0.1"),
            "`t` is not a valid EPSS CSV: it ends in the middle of a line"
        );
        assert_eq!(refusal("cve,epss\n"), "`t` is not a valid EPSS CSV: it has no rows");
        assert_eq!(refusal("<html>\n"), "`t` is not a valid EPSS CSV at line 1: not the head of the table");
        let long = format!("#{}\n", "a".repeat(LINE_BYTES_MAX));
        assert_eq!(refusal(&long), "`t` is not a valid EPSS CSV at line 1: the line is longer than anything honest");
    }

    #[test]
    fn too_many_rows_are_refused() {
        let entry = Entry { document: "epss", name: "t", bytes: TABLE.as_bytes() };
        let error = parse_bounded(&entry, &mut Recorder::default(), 3).unwrap_err();
        assert_eq!(error.to_string(), "`t` has more than 3 rows");
    }
}
