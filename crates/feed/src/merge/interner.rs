//! Every string once.
//!
//! The feeds repeat a few hundred thousand strings millions of times: package names, ids,
//! versions, notes. A row of symbols has 40 bytes, a row of strings 400.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::{Full, STRINGS_MAX};

/// Stands for a string of one [`Interner`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sym(NonZeroU32);

impl Sym {
    /// Returns the place in a table with one entry for each string.
    fn place(self) -> usize {
        usize::try_from(self.0.get() - 1).unwrap_or(usize::MAX)
    }
}

/// The strings.
#[derive(Debug)]
pub(crate) struct Interner {
    symbols: HashMap<Arc<str>, Sym>,
    texts: Vec<Arc<str>>,
    limit: usize,
}

impl Default for Interner {
    fn default() -> Self {
        Self::with_limit(STRINGS_MAX)
    }
}

impl Interner {
    fn with_limit(limit: usize) -> Self {
        Self { symbols: HashMap::new(), texts: Vec::new(), limit }
    }

    /// Returns the symbol of `text`.
    pub(crate) fn intern(&mut self, text: &str) -> Result<Sym, Full> {
        if let Some(known) = self.symbols.get(text) {
            return Ok(*known);
        }
        let full = Full { what: "distinct strings", limit: self.limit };
        if self.texts.len() >= self.limit {
            return Err(full);
        }
        let number = u32::try_from(self.texts.len() + 1).ok().and_then(NonZeroU32::new).ok_or(full)?;
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.symbols.insert(text, Sym(number));
        Ok(Sym(number))
    }

    /// Returns the string of a symbol of this interner.
    pub(crate) fn text(&self, symbol: Sym) -> &str {
        self.texts.get(symbol.place()).map_or("", |text| text)
    }

    /// Numbers the strings in alphabetical order, so that rows are sorted by comparing numbers.
    pub(super) fn order(&self) -> Order {
        let mut sorted: Vec<usize> = (0..self.texts.len()).collect();
        sorted.sort_unstable_by_key(|&place| self.texts.get(place));
        let mut order = vec![0; self.texts.len()];
        for (number, place) in (0_u32..).zip(sorted) {
            if let Some(slot) = order.get_mut(place) {
                *slot = number;
            }
        }
        Order(order)
    }
}

/// The alphabetical order of an interner's strings.
#[derive(Debug)]
pub(super) struct Order(Vec<u32>);

impl Order {
    pub(super) fn of(&self, symbol: Sym) -> u32 {
        self.0.get(symbol.place()).copied().unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_share_a_symbol_and_order_is_alphabetical() {
        let mut strings = Interner::default();
        let [b, a, b_again] = ["b", "a", "b"].map(|text| strings.intern(text).unwrap());
        assert_eq!(b, b_again);
        assert_eq!((strings.text(a), strings.text(b)), ("a", "b"));
        let order = strings.order();
        assert!(order.of(a) < order.of(b));
    }

    #[test]
    fn the_bound_refuses_new_strings_only() {
        let mut strings = Interner::with_limit(1);
        let first = strings.intern("first").unwrap();
        assert_eq!(strings.intern("second"), Err(Full { what: "distinct strings", limit: 1 }));
        assert_eq!(strings.intern("first"), Ok(first));
    }
}
