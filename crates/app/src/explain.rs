//! Explains why a vulnerability does or does not concern a host.

use yagura_index::Index;
use yagura_matcher::Explanation;
use yagura_model::Snapshot;

/// Explains what the index says of `vulnerability` and how that bears on the host.
///
/// The same judge as in an assessment, but with nothing left out: packages that are not
/// installed, versions that are already repaired and packages without an authority are named.
pub fn explain(vulnerability: &str, snapshot: &Snapshot, index: &Index<'_>) -> Explanation {
    yagura_matcher::explain(vulnerability, snapshot, index)
}
