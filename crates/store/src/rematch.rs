//! From package to version to hosts, and what a changed feed changed.

use jiff::Timestamp;
use yagura_model::service::Scope;

use crate::posture::PostureEntry;
use crate::shapes::read_scope;
use crate::{Row, StoreError, Tx};

/// A source package of a release that some stored snapshot has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownPackage {
    /// `debian:bookworm`.
    pub release: String,
    /// The source package.
    pub source: String,
    /// What the index said of it when it was last asked, as a fingerprint; empty for never.
    pub fingerprint: String,
}

/// One re-matching after the index changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rematch {
    /// Its number.
    pub seq: i64,
    /// The index before, by fingerprint; empty for none.
    pub index_before: String,
    /// The index after.
    pub index_after: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` for one that was cut off.
    pub ended_at: Option<Timestamp>,
    /// Source packages whose statements changed.
    pub packages: u64,
    /// Hosts that were judged again.
    pub hosts: u64,
    /// Faults that appeared, over all hosts.
    pub appeared: u64,
    /// Faults that are gone.
    pub resolved: u64,
    /// Faults with another severity.
    pub regraded: u64,
}

/// One change on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RematchChange {
    /// Whose.
    pub agent: String,
    /// `appeared`, `resolved`, `regraded`.
    pub change: String,
    /// The API's `id`: the CVE.
    pub rule: String,
    /// The source package.
    pub subject: String,
    /// How urgent.
    pub severity: String,
}

const COLUMNS: &str =
    "seq, index_before, index_after, started_ms, ended_ms, packages, hosts, appeared, resolved, changed";

fn read(row: &mut Row) -> Result<Rematch, StoreError> {
    Ok(Rematch {
        seq: row.int()?,
        index_before: row.text()?,
        index_after: row.text()?,
        started_at: row.time()?,
        ended_at: row.opt_time()?,
        packages: row.count()?,
        hosts: row.count()?,
        appeared: row.count()?,
        resolved: row.count()?,
        regraded: row.count()?,
    })
}

impl Tx<'_> {
    /// Lists accounts that have stored snapshots.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn accounts_with_snapshots(&mut self) -> Result<Vec<String>, StoreError> {
        self.query("SELECT DISTINCT account FROM snapshot ORDER BY account", &[], Row::text)
    }

    /// Lists source packages that stored snapshots have, in order, after the given one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn known_packages(
        &mut self,
        account: &str,
        after: (&str, &str),
        limit: usize,
    ) -> Result<Vec<KnownPackage>, StoreError> {
        self.query(
            "SELECT release, source, fingerprint FROM package_statement \
             WHERE account = ?1 AND (release > ?2 OR (release = ?2 AND source > ?3)) ORDER BY release, source LIMIT ?4",
            &[account.into(), after.0.into(), after.1.into(), limit.into()],
            |row| Ok(KnownPackage { release: row.text()?, source: row.text()?, fingerprint: row.text()? }),
        )
    }

    /// Lists source packages of which nobody has asked the index yet.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn new_packages(&mut self, account: &str, limit: usize) -> Result<Vec<KnownPackage>, StoreError> {
        self.query(
            "SELECT release, source, fingerprint FROM package_statement WHERE account = ?1 AND fingerprint = '' LIMIT ?2",
            &[account.into(), limit.into()],
            |row| Ok(KnownPackage { release: row.text()?, source: row.text()?, fingerprint: row.text()? }),
        )
    }

    /// Remembers what the index says of a source package.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_package_fingerprint(&mut self, account: &str, package: &KnownPackage) -> Result<(), StoreError> {
        self.execute(
            "UPDATE package_statement SET fingerprint = ?4 WHERE account = ?1 AND release = ?2 AND source = ?3",
            &[account.into(), (&package.release).into(), (&package.source).into(), (&package.fingerprint).into()],
        )?;
        Ok(())
    }

    /// Lists the digests of snapshots that have a source package.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn snapshots_with(&mut self, account: &str, release: &str, source: &str) -> Result<Vec<String>, StoreError> {
        self.query(
            "SELECT DISTINCT snapshot FROM snapshot_package WHERE account = ?1 AND release = ?2 AND source = ?3",
            &[account.into(), release.into(), source.into()],
            Row::text,
        )
    }

    /// Lists the agents whose last snapshot has this content.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn agents_with_snapshot(&mut self, account: &str, digest: &str) -> Result<Vec<(Scope, String)>, StoreError> {
        self.query(
            "SELECT account, region, id FROM agent WHERE account = ?1 AND snapshot = ?2 AND revoked = 0 ORDER BY seq",
            &[account.into(), digest.into()],
            |row| Ok((read_scope(row)?, row.text()?)),
        )
    }

    /// Begins a re-matching and returns its number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn begin_rematch(&mut self, account: &str, rematch: &Rematch) -> Result<i64, StoreError> {
        let seq = self.query_one(
            "INSERT INTO rematch (account, index_before, index_after, started_ms, packages, hosts, appeared, resolved, \
             changed) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0) RETURNING seq",
            &[
                account.into(),
                (&rematch.index_before).into(),
                (&rematch.index_after).into(),
                rematch.started_at.into(),
                rematch.packages.into(),
            ],
            Row::int,
        )?;
        seq.ok_or_else(|| StoreError::Form("a new re-matching has no number".into()))
    }

    /// Writes the sums of a re-matching.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn end_rematch(&mut self, rematch: &Rematch) -> Result<(), StoreError> {
        self.execute(
            "UPDATE rematch SET ended_ms = ?2, hosts = ?3, appeared = ?4, resolved = ?5, changed = ?6 WHERE seq = ?1",
            &[
                rematch.seq.into(),
                rematch.ended_at.into(),
                rematch.hosts.into(),
                rematch.appeared.into(),
                rematch.resolved.into(),
                rematch.regraded.into(),
            ],
        )?;
        Ok(())
    }

    /// Records changes of one kind on one host.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_rematch_changes(
        &mut self,
        account: &str,
        rematch: i64,
        agent: &str,
        change: &str,
        entries: &[PostureEntry],
    ) -> Result<(), StoreError> {
        for entry in entries {
            self.execute(
                "INSERT INTO rematch_change (account, rematch, agent, stable_key, change, rule, subject, severity) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (rematch, agent, stable_key) DO NOTHING",
                &[
                    account.into(),
                    rematch.into(),
                    agent.into(),
                    (&entry.key.0).into(),
                    change.into(),
                    (&entry.rule).into(),
                    (&entry.subject).into(),
                    entry.severity.word().into(),
                ],
            )?;
        }
        Ok(())
    }

    /// Lists re-matchings of an account, newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn rematches(&mut self, account: &str, limit: usize) -> Result<Vec<Rematch>, StoreError> {
        self.query(
            &format!("SELECT {COLUMNS} FROM rematch WHERE account = ?1 ORDER BY seq DESC LIMIT ?2"),
            &[account.into(), limit.into()],
            read,
        )
    }

    /// Finds a re-matching of an account by its number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn rematch_by_number(&mut self, account: &str, seq: i64) -> Result<Option<Rematch>, StoreError> {
        self.query_one(
            &format!("SELECT {COLUMNS} FROM rematch WHERE account = ?1 AND seq = ?2"),
            &[account.into(), seq.into()],
            read,
        )
    }

    /// Lists the changes of a re-matching.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn rematch_changes(&mut self, rematch: i64, limit: usize) -> Result<Vec<RematchChange>, StoreError> {
        self.query(
            "SELECT agent, change, rule, subject, severity FROM rematch_change WHERE rematch = ?1 \
             ORDER BY rule, subject, agent LIMIT ?2",
            &[rematch.into(), limit.into()],
            |row| {
                Ok(RematchChange {
                    agent: row.text()?,
                    change: row.text()?,
                    rule: row.text()?,
                    subject: row.text()?,
                    severity: row.text()?,
                })
            },
        )
    }
}
