//! The service's one value: store, clock, keys, settings, and the two ways to call a verb.

use std::fmt;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use serde_json::Value;
use yagura_identity::ca::CertificateAuthority;
use yagura_identity::link::LinkSigner;
use yagura_identity::secrets::MasterKey;
use yagura_model::service::{Arn, Id, Scope};
use yagura_store::{Blobs, Store, Tx};

use super::{AppError, Bell, Caller, CedarRights, Cx, IndexSource, Rights};

/// Reads the time. Passed in, so that a test decides it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What an operator may set. Every default is the original's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Account and region of calls that name none: the command line's.
    pub home: Scope,
    /// Targets that an account may have in a region.
    pub targets_max: u64,
    /// Templates that an account may have in a region.
    pub templates_max: u64,
    /// Runs that an account may have in a region.
    pub runs_max: u64,
    /// Resource groups that an account may have in a region; nobody published a figure.
    pub resource_groups_max: u64,
    /// Hosts that may be in live runs at once. The original's 500 is a tenant's share of a
    /// public service; here the operator owns the server.
    pub live_agents_max: u64,
    /// Subscriptions of one template.
    pub subscriptions_max: u64,
    /// A package that found nothing says so with one informational finding, as in 2016.
    pub nothing_found_finding: bool,
    /// A busy host makes the start of a run fail, as in 2016, instead of being excluded.
    pub busy_is_an_error: bool,
    /// Match stored snapshots again when the feed index changes.
    pub continuous: bool,
    /// Where clients reach the server: `https://yagura.example:8443`. Known when it listens.
    pub public_url: OnceLock<String>,
}

/// Where a server that was told nothing else listens.
const USUAL_URL: &str = "https://localhost:8443";

impl Settings {
    /// The defaults for a home account and region.
    pub const fn new(home: Scope) -> Self {
        Self {
            home,
            targets_max: 50,
            templates_max: 500,
            runs_max: 50_000,
            resource_groups_max: 5_000,
            live_agents_max: 100_000,
            subscriptions_max: 50,
            nothing_found_finding: true,
            busy_is_an_error: false,
            continuous: true,
            public_url: OnceLock::new(),
        }
    }

    /// Returns where clients reach the server, without a slash at the end.
    pub fn public_url(&self) -> &str {
        self.public_url.get().map_or(USUAL_URL, |url| url.trim_end_matches('/'))
    }
}

/// The service.
pub struct App {
    /// What is remembered.
    pub store: Store,
    /// Large things beside the database.
    pub blobs: Box<dyn Blobs>,
    /// The time.
    pub clock: Clock,
    /// What the operator set.
    pub settings: Settings,
    /// Who may do what.
    pub rights: Box<dyn Rights>,
    /// The feed index in use.
    pub index: Box<dyn IndexSource>,
    /// Seals secrets at rest.
    pub keys: MasterKey,
    /// Signs the agents' certificates.
    pub authority: CertificateAuthority,
    /// Signs links that open without credentials.
    pub links: LinkSigner,
    /// Rings when agents have something to do.
    pub bell: Bell,
    /// Rings when a report is asked for.
    pub report_bell: Bell,
}

/// What a service is made of.
pub struct Parts {
    /// What is remembered.
    pub store: Store,
    /// Large things beside the database.
    pub blobs: Box<dyn Blobs>,
    /// The time.
    pub clock: Clock,
    /// What the operator set.
    pub settings: Settings,
    /// The feed index in use.
    pub index: Box<dyn IndexSource>,
    /// Seals secrets at rest.
    pub keys: MasterKey,
    /// Signs the agents' certificates.
    pub authority: CertificateAuthority,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("store", &self.store).finish_non_exhaustive()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("store", &self.store).field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// One call as authorization and the audit log see it.
#[derive(Debug, Clone)]
pub struct Call<'c> {
    /// Who calls.
    pub caller: &'c Caller,
    /// `StartAssessmentRun`.
    pub operation: &'static str,
    /// `inspector:StartAssessmentRun`.
    pub action: &'c str,
    /// The things that the request names. With several, each is decided by itself, and the call
    /// goes on if one of them is allowed.
    pub resources: &'c [Arn],
    /// The request as it was sent.
    pub parameters: &'c Value,
}

/// What a verb's caller gets, and what of it the audit log keeps.
#[derive(Debug)]
pub struct Answer<T> {
    /// For the caller.
    pub value: T,
    /// For the record; null for `List*` and `Describe*`.
    pub recorded: Value,
}

impl App {
    /// Makes a service of its parts; rights are decided by Cedar.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, blobs, clock, settings, index, keys, authority } = parts;
        let links = LinkSigner::new(&keys);
        let rights = Box::new(CedarRights::default());
        let (bell, report_bell) = (Bell::default(), Bell::default());
        Self { store, blobs, clock, settings, rights, index, keys, authority, links, bell, report_bell }
    }

    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Makes an id that nobody has yet, as far as chance goes: 47 bits of randomness.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new_id(&self) -> Result<Id, AppError> {
        let mut bytes = [0; 8];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| AppError::Temporary("no randomness".into()))?;
        Ok(Id::from_number(u64::from_le_bytes(bytes)))
    }

    /// Runs a verb that may change things. Its effect and its audit record are one transaction;
    /// a refusal leaves a record too.
    ///
    /// # Errors
    /// Those of the verb and of authorization.
    pub fn change<T>(
        &self,
        call: &Call<'_>,
        mut verb: impl FnMut(&mut Cx<'_, '_>) -> Result<Answer<T>, AppError>,
    ) -> Result<T, AppError> {
        let now = self.now();
        let outcome = self.store.write(|tx| {
            let answer = self.permitted(tx, call, now, &mut verb)?;
            self.record(tx, call, now, Ok(&answer.recorded))?;
            Ok(answer.value)
        });
        outcome.map_err(|error| self.refuse(call, now, error))
    }

    /// Runs a verb that only looks.
    ///
    /// # Errors
    /// Those of the verb and of authorization.
    pub fn look<T>(
        &self,
        call: &Call<'_>,
        mut verb: impl FnMut(&mut Cx<'_, '_>) -> Result<Answer<T>, AppError>,
    ) -> Result<T, AppError> {
        let now = self.now();
        let outcome = self.store.read(|tx| self.permitted(tx, call, now, &mut verb));
        let answer = outcome.map_err(|error| self.refuse(call, now, error))?;
        self.store.write(|tx| self.record(tx, call, now, Ok(&answer.recorded)))?;
        Ok(answer.value)
    }

    fn permitted<T>(
        &self,
        tx: &mut Tx<'_>,
        call: &Call<'_>,
        now: Timestamp,
        verb: &mut dyn FnMut(&mut Cx<'_, '_>) -> Result<Answer<T>, AppError>,
    ) -> Result<Answer<T>, AppError> {
        self.authorize(tx, call)?;
        verb(&mut Cx { app: self, tx, caller: call.caller, now, action: call.action })
    }

    /// Leaves the record of a refusal and gives the refusal back.
    fn refuse(&self, call: &Call<'_>, now: Timestamp, error: AppError) -> AppError {
        let recorded = self.store.write(|tx| self.record(tx, call, now, Err(&error)));
        match recorded {
            Ok(()) => error,
            // A call that leaves no record must not look like one that did.
            Err(unrecorded) => {
                tracing::error!(request.id = %call.caller.request_id, "cannot record a refused call: {unrecorded}");
                if matches!(error, AppError::Internal(_)) { error } else { unrecorded }
            }
        }
    }
}
