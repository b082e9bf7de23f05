//! The use cases of the service over a real store, a real index and real snapshots, with a clock
//! that the test moves.

#![expect(clippy::unwrap_used, clippy::as_conversions, reason = "a test that cannot go on fails")]

mod continuous;
mod support;

mod runs;
