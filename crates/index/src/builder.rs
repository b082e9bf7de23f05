//! Compiles statements, vulnerabilities and feed records into the bytes of an index file.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};
use yagura_model::{AffectedRange, FeedRecord, Names, RangeEnd, Ssvc, Statement, StatementState, Vulnerability};
use zerocopy::IntoBytes;
use zerocopy::little_endian::{F32, U32};

use crate::interner::Interner;
use crate::layout::{self, Moment, NONE, state};
use crate::packed::{self, Packed, Pool};
use crate::table;

/// Collects facts in any order; [`IndexBuilder::build`] gives the same bytes for the same facts.
#[derive(Debug, Default)]
pub struct IndexBuilder {
    statements: Vec<Packed>,
    pool: Pool,
    /// Why a statement could not be taken.
    full: Option<BuildError>,
    vulnerabilities: BTreeMap<String, Vulnerability>,
    feeds: BTreeMap<String, FeedRecord>,
}

/// Why facts could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// More than the format's 32-bit offsets can reach.
    #[error("the feeds hold more {what} than an index file can")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
    },
    /// Keys made so that their hashes are alike; no honest feed has them.
    #[error("too many {what} of the feeds have the same hash")]
    Collisions {
        /// The keys.
        what: &'static str,
    },
}

impl IndexBuilder {
    /// Begins an empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what a vendor says. Of two statements of one feed about one vulnerability in one
    /// package of one channel and module of one release, the one that claims more exposure is kept.
    #[expect(clippy::needless_pass_by_value, reason = "a statement is given away: what the index holds is packed")]
    pub fn statement(&mut self, statement: Statement) {
        match self.pool.pack(&statement) {
            Ok(packed) => self.statements.push(packed),
            Err(error) => self.full = Some(error),
        }
    }

    /// Adds facts about a flaw; a later call with the same id replaces the earlier one.
    pub fn vulnerability(&mut self, vulnerability: Vulnerability) {
        self.vulnerabilities.insert(vulnerability.id.clone(), vulnerability);
    }

    /// Adds what is known of a feed; a later call with the same id replaces the earlier one.
    pub fn feed(&mut self, record: FeedRecord) {
        self.feeds.insert(record.id.0.clone(), record);
    }

    /// Writes the file.
    ///
    /// # Errors
    /// See [`BuildError`]; real feeds are far from every bound.
    pub fn build(self, built_at: Timestamp) -> Result<Vec<u8>, BuildError> {
        let Self { mut statements, pool, full, vulnerabilities, feeds } = self;
        if let Some(error) = full {
            return Err(error);
        }
        pool.sort(&mut statements);

        let mut interner = Interner::default();
        let ids = ids(&statements, &pool, &vulnerabilities);
        let feeds = feeds.values().map(|feed| feed_record(feed, &mut interner)).collect::<Result<Vec<_>, _>>()?;
        let packages = packages(&statements, &pool, &ids, &mut interner)?;
        let flaws = flaws(&ids, &packages.statements, &vulnerabilities, &mut interner)?;
        let (strings, words) = interner.finish();

        let bodies: [Vec<u8>; layout::SECTIONS] = [
            feeds.as_bytes().to_vec(),
            packages.statements.as_bytes().to_vec(),
            packages.groups.as_bytes().to_vec(),
            bytes_of(&packages.slots),
            flaws.names.as_bytes().to_vec(),
            bytes_of(&flaws.slots),
            flaws.details.as_bytes().to_vec(),
            bytes_of(&flaws.about),
            bytes_of(&words),
            strings,
        ];
        Ok(assemble(&bodies, built_at))
    }
}

/// Joins the sections behind a header that knows where they lie.
fn assemble(bodies: &[Vec<u8>; layout::SECTIONS], built_at: Timestamp) -> Vec<u8> {
    let header_bytes = size_of::<layout::Header>();
    let mut file = vec![0; header_bytes];
    let sections = bodies.each_ref().map(|body| {
        let section = layout::Section { offset: wide(file.len()).into(), bytes: wide(body.len()).into() };
        file.extend_from_slice(body);
        section
    });
    let body_hash = xxh3_128(file.get(header_bytes..).unwrap_or_default()).to_be_bytes();
    let mut header = layout::Header {
        preamble: layout::Preamble { magic: layout::MAGIC, format: layout::FORMAT_VERSION.into() },
        file_bytes: wide(file.len()).into(),
        built_at: Moment::new(built_at),
        body_hash,
        sections,
        header_hash: 0.into(),
    };
    header.header_hash = header_hash(&header).into();
    if let Some(head) = file.get_mut(..header_bytes) {
        head.copy_from_slice(header.as_bytes());
    }
    file
}

