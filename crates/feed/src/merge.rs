//! Joins what several feeds say into one opinion.
//!
//! # Statements
//!
//! - A feed of authority `Whole` decides alone for every release that it speaks of: Debian's tracker, Ubuntu's. What
//!   the advisory lists or the OSV export say of such a release is no statement; it only adds the ids of
//!   advisories to the tracker's.
//! - Of other releases (those that the tracker no longer looks after, or all of them while the
//!   tracker's export is missing) one statement is kept for each flaw in each package, channel and module, under the
//!   feed that it came from: the one of higher authority, of Debian's lists and OSV export the export's records of
//!   flaws before its records of advisories, a newer advisory's before an older one's.
//! - Advisories that fix many flaws are flaws of their own here; what they cover is joined when a host is judged.
//!
//! # Facts
//!
//! - The description is that of the best feed that has one: OSV, then the tracker, then KEV;
//!   within a feed the longest.
//! - CVSS vectors, references and other ids are united; the earliest publication and the latest
//!   change count.
//!
//! The result is the same in whatever order the feeds came.

mod facts;
mod interner;
mod statements;
mod text;

use std::collections::{BTreeSet, HashMap, HashSet};

use yagura_model::{Epss, ReleaseKey, Statement, Vulnerability};

pub(crate) use facts::Facts;
pub(crate) use interner::{Interner, Sym};
use statements::{Annotation, Row};

use crate::catalogue::{self, Authority};
use crate::{cisa_kev, debian_osv, debian_tracker};

/// Whose description counts, best first.
const DESCRIBERS: &[&str] = &[debian_osv::ID, debian_tracker::ID, cisa_kev::ID];

/// The most distinct strings of all feeds together; real feeds have 600,000.
pub(crate) const STRINGS_MAX: usize = 16_000_000;
/// The most statements of one feed; the OSV export has 170,000.
pub(crate) const STATEMENTS_MAX: usize = 8_000_000;
/// The most descriptions of flaws in one feed; the tracker has 50,000.
pub(crate) const FLAWS_MAX: usize = 2_000_000;
/// The most releases that one feed may speak of; Debian has had 20 so far.
pub(crate) const RELEASES_MAX: usize = 128;

/// Returns the place of `feed` in a list of preference; a feed that is not listed comes last.
fn rank(preference: &[&str], feed: &str) -> u8 {
    let place = preference.iter().position(|listed| *listed == feed);
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
}

/// Tells how much a feed's word counts. A feed that is not in the catalogue counts least.
fn authority(feed: &str) -> Authority {
    let known = catalogue::FEEDS.iter().find(|spec| spec.id == feed);
    known.map_or(Authority::Facts, |spec| spec.authority)
}

/// How much one feed may say.
#[derive(Debug, Clone, Copy)]
struct Limits {
    statements: usize,
    flaws: usize,
    releases: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { statements: STATEMENTS_MAX, flaws: FLAWS_MAX, releases: RELEASES_MAX }
    }
}

/// What one feed has said so far. It joins the rest when the feed is whole.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    limits: Limits,
    rows: Vec<Row>,
    annotations: Vec<Annotation>,
    flaws: Vec<(Sym, Vulnerability)>,
    scores: Vec<(Sym, Epss)>,
    releases: BTreeSet<Sym>,
    statements: u64,
}

/// How far a stage had got, to return to when an entry turns out to be broken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    rows: usize,
    annotations: usize,
    flaws: usize,
    scores: usize,
    statements: u64,
}

/// Why something could not be taken; names what there is too much of, and the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) what: &'static str,
    pub(crate) limit: usize,
}

impl Stage {
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            rows: self.rows.len(),
            annotations: self.annotations.len(),
            flaws: self.flaws.len(),
            scores: self.scores.len(),
            statements: self.statements,
        }
    }

    pub(crate) fn return_to(&mut self, mark: Mark) {
        self.rows.truncate(mark.rows);
        self.annotations.truncate(mark.annotations);
        self.flaws.truncate(mark.flaws);
        self.scores.truncate(mark.scores);
        self.statements = mark.statements;
    }

    /// Counts the statements that the feed brought, whether or not they will count.
    pub(crate) const fn statements(&self) -> u64 {
        self.statements
    }

    pub(crate) fn statement(&mut self, statement: &Statement, strings: &mut Interner) -> Result<(), Full> {
        let limit = self.limits.statements;
        if self.rows.len() >= limit {
            return Err(Full { what: "statements", limit });
        }
        let row = Row::new(statement, strings)?;
        self.speaks_of(row.release)?;
        for advisory in &statement.advisories {
            self.annotations.push(Annotation { about: row.about(), advisory: strings.intern(advisory)? });
        }
        self.rows.push(row);
        self.statements += 1;
        Ok(())
    }

    pub(crate) fn vulnerability(&mut self, flaw: Vulnerability, strings: &mut Interner) -> Result<(), Full> {
        let id = strings.intern(&flaw.id)?;
        if let Some(epss) = flaw.epss {
            self.scores.push((id, epss));
        }
        // A score alone is 12 bytes, a description of nothing 200; there are 300,000 scores.
        let bare = Vulnerability { id: flaw.id, epss: flaw.epss, ..Vulnerability::default() };
        let flaw = Vulnerability { id: bare.id.clone(), ..flaw };
        if flaw == bare {
            return Ok(());
        }
        let limit = self.limits.flaws;
        if self.flaws.len() >= limit {
            return Err(Full { what: "descriptions of flaws", limit });
        }
        self.flaws.push((id, flaw));
        Ok(())
    }

    pub(crate) fn release(&mut self, release: &ReleaseKey, strings: &mut Interner) -> Result<(), Full> {
        let release = strings.intern(release.as_str())?;
        self.speaks_of(release)
    }

    fn speaks_of(&mut self, release: Sym) -> Result<(), Full> {
        let limit = self.limits.releases;
        if self.releases.len() >= limit && !self.releases.contains(&release) {
            return Err(Full { what: "releases", limit });
        }
        self.releases.insert(release);
        Ok(())
    }

    /// Lists the releases that the feed speaks of, in alphabetical order.
    pub(crate) fn releases(&self, strings: &Interner) -> Vec<ReleaseKey> {
        let mut releases: Vec<ReleaseKey> =
            self.releases.iter().filter_map(|release| statements::release_key(strings.text(*release))).collect();
        releases.sort();
        releases
    }
}

