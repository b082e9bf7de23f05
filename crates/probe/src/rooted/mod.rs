//! A host below a directory: a mounted image, a chroot, or `/` of the machine we run on.

mod resolve;

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::ops::ControlFlow;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, fstatvfs, getxattr, open, readlinkat, statat};
use rustix::io::Errno;
use yagura_model::Text;

use crate::host::{
    ByteLimit, Conversation, DirEntry, FileKind, FileTimes, Host, Metadata, OpenFile, ReadError, Space, SpecialKind,
    Uname,
};
use resolve::Resolver;

/// A host below a directory that is held open, so that renaming it changes nothing.
#[derive(Debug)]
pub struct RootedHost {
    root: OwnedFd,
    /// `None` for the live machine.
    path: Option<PathBuf>,
    resolver: Resolver,
}

/// A service that does not answer within this is taken for one that does not run.
const CONVERSATION_PATIENCE: Duration = Duration::from_secs(10);

/// The kernel stores no longer attribute.
const ATTRIBUTE_BYTES_MAX: usize = 64 * 1024;

/// Why a directory cannot stand in for `/`.
#[derive(Debug, thiserror::Error)]
pub enum OpenRootError {
    /// There is nothing under this name.
    #[error("there is no directory `{}`", .path.display())]
    Missing {
        /// As given.
        path: PathBuf,
    },
    /// It is a file.
    #[error("`{}` is not a directory", .path.display())]
    NotADirectory {
        /// As given.
        path: PathBuf,
    },
    /// This user may not enter it.
    #[error("cannot open the directory `{}`: permission denied", .path.display())]
    Denied {
        /// As given.
        path: PathBuf,
    },
    /// The system call failed.
    #[error("cannot open the directory `{}`", .path.display())]
    Io {
        /// As given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl OpenRootError {
    /// Says what to do about it.
    pub const fn advice(&self) -> Text {
        match self {
            Self::Missing { .. } => Text::new(
                "give the directory that holds the host's `etc` and `var`; is the image mounted?",
                "ホストの `etc` と `var` があるディレクトリーを指定してください。イメージはマウントされていますか。",
            ),
            Self::NotADirectory { .. } => Text::new(
                "unpack the archive or mount the image, and give the directory that holds the host's `etc` and `var`",
                "アーカイブを展開するかイメージをマウントし、ホストの `etc` と `var` があるディレクトリーを指定してください。",
            ),
            Self::Denied { .. } => Text::new(
                "run as a user who may enter the directory, for instance root",
                "このディレクトリーに入る権限のあるユーザー (root など) で実行してください。",
            ),
            Self::Io { .. } => Text::new(
                "look at the cause above; the file system may be damaged or gone",
                "上記の原因を確認してください。ファイルシステムが破損したか、切り離された可能性があります。",
            ),
        }
    }
}

impl RootedHost {
    /// Takes a directory for the root of a host that does not run.
    ///
    /// # Errors
    /// See [`OpenRootError`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, OpenRootError> {
        let path = path.into();
        let root = open_root(&path)?;
        Ok(Self { resolver: Resolver::detect(root.as_fd()), root, path: Some(path) })
    }

    /// Takes the machine we run on.
    ///
    /// # Errors
    /// See [`OpenRootError`].
    pub fn live() -> Result<Self, OpenRootError> {
        let root = open_root(Path::new("/"))?;
        Ok(Self { resolver: Resolver::detect(root.as_fd()), root, path: None })
    }

    /// Opens with `flags` and tells what was opened; `None` when there is nothing.
    fn opened(&self, path: &str, flags: OFlags) -> Result<Option<(OwnedFd, Stat)>, ReadError> {
        let opened = self.resolver.open(self.root.as_fd(), path, flags).and_then(|fd| {
            let stat = fstat(&fd)?;
            Ok((fd, stat))
        });
        match opened {
            Ok(found) => Ok(Some(found)),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(errno) => Err(read_error(path, errno)),
        }
    }

