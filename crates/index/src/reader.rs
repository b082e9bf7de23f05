//! Opens an index file where it lies and answers from it.

use jiff::Timestamp;
use xxhash_rust::xxh3::xxh3_128;
use yagura_model::{FeedId, FeedRecord, ReleaseKey};
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, KnownLayout};

use crate::builder::header_hash;
use crate::layout::{self, FORMAT_VERSION, Header, MAGIC, Preamble, Section, position};
use crate::statement::{StatementRef, Statements};
use crate::table;
use crate::vulnerability::VulnerabilityRef;

/// Why bytes are no index that this program can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// They do not begin as an index file does.
    #[error("not an index file; run `yagura feed sync` to make one")]
    NotAnIndex,
    /// Another version of the program wrote them.
    #[error(
        "the index was made by another version of yagura (its format is {found}, this one reads {FORMAT_VERSION}); \
         run `yagura feed sync`"
    )]
    OtherFormat {
        /// The format version of the file.
        found: u32,
    },
    /// The file is shorter or longer than it was when written.
    #[error("the index file has {found} bytes instead of {expected}; run `yagura feed sync`")]
    WrongLength {
        /// What its header says.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// Bytes have changed since it was written.
    #[error("the index file is damaged in its {part}; run `yagura feed sync`")]
    Damaged {
        /// Where: `header`, `body`, `section table`.
        part: &'static str,
    },
}

/// Numbers of the sections that references look into.
const GROUPS: usize = 2;
const NAMES: usize = 4;
const DETAILS: usize = 6;
const WORDS: usize = 8;
const STRINGS: usize = 9;

/// How much an index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Statements of vendors.
    pub statements: usize,
    /// Vulnerability ids, whether described, mentioned or only scored by EPSS.
    pub vulnerabilities: usize,
    /// Packages with at least one statement, counted once for each release.
    pub packages: usize,
}

/// The file that a reference into an index leads into. References are kept small, because a host
/// can have thousands of matches; a section is found again when a text is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Tables<'a> {
    /// An opened file: its header was checked.
    bytes: &'a [u8],
}

impl<'a> Tables<'a> {
    pub(crate) fn groups(&self) -> &'a [layout::Group] {
        self.records(GROUPS)
    }

    pub(crate) fn names(&self) -> &'a [layout::Name] {
        self.records(NAMES)
    }

    pub(crate) fn detail(&self, name: &layout::Name) -> Option<&'a layout::Detail> {
        self.records(DETAILS).get(position(name.detail.get()))
    }

    /// Returns the names of a list of their places.
    pub(crate) fn names_of(&self, list: U32) -> impl Iterator<Item = &'a layout::Name> + use<'a> {
        let names = self.names();
        self.items::<1>(list).filter_map(move |[place]| names.get(position(place.get())))
    }

    fn words(&self) -> &'a [U32] {
        self.records(WORDS)
    }

    fn records<T: FromBytes + Immutable + KnownLayout>(&self, number: usize) -> &'a [T] {
        self.section(number).and_then(|section| records(self.bytes, section).ok()).unwrap_or_default()
    }

    fn section(&self, number: usize) -> Option<Section> {
        let (header, _) = Header::ref_from_prefix(self.bytes).ok()?;
        header.sections.get(number).copied()
    }

    /// Returns a string of the pool; `None` where it is damaged or there is none.
    pub(crate) fn text(&self, offset: U32) -> Option<&'a str> {
        layout::string(section(self.bytes, self.section(STRINGS)?).ok()?, offset.get())
    }

    /// Returns a string of the pool; empty where it is damaged or there is none.
    pub(crate) fn string(&self, offset: U32) -> &'a str {
        self.text(offset).unwrap_or_default()
    }

    /// Returns the strings of a list.
    pub(crate) fn strings(&self, offset: U32) -> impl Iterator<Item = &'a str> + use<'a> {
        let tables = *self;
        layout::list(self.words(), offset.get(), 1).iter().map(move |&text| tables.string(text))
    }

    /// Returns the items of a list of `N` words each.
    pub(crate) fn items<const N: usize>(&self, offset: U32) -> impl Iterator<Item = [U32; N]> + use<'a, N> {
        layout::list(self.words(), offset.get(), N).as_chunks::<N>().0.iter().copied()
    }
}

