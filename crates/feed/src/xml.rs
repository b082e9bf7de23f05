//! XML read as a stream of borrowed tokens, for documents too large for a tree.
//!
//! Elements are told by their local names, so prefixes do not matter. Entities other than the
//! five of XML and numbered characters stay as they are written; a document type, which could
//! define some, is refused. A document ends where its root ends: one that is cut is an error.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::catalogue::{Entry, ParseError};

/// How deep elements may lie in each other. Updateinfo has 7 levels, OVAL about 20.
pub(crate) const DEPTH_MAX: usize = 128;

/// A document that is read token by token.
pub(crate) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    entry: &'a str,
    format: &'static str,
    depth: usize,
    rooted: bool,
}

/// One step of the reading.
#[derive(Debug)]
pub(crate) enum Token<'a> {
    /// An element begins; an empty one is closed by the next token.
    Open(Element<'a>),
    /// The innermost open element ends.
    Close,
    /// Text between tags; one text may come in several pieces.
    Text(Cow<'a, str>),
    /// The document ends.
    End,
}

/// The start of an element.
#[derive(Debug)]
pub(crate) struct Element<'a>(BytesStart<'a>);

impl Element<'_> {
    /// Returns the name without its prefix.
    pub(crate) fn name(&self) -> &[u8] {
        self.0.local_name().into_inner()
    }

    /// Returns the value of an attribute, its entities resolved; `None` where it is absent or
    /// cannot be read.
    pub(crate) fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut attributes = self.0.attributes();
        let found = attributes.with_checks(false).flatten().find(|found| found.key.as_ref() == name.as_bytes())?;
        let raw = match found.value {
            Cow::Borrowed(bytes) => Cow::Borrowed(str::from_utf8(bytes).ok()?),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8(bytes).ok()?),
        };
        if !raw.contains('&') {
            return Some(raw);
        }
        quick_xml::escape::unescape(&raw).ok().map(|text| Cow::Owned(text.into_owned()))
    }
}

impl<'a> Xml<'a> {
    /// Begins to read an entry; `format` says in errors what it should be.
    pub(crate) fn new(entry: &Entry<'a>, format: &'static str) -> Self {
        let mut reader = Reader::from_reader(entry.bytes);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Self { reader, entry: entry.name, format, depth: 0, rooted: false }
    }

