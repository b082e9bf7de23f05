//! Who is at the other end, and whether it is let in.

use jiff::Timestamp;
use serde_json::{Value, json};
use yagura_identity::ca::AgentIdentity;
use yagura_model::service::{Agent, Scope};
use yagura_store::{StoredCertificate, Tx};
use yagura_wire::ErrorCode;

use super::super::{App, AppError, Call, Caller, Via};
use super::AgentError;

/// What the connection says of an agent.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Whose certificate was proved in the TLS handshake.
    pub certificate: Option<AgentIdentity>,
    /// The other end's address.
    pub source_ip: String,
    /// What the agent calls itself.
    pub user_agent: String,
    /// Names the request in log and audit log.
    pub request_id: String,
}

impl Peer {
    /// The peer as a caller in a scope, for the audit log.
    fn caller(&self, scope: Scope, agent: Option<&str>) -> Caller {
        Caller {
            scope,
            user: agent.unwrap_or("unknown").to_owned(),
            role: String::new(),
            access_key_id: None,
            source_ip: self.source_ip.clone(),
            user_agent: self.user_agent.clone(),
            request_id: self.request_id.clone(),
            via: if agent.is_some() { Via::Agent } else { Via::Unknown },
        }
    }
}

impl App {
    /// Finds the agent that a certificate was given to, and refuses what is not let in.
    pub(super) fn admit(
        &self,
        tx: &mut Tx<'_>,
        peer: &Peer,
        now: Timestamp,
    ) -> Result<(Agent, StoredCertificate), AgentError> {
        let Some(identity) = &peer.certificate else {
            return Err(AgentError::refused(ErrorCode::CertificateRequired, "this call needs an agent's certificate"));
        };
        let unknown = || {
            let message = format!("the server does not know agent `{}` with this certificate", identity.agent_id);
            AgentError::refused(ErrorCode::AgentUnknown, message)
        };
        let certificate = tx.certificate(&identity.serial)?.ok_or_else(unknown)?;
        if certificate.agent != identity.agent_id {
            return Err(unknown());
        }
        if certificate.revoked_at.is_some() {
            let message = format!("certificate `{}` was revoked", certificate.serial);
            return Err(AgentError::refused(ErrorCode::CertificateRevoked, message));
        }
        // The handshake looked at the time too, but a connection may outlive its certificate.
        if certificate.expires_at <= now {
            let message = format!("certificate `{}` is over", certificate.serial);
            return Err(AgentError::refused(ErrorCode::CertificateRequired, message));
        }
        let agent = tx.agent_by_id(&certificate.agent)?.ok_or_else(unknown)?;
        if agent.revoked {
            let message = format!("agent `{}` was revoked", agent.id);
            return Err(AgentError::refused(ErrorCode::CertificateRevoked, message));
        }
        Ok((agent, certificate))
    }

    /// Leaves a record of what an agent did.
    pub(super) fn record_agent(
        &self,
        tx: &mut Tx<'_>,
        peer: &Peer,
        (scope, agent): (&Scope, Option<&str>),
        operation: &'static str,
        (parameters, outcome): (&Value, Result<&Value, &AppError>),
        now: Timestamp,
    ) -> Result<(), AppError> {
        let caller = peer.caller(scope.clone(), agent);
        let call = Call { caller: &caller, operation, action: "yagura:Agent", resources: &[], parameters };
        self.record(tx, &call, now, outcome)
    }

    /// Leaves a record of a refused agent. `unrecorded` tells how many refusals were not recorded
    /// since the last one that was, because there were too many.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn record_agent_refusal(
        &self,
        peer: &Peer,
        call: &str,
        error: &AgentError,
        unrecorded: u64,
    ) -> Result<(), AppError> {
        let now = self.now();
        let claimed = peer.certificate.as_ref().map(|identity| identity.agent_id.clone());
        self.store.write(|tx| {
            let known = match &claimed {
                Some(id) => tx.agent_by_id(id)?,
                None => None,
            };
            let scope = known.as_ref().map_or(&self.settings.home, |agent| &agent.scope).clone();
            let mut parameters = json!({"call": call, "agentId": claimed, "reason": error.code().as_str()});
            if let (Some(members), 1..) = (parameters.as_object_mut(), unrecorded) {
                members.insert("refusalsNotRecorded".into(), unrecorded.into());
            }
            let refused = AppError::Denied { code: None, message: error.to_string() };
            let who = (&scope, claimed.as_deref());
            self.record_agent(tx, peer, who, "AgentRefused", (&parameters, Err(&refused)), now)
        })
    }

    /// Leaves a record of a request that was refused before anybody knew who sent it, in the home
    /// account. `unrecorded` as in [`App::record_agent_refusal`].
    ///
    /// # Errors
    /// When the store refuses.
    pub fn record_unknown_refusal(&self, refusal: &UnknownRefusal<'_>) -> Result<(), AppError> {
        let now = self.now();
        let caller = Caller {
            scope: self.settings.home.clone(),
            user: "unknown".into(),
            role: String::new(),
            access_key_id: refusal.access_key_id.map(str::to_owned),
            source_ip: refusal.source_ip.to_owned(),
            user_agent: refusal.user_agent.to_owned(),
            request_id: refusal.request_id.to_owned(),
            via: Via::Unknown,
        };
        let mut parameters = json!({"target": refusal.target, "reason": refusal.reason});
        if let (Some(members), 1..) = (parameters.as_object_mut(), refusal.unrecorded) {
            members.insert("refusalsNotRecorded".into(), refusal.unrecorded.into());
        }
        let error = AppError::Denied { code: None, message: refusal.message.to_owned() };
        let call = Call {
            caller: &caller,
            operation: "RequestRefused",
            action: "yagura:Request",
            resources: &[],
            parameters: &parameters,
        };
        self.store.write(|tx| self.record(tx, &call, now, Err(&error)))
    }
}

/// A request that was refused before anybody knew who sent it.
#[derive(Debug, Clone, Copy)]
pub struct UnknownRefusal<'r> {
    /// The access key that it named.
    pub access_key_id: Option<&'r str>,
    /// The header `X-Amz-Target`.
    pub target: &'r str,
    /// The exception's name.
    pub reason: &'r str,
    /// The exception's message.
    pub message: &'r str,
    /// The other end's address.
    pub source_ip: &'r str,
    /// What the client calls itself.
    pub user_agent: &'r str,
    /// The request's id.
    pub request_id: &'r str,
    /// How many refusals before it were not recorded, because there were too many.
    pub unrecorded: u64,
}
