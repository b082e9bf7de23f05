//! `textfilecontent54`: the matches of a pattern in text files, counted through each file.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use yagura_scap::{Collected, Field, Flag, ITEMS_MAX, Item, Object, Operation, Pattern, Truth, Value};

use super::find::find;
use super::listing::{Files, below_root};
use super::literal;
use super::texts::{Text, Texts};
use super::{concluded, flow};

/// Matches that one file is searched for; a pattern that matches everywhere goes no further.
const MATCHES_MAX: usize = 1_000_000;

/// What every match of a pattern contains, for the patterns that were met.
pub(super) type Literals = HashMap<Arc<str>, Option<Arc<[u8]>>>;

/// Collects matches.
pub(super) fn collect(files: &Files<'_>, texts: &Texts<'_>, literals: &mut Literals, object: &Object) -> Collected {
    let Some(entity) = object.entity(Field::Pattern) else {
        return Collected::error("the object has no pattern");
    };
    if entity.operation != Operation::PatternMatch {
        return Collected::not_collected("only a pattern can be searched in a text, compared by \"pattern match\"");
    }
    let patterns = searched(entity.patterns());
    let mut needed = Vec::new();
    for pattern in &patterns {
        needed.push(required(literals, pattern, object.behaviors.ignore_case));
    }
    let mut items = Vec::new();
    let mut trouble: Option<Box<str>> = None;
    let ending = find(files, object, &mut |found| {
        let Some(filename) = found.filename else { return ControlFlow::Continue(()) };
        let filepath = found.filepath();
        let text = match texts.get(below_root(&filepath)) {
            Text::Read(text) => text,
            Text::None => return ControlFlow::Continue(()),
            Text::Failed(reason) => {
                trouble.get_or_insert_with(|| (&*reason).into());
                return ControlFlow::Continue(());
            }
        };
        let mut place = None;
        for (pattern, needed) in patterns.iter().zip(&needed) {
            if needed.as_ref().is_some_and(|literal| !literal::contains(text.as_bytes(), literal)) {
                continue;
            }
            // Many items share these, and most files have none of them.
            let place = place.get_or_insert_with(|| Place::new(&filepath, found.path, filename));
            let searched = search(object, pattern, text.as_bytes(), place, &mut items);
            if let Err(reason) = searched {
                trouble.get_or_insert_with(|| format!("{filepath}: {reason}").into());
            }
        }
        flow(items.len() < ITEMS_MAX)
    });
    let mut collected = concluded(items, &ending);
    if let Some(reason) = trouble {
        collected.flag = Flag::Error;
        collected.message = Some(reason);
    }
    collected
}

/// Which of several patterns are searched: each by itself and once, whatever the check says, as the reference does.
fn searched(patterns: &[Pattern]) -> Vec<&Pattern> {
    let mut distinct: Vec<&Pattern> = Vec::new();
    for pattern in patterns {
        if !distinct.iter().any(|other| other.source() == pattern.source()) {
            distinct.push(pattern);
        }
    }
    distinct
}

fn required(literals: &mut Literals, pattern: &Pattern, ignore_case: bool) -> Option<Arc<[u8]>> {
    if ignore_case {
        return None;
    }
    let found = literals.entry(Arc::clone(pattern.source()));
    found.or_insert_with_key(|source| literal::required(source).map(Arc::from)).clone()
}

struct Place {
    filepath: Value,
    path: Value,
    filename: Value,
}

impl Place {
    fn new(filepath: &str, path: &str, filename: &str) -> Self {
        Self { filepath: filepath.into(), path: path.into(), filename: filename.into() }
    }
}

fn search(object: &Object, pattern: &Pattern, text: &[u8], place: &Place, items: &mut Vec<Item>) -> Result<(), String> {
    let instance = object.entity(Field::Instance);
    // A negative number counts from the end, so all matches must be known first.
    let from_end = instance.is_some_and(|entity| entity.values.iter().any(is_negative));
    let mut matches = Vec::new();
    for (number, found) in (1_i64..).zip(pattern.search(text).map_err(|error| error.to_string())?) {
        let groups = found.map_err(|error| error.to_string())?;
        if matches.len() == MATCHES_MAX || items.len() == ITEMS_MAX {
            return Err("the pattern matches more often than we count".to_owned());
        }
        if from_end {
            matches.push(groups);
        } else if wanted(instance, number) {
            items.extend(item(object, pattern, &groups, number, place));
        }
    }
    let count = i64::try_from(matches.len()).unwrap_or(i64::MAX);
    for (number, groups) in (1_i64..).zip(&matches) {
        if wanted(instance, number) || wanted(instance, number - count - 1) {
            items.extend(item(object, pattern, groups, number, place));
        }
    }
    Ok(())
}

fn wanted(instance: Option<&yagura_scap::Entity>, number: i64) -> bool {
    instance.is_none_or(|entity| entity.test_value(&Value::Int(number)) == Truth::True)
}

fn is_negative(value: &Value) -> bool {
    match value {
        Value::Int(number) => *number < 0,
        Value::Text(text) => text.trim_start().starts_with('-'),
        Value::Bool(_) => false,
    }
}

