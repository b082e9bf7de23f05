//! Tags of hosts, templates and resource groups.

/// A key, and a value where there is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// 1 to 128 characters.
    pub key: String,
    /// 1 to 256 characters.
    pub value: Option<String>,
}

impl Tag {
    /// Pairs a key and a value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: Some(value.into()) }
    }

    /// Tells whether a host with the tag `other` is meant by this one.
    pub fn matches(&self, other: &Self) -> bool {
        self.key == other.key && (self.value.is_none() || self.value == other.value)
    }
}

/// The tag under which Auto Scaling groups are known.
pub const AUTO_SCALING_GROUP: &str = "aws:autoscaling:groupName";
