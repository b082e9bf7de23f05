//! Stories through the real binary: one file a command, one for bad input.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod assess;
mod bad_input;
mod explain;
mod feed;
mod inventory;
mod manage;
mod real_data;
mod support;
