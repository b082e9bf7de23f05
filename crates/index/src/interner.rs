//! Collects strings and lists, each once, into the sections `strings` and `words`.

use std::collections::HashMap;

use crate::BuildError;
use crate::layout::NONE;

/// Collects strings and lists, each once, in the order of their first mention.
#[derive(Default)]
pub(crate) struct Interner {
    pool: Vec<u8>,
    offsets: HashMap<Box<str>, u32>,
    words: Vec<u32>,
    lists: HashMap<Vec<u32>, u32>,
}

impl Interner {
    /// Returns the offset of `text` in the pool.
    pub(crate) fn string(&mut self, text: &str) -> Result<u32, BuildError> {
        if let Some(&offset) = self.offsets.get(text) {
            return Ok(offset);
        }
        let offset = offset_below_none(self.pool.len(), "bytes of text")?;
        let mut length = u32::try_from(text.len()).map_err(|_| BuildError::TooMany { what: "bytes of text" })?;
        loop {
            let [low, ..] = length.to_le_bytes();
            length >>= 7;
            if length == 0 {
                self.pool.push(low & 0x7f);
                break;
            }
            self.pool.push(low | 0x80);
        }
        self.pool.extend_from_slice(text.as_bytes());
        self.offsets.insert(text.into(), offset);
        Ok(offset)
    }

    /// Returns the offset of `text`, or [`NONE`].
    pub(crate) fn optional(&mut self, text: Option<&str>) -> Result<u32, BuildError> {
        text.map_or(Ok(NONE), |text| self.string(text))
    }

    /// Returns the offset of a list of strings in the words; [`NONE`] for an empty one.
    pub(crate) fn strings<'t>(&mut self, texts: impl Iterator<Item = &'t str>) -> Result<u32, BuildError> {
        let items = texts.map(|text| self.string(text).map(|offset| [offset])).collect::<Result<Vec<_>, _>>()?;
        self.list(&items)
    }

    /// Returns the offset of a list of items of several words; [`NONE`] for an empty one.
    pub(crate) fn list<const N: usize>(&mut self, items: &[[u32; N]]) -> Result<u32, BuildError> {
        if items.is_empty() {
            return Ok(NONE);
        }
        let count = u32::try_from(items.len()).map_err(|_| BuildError::TooMany { what: "items in a list" })?;
        let mut list = Vec::with_capacity(1 + items.len() * N);
        list.push(count);
        list.extend(items.iter().flatten());
        if let Some(&offset) = self.lists.get(&list) {
            return Ok(offset);
        }
        let offset = offset_below_none(self.words.len(), "words of lists")?;
        self.words.extend_from_slice(&list);
        self.lists.insert(list, offset);
        Ok(offset)
    }

    /// Returns the pool of strings and the words.
    pub(crate) fn finish(self) -> (Vec<u8>, Vec<u32>) {
        (self.pool, self.words)
    }
}

/// Takes a length as the offset of what comes next.
fn offset_below_none(length: usize, what: &'static str) -> Result<u32, BuildError> {
    match u32::try_from(length) {
        Ok(offset) if offset < NONE => Ok(offset),
        _ => Err(BuildError::TooMany { what }),
    }
}

#[cfg(test)]
mod tests {
    use zerocopy::little_endian::U32;

    use super::*;
    use crate::layout;

    #[test]
    fn each_string_and_list_is_kept_once() {
        let mut interner = Interner::default();
        let long = "x".repeat(20_000);
        let first = interner.string("openssl").unwrap();
        let second = interner.string(&long).unwrap();
        assert_eq!(interner.string("openssl").unwrap(), first);
        let list = interner.strings(["openssl", "openssl"].into_iter()).unwrap();
        assert_eq!(interner.strings(["openssl", "openssl"].into_iter()).unwrap(), list);
        assert_eq!(interner.strings(std::iter::empty()).unwrap(), NONE);
        let (pool, words) = interner.finish();
        assert_eq!(layout::string(&pool, first), Some("openssl"));
        assert_eq!(layout::string(&pool, second), Some(long.as_str()));
        let words: Vec<U32> = words.into_iter().map(U32::new).collect();
        assert_eq!(layout::list(&words, list, 1), [U32::new(first), U32::new(first)]);
    }

    #[test]
    fn an_offset_never_means_none() {
        assert!(offset_below_none(4_294_967_294, "bytes").is_ok());
        assert!(offset_below_none(4_294_967_295, "bytes").is_err());
    }
}
