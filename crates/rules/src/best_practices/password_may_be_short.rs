//! A new password may be shorter than eight characters.
//!
//! **Why it matters.** A short password is found by trying all of them.
//!
//! **Remedy.** `minlen` of pam_pwquality (or pam_cracklib) in the PAM password stack.
//!
//! **References.** pam_pwquality(8); pwquality.conf(5); NIST SP 800-63B; CWE-521.

use yagura_model::finding::Observation;
use yagura_model::settings::{PasswordStack, QualityCheck};
use yagura_model::{Fact, RulesPackage, Severity, Snapshot, Text};

use crate::rule::{Rule, Verdict, noted};

/// NIST SP 800-63B's floor for passwords that a person chooses. The original service never
/// published a figure.
const LENGTH_MIN: i64 = 8;

/// A new password may be shorter than eight characters.
pub(super) const RULE: Rule = Rule {
    id: "password-may-be-short",
    name: "Configure password minimum length",
    name_ja: "パスワードの最小文字数の設定",
    package: RulesPackage::BestPractices,
    severity: Severity::Medium,
    severity_reason: Text::new(
        "it matters once somebody chooses a short password and an attacker can try against it",
        "短いパスワードが実際に選ばれ、攻撃者がそれを試せる場合に問題となります",
    ),
    title: Text::new(
        "Instance {host} is not configured with a sufficient minimum length for passwords",
        "インスタンス {host} では、パスワードの最小文字数が十分に設定されていません",
    ),
    description: Text::new(
        "A new password of fewer than eight characters is accepted. Such a password is found quickly by trying \
         all of them, over the network or against a stolen hash.",
        "8 文字未満のパスワードを新しく設定できます。短いパスワードは、ネットワーク越しの試行でも、盗まれたハッシュに\
         対する総当たりでも、短時間で破られます。",
    ),
    recommendation: Text::new(
        "Install pam_pwquality (`{install-pwquality}`); {edit-password-stack}. Set `minlen = 14` in \
         `/etc/security/pwquality.conf` and leave the credits at 0 or below. Existing passwords are not checked \
         again: make users change them (`chage --lastday 0 ACCOUNT`).",
        "pam_pwquality を導入してください (`{install-pwquality}`)。{edit-password-stack}。\
         `/etc/security/pwquality.conf` に `minlen = 14` を設定し、クレジットは 0 以下のままにします。既存のパスワードは\
         再検査されないため、`chage --lastday 0 アカウント名` で変更を促してください。",
    ),
    method: Text::new(
        "The PAM password stack of passwd(1) is followed through its includes. Counted are pam_pwquality, \
         pam_cracklib and pam_passwdqc where the module is installed and its refusal fails the stack, and `minlen` of \
         pam_unix. What counts is the shortest password that can pass: positive credits shorten `minlen`. At least 8 \
         characters (NIST SP 800-63B; the original service published no figure) keep the rule. Debian's pam_unix has \
         a built-in minimum of 6, which is not enough.",
        "passwd(1) の PAM パスワードスタックを include も含めてたどります。対象は、インストールされていて、その拒否が\
         スタック全体の失敗につながる pam_pwquality、pam_cracklib、pam_passwdqc と、pam_unix の `minlen` です。\
         判定には「通過し得る最短のパスワード」を使い、正のクレジットは `minlen` を短くするものとして数えます。8 文字以上 \
         (NIST SP 800-63B による。元のサービスは数値を公表していません) であれば適合です。Debian の pam_unix に組み込まれた\
         最小 6 文字では不足です。",
    ),
    references: &["pam_pwquality(8)", "pwquality.conf(5)", "pam_unix(8)", "NIST SP 800-63B 5.1.1", "CWE-521"],
    evaluate,
};

fn evaluate(snapshot: &Snapshot) -> Verdict {
    let stack = match &snapshot.settings.password_stack {
        Fact::Known(stack) => stack,
        Fact::NotPresent(reason) => return Verdict::NotApplicable(reason.clone()),
        Fact::Unreadable(reason) => return Verdict::Unknown(reason.clone()),
    };
    let unix = stack.unix.as_ref().and_then(|unix| unix.min_length.as_ref());
    let checks = stack.quality.iter().filter(|check| check.is_effective()).map(|check| check.shortest);
    let shortest = checks.chain(unix.map(|setting| setting.value)).max();
    let mut observations = Vec::new();
    for check in &stack.quality {
        observations.push(length_of(check));
        observations.extend(in_vain(check));
    }
    observations.extend(unix.map(|setting| setting.observation()));
    if observations.is_empty() {
        observations.push(nothing_asks(stack));
    }
    match shortest {
        Some(length) if length >= LENGTH_MIN => Verdict::Pass(observations),
        _ => Verdict::Fail(observations),
    }
}

