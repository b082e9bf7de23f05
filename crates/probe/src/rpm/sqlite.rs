//! The SQLite file `rpmdb.sqlite`, which rpm writes since Fedora 33 and RHEL 9.

use crate::host::Host;
use crate::paged::{Outcome, damaged};
use crate::sqlite::Database;

use super::{BLOB_BYTES_MAX, BlobVisitor};

const TABLE: &str = "Packages";
/// `hnum INTEGER PRIMARY KEY, blob BLOB`: the first is the number of the row.
const COLUMN: &str = "blob";

/// Hands over each header with its number; false when there is no such file.
pub(super) fn visit(host: &dyn Host, path: &str, visitor: &mut BlobVisitor<'_>) -> Outcome<bool> {
    let Some(mut database) = Database::open(host, path)? else {
        return Ok(false);
    };
    let Some(table) = database.table(TABLE)? else {
        return damaged(format!("it has no table `{TABLE}`"));
    };
    let Some(column) = table.column(COLUMN) else {
        return damaged(format!("its table `{TABLE}` has no column `{COLUMN}`"));
    };
    database.scan(&table, &mut |row| match (row.blob(column), u32::try_from(row.number)) {
        (Some(blob), Ok(number)) if blob.len() <= BLOB_BYTES_MAX => visitor(number, blob),
        _ => damaged(format!("row {} holds no header", row.number)),
    })?;
    Ok(true)
}
