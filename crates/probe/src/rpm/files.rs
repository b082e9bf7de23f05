//! The files of a package, as its header lists them.

use std::borrow::Cow;

use super::header::{Header, Numbers, Texts};
use super::tag::Tag;

/// The algorithm of rpm until 4.6, where the header names none.
const DIGEST_MD5: u64 = 1;

/// One file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry<'a> {
    /// Its folder, with slashes at both ends: `/usr/bin/`.
    pub directory: &'a [u8],
    /// The last part of its path.
    pub name: &'a [u8],
    /// In bytes.
    pub size_bytes: u64,
    /// Kind and permissions as in stat(2): `0o100755`.
    pub mode: u32,
    /// Seconds since 1970.
    pub mtime: u64,
    /// Major and minor number of a device file, as rpm keeps them (16 bits).
    pub device: u64,
    /// In hexadecimal digits; empty for what is no regular file.
    pub digest: &'a [u8],
    /// OpenPGP's number: 1 MD5, 2 SHA-1, 8 SHA-256, 10 SHA-512.
    pub digest_algorithm: u64,
    /// Of a symbolic link; else empty.
    pub link_target: &'a [u8],
    /// The owner's name.
    pub user: &'a [u8],
    /// The group's name.
    pub group: &'a [u8],
    /// See [`flags`].
    pub flags: u64,
    /// What `rpm --verify` compares, see [`verify`].
    pub verify_flags: u64,
    /// As cap_from_text(3) reads them; mostly empty.
    pub capabilities: &'a [u8],
    /// Whether it was installed; 0 is the ordinary case, `None` where the header does not say.
    pub state: Option<u64>,
}

/// Bits of [`FileEntry::flags`].
pub mod flags {
    /// A configuration file.
    pub const CONFIG: u64 = 1;
    /// Documentation.
    pub const DOC: u64 = 1 << 1;
    /// May be missing.
    pub const MISSING_OK: u64 = 1 << 3;
    /// A changed configuration file stays on upgrade.
    pub const NO_REPLACE: u64 = 1 << 4;
    /// Owned, though not in the package.
    pub const GHOST: u64 = 1 << 6;
    /// A licence.
    pub const LICENSE: u64 = 1 << 7;
    /// A README.
    pub const README: u64 = 1 << 8;
    /// Build-time metadata.
    pub const ARTIFACT: u64 = 1 << 12;
}

/// Bits of [`FileEntry::verify_flags`].
pub mod verify {
    /// The digest.
    pub const DIGEST: u64 = 1;
    /// The size.
    pub const SIZE: u64 = 1 << 1;
    /// The target of a link.
    pub const LINK_TARGET: u64 = 1 << 2;
    /// The owner.
    pub const USER: u64 = 1 << 3;
    /// The group.
    pub const GROUP: u64 = 1 << 4;
    /// The time.
    pub const MTIME: u64 = 1 << 5;
    /// Kind and permissions.
    pub const MODE: u64 = 1 << 6;
    /// The device numbers.
    pub const DEVICE: u64 = 1 << 7;
    /// The capabilities.
    pub const CAPABILITIES: u64 = 1 << 8;
}

impl FileEntry<'_> {
    /// Joins the path, bytes that are not UTF-8 replaced: `/usr/bin/bash`.
    pub fn path(&self) -> String {
        format!("{}{}", String::from_utf8_lossy(self.directory), String::from_utf8_lossy(self.name))
    }

    /// Returns the owner and the group.
    pub fn owner(&self) -> (Cow<'_, str>, Cow<'_, str>) {
        (String::from_utf8_lossy(self.user), String::from_utf8_lossy(self.group))
    }

    /// Tells whether rpm put the file on the disk: not left out (documentation, languages) and not
    /// replaced by another package's.
    pub fn is_installed(&self) -> bool {
        self.state.is_none_or(|state| state == 0)
    }
}

/// The files of a package, in the header's order.
#[derive(Debug, Clone)]
pub struct Files<'a> {
    directories: Vec<&'a [u8]>,
    directory_indexes: Numbers<'a>,
    names: Texts<'a>,
    has_whole_paths: bool,
    sizes: Numbers<'a>,
    modes: Numbers<'a>,
    mtimes: Numbers<'a>,
    devices: Numbers<'a>,
    digests: Texts<'a>,
    digest_algorithm: u64,
    link_targets: Texts<'a>,
    users: Texts<'a>,
    groups: Texts<'a>,
    flags: Numbers<'a>,
    verify_flags: Numbers<'a>,
    capabilities: Texts<'a>,
    states: Numbers<'a>,
}

