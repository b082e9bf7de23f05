//! Reads a host: who it is, what is installed, how it is configured.
//!
//! Everything goes through the [`Host`] trait, so a probe runs the same on the live machine, on
//! a mounted image and on a map in a test. Probes start no process and write no file.
//!
//! [`snapshot`](snapshot()) is the whole interface for everyone above: a [`RootedHost`] in, a
//! snapshot out; [`inventory`] and [`full_inventory`] give less of it in less time. Each object has a
//! file of its own: `os_release`, `identity`, `kernel`, one folder a package manager (what is
//! installed), `languages` (what lies beside it, with `owners` to tell the two apart), `origin` (who
//! built it) and `channels` (from where it can be renewed). [`oval`] collects what SCAP content asks for.
//!
//! # Invariants
//!
//! - Every read has a limit that is checked before and while reading.
//! - A path is resolved as if the root were `/`: no symbolic link leads out of it.
//! - What cannot be read becomes a problem with its place and what it means; a broken record
//!   never hides its neighbours.

pub mod alpm;
pub mod apk;
mod base64;
pub mod channels;
pub mod database;
pub mod dpkg;
mod error;
pub mod flatpak;
pub mod host;
pub mod identity;
pub mod kernel;
pub mod languages;
pub mod memory;
pub mod origin;
pub mod os_release;
pub mod oval;
pub mod owners;
mod paged;
pub mod portage;
mod problem;
pub mod rooted;
pub mod rpm;
pub mod settings;
pub mod snap;
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
pub use snapshot::{full_inventory, inventory, snapshot};
