//! Calls of the API at a steady pace while something else goes on, and how long each took.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::api::{Api, Key};
use crate::client::Endpoint;
use crate::clock::Stopwatch;
use crate::latency::Latencies;

/// Between two calls; well below what one key may ask.
const PAUSE: Duration = Duration::from_millis(100);
/// Findings described at once, as many as the API takes.
const DESCRIBED: usize = 10;

/// What is called, in turn.
const KINDS: [&str; 4] = [
    "ListAssessmentRunAgents, 100 a page",
    "ListFindings, 100 a page",
    "DescribeFindings, 10",
    "DescribeAssessmentRuns",
];

/// Latencies by kind of call.
pub(crate) type Measured = Vec<(&'static str, Latencies)>;

/// A client that asks until it is told to end.
pub(super) struct Probes {
    over: Arc<AtomicBool>,
    task: JoinHandle<Measured>,
}

impl Probes {
    pub(super) fn start(endpoint: &Endpoint, key: Key, run: &str) -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let (until, run) = (Arc::clone(&over), run.to_owned());
        let mut api = Api::new(endpoint, key)?;
        let task = tokio::spawn(async move {
            let mut measured: Measured = KINDS.iter().map(|kind| (*kind, Latencies::default())).collect();
            let mut seen: Vec<Value> = Vec::new();
            while !until.load(Ordering::Relaxed) {
                for (number, (_, latencies)) in measured.iter_mut().enumerate() {
                    let (operation, request) = match number {
                        0 => ("ListAssessmentRunAgents", json!({"assessmentRunArn": run, "maxResults": 100})),
                        1 => ("ListFindings", json!({"assessmentRunArns": [run], "maxResults": 100})),
                        2 if seen.is_empty() => continue,
                        2 => ("DescribeFindings", json!({"findingArns": seen})),
                        _ => ("DescribeAssessmentRuns", json!({"assessmentRunArns": [run]})),
                    };
                    let watch = Stopwatch::start();
                    match api.send(operation, &request).await {
                        Ok(answer) if answer.status == 200 => {
                            latencies.add(watch.elapsed());
                            if let Some(arns) = answer.json().get("findingArns").and_then(Value::as_array) {
                                seen = arns.iter().take(DESCRIBED).cloned().collect();
                            }
                        }
                        _ => latencies.failed += 1,
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
            measured
        });
        Ok(Self { over, task })
    }

    pub(super) async fn end(self) -> Measured {
        self.over.store(true, Ordering::Relaxed);
        self.task.await.unwrap_or_default()
    }
}
