//! apk: repositories, and what the wanted packages are bound to.

use yagura_model::{Channels, Pin, Repository, SourceLine};

use super::files::{Files, address, tamed};

const REPOSITORIES: &str = "etc/apk/repositories";
const REPOSITORIES_FOLDER: &str = "etc/apk/repositories.d";
const WORLD: &str = "etc/apk/world";

pub(super) fn read(files: &mut Files<'_>, channels: &mut Channels) {
    let mut paths = vec![REPOSITORIES.to_owned()];
    paths.extend(files.list(REPOSITORIES_FOLDER, &[".list"]));
    for path in paths {
        let text = files.text(&path).unwrap_or_default();
        let lines = (1..).zip(text.lines());
        channels
            .repositories
            .extend(lines.filter_map(|(line, text)| repository(text, SourceLine::at(path.as_str(), line))));
    }
    let text = files.text(WORLD).unwrap_or_default();
    let lines = (1..).zip(text.lines());
    channels.pins.extend(lines.filter_map(|(line, text)| pin(text.trim(), SourceLine::at(WORLD, line))));
}

/// Reads `https://dl-cdn.alpinelinux.org/alpine/v3.20/main`; one with `@tag` before it is asked for
/// packages that name the tag only.
fn repository(line: &str, place: SourceLine) -> Option<Repository> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let mut words = line.split_ascii_whitespace();
    let first = words.next()?;
    let (tag, url) = if first.starts_with('@') { (Some(first), words.next()?) } else { (None, first) };
    let url = address(url);
    let mut parts = url.trim_end_matches('/').rsplit('/');
    let (section, branch) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_branch = branch == "edge" || branch == "latest-stable" || branch.starts_with('v');
    Some(Repository {
        id: if is_branch { format!("{branch}/{section}") } else { section.to_owned() },
        name: tag.map(tamed).unwrap_or_default(),
        suite: is_branch.then(|| branch.to_owned()),
        url: Some(url),
        enabled: true,
        place,
    })
}

/// `openssl=3.1.4-r5`, `nginx<1.25`, `python3~3.11`, and `!telnet`, which is not wanted at all.
fn pin(line: &str, place: SourceLine) -> Option<Pin> {
    let name = line.trim_start_matches('!');
    let end = name.find(['=', '<', '>', '~', '@']).unwrap_or(name.len());
    let package = name.get(..end).filter(|package| !package.is_empty())?;
    let is_bound = line.starts_with('!') || line.contains(['=', '<', '~']);
    is_bound.then(|| Pin { package: tamed(package), rule: tamed(line), place })
}

#[cfg(test)]
mod tests {
    use super::super::sample::told;
    use crate::MemoryHost;

    #[test]
    fn repositories_and_bounds() {
        let host = MemoryHost::new()
            .file("etc/apk/repositories", "https://dl-cdn.alpinelinux.org/alpine/v3.20/main\n#https://off.example/v3.20/community\n@edge https://u:p@x.example/alpine/edge/testing\n/media/sda1/apks\n\n")
            .file("etc/apk/world", "alpine-base\nopenssl=3.1.4-r5\nnginx<1.25\nb@edge\n!telnet\n");
        insta::assert_snapshot!(told(&host), @r"
        v3.20/main [] https://dl-cdn.alpinelinux.org/alpine/v3.20/main v3.20 /etc/apk/repositories:1
        edge/testing [@edge] https://x.example/alpine/edge/testing edge /etc/apk/repositories:3
        apks [] /media/sda1/apks - /etc/apk/repositories:4
        pin openssl: openssl=3.1.4-r5 /etc/apk/world:2
        pin nginx: nginx<1.25 /etc/apk/world:3
        pin telnet: !telnet /etc/apk/world:5
        ");
    }
}
