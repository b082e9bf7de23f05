//! The one door between a probe and a host.

use std::fmt;
use std::ops::ControlFlow;

/// Reads a host: the live machine, a directory tree, or a map in a test.
///
/// Paths are relative to the host's root and written without a leading slash:
/// `etc/os-release`. Symbolic links are followed inside the root only, absolute targets starting
/// again at the root, as after chroot(2).
pub trait Host: Send + Sync {
    /// Tells whether this is the machine we run on, so that `/proc` and `/sys` speak of now.
    fn is_live(&self) -> bool;

    /// Names the directory that stands in for `/`; `None` for the live machine.
    fn root_path(&self) -> Option<String> {
        None
    }

    /// Returns what uname(2) says of the running kernel; `None` for a directory tree, in which
    /// no kernel runs.
    fn uname(&self) -> Option<Uname> {
        None
    }

    /// Reads a whole regular file.
    ///
    /// `Ok(None)` when there is no such file (or a directory on the way is missing). A file that
    /// is larger than `limit` is an error, not a part of a file. Special files (FIFOs, devices,
    /// sockets) are refused without being opened for reading.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn read(&self, path: &str, limit: ByteLimit) -> Result<Option<Vec<u8>>, ReadError>;

    /// Opens a regular file of which only parts are wanted, such as a database. The same files as
    /// by [`read`](Self::read) are refused.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn open_file(&self, path: &str, limit: ByteLimit) -> Result<Option<Box<dyn OpenFile>>, ReadError> {
        let bytes = self.read(path, limit)?;
        Ok(bytes.map(|bytes| -> Box<dyn OpenFile> { Box::new(Loaded { path: path.to_owned(), bytes }) }))
    }

    /// Reads kind, mode and owner of what `path` leads to, links followed. `Ok(None)` when there
    /// is nothing.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn metadata(&self, path: &str) -> Result<Option<Metadata>, ReadError>;

    /// Reads kind, mode and owner of `path` itself, a last symbolic link not followed.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn link_metadata(&self, path: &str) -> Result<Option<Metadata>, ReadError>;

    /// Reads kind, mode and owner of some names of one directory, links not followed, in the order
    /// of the names. What is gone meanwhile, the directory too, is `None`.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn metadata_in(&self, directory: &str, names: &[&str]) -> Result<Vec<Option<Metadata>>, ReadError> {
        let path = |name: &&str| if directory.is_empty() { (*name).to_owned() } else { format!("{directory}/{name}") };
        names.iter().map(|name| self.link_metadata(&path(name))).collect()
    }

    /// Reads the target of a symbolic link; `Ok(None)` when `path` is not one.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn read_link(&self, path: &str) -> Result<Option<String>, ReadError>;

    /// Lists a directory, sorted by name, `.` and `..` left out. `Ok(None)` when there is no
    /// such directory. More than `entries_max` entries are an error.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn list(&self, path: &str, entries_max: usize) -> Result<Option<Vec<DirEntry>>, ReadError>;

    /// Shows `visit` each entry of a directory, in no order, with what [`link_metadata`](Self::link_metadata)
    /// says of it, until `visit` answers [`Break`](ControlFlow::Break). `Ok(false)` when there is no
    /// such directory. Entries whose metadata cannot be read are left out.
    ///
    /// A last symbolic link is followed only with `follow`. A tree walk wants this: no look-up by
    /// path for each file, and a directory of any size is never held.
    ///
    /// # Errors
    /// See [`ReadError`]. A name that is no directory is [`ReadError::WrongKind`].
    fn scan(
        &self,
        path: &str,
        follow: bool,
        visit: &mut dyn FnMut(&str, &Metadata) -> ControlFlow<()>,
    ) -> Result<bool, ReadError>;

    /// Reads an extended attribute of `path` itself, a last symbolic link not followed. `Ok(None)`
    /// when there is no such file or attribute, or the file system knows none. A longer value than
    /// `limit` is an error.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn attribute(&self, path: &str, name: &str, limit: ByteLimit) -> Result<Option<Vec<u8>>, ReadError>;

    /// Opens a conversation with a service of the live machine through the socket at `path`;
    /// `Ok(None)` when nobody listens there, and for a tree, in which nothing runs.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn converse(&self, path: &str) -> Result<Option<Box<dyn Conversation>>, ReadError> {
        let _ = path;
        Ok(None)
    }

    /// Says how full the file system is on which `path` lies; `Ok(None)` when there is no such
    /// path or nothing is known.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn space(&self, path: &str) -> Result<Option<Space>, ReadError>;
}

