//! CycloneDX 1.6 JSON: what is installed, and what is known to be wrong with it.
//!
//! The serial number is made of the document's content, so that the same assessment gives the
//! same document. See `docs/report/cyclonedx.md`.

use jiff::Timestamp;
use yagura_model::{
    Assessment, CvssVersion, Finding, Language, Package, Severity, Snapshot, StatementState, VulnerabilityEvidence,
};

use self::shape::{
    Advisory, Affected, AffectedVersion, Analysis, Bom, Component, Metadata, Property, Rating, Source, ToolComponent,
    Tools, Vulnerability, VulnerabilityReference,
};
use crate::{RenderError, inventory, sarif, tool, words};

mod shape;

/// The schema that the document names.
const SCHEMA: &str = "http://cyclonedx.org/schema/bom-1.6.schema.json";

/// The reference of the host itself.
const HOST_REF: &str = "host";

/// Renders the packages and the findings that are about packages.
pub(crate) fn render(assessment: &Assessment, language: Language) -> Result<String, RenderError> {
    let mut bom = bom(&assessment.snapshot, assessment.ended_at);
    let vulnerabilities = assessment
        .findings
        .iter()
        .filter_map(|finding| {
            Some(vulnerability(&assessment.snapshot, finding, words::vulnerability(finding)?, language))
        })
        .collect();
    bom.vulnerabilities = Some(vulnerabilities);
    finish(bom)
}

/// Renders the packages alone.
pub(crate) fn inventory(snapshot: &Snapshot, now: Timestamp) -> Result<String, RenderError> {
    finish(bom(snapshot, now))
}

fn finish(mut bom: Bom<'_>) -> Result<String, RenderError> {
    let hash = xxhash_rust::xxh3::xxh3_128(&serde_json::to_vec(&bom)?);
    // Version 8 of RFC 9562: the bits are ours to choose.
    let uuid = uuid::Builder::from_custom_bytes(hash.to_be_bytes()).into_uuid();
    bom.serial_number = Some(uuid.urn().to_string());
    let mut json = serde_json::to_string_pretty(&bom)?;
    json.push('\n');
    Ok(json)
}

fn bom(snapshot: &Snapshot, now: Timestamp) -> Bom<'_> {
    Bom {
        schema: SCHEMA,
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: None,
        version: 1,
        metadata: Metadata {
            timestamp: tool::rfc3339(now),
            tools: Tools {
                components: [ToolComponent { kind: "application", name: tool::NAME, version: tool::VERSION }],
            },
            component: Component {
                kind: "device",
                bom_ref: HOST_REF.to_owned(),
                name: words::host_name(snapshot, Language::English),
                version: None,
                purl: None,
                properties: host_properties(snapshot),
            },
        },
        components: operating_system(snapshot).into_iter().chain(packages(snapshot)).collect(),
        vulnerabilities: None,
    }
}

fn host_properties(snapshot: &Snapshot) -> Vec<Property> {
    let mut properties = Vec::new();
    let mut add = |name, value: &Option<String>| properties.extend(value.as_ref().map(|value| property(name, value)));
    add("yagura:host:machineId", &snapshot.host.machine_id);
    add("yagura:host:architecture", &snapshot.host.architecture);
    add("yagura:host:kernel", &snapshot.kernel.running);
    properties
}

fn operating_system(snapshot: &Snapshot) -> Option<Component<'_>> {
    let release = snapshot.release.as_ref()?;
    Some(Component {
        kind: "operating-system",
        bom_ref: "operating-system".to_owned(),
        name: if release.distribution.is_empty() { "unknown" } else { &release.distribution },
        version: release.version.as_deref(),
        purl: None,
        properties: vec![property("yagura:release:name", &release.pretty_name)],
    })
}

fn packages(snapshot: &Snapshot) -> impl Iterator<Item = Component<'_>> {
    let present = snapshot.packages.iter().enumerate().filter(|(_, package)| package.is_present());
    present.map(|(position, package)| {
        let mut properties = vec![
            property("yagura:source:name", &package.source.name),
            property("yagura:source:version", &package.source.version),
            property("yagura:origin", &inventory::origin(&package.origin)),
            property("yagura:record", &package.record.to_string()),
        ];
        let status = package.status.to_string();
        if status != "install ok installed" {
            properties.push(property("yagura:status", &status));
        }
        Component {
            kind: "library",
            bom_ref: package_ref(position),
            name: &package.name,
            version: Some(&package.version),
            purl: purl(snapshot, package),
            properties,
        }
    })
}

