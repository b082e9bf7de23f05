//! Two servers on one database, both at work at the same time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use yagura_app::service::engine::Engine;
use yagura_app::service::{App, AppError, run_control};
use yagura_identity::audit::{GENESIS, Head, Verifier};
use yagura_model::service::{Arn, RunState, Tag};
use yagura_store::Phase;

use crate::runs::WHOLE;
use crate::support::{World, call, scope, snapshot};

const RUNS: u8 = 20;
const AGENTS: u8 = 5;

/// The account's whole audit chain, verified; the number of its records.
fn verified(app: &App) -> u64 {
    let records = app.store.read(|tx| Ok::<_, AppError>(tx.audit_records(&scope().account, 0, 100_000)?)).unwrap();
    let head = app.store.read(|tx| Ok::<_, AppError>(tx.audit_head(&scope().account)?)).unwrap();
    let hash = |text: &str| -> [u8; 32] {
        let bytes = (0..32).map(|byte| u8::from_str_radix(&text[byte * 2..byte * 2 + 2], 16).unwrap());
        bytes.collect::<Vec<u8>>().try_into().unwrap()
    };
    let known = Head { sequence: head.number, hash: hash(&head.hash) };
    let mut verifier = Verifier::new(Head { sequence: 0, hash: GENESIS }, Some(known));
    for record in &records {
        verifier.push(record.number, record.record.as_bytes(), &hash(&record.hash)).unwrap();
    }
    verifier.finish().unwrap().sequence
}

/// All that an agent sends for a run, at the moment when it is told to.
fn play_agents(world: &World, runs: &[Arn]) {
    for run in runs {
        let seq = world.run(run).seq;
        let members = world.app.store.read(|tx| Ok::<_, AppError>(tx.run_agents_in(seq, Phase::Instructed, 100)?));
        for member in members.unwrap() {
            world.send(run, &member.agent, &snapshot("1.2-1"));
        }
    }
}

#[test]
fn each_transition_and_each_finding_happens_once() {
    let world = World::new();
    world.sync_feeds(|_| {});
    let templates: Vec<Arn> = (0..RUNS)
        .map(|number| {
            let tags = [Tag::new("Run", number.to_string())];
            for agent in 0..AGENTS {
                world.agent(number * AGENTS + agent, &tags);
            }
            world.template_over(&tags, 180)
        })
        .collect();
    let second = world.another_app();
    // Calls come to both at the same time, and each leaves a record in the one chain.
    let start = |app: &App, templates: &[Arn]| -> Vec<Arn> {
        let started = templates
            .iter()
            .map(|template| call(app, "StartAssessmentRun", |cx| run_control::start_run(cx, template, None)).unwrap());
        started.collect()
    };
    let (first_half, second_half) = templates.split_at(templates.len() / 2);
    let runs: Vec<Arn> = std::thread::scope(|threads| {
        let other = threads.spawn(|| start(&second, second_half));
        let mut runs = start(&world.app, first_half);
        runs.extend(other.join().unwrap());
        runs
    });

    let over = AtomicBool::new(false);
    let engines = [("first", &world.app), ("second", &second)]
        .map(|(owner, app)| (Engine::new(Arc::clone(app), owner), AtomicUsize::new(0)));
    std::thread::scope(|threads| {
        for (engine, transitions) in &engines {
            let over = &over;
            threads.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    transitions.fetch_add(engine.tick().unwrap().transitions, Ordering::Relaxed);
                }
            });
        }
        let all = |wanted: &dyn Fn(RunState) -> bool| runs.iter().all(|run| wanted(world.run(run).state));
        for _ in 0..2_000 {
            play_agents(&world, &runs);
            if all(&|state| state == RunState::CollectingData) {
                world.advance(181);
                (0..RUNS * AGENTS).for_each(|number| world.hear(&format!("i-{number:017x}")));
            }
            if all(&RunState::is_terminal) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        over.store(true, Ordering::Relaxed);
    });

    let mut per_host: BTreeMap<usize, usize> = BTreeMap::new();
    for run in &runs {
        assert_eq!(world.states(run), WHOLE, "each once, in order");
        assert_eq!(world.exclusions(run), [""; 0]);
        let ended = world.run(run);
        let findings =
            world.app.store.read(|tx| Ok::<_, AppError>(tx.findings_of_run(ended.seq, None, 10_000)?)).unwrap();
        assert_eq!(ended.counts.iter().sum::<u64>(), u64::try_from(findings.len()).unwrap());
        let mut of_host: BTreeMap<(String, String), usize> = BTreeMap::new();
        for finding in findings {
            *of_host.entry((finding.agent, finding.key.0)).or_default() += 1;
        }
        assert!(of_host.values().all(|count| *count == 1), "{of_host:?}");
        for agent in of_host.keys().map(|(agent, _)| agent).collect::<std::collections::BTreeSet<_>>() {
            *per_host.entry(of_host.keys().filter(|(of, _)| of == agent).count()).or_default() += 1;
        }
    }
    let hosts = usize::from(RUNS) * usize::from(AGENTS);
    assert_eq!(
        per_host.values().copied().collect::<Vec<_>>(),
        [hosts],
        "every host has the same findings: {per_host:?}"
    );
    let made: usize = engines.iter().map(|(_, transitions)| transitions.load(Ordering::Relaxed)).sum();
    assert_eq!(made, runs.len() * (WHOLE.len() - 1), "one server made each");
    let usage = world.app.store.read(|tx| Ok::<_, AppError>(tx.usage(&scope().account)?)).unwrap();
    assert_eq!(usage.iter().map(|(_, _, count)| *count).sum::<u64>(), u64::try_from(hosts).unwrap());
    assert_eq!(verified(&second), u64::from(RUNS), "a record for each call");
}
