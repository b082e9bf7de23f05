//! Makes texts of hosts and feeds harmless before any format sees them.
//!
//! A package field, a host name or a feed's description may hold terminal escapes, direction
//! overrides that make `gpj.exe` read as `exe.jpg`, or invisible characters that make two names
//! look alike. Each such character becomes U+FFFD, so that a reader sees that something was
//! there. Markup and quoting are the formats' own business.

use std::borrow::Cow;

use yagura_model::finding::KernelVerdict;
use yagura_model::{
    Assessment, Evidence, Finding, LocalText, Origin, Package, SettingEvidence, Snapshot, SourceLine, StatementState,
    Virtualization, VulnerabilityEvidence,
};

/// The most characters that a text may have; longer ones are cut and end in `…`. It is the API's
/// own limit for titles, descriptions and recommendations.
pub(crate) const TEXT_CHARS_MAX: usize = 20_000;

/// Stands where a harmful character was.
const REPLACEMENT: char = '\u{fffd}';

/// Returns `text` as one harmless line.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    replace(text, |c| match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
        other => other,
    })
}

/// Returns `text` as harmless lines.
fn block(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        return Cow::Owned(block(&text.replace("\r\n", "\n").replace('\r', "\n")).into_owned());
    }
    replace(text, |c| match c {
        '\t' => ' ',
        '\u{2028}' | '\u{2029}' => '\n',
        other => other,
    })
}

fn replace(text: &str, space: impl Fn(char) -> char) -> Cow<'_, str> {
    let keep = |c: char| space(c) == c && !is_harmful(c);
    if text.len() <= TEXT_CHARS_MAX && text.chars().all(keep) {
        return Cow::Borrowed(text);
    }
    let mut characters = text.chars();
    let mut clean: String = characters
        .by_ref()
        .take(TEXT_CHARS_MAX)
        .map(|c| {
            let c = space(c);
            if is_harmful(c) { REPLACEMENT } else { c }
        })
        .collect();
    if characters.next().is_some() {
        clean.pop();
        clean.push('…');
    }
    Cow::Owned(clean)
}

