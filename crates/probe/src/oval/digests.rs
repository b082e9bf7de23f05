//! Digests of files, read piece by piece.

use aws_lc_rs::digest;

use super::listing::Files;
use crate::host::{ByteLimit, ReadError};

/// The largest file whose digest is computed.
const FILE_LIMIT: ByteLimit = ByteLimit::mib(16 * 1024);
const PIECE_BYTES: usize = 256 * 1024;

/// What reading a file to its end gave.
#[derive(Debug)]
pub(super) enum Digest {
    /// In hexadecimal digits.
    Of(String),
    /// There is no such regular file.
    Missing,
    /// Somebody wants us to stop.
    Stopped,
    /// It cannot be read.
    Failed(ReadError),
}

/// Computes the digest of a file; `path` as the host wants it.
pub(super) fn of_file(files: &Files<'_>, path: &str, algorithm: &'static digest::Algorithm) -> Digest {
    let file = match files.host.open_file(path, FILE_LIMIT) {
        Ok(Some(file)) => file,
        Ok(None) | Err(ReadError::WrongKind { .. }) => return Digest::Missing,
        Err(error) => return Digest::Failed(error),
    };
    let mut context = digest::Context::new(algorithm);
    let (mut at, size, mut piece) = (0_u64, file.size_bytes(), vec![0; PIECE_BYTES]);
    while at < size {
        if files.stopped() {
            return Digest::Stopped;
        }
        let left = usize::try_from(size - at).unwrap_or(usize::MAX).min(PIECE_BYTES);
        let Some(buffer) = piece.get_mut(..left) else { break };
        if let Err(error) = file.read_at(at, buffer) {
            return Digest::Failed(error);
        }
        context.update(buffer);
        at += u64::try_from(left).unwrap_or(u64::MAX);
    }
    Digest::Of(context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}
