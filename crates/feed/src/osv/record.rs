//! The schema, borrowed from the document.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::catalogue::{Entry, ParseError};
use crate::json::{List, Str, malformed};
use crate::reading;

const FORMAT: &str = "OSV record";

/// The most bytes of one record. SUSE's largest have 10 MB.
pub(crate) const RECORD_BYTES_MAX: usize = 16 << 20;
/// The most packages of one record. Red Hat's largest advisory names 2,699, SUSE's 20,000.
pub(crate) const AFFECTED_MAX: usize = 65_536;
/// The most flaws of one advisory. Kernel advisories name several hundred.
pub(crate) const FLAWS_MAX: usize = 8_192;
/// The most ranges of one package, and events of one range.
pub(super) const RANGES_MAX: usize = 1_024;
/// The most single versions of one package. The longest list of an npm package has 6,000.
pub(super) const VERSIONS_MAX: usize = 16_384;
/// The most references that are read; the largest record, of Red Hat, has 2,417.
const REFERENCES_MAX: usize = 4_096;
/// The most other ids that are read.
const ALIASES_MAX: usize = 256;
/// The most CVSS vectors that are read in one list.
pub(super) const SEVERITIES_MAX: usize = 16;

/// One record.
#[derive(Debug, Deserialize)]
pub(crate) struct Record<'a> {
    #[serde(borrow)]
    pub(crate) id: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) modified: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) published: Option<Str<'a>>,
    /// Set where the record says that what it said was wrong.
    #[serde(borrow, default)]
    pub(crate) withdrawn: Option<Str<'a>>,
    /// Other ids of the same flaw.
    #[serde(borrow, default)]
    pub(crate) aliases: List<Str<'a>, ALIASES_MAX>,
    /// What this record was derived from: the flaws of an advisory, since schema 1.7.
    #[serde(borrow, default)]
    pub(crate) upstream: List<Str<'a>, FLAWS_MAX>,
    /// What else belongs to it: the flaws of an advisory, before that.
    #[serde(borrow, default)]
    pub(crate) related: List<Str<'a>, FLAWS_MAX>,
    #[serde(borrow, default)]
    pub(crate) summary: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) details: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) severity: List<Severity<'a>, SEVERITIES_MAX>,
    #[serde(borrow, default)]
    pub(crate) affected: List<Affected<'a>, AFFECTED_MAX>,
    #[serde(borrow, default)]
    pub(crate) references: List<Link<'a>, REFERENCES_MAX>,
    #[serde(borrow, default)]
    pub(crate) database_specific: Option<&'a RawValue>,
}

/// How grave it is, by one scale.
#[derive(Debug, Deserialize)]
pub(crate) struct Severity<'a> {
    /// `CVSS_V3`, `CVSS_V4`, `Ubuntu` …
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Str<'a>,
    #[serde(borrow)]
    pub(crate) score: Str<'a>,
}

/// Where to read more.
#[derive(Debug, Deserialize)]
pub(crate) struct Link<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Str<'a>,
    /// Empty in a third of SUSE's records.
    #[serde(borrow, default)]
    pub(crate) url: Str<'a>,
}

/// What it is about.
#[derive(Debug, Deserialize)]
pub(crate) struct Affected<'a> {
    /// Absent where only a Git repository is named.
    #[serde(borrow, default)]
    pub(crate) package: Option<Package<'a>>,
    #[serde(borrow, default)]
    pub(crate) severity: List<Severity<'a>, SEVERITIES_MAX>,
    #[serde(borrow, default)]
    pub(crate) ranges: List<Range<'a>, RANGES_MAX>,
    /// Single versions; beside ranges they repeat them.
    #[serde(borrow, default)]
    pub(crate) versions: List<Str<'a>, VERSIONS_MAX>,
    #[serde(borrow, default)]
    pub(crate) ecosystem_specific: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) database_specific: Option<&'a RawValue>,
}

/// A package; both name parts are empty where a purl alone describes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Package<'a> {
    /// `Red Hat:enterprise_linux:8::baseos`, `AlmaLinux:9`, `PyPI`.
    #[serde(borrow, default)]
    pub(crate) ecosystem: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) name: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) purl: Option<Str<'a>>,
}

/// A run of versions.
#[derive(Debug, Deserialize)]
pub(crate) struct Range<'a> {
    /// `ECOSYSTEM`, `SEMVER` or `GIT`.
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) events: List<Event<'a>, RANGES_MAX>,
}

