//! SIGTERM and SIGINT become the wish to stop.

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;
use yagura_agent::Stop;

/// How long an agent may take to end. What is on the disk is safe at any moment, so nothing is lost by not waiting for
/// a server that does not answer.
const GRACE: Duration = Duration::from_secs(10);

/// Sets `stop` at the first signal, and ends the program after [`GRACE`] or at the second.
pub(super) fn watch(stop: &Stop) -> io::Result<()> {
    let (mut read, write) = UnixStream::pair()?;
    pipe::register(SIGTERM, write.try_clone()?)?;
    pipe::register(SIGINT, write)?;
    let stop = stop.clone();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut byte = [0];
        if read.read_exact(&mut byte).is_err() {
            return;
        }
        stop.set();
        // A second signal, a failure and the end of the grace are the same here: the program ends.
        let _ = read.set_read_timeout(Some(GRACE)).and_then(|()| read.read_exact(&mut byte));
        std::process::exit(0);
    })?;
    Ok(())
}
