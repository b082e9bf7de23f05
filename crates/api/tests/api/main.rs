//! The operations over a real store, without a socket: request in, answer out.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on fails")]
#![expect(clippy::needless_pass_by_value, reason = "a request is written where it is used")]

mod fixture;
mod model;
mod support;

mod every_operation;
mod exclusions;
mod findings;
mod previews;
mod reports;
mod resource_groups;
mod roles;
mod rules_packages;
mod run_agents;
mod runs;
mod subscriptions;
mod tags;
mod targets;
mod templates;
