//! Reads a host: who it is, what is installed, how it is configured.
//!
//! Everything goes through the [`Host`] trait, so a probe runs the same on the live machine, on
//! a mounted image and on a map in a test. Probes start no process and write no file.
//!
//! [`snapshot`](snapshot()) is the whole interface for everyone above: a [`RootedHost`] in, a
//! snapshot out. Each object has a file of its own: `os_release`, `identity`, `kernel`, `dpkg`
//! (what is installed) and `origin` (who built it). [`oval`] collects what SCAP content asks for.
//!
//! # Invariants
//!
//! - Every read has a limit that is checked before and while reading.
//! - A path is resolved as if the root were `/`: no symbolic link leads out of it.
//! - What cannot be read becomes a problem with its place and what it means; a broken record
//!   never hides its neighbours.

pub mod dpkg;
mod error;
pub mod host;
pub mod identity;
pub mod kernel;
pub mod memory;
pub mod origin;
pub mod os_release;
pub mod oval;
mod paged;
mod problem;
pub mod rooted;
pub mod rpm;
pub mod settings;
pub mod snapshot;
mod sqlite;
mod virtualization;

pub use error::InventoryError;
pub use host::{
    ByteLimit, Conversation, DirEntry, FileKind, FileTimes, Host, Metadata, OpenFile, ReadError, Space, SpecialKind,
    Uname,
};
pub use memory::MemoryHost;
pub use rooted::{OpenRootError, RootedHost};
pub use snapshot::{inventory, snapshot};
