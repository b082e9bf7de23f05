//! Tells which kernel runs and which ones could.

use std::collections::BTreeSet;

use yagura_model::{Kernel, Package, PackageKind, ReadProblem, Text};

use crate::dpkg::is_version;
use crate::host::{ByteLimit, FileKind, Host};
use crate::problem::{steers_a_terminal, unreadable};

const BOOT: &str = "boot";
const MODULES: [&str; 2] = ["lib/modules", "usr/lib/modules"];
/// How images are called in `/boot`; on ppc64el and some others they are not compressed, SUSE calls
/// them otherwise on arm64 and s390x.
const IMAGES: [&str; 4] = ["vmlinuz-", "vmlinux-", "Image-", "image-"];
/// What kernel packages put into a release's folder of modules. Other modules stay behind in
/// folders of removed kernels.
const MODULE_MARKS: [&str; 3] = ["kernel", "modules.builtin", "modules.order"];
/// Where the kernel tells of live patches; the others are those of kpatch before Linux 4.0.
const LIVEPATCHES: [&str; 3] = ["sys/kernel/livepatch", "sys/kernel/kpatch", "sys/kernel/kpatch/patches"];
/// A folder of patches, itself no patch.
const NO_PATCH: &str = "patches";
/// How modules of live patches are called, for kernels that list them nowhere else: kpatch, SUSE and
/// Amazon, Ubuntu, Oracle.
const PATCH_MODULES: [&str; 4] = ["kpatch_", "livepatch_", "lkp_", "ksplice_"];
const LOADED: &str = "proc/modules";
/// A line of some 100 bytes a module, and some hundred modules.
const LOADED_LIMIT: ByteLimit = ByteLimit::mib(4);
/// A digit and a line end.
const ENABLED_LIMIT: ByteLimit = ByteLimit::kib(4);
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
        livepatches: if host.is_live() { livepatches(host, problems) } else { Vec::new() },
    }
}

/// Finds the version of the package that the running kernel came from, where the kernel's own words
/// do not have it: everywhere but on Debian.
pub fn name_package(kernel: &mut Kernel, packages: &[Package]) {
    let Some(running) = kernel.running.as_deref().filter(|_| kernel.running_package_version.is_none()) else {
        return;
    };
    let own = packages.iter().find(|package| is_of_kernel(package, running));
    kernel.running_package_version = own.map(|package| package.version.clone());
}

/// Tells whether a package is the kernel that calls itself so.
fn is_of_kernel(package: &Package, running: &str) -> bool {
    let version = package.version.split_once(':').map_or(package.version.as_str(), |(_, rest)| rest);
    match package.kind {
        PackageKind::Rpm if package.name.starts_with("kernel") => {
            is_red_hats(version, &package.architecture, running) || is_suses(&package.name, version, running)
        }
        // Photon's flavours have their word behind: `6.1.10-11.ph5-esx`.
        PackageKind::Rpm if package.name == "linux" => running == version,
        PackageKind::Rpm => {
            package.name.strip_prefix("linux-").is_some_and(|flavour| running == format!("{version}-{flavour}"))
        }
        // Alpine: `linux-lts` 5.15.71-r0 calls itself `5.15.71-0-lts`. Arch: `linux` 6.9.1.arch1-1
        // calls itself `6.9.1-arch1-1`, `linux-lts` 6.6.30-1 `6.6.30-1-lts`.
        PackageKind::Apk | PackageKind::Alpm => {
            let flavour = package.name.strip_prefix("linux").filter(|rest| rest.is_empty() || rest.starts_with('-'));
            let flat = |text: &str| text.replace("-r", "-").replace('.', "-");
            flavour.is_some_and(|flavour| flat(running) == flat(version) + flavour)
        }
        _ => false,
    }
}

/// Red Hat's kin and Azure Linux: version and release, mostly with the architecture, and the flavour
/// behind it (`5.14.0-70.el9.x86_64+rt`).
fn is_red_hats(version: &str, architecture: &str, running: &str) -> bool {
    let rest = running.strip_prefix(version);
    rest.is_some_and(|rest| {
        let rest = rest.strip_prefix('.').and_then(|rest| rest.strip_prefix(architecture)).unwrap_or(rest);
        rest.is_empty() || rest.starts_with('+') || matches!(rest, ".debug" | ".rt" | ".kdump")
    })
}

/// SUSE leaves out the last number of the release, the count of builds: `kernel-default` 5.3.18-59.5.1
/// calls itself `5.3.18-59.5-default`.
fn is_suses(name: &str, version: &str, running: &str) -> bool {
    let flavour = name.strip_prefix("kernel-").map(|flavour| flavour.strip_suffix("-base").unwrap_or(flavour));
    let Some(own) = flavour.and_then(|flavour| running.strip_suffix(flavour)?.strip_suffix('-')) else {
        return false;
    };
    let is_build = |build: &str| !build.is_empty() && build.bytes().all(|byte| byte.is_ascii_digit());
    version == own || version.strip_prefix(own).and_then(|rest| rest.strip_prefix('.')).is_some_and(is_build)
}

