//! The table of operations. A new one is one file here and one line in [`OPERATIONS`].
//!
//! A file holds what its request may contain, the call of the verb in `yagura-app`, and the form
//! of its answer. `None` as an answer is a body of no bytes, for operations without an output.

mod add_attributes_to_findings;
mod create_assessment_target;
mod create_assessment_template;
mod create_exclusions_preview;
mod create_resource_group;
mod delete_assessment_run;
mod delete_assessment_target;
mod delete_assessment_template;
mod describe_assessment_runs;
mod describe_assessment_targets;
mod describe_assessment_templates;
mod describe_cross_account_access_role;
mod describe_exclusions;
mod describe_findings;
mod describe_resource_groups;
mod describe_rules_packages;
mod get_assessment_report;
mod get_exclusions_preview;
mod get_telemetry_metadata;
mod list_assessment_run_agents;
mod list_assessment_runs;
mod list_assessment_targets;
mod list_assessment_templates;
mod list_event_subscriptions;
mod list_exclusions;
mod list_findings;
mod list_rules_packages;
mod list_tags_for_resource;
mod marking;
mod preview_agents;
mod register_cross_account_access_role;
mod remove_attributes_from_findings;
mod resource;
mod set_tags_for_resource;
mod start_assessment_run;
mod stop_assessment_run;
mod subscribe_to_event;
mod unsubscribe_from_event;
mod update_assessment_target;

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
    create_assessment_target::OPERATION,
    create_assessment_template::OPERATION,
    create_exclusions_preview::OPERATION,
    create_resource_group::OPERATION,
    delete_assessment_run::OPERATION,
    delete_assessment_target::OPERATION,
    delete_assessment_template::OPERATION,
    describe_assessment_runs::OPERATION,
    describe_assessment_targets::OPERATION,
    describe_assessment_templates::OPERATION,
    describe_cross_account_access_role::OPERATION,
    describe_exclusions::OPERATION,
    describe_findings::OPERATION,
    describe_resource_groups::OPERATION,
    describe_rules_packages::OPERATION,
    get_assessment_report::OPERATION,
    get_exclusions_preview::OPERATION,
    get_telemetry_metadata::OPERATION,
    list_assessment_run_agents::OPERATION,
    list_assessment_runs::OPERATION,
    list_assessment_targets::OPERATION,
    list_assessment_templates::OPERATION,
    list_event_subscriptions::OPERATION,
    list_exclusions::OPERATION,
    list_findings::OPERATION,
    list_rules_packages::OPERATION,
    list_tags_for_resource::OPERATION,
    preview_agents::OPERATION,
    register_cross_account_access_role::OPERATION,
    remove_attributes_from_findings::OPERATION,
    set_tags_for_resource::OPERATION,
    start_assessment_run::OPERATION,
    stop_assessment_run::OPERATION,
    subscribe_to_event::OPERATION,
    unsubscribe_from_event::OPERATION,
    update_assessment_target::OPERATION,
];

/// Finds an operation by its name.
pub fn find(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}
