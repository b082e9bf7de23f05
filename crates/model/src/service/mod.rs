//! The nouns of the service: where things belong, what is assessed, how, and each execution.

pub mod agent;
pub mod arn;
pub mod catalogue;
pub mod event;
pub mod foreign;
pub mod health;
pub mod run;
pub mod scope;
pub mod tag;

pub use agent::{Agent, AgentFacts};
pub use arn::{Arn, ArnKind, Id};
pub use catalogue::{CatalogueEntry, catalogue};
pub use event::EventKind;
pub use health::{AgentHealth, HealthCode};
pub use run::{Run, RunState, StopAction};
pub use scope::Scope;
pub use tag::Tag;

use jiff::Timestamp;

use crate::Attribute;

/// A set of tags: a host belongs to it when it carries any one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceGroup {
    /// `0-` and eight letters or digits.
    pub id: Id,
    /// 1 to 10, as they were given. A tag without a value matches on its key alone.
    pub tags: Vec<Tag>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which hosts are assessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `0-` and eight letters or digits.
    pub id: Id,
    /// Unique in its scope.
    pub name: String,
    /// The tags that choose the hosts; `None` means every host of the scope.
    pub resource_group: Option<Id>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// How a target is assessed. Never changes but for its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// `0-` and eight letters or digits.
    pub id: Id,
    /// The target.
    pub target: Id,
    /// Unique in its target.
    pub name: String,
    /// How long a run watches, 180 to 86,400 seconds.
    pub duration_s: u32,
    /// ARNs of rules packages, each once.
    pub rules: Vec<String>,
    /// Attributes that every finding gets.
    pub attributes: Vec<Attribute>,
    /// Tags of the template itself.
    pub tags: Vec<Tag>,
    /// When it was made.
    pub created_at: Timestamp,
}
