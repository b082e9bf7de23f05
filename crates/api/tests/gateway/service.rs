//! A server on a free port of this host, on an empty store: SQLite, or PostgreSQL where a test
//! database is named.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use yagura_api::server::{ServeOptions, serve_with};
use yagura_app::service::agents::{NewToken, create_token};
use yagura_app::service::{App, Call, Caller, Clock, DataDirIndex, Parts, Settings};
use yagura_identity::ca::{CertificateAuthority, server_config};
use yagura_identity::secrets::MasterKey;
use yagura_model::service::{HealthCode, Id, Run, RunState, Scope, Tag};
use yagura_store::{Phase, RunAgent, Store, open_blobs};
use yagura_testkit::Postgres;

use crate::client::Client;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-west-2";

pub(crate) struct Service {
    pub(crate) app: Arc<App>,
    pub(crate) address: SocketAddr,
    /// Added to the real time: TLS reads the real clock, so the service's cannot be another day.
    offset_s: Arc<AtomicI64>,
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    port: Option<JoinHandle<()>>,
    _data: TempDir,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut ServeOptions)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let offset_s = Arc::new(AtomicI64::new(0));
        let offset = Arc::clone(&offset_s);
        let clock: Clock =
            Arc::new(move || Timestamp::now() + SignedDuration::from_secs(offset.load(Ordering::Relaxed)));
        let long_ago = clock() - SignedDuration::from_hours(24);
        let authority = CertificateAuthority::create(long_ago, "test").unwrap();
        let addresses = [IpAddr::from(Ipv4Addr::LOCALHOST)];
        let certificate = authority.server_certificate(&["localhost".to_owned()], &addresses, long_ago).unwrap();
        let tls = server_config(&certificate, authority.certificate_pem()).unwrap();
        let app = Arc::new(App::new(Parts {
            store: store(data.path()),
            blobs: open_blobs(data.path().join("blobs").to_str().unwrap(), []).unwrap(),
            authority,
            clock,
            settings: Settings::new(scope()),
            index: Box::new(DataDirIndex(data.path().to_owned())),
            keys: MasterKey::generate().unwrap(),
        }));
        let mut options = ServeOptions::default();
        change(&mut options);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&app);
        let port = runtime.spawn(async move {
            let stopped = async {
                // Dropped, the sender means the end too.
                let _ = stopped.await;
            };
            serve_with(listener, tls, served, options, stopped).await.unwrap();
        });
        Self { app, address, offset_s, runtime, stop: Some(stop), port: Some(port), _data: data }
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        self.offset_s.fetch_add(by.as_secs(), Ordering::Relaxed);
    }

    /// Tells the server to end, without waiting for it.
    pub(crate) fn tell_to_end(&mut self) {
        drop(self.stop.take());
    }

    /// Waits until the server has ended.
    pub(crate) fn wait_for_the_end(&mut self) {
        let port = self.port.take().unwrap();
        self.runtime.block_on(port).unwrap();
    }

    /// A client without a certificate.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address, self.app.authority.certificate_pem(), None)
    }

    pub(crate) fn token(&self, wanted: NewToken) -> String {
        let caller = Caller::service(scope(), "test".into());
        let nothing = Value::Null;
        let call = Call {
            caller: &caller,
            operation: "CreateToken",
            action: "yagura:ManageTokens",
            resources: &[],
            parameters: &nothing,
        };
        self.app.change(&call, |cx| create_token(cx, &wanted)).unwrap().1.expose().to_owned()
    }

    pub(crate) fn any_token(&self) -> String {
        self.token(NewToken { tags: vec![Tag::new("team", "blue")], ttl: SignedDuration::from_hours(1), uses: 100 })
    }

    /// A run that collects, with these agents instructed. Returns its number and its ARN.
    pub(crate) fn run_with(&self, agents: &[&str]) -> (i64, String) {
        let now = self.app.now();
        let mut run = Run {
            seq: 0,
            scope: scope(),
            id: self.app.new_id().unwrap(),
            target: Id::from_number(1),
            template: Id::from_number(2),
            name: format!("run {now}"),
            state: RunState::Created,
            version: 1,
            duration_s: 3_600,
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
        self.write(|tx| {
            run.seq = tx.insert_run(&run).unwrap();
            for agent in agents {
                let member = RunAgent {
                    run_seq: run.seq,
                    agent: (*agent).to_owned(),
                    phase: Phase::Instructed,
                    joined_at: now,
                    started_at: None,
                    data_at: None,
                    next_chunk: 0,
                    snapshot: None,
                    health: HealthCode::Idle,
                    details: None,
                    asset: "{}".into(),
                    evaluated_at: None,
                };
                assert!(tx.join_run(&scope(), &member).unwrap());
            }
        });
        self.move_run(run.seq, |run| run.state = RunState::CollectingData);
        (run.seq, run.arn().to_string())
    }

    pub(crate) fn move_run(&self, seq: i64, change: impl Fn(&mut Run)) {
        self.write(|tx| {
            let before = tx.run_by_seq(seq).unwrap().unwrap();
            let mut after = before.clone();
            change(&mut after);
            assert!(tx.update_run(&before, &mut after).unwrap());
        });
        self.app.bell.ring();
    }

    pub(crate) fn member(&self, seq: i64, agent: &str) -> RunAgent {
        self.read(|tx| tx.run_agent(seq, agent).unwrap().unwrap())
    }

    pub(crate) fn read<T>(&self, mut look: impl FnMut(&mut yagura_store::Tx<'_>) -> T) -> T {
        self.app.store.read(|tx| Ok::<_, yagura_store::StoreError>(look(tx))).unwrap()
    }

    pub(crate) fn write<T>(&self, mut work: impl FnMut(&mut yagura_store::Tx<'_>) -> T) -> T {
        self.app.store.write(|tx| Ok::<_, yagura_store::StoreError>(work(tx))).unwrap()
    }

    /// The audit records of an operation.
    pub(crate) fn recorded(&self, operation: &str) -> Vec<Value> {
        let records = self.read(|tx| tx.audit_records(ACCOUNT, 0, 10_000).unwrap());
        let records = records.iter().map(|stored| serde_json::from_str::<Value>(&stored.record).unwrap());
        records.filter(|record| record["eventName"] == json!(operation)).collect()
    }

    /// The reasons of the refusals that were recorded of agents.
    pub(crate) fn refusals(&self) -> Vec<String> {
        let reason = |record: &Value| record["requestParameters"]["reason"].as_str().unwrap().to_owned();
        self.recorded("AgentRefused").iter().map(reason).collect()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.tell_to_end();
        if self.port.is_some() && !std::thread::panicking() {
            self.wait_for_the_end();
        }
    }
}

/// SQLite, or a new schema of the PostgreSQL database that `YAGURA_TEST_POSTGRES` names.
fn store(data: &Path) -> Store {
    match Postgres::named() {
        Some(server) => Store::open_postgres(&server.schema("gateway")).unwrap(),
        None => Store::open_sqlite(data).unwrap(),
    }
}

pub(crate) fn scope() -> Scope {
    Scope::new(ACCOUNT, REGION).unwrap()
}
