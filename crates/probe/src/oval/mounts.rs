//! Which file systems a walk leaves out.

use std::collections::BTreeMap;

use crate::host::{ByteLimit, Host};

const MOUNTS_PATH: &str = "proc/self/mountinfo";
/// A container host has some thousand mounts of two hundred bytes each.
const MOUNTS_LIMIT: ByteLimit = ByteLimit::mib(16);
/// Beyond these the table is not honest.
const MOUNTS_MAX: usize = 100_000;

/// Reached over a network, also as `fuse.` of the same name: a walk could hang there.
const REMOTE: &[&str] = &[
    "9p",
    "acfs",
    "afs",
    "auristorfs",
    "autofs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "cvfs",
    "davfs",
    "davfs2",
    "fhgfs",
    "gfs",
    "gfs2",
    "glusterfs",
    "gpfs",
    "ibrix",
    "k-afs",
    "lustre",
    "mfs",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "orangefs",
    "panfs",
    "s3fs",
    "smb2",
    "smb3",
    "smbfs",
    "sshfs",
    "wekafs",
];
/// The kernel's own windows: no files are stored there.
const PSEUDO: &[&str] = &[
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "cpuset",
    "debugfs",
    "devpts",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "resctrl",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "sysfs",
    "tracefs",
];

/// What kind of file system a directory lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Files of this host.
    Local,
    /// Files of another one.
    Remote,
    /// No files.
    Pseudo,
}

/// The file systems of a live host; a directory tree has none.
#[derive(Debug, Clone, Default)]
pub(super) struct Mounts {
    reach: BTreeMap<(u32, u32), Reach>,
}

impl Mounts {
    /// Reads them; a host that does not run has none.
    pub(super) fn read(host: &dyn Host) -> Self {
        if !host.is_live() {
            return Self::default();
        }
        let bytes = host.read(MOUNTS_PATH, MOUNTS_LIMIT).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        Self { reach: text.lines().take(MOUNTS_MAX).filter_map(parse_line).collect() }
    }

    /// What lies on a device, by its number in stat(2). A device that no mount names (a
    /// subvolume has one of its own) is local.
    pub(super) fn reach(&self, device: u64) -> Reach {
        let parts = (rustix::fs::major(device), rustix::fs::minor(device));
        self.reach.get(&parts).copied().unwrap_or(Reach::Local)
    }
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
fn parse_line(line: &str) -> Option<((u32, u32), Reach)> {
    let (front, back) = line.split_once(" - ")?;
    let (major, minor) = front.split(' ').nth(2)?.split_once(':')?;
    let kind = unescape(back.split(' ').next()?);
    let kind = kind.strip_prefix("fuse.").unwrap_or(&kind);
    let reach = if REMOTE.contains(&kind) {
        Reach::Remote
    } else if PSEUDO.contains(&kind) {
        Reach::Pseudo
    } else {
        Reach::Local
    };
    Some(((major.parse().ok()?, minor.parse().ok()?), reach))
}

/// The kernel writes space, tab, newline and backslash as three octal digits.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'\\'
            && let Some((digits, beyond)) = after.split_at_checked(3)
            && let Some(byte) = std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 8).ok())
        {
            plain.push(byte);
            rest = beyond;
        } else {
            plain.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryHost;

    const TABLE: &str = "\
22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,discard\n\
23 22 0:21 / /proc rw,nosuid - proc proc rw\n\
24 22 0:40 / /net/my\\040share ro,relatime - nfs4 server:/share rw,vers=4.2\n\
25 22 0:41 / /far rw - fuse.sshfs me@there: rw\n\
damaged line\n";

    #[test]
    fn reads_the_kernel_s_table() {
        let host = MemoryHost::new().live().file("proc/self/mountinfo", TABLE);
        let mounts = Mounts::read(&host);
        assert_eq!(mounts.reach.len(), 4);
        assert_eq!(unescape("/net/my\\040share\\9"), "/net/my share\\9");
        assert_eq!(mounts.reach(rustix::fs::makedev(8, 2)), Reach::Local);
        assert_eq!(mounts.reach(rustix::fs::makedev(0, 21)), Reach::Pseudo);
        assert_eq!(mounts.reach(rustix::fs::makedev(0, 40)), Reach::Remote);
        assert_eq!(mounts.reach(rustix::fs::makedev(0, 41)), Reach::Remote);
        assert_eq!(mounts.reach(rustix::fs::makedev(0, 99)), Reach::Local);
    }

    #[test]
    fn a_tree_has_none() {
        let host = MemoryHost::new().file("proc/self/mountinfo", TABLE);
        assert!(Mounts::read(&host).reach.is_empty());
    }
}
