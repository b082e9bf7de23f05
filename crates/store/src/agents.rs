//! Enrolled agents and their tags.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yagura_model::service::{Agent, AgentFacts, HealthCode, Scope, Tag};

use crate::question::Question;
use crate::shapes::{read_scope, read_tags, tags};
use crate::value::json;
use crate::{Row, StoreError, Tx};

const COLUMNS: &str = "seq, account, region, id, tags, auto_scaling_group, agent_version, facts, health_code, \
     health_details, cloned, revoked, enrolled_ms, seen_ms, snapshot, snapshot_ms";

/// The stored form of what an agent says of its host.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Facts {
    hostname: String,
    fingerprint: String,
    operating_system: String,
    distribution: Option<String>,
    version: Option<String>,
    codename: Option<String>,
    kernel_version: String,
    architecture: String,
    ipv4: Vec<String>,
    ipv6: Vec<String>,
}

impl From<&AgentFacts> for Facts {
    fn from(facts: &AgentFacts) -> Self {
        let facts = facts.clone();
        Self {
            hostname: facts.hostname,
            fingerprint: facts.fingerprint,
            operating_system: facts.operating_system,
            distribution: facts.distribution,
            version: facts.version,
            codename: facts.codename,
            kernel_version: facts.kernel_version,
            architecture: facts.architecture,
            ipv4: facts.ipv4_addresses,
            ipv6: facts.ipv6_addresses,
        }
    }
}

impl From<Facts> for AgentFacts {
    fn from(facts: Facts) -> Self {
        Self {
            hostname: facts.hostname,
            fingerprint: facts.fingerprint,
            operating_system: facts.operating_system,
            distribution: facts.distribution,
            version: facts.version,
            codename: facts.codename,
            kernel_version: facts.kernel_version,
            architecture: facts.architecture,
            ipv4_addresses: facts.ipv4,
            ipv6_addresses: facts.ipv6,
        }
    }
}

/// The chain of nonces by which two machines with one identity are noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentNonces {
    /// Given last.
    pub current: String,
    /// The one before it: its holder may not have got the last one.
    pub before: String,
    /// The fingerprint of the machine that enrolled.
    pub enrolled_fingerprint: String,
}

fn read(row: &mut Row) -> Result<(i64, Agent), StoreError> {
    let seq = row.int()?;
    let agent = Agent {
        scope: read_scope(row)?,
        id: row.text()?,
        tags: read_tags(row)?,
        auto_scaling_group: row.opt_text()?,
        agent_version: row.text()?,
        facts: row.json::<Facts>()?.into(),
        reported: HealthCode::from_word(&row.text()?).unwrap_or(HealthCode::Unknown),
        health_details: row.opt_text()?,
        cloned: row.truth()?,
        revoked: row.truth()?,
        enrolled_at: row.time()?,
        seen_at: row.time()?,
        snapshot: row.opt_text()?,
        snapshot_at: row.opt_time()?,
    };
    Ok((seq, agent))
}

