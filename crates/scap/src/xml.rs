//! Bounded XML: no DTD, no entities of a document's own, so many bytes, nodes and levels and no more.

use std::borrow::Cow;

use roxmltree::ParsingOptions;
pub(crate) use roxmltree::{Document, Node};

/// The most bytes of a document; the largest published data streams have about 40 MB.
pub const DOCUMENT_BYTES_MAX: usize = 256 << 20;

/// The most nodes of a document; a data stream of 29 MB has about 1.1 million.
const NODES_MAX: u32 = 16_000_000;

/// The deepest nesting of elements; content stays below 30.
pub const DEPTH_MAX: usize = 128;

/// Why a text is not XML that we read.
#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    /// It is too large.
    #[error("a document of {bytes} bytes is larger than {DOCUMENT_BYTES_MAX} bytes")]
    TooLarge {
        /// How large it is.
        bytes: usize,
    },
    /// It is not UTF-8.
    #[error("the document is not UTF-8")]
    Encoding(#[source] std::str::Utf8Error),
    /// It is nested too deeply.
    #[error("elements are nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// It is not well-formed, has a document type, or has too many nodes.
    #[error("the document is not XML that is read here")]
    Syntax(#[source] roxmltree::Error),
}

/// Reads bytes as text, a byte order mark left out.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, XmlError> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(XmlError::TooLarge { bytes: bytes.len() });
    }
    let text = std::str::from_utf8(bytes).map_err(XmlError::Encoding)?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Parses a document within the bounds.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, XmlError> {
    check_depth(text)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(XmlError::Syntax)
}

/// Counts open elements by their brackets, before a parser that may recurse sees them.
///
/// Comments and CDATA sections may hold brackets of their own; they are stepped over.
fn check_depth(text: &str) -> Result<(), XmlError> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut rest = bytes;
    while let Some(open) = rest.iter().position(|byte| *byte == b'<') {
        rest = rest.get(open + 1..).unwrap_or_default();
        let (end, change): (&[u8], isize) = match rest {
            [b'!', b'-', b'-', ..] => (b"-->", 0),
            [b'!', b'[', ..] => (b"]]>", 0),
            [b'?', ..] => (b"?>", 0),
            [b'/', ..] => (b">", -1),
            _ => (b">", 1),
        };
        let length = match end {
            [_] => tag_end(rest),
            _ => rest.windows(end.len()).position(|window| window == end),
        };
        // Not closed: the parser says so.
        let Some(length) = length else { return Ok(()) };
        let closes_itself = change == 1 && length > 0 && rest.get(length - 1) == Some(&b'/');
        if change == 1 && !closes_itself {
            depth += 1;
            if depth > DEPTH_MAX {
                return Err(XmlError::TooDeep);
            }
        } else if change == -1 {
            depth = depth.saturating_sub(1);
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// Where a tag ends: attribute values may hold a closing bracket.
fn tag_end(tag: &[u8]) -> Option<usize> {
    let mut quote = None;
    for (place, byte) in tag.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(place),
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    None
}

/// What the readers of content ask of an element.
pub(crate) trait Element<'a> {
    fn local(&self) -> &'a str;
    fn space(&self) -> &'a str;
    fn elements(&self) -> impl Iterator<Item = Node<'a, 'a>>;
    fn named(&self, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>>;
    fn first(&self, name: &'static str) -> Option<Node<'a, 'a>>;
    fn attr(&self, name: &'static str) -> Option<&'a str>;
    fn flag(&self, name: &'static str) -> bool;
    fn content(&self) -> Cow<'a, str>;
    fn prose(&self) -> String;
    fn is_nil(&self) -> bool;
}

impl<'a> Element<'a> for Node<'a, 'a> {
    fn local(&self) -> &'a str {
        self.tag_name().name()
    }

    fn space(&self) -> &'a str {
        self.tag_name().namespace().unwrap_or_default()
    }

    fn elements(&self) -> impl Iterator<Item = Node<'a, 'a>> {
        self.children().filter(Node::is_element)
    }

    fn named(&self, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
        self.elements().filter(move |child| child.local() == name)
    }

    fn first(&self, name: &'static str) -> Option<Node<'a, 'a>> {
        self.named(name).next()
    }

    fn attr(&self, name: &'static str) -> Option<&'a str> {
        self.attribute(name)
    }

    /// Whether an attribute is there and true.
    fn flag(&self, name: &'static str) -> bool {
        matches!(self.attribute(name), Some("true" | "1"))
    }

    /// The text directly inside, comments left out.
    fn content(&self) -> Cow<'a, str> {
        let mut texts = self.children().filter(Node::is_text).filter_map(|node| node.text());
        let Some(first) = texts.next() else { return Cow::Borrowed("") };
        match texts.next() {
            None => Cow::Borrowed(first),
            Some(second) => Cow::Owned([first, second].into_iter().chain(texts).collect()),
        }
    }

    /// All text below, its white space folded; for people.
    fn prose(&self) -> String {
        let mut prose = String::new();
        for text in self.descendants().filter(Node::is_text).filter_map(|node| node.text()) {
            for (place, word) in text.split_whitespace().enumerate() {
                if !prose.is_empty() && (place > 0 || text.starts_with(char::is_whitespace)) && !prose.ends_with(' ') {
                    prose.push(' ');
                }
                prose.push_str(word);
            }
            if text.ends_with(char::is_whitespace) && !prose.is_empty() && !prose.ends_with(' ') {
                prose.push(' ');
            }
        }
        prose.truncate(prose.trim_end().len());
        prose
    }

    fn is_nil(&self) -> bool {
        matches!(self.attribute(("http://www.w3.org/2001/XMLSchema-instance", "nil")), Some("true" | "1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_nesting_and_document_types_are_refused() {
        let deep = "<a>".repeat(DEPTH_MAX + 1) + &"</a>".repeat(DEPTH_MAX + 1);
        assert!(matches!(parse(&deep), Err(XmlError::TooDeep)));
        let fine = "<a>".repeat(DEPTH_MAX) + &"</a>".repeat(DEPTH_MAX);
        assert!(parse(&fine).is_ok());
        let bomb = r#"<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>"#;
        assert!(matches!(parse(bomb), Err(XmlError::Syntax(_))));
    }

    #[test]
    fn brackets_in_values_comments_and_sections_do_not_count() {
        let text = format!("<r a='<>'><!-- {0} --><![CDATA[ {0} ]]><b c=\"/>\"/></r>", "<x>".repeat(DEPTH_MAX + 1));
        // A `<` inside an attribute's value is no XML, and the parser says so.
        assert!(matches!(parse(&text), Err(XmlError::Syntax(_))));
        let text = text.replace("'<>'", "'>'");
        assert!(parse(&text).is_ok());
    }

    #[test]
    fn prose_folds_white_space() {
        let text = "<d>One <code>two</code>,\n   three.<br/> Four</d>";
        let document = parse(text).unwrap();
        assert_eq!(document.root_element().prose(), "One two, three. Four");
    }
}
