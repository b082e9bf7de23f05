//! The wish to stop, which every wait listens to.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The wish to stop. Clones share it; whoever waits wakes up when it is set.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    wanted: Mutex<bool>,
    woken: Condvar,
}

impl Stop {
    /// Nobody wants to stop yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Wants to stop.
    pub fn set(&self) {
        *self.lock() = true;
        self.0.woken.notify_all();
    }

    /// Tells whether somebody wants to stop.
    pub fn is_set(&self) -> bool {
        *self.lock()
    }

    /// Waits, and tells whether somebody wants to stop.
    pub fn wait(&self, duration: Duration) -> bool {
        let waited = self.0.woken.wait_timeout_while(self.lock(), duration, |wanted| !*wanted);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until `done` says so or somebody wants to stop. Whoever makes `done` true calls [`Stop::wake`].
    pub(crate) fn wait_until(&self, mut done: impl FnMut() -> bool) {
        let waited = self.0.woken.wait_while(self.lock(), |wanted| !*wanted && !done());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Makes those who wait look again.
    pub(crate) fn wake(&self) {
        // The lock is held so that nobody is between looking and waiting.
        let _wanted = self.lock();
        self.0.woken.notify_all();
    }

    /// A poisoned flag is still a flag.
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.0.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_wait_ends_when_somebody_wants_to_stop() {
        let stop = Stop::new();
        assert!(!stop.wait(Duration::ZERO));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| stop.wait(Duration::MAX / 4));
            stop.set();
            assert!(waiting.join().unwrap());
        });
        assert!(stop.is_set());
    }

    #[test]
    fn a_wait_ends_when_its_end_is_reached() {
        let (stop, done) = (Stop::new(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| stop.wait_until(|| done.load(Ordering::SeqCst)));
            done.store(true, Ordering::SeqCst);
            stop.wake();
            waiting.join().unwrap();
        });
        assert!(!stop.is_set());
    }
}
