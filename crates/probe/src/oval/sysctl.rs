//! `sysctl`: the kernel's settings below `/proc/sys`.

use std::cell::OnceCell;

use yagura_scap::{Collected, Field, Item, Object};

use super::selected;
use crate::host::{ByteLimit, FileKind, Host};

const ROOT: &str = "proc/sys";
/// A setting is a line or two.
const VALUE_LIMIT: ByteLimit = ByteLimit::kib(256);
/// A host with a thousand interfaces has a hundred thousand settings.
const SETTINGS_MAX: usize = 1_000_000;
const ENTRIES_MAX: usize = 100_000;
/// Folders inside one another.
const DEPTH_MAX: usize = 12;

/// The settings that the kernel has, listed when the first object needs them.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Name and path.
    all: OnceCell<Vec<(String, String)>>,
}

impl Names {
    /// Collects settings.
    pub(super) fn collect(&self, host: &dyn Host, object: &Object) -> Collected {
        let Some(name) = object.entity(Field::Name) else {
            return Collected::error("the object has no name");
        };
        if let Some(literals) = name.literals() {
            let direct: Vec<Item> = literals.iter().filter_map(|name| direct(host, name)).collect();
            if !direct.is_empty() {
                return selected(direct, object);
            }
            // An interface may have a dot in its name.
            if literals.iter().all(|name| name.split('.').count() < 5) {
                return Collected::does_not_exist();
            }
        }
        let all = self.all.get_or_init(|| {
            let mut found = Vec::new();
            walk(host, ROOT, "", DEPTH_MAX, &mut found);
            found
        });
        let wanted = all.iter().filter(|(candidate, _)| name.accepts(candidate));
        selected(wanted.filter_map(|(name, path)| read(host, name, path)), object)
    }
}

/// Reads a setting where its name says that it is.
fn direct(host: &dyn Host, name: &str) -> Option<Item> {
    let sound = !name.is_empty() && !name.contains('/') && name.split('.').all(|part| !part.is_empty());
    if sound { read(host, name, &format!("{ROOT}/{}", name.replace('.', "/"))) } else { None }
}

/// What cannot be read (some are for writing only), and what is empty, is left out.
fn read(host: &dyn Host, name: &str, path: &str) -> Option<Item> {
    let bytes = host.read(path, VALUE_LIMIT).ok().flatten()?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_end_matches('\n');
    if text.is_empty() {
        return None;
    }
    let mut item = Item::new().with(Field::Name, name);
    for line in text.split('\n') {
        item.push(Field::Value, line);
    }
    Some(item)
}

fn walk(host: &dyn Host, path: &str, name: &str, depth: usize, found: &mut Vec<(String, String)>) {
    for entry in host.list(path, ENTRIES_MAX).ok().flatten().unwrap_or_default() {
        if found.len() >= SETTINGS_MAX {
            return;
        }
        let below = format!("{path}/{}", entry.name);
        let full = if name.is_empty() { entry.name } else { format!("{name}.{}", entry.name) };
        match entry.kind {
            FileKind::Directory if depth > 0 => walk(host, &below, &full, depth - 1, found),
            FileKind::File => found.push((full, below)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entity, object, pattern_entity};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Flag, Kind};

    #[test]
    fn lines_are_values_and_dots_may_be_in_names() {
        let host = MemoryHost::new()
            .file("proc/sys/kernel/printk", "4\t4\t1\t7\n")
            .file("proc/sys/net/ipv4/conf/eth0.100/forwarding", "1\n")
            .file("proc/sys/net/ipv4/conf/lo/forwarding", "0\n")
            .file("proc/sys/dev/two", "a\nb\n")
            .file("proc/sys/dev/empty", "\n")
            .denied("proc/sys/net/ipv4/route/flush");
        let names = Names::default();
        let get = |entity| names.collect(&host, &object(Kind::Sysctl, vec![entity]));
        let values = |collected: Collected| -> Vec<String> {
            collected
                .items
                .iter()
                .flat_map(|item| &item.entries)
                .filter(|e| e.field == Field::Value)
                .map(|e| e.value.to_string())
                .collect()
        };
        assert_eq!(values(get(entity(Field::Name, "kernel.printk"))), ["4\t4\t1\t7"]);
        assert_eq!(values(get(entity(Field::Name, "dev.two"))), ["a", "b"]);
        assert_eq!(values(get(entity(Field::Name, "net.ipv4.conf.eth0.100.forwarding"))), ["1"]);
        assert_eq!(values(get(pattern_entity(Field::Name, r"^net\.ipv4\.conf\..*\.forwarding$"))), ["1", "0"]);
        for name in ["dev.empty", "net.ipv4.route.flush", "kernel.nope", "..", "kernel/printk", ""] {
            assert_eq!(get(entity(Field::Name, name)).flag, Flag::DoesNotExist, "{name}");
        }
    }
}
