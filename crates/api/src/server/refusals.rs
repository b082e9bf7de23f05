//! Refusals belong into the audit log, but nobody may fill it by being refused.

use std::sync::atomic::{AtomicU64, Ordering};

use governor::{DefaultDirectRateLimiter, RateLimiter};

use super::Rate;
use super::rates::quota;

/// Decides which refusals are recorded, and counts the others.
pub(crate) struct Refusals {
    limiter: DefaultDirectRateLimiter,
    unrecorded: AtomicU64,
}

impl Refusals {
    pub(super) fn new(rate: Rate) -> Self {
        Self { limiter: RateLimiter::direct(quota(rate)), unrecorded: AtomicU64::new(0) }
    }

    /// Counts a refusal. Where it is to be recorded, returns how many before it were not.
    pub(crate) fn next(&self) -> Option<u64> {
        if self.limiter.check().is_ok() {
            return Some(self.unrecorded.swap(0, Ordering::Relaxed));
        }
        self.unrecorded.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_not_recorded_is_counted() {
        let refusals = Refusals::new(Rate::new(Duration::from_secs(3_600), 2));
        assert_eq!(
            [refusals.next(), refusals.next(), refusals.next(), refusals.next()],
            [Some(0), Some(0), None, None]
        );
        assert_eq!(refusals.unrecorded.load(Ordering::Relaxed), 2);
    }
}
