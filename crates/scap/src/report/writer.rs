//! Writing XML: every text escaped, characters that XML does not have replaced.

use std::fmt;

/// Writes elements one inside the other.
pub(super) struct Writer<'w> {
    out: &'w mut dyn fmt::Write,
    open: Vec<&'static str>,
}

/// Names and values.
pub(super) type Attributes<'a> = &'a [(&'a str, &'a str)];

impl<'w> Writer<'w> {
    pub(super) fn new(out: &'w mut dyn fmt::Write) -> Self {
        Self { out, open: Vec::new() }
    }

    /// Opens an element.
    pub(super) fn open(&mut self, name: &'static str, attributes: Attributes<'_>) -> fmt::Result {
        self.tag(name, attributes)?;
        self.out.write_str(">\n")?;
        self.open.push(name);
        Ok(())
    }

    /// Closes the element that was opened last.
    pub(super) fn close(&mut self) -> fmt::Result {
        let Some(name) = self.open.pop() else { return Ok(()) };
        self.indent()?;
        writeln!(self.out, "</{name}>")
    }

    /// Writes an element without content.
    pub(super) fn empty(&mut self, name: &str, attributes: Attributes<'_>) -> fmt::Result {
        self.tag(name, attributes)?;
        self.out.write_str("/>\n")
    }

    /// Writes an element with a text.
    pub(super) fn text(&mut self, name: &str, attributes: Attributes<'_>, text: &str) -> fmt::Result {
        self.tag(name, attributes)?;
        self.out.write_char('>')?;
        escape(self.out, text)?;
        writeln!(self.out, "</{name}>")
    }

    /// Writes a document into the document, without its declaration.
    pub(super) fn raw(&mut self, document: &str) -> fmt::Result {
        let body = document.strip_prefix('\u{feff}').unwrap_or(document).trim_start();
        let body = match body.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) {
            Some((_, body)) => body,
            None => body,
        };
        self.out.write_str(body.trim())?;
        self.out.write_char('\n')
    }

    fn tag(&mut self, name: &str, attributes: Attributes<'_>) -> fmt::Result {
        self.indent()?;
        write!(self.out, "<{name}")?;
        for (name, value) in attributes {
            write!(self.out, " {name}=\"")?;
            escape(self.out, value)?;
            self.out.write_char('"')?;
        }
        Ok(())
    }

    fn indent(&mut self) -> fmt::Result {
        for _ in &self.open {
            self.out.write_str("  ")?;
        }
        Ok(())
    }
}

fn escape(out: &mut dyn fmt::Write, text: &str) -> fmt::Result {
    for character in text.chars() {
        match character {
            '&' => out.write_str("&amp;")?,
            '<' => out.write_str("&lt;")?,
            '>' => out.write_str("&gt;")?,
            '"' => out.write_str("&quot;")?,
            '\r' => out.write_str("&#xD;")?,
            '\n' | '\t' => out.write_char(character)?,
            // XML 1.0 has no other control characters and no noncharacters, not even escaped.
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => out.write_char('\u{fffd}')?,
            other => out.write_char(other)?,
        }
    }
    Ok(())
}
