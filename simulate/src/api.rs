//! A client of the API: AWS JSON 1.1, signed.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use hyper::Method;
use hyper::body::Bytes;
use serde_json::{Value, json};
use yagura_identity::secrets::SecretText;
use yagura_identity::sigv4::{self, Credentials, Header};

use crate::client::{Answer, Client, Endpoint};
use crate::clock;

/// An access key.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: SecretText,
    pub(crate) region: String,
}

/// A client of the API with its connection.
pub(crate) struct Api {
    client: Client,
    host: String,
    key: Key,
    answered: BTreeMap<String, usize>,
}

impl Api {
    /// A client that has not called yet.
    pub(crate) fn new(endpoint: &Endpoint, key: Key) -> Result<Self> {
        let client = Client::new(endpoint.clone(), None)?;
        Ok(Self { client, host: endpoint.host(), key, answered: BTreeMap::new() })
    }

    /// Goes on at another server.
    pub(crate) fn turn(&mut self, endpoint: &Endpoint) -> Result<()> {
        self.client = Client::new(endpoint.clone(), None)?;
        self.host = endpoint.host();
        Ok(())
    }

    /// How many calls of each operation were answered with a success.
    pub(crate) const fn answered(&self) -> &BTreeMap<String, usize> {
        &self.answered
    }

    /// Calls an operation, whatever comes of it.
    pub(crate) async fn send(&mut self, operation: &str, request: &Value) -> Result<Answer> {
        self.send_body(operation, request.to_string().into_bytes()).await
    }

    /// The same with a body that need not be JSON.
    pub(crate) async fn send_body(&mut self, operation: &str, body: Vec<u8>) -> Result<Answer> {
        let target = format!("InspectorService.{operation}");
        let content_type = "application/x-amz-json-1.1";
        let headers: [Header<'_>; 3] = [
            ("host", self.host.as_bytes()),
            ("content-type", content_type.as_bytes()),
            ("x-amz-target", target.as_bytes()),
        ];
        let credentials = Credentials {
            access_key_id: &self.key.id,
            secret: &self.key.secret,
            session_token: None,
            region: &self.key.region,
            service: "inspector",
        };
        let signed = sigv4::Request {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body_sha256: sigv4::body_sha256(&body),
        };
        let mut sent = vec![("content-type", content_type.to_owned()), ("x-amz-target", target.clone())];
        sent.extend(sigv4::sign(&credentials, &signed, clock::now()));
        let answer = self.client.send(Method::POST, "/", &sent, Bytes::from(body)).await?;
        if answer.status == 200 {
            let count = self.answered.entry(operation.to_owned()).or_insert(0);
            *count = count.saturating_add(1);
        }
        Ok(answer)
    }

    /// Calls an operation that has to succeed. A server that asks to slow down is asked again.
    pub(crate) async fn call(&mut self, operation: &str, request: &Value) -> Result<Value> {
        const TRIES: usize = 20;
        const PAUSE: Duration = Duration::from_millis(500);
        for _ in 0..TRIES {
            let answer = self.send(operation, request).await?;
            if answer.status == 200 {
                return Ok(answer.json());
            }
            if !answer.text().contains("Throttling") && answer.status < 500 {
                bail!("{operation}: status {}: {}", answer.status, answer.text());
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("{operation}: the server was busy {TRIES} times")
    }

    /// Makes a target of the agents with a tag, or of all, and a template with all rules packages.
    pub(crate) async fn template(&mut self, name: &str, tag: Option<(&str, &str)>, duration_s: u32) -> Result<String> {
        let mut target = json!({"assessmentTargetName": name});
        if let (Some((key, value)), Some(members)) = (tag, target.as_object_mut()) {
            let group = json!({"resourceGroupTags": [{"key": key, "value": value}]});
            let group = self.call("CreateResourceGroup", &group).await?;
            members.insert("resourceGroupArn".into(), text(&group, "resourceGroupArn")?.into());
        }
        let target = text(&self.call("CreateAssessmentTarget", &target).await?, "assessmentTargetArn")?;
        let packages = self.call("ListRulesPackages", &json!({})).await?;
        let described =
            self.call("DescribeRulesPackages", &json!({"rulesPackageArns": packages.get("rulesPackageArns")})).await?;
        let known = described.get("rulesPackages").and_then(Value::as_array).cloned().unwrap_or_default();
        let rules: Vec<Value> = known.iter().filter_map(|package| package.get("arn").cloned()).collect();
        let template = json!({
            "assessmentTargetArn": target, "assessmentTemplateName": name, "durationInSeconds": duration_s,
            "rulesPackageArns": rules,
        });
        text(&self.call("CreateAssessmentTemplate", &template).await?, "assessmentTemplateArn")
    }

    /// Starts a run.
    pub(crate) async fn start(&mut self, template: &str, name: &str) -> Result<String> {
        let request = json!({"assessmentTemplateArn": template, "assessmentRunName": name});
        text(&self.call("StartAssessmentRun", &request).await?, "assessmentRunArn")
    }

    /// Ends the collection of a run.
    pub(crate) async fn stop(&mut self, run: &str) -> Result<()> {
        let request = json!({"assessmentRunArn": run, "stopAction": "START_EVALUATION"});
        self.call("StopAssessmentRun", &request).await.map(drop)
    }

    /// Describes a run.
    pub(crate) async fn run(&mut self, run: &str) -> Result<Value> {
        let answer = self.call("DescribeAssessmentRuns", &json!({"assessmentRunArns": [run]})).await?;
        let first = answer.get("assessmentRuns").and_then(|runs| runs.get(0)).cloned();
        first.with_context(|| format!("there is no run `{run}`"))
    }

    /// Returns the state of a run.
    pub(crate) async fn state(&mut self, run: &str) -> Result<String> {
        text(&self.run(run).await?, "state")
    }
}

/// Whether a run in this state is over.
pub(crate) fn is_over(state: &str) -> bool {
    matches!(state, "COMPLETED" | "COMPLETED_WITH_ERRORS" | "FAILED" | "ERROR" | "CANCELED")
}

/// A member that is a text.
pub(crate) fn text(value: &Value, member: &str) -> Result<String> {
    let found = value.get(member).and_then(Value::as_str).map(str::to_owned);
    found.with_context(|| format!("no `{member}` in {value}"))
}
