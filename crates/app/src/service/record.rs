//! The audit record of a call, put behind the account's chain.

use jiff::Timestamp;
use serde_json::{Value, json};
use yagura_store::{StoredRecord, Tx};

use super::app::Call;
use super::{App, AppError};

impl App {
    /// Adds the record of a call to the chain.
    pub(super) fn record(
        &self,
        tx: &mut Tx<'_>,
        call: &Call<'_>,
        now: Timestamp,
        outcome: Result<&Value, &AppError>,
    ) -> Result<(), AppError> {
        let account = &call.caller.scope.account;
        let record = form(call, now, outcome).to_string();
        let head = tx.take_audit_head(account)?;
        let number = head.number + 1;
        let digest = aws_lc_rs::digest::digest(
            &aws_lc_rs::digest::SHA256,
            format!("{}\n{number}\n{record}", head.hash).as_bytes(),
        );
        let hash = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        tx.append_audit(account, &StoredRecord { number, at: now, record, hash })?;
        Ok(())
    }
}

fn form(call: &Call<'_>, now: Timestamp, outcome: Result<&Value, &AppError>) -> Value {
    let caller = call.caller;
    json!({
        "eventVersion": "1.03",
        "userIdentity": {"type": "IAMUser", "userName": caller.user, "arn": caller.arn(),
            "accountId": caller.scope.account, "accessKeyId": caller.access_key_id},
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": "inspector.amazonaws.com",
        "eventName": call.operation,
        "awsRegion": caller.scope.region,
        "sourceIPAddress": caller.source_ip,
        "userAgent": caller.user_agent,
        "errorMessage": outcome.err().map(ToString::to_string),
        "requestParameters": call.parameters,
        "responseElements": outcome.unwrap_or(&Value::Null),
        "requestID": caller.request_id,
        "eventType": "AwsApiCall",
        "apiVersion": "v20160216",
        "recipientAccountId": caller.scope.account,
    })
}
