//! How long things are kept, what would go, and its going.
//!
//! - `policy`: the settings of an account.
//! - `preview`: what would go now, kind by kind.
//! - `apply`: lets it go in bounded steps, and deletes blobs whose row is gone.
//!
//! # Invariants
//!
//! - A run that is not over is never touched, nor what belongs to it.
//! - Metering and the audit log stay: records move into files, files are kept.
//! - A blob goes after its row, and only when nothing names it any more.

mod apply;
mod policy;
mod preview;

pub use apply::{Gone, apply, sweep_blobs, tidy_up};
pub use policy::{DAYS_MAX, Kind, Policy, policy, set_policy};
pub use preview::{Doom, preview};
