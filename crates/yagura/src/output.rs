//! Where results go: standard output, or a file that is whole or not there.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;

use crate::exit::{Failure, Message};

/// Writes a result to `file`, or to standard output without one.
///
/// A file is written beside its place, synced and renamed, so that a reader never sees half of
/// it. A reader that closes the pipe early (`| head`) has seen enough: that is not a failure.
pub(crate) fn write(file: Option<&Path>, content: &[u8]) -> Result<(), Failure> {
    match file {
        Some(path) => write_file(path, content).map_err(|error| {
            Failure::Failed(
                Message::new(format!("cannot write `{}`: {error}", path.display()))
                    .hint("check that the directory exists, is writable and has room"),
            )
        }),
        None => write_stdout(content),
    }
}

fn write_stdout(content: &[u8]) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    match out.write_all(content).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Failed(Message::new(format!("cannot write to standard output: {error}"))))
        }
        _ => Ok(()),
    }
}

fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    if !is_replaceable(path) {
        // A device, FIFO or socket (`/dev/stdout`) is written to, never replaced.
        let mut file = File::options().write(true).open(path)?;
        return file.write_all(content);
    }
    let name = path.file_name().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "not a file name"))?;
    let mut temporary = name.to_os_string();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(temporary);
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    if let Err(error) = written.and_then(|()| std::fs::rename(&temporary, path)) {
        // Best effort: the error that we report is the first one.
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Some file systems cannot sync a directory; the content itself is safe by then.
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
    Ok(())
}

fn is_replaceable(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |metadata| metadata.is_file())
}

/// Tells whether a person looks at standard output.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Returns the width of the terminal in columns, where there is one.
pub(crate) fn terminal_width() -> Option<u16> {
    if !is_terminal() {
        return None;
    }
    rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col).filter(|columns| *columns > 0)
}

/// Tells whether standard output takes colours: a terminal, and nobody asked for none.
pub(crate) fn takes_color() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        write(Some(&path), b"one").unwrap();
        write(Some(&path), b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(write(Some(&directory.path().join("no/such/report.json")), b"x").is_err());
    }

    #[test]
    fn a_device_is_written_to_and_stays_a_device() {
        write(Some(Path::new("/dev/null")), b"x").unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }
}
