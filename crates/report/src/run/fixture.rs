//! An invented run with one of everything, and one as large as asked for.

use std::error::Error;

use jiff::Timestamp;
use yagura_model::run_report::{
    AgentOutcome, ExclusionScope, FindingGroup, FindingInstance, FindingItem, Named, RuleChecked, RuleInstance,
    RuleItem, RuleResult, RunAgent, RunCoverage, RunExclusion, RunHeader, RunReportError, RunReportSource,
    RunRulesPackage, SeverityCounts, Wanted,
};
use yagura_model::{Attribute, CoverageState, FeedAge, FeedId, LocalText, Severity};

/// 2026-11-23T10:00:00Z.
const STARTED: i64 = 1_795_428_000;

const ACCOUNT: &str = "123456789012";

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(STARTED + seconds).unwrap_or_default()
}

fn both(en: &str, ja: &str) -> LocalText {
    LocalText::new(en, ja)
}

fn arn(rest: &str) -> String {
    format!("arn:aws:inspector:eu-central-1:{ACCOUNT}:{rest}")
}

fn attribute(key: &str, value: &str) -> Attribute {
    Attribute { key: key.into(), value: value.into() }
}

fn cve() -> RunRulesPackage {
    RunRulesPackage {
        arn: "arn:aws:inspector:eu-central-1:537503971621:rulespackage/0-wNqHa8M9".into(),
        name: both("Common Vulnerabilities and Exposures", "共通脆弱性識別子 (CVE)"),
        version: "1.1".into(),
    }
}

fn best_practices() -> RunRulesPackage {
    RunRulesPackage {
        arn: "arn:aws:inspector:eu-central-1:537503971621:rulespackage/0-ZujVHEPB".into(),
        name: both("Security Best Practices", "セキュリティのベストプラクティス"),
        version: "1.1".into(),
    }
}

/// A run held in memory.
pub(crate) struct Invented {
    pub(crate) header: RunHeader,
    pub(crate) coverage: Vec<RunCoverage>,
    pub(crate) exclusions: Vec<RunExclusion>,
    pub(crate) agents: Vec<RunAgent>,
    pub(crate) findings: Vec<(FindingGroup, Vec<FindingInstance>)>,
    pub(crate) rules: Vec<(RuleChecked, Vec<RuleInstance>)>,
}

impl RunReportSource for Invented {
    fn header(&mut self) -> Result<RunHeader, RunReportError> {
        Ok(self.header.clone())
    }

    fn coverage(&mut self, each: &mut dyn FnMut(&RunCoverage) -> Wanted) -> Result<(), RunReportError> {
        tell(&self.coverage, each);
        Ok(())
    }

    fn exclusions(&mut self, each: &mut dyn FnMut(&RunExclusion) -> Wanted) -> Result<(), RunReportError> {
        tell(&self.exclusions, each);
        Ok(())
    }

    fn agents(&mut self, each: &mut dyn FnMut(&RunAgent) -> Wanted) -> Result<(), RunReportError> {
        tell(&self.agents, each);
        Ok(())
    }

