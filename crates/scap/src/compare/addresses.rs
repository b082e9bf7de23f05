//! IPv4 and IPv6 addresses with their prefixes, compared as numbers and as sets.

use core::net::{Ipv4Addr, Ipv6Addr};

use super::Operation;
use crate::truth::Truth;

/// An address of either family as a number, and how many of its leading bits count.
#[derive(Debug, Clone, Copy)]
struct Network {
    bits: u128,
    prefix: u32,
    /// How many bits an address of the family has.
    width: u32,
}

impl Network {
    /// The address with what is behind the prefix cleared.
    fn base(self) -> u128 {
        let hidden = self.width.saturating_sub(self.prefix);
        self.bits.checked_shr(hidden).and_then(|kept| kept.checked_shl(hidden)).unwrap_or(0)
    }

    fn contains(self, other: Self) -> bool {
        self.prefix <= other.prefix && Self { prefix: self.prefix, ..other }.base() == self.base()
    }
}

pub(super) fn ipv4(candidate: &str, operation: Operation, wanted: &str) -> Truth {
    compare(parse_ipv4(candidate), operation, parse_ipv4(wanted))
}

pub(super) fn ipv6(candidate: &str, operation: Operation, wanted: &str) -> Truth {
    compare(parse_ipv6(candidate), operation, parse_ipv6(wanted))
}

fn compare(candidate: Option<Network>, operation: Operation, wanted: Option<Network>) -> Truth {
    let (Some(left), Some(right)) = (candidate, wanted) else { return Truth::Error };
    match operation {
        Operation::SubsetOf => Truth::of(right.contains(left)),
        Operation::SupersetOf => Truth::of(left.contains(right)),
        Operation::Equals | Operation::NotEqual => {
            operation.judge(left.base().cmp(&right.base()).then(left.prefix.cmp(&right.prefix)))
        }
        // Networks of different sizes have no order.
        _ if left.prefix != right.prefix => Truth::Error,
        _ => operation.judge(left.base().cmp(&right.base())),
    }
}

fn parse_ipv4(text: &str) -> Option<Network> {
    let (address, prefix) = split(text);
    let address: Ipv4Addr = address.parse().ok()?;
    let prefix = match prefix {
        None => 32,
        // A prefix length, or a netmask.
        Some(prefix) => match prefix.parse::<u32>() {
            Ok(length) => length,
            Err(_) => {
                let mask = u32::from(prefix.parse::<Ipv4Addr>().ok()?);
                (mask.leading_ones() + mask.trailing_zeros() >= 32).then_some(mask.leading_ones())?
            }
        },
    };
    (prefix <= 32).then_some(Network { bits: u128::from(u32::from(address)), prefix, width: 32 })
}

fn parse_ipv6(text: &str) -> Option<Network> {
    let (address, prefix) = split(text);
    let address: Ipv6Addr = address.parse().ok()?;
    let prefix = prefix.map_or(Some(128), |prefix| prefix.parse().ok())?;
    (prefix <= 128).then_some(Network { bits: u128::from(address), prefix, width: 128 })
}

fn split(text: &str) -> (&str, Option<&str>) {
    match text.trim().split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text.trim(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_each_other() {
        assert_eq!(ipv4("10.1.2.3", Operation::SubsetOf, "10.0.0.0/8"), Truth::True);
        assert_eq!(ipv4("10.0.0.0/255.0.0.0", Operation::SupersetOf, "10.1.2.0/24"), Truth::True);
        assert_eq!(ipv4("11.0.0.0/8", Operation::SupersetOf, "10.1.2.0/24"), Truth::False);
        assert_eq!(ipv6("2001:db8::1", Operation::SubsetOf, "2001:db8::/32"), Truth::True);
        assert_eq!(ipv6("::/0", Operation::SupersetOf, "2001:db8::/32"), Truth::True);
    }

    #[test]
    fn networks_of_one_size_have_an_order() {
        assert_eq!(ipv4("10.0.0.2", Operation::GreaterThan, "10.0.0.1"), Truth::True);
        assert_eq!(ipv4("10.0.0.2", Operation::GreaterThan, "10.0.0.0/8"), Truth::Error);
        assert_eq!(ipv4("10.0.0.300", Operation::Equals, "10.0.0.1"), Truth::Error);
    }
}
