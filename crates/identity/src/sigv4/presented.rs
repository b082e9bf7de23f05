//! The `Authorization` header and what belongs to it: read with bounds, and nothing of it believed yet.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{
    ALGORITHM, AUTHORIZATION_BYTES_MAX, HEADERS_BYTES_MAX, HEADERS_MAX, Header, Request, SCOPE_PART_BYTES_MAX,
    SESSION_TOKEN_BYTES_MAX, SIGNED_HEADERS_MAX, SignatureError, URI_BYTES_MAX, Verifier, basic, canonical,
};
use crate::encoding::from_hex;
use crate::secrets::SecretText;

/// Headers of which a second one would be ambiguous.
const SINGLE: &[&str] =
    &["authorization", "date", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-target"];

/// What a request presents: who signed it, when, for what, and the signature. Not yet proved.
#[derive(Debug, Clone)]
pub struct Presented {
    pub(super) access_key_id: String,
    /// `20260101`, as the credential says.
    pub(super) date: String,
    pub(super) region: String,
    pub(super) service: String,
    pub(super) session_token: Option<SecretText>,
    /// When the request says to have been signed.
    pub(super) signed_at: Timestamp,
    /// Lower-case, in order.
    pub(super) signed_headers: Vec<String>,
    pub(super) signature: [u8; 32],
}

impl Presented {
    /// Reads who a request says to be from, before its body is there.
    ///
    /// # Errors
    ///
    /// [`SignatureError::MissingAuthenticationToken`] without an `Authorization` header, else
    /// [`SignatureError::IncompleteSignature`] with what is wrong.
    pub fn parse(headers: &[Header<'_>], query: &str) -> Result<Self, SignatureError> {
        bounded(headers)?;
        let Some(authorization) = value(headers, "authorization")? else {
            return Err(unsigned(query)?);
        };
        if authorization.len() > AUTHORIZATION_BYTES_MAX {
            let reason = format!("Authorization header has more than {AUTHORIZATION_BYTES_MAX} bytes.");
            return Err(SignatureError::incomplete(reason));
        }
        for name in SINGLE {
            if headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).count() > 1 {
                return Err(SignatureError::incomplete(format!("Header '{name}' must not be given twice.")));
            }
        }
        let Fields { credential, signed_headers, signature } = fields(authorization)?;
        let [access_key_id, date, region, service] = credential_parts(credential)?;
        let signed_headers = header_names(signed_headers, headers)?;
        let signed_at = signed_at(headers, &signed_headers)?;
        let session_token = value(headers, "x-amz-security-token")?;
        if session_token.is_some_and(|token| token.len() > SESSION_TOKEN_BYTES_MAX) {
            let reason = format!("X-Amz-Security-Token has more than {SESSION_TOKEN_BYTES_MAX} bytes.");
            return Err(SignatureError::incomplete(reason));
        }
        must_be_signed(headers, &signed_headers)?;
        let Some(signature) = from_hex::<32>(signature) else {
            return Err(SignatureError::incomplete("Authorization header's 'Signature' must be 64 hex digits."));
        };
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            session_token: session_token.map(SecretText::new),
            signed_at,
            signed_headers,
            signature,
        })
    }

    /// Proves that whoever has `secret` signed this very request at about `now`.
    ///
    /// `request` must be the one that was parsed.
    ///
    /// # Errors
    ///
    /// Whatever does not fit: see [`SignatureError`].
    pub fn verify(
        &self,
        verifier: &Verifier,
        secret: &SecretText,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Result<(), SignatureError> {
        if request.path.len() > URI_BYTES_MAX || request.query.len() > URI_BYTES_MAX {
            return Err(SignatureError::incomplete(format!("The URI has more than {URI_BYTES_MAX} bytes.")));
        }
        verifier.check(self, secret, request, now)
    }

    /// Returns the id of the key whose secret is to prove this.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Returns the region that the request is for; which regions there are is the caller's to say.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the service that the request is for.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns when the request says to have been signed.
    pub fn signed_at(&self) -> Timestamp {
        self.signed_at
    }

    /// Returns the session token that belongs to a temporary key.
    pub fn session_token(&self) -> Option<&SecretText> {
        self.session_token.as_ref()
    }
}