/// Says how short a password may be, credits counted.
fn length_of(check: &QualityCheck) -> Observation {
    let observation = check.min_length.observation();
    if check.shortest == check.min_length.value {
        return observation;
    }
    let length = check.shortest;
    noted(
        observation,
        format!("with credits and built-in limits, {length} characters can be enough"),
        format!("クレジットと組み込みの下限を考慮すると、最短 {length} 文字で通過し得ます"),
    )
}

/// Says why a configured module asks in vain; `None` where it does not.
pub(super) fn in_vain(check: &QualityCheck) -> Option<Observation> {
    let name = check.module.name();
    if check.installed == Some(false) {
        return Some(noted(
            check.line.observation(),
            format!("`{name}.so` is not installed, so it judges no password"),
            format!("`{name}.so` がインストールされていないため、パスワードは検査されません"),
        ));
    }
    (!check.enforced).then(|| {
        noted(
            check.line.observation(),
            "the stack goes on when the module refuses, so it enforces nothing",
            "このモジュールが拒否してもスタックの処理が続くため、強制力がありません",
        )
    })
}

/// Points at the stack when no module asks for anything.
pub(super) fn nothing_asks(stack: &PasswordStack) -> Observation {
    let observation = match &stack.unix {
        Some(unix) => unix.line.observation(),
        None => Observation { place: Some(stack.entry.clone()), found: "password".to_owned(), note: None },
    };
    noted(
        observation,
        "no module of the stack judges the quality of a new password",
        "新しいパスワードの品質を検査するモジュールがスタックにありません",
    )
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use yagura_model::settings::Setting;

    use super::*;
    use crate::testing;

    fn judge(stack: Fact<PasswordStack>) -> String {
        let mut snapshot = testing::host("debian");
        snapshot.settings.password_stack = stack;
        testing::shown(&evaluate(&snapshot))
    }

    fn with(check: QualityCheck) -> String {
        judge(Fact::Known(PasswordStack { quality: vec![check], ..testing::debian_stack() }))
    }

    #[test]
    fn debian_s_own_stack_is_not_enough() {
        assert_snapshot!(judge(Fact::Known(testing::debian_stack())), @r"
        fail: minlen=6
          en: not set; compiled-in default of pam_unix (Debian)
          ja: 設定なし。pam_unix (Debian) の組み込みの既定値
        ");
    }

    #[test]
    fn the_line_is_at_eight() {
        assert!(with(testing::quality(8, 0)).starts_with("pass: /etc/security/pwquality.conf:3: minlen = 8"));
        assert!(with(testing::quality(7, 0)).starts_with("fail: /etc/security/pwquality.conf:3: minlen = 7"));
    }

    #[test]
    fn credits_and_modules_in_vain_are_explained() {
        let mut check = testing::quality(12, 0);
        check.shortest = 6;
        assert_snapshot!(with(check), @r"
        fail: /etc/security/pwquality.conf:3: minlen = 12
          en: with credits and built-in limits, 6 characters can be enough
          ja: クレジットと組み込みの下限を考慮すると、最短 6 文字で通過し得ます
              minlen=6
          en: not set; compiled-in default of pam_unix (Debian)
          ja: 設定なし。pam_unix (Debian) の組み込みの既定値
        ");
        let mut check = testing::quality(12, 0);
        check.installed = Some(false);
        assert!(with(check.clone()).contains("`pam_pwquality.so` is not installed"));
        check.installed = None;
        assert!(with(check.clone()).starts_with("pass"));
        check.enforced = false;
        assert!(with(check).starts_with("fail"));
    }

    #[test]
    fn pam_unix_alone_may_ask_for_enough() {
        let mut stack = testing::debian_stack();
        let minlen = testing::line(10, "etc/pam.d/common-password", 25, "minlen=10");
        stack.unix.as_mut().unwrap().min_length = Some(minlen);
        assert_snapshot!(judge(Fact::Known(stack.clone())), @"pass: /etc/pam.d/common-password:25: minlen=10");
        stack.unix.as_mut().unwrap().min_length = None::<Setting<i64>>;
        assert_snapshot!(judge(Fact::Known(stack)), @r"
        fail: /etc/pam.d/common-password:25: password [success=1 default=ignore] pam_unix.so obscure yescrypt
          en: no module of the stack judges the quality of a new password
          ja: 新しいパスワードの品質を検査するモジュールがスタックにありません
        ");
    }

    #[test]
    fn without_pam_or_its_file() {
        assert_snapshot!(judge(testing::not_present()), @"not applicable: not there / ありません");
        assert_snapshot!(judge(testing::unreadable()), @"unknown: not readable / 読めません");
    }
}
