//! A service on an empty store, with agents that exist only as rows and snapshots.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use jiff::Timestamp;
use tempfile::TempDir;
use yagura_app::service::engine::{Engine, Ticked};
use yagura_app::service::{Answer, App, AppError, Call, Caller, Cx, DataDirIndex, Parts, Settings, run_control};
use yagura_feed::{FEEDS, Mirror, Silent, SyncOptions};
use yagura_identity::ca::CertificateAuthority;
use yagura_identity::secrets::MasterKey;
use yagura_model::service::{
    Agent, AgentFacts, Arn, HealthCode, ResourceGroup, Run, RunState, Scope, StopAction, Tag, Target, Template,
    catalogue,
};
use yagura_model::{Attribute, Snapshot};
use yagura_probe::RootedHost;
use yagura_store::{Phase, Store, StoredSnapshot, open_blobs};
use yagura_testkit::{FeedMirror, HostTree, Postgres};

/// 2026-11-20T12:00:00Z, the day of the demo feeds.
const START_MS: i64 = 1_795_176_000_000;
pub(crate) const FEED_DAY: &str = "2026-11-20";

pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) engine: Engine,
    pub(crate) data: TempDir,
    place: Place,
}

/// Where a world's servers keep what they know, and the clock that they share.
#[derive(Clone)]
struct Place {
    folder: PathBuf,
    /// A schema of the PostgreSQL database that `YAGURA_TEST_POSTGRES` names; else it is SQLite.
    database_url: Option<String>,
    now_ms: Arc<AtomicI64>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let place = Place {
            folder: data.path().to_owned(),
            database_url: Postgres::named().map(|server| server.schema("service")),
            now_ms: Arc::new(AtomicI64::new(START_MS)),
        };
        let app = Arc::new(open(&place, change));
        let engine = Engine::new(Arc::clone(&app), "first");
        Self { app, engine, data, place }
    }

    /// A second server on the same store, as after a kill or beside the first.
    pub(crate) fn another_server(&self) -> Engine {
        Engine::new(self.another_app(), "second")
    }

    /// The service of a second server, without its engine.
    pub(crate) fn another_app(&self) -> Arc<App> {
        Arc::new(open(&self.place, |_| {}))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.place.now_ms.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.now()
    }

    pub(crate) fn tick(&self) -> Ticked {
        self.engine.tick().unwrap()
    }

    /// Makes an index of the demo feeds, changed where wanted.
    pub(crate) fn sync_feeds(&self, change: impl FnOnce(&FeedMirror)) {
        let mirror = FeedMirror::demo(FEED_DAY).unwrap();
        change(&mirror);
        let options = SyncOptions {
            mirror: Some(Mirror::Folder(mirror.path().to_owned())),
            ..SyncOptions::new(self.data.path().to_owned(), self.now())
        };
        let report = yagura_feed::sync(&options, FEEDS, &Silent, &AtomicBool::new(false)).unwrap();
        assert!(report.is_complete());
    }

    /// Enrols an agent whose host has the demo package and root logins.
    pub(crate) fn agent(&self, number: u8, tags: &[Tag]) -> String {
        let id = format!("i-{number:017x}");
        let now = self.now();
        let agent = Agent {
            scope: scope(),
            id: id.clone(),
            tags: tags.to_vec(),
            auto_scaling_group: None,
            agent_version: "0.1.0".into(),
            facts: AgentFacts { hostname: format!("web-{number}"), ..AgentFacts::default() },
            reported: HealthCode::Idle,
            health_details: None,
            cloned: false,
            revoked: false,
            enrolled_at: now,
            seen_at: now,
            snapshot: None,
            snapshot_at: None,
        };
        self.app.store.write(|tx| Ok::<_, AppError>(tx.put_agent(&agent, "nonce")?)).unwrap();
        id
    }

    /// The agent is heard again, so that it is not late.
    pub(crate) fn hear(&self, agent: &str) {
        self.change_agent(agent, |agent, now| agent.seen_at = now);
    }

    pub(crate) fn change_agent(&self, id: &str, change: impl Fn(&mut Agent, Timestamp)) {
        let now = self.now();
        self.app
            .store
            .write(|tx| {
                let mut agent = tx.agent_by_id(id)?.unwrap();
                change(&mut agent, now);
                tx.put_agent(&agent, "nonce")?;
                Ok::<_, AppError>(())
            })
            .unwrap();
    }

    /// All that an agent sends for a run, arrived.
    pub(crate) fn send(&self, run: &Arn, agent: &str, snapshot: &Snapshot) {
        let digest = yagura_wire::snapshot_digest(snapshot);
        let account = scope().account;
        let name = yagura_app::service::agents::snapshot_blob(&account, &digest);
        self.app.blobs.put(&name, &yagura_wire::encode_snapshot(snapshot)).unwrap();
        let mut sources: Vec<(String, String)> = snapshot
            .packages
            .iter()
            .map(|package| (package.source.name.clone(), package.source.version.clone()))
            .collect();
        sources.sort();
        sources.dedup();
        let now = self.now();
        let stored = StoredSnapshot {
            account,
            digest: digest.clone(),
            release: snapshot.release.as_ref().and_then(|release| release.key()).map(|key| key.as_str().to_owned()),
            packages: snapshot.packages.len() as u64,
            bytes: 1,
            created_at: now,
        };
        self.app
            .store
            .write(|tx| {
                tx.put_snapshot(&stored, &sources)?;
                tx.set_agent_snapshot(agent, &digest, now)?;
                let run = tx.run_by_arn(&scope(), run)?.unwrap();
                let mut member = tx.run_agent(run.seq, agent)?.unwrap();
                member.phase = Phase::Flushed;
                member.started_at = Some(now);
                member.snapshot = Some(digest.clone());
                tx.update_run_agent(&member)?;
                Ok::<_, AppError>(())
            })
            .unwrap();
    }

    /// A template over hosts with the tag `Env=test`, with both rules packages.
    pub(crate) fn template(&self, duration_s: u32) -> Arn {
        self.template_over(&env_test(), duration_s)
    }

    /// A template over hosts with any of these tags.
    pub(crate) fn template_over(&self, tags: &[Tag], duration_s: u32) -> Arn {
        let now = self.now();
        let (group, target, template) =
            (self.app.new_id().unwrap(), self.app.new_id().unwrap(), self.app.new_id().unwrap());
        self.app
            .store
            .write(|tx| {
                let tags = tags.to_vec();
                tx.insert_resource_group(&scope(), &ResourceGroup { id: group.clone(), tags, created_at: now })?;
                let name = format!("target {target}");
                tx.insert_target(
                    &scope(),
                    &Target {
                        id: target.clone(),
                        name,
                        resource_group: Some(group.clone()),
                        created_at: now,
                        updated_at: now,
                    },
                )?;
                tx.insert_template(
                    &scope(),
                    &Template {
                        id: template.clone(),
                        target: target.clone(),
                        name: "weekly".into(),
                        duration_s,
                        rules: catalogue(&scope().region).into_iter().map(|entry| entry.arn).collect(),
                        attributes: vec![Attribute { key: "状況".into(), value: "未対応".into() }],
                        tags: Vec::new(),
                        created_at: now,
                    },
                )?;
                Ok::<_, AppError>(())
            })
            .unwrap();
        Arn::template(&scope(), &target, &template)
    }

    pub(crate) fn start(&self, template: &Arn) -> Result<Arn, AppError> {
        self.call("StartAssessmentRun", |cx| run_control::start_run(cx, template, None))
    }

    pub(crate) fn stop(&self, run: &Arn, action: StopAction) {
        self.call("StopAssessmentRun", |cx| run_control::stop_run(cx, run, action)).unwrap();
    }

    fn call<T>(
        &self,
        operation: &'static str,
        verb: impl FnMut(&mut Cx<'_, '_>) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        call(&self.app, operation, verb)
    }

    pub(crate) fn run(&self, arn: &Arn) -> Run {
        self.app.store.read(|tx| Ok::<_, AppError>(tx.run_by_arn(&scope(), arn)?.unwrap())).unwrap()
    }

    /// The states that the run has passed.
    pub(crate) fn states(&self, arn: &Arn) -> Vec<RunState> {
        let seq = self.run(arn).seq;
        let transitions = self.app.store.read(|tx| Ok::<_, AppError>(tx.transitions(seq)?)).unwrap();
        transitions.into_iter().map(|(state, _)| state).collect()
    }

    /// Titles of the run's exclusions, sorted.
    pub(crate) fn exclusions(&self, arn: &Arn) -> Vec<String> {
        let seq = self.run(arn).seq;
        let exclusions = self.app.store.read(|tx| Ok::<_, AppError>(tx.exclusions(seq, "", 1_000)?)).unwrap();
        let mut titles: Vec<String> = exclusions.into_iter().map(|exclusion| exclusion.title.en).collect();
        titles.sort();
        titles
    }
}

