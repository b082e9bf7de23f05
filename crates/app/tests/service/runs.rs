//! Runs from their start to their end, in every way that they can end.

use yagura_app::service::AppError;
use yagura_model::Severity;
use yagura_model::service::{HealthCode, RunState, StopAction};
use yagura_store::Phase;

use crate::support::{World, env_test, scope, snapshot};

const WHOLE: [RunState; 9] = [
    RunState::Created,
    RunState::StartDataCollectionPending,
    RunState::StartDataCollectionInProgress,
    RunState::CollectingData,
    RunState::StopDataCollectionPending,
    RunState::DataCollected,
    RunState::StartEvaluatingRulesPending,
    RunState::EvaluatingRules,
    RunState::Completed,
];

#[test]
fn a_whole_run_passes_every_state_and_finds_what_is_there() {
    let world = World::new();
    world.sync_feeds(|_| {});
    let agent = world.agent(1, &env_test());
    let template = world.template(180);
    let run = world.start(&template).unwrap();
    assert_eq!(world.run(&run).state, RunState::Created);

    world.tick();
    assert_eq!(world.run(&run).state, RunState::StartDataCollectionInProgress, "the agent has not answered");
    world.send(&run, &agent, &snapshot("1.2-1"));
    world.tick();
    assert_eq!(world.run(&run).state, RunState::CollectingData, "the duration is honoured");
    world.advance(179);
    world.hear(&agent);
    world.tick();
    assert_eq!(world.run(&run).state, RunState::CollectingData);
    world.advance(1);
    world.tick();

    assert_eq!(world.states(&run), WHOLE);
    let ended = world.run(&run);
    assert!(ended.data_collected && ended.completed_at.is_some() && ended.started_at.is_some());
    assert!(ended.counts.iter().sum::<u64>() >= 3, "two flaws of demo and the root login: {:?}", ended.counts);
    let findings = world.app.store.read(|tx| Ok::<_, AppError>(tx.findings_of_run(ended.seq, None, 100)?)).unwrap();
    let flaw = findings.iter().find(|finding| finding.rule == "CVE-2099-0001").unwrap();
    assert_eq!(flaw.severity, Severity::High);
    assert_eq!(flaw.agent, agent);
    assert_eq!(flaw.attributes[0].value, agent, "INSTANCE_ID is the agent");
    assert_eq!(flaw.user_attributes[0].key, "状況");
    assert!(flaw.evidence.contains("1.2-1"));
    assert!(findings.iter().any(|finding| finding.rule == "Disable root login over SSH"));
}

#[test]
fn judging_again_after_a_kill_adds_nothing() {
    let world = World::new();
    world.sync_feeds(|_| {});
    let agent = world.agent(1, &env_test());
    let run = world.start(&world.template(180)).unwrap();
    world.tick();
    world.send(&run, &agent, &snapshot("1.2-1"));
    world.stop(&run, StopAction::StartEvaluation);
    world.tick();
    let ended = world.run(&run);
    assert_eq!(ended.state, RunState::Completed);
    let count = |world: &World| {
        world.app.store.read(|tx| Ok::<_, AppError>(tx.count_findings(ended.seq)?)).unwrap().iter().sum::<u64>()
    };
    let before = count(&world);
    // As if the server had died between the findings and the phase: the host is judged again.
    world
        .app
        .store
        .write(|tx| {
            let mut member = tx.run_agent(ended.seq, &agent)?.unwrap();
            member.phase = Phase::Flushed;
            tx.update_run_agent(&member)?;
            Ok::<_, AppError>(())
        })
        .unwrap();
    let member = world.app.store.read(|tx| Ok::<_, AppError>(tx.run_agent(ended.seq, &agent)?.unwrap())).unwrap();
    world.app.judge_member(&ended, &member, world.now()).unwrap();
    assert_eq!(count(&world), before);
}

#[test]
fn a_second_server_goes_on_when_the_first_is_gone() {
    let world = World::new();
    world.sync_feeds(|_| {});
    let agent = world.agent(1, &env_test());
    let run = world.start(&world.template(180)).unwrap();
    world.tick();
    world.send(&run, &agent, &snapshot("1.2-1"));
    world.tick();
    let second = world.another_server();
    let ticked = second.tick().unwrap();
    assert_eq!(ticked.transitions, 0, "the first one has the lease");
    world.advance(180);
    world.hear(&agent);
    second.tick().unwrap();
    assert_eq!(world.states(&run), WHOLE);
}

#[test]
fn a_stop_judges_what_is_there_or_nothing() {
    let world = World::new();
    world.sync_feeds(|_| {});
    let agent = world.agent(1, &env_test());
    let template = world.template(3_600);
    let judged = world.start(&template).unwrap();
    world.tick();
    world.send(&judged, &agent, &snapshot("1.2-1"));
    world.tick();
    world.stop(&judged, StopAction::StartEvaluation);
    world.tick();
    assert_eq!(world.run(&judged).state, RunState::Completed);
    // Over: nothing happens any more.
    world.stop(&judged, StopAction::SkipEvaluation);
    assert_eq!(world.run(&judged).state, RunState::Completed);

    world.advance(1);
    let cancelled = world.start(&template).unwrap();
    world.tick();
    world.stop(&cancelled, StopAction::SkipEvaluation);
    assert_eq!(world.run(&cancelled).state, RunState::Canceled, "at once");
    world.tick();
    assert_eq!(world.run(&cancelled).counts, [0; 5]);
}

