//! The SSH server offers protocol version 1.
//!
//! **Why it matters.** Version 1 has flaws in its design: an attacker on the way can insert
//! commands into a session or read it.
//!
//! **Remedy.** Set `Protocol 2`, or better upgrade OpenSSH: 7.4 (2016) and later have no version 1.
//!
//! **References.** sshd_config(5); RFC 4251; CWE-327; CVE-2001-0361.

use yagura_model::{Fact, LocalText, RulesPackage, Severity, Snapshot, Text};

use crate::rule::{Rule, Verdict};

/// The SSH server offers protocol version 1.
pub(super) const RULE: Rule = Rule {
    id: "sshd-protocol-1",
    name: "Support SSH version 2 only",
    name_ja: "SSH バージョン 2 のみのサポート",
    package: RulesPackage::BestPractices,
    severity: Severity::Medium,
    severity_reason: Text::new(
        "an attacker must be on the network path of a session that uses version 1",
        "攻撃には、バージョン 1 を使うセッションの通信経路上にいる必要があります",
    ),
    title: Text::new(
        "Instance {host} is configured to support SSH protocol version 1",
        "インスタンス {host} は、SSH プロトコルバージョン 1 を受け付ける設定になっています",
    ),
    description: Text::new(
        "The SSH server offers protocol version 1 beside or instead of version 2. Version 1 has flaws in its design \
         that no update repairs: an attacker on the network path can insert data into a session or recover its key.",
        "SSH サーバーがプロトコルバージョン 1 を受け付けます。バージョン 1 には更新では直せない設計上の欠陥があり、\
         通信経路上の攻撃者がセッションにデータを挿入したり、セッション鍵を復元したりするおそれがあります。",
    ),
    recommendation: Text::new(
        "Set `Protocol 2` in `{sshd-file}`, check with `sshd -t` and run `{restart-sshd}`. Upgrade OpenSSH soon: a \
         version that still knows protocol 1 (before 7.4, December 2016) no longer gets security fixes.",
        "`{sshd-file}` に `Protocol 2` を設定し、`sshd -t` で確認してから `{restart-sshd}` を実行してください。\
         プロトコル 1 に対応する OpenSSH (2016 年 12 月の 7.4 より前) はすでにセキュリティ修正の対象外なので、\
         早めの更新を推奨します。",
    ),
    method: Text::new(
        "OpenSSH lost the server's side of protocol 1 in 7.4; from there on every host keeps the rule, whatever \
         `Protocol` says. Before, the first `Protocol` value counts; without one the default is `2`, before 5.4 \
         `2,1`. Where protocol 1 is asked for and the version is not known, the answer is unknown.",
        "OpenSSH は 7.4 でサーバー側のプロトコル 1 を廃止したため、それ以降は `Protocol` の値によらず適合です。\
         それより前では最初の `Protocol` の値で判定し、設定がなければ既定値は `2` (5.4 より前は `2,1`) です。\
         プロトコル 1 の指定があってもバージョンが分からない場合は「不明」とします。",
    ),
    references: &["sshd_config(5)", "RFC 4251", "CWE-327", "CVE-2001-0361"],
    evaluate,
};

fn evaluate(snapshot: &Snapshot) -> Verdict {
    let sshd = match &snapshot.settings.sshd {
        Fact::Known(sshd) => sshd,
        Fact::NotPresent(reason) => return Verdict::NotApplicable(reason.clone()),
        Fact::Unreadable(reason) => return Verdict::Unknown(reason.clone()),
    };
    match sshd.protocol_1.value {
        Some(true) => Verdict::Fail(vec![sshd.protocol_1.observation()]),
        Some(false) => Verdict::Pass(vec![sshd.protocol_1.observation()]),
        None => Verdict::Unknown(LocalText::new(
            format!("`{}` asks for protocol 1, and the server's version is not known", sshd.protocol_1.written),
            format!(
                "`{}` でプロトコル 1 が指定されていますが、サーバーのバージョンが分かりません",
                sshd.protocol_1.written
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::testing::{host, line, not_present, shown, sshd, unreadable};

    fn judge(value: Option<bool>) -> String {
        let mut sshd = sshd();
        sshd.protocol_1 = line(value, "etc/ssh/sshd_config", 4, "Protocol 2,1");
        let mut snapshot = host("debian");
        snapshot.settings.sshd = Fact::Known(sshd);
        shown(&evaluate(&snapshot))
    }

    #[test]
    fn the_offer_decides() {
        assert_snapshot!(judge(Some(true)), @"fail: /etc/ssh/sshd_config:4: Protocol 2,1");
        assert_snapshot!(judge(Some(false)), @"pass: /etc/ssh/sshd_config:4: Protocol 2,1");
        assert_snapshot!(judge(None), @"unknown: `Protocol 2,1` asks for protocol 1, and the server's version is not known / `Protocol 2,1` でプロトコル 1 が指定されていますが、サーバーのバージョンが分かりません");
    }

    #[test]
    fn without_a_server_or_its_file() {
        let mut snapshot = host("debian");
        snapshot.settings.sshd = not_present();
        assert_snapshot!(shown(&evaluate(&snapshot)), @"not applicable: not there / ありません");
        snapshot.settings.sshd = unreadable();
        assert_snapshot!(shown(&evaluate(&snapshot)), @"unknown: not readable / 読めません");
    }
}
