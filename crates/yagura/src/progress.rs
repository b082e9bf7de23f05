//! Progress on standard error: bars for a person, silence for everything else.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use yagura_feed::{DocumentOutcome, DocumentRef, Progress};

/// Shows what a sync does while it does it.
pub(crate) struct Bars {
    current: Mutex<Option<ProgressBar>>,
    visible: bool,
}

impl Bars {
    /// Bars that are drawn only if standard error is a terminal and nobody asked for quiet.
    pub(crate) fn new(quiet: bool) -> Self {
        Self { current: Mutex::new(None), visible: !quiet && std::io::stderr().is_terminal() }
    }

    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        // A poisoned lock means that drawing failed once; progress is not worth more than that.
        if let Ok(mut current) = self.current.lock() {
            act(&mut current);
        }
    }

    fn bar(&self, total: Option<u64>, what: &str) -> ProgressBar {
        let target = if self.visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let (bar, template) = match total {
            Some(total) => (ProgressBar::new(total), "{msg:<42} {bar:24} {bytes:>10}/{total_bytes}"),
            None => (ProgressBar::new_spinner(), "{msg:<42} {spinner} {bytes:>10}"),
        };
        bar.set_draw_target(target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar
    }
}

impl Progress for Bars {
    fn started(&self, document: DocumentRef, bytes_total: Option<u64>) {
        let what = format!("{} {}", document.feed.id, document.document.name);
        self.with(|current| *current = Some(self.bar(bytes_total, &what)));
    }

    fn advanced(&self, _document: DocumentRef, bytes: u64) {
        self.with(|current| {
            if let Some(bar) = current {
                bar.inc(bytes);
            }
        });
    }

    fn finished(&self, _document: DocumentRef, _outcome: &DocumentOutcome) {
        self.with(|current| {
            if let Some(bar) = current.take() {
                bar.finish_and_clear();
            }
        });
    }

    fn reading(&self, document: DocumentRef) {
        self.step(&format!("reading {} {}", document.feed.id, document.document.name));
    }

    fn writing_index(&self) {
        self.step("writing the index");
    }
}

impl Bars {
    fn step(&self, what: &str) {
        self.with(|current| {
            if let Some(bar) = current.take() {
                bar.finish_and_clear();
            }
            let bar = self.bar(None, what);
            // There is nothing to count here.
            if let Ok(style) = ProgressStyle::with_template("{msg:<42} {spinner}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(TICK);
            *current = Some(bar);
        });
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.with(|current| {
            if let Some(bar) = current.take() {
                bar.finish_and_clear();
            }
        });
    }
}

/// How often a bar of unknown length moves.
const TICK: Duration = Duration::from_millis(100);
