//! What the tests of all object types share, and the dispatch itself.

use yagura_scap::{Check, Datatype, Entity, Field, Operation, PatternOptions};

use super::*;
use crate::memory::MemoryHost;

/// An object of a kind.
pub(super) fn object(kind: Kind, entities: Vec<Entity>) -> Object {
    Object::new(1, kind, entities)
}

/// An entity that equals a text.
pub(super) fn entity(field: Field, text: &str) -> Entity {
    Entity::equals(field, text)
}

/// An entity that matches a pattern.
pub(super) fn pattern_entity(field: Field, pattern: &str) -> Entity {
    compared(field, Operation::PatternMatch, pattern)
}

/// An entity with an operation.
pub(super) fn compared(field: Field, operation: Operation, text: &str) -> Entity {
    Entity::new(field, operation, Datatype::String, vec![text.into()], Check::All, PatternOptions::PLAIN).unwrap()
}

/// Collects with a collector of its own.
pub(super) fn collect(host: &dyn Host, object: &Object) -> Collected {
    Collector::new(host, &|| false).collect(object)
}

/// Flag and number of items.
pub(super) fn flags(host: &dyn Host, object: &Object) -> (Flag, usize) {
    let collected = collect(host, object);
    (collected.flag, collected.items.len())
}

#[test]
fn what_is_not_supported_says_so() {
    let host = MemoryHost::new();
    for kind in [Kind::Sql, Kind::Ldap, Kind::GConf, Kind::RunLevel, Kind::Variable] {
        let collected = collect(&host, &object(kind, Vec::new()));
        assert_eq!(collected.flag, Flag::NotCollected, "{kind}");
        assert!(collected.message.is_some());
    }
}

#[test]
fn a_stop_ends_everything() {
    let host = MemoryHost::new().file("etc/passwd", "root:x:0:0::/:/bin/sh\n");
    let mut collector = Collector::new(&host, &|| true);
    for kind in [Kind::Password, Kind::File, Kind::Family] {
        assert_eq!(collector.collect(&object(kind, Vec::new())).flag, Flag::NotCollected);
    }
}

#[test]
fn every_kind_answers_on_an_empty_host() {
    for host in [MemoryHost::new(), MemoryHost::new().live()] {
        for kind in Kind::ALL {
            let entities = vec![pattern_entity(Field::Filepath, ".*"), pattern_entity(Field::Name, ".*")];
            let collected = collect(&host, &object(*kind, entities));
            assert!(collected.items.len() <= 1, "{kind}");
        }
    }
}

#[test]
fn a_real_tree_with_traps_is_read_in_bounded_time() {
    use rustix::fs::{CWD, Mode, mkfifoat};
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir_all(root.join("etc/d")).unwrap();
    std::fs::write(folder.path().join("secret"), "secret = 1\n").unwrap();
    std::fs::write(root.join("etc/d/plain"), "secret = 0\n").unwrap();
    mkfifoat(CWD, root.join("etc/d/pipe"), Mode::RUSR).unwrap();
    // It has no blocks, and one byte more than is read.
    let huge = rustix::fs::open(root.join("huge"), rustix::fs::OFlags::CREATE | rustix::fs::OFlags::WRONLY, Mode::RUSR);
    rustix::fs::ftruncate(huge.unwrap(), texts::FILE_LIMIT.get() + 1).unwrap();
    symlink("../../../../../../../../secret", root.join("etc/d/climbs")).unwrap();
    symlink(folder.path().join("secret"), root.join("etc/d/leaves")).unwrap();
    symlink("/etc", root.join("etc/d/circle")).unwrap();
    symlink("/dev/zero", root.join("etc/d/endless")).unwrap();

    let host = crate::RootedHost::open(&root).unwrap();
    let search = |filepath: Entity| {
        let options = PatternOptions::TEXT;
        let operation = Operation::PatternMatch;
        let pattern = Entity::new(
            Field::Pattern,
            operation,
            Datatype::String,
            vec![r"secret = (\d)".into()],
            Check::All,
            options,
        );
        collect(&host, &object(Kind::TextFileContent54, vec![filepath, pattern.unwrap()]))
    };
    let found = search(pattern_entity(Field::Filepath, "^/etc/d/"));
    let groups: Vec<String> =
        found.items.iter().filter_map(|item| item.value(Field::Subexpression)).map(ToString::to_string).collect();
    assert_eq!((found.flag, groups), (Flag::Complete, vec!["0".to_owned()]));
    let huge = search(entity(Field::Filepath, "/huge"));
    assert_eq!(huge.flag, Flag::Error);
    assert!(huge.message.unwrap().contains("larger than 64 MiB"));
    assert_eq!(search(entity(Field::Filepath, "/../secret")).flag, Flag::DoesNotExist);
    let files = vec![entity(Field::Path, "/etc/d"), pattern_entity(Field::Filename, ".*")];
    assert_eq!(flags(&host, &object(Kind::File, files)), (Flag::Complete, 6));
}

#[test]
fn names_that_are_no_text_are_not_passed_over() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(OsStr::from_bytes(b"odd\xff")), "").unwrap();
    let host = crate::RootedHost::open(folder.path()).unwrap();
    let mut all = object(Kind::File, vec![entity(Field::Path, "/"), pattern_entity(Field::Filename, ".*")]);
    all.behaviors.recurse_direction = yagura_scap::RecurseDirection::Down;
    let found = collect(&host, &all);
    assert_eq!(found.flag, Flag::Complete);
    assert_eq!(found.items[0].value(Field::UWrite).unwrap().to_string(), "true");
    assert_eq!(found.items[0].value(Field::Size), None);
    std::fs::create_dir(folder.path().join(OsStr::from_bytes(b"dir\xff"))).unwrap();
    assert_eq!(flags(&host, &all), (Flag::Incomplete, 1));
}