/// References count records, because two records may share name, version and architecture.
fn package_ref(position: usize) -> String {
    format!("package-{position}")
}

/// The package URL; `None` for a name that no package URL can hold.
fn purl(snapshot: &Snapshot, package: &Package) -> Option<String> {
    let release = snapshot.release.as_ref();
    let distribution = release.map_or("debian", |release| release.distribution.as_str());
    let mut purl = packageurl::PackageUrl::new("deb", package.name.as_str()).ok()?;
    // A package of somebody else's is not the distribution's, whatever it runs on.
    if !package.origin.is_foreign() {
        purl.with_namespace(distribution).ok()?;
    }
    purl.with_version(package.version.as_str()).ok()?;
    if !package.architecture.is_empty() {
        purl.add_qualifier("arch", package.architecture.as_str()).ok()?;
    }
    let number = release.and_then(|release| release.version.as_deref().or(release.codename.as_deref()));
    if let Some(number) = number {
        purl.add_qualifier("distro", format!("{distribution}-{number}")).ok()?;
    }
    Some(purl.to_string())
}

fn property(name: &'static str, value: &str) -> Property {
    Property { name, value: value.to_owned() }
}

fn vulnerability<'a>(
    snapshot: &'a Snapshot,
    finding: &'a Finding,
    evidence: &'a VulnerabilityEvidence,
    language: Language,
) -> Vulnerability<'a> {
    let vendor = evidence.vendor_url.as_deref().and_then(words::web_address).map(sarif::uri);
    let web = evidence.references.iter().filter_map(|reference| words::web_address(&reference.url));
    let mut advisories: Vec<Advisory> = Vec::new();
    for url in vendor.iter().cloned().chain(web.map(sarif::uri)) {
        if advisories.iter().all(|known| known.url != url) {
            advisories.push(Advisory { url });
        }
    }
    Vulnerability {
        bom_ref: format!("finding-{}", finding.key),
        id: &evidence.cve,
        source: Source { name: evidence.feed.as_str(), url: vendor },
        references: evidence
            .aliases
            .iter()
            .map(|id| VulnerabilityReference { id, source: Source { name: evidence.feed.as_str(), url: None } })
            .collect(),
        ratings: ratings(finding, evidence, language),
        description: finding.description.get(language),
        recommendation: finding.recommendation.get(language),
        advisories,
        analysis: analysis(evidence, language),
        affects: affects(snapshot, evidence),
        properties: facts(finding, evidence),
    }
}

fn ratings<'a>(finding: &'a Finding, evidence: &'a VulnerabilityEvidence, language: Language) -> Vec<Rating<'a>> {
    let ours = Rating {
        source: Source { name: tool::NAME, url: None },
        score: None,
        severity: match finding.severity {
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
            Severity::Informational => "info",
            Severity::Undefined => "unknown",
        },
        method: "other",
        vector: None,
        justification: Some(finding.severity_reason.get(language)),
    };
    let theirs = evidence.cvss.iter().map(|(vector, score)| Rating {
        source: Source { name: vector.source.as_str(), url: None },
        score: Some(*score),
        severity: cvss_severity(vector.version, *score),
        method: match vector.version {
            CvssVersion::V2 => "CVSSv2",
            CvssVersion::V3_0 => "CVSSv3",
            CvssVersion::V3_1 => "CVSSv31",
            CvssVersion::V4 => "CVSSv4",
        },
        vector: Some(&vector.vector),
        justification: None,
    });
    std::iter::once(ours).chain(theirs).collect()
}

/// The standard's own words: version 2 has neither `none` nor `critical`.
fn cvss_severity(version: CvssVersion, score: f64) -> &'static str {
    match score {
        score if score >= 9.0 && version != CvssVersion::V2 => "critical",
        score if score >= 7.0 => "high",
        score if score >= 4.0 => "medium",
        score if score > 0.0 || version == CvssVersion::V2 => "low",
        _ => "none",
    }
}

