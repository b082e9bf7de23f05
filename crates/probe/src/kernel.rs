//! Tells which kernel runs and which ones could.

use std::collections::BTreeSet;

use yagura_model::{Kernel, ReadProblem, Text};

use crate::dpkg::is_version;
use crate::host::{FileKind, Host};
use crate::problem::{steers_a_terminal, unreadable};

const BOOT: &str = "boot";
const MODULES: [&str; 2] = ["lib/modules", "usr/lib/modules"];
/// How images are called in `/boot`; on ppc64el and some others they are not compressed.
const IMAGES: [&str; 2] = ["vmlinuz-", "vmlinux-"];
/// What kernel packages put into a release's folder of modules. Other modules stay behind in
/// folders of removed kernels.
const MODULE_MARKS: [&str; 3] = ["kernel", "modules.builtin", "modules.order"];
/// A host keeps a handful of kernels.
const ENTRIES_MAX: usize = 10_000;
const RELEASE_BYTES_MAX: usize = 128;

/// Reads the running and the installed kernels.
pub fn read(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Kernel {
    let uname = host.uname();
    Kernel {
        running_package_version: uname.as_ref().and_then(|uname| debian_package_version(&uname.version)),
        running: uname.map(|uname| uname.release),
        installed: installed(host, problems).into_iter().collect(),
        livepatches: Vec::new(),
    }
}

/// Finds Debian's package version in `uname -v`.
///
/// `#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)` gives `6.1.119-1`.
pub fn debian_package_version(uname_version: &str) -> Option<String> {
    let (_, after) = uname_version.split_once(" Debian ")?;
    let version = after.split_whitespace().next()?;
    (version.starts_with(|c: char| c.is_ascii_digit()) && is_version(version)).then(|| version.to_owned())
}

fn installed(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> BTreeSet<String> {
    let mut releases = BTreeSet::new();
    for (name, _) in entries(host, BOOT, problems) {
        releases.extend(
            IMAGES.iter().find_map(|prefix| name.strip_prefix(prefix)).filter(|r| is_release(r)).map(str::to_owned),
        );
    }
    for folder in MODULES {
        for (name, kind) in entries(host, folder, problems) {
            if kind == FileKind::Directory
                && is_release(&name)
                && MODULE_MARKS.iter().any(|mark| is_there(host, &format!("{folder}/{name}/{mark}")))
            {
                releases.insert(name);
            }
        }
    }
    releases
}

fn is_there(host: &dyn Host, path: &str) -> bool {
    // What exists and may not be looked at exists.
    !matches!(host.metadata(path), Ok(None))
}

fn entries(host: &dyn Host, folder: &str, problems: &mut Vec<ReadProblem>) -> Vec<(String, FileKind)> {
    match host.list(folder, ENTRIES_MAX) {
        Ok(entries) => entries.unwrap_or_default().into_iter().map(|entry| (entry.name, entry.kind)).collect(),
        Err(error) => {
            let meaning =
                Text::new("installed kernels may be missing", "導入済みカーネルの一覧に漏れがある可能性があります");
            problems.push(unreadable(&error, folder, meaning));
            Vec::new()
        }
    }
}

/// Leaves out copies (`.old`, `.dpkg-new`) and the rescue image of Red Hat (`0-rescue-…`).
fn is_release(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_digit())
        && name.len() <= RELEASE_BYTES_MAX
        && !name.chars().any(|c| steers_a_terminal(c) || c.is_whitespace())
        && !name.contains(".dpkg-")
        && ![".old", ".bak"].iter().any(|end| name.ends_with(end))
        && !name.starts_with("0-rescue")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryHost, Uname};

    #[test]
    fn finds_debians_version() {
        for (version, expected) in [
            ("#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)", Some("6.1.119-1")),
            ("#1 SMP Debian 4.19.316-1 (2024-06-25)", Some("4.19.316-1")),
            ("#1 SMP PREEMPT_DYNAMIC Debian 6.12.9-1~bpo12+1 (2025-01-19)", Some("6.12.9-1~bpo12+1")),
            ("#1 SMP PREEMPT_RT Debian 6.1.119-1 (2024-11-22)", Some("6.1.119-1")),
            ("#1 Debian 4.9.168-1+deb9u2", Some("4.9.168-1+deb9u2")),
            ("#52-Ubuntu SMP PREEMPT_DYNAMIC Thu Dec 5 13:09:44 UTC 2024", None),
            ("#1 SMP PREEMPT_DYNAMIC @0", None),
            ("#1 SMP Debian rebuilt here", None),
            ("#1 SMP Debian", None),
            ("", None),
        ] {
            assert_eq!(debian_package_version(version).as_deref(), expected, "{version}");
        }
    }

    #[test]
    fn lists_what_could_boot() {
        let host = MemoryHost::new()
            .file("boot/vmlinuz-6.1.0-28-amd64", "")
            .file("boot/vmlinuz-6.1.0-27-amd64.old", "")
            .file("boot/vmlinuz-6.1.0-29-amd64.dpkg-new", "")
            .file("boot/vmlinuz-0-rescue-0123", "")
            .file("boot/vmlinux-6.6.1-powerpc64le", "")
            .file("boot/initrd.img-6.1.0-1-amd64", "")
            .file("usr/lib/modules/6.1.0-28-amd64/modules.builtin", "")
            .file("usr/lib/modules/6.1.0-26-amd64/kernel/fs/ext4.ko", "")
            .file("usr/lib/modules/6.1.0-9-amd64/updates/dkms/left-behind.ko", "")
            .link("lib", "usr/lib");
        let mut problems = Vec::new();
        let kernel = read(&host, &mut problems);
        assert_eq!(kernel.installed, ["6.1.0-26-amd64", "6.1.0-28-amd64", "6.6.1-powerpc64le"]);
        assert_eq!((kernel.running, kernel.running_package_version, problems.len()), (None, None, 0));
    }

    #[test]
    fn the_live_machine_names_its_kernel() {
        let uname = Uname {
            release: "6.1.0-28-amd64".into(),
            version: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)".into(),
            ..Uname::default()
        };
        let kernel = read(&MemoryHost::new().live().running(uname), &mut Vec::new());
        assert_eq!(kernel.running.as_deref(), Some("6.1.0-28-amd64"));
        assert_eq!(kernel.running_package_version.as_deref(), Some("6.1.119-1"));
    }

    #[test]
    fn bounds_hold() {
        assert!(is_release(&"6".repeat(RELEASE_BYTES_MAX)) && !is_release(&"6".repeat(RELEASE_BYTES_MAX + 1)));
        let host = (0..=ENTRIES_MAX).fold(MemoryHost::new(), |host, n| host.file(&format!("boot/{n}"), ""));
        let mut problems = Vec::new();
        assert!(read(&host, &mut problems).installed.is_empty());
        assert!(problems[0].message.ja.contains("10000 件"));
    }
}
