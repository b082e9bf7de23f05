//! `environmentvariable58` and `environmentvariable`: the environment of processes.

use yagura_scap::{Collected, Entity, Field, Item, Object, Truth, Value};

use super::selected;
use crate::host::{ByteLimit, FileKind, Host};

/// The kernel gives a program no larger environment.
const ENVIRONMENT_LIMIT: ByteLimit = ByteLimit::mib(6);
/// A kernel can run four million processes.
const PROCESSES_MAX: usize = 4_200_000;

/// The environment of one process or of many; without a number (`xsi:nil`), our own.
pub(super) fn of_process(host: &dyn Host, object: &Object) -> Collected {
    if !host.is_live() {
        return Collected::does_not_exist();
    }
    let Some(pid) = object.entity(Field::Pid).filter(|entity| !entity.nil) else {
        let own = host.read_link("proc/self").ok().flatten().and_then(|name| name.parse().ok());
        return match own {
            Some(own) => selected(read(host, own).unwrap_or_default(), object),
            None => Collected::error("there is no `/proc/self`"),
        };
    };
    // A process that is not there, or no longer, has no environment.
    selected(numbers(host, pid).into_iter().filter_map(|number| read(host, number)).flatten(), object)
}

/// Our own environment, without the number of the process.
pub(super) fn own(host: &dyn Host, object: &Object) -> Collected {
    if !host.is_live() {
        return Collected::not_applicable("no process runs in a directory tree");
    }
    let Ok(Some(bytes)) = host.read("proc/self/environ", ENVIRONMENT_LIMIT) else {
        return Collected::error("the environment cannot be read");
    };
    selected(variables(&bytes).map(|(name, value)| variable(Item::new(), &name, value)), object)
}

/// The processes that an entity may mean.
pub(super) fn numbers(host: &dyn Host, pid: &Entity) -> Vec<i64> {
    if let Some(literals) = pid.literals() {
        return literals.iter().filter_map(|text| text.trim().parse().ok()).collect();
    }
    let all = running(host).into_iter();
    all.filter(|number| pid.test_value(&Value::Int(*number)) == Truth::True).collect()
}

/// All processes of a live host.
pub(super) fn running(host: &dyn Host) -> Vec<i64> {
    let entries = host.list("proc", PROCESSES_MAX).ok().flatten().unwrap_or_default();
    let directories = entries.into_iter().filter(|entry| entry.kind == FileKind::Directory);
    let mut numbers: Vec<i64> = directories.filter_map(|entry| entry.name.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

fn read(host: &dyn Host, pid: i64) -> Option<Vec<Item>> {
    let bytes = host.read(&format!("proc/{pid}/environ"), ENVIRONMENT_LIMIT).ok().flatten()?;
    let item = |(name, value): (String, String)| variable(Item::new().with(Field::Pid, pid), &name, value);
    Some(variables(&bytes).map(item).collect())
}

fn variables(bytes: &[u8]) -> impl Iterator<Item = (String, String)> {
    bytes.split(|byte| *byte == 0).filter_map(|entry| {
        let text = String::from_utf8_lossy(entry);
        text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
    })
}

fn variable(item: Item, name: &str, value: String) -> Item {
    item.with(Field::Name, name).with(Field::Value, value)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entity, object};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Flag, Kind};

    fn host() -> MemoryHost {
        MemoryHost::new()
            .live()
            .link("proc/self", "7")
            .file("proc/7/environ", "PATH=/bin:/usr/bin\0container=lxc\0broken\0")
            .file("proc/8/environ", "PATH=/opt\0")
    }

    #[test]
    fn without_a_number_it_is_our_own() {
        let path = object(Kind::EnvironmentVariable58, vec![Entity::nil(Field::Pid), entity(Field::Name, "PATH")]);
        let found = of_process(&host(), &path);
        assert_eq!(found.items.len(), 1);
        assert_eq!(found.items[0].value(Field::Value).unwrap().to_string(), "/bin:/usr/bin");
        assert_eq!(found.items[0].value(Field::Pid), Some(&Value::Int(7)));
        let tree = MemoryHost::new();
        assert_eq!(of_process(&tree, &path).flag, Flag::DoesNotExist);
    }

    #[test]
    fn a_number_means_that_process() {
        let of =
            |pid: &str| object(Kind::EnvironmentVariable58, vec![entity(Field::Pid, pid), entity(Field::Name, "PATH")]);
        assert_eq!(of_process(&host(), &of("8")).items.len(), 1);
        assert_eq!(of_process(&host(), &of("9")).flag, Flag::DoesNotExist);
        let all = object(Kind::EnvironmentVariable, vec![entity(Field::Name, "container")]);
        assert_eq!(own(&host(), &all).items.len(), 1);
    }
}
