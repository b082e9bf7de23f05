//! `systemdunitproperty` and `systemdunitdependency`: what the service manager says of its units.
//!
//! It is asked over the system bus, as the reference does: the state of a service stands in no
//! file. Nothing runs in a directory tree, so nothing is collected there.

use std::collections::{BTreeSet, HashMap};

use yagura_scap::{Collected, Entity, Field, Item, Object, Status, Value};

use super::bus::{Bus, BusError, Call, Datum};
use crate::host::Host;

const BUS_PATH: &str = "run/dbus/system_bus_socket";
const DESTINATION: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
/// Units that one object may look at.
const UNITS_MAX: usize = 50_000;

/// The units of the service manager, asked when the first object needs them.
#[derive(Default)]
pub(super) struct Units {
    manager: Option<Result<Box<dyn Manager>, String>>,
    known: Option<Vec<String>>,
    properties: HashMap<String, Vec<Property>>,
}

/// A name and its values.
type Property = (String, Vec<Value>);

/// Who knows units.
trait Manager {
    /// The names of all units.
    fn units(&mut self) -> Result<Vec<String>, String>;
    /// The properties of a unit.
    fn properties(&mut self, unit: &str) -> Result<Vec<Property>, String>;
}

impl Units {
    /// Collects properties of units.
    pub(super) fn properties(&mut self, host: &dyn Host, object: &Object) -> Collected {
        self.answer(host, object, &mut |units, object, unit| {
            let wanted = object.entity(Field::Property);
            let mut items = Vec::new();
            for (name, values) in units.properties_of(unit)? {
                if wanted.is_some_and(|wanted| !wanted.accepts(name)) {
                    continue;
                }
                let mut item = Item::new().with(Field::Unit, unit).with(Field::Property, name.as_str());
                for value in values {
                    item.push(Field::Value, value.clone());
                }
                items.push(item);
            }
            Ok(items)
        })
    }

    /// Collects what units require and want, and what that requires and wants in turn.
    pub(super) fn dependencies(&mut self, host: &dyn Host, object: &Object) -> Collected {
        self.answer(host, object, &mut |units, _, unit| {
            let mut item = Item::new().with(Field::Unit, unit);
            let (mut seen, mut pending) = (BTreeSet::from([unit.to_owned()]), vec![unit.to_owned()]);
            while let Some(next) = pending.pop() {
                let properties = units.properties_of(&next)?;
                let named = properties.iter().filter(|(name, _)| matches!(name.as_str(), "Requires" | "Wants"));
                let found: Vec<String> = named.flat_map(|(_, values)| values).map(ToString::to_string).collect();
                for dependency in found {
                    if seen.len() < UNITS_MAX && seen.insert(dependency.clone()) {
                        item.push(Field::Dependency, dependency.as_str());
                        pending.push(dependency);
                    }
                }
            }
            if item.entries.len() == 1 {
                item.push_status(Field::Dependency, Status::DoesNotExist);
            }
            Ok(vec![item])
        })
    }

    fn answer(&mut self, host: &dyn Host, object: &Object, each: &mut EachUnit<'_>) -> Collected {
        if !host.is_live() {
            return Collected::not_collected("no service manager runs in a directory tree");
        }
        let Some(wanted) = object.entity(Field::Unit) else {
            return Collected::error("the object has no unit");
        };
        match self.gather(host, object, wanted, each) {
            Ok(items) => Collected::complete(items),
            Err(reason) => Collected::error(reason),
        }
    }

    fn gather(
        &mut self,
        host: &dyn Host,
        object: &Object,
        wanted: &Entity,
        each: &mut EachUnit<'_>,
    ) -> Result<Vec<Item>, String> {
        let mut items = Vec::new();
        for unit in self.names(host)? {
            if items.len() < UNITS_MAX && wanted.accepts(&unit) {
                items.extend(each(self, object, &unit)?.into_iter().filter(|item| object.keeps(item)));
            }
        }
        Ok(items)
    }

    fn names(&mut self, host: &dyn Host) -> Result<Vec<String>, String> {
        if self.known.is_none() {
            if self.manager.is_none() {
                self.manager = Some(connect(host));
            }
            let mut names = self.manager()?.units()?;
            names.sort();
            names.dedup();
            self.known = Some(names);
        }
        Ok(self.known.clone().unwrap_or_default())
    }

    fn manager(&mut self) -> Result<&mut dyn Manager, String> {
        match &mut self.manager {
            Some(Ok(manager)) => Ok(manager.as_mut()),
            Some(Err(reason)) => Err(reason.clone()),
            None => Err("the service manager was not asked".to_owned()),
        }
    }

    fn properties_of(&mut self, unit: &str) -> Result<&[Property], String> {
        if !self.properties.contains_key(unit) {
            let properties = self.manager()?.properties(unit)?;
            self.properties.insert(unit.to_owned(), properties);
        }
        Ok(self.properties.get(unit).map_or(&[], Vec::as_slice))
    }
}

/// What is made of one unit.
type EachUnit<'e> = dyn FnMut(&mut Units, &Object, &str) -> Result<Vec<Item>, String> + 'e;

fn connect(host: &dyn Host) -> Result<Box<dyn Manager>, String> {
    let stream = host.converse(BUS_PATH).map_err(|error| error.to_string())?;
    let stream = stream.ok_or("no system bus runs, so units cannot be identified")?;
    Ok(Box::new(OnBus(Bus::open(stream).map_err(|error| error.to_string())?)))
}

/// The service manager behind the bus.
struct OnBus(Bus);