/// What is known of exploitability and answer. A version that matched says nothing about
/// whether this host can be attacked, so a state is given only where the vendor gave one.
fn analysis(evidence: &VulnerabilityEvidence, language: Language) -> Analysis {
    let (state, response) = match &evidence.state {
        StatementState::NotAffected => (Some("not_affected"), None),
        StatementState::UnderInvestigation => (Some("in_triage"), None),
        StatementState::Fixed(_) => (None, Some(["update"])),
        StatementState::WillNotFix => (None, Some(["will_not_fix"])),
        StatementState::Affected(_) | StatementState::Open | StatementState::Postponed | StatementState::EndOfLife => {
            (None, None)
        }
    };
    let kernel = evidence.kernel.as_ref().map(|verdict| words::kernel(verdict, language));
    let said = [Some(evidence.state.text().get(language).to_owned()), Some(evidence.comparison.clone()), kernel];
    let detail: Vec<_> = said.into_iter().chain([evidence.note.clone()]).flatten().collect();
    Analysis { state, response, detail: detail.join("; ") }
}

/// The packages by their references; a package that the snapshot does not list is left out.
fn affects(snapshot: &Snapshot, evidence: &VulnerabilityEvidence) -> Vec<Affected> {
    let records = snapshot.packages.iter().enumerate().filter(|(_, package)| package.is_present());
    records
        .filter(|(_, record)| {
            evidence
                .packages
                .iter()
                .any(|package| package.name == record.name && package.architecture == record.architecture)
        })
        .map(|(position, record)| Affected {
            reference: package_ref(position),
            versions: [AffectedVersion { version: record.version.clone(), status: "affected" }],
        })
        .collect()
}

