//! Names of other services' things: only their form can be checked.

use super::Scope;
use super::arn::ARN_CHARS_MAX;

/// Tells whether a text names a notification topic of the scope's partition:
/// `arn:aws:sns:us-west-2:123456789012:alarms`. Region and account may be others.
pub fn names_topic(text: &str, scope: &Scope) -> bool {
    const TOPIC_CHARS_MAX: usize = 256;
    let Some((region, account, topic)) = split(text, "sns", scope) else { return false };
    let name = topic.strip_suffix(".fifo").unwrap_or(topic);
    let name_fits = !name.is_empty()
        && topic.len() <= TOPIC_CHARS_MAX
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    !region.is_empty() && Scope::new(account, region).is_some() && name_fits
}

/// Tells whether a text names a role of the scope's partition:
/// `arn:aws:iam::123456789012:role/path/name`.
pub fn names_role(text: &str, scope: &Scope) -> bool {
    let Some((region, account, path)) = split(text, "iam", scope) else { return false };
    let Some(path) = path.strip_prefix("role/") else { return false };
    let path_fits = path.split('/').all(|part| !part.is_empty())
        && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+=,.@_-".contains(&byte));
    region.is_empty() && Scope::new(account, &scope.region).is_some() && path_fits
}

/// Region, account and what follows, of an ARN of a service in the scope's partition.
fn split<'t>(text: &'t str, service: &str, scope: &Scope) -> Option<(&'t str, &'t str, &'t str)> {
    if text.len() > ARN_CHARS_MAX {
        return None;
    }
    let rest = text.strip_prefix("arn:")?.strip_prefix(scope.partition())?;
    let rest = rest.strip_prefix(':')?.strip_prefix(service)?.strip_prefix(':')?;
    let (region, rest) = rest.split_once(':')?;
    let (account, rest) = rest.split_once(':')?;
    Some((region, account, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_have_a_name_and_belong_to_the_partition() {
        let scope = Scope::new("123456789012", "us-west-2").unwrap();
        for text in ["arn:aws:sns:us-west-2:123456789012:alarms", "arn:aws:sns:eu-west-1:000000000000:a-b_c.fifo"] {
            assert!(names_topic(text, &scope), "{text}");
        }
        for text in [
            "",
            "alarms",
            "arn:aws:sns:us-west-2:123456789012:",
            "arn:aws:sns:us-west-2:123456789012:.fifo",
            "arn:aws:sns:us-west-2:123456789012:a b",
            "arn:aws:sns:us-west-2:123456789012:a:b",
            "arn:aws:sns:us-west-2:1234:alarms",
            "arn:aws:sns::123456789012:alarms",
            "arn:aws:sqs:us-west-2:123456789012:alarms",
            "arn:aws-us-gov:sns:us-gov-west-1:123456789012:alarms",
        ] {
            assert!(!names_topic(text, &scope), "{text}");
        }
        assert!(!names_topic(&format!("arn:aws:sns:us-west-2:123456789012:{}", "x".repeat(257)), &scope));
    }

    #[test]
    fn roles_have_a_path_and_no_region() {
        let scope = Scope::new("123456789012", "us-west-2").unwrap();
        for text in ["arn:aws:iam::123456789012:role/inspector", "arn:aws:iam::210987654321:role/a/b/c@d"] {
            assert!(names_role(text, &scope), "{text}");
        }
        for text in [
            "",
            "arn:aws:iam::123456789012:user/inspector",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role//x",
            "arn:aws:iam::123456789012:role/x y",
            "arn:aws:iam:us-west-2:123456789012:role/x",
            "arn:aws-cn:iam::123456789012:role/x",
        ] {
            assert!(!names_role(text, &scope), "{text}");
        }
    }
}
