//! One call in CloudTrail's form.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::redact::redact;
use crate::encoding::{hex, sha256};

/// The most bytes that a record has as JSON; CloudTrail's own bound.
pub const RECORD_BYTES_MAX: usize = 256 * 1024;
/// The most bytes of each single text (user agent, error message, name); longer ones are cut.
pub const TEXT_BYTES_MAX: usize = 1024;

/// What kind of caller it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerKind {
    /// A user with a permanent access key.
    User,
    /// A user with a temporary key, or in the console.
    Session {
        /// Since when the session is there.
        created_at: Timestamp,
        /// Whether the user proved a second factor.
        mfa: bool,
    },
    /// An agent, by its certificate.
    Agent,
    /// The server itself: schedules, retention.
    Service,
    /// Nobody: the call was refused before it was known who it is.
    Unknown,
}

/// Who called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// What kind.
    pub kind: CallerKind,
    /// What identifies the caller for good, also when a name is given to another later.
    pub principal_id: String,
    /// The caller's ARN.
    pub arn: String,
    /// The caller's account.
    pub account: String,
    /// With which access key; also for a call that was refused, as it was presented.
    pub access_key_id: Option<String>,
    /// The user's name, or the agent's id.
    pub name: Option<String>,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exception's name.
    pub code: String,
    /// Its message.
    pub message: String,
}

/// One call, before it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Who called.
    pub caller: Caller,
    /// When.
    pub time: Timestamp,
    /// `inspector.amazonaws.com`, or `yagura` for what only Yagura has.
    pub event_source: String,
    /// The operation.
    pub event_name: String,
    /// The region that the request was for.
    pub region: String,
    /// The other end of the connection.
    pub source_address: String,
    /// As the client says.
    pub user_agent: String,
    /// The request's body, as it was sent.
    pub request_parameters: Option<Value>,
    /// The answer's body. Not recorded for `List*` and `Describe*`.
    pub response_elements: Option<Value>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// The id that the caller got in the answer.
    pub request_id: String,
    /// This record's own id.
    pub event_id: String,
    /// `v20160216`, where the operation is of the API.
    pub api_version: Option<String>,
    /// Whose things were to be touched.
    pub recipient_account: String,
}

impl Record {
    /// Builds the record: secrets taken out, and never more than [`RECORD_BYTES_MAX`] bytes.
    pub fn to_value(self) -> Value {
        let lists = ["List", "Describe"].iter().any(|verb| self.event_name.starts_with(verb));
        let request = self.request_parameters.map(redact);
        let response = self.response_elements.filter(|_| !lists).map(redact);
        let mut record = Map::new();
        let mut put = |name: &str, value: Value| {
            record.insert(name.to_owned(), value);
        };
        put("eventVersion", json!("1.03"));
        put("userIdentity", identity(&self.caller));
        put("eventTime", json!(seconds(self.time)));
        put("eventSource", json!(cut(&self.event_source)));
        put("eventName", json!(cut(&self.event_name)));
        put("awsRegion", json!(cut(&self.region)));
        put("sourceIPAddress", json!(cut(&self.source_address)));
        put("userAgent", json!(cut(&self.user_agent)));
        if let Some(Failure { code, message }) = &self.failure {
            put("errorCode", json!(cut(code)));
            put("errorMessage", json!(cut(message)));
        }
        put("requestParameters", Value::Null);
        put("responseElements", Value::Null);
        put("requestID", json!(cut(&self.request_id)));
        put("eventID", json!(cut(&self.event_id)));
        put("eventType", json!("AwsApiCall"));
        if let Some(version) = &self.api_version {
            put("apiVersion", json!(cut(version)));
        }
        put("recipientAccountId", json!(cut(&self.recipient_account)));
        // The other texts are cut, so that what is left is for these two; the request is worth more.
        let mut left = RECORD_BYTES_MAX.saturating_sub(size(&record));
        for (name, value) in [("requestParameters", request), ("responseElements", response)] {
            let value = value.unwrap_or(Value::Null);
            let value = fitting(value, left.saturating_sub(NOTE_BYTES_MAX));
            left = left.saturating_sub(value.to_string().len());
            record.insert(name.to_owned(), value);
        }
        Value::Object(record)
    }
}

