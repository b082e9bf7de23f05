//! The orders of version texts: dotted numbers and rpm's.

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

/// Orders `epoch:version-release` as rpm does; a missing epoch is 0, a missing release comes first.
pub(super) fn rpm(left: &str, right: &str) -> Ordering {
    let (left, right) = (Evr::split(left), Evr::split(right));
    segments(left.epoch, right.epoch).then_with(|| segments(left.version, right.version)).then_with(|| {
        match (left.release, right.release) {
            (Some(left), Some(right)) => segments(left, right),
            (left, right) => left.is_some().cmp(&right.is_some()),
        }
    })
}

struct Evr<'t> {
    epoch: &'t str,
    version: &'t str,
    release: Option<&'t str>,
}

impl<'t> Evr<'t> {
    fn split(text: &'t str) -> Self {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) if epoch.len() == digits => (if epoch.is_empty() { "0" } else { epoch }, rest),
            _ => ("0", text),
        };
        let (version, release) = match rest.rsplit_once('-') {
            Some((version, release)) => (version, Some(release)),
            None => (rest, None),
        };
        Self { epoch, version, release }
    }
}

/// Orders two version or release texts segment by segment: rpm's `rpmvercmp`, tilde and caret included.
fn segments(left: &str, right: &str) -> Ordering {
    let skip = |text: &str| -> usize {
        text.bytes().take_while(|byte| !byte.is_ascii_alphanumeric() && *byte != b'~' && *byte != b'^').count()
    };
    let (mut left, mut right) = (left, right);
    loop {
        left = left.get(skip(left)..).unwrap_or_default();
        right = right.get(skip(right)..).unwrap_or_default();
        match (left.strip_prefix('~'), right.strip_prefix('~')) {
            (Some(a), Some(b)) => {
                (left, right) = (a, b);
                continue;
            }
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (None, None) => {}
        }
        match (left.strip_prefix('^'), right.strip_prefix('^')) {
            (Some(a), Some(b)) => {
                (left, right) = (a, b);
                continue;
            }
            (Some(_), None) => return if right.is_empty() { Ordering::Greater } else { Ordering::Less },
            (None, Some(_)) => return if left.is_empty() { Ordering::Less } else { Ordering::Greater },
            (None, None) => {}
        }
        if left.is_empty() || right.is_empty() {
            return left.len().cmp(&right.len());
        }
        let numeric = left.starts_with(|c: char| c.is_ascii_digit());
        let belongs = |c: char| if numeric { c.is_ascii_digit() } else { c.is_ascii_alphabetic() };
        let cut = |text: &str| text.len() - text.trim_start_matches(belongs).len();
        let (left_segment, left_rest) = left.split_at(cut(left));
        let (right_segment, right_rest) = right.split_at(cut(right));
        if right_segment.is_empty() {
            return if numeric { Ordering::Greater } else { Ordering::Less };
        }
        let order = if numeric { digits(left_segment, right_segment) } else { left_segment.cmp(right_segment) };
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rpm_order() {
        assert_eq!(rpm("1.0-1", "0:1.0-1"), Ordering::Equal);
        assert_eq!(rpm("1:1.0-1", "2.0-1"), Ordering::Greater);
        assert_eq!(rpm("1.0~rc1-1", "1.0-1"), Ordering::Less);
        assert_eq!(rpm("1.0^git1-1", "1.0-1"), Ordering::Greater);
        assert_eq!(rpm("1.0a-1", "1.0.1-1"), Ordering::Less);
        assert_eq!(rpm("1.05-1", "1.5-1"), Ordering::Equal);
        assert_eq!(rpm("1.0", "1.0-1"), Ordering::Less);
    }

    #[test]
    fn dotted_order() {
        assert_eq!(dotted("1.0", "1"), Ordering::Equal);
        assert_eq!(dotted("1-2#3", "1.2.3"), Ordering::Equal);
        assert_eq!(dotted("5.10", "5.9.9"), Ordering::Greater);
    }
}
