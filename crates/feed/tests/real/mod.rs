//! Unpacks a feed's real documents from the shared data, as a sync from a mirror would.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use yagura_feed::{Compiler, Entry, FeedSpec, Pick};

/// One entry of a document.
pub(crate) struct Unpacked {
    pub(crate) document: &'static str,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl Unpacked {
    pub(crate) fn entry(&self) -> Entry<'_> {
        Entry { document: self.document, name: &self.name, bytes: &self.bytes }
    }
}

/// Reads every document of `feed` below the mirror `base`.
pub(crate) fn unpack(base: &Path, feed: &FeedSpec) -> Vec<Unpacked> {
    let mut entries = Vec::new();
    for document in feed.documents {
        let mut files = matching(base, document.mirror);
        if document.pick == Pick::Newest {
            files = files.pop().into_iter().collect();
        }
        for (label, file) in files {
            let begin = entries.len();
            unpack_file(&file, document.name, &mut entries);
            // A document by itself is called by its place in the mirror.
            if let Some([entry]) = entries.get_mut(begin..) {
                entry.name = label;
            }
        }
    }
    entries
}

/// Begins `feed` in `compiler` and reads all of it; gives the number of entries.
pub(crate) fn compile_into(compiler: &mut Compiler, feed: &'static FeedSpec, entries: &[Unpacked], now: Timestamp) {
    compiler.begin(feed, now, "0".repeat(64));
    for entry in entries {
        compiler.entry(&entry.entry()).unwrap();
    }
}

/// Lists the files that fit a pattern, with what a sync would call them.
fn matching(base: &Path, pattern: &str) -> Vec<(String, PathBuf)> {
    let mut found = vec![(String::new(), base.to_owned())];
    let mut labelled = false;
    for part in pattern.split('/') {
        labelled |= part.contains('*');
        let (before, after) = part.split_once('*').unwrap_or((part, ""));
        let mut next = Vec::new();
        for (label, folder) in found {
            let Ok(listing) = std::fs::read_dir(&folder) else { continue };
            for entry in listing {
                let name = entry.unwrap().file_name().to_string_lossy().into_owned();
                let fits =
                    if part.contains('*') { name.starts_with(before) && name.ends_with(after) } else { name == part };
                if fits {
                    let label = if labelled { format!("{label}/{name}") } else { name.clone() };
                    next.push((label.trim_start_matches('/').to_owned(), folder.join(&name)));
                }
            }
        }
        found = next;
        if !labelled {
            found.iter_mut().for_each(|(label, _)| label.clear());
        }
    }
    for (label, path) in &mut found {
        if label.is_empty() {
            *label = path.file_name().unwrap().to_string_lossy().into_owned();
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no file matches `{pattern}`");
    found
}

pub(crate) fn unpack_file(file: &Path, document: &'static str, entries: &mut Vec<Unpacked>) {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let reader = BufReader::new(File::open(file).unwrap());
    let mut bytes = Vec::new();
    if name.ends_with(".tar.zst") {
        let mut decoder = zstd::stream::Decoder::new(reader).unwrap();
        decoder.window_log_max(27).unwrap();
        for member in tar::Archive::new(decoder).entries().unwrap() {
            let mut member = member.unwrap();
            if member.header().entry_type().is_file() {
                let name = member.path().unwrap().to_string_lossy().into_owned();
                let mut bytes = Vec::new();
                member.read_to_end(&mut bytes).unwrap();
                entries.push(Unpacked { document, name, bytes });
            }
        }
        return;
    }
    if name.ends_with(".zip") {
        let mut archive = zip::ZipArchive::new(reader).unwrap();
        for number in 0..archive.len() {
            let mut member = archive.by_index(number).unwrap();
            let name = member.name().to_owned();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            entries.push(Unpacked { document, name, bytes });
        }
        return;
    }
    if name.ends_with(".zst") {
        zstd::stream::Decoder::new(reader).unwrap().read_to_end(&mut bytes).unwrap();
    } else if name.ends_with(".gz") {
        flate2::bufread::GzDecoder::new(reader).read_to_end(&mut bytes).unwrap();
    } else {
        bytes = std::fs::read(file).unwrap();
    }
    entries.push(Unpacked { document, name, bytes });
}
