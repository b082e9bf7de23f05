//! How often one key, one address, one agent may ask.

use std::net::IpAddr;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{Rate, ServeOptions};

/// Names that one limiter remembers before it forgets those that are quiet.
const REMEMBERED_MAX: usize = 65_536;

/// The limiters of a server.
pub(crate) struct Rates {
    keys: Limiter<String>,
    addresses: Limiter<IpAddr>,
    refused: Limiter<IpAddr>,
    agents: Limiter<String>,
}

struct Limiter<K: std::hash::Hash + Eq + Clone>(DefaultKeyedRateLimiter<K>);

impl<K: std::hash::Hash + Eq + Clone> Limiter<K> {
    fn new(rate: Rate) -> Self {
        Self(RateLimiter::keyed(quota(rate)))
    }

    fn allows(&self, key: &K) -> bool {
        if self.0.len() > REMEMBERED_MAX {
            self.0.retain_recent();
        }
        self.0.check_key(key).is_ok()
    }
}

pub(super) fn quota(rate: Rate) -> Quota {
    // Only a rate of infinitely many has no quota; a nanosecond is as good.
    let quota = Quota::with_period(rate.every).unwrap_or_else(|| Quota::per_second(std::num::NonZeroU32::MAX));
    quota.allow_burst(rate.burst)
}

impl Rates {
    pub(super) fn new(options: &ServeOptions) -> Self {
        Self {
            keys: Limiter::new(options.key_rate),
            addresses: Limiter::new(options.address_rate),
            refused: Limiter::new(options.refused_rate),
            agents: Limiter::new(options.agent_rate),
        }
    }

    /// Counts a call with an access key.
    pub(crate) fn key(&self, id: &str) -> bool {
        self.keys.allows(&id.to_owned())
    }

    /// Counts a request of an address.
    pub(crate) fn address(&self, address: IpAddr) -> bool {
        self.addresses.allows(&host(address))
    }

    /// Counts a refusal; `false` when the address is to be told no more than to slow down.
    pub(crate) fn refused(&self, address: IpAddr) -> bool {
        self.refused.allows(&host(address))
    }

    /// Counts a request of an agent.
    pub(crate) fn agent(&self, id: &str) -> bool {
        self.agents.allows(&id.to_owned())
    }
}

/// Whoever has one IPv6 address has 2^64 of them.
fn host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::from((u128::from(address) >> 64 << 64).to_be_bytes()),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn options(burst: u32) -> ServeOptions {
        let rate = Rate::new(Duration::from_secs(3_600), burst);
        ServeOptions { key_rate: rate, address_rate: rate, ..ServeOptions::default() }
    }

    #[test]
    fn each_key_has_its_own_burst() {
        let rates = Rates::new(&options(2));
        assert_eq!([rates.key("a"), rates.key("a"), rates.key("a"), rates.key("b")], [true, true, false, true]);
    }

    #[test]
    fn one_network_of_ipv6_counts_as_one() {
        let rates = Rates::new(&options(1));
        assert!(rates.address("2001:db8::1".parse().unwrap()));
        assert!(!rates.address("2001:db8::2".parse().unwrap()));
        assert!(rates.address("2001:db8:1::1".parse().unwrap()));
        assert!(rates.address("192.0.2.1".parse().unwrap()));
        assert!(!rates.address("::ffff:192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn a_rate_without_time_limits_nothing() {
        let rates = Rates::new(&ServeOptions { key_rate: Rate::new(Duration::ZERO, 0), ..ServeOptions::default() });
        assert!(rates.key("a"));
    }
}
