//! The canonical request and the string to sign, as the published description builds them.

use std::fmt::Write as _;

use super::{ALGORITHM, Header, Request};
use crate::encoding::{hex, nibble, sha256};

const HEX_UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// The service whose paths are neither normalised nor encoded a second time.
const S3: &str = "s3";

/// What both sides hash: method, path, query, signed headers, hash of the body.
pub(super) fn canonical_request(request: &Request<'_>, signed: &[String], service: &str, payload: &str) -> Vec<u8> {
    let mut text = Vec::with_capacity(1024);
    text.extend_from_slice(request.method.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(canonical_path(request.path, service).as_bytes());
    text.push(b'\n');
    text.extend_from_slice(canonical_query(request.query).as_bytes());
    text.push(b'\n');
    for name in signed {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        append_values(&mut text, request.headers, name);
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(signed.join(";").as_bytes());
    text.push(b'\n');
    text.extend_from_slice(payload.as_bytes());
    text
}

/// What the day key signs.
pub(super) fn string_to_sign(timestamp: &str, scope: &str, canonical_request: &[u8]) -> String {
    format!("{ALGORITHM}\n{timestamp}\n{scope}\n{}", hex(&sha256(canonical_request)))
}

/// `DATE/REGION/SERVICE/aws4_request`.
pub(super) fn scope(date: &str, region: &str, service: &str) -> String {
    format!("{date}/{region}/{service}/aws4_request")
}

/// The values of a header in the order they came, joined by commas, outer blanks cut and inner ones squeezed.
fn append_values(text: &mut Vec<u8>, headers: &[Header<'_>], name: &str) {
    let values = headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
    for (position, (_, value)) in values.enumerate() {
        if position > 0 {
            text.push(b',');
        }
        let words = value.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
        for (position, word) in words.enumerate() {
            if position > 0 {
                text.push(b' ');
            }
            text.extend_from_slice(word);
        }
    }
}

/// The received path is encoded already; all services but S3 normalise it and encode it once more.
fn canonical_path(path: &str, service: &str) -> String {
    if service == S3 {
        return if path.is_empty() { "/".to_owned() } else { path.to_owned() };
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let mut canonical = String::with_capacity(path.len() + 1);
    for segment in &segments {
        canonical.push('/');
        encode(&mut canonical, segment.as_bytes());
    }
    // A final slash, also one that dots left behind, stays; so does the root.
    if segments.is_empty() || path.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Names and values decoded, encoded strictly, in order.
///
/// Clients differ in what they leave unencoded in the request line, and all of them sign the strict form.
fn canonical_query(query: &str) -> String {
    let strict = |text: &str| {
        let mut encoded = String::with_capacity(text.len());
        encode(&mut encoded, &decode(text));
        encoded
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (strict(name), strict(value))
        })
        .collect();
    pairs.sort();
    let mut canonical = String::with_capacity(query.len());
    for (name, value) in pairs {
        if !canonical.is_empty() {
            canonical.push('&');
        }
        // Writing into a `String` cannot fail.
        let _ = write!(canonical, "{name}={value}");
    }
    canonical
}

/// Percent-decoding; a `%` without two digits stands for itself, and so does a `+`.
pub(super) fn decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%'
            && let [high, low, after @ ..] = tail
            && let (Some(high), Some(low)) = (nibble(*high), nibble(*low))
        {
            decoded.push((high << 4) | low);
            rest = after;
        } else {
            decoded.push(first);
            rest = tail;
        }
    }
    decoded
}

/// Percent-encoding of everything but RFC 3986's unreserved characters.
fn encode(text: &mut String, bytes: &[u8]) {
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            for nibble in [byte >> 4, byte & 15] {
                text.extend(HEX_UPPER.get(usize::from(nibble)).map(|digit| char::from(*digit)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_and_encoded_twice_except_for_s3() {
        for (path, canonical) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/a//b", "/a/b"),
            ("/a/./b/../c", "/a/c"),
            ("/a/b/", "/a/b/"),
            ("/../..", "/"),
            ("/tags/arn%3Aaws%3Ainspector2", "/tags/arn%253Aaws%253Ainspector2"),
            ("/\u{1234}", "/%E1%88%B4"),
            ("/a b", "/a%20b"),
        ] {
            assert_eq!(canonical_path(path, "inspector2"), canonical, "{path}");
        }
        assert_eq!(canonical_path("/a//./b%20c", "s3"), "/a//./b%20c");
        assert_eq!(canonical_path("", "s3"), "/");
    }

    #[test]
    fn queries_are_decoded_encoded_strictly_and_sorted() {
        for (query, canonical) in [
            ("", ""),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1&A=3", "A=3&a=1&a=2"),
            ("flag", "flag="),
            ("a=x:y/z", "a=x%3Ay%2Fz"),
            ("a=x%3ay%2fz", "a=x%3Ay%2Fz"),
            ("a=%&b=%4&c=%zz&d=1+1", "a=%25&b=%254&c=%25zz&d=1%2B1"),
            ("&&a=b=c&", "a=b%3Dc"),
        ] {
            assert_eq!(canonical_query(query), canonical, "{query}");
        }
    }

    #[test]
    fn values_are_trimmed_squeezed_and_joined() {
        let headers: &[Header<'_>] = &[("A", b"  x   y\t z "), ("b", b"-"), ("a", b""), ("a", b"w")];
        let mut text = Vec::new();
        append_values(&mut text, headers, "a");
        assert_eq!(text, b"x y z,,w");
    }
}
