//! Agents in runs.

use yagura_model::service::{HealthCode, RunState};
use yagura_store::Phase;

use crate::support::{Db, agent_id, at, member, move_run, new_run, other_scopes, put_run, scope};

pub(crate) fn an_agent_joins_once_and_comes_as_far_as_it_says(db: &Db) {
    let run = put_run(db, new_run(1, "run"));
    let first = member(&run, 1, Phase::Instructed);
    assert!(db.write(|tx| tx.join_run(&scope(), &first)));
    assert!(!db.write(|tx| tx.join_run(&scope(), &member(&run, 1, Phase::Excluded))));
    assert_eq!(db.read(|tx| tx.run_agent(run.seq, &agent_id(1))).as_ref(), Some(&first));
    assert_eq!(db.read(|tx| tx.run_agent(run.seq, &agent_id(2))), None);
    for number in 2..=4 {
        db.write(|tx| tx.join_run(&scope(), &member(&run, number, Phase::Instructed)));
    }
    let mut judged = first;
    judged.phase = Phase::Evaluated;
    judged.started_at = Some(at(2));
    judged.data_at = Some(at(3));
    judged.next_chunk = 7;
    judged.snapshot = Some("digest".into());
    judged.health = HealthCode::Running;
    judged.details = Some("理由".into());
    judged.asset = r#"{"hostname":"塔"}"#.into();
    judged.evaluated_at = Some(at(4));
    db.write(|tx| tx.update_run_agent(&judged));
    assert_eq!(db.write(|tx| tx.run_agent(run.seq, &agent_id(1))).as_ref(), Some(&judged));
    let page = db.read(|tx| tx.run_agents(run.seq, &agent_id(1), 2));
    assert_eq!(page.iter().map(|member| member.agent.as_str()).collect::<Vec<_>>(), [agent_id(2), agent_id(3)]);
    let waiting = db.write(|tx| tx.run_agents_in(run.seq, Phase::Instructed, 2));
    assert_eq!(waiting.len(), 2);
    let mut counts = db.read(|tx| tx.count_run_agents(run.seq));
    counts.sort();
    assert_eq!(counts, [(Phase::Instructed, 3), (Phase::Evaluated, 1)]);
    db.write(|tx| tx.set_run_agent_health(run.seq, &agent_id(2), HealthCode::Unhealthy, "重い"));
    let found = db.read(|tx| tx.run_agent(run.seq, &agent_id(2))).unwrap();
    assert_eq!((found.health, found.details.as_deref()), (HealthCode::Unhealthy, Some("重い")));
}

pub(crate) fn a_chunk_is_taken_once_and_in_order(db: &Db) {
    let run = put_run(db, new_run(1, "run"));
    db.write(|tx| tx.join_run(&scope(), &member(&run, 1, Phase::Instructed)));
    let take = |number, now| db.write(|tx| tx.take_chunk(run.seq, &agent_id(1), number, at(now)));
    assert!(!take(1, 1), "the first one is wanted");
    assert!(take(0, 2));
    assert!(!take(0, 3), "not twice");
    assert!(take(1, 4));
    let found = db.read(|tx| tx.run_agent(run.seq, &agent_id(1))).unwrap();
    assert_eq!((found.phase, found.next_chunk), (Phase::Collecting, 2));
    assert_eq!((found.started_at, found.data_at), (Some(at(2)), Some(at(4))));
    let flush = |outcome: Result<&str, (HealthCode, &str)>| {
        db.write(|tx| tx.flush_run_agent(run.seq, &agent_id(1), outcome, at(5)))
    };
    assert!(flush(Ok("digest")));
    assert!(!flush(Ok("other")), "ended already");
    assert!(!flush(Err((HealthCode::Unhealthy, "x"))));
    assert!(!take(2, 6), "it sends no more");
    let found = db.read(|tx| tx.run_agent(run.seq, &agent_id(1))).unwrap();
    assert_eq!((found.phase, found.snapshot.as_deref()), (Phase::Flushed, Some("digest")));

    db.write(|tx| tx.join_run(&scope(), &member(&run, 2, Phase::Instructed)));
    assert!(db.write(|tx| tx.take_chunk(run.seq, &agent_id(2), 0, at(1))));
    let failed = Err((HealthCode::Unhealthy, "damaged"));
    assert!(db.write(|tx| tx.flush_run_agent(run.seq, &agent_id(2), failed, at(2))));
    let found = db.read(|tx| tx.run_agent(run.seq, &agent_id(2))).unwrap();
    assert_eq!((found.phase, found.snapshot, found.details.as_deref()), (Phase::Flushed, None, Some("damaged")));
}

pub(crate) fn gaps_are_summed_up(db: &Db) {
    let run = put_run(db, new_run(1, "run"));
    assert_eq!(db.read(|tx| tx.count_gaps(run.seq)), (0, 0));
    db.write(|tx| tx.join_run(&scope(), &member(&run, 1, Phase::Flushed)));
    db.write(|tx| tx.join_run(&scope(), &member(&run, 2, Phase::Excluded)));
    db.write(|tx| tx.set_gaps(run.seq, &agent_id(1), 2, 1));
    assert_eq!(db.read(|tx| tx.count_gaps(run.seq)), (3, 2), "two packages, one of them failed, and an excluded host");
}

pub(crate) fn hosts_that_are_busy_and_those_with_something_to_do(db: &Db) {
    let first = put_run(db, new_run(1, "first"));
    let second = put_run(db, new_run(2, "second"));
    let over = put_run(db, new_run(3, "over"));
    for (run, number, phase) in [
        (&first, 1, Phase::Instructed),
        (&first, 2, Phase::Excluded),
        (&second, 1, Phase::Collecting),
        (&second, 3, Phase::Instructed),
        (&over, 4, Phase::Instructed),
    ] {
        db.write(|tx| tx.join_run(&scope(), &member(run, number, phase)));
    }
    move_run(db, &over, RunState::Canceled, |_| {});
    let busy = |except: i64| db.read(|tx| tx.busy_agents(&scope(), except));
    assert_eq!(busy(first.seq), [(agent_id(1), second.seq), (agent_id(3), second.seq)]);
    assert_eq!(busy(second.seq), [(agent_id(1), first.seq)], "an excluded host is not busy");
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.busy_agents(&other, 0)), []);
    }
    let live = db.read(|tx| tx.live_runs_of_agent(&agent_id(1)));
    assert_eq!(live.iter().map(|member| member.run_seq).collect::<Vec<_>>(), [first.seq, second.seq]);
    assert_eq!(db.read(|tx| tx.live_runs_of_agent(&agent_id(4))), []);
    assert_eq!(db.read(|tx| tx.instructed_agents(10)), [agent_id(1), agent_id(3)]);
    assert_eq!(db.read(|tx| tx.instructed_agents(1)), [agent_id(1)]);
}
