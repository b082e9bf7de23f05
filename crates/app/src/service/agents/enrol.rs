//! A token and a signing request become an identity; a certificate becomes a newer one.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use yagura_identity::ca::{AgentCertificate, ca_sha256};
use yagura_identity::secrets::{random_agent_id, random_hex, secret_matches};
use yagura_model::service::tag::AUTO_SCALING_GROUP;
use yagura_model::service::{Agent, AgentFacts, HealthCode, Scope, Tag};
use yagura_store::{StoredCertificate, StoredToken, Tx};
use yagura_wire::bounds::TAGS_MAX;
use yagura_wire::{EnrollAnswer, EnrollRequest, EnrolmentToken, ErrorCode, PROTOCOL, RenewAnswer, RenewRequest};

use super::super::{App, AppError};
use super::{AgentError, Peer};

/// How long an agent's certificate is valid. An agent that is away for longer enrols anew.
pub const CERTIFICATE_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 90);
/// When an agent is to ask for a new certificate: long before the end, so that a server that is
/// down for weeks costs nobody its identity.
pub const RENEW_AFTER: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Whose an enrolling host's identity is.
enum Identity {
    /// Nobody's yet.
    New(String),
    /// The machine had it before.
    Again(Box<Agent>),
}

impl App {
    /// Makes a host an agent.
    ///
    /// # Errors
    /// When the token does not let it in, or the signing request is none.
    pub fn enrol(&self, peer: &Peer, request: &EnrollRequest) -> Result<EnrollAnswer, AgentError> {
        let now = self.now();
        let token = EnrolmentToken::parse(&request.token)
            .map_err(|error| AgentError::refused(ErrorCode::TokenInvalid, error.to_string()))?;
        let ca_pem = self.authority.certificate_pem().to_owned();
        if !ca_sha256(&ca_pem).is_some_and(|digest| digest.starts_with(token.ca_pin())) {
            return Err(AgentError::refused(ErrorCode::TokenInvalid, "the enrolment token is of another server"));
        }
        let (new_id, nonce) = (random_agent_id()?, random_hex::<16>()?);
        self.store.write(|tx| {
            let stored = usable(tx, &token, now)?;
            let scope = stored.scope.clone();
            let identity = self.identity_for(tx, peer, request, (&scope, &new_id), now)?;
            let mut agent = match &identity {
                Identity::New(id) => blank(scope.clone(), id.clone(), now),
                Identity::Again(before) => Agent { cloned: false, revoked: false, enrolled_at: now, ..*before.clone() },
            };
            agent.tags = merged_tags(&stored, request)?;
            agent.auto_scaling_group = scaling_group(request, &agent.tags);
            agent.agent_version.clone_from(&request.agent_version);
            agent.facts = facts(&request.facts);
            agent.reported = HealthCode::Unknown;
            agent.health_details = None;
            agent.seen_at = now;
            let certificate = self.authority.sign_agent(&request.csr_pem, &agent.id, now, CERTIFICATE_LIFETIME)?;
            if matches!(identity, Identity::Again(_)) {
                tx.revoke_certificates(&agent.id, &[], now)?;
            }
            tx.put_agent(&agent, &nonce)?;
            remember(tx, &scope, &agent.id, &certificate, now)?;
            let parameters = json!({
                "tokenId": token.id(),
                "hostname": agent.facts.hostname,
                "agentVersion": agent.agent_version,
                "previousAgentId": request.previous_agent_id,
            });
            let response = json!({"agentId": agent.id, "certificateSerial": certificate.serial});
            let who = (&scope, Some(agent.id.as_str()));
            self.record_agent(tx, peer, who, "EnrollAgent", (&parameters, Ok(&response)), now)?;
            Ok(EnrollAnswer {
                protocol: PROTOCOL,
                agent_id: agent.id,
                renew_after: renew_after(&certificate, now),
                certificate_pem: certificate.pem,
                ca_pem: ca_pem.clone(),
                nonce: nonce.clone(),
            })
        })
    }

    /// Decides whether an enrolling host gets the id that it says it had.
    ///
    /// It does where it is the same machine by its fingerprint, and either proves that it holds
    /// the old key or nobody else can use the old identity any more. A fingerprint alone is no
    /// proof, because others on the host may know it.
    fn identity_for(
        &self,
        tx: &mut Tx<'_>,
        peer: &Peer,
        request: &EnrollRequest,
        (scope, new_id): (&Scope, &str),
        now: Timestamp,
    ) -> Result<Identity, AgentError> {
        let new = Identity::New(new_id.to_owned());
        let Some(previous) = &request.previous_agent_id else { return Ok(new) };
        let Some(agent) = tx.agent(scope, previous)? else { return Ok(new) };
        let enrolled = tx.take_agent_nonces(previous)?.map(|nonces| nonces.enrolled_fingerprint);
        let same_machine = enrolled.as_deref() == Some(request.facts.fingerprint.as_str());
        if agent.cloned {
            // One of two machines with this identity lets it go: the other has it for itself again.
            tx.set_agent_cloned(previous, false)?;
            return Ok(new);
        }
        let holds_the_key =
            peer.certificate.is_some() && self.admit(tx, peer, now).is_ok_and(|(holder, _)| holder.id == *previous);
        if same_machine && (holds_the_key || !tx.has_certificate(previous, now)?) {
            return Ok(Identity::Again(Box::new(agent)));
        }
        Ok(new)
    }

