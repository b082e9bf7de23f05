//! Tells whether a text can be a Debian version, after deb-version(7).

use yagura_model::Text;

/// An epoch is a C `int` to dpkg.
const EPOCH_MAX: u32 = i32::MAX.unsigned_abs();

/// Checks `[epoch:]upstream[-revision]` and says what is wrong with it. That the upstream part
/// should begin with a digit is only a warning to dpkg, and so it passes here.
pub(crate) fn check(version: &str) -> Result<(), Text> {
    let rest = match version.split_once(':') {
        Some((epoch, rest)) => {
            if epoch.is_empty() || !epoch.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Text::new("its epoch is not a number", "エポックが数値ではありません"));
            }
            if !epoch.parse::<u32>().is_ok_and(|epoch| epoch <= EPOCH_MAX) {
                return Err(Text::new("its epoch is too large", "エポックが大きすぎます"));
            }
            rest
        }
        None => version,
    };
    let (upstream, revision) = match rest.rsplit_once('-') {
        Some((upstream, revision)) => (upstream, Some(revision)),
        None => (rest, None),
    };
    if upstream.is_empty() || revision == Some("") {
        return Err(Text::new("a part of it is empty", "空の部分があります"));
    }
    let common = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'~');
    let upstream_is_sound = upstream.bytes().all(|byte| common(byte) || matches!(byte, b'-' | b':'));
    if !upstream_is_sound || !revision.unwrap_or_default().bytes().all(common) {
        return Err(Text::new("it holds a character that no version has", "バージョンに使えない文字が含まれています"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_versions_pass() {
        for version in ["1", "0~", "1:1.2-3+b1", "2.3.1-93ubuntu1", "1.0-rc1-2", "1:2:3-4", "r1.0", "2147483647:1"] {
            assert_eq!(check(version), Ok(()), "{version}");
        }
    }

    #[test]
    fn broken_versions_are_said() {
        for (version, why) in [
            ("", "empty"),
            ("1:", "empty"),
            ("1-", "empty"),
            ("-1", "empty"),
            (":1", "not a number"),
            ("a:1", "not a number"),
            ("2147483648:1", "too large"),
            ("99999999999999999999:1", "too large"),
            ("1:5.#", "character"),
            ("1.0 2", "character"),
            ("1_2", "character"),
            ("1.0-1:2x_", "not a number"), // The colon makes `1.0-1` an epoch.
            ("1.0-1é", "character"),
        ] {
            let fault = check(version).unwrap_err();
            assert!(fault.en.contains(why), "{version}: {}", fault.en);
        }
    }
}
