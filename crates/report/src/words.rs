//! What several formats say of the same thing, in one place: subjects, states, scores, sums.

use yagura_model::finding::KernelVerdict;
use yagura_model::{
    Assessment, Coverage, CoverageState, Evidence, Exclusion, ExclusionCode, Finding, Language, RulesPackage, Snapshot,
    StatementState, Text, Urgency, Virtualization, VulnerabilityEvidence,
};

/// The vulnerability evidence of a finding, where it has some.
pub(crate) fn vulnerability(finding: &Finding) -> Option<&VulnerabilityEvidence> {
    match &finding.evidence {
        Evidence::Vulnerability(evidence) => Some(evidence),
        Evidence::Setting(_) => None,
    }
}

/// The version that repairs, where the vendor has published one.
pub(crate) fn fixed_version(evidence: &VulnerabilityEvidence) -> Option<&str> {
    match &evidence.state {
        StatementState::Fixed(version) => Some(version),
        _ => None,
    }
}

/// Tells whether an upgrade or a reboot repairs the finding today.
pub(crate) fn is_fixable(finding: &Finding) -> bool {
    vulnerability(finding).is_some_and(|evidence| fixed_version(evidence).is_some())
}

/// Tells whether the administrator has forbidden to upgrade one of the packages.
pub(crate) fn is_held(evidence: &VulnerabilityEvidence) -> bool {
    let held = |status: &String| status.starts_with("hold ");
    evidence.packages.iter().any(|package| package.status.as_ref().is_some_and(held))
}

/// Tells whether CISA lists the flaw as exploited.
pub(crate) fn is_known_exploited(finding: &Finding) -> bool {
    vulnerability(finding).is_some_and(|evidence| evidence.kev.is_some())
}

/// What a finding is about: the source package, or the place of the setting.
pub(crate) fn subject(finding: &Finding) -> String {
    match &finding.evidence {
        Evidence::Vulnerability(evidence) => evidence.source.name.clone(),
        Evidence::Setting(evidence) => evidence
            .observations
            .iter()
            .find_map(|observation| observation.place.as_ref())
            .map_or_else(|| "–".to_owned(), ToString::to_string),
    }
}

/// One line that tells the flaw from its neighbours. Titles of CVE findings repeat the CVE id
/// and the host, so the first sentence of the description serves better.
pub(crate) fn gist(finding: &Finding, language: Language) -> &str {
    let title = finding.title.get(language);
    let Evidence::Vulnerability(evidence) = &finding.evidence else {
        return title;
    };
    if !title.contains(&evidence.cve) {
        return title;
    }
    let first = finding.description.get(language).lines().map(str::trim).find(|line| !line.is_empty());
    match first {
        Some(line) => first_sentence(line),
        None => title,
    }
}

/// The gist for a list, where a line that only repeats that nobody has described the flaw yet
/// would drown the others.
pub(crate) fn described_gist(finding: &Finding, language: Language) -> &str {
    let undescribed = vulnerability(finding)
        .is_some_and(|evidence| finding.description == VulnerabilityEvidence::no_description(&evidence.cve));
    if undescribed { "–" } else { gist(finding, language) }
}

/// The first sentence of a line.
pub(crate) fn first_sentence(line: &str) -> &str {
    let japanese = line.find('。').map(|at| at.saturating_add('。'.len_utf8()));
    let english = line.match_indices(". ").map(|(at, _)| at).find(|at| ends_sentence(line, *at));
    english.or(japanese).and_then(|end| line.get(..end)).unwrap_or(line)
}

/// Tells a full stop from that of an abbreviation (`e.g. `, `vs. `): a sentence begins with a
/// capital, a digit or a bracket, and an abbreviation has a full stop within or is one of a few.
fn ends_sentence(line: &str, stop: usize) -> bool {
    let (before, after) = line.split_at_checked(stop).unwrap_or((line, ""));
    let word = before.rsplit([' ', '(']).next().unwrap_or_default();
    let next = after.trim_start_matches(['.', ' ']).chars().next();
    let begins = next.is_some_and(|c| !c.is_lowercase());
    begins && !matches!(word, "e.g" | "i.e" | "vs" | "etc" | "cf" | "al" | "Inc" | "Ltd" | "Corp")
}

/// The CVSS score to show, of the newest version of the standard that anybody used.
pub(crate) fn score(evidence: &VulnerabilityEvidence) -> Option<f64> {
    evidence.cvss.first().map(|(_, score)| *score)
}

/// A probability as a percentage with as many digits as tell something.
pub(crate) fn percent(probability: f32) -> String {
    let percent = f64::from(probability) * 100.0;
    match percent {
        percent if percent < 0.1 => "<0.1%".to_owned(),
        percent => format!("{percent:.1}%"),
    }
}

