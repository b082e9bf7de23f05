//! Runs, their transitions, leases and notifications.

use yagura_model::service::{Arn, EventKind, Run, RunState, StopAction};
use yagura_store::{Notification, RunFilter};

use crate::support::{CVE, Db, PRACTICES, at, id, move_run, new_run, other_scopes, put_run, scope};

pub(crate) fn a_run_is_found_in_its_scope_and_under_its_parents_only(db: &Db) {
    let run = put_run(db, new_run(1, "一回目"));
    assert_eq!(db.read(|tx| tx.run(&scope(), &id(1))).as_ref(), Some(&run));
    assert_eq!(db.read(|tx| tx.run_by_seq(run.seq)).as_ref(), Some(&run));
    assert_eq!(db.read(|tx| tx.run_by_seq(run.seq + 100)), None);
    let by_arn = |arn: &Arn| db.read(|tx| tx.run_by_arn(&scope(), arn)).map(|run| run.seq);
    assert_eq!(by_arn(&run.arn()), Some(run.seq));
    assert_eq!(by_arn(&run.arn().finding(&id(7))), Some(run.seq));
    assert_eq!(by_arn(&Arn::run(&scope(), &id(9), &id(2), &id(1))), None, "another target");
    assert_eq!(by_arn(&Arn::run(&scope(), &id(1), &id(9), &id(1))), None, "another template");
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.run(&other, &id(1))), None);
        assert_eq!(db.read(|tx| tx.run_by_arn(&other, &run.arn())), None);
        assert_eq!(db.read(|tx| tx.count_runs(&other)), 0);
    }
    db.conflict(|tx| tx.insert_run(&new_run(1, "other")).map(drop));
    db.conflict(|tx| tx.insert_run(&new_run(2, "一回目")).map(drop));
    assert!(db.read(|tx| tx.run_name_is_taken(&scope(), &id(2), "一回目")));
    assert!(!db.read(|tx| tx.run_name_is_taken(&scope(), &id(3), "一回目")));
    put_run(db, Run { template: id(3), ..new_run(2, "一回目") });
    let last = put_run(db, new_run(3, "二回目"));
    assert!(last.seq > run.seq);
    assert_eq!(db.read(|tx| tx.count_runs(&scope())), 3);
    assert_eq!(db.read(|tx| tx.runs_of_template(&scope(), &id(2))), (2, Some(last)));
    assert_eq!(db.read(|tx| tx.runs_of_template(&scope(), &id(9))), (0, None));
}

pub(crate) fn a_stale_run_is_not_written(db: &Db) {
    let run = put_run(db, new_run(1, "run"));
    let moved = move_run(db, &run, RunState::StartDataCollectionPending, |run| {
        run.changed_at = at(5);
        run.stop = Some(StopAction::StartEvaluation);
    });
    assert_eq!(moved.version, 2);
    // Who read it before that is refused, and leaves no transition.
    let mut late = run.clone();
    late.state = RunState::Canceled;
    assert!(!db.write(|tx| tx.update_run(&run, &mut late)));
    assert_eq!(db.read(|tx| tx.run_by_seq(run.seq)).as_ref(), Some(&moved));
    // A change without a new state is a new version and no transition.
    let counted = move_run(db, &moved, moved.state, |run| run.counts = [1, 2, 3, 4, u64::MAX >> 1]);
    assert_eq!(counted.version, 3);
    assert_eq!(db.read(|tx| tx.live_runs()), std::slice::from_ref(&counted));
    let over = move_run(db, &counted, RunState::Completed, |run| {
        run.started_at = Some(at(1));
        run.completed_at = Some(at(9));
        run.changed_at = at(9);
        run.data_collected = true;
    });
    assert_eq!(db.read(|tx| tx.run_by_seq(run.seq)).as_ref(), Some(&over));
    let states = db.read(|tx| tx.transitions(run.seq));
    let expected =
        [(RunState::Created, at(0)), (RunState::StartDataCollectionPending, at(5)), (RunState::Completed, at(9))];
    assert_eq!(states, expected);
    assert_eq!(db.read(|tx| tx.live_runs()), []);
    let live = put_run(db, new_run(2, "next"));
    let of = |target, template: Option<u64>| {
        let found = db.read(|tx| tx.live_runs_of(&scope(), &id(target), template.map(id).as_ref()));
        found.into_iter().map(|run| run.seq).collect::<Vec<_>>()
    };
    assert_eq!((of(1, None), of(1, Some(2))), (vec![live.seq], vec![live.seq]));
    assert_eq!((of(2, None), of(1, Some(3))), (vec![], vec![]));
}

pub(crate) fn one_server_at_a_time_has_the_lease(db: &Db) {
    let run = put_run(db, new_run(1, "run"));
    let lease = |owner: &str, now, until| db.write(|tx| tx.lease_run(run.seq, owner, at(now), at(until)));
    assert!(lease("one", 0, 15));
    assert!(!lease("two", 1, 16));
    assert!(lease("one", 10, 25), "the owner keeps it");
    assert!(!lease("two", 25, 40), "not at its last moment");
    assert!(lease("two", 26, 41), "but after it");
    assert!(!lease("one", 27, 42));
    let over = move_run(db, &run, RunState::Canceled, |_| {});
    assert!(!db.write(|tx| tx.lease_run(over.seq, "two", at(30), at(45))), "nobody works on a run that is over");
    assert!(!db.write(|tx| tx.lease_run(over.seq + 1, "two", at(30), at(45))));
}

