//! A new password may consist of one or two kinds of characters.
//!
//! **Why it matters.** Simple passwords are the first that an attacker tries.
//!
//! **Remedy.** `dcredit ucredit lcredit ocredit = -1`, or `minclass`, in pwquality.conf.
//!
//! **References.** pam_pwquality(8); pwquality.conf(5); CWE-521.

use yagura_model::finding::Observation;
use yagura_model::settings::QualityCheck;
use yagura_model::{Fact, RulesPackage, Severity, Snapshot, Text};

use super::password_may_be_short::{in_vain, nothing_asks};
use crate::rule::{Rule, Verdict, noted};

/// Three of the four classes: digits, upper case, lower case, others.
const CLASSES_MIN: i64 = 3;

/// A new password may consist of one or two kinds of characters.
pub(super) const RULE: Rule = Rule {
    id: "password-may-be-simple",
    name: "Configure password complexity",
    name_ja: "パスワードの複雑さの設定",
    package: RulesPackage::BestPractices,
    severity: Severity::Medium,
    severity_reason: Text::new(
        "it matters once somebody chooses a simple password and an attacker can try against it",
        "単純なパスワードが実際に選ばれ、攻撃者がそれを試せる場合に問題となります",
    ),
    title: Text::new(
        "Instance {host} is not configured to require complex passwords",
        "インスタンス {host} では、複雑なパスワードを要求する設定がされていません",
    ),
    description: Text::new(
        "Nothing makes a new password mix digits, upper case, lower case and other characters. Simple passwords are \
         the first that an attacker's word list holds.",
        "新しいパスワードに数字、大文字、小文字、記号を組み合わせることが求められていません。単純なパスワードは、\
         攻撃者の辞書で真っ先に試されます。",
    ),
    recommendation: Text::new(
        "Install pam_pwquality (`{install-pwquality}`); {edit-password-stack}. Set `dcredit = -1`, `ucredit = -1`, \
         `lcredit = -1` and `ocredit = -1` (or `minclass = 4`) in `/etc/security/pwquality.conf`. To keep users from \
         going back to former passwords add `remember=12` to pam_unix or use pam_pwhistory.",
        "pam_pwquality を導入してください (`{install-pwquality}`)。{edit-password-stack}。\
         `/etc/security/pwquality.conf` に `dcredit = -1`、`ucredit = -1`、`lcredit = -1`、`ocredit = -1` (または \
         `minclass = 4`) を設定します。過去のパスワードの再利用を防ぐには、pam_unix に `remember=12` を追加するか \
         pam_pwhistory を使ってください。",
    ),
    method: Text::new(
        "The same modules as for the minimum length, where they are installed and their refusal fails the stack. A \
         negative credit asks for its class, `minclass` for a number of classes; at least three of the four classes \
         keep the rule. pam_passwdqc counts as asking for three unless it takes passwords of a single class. \
         `obscure` of pam_unix asks for no class. `remember` is recommended but not judged.",
        "最小文字数のルールと同じモジュールを、インストールされていて拒否が有効な場合に限り対象とします。負のクレジットは\
         その文字種を、`minclass` は文字種の数を要求するものとして数え、4 種のうち 3 種以上を要求していれば適合です。\
         pam_passwdqc は、1 種類だけのパスワードを受け付けない設定なら 3 種とみなします。pam_unix の `obscure` は文字種を\
         要求しません。`remember` は推奨にとどめ、判定には使いません。",
    ),
    references: &["pam_pwquality(8)", "pwquality.conf(5)", "pam_pwhistory(8)", "CWE-521"],
    evaluate,
};

fn evaluate(snapshot: &Snapshot) -> Verdict {
    let stack = match &snapshot.settings.password_stack {
        Fact::Known(stack) => stack,
        Fact::NotPresent(reason) => return Verdict::NotApplicable(reason.clone()),
        Fact::Unreadable(reason) => return Verdict::Unknown(reason.clone()),
    };
    let kept = stack.quality.iter().any(|check| check.is_effective() && check.classes >= CLASSES_MIN);
    let mut observations: Vec<Observation> = Vec::new();
    for check in &stack.quality {
        observations.extend(in_vain(check));
        observations.push(classes_of(check));
        observations.extend(check.decisive.iter().map(|setting| setting.observation()));
    }
    if observations.is_empty() {
        observations.push(nothing_asks(stack));
    }
    if kept { Verdict::Pass(observations) } else { Verdict::Fail(observations) }
}

fn classes_of(check: &QualityCheck) -> Observation {
    let classes = check.classes;
    noted(
        check.line.observation(),
        format!("asks for {classes} of 4 classes of characters"),
        format!("4 種の文字のうち {classes} 種を要求します"),
    )
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use yagura_model::settings::PasswordStack;

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
    fn three_classes_of_four() {
        assert_snapshot!(with(testing::quality(8, 2)), @r"
        fail: /etc/pam.d/common-password:25: password requisite pam_pwquality.so retry=3
          en: asks for 2 of 4 classes of characters
          ja: 4 種の文字のうち 2 種を要求します
              /etc/security/pwquality.conf:3: minlen = 8
              /etc/security/pwquality.conf:4: minclass = 2
        ");
        assert!(with(testing::quality(8, 3)).starts_with("pass"));
    }

    #[test]
    fn nothing_asks_on_a_plain_debian() {
        assert_snapshot!(judge(Fact::Known(testing::debian_stack())), @r"
        fail: /etc/pam.d/common-password:25: password [success=1 default=ignore] pam_unix.so obscure yescrypt
          en: no module of the stack judges the quality of a new password
          ja: 新しいパスワードの品質を検査するモジュールがスタックにありません
        ");
    }

    #[test]
    fn a_module_in_vain_does_not_count() {
        let mut check = testing::quality(8, 4);
        check.enforced = false;
        assert_snapshot!(with(check), @r"
        fail: /etc/pam.d/common-password:25: password requisite pam_pwquality.so retry=3
          en: the stack goes on when the module refuses, so it enforces nothing
          ja: このモジュールが拒否してもスタックの処理が続くため、強制力がありません
              /etc/pam.d/common-password:25: password requisite pam_pwquality.so retry=3
          en: asks for 4 of 4 classes of characters
          ja: 4 種の文字のうち 4 種を要求します
              /etc/security/pwquality.conf:3: minlen = 8
              /etc/security/pwquality.conf:4: minclass = 4
        ");
    }

    #[test]
    fn without_pam_or_its_file() {
        assert_snapshot!(judge(testing::not_present()), @"not applicable: not there / ありません");
        assert_snapshot!(judge(testing::unreadable()), @"unknown: not readable / 読めません");
    }
}
