//! Licence expressions (SPDX, and the older slash): may we take what is offered?

/// Tells whether an expression can be satisfied with the allowed licences alone.
///
/// What cannot be read is not allowed.
pub(super) fn allowed(expression: &str, licences: &[&str]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, licences };
    reader.either() == Some(true) && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
    licences: &'a [&'a str],
}

impl<'a> Reader<'a> {
    /// `OR` binds less than `AND`.
    fn either(&mut self) -> Option<bool> {
        let mut satisfied = self.both()?;
        while self.take_if("OR") {
            satisfied |= self.both()?;
        }
        Some(satisfied)
    }

    fn both(&mut self) -> Option<bool> {
        let mut satisfied = self.one()?;
        while self.take_if("AND") {
            satisfied &= self.one()?;
        }
        Some(satisfied)
    }

    fn one(&mut self) -> Option<bool> {
        let word = self.take()?;
        if word == "(" {
            let inner = self.either()?;
            return self.take_if(")").then_some(inner);
        }
        if self.take_if("WITH") {
            let whole = format!("{word} WITH {}", self.take()?);
            return Some(self.licences.contains(&whole.as_str()));
        }
        Some(self.licences.contains(&word))
    }

    fn take(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn take_if(&mut self, word: &str) -> bool {
        let taken = self.words.first() == Some(&word);
        if taken {
            self.take();
        }
        taken
    }
}

#[test]
fn expressions_are_satisfied_as_spdx_says() {
    let licences = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"];
    let check = |expression: &str| allowed(expression, &licences);
    assert!(check("MIT"));
    assert!(check("GPL-3.0-only OR MIT"));
    assert!(check("GPL-3.0-only/MIT"));
    assert!(check("ISC AND (MIT OR BSL-1.0)"));
    assert!(check("Apache-2.0 WITH LLVM-exception"));
    assert!(!check("ISC AND GPL-3.0-only"));
    assert!(!check("GPL-3.0-only AND ISC OR Zlib"));
    assert!(!check("Apache-2.0"), "the exception is part of what is allowed");
    assert!(!check(""), "no licence at all");
    assert!(!check("(MIT"), "cannot be read");
    assert!(!check("MIT MIT"), "cannot be read");
}
