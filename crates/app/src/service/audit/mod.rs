//! The audit log as a whole: proved, given out, moved into files.
//!
//! - `walk`: the records of an account in their order, from files and rows, in bounded memory.
//! - `verify`: walks along the chain and names the first break.
//! - `export`: a range as `{"Records":[…]}`, gzip.
//! - `rotate`: moves old records out of the database into such files.
//! - `file`: reads and writes that form.
//!
//! None of this is one transaction: a log of years does not fit into one. Whoever calls records
//! the call first, with [`App::look`](super::App::look) or [`App::change`](super::App::change).

mod export;
mod file;
mod rotate;
mod verify;
mod walk;

pub use export::{Range, export};
pub use rotate::{RECORDS_A_FILE_MAX, Rotated, Rotation, rotate};
pub use verify::{Verification, parse_head, verify};
pub use walk::Broken;
