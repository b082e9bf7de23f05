//! `kill`: what must be left when a server or an agent dies at the worst moment, and what must be said to bad input.
//!
//! Each story has a [`lane`] of its own: a data directory, a real server, two real agents on the two host trees that
//! all lanes share. So stories run beside each other, and what a run left can be compared with the run that nobody
//! disturbed.
//!
//! - [`lane`]: server, agents, one run from its start to its end, and the check of what it left
//! - [`states`]: the server is killed in each state of a run, and at any time
//! - [`agents`]: an agent is killed in the middle of sending; the server is away for a while
//! - [`disk`]: the disk is full; the database is locked by somebody else
//! - [`pair`]: two servers on one PostgreSQL
//! - [`hostile`]: bad input against the running port

mod agents;
mod disk;
mod hostile;
mod lane;
mod pair;
mod states;

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Result, bail};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::clock::Stopwatch;
use crate::host::Dice;
use crate::inside::Outcome;
use crate::words::Words;
use lane::World;

/// Stories at once: each has three processes.
const AT_ONCE: usize = 4;
/// A story that takes longer hangs.
const STORY_PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

/// What came of a story.
enum Told {
    /// All was as it must be; a few words on what was seen.
    Well(String),
    /// It cannot be told here.
    Skipped(String),
}

type Telling = Pin<Box<dyn Future<Output = Result<Told>> + Send>>;

/// A story that has not begun.
struct Story {
    name: String,
    telling: Telling,
}

impl Story {
    fn new(name: impl Into<String>, telling: impl Future<Output = Result<Told>> + Send + 'static) -> Self {
        Self { name: name.into(), telling: Box::pin(telling) }
    }
}

/// Runs the command.
pub(crate) async fn run(words: &[String], server: PathBuf, agent: PathBuf) -> Result<()> {
    let words = Words::parse(words, &["rounds", "database-url", "only", "seed"], &["short"])?;
    let rounds = words.number("rounds", if words.has("short") { 1 } else { 3 })?;
    let url = words.text("database-url").map(str::to_owned);
    let only = words.text("only").unwrap_or_default().to_owned();
    let seed = words.number("seed", usize::try_from(crate::clock::now().as_second())?)?;
    println!("seed {seed}");
    let world = Arc::new(World::make(server, agent)?);

    let watch = Stopwatch::start();
    let undisturbed = Arc::new(lane::undisturbed(&world).await?);
    println!("undisturbed: {} ({:.0} s)", brief(&undisturbed), watch.seconds());
    let mut failed = 0_usize;
    let mut dice = Dice::new(u64::try_from(seed)?);
    for round in 1..=rounds {
        let complaints = tell(stories(&world, &undisturbed, url.as_deref(), &mut dice), &only).await;
        if complaints > 0 {
            failed += 1;
        }
        println!("round {round}: {complaints} stories failed ({:.0} s)", watch.seconds());
    }
    println!("{rounds} rounds, {failed} failed");
    if failed > 0 {
        bail!("a killed service must lose nothing and double nothing");
    }
    Ok(())
}

fn stories(world: &Arc<World>, undisturbed: &Arc<Outcome>, url: Option<&str>, dice: &mut Dice) -> Vec<Story> {
    let mut stories = pair::stories(world, undisturbed, url);
    stories.extend(states::stories(world, undisturbed, dice));
    stories.extend(agents::stories(world, undisturbed));
    stories.extend(disk::stories(world, undisturbed));
    stories.extend(hostile::stories(world));
    stories
}

/// Tells the stories, some at once, and returns how many ended badly.
async fn tell(stories: Vec<Story>, only: &str) -> usize {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for Story { name, telling } in stories.into_iter().filter(|story| story.name.contains(only)) {
        let places = Arc::clone(&places);
        tasks.spawn(async move {
            let _place = places.acquire_owned().await;
            let watch = Stopwatch::start();
            let told = tokio::time::timeout(STORY_PATIENCE, telling).await;
            (name, told.unwrap_or_else(|_| Err(anyhow::anyhow!("it did not end in time"))), watch.seconds())
        });
    }
    let mut failed = 0;
    while let Some(task) = tasks.join_next().await {
        match task {
            Ok((name, Ok(Told::Well(seen)), seconds)) => println!("ok      {name}: {seen} ({seconds:.0} s)"),
            Ok((name, Ok(Told::Skipped(why)), _)) => println!("skipped: {name}: {why}"),
            Ok((name, Err(error), seconds)) => {
                failed += 1;
                println!("FAILED  {name}: {error:#} ({seconds:.0} s)");
            }
            Err(error) => {
                failed += 1;
                println!("FAILED  a story broke off: {error}");
            }
        }
    }
    failed
}

fn brief(outcome: &Outcome) -> String {
    let messages: u64 = outcome.telemetry.values().map(|(messages, _)| messages).sum();
    let last = outcome.transitions.last().copied().unwrap_or_default();
    format!("{} agents, {messages} messages, {} findings, {last}", outcome.agents, outcome.findings.len())
}
