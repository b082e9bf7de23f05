//! How an agent is.

/// How an agent is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgentHealth {
    /// It answers and can work.
    Healthy,
    /// It is silent, stopped or in trouble.
    Unhealthy,
    /// It was never heard.
    Unknown,
}

impl AgentHealth {
    /// Returns the API's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Reads the API's word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Healthy, Self::Unhealthy, Self::Unknown].into_iter().find(|health| health.word() == word)
    }
}

/// How an agent is, with the kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthCode {
    /// Alive, in no run.
    Idle,
    /// Collecting for a run.
    Running,
    /// Said goodbye.
    Shutdown,
    /// Late, or a part of it fails.
    Unhealthy,
    /// The server refused its amount of data.
    Throttled,
    /// Never heard.
    Unknown,
}

impl HealthCode {
    /// Every code.
    pub const ALL: [Self; 6] =
        [Self::Idle, Self::Running, Self::Shutdown, Self::Unhealthy, Self::Throttled, Self::Unknown];

    /// Returns the API's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "IDLE",
            Self::Running => "RUNNING",
            Self::Shutdown => "SHUTDOWN",
            Self::Unhealthy => "UNHEALTHY",
            Self::Throttled => "THROTTLED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Reads the API's word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.word() == word)
    }

    /// Returns the health that the code stands for.
    pub const fn health(self) -> AgentHealth {
        match self {
            Self::Idle | Self::Running => AgentHealth::Healthy,
            Self::Shutdown | Self::Unhealthy | Self::Throttled => AgentHealth::Unhealthy,
            Self::Unknown => AgentHealth::Unknown,
        }
    }
}
