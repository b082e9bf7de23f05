//! The faces of the service on one TLS port: AWS JSON 1.1 for clients, the gateway for agents.
//!
//! - [`operations`]: the table of operations, one file each: what a request may hold, which verb
//!   it calls, what the answer looks like.
//! - `input` reads a request's members and names what is wrong with one in the API's codes.
//! - `filter` reads the members that filters of lists share; `items` describes the things of a list
//!   one by one and reports what fails item by item; `asset` shows the host of a finding.
//! - `exception` turns a refusal into the body and the status that clients expect.
//! - `page` makes and checks the tokens of paged lists.
//! - [`server`]: the TLS port, its bounds, and the way of a request to its answer.
//! - `gateway`: the calls of agents.
//!
//! # Invariants
//!
//! - Every operation is authorized and recorded by `dispatch`, before and around its verb: an
//!   operation's file cannot forget it.
//! - Only `InternalException` is a 500.
//! - Every body has a bound that is checked before it is read.

mod asset;
pub mod dispatch;
mod exception;
mod filter;
mod gateway;
mod input;
mod items;
pub mod operations;
mod page;
pub mod server;
mod shapes;
