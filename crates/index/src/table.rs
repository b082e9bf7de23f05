//! Open-addressed hash tables of record indices, written once and probed in place.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};
use zerocopy::little_endian::U32;

use crate::layout::NONE;

/// The most neighbouring slots that one look-up reads. The builder keeps every key within it;
/// a damaged or hostile table costs no more.
pub(crate) const PROBES_MAX: usize = 1_024;

/// Hashes the key of a group.
pub(crate) fn group_hash(release: &str, package: &str) -> u64 {
    xxh3_64_with_seed(package.as_bytes(), xxh3_64(release.as_bytes()))
}

/// Hashes the key of a name.
pub(crate) fn name_hash(id: &str) -> u64 {
    xxh3_64(id.as_bytes())
}

/// Returns the upper half of a hash, which a group keeps beside its strings.
pub(crate) fn tag(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or_default()
}

/// Finds the index under `hash` that `is_it` accepts.
pub(crate) fn find<T>(slots: &[U32], hash: u64, mut is_it: impl FnMut(u32) -> Option<T>) -> Option<T> {
    let home = home(hash, slots.len());
    let (before, after) = slots.split_at_checked(home)?;
    for slot in after.iter().chain(before).take(PROBES_MAX) {
        match slot.get() {
            NONE => return None,
            index => {
                if let Some(found) = is_it(index) {
                    return Some(found);
                }
            }
        }
    }
    None
}

/// Lays out a table of the indices `0..hashes.len()`; `None` when too many hashes fall together
/// for any reasonable size.
///
/// `room` is how many slots an entry gets at first, in halves: 3 means one and a half.
pub(crate) fn lay_out(hashes: &[u64], room: usize) -> Option<Vec<u32>> {
    let smallest = hashes.len().checked_mul(room)?.div_ceil(2).checked_add(1)?;
    // Honest hashes fit at once; a little more room settles an unlucky run.
    [1, 2, 4].into_iter().find_map(|factor| fill(hashes, smallest.checked_mul(factor)?))
}

fn fill(hashes: &[u64], size: usize) -> Option<Vec<u32>> {
    let mut slots = vec![NONE; size];
    for (index, &hash) in hashes.iter().enumerate() {
        let index = u32::try_from(index).ok()?;
        let home = home(hash, size);
        let (before, after) = slots.split_at_mut_checked(home)?;
        *after.iter_mut().chain(before).take(PROBES_MAX).find(|slot| **slot == NONE)? = index;
    }
    Some(slots)
}

/// Maps a hash onto `0..size` by its upper bits, without a division.
fn home(hash: u64, size: usize) -> usize {
    let size = u128::try_from(size).unwrap_or_default();
    usize::try_from((u128::from(hash) * size) >> 64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(hashes: &[u64], room: usize) -> Vec<U32> {
        lay_out(hashes, room).unwrap().into_iter().map(U32::new).collect()
    }

    #[test]
    fn finds_each_and_no_other() {
        let hashes: Vec<u64> = (0..1_000).map(|n| name_hash(&format!("CVE-2026-{n}"))).collect();
        let slots = slots(&hashes, 3);
        for (index, &hash) in hashes.iter().enumerate() {
            let index = u32::try_from(index).unwrap();
            assert_eq!(find(&slots, hash, |candidate| (candidate == index).then_some(candidate)), Some(index));
        }
        assert_eq!(find(&slots, name_hash("CVE-2026-1000"), |_| None::<u32>), None);
        assert_eq!(find(&[], 7, |_| Some(1)), None);
    }

    #[test]
    fn equal_hashes_fit_up_to_the_bound() {
        assert!(lay_out(&[u64::MAX; PROBES_MAX], 3).is_some());
        assert!(lay_out(&[u64::MAX; PROBES_MAX + 1], 3).is_none());
    }

    #[test]
    fn a_full_table_ends_the_search_at_the_bound() {
        let full = vec![U32::new(0); PROBES_MAX * 4];
        let mut probes = 0;
        assert_eq!(
            find(&full, 1, |_| {
                probes += 1;
                None::<()>
            }),
            None
        );
        assert_eq!(probes, PROBES_MAX);
    }
}
