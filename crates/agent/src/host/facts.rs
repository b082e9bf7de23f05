//! Who the host is, for the server's list of agents.

use yagura_model::Virtualization;
use yagura_probe::{ByteLimit, Host, identity, kernel, os_release};
use yagura_wire::bounds::{ADDRESSES_MAX, TEXT_BYTES_MAX};
use yagura_wire::{AgentFacts, ReleaseFacts, sha256_hex};

use super::network;

/// These files hold one line.
const LINE_LIMIT: ByteLimit = ByteLimit::kib(4);

/// Reads the facts. What cannot be read is left out; the snapshot says what is missing and why.
pub(super) fn read(host: &dyn Host) -> AgentFacts {
    let mut problems = Vec::new();
    let identity = identity::read(host, None, &mut problems);
    let release = os_release::read(host, &mut problems);
    let kernel = kernel::read(host, &mut problems);
    let interfaces = network::interfaces(host);
    let addresses = || interfaces.iter().flat_map(|interface| &interface.addresses).filter(|it| is_told(it));
    let short = |text: &str| tamed(text);
    AgentFacts {
        fingerprint: fingerprint(host, identity.machine_id.as_deref(), &interfaces),
        boot_id: host.is_live().then(|| line(host, "proc/sys/kernel/random/boot_id")).flatten(),
        hostname: short(&identity.name),
        machine_id: identity.machine_id,
        operating_system: release.as_ref().map(|release| short(&release.pretty_name)).unwrap_or_default(),
        release: release.map(|release| ReleaseFacts {
            distribution: short(&release.distribution),
            version: release.version.as_deref().map(short),
            codename: release.codename.as_deref().map(short),
        }),
        kernel_version: kernel.running.as_deref().map(short).unwrap_or_default(),
        architecture: identity.architecture.as_deref().map(architecture).unwrap_or_default(),
        ipv4_addresses: addresses().filter(|address| !address.contains(':')).take(ADDRESSES_MAX).cloned().collect(),
        ipv6_addresses: addresses().filter(|address| address.contains(':')).take(ADDRESSES_MAX).cloned().collect(),
        virtualization: virtualization(&identity.virtualization),
    }
}

/// Loopback and link-local addresses are the same on every host.
fn is_told(address: &str) -> bool {
    match address.parse() {
        Ok(std::net::IpAddr::V4(v4)) => !v4.is_loopback() && !v4.is_link_local(),
        Ok(std::net::IpAddr::V6(v6)) => !v6.is_loopback() && !v6.is_unicast_link_local(),
        Err(_) => false,
    }
}

/// Tells a clone from the original: its machine id may be copied, its hardware is not. A tree has no hardware, and is
/// told by where it lies.
fn fingerprint(host: &dyn Host, machine_id: Option<&str>, interfaces: &[yagura_wire::NetworkInterface]) -> String {
    let uuid = host.is_live().then(|| line(host, "sys/class/dmi/id/product_uuid")).flatten();
    // Bridges and tunnels get another address with every boot; a device keeps its own.
    let mut devices = interfaces.iter().filter(|interface| network::is_device(host, &interface.name));
    let mac = devices.find_map(|interface| interface.mac_address.clone());
    let place = host.root_path();
    let parts = [machine_id.map(str::to_owned), uuid, mac, place];
    // Each part is followed by a line feed, so that no two sets of parts look the same.
    let text: String = parts.iter().map(|part| format!("{}\n", part.as_deref().unwrap_or_default())).collect();
    sha256_hex(text.as_bytes())
}

fn line(host: &dyn Host, path: &str) -> Option<String> {
    let bytes = host.read(path, LINE_LIMIT).ok()??;
    let text = tamed(String::from_utf8_lossy(&bytes).trim());
    Some(text).filter(|text| !text.is_empty())
}

/// Shortens a text of the host to what a message may hold.
fn tamed(text: &str) -> String {
    let mut text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    text
}

/// Without a package database the probe gives the kernel's word; the server compares dpkg's.
fn architecture(word: &str) -> String {
    match word {
        "x86_64" => "amd64".to_owned(),
        "aarch64" => "arm64".to_owned(),
        word => tamed(word),
    }
}

fn virtualization(found: &Virtualization) -> String {
    match found {
        Virtualization::None => "none".to_owned(),
        Virtualization::Machine(name) => tamed(&format!("machine:{name}")),
        Virtualization::Container(name) => tamed(&format!("container:{name}")),
        Virtualization::Tree => "tree".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use yagura_probe::{MemoryHost, RootedHost, Uname};

    use super::*;

    fn machine(mac: &str) -> MemoryHost {
        let uname = Uname {
            nodename: "tower".into(),
            release: "6.1.0-28-amd64".into(),
            machine: "x86_64".into(),
            ..Uname::default()
        };
        MemoryHost::new()
            .live()
            .running(uname)
            .file("etc/machine-id", "0123456789abcdef0123456789abcdef\n")
            .file("etc/os-release", "ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n")
            .file("sys/class/net/eth0/address", format!("{mac}\n"))
            .file("sys/class/net/eth0/device/vendor", "0x1af4\n")
            .file("sys/class/net/docker0/address", "02:42:ac:11:00:01\n")
            .file("sys/class/net/lo/address", "00:00:00:00:00:00\n")
            .file("proc/sys/kernel/random/boot_id", "00000000-1111-2222-3333-444444444444\n")
    }

    #[test]
    fn a_host_says_who_it_is() {
        let facts = read(&machine("52:54:00:00:00:01"));
        facts.validate_at("facts").unwrap();
        assert_eq!((facts.hostname.as_str(), facts.architecture.as_str()), ("tower", "amd64"));
        assert_eq!(facts.operating_system, "Debian GNU/Linux 12 (bookworm)");
        assert_eq!(facts.release.unwrap().version.as_deref(), Some("12"));
        assert_eq!(facts.kernel_version, "6.1.0-28-amd64");
        assert_eq!(facts.boot_id.as_deref(), Some("00000000-1111-2222-3333-444444444444"));
        assert_eq!(facts.virtualization, "none");
    }

    #[test]
    fn a_clone_has_another_fingerprint_and_a_reboot_has_not() {
        let original = read(&machine("52:54:00:00:00:01"));
        let rebooted = machine("52:54:00:00:00:01")
            .file("proc/sys/kernel/random/boot_id", "5\n")
            .file("sys/class/net/docker0/address", "02:42:ac:11:99:99\n");
        let rebooted = read(&rebooted);
        let clone = read(&machine("52:54:00:00:00:02"));
        assert_eq!(original.fingerprint, rebooted.fingerprint);
        assert_ne!(original.fingerprint, clone.fingerprint);
    }

    #[test]
    fn trees_are_told_apart_by_where_they_lie() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let facts = |path: &std::path::Path| read(&RootedHost::open(path).unwrap());
        let facts_of_one = facts(one.path());
        facts_of_one.validate_at("facts").unwrap();
        assert_eq!(facts_of_one.virtualization, "tree");
        assert_ne!(facts_of_one.fingerprint, facts(two.path()).fingerprint);
        assert!(facts_of_one.ipv4_addresses.is_empty() && facts_of_one.boot_id.is_none());
    }

    #[test]
    fn odd_texts_still_make_a_message() {
        let os_release = format!("ID=debian\nPRETTY_NAME=\"\u{1b}[31m{}\"\n", "x".repeat(2000));
        read(&MemoryHost::new().file("etc/os-release", os_release)).validate_at("facts").unwrap();
        read(&MemoryHost::new()).validate_at("facts").unwrap();
        read(&RootedHost::live().unwrap()).validate_at("facts").unwrap();
    }
}
