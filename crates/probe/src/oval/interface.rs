//! `interface`: network interfaces, an item for each address.

use core::net::{Ipv4Addr, Ipv6Addr};

use yagura_scap::{Collected, Field, Item, Object};

use super::selected;
use crate::host::{ByteLimit, Host};

const FOLDER: &str = "sys/class/net";
const INTERFACES_MAX: usize = 100_000;
const SMALL_LIMIT: ByteLimit = ByteLimit::kib(64);
const TABLE_LIMIT: ByteLimit = ByteLimit::mib(64);

/// The flags by their bit, in the order in which the reference names them.
const FLAGS: [(u32, &str); 12] = [
    (0x1, "UP"),
    (0x2, "BROADCAST"),
    (0x4, "DEBUG"),
    (0x8, "LOOPBACK"),
    (0x10, "POINTOPOINT"),
    (0x20, "NOTRAILERS"),
    (0x40, "RUNNING"),
    (0x80, "NOARP"),
    (0x100, "PROMISC"),
    (0x200, "ALLMULTI"),
    (0x400, "MASTER"),
    (0x1000, "MULTICAST"),
];
const UP: u32 = 0x1;
const BROADCAST: u32 = 0x2;
const RUNNING: u32 = 0x40;

/// Collects interfaces. Their IPv4 addresses are those of the kernel's table of local routes that
/// lie in a network which another route gives to the interface.
pub(super) fn collect(host: &dyn Host, object: &Object) -> Collected {
    if !host.is_live() {
        return Collected::not_applicable("no interface is up in a directory tree");
    }
    let entries = match host.list(FOLDER, INTERFACES_MAX) {
        Ok(entries) => entries.unwrap_or_default(),
        Err(error) => return Collected::error(error.to_string()),
    };
    let addresses = Addresses::read(host);
    let items = entries.iter().flat_map(|entry| interface(host, &entry.name, &addresses));
    selected(items.collect::<Vec<_>>(), object)
}

struct Addresses {
    /// Interface, network, mask.
    networks: Vec<(String, Ipv4Addr, Ipv4Addr)>,
    own: Vec<Ipv4Addr>,
    /// Interface, address, length of the prefix.
    six: Vec<(String, Ipv6Addr, u32)>,
}

impl Addresses {
    fn read(host: &dyn Host) -> Self {
        let text = |path: &str| {
            let bytes = host.read(path, TABLE_LIMIT).ok().flatten().unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let networks = text("proc/net/route").lines().skip(1).filter_map(route).collect();
        let mut own = local_addresses(&text("proc/net/fib_trie"));
        own.sort_unstable();
        own.dedup();
        let six = text("proc/net/if_inet6").lines().filter_map(address_six).collect();
        Self { networks, own, six }
    }

    fn four(&self, name: &str) -> Vec<(Ipv4Addr, Ipv4Addr)> {
        let inside = |address: Ipv4Addr, network: Ipv4Addr, mask: Ipv4Addr| {
            u32::from(address) & u32::from(mask) == u32::from(network)
        };
        if name == "lo" {
            let own = self.own.iter().filter(|address| address.is_loopback());
            return own.map(|address| (*address, Ipv4Addr::new(255, 0, 0, 0))).collect();
        }
        let mut found = Vec::new();
        for (_, network, mask) in
            self.networks.iter().filter(|(device, _, mask)| device == name && !mask.is_unspecified())
        {
            for address in self.own.iter().filter(|address| inside(**address, *network, *mask)) {
                if !found.iter().any(|(known, _)| known == address) {
                    found.push((*address, *mask));
                }
            }
        }
        found
    }
}

/// A line: interface, network, gateway, flags, two counters, metric, mask, and three numbers more.
fn route(line: &str) -> Option<(String, Ipv4Addr, Ipv4Addr)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let word = |index: usize| -> Option<Ipv4Addr> {
        Some(Ipv4Addr::from(u32::from_str_radix(fields.get(index)?, 16).ok()?.to_ne_bytes()))
    };
    Some(((*fields.first()?).to_owned(), word(1)?, word(7)?))
}

/// Leaves of the trie that are marked as the host's own.
fn local_addresses(text: &str) -> Vec<Ipv4Addr> {
    let mut leaf: Option<Ipv4Addr> = None;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            leaf = address.parse().ok();
        } else if line.starts_with("/32 host LOCAL") {
            found.extend(leaf);
        }
    }
    found
}

/// `fe80000000000000 00fc00fffe000001 02 40 20 80 eth0`, the first two words being one.
fn address_six(line: &str) -> Option<(String, Ipv6Addr, u32)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let address = u128::from_str_radix(fields.first()?, 16).ok()?;
    let prefix = u32::from_str_radix(fields.get(2)?, 16).ok()?;
    Some(((*fields.get(5)?).to_owned(), Ipv6Addr::from(address), prefix))
}

