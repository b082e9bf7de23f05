//! What Ubuntu's feeds have in common: releases and their channels, priorities.

use std::borrow::Cow;

use yagura_model::{ReleaseKey, Urgency};

/// The channel of Ubuntu Pro that the tracker of old names after the release alone: `trusty/esm`.
const ESM: &str = "esm-infra";
/// Words that stand where a release could, and are none: `devel` is whatever comes next.
const NOT_RELEASES: &[&str] = &["upstream", "devel", "snap", "product", "sid"];
/// The longest word of a release or a channel, in bytes.
const WORD_BYTES_MAX: usize = 40;

/// Releases by their numbers, as OSV names them.
const CODENAMES: &[(&str, &str)] = &[
    ("14.04", "trusty"),
    ("16.04", "xenial"),
    ("16.10", "yakkety"),
    ("17.04", "zesty"),
    ("17.10", "artful"),
    ("18.04", "bionic"),
    ("18.10", "cosmic"),
    ("19.04", "disco"),
    ("19.10", "eoan"),
    ("20.04", "focal"),
    ("20.10", "groovy"),
    ("21.04", "hirsute"),
    ("21.10", "impish"),
    ("22.04", "jammy"),
    ("22.10", "kinetic"),
    ("23.04", "lunar"),
    ("23.10", "mantic"),
    ("24.04", "noble"),
    ("24.10", "oracular"),
    ("25.04", "plucky"),
    ("25.10", "questing"),
    ("26.04", "resolute"),
];

/// A release, and which of its channels: `None` is the archive that every host has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line<'t> {
    pub(crate) codename: &'t str,
    pub(crate) channel: Option<Cow<'t, str>>,
}

impl<'t> Line<'t> {
    /// Reads `jammy`, `esm-apps/jammy`, `fips-updates/focal` or `trusty/esm`. `None` is what is
    /// no release of Ubuntu: upstream, the release in the making, snaps, phones.
    pub(crate) fn read(text: &'t str) -> Option<Self> {
        let mut parts = text.split('/');
        let (first, second, rest) = (parts.next()?, parts.next(), parts.next());
        let (codename, channel) = match (second, rest) {
            (None, _) => (first, None),
            (Some("esm"), None) => (first, Some(ESM)),
            (Some(codename), None) => (codename, Some(first)),
            _ => return None,
        };
        let is_codename = is_word(codename, |byte| byte.is_ascii_lowercase()) && !NOT_RELEASES.contains(&codename);
        let is_channel = |channel: &str| {
            is_word(channel, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                && !NOT_RELEASES.contains(&channel)
        };
        (is_codename && channel.is_none_or(is_channel)).then(|| Self { codename, channel: channel.map(Cow::Borrowed) })
    }

    pub(crate) fn key(&self) -> ReleaseKey {
        ReleaseKey::new("ubuntu", self.codename)
    }
}

/// Reads OSV's `Ubuntu:22.04:LTS`, `Ubuntu:Pro:18.04:LTS`, `Ubuntu:Pro:FIPS-updates:20.04:LTS`.
///
/// Pro's two archives are told apart by what the record says of their availability alone.
pub(crate) fn line_of_ecosystem(ecosystem: &str, availability: &str) -> Option<Line<'static>> {
    let mut parts = ecosystem.split(':').skip_while(|part| *part == "Ubuntu").filter(|part| *part != "LTS").peekable();
    let pro = parts.next_if_eq(&"Pro").is_some();
    let named = parts.next_if(|part| !part.starts_with(|c: char| c.is_ascii_digit())).map(str::to_ascii_lowercase);
    let number = parts.next()?;
    let (_, codename) = CODENAMES.iter().find(|(known, _)| *known == number).filter(|_| parts.next().is_none())?;
    let channel = match (pro, named) {
        (_, Some(named)) if is_word(&named, |byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
            Some(Cow::Owned(named))
        }
        (_, Some(_)) => return None,
        (false, None) => None,
        (true, None) if availability.contains("Legacy") => Some(Cow::Borrowed("esm-infra-legacy")),
        // Of 14.04 there is no other.
        (true, None) if availability.contains("Infra-only") || number == "14.04" => Some(Cow::Borrowed(ESM)),
        (true, None) => Some(Cow::Borrowed("esm-apps")),
    };
    Some(Line { codename, channel })
}

