//! Tests, criteria and definitions.

use std::sync::Arc;

use super::{Found, Purpose, Session, Tested, World};
use crate::item::{Flag, Item, Status};
use crate::oval::{Criteria, Place, Test, at};
use crate::truth::{Check, Existence, Tally, Truth};

impl Session<'_> {
    /// What a definition comes to.
    pub(crate) fn definition(&mut self, place: Place, world: &mut World<'_>) -> Truth {
        if let Some(truth) = self.definitions.get(&place) {
            return *truth;
        }
        let oval = self.oval;
        let truth = match at(&oval.definitions, place) {
            None => Truth::Error,
            Some(definition) => match &definition.criteria {
                None => Truth::NotEvaluated,
                Some(criteria) => self.criteria(criteria, world),
            },
        };
        self.definitions.insert(place, truth);
        truth
    }

    /// Every child is evaluated, decided or not: the results of all tests are part of the answer.
    pub(crate) fn criteria(&mut self, criteria: &Criteria, world: &mut World<'_>) -> Truth {
        match criteria {
            Criteria::Group { operator, negate, children } => {
                let tally: Tally = children.iter().map(|child| self.criteria(child, world)).collect();
                tally.by_operator(*operator).negated_if(*negate)
            }
            Criteria::Test { test, negate } => self.test(*test, world).truth.negated_if(*negate),
            Criteria::Extend { definition, negate } => self.definition(*definition, world).negated_if(*negate),
        }
    }

    /// What a test comes to.
    pub(crate) fn test(&mut self, place: Place, world: &mut World<'_>) -> Arc<Tested> {
        if let Some(tested) = self.tests.get(&place) {
            return Arc::clone(tested);
        }
        let oval = self.oval;
        let tested = match at(&oval.tests, place) {
            None => Tested { truth: Truth::Error, items: Vec::new() },
            Some(test) => match test.object {
                // The test that is unknown by design.
                None => Tested { truth: Truth::Unknown, items: Vec::new() },
                Some(object) => {
                    let found = self.object(object, world);
                    self.judge_test(test, &found, world)
                }
            },
        };
        let tested = Arc::new(tested);
        self.tests.insert(place, Arc::clone(&tested));
        tested
    }

    fn judge_test(&mut self, test: &Test, found: &Found, world: &mut World<'_>) -> Tested {
        let stateless = test.states.is_empty();
        let any = test.existence == Existence::AnyExist;
        let plain = |truth| Tested { truth, items: Vec::new() };
        let exist = count(&found.items, Status::Exists);
        match found.flag {
            Flag::Complete => {
                let errors = count(&found.items, Status::Error);
                let existence = test.existence.judge(exist, errors);
                if existence == Truth::True && !stateless {
                    self.judge_items(test, found, world)
                } else {
                    plain(existence)
                }
            }
            Flag::DoesNotExist => {
                plain(Truth::of(matches!(test.existence, Existence::NoneExist | Existence::AnyExist)))
            }
            Flag::Error | Flag::NotCollected | Flag::NotApplicable if any && stateless => plain(Truth::True),
            Flag::Error => plain(Truth::Error),
            Flag::NotCollected => plain(Truth::Unknown),
            Flag::NotApplicable => plain(Truth::NotApplicable),
            Flag::Incomplete => {
                let existence = match test.existence {
                    Existence::AnyExist => Truth::True,
                    Existence::AtLeastOneExists if exist > 0 => Truth::True,
                    Existence::NoneExist if exist > 0 => Truth::False,
                    Existence::OnlyOneExists if exist > 1 => Truth::False,
                    _ => Truth::Unknown,
                };
                if existence != Truth::True || stateless {
                    return plain(existence);
                }
                let mut tested = self.judge_items(test, found, world);
                let certain =
                    tested.truth == Truth::False || (tested.truth == Truth::True && test.check == Check::AtLeastOne);
                if !certain {
                    tested.truth = Truth::Unknown;
                }
                tested
            }
        }
    }

    fn judge_items(&mut self, test: &Test, found: &Found, world: &mut World<'_>) -> Tested {
        let states: Vec<_> = test.states.iter().map(|state| self.state(*state, Purpose::Test, world)).collect();
        let judge = |item: &Arc<Item>| match item.status {
            Status::Exists => {
                let tally: Tally = states.iter().map(|state| state.judge_thing(&**item)).collect();
                tally.by_operator(test.operator)
            }
            Status::DoesNotExist => Truth::False,
            Status::Error | Status::NotCollected => Truth::Error,
        };
        let items: Vec<Truth> = found.items.iter().map(judge).collect();
        let truth = items.iter().copied().collect::<Tally>().by_check(test.check);
        Tested { truth, items }
    }
}

fn count(items: &[Arc<Item>], status: Status) -> usize {
    items.iter().filter(|item| item.status == status).count()
}
