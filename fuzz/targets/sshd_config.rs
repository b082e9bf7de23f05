//! An sshd configuration with includes, of any bytes.
#![no_main]

use yagura_probe::settings::sshd;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let paths = ["etc/ssh/sshd_config", "etc/ssh/sshd_config.d/a.conf", "etc/ssh/sshd_config.d/b.conf"];
    let host = yagura_fuzz::host(&paths, bytes).file("usr/sbin/sshd", "");
    let mut problems = Vec::new();
    let _ = sshd::read(&host, &[], &mut problems);
});