/// Where a run begins or ends. One key each by the schema; old records have two in one object.
#[derive(Debug, Deserialize)]
pub(crate) struct Event<'a> {
    #[serde(borrow, default)]
    pub(crate) introduced: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) fixed: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) last_affected: Option<Str<'a>>,
}

impl<'a> Record<'a> {
    /// Lists the CVE ids that the record names as its flaws: `aliases`, `upstream` and `related`,
    /// each once, in the order of the record.
    pub(crate) fn flaws(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let named = self.aliases.items.iter().chain(&self.upstream.items).chain(&self.related.items);
        named.filter_map(|named| reading::cve_id(named)).filter(|id| seen.insert(*id)).collect()
    }
}

/// Reads a record.
///
/// # Errors
/// The entry is no OSV record, or has more bytes, packages or flaws than anything honest.
pub(crate) fn read<'a>(entry: &Entry<'a>) -> Result<Record<'a>, ParseError> {
    let too_many = |what, limit: usize| ParseError::TooMany {
        entry: entry.name.to_owned(),
        what,
        limit: limit.try_into().unwrap_or(u64::MAX),
    };
    if entry.bytes.len() > RECORD_BYTES_MAX {
        return Err(too_many("bytes", RECORD_BYTES_MAX));
    }
    let record: Record<'a> =
        serde_json::from_slice(entry.bytes).map_err(|error| malformed(entry.name, FORMAT, &error))?;
    if record.affected.over {
        return Err(too_many("affected packages", AFFECTED_MAX));
    }
    if record.upstream.over || record.related.over {
        return Err(too_many("related flaws", FLAWS_MAX));
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<usize, String> {
        let entry = Entry { document: "all.zip", name: "t", bytes: text.as_bytes() };
        read(&entry).map(|record| record.affected.items.len()).map_err(|error| error.to_string())
    }

    #[test]
    fn strings_are_borrowed_and_extras_stay_raw() {
        let text = r#"{"id":"X-1","affected":[{"package":{"ecosystem":"E:1","name":"n","purl":"pkg:rpm/n"},
            "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1"}],"database_specific":{"a":1}}],
            "versions":["0.1"],"ecosystem_specific":{"b": 2}}],"database_specific":{"c":[3]},"unknown":null}"#;
        let record = read(&Entry { document: "d", name: "t", bytes: text.as_bytes() }).unwrap();
        let affected = &record.affected.items[0];
        assert_eq!(affected.ecosystem_specific.unwrap().get(), r#"{"b": 2}"#);
        assert_eq!(record.database_specific.unwrap().get(), r#"{"c":[3]}"#);
        assert_eq!(affected.package.as_ref().unwrap().purl.as_deref(), Some("pkg:rpm/n"));
    }

    #[test]
    fn flaws_come_from_every_list_once() {
        let text = r#"{"id":"X-1","aliases":["CVE-2099-0003","GHSA-a"],"upstream":["CVE-2099-0002"],
            "related":["CVE-2099-0001","CVE-2099-0002","GO-2099-1"]}"#;
        let record = read(&Entry { document: "d", name: "t", bytes: text.as_bytes() }).unwrap();
        assert_eq!(record.flaws(), ["CVE-2099-0003", "CVE-2099-0002", "CVE-2099-0001"]);
    }

    #[test]
    fn every_bound_is_reached() {
        let list = |item: &str, count: usize| vec![item; count].join(",");
        let affected = |count| format!(r#"{{"id":"X-1","affected":[{}]}}"#, list("{}", count));
        assert_eq!(read_text(&affected(AFFECTED_MAX)), Ok(AFFECTED_MAX));
        assert_eq!(read_text(&affected(AFFECTED_MAX + 1)).unwrap_err(), "`t` has more than 65536 affected packages");
        for key in ["related", "upstream"] {
            let flaws = format!(r#"{{"id":"X-1","{key}":[{}]}}"#, list(r#""CVE-2099-0001""#, FLAWS_MAX + 1));
            assert_eq!(read_text(&flaws).unwrap_err(), "`t` has more than 8192 related flaws");
        }
        assert_eq!(read_text(&" ".repeat(RECORD_BYTES_MAX + 1)).unwrap_err(), "`t` has more than 16777216 bytes");
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let whole = r#"{"id":"X-1","affected":[{"ranges":[]}]}"#;
        assert!((0..whole.len()).all(|cut| read_text(&whole[..cut]).is_err()));
        assert!(read_text("{}").is_err() && read_text("[]").is_err() && read_text(r#"{"id":1}"#).is_err());
    }
}
