//! The use cases of the service, one file a noun, one verb a function.
//!
//! A verb takes a [`Cx`]: the open transaction, who calls, and when. It authorizes, looks up and
//! acts; it neither begins nor commits. Faces (API, console, command line) call
//! [`App::change`] or [`App::look`], which also leave the audit record of the call: a change and
//! its record are one transaction.

pub mod access_keys;
pub mod account;
pub mod agents;
mod app;
pub mod audit;
pub mod backup;
mod bell;
mod call;
mod cedar;
pub mod codes;
pub mod configuration;
pub mod engine;
mod error;
pub mod exclusion;
pub mod exclusion_preview;
pub mod exclusions;
pub mod finding;
pub mod fleet;
mod index;
mod keys;
pub mod metering;
pub mod opening;
pub mod preview;
mod record;
pub mod reports;
pub mod resource_group;
pub mod retention;
mod rights;
pub mod roles;
pub mod run;
pub mod run_agent;
pub mod run_control;
pub mod subscription;
pub mod target;
pub mod template;
pub mod tokens;
pub mod users;

pub use app::{Answer, App, Call, Clock, Parts, Settings};
pub use bell::Bell;
pub use call::{Caller, Cx, Via};
pub use cedar::CedarRights;
pub use error::AppError;
pub use index::{DataDirIndex, IndexSource};
pub use keys::FoundKey;
pub use rights::Rights;
