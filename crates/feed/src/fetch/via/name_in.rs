//! `archive_latest.txt`: one line that names the newest file of its folder.

use reqwest::Url;

use super::{Digest, Target, lead, no_document};
use crate::fetch::{FetchError, Fetcher};
use crate::progress::DocumentRef;
use crate::reading;
use crate::store::is_sha256;

/// The most bytes of the text, and of the file with a digest.
pub(super) const TEXT_BYTES_MAX: u64 = 4 * 1024;
/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 255;

pub(super) async fn find(
    fetcher: &Fetcher<'_>,
    what: DocumentRef,
    url: &Url,
    sha256: Option<&str>,
) -> Result<Target, FetchError> {
    let text = fetcher.small(what, url, TEXT_BYTES_MAX).await?;
    let name = name_of(&text).ok_or_else(|| no_document(url, "it is not the name of a file"))?;
    let found = lead(url, &format!("./{name}"))?;
    let mut target = Target::plain(found.clone());
    if let Some(ending) = sha256 {
        let beside = lead(&found, &format!("./{name}{ending}"))?;
        let text = fetcher.small(what, &beside, TEXT_BYTES_MAX).await?;
        let digest = digest_of(&text).ok_or_else(|| no_document(&beside, "it is not a SHA-256"))?;
        target.digest = Some(Digest::Sha256(digest));
    }
    Ok(target)
}

/// Reads the name of a file: one word that cannot lead out of its folder.
fn name_of(text: &[u8]) -> Option<&str> {
    let name = reading::word(str::from_utf8(text).ok()?.trim(), NAME_BYTES_MAX)?;
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+~".contains(&byte));
    (plain && !name.starts_with('.')).then_some(name)
}

/// Reads `<hexadecimal>  <name>`.
fn digest_of(text: &[u8]) -> Option<String> {
    let word = str::from_utf8(text).ok()?.split_ascii_whitespace().next()?.to_ascii_lowercase();
    is_sha256(&word).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word_that_stays_in_its_folder() {
        assert_eq!(name_of(b"csaf_vex_2099-02-15.tar.zst\n"), Some("csaf_vex_2099-02-15.tar.zst"));
        for wrong in ["", "\n", "../x", "a/b", "..", ".x", "a b", "a%2fb", "a?b", "http://a/b", "a\nb", "\u{e9}"] {
            assert_eq!(name_of(wrong.as_bytes()), None, "{wrong:?}");
        }
        assert_eq!(name_of(&[b'x'; NAME_BYTES_MAX + 1]), None);
        assert_eq!(name_of(&[0xff]), None);
    }

    #[test]
    fn a_digest_stands_first() {
        let hexadecimal = "AB".repeat(32);
        assert_eq!(digest_of(format!("{hexadecimal}  name\n").as_bytes()), Some("ab".repeat(32)));
        assert_eq!(digest_of(b"<html>"), None);
        assert_eq!(digest_of(b""), None);
    }
}
