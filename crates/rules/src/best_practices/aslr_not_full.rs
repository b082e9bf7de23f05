//! Address space layout randomization is off or partial.
//!
//! **Why it matters.** An attacker who knows where code and data lie turns a memory flaw into
//! control of the program.
//!
//! **Remedy.** `kernel.randomize_va_space = 2`.
//!
//! **References.** proc_sys_kernel(5); sysctl.d(5); CWE-1330.

use yagura_model::{Fact, RulesPackage, Severity, Snapshot, Text};

use crate::rule::{Rule, Verdict, noted};

/// Stack, libraries, mappings and heap.
const FULL: i64 = 2;

/// Address space layout randomization is off or partial.
pub(super) const RULE: Rule = Rule {
    id: "aslr-not-full",
    name: "Enable ASLR",
    name_ja: "ASLR の有効化",
    package: RulesPackage::BestPractices,
    severity: Severity::Medium,
    severity_reason: Text::new(
        "it makes another flaw easier to exploit, it is none by itself",
        "それ自体は脆弱性ではありませんが、ほかの脆弱性の悪用を容易にします",
    ),
    title: Text::new(
        "Instance {host} is configured without full address space layout randomization (ASLR)",
        "インスタンス {host} では、アドレス空間配置のランダム化 (ASLR) が完全には有効になっていません",
    ),
    description: Text::new(
        "The kernel does not place the stack, libraries, mappings and heap of programs at random addresses. An \
         attacker then knows where code and data lie, and a memory flaw becomes control of the program more easily.",
        "カーネルがプログラムのスタック、ライブラリ、マッピング、ヒープをランダムなアドレスに配置していません。攻撃者は\
         コードとデータの位置を予測できるため、メモリ破壊の脆弱性からプログラムの制御を奪いやすくなります。",
    ),
    recommendation: Text::new(
        "Run `sysctl -w kernel.randomize_va_space=2` and write `kernel.randomize_va_space = 2` into \
         `/etc/sysctl.d/99-aslr.conf`; remove other values from the files in the evidence, and `norandmaps` from the \
         kernel's boot parameters. Restart services that were started before.",
        "`sysctl -w kernel.randomize_va_space=2` を実行し、`/etc/sysctl.d/99-aslr.conf` に \
         `kernel.randomize_va_space = 2` と書いてください。根拠に挙がったファイルから別の値を削除し、カーネルの起動\
         パラメーターに `norandmaps` があれば取り除きます。変更前に起動したサービスは再起動してください。",
    ),
    method: Text::new(
        "`kernel.randomize_va_space` must be 2. On a live host the running kernel's value decides, and a sysctl \
         configuration that will set another value at the next boot breaks the rule too (not in a container, whose \
         kernel is its host's). In a directory tree the configuration decides, by the precedence of sysctl.d(5), \
         else the kernel's default, 2.",
        "`kernel.randomize_va_space` が 2 であることを求めます。稼働中のホストでは現在のカーネルの値で判定し、次回の起動時に\
         別の値になる sysctl 設定も違反とします (カーネルをホストと共有するコンテナーを除く)。ディレクトリツリーでは \
         sysctl.d(5) の優先順位に従った設定値、設定がなければカーネルの既定値 2 で判定します。",
    ),
    references: &["proc_sys_kernel(5)", "sysctl.d(5)", "CWE-1330"],
    evaluate,
};

fn evaluate(snapshot: &Snapshot) -> Verdict {
    let aslr = match &snapshot.settings.aslr {
        Fact::Known(aslr) => aslr,
        Fact::NotPresent(reason) => return Verdict::NotApplicable(reason.clone()),
        Fact::Unreadable(reason) => return Verdict::Unknown(reason.clone()),
    };
    let mut broken = Vec::new();
    let mut looked_at = Vec::new();
    if let Some(live) = &aslr.live {
        looked_at.push(live.observation());
        if live.value != FULL {
            broken.push(live.observation());
        }
    }
    // A container's configuration never reaches the kernel.
    if aslr.live.is_none() || !snapshot.host.virtualization.shares_kernel() {
        looked_at.push(aslr.configured.observation());
        if aslr.configured.value != FULL {
            let observation = aslr.configured.observation();
            broken.push(noted(observation, "takes effect at the next boot", "次回の起動時に適用されます"));
        }
    }
    Verdict::of(broken, looked_at)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use yagura_model::Virtualization;
    use yagura_model::settings::{Aslr, Setting};

    use super::*;
    use crate::testing;

    fn snapshot(live: Option<i64>, configured: i64) -> Snapshot {
        let mut snapshot = testing::host("debian");
        let written = format!("kernel.randomize_va_space = {configured}");
        snapshot.settings.aslr = Fact::Known(Aslr {
            live: live.map(|value| Setting::kernel(value, &format!("kernel.randomize_va_space = {value}"))),
            configured: testing::line(configured, "etc/sysctl.d/a.conf", 3, &written),
        });
        snapshot
    }

    fn judge(live: Option<i64>, configured: i64) -> String {
        testing::shown(&evaluate(&snapshot(live, configured)))
    }

    #[test]
    fn the_running_kernel_and_the_next_boot() {
        assert_snapshot!(judge(Some(2), 2), @r"
        pass: kernel.randomize_va_space = 2
          en: the running kernel's value
          ja: 稼働中のカーネルの値
              /etc/sysctl.d/a.conf:3: kernel.randomize_va_space = 2
        ");
        assert_snapshot!(judge(Some(1), 2), @r"
        fail: kernel.randomize_va_space = 1
          en: the running kernel's value
          ja: 稼働中のカーネルの値
        ");
        assert_snapshot!(judge(Some(2), 0), @r"
        fail: /etc/sysctl.d/a.conf:3: kernel.randomize_va_space = 0
          en: takes effect at the next boot
          ja: 次回の起動時に適用されます
        ");
    }

    #[test]
    fn a_tree_is_judged_by_its_configuration_and_a_container_is_not() {
        assert!(judge(None, 2).starts_with("pass"));
        assert!(judge(None, 1).starts_with("fail: /etc/sysctl.d/a.conf:3"));
        let mut container = snapshot(Some(2), 0);
        container.host.virtualization = Virtualization::Container("docker".into());
        assert!(testing::shown(&evaluate(&container)).starts_with("pass"));
    }

    #[test]
    fn without_a_value() {
        let mut snapshot = testing::host("debian");
        snapshot.settings.aslr = testing::unreadable();
        assert_snapshot!(testing::shown(&evaluate(&snapshot)), @"unknown: not readable / 読めません");
    }
}
