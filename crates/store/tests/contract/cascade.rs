//! What goes with a thing, and what stays. `src/cascade.rs` proves it for every table of SQLite.

use yagura_model::LocalText;
use yagura_model::service::{Arn, EventKind, Run};
use yagura_store::{
    ExclusionScope, Notification, Phase, Preview, RuleOutcome, RuleResult, StoredChunk, StoredExclusion, StoredSnapshot,
};

use crate::support::{
    ACCOUNT, CVE, Db, agent, agent_id, at, finding, group, id, member, new_run, pair, put_run, scope, target, template,
};

/// Puts something of every kind to a run.
fn fill(db: &Db, run: &Run) {
    let mut found = finding(run, 1);
    found.user_attributes = vec![pair("状況", "未対応")];
    let exclusion = StoredExclusion {
        id: id(1),
        title: LocalText::untranslated("title"),
        description: LocalText::untranslated("description"),
        recommendation: LocalText::untranslated("recommendation"),
        scopes: vec![(ExclusionScope::InstanceId, agent_id(1))],
        attributes: Vec::new(),
    };
    let result = RuleResult {
        rules_package: CVE.into(),
        rule: "rule".into(),
        title: LocalText::untranslated("title"),
        severity: yagura_model::Severity::Low,
        result: RuleOutcome::Pass,
    };
    let notification = Notification {
        at: at(1),
        event: EventKind::RunStarted,
        message: None,
        error: false,
        topic: None,
        status: None,
    };
    let chunk = StoredChunk {
        run_seq: run.seq,
        agent: agent_id(1),
        number: 0,
        sha256: String::new(),
        bytes: 1,
        received_at: at(1),
    };
    db.write(|tx| {
        tx.join_run(&scope(), &member(run, 1, Phase::Evaluated))?;
        tx.insert_findings(std::slice::from_ref(&found))?;
        tx.insert_exclusions(&scope(), run.seq, std::slice::from_ref(&exclusion))?;
        tx.insert_rule_results(ACCOUNT, run.seq, &agent_id(1), std::slice::from_ref(&result))?;
        tx.insert_notification(run, &notification)?;
        tx.insert_chunk(ACCOUNT, &chunk, b"x")?;
        tx.add_telemetry(ACCOUNT, run.seq, &agent_id(1), "type", 1, 1)?;
        tx.add_usage(&scope(), "host", &run.arn().to_string(), &agent_id(1), at(1))?;
        Ok(())
    });
}

/// How much of each kind a run has.
fn census(db: &Db, run: &Run) -> Vec<usize> {
    let nothing = ("", "", "");
    db.read(|tx| {
        Ok(vec![
            usize::from(tx.run_by_seq(run.seq)?.is_some()),
            tx.transitions(run.seq)?.len(),
            tx.run_agents(run.seq, "", 10)?.len(),
            tx.finding_ids(run.seq)?.len(),
            tx.exclusions(run.seq, "", 10)?.len(),
            tx.rule_results(run.seq, nothing, 10)?.len(),
            tx.notifications(run.seq, 10)?.len(),
            usize::from(tx.chunk(run.seq, &agent_id(1), 0)?.is_some()),
            tx.telemetry(run.seq, None)?.len(),
        ])
    })
}

pub(crate) fn a_deleted_run_takes_all_that_is_its_own_and_nothing_else(db: &Db) {
    let runs: Vec<Run> = (1..=3).map(|number| put_run(db, new_run(number, &format!("{number}")))).collect();
    for run in &runs {
        fill(db, run);
    }
    db.write(|tx| tx.put_agent(&agent(1, &[]), "n"));
    let snapshot = StoredSnapshot {
        account: ACCOUNT.into(),
        digest: "d".into(),
        release: None,
        packages: 1,
        bytes: 1,
        created_at: at(0),
    };
    db.write(|tx| tx.put_snapshot(&snapshot, &[]));
    db.write(|tx| tx.delete_run(&runs[1], at(9)));
    assert_eq!(census(db, &runs[1]), [0; 9]);
    for left in [&runs[0], &runs[2]] {
        assert_eq!(census(db, left), [1; 9]);
    }
    assert_eq!(db.read(|tx| tx.usage(ACCOUNT)).iter().map(|(_, _, count)| count).sum::<u64>(), 3, "metering stays");
    assert!(db.read(|tx| tx.agent_by_id(&agent_id(1))).is_some());
    assert!(db.read(|tx| tx.snapshot(ACCOUNT, "d")).is_some());
    // The text that all three findings share is still there for the two.
    let found = db.read(|tx| tx.finding(&scope(), runs[0].seq, &id(1))).unwrap();
    assert_eq!(found.text.recommendation.ja, "更新してください");
    // Deleting what is not there is no fault.
    db.write(|tx| tx.delete_run(&runs[1], at(9)));
}

pub(crate) fn a_deleted_target_takes_its_templates_and_their_runs(db: &Db) {
    db.write(|tx| tx.insert_resource_group(&scope(), &group(1, &[])));
    for number in [1, 2] {
        db.write(|tx| tx.insert_target(&scope(), &target(number, &format!("target {number}"))));
    }
    // Templates 2 and 3 are of target 1, template 4 of target 2; each has a run, a subscription, a preview.
    let mut runs = Vec::new();
    for (number, of) in [(2, 1), (3, 1), (4, 2)] {
        db.write(|tx| tx.insert_template(&scope(), &template(number, of, &format!("template {number}"))));
        db.write(|tx| tx.subscribe(&scope(), &id(number), "topic", EventKind::RunStarted, at(1)));
        let preview = Preview {
            token: format!("{number}"),
            template: id(number),
            created_at: at(1),
            done: false,
            exclusions: Vec::new(),
        };
        db.write(|tx| tx.put_preview(&scope(), &preview));
        let run = put_run(db, Run { target: id(of), template: id(number), ..new_run(number, "run") });
        fill(db, &run);
        runs.push(run);
    }
    let left = |number: u64| {
        db.read(|tx| {
            let subscriptions = tx.count_subscriptions(&scope(), &id(number))?;
            let preview = tx.preview(&scope(), &number.to_string())?.is_some();
            Ok((tx.template(&scope(), &id(number))?.is_some(), subscriptions, preview))
        })
    };
    db.write(|tx| tx.delete_template(&scope(), &id(2), at(5)));
    assert_eq!((left(2), left(3), left(4)), ((false, 0, false), (true, 1, true), (true, 1, true)));
    assert_eq!((census(db, &runs[0]), census(db, &runs[1])), (vec![0; 9], vec![1; 9]));
    db.write(|tx| tx.delete_target(&scope(), &id(1), at(5)));
    assert_eq!((left(3), left(4)), ((false, 0, false), (true, 1, true)));
    assert_eq!((census(db, &runs[1]), census(db, &runs[2])), (vec![0; 9], vec![1; 9]));
    assert_eq!(db.read(|tx| tx.target_by_arn(&scope(), &Arn::target(&scope(), &id(1)))), None);
    assert!(db.read(|tx| tx.resource_group(&scope(), &id(1))).is_some(), "a group stays");
}