impl OnBus {
    fn ask(&mut self, path: &str, interface: &str, member: &str, arguments: &[&str]) -> Result<Datum, BusError> {
        let call = Call { destination: DESTINATION, path, interface, member, arguments };
        let mut answer = self.0.call(call)?;
        if answer.is_empty() { Err(BusError::Malformed) } else { Ok(answer.swap_remove(0)) }
    }

    fn all_of(&mut self, unit: &str) -> Result<Vec<Property>, BusError> {
        let path = self.ask(MANAGER_PATH, "org.freedesktop.systemd1.Manager", "LoadUnit", &[unit])?;
        let Datum::Text(path) = path else { return Err(BusError::Malformed) };
        let unit_interface = "org.freedesktop.systemd1.Unit";
        let entries = self.ask(&path, "org.freedesktop.DBus.Properties", "GetAll", &[unit_interface])?;
        let Datum::Array(entries) = entries else { return Err(BusError::Malformed) };
        let property = |entry: Datum| match entry {
            Datum::Fields(fields) => match <[Datum; 2]>::try_from(fields) {
                Ok([Datum::Text(name), value]) => Some((name, values(value))),
                _ => None,
            },
            _ => None,
        };
        Ok(entries.into_iter().filter_map(property).collect())
    }
}

impl Manager for OnBus {
    fn units(&mut self) -> Result<Vec<String>, String> {
        let answer = self.ask(MANAGER_PATH, "org.freedesktop.systemd1.Manager", "ListUnits", &[]);
        let answer = answer.map_err(|error| error.to_string())?;
        let Datum::Array(units) = answer else { return Err(BusError::Malformed.to_string()) };
        let name = |unit: Datum| match unit {
            Datum::Fields(fields) => match fields.into_iter().next() {
                Some(Datum::Text(name)) => Some(name),
                _ => None,
            },
            _ => None,
        };
        Ok(units.into_iter().filter_map(name).collect())
    }

    fn properties(&mut self, unit: &str) -> Result<Vec<Property>, String> {
        match self.all_of(unit) {
            Ok(properties) => Ok(properties),
            // It went away meanwhile, or its name is no unit's: it has none, and the others are asked.
            Err(BusError::Failed { .. }) => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// An array gives several values; what has parts gives them one after another.
fn values(datum: Datum) -> Vec<Value> {
    match datum {
        Datum::Text(text) => vec![text.into()],
        Datum::Bool(truth) => vec![truth.into()],
        Datum::Int(number) => vec![number.into()],
        Datum::Unsigned(number) => vec![number.to_string().into()],
        Datum::Float(number) => vec![number.to_string().into()],
        Datum::Array(parts) | Datum::Fields(parts) => parts.into_iter().flat_map(values).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entity, object, pattern_entity};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Flag, Kind};

    struct Fake;

    impl Manager for Fake {
        fn units(&mut self) -> Result<Vec<String>, String> {
            Ok(["ssh.service", "multi-user.target", "basic.target", "ssh.socket"].map(String::from).to_vec())
        }

        fn properties(&mut self, unit: &str) -> Result<Vec<Property>, String> {
            let texts = |texts: &[&str]| texts.iter().map(|text| Value::from(*text)).collect();
            Ok(match unit {
                "multi-user.target" => vec![
                    ("Wants".into(), texts(&["ssh.service", "cron.service"])),
                    ("Requires".into(), texts(&["basic.target"])),
                ],
                // Circles end.
                "basic.target" => vec![("Wants".into(), texts(&["tmp.mount", "multi-user.target"]))],
                "ssh.service" => {
                    vec![("ActiveState".into(), texts(&["active"])), ("LoadState".into(), texts(&["loaded"]))]
                }
                "broken.service" => return Err("no answer".into()),
                _ => Vec::new(),
            })
        }
    }

    fn units() -> Units {
        Units { manager: Some(Ok(Box::new(Fake))), ..Units::default() }
    }

    #[test]
    fn properties_of_the_units_that_are_meant() {
        let host = MemoryHost::new().live();
        let asked = object(
            Kind::SystemdUnitProperty,
            vec![pattern_entity(Field::Unit, r"^ssh\.(service|socket)$"), entity(Field::Property, "ActiveState")],
        );
        let found = units().properties(&host, &asked);
        assert_eq!(found.items.len(), 1);
        assert_eq!(found.items[0].value(Field::Value).unwrap().to_string(), "active");
        let none = object(Kind::SystemdUnitProperty, vec![entity(Field::Unit, "none.service")]);
        assert_eq!(units().properties(&host, &none).flag, Flag::DoesNotExist);
    }

    #[test]
    fn dependencies_are_followed() {
        let host = MemoryHost::new().live();
        let asked = object(Kind::SystemdUnitDependency, vec![entity(Field::Unit, "multi-user.target")]);
        let found = units().dependencies(&host, &asked);
        let mut names: Vec<String> = found.items[0]
            .entries
            .iter()
            .filter(|e| e.field == Field::Dependency)
            .map(|e| e.value.to_string())
            .collect();
        names.sort();
        assert_eq!(names, ["basic.target", "cron.service", "ssh.service", "tmp.mount"]);
    }

    #[test]
    fn without_a_manager_nothing_is_said() {
        let asked = object(Kind::SystemdUnitProperty, vec![entity(Field::Unit, "ssh.service")]);
        let live = Units::default().properties(&MemoryHost::new().live(), &asked);
        assert_eq!(live.flag, Flag::Error);
        assert_eq!(Units::default().properties(&MemoryHost::new(), &asked).flag, Flag::NotCollected);
    }

    #[test]
    fn arrays_and_structures_are_several_values() {
        let parts =
            Datum::Array(vec![Datum::Text("a".into()), Datum::Fields(vec![Datum::Bool(true), Datum::Unsigned(7)])]);
        let shown: Vec<String> = values(parts).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["a", "true", "7"]);
    }
}
