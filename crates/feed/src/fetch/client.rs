//! The HTTP client: whom it trusts, where it may be redirected, how it finds hosts.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, ClientBuilder, Url};

use super::{FetchError, Timeouts};

/// The most redirects that are followed for one file. Release archives need two.
const REDIRECTS_MAX: usize = 5;
/// So many hosts without an address mean that the network is down, not the hosts.
const UNRESOLVED_HOSTS_MAX: usize = 2;

/// A client and what it has learnt of the network in this run.
pub(crate) struct Web {
    client: RefCell<Option<Client>>,
    resolver: Arc<dyn Resolve>,
    down: RefCell<Down>,
}

#[derive(Default)]
struct Down {
    hosts: BTreeSet<String>,
    unresolved: usize,
}

impl Web {
    pub(crate) fn new() -> Self {
        Self::with_resolver(Arc::new(SystemResolver))
    }

    pub(super) fn with_resolver(resolver: Arc<dyn Resolve>) -> Self {
        Self { client: RefCell::new(None), resolver, down: RefCell::default() }
    }

    /// Returns the client; it is built at the first use, because a folder mirror needs none.
    pub(super) fn client(&self, url: &Url, timeouts: Timeouts) -> Result<Client, FetchError> {
        if let Some(client) = self.client.borrow().as_ref() {
            return Ok(client.clone());
        }
        let client = self.build(url, timeouts)?;
        *self.client.borrow_mut() = Some(client.clone());
        Ok(client)
    }

    fn build(&self, url: &Url, timeouts: Timeouts) -> Result<Client, FetchError> {
        // A program has one provider; when it has chosen one already, that one serves as well.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        match self.builder(url, timeouts).build() {
            // A plain mirror on a machine without CA certificates must still work.
            Err(_) if url.scheme() == "http" => {
                let builder = self.builder(url, timeouts).tls_certs_only(std::iter::empty());
                builder.build().map_err(|source| FetchError::Client { source })
            }
            built => built.map_err(|source| FetchError::Client { source }),
        }
    }

    fn builder(&self, url: &Url, timeouts: Timeouts) -> ClientBuilder {
        let builder = Client::builder()
            .user_agent(concat!("yagura/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(timeouts.connect)
            .read_timeout(timeouts.idle)
            .redirect(Policy::custom(redirect))
            .referer(false)
            .retry(reqwest::retry::never())
            .dns_resolver(Arc::clone(&self.resolver));
        // The environment's proxy does not stand between this machine and itself.
        if is_loopback(url) { builder.no_proxy() } else { builder }
    }

    /// Refuses what failed in the same way a moment ago.
    pub(super) fn check_up(&self, url: &Url) -> Result<(), FetchError> {
        let host = host_of(url);
        let down = self.down.borrow();
        if down.hosts.contains(&host) {
            return Err(FetchError::HostDown { host });
        }
        if down.unresolved >= UNRESOLVED_HOSTS_MAX { Err(FetchError::NetworkDown) } else { Ok(()) }
    }

    /// Remembers a host that could not be reached.
    pub(super) fn note_down(&self, error: &FetchError) {
        let (host, unresolved) = match error {
            FetchError::Unresolved { host, .. } => (host, 1),
            FetchError::Unreachable { host, .. } | FetchError::Untrusted { host, .. } => (host, 0),
            _ => return,
        };
        let mut down = self.down.borrow_mut();
        down.hosts.insert(host.clone());
        down.unresolved += unresolved;
    }
}

/// Returns the host for messages and for memory: `mirror.example:8080`.
pub(super) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

#[derive(Debug, thiserror::Error)]
enum RedirectRefused {
    #[error("more than {REDIRECTS_MAX} redirects")]
    TooMany,
    #[error("it leads from https to an address without encryption")]
    Downgrade,
}

fn redirect(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let encrypted = attempt.previous().iter().any(|url| url.scheme() == "https");
    if encrypted && attempt.url().scheme() != "https" {
        return attempt.error(RedirectRefused::Downgrade);
    }
    if attempt.previous().len() > REDIRECTS_MAX {
        return attempt.error(RedirectRefused::TooMany);
    }
    attempt.follow()
}

/// Why a host has no address.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ResolveError(String);

impl ResolveError {
    pub(super) fn new(why: &io::Error) -> Self {
        Self(why.to_string())
    }
}

/// The system's resolver, with an error that can be told from others.
struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let addresses: Vec<_> = found.map_err(|error| ResolveError::new(&error))?.collect();
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

/// Sorts a failed request into what a person can act on.
pub(super) fn sort_error(error: reqwest::Error, url: &Url) -> FetchError {
    let error = error.without_url();
    let host = host_of(url);
    if error.is_redirect() {
        return FetchError::Redirect { url: url.to_string(), source: error };
    }
    if let Some(why) = find_cause::<ResolveError>(&error) {
        return FetchError::Unresolved { host, source: ResolveError(why.0.clone()) };
    }
    if let Some(tls) = find_cause::<rustls::Error>(&error) {
        return FetchError::Untrusted { host, why: tls.to_string() };
    }
    if error.is_connect() {
        return FetchError::Unreachable { host, source: error };
    }
    if error.is_timeout() {
        return FetchError::Timeout { url: url.to_string() };
    }
    FetchError::BrokenOff { url: url.to_string(), source: error }
}

/// Finds an error of one type among the causes. An I/O error hides the one that it wraps.
fn find_cause<E: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
