//! Writes small databases for tests, as rpm would.

use super::Tag;

/// Writes a header.
#[derive(Default, Clone)]
pub(crate) struct HeaderWriter {
    index: Vec<u8>,
    store: Vec<u8>,
    entries: u32,
}

impl HeaderWriter {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The tags that every package has.
    pub(crate) fn package(name: &str, version: &str, release: &str, architecture: &str) -> Self {
        Self::new()
            .text(Tag::NAME, name)
            .text(Tag::VERSION, version)
            .text(Tag::RELEASE, release)
            .text(Tag::ARCH, architecture)
    }

    fn entry(mut self, tag: Tag, kind: u32, align: usize, count: usize, bytes: &[u8]) -> Self {
        while !self.store.len().is_multiple_of(align) {
            self.store.push(0);
        }
        let words = [tag.0, kind, u32::try_from(self.store.len()).unwrap(), u32::try_from(count).unwrap()];
        self.index.extend(words.map(u32::to_be_bytes).concat());
        self.store.extend(bytes);
        self.entries += 1;
        self
    }

    pub(crate) fn text(self, tag: Tag, text: &str) -> Self {
        self.entry(tag, 6, 1, 1, &[text.as_bytes(), &[0]].concat())
    }

    pub(crate) fn texts(self, tag: Tag, texts: &[&str]) -> Self {
        let bytes: Vec<u8> = texts.iter().flat_map(|text| [text.as_bytes(), &[0]].concat()).collect();
        self.entry(tag, 8, 1, texts.len(), &bytes)
    }

    pub(crate) fn number(self, tag: Tag, number: u32) -> Self {
        self.numbers(tag, &[number])
    }

    pub(crate) fn numbers(self, tag: Tag, numbers: &[u32]) -> Self {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        self.entry(tag, 4, 4, numbers.len(), &bytes)
    }

    pub(crate) fn numbers16(self, tag: Tag, numbers: &[u16]) -> Self {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        self.entry(tag, 3, 2, numbers.len(), &bytes)
    }

    pub(crate) fn binary(self, tag: Tag, bytes: &[u8]) -> Self {
        self.entry(tag, 7, 1, bytes.len(), bytes)
    }

    /// Signed by this key: 16 hexadecimal digits.
    pub(crate) fn signed(self, key: &str) -> Self {
        self.binary(Tag::RSAHEADER, &signature_v4(key))
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let store_bytes = u32::try_from(self.store.len()).unwrap();
        [&self.entries.to_be_bytes()[..], &store_bytes.to_be_bytes(), &self.index, &self.store].concat()
    }
}

/// An OpenPGP signature of version 4 with its issuer in the part that is not hashed.
pub(crate) fn signature_v4(key: &str) -> Vec<u8> {
    let id: Vec<u8> = (0..8).map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap()).collect();
    let created = [5, 2, 1, 2, 3, 4];
    let mut body = vec![4, 0, 1, 8, 0, 6];
    body.extend(created);
    body.extend([0, 10, 9, 16]);
    body.extend(id);
    body.extend([0xab, 0xcd, 0, 1, 1]);
    [&[0x89, 0, u8::try_from(body.len()).unwrap()][..], &body].concat()
}

/// Writes a `Packages.db`.
pub(crate) fn ndb(blobs: &[Vec<u8>]) -> Vec<u8> {
    let mut file = [&b"RpmP"[..], &0_u32.to_le_bytes(), &7_u32.to_le_bytes(), &1_u32.to_le_bytes()].concat();
    file.extend((u32::try_from(blobs.len()).unwrap() + 1).to_le_bytes());
    file.resize(32, 0);
    let mut block = 256_u32;
    let mut data = Vec::new();
    for (number, blob) in (1_u32..).zip(blobs) {
        let len = u32::try_from(blob.len()).unwrap();
        let blocks = (16 + len + 12).div_ceil(16);
        file.extend([&b"Slot"[..], &number.to_le_bytes(), &block.to_le_bytes(), &blocks.to_le_bytes()].concat());
        let mut stored = [&b"BlbS"[..], &number.to_le_bytes(), &1_u32.to_le_bytes(), &len.to_le_bytes(), blob].concat();
        stored.resize(usize::try_from(blocks).unwrap() * 16 - 12, 0);
        let (mut a, mut b) = (1_u32, 0_u32);
        for byte in &stored {
            a = (a + u32::from(*byte)) % 65_521;
            b = (b + a) % 65_521;
        }
        stored.extend([&((b << 16) | a).to_le_bytes()[..], &len.to_le_bytes(), b"BlbE"].concat());
        data.extend(stored);
        block += blocks;
    }
    while file.len() < 4096 {
        file.extend([&b"Slot"[..], &[0; 12]].concat());
    }
    file.extend(data);
    file
}

