//! Configuration facts for the best-practice rules.

/// Configuration facts for the best-practice rules.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {}
