//! Tokens and revocation, for people.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use yagura_identity::ca::ca_sha256;
use yagura_identity::secrets::{SecretText, random_bytes, secret_hash};
use yagura_model::service::Tag;
use yagura_store::StoredToken;
use yagura_wire::EnrolmentToken;
use yagura_wire::bounds::{TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_MAX};

use super::super::{Answer, AppError, Cx};

/// The shortest life of a token.
pub const TOKEN_TTL_MIN: SignedDuration = SignedDuration::from_mins(1);
/// The longest life of a token.
pub const TOKEN_TTL_MAX: SignedDuration = SignedDuration::from_hours(24 * 366);
/// Hosts that one token may let in.
pub const TOKEN_USES_MAX: u64 = 100_000;
/// Tokens that one list names.
const TOKENS_LISTED_MAX: usize = 1_000;

/// A token as it is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Tags that its agents get.
    pub tags: Vec<Tag>,
    /// How long it is valid.
    pub ttl: SignedDuration,
    /// How many hosts it lets in.
    pub uses: u64,
}

/// Makes an enrolment token (`yagura:ManageTokens`). Its text is shown once and not kept.
///
/// # Errors
/// When a value is out of bounds.
pub fn create_token(cx: &mut Cx<'_, '_>, wanted: &NewToken) -> Result<Answer<(StoredToken, SecretText)>, AppError> {
    check(wanted)?;
    let pin = ca_sha256(cx.app.authority.certificate_pem());
    let pin = pin.ok_or_else(|| AppError::internal("the authority has no certificate"))?;
    let secret = random_bytes().map_err(AppError::internal)?;
    let token = EnrolmentToken::new(&token_id()?, secret, &pin).map_err(AppError::internal)?;
    let text = SecretText::new(token.expose());
    let stored = StoredToken {
        scope: cx.scope().clone(),
        id: token.id().to_owned(),
        secret_hash: secret_hash(text.expose()),
        tags: wanted.tags.clone(),
        uses_left: wanted.uses,
        expires_at: cx.now.checked_add(wanted.ttl).unwrap_or(Timestamp::MAX),
        revoked: false,
        created_at: cx.now,
    };
    cx.tx.insert_token(&stored)?;
    let recorded = json!({"tokenId": stored.id, "uses": stored.uses_left, "expiresAt": stored.expires_at.to_string()});
    Ok(Answer { value: (stored, text), recorded })
}

/// Lists the tokens of the scope, newest first (`yagura:ManageTokens`).
///
/// # Errors
/// When the store cannot be read.
pub fn list_tokens(cx: &mut Cx<'_, '_>) -> Result<Vec<StoredToken>, AppError> {
    let scope = cx.scope().clone();
    Ok(cx.tx.tokens(&scope, TOKENS_LISTED_MAX)?)
}

/// Takes a token back (`yagura:ManageTokens`); `false` when there is none of that id. Agents that
/// it has let in stay.
///
/// # Errors
/// When the store refuses.
pub fn revoke_token(cx: &mut Cx<'_, '_>, id: &str) -> Result<bool, AppError> {
    let scope = cx.scope().clone();
    Ok(cx.tx.revoke_token(&scope, id)?)
}

/// Takes an agent's identity back (`yagura:ManageAgents`); `false` when there is no such agent in
/// the scope. Its certificates are refused from now on.
///
/// # Errors
/// When the store refuses.
pub fn revoke_agent(cx: &mut Cx<'_, '_>, id: &str) -> Result<bool, AppError> {
    let scope = cx.scope().clone();
    if !cx.tx.set_agent_revoked(&scope, id)? {
        return Ok(false);
    }
    cx.tx.revoke_certificates(id, &[], cx.now)?;
    Ok(true)
}

fn check(wanted: &NewToken) -> Result<(), AppError> {
    let NewToken { tags, ttl, uses } = wanted;
    if !(TOKEN_TTL_MIN..=TOKEN_TTL_MAX).contains(ttl) {
        return Err(AppError::Validation("a token is valid for one minute to 366 days".into()));
    }
    if !(1..=TOKEN_USES_MAX).contains(uses) {
        return Err(AppError::Validation(format!("a token lets in 1 to {TOKEN_USES_MAX} hosts")));
    }
    if tags.len() > TAGS_MAX {
        return Err(AppError::Validation(format!("a token gives at most {TAGS_MAX} tags")));
    }
    let mut keys: Vec<&str> = tags.iter().map(|tag| tag.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() != tags.len() {
        return Err(AppError::Validation("a token gives each key once".into()));
    }
    for Tag { key, value } in tags {
        let value = value.as_deref().unwrap_or_default();
        if key.is_empty() || key.chars().count() > TAG_KEY_CHARS_MAX || value.chars().count() > TAG_VALUE_CHARS_MAX {
            let message = format!(
                "the tag `{key}`: a key has 1 to {TAG_KEY_CHARS_MAX} characters, a value up to {TAG_VALUE_CHARS_MAX}"
            );
            return Err(AppError::Validation(message));
        }
        if key.chars().chain(value.chars()).any(char::is_control) {
            return Err(AppError::Validation("a tag has control characters".into()));
        }
    }
    Ok(())
}

/// Ten letters or digits: 51 random bits, by which a token is named and not guarded.
fn token_id() -> Result<String, AppError> {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bytes: [u8; 10] = random_bytes().map_err(AppError::internal)?;
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).map(|letter| char::from(*letter));
    Ok(bytes.iter().filter_map(letter).collect())
}
