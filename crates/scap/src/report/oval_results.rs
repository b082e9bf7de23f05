//! Definitions, tests, collected objects and items of one document: `oval_results`.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::writer::Writer;
use super::{RunFacts, time};
use crate::eval::{Found, Session};
use crate::field::{Field, Kind};
use crate::item::{Entry, Flag, Item, Status, Value};
use crate::oval::{Criteria, ObjectDef, Place, Test, at};
use crate::truth::{Tally, Truth};

const RESULTS: &str = "http://oval.mitre.org/XMLSchema/oval-results-5";
const COMMON: &str = "http://oval.mitre.org/XMLSchema/oval-common-5";
const SYSTEM: &str = "http://oval.mitre.org/XMLSchema/oval-system-characteristics-5";

/// The most items that are written of one object; the rest is said to be there.
const ITEMS_WRITTEN_MAX: usize = 1_000;

/// Numbers of items; an item that several objects share is written once.
type Numbers = HashMap<*const Item, usize>;

/// Writes what a session came to.
pub(super) fn write(session: &Session<'_>, facts: &RunFacts, writer: &mut Writer<'_>) -> fmt::Result {
    writer.open("oval_results", &[("xmlns", RESULTS), ("xmlns:oval", COMMON)])?;
    generator(facts, writer)?;
    // The definitions stand in the report request; copying them would double the document.
    writer.open("directives", &[("include_source_definitions", "false")])?;
    for name in ["true", "false", "unknown", "error", "not_evaluated", "not_applicable"] {
        writer.empty(&format!("definition_{name}"), &[("reported", "true"), ("content", "full")])?;
    }
    writer.close()?;
    writer.open("results", &[])?;
    writer.open("system", &[])?;
    let numbers = number_items(session);
    writer.open("definitions", &[])?;
    for (place, truth) in session.definition_results() {
        definition(session, place, truth, writer)?;
    }
    writer.close()?;
    writer.open("tests", &[])?;
    for (place, tested) in session.test_results() {
        if let Some(test) = at(&session.oval.tests, place) {
            write_test(session, test, tested, &numbers, writer)?;
        }
    }
    writer.close()?;
    characteristics(session, facts, &numbers, writer)?;
    writer.close()?;
    writer.close()?;
    writer.close()
}

fn generator(facts: &RunFacts, writer: &mut Writer<'_>) -> fmt::Result {
    writer.open("generator", &[])?;
    writer.text("oval:product_name", &[("xmlns:oval", COMMON)], "cpe:/a:yagura:yagura")?;
    writer.text("oval:product_version", &[("xmlns:oval", COMMON)], &facts.scanner_version)?;
    writer.text("oval:schema_version", &[("xmlns:oval", COMMON)], "5.11.2")?;
    writer.text("oval:timestamp", &[("xmlns:oval", COMMON)], &time(facts.ended))?;
    writer.close()
}

fn number_items(session: &Session<'_>) -> Numbers {
    let mut numbers = Numbers::new();
    for (_, found) in session.objects_found() {
        for item in written(found) {
            let next = numbers.len() + 1;
            numbers.entry(Arc::as_ptr(item)).or_insert(next);
        }
    }
    numbers
}

fn written(found: &Found) -> impl Iterator<Item = &Arc<Item>> {
    found.items.iter().take(ITEMS_WRITTEN_MAX)
}

fn definition(session: &Session<'_>, place: Place, truth: Truth, writer: &mut Writer<'_>) -> fmt::Result {
    let Some(definition) = at(&session.oval.definitions, place) else { return Ok(()) };
    let attributes = [
        ("definition_id", definition.id.as_str()),
        ("version", &definition.version),
        ("class", definition.class.name()),
        ("result", truth.name()),
    ];
    match &definition.criteria {
        None => writer.empty("definition", &attributes),
        Some(criteria) => {
            writer.open("definition", &attributes)?;
            write_criteria(session, criteria, writer)?;
            writer.close()
        }
    }
}

