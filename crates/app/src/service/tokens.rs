//! Enrolment tokens: with one, a host becomes an agent.
//!
//! The text of a token carries the beginning of the CA's fingerprint, so that whoever carries it
//! to a host carries the trust in the server with it. The server keeps the hash of its secret.

use jiff::{SignedDuration, Timestamp};
use yagura_identity::ca::ca_sha256;
use yagura_identity::secrets::{random_bytes, secret_hash};
use yagura_model::service::Tag;
use yagura_store::StoredToken;
use yagura_wire::EnrolmentToken;
use yagura_wire::bounds::{TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_MAX};
use yagura_wire::token::ID_CHARS;

use super::{AppError, Cx};

/// How long a token lives where nobody says.
pub const TTL_DEFAULT: SignedDuration = SignedDuration::from_hours(1);
/// The shortest life of a token.
pub const TTL_MIN: SignedDuration = SignedDuration::from_mins(1);
/// The longest life of a token.
pub const TTL_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Hosts that one token may let in.
pub const USES_MAX: u64 = 100_000;
/// Tokens that a list shows, newest first.
pub const TOKENS_LISTED_MAX: usize = 1_000;
/// The code of a token that is not there.
pub const TOKEN_DOES_NOT_EXIST: &str = "TOKEN_DOES_NOT_EXIST";

/// A token that was just made. Its text is not shown again.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// The token itself; its text is a secret.
    pub token: EnrolmentToken,
    /// Until when.
    pub expires_at: Timestamp,
    /// How many hosts it lets in.
    pub uses: u64,
    /// The SHA-256 of the CA's certificate.
    pub ca_sha256: String,
}

/// Makes a token whose hosts get these tags.
///
/// # Errors
/// When tags, life or uses are out of their bounds.
pub fn create(cx: &mut Cx<'_, '_>, tags: &[Tag], ttl: SignedDuration, uses: u64) -> Result<NewToken, AppError> {
    check_tags(tags)?;
    if !(TTL_MIN..=TTL_MAX).contains(&ttl) {
        return Err(AppError::Validation("a token lives one minute to 30 days".to_owned()));
    }
    if !(1..=USES_MAX).contains(&uses) {
        return Err(AppError::Validation(format!("a token lets in 1 to {USES_MAX} hosts")));
    }
    let (scope, now) = (cx.scope().clone(), cx.now);
    let damaged = || AppError::internal("the certificate authority's certificate cannot be read");
    let ca_sha256 = ca_sha256(cx.app.authority.certificate_pem()).ok_or_else(damaged)?;
    let secret = random_bytes().map_err(AppError::internal)?;
    let token = EnrolmentToken::new(&random_id()?, secret, &ca_sha256).map_err(AppError::internal)?;
    let expires_at = now.checked_add(ttl).map_err(AppError::internal)?;
    cx.tx.account_since(&scope.account, now)?;
    cx.tx.insert_token(&StoredToken {
        scope,
        id: token.id().to_owned(),
        secret_hash: token_hash(&token),
        tags: tags.to_vec(),
        uses_left: uses,
        expires_at,
        revoked: false,
        created_at: now,
    })?;
    Ok(NewToken { token, expires_at, uses, ca_sha256 })
}

/// Returns what the server keeps of a token: the SHA-256 of its whole text.
pub fn token_hash(token: &EnrolmentToken) -> String {
    secret_hash(&token.expose())
}

/// Lists the newest tokens.
///
/// # Errors
/// When the store fails.
pub fn list(cx: &mut Cx<'_, '_>) -> Result<Vec<StoredToken>, AppError> {
    let scope = cx.scope().clone();
    Ok(cx.tx.tokens(&scope, TOKENS_LISTED_MAX)?)
}

/// Takes a token back. Hosts that came with it stay.
///
/// # Errors
/// When there is no such token.
pub fn revoke(cx: &mut Cx<'_, '_>, id: &str) -> Result<(), AppError> {
    let scope = cx.scope().clone();
    if cx.tx.revoke_token(&scope, id)? {
        return Ok(());
    }
    // Whoever pastes the whole token instead of its id must not find it in an error message.
    let shown = if id.len() <= ID_CHARS { id } else { "(not an id)" };
    Err(AppError::missing(TOKEN_DOES_NOT_EXIST, format!("there is no enrolment token `{shown}`")))
}

/// Tells whether a token can still be used at `now`, in one word.
pub fn state(token: &StoredToken, now: Timestamp) -> &'static str {
    if token.revoked {
        "revoked"
    } else if token.expires_at <= now {
        "expired"
    } else if token.uses_left == 0 {
        "used up"
    } else {
        "valid"
    }
}

/// Refuses tags that a host cannot have.
pub(super) fn check_tags(tags: &[Tag]) -> Result<(), AppError> {
    let refuse = |why: String| Err(AppError::invalid(super::codes::INVALID_TAG, why));
    if tags.len() > TAGS_MAX {
        return refuse(format!("a host has {TAGS_MAX} tags at most"));
    }
    for (at, Tag { key, value }) in tags.iter().enumerate() {
        let value = value.as_deref().unwrap_or_default();
        if !(1..=TAG_KEY_CHARS_MAX).contains(&key.chars().count()) || value.chars().count() > TAG_VALUE_CHARS_MAX {
            return refuse(format!(
                "the tag `{key}` is none: a key has 1 to {TAG_KEY_CHARS_MAX} characters, a value \
                 {TAG_VALUE_CHARS_MAX} at most"
            ));
        }
        if key.chars().chain(value.chars()).any(char::is_control) {
            return refuse("a tag has control characters".to_owned());
        }
        if key.starts_with("aws:") {
            return refuse(format!("the tag `{key}` is reserved: keys do not begin with `aws:`"));
        }
        if tags.iter().take(at).any(|other| other.key == *key) {
            return refuse(format!("the tag `{key}` is given twice"));
        }
    }
    Ok(())
}

/// Ten letters or digits, of which 36^10 are enough: an id is no secret.
fn random_id() -> Result<String, AppError> {
    const CHARACTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut id = String::with_capacity(ID_CHARS);
    while id.len() < ID_CHARS {
        let [byte] = random_bytes().map_err(AppError::internal)?;
        // Above 251 the remainder would favour the first letters.
        if byte < 252 {
            id.extend(CHARACTERS.get(usize::from(byte % 36)).map(|character| char::from(*character)));
        }
    }
    Ok(id)
}
