//! A feed mirror on disk: small documents of our own in the upstreams' formats.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder with the layout of a feed mirror. Gone when dropped.
#[derive(Debug)]
pub struct FeedMirror {
    directory: TempDir,
}

impl FeedMirror {
    /// A mirror with one small document of every feed, dated `day` (`2026-11-20`).
    ///
    /// It speaks of two flaws of the source `demo` in bookworm: `CVE-2099-0001`, fixed in
    /// `1.2-3`, known to be exploited, and `CVE-2099-0002`, not fixed.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn demo(day: &str) -> io::Result<Self> {
        let mirror = Self { directory: tempfile::tempdir()? };
        mirror.tracker(day, TRACKER)?;
        let (osv, unfixed) = (OSV.replace("DAY", day), OSV_UNFIXED.replace("DAY", day));
        mirror.osv(day, &[("CVE-2099-0001.json", &osv), ("CVE-2099-0002.json", &unfixed)])?;
        let listed = list_date(day);
        mirror.write("debian/security-tracker/data/DSA/list", DSA.replace("DAY", &listed).as_bytes())?;
        mirror.write("debian/security-tracker/data/DLA/list", DLA.replace("DAY", &listed).as_bytes())?;
        mirror.write("cisa-kev/known_exploited_vulnerabilities.json", KEV.replace("DAY", day).as_bytes())?;
        mirror.epss(day)?;
        Ok(mirror)
    }

    /// Adds a tracker document.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn tracker(&self, day: &str, json: &str) -> io::Result<()> {
        self.write(&format!("debian/derived/tracker-{day}.json.zst"), &zstd::encode_all(json.as_bytes(), 3)?)
    }

    fn osv(&self, day: &str, records: &[(&str, &str)]) -> io::Result<()> {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, record) in records {
            let mut header = tar::Header::new_gnu();
            header.set_size(u64::try_from(record.len()).unwrap_or(0));
            header.set_mode(0o644);
            archive.append_data(&mut header, name, record.as_bytes())?;
        }
        let tar = archive.into_inner()?;
        self.write(&format!("debian/osv/all-{day}.tar.zst"), &zstd::encode_all(tar.as_slice(), 3)?)
    }

    fn epss(&self, day: &str) -> io::Result<()> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(EPSS.replace("DAY", day).as_bytes())?;
        self.write(&format!("epss/epss_scores-{day}.csv.gz"), &gzip.finish()?)
    }

    /// Writes a file of the mirror, its directories made as needed.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        let path = self.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, content)
    }

    /// Returns the mirror's folder.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the path of a file of the mirror.
    pub fn join(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }
}

/// Writes `2026-11-20` as the advisory lists do: `20 Nov 2026`.
fn list_date(day: &str) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = day.splitn(3, '-');
    let (year, month, day) =
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let month = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.saturating_sub(1))).unwrap_or(&"Jan");
    format!("{day} {month} {year}")
}

const TRACKER: &str = r#"{
  "demo": {
    "CVE-2099-0001": {
      "description": "A buffer overflow in demo.",
      "scope": "remote",
      "releases": {
        "bookworm": {"status": "resolved", "fixed_version": "1.2-3", "urgency": "not yet assigned"},
        "sid": {"status": "resolved", "fixed_version": "1.4-1", "urgency": "not yet assigned"}
      }
    },
    "CVE-2099-0002": {
      "description": "A slow path in demo.",
      "releases": {
        "bookworm": {"status": "open", "urgency": "low", "nodsa": "Minor issue", "nodsa_reason": "postponed"}
      }
    }
  }
}"#;

const OSV: &str = r#"{
  "schema_version": "1.6.0",
  "id": "CVE-2099-0001",
  "published": "2026-10-01T00:00:00Z",
  "modified": "DAYT00:00:00Z",
  "details": "A buffer overflow in demo lets a remote attacker run code.",
  "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
  "references": [{"type": "ADVISORY", "url": "https://demo.example/advisory"}],
  "affected": [{
    "package": {"ecosystem": "Debian:12", "name": "demo"},
    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2-3"}]}],
    "ecosystem_specific": {"urgency": "not yet assigned"}
  }]
}"#;

const OSV_UNFIXED: &str = r#"{
  "schema_version": "1.6.0",
  "id": "CVE-2099-0002",
  "published": "2026-10-01T00:00:00Z",
  "modified": "DAYT00:00:00Z",
  "details": "A slow path in demo lets a local user waste time.",
  "affected": [{
    "package": {"ecosystem": "Debian:12", "name": "demo"},
    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
    "ecosystem_specific": {"urgency": "low"}
  }]
}"#;

const DSA: &str = "[DAY] DSA-9001-1 demo - security update\n\t{CVE-2099-0001}\n\t[bookworm] - demo 1.2-3\n";

const DLA: &str = "[DAY] DLA-9000-1 other - security update\n\t{CVE-2099-0009}\n\t[bullseye] - other 2.0-1\n";

const KEV: &str = r#"{
  "title": "CISA Catalog of Known Exploited Vulnerabilities",
  "catalogVersion": "2026.11.20",
  "dateReleased": "DAYT12:00:00.0000Z",
  "count": 1,
  "vulnerabilities": [{
    "cveID": "CVE-2099-0001",
    "vendorProject": "Demo",
    "product": "demo",
    "vulnerabilityName": "Demo Buffer Overflow",
    "dateAdded": "2026-10-05",
    "shortDescription": "Demo has a buffer overflow.",
    "requiredAction": "Apply the update.",
    "dueDate": "2026-10-26",
    "knownRansomwareCampaignUse": "Known",
    "notes": ""
  }]
}"#;

const EPSS: &str = "#model_version:v2025.03.14,score_date:DAYT12:55:00Z\n\
cve,epss,percentile\nCVE-2099-0001,0.91,0.99\nCVE-2099-0002,0.0004,0.10\n";
