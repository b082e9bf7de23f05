//! CISA's catalogue of known exploited vulnerabilities (KEV): flaws that are used in attacks.
//!
//! CISA publishes it as JSON and as CSV; a mirror may hold either.

mod table;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::value::RawValue;
use yagura_model::{Kev, Vulnerability};

use crate::catalogue::{Authority, DocumentSpec, Entry, FeedSpec, ParseError, Pick, Sink, Via};
use crate::json::{List, Str, malformed, reason};
use crate::reading::{self, DESCRIPTION_BYTES_MAX, ID_BYTES_MAX, NOTE_BYTES_MAX};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "cisa-kev";

const FORMAT: &str = "KEV catalogue";

/// The most entries; there are 1,700 in 2026.
const ENTRIES_MAX: usize = 200_000;

/// The most kinds of weakness of one entry; real ones have under 10.
const CWES_MAX: usize = 64;

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "CISA known exploited vulnerabilities",
    licence: "CISA, CC0 1.0",
    authority: Authority::Facts,
    speaks_of: &[],
    documents: &[DocumentSpec {
        name: "known_exploited_vulnerabilities.json",
        url: "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
        mirror: "cisa-kev/known_exploited_vulnerabilities.json",
        pick: Pick::Newest,
        via: Via::Direct,
        transfer_bytes_max: 64 << 20,
        content_bytes_max: 64 << 20,
        members_max: 1,
    }],
    // The catalogue's date moves only when CISA adds an entry: mostly several times a week,
    // at times not for ten days.
    fresh_days: 14,
    parse,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Catalogue<'a> {
    #[serde(borrow, default)]
    date_released: Option<Str<'a>>,
    #[serde(default)]
    count: Option<u64>,
    #[serde(borrow)]
    vulnerabilities: List<&'a RawValue, ENTRIES_MAX>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exploited<'a> {
    #[serde(borrow, rename = "cveID")]
    cve_id: Str<'a>,
    #[serde(borrow)]
    date_added: Str<'a>,
    #[serde(borrow, default)]
    due_date: Option<Str<'a>>,
    #[serde(borrow, default)]
    short_description: Option<Str<'a>>,
    #[serde(borrow, default)]
    required_action: Option<Str<'a>>,
    #[serde(borrow, default)]
    known_ransomware_campaign_use: Option<Str<'a>>,
    #[serde(borrow, default)]
    cwes: List<Str<'a>, CWES_MAX>,
}

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    if entry.bytes.trim_ascii_start().first() != Some(&b'{') {
        return table::parse(entry, sink);
    }
    let catalogue: Catalogue<'_> =
        serde_json::from_slice(entry.bytes).map_err(|error| malformed(entry.name, FORMAT, &error))?;
    let entries = &catalogue.vulnerabilities;
    if entries.over {
        let limit = ENTRIES_MAX.try_into().unwrap_or(u64::MAX);
        return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "entries", limit });
    }
    if let Some(date) = catalogue.date_released.as_deref().and_then(reading::timestamp) {
        sink.data_date(date);
    }
    let found = entries.items.len();
    if catalogue.count.is_some_and(|count| usize::try_from(count) != Ok(found)) {
        sink.rejected(
            "count",
            &format!("the catalogue counts {} entries and has {found}", catalogue.count.unwrap_or(0)),
        );
    }
    for (number, raw) in entries.items.iter().enumerate() {
        sink.record();
        match serde_json::from_str::<Exploited<'_>>(raw.get()) {
            Ok(exploited) => take(&exploited.fields(), sink),
            Err(error) => sink.rejected(&format!("entry {}", number + 1), &reason(&error)),
        }
    }
    Ok(())
}

/// An entry of either form.
struct Fields<'a> {
    cve_id: &'a str,
    date_added: &'a str,
    due_date: &'a str,
    short_description: &'a str,
    required_action: &'a str,
    ransomware: &'a str,
    cwes: Vec<&'a str>,
}

impl Exploited<'_> {
    fn fields(&self) -> Fields<'_> {
        Fields {
            cve_id: &self.cve_id,
            date_added: &self.date_added,
            due_date: self.due_date.as_deref().unwrap_or_default(),
            short_description: self.short_description.as_deref().unwrap_or_default(),
            required_action: self.required_action.as_deref().unwrap_or_default(),
            ransomware: self.known_ransomware_campaign_use.as_deref().unwrap_or_default(),
            cwes: self.cwes.items.iter().map(|cwe| &**cwe).collect(),
        }
    }
}

fn take(fields: &Fields<'_>, sink: &mut dyn Sink) {
    match vulnerability(fields) {
        Ok(vulnerability) => sink.vulnerability(vulnerability),
        Err(why) => sink.rejected(&reading::text(fields.cve_id, ID_BYTES_MAX), why),
    }
}

fn vulnerability(fields: &Fields<'_>) -> Result<Vulnerability, &'static str> {
    let id = reading::cve_id(fields.cve_id).ok_or("not a CVE id")?;
    let added: Date = fields.date_added.parse().map_err(|_| "its date is not a date")?;
    Ok(Vulnerability {
        id: id.to_owned(),
        description: reading::text(fields.short_description, DESCRIPTION_BYTES_MAX),
        cwes: fields.cwes.iter().filter_map(|cwe| reading::cwe_id(cwe)).collect(),
        kev: Some(Kev {
            added,
            due: fields.due_date.parse().ok(),
            ransomware: fields.ransomware == "Known",
            action: reading::text(fields.required_action, NOTE_BYTES_MAX),
        }),
        ..Vulnerability::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::read;

    const CATALOGUE: &str = include_str!("../../fixtures/cisa-kev/known_exploited_vulnerabilities.json");

    #[test]
    fn reads_entries_and_rejects_single_ones() {
        let recorder = read(&FEED, "kev.json", CATALOGUE.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 5
        date 2099-01-31T15:00:00.1234Z
        flaw CVE-2099-0001 "Demo's library contains an overflow." CWE-787 kev 2099-01-30 due Some(2099-02-20) ransomware true "Apply updates per vendor instructions."
        flaw CVE-2099-0005 "An old entry." kev 2098-01-30 due None ransomware false "Apply updates."
        rejected CVE-2099-0006: its date is not a date
        rejected nothing: not a CVE id
        rejected entry 5: missing field `cveID`
        "#);
    }

    #[test]
    fn a_wrong_count_is_said() {
        let recorder = read(&FEED, "kev.json", br#"{"count":2,"vulnerabilities":[]}"#).unwrap();
        assert_eq!(recorder.render(), "record 0\nrejected count: the catalogue counts 2 entries and has 0\n");
    }

    #[test]
    fn refuses_what_ends_early_or_is_something_else() {
        for cut in 0..CATALOGUE.trim_end().len() {
            assert!(read(&FEED, "t", &CATALOGUE.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        assert!(read(&FEED, "t", b"{}").is_err());
    }

    #[test]
    fn too_many_entries_are_refused() {
        let entries = vec!["0"; ENTRIES_MAX + 1].join(",");
        let error = read(&FEED, "t", format!(r#"{{"vulnerabilities":[{entries}]}}"#).as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "`t` has more than 200000 entries");
    }
}