    /// Opens for reading what is known to be of a kind that can be opened without harm: the name
    /// is first opened with `O_PATH`, which touches no device and waits for no FIFO's writer.
    fn opened_as(
        &self,
        path: &str,
        kind: FileKind,
        wanted: &'static str,
    ) -> Result<Option<(OwnedFd, Stat)>, ReadError> {
        let wrong_kind = || ReadError::WrongKind { path: path.to_owned(), wanted };
        match self.opened(path, OFlags::PATH)? {
            None => return Ok(None),
            Some((_, stat)) if file_kind(&stat) != kind => return Err(wrong_kind()),
            Some(_) => {}
        }
        // Between the two calls the name may have come to mean something else: hence NONBLOCK,
        // and the second look.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        match self.opened(path, flags)? {
            Some((_, stat)) if file_kind(&stat) != kind => Err(wrong_kind()),
            opened => Ok(opened),
        }
    }

    /// Opens a directory for listing. The kernel itself refuses what is none, before it touches it.
    fn opened_directory(&self, path: &str) -> Result<Option<OwnedFd>, ReadError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::NOCTTY;
        match self.resolver.open(self.root.as_fd(), path, flags) {
            Ok(fd) => Ok(Some(fd)),
            Err(Errno::NOENT) => Ok(None),
            // The path itself, or something on the way to it.
            Err(Errno::NOTDIR) => match self.opened(path, OFlags::PATH)? {
                Some(_) => Err(ReadError::WrongKind { path: path.to_owned(), wanted: "directory" }),
                None => Ok(None),
            },
            Err(errno) => Err(read_error(path, errno)),
        }
    }

    fn stat(&self, path: &str, flags: OFlags) -> Result<Option<Metadata>, ReadError> {
        Ok(self.opened(path, flags)?.map(|(_, stat)| metadata(&stat)))
    }
}

impl Host for RootedHost {
    fn is_live(&self) -> bool {
        self.path.is_none()
    }

    fn root_path(&self) -> Option<String> {
        self.path.as_ref().map(|path| path.display().to_string())
    }

    fn uname(&self) -> Option<Uname> {
        let uname = self.is_live().then(rustix::system::uname)?;
        Some(Uname {
            nodename: uname.nodename().to_string_lossy().into_owned(),
            release: uname.release().to_string_lossy().into_owned(),
            version: uname.version().to_string_lossy().into_owned(),
            machine: uname.machine().to_string_lossy().into_owned(),
        })
    }

