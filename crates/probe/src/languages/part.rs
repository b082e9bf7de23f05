//! Reads parts of files.

use crate::host::{ByteLimit, Host, OpenFile, ReadError};

/// Programs and archives; the largest are installers of a few GiB.
pub(super) const FILE_LIMIT: ByteLimit = ByteLimit::mib(16 * 1024);
/// Manifests of which only the first lines count.
const TEXT_LIMIT: ByteLimit = ByteLimit::mib(64);

/// Reads `length` bytes from `offset` on, fewer where the file ends before.
pub(super) fn part(file: &dyn OpenFile, offset: u64, length: usize) -> Result<Vec<u8>, ReadError> {
    let rest = usize::try_from(file.size_bytes().saturating_sub(offset)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length.min(rest)];
    if !bytes.is_empty() {
        file.read_at(offset, &mut bytes)?;
    }
    Ok(bytes)
}

/// Reads the begin of a text; `None` when there is no such file.
pub(super) fn head(host: &dyn Host, path: &str, length: usize) -> Result<Option<Vec<u8>>, ReadError> {
    host.open_file(path, TEXT_LIMIT)?.map(|file| part(&*file, 0, length)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    #[test]
    fn a_part_ends_with_its_file() {
        let host = MemoryHost::new().file("a", "0123456789");
        let file = host.open_file("a", FILE_LIMIT).unwrap().unwrap();
        assert_eq!(part(&*file, 0, 4).unwrap(), b"0123");
        assert_eq!(part(&*file, 8, 4).unwrap(), b"89");
        assert_eq!(part(&*file, 10, 4).unwrap(), b"");
        assert_eq!(part(&*file, u64::MAX, usize::MAX).unwrap(), b"");
        assert_eq!(head(&host, "a", 3).unwrap().unwrap(), b"012");
        assert!(head(&host, "none", 3).unwrap().is_none());
    }
}
