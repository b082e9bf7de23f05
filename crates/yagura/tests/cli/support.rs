//! Runs the real binary in a data directory of its own.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A data directory and the binary. Gone when dropped.
pub(crate) struct Yagura {
    pub(crate) data: TempDir,
}

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Yagura {
    pub(crate) fn new() -> Self {
        Self { data: tempfile::tempdir().unwrap() }
    }

    /// Runs `yagura` with these words, in English, without a network to lean on.
    pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(&self, words: &[S]) -> Run {
        self.run_in(self.data.path(), words)
    }

    pub(crate) fn run_in<S: AsRef<std::ffi::OsStr>>(&self, data_dir: &Path, words: &[S]) -> Run {
        Run::of(&command(data_dir).args(words).output().unwrap())
    }

    /// Syncs from a mirror and expects that to work.
    pub(crate) fn sync(&self, mirror: &Path) {
        let run = self.run(&["feed", "sync", "--mirror", mirror.to_str().unwrap()]);
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    }

    /// Assesses a tree and returns the JSON result.
    pub(crate) fn assess_json(&self, root: &Path, more: &[&str]) -> Value {
        let mut words = vec!["assess", "--root", root.to_str().unwrap(), "--format", "json", "--offline"];
        words.extend(more);
        let run = self.run(&words);
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", run.out, run.err))
    }
}

/// The binary with an environment that says nothing.
pub(crate) fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yagura"));
    for name in [
        "LANG",
        "LC_ALL",
        "LC_MESSAGES",
        "YAGURA_LANG",
        "YAGURA_FEED_MIRROR",
        "YAGURA_DATABASE_URL",
        "YAGURA_BLOBS",
        "YAGURA_MASTER_KEY",
        "http_proxy",
        "https_proxy",
    ] {
        command.env_remove(name);
    }
    command.env("YAGURA_DATA_DIR", data_dir);
    command
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The findings of a JSON result as `id source installed fixed severity` lines.
pub(crate) fn finding_lines(result: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    result["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let evidence = &finding["evidence"];
            [
                &finding["id"],
                &evidence["sourcePackage"],
                &evidence["installedVersion"],
                &evidence["fixedVersion"],
                &finding["severity"],
            ]
            .map(text)
            .join(" ")
        })
        .collect()
}

/// Today as the day of a mirror's documents, so that they are fresh.
pub(crate) fn today() -> String {
    jiff::Timestamp::now().to_string().chars().take(10).collect()
}
