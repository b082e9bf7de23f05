//! The four scoring models.

use super::{Outcome, RuleResult};
use crate::compiled::Compiled;
use crate::xccdf::Role;

const DEFAULT: &str = "urn:xccdf:scoring:default";
const FLAT: &str = "urn:xccdf:scoring:flat";
const UNWEIGHTED: &str = "urn:xccdf:scoring:flat-unweighted";
const ABSOLUTE: &str = "urn:xccdf:scoring:absolute";

/// A score under one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The model's name.
    pub model: String,
    /// How much was reached.
    pub score: f64,
    /// How much could have been reached.
    pub maximum: f64,
}

/// The score under every model that the benchmark asks for, or under the default one.
pub(super) fn scores(compiled: &Compiled, results: &[RuleResult]) -> Vec<Score> {
    let default = [DEFAULT.to_owned()];
    let models = if compiled.models.is_empty() { default.as_slice() } else { compiled.models.as_slice() };
    models.iter().filter_map(|model| score(compiled, results, model)).collect()
}

fn score(compiled: &Compiled, results: &[RuleResult], model: &str) -> Option<Score> {
    let (score, maximum) = match model {
        DEFAULT => (nested(compiled, results), 100.0),
        FLAT => flat(compiled, results, false),
        UNWEIGHTED => flat(compiled, results, true),
        ABSOLUTE => {
            let (score, maximum) = flat(compiled, results, false);
            (if score < maximum { 0.0 } else { 1.0 }, 1.0)
        }
        _ => return None,
    };
    Some(Score { model: model.to_owned(), score, maximum })
}

/// Whether each item counts, and whether it passed: all its results must.
fn counted(compiled: &Compiled, results: &[RuleResult]) -> Vec<Option<bool>> {
    let mut counted: Vec<Option<bool>> = vec![None; compiled.items.len()];
    for result in results {
        let Ok(place) = usize::try_from(result.item) else { continue };
        let role = compiled.items.get(place).and_then(|item| item.rule.as_ref()).map(|rule| rule.role);
        let passed = match result.outcome {
            Outcome::Pass | Outcome::Fixed => true,
            Outcome::Fail | Outcome::Error | Outcome::Unknown => false,
            _ => continue,
        };
        if let Some(slot) = counted.get_mut(place).filter(|_| role != Some(Role::Unscored)) {
            *slot = Some(slot.unwrap_or(true) && passed);
        }
    }
    counted
}

/// Each group is the weighted mean of what in it counts.
fn nested(compiled: &Compiled, results: &[RuleResult]) -> f64 {
    let counted = counted(compiled, results);
    // Sums of weighted scores and of weights, per group.
    let mut sums = vec![(0.0_f64, 0.0_f64); compiled.items.len()];
    // What a group holds stands after it: from the end, a group is complete when it is met.
    for (place, item) in compiled.items.iter().enumerate().rev() {
        let (reached, weights) = sums.get(place).copied().unwrap_or_default();
        let own = match counted.get(place).copied().flatten() {
            Some(passed) => Some(if passed { 100.0 } else { 0.0 }),
            None if weights > 0.0 => Some(reached / weights),
            None => None,
        };
        let Some(own) = own else { continue };
        let Some(parent) = item.parent else { return own };
        if let Some((reached, weights)) = usize::try_from(parent).ok().and_then(|parent| sums.get_mut(parent)) {
            *reached += own * item.weight;
            *weights += item.weight;
        }
    }
    0.0
}

fn flat(compiled: &Compiled, results: &[RuleResult], unweighted: bool) -> (f64, f64) {
    let mut sums = (0.0, 0.0);
    for (item, passed) in compiled.items.iter().zip(counted(compiled, results)) {
        let weight = if unweighted { 1.0 } else { item.weight };
        if let Some(passed) = passed {
            sums.0 += if passed { weight } else { 0.0 };
            sums.1 += weight;
        }
    }
    sums
}
