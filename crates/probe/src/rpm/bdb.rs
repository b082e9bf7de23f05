//! The Berkeley DB hash `Packages`, which rpm wrote until RHEL 8, Fedora 32 and SLE 12.
//!
//! The first page names the page size and the buckets; each bucket is a chain of pages of keys and
//! values in turn. A value that does not fit lies on a chain of overflow pages. Numbers have the
//! byte order of the machine that made the database.

use crate::paged::{Fault, Flow, Outcome, PageSet, Window, be_u16, be_u32, damaged, le_u16, le_u32, size};

use super::{BLOB_BYTES_MAX, BlobVisitor};

const META_BYTES: usize = 512;
const HASH_MAGIC: u32 = 0x0006_1561;
/// rpm brought its own Berkeley DB, from 3.x to 5.3.
const VERSIONS: std::ops::RangeInclusive<u32> = 8..=10;
/// Berkeley DB allows these sizes, powers of two.
const PAGE_BYTES: std::ops::RangeInclusive<u32> = 512..=65_536;
const SPARES: usize = 32;

const PAGE_HEADER_BYTES: usize = 26;
const PAGE_HASH_UNSORTED: u8 = 2;
const PAGE_OVERFLOW: u8 = 7;
const PAGE_HASH: u8 = 13;

const ITEM_HERE: u8 = 1;
const ITEM_OVERFLOW: u8 = 3;
const ITEM_OVERFLOW_BYTES: usize = 12;

/// In the database's byte order.
#[derive(Clone, Copy)]
struct Order {
    is_big: bool,
}

impl Order {
    fn u16(self, bytes: &[u8], at: usize) -> u16 {
        if self.is_big { be_u16(bytes, at) } else { le_u16(bytes, at) }.unwrap_or(0)
    }

    fn u32(self, bytes: &[u8], at: usize) -> u32 {
        if self.is_big { be_u32(bytes, at) } else { le_u32(bytes, at) }.unwrap_or(0)
    }
}

struct Meta {
    order: Order,
    page_bytes: u32,
    bucket_last: u32,
    /// How many pages stand before the buckets of each doubling.
    spares: [u32; SPARES],
}

impl Meta {
    fn read(window: &mut Window) -> Outcome<Self> {
        let bytes = window.at(0, META_BYTES)?;
        let order = match (le_u32(bytes, 12), be_u32(bytes, 12)) {
            (Some(HASH_MAGIC), _) => Order { is_big: false },
            (_, Some(HASH_MAGIC)) => Order { is_big: true },
            _ => return damaged("it is no Berkeley DB hash"),
        };
        let (version, page_bytes) = (order.u32(bytes, 16), order.u32(bytes, 20));
        if !VERSIONS.contains(&version) {
            return damaged(format!("version {version} of Berkeley DB's hash is not known"));
        }
        if !PAGE_BYTES.contains(&page_bytes) || !page_bytes.is_power_of_two() {
            return damaged(format!("its pages cannot have {page_bytes} bytes"));
        }
        // Encryption, and the flag for checksums, which change the layout of pages. rpm uses neither.
        if bytes.get(24).is_some_and(|algorithm| *algorithm != 0) || bytes.get(26).is_some_and(|flags| flags & 1 != 0) {
            return damaged("it is encrypted or has checksums, which rpm does not use");
        }
        let mut spares = [0; SPARES];
        for (at, spare) in spares.iter_mut().enumerate() {
            *spare = order.u32(bytes, 96 + 4 * at);
        }
        Ok(Self { order, page_bytes, bucket_last: order.u32(bytes, 72), spares })
    }

    /// Finds a bucket's first page.
    fn first_page(&self, bucket: u32) -> Outcome<u32> {
        let doubling = size(u32::BITS - bucket.leading_zeros());
        match self.spares.get(doubling).and_then(|spare| spare.checked_add(bucket)) {
            Some(page) => Ok(page),
            None => damaged(format!("bucket {bucket} has no page")),
        }
    }
}

struct Reader<'a> {
    window: &'a mut Window,
    meta: Meta,
    seen: PageSet,
}

