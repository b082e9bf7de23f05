//! A running server: the port, the threads, the end.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use yagura_app::service::App;
use yagura_app::service::opening::write_beside;
use yagura_identity::ca::server_config;

use super::background::{self, Ending, FeedSchedule};
use crate::exit::{Failure, Message};

/// A server that listens.
pub(crate) struct Running {
    /// `https://127.0.0.1:8443`.
    pub(crate) url: String,
    ending: Ending,
    runtime: Runtime,
    port: tokio::task::JoinHandle<()>,
    threads: Vec<JoinHandle<()>>,
    shutdown: tokio::sync::watch::Sender<bool>,
    _lock: ServerLock,
}

/// The right to be the server of a data directory, held while the process lives.
struct ServerLock {
    /// Names the server across restarts, so that it takes up its own runs at once.
    owner: String,
    _file: File,
}

impl ServerLock {
    fn take(data_dir: &Path) -> Result<Self, Failure> {
        const OWNER_BYTES_MAX: u64 = 64;
        let path = data_dir.join("server.lock");
        let cannot =
            |error: std::io::Error| Failure::Failed(Message::new(format!("cannot use `{}`: {error}", path.display())));
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(cannot)?;
        if rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(Failure::Failed(
                Message::new(format!("another server runs on the data directory `{}`", data_dir.display()))
                    .hint("end it first, or choose another data directory with --data-dir"),
            ));
        }
        let mut owner = String::new();
        (&file).take(OWNER_BYTES_MAX).read_to_string(&mut owner).map_err(cannot)?;
        if owner.trim().is_empty() {
            owner = uuid::Uuid::new_v4().to_string();
            file.write_all(owner.as_bytes()).and_then(|()| file.sync_all()).map_err(cannot)?;
        }
        Ok(Self { owner: owner.trim().to_owned(), _file: file })
    }
}

/// Opens the port and starts the threads.
pub(crate) fn start(
    app: &Arc<App>,
    data_dir: &Path,
    listen: SocketAddr,
    names: &[String],
    feeds: FeedSchedule,
) -> Result<Running, Failure> {
    let cannot = |what: &str, error: &dyn std::error::Error| {
        Failure::Failed(Message::new(format!("cannot {what}: {}", crate::commands::chain(error))))
    };
    let lock = ServerLock::take(data_dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| cannot("start the server", &error))?;
    let listener = runtime.block_on(TcpListener::bind(listen)).map_err(|error| {
        Failure::Failed(
            Message::new(format!("cannot listen on `{listen}`: {error}"))
                .hint("choose another address with --listen, or 127.0.0.1:0 for a free port"),
        )
    })?;
    let address = listener.local_addr().map_err(|error| cannot("read the bound address", &error))?;
    let (dns, addresses) = certificate_names(address.ip(), names);
    let certificate = app
        .authority
        .server_certificate(&dns, &addresses, Timestamp::now())
        .map_err(|error| cannot("make the server's certificate", &error))?;
    let tls = server_config(&certificate, app.authority.certificate_pem())
        .map_err(|error| cannot("use the server's certificate", &error))?;
    let url = format!("https://{}", reachable(address));
    // Nobody else sets it; a second server in one process would be a mistake of ours.
    let _ = app.settings.public_url.set(public_url(address, names));
    write_beside(&data_dir.join("endpoint"), format!("{url}\n").as_bytes())
        .map_err(|error| cannot("write the endpoint", &error))?;
    let ending = Ending::default();
    let threads = background::start(app, &ending, &lock.owner, feeds)
        .map_err(|error| cannot("start the background threads", &error))?;
    let (shutdown, mut over) = tokio::sync::watch::channel(false);
    let served = Arc::clone(app);
    let port = runtime.spawn(async move {
        let stop = async move {
            // A sender that is gone means the end too.
            let _ = over.wait_for(|over| *over).await;
        };
        if let Err(error) = yagura_api::server::serve(listener, tls, served, stop).await {
            tracing::error!("the server's port failed: {error}");
        }
    });
    Ok(Running { url, ending, runtime, port, threads, shutdown, _lock: lock })
}

