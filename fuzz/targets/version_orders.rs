//! Every scheme's order of versions is a total order, over any text, and ranges follow it.
#![no_main]

use std::cmp::Ordering;

use yagura_version::{End, Range, Scheme, alpm, rpm};

libfuzzer_sys::fuzz_target!(|texts: (u8, &str, &str, &str)| {
    let (place, a, b, c) = texts;
    let Some(scheme) = Scheme::ALL.get(usize::from(place) % Scheme::ALL.len()) else { return };
    let compare = |a: &str, b: &str| scheme.compare(a, b);
    assert_eq!(compare(a, a), Ordering::Equal);
    assert_eq!(compare(a, b), compare(b, a).reverse());
    if compare(a, b).is_le() && compare(b, c).is_le() {
        let order = compare(a, c);
        if compare(a, b).is_lt() || compare(b, c).is_lt() {
            assert!(order.is_lt(), "not transitive: {scheme}");
        } else {
            assert!(order.is_eq(), "equality is not transitive: {scheme}");
        }
    }
    let range = Range { introduced: Some(a), end: End::Fixed(b) };
    if scheme.contains([range], c) {
        assert!(compare(a, c).is_le() && compare(c, b).is_lt());
    }
    scheme.is_valid(a);
    rpm::compare_lacking_release(a, b);
    alpm::compare_lacking_release(a, b);
});