fn bounded(headers: &[Header<'_>]) -> Result<(), SignatureError> {
    let bytes: usize = headers.iter().map(|(name, value)| name.len().saturating_add(value.len())).sum();
    if headers.len() > HEADERS_MAX || bytes > HEADERS_BYTES_MAX {
        let reason = format!("The request has more than {HEADERS_MAX} headers or {HEADERS_BYTES_MAX} bytes of them.");
        return Err(SignatureError::incomplete(reason));
    }
    Ok(())
}

/// The first header of that name, as text without outer blanks.
pub(super) fn value<'a>(headers: &[Header<'a>], name: &str) -> Result<Option<&'a str>, SignatureError> {
    let Some((_, value)) = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(value)
        .map_err(|_| SignatureError::incomplete(format!("Header '{name}' must be plain text.")))?;
    Ok(Some(text.trim_matches([' ', '\t'])))
}

/// What to say about a request without an `Authorization` header.
fn unsigned(query: &str) -> Result<SignatureError, SignatureError> {
    if query.len() > URI_BYTES_MAX {
        return Err(SignatureError::incomplete(format!("The URI has more than {URI_BYTES_MAX} bytes.")));
    }
    let names = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    let mut names = names.map(canonical::decode);
    let presigned = names
        .any(|name| name.eq_ignore_ascii_case(b"x-amz-signature") || name.eq_ignore_ascii_case(b"x-amz-algorithm"));
    Ok(if presigned {
        SignatureError::incomplete(
            "Signatures in the query string (presigned URLs) are not accepted. Sign the request in its Authorization \
             header.",
        )
    } else {
        SignatureError::MissingAuthenticationToken
    })
}

struct Fields<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

/// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`, in any order, with or without blanks.
fn fields(authorization: &str) -> Result<Fields<'_>, SignatureError> {
    let (algorithm, rest) = authorization.split_once([' ', '\t']).unwrap_or((authorization, ""));
    if algorithm != ALGORITHM {
        return Err(SignatureError::incomplete(format!("Authorization header must begin with '{ALGORITHM}'.")));
    }
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for field in rest.split(',') {
        let (name, value) = field.trim().split_once('=').unwrap_or((field.trim(), ""));
        let place = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_headers,
            "Signature" => &mut signature,
            // The value of a name that nobody knows is not repeated: it may be a secret in the wrong place.
            _ => {
                return Err(SignatureError::incomplete(
                    "Authorization header must have 'Credential', 'SignedHeaders' and 'Signature', and nothing else.",
                ));
            }
        };
        if place.replace(value).is_some() {
            return Err(SignatureError::incomplete(format!("Authorization header has '{name}' twice.")));
        }
    }
    let missing = |name: &str| SignatureError::incomplete(format!("Authorization header requires '{name}' parameter."));
    Ok(Fields {
        credential: credential.ok_or_else(|| missing("Credential"))?,
        signed_headers: signed_headers.ok_or_else(|| missing("SignedHeaders"))?,
        signature: signature.ok_or_else(|| missing("Signature"))?,
    })
}

/// `KEY/DATE/REGION/SERVICE/aws4_request`: the first four.
fn credential_parts(credential: &str) -> Result<[&str; 4], SignatureError> {
    let malformed = || {
        SignatureError::incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/aws4_request.",
        )
    };
    let mut parts = credential.split('/');
    let mut next = || parts.next().ok_or_else(malformed);
    let known @ [access_key_id, date, region, service] = [next()?, next()?, next()?, next()?];
    if next()? != "aws4_request" || parts.next().is_some() {
        return Err(malformed());
    }
    let word = |text: &str, also: fn(u8) -> bool| {
        !text.is_empty()
            && text.len() <= SCOPE_PART_BYTES_MAX
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || also(byte))
    };
    let date_form = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    let name = |byte| matches!(byte, b'-' | b'_');
    if !date_form || !word(access_key_id, |byte| byte == b'_') || !word(region, name) || !word(service, name) {
        return Err(malformed());
    }
    Ok(known)
}

/// `host;x-amz-date`: lower-case, in order, each there.
fn header_names(list: &str, headers: &[Header<'_>]) -> Result<Vec<String>, SignatureError> {
    if list.split(';').count() > SIGNED_HEADERS_MAX {
        return Err(SignatureError::incomplete(format!("More than {SIGNED_HEADERS_MAX} headers are signed.")));
    }
    let names: Vec<String> = list.split(';').map(str::to_owned).collect();
    let lower = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    if names.iter().any(|name| name.is_empty() || !name.bytes().all(lower)) || !names.is_sorted_by(|a, b| a < b) {
        return Err(SignatureError::incomplete(
            "Authorization header's 'SignedHeaders' must be lower-case names in alphabetical order, each once.",
        ));
    }
    for name in &names {
        if !headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            return Err(SignatureError::incomplete(format!("The signed header '{name}' is not in the request.")));
        }
    }
    Ok(names)
}