/// Names the live patches that are loaded and in force.
fn livepatches(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Vec<String> {
    let mut names = BTreeSet::new();
    for folder in LIVEPATCHES {
        for (name, _) in entries(host, folder, problems) {
            // Without the file, which old kpatch does not have, it is loaded and so in force.
            let enabled = host.read(&format!("{folder}/{name}/enabled"), ENABLED_LIMIT);
            let is_off = matches!(&enabled, Ok(Some(text)) if text.starts_with(b"0"));
            if !is_off && is_module(&name) && name != NO_PATCH {
                names.insert(name);
            }
        }
    }
    if names.is_empty() && !is_there(host, "sys/kernel/livepatch") {
        // What cannot be read says nothing; the kernel's version is judged as it stands then.
        let loaded = host.read(LOADED, LOADED_LIMIT).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&loaded);
        let modules = text.lines().filter_map(|line| line.split(' ').next());
        let patches =
            modules.filter(|name| PATCH_MODULES.iter().any(|start| name.starts_with(start)) && is_module(name));
        names.extend(patches.take(ENTRIES_MAX).map(str::to_owned));
    }
    names.into_iter().collect()
}

fn is_module(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= RELEASE_BYTES_MAX
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
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
        && ![".old", ".bak", ".rpmnew", ".rpmsave", ".hmac"].iter().any(|end| name.ends_with(end))
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

    fn named(running: &str, kind: PackageKind, packages: &[(&str, &str, &str)]) -> String {
        let mut kernel = Kernel { running: Some(running.into()), ..Kernel::default() };
        let packages: Vec<Package> = packages
            .iter()
            .map(|(name, version, architecture)| Package {
                kind,
                name: (*name).into(),
                version: (*version).into(),
                architecture: (*architecture).into(),
                ..Package::default()
            })
            .collect();
        name_package(&mut kernel, &packages);
        kernel.running_package_version.unwrap_or_else(|| "none".into())
    }

    #[test]
    fn the_running_kernel_has_a_package() {
        let rpm =
            |running: &str, name: &str, version: &str| named(running, PackageKind::Rpm, &[(name, version, "x86_64")]);
        for (running, name, version) in [
            ("4.18.0-80.el8.x86_64", "kernel-core", "4.18.0-80.el8"),
            ("3.10.0-1160.el7.x86_64.debug", "kernel-debug", "3.10.0-1160.el7"),
            ("5.14.0-70.el9.x86_64+rt", "kernel-rt-core", "5.14.0-70.el9"),
            ("5.4.17-2136.300.7.el8uek.x86_64", "kernel-uek", "5.4.17-2136.300.7.el8uek"),
            ("6.1.79-99.164.amzn2023.x86_64", "kernel", "6.1.79-99.164.amzn2023"),
            ("5.15.112.1-1.cm2", "kernel", "5.15.112.1-1.cm2"),
            ("5.3.18-59.5-default", "kernel-default", "5.3.18-59.5.1"),
            ("6.1.10-11.ph5", "linux", "6.1.10-11.ph5"),
            ("6.1.10-11.ph5-esx", "linux-esx", "6.1.10-11.ph5"),
        ] {
            assert_eq!(rpm(running, name, version), version, "{running}");
        }
        for (running, name, version) in [
            ("4.18.0-80.el8.x86_64", "kernel-core", "4.18.0-8"),
            ("4.18.0-80.el8.x86_64", "glibc", "4.18.0-80.el8"),
            ("5.3.18-59.5-default", "kernel-default", "5.3.18-59.51.1"),
            ("5.3.18-59.5-default", "kernel-azure", "5.3.18-59.5.1"),
            ("6.1.10-11.ph5-esx", "linux", "6.1.10-11.ph5"),
        ] {
            assert_eq!(rpm(running, name, version), "none", "{running} {name} {version}");
        }
        for (running, kind, name, version) in [
            ("5.15.71-0-lts", PackageKind::Apk, "linux-lts", "5.15.71-r0"),
            ("6.9.1-arch1-1", PackageKind::Alpm, "linux", "6.9.1.arch1-1"),
            ("6.6.30-1-lts", PackageKind::Alpm, "linux-lts", "6.6.30-1"),
            ("6.9.1-zen1-1-zen", PackageKind::Alpm, "linux-zen", "6.9.1.zen1-1"),
        ] {
            assert_eq!(named(running, kind, &[("linux-firmware", version, ""), (name, version, "")]), version);
        }
    }

    #[test]
    fn live_patches_in_force_are_named() {
        let tree = MemoryHost::new()
            .file("sys/kernel/livepatch/kpatch_4_18_0_80_1_1/enabled", "1\n")
            .file("sys/kernel/livepatch/livepatch_2/enabled", "0\n")
            .file("sys/kernel/livepatch/lkp Ubuntu/enabled", "1\n")
            .file("sys/kernel/kpatch/patches/kpatch_old/checksum", "x");
        let modules = "kpatch 61440 1 kpatch_a, Live 0x0\nkpatch_a 16384 1 - Live 0x0\nlkp_Ubuntu_5_4 1 1 - Live\next4 1 1 - Live\n";
        let old = MemoryHost::new().live().file("proc/modules", modules);
        assert_eq!(read(&old, &mut Vec::new()).livepatches, ["kpatch_a", "lkp_Ubuntu_5_4"]);
        // Where the kernel keeps a list, what is loaded and not in it is not in force.
        let off = old.file("sys/kernel/livepatch/kpatch_a/enabled", "0\n");
        assert!(read(&off, &mut Vec::new()).livepatches.is_empty());
        assert!(read(&tree, &mut Vec::new()).livepatches.is_empty());
        assert_eq!(read(&tree.live(), &mut Vec::new()).livepatches, ["kpatch_4_18_0_80_1_1", "kpatch_old"]);
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
