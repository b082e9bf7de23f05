//! The order of version texts that are numbers with something between them.

use std::cmp::Ordering;

/// Orders by the numbers in the texts, whatever stands between them; missing ones are 0.
pub(super) fn dotted(left: &str, right: &str) -> Ordering {
    let mut left = parts(left);
    let mut right = parts(right);
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) => match digits(a.unwrap_or("0"), b.unwrap_or("0")) {
                Ordering::Equal => {}
                order => return order,
            },
        }
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_ascii_digit())
}

/// Orders runs of digits as numbers of any length.
fn digits(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_order() {
        assert_eq!(dotted("1.0", "1"), Ordering::Equal);
        assert_eq!(dotted("1-2#3", "1.2.3"), Ordering::Equal);
        assert_eq!(dotted("5.10", "5.9.9"), Ordering::Greater);
    }
}
