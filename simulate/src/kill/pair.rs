//! Two servers on one PostgreSQL: a run that was started on one is seen through the other, and finished there after
//! the first was killed.

use std::sync::Arc;

use anyhow::{Result, bail};
use yagura_identity::secrets::random_hex;
use yagura_testkit::Postgres;

use super::lane::{Lane, World};
use super::{Story, Told};
use crate::api::Api;
use crate::balancer::Balancer;
use crate::inside::Outcome;
use crate::server::{Server, Setup};

/// States in which the first server dies.
const STATES: [&str; 3] = ["CREATED", "COLLECTING_DATA", "EVALUATING_RULES"];

pub(super) fn stories(world: &Arc<World>, undisturbed: &Arc<Outcome>, url: Option<&str>) -> Vec<Story> {
    let postgres = if url.is_some() { None } else { Postgres::start().map(Arc::new) };
    if url.is_none() && postgres.is_none() {
        let skipped = async { Ok(Told::Skipped("no PostgreSQL; give `--database-url`".into())) };
        return vec![Story::new("two servers on one PostgreSQL", skipped)];
    }
    let mut stories = Vec::new();
    for (number, state) in STATES.into_iter().enumerate() {
        let parts = (Arc::clone(world), Arc::clone(undisturbed), url.map(str::to_owned), postgres.clone());
        let name = format!("of two servers on one PostgreSQL, the first dies in {state}");
        stories.push(Story::new(name, taken_over(parts, number, state)));
        if url.is_some() {
            // A database that was given is one, and not one for each story.
            break;
        }
    }
    stories
}

type Parts = (Arc<World>, Arc<Outcome>, Option<String>, Option<Arc<Postgres>>);

async fn taken_over((world, undisturbed, url, postgres): Parts, number: usize, state: &'static str) -> Result<Told> {
    let url = match (&url, &postgres) {
        (Some(url), _) => url.clone(),
        (None, Some(postgres)) => {
            let database = format!("yagura_test_kill_{number}_{}", random_hex::<4>()?);
            postgres.sql("postgres", &format!("CREATE DATABASE {database}"))?;
            postgres.url(&database)
        }
        (None, None) => bail!("no database"),
    };
    let folder = world.folder("pair")?;
    let key = random_hex::<32>()?;
    let setup = |name: &str| -> Result<Setup> {
        let data = folder.path().join(name);
        world.fill(&data)?;
        let mut setup = Setup::new(&world.server, &data);
        setup.database_url = Some(url.clone());
        setup.blobs = Some(folder.path().join("blobs").display().to_string());
        setup.environment.push(("YAGURA_MASTER_KEY".into(), key.clone()));
        Ok(setup)
    };
    let mut first = setup("first")?;
    first.environment.push(("YAGURA_LAB_HOLD".into(), state.to_owned()));
    let first = Server::start(first).await?;
    let second = setup("second")?;
    let balancer = Balancer::open(first.endpoint.address).await?;

    let mut lane = Lane::open_at(&world, folder, first, &format!("https://{}", balancer.address)).await?;
    let run = lane.api.start(&lane.template, "taken over").await?;
    lane.wait_for(&run, state).await?;
    // A run belongs to whoever looks at it first, so the other comes when it has its server.
    let second = Server::start(second).await?;
    let mut other = Api::new(&second.endpoint, lane.inside.key()?)?;
    let seen = other.state(&run).await?;
    if seen != state {
        bail!("the second server shows {seen} and not {state}");
    }
    lane.server.kill().await?;
    balancer.turn(second.endpoint.address);
    lane.server = second;
    lane.api.turn(&lane.server.endpoint)?;
    lane.finish(&run).await?;
    lane.check(&run, &undisturbed)?;
    drop(lane);
    drop(postgres);
    Ok(Told::Well("the second saw it and finished it".into()))
}