/// Hashes a header's bytes up to the hash itself.
pub(crate) fn header_hash(header: &layout::Header) -> u64 {
    let bytes = header.as_bytes();
    xxh3_64(bytes.get(..bytes.len() - size_of::<u64>()).unwrap_or_default())
}

/// Lists every id that is described or mentioned, with its place in the list: first as the
/// statements mention them, package by package, so that what a host looks up lies together; then
/// the others, sorted.
fn ids<'b>(
    statements: &[Packed],
    pool: &'b Pool,
    vulnerabilities: &'b BTreeMap<String, Vulnerability>,
) -> (Vec<&'b str>, HashMap<&'b str, usize>) {
    let mut ids = Vec::with_capacity(vulnerabilities.len());
    let mut places = HashMap::with_capacity(vulnerabilities.len());
    let mut mention = |id: &'b str| {
        let mut is_new = false;
        places.entry(id).or_insert_with(|| {
            ids.push(id);
            is_new = true;
            ids.len() - 1
        });
        is_new
    };
    for statement in statements {
        // What an advisory covers is looked up right after the advisory.
        let id = pool.vulnerability(statement);
        if mention(id) {
            let covers = vulnerabilities.get(id).map(|advisory| advisory.covers.as_slice());
            for id in covers.unwrap_or_default() {
                mention(id);
            }
        }
    }
    for (id, vulnerability) in vulnerabilities {
        mention(id);
        for covered in &vulnerability.covers {
            mention(covered);
        }
    }
    (ids, places)
}

fn feed_record(feed: &FeedRecord, interner: &mut Interner) -> Result<layout::Feed, BuildError> {
    Ok(layout::Feed {
        id: interner.string(feed.id.as_str())?.into(),
        fingerprint: interner.string(&feed.fingerprint)?.into(),
        releases: interner.strings(feed.releases.iter().map(|release| release.as_str()))?.into(),
        fresh_days: feed.fresh_days.into(),
        records: feed.records.into(),
        statements: feed.statements.into(),
        rejected: feed.rejected.into(),
        data_date: Moment::new(feed.data_date),
        fetched_at: Moment::new(feed.fetched_at),
    })
}

struct Packages {
    statements: Vec<layout::Statement>,
    groups: Vec<layout::Group>,
    slots: Vec<u32>,
}

/// Lays out the statements, which are sorted, and the table that leads to each package's run.
fn packages(
    statements: &[Packed],
    pool: &Pool,
    (_, places): &(Vec<&str>, HashMap<&str, usize>),
    interner: &mut Interner,
) -> Result<Packages, BuildError> {
    let mut records = Vec::with_capacity(statements.len());
    let mut groups = Vec::new();
    let mut hashes = Vec::new();
    for run in statements.chunk_by(packed::same_package) {
        let Some(one) = run.first() else { continue };
        let (release, package) = (pool.release(one), pool.package(one));
        let hash = table::group_hash(release, package);
        let group = narrow(groups.len(), "packages")?;
        hashes.push(hash);
        groups.push(layout::Group {
            tag: table::tag(hash).into(),
            release: interner.string(release)?.into(),
            package: interner.string(package)?.into(),
            first: narrow(records.len(), "statements")?.into(),
            count: narrow(run.len(), "statements")?.into(),
        });
        for statement in run {
            let place = places.get(pool.vulnerability(statement)).copied().unwrap_or_default();
            records.push(statement_record(statement, pool, group, narrow(place, "vulnerabilities")?, interner)?);
        }
    }
    // Most packages of a host are in no feed: twice the room makes their look-ups end sooner.
    let slots = table::lay_out(&hashes, 4).ok_or(BuildError::Collisions { what: "packages" })?;
    Ok(Packages { statements: records, groups, slots })
}

fn statement_record(
    statement: &Packed,
    pool: &Pool,
    group: u32,
    vulnerability: u32,
    interner: &mut Interner,
) -> Result<layout::Statement, BuildError> {
    let (state, fixed) = match pool.state(statement) {
        StatementState::NotAffected => (state::NOT_AFFECTED, NONE),
        StatementState::Fixed(version) => (state::FIXED, interner.string(version)?),
        StatementState::Affected(ranges) => (state::AFFECTED, range_list(ranges, interner)?),
        StatementState::Open => (state::OPEN, NONE),
        StatementState::WillNotFix => (state::WILL_NOT_FIX, NONE),
        StatementState::Postponed => (state::POSTPONED, NONE),
        StatementState::EndOfLife => (state::END_OF_LIFE, NONE),
        StatementState::UnderInvestigation => (state::UNDER_INVESTIGATION, NONE),
    };
    Ok(layout::Statement {
        group: group.into(),
        vulnerability: vulnerability.into(),
        feed: interner.string(pool.feed(statement))?.into(),
        fixed: fixed.into(),
        scope: scope(pool.channel(statement), pool.module(statement), interner)?.into(),
        note: interner.optional(pool.note(statement))?.into(),
        advisories: interner.strings(pool.advisories(statement))?.into(),
        state,
        urgency: layout::urgency_code(statement.urgency),
        names: u8::from(statement.names == Names::Binary),
        unused: 0,
    })
}

