//! Mirrors: a folder, or a web server's folder, that keeps copies of the upstream documents.
//!
//! A mirror's names may carry dates, so a document is found by a pattern ([`DocumentSpec::mirror`])
//! rather than by a name. With an *as of* date, files that are dated later are passed over: that
//! is how an assessment of an earlier day is repeated.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::civil::Date;
use reqwest::Url;

use crate::catalogue::{DocumentSpec, Pick};
use crate::files::StoreError;

/// The most names that a mirror's folder may have. The largest real one has some hundreds.
pub(crate) const LISTING_NAMES_MAX: usize = 10_000;
/// The most files that one document may be made of. Amazon Linux 2 has 70 repositories of extras.
pub(crate) const DOCUMENT_FILES_MAX: usize = 256;

/// Where the copies are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mirror {
    /// A folder on this machine.
    Folder(PathBuf),
    /// A folder of a web server; its address ends in `/`.
    Web(Url),
}

impl FromStr for Mirror {
    type Err = MirrorError;

    fn from_str(text: &str) -> Result<Self, MirrorError> {
        let bad = |why: String| MirrorError::Address { text: text.to_owned(), why };
        match text.split_once("://") {
            Some(("http" | "https", _)) => {
                let mut url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
                if !url.path().ends_with('/') {
                    url.set_path(&format!("{}/", url.path()));
                }
                Ok(Self::Web(url))
            }
            Some((scheme, _)) => Err(bad(format!("`{scheme}` is neither `http` nor `https`"))),
            None if text.is_empty() => Err(bad("it is empty".to_owned())),
            None => Ok(Self::Folder(PathBuf::from(text))),
        }
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(formatter),
            Self::Web(url) => url.fmt(formatter),
        }
    }
}

/// Why a mirror cannot serve a document.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// Neither a path nor an address that we can read.
    #[error("`{text}` is no mirror: {why}")]
    Address {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// The mirror's folder is not there.
    #[error("the mirror `{}` is not a folder", .path.display())]
    NoFolder {
        /// Its path.
        path: PathBuf,
    },
    /// No file of the mirror is the document.
    #[error("the mirror has no `{pattern}`{}", as_of_text(*.as_of))]
    NoFile {
        /// The pattern that was looked for.
        pattern: String,
        /// The day that the files must not be later than.
        as_of: Option<Date>,
    },
    /// More names, or more files for one document, than anything honest.
    #[error("the mirror has more than {limit} {what} for `{pattern}`")]
    TooMany {
        /// The pattern that was looked for.
        pattern: String,
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// The folder cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn as_of_text(as_of: Option<Date>) -> String {
    as_of.map(|date| format!(" of {date} or earlier")).unwrap_or_default()
}

/// A document's place in a mirror: a path in which every part may be a pattern.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    spec: &'a DocumentSpec,
}

/// One part of such a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'a> {
    /// A name, or a pattern of names.
    pub(crate) name: &'a str,
    /// Whether it is the file's name; the others are folders'.
    pub(crate) last: bool,
}

impl Step<'_> {
    pub(crate) fn is_pattern(&self) -> bool {
        self.name.contains('*')
    }

    /// Returns the name as an address is joined with it.
    pub(crate) fn relative(&self) -> String {
        if self.last { self.name.to_owned() } else { format!("{}/", self.name) }
    }

    /// Returns what a file is called so far: the path from the first part that is a pattern on.
    pub(crate) fn label(&self, before: &str, name: &str) -> String {
        match (before.is_empty(), self.is_pattern() || self.last) {
            (true, false) => String::new(),
            (true, true) => name.to_owned(),
            (false, _) => format!("{before}/{name}"),
        }
    }
}

impl<'a> Place<'a> {
    pub(crate) const fn of(spec: &'a DocumentSpec) -> Self {
        Self { spec }
    }

