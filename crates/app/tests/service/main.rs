//! The use cases of the service over a real store, a real index and real snapshots, with a clock
//! that the test moves.

mod continuous;
mod support;

mod runs;