/// Writes a Berkeley DB hash with pages of 512 bytes, in either byte order. The odd headers go to
/// the second bucket; headers that do not fit go to overflow pages.
pub(crate) fn bdb(blobs: &[Vec<u8>], is_big: bool) -> Vec<u8> {
    const PAGE: usize = 512;
    let b16 = |number: usize| {
        let number = u16::try_from(number).unwrap();
        if is_big { number.to_be_bytes() } else { number.to_le_bytes() }
    };
    let b32 = |number: usize| {
        let number = u32::try_from(number).unwrap();
        if is_big { number.to_be_bytes() } else { number.to_le_bytes() }
    };
    let page_header = |number: usize, next: usize, items: usize, free: usize, kind: u8| {
        let mut page = vec![0; PAGE];
        page[8..12].copy_from_slice(&b32(number));
        page[16..20].copy_from_slice(&b32(next));
        page[20..22].copy_from_slice(&b16(items));
        page[22..24].copy_from_slice(&b16(free));
        page[25] = kind;
        page
    };
    // Page 0 is the meta page, 1 and 2 the buckets.
    let mut pages: Vec<Vec<u8>> = vec![vec![0; PAGE]; 3];
    let mut buckets: [Vec<(Vec<u8>, Vec<u8>)>; 2] = [vec![(b32(0).to_vec(), b32(blobs.len()).to_vec())], Vec::new()];
    for (number, blob) in (1_usize..).zip(blobs) {
        let value = if blob.len() <= PAGE / 4 {
            [&[1], blob.as_slice()].concat()
        } else {
            let item = [&[3, 0, 0, 0], &b32(pages.len())[..], &b32(blob.len())].concat();
            let chunks: Vec<&[u8]> = blob.chunks(PAGE - 26).collect();
            for (at, chunk) in chunks.iter().enumerate() {
                let (here, is_last) = (pages.len(), at + 1 == chunks.len());
                let mut page = page_header(here, if is_last { 0 } else { here + 1 }, 1, chunk.len(), 7);
                page[26..26 + chunk.len()].copy_from_slice(chunk);
                pages.push(page);
            }
            item
        };
        buckets[number % 2].push((b32(number).to_vec(), value));
    }
    for (bucket, pairs) in buckets.iter().enumerate() {
        let mut here = bucket + 1;
        let mut pairs = pairs.as_slice();
        loop {
            // As many as fit.
            let (mut count, mut bytes) = (0, 26);
            for (key, value) in pairs {
                bytes += key.len() + 1 + value.len() + 4;
                if bytes > PAGE {
                    break;
                }
                count += 1;
            }
            let (now, later) = pairs.split_at(count);
            let next = if later.is_empty() { 0 } else { pages.len() };
            let mut page = page_header(here, next, 2 * now.len(), 0, 13);
            let mut end = PAGE;
            let items = now.iter().flat_map(|(key, value)| [[&[1], key.as_slice()].concat(), value.clone()]);
            for (at, item) in items.enumerate() {
                page[end - item.len()..end].copy_from_slice(&item);
                end -= item.len();
                page[26 + 2 * at..28 + 2 * at].copy_from_slice(&b16(end));
            }
            pages[here] = page;
            if later.is_empty() {
                break;
            }
            (here, pairs) = (next, later);
            pages.push(Vec::new());
        }
    }
    let last = pages.len() - 1;
    let meta = &mut pages[0];
    for (at, number) in
        [(12, 0x0006_1561), (16, 9), (20, PAGE), (32, last), (72, 1), (76, 1), (80, 0), (96, 1), (100, 1)]
    {
        meta[at..at + 4].copy_from_slice(&b32(number));
    }
    meta[25] = 8;
    pages.concat()
}