/// Tells whether a character can act on a terminal, a page's reading direction, or the eye.
pub(crate) const fn is_harmful(c: char) -> bool {
    matches!(
        c,
        // Controls: escape sequences begin here. The line feed is a block's own.
        '\0'..='\u{9}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Direction marks, embeddings, overrides and isolates.
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // Invisible characters, line separators, annotations, tags.
        | '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2064}'
        | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Makes an assessment harmless, in place.
pub(crate) fn assessment(clean: &mut Assessment) {
    snapshot(&mut clean.snapshot);
    for coverage in &mut clean.coverage {
        if let Some(feed) = &mut coverage.feed {
            one(&mut feed.0);
        }
        coverage.reason.iter_mut().for_each(local);
    }
    for exclusion in &mut clean.exclusions {
        one(&mut exclusion.subject);
        local(&mut exclusion.reason);
        exclusion.place.iter_mut().for_each(place);
    }
    clean.findings.iter_mut().for_each(finding);
    for upgrade in &mut clean.upgrades {
        one(&mut upgrade.source);
        one(&mut upgrade.installed_version);
        one(&mut upgrade.fixed_version);
        upgrade.packages.iter_mut().for_each(one);
        upgrade.obstacle.iter_mut().for_each(local);
    }
}

/// Makes what was read of a host harmless, in place.
pub(crate) fn snapshot(snapshot: &mut Snapshot) {
    one(&mut snapshot.host.name);
    maybe(&mut snapshot.host.machine_id);
    maybe(&mut snapshot.host.architecture);
    maybe(&mut snapshot.host.root);
    match &mut snapshot.host.virtualization {
        Virtualization::Machine(word) | Virtualization::Container(word) => one(word),
        Virtualization::None | Virtualization::Tree => {}
    }
    if let Some(release) = &mut snapshot.release {
        one(&mut release.distribution);
        release.like.iter_mut().for_each(one);
        maybe(&mut release.version);
        maybe(&mut release.codename);
        maybe(&mut release.point_version);
        one(&mut release.pretty_name);
        one(&mut release.told_by);
    }
    maybe(&mut snapshot.kernel.running);
    maybe(&mut snapshot.kernel.running_package_version);
    snapshot.kernel.installed.iter_mut().for_each(one);
    maybe(&mut snapshot.package_database);
    snapshot.packages.iter_mut().for_each(package);
    for problem in &mut snapshot.problems {
        place(&mut problem.place);
        local(&mut problem.message);
    }
}

fn package(package: &mut Package) {
    one(&mut package.name);
    one(&mut package.version);
    one(&mut package.architecture);
    one(&mut package.source.name);
    one(&mut package.source.version);
    one(&mut package.status.want);
    one(&mut package.status.flag);
    maybe(&mut package.maintainer);
    maybe(&mut package.multi_arch);
    place(&mut package.record);
    if let Origin::Foreign { who, shown_by } = &mut package.origin {
        one(who);
        one(shown_by);
    }
}

fn finding(finding: &mut Finding) {
    one(&mut finding.key.0);
    one(&mut finding.rule);
    local_line(&mut finding.title);
    local(&mut finding.description);
    local(&mut finding.recommendation);
    local(&mut finding.severity_reason);
    for attribute in &mut finding.attributes {
        one(&mut attribute.key);
        one(&mut attribute.value);
    }
    match &mut finding.evidence {
        Evidence::Vulnerability(evidence) => vulnerability(evidence),
        Evidence::Setting(evidence) => setting(evidence),
    }
}

fn vulnerability(evidence: &mut VulnerabilityEvidence) {
    one(&mut evidence.cve);
    evidence.aliases.iter_mut().for_each(one);
    evidence.advisories.iter_mut().for_each(one);
    maybe(&mut evidence.vendor_url);
    one(&mut evidence.feed.0);
    one(&mut evidence.release);
    one(&mut evidence.source.name);
    one(&mut evidence.source.version);
    for package in &mut evidence.packages {
        one(&mut package.name);
        one(&mut package.version);
        one(&mut package.architecture);
        maybe(&mut package.status);
    }
    if let StatementState::Fixed(version) = &mut evidence.state {
        one(version);
    }
    maybe(&mut evidence.note);
    one(&mut evidence.comparison);
    match &mut evidence.kernel {
        Some(KernelVerdict::Running { release } | KernelVerdict::WouldBoot { release }) => one(release),
        Some(KernelVerdict::RebootPending { running, installed }) => {
            one(running);
            one(installed);
        }
        None => {}
    }
    for (vector, _) in &mut evidence.cvss {
        one(&mut vector.vector);
        one(&mut vector.source.0);
    }
    if let Some(kev) = &mut evidence.kev {
        one(&mut kev.action);
    }
    for reference in &mut evidence.references {
        one(&mut reference.url);
    }
}

fn setting(evidence: &mut SettingEvidence) {
    for observation in &mut evidence.observations {
        observation.place.iter_mut().for_each(place);
        one(&mut observation.found);
        observation.note.iter_mut().for_each(local);
    }
}

fn place(place: &mut SourceLine) {
    one(&mut place.path);
}

pub(crate) fn one(text: &mut String) {
    if let Cow::Owned(clean) = line(text) {
        *text = clean;
    }
}

pub(crate) fn maybe(text: &mut Option<String>) {
    text.iter_mut().for_each(one);
}

pub(crate) fn local_line(text: &mut LocalText) {
    one(&mut text.en);
    one(&mut text.ja);
}

pub(crate) fn local(text: &mut LocalText) {
    for text in [&mut text.en, &mut text.ja] {
        if let Cow::Owned(clean) = block(text) {
            *text = clean;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_overrides_and_invisible_characters_become_visible() {
        assert_eq!(line("a\u{1b}[31mred\u{9b}0m"), "a\u{fffd}[31mred\u{fffd}0m");
        assert_eq!(line("photo_\u{202e}gpj.exe"), "photo_\u{fffd}gpj.exe");
        assert_eq!(line("lib\u{200b}ssl"), "lib\u{fffd}ssl");
    }

    #[test]
    fn a_line_stays_one_line_and_a_block_keeps_its_lines() {
        assert_eq!(line("a\r\nb\tc"), "a  b c");
        assert_eq!(block("a\r\nb\u{2028}c\rd\te"), "a\nb\nc\nd e");
    }

    #[test]
    fn ordinary_text_is_not_copied() {
        assert!(matches!(line("脆弱性 – 3.0.15-1~deb12u1 “quoted” é"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_text_longer_than_the_limit_is_cut_and_says_so() {
        let exact = "x".repeat(TEXT_CHARS_MAX);
        assert_eq!(line(&exact), exact);
        let cut = line(&format!("{exact}y")).into_owned();
        assert_eq!(cut.chars().count(), TEXT_CHARS_MAX);
        assert!(cut.ends_with("x…"));
    }
}