impl Reader<'_> {
    /// Shows a page that was not seen before.
    fn page(&mut self, number: u32) -> Outcome<&[u8]> {
        if number == 0 {
            return damaged("it refers to its first page as to a part of a value");
        }
        self.seen.note(number)?;
        let offset = u64::from(number) * u64::from(self.meta.page_bytes);
        let page = self.window.at(offset, size(self.meta.page_bytes))?;
        if self.meta.order.u32(page, 8) != number {
            return damaged(format!("page {number} calls itself {}", self.meta.order.u32(page, 8)));
        }
        Ok(page)
    }

    fn overflow(&mut self, item: &[u8], blob: &mut Vec<u8>) -> Outcome<()> {
        let order = self.meta.order;
        let (mut page_number, len) = (order.u32(item, 4), size(order.u32(item, 8)));
        if item.len() != ITEM_OVERFLOW_BYTES || len == 0 || len > BLOB_BYTES_MAX {
            return damaged(format!("a value of {len} bytes is not possible"));
        }
        while blob.len() < len {
            let page = self.page(page_number)?;
            let here = usize::from(order.u16(page, 22));
            let part = page.get(PAGE_HEADER_BYTES..PAGE_HEADER_BYTES.saturating_add(here));
            let part =
                part.filter(|part| kind(page) == PAGE_OVERFLOW && !part.is_empty() && part.len() <= len - blob.len());
            let Some(part) = part else {
                return damaged(format!("page {page_number} is not the part of a value that it should be"));
            };
            blob.extend_from_slice(part);
            page_number = order.u32(page, 16);
        }
        Ok(())
    }
}

fn kind(page: &[u8]) -> u8 {
    page.get(25).copied().unwrap_or(0)
}

/// Hands over each header with its number.
pub(super) fn visit(window: &mut Window, visitor: &mut BlobVisitor<'_>) -> Outcome<()> {
    let meta = Meta::read(window)?;
    let order = meta.order;
    let pages = window.size_bytes() / u64::from(meta.page_bytes);
    let bucket_last = meta.bucket_last;
    if u64::from(bucket_last) >= pages {
        return damaged(format!("it cannot have {bucket_last} buckets"));
    }
    let mut reader = Reader { window, meta, seen: PageSet::new(pages) };
    let (mut page, mut blob) = (Vec::new(), Vec::new());
    for bucket in 0..=bucket_last {
        let mut number = reader.meta.first_page(bucket)?;
        while number != 0 {
            page.clear();
            page.extend_from_slice(reader.page(number)?);
            if ![PAGE_HASH, PAGE_HASH_UNSORTED].contains(&kind(&page)) {
                return damaged(format!("page {number} is no page of a bucket"));
            }
            let items = Items::new(&page, order)?;
            for pair in 0..items.count / 2 {
                let (key, value) = (items.get(2 * pair)?, items.get(2 * pair + 1)?);
                let key = match key.split_first() {
                    Some((&ITEM_HERE, key)) if key.len() == 4 => order.u32(key, 0),
                    _ => return damaged(format!("page {number} has a key that is no number")),
                };
                // Under number 0 rpm keeps the number that it will give next.
                if key == 0 {
                    continue;
                }
                blob.clear();
                match value.split_first() {
                    Some((&ITEM_HERE, value)) => blob.extend_from_slice(value),
                    Some((&ITEM_OVERFLOW, _)) => reader.overflow(value, &mut blob)?,
                    _ => return damaged(format!("page {number} has a value of an unknown kind")),
                }
                if visitor(key, &blob)? == Flow::Stop {
                    return Ok(());
                }
            }
            number = order.u32(&page, 16);
        }
    }
    Ok(())
}

/// The keys and values of one page: an array of offsets after the page's header, the items from
/// the end of the page downwards.
struct Items<'a> {
    page: &'a [u8],
    order: Order,
    count: usize,
}

impl<'a> Items<'a> {
    fn new(page: &'a [u8], order: Order) -> Outcome<Self> {
        let count = usize::from(order.u16(page, 20));
        if count % 2 != 0 || PAGE_HEADER_BYTES + 2 * count > page.len() {
            return damaged(format!("a page cannot have {count} items"));
        }
        Ok(Self { page, order, count })
    }

    fn get(&self, index: usize) -> Outcome<&'a [u8]> {
        let offset = |index: usize| usize::from(self.order.u16(self.page, PAGE_HEADER_BYTES + 2 * index));
        let end = index.checked_sub(1).map_or(self.page.len(), offset);
        let begin = offset(index);
        let item = (begin >= PAGE_HEADER_BYTES + 2 * self.count).then(|| self.page.get(begin..end)).flatten();
        item.ok_or_else(|| Fault::Damaged(format!("item {index} of a page is outside of it")))
    }
}
