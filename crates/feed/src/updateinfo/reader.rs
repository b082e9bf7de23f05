//! Walks a document and fills one update at a time.

use super::{
    ATTRIBUTE_BYTES_MAX, Broken, COLLECTIONS_MAX, Collection, Module, PACKAGES_MAX, REFERENCES_MAX, TEXT_BYTES_MAX,
    UPDATES_MAX, Update, UpdatePackage, UpdateReference,
};
use crate::catalogue::{Entry, ParseError};
use crate::reading;
use crate::xml::{Element, Token, Xml};

const FORMAT: &str = "yum updateinfo XML";

/// What takes the updates.
type Visit<'v> = dyn FnMut(Result<Update, Broken>) + 'v;

/// Shows each update of a document in its order.
///
/// # Errors
/// The document is no updateinfo, is cut, or has more than [`UPDATES_MAX`] updates; what was shown
/// before must not be used.
pub(crate) fn for_each_update(entry: &Entry<'_>, visit: &mut Visit<'_>) -> Result<(), ParseError> {
    walk(entry, UPDATES_MAX, visit)
}

fn walk(entry: &Entry<'_>, updates_max: usize, visit: &mut Visit<'_>) -> Result<(), ParseError> {
    let mut xml = Xml::new(entry, FORMAT);
    match xml.next()? {
        Token::Open(root) if root.name() == b"updates" => {}
        _ => return Err(xml.here("its root element is not `updates`".to_owned())),
    }
    let mut count = 0;
    loop {
        match xml.next()? {
            Token::Open(element) if element.name() == b"update" => {
                count += 1;
                if count > updates_max {
                    return Err(xml.too_many("updates", updates_max));
                }
                visit(read_update(&mut xml, &element, count)?);
            }
            Token::Open(_) => xml.skip()?,
            Token::Close | Token::Text(_) => {}
            Token::End => return Ok(()),
        }
    }
}

/// An update as far as it is read, and what is wrong with it.
struct Draft {
    update: Update,
    packages: usize,
    wrong: Option<&'static str>,
}

fn read_update(xml: &mut Xml<'_>, start: &Element<'_>, number: usize) -> Result<Result<Update, Broken>, ParseError> {
    let update = Update { kind: attribute(start, "type"), status: attribute(start, "status"), ..Update::default() };
    let mut draft = Draft { update, packages: 0, wrong: None };
    while let Some(element) = child(xml)? {
        let text = |xml: &mut Xml<'_>| xml.text(TEXT_BYTES_MAX);
        let update = &mut draft.update;
        match element.name() {
            b"id" => update.id = text(xml)?.trim().to_owned(),
            b"title" => update.title = text(xml)?,
            b"severity" => update.severity = text(xml)?.trim().to_owned(),
            b"release" => update.release = text(xml)?.trim().to_owned(),
            b"description" => update.description = text(xml)?,
            b"issued" => {
                update.issued = element.attribute("date").and_then(|date| reading::moment(&date));
                xml.skip()?;
            }
            b"updated" => {
                update.updated = element.attribute("date").and_then(|date| reading::moment(&date));
                xml.skip()?;
            }
            b"references" => read_references(xml, &mut draft)?,
            b"pkglist" => read_collections(xml, &mut draft)?,
            _ => xml.skip()?,
        }
    }
    let Draft { update, wrong, .. } = draft;
    let named = reading::id(&update.id).is_some();
    let wrong = wrong.or_else(|| (!named).then_some("not the id of an advisory"));
    Ok(match wrong {
        None => Ok(update),
        Some(why) => {
            let id = reading::text(&update.id, reading::ID_BYTES_MAX);
            Err(Broken { record: if id.is_empty() { format!("update {number}") } else { id }, why })
        }
    })
}

/// Returns the next element within the one that is open, or `None` at its end.
fn child<'a>(xml: &mut Xml<'a>) -> Result<Option<Element<'a>>, ParseError> {
    loop {
        match xml.next()? {
            Token::Open(element) => return Ok(Some(element)),
            Token::Close | Token::End => return Ok(None),
            Token::Text(_) => {}
        }
    }
}

