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

fn newest_tracker(mirror: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(mirror.join("debian/derived")).ok()?;
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("tracker-")));
    found.sort();
    found.pop()
}
