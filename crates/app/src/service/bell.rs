//! A bell that rings when agents have something to do, so that a long poll ends at once.
//!
//! Two servers on one store do not hear each other's bells: a poll that ends by time finds what
//! it missed, and polls are short.

use std::sync::{Arc, Mutex, PoisonError};

/// Something that is done when the bell rings.
type Listener = Box<dyn Fn() + Send + Sync>;

/// A bell with listeners, which stay for the life of the service.
#[derive(Clone, Default)]
pub struct Bell {
    listeners: Arc<Mutex<Vec<Listener>>>,
}

impl std::fmt::Debug for Bell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bell")
    }
}

impl Bell {
    /// Rings.
    pub fn ring(&self) {
        for listener in self.listeners.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            listener();
        }
    }

    /// Calls `listener` at each ring. It must be quick and must not ring itself.
    pub fn listen(&self, listener: impl Fn() + Send + Sync + 'static) {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn everyone_who_listens_hears_it() {
        let bell = Bell::default();
        let heard = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let heard = Arc::clone(&heard);
            bell.listen(move || {
                heard.fetch_add(1, Ordering::Relaxed);
            });
        }
        bell.ring();
        assert_eq!(heard.load(Ordering::Relaxed), 2);
    }
}
