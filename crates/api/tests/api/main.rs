//! The operations over a real store, without a socket: request in, answer out.

mod support;

mod exclusions;
mod findings;
mod rules_packages;
mod run_agents;