/// Room for the note that stands in the place of what is too large.
const NOTE_BYTES_MAX: usize = 512;

/// The value, or a note with its hash and size.
fn fitting(value: Value, room: usize) -> Value {
    let text = value.to_string();
    if text.len() <= room {
        return value;
    }
    json!({
        "yaguraNote": "too large to be recorded",
        "bytes": text.len(),
        "sha256": hex(&sha256(text.as_bytes())),
    })
}

fn size(record: &Map<String, Value>) -> usize {
    serde_json::to_vec(record).map_or(RECORD_BYTES_MAX, |bytes| bytes.len())
}

fn identity(caller: &Caller) -> Value {
    let kind = match &caller.kind {
        CallerKind::User => "IAMUser",
        CallerKind::Session { .. } => "AssumedRole",
        CallerKind::Agent => "Agent",
        CallerKind::Service => "AWSService",
        CallerKind::Unknown => "Unknown",
    };
    let mut identity = Map::new();
    identity.insert("type".to_owned(), json!(kind));
    for (name, text) in [
        ("principalId", Some(&caller.principal_id)),
        ("arn", Some(&caller.arn)),
        ("accountId", Some(&caller.account)),
        ("accessKeyId", caller.access_key_id.as_ref()),
        ("userName", caller.name.as_ref()),
    ] {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            identity.insert(name.to_owned(), json!(cut(text)));
        }
    }
    if let CallerKind::Session { created_at, mfa } = &caller.kind {
        // CloudTrail writes this one as text.
        let attributes = json!({"mfaAuthenticated": mfa.to_string(), "creationDate": seconds(*created_at)});
        let issuer = json!({
            "type": "User", "principalId": cut(&caller.principal_id), "arn": cut(&caller.arn),
            "accountId": cut(&caller.account), "userName": cut(caller.name.as_deref().unwrap_or_default()),
        });
        identity.insert("sessionContext".to_owned(), json!({"attributes": attributes, "sessionIssuer": issuer}));
    }
    Value::Object(identity)
}

