//! The six results of OVAL and the tables that combine them.

use crate::field::words;

words! {
    /// What an evaluation comes to: of one comparison, an item, a test, a criterion or a definition.
    Truth {
        True = "true",
        False = "false",
        Error = "error",
        Unknown = "unknown",
        NotEvaluated = "not evaluated",
        NotApplicable = "not applicable",
    }
}

words! {
    /// How the results of several values or items are combined.
    Check {
        All = "all",
        AtLeastOne = "at least one",
        NoneSatisfy = "none satisfy",
        NoneExist = "none exist",
        OnlyOne = "only one",
    }
}

words! {
    /// How the results of criteria, of states and of a state's entities are combined.
    Operator {
        And = "AND",
        Or = "OR",
        One = "ONE",
        Xor = "XOR",
    }
}

words! {
    /// How many items must exist.
    Existence {
        AllExist = "all_exist",
        AnyExist = "any_exist",
        AtLeastOneExists = "at_least_one_exists",
        NoneExist = "none_exist",
        OnlyOneExists = "only_one_exists",
    }
}

impl Truth {
    /// True or false of a plain comparison.
    #[must_use]
    pub const fn of(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }

    /// Swaps true and false, and nothing else.
    #[must_use]
    pub const fn negated_if(self, negate: bool) -> Self {
        match self {
            Self::True if negate => Self::False,
            Self::False if negate => Self::True,
            other => other,
        }
    }
}

/// How often each result occurred.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    yes: usize,
    no: usize,
    error: usize,
    unknown: usize,
    unevaluated: usize,
    inapplicable: usize,
}

impl Tally {
    /// Counts one result.
    pub const fn add(&mut self, truth: Truth) {
        match truth {
            Truth::True => self.yes += 1,
            Truth::False => self.no += 1,
            Truth::Error => self.error += 1,
            Truth::Unknown => self.unknown += 1,
            Truth::NotEvaluated => self.unevaluated += 1,
            Truth::NotApplicable => self.inapplicable += 1,
        }
    }

    /// What holds for every combination: nothing at all is unknown, only "not applicable" stays that.
    const fn trivial(self) -> Option<Truth> {
        if self.yes + self.no + self.error + self.unknown + self.unevaluated > 0 {
            None
        } else if self.inapplicable > 0 {
            Some(Truth::NotApplicable)
        } else {
            Some(Truth::Unknown)
        }
    }

    /// The first of error, unknown and not evaluated that occurred.
    const fn trouble(self) -> Option<Truth> {
        if self.error > 0 {
            Some(Truth::Error)
        } else if self.unknown > 0 {
            Some(Truth::Unknown)
        } else if self.unevaluated > 0 {
            Some(Truth::NotEvaluated)
        } else {
            None
        }
    }

    /// Combines by the table of an operator.
    #[must_use]
    pub fn by_operator(self, operator: Operator) -> Truth {
        if let Some(truth) = self.trivial() {
            return truth;
        }
        let decided = match operator {
            Operator::And if self.no > 0 => Some(Truth::False),
            Operator::Or if self.yes > 0 => Some(Truth::True),
            Operator::One if self.yes > 1 => Some(Truth::False),
            _ => self.trouble(),
        };
        decided.unwrap_or(match operator {
            Operator::And => Truth::True,
            Operator::Or => Truth::False,
            Operator::One => Truth::of(self.yes == 1),
            Operator::Xor => Truth::of(self.yes % 2 == 1),
        })
    }

    /// Combines by the table of a check.
    #[must_use]
    pub fn by_check(self, check: Check) -> Truth {
        if let Some(truth) = self.trivial() {
            return truth;
        }
        let decided = match check {
            Check::All if self.no > 0 => Some(Truth::False),
            Check::NoneSatisfy | Check::NoneExist if self.yes > 0 => Some(Truth::False),
            Check::OnlyOne if self.yes > 1 => Some(Truth::False),
            Check::AtLeastOne if self.yes > 0 => Some(Truth::True),
            // The reference's table knows no answer to false beside unknown and calls it an error.
            Check::AtLeastOne if self.error == 0 && self.unknown > 0 && self.no > 0 => Some(Truth::Error),
            _ => self.trouble(),
        };
        decided.unwrap_or(match check {
            Check::All | Check::NoneSatisfy | Check::NoneExist => Truth::True,
            Check::AtLeastOne => Truth::False,
            Check::OnlyOne => Truth::of(self.yes == 1),
        })
    }
}

