//! Turns a record in YAML into the same record in JSON.
//!
//! The parts are typed as texts, so that a version like `1.10` stays what it is and never becomes
//! a number.

use serde::{Deserialize, Serialize};

use crate::catalogue::{Entry, ParseError};
use crate::reading;

const FORMAT: &str = "OSV YAML";

/// The most bytes of one record. The longest has 60 kB.
pub(super) const RECORD_BYTES_MAX: usize = 4 << 20;
/// The most scalars, lists and mappings of one record; long lists of versions have 2,000.
pub(super) const NODES_MAX: usize = 100_000;
/// The deepest nesting. The schema has seven levels.
const DEPTH_MAX: usize = 24;

#[derive(Deserialize, Serialize)]
struct Record {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    details: Option<String>,
    #[serde(default)]
    severity: Vec<Severity>,
    #[serde(default)]
    affected: Vec<Affected>,
    #[serde(default)]
    references: Vec<Link>,
}

#[derive(Deserialize, Serialize)]
struct Severity {
    #[serde(rename = "type")]
    kind: String,
    score: String,
}

#[derive(Deserialize, Serialize)]
struct Link {
    #[serde(rename = "type")]
    kind: String,
    url: String,
}

#[derive(Deserialize, Serialize)]
struct Affected {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    package: Option<Package>,
    #[serde(default)]
    severity: Vec<Severity>,
    #[serde(default)]
    ranges: Vec<Range>,
    #[serde(default)]
    versions: Vec<String>,
}

#[derive(Deserialize, Serialize)]
struct Package {
    #[serde(default)]
    ecosystem: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize, Serialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize, Serialize)]
struct Event {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    introduced: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fixed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_affected: Option<String>,
}

/// Reads YAML and writes JSON.
pub(super) fn to_json(entry: &Entry<'_>) -> Result<Vec<u8>, ParseError> {
    let malformed = |why: String| ParseError::Malformed {
        entry: entry.name.to_owned(),
        format: FORMAT,
        at: String::new(),
        why: reading::text(&why, reading::NOTE_BYTES_MAX),
    };
    if entry.bytes.len() > RECORD_BYTES_MAX {
        let limit = RECORD_BYTES_MAX.try_into().unwrap_or(u64::MAX);
        return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "bytes", limit });
    }
    let text = str::from_utf8(entry.bytes).map_err(|error| malformed(error.to_string()))?;
    let record: Record =
        serde_saphyr::from_str_with_options(text, options()).map_err(|error| malformed(error.to_string()))?;
    serde_json::to_vec(&record).map_err(|error| malformed(error.to_string()))
}

/// A record needs neither anchors nor merges, and they make small documents large.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_aliases: 0,
            max_anchors: 0,
            max_merge_keys: 0,
            max_documents: 1,
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: 4 * NODES_MAX,
        },
        with_snippet: false,
    }
}
