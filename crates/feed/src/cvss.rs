//! Reads CVSS vectors.

use yagura_model::{CvssVector, CvssVersion, FeedId};

use crate::reading;

/// The longest vector, in bytes. A version 4 vector with every metric has under 200.
const VECTOR_BYTES_MAX: usize = 256;

/// Reads a vector that `feed` carries. Its prefix tells the version of the standard; one without
/// a prefix is of version 2, which alone asks for authentication (`Au`).
pub(crate) fn vector(text: &str, feed: &str) -> Option<CvssVector> {
    let text = reading::word(text.trim(), VECTOR_BYTES_MAX)?;
    // NVD used to put version 2 vectors in brackets.
    let text = text.trim_start_matches('(').trim_end_matches(')');
    let version = match text.split_once('/')?.0 {
        "CVSS:4.0" => CvssVersion::V4,
        "CVSS:3.1" => CvssVersion::V3_1,
        "CVSS:3.0" => CvssVersion::V3_0,
        _ if text.starts_with("AV:") && text.contains("/Au:") => CvssVersion::V2,
        _ => return None,
    };
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.".contains(&byte));
    plain.then(|| CvssVector { version, vector: text.to_owned(), source: FeedId::new(feed) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_tells_the_version() {
        let version = |text: &str| vector(text, "f").map(|vector| vector.version);
        assert_eq!(version("CVSS:4.0/AV:N/AC:L"), Some(CvssVersion::V4));
        assert_eq!(version("CVSS:3.1/AV:N/AC:L"), Some(CvssVersion::V3_1));
        assert_eq!(version("CVSS:3.0/AV:N/AC:L"), Some(CvssVersion::V3_0));
        assert_eq!(version("(AV:N/AC:M/Au:N/C:P/I:P/A:P)"), Some(CvssVersion::V2));
        for wrong in ["", "CVSS:9.9/AV:N", "AV:N/AC:L", "7.5", "CVSS:3.1/<b>", "CVSS:3.1"] {
            assert_eq!(version(wrong), None, "{wrong}");
        }
        assert_eq!(version(&format!("CVSS:3.1/{}", "A".repeat(VECTOR_BYTES_MAX))), None);
    }
}
