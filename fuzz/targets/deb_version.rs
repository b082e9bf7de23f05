//! Debian's order of versions is a total order, over any text.
#![no_main]

use std::cmp::Ordering;

use yagura_version::dpkg::compare;

libfuzzer_sys::fuzz_target!(|texts: (&str, &str, &str)| {
    let (a, b, c) = texts;
    assert_eq!(compare(a, a), Ordering::Equal);
    assert_eq!(compare(a, b), compare(b, a).reverse());
    if compare(a, b) != Ordering::Greater && compare(b, c) != Ordering::Greater {
        assert_ne!(compare(a, c), Ordering::Greater, "not transitive");
    }
});
