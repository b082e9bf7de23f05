//! Reads a host: who it is, what is installed, how it is configured.
//!
//! Everything goes through the [`Host`] trait, so a probe runs the same on the live machine, on
//! a mounted image and on a map in a test. Probes start no process and write no file.
//!
//! # Invariants
//!
//! - Every read has a limit that is checked before and while reading.
//! - A path is resolved as if the root were `/`: no symbolic link leads out of it.
//! - What cannot be read becomes a problem with its place and what it means; a broken record
//!   never hides its neighbours.

pub mod host;
pub mod memory;

pub use host::{ByteLimit, DirEntry, FileKind, Host, Metadata, ReadError};
pub use memory::MemoryHost;
