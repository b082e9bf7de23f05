//! The content of text files, kept while a profile is judged: a thousand objects ask for some
//! fifty files.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use crate::host::{ByteLimit, FileKind, Host, ReadError};

/// The largest file that is searched.
pub(super) const FILE_LIMIT: ByteLimit = ByteLimit::mib(64);
/// Bytes that are kept in all; what does not fit is read again.
const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// One file that is kept; a log is read for each object that asks for it.
const KEPT_FILE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What reading a file gave.
#[derive(Debug, Clone)]
pub(super) enum Text {
    /// Its text up to the first NUL, where the reference stops.
    Read(Rc<str>),
    /// Nothing to be read: no such file, or a device, FIFO, socket, directory.
    None,
    /// It is there and cannot be read; why.
    Failed(Rc<str>),
}

/// Reads files and keeps them.
pub(super) struct Texts<'h> {
    host: &'h dyn Host,
    kept: RefCell<HashMap<String, Text>>,
    kept_bytes: Cell<usize>,
}

impl<'h> Texts<'h> {
    pub(super) fn new(host: &'h dyn Host) -> Self {
        Self { host, kept: RefCell::default(), kept_bytes: Cell::new(0) }
    }

    /// The content of a file, links followed; `path` as [`Host`] wants it.
    pub(super) fn get(&self, path: &str) -> Text {
        if let Some(text) = self.kept.borrow().get(path) {
            return text.clone();
        }
        let text = self.read(path);
        let bytes = match &text {
            Text::Read(bytes) => bytes.len(),
            Text::None | Text::Failed(_) => 0,
        };
        // A name of its own costs too.
        let all = self.kept_bytes.get().saturating_add(bytes).saturating_add(path.len()).saturating_add(64);
        if bytes <= KEPT_FILE_BYTES_MAX && all <= KEPT_BYTES_MAX {
            self.kept_bytes.set(all);
            self.kept.borrow_mut().insert(path.to_owned(), text.clone());
        }
        text
    }

    fn read(&self, path: &str) -> Text {
        match self.host.metadata(path) {
            Ok(Some(metadata)) if metadata.kind == FileKind::File => {}
            // Also a link that leads nowhere or in circles.
            Ok(_) | Err(ReadError::BadLink { .. }) => return Text::None,
            Err(error) => return failed(&error),
        }
        match self.host.read(path, FILE_LIMIT) {
            Ok(Some(bytes)) => {
                let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                // A pattern cannot be tried on bytes that are no text, whether it would match or not.
                match std::str::from_utf8(bytes.get(..end).unwrap_or_default()) {
                    Ok(text) => Text::Read(Rc::from(text)),
                    Err(_) => Text::Failed(Rc::from(format!("`/{path}` is not UTF-8"))),
                }
            }
            Ok(None) => Text::None,
            Err(error) => failed(&error),
        }
    }
}

fn failed(error: &ReadError) -> Text {
    Text::Failed(Rc::from(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryHost;

    #[test]
    fn a_text_ends_at_its_first_nul() {
        let host = MemoryHost::new().file("a", "one\0two").denied("b").directory("c", 0o755, 0, 0).link("d", "d");
        let texts = Texts::new(&host);
        assert!(matches!(texts.get("a"), Text::Read(bytes) if &*bytes == "one"));
        assert!(matches!(texts.get("a"), Text::Read(bytes) if &*bytes == "one"));
        assert!(matches!(texts.get("b"), Text::Failed(reason) if reason.contains("permission denied")));
        assert!(matches!(texts.get("c"), Text::None));
        assert!(matches!(texts.get("d"), Text::None));
        assert!(matches!(texts.get("e"), Text::None));
        let host = MemoryHost::new().file("latin", b"caf\xe9");
        assert!(matches!(Texts::new(&host).get("latin"), Text::Failed(reason) if reason.contains("UTF-8")));
    }

    #[test]
    fn a_large_file_is_not_kept() {
        let host = MemoryHost::new().file("log", vec![b'x'; KEPT_FILE_BYTES_MAX + 1]);
        let texts = Texts::new(&host);
        assert!(matches!(texts.get("log"), Text::Read(_)));
        assert_eq!(texts.kept_bytes.get(), 0);
    }
}