    /// Returns the next token.
    ///
    /// # Errors
    /// The document is not well-formed, is cut, or lies deeper than [`DEPTH_MAX`].
    pub(crate) fn next(&mut self) -> Result<Token<'a>, ParseError> {
        loop {
            let event = self.reader.read_event();
            let event = event.map_err(|error| self.malformed(self.reader.error_position(), error.to_string()))?;
            return Ok(match event {
                Event::Start(start) => {
                    self.open()?;
                    Token::Open(Element(start))
                }
                // Empty elements come as two tokens.
                Event::Empty(_) => continue,
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Token::Close
                }
                Event::Text(text) => {
                    let text = text.decode().map_err(|error| self.here(error.to_string()))?;
                    // What stands beside the root is white space in a sound document.
                    if self.depth == 0 {
                        if text.trim_matches(['\u{feff}', ' ', '\n', '\r', '\t']).is_empty() {
                            continue;
                        }
                        return Err(self.here("text outside of the root element".to_owned()));
                    }
                    Token::Text(text)
                }
                Event::CData(text) => Token::Text(text.decode().map_err(|error| self.here(error.to_string()))?),
                Event::GeneralRef(reference) => Token::Text(self.resolve(&reference)?),
                // A name and an address define nothing, and nobody follows the address.
                Event::DocType(kind) if !kind.contains(&b'[') => continue,
                Event::DocType(_) => return Err(self.here("a document type is not allowed".to_owned())),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => continue,
                Event::Eof if self.depth > 0 || !self.rooted => return Err(self.here("it ends early".to_owned())),
                Event::Eof => Token::End,
            });
        }
    }

    /// Returns the text of the element that was opened last, up to `bytes_max` bytes and without
    /// the rest, and passes its end. Elements in it are passed with their text.
    pub(crate) fn text(&mut self, bytes_max: usize) -> Result<String, ParseError> {
        let outside = self.depth.saturating_sub(1);
        let mut whole = String::new();
        while self.depth > outside {
            match self.next()? {
                Token::Text(piece) if whole.len() < bytes_max => {
                    let room = piece.floor_char_boundary(bytes_max - whole.len());
                    whole.push_str(piece.get(..room).unwrap_or_default());
                }
                Token::End => break,
                Token::Open(_) | Token::Close | Token::Text(_) => {}
            }
        }
        Ok(whole)
    }

    /// Passes the element that was opened last, with all that lies in it.
    pub(crate) fn skip(&mut self) -> Result<(), ParseError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if let Token::End = self.next()? {
                break;
            }
        }
        Ok(())
    }

    /// Says that the document, at the place that was reached, is not what it should be.
    pub(crate) fn here(&self, why: String) -> ParseError {
        self.malformed(self.reader.buffer_position(), why)
    }

    /// Says that there is more of something than is read.
    pub(crate) fn too_many(&self, what: &'static str, limit: usize) -> ParseError {
        let limit = limit.try_into().unwrap_or(u64::MAX);
        ParseError::TooMany { entry: self.entry.to_owned(), what, limit }
    }

    fn open(&mut self) -> Result<(), ParseError> {
        if self.depth == 0 && std::mem::replace(&mut self.rooted, true) {
            return Err(self.here("a second root element".to_owned()));
        }
        if self.depth == DEPTH_MAX {
            return Err(self.too_many("levels of elements", DEPTH_MAX));
        }
        self.depth += 1;
        Ok(())
    }

    fn resolve(&self, reference: &BytesRef<'a>) -> Result<Cow<'a, str>, ParseError> {
        let known = reference.resolve_char_ref().map_err(|error| self.here(error.to_string()))?;
        if let Some(c) = known {
            return Ok(Cow::Owned(c.to_string()));
        }
        let name = reference.decode().map_err(|error| self.here(error.to_string()))?;
        Ok(match &*name {
            "amp" => Cow::Borrowed("&"),
            "lt" => Cow::Borrowed("<"),
            "gt" => Cow::Borrowed(">"),
            "quot" => Cow::Borrowed("\""),
            "apos" => Cow::Borrowed("'"),
            other => Cow::Owned(format!("&{other};")),
        })
    }

    fn malformed(&self, position: u64, why: String) -> ParseError {
        let at = format!(" at byte {position}");
        ParseError::Malformed { entry: self.entry.to_owned(), format: self.format, at, why }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Renders all tokens, one line each.
    fn tokens(text: &str) -> Result<String, String> {
        let entry = Entry { document: "d", name: "t", bytes: text.as_bytes() };
        let mut xml = Xml::new(&entry, "test XML");
        let mut lines = String::new();
        loop {
            lines += &match xml.next().map_err(|error| error.to_string())? {
                Token::Open(element) => {
                    let a = element.attribute("a").map(|value| format!(" a={value}")).unwrap_or_default();
                    format!("<{}{a}\n", String::from_utf8_lossy(element.name()))
                }
                Token::Close => ">\n".to_owned(),
                Token::Text(text) => format!("{text:?}\n"),
                Token::End => return Ok(lines),
            };
        }
    }

    #[test]
    fn tokens_come_in_order_with_entities_resolved() {
        let text = "<?xml version=\"1.0\"?>\n<!-- c --><r xmlns:p=\"u\"><p:e a=\"1 &amp; &#50;\"/>x &lt;&#x41;&nbsp;<![CDATA[<y>]]></r>\n";
        insta::assert_snapshot!(tokens(text).unwrap(), @r#"
        <r
        <e a=1 & 2
        >
        "x "
        "<"
        "A"
        "&nbsp;"
        "<y>"
        >
        "#);
    }

    #[test]
    fn texts_are_cut_and_elements_skipped() {
        let bytes = "<r><t>aé<b>c</b>d</t><s><t>x</t></s><t>last</t></r>".as_bytes();
        let mut xml = Xml::new(&Entry { document: "d", name: "t", bytes }, "test XML");
        let mut open = || match xml.next().unwrap() {
            Token::Open(element) => element.name().to_vec(),
            other => panic!("{other:?}"),
        };
        assert_eq!((open(), open()), (b"r".to_vec(), b"t".to_vec()));
        assert_eq!(xml.text(2).unwrap(), "ac", "a cut falls between characters");
        assert!(matches!(xml.next().unwrap(), Token::Open(_)));
        xml.skip().unwrap();
        assert!(matches!(xml.next().unwrap(), Token::Open(_)));
        assert_eq!(xml.text(100).unwrap(), "last");
        assert!(matches!(xml.next().unwrap(), Token::Close));
        assert!(matches!(xml.next().unwrap(), Token::End));
    }

    #[test]
    fn what_is_not_one_whole_document_is_refused() {
        let whole = "<r><a/><b>t</b></r>";
        for cut in 0..whole.len() {
            assert!(tokens(&whole[..cut]).is_err(), "cut at {cut}");
        }
        for (wrong, why) in [
            ("<!DOCTYPE r [<!ENTITY x \"y\">]><r>&x;</r>", "a document type is not allowed"),
            ("<r/><r/>", "a second root element"),
            ("<r/>text", "text outside of the root element"),
            ("<r><a></r>", "expected `</a>`"),
            ("", "it ends early"),
        ] {
            let error = tokens(wrong).unwrap_err();
            assert!(error.contains(why), "{wrong}: {error}");
        }
        let deep = "<a>".repeat(DEPTH_MAX + 1);
        assert_eq!(tokens(&deep).unwrap_err(), "`t` has more than 128 levels of elements");
        let fits = format!("{}{}", "<a>".repeat(DEPTH_MAX), "</a>".repeat(DEPTH_MAX));
        assert!(tokens(&fits).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(<r>|</r>|<r a='|'/>|&amp;|&#|;|<!|\\[CDATA\\[|\\]\\]>|-->|<\\?|\\PC){0,30}") {
            let _ = tokens(&text);
        }
    }
}
