//! A feed says something new of a few packages: how long until every stored host is judged by it.

use std::path::Path;

use anyhow::{Context as _, Result};
use yagura_app::service::agents::snapshot_blob;
use yagura_app::service::{App, AppError};
use yagura_model::Snapshot;
use yagura_model::service::{Agent, AgentFacts, HealthCode};
use yagura_store::StoredSnapshot;

use crate::clock::{self, Stopwatch};
use crate::feeds::Feeds;
use crate::host::Pool;
use crate::inside::Inside;

/// Packages of which the feed says something new.
const CHANGED: usize = 5;
/// Hosts put in by one transaction.
const BATCH: usize = 500;

pub(super) fn measure(program: &Path, url: Option<&str>, hosts: usize, packages: usize, distinct: usize) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("yagura-scale-").tempdir()?;
    let data = folder.path().join("data");
    let feeds = Feeds::find()?;
    feeds.sync(program, &data, None)?;
    let inside = Inside::open(&data, url, None, None)?;
    let contents = (hosts * distinct / 100).clamp(1, hosts.max(1));
    let pool = feeds.pool()?;
    let watch = Stopwatch::start();
    inside.with(|app| fill(app, &pool, hosts, packages, contents))?;
    println!("{hosts} hosts with {contents} contents of {packages} packages put in within {:.0} s", watch.seconds());
    println!(
        "\n| what changed | packages | contents judged | hosts | appeared | gone | time, s |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    follow(&inside, "everything is new", contents)?;
    let changed = feeds.change(folder.path(), CHANGED)?;
    changed.sync(program, &data, None)?;
    follow(&inside, "one flaw each", contents)?;
    println!();
    Ok(())
}

fn follow(inside: &Inside, what: &str, contents: usize) -> Result<()> {
    let watch = Stopwatch::start();
    let done = inside.with(|app| Ok(app.follow_index()?))?;
    let taken = watch.seconds();
    let rematch = done.first().context("the index did not change")?;
    println!(
        "| {what} | {} | up to {contents} | {} | {} | {} | {taken:.1} |",
        rematch.packages, rematch.hosts, rematch.appeared, rematch.resolved
    );
    Ok(())
}

fn fill(app: &App, pool: &Pool, hosts: usize, packages: usize, contents: usize) -> Result<()> {
    let (scope, now) = (app.settings.home.clone(), clock::now());
    let mut digests = Vec::with_capacity(contents);
    for content in 0..contents {
        let snapshot = pool.host("image", &format!("{content:032x}"), u64::try_from(content)? + 1, packages);
        let digest = yagura_wire::snapshot_digest(&snapshot);
        let bytes = yagura_wire::encode_snapshot(&snapshot);
        app.blobs.put(&snapshot_blob(&scope.account, &digest), &bytes)?;
        let stored = StoredSnapshot {
            account: scope.account.clone(),
            digest: digest.clone(),
            release: snapshot.release.as_ref().and_then(|release| release.key()).map(|key| key.as_str().to_owned()),
            packages: u64::try_from(snapshot.packages.len())?,
            bytes: u64::try_from(bytes.len())?,
            created_at: now,
        };
        let sources = sources(&snapshot);
        app.store.write(|tx| Ok::<_, AppError>(tx.put_snapshot(&stored, &sources)?))?;
        digests.push(digest);
    }
    let numbers: Vec<usize> = (0..hosts).collect();
    for some in numbers.chunks(BATCH) {
        app.store.write(|tx| {
            for number in some {
                let id = format!("i-{number:017x}");
                let agent = Agent {
                    scope: scope.clone(),
                    id: id.clone(),
                    tags: Vec::new(),
                    auto_scaling_group: None,
                    agent_version: "1".into(),
                    facts: AgentFacts { hostname: format!("host-{number}"), ..AgentFacts::default() },
                    reported: HealthCode::Idle,
                    health_details: None,
                    cloned: false,
                    revoked: false,
                    enrolled_at: now,
                    seen_at: now,
                    snapshot: None,
                    snapshot_at: None,
                };
                tx.put_agent(&agent, "nonce")?;
                if let Some(digest) = digests.get(number % contents) {
                    tx.set_agent_snapshot(&id, digest, now)?;
                }
            }
            Ok::<_, AppError>(())
        })?;
    }
    Ok(())
}

fn sources(snapshot: &Snapshot) -> Vec<(String, String)> {
    let sources = yagura_matcher::statement_sources(snapshot).into_iter();
    sources.map(|(name, version)| (name.into_owned(), version.to_owned())).collect()
}