impl<'a> Files<'a> {
    pub(super) fn of(header: &Header<'a>) -> Self {
        let has_whole_paths = !header.has(Tag::BASENAMES);
        let sizes = if header.has(Tag::LONGFILESIZES) { Tag::LONGFILESIZES } else { Tag::FILESIZES };
        Self {
            directories: header.texts(Tag::DIRNAMES).collect(),
            directory_indexes: header.numbers(Tag::DIRINDEXES),
            names: header.texts(if has_whole_paths { Tag::OLDFILENAMES } else { Tag::BASENAMES }),
            has_whole_paths,
            sizes: header.numbers(sizes),
            modes: header.numbers(Tag::FILEMODES),
            mtimes: header.numbers(Tag::FILEMTIMES),
            devices: header.numbers(Tag::FILERDEVS),
            digests: header.texts(Tag::FILEDIGESTS),
            digest_algorithm: header.integer(Tag::FILEDIGESTALGO).unwrap_or(DIGEST_MD5),
            link_targets: header.texts(Tag::FILELINKTOS),
            users: header.texts(Tag::FILEUSERNAME),
            groups: header.texts(Tag::FILEGROUPNAME),
            flags: header.numbers(Tag::FILEFLAGS),
            verify_flags: header.numbers(Tag::FILEVERIFYFLAGS),
            capabilities: header.texts(Tag::FILECAPS),
            states: header.numbers(Tag::FILESTATES),
        }
    }
}

impl<'a> Iterator for Files<'a> {
    type Item = FileEntry<'a>;

    /// A list that is shorter than that of the names has nothing to say of the last files.
    fn next(&mut self) -> Option<FileEntry<'a>> {
        let name = self.names.next()?;
        let (directory, name) = if self.has_whole_paths {
            let cut = name.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
            name.split_at_checked(cut)?
        } else {
            let index = self.directory_indexes.next().and_then(|index| usize::try_from(index).ok())?;
            (*self.directories.get(index)?, name)
        };
        let number = |numbers: &mut Numbers<'a>| numbers.next().unwrap_or(0);
        let text = |texts: &mut Texts<'a>| texts.next().unwrap_or_default();
        Some(FileEntry {
            directory,
            name,
            size_bytes: number(&mut self.sizes),
            mode: u32::try_from(number(&mut self.modes)).unwrap_or(0),
            mtime: number(&mut self.mtimes),
            device: number(&mut self.devices),
            digest: text(&mut self.digests),
            digest_algorithm: self.digest_algorithm,
            link_target: text(&mut self.link_targets),
            user: text(&mut self.users),
            group: text(&mut self.groups),
            flags: number(&mut self.flags),
            verify_flags: self.verify_flags.next().unwrap_or(u64::from(u32::MAX)),
            capabilities: text(&mut self.capabilities),
            state: self.states.next(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::HeaderWriter;
    use super::*;

    #[test]
    fn files_have_paths_and_attributes() {
        let blob = HeaderWriter::new()
            .texts(Tag::DIRNAMES, &["/usr/bin/", "/etc/"])
            .numbers(Tag::DIRINDEXES, &[1, 0, 9])
            .texts(Tag::BASENAMES, &["motd", "vi", "nowhere"])
            .numbers(Tag::FILESIZES, &[5, 3, 0])
            .numbers16(Tag::FILEMODES, &[0o100_644, 0o120_777, 0])
            .texts(Tag::FILEDIGESTS, &["ab12", "", ""])
            .number(Tag::FILEDIGESTALGO, 8)
            .texts(Tag::FILELINKTOS, &["", "vim", ""])
            .texts(Tag::FILEUSERNAME, &["root", "root", "root"])
            .numbers(Tag::FILEFLAGS, &[17, 0, 0])
            .build();
        let header = Header::parse(1, &blob).unwrap();
        let files: Vec<_> = header.files().collect();
        // The third one's folder does not exist.
        assert_eq!(files.iter().map(FileEntry::path).collect::<Vec<_>>(), ["/etc/motd", "/usr/bin/vi"]);
        let (motd, vi) = (&files[0], &files[1]);
        assert_eq!((motd.size_bytes, motd.mode, motd.digest, motd.digest_algorithm), (5, 0o100_644, &b"ab12"[..], 8));
        assert_eq!(motd.flags, flags::CONFIG | flags::NO_REPLACE);
        assert_eq!((vi.link_target, vi.owner().0.as_ref(), vi.is_installed()), (&b"vim"[..], "root", true));
    }

    #[test]
    fn old_headers_have_whole_paths() {
        let blob = HeaderWriter::new().texts(Tag::OLDFILENAMES, &["/bin/sh", "x"]).build();
        let header = Header::parse(1, &blob).unwrap();
        assert_eq!(header.files().map(|file| file.path()).collect::<Vec<_>>(), ["/bin/sh", "x"]);
        let files: Vec<_> = header.files().collect();
        assert_eq!((files[0].directory, files[0].name, files[0].digest_algorithm), (&b"/bin/"[..], &b"sh"[..], 1));
    }
}
