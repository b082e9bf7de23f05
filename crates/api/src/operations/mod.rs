//! The table of operations. A new one is one file here and one line in [`OPERATIONS`].
//!
//! A file holds what its request may contain, the call of the verb in `yagura-app`, and the form
//! of its answer. `None` as an answer is a body of no bytes, for operations without an output.

mod add_attributes_to_findings;
mod create_exclusions_preview;
mod describe_exclusions;
mod describe_findings;
mod get_exclusions_preview;
mod get_telemetry_metadata;
mod list_assessment_run_agents;
mod list_exclusions;
mod list_findings;
mod list_rules_packages;
mod marking;
mod remove_attributes_from_findings;

use serde_json::Value;
use yagura_app::service::{AppError, Cx};

use crate::input::Input;

/// Whether an operation may change things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It looks.
    Look,
    /// It changes.
    Change,
}

/// The member of a request that names what the operation is about, for authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The account as a whole.
    Account,
    /// The thing whose ARN is in this member.
    One(&'static str),
    /// The things whose ARNs are in this member.
    Many(&'static str),
}

/// One operation of the API.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// `ListRulesPackages`.
    pub name: &'static str,
    /// Whether it may change things.
    pub access: Access,
    /// What it is about.
    pub on: On,
    /// Reads the request, calls the verb, forms the answer.
    pub run: fn(&mut Cx<'_, '_>, &Input) -> Result<Option<Value>, AppError>,
}

/// Every operation, by name.
pub const OPERATIONS: &[Operation] = &[
    add_attributes_to_findings::OPERATION,
    create_exclusions_preview::OPERATION,
    describe_exclusions::OPERATION,
    describe_findings::OPERATION,
    get_exclusions_preview::OPERATION,
    get_telemetry_metadata::OPERATION,
    list_assessment_run_agents::OPERATION,
    list_exclusions::OPERATION,
    list_findings::OPERATION,
    list_rules_packages::OPERATION,
    remove_attributes_from_findings::OPERATION,
];

/// Finds an operation by its name.
pub fn find(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}
