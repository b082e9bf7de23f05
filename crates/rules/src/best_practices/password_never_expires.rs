//! Passwords may stay the same for ever.
//!
//! **Why it matters.** A password that leaked years ago still opens the account.
//!
//! **Remedy.** Set `PASS_MAX_DAYS` for new accounts, `chage --maxdays` for existing ones.
//!
//! **References.** login.defs(5); shadow(5); chage(1); CWE-262.

use yagura_model::finding::Observation;
use yagura_model::settings::{Account, PasswordState};
use yagura_model::{Fact, LocalText, RulesPackage, Severity, Snapshot, Text};

use crate::rule::{Rule, Verdict, noted};

/// From here on chage(1) prints "never": shadow's own idea of no maximum.
const NEVER_DAYS: i64 = 10_000;

/// Passwords may stay the same for ever.
pub(super) const RULE: Rule = Rule {
    id: "password-never-expires",
    name: "Configure password maximum age",
    name_ja: "パスワードの最大有効期間の設定",
    package: RulesPackage::BestPractices,
    severity: Severity::Medium,
    severity_reason: Text::new(
        "it helps only an attacker who has obtained a password already",
        "すでにパスワードを入手した攻撃者にのみ有利に働きます",
    ),
    title: Text::new(
        "Instance {host} is not configured with a maximum age for passwords",
        "インスタンス {host} では、パスワードの最大有効期間が設定されていません",
    ),
    description: Text::new(
        "Passwords never have to be changed, by the default for new accounts or for accounts that have a password \
         now. A password that leaked years ago, or that somebody who has left still knows, keeps opening the account.",
        "新規アカウントの既定値、または現在パスワードを持つアカウントで、パスワードの有効期限が設けられていません。\
         何年も前に漏えいしたパスワードや、退職者が知っているパスワードが、いつまでも使えてしまいます。",
    ),
    recommendation: Text::new(
        "For new accounts set `PASS_MAX_DAYS 90` (or your policy's figure) in `/etc/login.defs`. For each account in \
         the evidence run `chage --maxdays 90 ACCOUNT`; `chage --list ACCOUNT` shows the result. Lock accounts that \
         need no password with `passwd --lock ACCOUNT`.",
        "新規アカウント向けには `/etc/login.defs` に `PASS_MAX_DAYS 90` (または組織の基準値) を設定してください。\
         根拠に挙がったアカウントごとに `chage --maxdays 90 アカウント名` を実行し、`chage --list アカウント名` で結果を\
         確認します。パスワードが不要なアカウントは `passwd --lock アカウント名` でロックしてください。",
    ),
    method: Text::new(
        "`PASS_MAX_DAYS` (the last line of that name) and the fifth field of `/etc/shadow` for every account with a \
         usable or empty password. A negative, empty or missing value and 10000 days or more mean \"no maximum\", as \
         chage(1) prints it; any smaller figure keeps the rule. Locked accounts are left out.",
        "`PASS_MAX_DAYS` (同名の行のうち最後のもの) と、有効なパスワードまたは空のパスワードを持つ各アカウントの \
         `/etc/shadow` 第 5 フィールドで判定します。負の値、空、未設定、および 10000 日以上は、chage(1) の表示と同じく\
         「期限なし」とみなします。それより短ければ適合です。ロックされたアカウントは対象外です。",
    ),
    references: &["login.defs(5)", "shadow(5)", "chage(1)", "CWE-262"],
    evaluate,
};

fn evaluate(snapshot: &Snapshot) -> Verdict {
    let settings = &snapshot.settings;
    let mut broken = Vec::new();
    let mut looked_at = Vec::new();
    let mut unknown: Option<LocalText> = None;
    let mut absent: Option<LocalText> = None;
    match &settings.login_defs {
        Fact::Known(defs) => {
            let observation = defs.pass_max_days.observation();
            looked_at.push(observation.clone());
            if is_never(Some(defs.pass_max_days.value)) {
                broken.push(noted(
                    observation,
                    "new accounts get no maximum age",
                    "新規アカウントのパスワードは無期限になります",
                ));
            }
        }
        Fact::NotPresent(reason) => absent = Some(reason.clone()),
        Fact::Unreadable(reason) => unknown = Some(reason.clone()),
    }
    match &settings.accounts {
        Fact::Known(accounts) => {
            let open: Vec<&Account> = accounts.iter().filter(|account| has_password(account)).collect();
            broken.extend(open.iter().filter(|account| is_never(account.max_days)).map(|account| shown(account)));
            if absent.is_some() && open.is_empty() {
                return absent.map_or(Verdict::Pass(looked_at), Verdict::NotApplicable);
            }
        }
        Fact::NotPresent(reason) => {
            if absent.is_some() {
                return Verdict::NotApplicable(reason.clone());
            }
        }
        Fact::Unreadable(reason) => unknown = Some(reason.clone()),
    }
    match (broken.is_empty(), unknown) {
        // Half of the facts is enough to show a fault, never to show its absence.
        (true, Some(reason)) => Verdict::Unknown(reason),
        _ => Verdict::of(broken, looked_at),
    }
}

