use unicode_width::UnicodeWidthStr as _;

use super::*;
use crate::fixture;

fn options(language: Language) -> Options {
    Options { language, color: false, width: Some(120), verbose: false }
}

#[test]
fn the_first_screen_in_english() {
    insta::assert_snapshot!(render(&fixture::assessment(), &options(Language::English)), @r"
    web-1  Debian GNU/Linux 12 (bookworm) · kernel 6.1.0-27-amd64 · virtual machine (kvm) · 6 packages
    assessed 2026-11-23 10:00 UTC · Yagura 0.1.0

    Not everything was assessed
      data too old     cve · debian-tracker                data of 2026-08-21, 94 days old; older than 7 days; run `yagura
                                                           feed sync`
      not assessed     cve · epss                          never fetched; run `yagura feed sync --only epss`
      partly assessed  Security Best Practices             1 of 9 rules could not be judged
      excluded         cve · no authority for the package  1: google-chrome-stable – built by Google LLC; no feed speaks of
                                                           its builds
      excluded         best-practices · unreadable         1: etc/shadow – permission denied; run as root
      not read         /var/lib/dpkg/status:955            record without `Package`; the record was left out

    6 findings
      High 2  ·  Medium 1  ·  Undefined 0  ·  Low 2  ·  Informational 1
      3 with a fix available  ·  1 known to be exploited

    Which upgrades fix most
      FIXES  SOURCE PACKAGE  INSTALLED          UPGRADE TO         SEVERITIES, PACKAGES
          1  openssl         3.0.15-1~deb12u1   3.0.17-1~deb12u2   High 1, KEV 1 – libssl3 openssl
          1  curl            7.88.1-10+deb12u5  7.88.1-10+deb12u8  Low 1 – on hold: `apt-mark unhold curl` first – curl

    Common Vulnerabilities and Exposures
      SEVERITY  ID              PACKAGE  INSTALLED          FIXED IN / STATE           EPSS  KEV  WHAT
      High      CVE-2026-10001  openssl  3.0.15-1~deb12u1   3.0.17-1~deb12u2          94.2%  KEV  A crafted handshake lets …
      High      CVE-2026-10002  linux    6.1.115-1          reboot pending                        A use-after-free in net/s…
      Low       CVE-2023-45853  zlib     1:1.2.13.dfsg-1    will not be fixed                     MiniZip in zlib through 1…
      Low       CVE-2026-10003  curl     7.88.1-10+deb12u5  7.88.1-10+deb12u8 (held)  <0.1%       curl may send credentials…

    Security Best Practices
      Medium  Root may log in over SSH with a password
            /etc/ssh/sshd_config.d/50-cloud.conf:3: PermitRootLogin yes (the first value wins)
            PasswordAuthentication yes
            → Set `PermitRootLogin prohibit-password` in /etc/ssh/sshd_config, then `systemctl reload ssh`.
            yagura explain k5sshd000001

    1 informational finding is not listed; --verbose lists them.
    ");
}

#[test]
fn the_first_screen_in_japanese() {
    insta::assert_snapshot!(render(&fixture::assessment(), &options(Language::Japanese)), @r"
    web-1  Debian GNU/Linux 12 (bookworm) · カーネル 6.1.0-27-amd64 · 仮想マシン (kvm) · パッケージ 6 個
    評価日時 2026-11-23 10:00 UTC · Yagura 0.1.0

    評価できなかったものがあります
      データが古い  cve · debian-tracker              2026-08-21 時点のデータ (94 日前); 7 日より古いデータです。`yagura
                                                      feed sync` を実行してください
      評価不可      cve · epss                        未取得です。`yagura feed sync --only epss` を実行してください
      一部のみ評価  セキュリティのベストプラクティス  9 件中 1 件のルールを判定できませんでした
      対象外        cve · 判定根拠となる情報源なし    1: google-chrome-stable – Google LLC が作成したパッケージで、対応する
                                                      情報源がありません
      対象外        best-practices · 読み取り不可     1: etc/shadow – 権限がありません。root で実行してください
      読み取り不可  /var/lib/dpkg/status:955          `Package` のないレコードを読み飛ばしました

    検出結果 6 件
      高 2  ·  中 1  ·  未評価 0  ·  低 2  ·  情報 1
      修正版があるもの 3 件  ·  悪用が確認されたもの 1 件

    効果の大きい更新
      解消数  ソースパッケージ  導入済み           更新先             内訳とパッケージ
           1  openssl           3.0.15-1~deb12u1   3.0.17-1~deb12u2   高 1, KEV 1 – libssl3 openssl
           1  curl              7.88.1-10+deb12u5  7.88.1-10+deb12u8  低 1 – 保留中: 先に `apt-mark unhold curl` を実行して
                                                                      ください – curl

    共通脆弱性識別子 (CVE)
      重大度  ID              パッケージ  導入済み           修正版 / 状態              EPSS  KEV  概要
      高      CVE-2026-10001  openssl     3.0.15-1~deb12u1   3.0.17-1~deb12u2          94.2%  KEV  細工されたハンドシェイク…
      高      CVE-2026-10002  linux       6.1.115-1          再起動待ち                            A use-after-free in net/…
      低      CVE-2023-45853  zlib        1:1.2.13.dfsg-1    修正予定なし                          MiniZip in zlib through …
      低      CVE-2026-10003  curl        7.88.1-10+deb12u5  7.88.1-10+deb12u8 (保留)  <0.1%       curl may send credential…

    セキュリティのベストプラクティス
      中  root がパスワードで SSH ログインできます
            /etc/ssh/sshd_config.d/50-cloud.conf:3: PermitRootLogin yes (最初の値が有効です)
            PasswordAuthentication yes
            → /etc/ssh/sshd_config に `PermitRootLogin prohibit-password` と書き、`systemctl reload ssh` を実行してくださ
            い。
            yagura explain k5sshd000001

    「情報」の検出結果 1 件は省略しました。--verbose で表示します。
    ");
}

#[test]
fn verbose_lists_informational_findings_and_every_exclusion() {
    let text = render(&fixture::assessment(), &Options { verbose: true, width: None, ..options(Language::English) });
    assert!(text.contains("CVE-2011-3374"));
    assert!(text.contains("built by Google LLC; no feed speaks of its builds"));
    assert!(!text.contains("--verbose"));
}

#[test]
fn a_whole_assessment_says_so() {
    let mut assessment = fixture::assessment();
    assessment.coverage.retain(words::is_clean);
    assessment.exclusions.clear();
    assessment.snapshot.problems.clear();
    let text = render(&assessment, &options(Language::English));
    assert!(text.contains("Everything asked for was assessed, with current data."));
    assert!(!text.contains("Not everything"));
}

#[test]
fn only_ten_upgrades_are_named_and_the_rest_counted() {
    let mut assessment = fixture::assessment();
    assessment.upgrades = vec![assessment.upgrades[0].clone(); UPGRADES_MAX + 2];
    let text = render(&assessment, &options(Language::English));
    assert_eq!(text.matches("KEV 1").count(), UPGRADES_MAX);
    assert!(text.contains("  2 more in --format html and json"));
}

#[test]
fn long_lists_of_gaps_are_counted() {
    let mut assessment = fixture::assessment();
    assessment.exclusions = vec![assessment.exclusions[0].clone(); EXCLUDED_NAMES_MAX + 1];
    assessment.snapshot.problems = vec![assessment.snapshot.problems[0].clone(); PROBLEMS_MAX + 1];
    let text = render(&assessment, &Options { width: None, ..options(Language::English) });
    assert!(text.contains("4: google-chrome-stable, google-chrome-stable, google-chrome-stable, …"));
    assert!(text.contains("1 more; --verbose lists them"));
}

#[test]
fn colours_change_nothing_but_colours() {
    let plain = render(&fixture::assessment(), &options(Language::Japanese));
    let coloured = render(&fixture::assessment(), &Options { color: true, ..options(Language::Japanese) });
    assert!(coloured.contains("\u{1b}["));
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain);
}

#[test]
fn every_line_fits_the_terminal() {
    for language in [Language::English, Language::Japanese] {
        for width in [80, 100, 140] {
            let text = render(&fixture::assessment(), &Options { width: Some(width), ..options(language) });
            for line in text.lines() {
                assert!(line.width() <= usize::from(width), "{width}: {line}");
            }
        }
    }
}

#[test]
fn a_flaw_that_nobody_describes_is_a_dash() {
    let mut assessment = fixture::assessment();
    for finding in &mut assessment.findings {
        if finding.rule == "CVE-2026-10001" {
            finding.description = yagura_model::VulnerabilityEvidence::no_description(&finding.rule);
        }
    }
    let text = render(&assessment, &options(Language::English));
    let line = text.lines().find(|line| line.contains("CVE-2026-10001")).unwrap();
    assert!(line.ends_with("KEV  –"), "{line}");
}

#[test]
fn a_narrow_terminal_keeps_versions_whole_and_no_line_too_long() {
    use unicode_width::UnicodeWidthStr as _;
    for language in [Language::English, Language::Japanese] {
        let text = render(&fixture::assessment(), &Options { width: Some(80), ..options(language) });
        assert!(text.contains("3.0.17-1~deb12u2"), "{text}");
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
    }
}

#[test]
fn a_group_of_exclusions_tells_its_reason_or_how_to_see_them() {
    let mut assessment = fixture::assessment();
    let mut another = assessment.exclusions[0].clone();
    assessment.exclusions.push(another.clone());
    let line = |assessment: &Assessment| {
        let text = render(assessment, &Options { width: None, ..options(Language::English) });
        text.lines().find(|line| line.contains("2: ")).unwrap().to_owned()
    };
    assert!(
        line(&assessment).ends_with("– built by Google LLC; no feed speaks of its builds"),
        "{}",
        line(&assessment)
    );
    another.reason = yagura_model::LocalText::new("another", "別");
    *assessment.exclusions.last_mut().unwrap() = another;
    assert!(line(&assessment).ends_with("– --verbose tells why each"), "{}", line(&assessment));
}
