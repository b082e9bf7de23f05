//! The commands that upgrade a package, for each manager and each language.

use yagura_model::{Ecosystem, LocalText, StatementState, VulnerabilityEvidence};

use crate::family::{Manager, registry};

/// Returns the command that upgrades packages of the operating system.
pub(super) fn upgrade(manager: Manager, names: &[String], fixed: &str) -> String {
    let list = names.join(" ");
    match manager {
        Manager::Apt => format!("apt-get update && apt-get install --only-upgrade {list}"),
        Manager::Dnf => format!("dnf upgrade {list}"),
        Manager::Yum => format!("yum update {list}"),
        Manager::Zypper => format!("zypper refresh && zypper update {list}"),
        Manager::Tdnf => format!("tdnf update {list}"),
        Manager::Apk => format!("apk update && apk upgrade {list}"),
        // Arch supports no upgrade of single packages.
        Manager::Pacman => "pacman -Syu".to_owned(),
        Manager::Emerge => {
            let atoms: Vec<String> = names.iter().map(|name| format!("\">={name}-{fixed}\"")).collect();
            format!("emaint sync -a && emerge --oneshot {}", atoms.join(" "))
        }
    }
}

/// Returns the command that lists programs which still use replaced files; `None` where there is none.
pub(super) const fn restart(manager: Manager) -> Option<&'static str> {
    match manager {
        Manager::Apt => Some("needrestart"),
        Manager::Dnf | Manager::Yum => Some("needs-restarting"),
        Manager::Zypper => Some("zypper ps -s"),
        _ => None,
    }
}

/// Says what to do about a package of a language.
pub(super) fn language(evidence: &VulnerabilityEvidence, ecosystem: Ecosystem) -> LocalText {
    let (name, places) = (&evidence.source.name, places(evidence));
    let StatementState::Fixed(fixed) = &evidence.state else {
        let registry = registry(ecosystem);
        return LocalText::new(
            format!(
                "No fixed version of {name} is known on {registry}. Replace it, or limit who can reach what uses it{}.",
                places.en
            ),
            format!(
                "{registry} の {name} には修正版が知られていません。別のものに置き換えるか、利用するサービスへの接続元を\
                 限定してください{}。",
                places.ja
            ),
        );
    };
    let command = match ecosystem {
        Ecosystem::PyPi => format!("pip install --upgrade '{name}>={fixed}'"),
        Ecosystem::Npm => format!("npm install {name}@{fixed}"),
        Ecosystem::RubyGems => format!("gem install {name} --version '>= {fixed}'"),
        Ecosystem::Go if name == "stdlib" => {
            return LocalText::new(
                format!("Rebuild the program with Go {fixed} or later{}.", places.en),
                format!("Go {fixed} 以降でプログラムを再ビルドしてください{}。", places.ja),
            );
        }
        Ecosystem::Go => format!("go get {name}@v{}", fixed.trim_start_matches('v')),
        Ecosystem::CratesIo => format!("cargo update --package {name} --precise {fixed}"),
        Ecosystem::Packagist => format!("composer require '{name}:>={fixed}'"),
        Ecosystem::NuGet => format!("dotnet add package {name} --version {fixed}"),
        Ecosystem::Maven => {
            return LocalText::new(
                format!("Raise {name} to {fixed} or later in the program's build and deploy it again{}.", places.en),
                format!("プログラムのビルド設定で {name} を {fixed} 以降に上げ、再配置してください{}。", places.ja),
            );
        }
    };
    let rebuild = matches!(ecosystem, Ecosystem::Go | Ecosystem::CratesIo | Ecosystem::NuGet);
    let (then, then_ja) =
        if rebuild { ("rebuild and deploy", "再ビルドして再配置") } else { ("restart", "再起動") };
    LocalText::new(
        format!(
            "Upgrade {name} to {fixed} or later where the program is built or installed: `{command}`; then {then} what uses it{}.",
            places.en
        ),
        format!(
            "プログラムのビルド元またはインストール先で {name} を {fixed} 以降に更新してください: `{command}`。その後、\
             使用しているプログラムを{then_ja}してください{}。",
            places.ja
        ),
    )
}

/// Names where the package lies; empty where the evidence has no place.
fn places(evidence: &VulnerabilityEvidence) -> LocalText {
    /// More are only counted.
    const NAMED_MAX: usize = 3;
    let paths: Vec<&str> = evidence.packages.iter().filter_map(|package| package.place.as_deref()).collect();
    if paths.is_empty() {
        return LocalText::default();
    }
    let more = paths.len().saturating_sub(NAMED_MAX);
    let shown = paths.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    let (rest, rest_ja) =
        if more > 0 { (format!(" and {more} more"), format!(" ほか {more} 件")) } else { Default::default() };
    LocalText::new(format!(" ({shown}{rest})"), format!(" ({shown}{rest_ja})"))
}