fn is_never(days: Option<i64>) -> bool {
    days.is_none_or(|days| !(0..NEVER_DAYS).contains(&days))
}

fn has_password(account: &Account) -> bool {
    matches!(account.password, PasswordState::Usable | PasswordState::Empty)
}

fn shown(account: &Account) -> Observation {
    let days = account.max_days.map_or_else(|| "-".to_owned(), |days| days.to_string());
    let name = yagura_model::settings::fact::quoted(&account.name);
    let observation =
        Observation { place: Some(account.place.clone()), found: format!("{name}: maximum age {days}"), note: None };
    match account.password {
        PasswordState::Empty => noted(
            observation,
            "the account has an empty password, which never has to be changed",
            "パスワードが空で、期限もありません",
        ),
        _ => noted(observation, "the password never has to be changed", "パスワードの有効期限がありません"),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use yagura_model::settings::LoginDefs;

    use super::*;
    use crate::testing;

    fn judge(days: i64, accounts: Fact<Vec<Account>>) -> String {
        let mut snapshot = testing::host("debian");
        let written = format!("PASS_MAX_DAYS {days}");
        let pass_max_days = testing::line(days, "etc/login.defs", 160, &written);
        snapshot.settings.login_defs = Fact::Known(LoginDefs { pass_max_days });
        snapshot.settings.accounts = accounts;
        testing::shown(&evaluate(&snapshot))
    }

    #[test]
    fn the_default_and_each_account_count() {
        let mut locked = testing::account("bob", 1001, None, 4);
        locked.password = PasswordState::Locked;
        let accounts = vec![
            testing::account("root", 0, Some(99_999), 1),
            testing::account("alice", 1000, None, 3),
            locked,
            testing::account("carol", 1002, Some(90), 5),
        ];
        assert_snapshot!(judge(99_999, Fact::Known(accounts)), @r"
        fail: /etc/login.defs:160: PASS_MAX_DAYS 99999
          en: new accounts get no maximum age
          ja: 新規アカウントのパスワードは無期限になります
              /etc/shadow:1: root: maximum age 99999
          en: the password never has to be changed
          ja: パスワードの有効期限がありません
              /etc/shadow:3: alice: maximum age -
          en: the password never has to be changed
          ja: パスワードの有効期限がありません
        ");
        let accounts = vec![testing::account("carol", 1002, Some(90), 5)];
        assert_snapshot!(judge(365, Fact::Known(accounts)), @"pass: /etc/login.defs:160: PASS_MAX_DAYS 365");
    }

    #[test]
    fn the_line_is_where_chage_prints_never() {
        for (days, expected) in [(0, "pass"), (9_999, "pass"), (10_000, "fail"), (-1, "fail")] {
            assert!(judge(days, Fact::Known(vec![])).starts_with(expected), "{days}");
        }
    }

    #[test]
    fn an_unreadable_shadow_hides_a_pass_but_not_a_fault() {
        assert_snapshot!(judge(90, testing::unreadable()), @"unknown: not readable / 読めません");
        assert!(judge(99_999, testing::unreadable()).starts_with("fail"));
        assert!(judge(90, testing::not_present()).starts_with("pass"));
    }

    #[test]
    fn a_tree_without_accounts_is_not_judged() {
        let mut snapshot = testing::host("debian");
        snapshot.settings.login_defs = testing::not_present();
        snapshot.settings.accounts = testing::not_present();
        assert_snapshot!(testing::shown(&evaluate(&snapshot)), @"not applicable: not there / ありません");
        snapshot.settings.accounts = Fact::Known(vec![testing::account("alice", 1000, None, 1)]);
        assert!(testing::shown(&evaluate(&snapshot)).starts_with("fail: /etc/shadow:1: alice"));
    }
}
