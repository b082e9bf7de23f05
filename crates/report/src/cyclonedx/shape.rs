//! The members of a CycloneDX document that we write, in the standard’s words.

use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bom<'a> {
    #[serde(rename = "$schema")]
    pub(super) schema: &'static str,
    pub(super) bom_format: &'static str,
    pub(super) spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) serial_number: Option<String>,
    pub(super) version: u32,
    pub(super) metadata: Metadata<'a>,
    pub(super) components: Vec<Component<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vulnerabilities: Option<Vec<Vulnerability<'a>>>,
}

#[derive(Serialize)]
pub(super) struct Metadata<'a> {
    pub(super) timestamp: String,
    pub(super) tools: Tools,
    pub(super) component: Component<'a>,
}

#[derive(Serialize)]
pub(super) struct Tools {
    pub(super) components: [ToolComponent; 1],
}

#[derive(Serialize)]
pub(super) struct ToolComponent {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

#[derive(Serialize)]
pub(super) struct Component<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "bom-ref")]
    pub(super) bom_ref: String,
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purl: Option<String>,
    pub(super) properties: Vec<Property>,
}

#[derive(Serialize)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) value: String,
}

#[derive(Serialize)]
pub(super) struct Vulnerability<'a> {
    #[serde(rename = "bom-ref")]
    pub(super) bom_ref: String,
    pub(super) id: &'a str,
    pub(super) source: Source<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) references: Vec<VulnerabilityReference<'a>>,
    pub(super) ratings: Vec<Rating<'a>>,
    pub(super) description: &'a str,
    pub(super) recommendation: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) advisories: Vec<Advisory>,
    pub(super) analysis: Analysis,
    pub(super) affects: Vec<Affected>,
    pub(super) properties: Vec<Property>,
}

#[derive(Serialize)]
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
}

#[derive(Serialize)]
pub(super) struct VulnerabilityReference<'a> {
    pub(super) id: &'a str,
    pub(super) source: Source<'a>,
}

#[derive(Serialize)]
pub(super) struct Rating<'a> {
    pub(super) source: Source<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) score: Option<f64>,
    pub(super) severity: &'static str,
    pub(super) method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vector: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) justification: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Advisory {
    pub(super) url: String,
}

#[derive(Serialize)]
pub(super) struct Analysis {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<[&'static str; 1]>,
    pub(super) detail: String,
}

#[derive(Serialize)]
pub(super) struct Affected {
    #[serde(rename = "ref")]
    pub(super) reference: String,
    pub(super) versions: [AffectedVersion; 1],
}

#[derive(Serialize)]
pub(super) struct AffectedVersion {
    pub(super) version: String,
    pub(super) status: &'static str,
}
