//! The audit record of a call, put behind the account's chain.

use jiff::Timestamp;
use serde_json::Value;
use yagura_identity::audit::{self, CallerKind, Failure, GENESIS, Head, Record};
use yagura_store::{StoredRecord, Tx};

use super::app::Call;
use super::{App, AppError, Caller, Via};

/// What CloudTrail calls the API.
const INSPECTOR: &str = "inspector.amazonaws.com";
/// The source of what only Yagura has: keys, tokens, agents, retention.
const OURS: &str = "yagura";

impl App {
    /// Adds the record of a call to the chain.
    pub(super) fn record(
        &self,
        tx: &mut Tx<'_>,
        call: &Call<'_>,
        now: Timestamp,
        outcome: Result<&Value, &AppError>,
    ) -> Result<(), AppError> {
        let caller = call.caller;
        let of_the_api = call.action.starts_with("inspector:");
        let record = Record {
            caller: identity(caller, now),
            time: now,
            event_source: if of_the_api { INSPECTOR } else { OURS }.to_owned(),
            event_name: call.operation.to_owned(),
            region: caller.scope.region.clone(),
            source_address: caller.source_ip.clone(),
            user_agent: caller.user_agent.clone(),
            request_parameters: Some(call.parameters.clone()),
            response_elements: outcome.ok().cloned(),
            failure: outcome.err().map(|error| Failure { code: error.name().to_owned(), message: error.to_string() }),
            request_id: caller.request_id.clone(),
            event_id: uuid::Uuid::new_v4().to_string(),
            api_version: of_the_api.then(|| "v20160216".to_owned()),
            recipient_account: caller.scope.account.clone(),
        };
        self.append(tx, &caller.scope.account, record, now)
    }

    /// Puts a record behind the end of an account's chain.
    pub(super) fn append(
        &self,
        tx: &mut Tx<'_>,
        account: &str,
        record: Record,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let text = record.to_value().to_string();
        let head = tx.take_audit_head(account)?;
        let next = read_head(head.number, &head.hash)?.next(text.as_bytes());
        let hash = write_hash(&next.hash);
        tx.append_audit(account, &StoredRecord { number: next.sequence, at: now, record: text, hash })?;
        Ok(())
    }
}

/// Reads the stored end of a chain.
pub(super) fn read_head(number: u64, hash: &str) -> Result<Head, AppError> {
    if number == 0 {
        return Ok(Head { sequence: 0, hash: GENESIS });
    }
    Ok(Head { sequence: number, hash: read_hash(hash)? })
}

/// Reads a stored hash: 64 hexadecimal digits.
pub(super) fn read_hash(text: &str) -> Result<[u8; 32], AppError> {
    let damaged = || AppError::internal(format!("`{text}` is no hash of the audit chain"));
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return Err(damaged());
    }
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).map_err(|_| damaged())?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| damaged())?;
    }
    Ok(hash)
}

/// Writes a hash as it is stored.
pub(super) fn write_hash(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn identity(caller: &Caller, now: Timestamp) -> audit::Caller {
    let temporary = caller.access_key_id.as_ref().is_some_and(|id| id.starts_with("ASIA"));
    let kind = match caller.via {
        Via::Service => CallerKind::Service,
        Via::Agent => CallerKind::Agent,
        Via::Unknown => CallerKind::Unknown,
        Via::Api if temporary => CallerKind::Session { created_at: now, mfa: false },
        Via::Api | Via::CommandLine => CallerKind::User,
    };
    audit::Caller {
        kind,
        principal_id: format!("{}:{}", caller.scope.account, caller.user),
        arn: caller.arn(),
        account: caller.scope.account.clone(),
        access_key_id: caller.access_key_id.clone(),
        name: Some(caller.user.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_read_back_and_damaged_ones_do_not() {
        let hash = [7; 32];
        assert_eq!(read_hash(&write_hash(&hash)).unwrap(), hash);
        for damaged in ["", "07", &"x".repeat(64), &"櫓".repeat(22)] {
            assert!(read_hash(damaged).is_err());
        }
        assert_eq!(read_head(0, "").unwrap(), Head::EMPTY);
    }
}
