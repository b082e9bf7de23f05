//! A packed file of any bytes: gzip, zstd, zip, tar, or none of these. The bounds must hold.
#![no_main]

use std::io::{Seek as _, Write as _};
use std::ops::ControlFlow;

use yagura_feed::container::{Limits, Origin, for_each_entry};

const LIMITS: Limits = Limits { content_bytes_max: 1 << 20, member_bytes_max: 1 << 18, members_max: 64 };

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(bytes).expect("room for the input");
    file.rewind().expect("a file can be rewound");
    let (mut shown, mut entries) = (0_u64, 0_u64);
    let _ = for_each_entry(file, Origin { document: "fuzz", file: "fuzz.bin" }, LIMITS, &mut |entry| {
        shown += u64::try_from(entry.bytes.len()).unwrap_or(u64::MAX);
        entries += 1;
        ControlFlow::Continue(())
    });
    assert!(shown <= LIMITS.content_bytes_max && entries <= LIMITS.members_max, "{shown} bytes in {entries} entries");
});