impl FromIterator<Truth> for Tally {
    fn from_iter<I: IntoIterator<Item = Truth>>(results: I) -> Self {
        let mut tally = Self::default();
        for truth in results {
            tally.add(truth);
        }
        tally
    }
}

impl Existence {
    /// Judges the numbers of items that exist and of items with an error.
    #[must_use]
    pub const fn judge(self, exist: usize, errors: usize) -> Truth {
        match self {
            Self::AllExist if errors > 0 => Truth::Error,
            Self::AllExist => Truth::of(exist > 0),
            Self::AnyExist if exist == 0 && errors > 0 => Truth::Error,
            Self::AnyExist => Truth::True,
            Self::AtLeastOneExists if exist == 0 && errors > 0 => Truth::Error,
            Self::AtLeastOneExists => Truth::of(exist > 0),
            Self::NoneExist if errors > 0 => Truth::Error,
            Self::NoneExist => Truth::of(exist == 0),
            Self::OnlyOneExists if exist > 1 => Truth::False,
            Self::OnlyOneExists if errors > 0 => Truth::Error,
            Self::OnlyOneExists => Truth::of(exist == 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{Error, False, NotApplicable, NotEvaluated, True, Unknown};
    use super::*;

    fn tally(results: &[Truth]) -> Tally {
        results.iter().copied().collect()
    }

    #[test]
    fn nothing_is_unknown_and_not_applicable_counts_for_nothing_beside_others() {
        for operator in Operator::ALL {
            assert_eq!(tally(&[]).by_operator(*operator), Unknown);
            assert_eq!(tally(&[NotApplicable]).by_operator(*operator), NotApplicable);
        }
        assert_eq!(tally(&[NotApplicable, True]).by_operator(Operator::And), True);
        assert_eq!(tally(&[NotApplicable, False]).by_check(Check::NoneSatisfy), True);
    }

    #[test]
    fn a_decisive_result_beats_trouble() {
        assert_eq!(tally(&[False, Error]).by_operator(Operator::And), False);
        assert_eq!(tally(&[True, Error]).by_operator(Operator::Or), True);
        assert_eq!(tally(&[True, True, Error]).by_operator(Operator::One), False);
        assert_eq!(tally(&[True, Error]).by_operator(Operator::One), Error);
        assert_eq!(tally(&[True, True, Unknown]).by_operator(Operator::Xor), Unknown);
        assert_eq!(tally(&[True, True, True]).by_operator(Operator::Xor), True);
    }

    #[test]
    fn false_beside_unknown_is_the_references_error() {
        assert_eq!(tally(&[False, Unknown]).by_check(Check::AtLeastOne), Error);
        assert_eq!(tally(&[Unknown]).by_check(Check::AtLeastOne), Unknown);
        assert_eq!(tally(&[NotEvaluated, False]).by_check(Check::AtLeastOne), NotEvaluated);
        assert_eq!(tally(&[False]).by_check(Check::AtLeastOne), False);
    }

    #[test]
    fn existence_follows_its_table() {
        assert_eq!(Existence::AllExist.judge(0, 0), False);
        assert_eq!(Existence::AllExist.judge(1, 1), Error);
        assert_eq!(Existence::AnyExist.judge(0, 0), True);
        assert_eq!(Existence::NoneExist.judge(1, 1), Error);
        assert_eq!(Existence::OnlyOneExists.judge(2, 1), False);
        assert_eq!(Existence::OnlyOneExists.judge(1, 1), Error);
    }
}
