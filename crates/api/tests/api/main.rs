//! The operations over a real store, without a socket: request in, answer out.

mod support;

mod rules_packages;
