//! A database of its own for each case, and rows to fill it with.

use jiff::Timestamp;
use tempfile::TempDir;
use yagura_model::Attribute;
use yagura_model::service::{
    Agent, AgentFacts, HealthCode, Id, ResourceGroup, Run, RunState, Scope, Tag, Target, Template,
};
use yagura_store::{Phase, RunAgent, Store, StoreError, Tx, Waits};
use yagura_testkit::Postgres;

/// 2026-01-01T00:00:00Z.
const START_MS: i64 = 1_767_225_600_000;

/// A database that one case has to itself.
pub(crate) struct Db {
    pub(crate) store: Store,
    place: Place,
}

enum Place {
    Folder(TempDir),
    Url(String),
}

impl Db {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { store: Store::open_sqlite(folder.path()).unwrap(), place: Place::Folder(folder) }
    }

    pub(crate) fn postgres(name: &str) -> Option<Self> {
        let url = Postgres::shared()?.url(name);
        Some(Self { store: Store::open_postgres(&url).unwrap(), place: Place::Url(url) })
    }

    /// The same database as a second server sees it.
    pub(crate) fn second_store(&self) -> Store {
        match &self.place {
            Place::Folder(folder) => Store::open_sqlite_with(folder.path(), Waits::default()).unwrap(),
            Place::Url(url) => Store::open_postgres_with(url, Waits::default()).unwrap(),
        }
    }

    pub(crate) fn write<T>(&self, mut work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>) -> T {
        self.store.write(|tx| work(tx)).unwrap()
    }

    pub(crate) fn read<T>(&self, mut work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>) -> T {
        self.store.read(|tx| work(tx)).unwrap()
    }

    /// Does something that must be refused as a conflict.
    pub(crate) fn conflict(&self, mut work: impl FnMut(&mut Tx<'_>) -> Result<(), StoreError>) {
        let refused = self.store.write(|tx| work(tx));
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    }
}

pub(crate) const ACCOUNT: &str = "123456789012";

pub(crate) fn scope() -> Scope {
    Scope::new(ACCOUNT, "us-west-2").unwrap()
}

/// The same account in another region, and another account.
pub(crate) fn other_scopes() -> [Scope; 2] {
    [Scope::new(ACCOUNT, "eu-west-1").unwrap(), Scope::new("999999999999", "us-west-2").unwrap()]
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millisecond(START_MS + seconds * 1_000).unwrap()
}

pub(crate) fn id(number: u64) -> Id {
    Id::from_number(number)
}

pub(crate) fn tag(key: &str, value: &str) -> Tag {
    Tag::new(key, value)
}

pub(crate) fn pair(key: &str, value: &str) -> Attribute {
    Attribute { key: key.into(), value: value.into() }
}

pub(crate) const CVE: &str = "arn:aws:inspector:us-west-2:758058086616:rulespackage/0-9hgA516p";
pub(crate) const PRACTICES: &str = "arn:aws:inspector:us-west-2:758058086616:rulespackage/0-JJOtZiqQ";

pub(crate) fn group(number: u64, tags: &[Tag]) -> ResourceGroup {
    ResourceGroup { id: id(number), tags: tags.to_vec(), created_at: at(0) }
}

pub(crate) fn target(number: u64, name: &str) -> Target {
    Target { id: id(number), name: name.into(), resource_group: None, created_at: at(0), updated_at: at(0) }
}

pub(crate) fn template(number: u64, target: u64, name: &str) -> Template {
    Template {
        id: id(number),
        target: id(target),
        name: name.into(),
        duration_s: 3_600,
        rules: vec![CVE.into()],
        attributes: vec![pair("状況", "未対応")],
        tags: vec![tag("team", "blue")],
        created_at: at(1),
    }
}

/// Run `number` of template 2 of target 1, not put in.
pub(crate) fn new_run(number: u64, name: &str) -> Run {
    Run {
        seq: 0,
        scope: scope(),
        id: id(number),
        target: id(1),
        template: id(2),
        name: name.into(),
        state: RunState::Created,
        version: 1,
        duration_s: 180,
        rules: vec![CVE.into(), PRACTICES.into()],
        attributes: vec![pair("担当者", "基盤チーム")],
        created_at: at(0),
        started_at: None,
        completed_at: None,
        changed_at: at(0),
        stop: None,
        data_collected: false,
        counts: [0; 5],
    }
}

/// Puts a run in.
pub(crate) fn put_run(db: &Db, mut run: Run) -> Run {
    run.seq = db.write(|tx| tx.insert_run(&run));
    run
}

/// Brings a run to a state.
pub(crate) fn move_run(db: &Db, run: &Run, state: RunState, change: impl Fn(&mut Run)) -> Run {
    let mut after = run.clone();
    after.state = state;
    change(&mut after);
    assert!(db.write(|tx| tx.update_run(run, &mut after)));
    after
}

pub(crate) fn agent_id(number: u64) -> String {
    format!("i-{number:017x}")
}

pub(crate) fn agent(number: u64, tags: &[Tag]) -> Agent {
    Agent {
        scope: scope(),
        id: agent_id(number),
        tags: tags.to_vec(),
        auto_scaling_group: None,
        agent_version: "0.1.0".into(),
        facts: AgentFacts {
            hostname: format!("web-{number}"),
            fingerprint: format!("{number:064x}"),
            ipv4_addresses: vec!["192.0.2.1".into()],
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
    }
}

pub(crate) fn member(run: &Run, number: u64, phase: Phase) -> RunAgent {
    RunAgent {
        run_seq: run.seq,
        agent: agent_id(number),
        phase,
        joined_at: at(1),
        started_at: None,
        data_at: None,
        next_chunk: 0,
        snapshot: None,
        health: HealthCode::Idle,
        details: None,
        asset: "{}".into(),
        evaluated_at: None,
    }
}
