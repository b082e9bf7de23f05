//! `family` and `uname`: what kind of system this is.

use yagura_scap::{Collected, Field, Item, Object};

use super::selected;
use crate::host::Host;

/// Every host that we read is a Unix.
pub(super) fn family(object: &Object) -> Collected {
    selected([Item::new().with(Field::Family, "unix")], object)
}

/// What uname(2) says; no kernel runs in a directory tree.
pub(super) fn uname(host: &dyn Host, object: &Object) -> Collected {
    let Some(uname) = host.uname() else {
        return Collected::not_applicable("no kernel runs in a directory tree");
    };
    let item = Item::new()
        .with(Field::MachineClass, uname.machine.as_str())
        .with(Field::NodeName, uname.nodename)
        .with(Field::OsName, "Linux")
        .with(Field::OsRelease, uname.release)
        .with(Field::OsVersion, uname.version)
        .with(Field::ProcessorType, uname.machine);
    selected([item], object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Uname;
    use crate::memory::MemoryHost;
    use yagura_scap::{Flag, Kind};

    #[test]
    fn a_kernel_speaks_where_one_runs() {
        let uname_object = Object::new(1, Kind::Uname, Vec::new());
        let tree = uname(&MemoryHost::new(), &uname_object);
        assert_eq!(tree.flag, Flag::NotApplicable);
        let machine = Uname { machine: "x86_64".into(), release: "6.1.0-28-amd64".into(), ..Uname::default() };
        let live = uname(&MemoryHost::new().live().running(machine), &uname_object);
        assert_eq!(live.items[0].value(Field::ProcessorType).unwrap().to_string(), "x86_64");
        assert_eq!(live.items[0].value(Field::OsName).unwrap().to_string(), "Linux");
        assert_eq!(family(&Object::new(2, Kind::Family, Vec::new())).items.len(), 1);
    }
}
