//! Writes a PDF object by object, so that only its table of offsets stays in memory.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::{Chunk, Content, Filter, Ref, Settings, Stream};

use super::super::RunRenderError;

/// The largest offset that the table of a PDF can hold: ten digits.
const OFFSET_MAX: u64 = 9_999_999_999;

/// The most objects of a document: the limit that readers of PDF are known to keep.
const OBJECTS_MAX: usize = 8_388_607;

/// Compact objects: nobody edits them by hand.
const SETTINGS: Settings = Settings { pretty: false };

/// A PDF on its way out.
pub(super) struct PdfFile<'o> {
    out: &'o mut dyn Write,
    /// How many bytes have left.
    at: u64,
    /// Where each object begins, by number less one; 0 where it has not been written.
    offsets: Vec<u64>,
}

impl<'o> PdfFile<'o> {
    /// Begins the file.
    pub(super) fn begin(out: &'o mut dyn Write) -> Result<Self, RunRenderError> {
        let mut file = Self { out, at: 0, offsets: Vec::new() };
        // The second line tells programs that move files that this one is not text.
        file.bytes(b"%PDF-1.7\n%\xe6\xab\x93\xff\n")?;
        Ok(file)
    }

    /// Reserves the number of an object that will be written later.
    pub(super) fn reserve(&mut self) -> Result<Ref, RunRenderError> {
        if self.offsets.len() >= OBJECTS_MAX {
            return Err(RunRenderError::TooLarge);
        }
        self.offsets.push(0);
        let number = i32::try_from(self.offsets.len()).map_err(|_| RunRenderError::TooLarge)?;
        Ok(Ref::new(number))
    }

    /// Writes the one object that `build` makes under the reserved number `id`.
    pub(super) fn object(&mut self, id: Ref, build: impl FnOnce(&mut Chunk)) -> Result<(), RunRenderError> {
        let mut chunk = Chunk::with_settings(SETTINGS);
        build(&mut chunk);
        if self.at > OFFSET_MAX {
            return Err(RunRenderError::TooLarge);
        }
        let at = self.at;
        let place = usize::try_from(id.get()).ok().and_then(|number| number.checked_sub(1));
        if let Some(offset) = place.and_then(|place| self.offsets.get_mut(place)) {
            *offset = at;
        }
        self.bytes(chunk.as_bytes())
    }

    /// Writes a compressed stream; `more` adds to its dictionary.
    pub(super) fn stream(
        &mut self,
        id: Ref,
        bytes: &[u8],
        more: impl FnOnce(&mut Stream<'_>),
    ) -> Result<(), RunRenderError> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes)?;
        let bytes = encoder.finish()?;
        // Lengths are 32-bit numbers.
        if i32::try_from(bytes.len()).is_err() {
            return Err(RunRenderError::TooLarge);
        }
        self.object(id, |chunk| {
            let mut stream = chunk.stream(id, &bytes);
            stream.filter(Filter::FlateDecode);
            more(&mut stream);
        })
    }

    /// Writes the table of objects and the end.
    pub(super) fn end(mut self, catalog: Ref, info: Ref, id: &[u8; 16]) -> Result<(), RunRenderError> {
        let begin = self.at;
        let count = self.offsets.len().saturating_add(1);
        self.bytes(format!("xref\n0 {count}\n0000000000 65535 f\r\n").as_bytes())?;
        for offset in std::mem::take(&mut self.offsets) {
            // Every reserved object has been written; a free entry would be a null to readers.
            let line =
                if offset == 0 { "0000000000 00000 f\r\n".to_owned() } else { format!("{offset:010} 00000 n\r\n") };
            self.bytes(line.as_bytes())?;
        }
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let (catalog, info) = (catalog.get(), info.get());
        let trailer = format!(
            "trailer\n<</Size {count}/Root {catalog} 0 R/Info {info} 0 R/ID[<{id}><{id}>]>>\nstartxref\n{begin}\n%%EOF\n"
        );
        self.bytes(trailer.as_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), RunRenderError> {
        self.out.write_all(bytes)?;
        self.at = self.at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }
}

/// Begins the drawing of a page.
pub(super) fn content() -> Content {
    Content::with_settings(SETTINGS)
}
