//! PostgreSQL over TLS.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use yagura_store::{Store, StoreError};
use yagura_testkit::Postgres;

use crate::support::ACCOUNT;

/// Makes an authority, whose certificate is put into a file.
fn authority(name: &str, file: &Path) -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    fs::write(file, issuer.pem()).unwrap();
    issuer
}

/// Gives the server a certificate for a name, and starts it with that.
fn serve(server: &Postgres, issuer: &CertifiedIssuer<'static, KeyPair>, name: &str) {
    let data = server.folder().unwrap().join("data");
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    let put = |file: PathBuf, text: String| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        server.give_file(&file).unwrap();
    };
    put(data.join("server.crt"), certificate.pem());
    put(data.join("server.key"), key.serialize_pem());
    server.sql("postgres", "ALTER SYSTEM SET ssl = on").unwrap();
    server.stop(false).unwrap();
    server.start_again().unwrap();
}

/// Opens the store and tells whether its connection is encrypted.
fn encrypted(server: &Postgres, url: &str) -> Result<bool, StoreError> {
    let store = Store::open_postgres(url)?;
    store.write(|tx| tx.put_setting(ACCOUNT, "a", "b"))?;
    let question = "SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                    WHERE a.application_name = 'yagura' AND a.datname = 'yagura_test_tls'";
    Ok(server.sql("postgres", question).unwrap().trim() == "t")
}

#[test]
fn a_server_is_trusted_as_far_as_the_url_says() {
    let Some(server) = Postgres::start_apart() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (ours, others) = (folder.path().join("our ca.pem"), folder.path().join("others.pem"));
    let issuer = authority("ours", &ours);
    authority("others", &others);
    let url = server.url("tls");
    let with = |parameters: &str| encrypted(&server, &format!("{url}?{parameters}"));
    let roots = |file: &Path| format!("sslrootcert={}", file.display().to_string().replace(' ', "%20"));
    // Without a certificate the server can only speak plainly.
    assert!(!with("sslmode=prefer").unwrap());
    assert!(matches!(with("sslmode=require"), Err(StoreError::Open { .. })), "encrypted or not at all");

    serve(&server, &issuer, "127.0.0.1");
    assert!(!with("sslmode=disable").unwrap());
    assert!(with("sslmode=prefer").unwrap(), "whoever it is");
    assert!(with("").unwrap());
    for mode in ["require", "verify-ca", "verify-full"] {
        assert!(with(&format!("sslmode={mode}&{}", roots(&ours))).unwrap(), "{mode}");
        for distrusted in [roots(&others), "sslrootcert=system".to_owned()] {
            let refused = with(&format!("sslmode={mode}&{distrusted}"));
            assert!(matches!(refused, Err(StoreError::Open { .. })), "{mode} {distrusted} {refused:?}");
        }
    }
    // The right authority, but for somebody else.
    serve(&server, &issuer, "db.example");
    let refused = with(&format!("sslmode=verify-full&{}", roots(&ours)));
    assert!(matches!(refused, Err(StoreError::Open { .. })), "{refused:?}");

    let nowhere = with("sslmode=verify-full&sslrootcert=/nowhere.pem");
    assert!(matches!(nowhere, Err(StoreError::File { .. })), "{nowhere:?}");
    fs::write(&others, "no certificate").unwrap();
    assert!(matches!(with(&format!("sslmode=require&{}", roots(&others))), Err(StoreError::Open { .. })));
}
