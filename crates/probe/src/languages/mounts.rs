//! Which mounts of a live host the walk enters: local file systems, each of them once.
//!
//! A tree (an image, a chroot) is walked as it lies there; of what is mounted in it nothing is known.

use std::collections::BTreeSet;

use yagura_model::{LocalText, SourceLine, Text};

use crate::database::Faults;
use crate::host::{ByteLimit, Host};
use crate::problem::{Quoted, unreadable};

const MOUNTINFO_PATH: &str = "proc/self/mountinfo";
/// A host of many containers has some thousand lines.
const MOUNTINFO_LIMIT: ByteLimit = ByteLimit::mib(16);
/// Lines that are compared with each other.
const MOUNTS_MAX: usize = 20_000;

/// File systems on the host's own disks.
const LOCAL: [&str; 16] = [
    "bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "fuseblk", "jfs", "nilfs2", "ntfs3", "reiserfs",
    "ubifs", "vfat", "xfs", "zfs",
];
/// File systems without files, without a disk, of somebody else, or of images: `overlay` is a
/// container's, `squashfs` a snap's, unless it is the root itself.
const ELSEWHERE: [&str; 48] = [
    "9p",
    "afs",
    "aufs",
    "autofs",
    "binfmt_misc",
    "bpf",
    "ceph",
    "cgroup",
    "cgroup2",
    "cifs",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "ecryptfs",
    "efivarfs",
    "erofs",
    "fuse",
    "fusectl",
    "gfs2",
    "glusterfs",
    "hugetlbfs",
    "iso9660",
    "lustre",
    "mqueue",
    "ncpfs",
    "nfs",
    "nfs4",
    "nfsd",
    "nsfs",
    "ocfs2",
    "overlay",
    "overlayfs",
    "proc",
    "pstore",
    "ramfs",
    "resctrl",
    "rootfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "smb3",
    "squashfs",
    "sysfs",
    "tmpfs",
    "tracefs",
    "udf",
    "virtiofs",
];

const MEANING: Text = Text::new(
    "network file systems may be searched for language packages as if they were local",
    "ネットワークファイルシステムも、ローカルと同様に言語パッケージの検索対象になることがあります",
);

/// The mount points that are not entered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Mounts {
    closed: BTreeSet<String>,
}

/// One line of the table.
#[derive(Debug)]
struct Mount<'a> {
    device: &'a str,
    /// Which part of the file system is mounted.
    root: String,
    /// Relative to the host's root.
    point: String,
    kind: &'a str,
}

impl Mounts {
    /// Reads the mounts of a live host.
    pub(super) fn read(host: &dyn Host, faults: &mut Faults) -> Self {
        if !host.is_live() {
            return Self::default();
        }
        match host.read(MOUNTINFO_PATH, MOUNTINFO_LIMIT) {
            Ok(bytes) => Self::judge(&String::from_utf8_lossy(&bytes.unwrap_or_default()), faults),
            Err(error) => {
                faults.add(unreadable(&error, MOUNTINFO_PATH, MEANING));
                Self::default()
            }
        }
    }

    /// Tells whether the walk stops before this directory.
    pub(super) fn keeps_out(&self, path: &str) -> bool {
        self.closed.contains(path)
    }

    fn judge(table: &str, faults: &mut Faults) -> Self {
        // Of two mounts on one point the later one is seen.
        let mut mounts: Vec<Mount<'_>> = Vec::new();
        for mount in table.lines().filter_map(parse_line).take(MOUNTS_MAX) {
            mounts.retain(|earlier| earlier.point != mount.point);
            mounts.push(mount);
        }
        let mut closed = BTreeSet::new();
        for (index, mount) in mounts.iter().enumerate() {
            if mount.point.is_empty() {
                continue;
            }
            let is_local = LOCAL.contains(&mount.kind);
            let is_seen_elsewhere = mounts.iter().enumerate().any(|(other_index, other)| {
                let same = other.device == mount.device && other_index != index;
                same && (other.root != mount.root || other_index < index) && is_below(&mount.root, &other.root)
            });
            if !is_local && !ELSEWHERE.contains(&mount.kind) && !mount.kind.starts_with("fuse.") {
                faults.report(SourceLine::file(mount.point.clone()), unknown_text(mount.kind));
            }
            if !is_local || is_seen_elsewhere {
                closed.insert(mount.point.clone());
            }
        }
        Self { closed }
    }
}