    /// Returns the parts of the path in order.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Step<'a>> {
        let mut parts = self.spec.mirror.split('/').peekable();
        std::iter::from_fn(move || Some(Step { name: parts.next()?, last: parts.peek().is_none() }))
    }

    /// Tells whether only one path is possible, so that nothing needs to be listed.
    pub(crate) fn is_one_name(&self) -> bool {
        !self.spec.mirror.contains('*')
    }

    /// Chooses among the files that fit: the newest, or all in order.
    pub(crate) fn choose(
        &self,
        names: impl IntoIterator<Item = String>,
        as_of: Option<Date>,
    ) -> Result<Vec<String>, MirrorError> {
        let mut chosen: Vec<String> = names.into_iter().collect();
        if let Some(as_of) = as_of {
            chosen.retain(|name| date_in_name(name).is_none_or(|date| date <= as_of));
        }
        chosen.sort_unstable();
        chosen.dedup();
        if self.spec.pick == Pick::Newest {
            chosen = chosen.pop().into_iter().collect();
        }
        if chosen.is_empty() {
            return Err(MirrorError::NoFile { pattern: self.spec.mirror.to_owned(), as_of });
        }
        if chosen.len() > DOCUMENT_FILES_MAX {
            return Err(self.too_many("files", DOCUMENT_FILES_MAX));
        }
        Ok(chosen)
    }

    pub(crate) fn too_many(&self, what: &'static str, limit: usize) -> MirrorError {
        MirrorError::TooMany { pattern: self.spec.mirror.to_owned(), what, limit }
    }

    /// Finds the document's files in a folder on this machine, with what they are called.
    pub(crate) fn find_in(&self, mirror: &Path, as_of: Option<Date>) -> Result<Vec<(String, PathBuf)>, MirrorError> {
        let mut found = BTreeMap::from([(String::new(), mirror.to_owned())]);
        for step in self.steps() {
            let mut next = BTreeMap::new();
            for (label, folder) in &found {
                for name in self.names_in(folder, step)? {
                    next.insert(step.label(label, &name), folder.join(&name));
                }
                if next.len() > LISTING_NAMES_MAX {
                    return Err(self.too_many("names", LISTING_NAMES_MAX));
                }
            }
            found = next;
        }
        let chosen = self.choose(found.keys().cloned(), as_of)?;
        Ok(chosen.into_iter().filter_map(|name| found.remove(&name).map(|path| (name, path))).collect())
    }

    /// Lists what fits a step in a folder: regular files, or folders.
    fn names_in(&self, folder: &Path, step: Step<'_>) -> Result<Vec<String>, MirrorError> {
        // Only regular files, or links to them: reading a pipe would never end.
        let fits = |path: &Path| {
            fs::metadata(path).is_ok_and(|metadata| if step.last { metadata.is_file() } else { metadata.is_dir() })
        };
        if !step.is_pattern() {
            return Ok(fits(&folder.join(step.name)).then(|| step.name.to_owned()).into_iter().collect());
        }
        let listing = match fs::read_dir(folder) {
            Ok(listing) => listing,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(StoreError::new("read", folder, source).into()),
        };
        let mut names = Vec::new();
        let mut seen = 0;
        for entry in listing {
            let entry = entry.map_err(|source| StoreError::new("read", folder, source))?;
            seen += 1;
            if seen > LISTING_NAMES_MAX {
                return Err(self.too_many("names", LISTING_NAMES_MAX));
            }
            let named = entry.file_name().into_string().ok().filter(|name| matches(step.name, name));
            names.extend(named.filter(|_| fits(&entry.path())));
        }
        Ok(names)
    }
}

/// Tells whether a name fits a pattern in which `*` stands for any run of characters.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|start| name.strip_prefix(start)) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(end) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        // The earliest place leaves the most for what follows.
        let Some(at) = rest.find(piece) else { return false };
        rest = rest.get(at + piece.len()..).unwrap_or_default();
    }
    rest.ends_with(end)
}

