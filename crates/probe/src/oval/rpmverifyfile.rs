//! `rpmverifyfile`: packaged files beside what rpm remembers of them, as `rpm --verify` compares.

use std::cell::OnceCell;
use std::collections::HashMap;

use aws_lc_rs::digest;
use yagura_scap::{Collected, Facts, Field, ITEMS_MAX, Item, Object, Status, Value};

use super::digests::{Digest, of_file};
use super::listing::{Files, below_root};
use super::rpminfo::{Package, each_header};
use crate::host::{ByteLimit, FileKind, Host, Metadata, SpecialKind};
use crate::rpm::files::{flags, verify};
use crate::rpm::{FileEntry, Flow};

const ACCOUNTS_LIMIT: ByteLimit = ByteLimit::mib(64);
const CAPABILITY_LIMIT: ByteLimit = ByteLimit::kib(4);
/// Between two looks whether somebody wants us to stop.
const FILES_BETWEEN_LOOKS: u64 = 256;

/// Collects verified files.
pub(super) fn collect(files: &Files<'_>, object: &Object) -> Collected {
    let host = files.host;
    let names = Names::read(host);
    let (mut items, mut seen, mut stopped) = (Vec::new(), 0_u64, false);
    let accepts = |field: Field, text: &str| object.entity(field).is_none_or(|entity| entity.accepts(text));
    let outcome = each_header(host, &mut |header| {
        let package = Package::of(header);
        let is_wanted = accepts(Field::Name, &package.name)
            && accepts(Field::Epoch, &package.epoch)
            && accepts(Field::Version, &package.version)
            && accepts(Field::Release, &package.release)
            && accepts(Field::Arch, &package.arch);
        if !is_wanted {
            return Flow::Next;
        }
        for entry in header.files() {
            seen += 1;
            if seen % FILES_BETWEEN_LOOKS == 0 && files.stopped() {
                stopped = true;
                return Flow::Stop;
            }
            let left_out = object.behaviors.is_without("noghostfiles") && entry.flags & flags::GHOST != 0
                || object.behaviors.is_without("noconfigfiles") && entry.flags & flags::CONFIG != 0;
            let path = entry.path();
            if left_out || !accepts(Field::Filepath, &path) {
                continue;
            }
            let verified = Verified::new(files, object, &names, &package, &entry, path);
            if object.keeps(&verified) {
                items.push(verified.item());
            }
            if items.len() == ITEMS_MAX {
                return Flow::Stop;
            }
        }
        Flow::Next
    });
    if stopped {
        return super::stopped();
    }
    match outcome {
        Err(reason) => Collected::error(reason),
        Ok(()) => Collected::complete(items),
    }
}

/// Names of owners and groups by their number.
struct Names {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl Names {
    fn read(host: &dyn Host) -> Self {
        let table = |path: &str| {
            let bytes = host.read(path, ACCOUNTS_LIMIT).ok().flatten().unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            let mut names = HashMap::new();
            for line in text.lines() {
                let mut fields = line.split(':');
                if let (Some(name), Some(id)) = (fields.next(), fields.nth(1).and_then(|id| id.parse().ok())) {
                    // Of two with one number the first one counts.
                    names.entry(id).or_insert_with(|| name.to_owned());
                }
            }
            names
        };
        Self { users: table("etc/passwd"), groups: table("etc/group") }
    }
}

/// What the comparisons are called, which behaviour leaves each out, and its bit in the header.
const COMPARISONS: [(Field, &str, u64); 9] = [
    (Field::SizeDiffers, "nosize", verify::SIZE),
    (Field::ModeDiffers, "nomode", verify::MODE),
    (Field::Md5Differs, "nomd5", verify::DIGEST),
    (Field::DeviceDiffers, "nordev", verify::DEVICE),
    (Field::LinkMismatch, "nolinkto", verify::LINK_TARGET),
    (Field::OwnershipDiffers, "nouser", verify::USER),
    (Field::GroupDiffers, "nogroup", verify::GROUP),
    (Field::MtimeDiffers, "nomtime", verify::MTIME),
    (Field::CapabilitiesDiffer, "nocaps", verify::CAPABILITIES),
];
const KINDS: [(Field, u64); 5] = [
    (Field::ConfigurationFile, flags::CONFIG),
    (Field::DocumentationFile, flags::DOC),
    (Field::GhostFile, flags::GHOST),
    (Field::LicenseFile, flags::LICENSE),
    (Field::ReadmeFile, flags::README),
];

/// One file; each comparison is made when something asks for it.
struct Verified<'v> {
    files: &'v Files<'v>,
    object: &'v Object,
    names: &'v Names,
    package: &'v Package,
    entry: &'v FileEntry<'v>,
    path: String,
    metadata: OnceCell<Option<Metadata>>,
    digest_differs: OnceCell<Option<bool>>,
}

