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
