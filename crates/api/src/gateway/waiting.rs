//! Which agents are waited for, and who wakes them.
//!
//! One task looks, when the service's bell rings and every [`LOOK_EVERY`] besides, for which
//! agents an instruction lies ready, and wakes those of them that wait here. So neither a
//! thousand waiting agents nor a second server on the same store costs a look for each of them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::LOOK_EVERY;
use crate::server::Server;

/// Agents that one look wakes.
const WOKEN_MAX: usize = 100_000;
/// The bell may ring for every chunk of a fleet; a look serves all rings of this time.
const RINGS_TOGETHER: Duration = Duration::from_millis(50);

/// The heartbeats that are held.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    agents: HashMap<String, Vec<Listener>>,
}

#[derive(Debug)]
struct Listener {
    number: u64,
    /// It has a run that may be stopped.
    busy: bool,
    ring: Arc<Notify>,
}

/// A heartbeat that is held; forgotten when it is dropped.
#[derive(Debug)]
pub(super) struct Listening {
    held: Arc<Mutex<Held>>,
    agent: String,
    number: u64,
    ring: Arc<Notify>,
}

fn locked(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Waiting {
    /// Begins to listen for an agent.
    pub(super) fn listen(&self, agent: &str, busy: bool) -> Listening {
        let ring = Arc::new(Notify::new());
        let mut held = locked(&self.held);
        let number = held.next;
        held.next = number.wrapping_add(1);
        held.agents.entry(agent.to_owned()).or_default().push(Listener { number, busy, ring: Arc::clone(&ring) });
        Listening { held: Arc::clone(&self.held), agent: agent.to_owned(), number, ring }
    }

    fn is_empty(&self) -> bool {
        locked(&self.held).agents.is_empty()
    }

    /// Wakes those of the agents that wait here, and with `busy` also those that have a run.
    fn wake(&self, agents: &HashSet<String>, busy: bool) {
        for (agent, listeners) in &locked(&self.held).agents {
            let ready = agents.contains(agent);
            for listener in listeners.iter().filter(|listener| ready || (busy && listener.busy)) {
                listener.ring.notify_one();
            }
        }
    }
}

impl Listening {
    /// Waits until somebody rings; a ring since the last time counts.
    pub(super) async fn heard(&self) {
        self.ring.notified().await;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut held = locked(&self.held);
        if let Some(listeners) = held.agents.get_mut(&self.agent) {
            listeners.retain(|listener| listener.number != self.number);
            if listeners.is_empty() {
                held.agents.remove(&self.agent);
            }
        }
    }
}

/// Wakes agents for which there is something to do, until the server ends.
pub(crate) async fn watch(server: Arc<Server>) {
    let (rung, mut rings) = watch::channel(());
    server.app.bell.listen(move || rung.send_modify(|()| {}));
    let end = server.end();
    tokio::pin!(end);
    loop {
        let by_bell = tokio::select! {
            rung = rings.changed() => rung.is_ok(),
            () = tokio::time::sleep(LOOK_EVERY) => false,
            () = &mut end => return,
        };
        tokio::time::sleep(RINGS_TOGETHER).await;
        if server.waiting.is_empty() {
            continue;
        }
        let app = Arc::clone(&server.app);
        match server.agent_jobs.run(move || app.agents_with_work(WOKEN_MAX)).await {
            Ok(Ok(agents)) => server.waiting.wake(&agents.into_iter().collect(), by_bell),
            Ok(Err(error)) => tracing::warn!("cannot look for work of agents: {error}"),
            Err(error) => tracing::warn!("cannot look for work of agents: {error:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rung(listening: &Listening) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = listening.heard() => true,
                () = std::future::ready(()) => false,
            }
        })
    }

    #[test]
    fn only_those_that_have_something_to_do_are_woken_and_no_ring_is_missed() {
        let waiting = Waiting::default();
        let (idle, ready, busy) =
            (waiting.listen("i-1", false), waiting.listen("i-2", false), waiting.listen("i-3", true));
        waiting.wake(&HashSet::from(["i-2".to_owned()]), false);
        assert_eq!([rung(&idle), rung(&ready), rung(&busy)], [false, true, false]);
        waiting.wake(&HashSet::new(), true);
        assert_eq!([rung(&idle), rung(&ready), rung(&busy)], [false, false, true]);
        drop((idle, ready, busy));
        assert!(waiting.is_empty());
    }

    #[test]
    fn two_heartbeats_of_one_agent_are_both_woken() {
        let waiting = Waiting::default();
        let (one, other) = (waiting.listen("i-1", false), waiting.listen("i-1", false));
        waiting.wake(&HashSet::from(["i-1".to_owned()]), false);
        assert_eq!([rung(&one), rung(&other)], [true, true]);
        drop(one);
        assert!(!waiting.is_empty());
    }
}
