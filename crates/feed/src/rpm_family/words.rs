//! Words of advisories.

use yagura_model::Urgency;

use crate::reading;

/// The most module streams that one title names.
const TITLE_MODULES_MAX: usize = 8;

/// The most weaknesses of one flaw.
const CWES_MAX: usize = 16;

/// Reads a vendor's grading: Red Hat's four words, and what others write in their place.
pub(crate) fn urgency(word: &str) -> Urgency {
    let word = word.trim();
    let is = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is(&["critical"]) {
        Urgency::Critical
    } else if is(&["important", "high"]) {
        Urgency::High
    } else if is(&["moderate", "medium"]) {
        Urgency::Medium
    } else if is(&["low"]) {
        Urgency::Low
    } else {
        Urgency::NotAssigned
    }
}

/// Reads the grading before the colon of a title: `Important: openssl security update`.
pub(crate) fn urgency_of_title(title: &str) -> Urgency {
    title.split_once(':').map_or(Urgency::NotAssigned, |(word, _)| urgency(word))
}

/// Finds the module streams that a title names: `virt:rhel and virt-devel:rhel security update`,
/// `httpd:2.4/mod_http2 security update`.
///
/// Titles of plain packages name versions in the same way (`pam:1.5.1 security update`), so the
/// answer counts for modular versions alone.
pub(crate) fn modules_of_title(title: &str) -> Vec<&str> {
    let mut modules: Vec<&str> = Vec::new();
    for word in title.split([' ', ',', ';', '/', '\t', '\n']) {
        if is_module(word) && modules.len() < TITLE_MODULES_MAX && !modules.contains(&word) {
            modules.push(word);
        }
    }
    modules
}

/// Tells whether a word is `name:stream`.
pub(crate) fn is_module(word: &str) -> bool {
    let plain = |part: &str| {
        part.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
    };
    reading::word(word, reading::PACKAGE_BYTES_MAX).is_some()
        && word.split_once(':').is_some_and(|(name, stream)| plain(name) && plain(stream))
}

/// Finds weaknesses in a text: `CWE-416`, `CWE-120->CWE-787`, `(CWE-125|CWE-787)`.
pub(crate) fn cwes(text: &str) -> Vec<String> {
    let mut cwes: Vec<String> = Vec::new();
    for part in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
        let part = part.trim_end_matches('-');
        let number = part.strip_prefix("CWE-").filter(|number| (1..=5).contains(&number.len()));
        let known = number.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit()));
        if known && cwes.len() < CWES_MAX && cwes.iter().all(|cwe| cwe != part) {
            cwes.push(part.to_owned());
        }
    }
    cwes
}

/// Tells whether a version is of a build within a module; AlmaLinux writes an underscore.
pub(crate) fn is_modular(evr: &str) -> bool {
    evr.contains(".module+") || evr.contains(".module_")
}

/// Tells whether a package holds symbols for debuggers. No code of it runs, and what it belongs to
/// is named beside it, so it gets no statements of its own; they would be a quarter of all.
pub(crate) fn is_debug_symbols(package: &str) -> bool {
    ["-debuginfo", "-debugsource"].iter().any(|part| {
        package.find(part).is_some_and(|at| {
            let rest = package.get(at + part.len()..).unwrap_or_default();
            // `kernel-debuginfo-common-x86_64`
            rest.is_empty() || rest.starts_with('-')
        })
    })
}

/// Returns `[epoch:]version-release`, an epoch of 0 left out, or `None` if it is no version.
pub(crate) fn evr(text: &str) -> Option<&str> {
    let text = reading::version(text.trim())?;
    let plain = match text.split_once(':') {
        Some((epoch, rest)) if !epoch.is_empty() && epoch.bytes().all(|digit| digit == b'0') => rest,
        _ => text,
    };
    (!plain.is_empty()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradings_are_mapped() {
        assert_eq!(urgency_of_title("Important: openssl security update"), Urgency::High);
        assert_eq!(urgency("MODERATE"), Urgency::Medium);
        assert_eq!(urgency(" Critical"), Urgency::Critical);
        assert_eq!(urgency("low"), Urgency::Low);
        assert_eq!(urgency("none"), Urgency::NotAssigned);
        assert_eq!(urgency_of_title("a title"), Urgency::NotAssigned);
    }

    #[test]
    fn titles_name_streams() {
        for (title, modules) in [
            ("Red Hat Security Advisory: nodejs:18 security update", &["nodejs:18"][..]),
            ("virt:rhel and virt-devel:rhel security", &["virt:rhel", "virt-devel:rhel"]),
            ("Important: httpd:2.4/mod_http2 security update", &["httpd:2.4"]),
            ("perl-App-cpanminus:1.7044 security update", &["perl-App-cpanminus:1.7044"]),
            ("idm:DL1 and idm:client, idm:DL1", &["idm:DL1", "idm:client"]),
            ("nodejs : security update", &[]),
            ("pki-deps:10:6 update", &[]),
            ("", &[]),
        ] {
            assert_eq!(modules_of_title(title), modules, "{title}");
        }
        let many = (0..20).map(|n| format!("m:{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(modules_of_title(&many).len(), TITLE_MODULES_MAX);
    }

    #[test]
    fn weaknesses_are_found() {
        assert_eq!(cwes("CWE-120->CWE-787"), ["CWE-120", "CWE-787"]);
        assert_eq!(cwes("(CWE-125|CWE-787)"), ["CWE-125", "CWE-787"]);
        assert_eq!(cwes("CWE-416"), ["CWE-416"]);
        assert!(cwes("NVD-CWE-noinfo CWE- CWE-1234567").is_empty());
        let many = (0..40).map(|n| format!("CWE-{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(cwes(&many).len(), CWES_MAX);
    }

    #[test]
    fn packages_of_symbols_are_known() {
        for symbols in ["bash-debuginfo", "glibc-debuginfo-common", "kernel-debuginfo-common-x86_64", "a-debugsource"] {
            assert!(is_debug_symbols(symbols), "{symbols}");
        }
        for code in ["kernel-debug", "debuginfo", "elfutils-debuginfod", "kernel-debug-devel"] {
            assert!(!is_debug_symbols(code), "{code}");
        }
    }

    #[test]
    fn versions_lose_an_epoch_of_nothing() {
        assert_eq!(evr("0:1.2-3.el8"), Some("1.2-3.el8"));
        assert_eq!(evr("1:1.2-3"), Some("1:1.2-3"));
        assert_eq!(evr("10:1"), Some("10:1"));
        assert_eq!(evr("0:"), None);
        assert_eq!(evr("1 2"), None);
        assert!(is_modular("1-1.module+el8.6.0+1+a") && is_modular("1-1.module_el8") && !is_modular("1-1.el8"));
    }
}
