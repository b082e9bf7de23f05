//! The one place that looks at the clock.

use std::time::{Duration, Instant};

/// Measures wall time from its making.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts.
    #[expect(clippy::disallowed_methods, reason = "measuring is what this type is for")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Returns the middle one of some durations; the lower of two.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

#[test]
fn the_median_does_not_care_for_outliers() {
    let times = [9, 1, 2, 3, 900].map(Duration::from_millis).to_vec();
    assert_eq!(median(times), Duration::from_millis(3));
    assert_eq!(median(Vec::new()), Duration::ZERO);
}
