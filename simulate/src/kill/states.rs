//! The server is killed in each state of a run, and at any time.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use super::lane::{Lane, World};
use super::{Story, Told};
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
/// Kills of one run at any time.
const KILLS: usize = 4;
/// Between two of them at most; a run over two hosts takes a few seconds.
const BETWEEN_MS: usize = 1_500;

pub(super) fn stories(world: &Arc<World>, undisturbed: &Arc<Outcome>, dice: &mut Dice) -> Vec<Story> {
    let mut stories: Vec<Story> = STATES
        .iter()
        .map(|state| {
            let name = format!("the server is killed in {state}");
            Story::new(name, in_state(Arc::clone(world), Arc::clone(undisturbed), state))
        })
        .collect();
    for number in 1..=2 {
        let name = format!("the server is killed at any time ({number})");
        let waits: Vec<u64> = (0..KILLS).map(|_| u64::try_from(dice.below(BETWEEN_MS)).unwrap_or_default()).collect();
        stories.push(Story::new(name, at_any_time(Arc::clone(world), Arc::clone(undisturbed), waits)));
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

async fn at_any_time(world: Arc<World>, undisturbed: Arc<Outcome>, waits: Vec<u64>) -> Result<Told> {
    let mut lane = Lane::start(&world, "any", |_| ()).await?;
    let run = lane.api.start(&lane.template, "killed").await?;
    let mut met = Vec::new();
    for wait in &waits {
        // The agents send and the engine steps meanwhile; a look may stop the run.
        tokio::select! {
            ended = lane.finish(&run) => { ended?; break }
            () = tokio::time::sleep(Duration::from_millis(*wait)) => {}
        }
        lane.server.kill().await?;
        met.push(lane.inside.run(&run)?.state.word());
        lane.server.restart().await?;
    }
    lane.finish(&run).await?;
    lane.check(&run, &undisturbed)?;
    Ok(Told::Well(format!("killed in {}", met.join(", "))))
}
