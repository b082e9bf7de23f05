//! The management of a service over a store of its own, with a clock that a test moves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audit;
mod backup;
mod fleet;
mod people;
mod retention;
mod support;
mod tokens;

#[test]
fn all_of_it_on_postgres() {
    yagura_testkit::postgres::run_again_on_postgres("all_of_it_on_postgres");
}
