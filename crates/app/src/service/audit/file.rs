//! Files of the form `{"Records":[…]}`, gzip, as CloudTrail writes them.
//!
//! Between the brackets stand the records' own bytes as they were hashed, so that the chain can be
//! computed from a file alone.

use std::fmt;
use std::io::{self, BufReader, Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use yagura_identity::audit::{FileDigest, RECORD_BYTES_MAX};

/// Bytes that a file of records has when it is unpacked. It is more than [`super::rotate`] writes.
pub(super) const UNPACKED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Writes a file of records, one after the other.
pub(super) struct RecordsWriter<W: Write> {
    gzip: GzEncoder<W>,
    records: u64,
}

impl<W: Write> RecordsWriter<W> {
    /// Begins a file.
    pub(super) fn new(out: W) -> io::Result<Self> {
        let mut gzip = GzEncoder::new(out, Compression::default());
        gzip.write_all(br#"{"Records":["#)?;
        Ok(Self { gzip, records: 0 })
    }

    /// Adds a record.
    pub(super) fn push(&mut self, record: &str) -> io::Result<()> {
        if self.records > 0 {
            self.gzip.write_all(b",")?;
        }
        self.records += 1;
        self.gzip.write_all(record.as_bytes())
    }

    /// How many were added.
    pub(super) const fn records(&self) -> u64 {
        self.records
    }

    /// Ends the file.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.gzip.write_all(b"]}")?;
        self.gzip.finish()
    }
}

/// Reads a file record by record, and returns the SHA-256 of its bytes. A visit that fails ends
/// the reading.
///
/// # Errors
/// When the file is damaged, another form, or larger than any that was written.
pub(super) fn read_records(
    file: impl Read,
    visit: &mut dyn FnMut(&str) -> Result<(), String>,
) -> Result<String, io::Error> {
    let mut hashing = Hashing { inner: file, digest: FileDigest::default() };
    let unpacked = GzDecoder::new(BufReader::new(&mut hashing)).take(UNPACKED_BYTES_MAX);
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(unpacked));
    json.deserialize_map(File { visit }).map_err(io::Error::other)?;
    json.end().map_err(io::Error::other)?;
    // Whatever stands behind belongs to the file's hash all the same.
    io::copy(&mut hashing, &mut io::sink())?;
    Ok(hashing.digest.finish())
}

struct Hashing<R> {
    inner: R,
    digest: FileDigest,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.digest.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

struct File<'v> {
    visit: &'v mut dyn FnMut(&str) -> Result<(), String>,
}

impl<'de> Visitor<'de> for File<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `Records`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "Records" && !found {
                found = true;
                map.next_value_seed(Records { visit: &mut *self.visit })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if found { Ok(()) } else { Err(A::Error::missing_field("Records")) }
    }
}

struct Records<'v> {
    visit: &'v mut dyn FnMut(&str) -> Result<(), String>,
}

impl<'de> DeserializeSeed<'de> for Records<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Records<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(record) = list.next_element::<Box<RawValue>>()? {
            if record.get().len() > RECORD_BYTES_MAX {
                return Err(A::Error::custom("a record has more bytes than any that was written"));
            }
            (self.visit)(record.get()).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(records: &[&str]) -> Vec<u8> {
        let mut writer = RecordsWriter::new(Vec::new()).unwrap();
        for record in records {
            writer.push(record).unwrap();
        }
        writer.finish().unwrap()
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    }

    fn read(file: &[u8]) -> io::Result<Vec<String>> {
        let mut records = Vec::new();
        read_records(file, &mut |record| {
            records.push(record.to_owned());
            Ok(())
        })?;
        Ok(records)
    }

    #[test]
    fn records_keep_their_bytes() {
        let records = [r#"{"b":1.50,"a":"\u00e9é"}"#, "{}", r#"{"list":[1, 2]}"#];
        let file = packed(&records);
        assert_eq!(read(&file).unwrap(), records);
        assert_eq!(read(&packed(&[])).unwrap(), Vec::<String>::new());
        let digest = read_records(file.as_slice(), &mut |_| Ok(())).unwrap();
        assert_eq!(digest, yagura_wire::sha256_hex(&file));
    }

    #[test]
    fn damaged_files_are_an_error_and_not_a_short_list() {
        let file = packed(&["{}", "{}"]);
        for cut in 0..file.len() {
            assert!(read(&file[..cut]).is_err(), "{cut}");
        }
        for text in ["", "[]", "{}", r#"{"Records":{}}"#, r#"{"Records":[{}}"#, r#"{"Records":[{}]} x"#] {
            assert!(read(&gzip(text.as_bytes())).is_err(), "{text}");
        }
        let long = format!(r#"{{"Records":["{}"]}}"#, "x".repeat(RECORD_BYTES_MAX));
        assert!(read(&gzip(long.as_bytes())).is_err());
        let bomb = format!(r#"{{"Records":["{}"]}}"#, " ".repeat(usize::try_from(UNPACKED_BYTES_MAX).unwrap()));
        assert!(read(&gzip(bomb.as_bytes())).is_err());
    }

    #[test]
    fn a_visit_that_fails_ends_the_reading() {
        let mut seen = 0;
        let outcome = read_records(packed(&["1", "2", "3"]).as_slice(), &mut |_| {
            seen += 1;
            if seen == 2 { Err("enough".to_owned()) } else { Ok(()) }
        });
        assert!(outcome.unwrap_err().to_string().contains("enough"));
        assert_eq!(seen, 2);
    }
}