/// Finds a date such as `2026-08-21` in a name.
pub(crate) fn date_in_name(name: &str) -> Option<Date> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let starts = 0..name.len();
    starts
        .filter_map(|start| name.get(start..start + 10))
        .find_map(|text| if digits(text) { text.parse().ok() } else { None })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Via;

    fn spec(mirror: &'static str, pick: Pick) -> DocumentSpec {
        DocumentSpec {
            name: "x",
            url: "https://upstream.example/x",
            mirror,
            pick,
            via: Via::Direct,
            transfer_bytes_max: 1,
            content_bytes_max: 1,
            members_max: 1,
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_address_is_told_from_a_path() {
        assert_eq!("/srv/feeds".parse::<Mirror>().unwrap(), Mirror::Folder("/srv/feeds".into()));
        assert_eq!(
            "http://mirror.example/feeds".parse::<Mirror>().unwrap().to_string(),
            "http://mirror.example/feeds/"
        );
        let refused = "ftp://mirror.example/".parse::<Mirror>().unwrap_err();
        assert_eq!(refused.to_string(), "`ftp://mirror.example/` is no mirror: `ftp` is neither `http` nor `https`");
        assert!("".parse::<Mirror>().is_err());
    }

    #[test]
    fn a_star_stands_for_any_run() {
        for (pattern, name, expected) in [
            ("tracker-*.json.zst", "tracker-2026-08-21.json.zst", true),
            ("tracker-*.json.zst", "tracker-2026-08-21.json.zst.sha256", false),
            ("tracker-*.json.zst", "tracker-.json.zst", true),
            ("list*", "list", true),
            ("list", "lists", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("aa*aa", "aaa", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_newest_is_the_last_by_name_and_never_later_than_asked() {
        let newest = spec("debian/tracker-*.json", Pick::Newest);
        let place = Place::of(&newest);
        let all = names(&["tracker-2026-08-21.json", "tracker-2025-02-12.json"]);
        let pick = |as_of: Option<Date>| place.choose(all.clone(), as_of).map_err(|error| error.to_string());
        assert_eq!(pick(None).unwrap(), ["tracker-2026-08-21.json"]);
        assert_eq!(pick(Some("2026-08-20".parse().unwrap())).unwrap(), ["tracker-2025-02-12.json"]);
        assert_eq!(
            pick(Some("2024-01-01".parse().unwrap())).unwrap_err(),
            "the mirror has no `debian/tracker-*.json` of 2024-01-01 or earlier"
        );
    }

    #[test]
    fn all_are_taken_in_order_but_not_without_bound() {
        let all = spec("DSA/list*", Pick::All);
        let both = names(&["list.since-2025-02-13", "list"]);
        assert_eq!(Place::of(&all).choose(both.clone(), None).unwrap(), ["list", "list.since-2025-02-13"]);
        let before = Place::of(&all).choose(both, Some("2025-02-12".parse().unwrap())).unwrap();
        assert_eq!(before, ["list"]);
        let many = (0..=DOCUMENT_FILES_MAX).map(|n| format!("list{n}"));
        assert!(matches!(Place::of(&all).choose(many, None), Err(MirrorError::TooMany { what: "files", .. })));
    }

    #[test]
    fn a_folder_brings_regular_files_only_and_not_without_bound() {
        let mirror = tempfile::tempdir().unwrap();
        let folder = mirror.path().join("DSA");
        fs::create_dir_all(folder.join("list-folder")).unwrap();
        fs::write(folder.join("list"), b"x").unwrap();
        let all = spec("DSA/list*", Pick::All);
        assert_eq!(Place::of(&all).find_in(mirror.path(), None).unwrap(), [("list".to_owned(), folder.join("list"))]);
        let elsewhere = spec("DLA/list*", Pick::All);
        assert!(matches!(Place::of(&elsewhere).find_in(mirror.path(), None), Err(MirrorError::NoFile { .. })));
        for n in 0..LISTING_NAMES_MAX {
            fs::write(folder.join(format!("n{n}")), b"").unwrap();
        }
        let error = Place::of(&all).find_in(mirror.path(), None).unwrap_err();
        assert!(matches!(error, MirrorError::TooMany { what: "names", .. }), "{error}");
    }

    #[test]
    fn folders_fit_patterns_too() {
        let mirror = tempfile::tempdir().unwrap();
        for topic in ["docker", "R3.4", "empty"] {
            fs::create_dir_all(mirror.path().join("extras").join(topic).join("repodata")).unwrap();
        }
        fs::write(mirror.path().join("extras/loose"), b"x").unwrap();
        for path in
            ["docker/repodata/a-updateinfo.xml.gz", "R3.4/repodata/updateinfo.xml.gz", "R3.4/repodata/repomd.xml"]
        {
            fs::write(mirror.path().join("extras").join(path), b"x").unwrap();
        }
        let find = |pattern, pick| {
            let found = Place::of(&spec(pattern, pick)).find_in(mirror.path(), None).unwrap();
            found.into_iter().map(|(name, path)| (name, path.strip_prefix(&mirror).unwrap().display().to_string()))
        };
        let all: Vec<_> = find("extras/*/repodata/*updateinfo.xml.gz", Pick::All).collect();
        assert_eq!(
            all,
            [
                ("R3.4/repodata/updateinfo.xml.gz".to_owned(), "extras/R3.4/repodata/updateinfo.xml.gz".to_owned()),
                (
                    "docker/repodata/a-updateinfo.xml.gz".to_owned(),
                    "extras/docker/repodata/a-updateinfo.xml.gz".to_owned()
                ),
            ]
        );
        let newest: Vec<_> = find("extras/*/repodata/updateinfo.xml.gz", Pick::Newest).map(|(name, _)| name).collect();
        assert_eq!(newest, ["R3.4/repodata/updateinfo.xml.gz"]);
        let plain: Vec<_> = find("extras/loose", Pick::Newest).map(|(name, _)| name).collect();
        assert_eq!(plain, ["loose"]);
        let nothing = spec("extras/*/nothing-*", Pick::All);
        assert!(matches!(Place::of(&nothing).find_in(mirror.path(), None), Err(MirrorError::NoFile { .. })));
    }

    #[test]
    fn a_date_is_found_wherever_it_stands() {
        assert_eq!(date_in_name("list.since-2025-02-13.txt"), Some("2025-02-13".parse().unwrap()));
        assert_eq!(date_in_name("2025-13-40-2025-02-13"), Some("2025-02-13".parse().unwrap()));
        assert_eq!(date_in_name("all.zip"), None);
    }

    proptest! {
        #[test]
        fn any_name_is_survived(pattern in "[a*é]{0,8}", name in "\\PC{0,24}") {
            let _ = (matches(&pattern, &name), date_in_name(&name));
            prop_assert!(matches("*", &name));
            prop_assert!(matches(&name.replace('*', "x"), &name.replace('*', "x")));
        }
    }
}
