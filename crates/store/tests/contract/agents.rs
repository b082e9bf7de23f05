//! Enrolled agents.

use yagura_model::service::{Agent, HealthCode, Tag};
use yagura_store::{AgentNonces, Phase};

use crate::support::{Db, agent, agent_id, at, member, new_run, other_scopes, put_run, scope, tag};

fn put(db: &Db, agent: &Agent) {
    db.write(|tx| tx.put_agent(agent, "n0"));
}

fn ids(agents: impl IntoIterator<Item = Agent>) -> Vec<String> {
    agents.into_iter().map(|agent| agent.id).collect()
}

/// A tag without a value.
fn key_alone(key: &str) -> Tag {
    Tag { key: key.into(), value: None }
}

pub(crate) fn an_agent_is_found_by_its_id_and_in_no_other_scope(db: &Db) {
    let mut first = agent(1, &[tag("Env", "本番")]);
    first.auto_scaling_group = Some("asg".into());
    put(db, &first);
    assert_eq!(db.read(|tx| tx.agent(&scope(), &first.id)).as_ref(), Some(&first));
    assert_eq!(db.read(|tx| tx.agent_by_id(&first.id)).as_ref(), Some(&first));
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.agent(&other, &first.id)), None);
        assert!(!db.write(|tx| tx.set_agent_tags(&other, &first.id, &[])));
        assert!(!db.write(|tx| tx.set_agent_revoked(&other, &first.id)));
    }
    // It enrols again: everything is new but its place in lists.
    put(db, &agent(2, &[]));
    let again = Agent { agent_version: "0.2.0".into(), enrolled_at: at(9), tags: Vec::new(), ..first.clone() };
    put(db, &again);
    assert_eq!(db.read(|tx| tx.agent_by_id(&first.id)).as_ref(), Some(&again));
    let all = db.read(|tx| tx.agents_with(&scope(), None, 0, 10));
    assert_eq!(ids(all.into_iter().map(|(_, agent)| agent)), [agent_id(1), agent_id(2)]);
    db.write(|tx| tx.set_agent_snapshot(&first.id, "digest", at(3)));
    let found = db.read(|tx| tx.agent_by_id(&first.id)).unwrap();
    assert_eq!((found.snapshot.as_deref(), found.snapshot_at), (Some("digest"), Some(at(3))));
}

pub(crate) fn agents_are_listed_by_their_tags_page_by_page(db: &Db) {
    for number in 1..=6_u64 {
        let env = if number.is_multiple_of(2) { "test" } else { "prod" };
        put(db, &agent(number, &[tag("Env", env), tag("n", &number.to_string())]));
    }
    let with = |tags: Option<&[Tag]>, after, limit| db.read(|tx| tx.agents_with(&scope(), tags, after, limit));
    let test = [tag("Env", "test")];
    let first = with(Some(&test), 0, 2);
    assert_eq!(ids(first.iter().map(|(_, agent)| agent.clone())), [agent_id(2), agent_id(4)]);
    put(db, &agent(7, &test));
    let rest = with(Some(&test), first[1].0, 10);
    assert_eq!(ids(rest.into_iter().map(|(_, agent)| agent)), [agent_id(6), agent_id(7)]);
    assert_eq!(with(Some(&[]), 0, 10).len(), 0, "no tag means nobody");
    assert_eq!(with(None, 0, 100).len(), 7, "no list means everybody");
    // One that has several of the tags is one.
    let several = [tag("Env", "test"), tag("Env", "prod"), tag("n", "1")];
    assert_eq!(with(Some(&several), 0, 100).len(), 7);
    let count = |tags: Option<&[Tag]>| db.read(|tx| tx.count_agents_with(&scope(), tags));
    assert_eq!(count(Some(&several)), 7);
    assert!(db.write(|tx| tx.set_agent_tags(&scope(), &agent_id(2), &[tag("Env", "prod")])));
    assert_eq!(count(Some(&test)), 3);
    assert!(db.write(|tx| tx.set_agent_revoked(&scope(), &agent_id(4))));
    assert_eq!(count(Some(&test)), 2, "a revoked one takes part in nothing");
    assert_eq!(count(None), 6);
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.count_agents_with(&other, None)), 0);
    }
}

