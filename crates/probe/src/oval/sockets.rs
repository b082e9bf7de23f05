//! `inetlisteningservers`: the sockets of TCP and UDP, with who holds them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::HashMap;

use yagura_scap::{Collected, Field, ITEMS_MAX, Item, Object};

use super::environment::running;
use super::selected;
use crate::host::{ByteLimit, FileKind, Host};

/// A line of 150 bytes for each of some hundred thousand connections.
const TABLE_LIMIT: ByteLimit = ByteLimit::mib(128);
const SMALL_LIMIT: ByteLimit = ByteLimit::kib(64);
/// Descriptors that one process may have open.
const DESCRIPTORS_MAX: usize = 1_100_000;

const TABLES: [(&str, &str); 6] = [
    ("tcp", "proc/net/tcp"),
    ("tcp", "proc/net/tcp6"),
    ("udp", "proc/net/udp"),
    ("udp", "proc/net/udp6"),
    ("raw", "proc/net/raw"),
    ("raw", "proc/net/raw6"),
];

/// Collects sockets: as in the reference, connections that are open too.
pub(super) fn collect(host: &dyn Host, object: &Object) -> Collected {
    if !host.is_live() {
        return Collected::not_applicable("no server listens in a directory tree");
    }
    let mut sockets = Vec::new();
    for (protocol, path) in TABLES {
        match host.read(path, TABLE_LIMIT) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned();
                sockets.extend(text.lines().skip(1).filter_map(|line| Socket::parse(protocol, line)));
            }
            Err(error) => return Collected::error(error.to_string()),
        }
        if sockets.len() > ITEMS_MAX {
            return Collected::error("there are more sockets than one object may have");
        }
    }
    // Looking into every process is the costly part.
    let wanted = |socket: &Socket| {
        let test = |field: Field, text: &str| object.entity(field).is_none_or(|entity| entity.accepts(text));
        test(Field::Protocol, socket.protocol)
            && test(Field::LocalAddress, &socket.local.0.to_string())
            && object
                .entity(Field::LocalPort)
                .is_none_or(|entity| entity.test_value(&i64::from(socket.local.1).into()) == yagura_scap::Truth::True)
    };
    sockets.retain(wanted);
    if sockets.is_empty() {
        return Collected::does_not_exist();
    }
    let holders = holders(host);
    selected(sockets.iter().map(|socket| socket.item(holders.get(&socket.inode))), object)
}

struct Socket {
    protocol: &'static str,
    local: (IpAddr, u16),
    foreign: (IpAddr, u16),
    uid: u32,
    inode: u64,
}

impl Socket {
    /// `0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   105        0 21035 1 …`
    fn parse(protocol: &'static str, line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        Some(Self {
            protocol,
            local: address(fields.get(1)?)?,
            foreign: address(fields.get(2)?)?,
            uid: fields.get(7)?.parse().ok()?,
            inode: fields.get(9)?.parse().ok()?,
        })
    }

    fn item(&self, holder: Option<&(i64, String)>) -> Item {
        let full = |(address, port): (IpAddr, u16)| format!("{address}:{port}");
        let mut item = Item::new()
            .with(Field::Protocol, self.protocol)
            .with(Field::LocalAddress, self.local.0.to_string())
            .with(Field::LocalPort, i64::from(self.local.1))
            .with(Field::LocalFullAddress, full(self.local));
        if let Some((_, program)) = holder {
            item.push(Field::ProgramName, program.as_str());
        }
        item.push(Field::ForeignAddress, self.foreign.0.to_string());
        item.push(Field::ForeignPort, i64::from(self.foreign.1));
        item.push(Field::ForeignFullAddress, full(self.foreign));
        if let Some((pid, _)) = holder {
            item.push(Field::Pid, *pid);
            item.push(Field::UserId, self.uid);
        }
        item
    }
}

/// The kernel writes addresses in words of the machine's own order.
fn address(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |index: usize| -> Option<[u8; 4]> {
        let digits = address.get(index * 8..index * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?].concat();
            IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(words).ok()?))
        }
        _ => return None,
    };
    Some((address, port))
}

/// Which process holds the socket of an inode.
fn holders(host: &dyn Host) -> HashMap<u64, (i64, String)> {
    let mut found = HashMap::new();
    for pid in running(host) {
        let folder = format!("proc/{pid}/fd");
        let Ok(Some(entries)) = host.list(&folder, DESCRIPTORS_MAX) else { continue };
        let mut name = None;
        for entry in entries.iter().filter(|entry| entry.kind == FileKind::Symlink) {
            let target = host.read_link(&format!("{folder}/{}", entry.name)).ok().flatten().unwrap_or_default();
            let inode = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
            if let Some(inode) = inode.and_then(|digits| digits.parse().ok()) {
                let name: &String = name.get_or_insert_with(|| program(host, pid));
                found.insert(inode, (pid, name.clone()));
            }
        }
    }
    found
}

fn program(host: &dyn Host, pid: i64) -> String {
    let bytes = host.read(&format!("proc/{pid}/comm"), SMALL_LIMIT).ok().flatten().unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{compared, entity, flags, object};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Flag, Kind, Operation};

    const HEAD: &str = "  sl  local_address rem_address   st\n";

    #[test]
    fn sockets_have_holders() {
        let host = MemoryHost::new()
            .live()
            .file("proc/net/tcp", format!("{HEAD}   0: 0100007F:0019 00000000:0000 0A 0:0 0:0 0 105 0 21035 1 x\n   1: 00000000:0019 00000000:0000 0A 0:0 0:0 0 0 0 21036 1 x\n"))
            .file("proc/net/tcp6", format!("{HEAD}   0: 00000000000000000000000001000000:0019 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 0 1 x\nbroken\n"))
            .file("proc/5/comm", "master\n")
            .link("proc/5/fd/3", "socket:[21036]");
        let outside = |port: &str| {
            object(
                Kind::InetListeningServers,
                vec![
                    entity(Field::Protocol, "tcp"),
                    compared(Field::LocalAddress, Operation::NotEqual, "127.0.0.1"),
                    entity(Field::LocalPort, port),
                ],
            )
        };
        let found = collect(&host, &outside("25"));
        let addresses: Vec<String> =
            found.items.iter().map(|item| item.value(Field::LocalFullAddress).unwrap().to_string()).collect();
        assert_eq!(addresses, ["0.0.0.0:25", "::1:25"]);
        assert_eq!(found.items[0].value(Field::ProgramName).unwrap().to_string(), "master");
        assert_eq!(found.items[1].value(Field::ProgramName), None);
        assert_eq!(flags(&host, &outside("465")), (Flag::DoesNotExist, 0));
        assert_eq!(flags(&MemoryHost::new(), &outside("25")), (Flag::NotApplicable, 0));
    }
}
