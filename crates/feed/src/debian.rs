//! What Debian's three feeds have in common: release names and gradings.

use yagura_model::debian::DebianRelease;
use yagura_model::{ReleaseKey, Urgency};

/// Numbers of releases before those that [`yagura_model::debian`] knows. OSV names releases by
/// number, the advisory lists by code name; both must meet under one key.
const OLD_RELEASES: &[(&str, &str)] =
    &[("2.1", "slink"), ("2.2", "potato"), ("3.0", "woody"), ("3.1", "sarge"), ("4.0", "etch"), ("5.0", "lenny")];

/// Longest code name, in bytes.
const CODENAME_BYTES_MAX: usize = 32;

/// Returns the key of a release that is given by its code name.
pub(crate) fn release_by_codename(codename: &str) -> Option<ReleaseKey> {
    let plain = !codename.is_empty()
        && codename.len() <= CODENAME_BYTES_MAX
        && codename.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    plain.then(|| ReleaseKey::new("debian", codename))
}

/// Returns the key of a release that is given by its number, `12`.
pub(crate) fn release_by_number(number: &str) -> Option<ReleaseKey> {
    let old = OLD_RELEASES.iter().find(|(old, _)| *old == number).map(|(_, codename)| *codename);
    let codename = old.or_else(|| DebianRelease::find(number).map(|release| release.codename))?;
    Some(ReleaseKey::new("debian", codename))
}

/// What Debian's word for urgency says: a grading, or that support has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grading {
    pub(crate) urgency: Urgency,
    pub(crate) end_of_life: bool,
}

/// Reads Debian's word for urgency. Until 2018 the tracker added stars to gradings that it took
/// from NVD (`low**`). A word that we do not know grades nothing.
pub(crate) fn grading(word: &str) -> Grading {
    let urgency = match word.trim_end_matches('*') {
        "unimportant" => Urgency::Unimportant,
        "low" => Urgency::Low,
        "medium" => Urgency::Medium,
        "high" => Urgency::High,
        _ => Urgency::NotAssigned,
    };
    Grading { urgency, end_of_life: word == "end-of-life" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_meet() {
        for (number, codename) in [("12", "bookworm"), ("6.0", "squeeze"), ("3.1", "sarge"), ("4.0", "etch")] {
            assert_eq!(release_by_number(number), release_by_codename(codename), "{number}");
        }
        assert_eq!(release_by_number("99"), None);
        assert_eq!(release_by_number("3"), None);
        assert_eq!(release_by_codename("Book worm"), None);
        assert_eq!(release_by_codename(&"a".repeat(CODENAME_BYTES_MAX + 1)), None);
    }

    #[test]
    fn gradings_of_all_ages() {
        assert_eq!(grading("low**").urgency, Urgency::Low);
        assert_eq!(grading("not yet assigned"), Grading { urgency: Urgency::NotAssigned, end_of_life: false });
        assert!(grading("end-of-life").end_of_life);
    }
}
