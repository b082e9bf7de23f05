//! An agent's signing request: bounded, its own signature checked, and only its public key taken.

use rcgen::SubjectPublicKeyInfo;
use rustls::pki_types::CertificateSigningRequestDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_PKCS1_RSAENCRYPTION, OID_PKCS1_SHA1WITHRSA,
    OID_SHA1_WITH_RSA, OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509;

use super::CaError;

/// The most bytes of a signing request in PEM; one with an RSA key of 8192 bits has four thousand.
pub const CSR_BYTES_MAX: usize = 16 * 1024;

const RSA_BITS_MIN: usize = 2048;
const RSA_BITS_MAX: usize = 8192;

/// Returns the public key that a request asks to be signed.
pub(super) fn public_key_of(csr_pem: &str) -> Result<SubjectPublicKeyInfo, CaError> {
    if csr_pem.len() > CSR_BYTES_MAX {
        return Err(CaError::RequestTooLarge);
    }
    let der =
        CertificateSigningRequestDer::from_pem_slice(csr_pem.as_bytes()).map_err(|_| CaError::RequestMalformed)?;
    let (rest, request) = X509CertificationRequest::from_der(&der).map_err(|_| CaError::RequestMalformed)?;
    if !rest.is_empty() {
        return Err(CaError::RequestMalformed);
    }
    let key = &request.certification_request_info.subject_pki;
    accepted(key)?;
    let algorithm = &request.signature_algorithm.algorithm;
    if *algorithm == OID_PKCS1_SHA1WITHRSA || *algorithm == OID_SHA1_WITH_RSA {
        return Err(CaError::RequestSignature);
    }
    request.verify_signature().map_err(|_| CaError::RequestSignature)?;
    SubjectPublicKeyInfo::from_der(key.raw).map_err(|_| refused("a key in an unusual encoding"))
}

fn accepted(key: &x509::SubjectPublicKeyInfo<'_>) -> Result<(), CaError> {
    let algorithm = &key.algorithm.algorithm;
    if *algorithm == OID_SIG_ED25519 {
        return Ok(());
    }
    if *algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
        let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
        return match curve {
            Some(curve) if curve == OID_EC_P256 || curve == OID_NIST_EC_P384 => Ok(()),
            Some(curve) => Err(refused(&format!("an EC key on curve {curve}"))),
            None => Err(refused("an EC key on a curve without a name")),
        };
    }
    if *algorithm == OID_PKCS1_RSAENCRYPTION {
        let Ok(PublicKey::RSA(rsa)) = key.parsed() else { return Err(refused("an RSA key that cannot be read")) };
        let modulus = rsa.modulus.iter().position(|byte| *byte != 0).and_then(|start| rsa.modulus.get(start..));
        let bits = match modulus {
            Some([first, rest @ ..]) => {
                rest.len() * 8 + usize::try_from(u8::BITS - first.leading_zeros()).unwrap_or_default()
            }
            _ => 0,
        };
        if (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
            return Ok(());
        }
        return Err(refused(&format!("an RSA key of {bits} bits")));
    }
    Err(refused(&format!("a key of kind {algorithm}")))
}

