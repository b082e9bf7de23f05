//! What to do about a finding, with the commands for this host.

mod commands;

use yagura_model::finding::{AffectedPackage, KernelVerdict};
use yagura_model::{Ecosystem, LocalText, StatementState, VulnerabilityEvidence};

use crate::family::{Family, Manager};
use crate::finding::HostTexts;

/// Says what to do.
pub(crate) fn advice(evidence: &VulnerabilityEvidence, host: &HostTexts) -> LocalText {
    let (distribution, release) = evidence.release.split_once(':').unwrap_or((&evidence.release, ""));
    if let Some(ecosystem) = Some(release).filter(|_| distribution == "ecosystem").and_then(Ecosystem::from_word) {
        return commands::language(evidence, ecosystem);
    }
    // What was judged has a family; Debian stands in for none.
    let family = Family::named(distribution);
    let manager = family.map_or(Manager::Apt, |family| family.manager_of(release));
    let vendor = family.map_or("The distribution", |family| family.name);
    let advice = match (&evidence.state, &evidence.kernel) {
        (StatementState::Fixed(_), Some(KernelVerdict::RebootPending { installed, .. })) => reboot(installed),
        (StatementState::Fixed(fixed), Some(kernel)) => upgrade_kernel(evidence, fixed, kernel, host, manager),
        (StatementState::Fixed(fixed), None) => upgrade(evidence, fixed, host, manager),
        _ => wait(evidence, vendor, release),
    };
    join(&entitled(evidence), &advice)
}

fn join(first: &LocalText, second: &LocalText) -> LocalText {
    LocalText::new(format!("{}{}", first.en, second.en), format!("{}{}", first.ja, second.ja))
}

/// Says that the fix must be paid for or opted into first; empty where the host has it.
fn entitled(evidence: &VulnerabilityEvidence) -> LocalText {
    let Some(line) = evidence.entitlement.as_deref() else { return LocalText::default() };
    LocalText::new(
        format!(
            "The fix is published in Ubuntu Pro's `{line}` only, which this host does not have: attach it with \
             `pro attach TOKEN` and `pro enable {line}`. "
        ),
        format!(
            "修正は Ubuntu Pro の `{line}` でのみ提供されており、このホストでは有効になっていません。`pro attach TOKEN` と \
             `pro enable {line}` で有効にしてください。"
        ),
    )
}

fn reboot(installed: &str) -> LocalText {
    LocalText::new(
        format!("The repaired kernel {installed} is installed but does not run yet. Reboot: `systemctl reboot`."),
        format!(
            "修正済みのカーネル {installed} はインストール済みですが、まだ実行されていません。再起動してください: \
             `systemctl reboot`"
        ),
    )
}

fn upgrade_kernel(
    evidence: &VulnerabilityEvidence,
    fixed: &str,
    kernel: &KernelVerdict,
    host: &HostTexts,
    manager: Manager,
) -> LocalText {
    let command = match manager {
        Manager::Apt => {
            let release = match kernel {
                KernelVerdict::Running { release } | KernelVerdict::WouldBoot { release } => release,
                KernelVerdict::RebootPending { running, .. } => running,
            };
            // A new kernel is a new package, which only the metapackage brings in.
            let wanted = format!("linux-image-{}", flavour(release));
            let metapackage = host.kernel_metapackages.iter().find(|name| **name == wanted).unwrap_or(&wanted);
            format!("apt-get update && apt-get install {metapackage}")
        }
        _ => commands::upgrade(manager, &names(&evidence.packages, host, manager), fixed),
    };
    let hold = held(&evidence.packages, host, manager);
    LocalText::new(
        format!(
            "Install a kernel of version {fixed} or later and reboot: {}`{command}`, then `systemctl reboot`.",
            hold.en
        ),
        format!(
            "バージョン {fixed} 以降のカーネルをインストールして再起動してください: {}`{command}` の後に \
             `systemctl reboot`",
            hold.ja
        ),
    )
}

/// Returns the flavour of a kernel release: `cloud-amd64` of `6.1.0-28-cloud-amd64`.
fn flavour(release: &str) -> &str {
    let mut rest = release;
    // The version (`6.1.0`) and the ABI number (`28`) begin with digits, the flavour does not.
    while let Some((head, tail)) = rest.split_once('-') {
        if !head.starts_with(|c: char| c.is_ascii_digit()) {
            break;
        }
        rest = tail;
    }
    rest
}