fn read_references(xml: &mut Xml<'_>, draft: &mut Draft) -> Result<(), ParseError> {
    while let Some(element) = child(xml)? {
        if element.name() == b"reference" {
            if draft.update.references.len() < REFERENCES_MAX {
                let [href, id, kind, title] = ["href", "id", "type", "title"].map(|name| attribute(&element, name));
                draft.update.references.push(UpdateReference { href, id, kind, title });
            } else {
                draft.wrong = Some("it has too many references");
            }
        }
        xml.skip()?;
    }
    Ok(())
}

fn read_collections(xml: &mut Xml<'_>, draft: &mut Draft) -> Result<(), ParseError> {
    while let Some(element) = child(xml)? {
        if element.name() != b"collection" {
            xml.skip()?;
            continue;
        }
        let mut collection = Collection { short: attribute(&element, "short"), ..Collection::default() };
        while let Some(element) = child(xml)? {
            match element.name() {
                b"name" => collection.name = xml.text(ATTRIBUTE_BYTES_MAX)?.trim().to_owned(),
                b"module" => {
                    let [name, stream, version, context, arch] =
                        ["name", "stream", "version", "context", "arch"].map(|name| attribute(&element, name));
                    collection.module = Some(Module { name, stream, version, context, arch });
                    xml.skip()?;
                }
                b"package" => {
                    draft.packages += 1;
                    let package = read_package(xml, &element)?;
                    if draft.packages <= PACKAGES_MAX {
                        collection.packages.push(package);
                    } else {
                        draft.wrong = Some("it has too many packages");
                    }
                }
                _ => xml.skip()?,
            }
        }
        if draft.update.collections.len() < COLLECTIONS_MAX {
            draft.update.collections.push(collection);
        } else {
            draft.wrong = Some("it has too many collections");
        }
    }
    Ok(())
}

fn read_package(xml: &mut Xml<'_>, start: &Element<'_>) -> Result<UpdatePackage, ParseError> {
    let [name, epoch, version, release, arch, src] =
        ["name", "epoch", "version", "release", "arch", "src"].map(|name| attribute(start, name));
    let mut package = UpdatePackage { name, epoch, version, release, arch, src, reboot_suggested: false };
    while let Some(element) = child(xml)? {
        if element.name() == b"reboot_suggested" {
            // Older documents have the empty element, newer ones `True` or `1`.
            let told = xml.text(ATTRIBUTE_BYTES_MAX)?;
            package.reboot_suggested = !matches!(told.trim(), "0" | "False" | "false");
        } else {
            xml.skip()?;
        }
    }
    Ok(package)
}

