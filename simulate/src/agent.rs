//! A simulated agent: the real protocol, a made-up host.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use hyper::Method;
use hyper::body::Bytes;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use yagura_wire::{
    AgentFacts, CONTENT_SHA256, Chunk, EnrollAnswer, EnrollRequest, Health, HealthCode, HeartbeatAnswer,
    HeartbeatRequest, Message, PROTOCOL, RunProgress, Tag,
};

use crate::client::{Answer, Client, Endpoint, Identity, accepted};

/// How often a busy server is asked again.
const TRIES: usize = 30;
const PAUSE: Duration = Duration::from_secs(1);
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An enrolled agent with its connection.
pub(crate) struct Agent {
    pub(crate) id: String,
    pub(crate) client: Client,
    pub(crate) identity: Identity,
    pub(crate) nonce: String,
    /// Told with the next heartbeat.
    pub(crate) facts: Option<AgentFacts>,
    /// Answers that told to come again.
    pub(crate) busy: usize,
}

impl Agent {
    /// Enrols with a token.
    pub(crate) async fn enrol(
        endpoint: &Endpoint,
        token: &str,
        facts: AgentFacts,
        tags: &[(&str, &str)],
    ) -> Result<Self> {
        let (key_pem, csr_pem) = key_and_request()?;
        let request = EnrollRequest {
            protocol: PROTOCOL,
            token: token.to_owned(),
            csr_pem,
            agent_version: VERSION.into(),
            facts: facts.clone(),
            tags: tags.iter().map(|(key, value)| Tag { key: (*key).into(), value: (*value).into() }).collect(),
            auto_scaling_group: None,
            previous_agent_id: None,
        };
        let mut client = Client::new(endpoint.clone(), None)?;
        let (answer, busy) = again(&mut client, Method::POST, "/agent/v1/enroll", &[], json(&request)?).await?;
        let answer: EnrollAnswer = yagura_wire::read(&accepted("enroll", answer)?.body)?;
        let identity = Identity { certificate_pem: answer.certificate_pem, key_pem };
        let client = Client::new(endpoint.clone(), Some(&identity))?;
        Ok(Self { id: answer.agent_id, client, identity, nonce: answer.nonce, facts: Some(facts), busy })
    }

    /// Says how it is, and waits for work.
    pub(crate) async fn heartbeat(&mut self, runs: &[RunProgress], wait_seconds: u32) -> Result<HeartbeatAnswer> {
        let idle = runs.iter().all(|run| run.done);
        let request = HeartbeatRequest {
            protocol: PROTOCOL,
            nonce: self.nonce.clone(),
            agent_version: VERSION.into(),
            facts: self.facts.take(),
            health: Health { code: if idle { HealthCode::Idle } else { HealthCode::Running }, details: String::new() },
            runs: runs.to_vec(),
            wait_seconds,
        };
        let body = json(&request)?;
        let (answer, busy) = again(&mut self.client, Method::POST, "/agent/v1/heartbeat", &[], body).await?;
        self.busy += busy;
        let answer: HeartbeatAnswer = yagura_wire::read(&accepted("heartbeat", answer)?.body)?;
        self.nonce.clone_from(&answer.nonce);
        Ok(answer)
    }

    /// Brings a chunk; whatever comes of it.
    pub(crate) async fn put(&mut self, run: &str, chunk: &Chunk) -> Result<Answer> {
        let path = chunk_path(run, chunk.number);
        let headers = [(CONTENT_SHA256, chunk.sha256.clone())];
        let body = Bytes::from(chunk.bytes.clone());
        let (answer, busy) = again(&mut self.client, Method::PUT, &path, &headers, body).await?;
        self.busy += busy;
        Ok(answer)
    }
}

/// The path of a chunk: the run's ARN with what means something in a path encoded.
pub(crate) fn chunk_path(run: &str, number: u32) -> String {
    format!("/agent/v1/runs/{}/chunks/{number}", run.replace(':', "%3A").replace('/', "%2F"))
}

/// Sends a request again while the server says that it is busy.
async fn again(
    client: &mut Client,
    method: Method,
    path: &str,
    headers: &[(&str, String)],
    body: Bytes,
) -> Result<(Answer, usize)> {
    for tries in 0..TRIES {
        match client.send(method.clone(), path, headers, body.clone()).await {
            Ok(answer) if !matches!(answer.status, 429 | 503) => return Ok((answer, tries)),
            Ok(_) => {}
            Err(error) if tries + 1 == TRIES => return Err(error),
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
    bail!("{path}: the server was busy {TRIES} times")
}

pub(crate) fn json<M: Message + serde::Serialize>(message: &M) -> Result<Bytes> {
    Ok(Bytes::from(yagura_wire::write(message).context("a message of ours breaks the protocol")?))
}

/// Makes a key and a signing request, both in PEM.
pub(crate) fn key_and_request() -> Result<(String, String)> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "yagura-agent");
    let request = params.serialize_request(&key)?.pem()?;
    Ok((key.serialize_pem(), request))
}

#[test]
fn the_path_of_a_chunk_has_the_run_in_one_part() {
    assert_eq!(chunk_path("arn:a/b", 7), "/agent/v1/runs/arn%3Aa%2Fb/chunks/7");
}
