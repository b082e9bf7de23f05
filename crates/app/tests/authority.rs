//! The catalogue of feeds and the judge's order of authority know the same feeds.

use yagura_feed::{Authority, FEEDS};
use yagura_matcher::authority::rank;

#[test]
fn every_feed_with_statements_has_its_place() {
    let nobody = rank("nobody");
    for feed in FEEDS.iter().filter(|feed| feed.authority != Authority::Facts) {
        assert!(rank(feed.id) < nobody, "`{}` is missing in matcher/src/authority.rs", feed.id);
    }
}

#[test]
fn a_vendors_verdicts_stand_above_advisories_and_collections() {
    let is_state = |authority| matches!(authority, Authority::Whole | Authority::VendorState);
    let of = |wanted: fn(Authority) -> bool| {
        FEEDS.iter().filter(move |feed| wanted(feed.authority)).map(|feed| (rank(feed.id), feed.id))
    };
    let lowest_state = FEEDS.iter().filter(|feed| is_state(feed.authority)).map(|feed| rank(feed.id)).max();
    for (place, id) in of(|authority| matches!(authority, Authority::VendorAdvisory | Authority::Osv)) {
        assert!(Some(place) > lowest_state, "`{id}` stands among the verdicts");
    }
}
