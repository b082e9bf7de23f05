//! A password alone opens an SSH session.
//!
//! **Why it matters.** Passwords are guessed by machines, day and night; keys are not.
//!
//! **Remedy.** Set `PasswordAuthentication no` and `KbdInteractiveAuthentication no`, use keys,
//! restrict the source addresses.
//!
//! **References.** sshd_config(5); CWE-307; CWE-308.

use yagura_model::finding::Observation;
use yagura_model::settings::{MatchBlock, Setting, Sshd};
use yagura_model::{Fact, RulesPackage, Severity, Snapshot, Text};

use crate::rule::{Rule, Verdict, noted};

/// A password alone opens an SSH session.
pub(super) const RULE: Rule = Rule {
    id: "sshd-password-authentication",
    name: "Disable password authentication over SSH",
    name_ja: "SSH でのパスワード認証の無効化",
    package: RulesPackage::BestPractices,
    severity: Severity::Medium,
    severity_reason: Text::new(
        "an attacker must guess or know a password, which automated attacks try without end",
        "攻撃にはパスワードの推測か入手が必要ですが、自動化された攻撃が絶えず試みています",
    ),
    title: Text::new(
        "Instance {host} is configured to support password authentication over SSH",
        "インスタンス {host} は、SSH でのパスワード認証を許可する設定になっています",
    ),
    description: Text::new(
        "A password alone is enough to log in over SSH. Automated attacks try leaked and common passwords against \
         every reachable server, and one weak password of one account is enough. Keys cannot be guessed.",
        "SSH にパスワードだけでログインできます。到達可能なサーバーには、漏えいしたパスワードやありふれたパスワードによる\
         自動攻撃が絶えず行われており、弱いパスワードのアカウントがひとつあるだけで侵入されます。鍵認証であれば\
         推測による侵入は現実的に不可能です。",
    ),
    recommendation: Text::new(
        "Make sure that everybody logs in with a key; keep a session open while you change this. Then set \
         `PasswordAuthentication no` and `KbdInteractiveAuthentication no` (before OpenSSH 8.7 also \
         `ChallengeResponseAuthentication no`) in `{sshd-file}`, remove contrary settings from the Match blocks and \
         start options that the evidence names, check with `sshd -t` and run `{restart-sshd}`. Where passwords must \
         stay, restrict the source addresses by firewall.",
        "まず、全員が鍵でログインできることを確認してください (変更中は既存のセッションを閉じないでおきます)。次に \
         `{sshd-file}` に `PasswordAuthentication no` と `KbdInteractiveAuthentication no` (OpenSSH 8.7 より前では \
         `ChallengeResponseAuthentication no` も) を設定し、根拠に挙がった Match ブロックや起動オプションから反対の設定を\
         削除します。`sshd -t` で確認してから `{restart-sshd}` を実行してください。パスワードを残す必要がある場合は、\
         ファイアウォールで接続元アドレスを制限してください。",
    ),
    method: Text::new(
        "The rule is broken where a password alone opens a session: through `PasswordAuthentication` (on unless set), \
         or through `KbdInteractiveAuthentication` (before 8.7 also `ChallengeResponseAuthentication`) together with \
         `UsePAM yes`, which asks for the same password. `AuthenticationMethods` counts: where every list also wants \
         a key, the rule is kept. A Match block that turns passwords on for some connections breaks it; one block is \
         laid over the global values at a time.",
        "パスワードだけでログインできる場合に違反とします。経路は、`PasswordAuthentication` (未設定なら有効) と、\
         `UsePAM yes` のもとで同じパスワードを尋ねる `KbdInteractiveAuthentication` (8.7 より前では \
         `ChallengeResponseAuthentication` も) の 2 つです。`AuthenticationMethods` も考慮し、すべての組み合わせで鍵も\
         必要なら適合とします。一部の接続でパスワードを有効にする Match ブロックも違反です (ブロックは 1 つずつ全体の値に\
         重ねて判定します)。",
    ),
    references: &["sshd_config(5)", "CWE-307", "CWE-308"],
    evaluate,
};

