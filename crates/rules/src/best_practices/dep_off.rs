//! Data pages can be executed.
//!
//! **Why it matters.** An attacker's bytes on stack or heap become code.
//!
//! **Remedy.** Turn NX (XD, EVP) on in firmware or hypervisor; remove `noexec=off`.
//!
//! **References.** kernel-parameters(7); CWE-119.

use yagura_model::settings::Architecture;
use yagura_model::{Fact, LocalText, RulesPackage, Severity, Snapshot, Text};

use crate::rule::{Rule, Verdict, noted};

/// Data pages can be executed.
pub(super) const RULE: Rule = Rule {
    id: "dep-off",
    name: "Enable DEP",
    name_ja: "DEP の有効化",
    package: RulesPackage::BestPractices,
    severity: Severity::Medium,
    severity_reason: Text::new(
        "it makes another flaw easier to exploit, it is none by itself",
        "それ自体は脆弱性ではありませんが、ほかの脆弱性の悪用を容易にします",
    ),
    title: Text::new(
        "Instance {host} is configured without data execution prevention (DEP)",
        "インスタンス {host} では、データ実行防止 (DEP) が有効になっていません",
    ),
    description: Text::new(
        "The processor or the kernel does not keep data pages from being executed. What an attacker writes to stack \
         or heap through a memory flaw can then run as code.",
        "CPU またはカーネルで、データ領域の実行が禁止されていません。攻撃者がメモリ破壊の脆弱性を通じてスタックやヒープに\
         書き込んだ内容が、コードとして実行されるおそれがあります。",
    ),
    recommendation: Text::new(
        "Turn on NX (also named XD, EVP or \"Execute Disable\") in the firmware, or use a virtual processor that \
         offers it. Remove `noexec=off` and `noexec32=off` from the kernel's boot parameters and reboot. \
         `grep -cw nx /proc/cpuinfo` then counts every processor.",
        "ファームウェアの設定で NX (XD、EVP、Execute Disable とも呼ばれます) を有効にするか、NX を提供する仮想 CPU を\
         使ってください。カーネルの起動パラメーターから `noexec=off` と `noexec32=off` を削除して再起動します。その後、\
         `grep -cw nx /proc/cpuinfo` の結果が CPU 数と一致することを確認してください。",
    ),
    method: Text::new(
        "On a live x86 host every processor must show the flag `nx` in `/proc/cpuinfo`, and the boot parameters must \
         hold neither `noexec=off` nor `noexec32=off`. ARM and other architectures are not judged; a directory tree \
         has no running processor.",
        "稼働中の x86 ホストで、すべての CPU の `/proc/cpuinfo` に `nx` フラグがあり、起動パラメーターに `noexec=off` と \
         `noexec32=off` がないことを求めます。ARM などほかのアーキテクチャーは対象外です。ディレクトリツリーには稼働中の \
         CPU がないため判定しません。",
    ),
    references: &["kernel-parameters(7)", "CWE-119"],
    evaluate,
};

fn evaluate(snapshot: &Snapshot) -> Verdict {
    let nx = match &snapshot.settings.nx {
        Fact::Known(nx) => nx,
        Fact::NotPresent(reason) => return Verdict::NotApplicable(reason.clone()),
        Fact::Unreadable(reason) => return Verdict::Unknown(reason.clone()),
    };
    let cpu = match (nx.architecture, &nx.cpu) {
        (Architecture::X86, Some(cpu)) => cpu,
        (Architecture::X86, None) => {
            return Verdict::Unknown(LocalText::new(
                "`/proc/cpuinfo` shows no processor flags",
                "`/proc/cpuinfo` に CPU フラグがありません",
            ));
        }
        (Architecture::Arm, _) => {
            return Verdict::NotApplicable(LocalText::new(
                "the rule does not apply to ARM processors",
                "ARM プロセッサーは対象外です",
            ));
        }
        (Architecture::Other, _) => {
            return Verdict::NotApplicable(LocalText::new(
                "the rule knows x86 processors only",
                "x86 以外のプロセッサーは対象外です",
            ));
        }
    };
    let missing = (!cpu.value).then(|| cpu.observation());
    let off = nx.turned_off.iter().map(|setting| {
        let observation = setting.observation();
        if setting.written.contains("noexec32") {
            noted(observation, "turns it off for 32-bit programs", "32 ビットプログラムで無効になります")
        } else {
            noted(observation, "turns it off for every program", "すべてのプログラムで無効になります")
        }
    });
    Verdict::of(missing.into_iter().chain(off).collect(), vec![cpu.observation()])
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use yagura_model::settings::{Nx, Setting};

    use super::*;
    use crate::testing;

    fn judge(architecture: Architecture, nx: bool, off: &[&str]) -> String {
        let mut snapshot = testing::host("debian");
        snapshot.settings.nx = Fact::Known(Nx {
            architecture,
            cpu: Some(Setting::kernel(nx, "/proc/cpuinfo flags")),
            turned_off: off.iter().map(|word| Setting::kernel((), &format!("/proc/cmdline {word}"))).collect(),
        });
        testing::shown(&evaluate(&snapshot))
    }

    #[test]
    fn processor_and_boot_parameters() {
        assert_snapshot!(judge(Architecture::X86, true, &[]), @r"
        pass: /proc/cpuinfo flags
          en: the running kernel's value
          ja: 稼働中のカーネルの値
        ");
        assert!(judge(Architecture::X86, false, &[]).starts_with("fail"));
        assert_snapshot!(judge(Architecture::X86, true, &["noexec=off", "noexec32=off"]), @r"
        fail: /proc/cmdline noexec=off
          en: the running kernel's value; turns it off for every program
          ja: 稼働中のカーネルの値。すべてのプログラムで無効になります
              /proc/cmdline noexec32=off
          en: the running kernel's value; turns it off for 32-bit programs
          ja: 稼働中のカーネルの値。32 ビットプログラムで無効になります
        ");
    }

    #[test]
    fn other_processors_and_trees_are_not_judged() {
        assert_snapshot!(judge(Architecture::Arm, false, &[]), @"not applicable: the rule does not apply to ARM processors / ARM プロセッサーは対象外です");
        assert_snapshot!(judge(Architecture::Other, false, &[]), @"not applicable: the rule knows x86 processors only / x86 以外のプロセッサーは対象外です");
        let mut snapshot = testing::host("debian");
        snapshot.settings.nx = testing::not_present();
        assert_snapshot!(testing::shown(&evaluate(&snapshot)), @"not applicable: not there / ありません");
        snapshot.settings.nx = testing::unreadable();
        assert_snapshot!(testing::shown(&evaluate(&snapshot)), @"unknown: not readable / 読めません");
    }
}
