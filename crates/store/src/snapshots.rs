//! Snapshots by content, and the way from a package to the snapshots that have it.

use jiff::Timestamp;

use crate::{Row, StoreError, Tx};

/// A snapshot whose bytes are a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSnapshot {
    /// Whose.
    pub account: String,
    /// Names its content.
    pub digest: String,
    /// The release under which feeds speak of its packages: `debian:bookworm`.
    pub release: Option<String>,
    /// How many packages it has.
    pub packages: u64,
    /// Bytes of the blob.
    pub bytes: u64,
    /// When it came first.
    pub created_at: Timestamp,
}

/// Rows that one statement adds: three values each beside three common ones, and PostgreSQL and
/// SQLite take far more.
const ROWS_A_STATEMENT: usize = 500;
/// Bytes of a source package's name or version by which hosts are found; PostgreSQL's indexes take
/// no key of more than some 2,700 bytes.
const KEY_BYTES_MAX: usize = 512;

impl Tx<'_> {
    /// Adds a snapshot with its source packages (name and version, each pair once); `false` when
    /// it is known already.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_snapshot(
        &mut self,
        snapshot: &StoredSnapshot,
        sources: &[(String, String)],
    ) -> Result<bool, StoreError> {
        // One that is there must not go before who refers to it is seen.
        self.share(&crate::retention::snapshots_lock(&snapshot.account))?;
        let added = self.execute(
            "INSERT INTO snapshot (account, digest, release, packages, bytes, created_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (account, digest) DO NOTHING",
            &[
                (&snapshot.account).into(),
                (&snapshot.digest).into(),
                snapshot.release.clone().into(),
                snapshot.packages.into(),
                snapshot.bytes.into(),
                snapshot.created_at.into(),
            ],
        )?;
        if added == 0 {
            return Ok(false);
        }
        if let Some(release) = &snapshot.release {
            self.put_snapshot_packages(&snapshot.account, &snapshot.digest, release, sources)?;
        }
        Ok(true)
    }

    /// Keeps which packages of one release, or of one ecosystem, a snapshot has.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_snapshot_packages(
        &mut self,
        account: &str,
        digest: &str,
        release: &str,
        sources: &[(String, String)],
    ) -> Result<(), StoreError> {
        // A host may say anything. What is longer stays in the snapshot and is judged in every run;
        // no feed speaks of such a name, so nothing looks for it here.
        let sources: Vec<(String, String)> = sources
            .iter()
            .filter(|(source, version)| source.len() <= KEY_BYTES_MAX && version.len() <= KEY_BYTES_MAX)
            .cloned()
            .collect();
        let sources = sources.as_slice();
        for rows in sources.chunks(ROWS_A_STATEMENT) {
            let mut values = vec![account.into(), release.into(), digest.into()];
            let mut marks = Vec::with_capacity(rows.len());
            for (source, version) in rows {
                values.extend([source.into(), version.into()]);
                marks.push(format!("(?1, ?2, ?{}, ?{}, ?3)", values.len() - 1, values.len()));
            }
            self.execute(
                &format!(
                    "INSERT INTO snapshot_package (account, release, source, version, snapshot) VALUES {} \
                     ON CONFLICT (account, release, source, version, snapshot) DO NOTHING",
                    marks.join(", ")
                ),
                &values,
            )?;
        }
        self.know_packages(account, release, sources)
    }

    /// Remembers that some snapshot has these source packages, so that a changed feed asks for
    /// each of them once however many snapshots have it.
    fn know_packages(&mut self, account: &str, release: &str, sources: &[(String, String)]) -> Result<(), StoreError> {
        for rows in sources.chunks(ROWS_A_STATEMENT) {
            let mut values = vec![account.into(), release.into()];
            let mut marks = Vec::with_capacity(rows.len());
            for (source, _) in rows {
                values.push(source.into());
                marks.push(format!("(?1, ?2, ?{}, '')", values.len()));
            }
            self.execute(
                &format!(
                    "INSERT INTO package_statement (account, release, source, fingerprint) VALUES {} \
                     ON CONFLICT (account, release, source) DO NOTHING",
                    marks.join(", ")
                ),
                &values,
            )?;
        }
        Ok(())
    }

    /// Finds a snapshot by its digest.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn snapshot(&mut self, account: &str, digest: &str) -> Result<Option<StoredSnapshot>, StoreError> {
        self.query_one(
            "SELECT account, digest, release, packages, bytes, created_ms FROM snapshot \
             WHERE account = ?1 AND digest = ?2",
            &[account.into(), digest.into()],
            |row| {
                Ok(StoredSnapshot {
                    account: row.text()?,
                    digest: row.text()?,
                    release: row.opt_text()?,
                    packages: row.count()?,
                    bytes: row.count()?,
                    created_at: row.time()?,
                })
            },
        )
    }

    /// Counts the source packages of a snapshot that can be looked up.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_snapshot_packages(&mut self, account: &str, digest: &str) -> Result<u64, StoreError> {
        let count = self.query_one(
            "SELECT COUNT(*) FROM snapshot_package WHERE account = ?1 AND snapshot = ?2",
            &[account.into(), digest.into()],
            Row::count,
        )?;
        Ok(count.unwrap_or_default())
    }
}
