//! What to do about a finding, with the commands for this host.

use yagura_model::finding::{AffectedPackage, KernelVerdict};
use yagura_model::{LocalText, StatementState, VulnerabilityEvidence};

use crate::finding::HostTexts;

/// Says what to do.
pub(crate) fn advice(evidence: &VulnerabilityEvidence, host: &HostTexts) -> LocalText {
    match (&evidence.state, &evidence.kernel) {
        (StatementState::Fixed(_), Some(KernelVerdict::RebootPending { installed, .. })) => reboot(installed),
        (StatementState::Fixed(fixed), Some(kernel)) => upgrade_kernel(evidence, fixed, kernel, host),
        (StatementState::Fixed(fixed), None) => upgrade(evidence, fixed, host),
        _ => wait(evidence),
    }
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
) -> LocalText {
    let release = match kernel {
        KernelVerdict::Running { release } | KernelVerdict::WouldBoot { release } => release,
        KernelVerdict::RebootPending { running, .. } => running,
    };
    // A new kernel is a new package, which only the metapackage brings in.
    let wanted = format!("linux-image-{}", flavour(release));
    let metapackage = host.kernel_metapackages.iter().find(|name| **name == wanted).unwrap_or(&wanted);
    let command = format!("apt-get update && apt-get install {metapackage}");
    let hold = held(&evidence.packages, host);
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

fn upgrade(evidence: &VulnerabilityEvidence, fixed: &str, host: &HostTexts) -> LocalText {
    let (source, names) = (&evidence.source.name, names(&evidence.packages, host).join(" "));
    let command = format!("apt-get update && apt-get install --only-upgrade {names}");
    let hold = held(&evidence.packages, host);
    LocalText::new(
        format!(
            "Upgrade {source} to {fixed} or later: {}`{command}`. Then restart the programs that still use the old \
             files (`needrestart` lists them).",
            hold.en
        ),
        format!(
            "{source} を {fixed} 以降に更新してください: {}`{command}`。その後、古いファイルを使用中のプログラムを\
             再起動してください (`needrestart` で確認できます)。",
            hold.ja
        ),
    )
}

/// Says that held packages must be released first; empty where none is held.
fn held(packages: &[AffectedPackage], host: &HostTexts) -> LocalText {
    let held: Vec<&AffectedPackage> = packages.iter().filter(|package| is_held(package)).collect();
    if held.is_empty() {
        return LocalText::default();
    }
    let names = held.into_iter().map(|package| apt_name(package, host)).collect::<Vec<_>>().join(" ");
    LocalText::new(
        format!("first release the hold, after finding out why it is there: `apt-mark unhold {names}`; then "),
        format!("まず保留 (hold) の理由を確認したうえで解除し (`apt-mark unhold {names}`)、次に "),
    )
}

/// Tells whether the administrator forbids upgrades of the package.
pub(crate) fn is_held(package: &AffectedPackage) -> bool {
    package.status.as_ref().is_some_and(|status| status.starts_with("hold "))
}

fn names(packages: &[AffectedPackage], host: &HostTexts) -> Vec<String> {
    packages.iter().map(|package| apt_name(package, host)).collect()
}

/// Names a package as apt does: with its architecture where that is not the host's own.
fn apt_name(package: &AffectedPackage, host: &HostTexts) -> String {
    let AffectedPackage { name, architecture, .. } = package;
    match &host.architecture {
        Some(native) if architecture != native && architecture != "all" && !architecture.is_empty() => {
            format!("{name}:{architecture}")
        }
        _ => name.clone(),
    }
}

fn wait(evidence: &VulnerabilityEvidence) -> LocalText {
    let source = &evidence.source.name;
    let release = evidence.release.split_once(':').map_or(evidence.release.as_str(), |(_, release)| release);
    let (mut en, mut ja) = match evidence.state {
        StatementState::WillNotFix => (
            format!("Debian will not fix {source} in {release}."),
            format!("Debian は {release} の {source} を修正しない方針です。"),
        ),
        StatementState::Postponed => (
            format!("Debian has postponed the fix of {source} in {release}; it may come with a later update."),
            format!("Debian は {release} の {source} の修正を延期しており、今後の更新に含まれる可能性があります。"),
        ),
        StatementState::EndOfLife => (
            format!(
                "Debian has ended security support of {source} in {release}. Move to a supported release or package."
            ),
            format!(
                "{release} の {source} はセキュリティサポートが終了しています。サポート中のリリースまたは別の\
                 パッケージへ移行してください。"
            ),
        ),
        _ => (
            format!("Debian has not published a fix of {source} for {release} yet."),
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
