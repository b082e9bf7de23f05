//! Enrolment tokens.

use yagura_store::{Store, StoredToken};

use crate::support::{Db, at, other_scopes, scope, tag};

fn token(id: &str, uses_left: u64, seconds: i64) -> StoredToken {
    StoredToken {
        scope: scope(),
        id: id.into(),
        secret_hash: "ab".into(),
        tags: vec![tag("Env", "本番")],
        uses_left,
        expires_at: at(3_600),
        revoked: false,
        created_at: at(seconds),
    }
}

pub(crate) fn a_token_lets_in_as_many_as_it_says(db: &Db) {
    let first = token("first", 2, 0);
    db.write(|tx| tx.insert_token(&first));
    db.write(|tx| tx.insert_token(&token("second", 1, 5)));
    db.conflict(|tx| tx.insert_token(&first));
    assert_eq!(db.read(|tx| tx.token("first")).as_ref(), Some(&first));
    let ids =
        |limit| -> Vec<String> { db.read(|tx| tx.tokens(&scope(), limit)).into_iter().map(|token| token.id).collect() };
    assert_eq!(ids(10), ["second", "first"], "newest first");
    assert_eq!(ids(1), ["second"]);
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.tokens(&other, 10)), []);
        assert!(!db.write(|tx| tx.revoke_token(&other, "first")));
    }
    let take = |id: &str, now| db.write(|tx| tx.use_token(id, at(now)));
    assert!(take("first", 3_599));
    assert!(!take("first", 3_600), "over at its end");
    assert!(take("first", 0));
    assert!(!take("first", 0), "used up");
    assert!(!take("nobody's", 0));
    assert!(db.write(|tx| tx.revoke_token(&scope(), "second")));
    assert!(!take("second", 0), "taken back");
}

pub(crate) fn the_last_use_goes_to_one_of_many(db: &Db) {
    db.write(|tx| tx.insert_token(&token("shared", 20, 0)));
    let second = db.second_store();
    let use_it = |store: &Store| (0..10).filter(|_| store.write(|tx| tx.use_token("shared", at(0))).unwrap()).count();
    let used: usize = std::thread::scope(|threads| {
        let begin = |store| threads.spawn(move || use_it(store));
        let begun: Vec<_> = [&db.store, &second].into_iter().cycle().take(8).map(begin).collect();
        begun.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(used, 20);
    assert_eq!(db.read(|tx| tx.token("shared")).unwrap().uses_left, 0);
}
