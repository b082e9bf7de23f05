//! Reads certificates that the TLS handshake has verified.

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

use super::{AGENT_NAME_PREFIX, CaError};
use crate::encoding::{hex, sha256};

/// The most bytes of a certificate that is looked at.
pub const CERTIFICATE_BYTES_MAX: usize = 32 * 1024;

/// Who a certificate says its holder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentIdentity {
    /// `i-` and 17 hexadecimal digits.
    pub agent_id: String,
    /// The serial number in hexadecimal, by which a certificate is revoked.
    pub serial: String,
    /// When it ends.
    pub not_after: Timestamp,
}

/// Reads which agent a certificate was given to.
///
/// That our authority signed it and that it is in time is for the TLS handshake to prove, see
/// [`super::agent_verifier`]; that it is not revoked is for the caller to look up.
///
/// # Errors
///
/// [`CaError::NotAnAgent`], also for a certificate of ours that is a server's.
pub fn agent_of(certificate_der: &[u8]) -> Result<AgentIdentity, CaError> {
    let not = |why| CaError::NotAnAgent { why };
    if certificate_der.len() > CERTIFICATE_BYTES_MAX {
        return Err(not("too large"));
    }
    let certificate = parse(certificate_der).ok_or_else(|| not("not a certificate"))?;
    let uses = certificate.extended_key_usage().ok().flatten();
    if !uses.is_some_and(|uses| uses.value.client_auth) {
        return Err(not("not for client authentication"));
    }
    let names = certificate.subject_alternative_name().ok().flatten();
    let uris = names.iter().flat_map(|names| &names.value.general_names).filter_map(|name| match name {
        GeneralName::URI(uri) => uri.strip_prefix(AGENT_NAME_PREFIX),
        _ => None,
    });
    let [agent_id] = uris.collect::<Vec<_>>()[..] else { return Err(not("not exactly one agent's name in it")) };
    let common_names: Vec<_> = certificate.subject().iter_common_name().map(|name| name.as_str()).collect();
    if !agent_id_form(agent_id) || !matches!(common_names[..], [Ok(name)] if name == agent_id) {
        return Err(not("its names do not agree"));
    }
    let not_after = Timestamp::from_second(certificate.validity().not_after.timestamp());
    Ok(AgentIdentity {
        agent_id: agent_id.to_owned(),
        serial: hex(certificate.raw_serial()),
        not_after: not_after.map_err(|_| not("it never ends"))?,
    })
}

/// Returns the SHA-256 of the (first) certificate of a PEM file in hexadecimal, as `--ca-sha256` takes it.
///
/// It is the hash of the DER form, as other tools print a certificate's fingerprint. `None` without a certificate.
pub fn ca_sha256(pem: &str) -> Option<String> {
    Some(hex(&sha256(&pem_certificate(pem)?)))
}

pub(super) fn pem_certificate(pem: &str) -> Option<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(pem.as_bytes()).ok()
}

pub(super) fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    rest.is_empty().then_some(certificate)
}

/// `i-` and 8 or 17 lower-case hexadecimal digits.
pub(super) fn agent_id_form(id: &str) -> bool {
    id.strip_prefix("i-").is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::CertificateAuthority;
    use super::*;

    #[test]
    fn no_other_certificate_of_ours_is_an_agents() {
        let authority = CertificateAuthority::create(Timestamp::from_second(1_767_225_600).unwrap(), "x").unwrap();
        let root = pem_certificate(authority.certificate_pem()).unwrap();
        let now = Timestamp::from_second(1_767_225_600).unwrap();
        let server = authority.server_certificate(&["localhost".to_owned()], &[], now).unwrap();
        let server = pem_certificate(&server.chain_pem).unwrap();
        for der in [root.as_ref(), server.as_ref(), b"", &[0; CERTIFICATE_BYTES_MAX + 1]] {
            assert!(matches!(agent_of(der), Err(CaError::NotAnAgent { .. })));
        }
    }

    #[test]
    fn fingerprints_are_of_the_der_form() {
        let authority = CertificateAuthority::create(Timestamp::from_second(1_767_225_600).unwrap(), "x").unwrap();
        let pem = authority.certificate_pem();
        let fingerprint = ca_sha256(pem).unwrap();
        assert_eq!(ca_sha256(&format!("a comment\n{pem}")), Some(fingerprint));
        assert_eq!(ca_sha256("no certificate"), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(der in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(agent_of(&der).is_err());
        }
    }
}
