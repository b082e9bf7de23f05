//! The other package managers' files, of any bytes: pacman, portage, snap, Flatpak.
#![no_main]

use yagura_fuzz::host;
use yagura_probe::owners::{Claims, Owners as _};
use yagura_probe::{alpm, flatpak, portage, snap};

const PATHS: &[&str] = &[
    "var/lib/pacman/local/a-1-1/desc",
    "var/lib/pacman/local/a-1-1/files",
    "var/db/pkg/a/b-1/SLOT",
    "var/db/pkg/a/b-1/CONTENTS",
    "var/lib/snapd/state.json",
    "snap/a/current/meta/snap.yaml",
    "var/lib/flatpak/app/a/b/c/active/deploy",
    "var/lib/flatpak/app/a/b/c/active/files/share/metainfo/a.metainfo.xml",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let host = host(PATHS, bytes);
    let mut problems = Vec::new();
    let _ = (alpm::read(&host), portage::read(&host));
    let _ = (snap::read(&host, &mut problems), flatpak::read(&host, &mut problems));
    let mut claims = Claims::new(&host, ["usr/lib/x"]);
    alpm::Files.claim(&host, &mut claims, &mut problems);
    portage::Files.claim(&host, &mut claims, &mut problems);
});
