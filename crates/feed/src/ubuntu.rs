//! What Ubuntu's feeds have in common: releases and their channels, priorities.

use yagura_model::{ReleaseKey, Urgency};

/// The channel of Ubuntu Pro that the tracker of old names after the release alone: `trusty/esm`.
const ESM: &str = "esm-infra";
/// Words that stand where a release could, and are none: `devel` is whatever comes next.
const NOT_RELEASES: &[&str] = &["upstream", "devel", "snap", "product", "sid"];
/// The longest word of a release or a channel, in bytes.
const WORD_BYTES_MAX: usize = 40;

/// A release, and which of its channels: `None` is the archive that every host has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(crate) codename: String,
    pub(crate) channel: Option<String>,
}

impl Line {
    /// Reads `jammy`, `esm-apps/jammy`, `fips-updates/focal` or `trusty/esm`. `None` is what is
    /// no release of Ubuntu: upstream, the release in the making, snaps, phones.
    pub(crate) fn read(text: &str) -> Option<Self> {
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
        (is_codename && channel.is_none_or(is_channel))
            .then(|| Self { codename: codename.to_owned(), channel: channel.map(str::to_owned) })
    }

    pub(crate) fn key(&self) -> ReleaseKey {
        ReleaseKey::new("ubuntu", &self.codename)
    }
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
        let read = |text: &str| Line::read(text).map(|line| (line.codename, line.channel));
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
    fn priorities_are_ubuntus() {
        assert_eq!(priority("negligible"), Some(Urgency::Negligible));
        assert_eq!(priority("Critical"), Some(Urgency::Critical));
        assert_eq!(priority("untriaged"), Some(Urgency::NotAssigned));
        assert_eq!(priority("urgent"), None);
    }
}
