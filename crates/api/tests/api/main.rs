//! The operations over a real store, without a socket: request in, answer out.

mod fixture;
mod model;
mod support;

mod every_operation;
mod previews;
mod reports;
mod resource_groups;
mod roles;
mod rules_packages;
mod runs;
mod subscriptions;
mod tags;
mod targets;
mod templates;
