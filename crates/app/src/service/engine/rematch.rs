//! Continuous mode: when the feed index changes, stored snapshots are judged again, and what
//! changed on which host is recorded. No agent is asked.
//!
//! The way is package → version → hosts: only source packages whose statements changed are
//! followed, only snapshots that have one of them are judged, each content once however many
//! hosts share it. What was done is done again after a kill without doubling anything, because
//! the index is marked as seen at the end.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::Xxh3;
use yagura_index::Index;
use yagura_model::RulesPackage;
use yagura_model::service::Scope;
use yagura_store::{KnownPackage, PostureEntry, Rematch};

use super::super::{App, AppError};
use super::judge::posture;

/// The setting under which the last index that was followed stands.
const SEEN: &str = "continuous.index";
/// Packages asked of the store at once.
const PAGE: usize = 5_000;
/// Hosts written in one transaction.
const HOSTS_AT_ONCE_MAX: usize = 200;

impl App {
    /// Follows a changed index, once for each account. Does nothing when the index is the one that
    /// was followed last, or when continuous mode is off.
    ///
    /// # Errors
    /// When the store or a stored snapshot cannot be read.
    pub fn follow_index(&self) -> Result<Vec<Rematch>, AppError> {
        if !self.settings.continuous {
            return Ok(Vec::new());
        }
        // Without an index there is nothing to follow; runs say so in their exclusions.
        let Ok(current) = self.index.current() else { return Ok(Vec::new()) };
        let index = current.index().map_err(AppError::internal)?;
        let fingerprint = index.fingerprint();
        let mut done = Vec::new();
        let with_snapshots: BTreeSet<String> =
            self.store.read(|tx| Ok::<_, AppError>(tx.accounts_with_snapshots()?.into_iter().collect()))?;
        let mut accounts = with_snapshots.clone();
        accounts.insert(self.settings.home.account.clone());
        for account in accounts {
            let seen = self.store.read(|tx| Ok::<_, AppError>(tx.setting(&account, SEEN)?))?;
            if seen.as_deref() == Some(fingerprint.as_str()) {
                self.know_new_packages(&account, &index)?;
            } else if with_snapshots.contains(&account) {
                done.push(self.rematch(&account, seen.unwrap_or_default(), &fingerprint, &index)?);
            } else {
                // The runs that bring the first snapshots judge them with this index: no host is judged twice.
                self.store.write(|tx| Ok::<_, AppError>(tx.put_setting(&account, SEEN, &fingerprint)?))?;
            }
        }
        Ok(done)
    }

    /// Remembers what the index says of packages that came since it was followed. Their hosts are judged by the runs
    /// that brought them; a run that still used the index before is caught up by its own change, for which a package
    /// without a fingerprint has changed.
    fn know_new_packages(&self, account: &str, index: &Index<'_>) -> Result<(), AppError> {
        loop {
            let mut new = self.store.read(|tx| Ok::<_, AppError>(tx.new_packages(account, PAGE)?))?;
            if new.is_empty() {
                return Ok(());
            }
            for package in &mut new {
                package.fingerprint = fingerprint(index, &package.release, &package.source);
            }
            self.store.write(|tx| {
                new.iter().try_for_each(|package| tx.put_package_fingerprint(account, package))?;
                Ok::<_, AppError>(())
            })?;
        }
    }

    fn rematch(&self, account: &str, before: String, after: &str, index: &Index<'_>) -> Result<Rematch, AppError> {
        let changed = self.changed_packages(account, index)?;
        let mut rematch = Rematch {
            index_before: before,
            index_after: after.to_owned(),
            started_at: self.now(),
            packages: u64::try_from(changed.len()).unwrap_or(u64::MAX),
            ..Rematch::default()
        };
        rematch.seq = self.store.write(|tx| Ok::<_, AppError>(tx.begin_rematch(account, &rematch)?))?;
        let subjects: BTreeSet<&str> = changed.iter().map(|package| package.source.as_str()).collect();
        for digest in self.concerned_snapshots(account, &changed)? {
            self.judge_again(account, &digest, &subjects, &mut rematch)?;
        }
        rematch.ended_at = Some(self.now());
        let seen = rematch.clone();
        self.store.write(|tx| {
            for package in &changed {
                tx.put_package_fingerprint(account, package)?;
            }
            tx.end_rematch(&seen)?;
            tx.put_setting(account, SEEN, after)?;
            let body = serde_json::json!({
                "event": "FEED_UPDATED", "packages": seen.packages, "hosts": seen.hosts,
                "appeared": seen.appeared, "resolved": seen.resolved, "regraded": seen.regraded,
            });
            tx.put_event(&self.home_of(account), "FEED_UPDATED", account, &body.to_string(), self.now())?;
            Ok::<_, AppError>(())
        })?;
        tracing::info!(
            account,
            packages = rematch.packages,
            hosts = rematch.hosts,
            "the feed index changed: {} findings appeared, {} are gone",
            rematch.appeared,
            rematch.resolved
        );
        Ok(rematch)
    }

