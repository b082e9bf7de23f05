//! `file`: what lstat(2) says, and whether there is an access control list.

use std::cell::OnceCell;

use yagura_scap::{Collected, Facts, Field, ITEMS_MAX, Item, Object, Status, Value};

use super::find::{Found, find};
use super::listing::{Files, below_root};
use super::{concluded, flow};
use crate::host::{ByteLimit, FileKind, Metadata, SpecialKind};

/// The kernel's own bound of an attribute.
const ACL_LIMIT: ByteLimit = ByteLimit::kib(64);
/// A list of owner, group and others alone says no more than the mode: a head of four bytes and
/// three entries of eight.
const PLAIN_ACL_BYTES: usize = 4 + 3 * 8;

/// Collects files.
pub(super) fn collect(files: &Files<'_>, object: &Object) -> Collected {
    let mut items = Vec::new();
    let ending = find(files, object, &mut |found| {
        let facts = FileFacts { files, found, metadata: OnceCell::new(), acl: OnceCell::new() };
        if !object.keeps(&facts) {
            return flow(items.len() < ITEMS_MAX);
        }
        items.push(facts.item());
        flow(items.len() < ITEMS_MAX)
    });
    concluded(items, &ending)
}

const PERMISSIONS: [(Field, u16); 12] = [
    (Field::Suid, 0o4000),
    (Field::Sgid, 0o2000),
    (Field::Sticky, 0o1000),
    (Field::URead, 0o400),
    (Field::UWrite, 0o200),
    (Field::UExec, 0o100),
    (Field::GRead, 0o40),
    (Field::GWrite, 0o20),
    (Field::GExec, 0o10),
    (Field::ORead, 0o4),
    (Field::OWrite, 0o2),
    (Field::OExec, 0o1),
];

/// What is known of a file; what costs a system call is read when something asks for it.
struct FileFacts<'f, 'h> {
    files: &'f Files<'h>,
    found: Found<'f>,
    metadata: OnceCell<Option<Metadata>>,
    acl: OnceCell<Option<bool>>,
}

impl FileFacts<'_, '_> {
    fn metadata(&self) -> Option<&Metadata> {
        let read = || self.files.host.link_metadata(below_root(&self.path_of_node())).ok().flatten();
        self.metadata.get_or_init(read).as_ref()
    }

    /// The path of the thing itself: a directory may be written with a slash at its end.
    fn path_of_node(&self) -> String {
        let path = self.found.filepath();
        path.strip_suffix('/').map_or(path.clone(), str::to_owned)
    }

    /// Whether there is an access control list that says more than the mode; `None` where it
    /// cannot be told.
    fn has_acl(&self) -> Option<bool> {
        *self.acl.get_or_init(|| {
            let path = self.path_of_node();
            // The reference asks what a link leads to, and so does whoever opens the file.
            let attribute = |name| self.files.host.attribute(below_root(&path), name, ACL_LIMIT);
            let access = attribute("system.posix_acl_access").ok()?;
            let default = match self.found.stat.kind {
                FileKind::Directory => attribute("system.posix_acl_default").ok()?,
                _ => None,
            };
            Some(access.is_some_and(|list| list.len() > PLAIN_ACL_BYTES) || default.is_some())
        })
    }

    fn item(&self) -> Item {
        let stat = self.found.stat;
        let mut item = Item::new();
        item.entries.reserve_exact(23);
        match self.found.filename {
            Some(name) => {
                item.push(Field::Filepath, self.found.filepath());
                item.push(Field::Path, self.found.path);
                item.push(Field::Filename, name);
            }
            None => {
                item.push(Field::Path, self.found.path);
                item.push(Field::Filename, "");
            }
        }
        item.push(Field::Type, type_name(stat.kind, stat.special));
        item.push(Field::GroupId, stat.gid);
        item.push(Field::UserId, stat.uid);
        // A file whose name is not UTF-8 cannot be looked up again: what its directory told stays.
        if let Some(metadata) = self.metadata() {
            item.push(Field::ATime, metadata.times.accessed);
            item.push(Field::CTime, metadata.times.changed);
            item.push(Field::MTime, metadata.times.modified);
            item.push(Field::Size, size(metadata));
        }
        for (field, bit) in PERMISSIONS {
            item.push(field, stat.mode & bit != 0);
        }
        match self.has_acl() {
            Some(has) => item.push(Field::HasExtendedAcl, has),
            None => item.push_absent(Field::HasExtendedAcl),
        }
        item
    }
}

impl Facts for FileFacts<'_, '_> {
    fn each(&self, field: Field, each: &mut dyn FnMut(Status, &Value)) {
        let stat = self.found.stat;
        let mut tell = |value: Value| each(Status::Exists, &value);
        match field {
            Field::Filepath => {
                if self.found.filename.is_some() {
                    tell(self.found.filepath().into());
                }
            }
            Field::Path => tell(self.found.path.into()),
            Field::Filename => tell(self.found.filename.unwrap_or_default().into()),
            Field::Type => tell(type_name(stat.kind, stat.special).into()),
            Field::GroupId => tell(stat.gid.into()),
            Field::UserId => tell(stat.uid.into()),
            Field::ATime | Field::CTime | Field::MTime | Field::Size => {
                let Some(metadata) = self.metadata() else { return };
                tell(match field {
                    Field::ATime => metadata.times.accessed.into(),
                    Field::CTime => metadata.times.changed.into(),
                    Field::MTime => metadata.times.modified.into(),
                    _ => size(metadata).into(),
                });
            }
            Field::HasExtendedAcl => match self.has_acl() {
                Some(has) => tell(has.into()),
                None => each(Status::DoesNotExist, &Value::Bool(false)),
            },
            other => {
                if let Some((_, bit)) = PERMISSIONS.iter().find(|(field, _)| *field == other) {
                    tell((stat.mode & bit != 0).into());
                }
            }
        }
    }
}

fn size(metadata: &Metadata) -> i64 {
    i64::try_from(metadata.size_bytes).unwrap_or(i64::MAX)
}

/// The standard's word for a kind of file.
fn type_name(kind: FileKind, special: Option<SpecialKind>) -> &'static str {
    match (kind, special) {
        (FileKind::File, _) => "regular",
        (FileKind::Directory, _) => "directory",
        (FileKind::Symlink, _) => "symbolic link",
        (FileKind::Special, Some(SpecialKind::Block)) => "block special",
        (FileKind::Special, Some(SpecialKind::Character)) => "character special",
        (FileKind::Special, Some(SpecialKind::Fifo)) => "fifo",
        (FileKind::Special, Some(SpecialKind::Socket)) => "socket",
        (FileKind::Special, None) => "",
    }
}
