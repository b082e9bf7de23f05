//! What several crates' tests share: real data where it is present, small host trees on disk,
//! small feed mirrors in the upstreams' formats, a PostgreSQL server,
//! and SQLite files.

pub mod host_tree;
pub mod mirror;
pub mod postgres;
pub mod sqlite_file;

use std::path::{Path, PathBuf};

pub use host_tree::HostTree;
pub use mirror::FeedMirror;
pub use postgres::Postgres;
pub use sqlite_file::SqliteFile;

/// Finds a folder or file of the shared real data: `hosts/debian-13-minbase`, `feeds`.
///
/// Looks below `$YAGURA_SHARED/data`, then below `shared/data` beside the repository. Where it is
/// absent, says so on standard error and returns `None`, so that a skipped test is seen.
pub fn shared_data(part: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let base = std::env::var_os("YAGURA_SHARED").map_or(beside, PathBuf::from);
    let path = base.join("data").join(part);
    if path.exists() {
        return Some(path);
    }
    announce_skip(&format!("skipped: no real data at `{}`", path.display()));
    None
}

/// Prints past the test harness's capture, because a skip that nobody sees looks like a pass.
pub fn announce_skip(line: &str) {
    use std::io::Write as _;
    // A closed standard error is no reason to fail a test that is skipped anyway.
    let _ = writeln!(std::io::stderr(), "{line}");
}
