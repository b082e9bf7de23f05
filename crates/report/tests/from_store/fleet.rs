//! A finished run over four hosts, put into a store row by row.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;
use yagura_app::service::{App, DataDirIndex, Parts, Settings};
use yagura_identity::ca::CertificateAuthority;
use yagura_identity::secrets::MasterKey;
use yagura_model::service::{Agent, AgentFacts, HealthCode, Id, Run, RunState, Scope};
use yagura_model::{Attribute, FindingKey, LocalText, Severity};
use yagura_store::{
    ExclusionScope, FindingText, Phase, PostureEntry, RuleOutcome, RuleResult, RunAgent, Store, StoreError,
    StoredExclusion, StoredFinding, Tx, open_blobs,
};

pub(crate) const CVE: &str = "arn:aws:inspector:us-west-2:758058086616:rulespackage/0-9hgA516p";
pub(crate) const PRACTICES: &str = "arn:aws:inspector:us-west-2:758058086616:rulespackage/0-JJOtZiqQ";

/// The hosts: two judged, one in part, one not.
const HOSTS: [(&str, &str, Phase, u64); 4] = [
    ("i-00000000000000001", "web-1", Phase::Evaluated, 0),
    ("i-00000000000000002", "web-2", Phase::Evaluated, 0),
    ("i-00000000000000003", "db-1", Phase::Excluded, 0),
    ("i-00000000000000004", "db-2", Phase::Evaluated, 1),
];

pub(crate) struct Fleet {
    pub(crate) app: App,
    pub(crate) run: Run,
    pub(crate) data: TempDir,
}

/// 2026-01-01T00:00:00Z and so many seconds.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

fn pair(key: &str, value: &str) -> Attribute {
    Attribute { key: key.to_owned(), value: value.to_owned() }
}