impl Running {
    /// From now on Ctrl-C and SIGTERM begin the end; the flag that is given back tells it.
    pub(crate) fn tell_when_told_to_end(&self) -> Arc<AtomicBool> {
        use tokio::signal::unix::{SignalKind, signal};
        let ending = self.ending.clone();
        let told = Arc::clone(&ending.flag);
        self.runtime.spawn(async move {
            match signal(SignalKind::terminate()) {
                Ok(mut terminate) => {
                    tokio::select! {
                        _ = tokio::signal::ctrl_c() => {}
                        _ = terminate.recv() => {}
                    }
                }
                Err(error) => {
                    tracing::error!("cannot listen for SIGTERM: {error}");
                    // Without a listener for one signal the other still ends the program.
                    let _ = tokio::signal::ctrl_c().await;
                }
            }
            ending.begin();
        });
        told
    }

    /// Waits for the end to begin.
    pub(crate) fn wait_until_told(&self) {
        const LOOK_EVERY: Duration = Duration::from_secs(3_600);
        while !self.ending.wait(LOOK_EVERY) {}
    }

    /// Ends in good order.
    pub(crate) fn end(self) {
        // Nobody listening any more is the end that was wanted.
        let _ = self.shutdown.send(true);
        self.ending.begin();
        let _ = self.runtime.block_on(self.port);
        for thread in self.threads {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// What the certificate is for: this host's names, the address it listens on, and what the
/// operator names.
fn certificate_names(bound: IpAddr, names: &[String]) -> (Vec<String>, Vec<IpAddr>) {
    let mut dns = vec!["localhost".to_owned()];
    let mut addresses: Vec<IpAddr> =
        vec![IpAddr::from(std::net::Ipv4Addr::LOCALHOST), IpAddr::from(std::net::Ipv6Addr::LOCALHOST)];
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let plain =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    if plain(&host) {
        dns.push(host);
    }
    if !bound.is_unspecified() {
        addresses.push(bound);
    }
    for name in names {
        match name.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => dns.push(name.clone()),
        }
    }
    dns.sort();
    dns.dedup();
    addresses.sort();
    addresses.dedup();
    (dns, addresses)
}

/// How clients elsewhere reach the server: by the first name that the operator gave.
fn public_url(bound: SocketAddr, names: &[String]) -> String {
    match names.first().map(|name| (name, name.parse())) {
        Some((_, Ok(address))) => format!("https://{}", SocketAddr::new(address, bound.port())),
        Some((name, Err(_))) => format!("https://{name}:{}", bound.port()),
        None => format!("https://{}", reachable(bound)),
    }
}

/// An address that this host's own clients can use.
fn reachable(bound: SocketAddr) -> SocketAddr {
    match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), bound.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), bound.port()),
        _ => bound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_reached_by_loopback() {
        assert_eq!(reachable("0.0.0.0:8443".parse().unwrap()).to_string(), "127.0.0.1:8443");
        assert_eq!(reachable("[::]:8443".parse().unwrap()).to_string(), "[::1]:8443");
        assert_eq!(reachable("10.0.0.1:1".parse().unwrap()).to_string(), "10.0.0.1:1");
    }

    #[test]
    fn links_lead_to_the_first_name() {
        let bound: SocketAddr = "0.0.0.0:8443".parse().unwrap();
        let url = |names: &[&str]| public_url(bound, &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(url(&[]), "https://127.0.0.1:8443");
        assert_eq!(url(&["yagura.example", "10.0.0.9"]), "https://yagura.example:8443");
        assert_eq!(url(&["fd00::9"]), "https://[fd00::9]:8443");
    }

    #[test]
    fn each_name_of_the_certificate_stands_once() {
        let (dns, addresses) =
            certificate_names("127.0.0.1".parse().unwrap(), &["yagura.example".into(), "10.0.0.9".into()]);
        assert!(dns.contains(&"yagura.example".to_owned()) && dns.contains(&"localhost".to_owned()));
        assert_eq!(addresses.iter().filter(|address| address.to_string() == "127.0.0.1").count(), 1);
        assert!(addresses.contains(&"10.0.0.9".parse().unwrap()));
    }
}