    fn read(&self, path: &str, limit: ByteLimit) -> Result<Option<Vec<u8>>, ReadError> {
        let too_large = || ReadError::TooLarge { path: path.to_owned(), limit: limit.to_string() };
        let Some((fd, stat)) = self.opened_as(path, FileKind::File, "regular file")? else {
            return Ok(None);
        };
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        if size > limit.get() {
            return Err(too_large());
        }
        // One byte more than the size, so that the end is seen without growing. Files of /proc
        // and /sys claim to be empty, and any file may grow: the limit holds while reading too.
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(1));
        File::from(fd)
            .take(limit.get().saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|source| io_error(path, source))?;
        if u64::try_from(bytes.len()).is_ok_and(|read| read <= limit.get()) {
            Ok(Some(bytes))
        } else {
            Err(too_large())
        }
    }

    fn open_file(&self, path: &str, limit: ByteLimit) -> Result<Option<Box<dyn OpenFile>>, ReadError> {
        let Some((fd, stat)) = self.opened_as(path, FileKind::File, "regular file")? else {
            return Ok(None);
        };
        let size_bytes = u64::try_from(stat.st_size).unwrap_or(0);
        if size_bytes > limit.get() {
            return Err(ReadError::TooLarge { path: path.to_owned(), limit: limit.to_string() });
        }
        Ok(Some(Box::new(RootedFile { path: path.to_owned(), file: File::from(fd), size_bytes })))
    }

    fn metadata(&self, path: &str) -> Result<Option<Metadata>, ReadError> {
        self.stat(path, OFlags::PATH)
    }

    fn link_metadata(&self, path: &str) -> Result<Option<Metadata>, ReadError> {
        self.stat(path, OFlags::PATH | OFlags::NOFOLLOW)
    }

    fn metadata_in(&self, directory: &str, names: &[&str]) -> Result<Vec<Option<Metadata>>, ReadError> {
        let Some((fd, _)) = self.opened(directory, OFlags::PATH | OFlags::DIRECTORY)? else {
            return Ok(vec![None; names.len()]);
        };
        let stat = |name: &&str| {
            // A path would be resolved past the root's walls.
            if name.contains('/') || *name == ".." {
                return self.link_metadata(&format!("{directory}/{name}"));
            }
            match statat(&fd, *name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => Ok(Some(metadata(&stat))),
                Err(Errno::NOENT) => Ok(None),
                Err(errno) => Err(read_error(&format!("{directory}/{name}"), errno)),
            }
        };
        names.iter().map(stat).collect()
    }

    fn read_link(&self, path: &str) -> Result<Option<String>, ReadError> {
        match self.opened(path, OFlags::PATH | OFlags::NOFOLLOW)? {
            Some((fd, stat)) if file_kind(&stat) == FileKind::Symlink => {
                let target = readlinkat(&fd, "", Vec::new()).map_err(|errno| read_error(path, errno))?;
                Ok(Some(target.to_string_lossy().into_owned()))
            }
            _ => Ok(None),
        }
    }

    fn list(&self, path: &str, entries_max: usize) -> Result<Option<Vec<DirEntry>>, ReadError> {
        let failed = |errno| read_error(path, errno);
        let Some(fd) = self.opened_directory(path)? else {
            return Ok(None);
        };
        let mut directory = Dir::new(fd).map_err(failed)?;
        let mut entries = Vec::new();
        while let Some(entry) = directory.read() {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            if entries.len() == entries_max {
                return Err(ReadError::TooLarge { path: path.to_owned(), limit: format!("{entries_max} entries") });
            }
            let kind = match entry.file_type() {
                // Some file systems do not say it in the listing.
                FileType::Unknown => match statat(directory.fd().map_err(failed)?, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => file_kind(&stat),
                    Err(Errno::NOENT) => continue,
                    Err(errno) => return Err(failed(errno)),
                },
                known => kind_of(known),
            };
            entries.push(DirEntry { name: name.to_string_lossy().into_owned(), kind });
        }
        entries.sort();
        Ok(Some(entries))
    }

    fn scan(
        &self,
        path: &str,
        follow: bool,
        visit: &mut dyn FnMut(&str, &Metadata) -> ControlFlow<()>,
    ) -> Result<bool, ReadError> {
        let failed = |errno| read_error(path, errno);
        // A directory is opened without harm; anything else is refused by the kernel.
        let mut flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOCTTY;
        flags.set(OFlags::NOFOLLOW, !follow);
        let opened = self.resolver.open(self.root.as_fd(), path, flags);
        let fd = match opened {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(false),
            Err(Errno::NOTDIR) => {
                return match self.link_metadata(path)? {
                    None => Ok(false),
                    Some(_) => Err(ReadError::WrongKind { path: path.to_owned(), wanted: "directory" }),
                };
            }
            Err(errno) => return Err(failed(errno)),
        };
        for entry in Dir::read_from(&fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let Ok(stat) = statat(&fd, name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            if visit(&name.to_string_lossy(), &metadata(&stat)).is_break() {
                break;
            }
        }
        Ok(true)
    }

    fn attribute(&self, path: &str, name: &str, limit: ByteLimit) -> Result<Option<Vec<u8>>, ReadError> {
        let Some((fd, _)) = self.opened(path, OFlags::PATH | OFlags::NOFOLLOW)? else {
            return Ok(None);
        };
        let length = usize::try_from(limit.get()).unwrap_or(usize::MAX).min(ATTRIBUTE_BYTES_MAX);
        let mut value = vec![0; length];
        // What is open by name only has no attributes to be read from it, but its name below /proc
        // leads to it, also where it is a symbolic link.
        match getxattr(format!("/proc/self/fd/{}", fd.as_raw_fd()), name, &mut value) {
            Ok(length) => {
                value.truncate(length);
                Ok(Some(value))
            }
            Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOENT | Errno::NOTDIR | Errno::PERM) => Ok(None),
            Err(Errno::RANGE) => {
                Err(ReadError::TooLarge { path: path.to_owned(), limit: format!("an attribute of {limit}") })
            }
            Err(errno) => Err(read_error(path, errno)),
        }
    }

    fn converse(&self, path: &str) -> Result<Option<Box<dyn Conversation>>, ReadError> {
        if !self.is_live() {
            return Ok(None);
        }
        let failed = |source| io_error(path, source);
        let stream = match UnixStream::connect(format!("/{path}")) {
            Ok(stream) => stream,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                return Ok(None);
            }
            Err(error) => return Err(failed(error)),
        };
        stream.set_read_timeout(Some(CONVERSATION_PATIENCE)).map_err(failed)?;
        stream.set_write_timeout(Some(CONVERSATION_PATIENCE)).map_err(failed)?;
        Ok(Some(Box::new(stream)))
    }

    fn space(&self, path: &str) -> Result<Option<Space>, ReadError> {
        let Some((fd, _)) = self.opened(path, OFlags::PATH)? else {
            return Ok(None);
        };
        let told = fstatvfs(&fd).map_err(|errno| read_error(path, errno))?;
        Ok(Some(Space { total: told.f_blocks, free: told.f_bfree }))
    }
}

