//! Guesses what a live machine runs in, by the files that systemd-detect-virt(1) reads and with its
//! names. A hint for people, so what cannot be read is no problem but simply says nothing.

use yagura_model::Virtualization;

use crate::host::{ByteLimit, Host};

/// DMI strings, marks and the like hold one line.
const LINE_LIMIT: ByteLimit = ByteLimit::kib(4);
/// The environment of process 1.
const ENVIRONMENT_LIMIT: ByteLimit = ByteLimit::mib(1);
/// Some KiB a core.
const CPUINFO_LIMIT: ByteLimit = ByteLimit::mib(16);
const NAME_CHARS_MAX: usize = 32;

/// Reads the hint. A container's comes first: whatever machine it runs on is not ours to see.
pub(crate) fn read(host: &dyn Host) -> Virtualization {
    match container(host) {
        Some(name) => Virtualization::Container(name),
        None => machine(host).map_or(Virtualization::None, Virtualization::Machine),
    }
}

fn container(host: &dyn Host) -> Option<String> {
    let release = host.uname().map(|uname| uname.release).unwrap_or_default();
    if release.contains("Microsoft") || release.contains("microsoft-standard-WSL") {
        return Some("wsl".to_owned());
    }
    // OpenVZ shows its processes only half of its folders.
    if exists(host, "proc/vz") && !exists(host, "proc/bc") {
        return Some("openvz".to_owned());
    }
    let told = ["run/host/container-manager", "run/systemd/container"].into_iter().find_map(|path| line(host, path));
    told.and_then(|name| sound_name(&name))
        .or_else(|| environment_of_init(host))
        .or_else(|| exists(host, "run/.containerenv").then(|| "podman".to_owned()))
        .or_else(|| exists(host, ".dockerenv").then(|| "docker".to_owned()))
        .or_else(|| exists(host, "run/secrets/kubernetes.io/serviceaccount").then(|| "kubernetes".to_owned()))
}

/// Container managers give process 1 a variable `container`. Only root may read it.
fn environment_of_init(host: &dyn Host) -> Option<String> {
    let bytes = host.read("proc/1/environ", ENVIRONMENT_LIMIT).ok()??;
    let value = bytes.split(|byte| *byte == 0).find_map(|variable| variable.strip_prefix(b"container="))?;
    sound_name(&String::from_utf8_lossy(value))
}

fn machine(host: &dyn Host) -> Option<String> {
    if let Some(kind) = line(host, "sys/hypervisor/type") {
        // The first domain of Xen owns the machine.
        let is_owner = line(host, "proc/xen/capabilities").is_some_and(|words| words.contains("control_d"));
        return if is_owner { None } else { sound_name(&kind) };
    }
    // The order is systemd's: cloud vendors name their product, makers of hypervisors themselves.
    let strings = ["product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version"]
        .map(|name| line(host, &format!("sys/class/dmi/id/{name}")).unwrap_or_default());
    let by_vendor = strings.iter().find_map(|text| DMI.iter().find(|(prefix, _)| text.starts_with(prefix)));
    match by_vendor {
        // Amazon sells whole machines under the same vendor's name.
        Some((_, "amazon")) if strings.iter().any(|text| text.contains(".metal")) => None,
        Some((_, name)) => Some((*name).to_owned()),
        None => has_hypervisor_flag(host).then(|| "vm-other".to_owned()),
    }
}