impl<'v> Verified<'v> {
    fn new(
        files: &'v Files<'v>,
        object: &'v Object,
        names: &'v Names,
        package: &'v Package,
        entry: &'v FileEntry<'v>,
        path: String,
    ) -> Self {
        Self { files, object, names, package, entry, path, metadata: OnceCell::new(), digest_differs: OnceCell::new() }
    }

    fn metadata(&self) -> Option<&Metadata> {
        self.metadata.get_or_init(|| self.files.host.link_metadata(below_root(&self.path)).ok().flatten()).as_ref()
    }

    /// `pass`, `fail` or `not performed`.
    fn result(&self, field: Field, behavior: &str, bit: u64) -> &'static str {
        if self.object.behaviors.is_without(behavior) || self.entry.verify_flags & bit == 0 {
            return "not performed";
        }
        match self.differs(field) {
            Some(true) => "fail",
            Some(false) => "pass",
            None => "not performed",
        }
    }

    /// `None` where we cannot tell.
    fn differs(&self, field: Field) -> Option<bool> {
        // What rpm did not install, and what is missing, differs in nothing: the reference tells it by
        // no entity of its own.
        let Some(metadata) = self.metadata().filter(|_| self.entry.is_installed()) else {
            return Some(false);
        };
        let is_ghost = self.entry.flags & flags::GHOST != 0;
        let is_regular = metadata.kind == FileKind::File;
        let is_link = metadata.kind == FileKind::Symlink;
        match field {
            Field::SizeDiffers => Some(is_regular && !is_ghost && metadata.size_bytes != self.entry.size_bytes),
            Field::ModeDiffers => {
                let expected = self.entry.mode & 0o7777;
                // What a ghost is, nobody knows before it is there.
                let kind_differs = !is_ghost && self.entry.mode & 0o170_000 != type_bits(metadata);
                Some(!is_link && (kind_differs || metadata.mode != expected))
            }
            Field::Md5Differs if !is_regular || is_ghost => Some(false),
            Field::Md5Differs => *self.digest_differs.get_or_init(|| self.compare_digest()),
            Field::DeviceDiffers => Some(self.device_differs(metadata)),
            Field::LinkMismatch if !is_link || is_ghost => Some(false),
            Field::LinkMismatch => {
                let target = self.files.host.read_link(below_root(&self.path)).ok().flatten();
                Some(target.is_none_or(|target| target.as_bytes() != self.entry.link_target))
            }
            Field::OwnershipDiffers => Some(!named(&self.names.users, metadata.uid, self.entry.user)),
            Field::GroupDiffers => Some(!named(&self.names.groups, metadata.gid, self.entry.group)),
            Field::MtimeDiffers => {
                let same = u64::try_from(metadata.times.modified).is_ok_and(|time| time == self.entry.mtime);
                Some(is_regular && !is_ghost && !same)
            }
            Field::CapabilitiesDiffer if !is_regular => Some(false),
            Field::CapabilitiesDiffer => {
                let path = below_root(&self.path);
                let has = self.files.host.attribute(path, "security.capability", CAPABILITY_LIMIT).ok()?.is_some();
                match (has, !self.entry.capabilities.is_empty()) {
                    // Their text and their bits are not compared.
                    (true, true) => None,
                    (has, wants) => Some(has != wants),
                }
            }
            _ => None,
        }
    }

    fn device_differs(&self, metadata: &Metadata) -> bool {
        let is_device = |special| matches!(special, Some(SpecialKind::Block | SpecialKind::Character));
        let wanted = matches!(self.entry.mode & 0o170_000, 0o020_000 | 0o060_000);
        match (is_device(metadata.special), wanted) {
            (true, true) => {
                let (major, minor) =
                    (rustix::fs::major(metadata.device_number), rustix::fs::minor(metadata.device_number));
                (u64::from(major) << 8 | u64::from(minor)) & 0xffff != self.entry.device & 0xffff
            }
            (has, wants) => has != wants,
        }
    }

    fn compare_digest(&self) -> Option<bool> {
        let algorithm = match self.entry.digest_algorithm {
            2 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            8 => &digest::SHA256,
            9 => &digest::SHA384,
            10 => &digest::SHA512,
            11 => &digest::SHA224,
            // MD5 is not computed: packages have better digests since 2009.
            _ => return None,
        };
        let expected = std::str::from_utf8(self.entry.digest).ok().filter(|digest| !digest.is_empty())?;
        match of_file(self.files, below_root(&self.path), algorithm) {
            Digest::Of(found) => Some(!found.eq_ignore_ascii_case(expected)),
            Digest::Stopped => None,
            // It is there, so it should be readable.
            Digest::Missing | Digest::Failed(_) => Some(true),
        }
    }

    fn item(&self) -> Item {
        let package = self.package;
        let mut item = Item::new()
            .with(Field::Name, package.name.as_str())
            .with(Field::Epoch, package.epoch.as_str())
            .with(Field::Version, package.version.as_str())
            .with(Field::Release, package.release.as_str())
            .with(Field::Arch, package.arch.as_str())
            .with(Field::Filepath, self.path.as_str())
            .with(Field::ExtendedName, package.extended_name());
        for (field, behavior, bit) in COMPARISONS {
            let result = self.result(field, behavior, bit);
            item.push(field, result);
            if field == Field::Md5Differs {
                // The later name of the same comparison.
                item.push(Field::FileDigestDiffers, result);
            }
        }
        for (field, bit) in KINDS {
            item.push(field, self.entry.flags & bit != 0);
        }
        item
    }
}

