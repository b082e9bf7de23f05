//! The port over real TLS: the gateway of agents, the API behind signatures, what is refused.

mod agents;
mod api;
mod bad_input;
mod client;
mod host;
mod port;
mod service;
mod telemetry;
