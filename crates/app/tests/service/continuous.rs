//! A changed feed is followed from package to version to hosts, and what changed is recorded.

use yagura_app::service::AppError;
use yagura_model::service::StopAction;

use crate::support::{World, env_test, scope, snapshot};

/// The tracker of the demo feeds, with the first flaw repaired in a version that is installed.
const REPAIRED: &str = r#"{"demo": {
    "CVE-2099-0001": {"description": "A buffer overflow in demo.", "scope": "remote", "releases": {
        "bookworm": {"status": "resolved", "fixed_version": "1.2-1", "urgency": "not yet assigned"}}},
    "CVE-2099-0002": {"description": "A slow path in demo.", "releases": {
        "bookworm": {"status": "open", "urgency": "low"}}},
    "CVE-2099-0003": {"description": "A new hole in demo.", "releases": {
        "bookworm": {"status": "open", "urgency": "high"}}}
}}"#;

fn assessed(world: &World) -> String {
    world.sync_feeds(|_| {});
    let agent = world.agent(1, &env_test());
    let run = world.start(&world.template(180)).unwrap();
    world.tick();
    world.send(&run, &agent, &snapshot("1.2-1"));
    world.stop(&run, StopAction::StartEvaluation);
    world.tick();
    agent
}

#[test]
fn a_changed_index_changes_the_state_of_its_hosts() {
    let world = World::new();
    let agent = assessed(&world);
    world.app.follow_index().unwrap();
    assert!(world.app.follow_index().unwrap().is_empty(), "the same index is followed once");

    world.advance(3_600);
    world.sync_feeds(|mirror| mirror.tracker(crate::support::FEED_DAY, REPAIRED).unwrap());
    let done = world.app.follow_index().unwrap();
    assert_eq!(done.len(), 1);
    assert_eq!((done[0].packages, done[0].hosts), (1, 1));
    assert_eq!((done[0].appeared, done[0].resolved), (1, 1));

    let changes = world.app.store.read(|tx| Ok::<_, AppError>(tx.rematch_changes(done[0].seq, 10)?)).unwrap();
    let told: Vec<(&str, &str)> = changes.iter().map(|change| (change.rule.as_str(), change.change.as_str())).collect();
    assert_eq!(told, [("CVE-2099-0001", "resolved"), ("CVE-2099-0003", "appeared")]);
    let open = world.app.store.read(|tx| Ok::<_, AppError>(tx.posture(&scope(), &agent, false)?)).unwrap();
    assert!(open.iter().any(|record| record.entry.rule == "CVE-2099-0003"));
    assert!(!open.iter().any(|record| record.entry.rule == "CVE-2099-0001"));
    assert!(open.iter().any(|record| record.entry.rule == "Disable root login over SSH"), "other packages stay");
}

#[test]
fn a_host_is_not_judged_twice_with_one_index() {
    let world = World::new();
    world.sync_feeds(|_| {});
    assert!(world.app.follow_index().unwrap().is_empty(), "there is no host yet");
    assessed(&world);
    assert!(world.app.follow_index().unwrap().is_empty(), "the run has judged it");
    // What came since is known, so that only what changes is followed.
    world.sync_feeds(|mirror| mirror.tracker(crate::support::FEED_DAY, REPAIRED).unwrap());
    let done = world.app.follow_index().unwrap();
    assert_eq!((done.len(), done[0].packages, done[0].hosts), (1, 1, 1));
}

#[test]
fn a_fault_keeps_the_day_on_which_it_was_seen_first() {
    let world = World::new();
    let agent = assessed(&world);
    let first = world.now();
    world.advance(86_400);
    world.hear(&agent);
    let run = world.start(&world.template(180)).unwrap();
    world.tick();
    world.send(&run, &agent, &snapshot("1.2-1"));
    world.stop(&run, StopAction::StartEvaluation);
    world.tick();
    let open = world.app.store.read(|tx| Ok::<_, AppError>(tx.posture(&scope(), &agent, false)?)).unwrap();
    let flaw = open.iter().find(|record| record.entry.rule == "CVE-2099-0001").unwrap();
    assert_eq!(flaw.first_at, first);
    assert_eq!(flaw.last_at, world.now());
}

#[test]
fn switched_off_it_does_nothing() {
    let world = World::with(|settings| settings.continuous = false);
    assessed(&world);
    assert!(world.app.follow_index().unwrap().is_empty());
}