impl Tx<'_> {
    /// Adds an agent, or replaces what is known of one that enrolled again under its id.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_agent(&mut self, agent: &Agent, nonce: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO agent (account, region, id, hostname, tags, auto_scaling_group, agent_version, facts, \
             fingerprint, nonce, nonce_before, health_code, health_details, cloned, revoked, enrolled_ms, seen_ms, \
             snapshot, snapshot_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) \
             ON CONFLICT (id) DO UPDATE SET hostname = excluded.hostname, tags = excluded.tags, \
             auto_scaling_group = excluded.auto_scaling_group, agent_version = excluded.agent_version, \
             facts = excluded.facts, fingerprint = excluded.fingerprint, nonce = excluded.nonce, \
             nonce_before = excluded.nonce_before, health_code = excluded.health_code, \
             health_details = excluded.health_details, cloned = excluded.cloned, revoked = excluded.revoked, \
             enrolled_ms = excluded.enrolled_ms, seen_ms = excluded.seen_ms, snapshot = excluded.snapshot, \
             snapshot_ms = excluded.snapshot_ms",
            &[
                (&agent.scope.account).into(),
                (&agent.scope.region).into(),
                (&agent.id).into(),
                (&agent.facts.hostname).into(),
                tags(&agent.tags)?,
                agent.auto_scaling_group.clone().into(),
                (&agent.agent_version).into(),
                json(&Facts::from(&agent.facts))?,
                (&agent.facts.fingerprint).into(),
                nonce.into(),
                agent.reported.word().into(),
                agent.health_details.clone().into(),
                agent.cloned.into(),
                agent.revoked.into(),
                agent.enrolled_at.into(),
                agent.seen_at.into(),
                agent.snapshot.clone().into(),
                agent.snapshot_at.into(),
            ],
        )?;
        self.put_agent_tags(agent)
    }

    /// Writes the tags by which targets find an agent; the Auto Scaling group counts as one.
    fn put_agent_tags(&mut self, agent: &Agent) -> Result<(), StoreError> {
        self.execute("DELETE FROM agent_tag WHERE agent = ?1", &[(&agent.id).into()])?;
        let group = agent
            .auto_scaling_group
            .as_ref()
            .map(|group| Tag::new(yagura_model::service::tag::AUTO_SCALING_GROUP, group));
        for tag in agent.tags.iter().chain(&group) {
            self.execute(
                "INSERT INTO agent_tag (account, region, agent, key, value) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT (agent, key) DO UPDATE SET value = excluded.value",
                &[
                    (&agent.scope.account).into(),
                    (&agent.scope.region).into(),
                    (&agent.id).into(),
                    (&tag.key).into(),
                    tag.value.clone().unwrap_or_default().into(),
                ],
            )?;
        }
        Ok(())
    }

    /// Replaces the tags of an agent; `false` when there is no such agent in the scope.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_agent_tags(&mut self, scope: &Scope, id: &str, new: &[Tag]) -> Result<bool, StoreError> {
        let Some(mut agent) = self.agent(scope, id)? else { return Ok(false) };
        agent.tags = new.to_vec();
        self.execute("UPDATE agent SET tags = ?2 WHERE id = ?1", &[id.into(), tags(new)?])?;
        self.put_agent_tags(&agent)?;
        Ok(true)
    }

    /// Finds an agent of a scope.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn agent(&mut self, scope: &Scope, id: &str) -> Result<Option<Agent>, StoreError> {
        Ok(self.agent_by_id(id)?.filter(|agent| agent.scope == *scope))
    }

    /// Finds an agent by its id alone, which is unique on a server.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn agent_by_id(&mut self, id: &str) -> Result<Option<Agent>, StoreError> {
        let found = self.query_one(&format!("SELECT {COLUMNS} FROM agent WHERE id = ?1"), &[id.into()], read)?;
        Ok(found.map(|(_, agent)| agent))
    }

    /// Finds agents of a scope by their ids, in no order; at most a thousand at once.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn agents_by_ids(&mut self, scope: &Scope, ids: &[&str]) -> Result<Vec<Agent>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut question = Question::new(scope);
        question.any("id", ids.iter().map(|id| (*id).into()));
        let sql = format!("SELECT {COLUMNS} FROM agent WHERE {}", question.text);
        self.query(&sql, &question.values, |row| Ok(read(row)?.1))
    }

    /// Lists agents that carry any one of the tags (all of the scope where `tags` is `None`), in
    /// the order of enrolment, each with its number; `after` is the last number of the page before.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn agents_with(
        &mut self,
        scope: &Scope,
        tags: Option<&[Tag]>,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Agent)>, StoreError> {
        let mut question = Question::new(scope);
        let mark = question.value(after);
        question.and(format!("seq > {mark}"));
        with_any(&mut question, tags);
        question.and("revoked = 0".to_owned());
        let limit = question.value(limit);
        let sql = format!("SELECT {COLUMNS} FROM agent WHERE {} ORDER BY seq LIMIT {limit}", question.text);
        self.query(&sql, &question.values, read)
    }

    /// Lists agents that carry all of the tags, revoked ones too where wanted, in the order of
    /// enrolment, each with its number; `after` is the last number of the page before.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn fleet(
        &mut self,
        scope: &Scope,
        tags: &[Tag],
        with_revoked: bool,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Agent)>, StoreError> {
        let mut question = Question::new(scope);
        let mark = question.value(after);
        question.and(format!("seq > {mark}"));
        for tag in tags {
            with_any(&mut question, Some(std::slice::from_ref(tag)));
        }
        if !with_revoked {
            question.and("revoked = 0".to_owned());
        }
        let limit = question.value(limit);
        let sql = format!("SELECT {COLUMNS} FROM agent WHERE {} ORDER BY seq LIMIT {limit}", question.text);
        self.query(&sql, &question.values, read)
    }

    /// Lists agents that a target means and that a run does not have yet, in the order of enrolment.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn agents_missing_from_run(
        &mut self,
        scope: &Scope,
        tags: Option<&[Tag]>,
        run_seq: i64,
        limit: usize,
    ) -> Result<Vec<Agent>, StoreError> {
        let mut question = Question::new(scope);
        with_any(&mut question, tags);
        let run = question.value(run_seq);
        question.and(format!(
            "revoked = 0 AND NOT EXISTS (SELECT 1 FROM run_agent m WHERE m.run_seq = {run} AND m.agent = agent.id)"
        ));
        let limit = question.value(limit);
        let sql = format!("SELECT {COLUMNS} FROM agent WHERE {} ORDER BY seq LIMIT {limit}", question.text);
        self.query(&sql, &question.values, |row| Ok(read(row)?.1))
    }

    /// Counts the agents that a target means.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_agents_with(&mut self, scope: &Scope, tags: Option<&[Tag]>) -> Result<u64, StoreError> {
        let mut question = Question::new(scope);
        with_any(&mut question, tags);
        question.and("revoked = 0".to_owned());
        let sql = format!("SELECT COUNT(*) FROM agent WHERE {}", question.text);
        Ok(self.query_one(&sql, &question.values, Row::count)?.unwrap_or_default())
    }

    /// Remembers the last whole snapshot of an agent.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_agent_snapshot(&mut self, id: &str, digest: &str, at: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "UPDATE agent SET snapshot = ?2, snapshot_ms = ?3 WHERE id = ?1",
            &[id.into(), digest.into(), at.into()],
        )?;
        Ok(())
    }

    /// Returns an agent's chain of nonces: the one given last and the one before. Until this
    /// transaction ends nobody else gets them.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn take_agent_nonces(&mut self, id: &str) -> Result<Option<AgentNonces>, StoreError> {
        // An update takes the row's lock on PostgreSQL; SQLite has one writer anyway.
        self.execute("UPDATE agent SET nonce = nonce WHERE id = ?1", &[id.into()])?;
        self.query_one("SELECT nonce, nonce_before, fingerprint FROM agent WHERE id = ?1", &[id.into()], |row| {
            Ok(AgentNonces { current: row.text()?, before: row.text()?, enrolled_fingerprint: row.text()? })
        })
    }

    /// Writes what a heartbeat said, and the nonce for the next one behind the one that it had.
    /// The fingerprint of the enrolment stays.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn heard_agent(&mut self, agent: &Agent, presented: &str, next: &str) -> Result<(), StoreError> {
        self.execute(
            "UPDATE agent SET hostname = ?2, agent_version = ?3, facts = ?4, health_code = ?5, health_details = ?6, \
             seen_ms = ?7, nonce_before = ?8, nonce = ?9 WHERE id = ?1",
            &[
                (&agent.id).into(),
                (&agent.facts.hostname).into(),
                (&agent.agent_version).into(),
                json(&Facts::from(&agent.facts))?,
                agent.reported.word().into(),
                agent.health_details.clone().into(),
                agent.seen_at.into(),
                presented.into(),
                next.into(),
            ],
        )?;
        Ok(())
    }

    /// Writes how an agent is, outside of a heartbeat.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_agent_health(&mut self, id: &str, code: HealthCode, details: Option<&str>) -> Result<(), StoreError> {
        self.execute(
            "UPDATE agent SET health_code = ?2, health_details = ?3 WHERE id = ?1",
            &[id.into(), code.word().into(), details.map(str::to_owned).into()],
        )?;
        Ok(())
    }

    /// Marks an agent whose identity another machine uses, or takes the mark away; `false` when
    /// it was so already.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_agent_cloned(&mut self, id: &str, cloned: bool) -> Result<bool, StoreError> {
        let changed =
            self.execute("UPDATE agent SET cloned = ?2 WHERE id = ?1 AND cloned <> ?2", &[id.into(), cloned.into()])?;
        Ok(changed == 1)
    }

    /// Marks an agent whose certificates are no longer accepted; `false` when there is no such
    /// agent in the scope.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_agent_revoked(&mut self, scope: &Scope, id: &str) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE agent SET revoked = 1 WHERE account = ?1 AND region = ?2 AND id = ?3",
            &[(&scope.account).into(), (&scope.region).into(), id.into()],
        )?;
        Ok(changed == 1)
    }
}

/// Agents that carry any one of the tags; no list means every agent, an empty list none.
fn with_any(question: &mut Question, tags: Option<&[Tag]>) {
    let Some(tags) = tags else { return };
    let any: Vec<String> = tags
        .iter()
        .map(|tag| {
            let key = question.value(&tag.key);
            match &tag.value {
                Some(value) => format!("(t.key = {key} AND t.value = {})", question.value(value)),
                None => format!("t.key = {key}"),
            }
        })
        .collect();
    if any.is_empty() {
        question.and("1 = 0".to_owned());
        return;
    }
    question.and(format!(
        "id IN (SELECT t.agent FROM agent_tag t WHERE t.account = ?1 AND t.region = ?2 AND ({}))",
        any.join(" OR ")
    ));
}
