//! What an operator and an auditor do beside the running server: make a key and a token, look into the store.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use jiff::SignedDuration;
use serde_json::json;
use tokio::task::block_in_place;
use yagura_app::service::agents::{NewToken, create_token, revoke_agent};
use yagura_app::service::opening::{Opening, open};
use yagura_app::service::{Answer, App, AppError, Call, Caller, Cx, Via};
use yagura_identity::audit::{Head, Verifier};
use yagura_model::service::{Arn, Run, Tag};

use crate::api::Key;
use crate::clock;

/// Records of the audit log read at once.
const RECORDS: usize = 5_000;
/// Findings of a run compared.
const FINDINGS_MAX: usize = 100_000;

/// The service, opened a second time.
///
/// Its store blocks, and PostgreSQL's client has a runtime of its own, so whatever touches it leaves ours for a moment.
pub(crate) struct Inside {
    /// There until the end, which blocks too.
    app: Option<App>,
}

impl Drop for Inside {
    fn drop(&mut self) {
        let app = self.app.take();
        block_in_place(|| drop(app));
    }
}

impl Inside {
    /// Opens data directory and database.
    pub(crate) fn open(
        data_dir: &Path,
        database_url: Option<&str>,
        blobs: Option<&str>,
        key: Option<&str>,
    ) -> Result<Self> {
        let app = block_in_place(|| {
            open(&Opening {
                data_dir: data_dir.to_owned(),
                database_url: database_url.map(str::to_owned),
                blobs: blobs.map(str::to_owned),
                master_key: key.map(str::to_owned),
                account: None,
                region: None,
                environment: Vec::new(),
                clock: Arc::new(clock::now),
            })
        })?;
        Ok(Self { app: Some(app) })
    }

    /// Works with the service as one of its own threads would.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&App) -> Result<T>) -> Result<T> {
        let app = self.app.as_ref().context("the service is closed")?;
        block_in_place(|| work(app))
    }

    /// Returns the administrator's key.
    pub(crate) fn key(&self) -> Result<Key> {
        self.with(|app| {
            let key = app.first_key()?;
            Ok(Key { id: key.id, secret: key.secret, region: app.settings.home.region.clone() })
        })
    }

    /// Makes an enrolment token.
    pub(crate) fn token(&self, uses: u64, tags: &[(&str, &str)]) -> Result<String> {
        let tags = tags.iter().map(|(key, value)| Tag::new(*key, *value)).collect();
        let wanted = NewToken { tags, ttl: SignedDuration::from_hours(4), uses };
        self.change("CreateToken", "yagura:ManageTokens", |cx| {
            let Answer { value: (_, text), recorded } = create_token(cx, &wanted)?;
            Ok(Answer { value: text.expose().to_owned(), recorded })
        })
    }

    /// Takes an agent's identity back.
    pub(crate) fn revoke(&self, agent: &str) -> Result<bool> {
        self.change("RevokeAgent", "yagura:ManageAgents", |cx| {
            Ok(Answer { value: revoke_agent(cx, agent)?, recorded: json!({}) })
        })
    }

    fn change<T>(
        &self,
        operation: &'static str,
        action: &'static str,
        verb: impl FnMut(&mut Cx<'_, '_>) -> Result<Answer<T>, AppError>,
    ) -> Result<T> {
        self.with(|app| {
            let caller = Caller {
                scope: app.settings.home.clone(),
                user: "laboratory".into(),
                role: "Administrator".into(),
                access_key_id: None,
                source_ip: "localhost".into(),
                user_agent: "yagura-simulate".into(),
                request_id: clock::now().to_string(),
                via: Via::CommandLine,
            };
            let parameters = json!({});
            let call = Call { caller: &caller, operation, action, resources: &[], parameters: &parameters };
            Ok(app.change(&call, verb)?)
        })
    }

    /// Finds a run.
    pub(crate) fn run(&self, arn: &str) -> Result<Run> {
        let parsed = Arn::parse(arn).with_context(|| format!("`{arn}` is no ARN"))?;
        let run = self.with(|app| Ok(app.store.read(|tx| tx.run_by_arn(&app.settings.home, &parsed))?))?;
        run.with_context(|| format!("the store has no run `{arn}`"))
    }

    /// What is left of a run, in a form in which two runs over the same hosts are equal.
    pub(crate) fn outcome(&self, arn: &str) -> Result<Outcome> {
        let run = self.run(arn)?;
        self.with(|app| {
            Ok(app.store.read(|tx| {
                let mut outcome = Outcome { counts: run.counts, ..Outcome::default() };
                for (state, _) in tx.transitions(run.seq)? {
                    outcome.transitions.push(state.word());
                }
                for sum in tx.telemetry(run.seq, None)? {
                    outcome.telemetry.insert(sum.message_type, (sum.messages, sum.bytes));
                }
                for member in tx.run_agents(run.seq, "", FINDINGS_MAX)? {
                    outcome.agents += 1;
                    outcome.evaluated += u64::from(member.evaluated_at.is_some());
                    let mut number = 0;
                    while tx.chunk(run.seq, &member.agent, number)?.is_some() {
                        number += 1;
                    }
                    outcome.chunks.push(number);
                    if member.next_chunk != number {
                        outcome.gaps.push(format!(
                            "agent {} has {number} chunks and waits for {}",
                            member.agent, member.next_chunk
                        ));
                    }
                }
                outcome.chunks.sort_unstable();
                for id in tx.finding_ids(run.seq)? {
                    let finding = tx.finding(&run.scope, run.seq, &id)?;
                    if let Some(finding) = finding {
                        outcome.findings.push(format!("{} {}", finding.rule, finding.severity.word()));
                    }
                }
                outcome.findings.sort_unstable();
                Ok::<_, AppError>(outcome)
            })?)
        })
    }

    /// Proves the audit chain and returns the records.
    pub(crate) fn audit(&self) -> Result<Vec<serde_json::Value>> {
        self.with(audit)
    }
}

