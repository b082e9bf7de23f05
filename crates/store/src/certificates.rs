//! The certificates that agents were given, by serial number.

use jiff::Timestamp;

use crate::{Row, StoreError, Tx};

/// A certificate of an agent. The certificate itself is with the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCertificate {
    /// Whose.
    pub account: String,
    /// Serial number in hexadecimal digits.
    pub serial: String,
    /// The agent's id.
    pub agent: String,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

const COLUMNS: &str = "account, serial, agent, issued_ms, expires_ms, revoked_ms";

fn read(row: &mut Row) -> Result<StoredCertificate, StoreError> {
    Ok(StoredCertificate {
        account: row.text()?,
        serial: row.text()?,
        agent: row.text()?,
        issued_at: row.time()?,
        expires_at: row.time()?,
        revoked_at: row.opt_time()?,
    })
}

impl Tx<'_> {
    /// Remembers a certificate that was signed.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the serial number is taken.
    pub fn insert_certificate(&mut self, certificate: &StoredCertificate) -> Result<(), StoreError> {
        self.execute(
            &format!("INSERT INTO certificate ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
            &[
                (&certificate.account).into(),
                (&certificate.serial).into(),
                (&certificate.agent).into(),
                certificate.issued_at.into(),
                certificate.expires_at.into(),
                certificate.revoked_at.into(),
            ],
        )?;
        Ok(())
    }

    /// Finds a certificate by its serial number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn certificate(&mut self, serial: &str) -> Result<Option<StoredCertificate>, StoreError> {
        self.query_one(&format!("SELECT {COLUMNS} FROM certificate WHERE serial = ?1"), &[serial.into()], read)
    }

    /// Lists the certificates of an agent, newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn certificates_of(&mut self, agent: &str, limit: usize) -> Result<Vec<StoredCertificate>, StoreError> {
        self.query(
            &format!("SELECT {COLUMNS} FROM certificate WHERE agent = ?1 ORDER BY issued_ms DESC, serial LIMIT ?2"),
            &[agent.into(), limit.into()],
            read,
        )
    }

    /// Tells whether an agent has a certificate that is accepted now.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn has_certificate(&mut self, agent: &str, now: Timestamp) -> Result<bool, StoreError> {
        let found = self.query_one(
            "SELECT 1 FROM certificate WHERE agent = ?1 AND revoked_ms IS NULL AND expires_ms > ?2 LIMIT 1",
            &[agent.into(), now.into()],
            Row::int,
        )?;
        Ok(found.is_some())
    }

    /// Takes back the certificates of an agent but for those named, and returns how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn revoke_certificates(&mut self, agent: &str, but: &[&str], now: Timestamp) -> Result<u64, StoreError> {
        let mut values = vec![agent.into(), now.into()];
        let mut sql = "UPDATE certificate SET revoked_ms = ?2 WHERE agent = ?1 AND revoked_ms IS NULL".to_owned();
        if !but.is_empty() {
            values.extend(but.iter().map(|serial| (*serial).into()));
            sql.push_str(&format!(" AND serial NOT IN ({})", crate::tx::marks(3, but.len())));
        }
        self.execute(&sql, &values)
    }
}
