//! What rustls wants: the server's configuration, and who may present a certificate.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::certificate::pem_certificate;
use super::{CaError, ServerCertificate};

/// Accepts clients without a certificate (API, console), and with one only if our authority signed it.
///
/// # Errors
///
/// [`CaError::Kept`] where `ca_pem` is no certificate.
pub fn agent_verifier(ca_pem: &str) -> Result<Arc<dyn ClientCertVerifier>, CaError> {
    let mut roots = RootCertStore::empty();
    let root = pem_certificate(ca_pem).ok_or(CaError::Kept { why: "no certificate" })?;
    roots.add(root).map_err(CaError::Tls)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .map_err(|_| CaError::Kept { why: "it cannot verify anybody" })
}

/// Builds the configuration of the one TLS port; protocol names (ALPN) are the caller's to add.
///
/// `certificate` may be of our authority or given by the operator; `ca_pem` is the agents' root in either case.
///
/// # Errors
///
/// [`CaError::Tls`] where key and certificate do not fit.
pub fn server_config(certificate: &ServerCertificate, ca_pem: &str) -> Result<ServerConfig, CaError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate.chain_pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| CaError::Kept { why: "no certificate" })?;
    let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.expose().as_bytes())
        .map_err(|_| CaError::Kept { why: "no private key" })?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(CaError::Tls)?
        .with_client_cert_verifier(agent_verifier(ca_pem)?)
        .with_single_cert(chain, key)
        .map_err(CaError::Tls)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use jiff::{SignedDuration, Timestamp};
    use rcgen::{CertificateParams, KeyPair};
    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::{ClientConfig, ClientConnection, ServerConnection};

    use super::super::{AgentIdentity, CertificateAuthority, agent_of};
    use super::*;

    /// The handshake reads the clock itself, so the certificates are of today.
    fn now() -> Timestamp {
        Timestamp::from_second(i64::try_from(UnixTime::now().as_secs()).unwrap()).unwrap()
    }

    struct Client {
        trusts: String,
        agent: Option<(String, KeyPair)>,
        name: &'static str,
    }

    /// Shakes hands in memory, and returns who the server sees.
    fn handshake(authority: &CertificateAuthority, client: Client) -> Result<Option<AgentIdentity>, rustls::Error> {
        let addresses: &[IpAddr] = &["127.0.0.1".parse().unwrap()];
        let certificate = authority.server_certificate(&["localhost".to_owned()], addresses, now()).unwrap();
        let server = server_config(&certificate, authority.certificate_pem()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(pem_certificate(&client.trusts).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match client.agent {
            None => builder.with_no_client_auth(),
            Some((pem, key)) => {
                let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
                builder.with_client_auth_cert(vec![pem_certificate(&pem).unwrap()], key)?
            }
        };
        let name = ServerName::try_from(client.name).unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut server = ServerConnection::new(Arc::new(server)).unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            let mut bytes = Vec::new();
            client.write_tls(&mut bytes).unwrap();
            server.read_tls(&mut bytes.as_slice()).unwrap();
            server.process_new_packets()?;
            let mut bytes = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            let mut bytes = bytes.as_slice();
            while !bytes.is_empty() {
                client.read_tls(&mut bytes).unwrap();
                client.process_new_packets()?;
            }
        }
        Ok(server.peer_certificates().map(|chain| agent_of(&chain[0]).unwrap()))
    }

    fn agent(authority: &CertificateAuthority, at: Timestamp) -> (String, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let csr = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
        let lifetime = SignedDuration::from_hours(1);
        (authority.sign_agent(&csr, "i-0123456789abcdef0", at, lifetime).unwrap().pem, key)
    }

    fn authority() -> CertificateAuthority {
        CertificateAuthority::create(now() - SignedDuration::from_hours(240), "x").unwrap()
    }

    #[test]
    fn agents_are_known_and_others_let_in_unknown() {
        let authority = authority();
        let trusts = authority.certificate_pem().to_owned();
        for name in ["localhost", "127.0.0.1"] {
            let client = Client { trusts: trusts.clone(), agent: None, name };
            assert_eq!(handshake(&authority, client).unwrap(), None);
            let client = Client { trusts: trusts.clone(), agent: Some(agent(&authority, now())), name };
            assert_eq!(handshake(&authority, client).unwrap().unwrap().agent_id, "i-0123456789abcdef0");
        }
    }

    #[test]
    fn what_our_authority_did_not_sign_is_refused() {
        let (authority, stranger) = (authority(), authority());
        let trusts = authority.certificate_pem().to_owned();
        let name = "localhost";
        let foreign = Client { trusts: trusts.clone(), agent: Some(agent(&stranger, now())), name };
        assert!(handshake(&authority, foreign).is_err());
        let expired = agent(&authority, now() - SignedDuration::from_hours(5));
        assert!(handshake(&authority, Client { trusts: trusts.clone(), agent: Some(expired), name }).is_err());
        let (pem, _) = agent(&authority, now());
        let stolen = (pem, KeyPair::generate().unwrap());
        // rustls already refuses to present a certificate with another's key.
        assert!(handshake(&authority, Client { trusts: trusts.clone(), agent: Some(stolen), name }).is_err());
        let distrusting = Client { trusts: stranger.certificate_pem().to_owned(), agent: None, name };
        assert!(handshake(&authority, distrusting).is_err());
        assert!(handshake(&authority, Client { trusts, agent: None, name: "other.example" }).is_err());
    }
}