fn evaluate(snapshot: &Snapshot) -> Verdict {
    let sshd = match &snapshot.settings.sshd {
        Fact::Known(sshd) => sshd,
        Fact::NotPresent(reason) => return Verdict::NotApplicable(reason.clone()),
        Fact::Unreadable(reason) => return Verdict::Unknown(reason.clone()),
    };
    let global = Values {
        password: &sshd.password,
        keyboard_interactive: &sshd.keyboard_interactive,
        use_pam: &sshd.use_pam,
        methods: &sshd.methods,
    };
    let mut broken = global.ways_in();
    for block in &sshd.blocks {
        let own = &block.values;
        if own.password.is_none() && own.keyboard_interactive.is_none() && own.methods.is_none() {
            continue;
        }
        let ways = global.under(block).ways_in();
        // What the global values allow anyway needs no second mention.
        broken.extend(ways.into_iter().filter(|o| is_from(o, block, sshd)).map(|o| in_block(o, block)));
    }
    let looked_at = vec![sshd.password.observation(), sshd.keyboard_interactive.observation()];
    Verdict::of(broken, looked_at)
}

/// Tells whether a block itself opened this way in.
fn is_from(observation: &Observation, block: &MatchBlock, sshd: &Sshd) -> bool {
    let own = &block.values;
    let settings = [own.password.as_ref(), own.keyboard_interactive.as_ref()];
    let set_here = settings.into_iter().flatten().any(|setting| setting.observation().place == observation.place);
    // `AuthenticationMethods any` in a block opens a way that the global lists had closed.
    let methods_here = own.methods.is_some() && own.methods.as_ref() != Some(&sshd.methods);
    (set_here && observation.place.is_some()) || methods_here
}

/// Adds the condition of a Match block to an observation.
pub(super) fn in_block(observation: Observation, block: &MatchBlock) -> Observation {
    let (condition, place) = (block.condition(), &block.place);
    noted(
        observation,
        format!("for connections that meet `Match {condition}` ({place})"),
        format!("`Match {condition}` ({place}) に該当する接続の場合"),
    )
}

/// The values that hold for some connections.
struct Values<'a> {
    password: &'a Setting<bool>,
    keyboard_interactive: &'a Setting<bool>,
    use_pam: &'a Setting<bool>,
    methods: &'a Setting<Vec<String>>,
}

