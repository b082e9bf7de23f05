//! Ranges of versions as the state of a statement.

use yagura_model::{AffectedRange, RangeEnd, StatementState};

/// Returns the state that ranges make. The common shapes have words of their own, which are
/// smaller than ranges and mean the same.
pub(crate) fn state(ranges: Vec<AffectedRange>) -> StatementState {
    match ranges.as_slice() {
        [AffectedRange { introduced: None, end: RangeEnd::Open }] => StatementState::Open,
        [AffectedRange { introduced: None, end: RangeEnd::Fixed(version) }] => StatementState::Fixed(version.clone()),
        _ => StatementState::Affected(ranges),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_shapes_are_words() {
        let range = |introduced: Option<&str>, end| AffectedRange { introduced: introduced.map(str::to_owned), end };
        assert_eq!(state(vec![range(None, RangeEnd::Open)]), StatementState::Open);
        assert_eq!(state(vec![range(None, RangeEnd::Fixed("2".into()))]), StatementState::Fixed("2".into()));
        for kept in [
            vec![range(Some("1"), RangeEnd::Open)],
            vec![range(None, RangeEnd::LastAffected("2".into()))],
            vec![range(None, RangeEnd::Fixed("2".into())), range(Some("3"), RangeEnd::Open)],
        ] {
            assert_eq!(state(kept.clone()), StatementState::Affected(kept));
        }
    }
}