/// An index, read where its bytes lie. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Index<'a> {
    header: &'a Header,
    body: &'a [u8],
    feeds: &'a [layout::Feed],
    statements: &'a [layout::Statement],
    groups: &'a [layout::Group],
    group_slots: &'a [U32],
    names: &'a [layout::Name],
    name_slots: &'a [U32],
    details: &'a [layout::Detail],
    about: &'a [U32],
    tables: Tables<'a>,
}

impl std::fmt::Debug for Index<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("built_at", &self.built_at()).field("counts", &self.counts()).finish()
    }
}

impl<'a> Index<'a> {
    /// Reads the header and finds the sections, in constant time.
    ///
    /// # Errors
    /// See [`OpenError`]. Damage behind the header is not looked for; [`Index::verify`] does.
    pub fn open(bytes: &'a [u8]) -> Result<Self, OpenError> {
        let (preamble, _) = Preamble::ref_from_prefix(bytes).map_err(|_| OpenError::NotAnIndex)?;
        if preamble.magic != MAGIC {
            return Err(OpenError::NotAnIndex);
        }
        if preamble.format.get() != FORMAT_VERSION {
            return Err(OpenError::OtherFormat { found: preamble.format.get() });
        }
        let damaged_header = OpenError::Damaged { part: "header" };
        let (header, body) = Header::ref_from_prefix(bytes).map_err(|_| damaged_header.clone())?;
        if header_hash(header) != header.header_hash.get() {
            return Err(damaged_header);
        }
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if header.file_bytes.get() != found {
            return Err(OpenError::WrongLength { expected: header.file_bytes.get(), found });
        }
        let [feeds, statements, groups, group_slots, names, name_slots, details, about, words, strings] =
            header.sections;
        records::<U32>(bytes, words)?;
        section(bytes, strings)?;
        Ok(Self {
            header,
            body,
            feeds: records(bytes, feeds)?,
            statements: records(bytes, statements)?,
            group_slots: records(bytes, group_slots)?,
            name_slots: records(bytes, name_slots)?,
            details: records(bytes, details)?,
            about: records(bytes, about)?,
            groups: records(bytes, groups)?,
            names: records(bytes, names)?,
            tables: Tables { bytes },
        })
    }

    /// Reads the whole file and tells whether every byte is as it was written.
    ///
    /// # Errors
    /// [`OpenError::Damaged`].
    pub fn verify(&self) -> Result<(), OpenError> {
        if xxh3_128(self.body).to_be_bytes() == self.header.body_hash {
            Ok(())
        } else {
            Err(OpenError::Damaged { part: "body" })
        }
    }

