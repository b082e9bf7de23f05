//! Durations of many calls, as a line of percentiles.

use std::time::Duration;

/// How long calls of one kind took.
#[derive(Debug, Default, Clone)]
pub(crate) struct Latencies {
    taken: Vec<Duration>,
    pub(crate) failed: usize,
}

impl Latencies {
    /// Adds a call.
    pub(crate) fn add(&mut self, taken: Duration) {
        self.taken.push(taken);
    }

    /// How many calls.
    pub(crate) fn count(&self) -> usize {
        self.taken.len()
    }

    /// The duration that so many of a hundred calls did not exceed, in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.taken.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
        sorted.get(rank).map_or(0.0, |taken| taken.as_secs_f64() * 1000.0)
    }

    /// A row of a Markdown table: what, count, median, 95, 99, largest.
    pub(crate) fn row(&self, what: &str) -> String {
        let failed = if self.failed == 0 { String::new() } else { format!(" ({} failed)", self.failed) };
        format!(
            "| {what} | {}{failed} | {:.1} | {:.1} | {:.1} | {:.1} |",
            self.count(),
            self.percentile(50),
            self.percentile(95),
            self.percentile(99),
            self.percentile(100)
        )
    }
}

/// The head of a table of such rows.
pub(crate) const HEAD: &str =
    "| call | calls | median, ms | 95 %, ms | 99 %, ms | longest, ms |\n|---|---:|---:|---:|---:|---:|";

#[test]
fn percentiles_are_of_what_was_added() {
    let mut latencies = Latencies::default();
    (1..=100).for_each(|ms| latencies.add(Duration::from_millis(ms)));
    assert_eq!([50, 95, 99, 100].map(|percent| latencies.percentile(percent)), [50.0, 95.0, 99.0, 100.0]);
    assert_eq!(latencies.row("x"), "| x | 100 | 50.0 | 95.0 | 99.0 | 100.0 |");
    assert_eq!(Latencies::default().percentile(50), 0.0);
}