/// The content's depth is bounded, and with it this recursion.
fn write_criteria(session: &Session<'_>, criteria: &Criteria, writer: &mut Writer<'_>) -> fmt::Result {
    let result = truth(session, criteria).name();
    match criteria {
        Criteria::Group { operator, negate, children } => {
            let negate = if *negate { "true" } else { "false" };
            writer.open("criteria", &[("operator", operator.name()), ("negate", negate), ("result", result)])?;
            for child in children {
                write_criteria(session, child, writer)?;
            }
            writer.close()
        }
        Criteria::Test { test, negate } => {
            let Some(test) = at(&session.oval.tests, *test) else { return Ok(()) };
            let negate = if *negate { "true" } else { "false" };
            let attributes =
                [("test_ref", test.id.as_str()), ("version", &test.version), ("negate", negate), ("result", result)];
            writer.empty("criterion", &attributes)
        }
        Criteria::Extend { definition, negate } => {
            let Some(definition) = at(&session.oval.definitions, *definition) else { return Ok(()) };
            let negate = if *negate { "true" } else { "false" };
            writer.empty(
                "extend_definition",
                &[
                    ("definition_ref", definition.id.as_str()),
                    ("version", &definition.version),
                    ("negate", negate),
                    ("result", result),
                ],
            )
        }
    }
}

fn truth(session: &Session<'_>, criteria: &Criteria) -> Truth {
    match criteria {
        Criteria::Group { operator, negate, children } => {
            let tally: Tally = children.iter().map(|child| truth(session, child)).collect();
            tally.by_operator(*operator).negated_if(*negate)
        }
        Criteria::Test { test, negate } => {
            session.tested(*test).map_or(Truth::NotEvaluated, |tested| tested.truth).negated_if(*negate)
        }
        Criteria::Extend { definition, negate } => {
            session.definition_truth(*definition).unwrap_or(Truth::NotEvaluated).negated_if(*negate)
        }
    }
}

fn write_test(
    session: &Session<'_>,
    test: &Test,
    tested: &crate::eval::Tested,
    numbers: &Numbers,
    writer: &mut Writer<'_>,
) -> fmt::Result {
    let attributes = [
        ("test_id", test.id.as_str()),
        ("version", &test.version),
        ("check_existence", test.existence.name()),
        ("check", test.check.name()),
        ("state_operator", test.operator.name()),
        ("result", tested.truth.name()),
    ];
    let found = test.object.and_then(|object| session.found(object));
    let Some(found) = found.filter(|found| !found.items.is_empty()) else {
        return writer.empty("test", &attributes);
    };
    writer.open("test", &attributes)?;
    for (place, item) in written(found).enumerate() {
        let Some(number) = numbers.get(&Arc::as_ptr(item)) else { continue };
        let result = tested.items.get(place).copied().unwrap_or(Truth::NotEvaluated);
        writer.empty("tested_item", &[("item_id", &number.to_string()), ("result", result.name())])?;
    }
    writer.close()
}

fn characteristics(session: &Session<'_>, facts: &RunFacts, numbers: &Numbers, writer: &mut Writer<'_>) -> fmt::Result {
    writer.open(
        "oval_system_characteristics",
        &[
            ("xmlns", SYSTEM),
            ("xmlns:ind-sys", "http://oval.mitre.org/XMLSchema/oval-system-characteristics-5#independent"),
            ("xmlns:unix-sys", "http://oval.mitre.org/XMLSchema/oval-system-characteristics-5#unix"),
            ("xmlns:lin-sys", "http://oval.mitre.org/XMLSchema/oval-system-characteristics-5#linux"),
        ],
    )?;
    generator(facts, writer)?;
    writer.open("system_info", &[])?;
    writer.text("os_name", &[], &facts.os_name)?;
    writer.text("os_version", &[], &facts.os_version)?;
    writer.text("architecture", &[], &facts.architecture)?;
    writer.text("primary_host_name", &[], &facts.host)?;
    writer.empty("interfaces", &[])?;
    writer.close()?;
    writer.open("collected_objects", &[])?;
    for (place, found) in session.objects_found() {
        if let Some(object) = at(&session.oval.objects, place) {
            collected_object(object, found, numbers, writer)?;
        }
    }
    writer.close()?;
    writer.open("system_data", &[])?;
    let mut done = 0;
    for (place, found) in session.objects_found() {
        let kind = at(&session.oval.objects, place).and_then(|object| object.kind);
        for item in written(found) {
            // Numbers were given in this order: one that is not higher was written already.
            let number = numbers.get(&Arc::as_ptr(item)).copied().unwrap_or(0);
            if number > done {
                done = number;
                write_item(kind, number, item, writer)?;
            }
        }
    }
    writer.close()?;
    writer.close()
}

