//! What the server does by the clock: moves runs, makes reports, follows the feeds, tidies up.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use yagura_app::service::App;
use yagura_app::service::engine::Engine;
use yagura_feed::{FEEDS, Mirror, Silent, SyncOptions};
use yagura_model::service::RunState;

use super::rendering::Documents;

/// How often live runs are looked at; a ring of the bell does it at once.
const TICK: Duration = Duration::from_millis(250);
/// After so many ticks without a ring, reports are looked for all the same: another server may have
/// been asked, or have ended over one.
const REPORT_TICKS: u32 = 8;
/// How often a changed index is noticed.
const FOLLOW_EVERY: Duration = Duration::from_secs(5);
/// How often old things are looked for.
const TIDY_EVERY: Duration = Duration::from_secs(600);

/// Tells threads to end, and wakes those that wait.
#[derive(Clone, Default)]
pub(crate) struct Ending {
    inner: Arc<(Mutex<bool>, Condvar)>,
    /// For whoever wants to be asked rather than woken.
    pub(crate) flag: Arc<AtomicBool>,
}

impl Ending {
    /// Ends everything.
    pub(crate) fn begin(&self) {
        self.flag.store(true, Ordering::Relaxed);
        *self.inner.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.inner.1.notify_all();
    }

    /// Waits for that long; `true` when the end has begun.
    pub(crate) fn wait(&self, duration: Duration) -> bool {
        let over = self.inner.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (over, _) =
            self.inner.1.wait_timeout_while(over, duration, |over| !*over).unwrap_or_else(PoisonError::into_inner);
        *over
    }
}

/// Where scheduled syncs come from, and how often.
#[derive(Debug, Clone)]
pub(crate) struct FeedSchedule {
    /// Where feeds and the index live.
    pub(crate) data_dir: PathBuf,
    /// What stands in for the public upstreams.
    pub(crate) mirror: Option<Mirror>,
    /// How long after the start the first one comes; `None` for as long as between others.
    pub(crate) first: Option<Duration>,
    /// How often; `None` for never.
    pub(crate) every: Option<Duration>,
}

/// Starts the threads; they end when the ending begins.
pub(crate) fn start(
    app: &Arc<App>,
    ending: &Ending,
    owner: &str,
    feeds: FeedSchedule,
) -> std::io::Result<Vec<JoinHandle<()>>> {
    let mut threads = Vec::new();
    let mut spawn = |name: &str, work: Box<dyn FnOnce() + Send>| -> std::io::Result<()> {
        threads.push(std::thread::Builder::new().name(name.to_owned()).spawn(work)?);
        Ok(())
    };
    let engine = held(Engine::new(Arc::clone(app), owner));
    let until = ending.clone();
    spawn("runs", Box::new(move || runs(&engine, &until)))?;
    let (maker, until) = (Arc::clone(app), ending.clone());
    spawn("reports", Box::new(move || reports(&maker, &until)))?;
    let (follower, until) = (Arc::clone(app), ending.clone());
    spawn("continuous", Box::new(move || follow(&follower, &until)))?;
    let (tidier, until) = (Arc::clone(app), ending.clone());
    spawn("tidy", Box::new(move || tidy(&tidier, &until)))?;
    let until = ending.clone();
    spawn("feeds", Box::new(move || sync(&feeds, &until)))?;
    Ok(threads)
}

/// In debug builds a laboratory may have runs left in a state, to kill the server there.
fn held(engine: Engine) -> Engine {
    if !cfg!(debug_assertions) {
        return engine;
    }
    let state = std::env::var("YAGURA_LAB_HOLD").ok().and_then(|word| RunState::from_word(&word));
    match state {
        Some(state) => engine.holding(state),
        None => engine,
    }
}

fn runs(engine: &Engine, ending: &Ending) {
    while !ending.wait(TICK) {
        if let Err(error) = engine.tick() {
            tracing::error!("cannot look at the runs: {error}");
            // A store that is away is asked less often.
            if ending.wait(TICK * 8) {
                return;
            }
        }
    }
}

fn reports(app: &App, ending: &Ending) {
    let rung = Arc::new(AtomicBool::new(true));
    let heard = Arc::clone(&rung);
    app.report_bell.listen(move || heard.store(true, Ordering::Relaxed));
    let documents = Documents::of_this_machine();
    let mut quiet = 0;
    while !ending.wait(TICK) {
        quiet += 1;
        if !rung.swap(false, Ordering::Relaxed) && quiet < REPORT_TICKS {
            continue;
        }
        quiet = 0;
        if let Err(error) = app.make_reports(&documents) {
            tracing::error!("cannot look for reports to make: {error}");
        }
    }
}

fn follow(app: &App, ending: &Ending) {
    // At once, too: a fresh server has to know its index before the first hosts come, or they would be judged twice.
    loop {
        if let Err(error) = app.follow_index() {
            tracing::error!("cannot match the stored snapshots again: {error}");
        }
        if ending.wait(FOLLOW_EVERY) {
            return;
        }
    }
}

fn tidy(app: &App, ending: &Ending) {
    while !ending.wait(TIDY_EVERY) {
        if let Err(error) = yagura_app::service::retention::tidy_up(app) {
            tracing::error!("cannot tidy up: {error}");
        }
    }
}

fn sync(schedule: &FeedSchedule, ending: &Ending) {
    let Some(every) = schedule.every else { return };
    let mut wait = schedule.first.unwrap_or(every);
    while !ending.wait(std::mem::replace(&mut wait, every)) {
        let options = SyncOptions {
            mirror: schedule.mirror.clone(),
            wait: true,
            ..SyncOptions::new(schedule.data_dir.clone(), Timestamp::now())
        };
        match yagura_feed::sync(&options, FEEDS, &Silent, &ending.flag) {
            Ok(report) if report.is_complete() => tracing::info!("the feeds are synced"),
            Ok(_) => tracing::warn!("not every feed could be synced; `yagura feed status` tells which are old"),
            Err(error) => tracing::error!("the feeds were not synced: {error}"),
        }
    }
}
