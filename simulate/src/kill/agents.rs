//! An agent is killed in the middle of sending; the server is away for a while.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::task::block_in_place;

use super::lane::{Lane, RealAgent, World};
use super::{Story, Told};
use crate::clock::Stopwatch;
use crate::inside::Outcome;

/// How long the server is away.
const AWAY: Duration = Duration::from_secs(6);
/// An agent that does not begin to send by then does not do it at all.
const PATIENCE: Duration = Duration::from_secs(60);
/// Looks at a spool that come quicker than a chunk goes.
const LOOK: Duration = Duration::from_micros(100);

pub(super) fn stories(world: &Arc<World>, undisturbed: &Arc<Outcome>) -> Vec<Story> {
    let parts = || (Arc::clone(world), Arc::clone(undisturbed));
    let ((w1, u1), (w2, u2)) = (parts(), parts());
    vec![
        Story::new("an agent is killed in the middle of sending", in_the_middle(w1, u1)),
        Story::new("the server is away while agents send", away(w2, u2)),
    ]
}

async fn in_the_middle(world: Arc<World>, undisturbed: Arc<Outcome>) -> Result<Told> {
    let mut lane = Lane::start(&world, "agent", |_| ()).await?;
    let run = lane.api.start(&lane.template, "killed").await?;
    let mut met = Vec::new();
    // First until its spool is full, then whenever it has shrunk and there is still something in it.
    let mut left = lane.agents.first().map(RealAgent::spooled).unwrap_or_default();
    let watch = Stopwatch::start();
    while watch.elapsed() < PATIENCE && (left > 0 || met.is_empty()) {
        let Some(agent) = lane.agents.first_mut() else { bail!("there is no agent") };
        let spooled = agent.spooled();
        if spooled > left {
            left = spooled;
        } else if spooled < left {
            agent.kill().await?;
            // It may have got on before the kill met it.
            left = agent.spooled();
            met.push(left.to_string());
            agent.run()?;
        }
        // A thread that sleeps so shortly is not what a runtime's clock can do.
        block_in_place(|| std::thread::sleep(LOOK));
    }
    lane.finish(&run).await?;
    lane.check(&run, &undisturbed)?;
    if met.iter().all(|left| left == "0") {
        bail!("the agent was never met in the middle of sending");
    }
    Ok(Told::Well(format!("killed with {} chunks left", met.join(", "))))
}

async fn away(world: Arc<World>, undisturbed: Arc<Outcome>) -> Result<Told> {
    let mut lane = Lane::start(&world, "away", |_| ()).await?;
    let run = lane.api.start(&lane.template, "spooled").await?;
    let watch = Stopwatch::start();
    while lane.agents.iter().all(|agent| agent.spooled() == 0) && watch.elapsed() < PATIENCE {
        block_in_place(|| std::thread::sleep(LOOK));
    }
    lane.server.kill().await?;
    tokio::time::sleep(AWAY).await;
    let kept: Vec<usize> = lane.agents.iter().map(RealAgent::spooled).collect();
    if kept.iter().all(|kept| *kept == 0) {
        bail!("no agent has anything in its spool");
    }
    if !lane.agents.iter_mut().all(RealAgent::is_alive) {
        bail!("an agent ended while the server was away");
    }
    lane.server.restart().await?;
    lane.finish(&run).await?;
    lane.check(&run, &undisturbed)?;
    Ok(Told::Well(format!("{kept:?} chunks waited {} s on the disk", AWAY.as_secs())))
}
