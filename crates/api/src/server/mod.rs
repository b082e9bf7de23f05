//! The one TLS port: connections, bounds on them, and the way of a request to its answer.
//!
//! | route | answers |
//! |---|---|
//! | `POST /` | the API, AWS JSON 1.1: `aws` |
//! | `/agent/v1/…` | agents: `gateway` |
//! | `GET /reports/…` | documents behind a signed link: `reports` |
//! | `GET /healthz` | whether the store answers |
//!
//! - `connection`: from an accepted socket to requests: TLS, HTTP/1.1 or HTTP/2, the end
//! - `stall`: a peer that takes no bytes is given up
//! - `body`: a request's body, bounded in bytes and time
//! - `jobs`: blocking work on threads of its own, bounded in number
//! - `rates`: how often one key, one address, one agent may ask
//! - `refusals`: what was refused before anybody knew the caller, recorded at a bounded rate
//!
//! # Invariants
//!
//! - Nothing blocking runs on a thread of the async runtime.
//! - Whoever says nothing, says it too slowly or takes nothing is cut off after a named time.
//! - Beyond [`ServeOptions::connections_max`] a connection is closed before anything is read.

mod aws;
mod body;
mod connection;
mod jobs;
mod options;
mod rates;
mod refusals;
mod reports;
mod route;
mod stall;
mod stored_reports;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use yagura_app::service::App;
use yagura_identity::sigv4::{Transport, Verifier};

pub use options::{Rate, ServeOptions};
pub use reports::{ReportFile, ReportRefusal, Reports};

pub(crate) use aws::user_agent;
pub(crate) use body::{BodyError, read as read_body};
pub(crate) use connection::Connected;
pub(crate) use jobs::{JobError, Jobs};
pub(crate) use rates::Rates;
pub(crate) use refusals::Refusals;
pub(crate) use route::whole;

use crate::gateway::Waiting;

/// The body of an answer.
pub(crate) type Body = http_body_util::combinators::BoxBody<hyper::body::Bytes, io::Error>;

/// How long to wait after a socket could not be accepted, because the process has no descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What every request sees.
pub(crate) struct Server {
    pub(crate) app: Arc<App>,
    pub(crate) options: ServeOptions,
    /// Work for clients of the API.
    pub(crate) api_jobs: Jobs,
    /// Work for agents, so that a fleet that comes back does not shut out the operator.
    pub(crate) agent_jobs: Jobs,
    pub(crate) rates: Rates,
    pub(crate) refusals: Refusals,
    pub(crate) verifier: Verifier,
    pub(crate) waiting: Waiting,
    /// Becomes `true` when the server is to end.
    pub(crate) stopping: watch::Receiver<bool>,
    pub(crate) reports_open: Arc<Semaphore>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Server {
    /// Waits until the server is to end.
    pub(crate) fn end(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopping = self.stopping.clone();
        async move {
            // A sender that is gone means the end too.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    }
}

/// Serves until `shutdown` is done; then nothing new is taken, and what is in work ends.
///
/// # Errors
/// When the listener is none.
pub async fn serve(
    listener: TcpListener,
    tls: rustls::ServerConfig,
    app: Arc<App>,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let reports: Arc<dyn Reports> = Arc::new(stored_reports::StoredReports(Arc::clone(&app)));
    let options = ServeOptions { reports: Some(reports), ..ServeOptions::default() };
    serve_with(listener, tls, app, options, shutdown).await
}

/// Serves like [`serve`], with other bounds or other reports than the service's own.
///
/// # Errors
/// When the listener is none.
pub async fn serve_with(
    listener: TcpListener,
    mut tls: rustls::ServerConfig,
    app: Arc<App>,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    listener.local_addr()?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let places = Arc::new(Semaphore::new(options.connections_max));
    let (stop, stopping) = watch::channel(false);
    let server = Arc::new(Server {
        api_jobs: Jobs::new(options.api_jobs_max, options.job_patience),
        agent_jobs: Jobs::new(options.agent_jobs_max, options.job_patience),
        rates: Rates::new(&options),
        refusals: Refusals::new(options.refusals_recorded),
        verifier: Verifier::new(["inspector"], Transport::Tls),
        waiting: Waiting::default(),
        reports_open: Arc::new(Semaphore::new(options.reports_max)),
        app,
        options,
        stopping,
    });
    let watcher = tokio::spawn(crate::gateway::watch(Arc::clone(&server)));
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((socket, address)) => {
                    // The socket is closed here when there is no place for it.
                    if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                        let (server, acceptor) = (Arc::clone(&server), acceptor.clone());
                        connections.spawn(async move {
                            connection::serve(server, acceptor, socket, address).await;
                            drop(place);
                        });
                    } else {
                        tracing::warn!(%address, "a connection was closed: there are {} already", server.options.connections_max);
                    }
                }
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    // Whoever waits for it is a connection of ours; there may be none.
    let _ = stop.send(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(server.options.drain_patience, drained).await.is_err() {
        tracing::warn!("{} connections were cut off at the end", connections.len());
        connections.shutdown().await;
    }
    // It has ended already, or was never in the middle of anything.
    watcher.abort();
    let _ = watcher.await;
    Ok(())
}