pub(crate) fn runs_are_narrowed_by_each_part_of_a_filter(db: &Db) {
    let plain = put_run(db, new_run(1, "plain"));
    let other = Run { template: id(3), duration_s: 3_600, rules: vec![CVE.into()], ..new_run(2, "other") };
    let other = put_run(db, other);
    let other = move_run(db, &other, RunState::Completed, |run| {
        run.started_at = Some(at(100));
        run.completed_at = Some(at(200));
        run.changed_at = at(200);
    });
    let list = |filter: RunFilter| -> Vec<i64> {
        db.read(|tx| tx.list_runs(&scope(), &filter, None, 10)).into_iter().map(|run| run.seq).collect()
    };
    let all = RunFilter::default;
    assert_eq!(list(all()), [other.seq, plain.seq], "newest first");
    assert_eq!(list(RunFilter { templates: vec![id(3)], ..all() }), [other.seq]);
    assert_eq!(list(RunFilter { states: vec![RunState::Created, RunState::Failed], ..all() }), [plain.seq]);
    assert_eq!(list(RunFilter { duration_s: Some((181, 86_400)), ..all() }), [other.seq]);
    assert_eq!(list(RunFilter { rules: vec![PRACTICES.into()], ..all() }), [plain.seq]);
    assert_eq!(list(RunFilter { started: (Some(at(100)), Some(at(100))), ..all() }), [other.seq]);
    assert_eq!(list(RunFilter { started: (Some(at(101)), None), ..all() }), [0; 0]);
    assert_eq!(list(RunFilter { completed: (None, Some(at(199))), ..all() }), [0; 0]);
    assert_eq!(list(RunFilter { completed: (None, Some(at(200))), ..all() }), [other.seq]);
    assert_eq!(list(RunFilter { state_changed: (Some(at(150)), None), ..all() }), [other.seq]);
    let any_transition = RunFilter { state_changed: (None, Some(at(0))), ..all() };
    assert_eq!(list(any_transition), [other.seq, plain.seq]);
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.list_runs(&other, &all(), None, 10)), []);
    }
}

pub(crate) fn names_of_runs_are_matched_by_case_and_to_the_letter(db: &Db) {
    let names = ["Weekly", "weekly", "100%", "100x", "a_b", "axb", "!", "状況の確認", "a\"b", "a'b", "a\\b"];
    for (number, name) in (1..).zip(names) {
        put_run(db, new_run(number, name));
    }
    let like = |pattern: &str| -> Vec<String> {
        let filter = RunFilter { name_pattern: Some(pattern.into()), ..RunFilter::default() };
        db.read(|tx| tx.list_runs(&scope(), &filter, None, 100)).into_iter().map(|run| run.name).collect()
    };
    for name in names {
        assert_eq!(like(name), [name]);
    }
    assert_eq!(like("W*"), ["Weekly"]);
    assert_eq!(like("*eekly"), ["weekly", "Weekly"]);
    assert_eq!(like("状況*"), ["状況の確認"]);
    assert_eq!(like("*の*"), ["状況の確認"]);
    assert_eq!(like("**").len(), names.len());
    assert_eq!(like(""), [""; 0]);
}

pub(crate) fn pages_of_runs_do_not_move(db: &Db) {
    let seqs: Vec<i64> = (1..=5).map(|number| put_run(db, new_run(number, &format!("{number}"))).seq).collect();
    let page = |before, limit| -> Vec<i64> {
        let found = db.read(|tx| tx.list_runs(&scope(), &RunFilter::default(), before, limit));
        found.into_iter().map(|run| run.seq).collect()
    };
    let first = page(None, 2);
    assert_eq!(first, [seqs[4], seqs[3]]);
    put_run(db, new_run(6, "newer"));
    let gone = db.read(|tx| tx.run_by_seq(seqs[1])).unwrap();
    db.write(|tx| tx.delete_run(&gone, at(9)));
    assert_eq!(page(Some(seqs[3]), 10), [seqs[2], seqs[0]]);
}

pub(crate) fn notifications_keep_their_order(db: &Db) {
    let run = put_run(db, new_run(1, "run"));
    let other = put_run(db, new_run(2, "other"));
    let told: Vec<Notification> = (0..5)
        .map(|number| Notification {
            at: at(7),
            event: EventKind::ALL[number],
            message: (number > 0).then(|| format!("知らせ {number}")),
            error: number == 3,
            topic: (number > 1).then(|| "arn:aws:sns:us-west-2:123456789012:t".into()),
            status: (number > 2).then(|| "SUCCESS".into()),
        })
        .collect();
    for one in &told {
        db.write(|tx| tx.insert_notification(&run, one));
    }
    assert_eq!(db.read(|tx| tx.notifications(run.seq, 10)), told);
    assert_eq!(db.read(|tx| tx.notifications(run.seq, 2)), told[3..], "the newest");
    assert_eq!(db.read(|tx| tx.notifications(other.seq, 10)), []);
}
