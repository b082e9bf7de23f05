//! Sets of versions: what is affected when some versions are, and some are not.
//!
//! An interval runs from one place between two versions to another. Sets are joined and taken from
//! each other under the order of a [`Scheme`], and what is left is written as affected ranges.

use std::cmp::Ordering;

use yagura_model::{AffectedRange, RangeEnd};
use yagura_version::Scheme;

/// A place between two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The first version behind it.
    first: String,
    /// The last version before it, where that is what upstream named.
    last: Option<String>,
}

impl Cut {
    /// The place before a version.
    pub(crate) const fn before(version: String) -> Self {
        Self { first: version, last: None }
    }

    /// The place behind a version; `next` is the least version above it.
    pub(crate) const fn behind(version: String, next: String) -> Self {
        Self { first: next, last: Some(version) }
    }
}

/// Versions from one place to another; `None` is without end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Interval {
    /// Where it begins.
    pub(crate) start: Option<Cut>,
    /// Where it ends.
    pub(crate) end: Option<Cut>,
}

impl Interval {
    /// Keeps what is in both.
    pub(crate) fn meet(self, other: Self, scheme: Scheme) -> Self {
        let start = match compare_starts(self.start.as_ref(), other.start.as_ref(), scheme) {
            Ordering::Less => other.start,
            _ => self.start,
        };
        let end = match compare_ends(self.end.as_ref(), other.end.as_ref(), scheme) {
            Ordering::Greater => other.end,
            _ => self.end,
        };
        Self { start, end }
    }

    fn is_empty(&self, scheme: Scheme) -> bool {
        match (&self.start, &self.end) {
            (Some(start), Some(end)) => compare(start, end, scheme) != Ordering::Less,
            _ => false,
        }
    }
}

/// Returns what is in `all` and not in `holes`, the oldest first.
pub(crate) fn without(all: Vec<Interval>, holes: Vec<Interval>, scheme: Scheme) -> Vec<AffectedRange> {
    let holes = union(holes, scheme);
    let mut left = Vec::new();
    for Interval { start, end } in union(all, scheme) {
        let mut from = start;
        let mut told = false;
        for hole in &holes {
            if starts_before_end(hole.start.as_ref(), end.as_ref(), scheme) {
                if compare_starts(from.as_ref(), hole.start.as_ref(), scheme) == Ordering::Less {
                    left.push(range(from.as_ref(), hole.start.as_ref()));
                }
                match &hole.end {
                    Some(until) if compare_starts(from.as_ref(), Some(until), scheme) == Ordering::Less => {
                        from = Some(until.clone());
                    }
                    Some(_) => {}
                    None => told = true,
                }
            }
        }
        if !told && starts_before_end(from.as_ref(), end.as_ref(), scheme) {
            left.push(range(from.as_ref(), end.as_ref()));
        }
    }
    left
}

/// Joins intervals that touch, and sorts them.
fn union(mut intervals: Vec<Interval>, scheme: Scheme) -> Vec<Interval> {
    intervals.retain(|interval| !interval.is_empty(scheme));
    intervals.sort_by(|a, b| compare_starts(a.start.as_ref(), b.start.as_ref(), scheme));
    let mut joined: Vec<Interval> = Vec::new();
    for interval in intervals {
        match joined.last_mut() {
            Some(last) if touches(last, &interval, scheme) => {
                if compare_ends(last.end.as_ref(), interval.end.as_ref(), scheme) == Ordering::Less {
                    last.end = interval.end;
                }
            }
            _ => joined.push(interval),
        }
    }
    joined
}

/// Says whether nothing lies between the end of one and the start of the next.
fn touches(one: &Interval, next: &Interval, scheme: Scheme) -> bool {
    match (&one.end, &next.start) {
        (Some(end), Some(start)) => compare(start, end, scheme) != Ordering::Greater,
        _ => true,
    }
}

fn range(from: Option<&Cut>, until: Option<&Cut>) -> AffectedRange {
    let end = match until {
        Some(Cut { last: Some(version), .. }) => RangeEnd::LastAffected(version.clone()),
        Some(Cut { first, last: None }) => RangeEnd::Fixed(first.clone()),
        None => RangeEnd::Open,
    };
    AffectedRange { introduced: from.map(|cut| cut.first.clone()), end }
}