fn attribute(element: &Element<'_>, name: &str) -> String {
    let value = element.attribute(name).filter(|value| value.len() <= ATTRIBUTE_BYTES_MAX);
    value.map(|value| value.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIXTURE: &str = include_str!("../../fixtures/updateinfo/updateinfo.xml");

    fn entry(bytes: &[u8]) -> Entry<'_> {
        Entry { document: "updateinfo.xml", name: "t", bytes }
    }

    fn read(text: &str) -> Result<Vec<Result<Update, Broken>>, String> {
        let mut updates = Vec::new();
        let read = for_each_update(&entry(text.as_bytes()), &mut |update| updates.push(update));
        read.map(|()| updates).map_err(|error| error.to_string())
    }

    #[test]
    fn an_update_is_read_whole() {
        let updates = read(FIXTURE).unwrap();
        assert_eq!(updates.len(), 3);
        let update = updates[0].as_ref().unwrap();
        assert_eq!((&*update.id, &*update.kind, &*update.status), ("DEMO-2099-001", "security", "final"));
        assert_eq!((&*update.severity, &*update.release), ("Important", "Demo 9"));
        assert_eq!((&*update.title, &*update.description), ("demo-lib & kin", "Fixes CVE-2099-0001.\nAnd <more>."));
        assert_eq!(update.issued.unwrap().to_string(), "2099-01-11T21:05:00Z");
        assert_eq!(update.updated.unwrap().to_string(), "2099-01-12T00:00:00Z");
        let reference = &update.references[0];
        assert_eq!((&*reference.id, &*reference.kind), ("CVE-2099-0001", "cve"));
        assert_eq!(reference.href, "https://example.org/?a=1&b=2");
        let [plain, modular] = &update.collections[..] else { panic!("{:?}", update.collections) };
        assert_eq!((&*plain.short, &*plain.name, &plain.module), ("demo-9", "Demo 9", &None));
        let evrs: Vec<_> = plain.packages.iter().map(|package| (&*package.name, package.evr())).collect();
        assert_eq!(evrs, [("demo-lib", Some("1.2-3.el9".into())), ("demo-tool", Some("1:1.2-3.el9".into()))]);
        assert_eq!((&*plain.packages[0].arch, &*plain.packages[0].src), ("x86_64", "demo-1.2-3.el9.src.rpm"));
        assert!(plain.packages[0].reboot_suggested && !plain.packages[1].reboot_suggested);
        let module = modular.module.as_ref().unwrap();
        assert_eq!((&*module.name, &*module.stream), ("demo", "18"));
        assert_eq!(modular.packages[0].evr(), None, "without a release");
    }

    #[test]
    fn a_broken_update_does_not_take_the_others_with_it() {
        let updates = read(FIXTURE).unwrap();
        assert_eq!(updates[1], Err(Broken { record: "update 2".into(), why: "not the id of an advisory" }));
        assert_eq!(updates[2].as_ref().unwrap().id, "DEMO-2099-003");
    }

    #[test]
    fn refuses_what_ends_early_or_is_something_else() {
        for cut in 0..FIXTURE.trim_end().len() {
            assert!(read(&FIXTURE[..cut]).is_err(), "cut at {cut}");
        }
        let wrong = read("<html><body>proxy</body></html>").unwrap_err();
        assert!(wrong.ends_with("its root element is not `updates`"), "{wrong}");
        assert!(read("<updates/>").unwrap().is_empty());
    }

    #[test]
    fn every_bound_is_reached() {
        let only = |text: String| read(&text).unwrap().remove(0);
        let update = |inner: String| format!("<updates><update><id>A-1</id>{inner}</update></updates>");
        let packages = |count: usize| {
            let packages = "<package name=\"a\"/>".repeat(count);
            update(format!("<pkglist><collection>{packages}</collection></pkglist>"))
        };
        assert!(only(packages(PACKAGES_MAX)).is_ok());
        assert_eq!(only(packages(PACKAGES_MAX + 1)).unwrap_err().why, "it has too many packages");
        let references = update(format!("<references>{}</references>", "<reference/>".repeat(REFERENCES_MAX + 1)));
        assert_eq!(only(references).unwrap_err().why, "it has too many references");
        let collections = update(format!("<pkglist>{}</pkglist>", "<collection/>".repeat(COLLECTIONS_MAX + 1)));
        assert_eq!(only(collections).unwrap_err().why, "it has too many collections");
        let long = update(format!("<title>{}</title>", "x".repeat(TEXT_BYTES_MAX + 1)));
        assert_eq!(only(long).unwrap().title.len(), TEXT_BYTES_MAX);
        let long = format!("<updates><update type=\"{}\"><id>A-1</id></update></updates>", "x".repeat(5_000));
        assert_eq!(only(long).unwrap().kind, "");

        let mut seen = 0;
        let error = walk(&entry(FIXTURE.as_bytes()), 2, &mut |_| seen += 1).unwrap_err();
        assert_eq!((error.to_string().as_str(), seen), ("`t` has more than 2 updates", 2));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(
            text in "(<updates>|</updates>|<update>|</update>|<id>|</id>|<pkglist>|<collection>|<package name='|'/>|\\PC){0,30}",
        ) {
            let _ = read(&text);
        }
    }
}
