//! rpm's SQLite file of any bytes, with a log and a journal: the first two bytes tell how many
//! pages of 512 bytes the file and the log have.
#![no_main]

use yagura_probe::{MemoryHost, rpm};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [file_pages, log_pages, rest @ ..] = bytes else { return };
    let (file, rest) = rest.split_at(rest.len().min(usize::from(*file_pages) * 512));
    let (log, journal) = rest.split_at(rest.len().min(usize::from(*log_pages) * 512));
    let host = MemoryHost::new()
        .file("var/lib/rpm/rpmdb.sqlite", file)
        .file("var/lib/rpm/rpmdb.sqlite-wal", log)
        .file("var/lib/rpm/rpmdb.sqlite-journal", journal);
    let _ = rpm::read(&host);
});
