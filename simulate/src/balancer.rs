//! A balancer that knows one server at a time: agents keep their address while servers come and go behind it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Forwards connections. Ends when dropped.
pub(crate) struct Balancer {
    pub(crate) address: SocketAddr,
    behind: Arc<Mutex<SocketAddr>>,
    task: JoinHandle<()>,
}

impl Balancer {
    /// Opens a port and forwards what comes there.
    pub(crate) async fn open(behind: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let behind = Arc::new(Mutex::new(behind));
        let target = Arc::clone(&behind);
        let task = tokio::spawn(async move {
            while let Ok((mut here, _)) = listener.accept().await {
                let there = *target.lock().unwrap_or_else(PoisonError::into_inner);
                tokio::spawn(async move {
                    // A server that is gone is a connection that is closed.
                    if let Ok(mut there) = TcpStream::connect(there).await {
                        let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                    }
                });
            }
        });
        Ok(Self { address, behind, task })
    }

    /// Sends new connections to another server.
    pub(crate) fn turn(&self, behind: SocketAddr) {
        *self.behind.lock().unwrap_or_else(PoisonError::into_inner) = behind;
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