fn scope(channel: Option<&str>, module: Option<&str>, interner: &mut Interner) -> Result<u32, BuildError> {
    if channel.is_none() && module.is_none() {
        return Ok(NONE);
    }
    let item = [interner.optional(channel)?, interner.optional(module)?];
    interner.list(&[item])
}

fn range_list(ranges: &[AffectedRange], interner: &mut Interner) -> Result<u32, BuildError> {
    let mut items = Vec::with_capacity(ranges.len());
    for range in ranges {
        let (kind, end) = match &range.end {
            RangeEnd::Fixed(version) => (layout::end::FIXED, interner.string(version)?),
            RangeEnd::LastAffected(version) => (layout::end::LAST_AFFECTED, interner.string(version)?),
            RangeEnd::Open => (layout::end::OPEN, NONE),
        };
        items.push([interner.optional(range.introduced.as_deref())?, kind, end]);
    }
    interner.list(&items)
}

struct Flaws {
    names: Vec<layout::Name>,
    slots: Vec<u32>,
    details: Vec<layout::Detail>,
    about: Vec<u32>,
}

/// Lays out the vulnerabilities and, for each, which statements are about it.
fn flaws(
    (ids, places): &(Vec<&str>, HashMap<&str, usize>),
    statements: &[layout::Statement],
    vulnerabilities: &BTreeMap<String, Vulnerability>,
    interner: &mut Interner,
) -> Result<Flaws, BuildError> {
    let mut about: Vec<(u32, u32)> = Vec::with_capacity(statements.len());
    for (index, statement) in statements.iter().enumerate() {
        about.push((statement.vulnerability.get(), narrow(index, "statements")?));
    }
    about.sort_unstable();
    let covering = covered_by(ids, places, vulnerabilities)?;
    let mut covering = covering.as_slice();

    let mut names = Vec::with_capacity(ids.len());
    let mut details: Vec<layout::Detail> = Vec::new();
    let mut rest = about.as_slice();
    for (place, &id) in ids.iter().enumerate() {
        let place = narrow(place, "vulnerabilities")?;
        let first = narrow(about.len() - rest.len(), "statements")?;
        let (mine, others) = rest.split_at(rest.partition_point(|&(vulnerability, _)| vulnerability == place));
        rest = others;
        let vulnerability = vulnerabilities.get(id);
        let epss = vulnerability.and_then(|v| v.epss).filter(|epss| !epss.probability.is_nan());
        let covered_by = take_run(&mut covering, place);
        let bare = mine.is_empty() && covered_by.is_empty();
        let detail = if bare && vulnerability.is_none_or(has_epss_only) {
            NONE
        } else {
            let mut detail = detail(vulnerability, interner)?;
            detail.covers = interner.list(&covers(vulnerability, places)?)?.into();
            detail.covered_by = interner.list(&covered_by)?.into();
            detail.about_first = first.into();
            detail.about_count = narrow(mine.len(), "statements")?.into();
            details.push(detail);
            narrow(details.len() - 1, "vulnerabilities")?
        };
        names.push(layout::Name {
            id: interner.string(id)?.into(),
            detail: detail.into(),
            epss_probability: F32::new(epss.map_or(f32::NAN, |epss| epss.probability)),
            epss_percentile: F32::new(epss.map_or(f32::NAN, |epss| epss.percentile)),
        });
    }
    let hashes: Vec<u64> = ids.iter().map(|id| table::name_hash(id)).collect();
    // Nearly every id that is looked up is there, so the table may be fuller.
    let slots = table::lay_out(&hashes, 3).ok_or(BuildError::Collisions { what: "vulnerabilities" })?;
    Ok(Flaws { names, slots, details, about: about.into_iter().map(|(_, statement)| statement).collect() })
}

/// Returns the places of what an advisory covers, in upstream's order.
fn covers(vulnerability: Option<&Vulnerability>, places: &HashMap<&str, usize>) -> Result<Vec<[u32; 1]>, BuildError> {
    let ids = vulnerability.map(|advisory| advisory.covers.as_slice()).unwrap_or_default();
    let place = |id: &String| places.get(id.as_str()).copied().unwrap_or_default();
    ids.iter().map(|id| Ok([narrow(place(id), "vulnerabilities")?])).collect()
}

