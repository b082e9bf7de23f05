//! Opens a path below a root directory so that no symbolic link leads out of it.
//!
//! Linux 5.6 and later do this in the kernel (openat2(2) with `RESOLVE_IN_ROOT`). Where that is
//! not to be had – older kernels, and container engines whose seccomp filter answers `EPERM` –
//! [`Resolver::Walk`] opens one component after the other and reads each link itself.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2, readlinkat};
use rustix::io::Errno;

/// Links in a chain beyond this are a circle; the kernel stops at the same number.
const LINKS_MAX: usize = 40;
/// Components still to be walked beyond this are an attack: each link may add as many as a path
/// holds.
const COMPONENTS_MAX: usize = 4096;
/// The kernel answers `EAGAIN` when something was renamed while it resolved a `..`.
const RETRIES_MAX: usize = 32;

/// How paths are resolved below the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolver {
    /// By openat2(2).
    Kernel,
    /// Component by component.
    Walk,
}

impl Resolver {
    /// Asks the kernel whether it knows openat2(2).
    pub(super) fn detect(root: BorrowedFd<'_>) -> Self {
        match openat2(root, ".", OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), in_root()) {
            Ok(_) => Self::Kernel,
            Err(_) => Self::Walk,
        }
    }

    /// Opens `path` below `root`. With `O_NOFOLLOW` among `flags` a last symbolic link is not
    /// followed: it is opened itself with `O_PATH`, and is `ELOOP` without.
    pub(super) fn open(self, root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        match self {
            Self::Kernel => open_by_kernel(root, path, flags),
            Self::Walk => open_by_walk(root, path, flags),
        }
    }
}

fn in_root() -> ResolveFlags {
    ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS
}

fn open_by_kernel(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let path = if path.is_empty() { "." } else { path };
    for _ in 0..RETRIES_MAX {
        match openat2(root, path, flags, Mode::empty(), in_root()) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            answer => return answer,
        }
    }
    // Somebody renames directories without pause; the walk does not mind.
    open_by_walk(root, path, flags)
}

/// Resolves component by component. `..` goes back to the directory that was opened before, never
/// to what the file system says, and stops at the root; so nothing leads out even if directories
/// are moved meanwhile.
fn open_by_walk(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let mut pending: Vec<String> = components(path).map(str::to_owned).collect();
    let mut opened: Vec<OwnedFd> = Vec::new();
    let mut links = 0;
    while let Some(name) = pending.pop() {
        if name == ".." {
            opened.pop();
            continue;
        }
        let here = opened.last().map_or(root, AsFd::as_fd);
        let step = openat(here, &name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        let is_last = pending.is_empty();
        if is_symlink(step.as_fd())? {
            if !is_last || !flags.contains(OFlags::NOFOLLOW) {
                links += 1;
                let target = readlinkat(&step, "", Vec::new())?.into_string().map_err(|_| Errno::NOENT)?;
                if links > LINKS_MAX || pending.len() + target.len() / 2 > COMPONENTS_MAX {
                    return Err(Errno::LOOP);
                }
                if target.starts_with('/') {
                    opened.clear();
                }
                pending.extend(components(&target).map(str::to_owned));
                continue;
            }
            if flags.contains(OFlags::PATH) {
                return Ok(step);
            }
            return Err(Errno::LOOP);
        }
        if is_last {
            return openat(here, &name, flags | OFlags::NOFOLLOW, Mode::empty());
        }
        opened.push(step);
    }
    // The path ends in `..`, or is empty: a directory that is open already.
    let here = opened.last().map_or(root, AsFd::as_fd);
    openat(here, ".", flags, Mode::empty())
}

/// Splits a path, last component first, so that `pop` takes the next one.
fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").rev()
}

fn is_symlink(fd: BorrowedFd<'_>) -> Result<bool, Errno> {
    Ok(FileType::from_raw_mode(fstat(fd)?.st_mode) == FileType::Symlink)
}
