//! Reads rpm's database: what is installed, who built and signed it, and its files.
//!
//! rpm has kept its headers in three kinds of file, each with a reader here: `bdb` (a Berkeley DB
//! hash, until RHEL 8), `ndb` (SUSE) and `sqlite` (Fedora, RHEL 9). No package manager, no
//! Berkeley DB and no SQLite is called: the agent runs as root over files that may be hostile, and
//! everything that it trusts them with is in this folder and in the module `sqlite`. `header` reads
//! one header, `files` its list of files, `signature` the key that signed it, `package` makes a
//! package of it, `origin` tells who built it, `release` what system the packages are of,
//! `manifest` reads the list that images without a database carry.
//!
//! [`read`] is the inventory; [`read_headers`] hands over every header with all its tags;
//! [`owners`] tells which packages own some paths.
//!
//! # Invariants
//!
//! - A database that contradicts itself is an error, never a shorter inventory. A header that does
//!   becomes a problem that names its number, and its neighbours are read.
//! - One header is in memory at a time.

mod bdb;
mod database;
pub mod files;
mod header;
mod keys;
mod manifest;
mod ndb;
mod origin;
mod owners;
mod package;
mod release;
#[cfg(test)]
mod sample;
mod signature;
mod sqlite;
mod tag;

use crate::error::InventoryError;
use crate::host::{ByteLimit, Host};
pub use crate::paged::Flow;
use crate::paged::{Fault, Outcome, Window};
pub(crate) use database::inventory;
pub use database::{Database, PublicKey, read};
pub use files::{FileEntry, Files};
pub use header::{BrokenHeader, Header, Numbers, Texts};
pub use owners::owners;
pub use tag::Tag;

/// Where rpm keeps its database: for long, since 2020, and on systems by rpm-ostree, which also
/// keep that of the image alone.
const FOLDERS: &[&str] =
    &["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm", "usr/lib/sysimage/rpm-ostree-base-db"];

/// A workstation with everything has some hundred MiB.
const DATABASE_LIMIT: ByteLimit = ByteLimit::mib(2048);
/// The headers of packages with a hundred thousand files have some ten MiB.
const BLOB_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Fedora has some 70,000 packages.
const RECORDS_MAX: usize = 200_000;

/// Takes the number and the bytes of a header.
type BlobVisitor<'v> = dyn FnMut(u32, &[u8]) -> Outcome<Flow> + 'v;

/// The kinds of database in the order in which rpm itself looks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Sqlite,
    Ndb,
    Bdb,
}

impl Format {
    const ALL: [Self; 3] = [Self::Sqlite, Self::Ndb, Self::Bdb];

    const fn file(self) -> &'static str {
        match self {
            Self::Sqlite => "rpmdb.sqlite",
            Self::Ndb => "Packages.db",
            Self::Bdb => "Packages",
        }
    }

    /// Hands over each header; false when there is no such file.
    fn visit(self, host: &dyn Host, path: &str, visitor: &mut BlobVisitor<'_>) -> Outcome<bool> {
        if self == Self::Sqlite {
            return sqlite::visit(host, path, visitor);
        }
        let Some(file) = host.open_file(path, DATABASE_LIMIT)? else {
            return Ok(false);
        };
        let mut window = Window::new(file);
        match self {
            Self::Ndb => ndb::visit(&mut window, visitor)?,
            _ => bdb::visit(&mut window, visitor)?,
        }
        Ok(true)
    }
}

/// What a visitor of headers is given.
pub type HeaderVisitor<'v> = dyn FnMut(Result<&Header<'_>, (u32, BrokenHeader)>) -> Flow + 'v;

/// Hands over every header of the host's database, public keys too, in the database's order.
/// Returns the database's path; `None` when the host has none. Of several the first with a header
/// in it is read. A header that cannot be read is handed over by its number.
///
/// # Errors
/// When the database is there and cannot be read whole; what was handed over before is a part then.
pub fn read_headers(host: &dyn Host, visitor: &mut HeaderVisitor<'_>) -> Result<Option<String>, InventoryError> {
    let mut empty = None;
    for folder in FOLDERS {
        for format in Format::ALL {
            let path = format!("{folder}/{}", format.file());
            let mut count = 0_usize;
            let outcome = format.visit(host, &path, &mut |number, blob| {
                count += 1;
                if count > RECORDS_MAX {
                    return Err(Fault::TooManyRecords(RECORDS_MAX));
                }
                Ok(match Header::parse(number, blob) {
                    Ok(header) => visitor(Ok(&header)),
                    Err(broken) => visitor(Err((number, broken))),
                })
            });
            match outcome {
                Ok(false) => {}
                // rpm makes an empty database wherever it is asked to read one.
                Ok(true) if count == 0 => empty = empty.or(Some(path)),
                Ok(true) => return Ok(Some(path)),
                Err(fault) => return Err(inventory_error(&path, fault)),
            }
        }
    }
    Ok(empty)
}

fn inventory_error(path: &str, fault: Fault) -> InventoryError {
    let path = path.to_owned();
    match fault {
        Fault::Read(source) => InventoryError::Unreadable { path, source },
        Fault::Damaged(what) => InventoryError::Damaged { path, what },
        Fault::TooManyRecords(records_max) => InventoryError::TooManyRecords { path, records_max },
    }
}

#[cfg(test)]
mod tests;
