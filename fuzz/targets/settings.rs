//! Every other configuration file that the rules look at, of any bytes.
#![no_main]

use yagura_probe::settings;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let paths = [
        "etc/login.defs",
        "etc/shadow",
        "etc/passwd",
        "etc/pam.d/common-password",
        "etc/pam.d/other",
        "etc/security/pwquality.conf",
        "etc/security/pwquality.conf.d/a.conf",
        "etc/sysctl.conf",
        "etc/sysctl.d/a.conf",
        "proc/cpuinfo",
        "proc/sys/kernel/randomize_va_space",
    ];
    let mut problems = Vec::new();
    let _ = settings::read(&yagura_fuzz::host(&paths, bytes), &[], None, &mut problems);
});
