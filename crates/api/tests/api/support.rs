//! A service on an empty store, with a clock that the test moves.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use yagura_api::dispatch;
use yagura_app::service::{App, AppError, Caller, DataDirIndex, Parts, Rights, Settings, Via};
use yagura_identity::ca::CertificateAuthority;
use yagura_identity::secrets::MasterKey;
use yagura_model::service::{Arn, Scope, Tag};
use yagura_store::{Store, Tx, open_blobs};
use yagura_testkit::Postgres;

use crate::model;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-west-2";
/// 2026-01-01T00:00:00Z.
const START_MS: i64 = 1_767_225_600_000;

/// A service on an empty store: SQLite, or a new schema of the PostgreSQL database that
/// `YAGURA_TEST_POSTGRES` names. The caller's role `Nobody` may do nothing, `Blue` may list
/// and may do anything to what has the tag `team=blue`, any other may do everything.
pub(crate) struct Service {
    pub(crate) app: App,
    now_ms: Arc<AtomicI64>,
    _data: TempDir,
}

/// An answer, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    /// `Null` for a body of no bytes.
    pub(crate) body: Value,
}

struct ByRole;

impl Rights for ByRole {
    fn allows(
        &self,
        _: &mut Tx<'_>,
        caller: &Caller,
        action: &str,
        arn: Option<&Arn>,
        tags: &[Tag],
    ) -> Result<bool, AppError> {
        Ok(match caller.role.as_str() {
            "Nobody" => false,
            "Blue" if arn.is_some() => tags.contains(&Tag::new("team", "blue")),
            "Blue" => action.starts_with("inspector:List"),
            _ => true,
        })
    }
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let now_ms = Arc::new(AtomicI64::new(START_MS));
        let clock = Arc::clone(&now_ms);
        let mut settings = Settings::new(scope());
        change(&mut settings);
        let clock: yagura_app::service::Clock =
            Arc::new(move || Timestamp::from_millisecond(clock.load(Ordering::Relaxed)).unwrap());
        let mut app = App::new(Parts {
            store: store(data.path()),
            blobs: open_blobs(data.path().join("blobs").to_str().unwrap(), []).unwrap(),
            authority: CertificateAuthority::create(clock(), "test").unwrap(),
            clock,
            settings,
            index: Box::new(DataDirIndex(data.path().to_owned())),
            keys: MasterKey::generate().unwrap(),
        });
        app.rights = Box::new(ByRole);
        Self { app, now_ms, _data: data }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.now()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.now_ms.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }

    /// Calls as an administrator; panics unless the answer is a success.
    pub(crate) fn ok(&self, operation: &str, request: Value) -> Value {
        let answered = self.call(operation, request.clone());
        assert_eq!(answered.status, 200, "{operation} {request}: {}", answered.body);
        answered.body
    }

    /// Calls as an administrator; panics unless it is refused. Returns the exception's name and its
    /// error code, `""` where it has none.
    pub(crate) fn refused(&self, operation: &str, request: Value) -> (String, String) {
        let answered = self.call(operation, request.clone());
        assert_ne!(answered.status, 200, "{operation} {request}: {}", answered.body);
        let text = |name: &str| answered.body[name].as_str().unwrap_or_default().to_owned();
        (text("__type"), text("errorCode"))
    }

    pub(crate) fn call(&self, operation: &str, request: Value) -> Answered {
        self.call_as("Administrator", operation, request)
    }

    pub(crate) fn call_as(&self, role: &str, operation: &str, request: Value) -> Answered {
        self.call_in(scope(), role, operation, &request.to_string())
    }

    /// Calls in any scope with any body. Whatever is answered must be of the form that the model
    /// gives.
    pub(crate) fn call_in(&self, scope: Scope, role: &str, operation: &str, request: &str) -> Answered {
        let caller = Caller {
            scope,
            user: "tester".into(),
            role: role.into(),
            access_key_id: Some("AKIAEXAMPLE".into()),
            source_ip: "127.0.0.1".into(),
            user_agent: "test".into(),
            request_id: "00000000-0000-4000-8000-000000000000".into(),
            via: Via::Api,
        };
        let target = format!("InspectorService.{operation}");
        let reply = dispatch::answer(&self.app, &caller, &target, request.as_bytes());
        let body = if reply.body.is_empty() { Value::Null } else { serde_json::from_slice(&reply.body).unwrap() };
        if let Some(model) = model::Model::get() {
            let faults = match reply.exception {
                None => model.faults_of_answer(operation, &body),
                Some(name) => model.faults_of_refusal(operation, name, &body),
            };
            assert_eq!(faults, Vec::<String>::new(), "{operation} {request}: {body}");
        }
        Answered { status: reply.status, body }
    }
}

fn store(data: &Path) -> Store {
    match Postgres::named() {
        Some(server) => Store::open_postgres(&server.schema("api")).unwrap(),
        None => Store::open_sqlite(data).unwrap(),
    }
}

pub(crate) fn scope() -> Scope {
    Scope::new(ACCOUNT, REGION).unwrap()
}
