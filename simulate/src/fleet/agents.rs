//! The agents of a fleet: enrolled some at a time, then each on its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use yagura_wire::{Chunk, Instruction, RunProgress};

use super::Plan;
use crate::agent::Agent;
use crate::client::Endpoint;
use crate::host::{self, Pool};

/// By this the run finds the fleet.
pub(super) const TAG: &str = "fleet";
pub(super) const TAG_VALUE: &str = "simulated";
/// Enrolments at once.
const ENROLLED_AT_ONCE: usize = 32;
/// Seconds that a held heartbeat waits.
const WAIT_SECONDS: u32 = 50;
/// Packing at once: it takes a processor, and there are more agents than processors.
const PACKED_AT_ONCE: usize = 2;

/// What all agents share.
pub(super) struct Fleet {
    pool: Pool,
    agents: usize,
    packages: usize,
    same_share: usize,
    pub(super) sent_chunks: AtomicU64,
    pub(super) sent_bytes: AtomicU64,
    pub(super) busy: AtomicUsize,
    done: AtomicUsize,
    over: AtomicBool,
    trouble: std::sync::Mutex<Option<String>>,
    packing: Semaphore,
    /// Chunks of the content that several hosts share.
    shared: Mutex<HashMap<Vec<String>, Arc<Vec<Chunk>>>>,
}

/// An agent with its number.
pub(super) struct Numbered {
    number: usize,
    agent: Agent,
}

impl Fleet {
    pub(super) fn new(pool: Pool, plan: &Plan) -> Self {
        Self {
            pool,
            agents: plan.agents,
            packages: plan.packages,
            same_share: plan.same_share,
            sent_chunks: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
            busy: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            trouble: std::sync::Mutex::new(None),
            packing: Semaphore::new(PACKED_AT_ONCE),
            shared: Mutex::new(HashMap::new()),
        }
    }

    /// How many have sent everything.
    pub(super) fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// What went wrong first.
    pub(super) fn trouble(&self) -> String {
        let trouble = self.trouble.lock().map(|trouble| trouble.clone()).unwrap_or_default();
        trouble.unwrap_or_else(|| "nothing went wrong".into())
    }

    /// Tells the agents to go home.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    fn is_shared(&self, number: usize) -> bool {
        number % 100 < self.same_share
    }

    /// Enrols all of them.
    pub(super) async fn enrol(self: &Arc<Self>, endpoint: &Endpoint, token: &str) -> Result<Vec<Numbered>> {
        let places = Arc::new(Semaphore::new(ENROLLED_AT_ONCE));
        let mut tasks = JoinSet::new();
        for number in 0..self.agents {
            let (endpoint, token, places) = (endpoint.clone(), token.to_owned(), Arc::clone(&places));
            tasks.spawn(async move {
                let _place = places.acquire_owned().await?;
                let facts = host::facts(&name(number), &machine_id(number), number);
                let tags = [(TAG, TAG_VALUE), ("role", if number % 3 == 0 { "web" } else { "worker" })];
                let agent = Agent::enrol(&endpoint, &token, facts, &tags).await?;
                Ok::<_, anyhow::Error>(Numbered { number, agent })
            });
        }
        let mut enrolled = Vec::with_capacity(self.agents);
        while let Some(task) = tasks.join_next().await {
            enrolled.push(task??);
        }
        Ok(enrolled)
    }

    /// Lets each agent wait for its instruction and follow it. The agents end when the answer is dropped.
    pub(super) fn wait_for_work(self: &Arc<Self>, agents: Vec<Numbered>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for agent in agents {
            let fleet = Arc::clone(self);
            tasks.spawn(async move {
                let number = agent.number;
                if let Err(error) = fleet.live(agent).await
                    && let Ok(mut trouble) = fleet.trouble.lock()
                {
                    trouble.get_or_insert_with(|| format!("agent {number}: {error:#}"));
                }
            });
        }
        tasks
    }

    async fn live(&self, mut numbered: Numbered) -> Result<()> {
        let mut runs: Vec<RunProgress> = Vec::new();
        while !self.over.load(Ordering::Relaxed) {
            let answer = numbered.agent.heartbeat(&runs, WAIT_SECONDS).await?;
            for instruction in &answer.instructions {
                if runs.iter().any(|known| known.run == instruction.run) {
                    continue;
                }
                let next_chunk = self.follow(&mut numbered, instruction).await?;
                runs.push(RunProgress { run: instruction.run.clone(), next_chunk, done: true });
                self.done.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    async fn follow(&self, numbered: &mut Numbered, instruction: &Instruction) -> Result<u32> {
        let chunks = self.chunks(numbered.number, instruction).await?;
        for chunk in chunks.iter() {
            let answer = numbered.agent.put(&instruction.run, chunk).await?;
            crate::client::accepted("chunk", answer)?;
            self.sent_chunks.fetch_add(1, Ordering::Relaxed);
            self.sent_bytes.fetch_add(u64::try_from(chunk.bytes.len())?, Ordering::Relaxed);
        }
        self.busy.fetch_add(std::mem::take(&mut numbered.agent.busy), Ordering::Relaxed);
        Ok(u32::try_from(chunks.len())?)
    }

    async fn chunks(&self, number: usize, instruction: &Instruction) -> Result<Arc<Vec<Chunk>>> {
        let (pool, packages, asked) = (&self.pool, self.packages, instruction);
        let pack = |snapshot| -> Result<Arc<Vec<Chunk>>> {
            let chunks = match &asked.known_digest {
                Some(known) if *known == yagura_wire::snapshot_digest(&snapshot) => {
                    host::unchanged(known, &asked.collect)?
                }
                _ => host::chunks(&snapshot, &asked.collect, asked.chunk_bytes_max)?,
            };
            Ok(Arc::new(chunks))
        };
        let _turn = self.packing.acquire().await.context("the fleet is over")?;
        if !self.is_shared(number) {
            let content = u64::try_from(number)?.wrapping_add(1);
            return pack(pool.host(&name(number), &machine_id(number), content, packages));
        }
        // A host's name is part of its content, so those that share one have the name of their image.
        let mut shared = self.shared.lock().await;
        if let Some(packed) = shared.get(&instruction.collect) {
            return Ok(Arc::clone(packed));
        }
        let packed = pack(pool.host("image", &machine_id(usize::MAX), 0, packages))?;
        shared.insert(instruction.collect.clone(), Arc::clone(&packed));
        Ok(packed)
    }
}

fn name(number: usize) -> String {
    format!("sim-{number:06}")
}

fn machine_id(number: usize) -> String {
    format!("{number:032x}")
}
