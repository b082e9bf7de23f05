//! Agents as the service knows them.

use jiff::{SignedDuration, Timestamp};

use super::{AgentHealth, HealthCode, Scope, Tag};

/// An enrolled agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Account and region that its enrolment token belongs to.
    pub scope: Scope,
    /// `i-` and 17 hexadecimal digits.
    pub id: String,
    /// Tags given at enrolment or changed since.
    pub tags: Vec<Tag>,
    /// The Auto Scaling group that it declared.
    pub auto_scaling_group: Option<String>,
    /// `0.1.0`.
    pub agent_version: String,
    /// What it says of its host.
    pub facts: AgentFacts,
    /// What it told of itself last.
    pub reported: HealthCode,
    /// Why it is not well, in its own words.
    pub health_details: Option<String>,
    /// Another machine uses the same identity.
    pub cloned: bool,
    /// Its certificates are no longer accepted.
    pub revoked: bool,
    /// When it enrolled.
    pub enrolled_at: Timestamp,
    /// When it was heard last.
    pub seen_at: Timestamp,
    /// Digest of the last whole snapshot.
    pub snapshot: Option<String>,
    /// When that snapshot came.
    pub snapshot_at: Option<Timestamp>,
}

/// What an agent says of its host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentFacts {
    /// The host's name.
    pub hostname: String,
    /// Tells an original from a copied disk; SHA-256 in hexadecimal digits.
    pub fingerprint: String,
    /// `Debian GNU/Linux 12 (bookworm)`.
    pub operating_system: String,
    /// os-release `ID`, for what is supported.
    pub distribution: Option<String>,
    /// os-release `VERSION_ID`.
    pub version: Option<String>,
    /// os-release `VERSION_CODENAME`.
    pub codename: Option<String>,
    /// `6.1.0-28-amd64`; empty where nothing runs.
    pub kernel_version: String,
    /// `amd64`.
    pub architecture: String,
    /// Dotted, at most 50.
    pub ipv4_addresses: Vec<String>,
    /// At most 50.
    pub ipv6_addresses: Vec<String>,
}

/// An agent that polls every minute and was not heard for this long is late.
pub const LATE_AFTER: SignedDuration = SignedDuration::from_mins(5);

impl Agent {
    /// Returns how the agent is at `now`; one that is late is unhealthy whatever it said last.
    pub fn health_code(&self, now: Timestamp) -> HealthCode {
        if self.cloned || self.revoked {
            return HealthCode::Unhealthy;
        }
        if self.reported == HealthCode::Shutdown {
            return HealthCode::Shutdown;
        }
        if now.duration_since(self.seen_at) > LATE_AFTER {
            return HealthCode::Unhealthy;
        }
        self.reported
    }

    /// Returns how the agent is at `now`, in one word.
    pub fn health(&self, now: Timestamp) -> AgentHealth {
        self.health_code(now).health()
    }

    /// Says why the agent is not well.
    pub fn health_reason(&self, now: Timestamp) -> Option<String> {
        if self.revoked {
            return Some("its certificate was revoked".to_owned());
        }
        if self.cloned {
            return Some("another machine uses the same identity; enrol the copy anew".to_owned());
        }
        match self.health_code(now) {
            HealthCode::Shutdown => Some("the agent was stopped".to_owned()),
            HealthCode::Unhealthy if now.duration_since(self.seen_at) > LATE_AFTER => {
                Some(format!("not heard since {}", self.seen_at.strftime("%Y-%m-%dT%H:%M:%SZ")))
            }
            _ => self.health_details.clone(),
        }
    }

    /// Tells whether a target with these tags means the host: any one of them will do.
    pub fn belongs(&self, tags: Option<&[Tag]>) -> bool {
        let Some(tags) = tags else { return true };
        let group = self.auto_scaling_group.as_ref().map(|group| Tag::new(super::tag::AUTO_SCALING_GROUP, group));
        tags.iter().any(|wanted| self.tags.iter().chain(&group).any(|tag| wanted.matches(tag)))
    }
}
