//! Who may write into the system directories.

/// The system directories that were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DirectoryFacts {
    /// The directories, each once, in the order of looking.
    pub directories: Vec<Directory>,
    /// The owner of the root directory itself. A tree that an ordinary user has unpacked shows
    /// that user everywhere.
    pub root_uid: u32,
}

/// One system directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Relative to the root; empty for `/` itself.
    pub path: String,
    /// Other names that lead to the same directory: `bin` for `usr/bin` on a merged system.
    pub also: Vec<String>,
    /// Whether it is on the fixed list, in contrast to one found below `etc` and its like.
    pub listed: bool,
    /// Permission bits: `0o7777`.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// The owner's name, where `etc/passwd` has one.
    pub owner: Option<String>,
    /// Group.
    pub gid: u32,
    /// The group's name, where `etc/group` has one.
    pub group: Option<String>,
    /// Which users without root's rights are in the group.
    pub group_reach: GroupReach,
}

/// Which users without root's rights are in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupReach {
    /// Nobody.
    Nobody,
    /// These, the first few by name.
    Users(Vec<String>),
    /// The group database could not be read.
    Unknown,
}

impl Directory {
    /// Returns the path as people write it: `/usr/bin`.
    pub fn name(&self) -> String {
        format!("/{}", self.path)
    }
}
