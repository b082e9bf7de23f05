//! How the program names itself in the documents it writes.

use jiff::Timestamp;

/// The program's name.
pub(crate) const NAME: &str = "Yagura";

/// The program's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Writes a time as RFC 3339 in UTC to the second, which every consumer of these formats reads.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes a time for people: `2026-11-23 19:00 UTC`.
pub(crate) fn minutes(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Writes a day: `2026-11-23`.
pub(crate) fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}