impl Fleet {
    pub(crate) fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let scope = Scope::new("123456789012", "us-west-2").unwrap();
        let app = App::new(Parts {
            store: Store::open_sqlite(data.path()).unwrap(),
            blobs: open_blobs(data.path().join("blobs").to_str().unwrap(), []).unwrap(),
            clock: Arc::new(|| at(86_400)),
            settings: Settings::new(scope.clone()),
            index: Box::new(DataDirIndex(data.path().to_owned())),
            keys: MasterKey::generate().unwrap(),
            authority: CertificateAuthority::create(at(0), "test").unwrap(),
        });
        let mut fleet = Self { run: run(&scope), app, data };
        fleet.run.seq = fleet.write(|tx| tx.insert_run(&fleet.run));
        let before = Run { state: RunState::Created, ..fleet.run.clone() };
        assert!(fleet.write(|tx| tx.update_run(&before, &mut fleet.run.clone())));
        fleet.put_parents();
        fleet.put_hosts();
        fleet.put_exclusions();
        fleet.put_results();
        fleet
    }

    fn write<T>(&self, mut work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>) -> T {
        self.app.store.write(|tx| work(tx)).unwrap()
    }

    fn put_parents(&self) {
        use yagura_model::service::{Target, Template};
        let run = &self.run;
        let target = Target {
            id: run.target.clone(),
            name: "web servers".into(),
            resource_group: None,
            created_at: at(0),
            updated_at: at(0),
        };
        let template = Template {
            id: run.template.clone(),
            target: run.target.clone(),
            name: "every night".into(),
            duration_s: run.duration_s,
            rules: run.rules.clone(),
            attributes: run.attributes.clone(),
            tags: Vec::new(),
            created_at: at(0),
        };
        self.write(|tx| tx.insert_target(&run.scope, &target));
        self.write(|tx| tx.insert_template(&run.scope, &template));
    }

    fn put_hosts(&self) {
        for (id, hostname, phase, gaps) in HOSTS {
            let agent = Agent {
                scope: self.run.scope.clone(),
                id: id.to_owned(),
                tags: Vec::new(),
                auto_scaling_group: None,
                agent_version: "0.1.0".into(),
                facts: AgentFacts {
                    hostname: hostname.to_owned(),
                    operating_system: "Debian GNU/Linux 12 (bookworm)".into(),
                    ..AgentFacts::default()
                },
                reported: HealthCode::Idle,
                health_details: None,
                cloned: false,
                revoked: false,
                enrolled_at: at(0),
                seen_at: at(0),
                snapshot: None,
                snapshot_at: None,
            };
            let asset = json!({"agentId": id, "hostname": hostname, "ipv4Addresses": ["192.0.2.7"],
                "tags": [{"key": "env", "value": "production"}, {"key": "bare"}]});
            let member = RunAgent {
                run_seq: self.run.seq,
                agent: id.to_owned(),
                phase,
                joined_at: at(60),
                started_at: None,
                data_at: None,
                next_chunk: 0,
                snapshot: None,
                health: HealthCode::Idle,
                details: None,
                asset: asset.to_string(),
                evaluated_at: Some(at(120)),
            };
            self.write(|tx| {
                tx.put_agent(&agent, "nonce")?;
                tx.join_run(&self.run.scope, &member)?;
                tx.set_gaps(self.run.seq, id, gaps, 0)
            });
        }
        let fault = PostureEntry {
            key: FindingKey("key-1".into()),
            rules_package: "cve".into(),
            rule: "CVE-2026-0001".into(),
            subject: "openssl".into(),
            severity: Severity::High,
            title: LocalText::default(),
        };
        let (first, _, _, _) = HOSTS[0];
        // A month before the run.
        self.write(|tx| tx.set_posture(&self.run.scope, first, "cve", std::slice::from_ref(&fault), at(-86_400 * 31)));
    }

    fn put_exclusions(&self) {
        let exclusion = |number, title: LocalText, scopes: &[(ExclusionScope, &str)]| StoredExclusion {
            id: Id::from_number(number),
            title,
            description: LocalText::new("why", "理由"),
            recommendation: LocalText::new("do this", "こうしてください"),
            scopes: scopes.iter().map(|(kind, value)| (*kind, (*value).to_owned())).collect(),
            attributes: Vec::new(),
        };
        let (unhealthy, unsupported) = (HOSTS[2].0, HOSTS[3].0);
        let exclusions = [
            exclusion(
                1,
                LocalText::new("Agent is unhealthy", "エージェントに異常があります"),
                &[(ExclusionScope::InstanceId, unhealthy)],
            ),
            exclusion(
                2,
                LocalText::new("Unsupported OS version", "対象外の OS"),
                &[(ExclusionScope::InstanceId, unsupported), (ExclusionScope::RulesPackageArn, CVE)],
            ),
        ];
        self.write(|tx| tx.insert_exclusions(&self.run.scope, self.run.seq, &exclusions));
    }

    fn put_results(&self) {
        let result = |rule: &str, title: LocalText, result| RuleResult {
            rules_package: PRACTICES.into(),
            rule: rule.into(),
            title,
            severity: Severity::Medium,
            result,
        };
        let root = || LocalText::new("Disable root login over SSH", "SSH での root ログインの無効化");
        let aslr = || LocalText::new("Enable ASLR", "ASLR の有効化");
        for (host, of_root, of_aslr) in
            [(HOSTS[0].0, RuleOutcome::Fail, RuleOutcome::Pass), (HOSTS[1].0, RuleOutcome::Pass, RuleOutcome::Unknown)]
        {
            let results =
                [result("Disable root login over SSH", root(), of_root), result("Enable ASLR", aslr(), of_aslr)];
            self.write(|tx| tx.insert_rule_results(&self.run.scope.account, self.run.seq, host, &results));
        }
    }

    pub(crate) fn put(&self, findings: &[StoredFinding]) {
        self.write(|tx| tx.insert_findings(findings));
    }

    /// So many findings of three rules, and the one that says that a package found nothing.
    pub(crate) fn put_findings(&self, number: u64) {
        let mut findings: Vec<StoredFinding> =
            (1..=number).map(|number| self.finding(number, &evidence(number), None)).collect();
        findings.push(StoredFinding {
            id: Id::from_number(0),
            agent: String::new(),
            rules_package: PRACTICES.into(),
            rule: "No potential security issues found".into(),
            severity: Severity::Informational,
            title: LocalText::untranslated("No potential security issues found"),
            ..self.finding(0, "{}", None)
        });
        self.put(&findings);
    }

    /// So many findings, each with a rule of its own.
    pub(crate) fn put_unlike_findings(&self, number: u64) {
        let finding = |number| StoredFinding {
            rule: format!("CVE-2026-{number}"),
            severity: Severity::High,
            ..self.finding(number, &evidence(number), None)
        };
        self.put(&(1..=number).map(finding).collect::<Vec<_>>());
    }

    /// Finding `number`; everything about it follows from the number.
    pub(crate) fn finding(&self, number: u64, evidence: &str, recommendation: Option<&str>) -> StoredFinding {
        let (agent, hostname, _, _) = HOSTS[usize::try_from((number + 1) % 2).unwrap()];
        let of_practices = number > 3 && number.is_multiple_of(5);
        let (rule, severity) = match number % 2 {
            _ if of_practices => ("Disable root login over SSH".to_owned(), Severity::Medium),
            1 => ("CVE-2026-0001".to_owned(), Severity::High),
            _ => ("CVE-2026-0000".to_owned(), Severity::Low),
        };
        StoredFinding {
            seq: 0,
            scope: self.run.scope.clone(),
            run_seq: self.run.seq,
            id: Id::from_number(number),
            agent: agent.to_owned(),
            scaling_group: None,
            rules_package: if of_practices { PRACTICES } else { CVE }.into(),
            rule: rule.clone(),
            severity,
            key: FindingKey(format!("key-{number}")),
            title: LocalText::untranslated(format!("Instance {hostname} is vulnerable to {rule}")),
            text: FindingText {
                description: LocalText::new(format!("what {rule} is"), format!("{rule} の説明")),
                recommendation: LocalText::new(recommendation.unwrap_or("upgrade"), "更新してください"),
                severity_reason: LocalText::new("CVSS 3.1 base score 7.5", "CVSS 3.1 基本値 7.5"),
            },
            attributes: vec![pair("CVSS3_SCORE", "7.5"), pair("CVSS3_VECTOR", "CVSS:3.1/AV:N")],
            evidence: evidence.to_owned(),
            user_attributes: vec![pair("担当者", "基盤チーム")],
            created_at: at(300),
            updated_at: at(300),
        }
    }
}

fn evidence(number: u64) -> String {
    json!({
        "kind": "vulnerability",
        "sourcePackage": "openssl",
        "vendorUrl": "https://security-tracker.debian.org/tracker/CVE-2026-0001",
        "references": ["https://example.org/1"],
        "lines": [{
            "en": format!("openssl 3.0.15-1 < 3.0.16-1 (dpkg), evidence {number}"),
            "ja": format!("openssl 3.0.15-1 < 3.0.16-1 (dpkg)、証拠 {number}"),
        }],
    })
    .to_string()
}

fn run(scope: &Scope) -> Run {
    Run {
        seq: 0,
        scope: scope.clone(),
        id: Id::from_number(3),
        target: Id::from_number(1),
        template: Id::from_number(2),
        name: "nightly".into(),
        state: RunState::CompletedWithErrors,
        version: 1,
        duration_s: 180,
        rules: vec![CVE.into(), PRACTICES.into()],
        attributes: vec![pair("担当者", "基盤チーム")],
        created_at: at(0),
        started_at: Some(at(60)),
        completed_at: Some(at(300)),
        changed_at: at(300),
        stop: None,
        data_collected: true,
        counts: [0; 5],
    }
}
