//! The manifests of language packages, of any bytes, and the table of mounts.
#![no_main]

use yagura_fuzz::host;
use yagura_probe::languages;
use yagura_probe::owners::Nobody;

const PATHS: &[&str] = &[
    "a/node_modules/x/package.json",
    "a/x.dist-info/METADATA",
    "a/specifications/x-1.gemspec",
    "a/vendor/composer/installed.json",
    "a/x.deps.json",
    "proc/self/mountinfo",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = languages::read(&host(PATHS, bytes).live(), &Nobody);
});