    fn findings(&mut self, each: &mut dyn FnMut(FindingItem<'_>) -> Wanted) -> Result<(), RunReportError> {
        for (group, instances) in &self.findings {
            match each(FindingItem::Group(group)) {
                Wanted::More => tell(instances, &mut |instance| each(FindingItem::Instance(instance))),
                Wanted::NextGroup => {}
                Wanted::Nothing => break,
            }
        }
        Ok(())
    }

    fn rules(&mut self, each: &mut dyn FnMut(RuleItem<'_>) -> Wanted) -> Result<(), RunReportError> {
        for (rule, instances) in &self.rules {
            match each(RuleItem::Rule(rule)) {
                Wanted::More => tell(instances, &mut |instance| each(RuleItem::Instance(instance))),
                Wanted::NextGroup => {}
                Wanted::Nothing => break,
            }
        }
        Ok(())
    }
}

fn tell<T>(all: &[T], each: &mut dyn FnMut(&T) -> Wanted) {
    for one in all {
        if each(one) != Wanted::More {
            return;
        }
    }
}

/// The web and database hosts of a shop, one of which was away.
pub(crate) fn run() -> Invented {
    let agents = agents();
    let mut counts = SeverityCounts::default();
    let findings = findings();
    for (group, instances) in &findings {
        counts.add(group.severity, u64::try_from(instances.len()).unwrap_or_default());
    }
    Invented {
        header: header(counts, 4, 2, 3),
        coverage: coverage(),
        exclusions: exclusions(),
        agents,
        findings,
        rules: rules(),
    }
}

fn header(counts: SeverityCounts, agents: u64, agents_evaluated: u64, exclusions: u64) -> RunHeader {
    let template = "target/0-kFIPusq5/template/0-4r1V2mAw";
    RunHeader {
        run: Named { name: "Weekly shop hosts – 第 47 週".into(), arn: arn(&format!("{template}/run/0-MKkpXXPE")) },
        template: Named { name: "weekly, one hour".into(), arn: arn(template) },
        target: Named { name: "shop hosts".into(), arn: arn("target/0-kFIPusq5") },
        account: ACCOUNT.into(),
        region: "eu-central-1".into(),
        created_at: time(0),
        started_at: Some(time(1)),
        completed_at: Some(time(3_720)),
        duration_seconds: 3_600,
        state: "COMPLETED_WITH_ERRORS".into(),
        rules_packages: vec![cve(), best_practices()],
        agents,
        agents_evaluated,
        exclusions,
        counts,
        attributes: vec![attribute("状況", "対応済み"), attribute("担当者", "基盤チーム")],
        made_by: format!("arn:aws:iam::{ACCOUNT}:user/auditor"),
        made_at: time(86_400),
        product_version: "0.1.0".into(),
    }
}

fn coverage() -> Vec<RunCoverage> {
    let line = |feed: Option<&str>, state, reason, age: Option<(i64, bool)>, instances| RunCoverage {
        rules_package: cve().name,
        feed: feed.map(|feed| FeedId(feed.to_owned())),
        state,
        reason,
        age: age.map(|(age_days, stale)| FeedAge { data_date: time(-86_400 * age_days), age_days, stale }),
        instances,
    };
    vec![
        line(
            None,
            CoverageState::Partly,
            Some(both(
                "no advisories for Ubuntu 24.04 were imported; run `yagura feeds update ubuntu`",
                "Ubuntu 24.04 の勧告が取り込まれていません。`yagura feeds update ubuntu` を実行してください",
            )),
            None,
            1,
        ),
        line(Some("cisa-kev"), CoverageState::Assessed, None, Some((31, true)), 3),
        line(Some("debian-tracker"), CoverageState::Assessed, None, Some((1, false)), 2),
        RunCoverage { rules_package: best_practices().name, ..line(None, CoverageState::Assessed, None, None, 3) },
    ]
}

fn exclusions() -> Vec<RunExclusion> {
    let instance = |agent_id: &str, hostname: &str| ExclusionScope::Instance {
        agent_id: agent_id.to_owned(),
        hostname: hostname.to_owned(),
    };
    vec![
        RunExclusion {
            title: both("Agent is unhealthy", "エージェントに異常があります"),
            description: both(
                "The agent was last heard of 47 minutes before the run began, so nothing was collected.",
                "エージェントからの最後の通信は実行開始の 47 分前で、データを収集できませんでした。",
            ),
            recommendation: both(
                "Start the agent with `systemctl restart yagura-agent` and see whether the host reaches the server.",
                "`systemctl restart yagura-agent` でエージェントを再起動し、ホストからサーバーに到達できることを確認してください。",
            ),
            scopes: vec![instance("i-0d3b7c55aa01f9e42", "db-2")],
        },
        RunExclusion {
            title: both("Unsupported OS version", "サポートされていない OS バージョン"),
            description: both(
                "No feed speaks of the packages of this release.",
                "このリリースのパッケージに対応する情報源がありません。",
            ),
            recommendation: both("Import the feed of the release.", "このリリースのフィードを取り込んでください。"),
            scopes: vec![instance("i-0aa04be1c9d3355f7", ""), ExclusionScope::RulesPackage(cve())],
        },
        RunExclusion {
            title: both("Rules evaluation error for single instance", "単一インスタンスのルール評価エラー"),
            description: both("`/etc/shadow` could not be read.", "`/etc/shadow` を読み取れませんでした。"),
            recommendation: both("Run the agent as root.", "エージェントを root で実行してください。"),
            scopes: vec![instance("i-0aa04be1c9d3355f7", ""), ExclusionScope::RulesPackage(best_practices())],
        },
    ]
}

fn agents() -> Vec<RunAgent> {
    let agent = |agent_id: &str, hostname: &str, system: &str, kernel: &str, address: &str, outcome, counts| RunAgent {
        agent_id: agent_id.to_owned(),
        hostname: hostname.to_owned(),
        operating_system: Some(system.to_owned()),
        kernel: Some(kernel.to_owned()),
        addresses: vec![address.to_owned(), "fd00:27::10".to_owned()],
        tags: vec![attribute("env", "production"), attribute("service", "shop")],
        health: if hostname == "db-2" { "UNHEALTHY" } else { "HEALTHY" }.to_owned(),
        health_code: if hostname == "db-2" { "UNHEALTHY" } else { "IDLE" }.to_owned(),
        outcome,
        counts: SeverityCounts(counts),
    };
    let debian = "Debian GNU/Linux 12 (bookworm)";
    let kernel = "6.1.0-28-amd64";
    vec![
        agent(
            "i-0d3b7c55aa01f9e42",
            "db-2",
            debian,
            kernel,
            "10.27.0.22",
            AgentOutcome::NotEvaluated {
                reason: both("the agent did not answer", "エージェントが応答しませんでした")
            },
            [0; 5],
        ),
        agent(
            "i-0aa04be1c9d3355f7",
            "",
            "Ubuntu 24.04.1 LTS",
            "6.8.0-49-generic",
            "10.27.0.31",
            AgentOutcome::Partly {
                reason: both("not by the CVE rules package: no feed", "CVE ルールパッケージは未評価: 情報源なし"),
            },
            [0, 1, 0, 0, 0],
        ),
        agent("i-0f1e2d3c4b5a69788", "web-1", debian, kernel, "10.27.0.11", AgentOutcome::Evaluated, [2, 2, 1, 1, 1]),
        agent("i-0123456789abcdef0", "web-2", debian, kernel, "10.27.0.12", AgentOutcome::Evaluated, [1, 2, 1, 0, 0]),
    ]
}

/// One group: rules package, rule, severity, title, description, recommendation and evidence.
type Group<'a> = (RunRulesPackage, &'a str, Severity, LocalText, LocalText, LocalText, Vec<LocalText>);

fn group(
    (rules_package, rule, severity, title, description, recommendation, evidence): Group<'_>,
    hosts: &[(&str, &str)],
    seen: &LocalText,
) -> (FindingGroup, Vec<FindingInstance>) {
    let instances: Vec<_> = (0_u32..)
        .zip(hosts)
        .map(|(place, (agent_id, hostname))| FindingInstance {
            agent_id: (*agent_id).to_owned(),
            hostname: (*hostname).to_owned(),
            finding_arn: arn(&format!(
                "target/0-kFIPusq5/template/0-4r1V2mAw/run/0-MKkpXXPE/finding/0-{:08x}",
                rule.len() * 7_919 + usize::try_from(place).unwrap_or_default()
            )),
            first_seen: Some(time(-86_400 * 14)),
            evidence: vec![seen.clone()],
            attributes: if place == 0 { vec![attribute("担当者", "基盤チーム")] } else { Vec::new() },
        })
        .collect();
    let group = FindingGroup {
        rules_package,
        rule: rule.to_owned(),
        severity,
        title,
        description,
        recommendation,
        evidence,
        instances: u64::try_from(instances.len()).unwrap_or_default(),
    };
    (group, instances)
}

fn findings() -> Vec<(FindingGroup, Vec<FindingInstance>)> {
    let (web_1, web_2) = (("i-0f1e2d3c4b5a69788", "web-1"), ("i-0123456789abcdef0", "web-2"));
    let nameless = ("i-0aa04be1c9d3355f7", "");
    vec![
        group(
            (
                cve(),
                "CVE-2024-12797",
                Severity::High,
                both(
                    "openssl: RFC 7250 handshakes do not abort as expected",
                    "openssl: RFC 7250 ハンドシェイクが想定どおりに中断されない",
                ),
                both(
                    "Clients using RFC 7250 Raw Public Keys (RPKs) to authenticate a server may fail to notice that the \
                     server was not authenticated, because handshakes do not abort as expected when the SSL_VERIFY_PEER \
                     verification mode is set.\n\nTLS and DTLS connections using raw public keys may be vulnerable to \
                     man-in-middle attacks.",
                    "RFC 7250 の Raw Public Key (RPK) を使ってサーバーを認証するクライアントは、SSL_VERIFY_PEER 検証モードが\
                     設定されていてもハンドシェイクが想定どおりに中断されないため、サーバーが認証されていないことに気付かない\
                     可能性があります。\n\nRPK を使う TLS・DTLS 接続は「中間者攻撃」を受けるおそれがあります。",
                ),
                both(
                    "Upgrade openssl to 3.0.16-1~deb12u1: `apt-get install --only-upgrade libssl3 openssl`, then restart the services that use it.",
                    "openssl を 3.0.16-1~deb12u1 に更新してください: `apt-get install --only-upgrade libssl3 openssl`。更新後、利用しているサービスを再起動してください。",
                ),
                vec![
                    both(
                        "CVSS 3.1: 7.4 (CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N)",
                        "CVSS 3.1: 7.4 (CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N)",
                    ),
                    both("Known to be exploited since 2026-10-02 (CISA KEV)", "2026-10-02 から悪用を確認 (CISA KEV)"),
                    LocalText::untranslated("https://security-tracker.debian.org/tracker/CVE-2024-12797"),
                ],
            ),
            &[web_1, web_2],
            &both(
                "openssl 3.0.15-1~deb12u1 < 3.0.16-1~deb12u1 (dpkg)",
                "openssl 3.0.15-1~deb12u1 < 3.0.16-1~deb12u1 (dpkg)",
            ),
        ),
        group(
            (
                cve(),
                "CVE-2025-21756",
                Severity::High,
                both("linux: vsock keeps the binding until socket destruction", "linux: vsock の解放後使用"),
                both(
                    "A local user may raise privileges through a use after free in vsock.",
                    "ローカルユーザーが vsock の解放後使用により権限を昇格させる可能性があります。",
                ),
                both("Upgrade the kernel and reboot.", "カーネルを更新し、再起動してください。"),
                Vec::new(),
            ),
            &[web_1],
            &both("the running kernel 6.1.0-28-amd64", "稼働中のカーネル 6.1.0-28-amd64"),
        ),
        group(
            (
                best_practices(),
                "Disable root login over SSH",
                Severity::Medium,
                both("Root may log in over SSH", "SSH で root としてログインできます"),
                both(
                    "One guessed password gives the whole host, and the log shows only `root`, not the person.",
                    "パスワードが一つ推測されるだけでホスト全体を奪われます。ログには `root` としか残らず、誰が操作したか分かりません。",
                ),
                both(
                    "Set `PermitRootLogin no` in `/etc/ssh/sshd_config` and run `systemctl reload ssh`.",
                    "`/etc/ssh/sshd_config` に `PermitRootLogin no` を設定し、`systemctl reload ssh` を実行してください。",
                ),
                Vec::new(),
            ),
            &[web_1, web_2, nameless],
            &LocalText::untranslated("etc/ssh/sshd_config:32: PermitRootLogin yes"),
        ),
        group(
            (
                best_practices(),
                "Configure password maximum age",
                Severity::Medium,
                both("Passwords never expire", "パスワードに有効期限がありません"),
                both("A stolen password stays good for ever.", "盗まれたパスワードがいつまでも有効です。"),
                both(
                    "Set `PASS_MAX_DAYS 365` in `/etc/login.defs`.",
                    "`/etc/login.defs` に `PASS_MAX_DAYS 365` を設定してください。",
                ),
                Vec::new(),
            ),
            &[web_1, web_2],
            &LocalText::untranslated("etc/login.defs:165: PASS_MAX_DAYS 99999"),
        ),
        group(
            (
                cve(),
                "CVE-2026-10001",
                Severity::Undefined,
                both("zlib: not yet graded", "zlib: 未評価の脆弱性"),
                both(
                    "No feed carries a description of CVE-2026-10001.",
                    "CVE-2026-10001 の説明はどのフィードにも含まれていません。",
                ),
                both("There is no repaired version yet.", "修正版はまだありません。"),
                Vec::new(),
            ),
            &[web_1, web_2],
            &LocalText::untranslated("zlib 1:1.2.13.dfsg-1"),
        ),
        group(
            (
                cve(),
                "CVE-2023-4039",
                Severity::Low,
                both("gcc-12: stack protector is bypassed on AArch64", "gcc-12: AArch64 でスタック保護を回避できる"),
                both(
                    "Dynamically sized local variables are not protected – Łukasz’s “proof”: Ωμέγα, Москва, 한국어.",
                    "動的なサイズの局所変数が保護されません。Łukasz による実証: Ωμέγα、Москва、한국어。",
                ),
                both("Rebuild with a repaired compiler.", "修正済みのコンパイラーで再ビルドしてください。"),
                Vec::new(),
            ),
            &[web_1],
            &LocalText::untranslated("gcc-12 12.2.0-14"),
        ),
        group(
            (
                best_practices(),
                "No potential security issues found",
                Severity::Informational,
                both("No potential security issues found", "潜在的なセキュリティの問題は見つかりませんでした"),
                both(
                    "No potential security issues were found by this rules package.",
                    "このルールパッケージでは問題は見つかりませんでした。",
                ),
                both("No remediation needed.", "対処は不要です。"),
                Vec::new(),
            ),
            &[web_1],
            &LocalText::default(),
        ),
    ]
}

fn rules() -> Vec<(RuleChecked, Vec<RuleInstance>)> {
    let hosts = [("i-0f1e2d3c4b5a69788", "web-1"), ("i-0123456789abcdef0", "web-2"), ("i-0aa04be1c9d3355f7", "")];
    let rule = |rules_package: RunRulesPackage, rule: &str, title: LocalText, severity, results: [RuleResult; 3]| {
        let mut counts = [0; 4];
        for (count, result) in counts.iter_mut().zip(RuleResult::ALL) {
            *count = u64::try_from(results.iter().filter(|other| **other == result).count()).unwrap_or_default();
        }
        let instances = hosts.into_iter().zip(results).map(|((agent_id, hostname), result)| RuleInstance {
            agent_id: agent_id.to_owned(),
            hostname: hostname.to_owned(),
            result,
        });
        let checked = RuleChecked { rules_package, rule: rule.to_owned(), title, severity, counts };
        (checked, instances.collect())
    };
    use RuleResult::{Fail, NotApplicable, Pass, Unknown};
    vec![
        rule(
            cve(),
            "debian:bookworm",
            both("61,204 statements about 412 installed packages", "導入済み 412 パッケージに関する 61,204 件の記述"),
            Severity::Undefined,
            [Fail, Fail, Unknown],
        ),
        rule(
            best_practices(),
            "Disable root login over SSH",
            both("Root may log in over SSH", "SSH で root としてログインできます"),
            Severity::Medium,
            [Fail, Fail, Fail],
        ),
        rule(
            best_practices(),
            "Support SSH version 2 only",
            both("SSH protocol 1 is allowed", "SSH プロトコル 1 が許可されています"),
            Severity::Medium,
            [Pass, Pass, NotApplicable],
        ),
        rule(
            best_practices(),
            "Configure password maximum age",
            both("Passwords never expire", "パスワードに有効期限がありません"),
            Severity::Medium,
            [Fail, Fail, Unknown],
        ),
        rule(
            best_practices(),
            "Enable Data Execution Prevention (DEP)",
            both("Data can be executed", "データ実行防止が無効です"),
            Severity::High,
            [Pass, Pass, Pass],
        ),
    ]
}

/// A run whose texts do what texts must not do.
pub(crate) fn hostile(text: &str) -> Invented {
    let local = |text: &str| LocalText::untranslated(text);
    let mut run = run();
    run.header.run.name = text.to_owned();
    run.header.target.name = text.to_owned();
    run.header.made_by = text.to_owned();
    run.header.attributes = vec![attribute(text, text)];
    for agent in &mut run.agents {
        agent.hostname = text.to_owned();
        agent.operating_system = Some(text.to_owned());
        agent.kernel = Some(text.to_owned());
        agent.addresses = vec![text.to_owned()];
        agent.tags = vec![attribute(text, text)];
        agent.health = text.to_owned();
        agent.outcome = AgentOutcome::Partly { reason: local(text) };
    }
    for line in &mut run.coverage {
        line.reason = Some(local(text));
        line.feed = Some(FeedId(text.to_owned()));
    }
    for exclusion in &mut run.exclusions {
        exclusion.title = local(text);
        exclusion.description = local(text);
        exclusion.recommendation = local(text);
        exclusion.scopes.push(ExclusionScope::Instance { agent_id: text.to_owned(), hostname: text.to_owned() });
    }
    for (group, instances) in &mut run.findings {
        group.rule = text.to_owned();
        group.title = local(text);
        group.description = local(text);
        group.recommendation = local(text);
        group.evidence = vec![local(text)];
        for instance in instances {
            instance.agent_id = text.to_owned();
            instance.hostname = text.to_owned();
            instance.finding_arn = text.to_owned();
            instance.evidence = vec![local(text)];
            instance.attributes = vec![attribute(text, text)];
        }
    }
    for (rule, instances) in &mut run.rules {
        rule.rule = text.to_owned();
        rule.title = local(text);
        rule.rules_package.name = local(text);
        for instance in instances {
            instance.hostname = text.to_owned();
        }
    }
    run
}

/// A run that is made up while it is told, so that it takes no memory itself.
pub(crate) struct Endless {
    pub(crate) agents: u64,
    pub(crate) groups: u64,
    /// How many values were handed out.
    pub(crate) told: u64,
    /// Breaks off with an error after as many values.
    pub(crate) fails_after: u64,
}

impl Endless {
    /// A run of `groups` faults that each of `agents` hosts has.
    pub(crate) const fn new(agents: u64, groups: u64) -> Self {
        Self { agents, groups, told: 0, fails_after: u64::MAX }
    }