    /// Gives an agent a new certificate. The one that it has stays valid, because the answer may
    /// be lost; older ones do not.
    ///
    /// # Errors
    /// When the agent is not let in, or the signing request is none.
    pub fn renew(&self, peer: &Peer, request: &RenewRequest) -> Result<RenewAnswer, AgentError> {
        let now = self.now();
        self.store.write(|tx| {
            let (agent, presented) = self.admit(tx, peer, now)?;
            let certificate = self.authority.sign_agent(&request.csr_pem, &agent.id, now, CERTIFICATE_LIFETIME)?;
            tx.revoke_certificates(&agent.id, &[&presented.serial], now)?;
            remember(tx, &agent.scope, &agent.id, &certificate, now)?;
            let response = json!({"certificateSerial": certificate.serial});
            let parameters = json!({"certificateSerial": presented.serial});
            let who = (&agent.scope, Some(agent.id.as_str()));
            self.record_agent(tx, peer, who, "RenewAgentCertificate", (&parameters, Ok(&response)), now)?;
            Ok(RenewAnswer {
                protocol: PROTOCOL,
                renew_after: renew_after(&certificate, now),
                certificate_pem: certificate.pem,
                ca_pem: self.authority.certificate_pem().to_owned(),
            })
        })
    }
}

/// Takes one use of a token, or says why it lets nobody in. Whoever does not know the secret
/// learns nothing of the token.
fn usable(tx: &mut Tx<'_>, token: &EnrolmentToken, now: Timestamp) -> Result<StoredToken, AgentError> {
    let invalid = || AgentError::refused(ErrorCode::TokenInvalid, "the enrolment token is not valid");
    let stored = tx.token(token.id())?;
    let hash = stored.as_ref().map_or("", |stored| stored.secret_hash.as_str());
    if !secret_matches(&token.expose(), hash) {
        return Err(invalid());
    }
    let stored = stored.ok_or_else(invalid)?;
    if stored.revoked {
        return Err(AgentError::refused(ErrorCode::TokenInvalid, "the enrolment token was revoked"));
    }
    if stored.expires_at <= now {
        let message = format!("the enrolment token was valid until {}", stored.expires_at);
        return Err(AgentError::refused(ErrorCode::TokenExpired, message));
    }
    if !tx.use_token(token.id(), now)? {
        let message = "the enrolment token was used as often as it may be";
        return Err(AgentError::refused(ErrorCode::TokenUsedUp, message));
    }
    Ok(stored)
}

pub(super) fn blank(scope: Scope, id: String, now: Timestamp) -> Agent {
    Agent {
        scope,
        id,
        tags: Vec::new(),
        auto_scaling_group: None,
        agent_version: String::new(),
        facts: AgentFacts::default(),
        reported: HealthCode::Unknown,
        health_details: None,
        cloned: false,
        revoked: false,
        enrolled_at: now,
        seen_at: now,
        snapshot: None,
        snapshot_at: None,
    }
}

/// The Auto Scaling group: as the host declares it, or as a tag says it, as launch configurations do.
fn scaling_group(request: &EnrollRequest, tags: &[Tag]) -> Option<String> {
    let by_tag = || tags.iter().find(|tag| tag.key == AUTO_SCALING_GROUP)?.value.clone();
    request.auto_scaling_group.clone().or_else(by_tag).filter(|group| !group.is_empty())
}

/// The token's tags and the host's; of two with one key, the operator's word counts.
fn merged_tags(token: &StoredToken, request: &EnrollRequest) -> Result<Vec<Tag>, AgentError> {
    let mut tags = token.tags.clone();
    for tag in &request.tags {
        if tags.iter().all(|known| known.key != tag.key) {
            let value = Some(tag.value.clone()).filter(|value| !value.is_empty());
            tags.push(Tag { key: tag.key.clone(), value });
        }
    }
    if tags.len() > TAGS_MAX {
        let message = format!("the token and the host bring {} tags, and {TAGS_MAX} are allowed", tags.len());
        return Err(AgentError::refused(ErrorCode::BadRequest, message));
    }
    Ok(tags)
}

fn remember(
    tx: &mut Tx<'_>,
    scope: &Scope,
    agent: &str,
    certificate: &AgentCertificate,
    now: Timestamp,
) -> Result<(), AppError> {
    tx.insert_certificate(&StoredCertificate {
        account: scope.account.clone(),
        serial: certificate.serial.clone(),
        agent: agent.to_owned(),
        issued_at: now,
        expires_at: certificate.not_after,
        revoked_at: None,
    })?;
    Ok(())
}

/// A certificate that ends with the authority is not renewed sooner for it.
fn renew_after(certificate: &AgentCertificate, now: Timestamp) -> Timestamp {
    now.checked_add(RENEW_AFTER).unwrap_or(certificate.not_after).min(certificate.not_after)
}

/// The host's facts as the service keeps them.
pub(super) fn facts(facts: &yagura_wire::AgentFacts) -> AgentFacts {
    let release = facts.release.clone();
    AgentFacts {
        hostname: facts.hostname.clone(),
        fingerprint: facts.fingerprint.clone(),
        operating_system: facts.operating_system.clone(),
        distribution: release.as_ref().map(|release| release.distribution.clone()),
        version: release.as_ref().and_then(|release| release.version.clone()),
        codename: release.and_then(|release| release.codename),
        kernel_version: facts.kernel_version.clone(),
        architecture: facts.architecture.clone(),
        ipv4_addresses: facts.ipv4_addresses.clone(),
        ipv6_addresses: facts.ipv6_addresses.clone(),
    }
}

/// What stands in a record where nothing was asked or answered.
pub(super) const NOTHING: &Value = &Value::Null;