fn must_be_signed(headers: &[Header<'_>], signed: &[String]) -> Result<(), SignatureError> {
    let present = |name: &str| headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    let date = if present("x-amz-date") { "x-amz-date" } else { "date" };
    let needed = ["host", date].into_iter();
    let needed = needed.chain(["x-amz-target", "x-amz-security-token"].into_iter().filter(|name| present(name)));
    for name in needed {
        if !signed.iter().any(|other| other == name) {
            let reason = format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.");
            return Err(SignatureError::incomplete(reason));
        }
    }
    Ok(())
}

/// `X-Amz-Date` is `20260101T000000Z`. A `Date` is that, or what HTTP writes there.
fn signed_at(headers: &[Header<'_>], signed: &[String]) -> Result<Timestamp, SignatureError> {
    if let Some(text) = value(headers, "x-amz-date")? {
        return basic_time(text).ok_or_else(|| {
            SignatureError::incomplete("Date in 'X-Amz-Date' must be in ISO-8601 basic form, e.g. 20260101T000000Z.")
        });
    }
    let text = match value(headers, "date")? {
        Some(text) if signed.iter().any(|name| name == "date") => text,
        _ => {
            return Err(SignatureError::incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a signed 'Date' header.",
            ));
        }
    };
    let http = || jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    basic_time(text)
        .or_else(http)
        .ok_or_else(|| SignatureError::incomplete("The 'Date' header is neither ISO-8601 basic nor an HTTP date."))
}

/// Exactly `20260101T000000Z`: what is printed from it again must be what was read.
fn basic_time(text: &str) -> Option<Timestamp> {
    if text.len() != 16 {
        return None;
    }
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    (basic(time) == text).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-west-2/inspector/aws4_request, \
                                 SignedHeaders=host;x-amz-date, \
                                 Signature=00000000000000000000000000000000000000000000000000000000000000ff";

    fn parse(authorization: &str, more: &[(&str, &str)]) -> Result<Presented, String> {
        let mut headers: Vec<Header<'_>> = vec![("Authorization", authorization.as_bytes())];
        headers.extend(more.iter().map(|(name, value)| (*name, value.as_bytes())));
        Presented::parse(&headers, "").map_err(|error| error.to_string())
    }

    const USUAL: &[(&str, &str)] = &[("host", "h"), ("X-Amz-Date", "20260101T000000Z")];

    #[test]
    fn a_usual_request_is_read() {
        let presented = parse(AUTHORIZATION, USUAL).unwrap();
        assert_eq!(presented.access_key_id(), "AKID");
        assert_eq!((presented.region(), presented.service()), ("us-west-2", "inspector"));
        assert_eq!(presented.signed_at().to_string(), "2026-01-01T00:00:00Z");
        assert!(presented.session_token().is_none());
        // Blanks between the fields and their order do not matter.
        let tight = AUTHORIZATION.replace(", ", ",");
        assert!(parse(&tight, USUAL).is_ok());
    }

    #[test]
    fn an_unsigned_request_is_told_apart_from_a_presigned_one() {
        assert_eq!(Presented::parse(&[], "a=b").unwrap_err(), SignatureError::MissingAuthenticationToken);
        for query in ["X-Amz-Signature=00", "a&X-Amz-Algorithm=AWS4-HMAC-SHA256", "x%2Damz-signature=0"] {
            let error = Presented::parse(&[], query).unwrap_err();
            assert!(error.to_string().contains("presigned"), "{query}: {error}");
            assert_eq!(error.aws_name(), "IncompleteSignatureException");
        }
    }

    #[test]
    fn malformed_headers_are_refused_with_what_is_wrong() {
        let change = |from: &str, to: &str| AUTHORIZATION.replace(from, to);
        for (authorization, says) in [
            (change("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), "must begin with"),
            (change("AWS4-HMAC-SHA256 ", "AWS4-ECDSA-P256-SHA256 "), "must begin with"),
            ("Bearer x".to_owned(), "must begin with"),
            (ALGORITHM.to_owned(), "nothing else"),
            (change("Credential=", "Credentials="), "nothing else"),
            (change("SignedHeaders=host;x-amz-date, ", ""), "requires 'SignedHeaders'"),
            (format!("{AUTHORIZATION}, Signature=00"), "'Signature' twice"),
            (change("/aws4_request", ""), "exactly 5"),
            (change("/aws4_request", "/aws4_request/x"), "exactly 5"),
            (change("/aws4_request", "/aws3_request"), "exactly 5"),
            (change("AKID/", "/"), "exactly 5"),
            (change("AKID/", &format!("{}/", "A".repeat(129))), "exactly 5"),
            (change("20260101/", "2026-1-1/"), "exactly 5"),
            (change("us-west-2", "us west"), "exactly 5"),
            (change("00ff", "00f"), "64 hex digits"),
            (change("00ff", "00fg"), "64 hex digits"),
            (change("host;x-amz-date", "x-amz-date"), "'host' must be"),
            (change("host;x-amz-date", "host"), "'x-amz-date' must be"),
            (change("host;x-amz-date", "x-amz-date;host"), "alphabetical"),
            (change("host;x-amz-date", "host;host;x-amz-date"), "alphabetical"),
            (change("host;x-amz-date", "Host;x-amz-date"), "lower-case"),
            (change("host;x-amz-date", ""), "lower-case"),
            (change("host;x-amz-date", "content-type;host;x-amz-date"), "'content-type' is not in the request"),
            (change("host", &"a;".repeat(64)), "More than 64"),
            (format!("{AUTHORIZATION}{}", " ".repeat(9000).replace(' ', "a")), "more than 8192 bytes"),
        ] {
            let error = parse(&authorization, USUAL).unwrap_err();
            assert!(error.contains(says), "{authorization}: {error}");
        }
    }

    #[test]
    fn the_headers_around_it_are_judged_too() {
        let date = ("x-amz-date", "20260101T000000Z");
        let token = "t".repeat(SESSION_TOKEN_BYTES_MAX + 1);
        let many: Vec<(&str, &str)> = std::iter::repeat_n(("a", "b"), HEADERS_MAX + 1).collect();
        let long = "x".repeat(HEADERS_BYTES_MAX);
        for (headers, says) in [
            (vec![date], "'host' is not in the request"),
            (vec![("host", "h")], "'x-amz-date' is not in the request"),
            (vec![("host", "h"), date, date], "'x-amz-date' must not be given twice"),
            (vec![("host", "h"), ("Host", "i"), date], "'host' must not be given twice"),
            (vec![("host", "h"), date, ("x-amz-target", "a"), ("x-amz-target", "b")], "given twice"),
            (vec![("host", "h"), date, ("X-Amz-Target", "a")], "'x-amz-target' must be"),
            (vec![("host", "h"), date, ("x-amz-security-token", "a")], "'x-amz-security-token' must be"),
            (vec![("host", "h"), date, ("x-amz-security-token", &token)], "more than 4096 bytes"),
            (vec![("host", "h"), ("x-amz-date", "2026-01-01T00:00:00Z")], "ISO-8601 basic"),
            (vec![("host", "h"), ("x-amz-date", "20260231T000000Z")], "ISO-8601 basic"),
            (vec![("host", "h"), ("x-amz-date", "20260101T000060Z")], "ISO-8601 basic"),
            (many, "more than 128 headers"),
            (vec![("host", "h"), date, ("a", &long)], "65536 bytes"),
        ] {
            let error = parse(AUTHORIZATION, &headers).unwrap_err();
            assert!(error.contains(says), "{error}, not {says}");
        }
        let twice = parse(AUTHORIZATION, &[("host", "h"), date, ("authorization", AUTHORIZATION)]).unwrap_err();
        assert!(twice.contains("'authorization' must not be given twice"));
        let bytes: &[Header<'_>] = &[("authorization", &[0xff, 0xfe])];
        assert!(Presented::parse(bytes, "").unwrap_err().to_string().contains("plain text"));
    }

    #[test]
    fn a_signed_date_stands_in_for_the_other() {
        let authorization = AUTHORIZATION.replace("host;x-amz-date", "date;host");
        for date in ["20260101T000000Z", "Thu, 01 Jan 2026 00:00:00 GMT"] {
            let presented = parse(&authorization, &[("host", "h"), ("Date", date)]).unwrap();
            assert_eq!(presented.signed_at().to_string(), "2026-01-01T00:00:00Z", "{date}");
        }
        assert!(parse(&authorization, &[("host", "h"), ("date", "yesterday")]).unwrap_err().contains("HTTP date"));
        let unsigned = AUTHORIZATION.replace("host;x-amz-date", "host");
        assert!(
            parse(&unsigned, &[("host", "h"), ("date", "20260101T000000Z")]).unwrap_err().contains("signed 'Date'")
        );
    }
}
