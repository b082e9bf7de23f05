//! `partition`: what is mounted now.

use yagura_scap::{Collected, Field, Item, Object};

use super::listing::below_root;
use super::selected;
use crate::host::{ByteLimit, Host};

const MOUNTS_PATH: &str = "proc/self/mounts";
const MOUNTS_LIMIT: ByteLimit = ByteLimit::mib(16);
const UUIDS_PATH: &str = "dev/disk/by-uuid";
const UUIDS_MAX: usize = 10_000;

/// Collects mounts. A directory tree has none, unless its own `/proc` is a real one.
pub(super) fn collect(host: &dyn Host, object: &Object) -> Collected {
    let Ok(Some(bytes)) = host.read(MOUNTS_PATH, MOUNTS_LIMIT) else {
        return Collected::does_not_exist();
    };
    let text = String::from_utf8_lossy(&bytes);
    let wanted = object.entity(Field::MountPoint);
    let mut items = Vec::new();
    for line in text.lines() {
        let mut words = line.split(' ').map(super::mounts::unescape);
        let (Some(device), Some(point), Some(fs_type), Some(options)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        if fs_type == "rootfs" || wanted.is_some_and(|entity| !entity.accepts(&point)) {
            continue;
        }
        items.push(item(host, &device, &point, &fs_type, &options));
        // The reference looks no further for a name that it was told.
        if wanted.is_some_and(|entity| entity.literals().is_some_and(|literals| literals.len() == 1)) {
            break;
        }
    }
    selected(items, object)
}

fn item(host: &dyn Host, device: &str, point: &str, fs_type: &str, options: &str) -> Item {
    let mut item = Item::new().with(Field::MountPoint, point).with(Field::Device, device);
    match uuid(host, device) {
        Some(uuid) => item.push(Field::Uuid, uuid),
        None => item.push_absent(Field::Uuid),
    }
    item.push(Field::FsType, fs_type);
    let mut is_relatime = false;
    for option in options.split(',') {
        is_relatime |= option == "relatime";
        item.push(Field::MountOptions, option);
    }
    // The reference takes the flag of `relatime` in statvfs(3) for that of a bind mount in mount(2).
    if is_relatime {
        item.push(Field::MountOptions, "bind");
    }
    if let Ok(Some(space)) = host.space(below_root(point)) {
        let number = |blocks: u64| i64::try_from(blocks).unwrap_or(i64::MAX);
        item.push(Field::TotalSpace, number(space.total));
        item.push(Field::SpaceUsed, number(space.total.saturating_sub(space.free)));
        item.push(Field::SpaceLeft, number(space.free));
    }
    item
}

/// udev keeps a link from each identity to its device.
fn uuid(host: &dyn Host, device: &str) -> Option<String> {
    if !device.starts_with('/') {
        return None;
    }
    let node = host.metadata(below_root(device)).ok().flatten()?;
    let entries = host.list(UUIDS_PATH, UUIDS_MAX).ok().flatten()?;
    entries.into_iter().map(|entry| entry.name).find(|name| {
        let other = host.metadata(&format!("{UUIDS_PATH}/{name}")).ok().flatten();
        other.is_some_and(|other| other.identity == node.identity)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entity, flags, object, pattern_entity};
    use super::*;
    use crate::host::SpecialKind;
    use crate::memory::MemoryHost;
    use yagura_scap::{Flag, Kind};

    const TABLE: &str = "rootfs / rootfs rw 0 0\n/dev/sda2 / ext4 rw,relatime 0 0\ntmpfs /my\\040tmp tmpfs rw,nosuid 0 0\n\
                         tmpfs /my\\040tmp tmpfs ro 0 0\nbroken\n";

    #[test]
    fn reads_what_is_mounted() {
        let host = MemoryHost::new()
            .live()
            .file("proc/self/mounts", TABLE)
            .special("dev/sda2", SpecialKind::Block)
            .link("dev/disk/by-uuid/1234-ABCD", "../../sda2");
        let root = collect(&host, &object(Kind::Partition, vec![entity(Field::MountPoint, "/")]));
        let item = &root.items[0];
        assert_eq!(item.value(Field::Uuid).unwrap().to_string(), "1234-ABCD");
        let options: Vec<String> =
            item.entries.iter().filter(|e| e.field == Field::MountOptions).map(|e| e.value.to_string()).collect();
        assert_eq!(options, ["rw", "relatime", "bind"]);
        assert_eq!(
            flags(&host, &object(Kind::Partition, vec![entity(Field::MountPoint, "/my tmp")])),
            (Flag::Complete, 1)
        );
        assert_eq!(
            flags(&host, &object(Kind::Partition, vec![pattern_entity(Field::MountPoint, ".*")])),
            (Flag::Complete, 3)
        );
        assert_eq!(flags(&MemoryHost::new(), &object(Kind::Partition, Vec::new())), (Flag::DoesNotExist, 0));
    }
}
