//! The use cases of the service, one file a noun, one verb a function.
//!
//! A verb takes a [`Cx`]: the open transaction, who calls, and when. It authorizes, looks up and
//! acts; it neither begins nor commits. Faces (API, console, command line) call
//! [`App::change`] or [`App::look`], which also leave the audit record of the call: a change and
//! its record are one transaction.

mod app;
mod call;
pub mod codes;
mod error;
pub mod exclusion;
pub mod exclusion_preview;
pub mod exclusions;
pub mod finding;
mod record;
mod rights;
pub mod run_agent;

pub use app::{Answer, App, Call, Clock, Settings};
pub use call::{Caller, Cx, Via};
pub use error::AppError;
pub use rights::Rights;