fn audit(app: &App) -> Result<Vec<serde_json::Value>> {
    let account = &app.settings.home.account;
    let mut verifier = Verifier::new(Head::EMPTY, None);
    let (mut after, mut records) = (0, Vec::new());
    loop {
        let page = app.store.read(|tx| Ok::<_, AppError>(tx.audit_records(account, after, RECORDS)?))?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for stored in &page {
            let hash = hash(&stored.hash)?;
            verifier.push(stored.number, stored.record.as_bytes(), &hash).context("the audit chain is broken")?;
            records.push(serde_json::from_str(&stored.record).context("an audit record is not JSON")?);
        }
    }
    let head = verifier.finish().context("the audit chain is broken")?;
    let stored = app.store.read(|tx| Ok::<_, AppError>(tx.audit_head(account)?))?;
    if stored.number != head.sequence {
        bail!("the audit log has {} records, and its head says {}", head.sequence, stored.number);
    }
    Ok(records)
}

fn hash(text: &str) -> Result<[u8; 32]> {
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair)?, 16).context("a damaged hash in the audit log")?;
    }
    Ok(hash)
}

/// What is left of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) transitions: Vec<&'static str>,
    /// Messages and bytes by type.
    pub(crate) telemetry: BTreeMap<String, (u64, u64)>,
    /// Chunks of each agent.
    pub(crate) chunks: Vec<u64>,
    pub(crate) agents: u64,
    pub(crate) evaluated: u64,
    /// Rule and severity of each finding.
    pub(crate) findings: Vec<String>,
    pub(crate) counts: [u64; 5],
    /// Chunks that are missing.
    pub(crate) gaps: Vec<String>,
}

/// The way of a whole run.
const WAY: [&str; 9] = [
    "CREATED",
    "START_DATA_COLLECTION_PENDING",
    "START_DATA_COLLECTION_IN_PROGRESS",
    "COLLECTING_DATA",
    "STOP_DATA_COLLECTION_PENDING",
    "DATA_COLLECTED",
    "START_EVALUATING_RULES_PENDING",
    "EVALUATING_RULES",
    "COMPLETED",
];

impl Outcome {
    /// Says what is wrong with it beside one that nobody disturbed; empty when nothing is.
    pub(crate) fn complaints(&self, undisturbed: &Self) -> Vec<String> {
        let mut wrong = self.gaps.clone();
        if self.transitions != WAY {
            wrong.push(format!("the transitions are {}", self.transitions.join(" → ")));
        }
        let mut differ = |what: &str, ours: String, theirs: String| {
            if ours != theirs {
                wrong.push(format!("{what}: {ours}, undisturbed {theirs}"));
            }
        };
        differ("telemetry", format!("{:?}", self.telemetry), format!("{:?}", undisturbed.telemetry));
        differ("chunks of each agent", format!("{:?}", self.chunks), format!("{:?}", undisturbed.chunks));
        differ("agents", self.agents.to_string(), undisturbed.agents.to_string());
        differ("judged agents", self.evaluated.to_string(), undisturbed.evaluated.to_string());
        differ("findings", format!("{:?}", self.findings), format!("{:?}", undisturbed.findings));
        differ("counts", format!("{:?}", self.counts), format!("{:?}", undisturbed.counts));
        wrong
    }
}

#[test]
fn a_double_transition_and_a_lost_finding_are_seen() {
    let whole = Outcome { transitions: WAY.to_vec(), findings: vec!["CVE-1 High".into()], ..Outcome::default() };
    assert!(whole.complaints(&whole).is_empty());
    let mut other = whole.clone();
    other.transitions.insert(3, "COLLECTING_DATA");
    other.findings.clear();
    assert_eq!(other.complaints(&whole).len(), 2);
}
