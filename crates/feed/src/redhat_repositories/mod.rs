//! Which products a repository of Red Hat carries: `repository-to-cpe.json`.
//!
//! A host knows the ids of its repositories (`rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2`);
//! statements name channels (`eus:9.2`). This document is the only bridge between them. It says
//! nothing of flaws, so it is no feed by itself: [`read`] gives its rows to whoever keeps them.
//!
//! Repositories of debug symbols and of source packages are left out; no package that is judged
//! comes from them.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;
use yagura_model::ReleaseKey;

use crate::catalogue::{DocumentSpec, Entry, ParseError, Pick, Via};
use crate::json::{List, Str, malformed};
use crate::reading;
use crate::rpm_family::{Place, place_of_cpe};

/// Where it is published.
pub const DOCUMENT: DocumentSpec = DocumentSpec {
    name: "repository-to-cpe.json",
    url: "https://security.access.redhat.com/data/meta/v1/repository-to-cpe.json",
    via: Via::Direct,
    mirror: "redhat/repository-to-cpe.json.zst",
    pick: Pick::Newest,
    // 3 MB in 2025.
    transfer_bytes_max: 64 << 20,
    content_bytes_max: 64 << 20,
    members_max: 1,
};

/// The most repositories; there are 10,106 in 2025.
pub const REPOSITORIES_MAX: usize = 200_000;
/// The most CPEs of one repository; the widest has 30.
const CPES_MAX: usize = 256;

const FORMAT: &str = "repository-to-CPE JSON";

/// A repository and what it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryPlaces {
    /// Its id, as dnf and the subscription name it.
    pub repository: String,
    /// Releases and their channels, as statements name them; a channel of `None` is the release
    /// itself. Empty for products of no one release.
    pub places: Vec<(ReleaseKey, Option<String>)>,
}

/// What was read besides the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// All repositories, those left out included.
    pub repositories: usize,
    /// Rows that could not be understood.
    pub rejected: usize,
    /// When upstream changed it last.
    pub updated: Option<Timestamp>,
}

/// Shows each repository of the document.
///
/// # Errors
/// It is not the document, ends early, or has more than [`REPOSITORIES_MAX`] repositories; what
/// was shown before must not be used.
pub fn read(entry: &Entry<'_>, visit: &mut dyn FnMut(RepositoryPlaces)) -> Result<Summary, ParseError> {
    read_bounded(entry, REPOSITORIES_MAX, visit)
}

fn read_bounded(
    entry: &Entry<'_>,
    repositories_max: usize,
    visit: &mut dyn FnMut(RepositoryPlaces),
) -> Result<Summary, ParseError> {
    let mut walk = Walk { visit, summary: Summary::default(), repositories_max, found: false };
    let mut deserializer = serde_json::Deserializer::from_slice(entry.bytes);
    let outcome = Root(&mut walk).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    if walk.summary.repositories > repositories_max {
        let limit = repositories_max.try_into().unwrap_or(u64::MAX);
        return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "repositories", limit });
    }
    outcome.map_err(|error| malformed(entry.name, FORMAT, &error))?;
    if !walk.found {
        let (entry, at) = (entry.name.to_owned(), String::new());
        return Err(ParseError::Malformed { entry, format: FORMAT, at, why: "it has no `data`".to_owned() });
    }
    Ok(walk.summary)
}

struct Walk<'v> {
    visit: &'v mut dyn FnMut(RepositoryPlaces),
    summary: Summary,
    repositories_max: usize,
    found: bool,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow, default)]
    cpes: List<Str<'a>, CPES_MAX>,
}

impl Walk<'_> {
    fn row(&mut self, repository: &str, raw: &RawValue) {
        let side = ["-debug-rpms", "-source-rpms"].iter().any(|part| repository.contains(part));
        if side {
            return;
        }
        let row: Result<Row<'_>, _> = serde_json::from_str(raw.get());
        let (Some(repository), Ok(row)) = (reading::package(repository), row) else {
            self.summary.rejected += 1;
            return;
        };
        let places: BTreeSet<Place> = row.cpes.items.iter().filter_map(|cpe| place_of_cpe(cpe, None)).collect();
        let places = places.into_iter().map(|place| (place.release, place.channel)).collect();
        (self.visit)(RepositoryPlaces { repository: repository.to_owned(), places });
    }
}