/// Returns sorted pairs of what is covered and the advisory that covers it, by their places.
fn covered_by(
    ids: &[&str],
    places: &HashMap<&str, usize>,
    vulnerabilities: &BTreeMap<String, Vulnerability>,
) -> Result<Vec<(u32, u32)>, BuildError> {
    let mut pairs = Vec::new();
    for (place, id) in ids.iter().enumerate() {
        let place = narrow(place, "vulnerabilities")?;
        pairs.extend(covers(vulnerabilities.get(*id), places)?.into_iter().map(|[covered]| (covered, place)));
    }
    pairs.sort_unstable();
    pairs.dedup();
    Ok(pairs)
}

/// Takes the pairs that begin with `place` from the front of sorted pairs.
fn take_run(rest: &mut &[(u32, u32)], place: u32) -> Vec<[u32; 1]> {
    let (mine, others) = rest.split_at(rest.partition_point(|&(from, _)| from <= place));
    *rest = others;
    mine.iter().map(|&(_, to)| [to]).collect()
}

/// Tells whether the record says nothing but the EPSS estimate, as most of EPSS's 300,000 do.
fn has_epss_only(vulnerability: &Vulnerability) -> bool {
    let Vulnerability {
        id: _,
        aliases,
        covers,
        description,
        cvss,
        references,
        cwes,
        ssvc,
        kev,
        epss,
        published,
        modified,
    } = vulnerability;
    epss.is_some_and(|epss| !epss.probability.is_nan())
        && aliases.is_empty()
        && covers.is_empty()
        && cwes.is_empty()
        && ssvc.is_none()
        && description.is_empty()
        && cvss.is_empty()
        && references.is_empty()
        && kev.is_none()
        && published.is_none()
        && modified.is_none()
}

fn detail(vulnerability: Option<&Vulnerability>, interner: &mut Interner) -> Result<layout::Detail, BuildError> {
    let mut detail = layout::Detail {
        flags: 0.into(),
        description: NONE.into(),
        aliases: NONE.into(),
        covers: NONE.into(),
        covered_by: NONE.into(),
        cwes: NONE.into(),
        ssvc: NONE.into(),
        cvss: NONE.into(),
        references: NONE.into(),
        kev: NONE.into(),
        published: Moment::default(),
        modified: Moment::default(),
        about_first: 0.into(),
        about_count: 0.into(),
    };
    let Some(vulnerability) = vulnerability else { return Ok(detail) };
    let mut flags = layout::HAS_RECORD;
    if let Some(published) = vulnerability.published {
        flags |= layout::HAS_PUBLISHED;
        detail.published = Moment::new(published);
    }
    if let Some(modified) = vulnerability.modified {
        flags |= layout::HAS_MODIFIED;
        detail.modified = Moment::new(modified);
    }
    detail.flags = flags.into();
    detail.description = interner.string(&vulnerability.description)?.into();
    detail.aliases = interner.strings(vulnerability.aliases.iter().map(String::as_str))?.into();
    detail.cwes = interner.strings(vulnerability.cwes.iter().map(String::as_str))?.into();
    if let Some(Ssvc { exploitation, automatable, technical_impact }) = &vulnerability.ssvc {
        let words = [exploitation, automatable, technical_impact];
        let [exploitation, automatable, technical_impact] = words.map(|word| interner.string(word));
        detail.ssvc = interner.list(&[[exploitation?, automatable?, technical_impact?]])?.into();
    }
    let mut cvss = Vec::with_capacity(vulnerability.cvss.len());
    for vector in &vulnerability.cvss {
        let version = layout::cvss_version_code(vector.version);
        cvss.push([version, interner.string(&vector.vector)?, interner.string(vector.source.as_str())?]);
    }
    detail.cvss = interner.list(&cvss)?.into();
    let mut references = Vec::with_capacity(vulnerability.references.len());
    for reference in &vulnerability.references {
        references.push([layout::reference_kind_code(reference.kind), interner.string(&reference.url)?]);
    }
    detail.references = interner.list(&references)?.into();
    if let Some(kev) = &vulnerability.kev {
        let due = kev.due.map_or(NONE, layout::date_word);
        let action = interner.string(&kev.action)?;
        detail.kev = interner.list(&[[layout::date_word(kev.added), due, u32::from(kev.ransomware), action]])?.into();
    }
    Ok(detail)
}

fn bytes_of(words: &[u32]) -> Vec<u8> {
    let words: Vec<U32> = words.iter().copied().map(U32::new).collect();
    words.as_bytes().to_vec()
}

fn narrow(count: usize, what: &'static str) -> Result<u32, BuildError> {
    match u32::try_from(count) {
        Ok(count) if count < NONE => Ok(count),
        _ => Err(BuildError::TooMany { what }),
    }
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
