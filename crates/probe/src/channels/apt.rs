//! apt: sources in both forms, and preferences that keep packages back.

use yagura_model::{Channels, Pin, Repository, SourceLine};

use super::files::{Files, address, tamed};
use crate::dpkg::stanza::{Stanza, Stanzas};

const SOURCES: &str = "etc/apt/sources.list";
const SOURCES_FOLDER: &str = "etc/apt/sources.list.d";
const PREFERENCES: &str = "etc/apt/preferences";
const PREFERENCES_FOLDER: &str = "etc/apt/preferences.d";

pub(super) fn read(files: &mut Files<'_>, channels: &mut Channels) {
    let mut paths = vec![SOURCES.to_owned()];
    paths.extend(files.list(SOURCES_FOLDER, &[".list", ".sources"]));
    for path in paths {
        let Some(text) = files.text(&path) else { continue };
        if path.ends_with(".sources") {
            take_stanzas(&text, &path, channels);
        } else {
            take_lines(&text, &path, channels);
        }
    }
    let mut paths = vec![PREFERENCES.to_owned()];
    // apt takes files without a suffix, too.
    let others = files.list(PREFERENCES_FOLDER, &[""]);
    paths.extend(
        others
            .into_iter()
            .filter(|path| path.ends_with(".pref") || path.rsplit('/').next().is_some_and(|name| !name.contains('.'))),
    );
    for path in paths {
        if let Some(text) = files.text(&path) {
            take_preferences(&text, &path, channels);
        }
    }
}

/// Reads `deb [arch=amd64 signed-by=…] http://deb.example.org/debian bookworm main contrib`.
fn take_lines(text: &str, path: &str, channels: &mut Channels) {
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        let Some(rest) = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t'])) else { continue };
        let rest = rest.trim_start();
        let rest = match rest.strip_prefix('[') {
            Some(options) => options.split_once(']').map_or("", |(_, rest)| rest),
            None => rest,
        };
        let mut words = rest.split_ascii_whitespace();
        let (Some(url), Some(suite)) = (words.next(), words.next()) else { continue };
        let components: Vec<&str> = words.collect();
        add(channels, url, suite, &components, true, &SourceLine::at(path, number));
    }
}

/// Reads stanzas of `Types:`, `URIs:`, `Suites:`, `Components:`, whose values may go on in indented
/// lines.
fn take_stanzas(text: &str, path: &str, channels: &mut Channels) {
    for stanza in stanzas(text) {
        let words = |name: &str| -> Vec<String> {
            let values = stanza.iter().filter(|(_, own, _)| own.eq_ignore_ascii_case(name));
            values.flat_map(|(_, _, value)| value.split_ascii_whitespace().map(str::to_owned)).collect()
        };
        if !words("Types").iter().any(|kind| kind == "deb") {
            continue;
        }
        let is_off = |word: &String| {
            ["no", "false", "0", "off", "without", "disable"].iter().any(|off| word.eq_ignore_ascii_case(off))
        };
        let enabled = !words("Enabled").iter().any(is_off);
        let Some((line, _, _)) = stanza.first() else { continue };
        let components = words("Components");
        let components: Vec<&str> = components.iter().map(String::as_str).collect();
        for suite in words("Suites") {
            if let Some(url) = words("URIs").first() {
                add(channels, url, &suite, &components, enabled, &SourceLine::at(path, *line));
            }
        }
    }
}

/// The fields of each stanza with their lines, folded values joined.
fn stanzas(text: &str) -> Vec<Vec<(u32, String, String)>> {
    let mut all: Vec<Vec<(u32, String, String)>> = vec![Vec::new()];
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            all.push(Vec::new());
        } else if line.starts_with('#') {
            continue;
        } else if let Some(stanza) = all.last_mut() {
            match (line.starts_with([' ', '\t']), stanza.last_mut(), line.split_once(':')) {
                (true, Some((_, _, value)), _) => *value = format!("{value} {}", line.trim()),
                (false, _, Some((name, value))) => {
                    stanza.push((number, name.trim().to_owned(), value.trim().to_owned()));
                }
                _ => {}
            }
        }
    }
    all.retain(|stanza| !stanza.is_empty());
    all
}

