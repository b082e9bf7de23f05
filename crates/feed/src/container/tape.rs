//! Members of a tar.
//!
//! The archive is walked raw: the `tar` crate would read a long name or a pax record of any
//! length into memory. A GNU long name is taken up to its bound, pax records are passed over,
//! because a member's name only serves messages.

use std::io::{self, Read};

use tar::EntryType;

use super::{ContainerError, Limits, MEMBER_NAME_BYTES_MAX, Origin, Tally, Visit, show};
use crate::catalogue::Entry;

/// A tar counts in blocks of this many bytes and ends with blocks of zeros.
const BLOCK_BYTES: u64 = 512;
const FORMAT: &str = "tar archive";
/// One more than a name may have, and the zero byte that ends it.
const NAME_READ_MAX: u64 = 4096 + 2;

/// Tells a tar by the magic in its first header; both POSIX's and GNU's begin so.
pub(super) fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

pub(super) fn read(
    stream: &mut dyn Read,
    origin: Origin<'_>,
    limits: Limits,
    visit: &mut Visit<'_>,
) -> Result<Tally, ContainerError> {
    let mut archive = tar::Archive::new(EndWatch { inner: stream, zeros: 0 });
    let trouble = |source| origin.trouble(FORMAT, source, limits);
    let mut tally = Tally { entries: 0, archive: true };
    let mut members = 0;
    let mut long_name: Option<Vec<u8>> = None;
    let mut bytes = Vec::new();
    for member in archive.entries().map_err(trouble)?.raw(true) {
        let mut member = member.map_err(trouble)?;
        match member.header().entry_type() {
            EntryType::GNULongName => {
                let mut name = Vec::new();
                member.by_ref().take(NAME_READ_MAX).read_to_end(&mut name).map_err(trouble)?;
                // GNU tar ends the name with a zero byte.
                if name.last() == Some(&0) {
                    name.pop();
                }
                if name.len() > MEMBER_NAME_BYTES_MAX {
                    return Err(ContainerError::NameTooLong { name: origin.file.to_owned() });
                }
                long_name = Some(name);
                continue;
            }
            EntryType::XHeader | EntryType::XGlobalHeader | EntryType::GNULongLink => continue,
            _ => {}
        }
        members += 1;
        if members > limits.members_max {
            return Err(ContainerError::TooManyMembers { name: origin.file.to_owned(), limit: limits.members_max });
        }
        let given_name = long_name.take().unwrap_or_else(|| member.path_bytes().into_owned());
        // Folders and links have nothing to read; a sparse file is no document.
        if !matches!(member.header().entry_type(), EntryType::Regular | EntryType::Continuous) {
            continue;
        }
        let name = String::from_utf8_lossy(&given_name);
        if member.size() > limits.member_bytes_max {
            return Err(ContainerError::TooLarge { name: name.into_owned(), limit: limits.member_bytes_max });
        }
        bytes.clear();
        member.read_to_end(&mut bytes).map_err(trouble)?;
        if u64::try_from(bytes.len()) != Ok(member.size()) {
            return Err(trouble(io::ErrorKind::UnexpectedEof.into()));
        }
        show(&Entry { document: origin.document, name: &name, bytes: &bytes }, visit)?;
        tally.entries += 1;
    }
    let mut rest = archive.into_inner();
    if rest.zeros < BLOCK_BYTES {
        return Err(trouble(io::ErrorKind::UnexpectedEof.into()));
    }
    // The packing's own checksum stands at its very end.
    io::copy(&mut rest, &mut io::sink()).map_err(trouble)?;
    Ok(tally)
}

/// Remembers how many zero bytes came last: a tar that was cut between two members looks whole
/// but for the blocks of zeros at its end.
struct EndWatch<R> {
    inner: R,
    zeros: u64,
}

