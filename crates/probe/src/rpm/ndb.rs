//! The NDB file `Packages.db`, rpm's own format, which SLE 15 and openSUSE use.
//!
//! It begins with pages of slots; each slot in use names a package, and where its blob lies and
//! how many blocks it has. The blob stands between a head and a tail with a checksum. Numbers are
//! little-endian on every machine.

use crate::paged::{Fault, Flow, Outcome, Window, damaged, le_u32, size};

use super::{BLOB_BYTES_MAX, BlobVisitor, RECORDS_MAX};

const PAGE_BYTES: usize = 4096;
const SLOT_BYTES: usize = 16;
const BLOCK_BYTES: usize = 16;
/// The file's header takes the place of the first two slots.
const HEADER_BYTES: usize = 2 * SLOT_BYTES;
const HEAD_BYTES: usize = 16;
const TAIL_BYTES: usize = 12;

const FILE_MAGIC: &[u8] = b"RpmP";
const SLOT_MAGIC: &[u8] = b"Slot";
const HEAD_MAGIC: &[u8] = b"BlbS";
const TAIL_MAGIC: &[u8] = b"BlbE";

struct Slot {
    number: u32,
    block: u32,
    blocks: u32,
}

/// Hands over each header with its number.
pub(super) fn visit(window: &mut Window, visitor: &mut BlobVisitor<'_>) -> Outcome<()> {
    let (generation, slots) = read_slots(window)?;
    let mut blob = Vec::new();
    for slot in &slots {
        read_blob(window, slot, &mut blob)?;
        if visitor(slot.number, &blob)? == Flow::Stop {
            return Ok(());
        }
    }
    // The window may still show what was read at first.
    let mut now = [0; 4];
    window.fresh(8, &mut now)?;
    match u32::from_le_bytes(now) == generation {
        true => Ok(()),
        false => damaged("it was written to while it was read"),
    }
}

/// Reads the generation, which grows with each change, and the slots in use, by their place.
fn read_slots(window: &mut Window) -> Outcome<(u32, Vec<Slot>)> {
    let blocks_all = window.size_bytes() / u64::try_from(BLOCK_BYTES).unwrap_or(1);
    let header = window.at(0, HEADER_BYTES)?;
    let number = |at| le_u32(header, at).unwrap_or(0);
    let (version, generation, slot_pages) = (number(4), number(8), number(12));
    if !header.starts_with(FILE_MAGIC) {
        return damaged("it is no rpm package database");
    }
    if version != 0 {
        return damaged(format!("version {version} of rpm's package database is not known"));
    }
    let first_block = u64::from(slot_pages) * u64::try_from(PAGE_BYTES / BLOCK_BYTES).unwrap_or(1);
    if slot_pages == 0 || first_block > blocks_all {
        return damaged(format!("it cannot have {slot_pages} pages of slots"));
    }
    let mut slots = Vec::new();
    for page_number in 0..slot_pages {
        let page = window.at(u64::from(page_number) * u64::try_from(PAGE_BYTES).unwrap_or(1), PAGE_BYTES)?;
        let skipped = if page_number == 0 { HEADER_BYTES / SLOT_BYTES } else { 0 };
        for slot in page.chunks_exact(SLOT_BYTES).skip(skipped) {
            let number = |at| le_u32(slot, at).unwrap_or(0);
            if !slot.starts_with(SLOT_MAGIC) {
                return damaged("a slot is missing");
            }
            let slot = Slot { number: number(4), block: number(8), blocks: number(12) };
            if slot.block == 0 {
                continue;
            }
            let end = u64::from(slot.block) + u64::from(slot.blocks);
            if slot.number == 0 || slot.blocks == 0 || u64::from(slot.block) < first_block || end > blocks_all {
                return damaged(format!("the slot of header {} is outside of the file", slot.number));
            }
            if slots.len() == RECORDS_MAX {
                return Err(Fault::TooManyRecords(RECORDS_MAX));
            }
            slots.push(slot);
        }
    }
    slots.sort_by_key(|slot| slot.block);
    let overlap = slots.windows(2).find(|pair| {
        matches!(pair, [first, second] if u64::from(first.block) + u64::from(first.blocks) > u64::from(second.block))
    });
    match overlap {
        None => Ok((generation, slots)),
        Some(_) => damaged("two headers lie in the same place"),
    }
}

fn read_blob(window: &mut Window, slot: &Slot, blob: &mut Vec<u8>) -> Outcome<()> {
    let bytes = size(slot.blocks).saturating_mul(BLOCK_BYTES);
    if !(HEAD_BYTES + TAIL_BYTES..=BLOB_BYTES_MAX).contains(&bytes) {
        return damaged(format!("header {} cannot have {bytes} bytes", slot.number));
    }
    let offset = u64::from(slot.block) * u64::try_from(BLOCK_BYTES).unwrap_or(1);
    let stored = window.at(offset, bytes)?;
    let (checked, tail) = stored.split_at(bytes - TAIL_BYTES);
    let len = size(le_u32(checked, 12).unwrap_or(u32::MAX));
    let blocks = HEAD_BYTES.saturating_add(len).saturating_add(TAIL_BYTES).div_ceil(BLOCK_BYTES);
    let is_whole = checked.starts_with(HEAD_MAGIC)
        && le_u32(checked, 4) == Some(slot.number)
        && blocks == size(slot.blocks)
        && tail.ends_with(TAIL_MAGIC)
        && tail.get(4..8) == checked.get(12..16)
        && le_u32(tail, 0) == Some(adler32(checked));
    let Some(data) = checked.get(HEAD_BYTES..HEAD_BYTES.saturating_add(len)).filter(|_| is_whole) else {
        return damaged(format!("header {} is not what its checksum says", slot.number));
    };
    blob.clear();
    blob.extend_from_slice(data);
    Ok(())
}

/// RFC 1950's checksum. The sums of a strip are taken at once, so that the compiler can use vectors.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    const STRIP: usize = 32;
    /// So many bytes cannot overflow the sums; a multiple of the strip.
    const RUN_BYTES: usize = 5536;
    let (mut a, mut b) = (1_u32, 0_u32);
    for run in bytes.chunks(RUN_BYTES) {
        let (strips, rest) = run.as_chunks::<STRIP>();
        for strip in strips {
            let (mut sum, mut weighted) = (0_u32, 0_u32);
            for (byte, weight) in strip.iter().zip((1..=32_u32).rev()) {
                sum += u32::from(*byte);
                weighted += weight * u32::from(*byte);
            }
            b += 32 * a + weighted;
            a += sum;
        }
        for byte in rest {
            a += u32::from(*byte);
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
    }
    (b << 16) | a
}
