//! A service in a folder that is gone when dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use yagura_app::service::opening::{Opening, open};
use yagura_app::service::{Answer, App, AppError, Call, Caller, Cx, Via};
use yagura_model::service::{Agent, AgentFacts, HealthCode, Id, Run, RunState, Scope, Tag};
use yagura_testkit::Postgres;

pub(crate) const ACCOUNT: &str = "123456789012";

pub(crate) struct Service {
    pub(crate) data: TempDir,
    pub(crate) app: Arc<App>,
    seconds: Arc<AtomicI64>,
}

impl Service {
    /// A service over SQLite, or over a new schema of the PostgreSQL database that
    /// `YAGURA_TEST_POSTGRES` names.
    pub(crate) fn new() -> Self {
        Self::over(tempfile::tempdir().unwrap(), new_schema())
    }

    /// A service over SQLite: for what is about its file.
    pub(crate) fn sqlite() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    /// The service of a folder.
    pub(crate) fn at(data: TempDir) -> Self {
        Self::over(data, None)
    }

    fn over(data: TempDir, database_url: Option<String>) -> Self {
        let seconds = Arc::new(AtomicI64::new(1_800_000_000));
        let app = Arc::new(open_at(data.path(), database_url, &seconds));
        Self { data, app, seconds }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.now()
    }

    pub(crate) fn wait_days(&self, days: i64) {
        self.seconds.fetch_add(days * 86_400, Ordering::SeqCst);
    }

    /// Closes the service, does something to its files, and opens it again.
    pub(crate) fn meanwhile(self, work: impl FnOnce(&std::path::Path)) -> Self {
        let Self { data, app, seconds } = self;
        drop(app);
        work(data.path());
        let app = Arc::new(open_at(data.path(), None, &seconds));
        Self { data, app, seconds }
    }

    /// Calls a verb as the command line does.
    pub(crate) fn call<T>(
        &self,
        operation: &'static str,
        mut verb: impl FnMut(&mut Cx<'_, '_>) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        self.call_with(operation, &json!({}), |cx| Ok(Answer { value: verb(cx)?, recorded: Value::Null }))
    }

    pub(crate) fn call_with<T>(
        &self,
        operation: &'static str,
        parameters: &Value,
        verb: impl FnMut(&mut Cx<'_, '_>) -> Result<Answer<T>, AppError>,
    ) -> Result<T, AppError> {
        let caller = caller(Via::CommandLine, "Administrator");
        let call = Call { caller: &caller, operation, action: "yagura:ManageKeys", resources: &[], parameters };
        self.app.change(&call, verb)
    }

    /// Calls so that so many records are in the log.
    pub(crate) fn fill_log(&self, records: usize) {
        for _ in 0..records {
            self.call("ListUsers", |_| Ok(())).unwrap();
        }
    }

    pub(crate) fn records(&self) -> Vec<String> {
        self.app
            .store
            .read(|tx| Ok::<_, AppError>(tx.audit_records(ACCOUNT, 0, 10_000)?))
            .unwrap()
            .into_iter()
            .map(|stored| stored.record)
            .collect()
    }

    pub(crate) fn put_agent(&self, number: u8, tags: &[Tag]) -> Agent {
        let agent = agent(number, tags, self.now());
        self.app.store.write(|tx| Ok::<_, AppError>(tx.put_agent(&agent, "nonce")?)).unwrap();
        agent
    }

    /// Puts a run in that is in this state since now.
    pub(crate) fn put_run(&self, number: u64, state: RunState) -> Run {
        let id = Id::from_number(number);
        let now = self.now();
        let mut run = Run {
            seq: 0,
            scope: scope(),
            id: id.clone(),
            target: id.clone(),
            template: id,
            name: format!("run {number}"),
            state: RunState::Created,
            version: 1,
            duration_s: 180,
            rules: Vec::new(),
            attributes: Vec::new(),
            created_at: now,
            started_at: None,
            completed_at: None,
            changed_at: now,
            stop: None,
            data_collected: false,
            counts: [0; 5],
        };
        self.app
            .store
            .write(|tx| {
                run.seq = tx.insert_run(&run)?;
                if state != RunState::Created {
                    let mut after = Run { state, ..run.clone() };
                    assert!(tx.update_run(&run, &mut after)?);
                    run = after;
                }
                Ok::<_, AppError>(run.clone())
            })
            .unwrap()
    }
}

fn new_schema() -> Option<String> {
    Postgres::named().map(|server| server.schema("manage"))
}

fn open_at(folder: &std::path::Path, database_url: Option<String>, seconds: &Arc<AtomicI64>) -> App {
    let seconds = Arc::clone(seconds);
    open(&Opening {
        data_dir: folder.to_owned(),
        database_url,
        blobs: None,
        master_key: None,
        account: None,
        region: None,
        environment: Vec::new(),
        clock: Arc::new(move || Timestamp::from_second(seconds.load(Ordering::SeqCst)).unwrap()),
    })
    .unwrap()
}

pub(crate) fn scope() -> Scope {
    Scope::new(ACCOUNT, "us-east-1").unwrap()
}

pub(crate) fn caller(via: Via, role: &str) -> Caller {
    Caller {
        scope: scope(),
        user: "tester".to_owned(),
        role: role.to_owned(),
        access_key_id: None,
        source_ip: "local".to_owned(),
        user_agent: "test".to_owned(),
        request_id: "request".to_owned(),
        via,
    }
}

pub(crate) fn agent(number: u8, tags: &[Tag], now: Timestamp) -> Agent {
    Agent {
        scope: scope(),
        id: format!("i-{number:017x}"),
        tags: tags.to_vec(),
        auto_scaling_group: None,
        agent_version: "0.1.0".to_owned(),
        facts: AgentFacts { hostname: format!("host{number}"), ..AgentFacts::default() },
        reported: HealthCode::Idle,
        health_details: None,
        cloned: false,
        revoked: false,
        enrolled_at: now,
        seen_at: now,
        snapshot: None,
        snapshot_at: None,
    }
}
