//! The use cases of the service over a real store, a real index and real snapshots, with a clock
//! that the test moves.

#![expect(clippy::unwrap_used, clippy::as_conversions, reason = "a test that cannot go on fails")]

mod continuous;
mod support;

mod runs;
mod two_servers;

#[test]
fn all_of_it_on_postgres() {
    yagura_testkit::postgres::run_again_on_postgres("all_of_it_on_postgres");
}