fn interface(host: &dyn Host, name: &str, addresses: &Addresses) -> Vec<Item> {
    let read = |file: &str| -> Option<String> {
        let bytes = host.read(&format!("{FOLDER}/{name}/{file}"), SMALL_LIMIT).ok().flatten()?;
        Some(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    let mut flags =
        read("flags").and_then(|text| u32::from_str_radix(text.trim_start_matches("0x"), 16).ok()).unwrap_or(0);
    // The file has the flags that were set; whether it runs is told apart from them.
    if flags & UP != 0 && read("operstate").is_some_and(|state| matches!(state.as_str(), "up" | "unknown")) {
        flags |= RUNNING;
    }
    let kind = read("type").and_then(|text| text.parse().ok()).unwrap_or(0);
    let base = || {
        let mut item = Item::new().with(Field::Name, name);
        if let Some(kind) = hardware(kind) {
            item.push(Field::Type, kind);
        }
        if let Some(address) = read("address").filter(|address| !address.is_empty()) {
            item.push(Field::HardwareAddr, address.to_ascii_uppercase());
        }
        item
    };
    let finish = |mut item: Item| {
        for (_, flag) in FLAGS.iter().filter(|(bit, _)| flags & bit != 0) {
            item.push(Field::Flag, *flag);
        }
        item
    };
    let four = addresses.four(name).into_iter().map(|(address, mask)| {
        let broadcast = match flags & BROADCAST {
            0 => String::new(),
            _ => Ipv4Addr::from(u32::from(address) | !u32::from(mask)).to_string(),
        };
        let item = base().with(Field::InetAddr, address.to_string());
        finish(item.with(Field::BroadcastAddr, broadcast).with(Field::Netmask, mask.to_string()))
    });
    let six = addresses.six.iter().filter(|(device, ..)| device == name).map(|(_, address, prefix)| {
        let item = base().with(Field::InetAddr, format!("{address}/{prefix}"));
        finish(item.with(Field::BroadcastAddr, "").with(Field::Netmask, ""))
    });
    // One without an address is none to the reference, which asks for addresses.
    four.chain(six).collect()
}

const fn hardware(kind: u32) -> Option<&'static str> {
    match kind {
        1 => Some("ARPHRD_ETHER"),
        32 => Some("ARPHRD_INFINIBAND"),
        512 => Some("ARPHRD_PPP"),
        768 => Some("ARPHRD_TUNNEL"),
        769 => Some("ARPHRD_TUNNEL6"),
        772 => Some("ARPHRD_LOOPBACK"),
        776 => Some("ARPHRD_SIT"),
        778 => Some("ARPHRD_IPGRE"),
        801 => Some("ARPHRD_IEEE80211"),
        802 => Some("ARPHRD_IEEE80211_PRISM"),
        803 => Some("ARPHRD_IEEE80211_RADIOTAP"),
        65534 => Some("ARPHRD_NONE"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entity, flags as ending, object};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Flag, Kind};

    #[test]
    fn an_item_for_each_address() {
        let host = MemoryHost::new()
            .live()
            .file("sys/class/net/eth0/flags", "0x1103\n")
            .file("sys/class/net/eth0/operstate", "up\n")
            .file("sys/class/net/eth0/type", "1\n")
            .file("sys/class/net/eth0/address", "02:fc:00:00:00:01\n")
            .file("sys/class/net/wlan0/flags", "0x1002\n")
            .file("proc/net/if_inet6", "fe8000000000000000fc00fffe000001 02 40 20 80     eth0\n")
            .file("proc/net/route", "Iface\tDestination\nbroken\n")
            .file(
                "proc/net/fib_trie",
                "Local:\n  |-- 127.0.0.1\n     /32 host LOCAL\n  |-- 10.0.0.0\n     /24 link UNICAST\n",
            );
        let eth0 = collect(&host, &object(Kind::Interface, vec![entity(Field::Name, "eth0")]));
        assert_eq!(eth0.items.len(), 1);
        let item = &eth0.items[0];
        assert_eq!(item.value(Field::InetAddr).unwrap().to_string(), "fe80::fc:ff:fe00:1/64");
        let flags: Vec<String> =
            item.entries.iter().filter(|e| e.field == Field::Flag).map(|e| e.value.to_string()).collect();
        assert_eq!(flags, ["UP", "BROADCAST", "RUNNING", "PROMISC", "MULTICAST"]);
        assert_eq!(
            ending(&host, &object(Kind::Interface, vec![entity(Field::Name, "wlan0")])),
            (Flag::DoesNotExist, 0)
        );
        assert_eq!(ending(&MemoryHost::new(), &object(Kind::Interface, Vec::new())), (Flag::NotApplicable, 0));
    }

    #[test]
    fn addresses_belong_to_the_interface_of_their_network() {
        let trie = local_addresses("  |-- 192.0.2.2\n     /32 host LOCAL\n  |-- 127.0.0.1\n     /32 host LOCAL\n");
        let network = u32::from_ne_bytes([192, 0, 2, 0]);
        let mask = u32::from_ne_bytes([255, 255, 255, 0]);
        let networks = route(&format!("eth0 {network:08X} 0 1 0 0 0 {mask:08X} 0")).into_iter().collect();
        let addresses = Addresses { networks, own: trie, six: Vec::new() };
        assert_eq!(addresses.four("eth0"), [(Ipv4Addr::new(192, 0, 2, 2), Ipv4Addr::new(255, 255, 255, 0))]);
        assert_eq!(addresses.four("lo").len(), 1);
        assert!(addresses.four("eth1").is_empty());
    }
}