fn facts(finding: &Finding, evidence: &VulnerabilityEvidence) -> Vec<Property> {
    let mut facts = vec![
        property("yagura:key", &finding.key.0),
        property("yagura:state", evidence.state.word()),
        property("yagura:source:name", &evidence.source.name),
        property("yagura:source:version", &evidence.source.version),
        property("yagura:release", &evidence.release),
    ];
    facts.extend(words::fixed_version(evidence).map(|version| property("yagura:fixedVersion", version)));
    facts.extend(evidence.advisories.iter().map(|advisory| property("yagura:advisory", advisory)));
    if let Some(kev) = &evidence.kev {
        facts.push(property("yagura:kev:added", &kev.added.to_string()));
    }
    if let Some(epss) = evidence.epss {
        facts.push(property("yagura:epss:probability", &format!("{:.5}", epss.probability)));
    }
    facts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::fixture;

    fn rendered(assessment: &Assessment) -> Value {
        let mut bom: Value = serde_json::from_str(&render(assessment, Language::English).unwrap()).unwrap();
        // Whether members keep their order is decided by what else is in the build; a comparison must not.
        bom.sort_all_objects();
        bom
    }

    #[test]
    fn a_component_has_a_package_url_with_architecture_and_release() {
        let bom = rendered(&fixture::assessment());
        let purls: Vec<_> =
            bom["components"].as_array().unwrap().iter().filter_map(|part| part["purl"].as_str()).collect();
        insta::assert_snapshot!(purls.join("\n"), @r"
        pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12
        pkg:deb/google-chrome-stable@131.0.6778.85-1?arch=amd64&distro=debian-12
        pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64&distro=debian-12
        pkg:deb/debian/linux-image-6.1.0-28-amd64@6.1.119-1?arch=amd64&distro=debian-12
        pkg:deb/debian/openssl@3.0.15-1~deb12u1?arch=amd64&distro=debian-12
        pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12
        ");
    }

    #[test]
    fn a_removed_package_is_no_component() {
        let bom = rendered(&fixture::assessment());
        assert!(bom["components"].as_array().unwrap().iter().all(|part| part["name"] != "nano"));
    }

    #[test]
    fn a_vulnerability_has_ratings_and_refers_to_components() {
        let bom = rendered(&fixture::assessment());
        let vulnerability = bom["vulnerabilities"][0].clone();
        insta::assert_snapshot!(serde_json::to_string_pretty(&vulnerability).unwrap(), @r#"
        {
          "advisories": [
            {
              "url": "https://security-tracker.debian.org/tracker/CVE-2026-10001"
            },
            {
              "url": "https://www.openssl.org/news/secadv/"
            },
            {
              "url": "https://github.com/openssl/openssl/commit/0a1b"
            }
          ],
          "affects": [
            {
              "ref": "package-2",
              "versions": [
                {
                  "status": "affected",
                  "version": "3.0.15-1~deb12u1"
                }
              ]
            },
            {
              "ref": "package-5",
              "versions": [
                {
                  "status": "affected",
                  "version": "3.0.15-1~deb12u1"
                }
              ]
            }
          ],
          "analysis": {
            "detail": "fix available; 3.0.15-1~deb12u1 < 3.0.17-1~deb12u2 (dpkg)",
            "response": [
              "update"
            ]
          },
          "bom-ref": "finding-k1openssl001",
          "description": "A crafted handshake lets a peer bypass certificate verification. Every TLS client on the host trusts the attacker.",
          "id": "CVE-2026-10001",
          "properties": [
            {
              "name": "yagura:key",
              "value": "k1openssl001"
            },
            {
              "name": "yagura:state",
              "value": "fixed"
            },
            {
              "name": "yagura:source:name",
              "value": "openssl"
            },
            {
              "name": "yagura:source:version",
              "value": "3.0.15-1~deb12u1"
            },
            {
              "name": "yagura:release",
              "value": "debian:bookworm"
            },
            {
              "name": "yagura:fixedVersion",
              "value": "3.0.17-1~deb12u2"
            },
            {
              "name": "yagura:advisory",
              "value": "DSA-6001-1"
            },
            {
              "name": "yagura:kev:added",
              "value": "2026-11-03"
            },
            {
              "name": "yagura:epss:probability",
              "value": "0.94210"
            }
          ],
          "ratings": [
            {
              "justification": "known to be exploited (CISA KEV)",
              "method": "other",
              "severity": "high",
              "source": {
                "name": "Yagura"
              }
            },
            {
              "method": "CVSSv31",
              "score": 9.8,
              "severity": "critical",
              "source": {
                "name": "debian-osv"
              },
              "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
            }
          ],
          "recommendation": "Upgrade openssl to 3.0.17-1~deb12u2 or later: apt-get install --only-upgrade libssl3 openssl",
          "references": [
            {
              "id": "GHSA-aaaa-bbbb-cccc",
              "source": {
                "name": "debian-tracker"
              }
            }
          ],
          "source": {
            "name": "debian-tracker",
            "url": "https://security-tracker.debian.org/tracker/CVE-2026-10001"
          }
        }
        "#);
        let references: BTreeSet<_> =
            bom["components"].as_array().unwrap().iter().map(|part| part["bom-ref"].as_str().unwrap()).collect();
        for affected in
            bom["vulnerabilities"].as_array().unwrap().iter().flat_map(|one| one["affects"].as_array().unwrap())
        {
            assert!(references.contains(affected["ref"].as_str().unwrap()));
        }
    }

    #[test]
    fn the_serial_number_follows_the_content_and_nothing_else() {
        let assessment = fixture::assessment();
        let first = rendered(&assessment);
        assert_eq!(first, rendered(&assessment));
        insta::assert_snapshot!(first["serialNumber"].as_str().unwrap().get(..9).unwrap(), @"urn:uuid:");
        let mut changed = assessment;
        changed.snapshot.packages[0].version.push('1');
        assert_ne!(first["serialNumber"], rendered(&changed)["serialNumber"]);
    }

    #[test]
    fn a_bill_of_materials_alone_has_no_vulnerabilities() {
        let json = inventory(&fixture::snapshot(), Timestamp::UNIX_EPOCH).unwrap();
        let bom: Value = serde_json::from_str(&json).unwrap();
        assert!(bom.get("vulnerabilities").is_none());
        assert_eq!(bom["metadata"]["timestamp"], "1970-01-01T00:00:00Z");
        assert_eq!(bom["components"].as_array().unwrap().len(), 7);
    }

    #[test]
    fn a_name_that_no_package_url_can_hold_is_still_listed() {
        let mut snapshot = fixture::snapshot();
        snapshot.packages[0].name = String::new();
        let bom: Value = serde_json::from_str(&inventory(&snapshot, Timestamp::UNIX_EPOCH).unwrap()).unwrap();
        assert_eq!(bom["components"][1]["name"], "");
        assert!(bom["components"][1].get("purl").is_none());
    }
}
