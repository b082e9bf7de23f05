//! A request's body, bounded in bytes and time.

use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};

/// Bytes of a body that is too large which are read all the same and thrown away. Clients send
/// the whole request before they read the answer; closed on earlier, they would see a broken
/// connection instead of the reason.
const DISCARDED_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// How long that may take.
const DISCARD_PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It has more bytes than allowed.
    TooLarge,
    /// It did not come in time.
    TooSlow,
    /// It broke off.
    Broken,
}

/// Reads a body of at most `bytes_max` bytes.
pub(crate) async fn read(mut body: Incoming, bytes_max: usize, patience: Duration) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().lower();
    if announced > u64::try_from(bytes_max).unwrap_or(u64::MAX) {
        if announced <= DISCARDED_BYTES_MAX {
            discard(&mut body, announced).await;
        }
        return Err(BodyError::TooLarge);
    }
    let collected = tokio::time::timeout(patience, Limited::new(&mut body, bytes_max).collect()).await;
    match collected {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            discard(&mut body, DISCARDED_BYTES_MAX).await;
            Err(BodyError::TooLarge)
        }
        Ok(Err(_)) => Err(BodyError::Broken),
        Err(_) => Err(BodyError::TooSlow),
    }
}

/// Throws a body away, piece by piece.
async fn discard(body: &mut Incoming, bytes_max: u64) {
    let read = async {
        let mut left = bytes_max;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, |data| u64::try_from(data.len()).unwrap_or(u64::MAX));
            left = left.saturating_sub(length);
            if left == 0 {
                return;
            }
        }
    };
    // Whether it ended or took too long, the answer is the same.
    let _ = tokio::time::timeout(DISCARD_PATIENCE, read).await;
}
