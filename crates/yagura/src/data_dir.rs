//! Where feeds and the index live between runs.

use std::path::PathBuf;

use crate::exit::{Failure, Message};

/// Chooses the data directory: the one given, else `/var/lib/yagura` for root, else
/// `$XDG_DATA_HOME/yagura` or `~/.local/share/yagura`.
pub(crate) fn choose(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        return Ok(given);
    }
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/yagura"));
    }
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("yagura"))
        .ok_or_else(|| {
            Failure::Usage(
                Message::new("cannot choose a data directory: neither XDG_DATA_HOME nor HOME is set")
                    .hint("name one with --data-dir DIR or YAGURA_DATA_DIR"),
            )
        })
}
