//! Synthetic Debian hosts: a pool of packages with several versions each, and hosts that draw from it.

use std::path::Path;

use anyhow::{Context as _, Result};
use yagura_model::settings::Fact;
use yagura_model::{
    HostIdentity, Kernel, LocalText, Origin, Package, PackageStatus, Release, Settings, Snapshot, SourceLine,
    SourcePackage, Virtualization,
};
use yagura_wire::{AgentFacts, Chunk, Chunker, Line, MonitoringStart, MonitoringStop, ReleaseFacts, sha256_hex};

/// Versions of each package that are about.
const VERSIONS: usize = 4;
/// A browser or a kernel has thousands; no host has three hundred such packages.
const FLAWS_MAX: usize = 200;

/// Draws numbers: the same for the same seed, so that two measures see the same hosts.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number below `bound` (splitmix64).
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from((z ^ (z >> 31)) % bound).unwrap_or_default()
    }
}

/// What hosts draw from: name, source, versions.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    entries: Vec<(String, Vec<String>)>,
    codename: &'static str,
}

impl Pool {
    /// Source packages of which the demo feed speaks, and others of which nobody does.
    pub(crate) fn demo(size: usize) -> Self {
        let mut entries = vec![("demo".to_owned(), ["1.2-1", "1.2-2", "1.2-3", "1.2-4"].map(str::to_owned).to_vec())];
        entries.extend((1..size.max(1)).map(|number| {
            let versions = (0..VERSIONS).map(|version| format!("{}.{version}-1", number % 9)).collect();
            (format!("package-{number:05}"), versions)
        }));
        Self { entries, codename: "bookworm" }
    }

    /// The source packages that a tracker document speaks of in bookworm, with versions around those that repair.
    pub(crate) fn of_tracker(document: &Path, size: usize) -> Result<Self> {
        let packed = std::fs::read(document).with_context(|| format!("cannot read `{}`", document.display()))?;
        let output = zstd::decode_all(packed.as_slice())?;
        let tracker: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&output)?;
        let mut entries = Vec::new();
        for (source, flaws) in &tracker {
            let flaws = flaws.as_object().map(|flaws| flaws.values().collect::<Vec<_>>()).unwrap_or_default();
            let mut versions: Vec<String> = flaws
                .iter()
                .filter_map(|flaw| flaw.pointer("/releases/bookworm/fixed_version")?.as_str())
                .filter(|version| *version != "0")
                .map(str::to_owned)
                .collect();
            versions.sort_by(|one, other| yagura_version::Scheme::Dpkg.compare(one, other));
            versions.dedup();
            if flaws.len() > FLAWS_MAX {
                continue;
            }
            // Most hosts are nearly up to date.
            versions.drain(..versions.len().saturating_sub(VERSIONS - 1));
            // `~` sorts before nothing: the version right before the repair.
            if let Some(last) = versions.last().map(|last| format!("{last}~0")) {
                versions.push(last);
                entries.push((source.clone(), versions));
            }
        }
        let step = (entries.len() / size.max(1)).max(1);
        let entries: Vec<_> = entries.into_iter().step_by(step).take(size).collect();
        anyhow::ensure!(!entries.is_empty(), "`{}` speaks of no package of bookworm", document.display());
        Ok(Self { entries, codename: "bookworm" })
    }

    /// Names some of its source packages; the first is on every host.
    pub(crate) fn sources(&self, count: usize) -> Vec<String> {
        let step = (self.entries.len() / count.max(1)).max(1);
        self.entries.iter().step_by(step).take(count).map(|(source, _)| source.clone()).collect()
    }

    /// Makes a host with `packages` packages. The same `content` gives the same packages.
    pub(crate) fn host(&self, name: &str, machine_id: &str, content: u64, packages: usize) -> Snapshot {
        let mut dice = Dice::new(content);
        let offset = dice.below(self.entries.len());
        let wanted = packages.min(self.entries.len());
        let mut packages: Vec<Package> = (0..wanted)
            .filter_map(|number| {
                // The first is on every host, so that a demo feed of one package concerns each.
                let at = if number == 0 { 0 } else { 1 + (offset + number) % (self.entries.len() - 1).max(1) };
                let (source, versions) = self.entries.get(at)?;
                let version = versions.get(dice.below(versions.len()))?;
                Some(package(source, version, number))
            })
            .collect();
        packages.sort_by(|one, other| one.name.cmp(&other.name));
        Snapshot {
            host: HostIdentity {
                name: name.to_owned(),
                machine_id: Some(machine_id.to_owned()),
                architecture: Some("amd64".into()),
                virtualization: Virtualization::Machine("kvm".into()),
                root: None,
            },
            release: Some(Release {
                distribution: "debian".into(),
                like: Vec::new(),
                version: Some("12".into()),
                codename: Some(self.codename.into()),
                point_version: Some("12.11".into()),
                pretty_name: "Debian GNU/Linux 12 (bookworm)".into(),
                told_by: "etc/os-release".into(),
            }),
            kernel: Kernel::default(),
            package_database: Some("var/lib/dpkg/status".into()),
            packages,
            settings: settings(),
            problems: Vec::new(),
            ..Snapshot::default()
        }
    }
}

