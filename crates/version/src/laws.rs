//! The laws of an order, as property tests that every scheme states for itself.

use std::cmp::Ordering;

use proptest::prelude::{ProptestConfig, TestCaseError};
use proptest::{prop_assert, prop_assert_eq};

/// Compares two strings.
pub(crate) type Compare = fn(&str, &str) -> Ordering;

/// Enough for rules that meet in threes; the schemes are cheap.
pub(crate) fn cases() -> ProptestConfig {
    ProptestConfig::with_cases(500)
}

/// Asserts that one version is below another, asked both ways.
pub(crate) fn check(compare: impl Fn(&str, &str) -> Ordering, less: &str, more: &str) {
    assert_eq!(compare(less, more), Ordering::Less, "`{less}` against `{more}`");
    assert_eq!(compare(more, less), Ordering::Greater, "`{more}` against `{less}`");
}

/// Asserts that a list ascends, each version against all behind it; those of one row are equal.
pub(crate) fn check_ladder(compare: impl Fn(&str, &str) -> Ordering, rows: &[&[&str]]) {
    for (place, row) in rows.iter().enumerate() {
        for version in *row {
            for twin in *row {
                assert_eq!(compare(version, twin), Ordering::Equal, "`{version}` against `{twin}`");
            }
            for higher in rows.iter().skip(place + 1).flat_map(|row| row.iter()) {
                check(&compare, version, higher);
            }
        }
    }
}

/// Reflexive, antisymmetric, transitive; equal versions are equal to the same others.
pub(crate) fn hold(compare: Compare, a: &str, b: &str, c: &str) -> Result<(), TestCaseError> {
    prop_assert_eq!(compare(a, a), Ordering::Equal);
    prop_assert_eq!(compare(a, b), compare(b, a).reverse());
    let mut sorted = [a, b, c];
    // Three elements in every order: a cycle shows wherever it begins.
    for _ in 0..3 {
        sorted.rotate_left(1);
        let [x, y, z] = sorted;
        for (x, y, z) in [(x, y, z), (z, y, x)] {
            if compare(x, y).is_le() && compare(y, z).is_le() {
                let strict = compare(x, y).is_lt() || compare(y, z).is_lt();
                let order = compare(x, z);
                prop_assert!(
                    if strict { order.is_lt() } else { order.is_eq() },
                    "`{}` `{}` `{}`: {:?}",
                    x,
                    y,
                    z,
                    order
                );
            }
        }
    }
    Ok(())
}

/// Property tests of one comparison: over texts near to versions, and over anything.
macro_rules! total_order {
    ($compare:expr, $versionish:expr) => {
        proptest::proptest! {
            #![proptest_config(crate::laws::cases())]

            #[test]
            fn order_is_total(a in $versionish, b in $versionish, c in $versionish) {
                crate::laws::hold($compare, &a, &b, &c)?;
            }

            #[test]
            fn order_is_total_on_anything(
                a in proptest::prelude::any::<String>(),
                b in proptest::prelude::any::<String>(),
                c in proptest::prelude::any::<String>(),
            ) {
                crate::laws::hold($compare, &a, &b, &c)?;
            }
        }
    };
}

pub(crate) use total_order;
