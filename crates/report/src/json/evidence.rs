//! What shows a finding, as JSON.

use serde::Serialize;
use yagura_model::finding::{AffectedPackage, KernelVerdict};
use yagura_model::{CvssVector, Epss, Kev, Language, Reference, ReferenceKind, SettingEvidence, VulnerabilityEvidence};

use super::absolute;
use crate::words;

/// A finding's `evidence`.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Member<'a> {
    /// Of a CVE finding.
    Vulnerability(Box<Vulnerability<'a>>),
    /// Of a setting finding.
    Setting(Setting<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Vulnerability<'a> {
    kind: &'static str,
    cve: &'a str,
    aliases: &'a [String],
    advisory: Option<&'a str>,
    advisories: &'a [String],
    vendor_url: Option<&'a str>,
    feed: &'a str,
    release: &'a str,
    package: Option<&'a str>,
    packages: Vec<Package<'a>>,
    source_package: &'a str,
    installed_version: &'a str,
    fixed_version: Option<&'a str>,
    state: &'static str,
    urgency: &'static str,
    note: Option<&'a str>,
    scheme: &'static str,
    comparison: &'a str,
    /// The line of support that carries the fix and that the host lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    entitlement: Option<&'a str>,
    kernel: Option<Kernel<'a>>,
    cvss: Vec<Cvss<'a>>,
    epss: Option<EpssMember>,
    kev: Option<KevMember<'a>>,
    references: Vec<ReferenceMember<'a>>,
}

#[derive(Serialize)]
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    status: Option<&'a str>,
    /// Where a package of a language lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
}

#[derive(Serialize)]
struct Kernel<'a> {
    verdict: &'static str,
    running: Option<&'a str>,
    installed: Option<&'a str>,
    text: String,
}

#[derive(Serialize)]
struct Cvss<'a> {
    version: &'static str,
    score: f64,
    vector: &'a str,
    source: &'a str,
}

#[derive(Serialize)]
struct EpssMember {
    probability: f64,
    percentile: f64,
}

#[derive(Serialize)]
struct KevMember<'a> {
    added: String,
    due: Option<String>,
    ransomware: bool,
    action: &'a str,
}

#[derive(Serialize)]
struct ReferenceMember<'a> {
    kind: &'static str,
    url: &'a str,
}

/// Renders the evidence of a CVE finding.
pub(super) fn vulnerability(evidence: &VulnerabilityEvidence, language: Language) -> Member<'_> {
    Member::Vulnerability(Box::new(Vulnerability {
        kind: "vulnerability",
        cve: &evidence.cve,
        aliases: &evidence.aliases,
        advisory: evidence.advisories.first().or(evidence.vendor_url.as_ref()).map(String::as_str),
        advisories: &evidence.advisories,
        vendor_url: evidence.vendor_url.as_deref(),
        feed: evidence.feed.as_str(),
        release: &evidence.release,
        package: evidence.packages.first().map(|package| package.name.as_str()),
        packages: evidence.packages.iter().map(package).collect(),
        source_package: &evidence.source.name,
        installed_version: &evidence.source.version,
        fixed_version: words::fixed_version(evidence),
        state: evidence.state.word(),
        urgency: evidence.urgency.word(),
        note: evidence.note.as_deref(),
        scheme: evidence.scheme,
        comparison: &evidence.comparison,
        entitlement: evidence.entitlement.as_deref(),
        kernel: evidence.kernel.as_ref().map(|verdict| kernel(verdict, language)),
        cvss: evidence.cvss.iter().map(cvss).collect(),
        epss: evidence.epss.map(epss),
        kev: evidence.kev.as_ref().map(kev),
        references: evidence.references.iter().map(reference).collect(),
    }))
}

fn package(package: &AffectedPackage) -> Package<'_> {
    Package {
        name: &package.name,
        version: &package.version,
        architecture: &package.architecture,
        status: package.status.as_deref(),
        place: package.place.as_deref(),
    }
}

fn kernel(verdict: &KernelVerdict, language: Language) -> Kernel<'_> {
    let (running, installed) = match verdict {
        KernelVerdict::Running { release } => (Some(release.as_str()), None),
        KernelVerdict::RebootPending { running, installed } => (Some(running.as_str()), Some(installed.as_str())),
        KernelVerdict::WouldBoot { release } => (None, Some(release.as_str())),
    };
    Kernel { verdict: words::kernel_word(verdict), running, installed, text: words::kernel(verdict, language) }
}

fn cvss((vector, score): &(CvssVector, f64)) -> Cvss<'_> {
    Cvss { version: vector.version.number(), score: *score, vector: &vector.vector, source: vector.source.as_str() }
}

fn epss(epss: Epss) -> EpssMember {
    EpssMember { probability: decimal(epss.probability), percentile: decimal(epss.percentile) }
}

/// The nearest number with five decimals, as the feed prints them: 0.9421, not
/// 0.9420999884605408.
fn decimal(value: f32) -> f64 {
    (f64::from(value) * 100_000.0).round() / 100_000.0
}

fn kev(kev: &Kev) -> KevMember<'_> {
    KevMember {
        added: kev.added.to_string(),
        due: kev.due.map(|due| due.to_string()),
        ransomware: kev.ransomware,
        action: &kev.action,
    }
}

fn reference(reference: &Reference) -> ReferenceMember<'_> {
    let kind = match reference.kind {
        ReferenceKind::Advisory => "advisory",
        ReferenceKind::Fix => "fix",
        ReferenceKind::Report => "report",
        ReferenceKind::Evidence => "evidence",
        ReferenceKind::Article => "article",
        ReferenceKind::Web => "web",
    };
    ReferenceMember { kind, url: &reference.url }
}

#[derive(Serialize)]
pub(super) struct Setting<'a> {
    kind: &'static str,
    observations: Vec<ObservationMember<'a>>,
}

#[derive(Serialize)]
struct ObservationMember<'a> {
    path: Option<String>,
    line: Option<u32>,
    found: &'a str,
    note: Option<&'a str>,
}

/// Renders the evidence of a setting finding.
pub(super) fn setting(evidence: &SettingEvidence, language: Language) -> Member<'_> {
    Member::Setting(Setting {
        kind: "setting",
        observations: evidence
            .observations
            .iter()
            .map(|seen| ObservationMember {
                path: seen.place.as_ref().map(absolute),
                line: seen.place.as_ref().and_then(|place| place.line),
                found: &seen.found,
                note: seen.note.as_ref().map(|note| note.get(language)),
            })
            .collect(),
    })
}
