//! pacman: repositories and ignored packages.

use yagura_model::{Channels, Pin, Repository, SourceLine};

use super::files::{Files, address, tamed};
use super::ini;

const CONFIG: &str = "etc/pacman.conf";

pub(super) fn read(files: &mut Files<'_>, channels: &mut Channels) {
    let text = files.text(CONFIG).unwrap_or_default();
    for section in ini::parse(&text).iter().filter(|section| !section.name.is_empty()) {
        if section.name == "options" {
            for entry in section.values.iter().filter(|entry| matches!(entry.key, "IgnorePkg" | "IgnoreGroup")) {
                let words = entry.lines.iter().flat_map(|line| line.split_ascii_whitespace());
                channels.pins.extend(words.map(|word| Pin {
                    package: tamed(word),
                    rule: entry.key.to_owned(),
                    place: SourceLine::at(CONFIG, entry.line),
                }));
            }
            continue;
        }
        channels.repositories.push(Repository {
            id: tamed(section.name),
            name: String::new(),
            // Most name a list of mirrors in another file.
            url: section.get("Server").map(address),
            suite: None,
            enabled: true,
            place: SourceLine::at(CONFIG, section.line),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::told;
    use crate::MemoryHost;

    #[test]
    fn repositories_and_what_is_ignored() {
        let config = "[options]\nCheckSpace\nIgnorePkg = linux nvidia\n[core]\nInclude = /etc/pacman.d/mirrorlist\n[own]\nServer = https://u:p@x.example/$repo\n";
        insta::assert_snapshot!(told(&MemoryHost::new().file("etc/pacman.conf", config)), @r"
        core [] - - /etc/pacman.conf:4
        own [] https://x.example/$repo - /etc/pacman.conf:6
        pin linux: IgnorePkg /etc/pacman.conf:3
        pin nvidia: IgnorePkg /etc/pacman.conf:3
        ");
    }
}
