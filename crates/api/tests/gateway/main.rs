//! The port over real TLS: the gateway of agents, the API behind signatures, what is refused.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]
#![expect(clippy::needless_pass_by_value, reason = "a request is written where it is used")]

mod agents;
mod api;
mod bad_input;
mod client;
mod host;
mod port;
mod service;
mod telemetry;

#[test]
fn all_of_it_on_postgres() {
    yagura_testkit::postgres::run_again_on_postgres("all_of_it_on_postgres");
}
