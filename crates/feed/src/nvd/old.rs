//! Reads one flaw of a feed of version 1.1.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::document::{ENTRIES_MAX, InLanguage, Link, Score, Told};
use crate::json::{List, Str, reason};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    #[serde(borrow)]
    cve: Cve<'a>,
    #[serde(borrow, default)]
    impact: Impact<'a>,
    #[serde(borrow, default)]
    published_date: Option<Str<'a>>,
    #[serde(borrow, default)]
    last_modified_date: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Cve<'a> {
    #[serde(borrow, rename = "CVE_data_meta")]
    meta: Meta<'a>,
    #[serde(borrow, default)]
    description: Descriptions<'a>,
    #[serde(borrow, default)]
    problemtype: ProblemTypes<'a>,
    #[serde(borrow, default)]
    references: References<'a>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "ID")]
    id: Str<'a>,
}

#[derive(Deserialize, Default)]
struct Descriptions<'a> {
    #[serde(borrow, default)]
    description_data: List<InLanguage<'a>, ENTRIES_MAX>,
}

#[derive(Deserialize, Default)]
struct ProblemTypes<'a> {
    #[serde(borrow, default)]
    problemtype_data: List<ProblemType<'a>, ENTRIES_MAX>,
}

#[derive(Deserialize)]
struct ProblemType<'a> {
    #[serde(borrow, default)]
    description: List<InLanguage<'a>, ENTRIES_MAX>,
}

#[derive(Deserialize, Default)]
struct References<'a> {
    #[serde(borrow, default)]
    reference_data: List<Link<'a>, ENTRIES_MAX>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Impact<'a> {
    #[serde(borrow, default)]
    base_metric_v3: Option<V3<'a>>,
    #[serde(borrow, default)]
    base_metric_v2: Option<V2<'a>>,
}

#[derive(Deserialize)]
struct V3<'a> {
    #[serde(borrow, rename = "cvssV3")]
    score: Score<'a>,
}

#[derive(Deserialize)]
struct V2<'a> {
    #[serde(borrow, rename = "cvssV2")]
    score: Score<'a>,
}

pub(super) fn read(raw: &RawValue) -> Result<Told<'_>, String> {
    let item: Item<'_> = serde_json::from_str(raw.get()).map_err(|error| reason(&error))?;
    let v3 = item.impact.base_metric_v3.map(|metric| metric.score.vector_string);
    let v2 = item.impact.base_metric_v2.map(|metric| metric.score.vector_string);
    let kinds = item.cve.problemtype.problemtype_data.items.into_iter().flat_map(|kind| kind.description.items);
    Ok(Told {
        id: item.cve.meta.id,
        published: item.published_date,
        modified: item.last_modified_date,
        descriptions: item.cve.description.description_data,
        vectors: v3.into_iter().chain(v2).collect(),
        weaknesses: kinds.map(|text| text.value).collect(),
        references: item.cve.references.reference_data,
    })
}
