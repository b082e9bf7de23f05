//! Which mounts of a live host the walk enters: local file systems, each of them once.
//!
//! A tree (an image, a chroot) is walked as it lies there; of what is mounted in it nothing is known.

use std::collections::{BTreeMap, BTreeSet};

use yagura_model::{LocalText, SourceLine, Text};

use super::places;
use super::walk::Bounds;
use crate::database::Faults;
use crate::host::{ByteLimit, Host};
use crate::problem::{Quoted, unreadable};

const MOUNTINFO_PATH: &str = "proc/self/mountinfo";
/// A host of many containers has some thousand lines.
const MOUNTINFO_LIMIT: ByteLimit = ByteLimit::mib(16);

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
    /// Relative to the host's root.
    point: String,
    seen: Seen<'a>,
}

/// What is seen at a mount point.
#[derive(Debug)]
struct Seen<'a> {
    device: &'a str,
    /// Which part of the device's file system.
    root: String,
    kind: &'a str,
}

impl Mounts {
    /// Reads the mounts of a live host.
    pub(super) fn read(host: &dyn Host, bounds: Bounds, faults: &mut Faults) -> Self {
        if !host.is_live() {
            return Self::default();
        }
        match host.read(MOUNTINFO_PATH, MOUNTINFO_LIMIT) {
            Ok(bytes) => Self::judge(&String::from_utf8_lossy(&bytes.unwrap_or_default()), bounds, faults),
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

    fn judge(table: &str, bounds: Bounds, faults: &mut Faults) -> Self {
        // Of two mounts on one point the later one is seen.
        let mounts: BTreeMap<String, Seen<'_>> =
            table.lines().filter_map(parse_line).map(|mount| (mount.point, mount.seen)).collect();
        let mut parts = Parts::default();
        for (point, seen) in &mounts {
            parts.entry(seen.device).or_default().entry(seen.root.trim_end_matches('/')).or_insert(point);
        }
        let mut closed = BTreeSet::new();
        for (point, seen) in mounts.iter().filter(|(point, _)| !point.is_empty()) {
            let is_local = LOCAL.contains(&seen.kind);
            if !is_local && !ELSEWHERE.contains(&seen.kind) && !seen.kind.starts_with("fuse.") {
                faults.report(SourceLine::file(point.clone()), unknown_text(seen.kind));
            }
            if !is_local || is_seen_elsewhere(&parts, point, seen, bounds) {
                closed.insert(point.clone());
            }
        }
        Self { closed }
    }
}

/// By device and part of its file system, without a slash at the end: the first point where it is
/// mounted.
type Parts<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>;

/// Tells whether the walk meets the same directory through another mount: this part of the file system
/// is mounted before, or a part that it lies in.
fn is_seen_elsewhere(parts: &Parts<'_>, point: &str, seen: &Seen<'_>, bounds: Bounds) -> bool {
    let Some(parts) = parts.get(seen.device) else { return false };
    let root = seen.root.trim_end_matches('/');
    let above = root.match_indices('/').filter_map(|(at, _)| root.get(..at));
    above.chain([root]).any(|part| {
        let Some(other) = parts.get(part).filter(|other| **other != point) else { return false };
        let rest = root.get(part.len()..).unwrap_or_default();
        let place = format!("{other}{rest}");
        places::is_reached(place.trim_start_matches('/'), bounds)
    })
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`, see proc_pid_mountinfo(5).
fn parse_line(line: &str) -> Option<Mount<'_>> {
    let (mount, kind) = line.split_once(" - ")?;
    let mut fields = mount.split(' ').skip(2);
    let (device, root, point) = (fields.next()?, fields.next()?, fields.next()?);
    let point = unescaped(point).trim_start_matches('/').to_owned();
    Some(Mount { point, seen: Seen { device, root: unescaped(root), kind: kind.split(' ').next()? } })
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
        37 27 254:2 / /var/lib/docker rw - ext4 /dev/vdc rw\n\
        38 27 254:2 /volumes/a /srv/a rw - ext4 /dev/vdc rw\n\
        39 27 254:2 /volumes/a/b /srv/b rw - ext4 /dev/vdc rw\n\
        36 27 0:44 / /mnt/over rw - tmpfs x rw\n\
        nonsense\n";

    #[test]
    fn local_disks_are_entered_once() {
        let mut faults = Faults::default();
        let mounts =
            Mounts::read(&MemoryHost::new().live().file(MOUNTINFO_PATH, TABLE), Bounds::default(), &mut faults);
        let closed: Vec<&str> = mounts.closed.iter().map(String::as_str).collect();
        assert_eq!(closed, ["exported", "mnt/new", "mnt/nfs", "mnt/over", "mnt/sshfs", "proc", "srv/b", "var/My Data"]);
        assert!(
            !mounts.keeps_out("home")
                && !mounts.keeps_out("mnt/again")
                && !mounts.keeps_out("srv/a")
                && !mounts.keeps_out("")
        );
        let problems = faults.into_problems("");
        assert_eq!(problems.len(), 1);
        insta::assert_snapshot!(problems[0].message.en, @"this version does not know the file system `newfs`; language packages on it are not assessed");
    }

    #[test]
    fn a_tree_has_no_mounts() {
        let mut faults = Faults::default();
        assert_eq!(
            Mounts::read(&MemoryHost::new().file(MOUNTINFO_PATH, TABLE), Bounds::default(), &mut faults),
            Mounts::default()
        );
        assert_eq!(Mounts::read(&MemoryHost::new().live(), Bounds::default(), &mut faults), Mounts::default());
        assert_eq!(
            Mounts::read(&MemoryHost::new().live().denied(MOUNTINFO_PATH), Bounds::default(), &mut faults),
            Mounts::default()
        );
        assert_eq!(faults.into_problems("").len(), 1);
    }

    #[test]
    fn octal_codes_are_read() {
        assert_eq!(unescaped(r"/a\040b\134c\011"), "/a b\\c\t");
        assert_eq!(unescaped(r"/a\04"), r"/a\04");
        assert_eq!(unescaped(r"\999\é"), r"\999\é");
    }
}