/// Everything that whole feeds have said.
#[derive(Debug, Default)]
pub(crate) struct Merge {
    rows: Vec<Row>,
    annotations: Vec<Annotation>,
    facts: HashMap<Sym, Facts>,
    scores: Vec<(Sym, Epss)>,
    /// Releases of which a sole authority speaks.
    spoken_for: HashSet<Sym>,
}

impl Merge {
    /// Takes in a whole feed.
    pub(crate) fn join(&mut self, feed: &str, stage: Stage) {
        if authority(feed) == Authority::Whole {
            self.spoken_for.extend(&stage.releases);
        }
        self.rows.extend(stage.rows);
        self.annotations.extend(stage.annotations);
        self.scores.extend(stage.scores);
        let rank = rank(DESCRIBERS, feed);
        for (id, flaw) in stage.flaws {
            match self.facts.entry(id) {
                std::collections::hash_map::Entry::Occupied(mut known) => known.get_mut().join(rank, flaw),
                std::collections::hash_map::Entry::Vacant(new) => {
                    new.insert(Facts::new(rank, flaw));
                }
            }
        }
    }

    /// Decides which statements count, and gives them sorted by release, package and flaw.
    pub(crate) fn statements<'m>(&'m mut self, strings: &'m Interner) -> impl Iterator<Item = Statement> + 'm {
        statements::decide(&mut self.rows, &mut self.annotations, &self.spoken_for, strings);
        statements::render(&self.rows, &self.annotations, strings)
    }

    /// Gives every flaw that is described or scored, sorted by id.
    pub(crate) fn vulnerabilities(self, strings: &Interner) -> impl Iterator<Item = Vulnerability> {
        let Self { mut facts, scores, .. } = self;
        let scores: HashMap<Sym, Epss> = scores.into_iter().collect();
        let mut ids: Vec<Sym> = facts.keys().chain(scores.keys()).copied().collect();
        ids.sort_unstable_by_key(|id| strings.text(*id));
        ids.dedup();
        ids.into_iter().map(move |id| {
            let known = facts.remove(&id).map(Facts::finish);
            let mut flaw =
                known.unwrap_or_else(|| Vulnerability { id: strings.text(id).to_owned(), ..Vulnerability::default() });
            flaw.epss = scores.get(&id).copied();
            flaw
        })
    }
}

#[cfg(test)]
mod tests {
    use yagura_model::{FeedId, StatementState, Urgency};

    use super::*;

    fn statement(release: &str) -> Statement {
        Statement {
            feed: FeedId::new(debian_tracker::ID),
            release: ReleaseKey::new("debian", release),
            package: "demo".into(),
            vulnerability: "CVE-2099-0001".into(),
            state: StatementState::Open,
            urgency: Urgency::Low,
            advisories: vec!["DSA-1-1".into()],
            ..Statement::default()
        }
    }

    fn described(id: &str) -> Vulnerability {
        Vulnerability { id: id.into(), description: "a flaw".into(), ..Vulnerability::default() }
    }

    #[test]
    fn each_bound_of_a_stage_is_reached() {
        let mut strings = Interner::default();
        let mut stage = Stage { limits: Limits { statements: 2, flaws: 1, releases: 1 }, ..Stage::default() };
        stage.statement(&statement("bookworm"), &mut strings).unwrap();
        let full = |outcome: Result<(), Full>| outcome.unwrap_err().what;
        assert_eq!(full(stage.statement(&statement("trixie"), &mut strings)), "releases");
        assert_eq!(full(stage.release(&ReleaseKey::new("debian", "sid"), &mut strings)), "releases");
        stage.statement(&statement("bookworm"), &mut strings).unwrap();
        assert_eq!(full(stage.statement(&statement("bookworm"), &mut strings)), "statements");
        stage.vulnerability(described("CVE-2099-0001"), &mut strings).unwrap();
        assert_eq!(full(stage.vulnerability(described("CVE-2099-0002"), &mut strings)), "descriptions of flaws");
        // A bare score is no description.
        let epss = Some(Epss { probability: 0.5, percentile: 0.5 });
        let scored = Vulnerability { id: "CVE-2099-0003".into(), epss, ..Vulnerability::default() };
        stage.vulnerability(scored, &mut strings).unwrap();
    }

    #[test]
    fn a_stage_returns_to_its_mark() {
        let mut strings = Interner::default();
        let mut stage = Stage::default();
        stage.statement(&statement("bookworm"), &mut strings).unwrap();
        let mark = stage.mark();
        stage.statement(&statement("trixie"), &mut strings).unwrap();
        stage.vulnerability(described("CVE-2099-0001"), &mut strings).unwrap();
        stage.return_to(mark);
        assert_eq!(stage.statements(), 1);
        let mut merge = Merge::default();
        merge.join(debian_tracker::ID, stage);
        assert_eq!(merge.statements(&strings).collect::<Vec<_>>(), [statement("bookworm")]);
        assert_eq!(merge.vulnerabilities(&strings).count(), 0);
    }
}