fn compare(a: &Cut, b: &Cut, scheme: Scheme) -> Ordering {
    scheme.compare(&a.first, &b.first)
}

fn compare_starts(a: Option<&Cut>, b: Option<&Cut>, scheme: Scheme) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => compare(a, b, scheme),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn compare_ends(a: Option<&Cut>, b: Option<&Cut>, scheme: Scheme) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => compare(a, b, scheme),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

fn starts_before_end(start: Option<&Cut>, end: Option<&Cut>, scheme: Scheme) -> bool {
    match (start, end) {
        (Some(start), Some(end)) => compare(start, end, scheme) == Ordering::Less,
        _ => true,
    }
}

#[cfg(test)]
pub(crate) fn render(ranges: &[AffectedRange]) -> String {
    let one = |range: &AffectedRange| {
        let introduced = range.introduced.as_deref().unwrap_or("-");
        match &range.end {
            RangeEnd::Fixed(fixed) => format!("[{introduced} {fixed})"),
            RangeEnd::LastAffected(last) => format!("[{introduced} {last}]"),
            RangeEnd::Open => format!("[{introduced} ..."),
        }
    };
    ranges.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn interval((start, end): (Option<u8>, Option<u8>)) -> Interval {
        let cut = |number: Option<u8>| number.map(|number| Cut::before(format!("{number}.0.0")));
        Interval { start: cut(start), end: cut(end) }
    }

    fn left(all: &[(Option<u8>, Option<u8>)], holes: &[(Option<u8>, Option<u8>)]) -> Vec<AffectedRange> {
        let intervals = |list: &[(Option<u8>, Option<u8>)]| list.iter().copied().map(interval).collect();
        without(intervals(all), intervals(holes), Scheme::Cargo)
    }

    #[test]
    fn holes_are_taken_out() {
        for (all, holes, expected) in [
            (&[(None, None)][..], &[][..], "[- ..."),
            (&[], &[(None, None)], ""),
            (&[(None, None)], &[(Some(2), Some(3)), (Some(5), None)], "[- 2.0.0)[3.0.0 5.0.0)"),
            (&[(None, Some(4)), (Some(6), Some(8))], &[(Some(3), Some(7))], "[- 3.0.0)[7.0.0 8.0.0)"),
            (&[(Some(1), Some(2)), (Some(2), Some(3))], &[], "[1.0.0 3.0.0)"),
            (&[(Some(5), Some(2))], &[], ""),
            (&[(Some(1), Some(2))], &[(None, None)], ""),
            (&[(Some(1), None)], &[(None, Some(1))], "[1.0.0 ..."),
        ] {
            assert_eq!(render(&left(all, holes)), expected, "{all:?} {holes:?}");
        }
    }

    fn contains(list: &[(Option<u8>, Option<u8>)], number: u8) -> bool {
        list.iter().any(|(start, end)| start.is_none_or(|start| start <= number) && end.is_none_or(|end| number < end))
    }

    proptest! {
        #[test]
        fn a_version_is_left_if_it_is_in_and_not_in_a_hole(
            all in prop::collection::vec(prop::option::of(0..9_u8).prop_flat_map(|s| (Just(s), prop::option::of(0..9_u8))), 0..4),
            holes in prop::collection::vec(prop::option::of(0..9_u8).prop_flat_map(|s| (Just(s), prop::option::of(0..9_u8))), 0..4),
            number in 0..9_u8,
        ) {
            let version = format!("{number}.0.0");
            let affected = left(&all, &holes).iter().any(|range| {
                let after = range.introduced.as_deref().is_none_or(|from| Scheme::Cargo.compare(from, &version).is_le());
                let before = match &range.end {
                    RangeEnd::Fixed(end) => Scheme::Cargo.compare(&version, end).is_lt(),
                    RangeEnd::LastAffected(end) => Scheme::Cargo.compare(&version, end).is_le(),
                    RangeEnd::Open => true,
                };
                after && before
            });
            prop_assert_eq!(affected, contains(&all, number) && !contains(&holes, number));
        }
    }
}
