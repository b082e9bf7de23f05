//! A few connections, lent one by one.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::StoreError;

/// How long the store waits before it says that the database is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// For a lock that another process or transaction holds.
    pub lock: Duration,
    /// For one of our own connections, while others of this server use all of them.
    pub connection: Duration,
    /// For a PostgreSQL server that went away while we worked: it may be starting again.
    pub server: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            // The command line beside the server holds SQLite's lock for milliseconds.
            lock: Duration::from_secs(10),
            connection: Duration::from_secs(30),
            server: Duration::from_secs(15),
        }
    }
}

/// A few connections, opened when they are first wanted.
#[derive(Debug)]
pub(crate) struct Pool<C> {
    most: usize,
    wait: Duration,
    state: Mutex<State<C>>,
    returned: Condvar,
}

#[derive(Debug)]
struct State<C> {
    idle: Vec<C>,
    lent: usize,
}

impl<C> Pool<C> {
    /// A pool of at most so many, for one of which is waited so long.
    pub(crate) fn new(most: usize, wait: Duration) -> Self {
        Self { most, wait, state: Mutex::new(State { idle: Vec::new(), lent: 0 }), returned: Condvar::new() }
    }

    /// No code of others runs under this lock, so what is behind a poisoned one is whole.
    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends a connection, opened where none is idle and there may be more.
    pub(crate) fn take(&self, open: impl FnOnce() -> Result<C, StoreError>) -> Result<Lent<'_, C>, StoreError> {
        let all_lent = |state: &mut State<C>| state.idle.is_empty() && state.lent >= self.most;
        let waited = self.returned.wait_timeout_while(self.state(), self.wait, all_lent);
        let (mut state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return Err(StoreError::Busy);
        }
        state.lent += 1;
        let idle = state.idle.pop();
        drop(state);
        // From here on, whatever happens gives the place back.
        let mut lent = Lent { pool: self, connection: idle, keep: false };
        if lent.connection.is_none() {
            lent.connection = Some(open()?);
        }
        Ok(lent)
    }

    /// Lets the connections go that nobody uses.
    pub(crate) fn clear(&self) {
        // Closing may take its time, so it is done outside of the lock.
        drop(self.take_idle());
    }

    /// Takes the connections out that nobody uses.
    pub(crate) fn take_idle(&self) -> Vec<C> {
        std::mem::take(&mut self.state().idle)
    }
}

/// A lent connection. It goes back by [`Lent::keep`]; dropped without, as by a panic in the middle
/// of a transaction, it is closed.
#[derive(Debug)]
pub(crate) struct Lent<'p, C> {
    pool: &'p Pool<C>,
    connection: Option<C>,
    keep: bool,
}

impl<C> Lent<'_, C> {
    /// Gives the connection back for the next one.
    pub(crate) fn keep(mut self) {
        self.keep = true;
    }
}

impl<C> Drop for Lent<'_, C> {
    fn drop(&mut self) {
        let connection = self.connection.take();
        let mut state = self.pool.state();
        state.lent -= 1;
        let broken = match connection {
            Some(connection) if self.keep => {
                state.idle.push(connection);
                None
            }
            other => other,
        };
        drop(state);
        self.pool.returned.notify_one();
        drop(broken);
    }
}

impl<C> Deref for Lent<'_, C> {
    type Target = C;

    #[expect(clippy::expect_used, reason = "`take` fills it before anyone else sees it, and only `drop` empties it")]
    fn deref(&self) -> &C {
        self.connection.as_ref().expect("a lent connection")
    }
}

impl<C> DerefMut for Lent<'_, C> {
    #[expect(clippy::expect_used, reason = "`take` fills it before anyone else sees it, and only `drop` empties it")]
    fn deref_mut(&mut self) -> &mut C {
        self.connection.as_mut().expect("a lent connection")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_that_is_lent_out_is_busy_and_a_returned_connection_is_used_again() {
        let pool = Pool::new(2, Duration::from_millis(20));
        let one = pool.take(|| Ok(1)).unwrap();
        let two = pool.take(|| Ok(2)).unwrap();
        assert!(matches!(pool.take(|| Ok(3)), Err(StoreError::Busy)));
        two.keep();
        assert_eq!(*pool.take(|| Ok(4)).unwrap(), 2);
        drop(one);
        assert_eq!(*pool.take(|| Ok(5)).unwrap(), 5, "a dropped one is closed, and its place is free");
    }

    #[test]
    fn neither_an_error_nor_a_panic_takes_a_place_away() {
        let pool = Pool::<u8>::new(1, Duration::from_millis(20));
        for _ in 0..3 {
            assert!(pool.take(|| Err(StoreError::Busy)).is_err());
            let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let _lent = pool.take(|| Ok(1)).unwrap();
                panic!("in the middle of a transaction");
            }));
            assert!(panicked.is_err());
        }
        assert_eq!(*pool.take(|| Ok(9)).unwrap(), 9);
    }

    #[test]
    fn who_waits_gets_what_is_returned() {
        let pool = Pool::new(1, Duration::from_secs(60));
        std::thread::scope(|scope| {
            let lent = pool.take(|| Ok(7)).unwrap();
            let waiter = scope.spawn(|| *pool.take(|| Ok(0)).unwrap());
            lent.keep();
            assert_eq!(waiter.join().unwrap(), 7);
        });
        pool.clear();
        assert_eq!(*pool.take(|| Ok(8)).unwrap(), 8);
    }
}
