//! From an accepted socket to requests.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use yagura_identity::ca::{AgentIdentity, agent_of};

use super::stall::Stalling;
use super::{Server, route};

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The same for HTTP/2.
const HEADER_LIST_BYTES_MAX: u32 = 64 * 1024;
/// Requests that one HTTP/2 connection may have at once.
const STREAMS_MAX: u32 = 64;
/// How often a quiet HTTP/2 connection is asked whether it is still there, and how long it may take to say so.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_PATIENCE: Duration = Duration::from_secs(20);

/// What a request's connection tells; an extension of every request.
#[derive(Debug, Clone)]
pub(crate) struct Connected {
    /// The other end.
    pub(crate) address: SocketAddr,
    /// The agent whose certificate was proved in the handshake.
    pub(crate) agent: Option<AgentIdentity>,
}

/// Serves one connection to its end.
pub(super) async fn serve(server: Arc<Server>, acceptor: TlsAcceptor, socket: TcpStream, address: SocketAddr) {
    // Answers are small and awaited; a platform that cannot do it is only slower.
    let _ = socket.set_nodelay(true);
    let handshake = tokio::time::timeout(server.options.handshake_patience, acceptor.accept(socket)).await;
    let stream = match handshake {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%address, "no TLS handshake: {error}");
            return;
        }
        Err(_) => {
            tracing::debug!(%address, "no TLS handshake in time");
            return;
        }
    };
    let (_, tls) = stream.get_ref();
    let speaks_http2 = tls.alpn_protocol() == Some(b"h2");
    // The handshake proved that our authority signed it; a server's certificate is no agent's.
    let certificate = tls.peer_certificates().and_then(|chain| chain.first());
    let agent = certificate.and_then(|certificate| agent_of(certificate).ok());
    let connected = Connected { address, agent };
    let io = TokioIo::new(Stalling::new(stream, server.options.stall_patience));
    let end = server.end();
    let head_patience = server.options.head_patience;
    let service = service_fn(move |mut request: Request<Incoming>| {
        let server = Arc::clone(&server);
        request.extensions_mut().insert(connected.clone());
        async move { Ok::<_, Infallible>(route::answer(server, request).await) }
    });
    macro_rules! until_its_end {
        ($connection:expr) => {{
            let mut connection = pin!($connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = end => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%address, "a connection ended: {error}");
            }
        }};
    }
    if speaks_http2 {
        until_its_end!(
            http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(STREAMS_MAX)
                .max_header_list_size(HEADER_LIST_BYTES_MAX)
                .keep_alive_interval(PING_EVERY)
                .keep_alive_timeout(PING_PATIENCE)
                .serve_connection(io, service)
        );
    } else {
        until_its_end!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(head_patience)
                .max_buf_size(HEAD_BYTES_MAX)
                .serve_connection(io, service)
        );
    }
}