/// Calls a verb, which leaves an audit record.
pub(crate) fn call<T>(
    app: &App,
    operation: &'static str,
    mut verb: impl FnMut(&mut Cx<'_, '_>) -> Result<T, AppError>,
) -> Result<T, AppError> {
    let caller = Caller::service(scope(), "00000000-0000-4000-8000-000000000000".into());
    let action = format!("inspector:{operation}");
    let parameters = serde_json::json!({});
    let call = Call { caller: &caller, operation, action: &action, resources: &[], parameters: &parameters };
    app.change(&call, |cx| Ok(Answer { value: verb(cx)?, recorded: serde_json::Value::Null }))
}

fn open(place: &Place, change: impl FnOnce(&mut Settings)) -> App {
    let clock = Arc::clone(&place.now_ms);
    let mut settings = Settings::new(scope());
    change(&mut settings);
    let store = match &place.database_url {
        Some(url) => Store::open_postgres(url),
        None => Store::open_sqlite(&place.folder),
    };
    App::new(Parts {
        store: store.unwrap(),
        blobs: open_blobs(place.folder.join("blobs").to_str().unwrap(), []).unwrap(),
        authority: CertificateAuthority::create(Timestamp::from_millisecond(START_MS).unwrap(), "test").unwrap(),
        clock: Arc::new(move || Timestamp::from_millisecond(clock.load(Ordering::Relaxed)).unwrap()),
        settings,
        index: Box::new(DataDirIndex(place.folder.clone())),
        keys: MasterKey::generate().unwrap(),
    })
}

pub(crate) fn scope() -> Scope {
    Scope::new("123456789012", "us-west-2").unwrap()
}

pub(crate) fn env_test() -> Vec<Tag> {
    vec![Tag::new("Env", "test")]
}

/// A Debian 12 host with the demo package and root logins over SSH.
pub(crate) fn snapshot(version: &str) -> Snapshot {
    let tree = HostTree::debian_12()
        .unwrap()
        .package("demo", version, "demo")
        .unwrap()
        .package("openssh-server", "1:9.2p1-2+deb12u3", "openssh")
        .unwrap()
        .file("etc/ssh/sshd_config", "PermitRootLogin yes\n")
        .unwrap()
        .file("usr/sbin/sshd", "")
        .unwrap();
    yagura_probe::snapshot(&RootedHost::open(tree.path()).unwrap()).unwrap()
}