/// `2026-01-01T00:00:00Z`.
fn seconds(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// At most [`TEXT_BYTES_MAX`] bytes, whole characters.
fn cut(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    const MARK: &str = "…";
    let mut kept = String::with_capacity(TEXT_BYTES_MAX);
    for character in text.chars() {
        if kept.len() + character.len_utf8() + MARK.len() > TEXT_BYTES_MAX {
            break;
        }
        kept.push(character);
    }
    kept.push_str(MARK);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(event_name: &str) -> Record {
        Record {
            caller: Caller {
                kind: CallerKind::User,
                principal_id: "AIDAEXAMPLE".into(),
                arn: "arn:aws:iam::000000000001:user/sato".into(),
                account: "000000000001".into(),
                access_key_id: Some("AKIAEXAMPLE".into()),
                name: Some("sato".into()),
            },
            time: "2026-01-01T00:00:00.987Z".parse().unwrap(),
            event_source: "inspector.amazonaws.com".into(),
            event_name: event_name.into(),
            region: "us-west-2".into(),
            source_address: "192.0.2.1".into(),
            user_agent: "aws-cli/1.45".into(),
            request_parameters: Some(json!({"assessmentTemplateArn": "arn", "secret": "s"})),
            response_elements: Some(json!({"assessmentRunArn": "arn"})),
            failure: None,
            request_id: "r".into(),
            event_id: "e".into(),
            api_version: Some("v20160216".into()),
            recipient_account: "000000000001".into(),
        }
    }

    #[test]
    fn a_record_has_cloudtrails_form() {
        let expected = json!({
            "eventVersion": "1.03",
            "userIdentity": {
                "type": "IAMUser",
                "principalId": "AIDAEXAMPLE",
                "arn": "arn:aws:iam::000000000001:user/sato",
                "accountId": "000000000001",
                "accessKeyId": "AKIAEXAMPLE",
                "userName": "sato",
            },
            "eventTime": "2026-01-01T00:00:00Z",
            "eventSource": "inspector.amazonaws.com",
            "eventName": "StartAssessmentRun",
            "awsRegion": "us-west-2",
            "sourceIPAddress": "192.0.2.1",
            "userAgent": "aws-cli/1.45",
            "requestParameters": {"assessmentTemplateArn": "arn", "secret": "HIDDEN_DUE_TO_SECURITY_REASONS"},
            "responseElements": {"assessmentRunArn": "arn"},
            "requestID": "r",
            "eventID": "e",
            "eventType": "AwsApiCall",
            "apiVersion": "v20160216",
            "recipientAccountId": "000000000001",
        });
        assert_eq!(record("StartAssessmentRun").to_value(), expected);
    }

    #[test]
    fn lists_have_no_response_and_failures_have_a_reason() {
        for name in ["ListFindings", "DescribeFindings"] {
            assert_eq!(record(name).to_value()["responseElements"], Value::Null);
        }
        for name in ["GetAssessmentReport", "PreviewAgents", "AddAttributesToFindings"] {
            assert!(record(name).to_value()["responseElements"].is_object(), "{name}");
        }
        let mut failed = record("StartAssessmentRun");
        failed.failure = Some(Failure { code: "AccessDeniedException".into(), message: "no".into() });
        let value = failed.to_value();
        assert_eq!((&value["errorCode"], &value["errorMessage"]), (&json!("AccessDeniedException"), &json!("no")));
        assert!(record("StartAssessmentRun").to_value().get("errorCode").is_none());
    }

    #[test]
    fn sessions_say_since_when_and_agents_that_they_are_such() {
        let mut session = record("ListFindings");
        session.caller.kind = CallerKind::Session { created_at: "2026-01-01T00:00:00Z".parse().unwrap(), mfa: false };
        let value = session.to_value();
        assert_eq!(value["userIdentity"]["type"], "AssumedRole");
        assert_eq!(value["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"], "false");
        assert_eq!(value["userIdentity"]["sessionContext"]["attributes"]["creationDate"], "2026-01-01T00:00:00Z");
        let mut agent = record("Enroll");
        agent.caller.kind = CallerKind::Agent;
        agent.caller.access_key_id = None;
        agent.api_version = None;
        let value = agent.to_value();
        assert_eq!(value["userIdentity"]["type"], "Agent");
        assert!(value["userIdentity"].get("accessKeyId").is_none() && value.get("apiVersion").is_none());
    }

    #[test]
    fn whatever_is_sent_a_record_stays_within_its_bound() {
        let large = |bytes: usize| Some(json!({"text": "\u{1}".repeat(bytes / 6)}));
        for (request, response) in [
            (large(RECORD_BYTES_MAX), None),
            (None, large(RECORD_BYTES_MAX)),
            (large(RECORD_BYTES_MAX), large(RECORD_BYTES_MAX)),
            (large(RECORD_BYTES_MAX / 2), large(RECORD_BYTES_MAX / 2)),
            (large(RECORD_BYTES_MAX - 3000), large(20 * 1024 * 1024)),
        ] {
            let mut record = record("StartAssessmentRun");
            let size = request.as_ref().map(|request| request.to_string().len());
            (record.request_parameters, record.response_elements) = (request, response);
            // Every text as long and as costly to write as can be.
            let long = "\u{1}".repeat(5000);
            record.user_agent = long.clone();
            record.failure = Some(Failure { code: long.clone(), message: long.clone() });
            (record.caller.arn, record.caller.name) = (long.clone(), Some(long));
            let value = record.to_value();
            assert!(value.to_string().len() <= RECORD_BYTES_MAX, "{}", value.to_string().len());
            if let Some(size) = size.filter(|size| *size >= RECORD_BYTES_MAX - 10) {
                assert_eq!(value["requestParameters"]["bytes"], size);
                assert_eq!(value["requestParameters"]["sha256"].as_str().unwrap().len(), 64);
            }
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        for text in ["x".repeat(5000), "状".repeat(5000), format!("x{}", "状".repeat(5000))] {
            let kept = cut(&text);
            assert!(kept.len() <= TEXT_BYTES_MAX && kept.len() > TEXT_BYTES_MAX - 8 && kept.ends_with('…'));
        }
        assert_eq!(cut("short"), "short");
    }
}