fn refused(found: &str) -> CaError {
    CaError::KeyRefused { found: found.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{
        CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512,
        PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize, SignatureAlgorithm,
    };

    use super::*;

    fn csr(key: &KeyPair) -> String {
        CertificateParams::default().serialize_request(key).unwrap().pem().unwrap()
    }

    fn key(algorithm: &'static SignatureAlgorithm) -> KeyPair {
        KeyPair::generate_for(algorithm).unwrap()
    }

    #[test]
    fn the_four_kinds_of_key_are_taken_unchanged() {
        for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
            let key = key(algorithm);
            let taken = public_key_of(&csr(&key)).unwrap();
            assert_eq!(taken.subject_public_key_info(), key.subject_public_key_info(), "{algorithm:?}");
        }
        let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let taken = public_key_of(&csr(&rsa)).unwrap();
        assert_eq!(taken.subject_public_key_info(), rsa.subject_public_key_info());
    }

    #[test]
    fn other_keys_are_refused_by_name() {
        let error = public_key_of(&csr(&key(&PKCS_ECDSA_P521_SHA512))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the signing request has an EC key on curve 1.3.132.0.35; \
             accepted are EC P-256, EC P-384, Ed25519 and RSA of 2048 to 8192 bits"
        );
        // Made with `openssl req -new -newkey rsa:1024 -nodes -subj /CN=x`.
        let error = public_key_of(include_str!("../../fixtures/rsa-1024.csr.pem")).unwrap_err();
        assert!(error.to_string().contains("an RSA key of 1024 bits"), "{error}");
        // With `-newkey rsa:2048 -sha1`.
        let error = public_key_of(include_str!("../../fixtures/rsa-2048-sha1.csr.pem")).unwrap_err();
        assert!(matches!(error, CaError::RequestSignature), "{error}");
        // With `-newkey rsa:2048 -sha256`, which is a request of an ordinary tool.
        assert!(public_key_of(include_str!("../../fixtures/rsa-2048.csr.pem")).is_ok());
    }

    #[test]
    fn another_keys_signature_is_refused() {
        // The public key of one request in the frame of another: both are P-256, so the lengths are the same.
        let (one, other) = (key(&PKCS_ECDSA_P256_SHA256), key(&PKCS_ECDSA_P256_SHA256));
        let request = CertificateParams::default().serialize_request(&one).unwrap();
        let (from, to) = (one.subject_public_key_info(), other.subject_public_key_info());
        let mut der = request.der().to_vec();
        let at = der.windows(from.len()).position(|window| window == from).unwrap();
        der[at..at + to.len()].copy_from_slice(&to);
        assert!(matches!(public_key_of(&pem(&der)), Err(CaError::RequestSignature)));
    }

    #[test]
    fn what_is_no_request_is_said_to_be_none() {
        let good = csr(&key(&PKCS_ECDSA_P256_SHA256));
        let mut longer = CertificateParams::default().serialize_request(&key(&PKCS_ED25519)).unwrap().der().to_vec();
        longer.push(0);
        for text in [
            String::new(),
            "-----BEGIN CERTIFICATE REQUEST-----".to_owned(),
            good.replace("CERTIFICATE REQUEST", "CERTIFICATE"),
            good.replacen("\nM", "\nA", 1),
            pem(&[]),
            pem(&longer),
            pem(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
        ] {
            let error = public_key_of(&text).unwrap_err();
            assert!(matches!(error, CaError::RequestMalformed), "{text}: {error}");
        }
        let error = public_key_of(&"x".repeat(CSR_BYTES_MAX + 1)).unwrap_err();
        assert!(matches!(error, CaError::RequestTooLarge));
    }

    fn pem(der: &[u8]) -> String {
        // Padded to whole groups with zero bytes cut off again is not possible in base64, so whole groups only.
        let mut text = String::new();
        for group in der.chunks(3) {
            let mut bytes = [0; 3];
            bytes[..group.len()].copy_from_slice(group);
            let mut digits = crate::encoding::base64(&bytes);
            digits.truncate(group.len() + 1);
            while digits.len() < 4 {
                digits.push('=');
            }
            text.push_str(&digits);
        }
        let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n", lines.join("\n"))
    }

    proptest! {
        #[test]
        fn damaged_requests_never_panic_and_never_pass(
            flips in proptest::collection::vec((any::<usize>(), 1_u8..), 1..4), cut in 0_usize..400,
        ) {
            let request = CertificateParams::default().serialize_request(&key(&PKCS_ECDSA_P256_SHA256)).unwrap();
            let mut der = request.der().to_vec();
            der.truncate(der.len().saturating_sub(cut).max(8));
            let before = der.clone();
            for (at, mask) in flips {
                let at = at % der.len();
                der[at] ^= mask;
            }
            prop_assume!(der != *request.der().as_ref() && (before != der || cut > 0));
            prop_assert!(public_key_of(&pem(&der)).is_err());
        }

        #[test]
        fn arbitrary_bytes_never_panic(der in proptest::collection::vec(any::<u8>(), 0..300), text in "\\PC*") {
            prop_assert!(public_key_of(&pem(&der)).is_err());
            prop_assert!(public_key_of(&text).is_err());
        }
    }
}
