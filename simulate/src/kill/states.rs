//! The server is killed in each state of a run, while it receives and while it judges.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::lane::{Lane, PATIENCE, World};
use super::{Story, Told};
use crate::clock::Stopwatch;
use crate::host::Dice;
use crate::inside::Outcome;

/// Every state that something follows.
const STATES: [&str; 8] = [
    "CREATED",
    "START_DATA_COLLECTION_PENDING",
    "START_DATA_COLLECTION_IN_PROGRESS",
    "COLLECTING_DATA",
    "STOP_DATA_COLLECTION_PENDING",
    "DATA_COLLECTED",
    "START_EVALUATING_RULES_PENDING",
    "EVALUATING_RULES",
];
/// Kills of one run while chunks come.
const KILLS: usize = 3;
/// From the end of collection to a last kill, at most; judging two hosts takes about as long.
const JUDGING_MS: usize = 400;
/// How long the server may take to see that a run was stopped.
const TICK: Duration = Duration::from_millis(250);
/// Looks that come quicker than a chunk goes.
const LOOK: Duration = Duration::from_millis(1);

pub(super) fn stories(world: &Arc<World>, undisturbed: &Arc<Outcome>, dice: &mut Dice) -> Vec<Story> {
    let mut stories: Vec<Story> = STATES
        .iter()
        .map(|state| {
            let name = format!("the server is killed in {state}");
            Story::new(name, in_state(Arc::clone(world), Arc::clone(undisturbed), state))
        })
        .collect();
    let chunks: u64 = undisturbed.chunks.iter().sum();
    for number in 1..=2 {
        let name = format!("the server is killed while it receives and judges ({number})");
        let mut dice = || u64::try_from(dice.below(usize::try_from(chunks).unwrap_or(1))).unwrap_or_default();
        let mut at: Vec<u64> = (0..KILLS).map(|_| dice().max(1)).collect();
        at.sort_unstable();
        at.dedup();
        let last = Duration::from_millis(dice().saturating_mul(u64::try_from(JUDGING_MS).unwrap_or(1)) / chunks.max(1));
        stories.push(Story::new(name, at_work(Arc::clone(world), Arc::clone(undisturbed), at, last)));
    }
    stories
}

/// The run is held in the state, so that the kill meets it there and not one of its neighbours.
async fn in_state(world: Arc<World>, undisturbed: Arc<Outcome>, state: &'static str) -> Result<Told> {
    let hold = ("YAGURA_LAB_HOLD".to_owned(), state.to_owned());
    let mut lane = Lane::start(&world, "state", |setup| setup.environment.push(hold)).await?;
    let run = lane.api.start(&lane.template, "killed").await?;
    lane.wait_for(&run, state).await?;
    lane.server.kill().await?;
    lane.server.setup.environment.clear();
    lane.server.restart().await?;
    lane.finish(&run).await?;
    lane.check(&run, &undisturbed)?;
    Ok(Told::Well("went on where it was".into()))
}

/// Kills when so many chunks are kept, and once more while the hosts are judged.
async fn at_work(world: Arc<World>, undisturbed: Arc<Outcome>, at: Vec<u64>, last: Duration) -> Result<Told> {
    let mut lane = Lane::start(&world, "work", |_| ()).await?;
    let run = lane.api.start(&lane.template, "killed").await?;
    let mut met = Vec::new();
    for chunks in &at {
        let watch = Stopwatch::start();
        while lane.chunks(&run)? < *chunks {
            ensure!(watch.elapsed() < PATIENCE, "{} chunks came, and {chunks} were waited for", lane.chunks(&run)?);
            tokio::time::sleep(LOOK).await;
        }
        lane.server.kill().await?;
        met.push(format!("with {} chunks", lane.chunks(&run)?));
        lane.server.restart().await?;
    }
    lane.wait_for_all(&run).await?;
    lane.api.stop(&run).await?;
    tokio::time::sleep(TICK + last).await;
    lane.server.kill().await?;
    met.push(format!("in {}", lane.inside.run(&run)?.state.word()));
    lane.server.restart().await?;
    lane.finish(&run).await?;
    lane.check(&run, &undisturbed)?;
    Ok(Told::Well(format!("killed {}", met.join(", "))))
}
