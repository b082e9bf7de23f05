//! The feeds of a laboratory: real data where it is at hand, else the demo feed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use yagura_testkit::{FeedMirror, shared_data};

use crate::clock;
use crate::host::Pool;

/// Packages that the hosts of a fleet draw from.
const POOL: usize = 2_000;

/// Where feeds come from.
pub(crate) enum Feeds {
    /// A mirror of real documents, and the tracker document that the hosts are made after.
    Real { mirror: PathBuf, tracker: PathBuf },
    /// Two made-up flaws.
    Demo(FeedMirror),
}

impl Feeds {
    /// Real feeds where they are at hand.
    pub(crate) fn find() -> Result<Self> {
        if let Some(mirror) = shared_data("feeds")
            && let Some(tracker) = newest_tracker(&mirror)
        {
            return Ok(Self::Real { mirror, tracker });
        }
        Self::demo()
    }

    /// The demo feed.
    pub(crate) fn demo() -> Result<Self> {
        // The demo feed has to be as fresh as today's, or it would not be believed.
        Ok(Self::Demo(FeedMirror::demo(&clock::now().strftime("%Y-%m-%d").to_string())?))
    }

    /// What hosts are made of.
    pub(crate) fn pool(&self) -> Result<Pool> {
        match self {
            Self::Real { tracker, .. } => Pool::of_tracker(tracker, POOL),
            Self::Demo(_) => Ok(Pool::demo(POOL)),
        }
    }

    /// For the head of a table.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Real { .. } => "all Debian feeds",
            Self::Demo(_) => "the demo feed",
        }
    }

    /// The same feeds a day later, with a new flaw in some packages that hosts have.
    pub(crate) fn change(&self, folder: &Path, packages: usize) -> Result<Self> {
        let later = |day: &str| -> Result<String> {
            let day: jiff::civil::Date = day.parse()?;
            Ok(day.tomorrow()?.to_string())
        };
        match self {
            Self::Demo(_) => {
                let mirror = FeedMirror::demo(&clock::now().strftime("%Y-%m-%d").to_string())?;
                mirror.tracker(&clock::now().strftime("%Y-%m-%d").to_string(), CHANGED_DEMO)?;
                Ok(Self::Demo(mirror))
            }
            Self::Real { mirror, tracker } => {
                let copy = folder.join("mirror");
                link(mirror, &copy)?;
                let text = zstd::decode_all(std::fs::read(tracker)?.as_slice())?;
                let wanted: Vec<String> = self.pool()?.sources(packages);
                let text = with_new_flaws(&text, &wanted)?;
                let name = tracker.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let day = name.trim_start_matches("tracker-").trim_end_matches(".json.zst");
                let tracker = copy.join(format!("debian/derived/tracker-{}.json.zst", later(day)?));
                std::fs::write(&tracker, zstd::encode_all(text.as_slice(), 3)?)?;
                Ok(Self::Real { mirror: copy, tracker })
            }
        }
    }

    /// Compiles the index of a data directory; with `as_of` from the documents of that day.
    pub(crate) fn sync(&self, program: &Path, data_dir: &Path, as_of: Option<&str>) -> Result<()> {
        let mirror = match self {
            Self::Real { mirror, .. } => mirror.as_path(),
            Self::Demo(mirror) => mirror.path(),
        };
        std::fs::create_dir_all(data_dir)?;
        let mut command = std::process::Command::new(program);
        command.arg("--quiet").args(["feed", "sync", "--mirror"]).arg(mirror).arg("--data-dir").arg(data_dir);
        if let Some(day) = as_of {
            command.args(["--as-of", day]);
        }
        let output = command.output().with_context(|| format!("cannot start `{}`", program.display()))?;
        if !output.status.success() {
            bail!("`yagura feed sync` ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }
}

/// The demo feed with one more flaw.
const CHANGED_DEMO: &str = r#"{"demo": {
    "CVE-2099-0001": {"description": "A buffer overflow in demo.", "scope": "remote", "releases": {
        "bookworm": {"status": "resolved", "fixed_version": "1.2-3", "urgency": "not yet assigned"}}},
    "CVE-2099-0003": {"description": "A new hole in demo.", "releases": {
        "bookworm": {"status": "open", "urgency": "high"}}}
}}"#;

/// Adds a flaw that nobody has repaired to packages of a tracker document.
fn with_new_flaws(tracker: &[u8], packages: &[String]) -> Result<Vec<u8>> {
    let mut tracker: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(tracker)?;
    let flaw = serde_json::json!({
        "description": "A flaw that was made up for a measure.", "scope": "remote",
        "releases": {"bookworm": {"status": "open", "urgency": "high"}},
    });
    for package in packages {
        if let Some(flaws) = tracker.get_mut(package).and_then(serde_json::Value::as_object_mut) {
            flaws.insert("CVE-2099-99999".to_owned(), flaw.clone());
        }
    }
    Ok(serde_json::to_vec(&tracker)?)
}

/// Copies a folder as links to its files.
fn link(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link(&entry.path(), &target)?;
        } else {
            std::os::unix::fs::symlink(std::fs::canonicalize(entry.path())?, target)?;
        }
    }
    Ok(())
}

fn newest_tracker(mirror: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(mirror.join("debian/derived")).ok()?;
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("tracker-")));
    found.sort();
    found.pop()
}
