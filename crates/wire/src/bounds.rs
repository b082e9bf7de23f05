//! Every limit of the protocol, with its unit.
//!
//! The bounds on a telemetry stream are made for each other: a physical line always fits into the smallest chunk,
//! even where it does not compress at all, and a message that is longer than a line travels in parts.

/// Tags of one agent.
pub const TAGS_MAX: usize = 50;
/// Characters of a tag's key.
pub const TAG_KEY_CHARS_MAX: usize = 128;
/// Characters of a tag's value.
pub const TAG_VALUE_CHARS_MAX: usize = 256;
/// Addresses of each family.
pub const ADDRESSES_MAX: usize = 50;
/// Bytes of a short text: a host name, a version, an address, a reason.
pub const TEXT_BYTES_MAX: usize = 1024;
/// Bytes of an enrolment token.
pub const TOKEN_BYTES_MAX: usize = 256;
/// Bytes of a run's ARN.
pub const RUN_BYTES_MAX: usize = 300;
/// Bytes of a nonce.
pub const NONCE_BYTES_MAX: usize = 128;
/// Bytes of a certificate or signing request in PEM.
pub const PEM_BYTES_MAX: usize = 32 * 1024;
/// Bytes of the text in which an agent says how it is.
pub const DETAILS_BYTES_MAX: usize = 4 * 1024;
/// Bytes of a JSON request or answer.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Runs that one heartbeat speaks of, and instructions or stop orders that one answer holds.
pub const RUNS_MAX: usize = 100;
/// Collection words of one instruction.
pub const COLLECT_MAX: usize = 32;
/// Seconds that a heartbeat may be held.
pub const WAIT_SECONDS_MAX: u32 = 50;
/// Seconds between heartbeats that a server may ask for.
pub const HEARTBEAT_SECONDS_MAX: u32 = 3600;

/// Compressed bytes of a chunk, where an instruction asks for no other size.
pub const CHUNK_BYTES_DEFAULT: usize = 256 * 1024;
/// Compressed bytes below which no instruction may set a chunk: a physical line fits even uncompressed.
pub const CHUNK_BYTES_MIN: usize = 192 * 1024;
/// Compressed bytes above which no instruction may set a chunk.
pub const CHUNK_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a chunk's lines when unpacked.
pub const CHUNK_UNPACKED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Lines of one chunk.
pub const CHUNK_MESSAGES_MAX: usize = 20_000;
/// Chunks of one agent in one run.
pub const CHUNKS_MAX: u32 = 10_000;

/// Bytes of a physical line of telemetry.
pub const LINE_BYTES_MAX: usize = 128 * 1024;
/// Bytes of a long message that one part carries, before the part's text is quoted, which at most doubles it.
pub const PART_BYTES_MAX: usize = 48 * 1024;
/// Bytes of a message put together from its parts.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of all lines of one agent in one run, and of a stored snapshot's.
pub const TELEMETRY_BYTES_MAX: usize = 160 * 1024 * 1024;
/// Bytes of all packages, accounts, directories and problems of one host, as they travel; the rest of
/// [`TELEMETRY_BYTES_MAX`] is for the facts and the frames.
pub const RECORDS_BYTES_MAX: usize = 80 * 1024 * 1024;
/// Compressed bytes of a stored snapshot.
pub const STORED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Distinct types of messages that are counted by name; more are counted together.
pub const TYPES_MAX: usize = 64;

/// Packages of one host; the probe has the same bound.
pub const PACKAGES_MAX: usize = 200_000;
/// Repositories of one host.
pub const REPOSITORIES_MAX: usize = 10_000;
/// Rules of one host that hold packages back.
pub const PINS_MAX: usize = 20_000;
/// Accounts of one host.
pub const ACCOUNTS_MAX: usize = 200_000;
/// Directories of one host.
pub const DIRECTORIES_MAX: usize = 20_000;
/// Installed kernels of one host.
pub const KERNELS_MAX: usize = 20_000;
/// Loaded live patches of one host.
pub const LIVEPATCHES_MAX: usize = 256;
/// Installed kernels that one line names.
pub(crate) const KERNELS_A_LINE: usize = 256;
/// Names in the lists of all directories together.
pub const DIRECTORY_NAMES_MAX: usize = 200_000;
/// Things that could not be read on one host.
pub const PROBLEMS_MAX: usize = 20_000;
/// Problems that the end of a telemetry stream tells of.
pub const STOP_PROBLEMS_MAX: usize = 100;
/// Network interfaces of one host.
pub const INTERFACES_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_fit_into_each_other() {
        // A quoted part and its envelope are a line; a line that does not compress is a chunk.
        const { assert!(PART_BYTES_MAX * 2 + 1024 < LINE_BYTES_MAX) };
        const { assert!(LINE_BYTES_MAX + 16 * 1024 < CHUNK_BYTES_MIN) };
        const { assert!(CHUNK_BYTES_DEFAULT >= CHUNK_BYTES_MIN && CHUNK_BYTES_DEFAULT <= CHUNK_BYTES_MAX) };
        const { assert!(LINE_BYTES_MAX < CHUNK_UNPACKED_BYTES_MAX) };
        // Five facts and the host, each split and quoted, beside all records and kernels.
        const { assert!(RECORDS_BYTES_MAX + 7 * 2 * MESSAGE_BYTES_MAX + 16 * 1024 * 1024 < TELEMETRY_BYTES_MAX) };
    }
}
