//! `selinuxboolean` and `selinuxsecuritycontext`: switches and labels of SELinux.

use yagura_scap::{Collected, Field, Flag, ITEMS_MAX, Item, Object};

use super::environment::numbers;
use super::find::find;
use super::listing::{Files, below_root};
use super::{concluded, flow, selected};
use crate::host::{ByteLimit, Host};

/// Where the kernel shows its switches; the older place second.
const BOOLEANS: [&str; 2] = ["sys/fs/selinux/booleans", "selinux/booleans"];
const BOOLEANS_MAX: usize = 100_000;
const VALUE_LIMIT: ByteLimit = ByteLimit::kib(4);

/// Collects switches: what they are, and what they will be after the next commit.
pub(super) fn booleans(host: &dyn Host, object: &Object) -> Collected {
    let mut items = Vec::new();
    for folder in BOOLEANS {
        let entries = match host.list(folder, BOOLEANS_MAX) {
            Ok(entries) => entries.unwrap_or_default(),
            Err(error) => return Collected::error(error.to_string()),
        };
        let wanted = object.entity(Field::Name);
        for entry in entries {
            if wanted.is_some_and(|wanted| !wanted.accepts(&entry.name)) {
                continue;
            }
            match host.read(&format!("{folder}/{}", entry.name), VALUE_LIMIT) {
                Ok(Some(bytes)) => items.extend(boolean(&entry.name, &String::from_utf8_lossy(&bytes))),
                Ok(None) => {}
                Err(error) => return Collected::error(error.to_string()),
            }
        }
        if !items.is_empty() {
            break;
        }
    }
    selected(items, object)
}

/// `1 0`: on now, off after the commit.
fn boolean(name: &str, text: &str) -> Option<Item> {
    let mut values = text.trim_matches(['\0', '\n', ' ']).split(' ').map(|word| word == "1");
    let item = Item::new().with(Field::Name, name);
    Some(item.with(Field::CurrentStatus, values.next()?).with(Field::PendingStatus, values.next()?))
}

/// Collects labels of files, or of processes where the object has a number.
pub(super) fn contexts(files: &Files<'_>, object: &Object) -> Collected {
    if let Some(pid) = object.entity(Field::Pid) {
        if !files.host.is_live() {
            return Collected::does_not_exist();
        }
        let labelled = numbers(files.host, pid).into_iter().filter_map(|number| {
            let bytes = files.host.read(&format!("proc/{number}/attr/current"), VALUE_LIMIT).ok().flatten()?;
            label(Item::new().with(Field::Pid, number), &bytes)
        });
        return selected(labelled, object);
    }
    let mut items = Vec::new();
    let ending = find(files, object, &mut |found| {
        let mut item = Item::new();
        let path = found.filepath();
        match found.filename {
            Some(name) => {
                item.push(Field::Filepath, path.as_str());
                item.push(Field::Path, found.path);
                item.push(Field::Filename, name);
            }
            None => {
                item.push(Field::Filepath, format!("{}/", path.trim_end_matches('/')));
                item.push(Field::Path, found.path);
            }
        }
        let attribute = files.host.attribute(below_root(&path), "security.selinux", VALUE_LIMIT);
        let labelled = attribute.ok().flatten().and_then(|bytes| label(item.clone(), &bytes));
        let item = labelled.unwrap_or_else(|| Item { entries: item.entries, ..Item::error("there is no label") });
        if item.status != yagura_scap::Status::Exists || object.keeps(&item) {
            items.push(item);
        }
        flow(items.len() < ITEMS_MAX)
    });
    let unlabelled = items.iter().any(|item| item.status != yagura_scap::Status::Exists);
    let mut collected = concluded(items, &ending);
    if unlabelled && collected.flag == Flag::Complete {
        collected.flag = Flag::Error;
        collected.message = Some("a file has no label".into());
    }
    collected
}

/// `system_u:object_r:etc_t:s0-s0:c0.c1023`
fn label(mut item: Item, bytes: &[u8]) -> Option<Item> {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.trim_end_matches(['\0', '\n']).splitn(4, ':');
    item.push(Field::User, parts.next().filter(|user| !user.is_empty())?);
    item.push(Field::Role, parts.next()?);
    item.push(Field::Type, parts.next()?);
    let Some(range) = parts.next() else { return Some(item) };
    let (low, high) = range.split_once('-').map_or((range, None), |(low, high)| (low, Some(high)));
    let mut level = |text: &str, sensitivity: Field, category: Field| {
        let (level, categories) = text.split_once(':').unwrap_or((text, ""));
        item.push(sensitivity, level);
        if !categories.is_empty() {
            item.push(category, categories);
        }
    };
    level(low, Field::LowSensitivity, Field::LowCategory);
    if let Some(high) = high {
        level(high, Field::HighSensitivity, Field::HighCategory);
    }
    level(low, Field::RawLowSensitivity, Field::RawLowCategory);
    if let Some(high) = high {
        level(high, Field::RawHighSensitivity, Field::RawHighCategory);
    }
    Some(item)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{collect, entity, flags, object, pattern_entity};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Kind, Value};

    #[test]
    fn switches_have_two_values() {
        let host = MemoryHost::new().live().file("sys/fs/selinux/booleans/ssh_sysadm_login", "0 1\0");
        let get = |name: &str| collect(&host, &object(Kind::SelinuxBoolean, vec![entity(Field::Name, name)]));
        let item = get("ssh_sysadm_login").items.remove(0);
        assert_eq!(item.value(Field::CurrentStatus), Some(&Value::Bool(false)));
        assert_eq!(item.value(Field::PendingStatus), Some(&Value::Bool(true)));
        assert_eq!(get("none").flag, Flag::DoesNotExist);
    }

    #[test]
    fn labels_are_taken_apart() {
        let host = MemoryHost::new()
            .live()
            .file("etc/passwd", "")
            .attributed("etc/passwd", "security.selinux", b"system_u:object_r:passwd_file_t:s0-s1:c0.c3\0")
            .file("etc/plain", "")
            .file("proc/9/attr/current", "system_u:system_r:init_t:s0\0");
        let get =
            |path: &str| collect(&host, &object(Kind::SelinuxSecurityContext, vec![entity(Field::Filepath, path)]));
        let item = get("/etc/passwd").items.remove(0);
        let shown = |field| item.value(field).map(ToString::to_string).unwrap_or_default();
        assert_eq!(shown(Field::Type), "passwd_file_t");
        assert_eq!(
            (shown(Field::LowSensitivity), shown(Field::HighSensitivity), shown(Field::HighCategory)),
            ("s0".into(), "s1".into(), "c0.c3".into())
        );
        assert_eq!(get("/etc/plain").flag, Flag::Error);
        assert_eq!(get("/etc/none").flag, Flag::DoesNotExist);
        let process = object(Kind::SelinuxSecurityContext, vec![pattern_entity(Field::Pid, "^9$")]);
        assert_eq!(flags(&host, &process), (Flag::Complete, 1));
    }
}