/// The vendor's grading, for people.
pub(crate) const fn urgency(urgency: Urgency) -> Text {
    match urgency {
        Urgency::NotAssigned => Text::new("not yet assigned", "未設定"),
        Urgency::Unimportant => Text::new("unimportant", "重要でない"),
        Urgency::Low => Text::new("low", "低"),
        Urgency::Medium => Text::new("medium", "中"),
        Urgency::High => Text::new("high", "高"),
        Urgency::Critical => Text::new("critical", "緊急"),
        Urgency::Negligible => Text::new("negligible", "無視できる"),
    }
}

/// What a kernel verdict says.
pub(crate) fn kernel(verdict: &KernelVerdict, language: Language) -> String {
    match (verdict, language) {
        (KernelVerdict::Running { release }, Language::English) => format!("the running kernel {release}"),
        (KernelVerdict::Running { release }, Language::Japanese) => format!("稼働中のカーネル {release}"),
        (KernelVerdict::RebootPending { running, installed }, Language::English) => {
            format!("reboot pending: {running} still runs, {installed} is installed")
        }
        (KernelVerdict::RebootPending { running, installed }, Language::Japanese) => {
            format!("再起動待ち: {running} が稼働中、{installed} は導入済み")
        }
        (KernelVerdict::WouldBoot { release }, Language::English) => {
            format!("the newest installed kernel {release}; none is running")
        }
        (KernelVerdict::WouldBoot { release }, Language::Japanese) => {
            format!("導入済みで最新のカーネル {release} (稼働中のカーネルなし)")
        }
    }
}

/// A word for machines for a kernel verdict.
pub(crate) const fn kernel_word(verdict: &KernelVerdict) -> &'static str {
    match verdict {
        KernelVerdict::Running { .. } => "running",
        KernelVerdict::RebootPending { .. } => "reboot-pending",
        KernelVerdict::WouldBoot { .. } => "would-boot",
    }
}

/// The version that repairs or, where there is none, the vendor's verdict.
pub(crate) fn fix_or_state(evidence: &VulnerabilityEvidence, language: Language) -> String {
    match (&evidence.kernel, &evidence.state) {
        (Some(KernelVerdict::RebootPending { .. }), _) => {
            Text::new("reboot pending", "再起動待ち").get(language).to_owned()
        }
        (_, StatementState::Fixed(version)) => version.clone(),
        (_, state) => state.text().get(language).to_owned(),
    }
}

/// How far something was assessed, for people.
pub(crate) fn coverage_state(line: &Coverage, language: Language) -> &'static str {
    let stale = line.age.as_ref().is_some_and(|age| age.stale);
    let text = match line.state {
        CoverageState::Assessed if stale => Text::new("data too old", "データが古い"),
        CoverageState::Assessed => Text::new("assessed", "評価済み"),
        CoverageState::Partly => Text::new("partly assessed", "一部のみ評価"),
        CoverageState::NotAssessed => Text::new("not assessed", "評価不可"),
    };
    text.get(language)
}

/// Tells whether a coverage line needs a person's eye.
pub(crate) fn is_clean(line: &Coverage) -> bool {
    line.state == CoverageState::Assessed && !line.age.as_ref().is_some_and(|age| age.stale)
}

/// What a coverage line is about: `debian-tracker`, or the rules package's name.
pub(crate) fn coverage_subject(line: &Coverage, language: Language) -> String {
    match &line.feed {
        Some(feed) => format!("{} · {}", line.rules_package.word(), feed.as_str()),
        None => line.rules_package.name().get(language).to_owned(),
    }
}

/// How old a line's data is; empty where it has no age.
pub(crate) fn data_age(line: &Coverage, language: Language) -> String {
    let Some(age) = &line.age else { return String::new() };
    let day = crate::tool::day(age.data_date);
    match (language, age.age_days) {
        (Language::English, 1) => format!("data of {day}, 1 day old"),
        (Language::English, days) => format!("data of {day}, {days} days old"),
        (Language::Japanese, days) => format!("{day} 時点のデータ ({days} 日前)"),
    }
}

/// What a host runs in, for people; empty for a plain machine.
pub(crate) fn virtualization(kind: &Virtualization, language: Language) -> String {
    match (kind, language) {
        (Virtualization::None, _) => String::new(),
        (Virtualization::Machine(name), Language::English) => format!("virtual machine ({name})"),
        (Virtualization::Machine(name), Language::Japanese) => format!("仮想マシン ({name})"),
        (Virtualization::Container(name), Language::English) => format!("container ({name})"),
        (Virtualization::Container(name), Language::Japanese) => format!("コンテナ ({name})"),
        (Virtualization::Tree, Language::English) => "directory tree".to_owned(),
        (Virtualization::Tree, Language::Japanese) => "ディレクトリツリー".to_owned(),
    }
}