fn package(source: &str, version: &str, number: usize) -> Package {
    Package {
        name: source.to_owned(),
        version: version.to_owned(),
        architecture: "amd64".into(),
        source: SourcePackage { name: source.to_owned(), version: version.to_owned() },
        status: PackageStatus::installed(),
        origin: Origin::Distribution,
        maintainer: Some("Debian Developers <debian-devel@lists.debian.org>".into()),
        multi_arch: None,
        record: SourceLine::at("var/lib/dpkg/status", u32::try_from(number).unwrap_or_default().saturating_mul(12)),
        ..Package::default()
    }
}

/// A host without any of what the rules look at, so that each of them says "not applicable".
fn settings() -> Settings {
    fn absent<T>() -> Fact<T> {
        Fact::NotPresent(LocalText::new("a simulated host has none", "模擬ホストには存在しません"))
    }
    Settings {
        sshd: absent(),
        login_defs: absent(),
        accounts: absent(),
        password_stack: absent(),
        aslr: absent(),
        nx: absent(),
        directories: absent(),
    }
}

/// What an agent says of such a host.
pub(crate) fn facts(name: &str, machine_id: &str, number: usize) -> AgentFacts {
    let [_, _, high, low] = u32::try_from(number).unwrap_or_default().to_be_bytes();
    AgentFacts {
        hostname: name.to_owned(),
        machine_id: Some(machine_id.to_owned()),
        fingerprint: sha256_hex(machine_id.as_bytes()),
        boot_id: None,
        operating_system: "Debian GNU/Linux 12 (bookworm)".into(),
        release: Some(ReleaseFacts {
            distribution: "debian".into(),
            version: Some("12".into()),
            codename: Some("bookworm".into()),
        }),
        kernel_version: "6.1.0-28-amd64".into(),
        architecture: "amd64".into(),
        ipv4_addresses: vec![format!("10.77.{high}.{low}")],
        ipv6_addresses: Vec::new(),
        virtualization: "machine:kvm".into(),
    }
}

/// Packs a snapshot as an agent does.
pub(crate) fn chunks(snapshot: &Snapshot, collected: &[String], chunk_bytes_max: usize) -> Result<Vec<Chunk>> {
    let digest = yagura_wire::snapshot_digest(snapshot);
    let mut chunker = Chunker::new(chunk_bytes_max);
    let start = MonitoringStart {
        agent_version: env!("CARGO_PKG_VERSION").into(),
        digest: Some(digest.clone()),
        collected: collected.to_vec(),
    };
    let mut chunks = chunker.push(&Line::start(&start))?;
    yagura_wire::visit_snapshot_lines(snapshot, &mut |line| {
        chunks.extend(chunker.push(&line)?);
        Ok::<_, yagura_wire::ChunkError>(())
    })?;
    chunks.extend(chunker.finish(|chunks, counts| {
        let (messages, digest) = (counts.clone(), Some(digest.clone()));
        Line::stop(&MonitoringStop { chunks, messages, digest, problems: Vec::new() })
    })?);
    Ok(chunks)
}

/// Says that nothing changed, as an agent does.
pub(crate) fn unchanged(digest: &str, collected: &[String]) -> Result<Vec<Chunk>> {
    let mut chunker = Chunker::new(yagura_wire::bounds::CHUNK_BYTES_DEFAULT);
    let start = MonitoringStart {
        agent_version: env!("CARGO_PKG_VERSION").into(),
        digest: Some(digest.to_owned()),
        collected: collected.to_vec(),
    };
    let mut chunks = chunker.push(&Line::start(&start))?;
    chunks.extend(chunker.push(&Line::unchanged(digest))?);
    chunks.extend(chunker.finish(|chunks, counts| {
        let (messages, digest) = (counts.clone(), Some(digest.to_owned()));
        Line::stop(&MonitoringStop { chunks, messages, digest, problems: Vec::new() })
    })?);
    Ok(chunks)
}

#[test]
fn the_same_content_is_the_same_host_and_another_is_another() {
    let pool = Pool::demo(200);
    let digest = |name: &str, content| yagura_wire::snapshot_digest(&pool.host(name, "00", content, 50));
    assert_eq!(digest("a", 1), digest("a", 1));
    assert_ne!(digest("a", 1), digest("a", 2));
    assert_ne!(digest("a", 1), digest("b", 1));
    assert_eq!(pool.host("a", "00", 1, 50).packages.len(), 50);
}

#[test]
fn what_is_packed_is_what_an_agent_would_send() {
    let snapshot = Pool::demo(200).host("a", "00", 1, 50);
    let chunks = chunks(&snapshot, &["inventory".into()], yagura_wire::bounds::CHUNK_BYTES_DEFAULT).unwrap();
    let mut assembler = yagura_wire::Assembler::new();
    for chunk in &chunks {
        let lines = yagura_wire::decode_chunk(&chunk.bytes, yagura_wire::ChunkLimits::default()).unwrap();
        lines.lines().for_each(|line| assembler.push(line).unwrap());
    }
    let yagura_wire::Content::Snapshot { snapshot: received, .. } = assembler.finish().unwrap().content else {
        panic!()
    };
    assert_eq!(*received, snapshot);
}