impl<R: Read> Read for EndWatch<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let fresh = buffer.get(..count).unwrap_or_default();
        let trailing = fresh.iter().rev().take_while(|byte| **byte == 0).count();
        let before = if trailing == count { self.zeros } else { 0 };
        self.zeros = before.saturating_add(u64::try_from(trailing).unwrap_or(u64::MAX));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{LIMITS, unpack};
    use super::*;

    fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len().try_into().unwrap());
            header.set_mode(0o644);
            builder.append_data(&mut header, name, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn members_are_shown_in_order_and_folders_passed_over() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut folder = tar::Header::new_gnu();
        folder.set_entry_type(EntryType::Directory);
        folder.set_size(0);
        builder.append_data(&mut folder, "osv/", &b""[..]).unwrap();
        let mut archive = builder.into_inner().unwrap();
        archive.truncate(512);
        archive.extend(tar_of(&[("osv/b.json", b"{}"), ("osv/a.json", b"[]")]));
        let packed = zstd::encode_all(&archive[..], 3).unwrap();
        for bytes in [archive, packed] {
            let entries = unpack(&bytes, LIMITS).unwrap();
            assert_eq!(entries, [("osv/b.json".to_owned(), b"{}".to_vec()), ("osv/a.json".to_owned(), b"[]".to_vec())]);
        }
    }

    #[test]
    fn a_name_may_be_long_but_not_endless() {
        let longest = "n".repeat(MEMBER_NAME_BYTES_MAX);
        assert_eq!(unpack(&tar_of(&[(&longest, b"x")]), LIMITS).unwrap()[0].0, longest);
        let endless = "n".repeat(MEMBER_NAME_BYTES_MAX + 1);
        let error = unpack(&tar_of(&[(&endless, b"x")]), LIMITS).unwrap_err();
        assert_eq!(error, "`list-1.txt.gz` has a member with a name of more than 4096 bytes");
    }

    #[test]
    fn a_tar_cut_anywhere_is_refused() {
        let whole = tar_of(&[("a", &[b'x'; 700]), ("b", b"y")]);
        // In a member, between two members, and before the zeros at the end.
        for length in [900, 512 + 1024, 512 + 1024 + 1024] {
            let error = unpack(&whole[..length], LIMITS).unwrap_err();
            assert_eq!(error, "`list-1.txt.gz` is not a whole tar archive", "cut at {length}");
        }
    }

    #[test]
    fn every_bound_is_reached() {
        let large = vec![b'x'; 8 * 1024];
        assert!(unpack(&tar_of(&[("a", &large)]), LIMITS).is_ok());
        let larger = vec![b'x'; 8 * 1024 + 1];
        assert_eq!(
            unpack(&tar_of(&[("a", &larger)]), LIMITS).unwrap_err(),
            "`a` has more than 8192 bytes when unpacked"
        );
        let many: Vec<(&str, &[u8])> = vec![("a", b"x"); 17];
        assert!(unpack(&tar_of(&many[..16]), LIMITS).is_ok());
        assert_eq!(unpack(&tar_of(&many), LIMITS).unwrap_err(), "`list-1.txt.gz` has more than 16 members");
        let bomb: Vec<(&str, &[u8])> = vec![("a", &large); 8];
        let packed = zstd::encode_all(&tar_of(&bomb)[..], 3).unwrap();
        assert_eq!(unpack(&packed, LIMITS).unwrap_err(), "`list-1.txt.gz` has more than 65536 bytes when unpacked");
    }

    #[test]
    fn a_size_that_lies_is_refused() {
        let mut archive = tar_of(&[("a", b"x")]);
        archive.truncate(512);
        archive.extend([0; 1024]);
        let mut header = tar::Header::new_gnu();
        header.set_path("a").unwrap();
        header.set_size(4096);
        header.set_cksum();
        archive.splice(..512, header.as_bytes().iter().copied());
        assert_eq!(unpack(&archive, LIMITS).unwrap_err(), "`list-1.txt.gz` is not a whole tar archive");
    }
}
