//! Root may log in over SSH.
//!
//! **Why it matters.** Everybody knows the name `root`, so only the password or key is left to
//! guess or steal, and the log shows `root` instead of the person.
//!
//! **Remedy.** Set `PermitRootLogin no`, log in as an ordinary user and use `sudo`.
//!
//! **References.** sshd_config(5); CWE-250; NIST SP 800-53 AC-6.

use yagura_model::finding::Observation;
use yagura_model::settings::{MatchBlock, RootLogin};
use yagura_model::{Fact, RulesPackage, Severity, Snapshot, Text};

use crate::pattern::list_matches;
use crate::rule::{Rule, Verdict, noted};

/// Root may log in over SSH.
pub(super) const RULE: Rule = Rule {
    id: "sshd-root-login",
    name: "Disable root login over SSH",
    name_ja: "SSH での root ログインの無効化",
    package: RulesPackage::BestPractices,
    severity: Severity::Medium,
    severity_reason: Text::new(
        "an attacker still needs a password or a key, but then has the whole host at once",
        "攻撃にはパスワードか鍵が必要ですが、成功するとホスト全体を直ちに奪われます",
    ),
    title: Text::new(
        "Instance {host} is configured to allow users to log in with root credentials over SSH",
        "インスタンス {host} は、SSH 経由で root として直接ログインできる設定になっています",
    ),
    description: Text::new(
        "The SSH server lets root log in directly. Everybody knows the name `root`, so an attacker has only the \
         password or the key left to guess or steal, and succeeds with full rights. The log shows `root` and not \
         which person it was.",
        "SSH サーバーが root の直接ログインを許可しています。`root` というユーザー名は誰もが知っているため、攻撃者は\
         パスワードか鍵を推測または窃取するだけで全権限を得られます。また、ログには `root` としか残らず、\
         誰が操作したのかを追跡できません。",
    ),
    recommendation: Text::new(
        "Make sure that an ordinary user can log in and use `sudo`. Then set `PermitRootLogin no` in `{sshd-file}` \
         (`echo 'PermitRootLogin no' > FILE` for a new drop-in file; in the main file change the line itself, \
         because the first value wins). Remove the setting from every Match block and start option that the \
         evidence names. Check with `sshd -t`, then run `{restart-sshd}`.",
        "まず、一般ユーザーでログインして `sudo` を使えることを確認してください。次に `{sshd-file}` に \
         `PermitRootLogin no` を設定します (ドロップインファイルを新しく作る場合は `echo 'PermitRootLogin no' > ファイル`。\
         最初に現れた値が優先されるため、メインの設定ファイルでは既存の行そのものを書き換えます)。根拠に Match ブロックや\
         起動オプションが挙がっている場合は、そこからも設定を削除してください。`sshd -t` で確認してから \
         `{restart-sshd}` を実行します。",
    ),
    method: Text::new(
        "The effective `PermitRootLogin` is judged: start options, the configuration file with its Include lines, \
         the first value winning, else the default compiled into the installed OpenSSH (`yes` before 7.0, then \
         `prohibit-password`). `yes` breaks the rule. So does `prohibit-password` (`without-password`): root still \
         gets a shell with a key that names no command, and the original service reported it too; the evidence says \
         that only keys are accepted. `no` and `forced-commands-only` keep it. A Match block that loosens the \
         setting breaks the rule unless its `User` criterion cannot mean root. `AllowUsers`, `DenyUsers` and \
         firewalls are not weighed.",
        "有効な `PermitRootLogin` の値で判定します。起動オプション、Include を含む設定ファイルの順に最初の値を採用し、\
         設定がなければインストール済み OpenSSH の組み込みの既定値 (7.0 より前は `yes`、以降は `prohibit-password`) を使います。\
         `yes` は違反です。`prohibit-password` (`without-password`) も、コマンドを限定しない鍵で root がシェルを得られるため\
         違反とし (元のサービスも同様に報告していました)、鍵のみ有効であることを根拠に明記します。`no` と \
         `forced-commands-only` は適合です。設定を緩める Match ブロックは、`User` 条件が root に該当し得ない場合を除き違反です。\
         `AllowUsers`、`DenyUsers`、ファイアウォールは考慮しません。",
    ),
    references: &["sshd_config(5)", "CWE-250", "NIST SP 800-53 AC-6"],
    evaluate,
};