fn is_word(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    (1..=WORD_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// Reads Ubuntu's priority; `None` where it is none of the six.
pub(crate) fn priority(word: &str) -> Option<Urgency> {
    Some(match word.to_ascii_lowercase().as_str() {
        "critical" => Urgency::Critical,
        "high" => Urgency::High,
        "medium" => Urgency::Medium,
        "low" => Urgency::Low,
        "negligible" => Urgency::Negligible,
        "untriaged" | "unknown" | "" => Urgency::NotAssigned,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_a_release_and_a_channel() {
        let read =
            |text: &str| Line::read(text).map(|line| (line.codename.to_owned(), line.channel.map(Cow::into_owned)));
        let channel = |codename: &str, channel: &str| Some((codename.to_owned(), Some(channel.to_owned())));
        assert_eq!(read("jammy"), Some(("jammy".to_owned(), None)));
        assert_eq!(read("esm-apps/jammy"), channel("jammy", "esm-apps"));
        assert_eq!(read("esm-infra-legacy/trusty"), channel("trusty", "esm-infra-legacy"));
        assert_eq!(read("fips-updates/focal"), channel("focal", "fips-updates"));
        assert_eq!(read("trusty/esm"), channel("trusty", "esm-infra"));
        for other in [
            "upstream",
            "devel",
            "snap",
            "product",
            "ubuntu/devel",
            "vivid/ubuntu-core",
            "ros-esm/focal/foxy",
            "Jammy",
            "",
            "a/",
            "/a",
            "vivid/stable-phone-overlay",
            "upstream/jammy",
            &"x".repeat(WORD_BYTES_MAX + 1),
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn ecosystems_of_osv_name_them_too() {
        let read = |ecosystem: &str, availability: &str| {
            let line = line_of_ecosystem(ecosystem, availability)?;
            Some(line.channel.map_or(line.codename.to_owned(), |channel| format!("{channel}/{}", line.codename)))
        };
        let shown = |ecosystem: &str| read(ecosystem, "").unwrap_or_default();
        assert_eq!(shown("Ubuntu:22.04:LTS"), "jammy");
        assert_eq!(shown("Ubuntu:24.10"), "oracular");
        assert_eq!(shown("Ubuntu:Pro:14.04:LTS"), "esm-infra/trusty");
        assert_eq!(shown("Ubuntu:Pro:20.04:LTS"), "esm-apps/focal");
        assert_eq!(shown("Ubuntu:Pro:FIPS-updates:20.04:LTS"), "fips-updates/focal");
        assert_eq!(read("Ubuntu:Pro:18.04:LTS", "Available with Ubuntu Pro (Infra-only)").unwrap(), "esm-infra/bionic");
        assert_eq!(read("Ubuntu:Pro:14.04:LTS", "with Legacy support add-on").unwrap(), "esm-infra-legacy/trusty");
        for other in ["Ubuntu", "Ubuntu:99.04", "Ubuntu:Pro", "Ubuntu:22.04:LTS:more", "Ubuntu:Pro:a b:22.04", ""] {
            assert_eq!(shown(other), "", "{other}");
        }
    }

    #[test]
    fn priorities_are_ubuntus() {
        assert_eq!(priority("negligible"), Some(Urgency::Negligible));
        assert_eq!(priority("Critical"), Some(Urgency::Critical));
        assert_eq!(priority("untriaged"), Some(Urgency::NotAssigned));
        assert_eq!(priority("urgent"), None);
    }
}