#[test]
fn a_target_without_hosts_says_so() {
    let world = World::new();
    world.sync_feeds(|_| {});
    let run = world.start(&world.template(180)).unwrap();
    world.tick();
    world.advance(180);
    world.tick();
    assert_eq!(world.run(&run).state, RunState::Completed);
    assert_eq!(world.exclusions(&run), ["No instances in target"]);
}

#[test]
fn hosts_join_while_the_run_goes_on() {
    let world = World::new();
    world.sync_feeds(|_| {});
    let first = world.agent(1, &env_test());
    let run = world.start(&world.template(600)).unwrap();
    world.tick();
    world.send(&run, &first, &snapshot("1.2-1"));
    world.tick();
    let late = world.agent(2, &env_test());
    world.agent(3, &[]);
    world.tick();
    let seq = world.run(&run).seq;
    let members = world.app.store.read(|tx| Ok::<_, AppError>(tx.run_agents(seq, "", 10)?)).unwrap();
    let ids: Vec<&str> = members.iter().map(|member| member.agent.as_str()).collect();
    assert_eq!(ids, [first.as_str(), late.as_str()], "the one without the tag is not in it");
}

#[test]
fn what_cannot_be_assessed_is_an_exclusion() {
    let world = World::new();
    world.sync_feeds(|_| {});
    let well = world.agent(1, &env_test());
    world.agent(2, &env_test());
    let stopped = world.agent(3, &env_test());
    world.change_agent(&stopped, |agent, _| agent.reported = HealthCode::Shutdown);
    let template = world.template(180);
    let run = world.start(&template).unwrap();
    world.tick();
    world.send(&run, &well, &snapshot("1.2-1"));
    world.tick();
    world.advance(181);
    world.hear(&well);
    world.tick();
    assert_eq!(world.run(&run).state, RunState::StopDataCollectionPending, "the silent one is waited for");
    world.advance(60);
    world.tick();
    assert_eq!(world.run(&run).state, RunState::CompletedWithErrors);
    assert_eq!(world.exclusions(&run), ["Agent is unhealthy"; 2]);
}

#[test]
fn a_run_whose_every_host_is_lost_has_failed() {
    let world = World::new();
    world.sync_feeds(|_| {});
    world.agent(1, &env_test());
    let run = world.start(&world.template(180)).unwrap();
    for _ in 0..10 {
        world.tick();
        world.advance(60);
    }
    assert_eq!(world.run(&run).state, RunState::Failed);
    assert_eq!(world.exclusions(&run).len(), 1);
}

#[test]
fn without_an_index_the_vulnerabilities_are_an_exclusion_not_a_clean_result() {
    let world = World::new();
    let agent = world.agent(1, &env_test());
    let run = world.start(&world.template(180)).unwrap();
    world.tick();
    world.send(&run, &agent, &snapshot("1.2-1"));
    world.stop(&run, StopAction::StartEvaluation);
    world.tick();
    let ended = world.run(&run);
    assert_eq!(ended.state, RunState::CompletedWithErrors);
    assert!(!world.exclusions(&run).is_empty());
    let clean = world
        .app
        .store
        .read(|tx| Ok::<_, AppError>(tx.findings_of_run(ended.seq, None, 100)?))
        .unwrap()
        .into_iter()
        .any(|finding| finding.rule == "No potential security issues found");
    assert!(!clean);
}

#[test]
fn a_busy_host_is_excluded_and_a_target_of_busy_hosts_refused() {
    let world = World::new();
    world.sync_feeds(|_| {});
    let busy = world.agent(1, &env_test());
    let template = world.template(600);
    let first = world.start(&template).unwrap();
    world.tick();
    world.advance(1);
    match world.start(&template) {
        Err(AppError::AgentsBusy { agents, truncated }) => {
            assert_eq!(agents, [(busy.clone(), first)]);
            assert!(!truncated);
        }
        other => panic!("{other:?}"),
    }
    let free = world.agent(2, &env_test());
    world.advance(1);
    // The first run takes the newcomer at its next look; the second one asks before that.
    let second = world.start(&template).unwrap();
    world.another_server().tick().unwrap();
    let seq = world.run(&second).seq;
    let members = world.app.store.read(|tx| Ok::<_, AppError>(tx.run_agents(seq, "", 10)?)).unwrap();
    let phases: Vec<(&str, Phase)> = members.iter().map(|member| (member.agent.as_str(), member.phase)).collect();
    assert_eq!(phases, [(busy.as_str(), Phase::Excluded), (free.as_str(), Phase::Instructed)]);
    assert_eq!(world.exclusions(&second), ["Agent is already running"]);
}

#[test]
fn a_damaged_snapshot_is_that_hosts_exclusion() {
    let world = World::new();
    world.sync_feeds(|_| {});
    let agent = world.agent(1, &env_test());
    let run = world.start(&world.template(180)).unwrap();
    world.tick();
    let sent = snapshot("1.2-1");
    world.send(&run, &agent, &sent);
    let digest = yagura_wire::snapshot_digest(&sent);
    let name = yagura_app::service::agents::snapshot_blob(&scope().account, &digest);
    world.app.blobs.put(&name, b"rubbish").unwrap();
    world.stop(&run, StopAction::StartEvaluation);
    world.tick();
    assert_eq!(world.run(&run).state, RunState::Failed, "no host was judged");
    assert!(!world.exclusions(&run).is_empty());
}
