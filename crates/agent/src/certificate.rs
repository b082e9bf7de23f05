//! Keys, signing requests, and what a certificate says of itself.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use yagura_wire::sha256_hex;

/// Why no key or certificate could be made or read.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The library refused.
    #[error("cannot make a key and a signing request")]
    Make(#[from] rcgen::Error),
    /// Not one certificate in PEM.
    #[error("the {what} is not a certificate in PEM")]
    Pem {
        /// Whose.
        what: &'static str,
    },
}

/// A key that was just made, and the request to sign it.
pub(crate) struct KeyRequest {
    pub(crate) key_pem: String,
    pub(crate) csr_pem: String,
}

/// Makes a P-256 key and a signing request. `name` is the common name: the server puts its own there.
pub(crate) fn request(name: &str) -> Result<KeyRequest, CertificateError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let csr_pem = params.serialize_request(&key)?.pem()?;
    Ok(KeyRequest { key_pem: key.serialize_pem(), csr_pem })
}

/// Returns the SHA-256 of a PEM certificate's DER.
pub(crate) fn fingerprint(pem: &str, what: &'static str) -> Result<String, CertificateError> {
    Ok(sha256_hex(&der(pem, what)?))
}

/// Returns until when a PEM certificate is valid; `None` where it does not say so in the usual way.
pub(crate) fn expires_at(pem: &str) -> Option<Timestamp> {
    not_after(&der(pem, "certificate").ok()?)
}

fn der(pem: &str, what: &'static str) -> Result<CertificateDer<'static>, CertificateError> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| CertificateError::Pem { what })
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xA0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Walks to `tbsCertificate.validity.notAfter` (RFC 5280, 4.1): version?, serial, algorithm, issuer, validity.
fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let (_, certificate, _) = element(certificate)?;
    let (tag, mut body, _) = element(certificate)?;
    if tag != SEQUENCE {
        return None;
    }
    let (tag, _, rest) = element(body)?;
    if tag == VERSION {
        body = rest;
    }
    for _ in 0..3 {
        body = element(body)?.2;
    }
    let (_, validity, _) = element(body)?;
    let (_, _, rest) = element(validity)?;
    let (tag, text, _) = element(rest)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

/// Takes one DER element apart: its tag, its content, what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if length >= 0x80 {
        let (digits, after) = rest.split_at_checked(length & 0x7F)?;
        if digits.len() > 4 {
            return None;
        }
        length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
        rest = after;
    }
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}

fn time(tag: u8, text: &str) -> Option<Timestamp> {
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            // RFC 5280, 4.1.2.5.1: two digits from 50 on are of the last century.
            (if year >= 50 { 1900 + year } else { 2000 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let digits = rest.strip_suffix('Z').filter(|digits| digits.len() == 10 && digits.is_ascii())?;
    let number = |at: usize| digits.get(at..at.checked_add(2)?)?.parse::<i8>().ok();
    let (month, day, hour, minute, second) = (number(0)?, number(2)?, number(4)?, number(6)?, number(8)?);
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    if !valid || !(1..=9999).contains(&year) {
        return None;
    }
    let day = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_read() {
        for (year, expected) in [(2031, "2031-02-03T00:00:00Z"), (2061, "2061-02-03T00:00:00Z")] {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            params.not_after = rcgen::date_time_ymd(year, 2, 3);
            let pem = params.self_signed(&key).unwrap().pem();
            assert_eq!(expires_at(&pem).unwrap().to_string(), expected);
        }
        assert_eq!(expires_at("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), None);
        assert!(fingerprint("x", "CA").is_err());
    }

    #[test]
    fn a_cut_certificate_is_survived() {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(Vec::<String>::new()).unwrap().self_signed(&key).unwrap();
        let der = certificate.der();
        // The validity stands in the first half.
        assert!((0..40).all(|length| not_after(&der[..length]).is_none()));
        assert!(not_after(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]).is_none());
        assert!(not_after(&[0x30, 0xFF]).is_none());
    }

    #[test]
    fn a_request_has_its_name_and_a_key_of_its_own() {
        let one = request("agent").unwrap();
        let two = request("agent").unwrap();
        assert_ne!(one.key_pem, two.key_pem);
        assert!(one.csr_pem.starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
        assert!(one.key_pem.starts_with("-----BEGIN PRIVATE KEY-----"));
    }
}
