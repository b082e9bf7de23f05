//! What is read of the host: facts, interfaces, the snapshot.

mod facts;
mod network;

use std::path::{Path, PathBuf};

use yagura_model::Snapshot;
use yagura_probe::{InventoryError, OpenRootError, RootedHost};
use yagura_wire::{AgentFacts, NetworkInterface};

/// How much of a host is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Identity, release, kernel, packages.
    Inventory,
    /// These and the settings.
    Settings,
}

/// Reads the host.
pub trait Collector: Send + Sync {
    /// Says who the host is, for the server's list of agents.
    ///
    /// # Errors
    /// See [`CollectError`].
    fn facts(&self) -> Result<AgentFacts, CollectError>;

    /// Lists the network interfaces.
    ///
    /// # Errors
    /// See [`CollectError`].
    fn interfaces(&self) -> Result<Vec<NetworkInterface>, CollectError>;

    /// Reads all that is asked.
    ///
    /// # Errors
    /// See [`CollectError`].
    fn snapshot(&self, depth: Depth) -> Result<Snapshot, CollectError>;
}

/// Why the host could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The root that was named at enrolment cannot be opened.
    #[error(transparent)]
    Root(#[from] OpenRootError),
    /// The package database cannot be read whole.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
}

impl CollectError {
    /// Says what to do about it, in both languages.
    pub const fn advice(&self) -> yagura_model::Text {
        match self {
            Self::Root(error) => error.advice(),
            Self::Inventory(error) => error.advice(),
        }
    }
}

/// Reads this machine, or the tree below a directory.
#[derive(Debug, Clone, Default)]
pub struct HostCollector {
    root: Option<PathBuf>,
}

impl HostCollector {
    /// Reads the tree below `root`, or this machine without one.
    pub fn new(root: Option<&Path>) -> Self {
        Self { root: root.map(Path::to_owned) }
    }

    fn open(&self) -> Result<RootedHost, CollectError> {
        Ok(match &self.root {
            Some(root) => RootedHost::open(root.as_path())?,
            None => RootedHost::live()?,
        })
    }
}

impl Collector for HostCollector {
    fn facts(&self) -> Result<AgentFacts, CollectError> {
        Ok(facts::read(&self.open()?))
    }

    fn interfaces(&self) -> Result<Vec<NetworkInterface>, CollectError> {
        Ok(network::interfaces(&self.open()?))
    }

    fn snapshot(&self, depth: Depth) -> Result<Snapshot, CollectError> {
        let host = self.open()?;
        Ok(match depth {
            Depth::Inventory => yagura_probe::full_inventory(&host)?,
            Depth::Settings => yagura_probe::snapshot(&host)?,
        })
    }
}