pub(crate) fn a_tag_matches_whole_and_minds_the_case(db: &Db) {
    let mut grouped = agent(1, &[tag("Env", "a%b")]);
    grouped.auto_scaling_group = Some("web".into());
    put(db, &grouped);
    put(db, &agent(2, &[key_alone("bare"), tag("Env", "aXb")]));
    let count = |tag: Tag| db.read(|tx| tx.count_agents_with(&scope(), Some(std::slice::from_ref(&tag))));
    assert_eq!(count(tag("Env", "a%b")), 1);
    assert_eq!(count(tag("Env", "A%B")), 0);
    assert_eq!(count(tag("env", "a%b")), 0);
    assert_eq!(count(key_alone("bare")), 1);
    assert_eq!(count(key_alone("Env")), 2, "without a value the key is enough");
    assert_eq!(count(tag("aws:autoscaling:groupName", "web")), 1);
}

pub(crate) fn agents_that_a_run_misses(db: &Db) {
    for number in 1..=4 {
        put(db, &agent(number, &[tag("Env", if number == 4 { "prod" } else { "test" })]));
    }
    let run = put_run(db, new_run(1, "run"));
    db.write(|tx| tx.join_run(&scope(), &member(&run, 2, Phase::Excluded)));
    let missing =
        |tags: Option<&[Tag]>, limit| ids(db.read(|tx| tx.agents_missing_from_run(&scope(), tags, run.seq, limit)));
    assert_eq!(missing(Some(&[tag("Env", "test")]), 10), [agent_id(1), agent_id(3)]);
    assert_eq!(missing(None, 2), [agent_id(1), agent_id(3)]);
    assert_eq!(missing(None, 10).len(), 3);
}

pub(crate) fn nonces_health_clones_and_revocation(db: &Db) {
    let mut first = agent(1, &[]);
    put(db, &first);
    let enrolled = first.facts.fingerprint.clone();
    let nonces = |current: &str, before: &str| AgentNonces {
        current: current.into(),
        before: before.into(),
        enrolled_fingerprint: enrolled.clone(),
    };
    assert_eq!(db.write(|tx| tx.take_agent_nonces(&agent_id(1))), Some(nonces("n0", "n0")));
    assert_eq!(db.write(|tx| tx.take_agent_nonces(&agent_id(9))), None);
    first.facts.fingerprint = "another".into();
    first.facts.hostname = "改名".into();
    first.seen_at = at(60);
    first.reported = HealthCode::Running;
    db.write(|tx| tx.heard_agent(&first, "n0", "n1"));
    let found = db.write(|tx| tx.take_agent_nonces(&agent_id(1)));
    assert_eq!(found, Some(nonces("n1", "n0")), "the enrolment's fingerprint stays");
    assert_eq!(db.read(|tx| tx.agent_by_id(&agent_id(1))).as_ref(), Some(&first));
    db.write(|tx| tx.set_agent_health(&agent_id(1), HealthCode::Throttled, Some("理由")));
    let found = db.read(|tx| tx.agent_by_id(&agent_id(1))).unwrap();
    assert_eq!((found.reported, found.health_details.as_deref()), (HealthCode::Throttled, Some("理由")));
    let cloned = |cloned| db.write(|tx| tx.set_agent_cloned(&agent_id(1), cloned));
    assert_eq!((cloned(true), cloned(true), cloned(false), cloned(false)), (true, false, true, false));
    assert!(db.write(|tx| tx.set_agent_revoked(&scope(), &agent_id(1))));
    assert!(db.read(|tx| tx.agent_by_id(&agent_id(1))).unwrap().revoked);
}
