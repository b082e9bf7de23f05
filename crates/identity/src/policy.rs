//! May this caller do this to that: Cedar policies behind one type.
//!
//! - `actions`: the list of everything that can be asked for
//! - `roles`: the built-in roles, and examples of custom ones
//! - `schema`: what custom policies are checked against when they are made
//! - `authorizer`: decides
//!
//! A caller has one role; a role is a set of Cedar policies, which speak for the callers of that role only.
//!
//! ```cedar
//! permit(principal, action in Action::"read:*", resource);
//! permit(principal, action, resource) when { resource.hasTag("env") && resource.getTag("env") == "dev" };
//! ```
//!
//! # Invariants
//!
//! - What is not permitted is denied; of `permit` and `forbid` the second wins.
//! - A policy that fails while it is evaluated denies the call, also where another would have permitted it: a
//!   `forbid` that could not be evaluated must not be lost.
//! - Nothing of another account is ever permitted, whatever a policy says.

mod actions;
mod authorizer;
mod roles;
mod schema;

use std::collections::BTreeMap;
use std::fmt;

pub use actions::{ACTIONS, ADMIN_ACTIONS, INSPECTOR_ACTIONS, is_action};
pub use authorizer::Authorizer;
pub use roles::{ADMINISTRATOR, BUILT_IN_ROLES, EXAMPLES, Example, OPERATOR, READ_ONLY};
pub use schema::{POLICIES_MAX, POLICY_BYTES_MAX, check_policy, schema_text};

/// The most bytes of a custom role's name.
pub const ROLE_NAME_BYTES_MAX: usize = 64;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The twelve digits of the account.
    pub account: String,
    /// The user's name, unique in the account.
    pub user: String,
    /// The role's name.
    pub role: String,
}

/// To what it is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `target`, `template`, `run`, `finding` and so on; `account` where it is nothing narrower.
    pub kind: String,
    /// The ARN, or the name that identifies it in its account.
    pub arn: String,
    /// The account it belongs to.
    pub account: String,
    /// The tags that it is known by; empty where it has none.
    pub tags: BTreeMap<String, String>,
}

impl Resource {
    /// The account as a whole: for lists, for creating, for settings.
    pub fn account(account: &str) -> Self {
        Self {
            kind: "account".to_owned(),
            arn: format!("arn:aws:iam::{account}:root"),
            account: account.to_owned(),
            tags: BTreeMap::new(),
        }
    }
}

/// What was decided, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// May it be done.
    pub allowed: bool,
    /// For the log and the audit record; not for the caller, whom it might tell too much.
    pub reason: String,
}

/// Why a custom role is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A name that is empty, too long, or of odd characters.
    #[error("`{role}` is not a role's name: 1 to {ROLE_NAME_BYTES_MAX} letters, digits, and `+=,.@_-`")]
    RoleName {
        /// What was given.
        role: String,
    },
    /// A name that is taken, by a built-in role or by another custom one.
    #[error("the role `{role}` exists already")]
    RoleExists {
        /// The name.
        role: String,
    },
    /// More than a policy has.
    #[error("a role's policies may have {POLICY_BYTES_MAX} bytes and {POLICIES_MAX} statements at most")]
    TooLarge,
    /// Not Cedar, or not of our schema.
    #[error("the policies of the role `{role}` are not valid: {}", Problems(.problems))]
    Invalid {
        /// The role's name.
        role: String,
        /// What is wrong, in the order of the text.
        problems: Vec<PolicyProblem>,
    },
    /// Our own schema or a built-in role does not stand; a test proves that this cannot be.
    #[error("the built-in policies are not valid: {why}")]
    BuiltIn {
        /// What Cedar says.
        why: String,
    },
}

/// One thing that is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyProblem {
    /// The line in the text, from 1; `None` where Cedar names no place.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, message, help } = self;
        if let Some(line) = line {
            write!(formatter, "line {line}: ")?;
        }
        formatter.write_str(message)?;
        if let Some(help) = help {
            write!(formatter, " ({help})")?;
        }
        Ok(())
    }
}

struct Problems<'a>(&'a [PolicyProblem]);

impl fmt::Display for Problems<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(formatter, "{separator}{problem}")?;
        }
        Ok(())
    }
}