impl Facts for Verified<'_> {
    fn each(&self, field: Field, each: &mut dyn FnMut(Status, &Value)) {
        let mut tell = |value: Value| each(Status::Exists, &value);
        match field {
            Field::Name => tell(self.package.name.as_str().into()),
            Field::Epoch => tell(self.package.epoch.as_str().into()),
            Field::Version => tell(self.package.version.as_str().into()),
            Field::Release => tell(self.package.release.as_str().into()),
            Field::Arch => tell(self.package.arch.as_str().into()),
            Field::Filepath => tell(self.path.as_str().into()),
            Field::ExtendedName => tell(self.package.extended_name().into()),
            other => {
                let other = if other == Field::FileDigestDiffers { Field::Md5Differs } else { other };
                if let Some((field, behavior, bit)) = COMPARISONS.iter().find(|(field, ..)| *field == other) {
                    tell(self.result(*field, behavior, *bit).into());
                } else if let Some((_, bit)) = KINDS.iter().find(|(field, _)| *field == other) {
                    tell((self.entry.flags & bit != 0).into());
                }
            }
        }
    }
}

fn named(names: &HashMap<u32, String>, id: u32, wanted: &[u8]) -> bool {
    names.get(&id).is_some_and(|name| name.as_bytes() == wanted)
}