/// A file that is read piece by piece.
struct RootedFile {
    path: String,
    file: File,
    size_bytes: u64,
}

impl OpenFile for RootedFile {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        self.file.read_exact_at(buffer, offset).map_err(|source| io_error(&self.path, source))
    }
}

fn open_root(path: &Path) -> Result<OwnedFd, OpenRootError> {
    let path_buf = path.to_path_buf();
    open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(|errno| match errno {
        Errno::NOENT => OpenRootError::Missing { path: path_buf },
        Errno::NOTDIR => OpenRootError::NotADirectory { path: path_buf },
        Errno::ACCESS | Errno::PERM => OpenRootError::Denied { path: path_buf },
        other => OpenRootError::Io { path: path_buf, source: other.into() },
    })
}

fn read_error(path: &str, errno: Errno) -> ReadError {
    let path = path.to_owned();
    match errno {
        Errno::ACCESS | Errno::PERM => ReadError::Denied { path },
        Errno::LOOP | Errno::XDEV => ReadError::BadLink { path },
        other => ReadError::Io { path, source: other.into() },
    }
}

/// What read(2) says late: files of /proc deny on reading, not on opening.
fn io_error(path: &str, source: std::io::Error) -> ReadError {
    match Errno::from_io_error(&source) {
        Some(errno) => read_error(path, errno),
        None => ReadError::Io { path: path.to_owned(), source },
    }
}

fn file_kind(stat: &Stat) -> FileKind {
    kind_of(FileType::from_raw_mode(stat.st_mode))
}

fn kind_of(file_type: FileType) -> FileKind {
    match file_type {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Symlink,
        _ => FileKind::Special,
    }
}

fn metadata(stat: &Stat) -> Metadata {
    Metadata {
        kind: file_kind(stat),
        special: special_kind(stat),
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        size_bytes: u64::try_from(stat.st_size).unwrap_or(0),
        identity: (stat.st_dev, stat.st_ino),
        device_number: stat.st_rdev,
        times: FileTimes { accessed: stat.st_atime, modified: stat.st_mtime, changed: stat.st_ctime },
    }
}

fn special_kind(stat: &Stat) -> Option<SpecialKind> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::BlockDevice => Some(SpecialKind::Block),
        FileType::CharacterDevice => Some(SpecialKind::Character),
        FileType::Fifo => Some(SpecialKind::Fifo),
        FileType::Socket => Some(SpecialKind::Socket),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
