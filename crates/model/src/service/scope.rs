//! Where a thing belongs: an account and a region.

/// An account and a region. Nothing is seen from another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// Twelve digits.
    pub account: String,
    /// `us-west-2`.
    pub region: String,
}

impl Scope {
    /// Joins an account and a region; `None` when one of them has not the form of one.
    pub fn new(account: &str, region: &str) -> Option<Self> {
        let account_fits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let region_fits = (1..=32).contains(&region.len())
            && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        (account_fits && region_fits).then(|| Self { account: account.to_owned(), region: region.to_owned() })
    }

    /// Returns the ARN partition of the region: `aws`, `aws-us-gov`, `aws-cn`.
    pub fn partition(&self) -> &'static str {
        partition(&self.region)
    }
}

/// Returns the ARN partition of a region.
pub(super) fn partition(region: &str) -> &'static str {
    if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else if region.starts_with("cn-") {
        "aws-cn"
    } else {
        "aws"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_accounts_and_regions_make_a_scope() {
        assert!(Scope::new("123456789012", "us-west-2").is_some());
        assert!(Scope::new("12345678901", "us-west-2").is_none());
        assert!(Scope::new("12345678901a", "us-west-2").is_none());
        assert!(Scope::new("123456789012", "").is_none());
        assert!(Scope::new("123456789012", "a:b").is_none());
        assert_eq!(Scope::new("123456789012", "us-gov-west-1").unwrap().partition(), "aws-us-gov");
    }
}
