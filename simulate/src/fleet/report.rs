//! The figures of a fleet's run as Markdown.

use std::fmt;
use std::sync::atomic::Ordering;

use super::Plan;
use super::agents::Fleet;
use super::probe::Measured;
use crate::latency::HEAD;
use crate::server::Usage;

/// Everything that was measured.
#[derive(Default)]
pub(super) struct Report {
    agents: usize,
    packages: usize,
    same_share: usize,
    store: &'static str,
    feeds: &'static str,
    pub(super) state: String,
    pub(super) enrol_s: f64,
    pub(super) ingest_s: f64,
    pub(super) evaluate_s: f64,
    chunks: u64,
    bytes: u64,
    busy: usize,
    pub(super) findings: usize,
    pub(super) judged: u64,
    pub(super) usage_before: Usage,
    pub(super) usage_enrolled: Usage,
    pub(super) usage_ingested: Usage,
    pub(super) usage_evaluated: Usage,
    pub(super) usage_idle: Usage,
    pub(super) during: Measured,
    pub(super) after: Measured,
}

impl Report {
    pub(super) fn new(plan: &Plan, feeds: &'static str) -> Self {
        let store = if plan.database_url.is_some() { "PostgreSQL" } else { "SQLite" };
        Self {
            agents: plan.agents,
            packages: plan.packages,
            same_share: plan.same_share,
            store,
            feeds,
            ..Self::default()
        }
    }

    pub(super) fn take(&mut self, fleet: &Fleet) {
        self.chunks = fleet.sent_chunks.load(Ordering::Relaxed);
        self.bytes = fleet.sent_bytes.load(Ordering::Relaxed);
        self.busy = fleet.busy.load(Ordering::Relaxed);
    }
}

#[expect(clippy::as_conversions, reason = "counts far below 2^52 become figures for people")]
fn figure(count: u64) -> f64 {
    count as f64
}

fn rate(count: usize, seconds: f64) -> f64 {
    figure(u64::try_from(count).unwrap_or(u64::MAX)) / seconds.max(0.001)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = figure(self.bytes) / 1024.0 / 1024.0;
        let Self { agents, packages, same_share, store, feeds, enrol_s, ingest_s, evaluate_s, .. } = self;
        let before = self.usage_before.cpu_s;
        let cpu = |from: f64, to: Usage| to.cpu_s - from;
        writeln!(
            f,
            "{agents} agents with {packages} packages each on {store}, {same_share} % of one content, {feeds}:\n"
        )?;
        writeln!(f, "| what | figure | server CPU, s |\n|---|---:|---:|")?;
        writeln!(
            f,
            "| enrolment | {:.0} agents/s ({enrol_s:.1} s) | {:.1} |",
            rate(*agents, *enrol_s),
            cpu(before, self.usage_enrolled)
        )?;
        writeln!(
            f,
            "| from the start to all data in | {ingest_s:.1} s: {:.0} chunks/s, {:.2} MiB/s packed | {:.1} |",
            rate(usize::try_from(self.chunks).unwrap_or_default(), *ingest_s),
            mib / ingest_s.max(0.001),
            cpu(self.usage_enrolled.cpu_s, self.usage_ingested)
        )?;
        writeln!(
            f,
            "| from stop to {} | {evaluate_s:.1} s: {:.0} hosts/s, {} findings | {:.1} |",
            self.state,
            rate(*agents, *evaluate_s),
            self.findings,
            cpu(self.usage_ingested.cpu_s, self.usage_evaluated)
        )?;
        writeln!(
            f,
            "| memory of the server | {:.0} MiB at most, {:.0} MiB at rest with the fleet gone | |",
            self.usage_evaluated.peak_mib, self.usage_idle.resident_mib
        )?;
        writeln!(f, "| told to come again | {} times | |", self.busy)?;
        for (when, measured) in [("During the run", &self.during), ("After it", &self.after)] {
            writeln!(f, "\n{when}:\n\n{HEAD}")?;
            for (what, latencies) in measured {
                writeln!(f, "{}", latencies.row(what))?;
            }
        }
        Ok(())
    }
}