    /// Returns when the index was compiled.
    pub fn built_at(&self) -> Timestamp {
        self.header.built_at.get().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Returns the hash of the contents: 32 hexadecimal digits, alike for alike facts.
    pub fn fingerprint(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.header.body_hash))
    }

    /// Returns what is known of each feed, by id.
    pub fn feeds(&self) -> Vec<FeedRecord> {
        self.feeds.iter().map(|feed| self.feed_record(feed)).collect()
    }

    fn feed_record(&self, feed: &layout::Feed) -> FeedRecord {
        FeedRecord {
            id: FeedId::new(self.tables.string(feed.id)),
            data_date: feed.data_date.get().unwrap_or(Timestamp::UNIX_EPOCH),
            fetched_at: feed.fetched_at.get().unwrap_or(Timestamp::UNIX_EPOCH),
            records: feed.records.get(),
            statements: feed.statements.get(),
            rejected: feed.rejected.get(),
            releases: self.tables.strings(feed.releases).map(release_key).collect(),
            fingerprint: self.tables.string(feed.fingerprint).to_owned(),
            fresh_days: feed.fresh_days.get(),
        }
    }

    /// Tells whether any feed speaks of a release: `debian:bookworm`.
    pub fn speaks_of(&self, release: &str) -> bool {
        self.feeds.iter().any(|feed| self.tables.strings(feed.releases).any(|known| known == release))
    }

    /// Returns what is said of one package of one release, by vulnerability id, then feed.
    pub fn statements(&self, release: &str, package: &str) -> Statements<'a> {
        let hash = table::group_hash(release, package);
        let tag = table::tag(hash);
        let run = table::find(self.group_slots, hash, |index| {
            let group = self.groups.get(position(index))?;
            let is_it = group.tag.get() == tag
                && self.tables.string(group.package) == package
                && self.tables.string(group.release) == release;
            is_it.then(|| run(self.statements, group.first, group.count))
        });
        Statements::new(self.tables, run.unwrap_or_default())
    }

    /// Returns what is said of one vulnerability, by release, package and feed.
    pub fn statements_about(&self, vulnerability: &str) -> impl Iterator<Item = StatementRef<'a>> + use<'a> {
        let (statements, tables) = (self.statements, self.tables);
        let detail = self.name(vulnerability).and_then(|name| self.detail(name));
        let about = detail.map(|detail| run(self.about, detail.about_first, detail.about_count)).unwrap_or_default();
        about
            .iter()
            .filter_map(move |index| statements.get(position(index.get())))
            .map(move |record| StatementRef::new(tables, record))
    }

    /// Returns the ids of the advisories that cover a vulnerability.
    pub fn advisories_covering(&self, vulnerability: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let tables = self.tables;
        let detail = self.name(vulnerability).and_then(|name| self.detail(name)).map(|detail| detail.covered_by);
        detail.into_iter().flat_map(move |list| tables.names_of(list)).map(move |name| tables.string(name.id))
    }

    /// Returns every id that is described or mentioned, in the order of the file, with its facts.
    pub fn vulnerabilities(&self) -> impl Iterator<Item = (&'a str, Option<VulnerabilityRef<'a>>)> + use<'a> {
        let (tables, details) = (self.tables, self.details);
        self.names.iter().map(move |name| {
            let detail = details.get(position(name.detail.get()));
            (tables.string(name.id), VulnerabilityRef::new(tables, name, detail))
        })
    }

    /// Returns every statement, by release, package, vulnerability and feed.
    pub fn all_statements(&self) -> Statements<'a> {
        Statements::new(self.tables, self.statements)
    }

    /// Returns the facts about a vulnerability; `None` when statements merely mention it, or
    /// nobody does.
    pub fn vulnerability(&self, id: &str) -> Option<VulnerabilityRef<'a>> {
        let name = self.name(id)?;
        VulnerabilityRef::new(self.tables, name, self.detail(name))
    }

    /// Counts the contents.
    pub const fn counts(&self) -> Counts {
        Counts { statements: self.statements.len(), vulnerabilities: self.names.len(), packages: self.groups.len() }
    }

    fn name(&self, id: &str) -> Option<&'a layout::Name> {
        table::find(self.name_slots, table::name_hash(id), |index| {
            let name = self.names.get(position(index))?;
            (self.tables.string(name.id) == id).then_some(name)
        })
    }

    fn detail(&self, name: &layout::Name) -> Option<&'a layout::Detail> {
        self.details.get(position(name.detail.get()))
    }
}

/// Reads a release key as the builder wrote it.
pub(crate) fn release_key(text: &str) -> ReleaseKey {
    let (distribution, release) = text.split_once(':').unwrap_or((text, ""));
    ReleaseKey::new(distribution, release)
}

/// Returns `count` records from `first`; none where the run leads out of the section.
fn run<T>(records: &[T], first: U32, count: U32) -> &[T] {
    let first = position(first.get());
    first.checked_add(position(count.get())).and_then(|end| records.get(first..end)).unwrap_or_default()
}

fn section(bytes: &[u8], section: Section) -> Result<&[u8], OpenError> {
    let range = || {
        let offset = usize::try_from(section.offset.get()).ok()?;
        let end = offset.checked_add(usize::try_from(section.bytes.get()).ok()?)?;
        bytes.get(offset..end)
    };
    range().ok_or(OpenError::Damaged { part: "section table" })
}

fn records<T: FromBytes + Immutable + KnownLayout>(bytes: &[u8], at: Section) -> Result<&[T], OpenError> {
    <[T]>::ref_from_bytes(section(bytes, at)?).map_err(|_| OpenError::Damaged { part: "section table" })
}
