//! A host with an agent, as far as the protocol goes.

use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use yagura_model::{Origin, Package, PackageState, PackageStatus, Release, Snapshot, SourceLine, SourcePackage};
use yagura_wire::{Chunk, Chunker, Line, MonitoringStart, MonitoringStop, snapshot_digest, snapshot_lines};

use crate::client::{Client, Reply};
use crate::service::Service;

pub(crate) struct Host {
    pub(crate) id: String,
    pub(crate) nonce: String,
    pub(crate) fingerprint: String,
    pub(crate) key: KeyPair,
    pub(crate) client: Client,
}

pub(crate) fn csr(key: &KeyPair) -> String {
    CertificateParams::default().serialize_request(key).unwrap().pem().unwrap()
}

pub(crate) fn facts(fingerprint: &str) -> Value {
    json!({
        "hostname": "web-1", "fingerprint": fingerprint, "operatingSystem": "Debian GNU/Linux 12 (bookworm)",
        "release": {"distribution": "debian", "version": "12", "codename": "bookworm"},
        "kernelVersion": "6.1.0-28-amd64", "architecture": "amd64", "ipv4Addresses": ["192.0.2.1"],
        "ipv6Addresses": [], "virtualization": "none",
    })
}

pub(crate) fn enrolment(token: &str, fingerprint: &str, key: &KeyPair) -> Value {
    json!({
        "protocol": 1, "token": token, "csrPem": csr(key), "agentVersion": "0.1.0",
        "facts": facts(fingerprint), "tags": [{"key": "role", "value": "web"}, {"key": "team", "value": "red"}],
    })
}

impl Host {
    pub(crate) fn enrolled(service: &Service) -> Self {
        Self::with_fingerprint(service, &"a".repeat(64))
    }

    pub(crate) fn with_fingerprint(service: &Service, fingerprint: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let request = enrolment(&service.any_token(), fingerprint, &key);
        let reply = service.client().post("/agent/v1/enroll", &request);
        assert_eq!(reply.status, 200, "{}", reply.json());
        Self::of(service, &reply.json(), fingerprint, key)
    }

    /// The host of an answered enrolment.
    pub(crate) fn of(service: &Service, answer: &Value, fingerprint: &str, key: KeyPair) -> Self {
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        let certificate = text("certificatePem");
        let client = Client::new(service.address, &text("caPem"), Some((&certificate, &key)));
        Self { id: text("agentId"), nonce: text("nonce"), fingerprint: fingerprint.to_owned(), key, client }
    }

    pub(crate) fn heartbeat(&self, more: Value) -> Reply {
        let mut request = json!({
            "protocol": 1, "nonce": self.nonce, "agentVersion": "0.1.0", "health": {"code": "IDLE", "details": ""},
            "runs": [], "waitSeconds": 0,
        });
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        self.client.post("/agent/v1/heartbeat", &request)
    }

    /// A heartbeat that is answered; the nonce is kept.
    pub(crate) fn beat(&mut self, more: Value) -> Value {
        let reply = self.heartbeat(more);
        assert_eq!(reply.status, 200, "{}", reply.json());
        let answer = reply.json();
        self.nonce = answer["nonce"].as_str().unwrap().to_owned();
        answer
    }

    pub(crate) fn send(&self, run: &str, chunk: &Chunk) -> Reply {
        self.put(run, chunk.number, &chunk.sha256, &chunk.bytes)
    }

    pub(crate) fn put(&self, run: &str, number: u32, sha256: &str, bytes: &[u8]) -> Reply {
        let run = run.replace(':', "%3A").replace('/', "%2F");
        let path = format!("/agent/v1/runs/{run}/chunks/{number}");
        self.client.call("PUT", &path, &[("content-sha256", sha256)], bytes)
    }
}

pub(crate) fn snapshot(packages: usize) -> Snapshot {
    let packages = (0..packages).map(|number| Package {
        name: format!("package-{number:04}"),
        version: "1.2-3".into(),
        architecture: "amd64".into(),
        source: SourcePackage { name: format!("source-{:04}", number / 2), version: "1.2-3".into() },
        status: PackageStatus { want: "install".into(), flag: "ok".into(), state: PackageState::Installed },
        origin: Origin::Assumed,
        // Text that does not compress, so that there are several chunks.
        maintainer: Some((0..10).map(|part| yagura_wire::sha256_hex(format!("{number} {part}").as_bytes())).collect()),
        multi_arch: None,
        record: SourceLine::at("var/lib/dpkg/status", 7),
        ..Package::default()
    });
    Snapshot {
        release: Some(Release {
            distribution: "debian".into(),
            like: Vec::new(),
            version: Some("12".into()),
            codename: Some("bookworm".into()),
            point_version: None,
            pretty_name: "Debian GNU/Linux 12 (bookworm)".into(),
            told_by: "etc/os-release".into(),
        }),
        packages: packages.collect(),
        ..Snapshot::default()
    }
}

/// The telemetry of a snapshot that is sent whole.
pub(crate) fn telemetry(snapshot: &Snapshot) -> Vec<Chunk> {
    stream(&snapshot_lines(snapshot), Some(&snapshot_digest(snapshot)))
}

/// A stream of these lines, with its begin and its end.
pub(crate) fn stream(lines: &[Line], digest: Option<&str>) -> Vec<Chunk> {
    let digest = digest.map(str::to_owned);
    let start = MonitoringStart {
        agent_version: "0.1.0".into(),
        digest: digest.clone(),
        collected: vec!["inventory".into(), "settings".into()],
    };
    let mut chunker = Chunker::new(0);
    let mut chunks = chunker.push(&Line::start(&start)).unwrap();
    for line in lines {
        chunks.extend(chunker.push(line).unwrap());
    }
    let last = |chunks, counts: &yagura_wire::Counts| {
        Line::stop(&MonitoringStop { chunks, messages: counts.clone(), digest: digest.clone(), problems: Vec::new() })
    };
    chunks.extend(chunker.finish(last).unwrap());
    chunks
}
