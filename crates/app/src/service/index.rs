//! The feed index in use, as the service finds it.

use std::path::PathBuf;

use yagura_feed::CurrentIndex;

/// Where the index comes from. A test has one of its own.
pub trait IndexSource: Send + Sync {
    /// Opens the index that is in use now, or says why there is none.
    ///
    /// # Errors
    /// A sentence for people when there is none or it cannot be used.
    fn current(&self) -> Result<CurrentIndex, String>;
}

/// The index of a data directory. Opening costs microseconds, so it is opened each time and a
/// new one is seen at once.
#[derive(Debug, Clone)]
pub struct DataDirIndex(pub PathBuf);

impl IndexSource for DataDirIndex {
    fn current(&self) -> Result<CurrentIndex, String> {
        match CurrentIndex::open(&self.0) {
            Ok(Some(current)) => Ok(current),
            Ok(None) => Err("there is no feed index on the server; run `yagura feed sync`".to_owned()),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                Err(format!("the server's feed index cannot be used: {error}{cause}"))
            }
        }
    }
}