    fn home_of(&self, account: &str) -> Scope {
        Scope { account: account.to_owned(), region: self.settings.home.region.clone() }
    }

    /// The source packages of which the index says something else than when it was last asked.
    fn changed_packages(&self, account: &str, index: &Index<'_>) -> Result<Vec<KnownPackage>, AppError> {
        let mut changed = Vec::new();
        let (mut release, mut source) = (String::new(), String::new());
        loop {
            let page =
                self.store.read(|tx| Ok::<_, AppError>(tx.known_packages(account, (&release, &source), PAGE)?))?;
            let Some(last) = page.last() else { return Ok(changed) };
            (release, source) = (last.release.clone(), last.source.clone());
            for package in page {
                let now = fingerprint(index, &package.release, &package.source);
                if now != package.fingerprint {
                    changed.push(KnownPackage { fingerprint: now, ..package });
                }
            }
        }
    }

    fn concerned_snapshots(&self, account: &str, changed: &[KnownPackage]) -> Result<BTreeSet<String>, AppError> {
        self.store.read(|tx| {
            let mut digests = BTreeSet::new();
            for package in changed {
                digests.extend(tx.snapshots_with(account, &package.release, &package.source)?);
            }
            Ok(digests)
        })
    }

    /// Judges one content and writes what that means for each host that has it, as far as the changed packages go:
    /// of the others the index says what it said before.
    fn judge_again(
        &self,
        account: &str,
        digest: &str,
        subjects: &BTreeSet<&str>,
        rematch: &mut Rematch,
    ) -> Result<(), AppError> {
        let hosts = self.store.read(|tx| Ok::<_, AppError>(tx.agents_with_snapshot(account, digest)?))?;
        if hosts.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let snapshot = self.stored_snapshot(account, digest)?;
        let own: Vec<String> = yagura_matcher::subjects_of(&snapshot, subjects).into_iter().collect();
        let assessment = self.assess_stored(snapshot, &[RulesPackage::Cve], now)?;
        let mut open: Vec<PostureEntry> = assessment.findings.iter().map(posture).collect();
        open.retain(|entry| own.contains(&entry.subject));
        for some in hosts.chunks(HOSTS_AT_ONCE_MAX) {
            let sums = self.store.write(|tx| {
                let mut sums = BTreeMap::new();
                for (scope, agent) in some {
                    // A host that no run has judged yet has no state that could change.
                    let change = tx.set_posture_of(scope, agent, RulesPackage::Cve.word(), &own, &open, now)?;
                    let parts = [
                        ("appeared", &change.appeared),
                        ("resolved", &change.resolved),
                        ("regraded", &change.regraded),
                    ];
                    for (word, entries) in parts {
                        tx.add_rematch_changes(account, rematch.seq, agent, word, entries)?;
                        *sums.entry(word).or_insert(0) += u64::try_from(entries.len()).unwrap_or(u64::MAX);
                    }
                }
                Ok::<BTreeMap<&str, u64>, AppError>(sums)
            })?;
            let sum = |word: &str| sums.get(word).copied().unwrap_or_default();
            rematch.hosts += u64::try_from(some.len()).unwrap_or(u64::MAX);
            rematch.appeared += sum("appeared");
            rematch.resolved += sum("resolved");
            rematch.regraded += sum("regraded");
        }
        Ok(())
    }

    /// Lists what the last changes of the feeds changed on hosts, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn rematches(&self, account: &str, limit: usize) -> Result<Vec<Rematch>, AppError> {
        self.store.read(|tx| Ok(tx.rematches(account, limit)?))
    }
}

/// What the index says of a source package, as a fingerprint: each statement, and of each flaw
/// what decides its severity. Exploit predictions change every day and decide nothing.
fn fingerprint(index: &Index<'_>, release: &str, source: &str) -> String {
    let mut hash = Xxh3::new();
    for statement in index.statements(release, source) {
        hash.update(format!("{:?}", statement.to_owned()).as_bytes());
        let facts = index.vulnerability(statement.vulnerability());
        let covered = facts.into_iter().flat_map(|facts| facts.covered()).filter_map(|(_, facts)| facts);
        if let Some(facts) = facts {
            facts.covers().chain(facts.aliases()).for_each(|id| hash.update(id.as_bytes()));
        }
        for vulnerability in facts.into_iter().chain(covered) {
            let vectors: Vec<_> = vulnerability.cvss().map(yagura_index::CvssRef::to_owned).collect();
            hash.update(format!("{vectors:?} {}", vulnerability.is_known_exploited()).as_bytes());
        }
    }
    format!("{:016x}", hash.digest())
}
