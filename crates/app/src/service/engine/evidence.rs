//! What shows a finding, in the form in which the store keeps it: lines in both languages for
//! people, and the members that other programs ask for.

use serde_json::{Map, Value, json};
use yagura_model::finding::KernelVerdict;
use yagura_model::{Evidence, Language, LocalText, SettingEvidence, StatementState, VulnerabilityEvidence};

/// Returns the evidence as a JSON text.
pub(super) fn stored(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Vulnerability(evidence) => vulnerability(evidence),
        Evidence::Setting(evidence) => setting(evidence),
    }
    .to_string()
}

fn vulnerability(evidence: &VulnerabilityEvidence) -> Value {
    let packages: Vec<Value> = evidence
        .packages
        .iter()
        .map(|package| json!({"name": package.name, "version": package.version, "architecture": package.architecture}))
        .collect();
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            members.insert(name.to_owned(), value);
        }
    };
    put("kind", "vulnerability".into());
    put("cve", evidence.cve.clone().into());
    put("aliases", evidence.aliases.clone().into());
    put("advisories", evidence.advisories.clone().into());
    put("vendorUrl", evidence.vendor_url.clone().into());
    put("feed", evidence.feed.as_str().into());
    put("release", evidence.release.clone().into());
    put("sourcePackage", evidence.source.name.clone().into());
    put("installedVersion", evidence.source.version.clone().into());
    put("fixedVersion", fixed(&evidence.state).into());
    put("scheme", evidence.scheme.into());
    put("comparison", evidence.comparison.clone().into());
    put("note", evidence.note.clone().into());
    put("packages", packages.into());
    put("knownExploited", evidence.kev.is_some().into());
    put("references", evidence.references.iter().map(|reference| reference.url.clone()).collect());
    put("lines", lines(&vulnerability_lines(evidence)));
    Value::Object(members)
}

fn fixed(state: &StatementState) -> Option<String> {
    match state {
        StatementState::Fixed(version) => Some(version.clone()),
        _ => None,
    }
}

fn vulnerability_lines(evidence: &VulnerabilityEvidence) -> Vec<LocalText> {
    let release = &evidence.release;
    let feed = evidence.feed.as_str();
    let mut lines = vec![LocalText::new(
        format!("{feed} says of `{}` in {release}: {}", evidence.source.name, evidence.comparison),
        format!("{feed} による {release} の `{}` の情報: {}", evidence.source.name, evidence.comparison),
    )];
    let packages: Vec<String> =
        evidence.packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect();
    lines.push(LocalText::new(
        format!("installed: {}", packages.join(", ")),
        format!("導入済み: {}", packages.join("、")),
    ));
    if let Some(advisory) = evidence.advisories.first() {
        lines.push(LocalText::new(format!("advisory: {advisory}"), format!("アドバイザリー: {advisory}")));
    }
    lines.extend(evidence.kernel.as_ref().map(kernel_line));
    if let Some(kev) = &evidence.kev {
        lines.push(LocalText::new(
            format!("known to be exploited (CISA KEV, added {})", kev.added),
            format!("悪用が確認されています (CISA KEV、{} 追加)", kev.added),
        ));
    }
    lines
}

fn kernel_line(verdict: &KernelVerdict) -> LocalText {
    match verdict {
        KernelVerdict::Running { release } => LocalText::new(
            format!("about the running kernel {release}"),
            format!("稼働中のカーネル {release} について"),
        ),
        KernelVerdict::RebootPending { running, installed } => LocalText::new(
            format!("a repaired kernel {installed} is installed, but {running} still runs: reboot"),
            format!("修正済みのカーネル {installed} が導入されていますが、{running} が稼働中です。再起動してください"),
        ),
        KernelVerdict::WouldBoot { release } => LocalText::new(
            format!("about the kernel {release}, which would boot"),
            format!("起動するはずのカーネル {release} について"),
        ),
    }
}

fn setting(evidence: &SettingEvidence) -> Value {
    let shown: Vec<LocalText> = evidence
        .observations
        .iter()
        .map(|observation| {
            let place = observation.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
            let note = |language| {
                observation.note.as_ref().map(|note| format!(" ({})", note.get(language))).unwrap_or_default()
            };
            LocalText::new(
                format!("{place}{}{}", observation.found, note(Language::English)),
                format!("{place}{}{}", observation.found, note(Language::Japanese)),
            )
        })
        .collect();
    json!({"kind": "setting", "lines": lines(&shown)})
}

fn lines(texts: &[LocalText]) -> Value {
    texts.iter().map(|text| json!({"en": text.en, "ja": text.ja})).collect()
}
