//! The root: made once, kept, signs.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber,
};

use super::certificate::{agent_id_form, parse, pem_certificate};
use super::request::public_key_of;
use super::{AgentCertificate, CaError, CaPem, ServerCertificate};
use crate::encoding::hex;
use crate::secrets::{SecretText, random_bytes};

/// How long the root is valid, in days: ten years.
const CA_DAYS: i64 = 3653;
/// How long a server's certificate is valid, in days: the longest that clients accept of a public one.
pub const SERVER_DAYS: i64 = 397;
/// The most names of a server's certificate.
pub const SERVER_NAMES_MAX: usize = 64;
/// The longest name of the authority, in bytes; X.509 bounds a common name to 64 characters.
const NAME_BYTES_MAX: usize = 64;
/// The longest DNS name, in bytes.
const DNS_NAME_BYTES_MAX: usize = 253;
/// How far clocks of hosts may be behind the server's for a new certificate to be valid for them.
const BACKDATED: SignedDuration = SignedDuration::from_mins(10);

/// What an agent's name in its certificate begins with; the agent's id follows.
pub const AGENT_NAME_PREFIX: &str = "urn:yagura:agent:";

/// The certificate authority of one installation.
pub struct CertificateAuthority {
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
    not_after: Timestamp,
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CertificateAuthority").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

impl CertificateAuthority {
    /// Makes a new root with an EC P-256 key, valid for ten years, that may sign end entities only.
    ///
    /// # Errors
    ///
    /// [`CaError::Name`] for a name that is empty or longer than 64 bytes.
    pub fn create(now: Timestamp, name: &str) -> Result<Self, CaError> {
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return Err(CaError::Name { name: name.to_owned() });
        }
        let not_after = after(now, SignedDuration::from_hours(24 * CA_DAYS))?;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(CaError::Signing)?;
        let (mut params, _) = params(name, now, not_after)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate_pem = params.self_signed(&key).map_err(CaError::Signing)?.pem();
        Ok(Self { certificate_pem, issuer: Issuer::new(params, key), not_after })
    }

    /// Returns the root as it is to be kept. The key is for the caller to seal.
    pub fn to_pem(&self) -> CaPem {
        CaPem { certificate: self.certificate_pem.clone(), key: SecretText::new(self.issuer.key().serialize_pem()) }
    }

    /// Takes a kept root.
    ///
    /// # Errors
    ///
    /// [`CaError::Kept`] where it is no CA certificate, or the key is another's.
    pub fn from_pem(kept: &CaPem) -> Result<Self, CaError> {
        let der = pem_certificate(&kept.certificate).ok_or(CaError::Kept { why: "no certificate" })?;
        let certificate = parse(&der).ok_or(CaError::Kept { why: "no certificate" })?;
        if !certificate.is_ca() {
            return Err(CaError::Kept { why: "the certificate is no authority's" });
        }
        let key = KeyPair::from_pem(kept.key.expose()).map_err(|_| CaError::Kept { why: "no private key" })?;
        if certificate.public_key().raw != key.subject_public_key_info() {
            return Err(CaError::Kept { why: "the key is not the certificate's" });
        }
        let not_after = Timestamp::from_second(certificate.validity().not_after.timestamp())
            .map_err(|_| CaError::Kept { why: "the certificate never ends" })?;
        let issuer = Issuer::from_ca_cert_der(&der, key).map_err(CaError::Signing)?;
        Ok(Self { certificate_pem: kept.certificate.clone(), issuer, not_after })
    }

    /// Returns the root certificate, which clients and agents trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Returns when the root ends.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Makes a key and a certificate for a server of these names, valid for 397 days.
    ///
    /// # Errors
    ///
    /// [`CaError::NameCount`] and [`CaError::Name`] for names that cannot be written.
    pub fn server_certificate(
        &self,
        dns_names: &[String],
        addresses: &[IpAddr],
        now: Timestamp,
    ) -> Result<ServerCertificate, CaError> {
        let count = dns_names.len() + addresses.len();
        if count == 0 || count > SERVER_NAMES_MAX {
            return Err(CaError::NameCount { count });
        }
        let not_after = after(now, SignedDuration::from_hours(24 * SERVER_DAYS))?.min(self.not_after);
        let (mut params, serial) = params("yagura server", now, not_after)?;
        for name in dns_names {
            params.subject_alt_names.push(SanType::DnsName(dns_name(name)?));
        }
        params.subject_alt_names.extend(addresses.iter().copied().map(SanType::IpAddress));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(CaError::Signing)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(CaError::Signing)?;
        Ok(ServerCertificate {
            chain_pem: format!("{}{}", certificate.pem(), self.certificate_pem),
            key_pem: SecretText::new(key.serialize_pem()),
            serial,
            not_after,
        })
    }

