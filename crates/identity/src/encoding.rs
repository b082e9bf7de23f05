//! Hexadecimal, base32 and base64, as far as keys and hashes need them.

use aws_lc_rs::digest;

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| digit(HEX, nibble)).collect()
}

/// Reads exactly `N` bytes of hexadecimal, in either case.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *byte = (nibble(high)? << 4) | nibble(low)?;
    }
    Some(bytes)
}

pub(crate) fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Base32 of whole groups of five bytes, so that no padding is needed.
pub(crate) fn base32(bytes: &[u8]) -> String {
    bits(bytes, 5).map(|value| digit(BASE32, value)).collect()
}

/// Base64 of whole groups of three bytes, so that no padding is needed.
pub(crate) fn base64(bytes: &[u8]) -> String {
    bits(bytes, 6).map(|value| digit(BASE64, value)).collect()
}

/// Reads exactly 32 bytes of base64, standard or URL-safe alphabet, with or without padding.
pub(crate) fn from_base64_32(text: &str) -> Option<[u8; 32]> {
    let text = text.strip_suffix('=').unwrap_or(text);
    if text.len() != 43 {
        return None;
    }
    let mut bytes = [0; 32];
    let mut filled = bytes.iter_mut();
    let (mut held, mut count) = (0_u32, 0_u32);
    for character in text.bytes() {
        let value = match character {
            b'-' => 62,
            b'_' => 63,
            other => u32::try_from(BASE64.iter().position(|known| *known == other)?).ok()?,
        };
        held = (held << 6) | value;
        count += 6;
        if count >= 8 {
            count -= 8;
            *filled.next()? = u8::try_from((held >> count) & 0xff).ok()?;
            held &= (1 << count) - 1;
        }
    }
    // The two bits that are left over must be zero, else two texts would name one key.
    (held == 0).then_some(bytes)
}

/// The bytes as numbers of `width` bits, most significant bit first.
fn bits(bytes: &[u8], width: usize) -> impl Iterator<Item = u8> {
    debug_assert!((bytes.len() * 8).is_multiple_of(width));
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| (byte >> (7 - at % 8)) & 1);
    (0..bytes.len() * 8 / width)
        .map(move |group| (0..width).fold(0, |value, at| (value << 1) | bit(group * width + at)))
}

fn digit(alphabet: &[u8], value: u8) -> char {
    alphabet.get(usize::from(value)).map_or('?', |digit| char::from(*digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(hex(&[0, 0x0f, 0xff]), "000fff");
        assert_eq!(from_hex::<3>("000FfF"), Some([0, 0x0f, 0xff]));
        assert_eq!(base32(b"hello"), "NBSWY3DP");
        assert_eq!(base64(b"any carnal pleas"[..15].as_ref()), "YW55IGNhcm5hbCBwbGVh");
        assert_eq!(hex(&sha256(b"")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn what_is_not_exactly_right_is_refused() {
        for text in ["", "0", "00000", "zz0000", "é0000"] {
            assert_eq!(from_hex::<3>(text), None, "{text}");
        }
        let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 7 % 256).unwrap());
        // 30 bytes are five whole groups; the rest is written by hand.
        let text = "AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK+2vcTL0tk=";
        assert_eq!(from_base64_32(text), Some(key));
        assert_eq!(from_base64_32(text.trim_end_matches('=')), Some(key));
        assert_eq!(from_base64_32(&text.replace('+', "-")), Some(key));
        for wrong in ["", "AAcO", &text.replace('k', "l"), &text.replace('A', "!")] {
            assert_eq!(from_base64_32(wrong), None, "{wrong}");
        }
    }
}