    fn tell(&mut self) -> Result<(), RunReportError> {
        self.told += 1;
        if self.told > self.fails_after {
            let source: Box<dyn Error + Send + Sync> = "the disk is gone".into();
            return Err(RunReportError { part: "findings", source });
        }
        Ok(())
    }
}

impl RunReportSource for Endless {
    fn header(&mut self) -> Result<RunHeader, RunReportError> {
        let mut counts = SeverityCounts::default();
        counts.add(Severity::Medium, self.agents.saturating_mul(self.groups));
        Ok(header(counts, self.agents, self.agents, 0))
    }

    fn coverage(&mut self, each: &mut dyn FnMut(&RunCoverage) -> Wanted) -> Result<(), RunReportError> {
        tell(&coverage(), each);
        Ok(())
    }

    fn exclusions(&mut self, _: &mut dyn FnMut(&RunExclusion) -> Wanted) -> Result<(), RunReportError> {
        Ok(())
    }

    fn agents(&mut self, each: &mut dyn FnMut(&RunAgent) -> Wanted) -> Result<(), RunReportError> {
        let mut agent = agents().pop().unwrap_or_else(|| unreachable!("the invented run has hosts"));
        for number in 0..self.agents {
            self.tell()?;
            agent.agent_id = format!("i-{number:017x}");
            agent.hostname = format!("host-{number}");
            if each(&agent) == Wanted::Nothing {
                break;
            }
        }
        Ok(())
    }