fn collected_object(object: &ObjectDef, found: &Found, numbers: &Numbers, writer: &mut Writer<'_>) -> fmt::Result {
    let cut = found.items.len() > ITEMS_WRITTEN_MAX;
    let flag = if cut { Flag::Incomplete } else { found.flag };
    let attributes = [("id", object.id.as_str()), ("version", &object.version), ("flag", flag.name())];
    if found.items.is_empty() && found.message.is_none() {
        return writer.empty("object", &attributes);
    }
    writer.open("object", &attributes)?;
    if let Some(message) = &found.message {
        writer.text("message", &[("level", "info")], message)?;
    }
    if cut {
        let message = format!("the first {ITEMS_WRITTEN_MAX} of {} items are listed", found.items.len());
        writer.text("message", &[("level", "info")], &message)?;
    }
    for number in written(found).filter_map(|item| numbers.get(&Arc::as_ptr(item))) {
        writer.empty("reference", &[("item_ref", &number.to_string())])?;
    }
    writer.close()
}

/// The prefix and the name of a kind's items.
fn element(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::TextFileContent54 | Kind::TextFileContent) => "ind-sys:textfilecontent_item",
        Some(Kind::Variable) => "ind-sys:variable_item",
        Some(Kind::Family) => "ind-sys:family_item",
        Some(Kind::EnvironmentVariable58) => "ind-sys:environmentvariable58_item",
        Some(Kind::EnvironmentVariable) => "ind-sys:environmentvariable_item",
        Some(Kind::XmlFileContent) => "ind-sys:xmlfilecontent_item",
        Some(Kind::File) => "unix-sys:file_item",
        Some(Kind::Password) => "unix-sys:password_item",
        Some(Kind::Shadow) => "unix-sys:shadow_item",
        Some(Kind::Process58) => "unix-sys:process58_item",
        Some(Kind::Process) => "unix-sys:process_item",
        Some(Kind::Sysctl) => "unix-sys:sysctl_item",
        Some(Kind::Uname) => "unix-sys:uname_item",
        Some(Kind::Symlink) => "unix-sys:symlink_item",
        Some(Kind::Interface) => "unix-sys:interface_item",
        Some(Kind::DpkgInfo) => "lin-sys:dpkginfo_item",
        Some(Kind::RpmInfo) => "lin-sys:rpminfo_item",
        Some(Kind::RpmVerifyFile) => "lin-sys:rpmverifyfile_item",
        Some(Kind::SystemdUnitProperty) => "lin-sys:systemdunitproperty_item",
        Some(Kind::SystemdUnitDependency) => "lin-sys:systemdunitdependency_item",
        Some(Kind::Partition) => "lin-sys:partition_item",
        Some(Kind::SelinuxBoolean) => "lin-sys:selinuxboolean_item",
        Some(Kind::SelinuxSecurityContext) => "lin-sys:selinuxsecuritycontext_item",
        Some(Kind::InetListeningServers) => "lin-sys:inetlisteningserver_item",
        _ => "item",
    }
}

fn write_item(kind: Option<Kind>, number: usize, item: &Item, writer: &mut Writer<'_>) -> fmt::Result {
    let name = element(kind);
    let number = number.to_string();
    let mut attributes = vec![("id", number.as_str())];
    if item.status != Status::Exists {
        attributes.push(("status", item.status.name()));
    }
    writer.open(name, &attributes)?;
    if let Some(message) = &item.message {
        writer.text("message", &[("level", "error")], message)?;
    }
    let prefix = name.split_once(':').map_or("", |(prefix, _)| prefix);
    for Entry { field, status, value } in &item.entries {
        let name = if prefix.is_empty() { field.name().to_owned() } else { format!("{prefix}:{}", field.name()) };
        let mut attributes = Vec::new();
        match value {
            Value::Int(_) => attributes.push(("datatype", "int")),
            Value::Bool(_) => attributes.push(("datatype", "boolean")),
            // The schema wants the type of a package's version said.
            Value::Text(_) if *field == Field::Evr => {
                let debian = kind == Some(Kind::DpkgInfo);
                attributes.push(("datatype", if debian { "debian_evr_string" } else { "evr_string" }));
            }
            Value::Text(_) => {}
        }
        if *status == Status::Exists {
            writer.text(&name, &attributes, &value.text())?;
        } else {
            writer.empty(&name, &[("status", status.name())])?;
        }
    }
    writer.close()
}
