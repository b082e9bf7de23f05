//! A host as a directory tree on disk, for stories through the real programs.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A directory tree that looks like a host to an assessment. Gone when dropped.
#[derive(Debug)]
pub struct HostTree {
    directory: TempDir,
    status: String,
}

impl HostTree {
    /// An empty tree: no os-release, no package database.
    ///
    /// # Errors
    /// When the temporary directory cannot be made.
    pub fn empty() -> io::Result<Self> {
        Ok(Self { directory: tempfile::tempdir()?, status: String::new() })
    }

    /// A Debian 12 host named `tower` without packages.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn debian_12() -> io::Result<Self> {
        Self::empty()?
            .file("etc/os-release", OS_RELEASE)?
            .file("etc/debian_version", "12.11\n")?
            .file("etc/hostname", "tower\n")?
            .file("var/lib/dpkg/status", "")
    }

    /// Adds a file, its directories made as needed.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> io::Result<Self> {
        let path = self.directory.path().join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, content)?;
        Ok(self)
    }

    /// Adds an installed package built from a source package of another name.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn package(self, name: &str, version: &str, source: &str) -> io::Result<Self> {
        self.record(&format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nSource: {source}\nVersion: {version}\n"
        ))
    }

    /// Adds a record of the package database as it stands.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn record(mut self, record: &str) -> io::Result<Self> {
        self.status.push_str(record);
        self.status.push('\n');
        let status = self.status.clone();
        self.file("var/lib/dpkg/status", status)
    }

    /// Returns the tree's root.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the path of a file of the tree.
    pub fn join(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }
}

const OS_RELEASE: &str = r#"PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
"#;