fn upgrade(evidence: &VulnerabilityEvidence, fixed: &str, host: &HostTexts, manager: Manager) -> LocalText {
    let source = &evidence.source.name;
    let command = commands::upgrade(manager, &names(&evidence.packages, host, manager), fixed);
    let hold = held(&evidence.packages, host, manager);
    let (restart, restart_ja) = match commands::restart(manager) {
        Some(command) => (format!(" (`{command}` lists them)"), format!(" (`{command}` で確認できます)")),
        None => (String::new(), String::new()),
    };
    LocalText::new(
        format!(
            "Upgrade {source} to {fixed} or later: {}`{command}`. Then restart the programs that still use the old \
             files{restart}.",
            hold.en
        ),
        format!(
            "{source} を {fixed} 以降に更新してください: {}`{command}`。その後、古いファイルを使用中のプログラムを\
             再起動してください{restart_ja}。",
            hold.ja
        ),
    )
}

/// Says that held packages must be released first; empty where none is held.
fn held(packages: &[AffectedPackage], host: &HostTexts, manager: Manager) -> LocalText {
    let held: Vec<&AffectedPackage> = packages.iter().filter(|package| is_held(package)).collect();
    if !held.is_empty() {
        let names = held.into_iter().map(|package| name(package, host, manager)).collect::<Vec<_>>().join(" ");
        return LocalText::new(
            format!("first release the hold, after finding out why it is there: `apt-mark unhold {names}`; then "),
            format!("まず保留 (hold) の理由を確認したうえで解除し (`apt-mark unhold {names}`)、次に "),
        );
    }
    let Some((rule, place)) = packages.iter().find_map(|package| host.pin(&package.name)) else {
        return LocalText::default();
    };
    LocalText::new(
        format!(
            "first lift the rule that keeps it back, after finding out why it is there: `{rule}` in {place}; then "
        ),
        format!("まず更新を止めている設定の理由を確認したうえで外し (`{rule}`、{place})、次に "),
    )
}

/// Tells whether the administrator forbids upgrades of the package.
pub(crate) fn is_held(package: &AffectedPackage) -> bool {
    package.status.as_ref().is_some_and(|status| status.starts_with("hold "))
}

fn names(packages: &[AffectedPackage], host: &HostTexts, manager: Manager) -> Vec<String> {
    let mut names: Vec<String> = packages.iter().map(|package| name(package, host, manager)).collect();
    names.dedup();
    names
}

/// Names a package as its manager does: apt with the architecture where that is not the host's own.
fn name(package: &AffectedPackage, host: &HostTexts, manager: Manager) -> String {
    let AffectedPackage { name, architecture, .. } = package;
    match &host.architecture {
        Some(native)
            if manager == Manager::Apt
                && architecture != native
                && architecture != "all"
                && !architecture.is_empty() =>
        {
            format!("{name}:{architecture}")
        }
        _ => name.clone(),
    }
}

fn wait(evidence: &VulnerabilityEvidence, vendor: &str, release: &str) -> LocalText {
    let source = &evidence.source.name;
    let (mut en, mut ja) = match evidence.state {
        StatementState::WillNotFix => (
            format!("{vendor} will not fix {source} in {release}."),
            format!("{vendor} は {release} の {source} を修正しない方針です。"),
        ),
        StatementState::Postponed => (
            format!("{vendor} has postponed the fix of {source} in {release}; it may come with a later update."),
            format!("{vendor} は {release} の {source} の修正を延期しており、今後の更新に含まれる可能性があります。"),
        ),
        StatementState::EndOfLife => (
            format!(
                "{vendor} has ended security support of {source} in {release}. Move to a supported release or package."
            ),
            format!(
                "{release} の {source} はセキュリティサポートが終了しています。サポート中のリリースまたは別の\
                 パッケージへ移行してください。"
            ),
        ),
        _ => (
            format!("{vendor} has not published a fix of {source} for {release} yet."),
            format!("{release} の {source} の修正はまだ公開されていません。"),
        ),
    };
    if let Some(note) = &evidence.note {
        en.push_str(&format!(" The security team notes: \"{note}\"."));
        ja.push_str(&format!("セキュリティチームの注記 (原文): 「{note}」。"));
    }
    if evidence.kernel.is_some() {
        en.push_str(" Until then, limit who can log in and run programs on this host.");
        ja.push_str("それまでは、このホストにログインしてプログラムを実行できる利用者を限定してください。");
    } else {
        en.push_str(" Until then, remove the packages if nothing needs them, or limit who can reach what uses them.");
        ja.push_str(
            "それまでは、不要であればパッケージを削除し、必要であれば利用するサービスへの接続元を限定してください。",
        );
    }
    if let Some(url) = &evidence.vendor_url {
        en.push_str(&format!(" Follow {url}"));
        ja.push_str(&format!("最新の状況: {url}"));
    }
    LocalText::new(en, ja)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flavour_of_a_kernel_release() {
        for (release, expected) in [
            ("6.1.0-28-amd64", "amd64"),
            ("6.1.0-28-cloud-amd64", "cloud-amd64"),
            ("6.12.43+deb13-rt-arm64", "rt-arm64"),
            ("4.19.0-27-686-pae", "pae"),
            ("custom", "custom"),
        ] {
            assert_eq!(flavour(release), expected, "{release}");
        }
    }
}