fn add(channels: &mut Channels, url: &str, suite: &str, components: &[&str], enabled: bool, place: &SourceLine) {
    let (url, suite) = (address(url), tamed(suite));
    let mut push = |id: String| {
        channels.repositories.push(Repository {
            id,
            name: String::new(),
            url: Some(url.clone()),
            suite: Some(suite.clone()),
            enabled,
            place: place.clone(),
        });
    };
    // A flat repository is a folder and has no components.
    if components.is_empty() {
        push(suite.clone());
    }
    for component in components {
        push(format!("{suite}/{}", tamed(component)));
    }
}

/// Takes preferences that forbid a version (a priority below 0) or hold one against all others (a pin
/// of a version, of 990 or more).
fn take_preferences(text: &str, path: &str, channels: &mut Channels) {
    let (mut stanzas, mut stanza) = (Stanzas::new(text), Stanza::default());
    while stanzas.next_into(&mut stanza) {
        let value = |name: &str| {
            let found = stanza.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            found.map_or("", |field| field.value)
        };
        let (packages, pin) = (value("Package"), value("Pin"));
        let Ok(priority) = value("Pin-Priority").parse::<i32>() else { continue };
        if priority < 0 || (priority >= 990 && pin.starts_with("version")) {
            channels.pins.extend(packages.split_ascii_whitespace().map(|package| Pin {
                package: tamed(package),
                rule: tamed(&format!("Pin: {pin}, Pin-Priority: {priority}")),
                place: SourceLine::at(path, stanza.line),
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::told;
    use crate::MemoryHost;

    #[test]
    fn sources_in_both_forms() {
        let host = MemoryHost::new()
            .file(
                "etc/apt/sources.list",
                "# deb http://off.example/ x main\ndeb [arch=amd64 signed-by=/k] http://u:p@deb.example.org/debian bookworm main contrib # all\n\
                 deb-src http://deb.example.org/debian bookworm main\ndeb http://flat.example/repo ./\ndeb\n",
            )
            .file(
                "etc/apt/sources.list.d/ubuntu.sources",
                "# comment\nTypes: deb deb-src\nURIs: http://archive.ubuntu.com/ubuntu/\n http://mirror.example/\nSuites: jammy\n jammy-security\nComponents: main\n\n\
                 Types: deb\nEnabled: no\nURIs: https://esm.ubuntu.com/apps/ubuntu\nSuites: jammy-apps-security\nComponents: main\n\nTypes: deb-src\nURIs: x\nSuites: y\n",
            )
            .file("etc/apt/sources.list.d/old.list.save", "deb http://gone.example x y\n");
        insta::assert_snapshot!(told(&host), @r"
        bookworm/main [] http://deb.example.org/debian bookworm /etc/apt/sources.list:2
        bookworm/contrib [] http://deb.example.org/debian bookworm /etc/apt/sources.list:2
        ./ [] http://flat.example/repo ./ /etc/apt/sources.list:4
        jammy/main [] http://archive.ubuntu.com/ubuntu/ jammy /etc/apt/sources.list.d/ubuntu.sources:2
        jammy-security/main [] http://archive.ubuntu.com/ubuntu/ jammy-security /etc/apt/sources.list.d/ubuntu.sources:2
        jammy-apps-security/main (off) [] https://esm.ubuntu.com/apps/ubuntu jammy-apps-security /etc/apt/sources.list.d/ubuntu.sources:9
        ");
    }

    #[test]
    fn preferences_that_keep_back() {
        let host = MemoryHost::new()
            .file("etc/apt/preferences", "Package: firefox* nginx\nPin: release o=LP-PPA\nPin-Priority: -1\n\nPackage: a\nPin: version 1.2*\nPin-Priority: 1001\n\nPackage: *\nPin: release a=stable\nPin-Priority: 990\n")
            .file("etc/apt/preferences.d/nosnap.pref", "Package: snapd\nPin: release a=*\nPin-Priority: -10\n")
            .file("etc/apt/preferences.d/x.bak", "Package: y\nPin: release a=*\nPin-Priority: -10\n");
        insta::assert_snapshot!(told(&host), @r"
        pin firefox*: Pin: release o=LP-PPA, Pin-Priority: -1 /etc/apt/preferences:1
        pin nginx: Pin: release o=LP-PPA, Pin-Priority: -1 /etc/apt/preferences:1
        pin a: Pin: version 1.2*, Pin-Priority: 1001 /etc/apt/preferences:5
        pin snapd: Pin: release a=*, Pin-Priority: -10 /etc/apt/preferences.d/nosnap.pref:1
        ");
    }
}
