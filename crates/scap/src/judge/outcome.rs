//! Results of rules, and the tables that combine them.

use crate::field::words;
use crate::oval::Class;
use crate::truth::Truth;

words! {
    /// What a rule came to.
    Outcome {
        Pass = "pass",
        Fail = "fail",
        Error = "error",
        Unknown = "unknown",
        NotApplicable = "notapplicable",
        NotChecked = "notchecked",
        NotSelected = "notselected",
        Informational = "informational",
        Fixed = "fixed",
    }
}

impl Class {
    /// Whether a definition of the class that is true is good news.
    pub(crate) const fn passes_when_true(self) -> bool {
        !matches!(self, Self::Vulnerability | Self::Patch)
    }
}

impl Outcome {
    /// What a definition's result means for a rule.
    pub(crate) const fn of_definition(truth: Truth, class: Class) -> Self {
        match (truth, class.passes_when_true()) {
            (Truth::True, true) | (Truth::False, false) => Self::Pass,
            (Truth::False, true) | (Truth::True, false) => Self::Fail,
            (Truth::Error, _) => Self::Error,
            (Truth::Unknown, _) => Self::Unknown,
            (Truth::NotEvaluated, _) => Self::NotChecked,
            (Truth::NotApplicable, _) => Self::NotApplicable,
        }
    }

    /// Swaps pass and fail, and nothing else.
    pub(crate) const fn negated_if(self, negate: bool) -> Self {
        match self {
            Self::Pass if negate => Self::Fail,
            Self::Fail if negate => Self::Pass,
            other => other,
        }
    }

    /// Whether it says something about the system.
    const fn is_answer(self) -> bool {
        matches!(self, Self::Pass | Self::Fail | Self::Unknown | Self::Error | Self::Fixed)
    }

    /// Of two that say nothing, the one that is named first.
    fn first_of_none(self, other: Self) -> Self {
        let order = [Self::NotApplicable, Self::NotChecked, Self::NotSelected, Self::Informational];
        order.into_iter().find(|outcome| *outcome == self || *outcome == other).unwrap_or(self)
    }

    fn combined(self, other: Self, decisive: Self, weakest: Self) -> Self {
        match (self.is_answer(), other.is_answer()) {
            (false, false) => self.first_of_none(other),
            (true, false) => self,
            (false, true) => other,
            (true, true) if self == decisive || other == decisive => decisive,
            (true, true) if self == Self::Unknown || other == Self::Unknown => Self::Unknown,
            (true, true) if self == Self::Error || other == Self::Error => Self::Error,
            (true, true) => weakest,
        }
    }

    /// Both must pass.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.passing().combined(other.passing(), Self::Fail, Self::Pass)
    }

    /// One must pass.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.passing().combined(other.passing(), Self::Pass, Self::Fail)
    }

    const fn passing(self) -> Self {
        if matches!(self, Self::Fixed) { Self::Pass } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table's letters: pass, fail, unknown, error, and one that says nothing.
    const ORDER: [Outcome; 5] =
        [Outcome::Pass, Outcome::Fail, Outcome::Unknown, Outcome::Error, Outcome::NotApplicable];

    fn table(combine: impl Fn(Outcome, Outcome) -> Outcome) -> String {
        let letter = |outcome| match outcome {
            Outcome::Pass => 'P',
            Outcome::Fail => 'F',
            Outcome::Unknown => 'U',
            Outcome::Error => 'E',
            _ => 'N',
        };
        let rows = ORDER.map(|left| ORDER.map(|right| letter(combine(left, right))).iter().collect::<String>());
        rows.join(" ")
    }

    #[test]
    fn the_standards_tables() {
        assert_eq!(table(Outcome::and), "PFUEP FFFFF UFUUU EFUEE PFUEN");
        assert_eq!(table(Outcome::or), "PPPPP PFUEF PUUUU PEUEE PFUEN");
    }

    #[test]
    fn of_two_that_say_nothing_the_first_named_stays() {
        assert_eq!(Outcome::NotChecked.and(Outcome::NotApplicable), Outcome::NotApplicable);
        assert_eq!(Outcome::Informational.or(Outcome::NotSelected), Outcome::NotSelected);
    }

    #[test]
    fn a_vulnerability_that_is_there_fails() {
        assert_eq!(Outcome::of_definition(Truth::True, Class::Vulnerability), Outcome::Fail);
        assert_eq!(Outcome::of_definition(Truth::False, Class::Patch), Outcome::Pass);
        assert_eq!(Outcome::of_definition(Truth::True, Class::Inventory), Outcome::Pass);
    }
}
