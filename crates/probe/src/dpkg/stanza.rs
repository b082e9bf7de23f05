//! Reads the stanzas of a deb822(5) document: dpkg's status file, apt's package lists, Release files.
//!
//! Everything borrows from the document. Continuation lines are passed over, because no field
//! that we keep may have any.

/// The longest honest line is a `Provides:` or `Depends:` of some ten KiB.
pub(crate) const LINE_BYTES_MAX: usize = 1024 * 1024;
/// A record has some 25 fields.
pub(crate) const FIELDS_MAX: usize = 256;

/// One stanza. Reuse it for the next one.
#[derive(Debug, Default)]
pub(crate) struct Stanza<'a> {
    /// The line, from 1, on which it begins.
    pub(crate) line: u32,
    /// Its fields, in their order.
    pub(crate) fields: Vec<Field<'a>>,
    /// The first line that is neither field nor continuation; the rest was read.
    pub(crate) stray_line: Option<u32>,
    /// The first line that breaks a bound; the stanza cannot be trusted.
    pub(crate) overlong: Option<(u32, Overlong)>,
}

/// One field; names compare without regard to case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) line: u32,
    pub(crate) name: &'a str,
    /// The first line of the value, without the spaces around it.
    pub(crate) value: &'a str,
}

/// Which bound a stanza breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overlong {
    /// [`LINE_BYTES_MAX`]
    Line,
    /// [`FIELDS_MAX`]
    Fields,
}

/// Reads one stanza after the other.
#[derive(Debug)]
pub(crate) struct Stanzas<'a> {
    rest: &'a str,
    line: u32,
}

impl<'a> Stanzas<'a> {
    pub(crate) fn new(document: &'a str) -> Self {
        Self { rest: document, line: 0 }
    }

    /// Reads the next stanza into `stanza`; false at the end of the document.
    pub(crate) fn next_into(&mut self, stanza: &mut Stanza<'a>) -> bool {
        stanza.fields.clear();
        (stanza.stray_line, stanza.overlong) = (None, None);
        let mut begun = false;
        while let Some(line) = self.next_line() {
            if line.is_empty() {
                if begun {
                    return true;
                }
                continue;
            }
            if !begun {
                stanza.line = self.line;
                begun = true;
            }
            stanza.take_line(self.line, line);
        }
        begun
    }

    /// Counts the lines read so far.
    pub(crate) fn lines_read(&self) -> u32 {
        self.line
    }

    /// Returns the next line without its end, which may be that of Windows.
    fn next_line(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line = self.line.saturating_add(1);
        Some(line.strip_suffix('\r').unwrap_or(line))
    }
}

impl<'a> Stanza<'a> {
    fn take_line(&mut self, number: u32, line: &'a str) {
        if line.len() > LINE_BYTES_MAX {
            self.overlong.get_or_insert((number, Overlong::Line));
            return;
        }
        if line.starts_with([' ', '\t']) {
            return;
        }
        match line.split_once(':') {
            Some((name, value)) if is_field_name(name) => {
                if self.fields.len() == FIELDS_MAX {
                    self.overlong.get_or_insert((number, Overlong::Fields));
                    return;
                }
                self.fields.push(Field { line: number, name, value: value.trim_matches([' ', '\t']) });
            }
            _ => {
                self.stray_line.get_or_insert(number);
            }
        }
    }
}

/// Printable ASCII without space and colon, not beginning with `#` or `-`.
fn is_field_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(['#', '-']) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(document: &str) -> String {
        let (mut stanzas, mut stanza, mut out) = (Stanzas::new(document), Stanza::default(), String::new());
        while stanzas.next_into(&mut stanza) {
            out += &format!("stanza at {}", stanza.line);
            if let Some(line) = stanza.stray_line {
                out += &format!(", stray line {line}");
            }
            if let Some((line, bound)) = stanza.overlong {
                out += &format!(", overlong {bound:?} at {line}");
            }
            for field in &stanza.fields {
                out += &format!("\n  {}: {}={}", field.line, field.name, field.value);
            }
            out += "\n";
        }
        out
    }

    #[test]
    fn splits_stanzas_and_counts_lines() {
        let document = "\n\nA: 1\n folded\nB:2\r\n\r\n\n\nC:  3 \t\nnonsense\n#D: 4\nE: 5";
        insta::assert_snapshot!(rendered(document), @r"
        stanza at 3
          3: A=1
          5: B=2
        stanza at 9, stray line 10
          9: C=3
          12: E=5
        ");
    }

    #[test]
    fn a_line_of_spaces_continues_a_field() {
        // As to dpkg: a description with a blank line in it does not cut its record in two.
        insta::assert_snapshot!(rendered("A: 1\n \nB: 2\n"), @r"
        stanza at 1
          1: A=1
          3: B=2
        ");
    }

    #[test]
    fn bounds_hold() {
        let fits = format!("A: {}\n", "x".repeat(LINE_BYTES_MAX - 3));
        assert!(!rendered(&fits).contains("overlong"));
        let long = format!("B: 1\nA: {}\nC: 2\n", "x".repeat(LINE_BYTES_MAX - 2));
        insta::assert_snapshot!(rendered(&long), @r"
        stanza at 1, overlong Line at 2
          1: B=1
          3: C=2
        ");
        assert!(!rendered(&"A: 1\n".repeat(FIELDS_MAX)).contains("overlong"));
        assert!(rendered(&"A: 1\n".repeat(FIELDS_MAX + 1)).starts_with("stanza at 1, overlong Fields at 257"));
    }
}
