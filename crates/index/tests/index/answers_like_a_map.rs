//! The index gives back what was put in, as a plain map would, whatever the order of insertion.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use yagura_index::{Index, IndexBuilder, StatementRef};
use yagura_model::{Epss, Names, Statement, StatementState, Vulnerability};

use crate::facts::{Facts, any_facts, moment, sample, statement};

type Key = ([String; 4], Names, Option<String>, Option<String>);

fn key(statement: &Statement) -> Key {
    let Statement { feed, release, package, names, channel, module, vulnerability, .. } = statement;
    let texts = [release.as_str(), package, vulnerability, feed.as_str()].map(str::to_owned);
    (texts, *names, channel.clone(), module.clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn answers_like_a_map(facts in any_facts()) {
        let bytes = facts.build().unwrap();
        let index = Index::open(&bytes).unwrap();
        index.verify().unwrap();

        let mut rivals: BTreeMap<Key, Vec<Statement>> = BTreeMap::new();
        for statement in &facts.statements {
            rivals.entry(key(statement)).or_default().push(statement.clone());
        }
        let packages: BTreeSet<_> = rivals.keys().map(|([release, package, ..], ..)| (release, package)).collect();
        let mut seen = Vec::new();
        for (release, package) in packages {
            let found: Vec<Statement> = index.statements(release, package).map(|s| s.to_owned()).collect();
            prop_assert!(found.is_sorted_by_key(key), "by vulnerability, then feed");
            seen.extend(found);
        }
        // One of the rivals for each key, no more, no less; and the same one from both sides.
        prop_assert_eq!(seen.len(), rivals.len());
        prop_assert_eq!(index.counts().statements, rivals.len());
        for statement in &seen {
            prop_assert!(rivals[&key(statement)].contains(statement));
            let about: Vec<_> = index.statements_about(&statement.vulnerability).map(|s| s.to_owned()).collect();
            prop_assert!(about.contains(statement));
        }

        let ids: BTreeSet<&str> = facts.statements.iter().map(|s| s.vulnerability.as_str())
            .chain(facts.vulnerabilities.iter().map(|v| v.id.as_str()))
            .chain(facts.vulnerabilities.iter().flat_map(|v| v.covers.iter().map(String::as_str))).collect();
        prop_assert_eq!(index.counts().vulnerabilities, ids.len());
        for id in ids {
            let expected = facts.vulnerabilities.iter().find(|v| v.id == id);
            prop_assert_eq!(index.vulnerability(id).map(|v| v.to_owned()), expected.cloned());
            let expected = seen.iter().filter(|s| s.vulnerability == id).count();
            prop_assert_eq!(index.statements_about(id).count(), expected);
            let covering: BTreeSet<&str> = index.advisories_covering(id).collect();
            let expected = facts.vulnerabilities.iter().filter(|v| v.covers.iter().any(|covered| covered == id));
            prop_assert_eq!(covering, expected.map(|v| v.id.as_str()).collect::<BTreeSet<_>>());
        }
        prop_assert_eq!(index.feeds(), facts.feeds.clone());
        for release in ["debian:bookworm", "debian:trixie", "debian:sid"] {
            let expected = facts.feeds.iter().any(|feed| feed.releases.iter().any(|known| known.as_str() == release));
            prop_assert_eq!(index.speaks_of(release), expected);
        }
    }

    #[test]
    fn the_order_of_insertion_leaves_no_trace(facts in any_facts(), turn in 0_usize..40) {
        let mut turned = facts.clone();
        turned.statements.rotate_left(turn.min(facts.statements.len()));
        turned.vulnerabilities.reverse();
        turned.feeds.reverse();
        prop_assert_eq!(facts.build().unwrap(), turned.build().unwrap());
    }
}

#[test]
fn strangers_get_no_answer() {
    let bytes = sample().build().unwrap();
    let index = Index::open(&bytes).unwrap();
    assert_eq!(index.statements("debian:bookworm", "bash").count(), 0);
    assert_eq!(index.statements("debian:sid", "openssl").count(), 0);
    assert_eq!(index.statements("", "").count(), 0);
    assert_eq!(index.statements_about("CVE-2024-1279").count(), 0);
    assert!(index.vulnerability("CVE-2024-1279").is_none());
    assert!(index.vulnerability("CVE-2026-0001").is_none(), "mentioned is not described");
    assert_eq!(index.statements_about("CVE-1999-0001").count(), 0);
    assert!(!index.speaks_of("debian:sid"));
}

#[test]
fn an_empty_index_is_an_index() {
    let bytes = Facts::default().build().unwrap();
    let index = Index::open(&bytes).unwrap();
    index.verify().unwrap();
    assert_eq!(index.counts(), yagura_index::Counts::default());
    assert_eq!(index.statements("debian:bookworm", "openssl").count(), 0);
    assert!(index.vulnerability("").is_none());
    assert!(index.feeds().is_empty());
}

#[test]
fn of_rival_statements_the_one_that_claims_more_stays() {
    let states = [
        StatementState::NotAffected,
        StatementState::UnderInvestigation,
        StatementState::Fixed("1".into()),
        StatementState::Fixed("2".into()),
        StatementState::Affected(Vec::new()),
        StatementState::EndOfLife,
        StatementState::Postponed,
        StatementState::WillNotFix,
        StatementState::Open,
    ];
    for pair in states.windows(2) {
        let rivals = pair.iter().map(|state| statement("feed", "bookworm", "zlib", "CVE-2026-1", state.clone()));
        let facts = Facts { statements: rivals.collect(), ..Facts::default() };
        let bytes = facts.build().unwrap();
        let kept: Vec<_> = Index::open(&bytes)
            .unwrap()
            .statements("debian:bookworm", "zlib")
            .map(|statement| statement.state().to_owned())
            .collect();
        assert_eq!(kept, [pair[1].clone()]);
    }
}

#[test]
fn a_later_record_replaces_an_earlier_one() {
    let mut builder = IndexBuilder::new();
    for description in ["first", "second"] {
        builder.vulnerability(Vulnerability {
            id: "CVE-2026-1".into(),
            description: description.into(),
            ..Vulnerability::default()
        });
    }
    let bytes = builder.build(moment(0)).unwrap();
    let index = Index::open(&bytes).unwrap();
    assert_eq!(index.vulnerability("CVE-2026-1").map(|v| v.description()), Some("second"));
}

#[test]
fn the_fingerprint_follows_the_facts_and_not_the_clock() {
    let facts = sample();
    let fingerprint = |bytes: &[u8]| Index::open(bytes).unwrap().fingerprint();
    let first = facts.build().unwrap();
    let mut builder = IndexBuilder::new();
    facts.statements.iter().cloned().for_each(|s| builder.statement(s));
    facts.vulnerabilities.iter().cloned().for_each(|v| builder.vulnerability(v));
    facts.feeds.iter().cloned().for_each(|f| builder.feed(f));
    let later = builder.build(moment(1_800_000_000)).unwrap();
    assert_ne!(first, later);
    assert_eq!(fingerprint(&first), fingerprint(&later));
    assert_eq!(Index::open(&later).unwrap().built_at(), moment(1_800_000_000));
    let mut changed = facts;
    changed.statements.pop();
    assert_ne!(fingerprint(&first), fingerprint(&changed.build().unwrap()));
}

#[test]
fn same_flaw_is_told_without_its_id() {
    let bytes = sample().build().unwrap();
    let index = Index::open(&bytes).unwrap();
    let said: Vec<StatementRef<'_>> = index.statements("debian:bookworm", "openssl").collect();
    assert_eq!(said.len(), 3);
    assert!(said[0].is_about_same_flaw(&said[1]));
    assert!(!said[1].is_about_same_flaw(&said[2]));
    let mut rest = index.statements("debian:bookworm", "openssl");
    let first = rest.next().unwrap();
    assert!(rest.next_about_same_flaw(&first).is_some());
    assert!(rest.next_about_same_flaw(&first).is_none(), "the next is about another");
    assert_eq!(rest.len(), 1, "and stays");
    // The export says `open`, the tracker names a version; equal texts have equal numbers.
    assert_eq!(said[0].fixed_id(), None);
    assert!(said[1].fixed_id().is_some());
}

/// Most of EPSS's ids have nothing else; each must stay small.
#[test]
fn an_id_that_is_only_scored_costs_24_bytes_and_its_name() {
    const IDS: usize = 10_000;
    let scored = |count: usize| {
        let vulnerabilities = (0..count).map(|n| Vulnerability {
            id: format!("CVE-2026-{n:05}"),
            epss: Some(Epss { probability: 0.001, percentile: 0.1 }),
            ..Vulnerability::default()
        });
        Facts { vulnerabilities: vulnerabilities.collect(), ..Facts::default() }.build().unwrap().len()
    };
    let each = (scored(IDS) - scored(0)) / IDS;
    assert!(each <= 24 + "CVE-2026-00000".len(), "{each} bytes");
}
