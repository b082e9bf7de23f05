//! Time and chance, passed in.

use std::time::Duration;

use jiff::Timestamp;

use crate::stop::Stop;

/// Time and chance.
pub trait Clock: Send + Sync {
    /// Returns the time.
    fn now(&self) -> Timestamp;

    /// Waits, and tells whether somebody wants to stop.
    fn wait(&self, duration: Duration, stop: &Stop) -> bool;

    /// Returns a number below `end`, or 0 where `end` is 0.
    fn chance(&self, end: u64) -> u64;
}

/// The machine's clock. The program that runs brings the reading of it.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock(pub fn() -> Timestamp);

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        (self.0)()
    }

    fn wait(&self, duration: Duration, stop: &Stop) -> bool {
        stop.wait(duration)
    }

    fn chance(&self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        // Without randomness every agent waits the longest: slower, and still right.
        match aws_lc_rs::rand::fill(&mut bytes) {
            Ok(()) => u64::from_le_bytes(bytes).checked_rem(end).unwrap_or(0),
            Err(_) => end.saturating_sub(1),
        }
    }
}

/// The first wait after a failure.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait between two attempts.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(5 * 60);
/// The shortest wait: chance may not make a loop hot.
const WAIT_MIN: Duration = Duration::from_millis(100);

/// Waits that grow: exponential with full jitter, so that a thousand agents do not come back at once.
#[derive(Debug, Default)]
pub(crate) struct BackOff {
    failures: u32,
}

impl BackOff {
    /// Forgets the failures.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Returns how long to wait after one more failure. The server may ask for longer, up to [`WAIT_MAX`].
    pub(crate) fn next(&mut self, clock: &dyn Clock, asked: Option<Duration>) -> Duration {
        let ceiling = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(self.failures)).min(WAIT_MAX);
        self.failures = self.failures.saturating_add(1);
        let wait = jitter(clock, ceiling);
        match asked {
            // All who were sent away are told the same, so some chance comes on top.
            Some(asked) => asked.saturating_add(wait.min(asked)).clamp(WAIT_MIN, WAIT_MAX),
            None => wait.max(WAIT_MIN),
        }
    }
}

/// Returns a duration up to `ceiling`, by chance.
pub(crate) fn jitter(clock: &dyn Clock, ceiling: Duration) -> Duration {
    let millis = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(clock.chance(millis.saturating_add(1)))
}

#[cfg(test)]
pub(crate) mod testing {
    use std::sync::Mutex;

    use super::*;

    /// A clock that a test moves: a wait is over at once, and remembered.
    pub(crate) struct TestClock {
        now: Mutex<Timestamp>,
        pub(crate) waits: Mutex<Vec<Duration>>,
        /// Whether chance gives the largest number, or 0.
        pub(crate) unlucky: bool,
    }

    impl TestClock {
        pub(crate) fn at(now: &str) -> Self {
            Self { now: Mutex::new(now.parse().unwrap()), waits: Mutex::default(), unlucky: true }
        }

        pub(crate) fn pass(&self, duration: Duration) {
            let mut now = self.now.lock().unwrap();
            *now += duration;
        }
    }

    impl Clock for TestClock {
        fn now(&self) -> Timestamp {
            *self.now.lock().unwrap()
        }

        fn wait(&self, duration: Duration, stop: &Stop) -> bool {
            self.waits.lock().unwrap().push(duration);
            self.pass(duration);
            stop.is_set()
        }

        fn chance(&self, end: u64) -> u64 {
            if self.unlucky { end.saturating_sub(1) } else { 0 }
        }
    }

    #[test]
    fn waits_grow_to_their_bound_and_not_beyond() {
        let clock = TestClock::at("2026-01-01T00:00:00Z");
        let mut back_off = BackOff::default();
        let waits: Vec<u64> = (0..12).map(|_| back_off.next(&clock, None).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        back_off.reset();
        assert_eq!(back_off.next(&clock, None).as_secs(), 1);
        assert_eq!(back_off.next(&clock, Some(Duration::from_secs(30))).as_secs(), 32);
        assert_eq!(back_off.next(&clock, Some(Duration::from_secs(86_400))), WAIT_MAX);
        let lucky = TestClock { unlucky: false, ..TestClock::at("2026-01-01T00:00:00Z") };
        assert_eq!(back_off.next(&lucky, None), WAIT_MIN);
        assert_eq!(back_off.next(&lucky, Some(Duration::from_secs(30))).as_secs(), 30);
        for _ in 0..100 {
            back_off.next(&clock, None);
        }
    }

    #[test]
    fn chance_stays_below_its_end() {
        let clock = SystemClock(|| Timestamp::UNIX_EPOCH);
        assert_eq!(clock.chance(0), 0);
        assert!((0..1000).all(|_| clock.chance(3) < 3));
    }
}