/// The host's name, or what stands in for it.
pub(crate) fn host_name(snapshot: &Snapshot, language: Language) -> &str {
    match (&snapshot.host.name, &snapshot.host.root) {
        (name, _) if !name.is_empty() => name,
        (_, Some(root)) => root,
        _ => Text::new("unnamed host", "名前のないホスト").get(language),
    }
}

/// The operating system for people.
pub(crate) fn operating_system(snapshot: &Snapshot, language: Language) -> &str {
    match &snapshot.release {
        Some(release) if !release.pretty_name.is_empty() => &release.pretty_name,
        Some(release) => &release.distribution,
        None => Text::new("unknown operating system", "OS 不明").get(language),
    }
}

/// How many packages are on the host's disk.
pub(crate) fn packages_present(snapshot: &Snapshot) -> usize {
    snapshot.packages.iter().filter(|package| package.is_present()).count()
}

/// Exclusions of one reason.
#[derive(Debug)]
pub(crate) struct ExclusionGroup<'a> {
    /// The rules package.
    pub(crate) rules_package: RulesPackage,
    /// The word for machines.
    pub(crate) code: ExclusionCode,
    /// The exclusions, in their order.
    pub(crate) members: Vec<&'a Exclusion>,
}

impl ExclusionGroup<'_> {
    /// The reason, where it is the same for every member.
    pub(crate) fn common_reason(&self, language: Language) -> Option<&str> {
        let reason = self.members.first()?.reason.get(language);
        self.members.iter().all(|member| member.reason.get(language) == reason).then_some(reason)
    }
}

/// Gathers exclusions by reason, the largest group first.
pub(crate) fn exclusion_groups(assessment: &Assessment) -> Vec<ExclusionGroup<'_>> {
    let mut groups: Vec<ExclusionGroup<'_>> = Vec::new();
    for exclusion in &assessment.exclusions {
        let same = |group: &&mut ExclusionGroup<'_>| {
            group.rules_package == exclusion.rules_package && group.code == exclusion.code
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.members.push(exclusion),
            None => groups.push(ExclusionGroup {
                rules_package: exclusion.rules_package,
                code: exclusion.code,
                members: vec![exclusion],
            }),
        }
    }
    groups.sort_by(|a, b| b.members.len().cmp(&a.members.len()).then_with(|| a.code.cmp(&b.code)));
    groups
}

/// Returns an address only where a browser may follow it.
pub(crate) fn web_address(url: &str) -> Option<&str> {
    (url.starts_with("https://") || url.starts_with("http://")).then_some(url)
}

/// Sixty-two digits: the alphabet of the API's short ids.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Derives one of the API's short ids (`0-` and eight letters or digits) from what it names.
pub(crate) fn short_id(parts: &[&str]) -> String {
    // A separator that no cleaned text holds keeps ("ab", "c") and ("a", "bc") apart.
    let mut rest = xxhash_rust::xxh3::xxh3_64(parts.join("\u{1}").as_bytes());
    let mut id = String::from("0-");
    for _ in 0..8 {
        let digit = usize::try_from(rest % 62).unwrap_or_default();
        id.push(DIGITS.get(digit).copied().map_or('0', char::from));
        rest /= 62;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_ends_at_its_stop_in_both_languages() {
        assert_eq!(first_sentence("OpenSSL 3.2 fails. Clients may not notice."), "OpenSSL 3.2 fails");
        assert_eq!(first_sentence("認証を回避できる。影響は大きい。"), "認証を回避できる。");
        assert_eq!(first_sentence("no stop at all"), "no stop at all");
    }

    #[test]
    fn short_ids_follow_the_grammar_and_keep_their_parts_apart() {
        let id = short_id(&["web-1", "abc"]);
        assert_eq!(id.len(), 10);
        assert!(id.starts_with("0-") && id.chars().skip(2).all(|c| c.is_ascii_alphanumeric()));
        assert_ne!(short_id(&["ab", "c"]), short_id(&["a", "bc"]));
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(web_address("https://example.org/"), Some("https://example.org/"));
        assert_eq!(web_address("javascript:alert(1)"), None);
        assert_eq!(web_address("data:text/html,x"), None);
    }

    #[test]
    fn a_gist_ends_with_its_sentence() {
        assert_eq!(first_sentence("A flaw in `x`. It lets anybody in."), "A flaw in `x`");
        let abbreviated = "Actions in unquoted attributes (e.g. \"attr={{.}}\") run code. More.";
        assert_eq!(first_sentence(abbreviated), "Actions in unquoted attributes (e.g. \"attr={{.}}\") run code");
        assert_eq!(
            first_sentence("fails (ie \"pip install hg. now\") badly"),
            "fails (ie \"pip install hg. now\") badly"
        );
        assert_eq!(first_sentence("脆弱性です。詳細"), "脆弱性です。");
        assert_eq!(first_sentence("no stop"), "no stop");
    }
}