/// How full a file system is, in blocks of the file system's own size, as statvfs(3) says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Space {
    /// All blocks.
    pub total: u64,
    /// Blocks that nobody uses.
    pub free: u64,
}

/// Both ways to a service; neither waits longer than some seconds.
pub trait Conversation: std::io::Read + std::io::Write + Send {}

impl<T: std::io::Read + std::io::Write + Send> Conversation for T {}

/// A file that stays open: its name may come to mean another one, its bytes may change.
pub trait OpenFile: Send {
    /// Counts its bytes, as they were on opening.
    fn size_bytes(&self) -> u64;

    /// Fills the whole buffer from `offset` on; a file that ends before is an error.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ReadError>;
}

/// A file that is in memory already.
struct Loaded {
    path: String,
    bytes: Vec<u8>,
}

impl OpenFile for Loaded {
    fn size_bytes(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        let part = usize::try_from(offset)
            .ok()
            .and_then(|start| self.bytes.get(start..start.checked_add(buffer.len())?))
            .ok_or_else(|| ReadError::cut_off(&self.path))?;
        buffer.copy_from_slice(part);
        Ok(())
    }
}

/// What uname(2) says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uname {
    /// The host name.
    pub nodename: String,
    /// The kernel's release: `6.1.0-28-amd64`.
    pub release: String,
    /// The kernel's build: `#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)`.
    pub version: String,
    /// The kernel's word for the architecture: `x86_64`.
    pub machine: String,
}

/// The most bytes that a read may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteLimit(u64);

impl ByteLimit {
    /// A limit in bytes.
    pub const fn bytes(n: u64) -> Self {
        Self(n)
    }

    /// A limit in KiB.
    pub const fn kib(n: u64) -> Self {
        Self(n.saturating_mul(1024))
    }

    /// A limit in MiB.
    pub const fn mib(n: u64) -> Self {
        Self(n.saturating_mul(1024 * 1024))
    }

    /// Returns the limit in bytes.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ByteLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MIB: u64 = 1024 * 1024;
        match self.0 {
            n if n >= MIB && n % MIB == 0 => write!(f, "{} MiB", n / MIB),
            n if n >= 1024 && n % 1024 == 0 => write!(f, "{} KiB", n / 1024),
            n => write!(f, "{n} bytes"),
        }
    }
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    /// The name, bytes that are not UTF-8 replaced.
    pub name: String,
    /// What it is, a symbolic link not followed.
    pub kind: FileKind,
}

/// What a name leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A FIFO, device or socket.
    Special,
}

/// What a special file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpecialKind {
    /// A block device.
    Block,
    /// A character device.
    Character,
    /// A FIFO.
    Fifo,
    /// A socket.
    Socket,
}

/// When a file was touched, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileTimes {
    /// Last read.
    pub accessed: i64,
    /// Last change of the content.
    pub modified: i64,
    /// Last change of the inode.
    pub changed: i64,
}

/// Kind, mode, owner, times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: FileKind,
    /// Which special file, where `kind` is [`FileKind::Special`].
    pub special: Option<SpecialKind>,
    /// Permission bits with set-id and sticky bits: `0o7777`.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Device and inode, to recognise one file under two names.
    pub identity: (u64, u64),
    /// Which device a device file stands for; 0 for all others.
    pub device_number: u64,
    /// When it was touched.
    pub times: FileTimes,
}

/// Why something on the host could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The host denied access.
    #[error("cannot read `/{path}`: permission denied")]
    Denied {
        /// Relative to the root.
        path: String,
    },
    /// The file or directory is larger than anything honest.
    #[error("`/{path}` is larger than {limit}, which is more than we read")]
    TooLarge {
        /// Relative to the root.
        path: String,
        /// What was exceeded: `64 MiB`, `10000 entries`.
        limit: String,
    },
    /// Not a regular file (or not a directory, where one was wanted).
    #[error("`/{path}` is not a {wanted}")]
    WrongKind {
        /// Relative to the root.
        path: String,
        /// `regular file` or `directory`.
        wanted: &'static str,
    },
    /// A symbolic link leads in circles or out of the root.
    #[error("`/{path}` is behind a symbolic link that leads nowhere or in circles")]
    BadLink {
        /// Relative to the root.
        path: String,
    },
    /// The system call failed.
    #[error("cannot read `/{path}`")]
    Io {
        /// Relative to the root.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ReadError {
    /// The file ends before what its reader was told to find there.
    pub(crate) fn cut_off(path: &str) -> Self {
        Self::Io { path: path.to_owned(), source: std::io::ErrorKind::UnexpectedEof.into() }
    }
}