fn evaluate(snapshot: &Snapshot) -> Verdict {
    let sshd = match &snapshot.settings.sshd {
        Fact::Known(sshd) => sshd,
        Fact::NotPresent(reason) => return Verdict::NotApplicable(reason.clone()),
        Fact::Unreadable(reason) => return Verdict::Unknown(reason.clone()),
    };
    let mut broken: Vec<Observation> =
        explained(sshd.root_login.value, sshd.root_login.observation()).into_iter().collect();
    for block in sshd.blocks.iter().filter(|block| may_mean_root(block)) {
        if let Some(setting) = &block.values.root_login
            && let Some(observation) = explained(setting.value, setting.observation())
        {
            broken.push(super::sshd_password_authentication::in_block(observation, block));
        }
    }
    Verdict::of(broken, vec![sshd.root_login.observation()])
}

/// Says what a value lets root do; `None` for a value that keeps the rule.
fn explained(value: RootLogin, observation: Observation) -> Option<Observation> {
    match value {
        RootLogin::No | RootLogin::ForcedCommandsOnly => None,
        RootLogin::KeyOnly => Some(noted(
            observation,
            "key only: passwords of root are refused, but a key without a forced command gives a root shell",
            "鍵のみ有効: root のパスワードは拒否されますが、コマンドを限定しない鍵があれば root のシェルを得られます",
        )),
        RootLogin::Yes => Some(noted(
            observation,
            "root may log in by every method that the server offers",
            "サーバーが提供するすべての認証方式で root がログインできます",
        )),
    }
}

/// Tells whether a block can hold for a login as root.
fn may_mean_root(block: &MatchBlock) -> bool {
    block.criteria.iter().all(|c| !c.attribute.eq_ignore_ascii_case("user") || list_matches(&c.patterns, "root"))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use yagura_model::settings::SshdValues;

    use super::*;
    use crate::testing::{block, host, line, not_present, shown, sshd, unreadable};

    fn judge(root: yagura_model::settings::Setting<RootLogin>, blocks: Vec<MatchBlock>) -> String {
        let mut sshd = sshd();
        sshd.root_login = root;
        sshd.blocks = blocks;
        let mut snapshot = host("debian");
        snapshot.settings.sshd = Fact::Known(sshd);
        shown(&evaluate(&snapshot))
    }

    fn root(value: RootLogin, at: u32) -> yagura_model::settings::Setting<RootLogin> {
        line(value, "etc/ssh/sshd_config", at, &format!("PermitRootLogin {}", value.word()))
    }

    #[test]
    fn yes_fails_and_names_the_line() {
        assert_snapshot!(judge(root(RootLogin::Yes, 2), vec![]), @r"
        fail: /etc/ssh/sshd_config:2: PermitRootLogin yes
          en: root may log in by every method that the server offers
          ja: サーバーが提供するすべての認証方式で root がログインできます
        ");
    }

    #[test]
    fn key_only_fails_and_says_so() {
        let default = yagura_model::settings::Setting::compiled_in(
            RootLogin::KeyOnly,
            "PermitRootLogin prohibit-password",
            "OpenSSH 9.2p1",
        );
        assert_snapshot!(judge(default, vec![]), @r"
        fail: PermitRootLogin prohibit-password
          en: not set; compiled-in default of OpenSSH 9.2p1; key only: passwords of root are refused, but a key without a forced command gives a root shell
          ja: 設定なし。OpenSSH 9.2p1 の組み込みの既定値。鍵のみ有効: root のパスワードは拒否されますが、コマンドを限定しない鍵があれば root のシェルを得られます
        ");
    }

    #[test]
    fn no_and_forced_commands_pass() {
        assert_snapshot!(judge(root(RootLogin::No, 1), vec![]), @"pass: /etc/ssh/sshd_config:1: PermitRootLogin no");
        assert_snapshot!(
            judge(root(RootLogin::ForcedCommandsOnly, 1), vec![]),
            @"pass: /etc/ssh/sshd_config:1: PermitRootLogin forced-commands-only"
        );
    }

    #[test]
    fn a_block_that_can_mean_root_fails() {
        let values = |at| SshdValues { root_login: Some(root(RootLogin::Yes, at)), ..SshdValues::default() };
        let blocks = vec![
            block(10, &[("Address", "10.0.0.0/8")], values(11)),
            block(20, &[("User", "alice,!root")], values(21)),
        ];
        assert_snapshot!(judge(root(RootLogin::No, 1), blocks), @r"
        fail: /etc/ssh/sshd_config:11: PermitRootLogin yes
          en: root may log in by every method that the server offers; for connections that meet `Match Address 10.0.0.0/8` (/etc/ssh/sshd_config:10)
          ja: サーバーが提供するすべての認証方式で root がログインできます。`Match Address 10.0.0.0/8` (/etc/ssh/sshd_config:10) に該当する接続の場合
        ");
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
