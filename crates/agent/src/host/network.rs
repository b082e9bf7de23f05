//! The network interfaces of the live machine, by the files that the kernel shows.
//!
//! IPv6 addresses stand beside their interface in `proc/net/if_inet6`. IPv4 addresses stand in `proc/net/fib_trie`
//! without one, and belong to the interface whose net in `proc/net/route` they are in.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use yagura_probe::{ByteLimit, Host};
use yagura_wire::NetworkInterface;
use yagura_wire::bounds::INTERFACES_MAX;

/// Machines with many containers have long tables.
const TABLE_LIMIT: ByteLimit = ByteLimit::mib(4);
/// One hardware address.
const LINE_LIMIT: ByteLimit = ByteLimit::kib(4);
/// Names below `sys/class/net`.
const NAMES_MAX: usize = 10_000;
/// Addresses of one interface.
const ADDRESSES_MAX: usize = 100;
/// The kernel's IFNAMSIZ is 16.
const NAME_BYTES_MAX: usize = 16;

/// Lists the interfaces by name; none for a directory tree, which has no network.
pub(super) fn interfaces(host: &dyn Host) -> Vec<NetworkInterface> {
    if !host.is_live() {
        return Vec::new();
    }
    let names = host.list("sys/class/net", NAMES_MAX).ok().flatten().unwrap_or_default();
    let names = names.into_iter().map(|entry| entry.name).filter(|name| is_name(name)).take(INTERFACES_MAX);
    let mut interfaces: Vec<NetworkInterface> = names
        .map(|name| NetworkInterface { mac_address: hardware_address(host, &name), name, addresses: Vec::new() })
        .collect();
    let nets = nets(&table(host, "proc/net/route"));
    for address in ipv4_addresses(&table(host, "proc/net/fib_trie")) {
        if let Some(net) = nets.iter().find(|net| net.has(address)) {
            add(&mut interfaces, &net.interface, address.to_string());
        }
    }
    for (interface, address) in ipv6_addresses(&table(host, "proc/net/if_inet6")) {
        add(&mut interfaces, &interface, address.to_string());
    }
    interfaces
}

/// Tells whether a piece of hardware, real or virtual, is behind an interface.
pub(super) fn is_device(host: &dyn Host, name: &str) -> bool {
    matches!(host.metadata(&format!("sys/class/net/{name}/device")), Ok(Some(_)))
}

fn add(interfaces: &mut [NetworkInterface], name: &str, address: String) {
    let interface = interfaces.iter_mut().find(|interface| interface.name == name);
    if let Some(interface) = interface.filter(|interface| interface.addresses.len() < ADDRESSES_MAX) {
        interface.addresses.push(address);
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() < NAME_BYTES_MAX && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn table(host: &dyn Host, path: &str) -> String {
    let bytes = host.read(path, TABLE_LIMIT).ok().flatten().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Loopback and tunnels show zeros or nothing.
fn hardware_address(host: &dyn Host, name: &str) -> Option<String> {
    let bytes = host.read(&format!("sys/class/net/{name}/address"), LINE_LIMIT).ok()??;
    let text = String::from_utf8_lossy(&bytes).trim().to_ascii_lowercase();
    let is_address = text.len() == 17 && text.split(':').all(|part| u8::from_str_radix(part, 16).is_ok());
    (is_address && text != "00:00:00:00:00:00").then_some(text)
}

struct Net {
    interface: String,
    net: u32,
    mask: u32,
}

impl Net {
    fn has(&self, address: Ipv4Addr) -> bool {
        u32::from(address) & self.mask == self.net
    }
}

/// Reads the nets that are reached without a gateway, the narrowest first.
fn nets(table: &str) -> Vec<Net> {
    let mut nets: Vec<Net> = table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let interface = fields.next()?.to_owned();
            // The table shows numbers as they lie in memory.
            let number = |field: &str| u32::from_str_radix(field, 16).ok().map(u32::from_be);
            let (net, gateway, mask) = (number(fields.next()?)?, number(fields.next()?)?, number(fields.nth(4)?)?);
            (gateway == 0 && mask != 0).then_some(Net { interface, net, mask })
        })
        .collect();
    nets.sort_by_key(|net| u32::MAX - net.mask);
    nets
}

/// Reads the addresses of this machine: those that stand before `/32 host LOCAL`.
fn ipv4_addresses(table: &str) -> BTreeSet<Ipv4Addr> {
    let mut last = None;
    let mut found = BTreeSet::new();
    for line in table.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse::<Ipv4Addr>().ok();
        } else if line == "/32 host LOCAL" {
            found.extend(last.filter(|address| !address.is_loopback()));
        }
    }
    found
}

fn ipv6_addresses(table: &str) -> Vec<(String, Ipv6Addr)> {
    let row = |line: &str| {
        let mut fields = line.split_whitespace();
        let address = u128::from_str_radix(fields.next()?, 16).ok()?;
        Some((fields.nth(4)?.to_owned(), Ipv6Addr::from(address)))
    };
    table.lines().filter_map(row).filter(|(_, address)| !address.is_loopback()).collect()
}

#[cfg(test)]
mod tests {
    use yagura_probe::{MemoryHost, RootedHost};

    use super::*;

    #[test]
    fn addresses_find_their_interface() {
        let host = MemoryHost::new()
            .live()
            .file("sys/class/net/docker0/address", "02:42:AC:11:00:01\n")
            .file("sys/class/net/eth0/address", "52:54:00:12:34:56\n")
            .file("sys/class/net/lo/address", "00:00:00:00:00:00\n")
            .file("sys/class/net/a name that the kernel never gives/address", "")
            .file(
                "proc/net/route",
                "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
                 eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                 docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n\
                 eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\nbroken\n",
            )
            .file(
                "proc/net/fib_trie",
                "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 172.17.0.1\n        \
                 /32 host LOCAL\n     |-- 192.0.2.0\n        /24 link UNICAST\n     |-- 192.0.2.2\n        /32 host LOCAL\n",
            )
            .file(
                "proc/net/if_inet6",
                "00000000000000000000000000000001 01 80 10 80       lo\n\
                 20010db8000000000000000000000002 02 40 00 80     eth0\nbroken\n",
            );
        let shown: Vec<String> = interfaces(&host)
            .into_iter()
            .map(|it| format!("{} {:?} {}", it.name, it.mac_address, it.addresses.join(" ")))
            .collect();
        assert_eq!(
            shown,
            [
                "docker0 Some(\"02:42:ac:11:00:01\") 172.17.0.1",
                "eth0 Some(\"52:54:00:12:34:56\") 192.0.2.2 2001:db8::2",
                "lo None ",
            ]
        );
    }

    #[test]
    fn a_tree_has_no_network_and_this_machine_is_survived() {
        assert!(interfaces(&MemoryHost::new().file("sys/class/net/eth0/address", "")).is_empty());
        assert!(interfaces(&RootedHost::live().unwrap()).len() <= INTERFACES_MAX);
    }
}