impl<'a> Values<'a> {
    fn under(&self, block: &'a MatchBlock) -> Values<'a> {
        Values {
            password: block.values.password.as_ref().unwrap_or(self.password),
            keyboard_interactive: block.values.keyboard_interactive.as_ref().unwrap_or(self.keyboard_interactive),
            use_pam: self.use_pam,
            methods: block.values.methods.as_ref().unwrap_or(self.methods),
        }
    }

    /// Returns the settings through which a password alone opens a session.
    fn ways_in(&self) -> Vec<Observation> {
        let keyboard = self.keyboard_interactive.value && self.use_pam.value;
        let mut ways = Vec::new();
        if self.password.value && self.suffices("password", keyboard) {
            ways.push(self.password.observation());
        }
        if keyboard && self.suffices("keyboard-interactive", keyboard) {
            ways.push(noted(
                self.keyboard_interactive.observation(),
                "with `UsePAM yes`, keyboard-interactive asks for the same password",
                "`UsePAM yes` のもとでは、keyboard-interactive 認証でも同じパスワードでログインできます",
            ));
        }
        ways
    }

    /// Tells whether some list of `AuthenticationMethods` holds `method` and nothing that a
    /// password cannot answer.
    fn suffices(&self, method: &str, keyboard: bool) -> bool {
        self.methods.value.iter().any(|list| {
            let names: Vec<&str> = list.split(',').map(|name| name.split(':').next().unwrap_or(name)).collect();
            let answered = |name: &&str| match *name {
                "password" => self.password.value,
                "keyboard-interactive" => keyboard,
                _ => false,
            };
            names == ["any"] || (names.contains(&method) && names.iter().all(answered))
        })
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use yagura_model::settings::SshdValues;

    use super::*;
    use crate::testing::{block, host, line, not_present, shown, sshd, unreadable};

    const FILE: &str = "etc/ssh/sshd_config";

    /// Password off, keyboard-interactive off, PAM on, any method.
    fn strict() -> Sshd {
        let mut sshd = sshd();
        sshd.password = line(false, FILE, 1, "PasswordAuthentication no");
        sshd.keyboard_interactive = line(false, FILE, 2, "KbdInteractiveAuthentication no");
        sshd.use_pam = line(true, FILE, 3, "UsePAM yes");
        sshd
    }

    fn judge(sshd: Sshd) -> String {
        let mut snapshot = host("debian");
        snapshot.settings.sshd = Fact::Known(sshd);
        shown(&evaluate(&snapshot))
    }

    #[test]
    fn both_switches_count() {
        assert_snapshot!(judge(strict()), @r"
        pass: /etc/ssh/sshd_config:1: PasswordAuthentication no
              /etc/ssh/sshd_config:2: KbdInteractiveAuthentication no
        ");
        let mut open = strict();
        open.password = Setting::compiled_in(true, "PasswordAuthentication yes", "OpenSSH 9.2p1");
        open.keyboard_interactive = line(true, FILE, 2, "KbdInteractiveAuthentication yes");
        assert_snapshot!(judge(open.clone()), @r"
        fail: PasswordAuthentication yes
          en: not set; compiled-in default of OpenSSH 9.2p1
          ja: 設定なし。OpenSSH 9.2p1 の組み込みの既定値
              /etc/ssh/sshd_config:2: KbdInteractiveAuthentication yes
          en: with `UsePAM yes`, keyboard-interactive asks for the same password
          ja: `UsePAM yes` のもとでは、keyboard-interactive 認証でも同じパスワードでログインできます
        ");
        open.password.value = false;
        open.use_pam.value = false;
        assert!(judge(open).starts_with("pass"), "without PAM nothing asks");
    }

    #[test]
    fn a_list_that_wants_a_key_keeps_the_rule() {
        let with = |lists: &[&str]| {
            let mut open = strict();
            open.password = line(true, FILE, 1, "PasswordAuthentication yes");
            open.methods = line(lists.iter().map(|l| (*l).to_owned()).collect(), FILE, 9, "AuthenticationMethods …");
            judge(open)
        };
        assert!(with(&["publickey"]).starts_with("pass"));
        assert!(with(&["publickey,password", "password,publickey"]).starts_with("pass"));
        assert!(with(&["publickey,password", "password"]).starts_with("fail"));
        // Keyboard-interactive is off, so this list lets nobody in.
        assert!(with(&["password,keyboard-interactive:pam"]).starts_with("pass"));
    }

    #[test]
    fn a_block_that_turns_passwords_on_fails() {
        let mut sshd = strict();
        let on = line(true, FILE, 11, "PasswordAuthentication yes");
        let off = line(false, FILE, 21, "PasswordAuthentication no");
        sshd.blocks = vec![
            block(
                10,
                &[("User", "backup"), ("Address", "10.0.0.0/8")],
                SshdValues { password: Some(on), ..SshdValues::default() },
            ),
            block(20, &[("Group", "x")], SshdValues { password: Some(off), ..SshdValues::default() }),
        ];
        assert_snapshot!(judge(sshd), @r"
        fail: /etc/ssh/sshd_config:11: PasswordAuthentication yes
          en: for connections that meet `Match User backup Address 10.0.0.0/8` (/etc/ssh/sshd_config:10)
          ja: `Match User backup Address 10.0.0.0/8` (/etc/ssh/sshd_config:10) に該当する接続の場合
        ");
    }

    #[test]
    fn a_block_that_drops_the_key_fails() {
        let mut sshd = strict();
        sshd.password = line(true, FILE, 1, "PasswordAuthentication yes");
        sshd.methods = line(vec!["publickey,password".to_owned()], FILE, 4, "AuthenticationMethods publickey,password");
        let any = line(vec!["any".to_owned()], FILE, 11, "AuthenticationMethods any");
        sshd.blocks = vec![block(10, &[("User", "x")], SshdValues { methods: Some(any), ..SshdValues::default() })];
        assert!(
            judge(sshd).starts_with("fail: /etc/ssh/sshd_config:1: PasswordAuthentication yes\n  en: for connections")
        );
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