    fn findings(&mut self, each: &mut dyn FnMut(FindingItem<'_>) -> Wanted) -> Result<(), RunReportError> {
        let invented = findings().into_iter().find(|(group, _)| group.severity == Severity::Medium);
        let (mut group, mut instances) = invented.unwrap_or_else(|| unreachable!("the invented run has findings"));
        let mut instance = instances.pop().unwrap_or_else(|| unreachable!("the finding has instances"));
        for place in 0..self.groups {
            self.tell()?;
            group.rule = format!("CVE-2026-{place}");
            group.instances = self.agents;
            match each(FindingItem::Group(&group)) {
                Wanted::More => {}
                Wanted::NextGroup => continue,
                Wanted::Nothing => break,
            }
            for number in 0..self.agents {
                self.tell()?;
                instance.agent_id = format!("i-{number:017x}");
                instance.hostname = format!("host-{number}");
                if each(FindingItem::Instance(&instance)) != Wanted::More {
                    break;
                }
            }
        }
        Ok(())
    }

    fn rules(&mut self, each: &mut dyn FnMut(RuleItem<'_>) -> Wanted) -> Result<(), RunReportError> {
        for (rule, _) in rules() {
            if each(RuleItem::Rule(&rule)) == Wanted::Nothing {
                break;
            }
        }
        Ok(())
    }
}
