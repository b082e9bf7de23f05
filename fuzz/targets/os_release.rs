//! Release files of any bytes.
#![no_main]

use yagura_probe::os_release;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let paths = [
        "etc/os-release",
        "usr/lib/os-release",
        "etc/debian_version",
        "etc/lsb-release",
        "etc/SuSE-release",
        "etc/photon-release",
        "etc/system-release-cpe",
        "etc/centos-release",
    ];
    let mut problems = Vec::new();
    let _ = os_release::read(&yagura_fuzz::host(&paths, bytes), &mut problems);
});