    /// Signs an agent's key. Of the request only the public key is taken: names, uses and times are ours.
    ///
    /// # Errors
    ///
    /// What is wrong with the request, see [`CaError`]; it never panics.
    pub fn sign_agent(
        &self,
        csr_pem: &str,
        agent_id: &str,
        now: Timestamp,
        lifetime: SignedDuration,
    ) -> Result<AgentCertificate, CaError> {
        if !agent_id_form(agent_id) {
            return Err(CaError::AgentId { id: agent_id.to_owned() });
        }
        let public_key = public_key_of(csr_pem)?;
        let not_after = after(now, lifetime)?.min(self.not_after);
        let (mut params, serial) = params(agent_id, now, not_after)?;
        let name = format!("{AGENT_NAME_PREFIX}{agent_id}");
        let uri = name.clone().try_into().map_err(|_| CaError::Name { name })?;
        params.subject_alt_names.push(SanType::URI(uri));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&public_key, &self.issuer).map_err(CaError::Signing)?;
        Ok(AgentCertificate { pem: certificate.pem(), serial, not_after })
    }
}

/// What all our certificates share, and the serial number.
fn params(common_name: &str, now: Timestamp, not_after: Timestamp) -> Result<(CertificateParams, String), CaError> {
    let mut serial: [u8; 16] = random_bytes()?;
    // Positive, and without a leading zero byte that the encoding would drop.
    let [first, ..] = &mut serial;
    *first = (*first & 0x3f) | 0x40;
    let mut distinguished_name = DistinguishedName::new();
    distinguished_name.push(DnType::CommonName, common_name);
    let not_before = now.checked_sub(BACKDATED).map_err(|_| CaError::Time)?;
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let at = |time: Timestamp| {
        let seconds = u64::try_from(time.as_second()).map_err(|_| CaError::Time)?;
        epoch.checked_add(Duration::from_secs(seconds).try_into().map_err(|_| CaError::Time)?).ok_or(CaError::Time)
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished_name;
    params.not_before = at(not_before)?;
    params.not_after = at(not_after)?;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok((params, hex(&serial)))
}

/// Whole seconds, because certificates have no others.
fn after(now: Timestamp, lifetime: SignedDuration) -> Result<Timestamp, CaError> {
    if lifetime.is_negative() {
        return Err(CaError::Time);
    }
    let end = now.checked_add(lifetime).map_err(|_| CaError::Time)?;
    Timestamp::from_second(end.as_second()).map_err(|_| CaError::Time)
}

/// A host name, or a wildcard of one.
fn dns_name(name: &str) -> Result<rcgen::string::Ia5String, CaError> {
    let refused = || CaError::Name { name: name.to_owned() };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let labels = name.strip_prefix("*.").unwrap_or(name);
    if name.len() > DNS_NAME_BYTES_MAX || !labels.split('.').all(label) {
        return Err(refused());
    }
    name.try_into().map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::super::{agent_of, ca_sha256};
    use super::*;

    const AGENT: &str = "i-0123456789abcdef0";

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn authority() -> CertificateAuthority {
        CertificateAuthority::create(now(), "Yagura of tests").unwrap()
    }

    fn csr(key: &KeyPair) -> String {
        CertificateParams::default().serialize_request(key).unwrap().pem().unwrap()
    }

    #[test]
    fn a_kept_authority_signs_as_before() {
        let authority = authority();
        let kept = authority.to_pem();
        let again = CertificateAuthority::from_pem(&kept).unwrap();
        assert_eq!(again.to_pem(), kept);
        assert_eq!(again.not_after(), authority.not_after());
        assert_eq!(again.not_after().to_string(), "2036-01-02T00:00:00Z");
        assert_eq!(ca_sha256(&kept.certificate).unwrap().len(), 64);
        assert!(!format!("{kept:?}{authority:?}").contains("PRIVATE"));
    }

    #[test]
    fn what_is_kept_wrongly_is_not_taken() {
        let (one, other) = (authority().to_pem(), authority().to_pem());
        let key = KeyPair::generate().unwrap();
        let agent = authority().sign_agent(&csr(&key), AGENT, now(), SignedDuration::from_hours(1)).unwrap();
        for (certificate, key, why) in [
            (one.certificate.clone(), other.key, "the key is not the certificate's"),
            (String::new(), one.key, "no certificate"),
            (one.certificate, SecretText::new("x"), "no private key"),
            (agent.pem, SecretText::new(key.serialize_pem()), "the certificate is no authority's"),
        ] {
            let error = CertificateAuthority::from_pem(&CaPem { certificate, key }).unwrap_err();
            assert!(matches!(error, CaError::Kept { why: found } if found == why), "{error}");
        }
    }

    #[test]
    fn an_agents_certificate_says_who_it_is_and_nothing_of_its_own() {
        let mut asked = CertificateParams::new(vec!["evil.example".to_owned()]).unwrap();
        asked.distinguished_name.push(DnType::CommonName, "i-ffffffffffffffff0");
        asked.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        asked.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let csr = asked.serialize_request(&key).unwrap().pem().unwrap();
        let signed = authority().sign_agent(&csr, AGENT, now(), SignedDuration::from_hours(24 * 90)).unwrap();

        let der = pem_certificate(&signed.pem).unwrap();
        let identity = agent_of(&der).unwrap();
        assert_eq!(identity.agent_id, AGENT);
        assert_eq!(identity.serial, signed.serial);
        assert_eq!(identity.not_after, signed.not_after);
        assert_eq!(signed.not_after.to_string(), "2026-04-01T00:00:00Z");
        assert_eq!(signed.serial.len(), 32);

        let certificate = parse(&der).unwrap();
        assert!(!certificate.is_ca());
        assert_eq!(certificate.public_key().raw, key.subject_public_key_info());
        assert!(!signed.pem.is_empty() && !format!("{certificate:?}").contains("evil"));
        let uses = certificate.extended_key_usage().unwrap().unwrap().value;
        assert!(uses.client_auth && !uses.server_auth && !uses.any);
    }

    #[test]
    fn no_certificate_outlives_the_root() {
        let authority = authority();
        let late = authority.not_after() - SignedDuration::from_hours(1);
        let server = authority.server_certificate(&["h".to_owned()], &[], late).unwrap();
        assert_eq!(server.not_after, authority.not_after());
        let key = KeyPair::generate().unwrap();
        let agent = authority.sign_agent(&csr(&key), AGENT, late, SignedDuration::from_hours(99)).unwrap();
        assert_eq!(agent.not_after, authority.not_after());
        let error = authority.sign_agent(&csr(&key), AGENT, now(), SignedDuration::from_hours(-1)).unwrap_err();
        assert!(matches!(error, CaError::Time));
        for now in [Timestamp::MIN, Timestamp::MAX] {
            assert!(matches!(CertificateAuthority::create(now, "x"), Err(CaError::Time)));
        }
    }

    #[test]
    fn serial_numbers_are_sixteen_bytes_and_never_the_same() {
        let authority = authority();
        let key = KeyPair::generate().unwrap();
        let serials: std::collections::BTreeSet<String> = (0..50)
            .map(|_| authority.sign_agent(&csr(&key), AGENT, now(), SignedDuration::from_hours(1)).unwrap().serial)
            .collect();
        assert_eq!(serials.len(), 50);
        assert!(serials.iter().all(|serial| serial.len() == 32));
    }

    #[test]
    fn names_are_judged() {
        let authority = authority();
        for name in ["", ".", "a..b", "a b", "\u{fc}.example", "*", "a.*.b", &"a".repeat(64), &"a.".repeat(130)] {
            let error = authority.server_certificate(&[name.to_owned()], &[], now()).unwrap_err();
            assert!(matches!(error, CaError::Name { .. }), "{name}: {error}");
        }
        let many = vec!["a".to_owned(); SERVER_NAMES_MAX + 1];
        for names in [&[][..], &many] {
            assert!(matches!(authority.server_certificate(names, &[], now()), Err(CaError::NameCount { .. })));
        }
        for name in ["", &"n".repeat(65), "a\nb"] {
            assert!(matches!(CertificateAuthority::create(now(), name), Err(CaError::Name { .. })));
        }
        let key = KeyPair::generate().unwrap();
        for id in ["", "i-", "i-0123", "i-0123456789ABCDEF0", "i-0123456789abcdef01", "x-0123456789abcdef0"] {
            let error = authority.sign_agent(&csr(&key), id, now(), SignedDuration::from_hours(1)).unwrap_err();
            assert!(matches!(error, CaError::AgentId { .. }), "{id}: {error}");
        }
    }
}
