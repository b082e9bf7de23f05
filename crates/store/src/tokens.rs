//! Enrolment tokens: with one, a host becomes an agent.

use jiff::Timestamp;
use yagura_model::service::{Scope, Tag};

use crate::shapes::{read_scope, read_tags, tags};
use crate::{Row, StoreError, Tx};

/// An enrolment token as it is kept: its secret only as a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// Account and region whose agents it makes.
    pub scope: Scope,
    /// Names it.
    pub id: String,
    /// SHA-256 of its secret.
    pub secret_hash: String,
    /// Tags that its agents get.
    pub tags: Vec<Tag>,
    /// How many more hosts it lets in.
    pub uses_left: u64,
    /// Until when.
    pub expires_at: Timestamp,
    /// Somebody took it back.
    pub revoked: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

const COLUMNS: &str = "account, region, id, secret_hash, tags, uses_left, expires_ms, revoked, created_ms";

fn read(row: &mut Row) -> Result<StoredToken, StoreError> {
    Ok(StoredToken {
        scope: read_scope(row)?,
        id: row.text()?,
        secret_hash: row.text()?,
        tags: read_tags(row)?,
        uses_left: row.count()?,
        expires_at: row.time()?,
        revoked: row.truth()?,
        created_at: row.time()?,
    })
}

impl Tx<'_> {
    /// Adds a token.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id is taken.
    pub fn insert_token(&mut self, token: &StoredToken) -> Result<(), StoreError> {
        self.execute(
            &format!("INSERT INTO enrolment_token ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"),
            &[
                (&token.scope.account).into(),
                (&token.scope.region).into(),
                (&token.id).into(),
                (&token.secret_hash).into(),
                tags(&token.tags)?,
                token.uses_left.into(),
                token.expires_at.into(),
                token.revoked.into(),
                token.created_at.into(),
            ],
        )?;
        Ok(())
    }

    /// Finds a token by its id, which is unique on a server.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn token(&mut self, id: &str) -> Result<Option<StoredToken>, StoreError> {
        self.query_one(&format!("SELECT {COLUMNS} FROM enrolment_token WHERE id = ?1"), &[id.into()], read)
    }

    /// Lists the tokens of a scope, newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn tokens(&mut self, scope: &Scope, limit: usize) -> Result<Vec<StoredToken>, StoreError> {
        self.query(
            &format!(
                "SELECT {COLUMNS} FROM enrolment_token WHERE account = ?1 AND region = ?2 \
                 ORDER BY created_ms DESC, id LIMIT ?3"
            ),
            &[(&scope.account).into(), (&scope.region).into(), limit.into()],
            read,
        )
    }

    /// Takes one use of a token that can still be used; `false` when there is none. Of two hosts
    /// that come for the last one, one gets it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn use_token(&mut self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE enrolment_token SET uses_left = uses_left - 1 \
             WHERE id = ?1 AND uses_left > 0 AND revoked = 0 AND expires_ms > ?2",
            &[id.into(), now.into()],
        )?;
        Ok(changed == 1)
    }

    /// Takes a token back; `false` when there is no such token in the scope.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn revoke_token(&mut self, scope: &Scope, id: &str) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE enrolment_token SET revoked = 1 WHERE account = ?1 AND region = ?2 AND id = ?3",
            &[(&scope.account).into(), (&scope.region).into(), id.into()],
        )?;
        Ok(changed == 1)
    }
}