/// First words of DMI strings, after systemd's table.
const DMI: &[(&str, &str)] = &[
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("KubeVirt", "kvm"),
    ("Amazon EC2", "amazon"),
    ("QEMU", "qemu"),
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotek GmbH", "oracle"),
    ("VirtualBox", "oracle"),
    ("Oracle Corporation", "oracle"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Hyper-V", "microsoft"),
    // Product of Hyper-V and Azure, whose vendor's name stands on laptops too.
    ("Virtual Machine", "microsoft"),
    ("Apple Virtualization", "apple"),
    ("Google Compute Engine", "google"),
];

/// x86 processors tell their guests; others say nothing here.
fn has_hypervisor_flag(host: &dyn Host) -> bool {
    let Ok(Some(bytes)) = host.read("proc/cpuinfo", CPUINFO_LIMIT) else {
        return false;
    };
    let text = String::from_utf8_lossy(&bytes);
    let flags = text.lines().find(|line| line.starts_with("flags"));
    flags.is_some_and(|flags| flags.split_ascii_whitespace().any(|flag| flag == "hypervisor"))
}

fn exists(host: &dyn Host, path: &str) -> bool {
    matches!(host.metadata(path), Ok(Some(_)))
}

fn line(host: &dyn Host, path: &str) -> Option<String> {
    let bytes = host.read(path, LINE_LIMIT).ok()??;
    let text = String::from_utf8_lossy(&bytes);
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

/// Accepts a name such as `systemd-nspawn`; `oci` and worse say nothing.
fn sound_name(name: &str) -> Option<String> {
    let is_name = !name.is_empty()
        && name.chars().count() <= NAME_CHARS_MAX
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryHost, Uname};

    fn hint(files: &[(&str, &str)]) -> String {
        let host = files.iter().fold(MemoryHost::new().live(), |host, (path, text)| host.file(path, text));
        match read(&host) {
            Virtualization::None => "none".to_owned(),
            Virtualization::Tree => "tree".to_owned(),
            Virtualization::Machine(name) => format!("machine {name}"),
            Virtualization::Container(name) => format!("container {name}"),
        }
    }

    #[test]
    fn containers_come_first() {
        let vm = ("sys/class/dmi/id/sys_vendor", "QEMU\n");
        assert_eq!(hint(&[vm]), "machine qemu");
        assert_eq!(hint(&[vm, (".dockerenv", "")]), "container docker");
        assert_eq!(hint(&[vm, ("run/.containerenv", ""), (".dockerenv", "")]), "container podman");
        assert_eq!(hint(&[("run/systemd/container", "lxc\n"), (".dockerenv", "")]), "container lxc");
        assert_eq!(hint(&[("proc/1/environ", "A=1\0container=systemd-nspawn\0B=2")]), "container systemd-nspawn");
        assert_eq!(hint(&[("proc/1/environ", "xcontainer=lxc\0")]), "none");
        assert_eq!(hint(&[("proc/vz/veinfo", "")]), "container openvz");
        assert_eq!(hint(&[("proc/vz/veinfo", ""), ("proc/bc/0", "")]), "none");
        assert_eq!(hint(&[("run/secrets/kubernetes.io/serviceaccount/token", "")]), "container kubernetes");
    }

    #[test]
    fn machines_are_told_by_dmi_or_the_processor() {
        let ec2 = ("sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
        assert_eq!(hint(&[ec2, ("sys/class/dmi/id/product_name", "m7i.large\n")]), "machine amazon");
        assert_eq!(hint(&[ec2, ("sys/class/dmi/id/product_name", "m7i.metal-24xl\n")]), "none");
        let microsoft = ("sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n");
        assert_eq!(hint(&[microsoft, ("sys/class/dmi/id/product_name", "Surface Laptop\n")]), "none");
        assert_eq!(hint(&[microsoft, ("sys/class/dmi/id/product_name", "Virtual Machine\n")]), "machine microsoft");
        assert_eq!(hint(&[("proc/cpuinfo", "processor: 0\nflags\t\t: fpu hypervisor lahf_lm\n")]), "machine vm-other");
        assert_eq!(hint(&[("proc/cpuinfo", "model name: hypervisor\nflags\t\t: fpu\n")]), "none");
        assert_eq!(hint(&[("sys/hypervisor/type", "xen\n")]), "machine xen");
        assert_eq!(hint(&[("sys/hypervisor/type", "xen\n"), ("proc/xen/capabilities", "control_d\n")]), "none");
    }

    #[test]
    fn oversized_files_say_nothing() {
        let padded =
            |text: &str, limit: ByteLimit| format!("{text}{}", "\n".repeat(usize::try_from(limit.get()).unwrap()));
        assert_eq!(hint(&[("run/systemd/container", &padded("lxc", LINE_LIMIT))]), "none");
        assert_eq!(hint(&[("proc/1/environ", &padded("container=lxc\0", ENVIRONMENT_LIMIT))]), "none");
        assert_eq!(hint(&[("proc/cpuinfo", &padded("flags: hypervisor\n", CPUINFO_LIMIT))]), "none");
    }

    #[test]
    fn what_says_nothing_sound_is_passed_over() {
        let denied = MemoryHost::new().live().denied("proc/1/environ").denied("proc/cpuinfo");
        assert_eq!(read(&denied), Virtualization::None);
        assert_eq!(hint(&[("run/systemd/container", "\x1b[2J")]), "none");
        assert_eq!(sound_name(&"x".repeat(NAME_CHARS_MAX)).map(|name| name.len()), Some(NAME_CHARS_MAX));
        assert_eq!(sound_name(&"x".repeat(NAME_CHARS_MAX + 1)), None);
        let wsl = Uname { release: "5.15.167.4-microsoft-standard-WSL2".into(), ..Uname::default() };
        assert_eq!(read(&MemoryHost::new().live().running(wsl)), Virtualization::Container("wsl".into()));
    }
}