/// Visits the outer object.
struct Root<'w, 'v>(&'w mut Walk<'v>);

impl<'de> DeserializeSeed<'de> for Root<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Root<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `data`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Str<'de>>()? {
            match &*key {
                "data" => {
                    self.0.found = true;
                    map.next_value_seed(Rows(self.0))?;
                }
                "last_updated" => {
                    let date = map.next_value::<Option<Str<'de>>>()?;
                    self.0.summary.updated = date.as_deref().and_then(reading::timestamp);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Visits `data`: one repository at a time.
struct Rows<'w, 'v>(&'w mut Walk<'v>);

impl<'de> DeserializeSeed<'de> for Rows<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of repositories")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(repository) = map.next_key::<Str<'de>>()? {
            self.0.summary.repositories += 1;
            if self.0.summary.repositories > self.0.repositories_max {
                return Err(A::Error::custom("too many repositories"));
            }
            let raw: &'de RawValue = map.next_value()?;
            self.0.row(&repository, raw);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const DOCUMENT: &str = r#"{"data": {
        "rhel-9-for-x86_64-baseos-rpms": {"cpes": ["cpe:/o:redhat:enterprise_linux:9::baseos"], "repo_relative_urls": ["content/dist"]},
        "rhel-9-for-x86_64-appstream-eus-rpms__9_DOT_2": {"cpes": ["cpe:/a:redhat:rhel_eus:9.2::appstream", "cpe:/a:redhat:enterprise_linux:9::appstream", "cpe:/a:redhat:rhel_eus:9.2::crb"]},
        "rhel-9-for-x86_64-baseos-debug-rpms": {"cpes": ["cpe:/o:redhat:enterprise_linux:9::baseos"]},
        "rhel-9-for-x86_64-baseos-source-rpms": {"cpes": []},
        "a product of no release": {"cpes": []},
        "3scale-amp-2.1-rpms": {"cpes": ["cpe:/a:redhat:3scale_amp:2"]},
        "broken": {"cpes": 7}}, "last_updated": "2099-01-31T00:00:00Z", "more": [1]}"#;

    fn rows(text: &str, max: usize) -> Result<(Vec<RepositoryPlaces>, Summary), String> {
        let mut rows = Vec::new();
        let entry = Entry { document: "d", name: "t", bytes: text.as_bytes() };
        let summary = read_bounded(&entry, max, &mut |row| rows.push(row)).map_err(|error| error.to_string())?;
        Ok((rows, summary))
    }

    #[test]
    fn repositories_lead_to_channels() {
        let (rows, summary) = rows(DOCUMENT, 9).unwrap();
        let mut text = String::new();
        for row in rows {
            let places = row.places.iter().map(|(key, channel)| format!("{key}/{}", channel.as_deref().unwrap_or("-")));
            writeln!(text, "{} {}", row.repository, places.collect::<Vec<_>>().join(" ")).unwrap();
        }
        insta::assert_snapshot!(text, @r"
        rhel-9-for-x86_64-baseos-rpms redhat:9/-
        rhel-9-for-x86_64-appstream-eus-rpms__9_DOT_2 redhat:9/- redhat:9/eus:9.2
        3scale-amp-2.1-rpms
        ");
        assert_eq!((summary.repositories, summary.rejected), (7, 2));
        assert_eq!(summary.updated.unwrap().to_string(), "2099-01-31T00:00:00Z");
    }

    #[test]
    fn what_is_not_the_document_is_refused() {
        assert!((0..DOCUMENT.len()).all(|cut| rows(&DOCUMENT[..cut], 9).is_err()));
        assert_eq!(rows(DOCUMENT, 3).unwrap_err(), "`t` has more than 3 repositories");
        assert!(rows("{}", 9).unwrap_err().contains("it has no `data`"));
        assert!(rows(r#"{"data":[]}"#, 9).is_err());
    }
}