fn item(object: &Object, pattern: &Pattern, groups: &[Option<&[u8]>], instance: i64, place: &Place) -> Option<Item> {
    let shown = |bytes: &[u8]| Value::from(String::from_utf8_lossy(bytes).into_owned());
    let mut item = Item::new();
    item.entries.reserve_exact(7 + groups.len().saturating_sub(1));
    item.push(Field::Filepath, place.filepath.clone());
    item.push(Field::Path, place.path.clone());
    item.push(Field::Filename, place.filename.clone());
    item.push(Field::Pattern, Arc::clone(pattern.source()));
    item.push(Field::Instance, instance);
    item.push(Field::Line, Arc::clone(pattern.source()));
    let mut groups = groups.iter();
    item.push(Field::Text, shown(groups.next().copied().flatten().unwrap_or_default()));
    // Groups that took no part are left out, so later ones move up, as in the reference.
    for group in groups.flatten() {
        item.push(Field::Subexpression, shown(group));
    }
    object.keeps(&item).then_some(item)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{collect, entity, flags, object, pattern_entity};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Check, Datatype, Kind, PatternOptions};

    fn host() -> MemoryHost {
        MemoryHost::new()
            .file("etc/ssh/sshd_config", "Port 22\n#Port 23\nPermitRootLogin no\nPort 24\n")
            .file("etc/ssh/sshd_config.d/a.conf", "Port 25\nPort\n")
            .file("etc/ssh/sshd_config.d/b.txt", "Port 26\n")
            .denied("etc/ssh/sshd_config.d/secret.conf")
            .link("etc/ssh/sshd_config.d/broken.conf", "nowhere")
            .link("etc/ssh/sshd_config.d/link.conf", "../sshd_config")
    }

    fn texts(collected: &Collected) -> Vec<String> {
        collected.items.iter().map(|item| item.value(Field::Text).unwrap().to_string()).collect()
    }

    fn instance(operation: Operation, number: i64) -> yagura_scap::Entity {
        yagura_scap::Entity::new(
            Field::Instance,
            operation,
            Datatype::Int,
            vec![number.into()],
            Check::All,
            PatternOptions::PLAIN,
        )
        .unwrap()
    }

    fn ports(filepath: yagura_scap::Entity, instance: yagura_scap::Entity) -> Object {
        let pattern = yagura_scap::Entity::new(
            Field::Pattern,
            Operation::PatternMatch,
            Datatype::String,
            vec![r"^Port(?: +(\d)(x)?(\d))?$".into()],
            Check::All,
            PatternOptions::TEXT,
        );
        object(Kind::TextFileContent54, vec![filepath, pattern.unwrap(), instance])
    }

    #[test]
    fn instances_are_counted_and_groups_move_up() {
        let all = ports(entity(Field::Filepath, "/etc/ssh/sshd_config"), instance(Operation::GreaterThanOrEqual, 1));
        let found = collect(&host(), &all);
        assert_eq!(texts(&found), ["Port 22", "Port 24"]);
        let groups: Vec<String> = found.items[1]
            .entries
            .iter()
            .filter(|entry| entry.field == Field::Subexpression)
            .map(|entry| entry.value.to_string())
            .collect();
        assert_eq!(groups, ["2", "4"]);
        for (number, text) in [(1, "Port 22"), (2, "Port 24"), (-1, "Port 24"), (-2, "Port 22")] {
            let one = ports(entity(Field::Filepath, "/etc/ssh/sshd_config"), instance(Operation::Equals, number));
            assert_eq!(texts(&collect(&host(), &one)), [text]);
        }
        let none = ports(entity(Field::Filepath, "/etc/ssh/sshd_config"), instance(Operation::Equals, 3));
        assert_eq!(collect(&host(), &none).flag, Flag::DoesNotExist);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_what_is_no_file_is_nothing() {
        let any = || instance(Operation::GreaterThanOrEqual, 1);
        let conf = ports(pattern_entity(Field::Filepath, r"^/etc/ssh/sshd_config\.d/.*\.conf$"), any());
        let found = collect(&host(), &conf);
        assert_eq!(found.flag, Flag::Error);
        assert!(found.message.unwrap().contains("permission denied"));
        let txt = ports(pattern_entity(Field::Filepath, r"^/etc/ssh/sshd_config\.d/.*\.txt$"), any());
        assert_eq!(texts(&collect(&host(), &txt)), ["Port 26"]);
        for path in ["/etc/ssh", "/etc/ssh/sshd_config.d/broken.conf", "/none", "relative"] {
            assert_eq!(flags(&host(), &ports(entity(Field::Filepath, path), any())), (Flag::DoesNotExist, 0), "{path}");
        }
        let link = ports(entity(Field::Filepath, "/etc/ssh/sshd_config.d/link.conf"), any());
        assert_eq!(texts(&collect(&host(), &link)), ["Port 22", "Port 24"]);
    }

    #[test]
    fn a_pattern_that_explodes_is_an_error_in_bounded_time() {
        let host = MemoryHost::new().file("f", format!("{}!", "a".repeat(60)));
        let bomb = yagura_scap::Entity::new(
            Field::Pattern,
            Operation::PatternMatch,
            Datatype::String,
            vec!["^(a+)+$".into()],
            Check::All,
            PatternOptions::TEXT,
        );
        let bomb = object(
            Kind::TextFileContent54,
            vec![entity(Field::Filepath, "/f"), bomb.unwrap(), instance(Operation::GreaterThanOrEqual, 1)],
        );
        assert_eq!(collect(&host, &bomb).flag, Flag::Error);
    }
}