/// The kind in the bits of stat(2).
const fn type_bits(metadata: &Metadata) -> u32 {
    match (metadata.kind, metadata.special) {
        (FileKind::File, _) => 0o100_000,
        (FileKind::Directory, _) => 0o040_000,
        (FileKind::Symlink, _) => 0o120_000,
        (_, Some(SpecialKind::Block)) => 0o060_000,
        (_, Some(SpecialKind::Character)) => 0o020_000,
        (_, Some(SpecialKind::Fifo)) => 0o010_000,
        (_, Some(SpecialKind::Socket)) => 0o140_000,
        (_, None) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entity, object};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::Kind;

    fn entry() -> FileEntry<'static> {
        FileEntry {
            directory: b"/etc/",
            name: b"motd",
            size_bytes: 2,
            mode: 0o100_644,
            mtime: 0,
            device: 0,
            // Of `hi`.
            digest: b"8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4",
            digest_algorithm: 8,
            link_target: b"",
            user: b"root",
            group: b"root",
            flags: flags::CONFIG,
            verify_flags: u64::from(u32::MAX),
            capabilities: b"",
            state: Some(0),
        }
    }

    fn package() -> Package {
        Package::test("motd")
    }

    fn results(host: &MemoryHost, without: &[&str], entry: &FileEntry<'_>) -> Vec<(Field, String)> {
        let mut object = object(Kind::RpmVerifyFile, vec![entity(Field::Filepath, "/etc/motd")]);
        object.behaviors.without = without.iter().map(|word| (*word).into()).collect();
        let (names, package) = (Names::read(host), package());
        let (host, go_on): (&dyn Host, _) = (host, || false);
        let files = Files::new(host, &go_on);
        let verified = Verified::new(&files, &object, &names, &package, entry, entry.path());
        COMPARISONS
            .iter()
            .map(|(field, behavior, bit)| (*field, verified.result(*field, behavior, *bit).to_owned()))
            .collect()
    }

    fn failed(host: &MemoryHost, entry: &FileEntry<'_>) -> Vec<Field> {
        results(host, &[], entry).into_iter().filter(|(_, result)| result == "fail").map(|(field, _)| field).collect()
    }

    fn accounts() -> MemoryHost {
        MemoryHost::new().file("etc/passwd", "root:x:0:0::/:/bin/sh\n").file("etc/group", "root:x:0:\n")
    }

    #[test]
    fn each_attribute_is_compared() {
        assert_eq!(failed(&accounts().file("etc/motd", "hi"), &entry()), []);
        assert_eq!(failed(&accounts().file("etc/motd", "ho"), &entry()), [Field::Md5Differs]);
        assert_eq!(failed(&accounts().file("etc/motd", "hi!"), &entry()), [Field::SizeDiffers, Field::Md5Differs]);
        let owned = accounts().file("etc/motd", "hi").owned("etc/motd", 0o600, 7, 8).touched("etc/motd", 5);
        let expected = [Field::ModeDiffers, Field::OwnershipDiffers, Field::GroupDiffers, Field::MtimeDiffers];
        assert_eq!(failed(&owned, &entry()), expected);
        assert_eq!(failed(&accounts().directory("etc/motd", 0o644, 0, 0), &entry()), [Field::ModeDiffers]);
        // Missing, or never installed.
        assert_eq!(failed(&accounts(), &entry()), []);
        assert_eq!(failed(&owned, &FileEntry { state: Some(2), ..entry() }), []);
        let capable = accounts().file("etc/motd", "hi").attributed("etc/motd", "security.capability", b"x");
        assert_eq!(failed(&capable, &entry()), [Field::CapabilitiesDiffer]);
    }

    #[test]
    fn ghosts_links_and_behaviours_are_let_off() {
        let ghost = FileEntry { flags: flags::GHOST, mode: 0o644, ..entry() };
        assert_eq!(failed(&accounts().file("etc/motd", "other"), &ghost), []);
        let link = FileEntry { mode: 0o120_777, link_target: b"issue", digest: b"", ..entry() };
        assert_eq!(failed(&accounts().link("etc/motd", "issue"), &link), []);
        assert_eq!(failed(&accounts().link("etc/motd", "other"), &link), [Field::LinkMismatch]);
        let changed = accounts().file("etc/motd", "ho");
        let digest = results(&changed, &["nomd5"], &entry()).remove(2);
        assert_eq!(digest, (Field::Md5Differs, "not performed".to_owned()));
        let old = FileEntry { digest_algorithm: 1, ..entry() };
        assert_eq!(failed(&changed, &old), []);
    }
}