/// Tells whether `path` is `directory` or lies below it.
fn is_below(path: &str, directory: &str) -> bool {
    let directory = directory.trim_end_matches('/');
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`, see proc_pid_mountinfo(5).
fn parse_line(line: &str) -> Option<Mount<'_>> {
    let (mount, kind) = line.split_once(" - ")?;
    let mut fields = mount.split(' ').skip(2);
    let (device, root, point) = (fields.next()?, fields.next()?, fields.next()?);
    let point = unescaped(point).trim_start_matches('/').to_owned();
    Some(Mount { device, root: unescaped(root), point, kind: kind.split(' ').next()? })
}

/// Space, tab, newline and backslash are written as three octal digits.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let code = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(u8::is_ascii);
        match code {
            Some(code) => {
                out.push(char::from(code));
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                out.push('\\');
                rest = after;
            }
        }
    }
    out + rest
}

fn unknown_text(kind: &str) -> LocalText {
    let kind = Quoted(kind);
    LocalText::new(
        format!("this version does not know the file system `{kind}`; language packages on it are not assessed"),
        format!(
            "このバージョンはファイルシステム `{kind}` に対応していません。その上にある言語パッケージは評価されません"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    const TABLE: &str = "22 27 0:21 / /proc rw - proc proc rw\n\
        27 1 254:0 /@ / rw,relatime - btrfs /dev/vda rw,discard\n\
        28 27 254:0 /@home /home rw master:1 - btrfs /dev/vda rw\n\
        29 27 254:0 /@/srv/data /exported rw - btrfs /dev/vda rw\n\
        30 27 254:1 / /var/My\\040Data rw - xfs /dev/vdb rw\n\
        31 27 254:1 / /mnt/again rw - xfs /dev/vdb rw\n\
        32 27 0:40 / /mnt/nfs rw - nfs4 server:/x rw\n\
        33 27 0:41 / /mnt/sshfs rw - fuse.sshfs server: rw\n\
        34 27 0:42 / /mnt/new rw - newfs x rw\n\
        35 27 0:43 / /mnt/over rw - ext4 x rw\n\
        36 27 0:44 / /mnt/over rw - tmpfs x rw\n\
        nonsense\n";

    #[test]
    fn local_disks_are_entered_once() {
        let mut faults = Faults::default();
        let mounts = Mounts::read(&MemoryHost::new().live().file(MOUNTINFO_PATH, TABLE), &mut faults);
        let closed: Vec<&str> = mounts.closed.iter().map(String::as_str).collect();
        assert_eq!(closed, ["exported", "mnt/again", "mnt/new", "mnt/nfs", "mnt/over", "mnt/sshfs", "proc"]);
        assert!(!mounts.keeps_out("home") && !mounts.keeps_out("var/My Data") && !mounts.keeps_out(""));
        let problems = faults.into_problems("");
        assert_eq!(problems.len(), 1);
        insta::assert_snapshot!(problems[0].message.en, @"this version does not know the file system `newfs`; language packages on it are not assessed");
    }

    #[test]
    fn a_tree_has_no_mounts() {
        let mut faults = Faults::default();
        assert_eq!(Mounts::read(&MemoryHost::new().file(MOUNTINFO_PATH, TABLE), &mut faults), Mounts::default());
        assert_eq!(Mounts::read(&MemoryHost::new().live(), &mut faults), Mounts::default());
        assert_eq!(Mounts::read(&MemoryHost::new().live().denied(MOUNTINFO_PATH), &mut faults), Mounts::default());
        assert_eq!(faults.into_problems("").len(), 1);
    }

    #[test]
    fn octal_codes_are_read() {
        assert_eq!(unescaped(r"/a\040b\134c\011"), "/a b\\c\t");
        assert_eq!(unescaped(r"/a\04"), r"/a\04");
        assert_eq!(unescaped(r"\999\é"), r"\999\é");
    }
}
