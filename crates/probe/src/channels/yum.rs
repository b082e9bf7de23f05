//! yum, dnf and tdnf: repositories, excluded packages, version locks.

use yagura_model::{Channels, Pin, Release, Repository, SourceLine};

use super::files::{Files, address, tamed};
use super::ini::{self, Section};
use super::variables::Variables;

const FOLDERS: &[&str] = &["etc/yum.repos.d", "etc/yum/repos.d", "etc/distro.repos.d"];
/// What concerns all repositories stands in `[main]`; repositories may stand below it.
const MAIN_FILES: &[&str] = &["etc/dnf/dnf.conf", "etc/yum.conf", "etc/tdnf/tdnf.conf"];
const LOCK_LISTS: &[&str] =
    &["etc/yum/pluginconf.d/versionlock.list", "etc/dnf/plugins/versionlock.list", "etc/tdnf/locks.d/versionlock.list"];
/// dnf 5 has a form of its own.
const LOCK_TABLE: &str = "etc/dnf/versionlock.toml";

pub(super) fn read(
    files: &mut Files<'_>,
    release: Option<&Release>,
    architecture: Option<&str>,
    channels: &mut Channels,
) {
    let variables = Variables::read(files, release, architecture);
    // On many systems yum's file is a link to dnf's.
    let mut seen: Option<String> = None;
    for path in MAIN_FILES {
        if let Some(text) = files.text(path)
            && seen.as_ref() != Some(&text)
        {
            take(&text, path, &variables, channels);
            seen = Some(text);
        }
    }
    for path in FOLDERS.iter().flat_map(|folder| files.list(folder, &[".repo"])).collect::<Vec<_>>() {
        if let Some(text) = files.text(&path) {
            take(&text, &path, &variables, channels);
        }
    }
    for path in LOCK_LISTS {
        let text = files.text(path).unwrap_or_default();
        channels
            .pins
            .extend((1..).zip(text.lines()).filter_map(|(line, text)| lock(text, SourceLine::at(*path, line))));
    }
    if let Some(text) = files.text(LOCK_TABLE) {
        take_lock_table(&text, channels);
    }
}

/// Takes the repositories and the excluded packages of one file.
pub(super) fn take(text: &str, path: &str, variables: &Variables, channels: &mut Channels) {
    for section in ini::parse(text).iter().filter(|section| !section.name.is_empty()) {
        if section.name != "main" {
            let repository = repository(section, path, variables);
            let is_off = !repository.enabled;
            channels.repositories.push(repository);
            if is_off {
                continue;
            }
        }
        for key in ["exclude", "excludepkgs"] {
            let Some(entry) = section.entry(key) else { continue };
            let patterns =
                entry.lines.iter().flat_map(|line| line.split([' ', ',', '\t'])).filter(|word| !word.is_empty());
            let of =
                if section.name == "main" { String::new() } else { format!(" of repository {}", tamed(section.name)) };
            channels.pins.extend(patterns.map(|pattern| Pin {
                package: tamed(pattern),
                rule: format!("{key}{of}"),
                place: SourceLine::at(path, entry.line),
            }));
        }
    }
}

fn repository(section: &Section<'_>, path: &str, variables: &Variables) -> Repository {
    let url = ["baseurl", "mirrorlist", "metalink"].iter().find_map(|key| section.get(key));
    // Several addresses may stand on one line.
    let url = url.and_then(|url| url.split([' ', ',', '\t']).find(|word| !word.is_empty()));
    Repository {
        id: tamed(section.name),
        name: tamed(&variables.expand(section.get("name").unwrap_or_default())),
        url: url.map(|url| address(&variables.expand(url))),
        suite: None,
        enabled: section.get("enabled").is_none_or(is_true),
        place: SourceLine::at(path, section.line),
    }
}

pub(super) fn is_true(value: &str) -> bool {
    ["1", "yes", "true", "on"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Reads `0:openssl-1.0.2k-19.el7.*` of yum, `openssl-1:1.0.2k-19.el7.*` of dnf; one that begins with
/// an exclamation mark forbids the version.
fn lock(line: &str, place: SourceLine) -> Option<Pin> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let pattern = line.trim_start_matches('!').trim();
    let pattern_without_epoch = match pattern.split_once(':') {
        Some((epoch, rest)) if !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => pattern,
    };
    let name = pattern_without_epoch.rsplitn(3, '-').nth(2).unwrap_or(pattern_without_epoch);
    (!name.is_empty()).then(|| Pin { package: tamed(name), rule: tamed(&format!("versionlock {line}")), place })
}

/// Reads dnf 5's list: tables `[[packages]]` with a name, each with conditions.
fn take_lock_table(text: &str, channels: &mut Channels) {
    let quoted = |line: &str, key: &str| {
        let (own, value) = line.split_once('=')?;
        (own.trim() == key).then(|| value.trim().trim_matches('"').to_owned())
    };
    let (mut package, mut key, mut comparator) = (String::new(), String::new(), String::new());
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(name) = quoted(line, "name") {
            package = tamed(&name);
        } else if let Some(word) = quoted(line, "key") {
            key = tamed(&word);
        } else if let Some(word) = quoted(line, "comparator") {
            comparator = tamed(&word);
        } else if let Some(value) = quoted(line, "value")
            && !package.is_empty()
        {
            let rule = format!("versionlock {key} {comparator} {}", tamed(&value));
            channels.pins.push(Pin { package: package.clone(), rule, place: SourceLine::at(LOCK_TABLE, number) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::told;
    use crate::MemoryHost;

    #[test]
    fn repositories_and_what_is_excluded() {
        let host = MemoryHost::new()
            .file("etc/dnf/dnf.conf", "[main]\ngpgcheck=1\nexcludepkgs=kernel*, nginx\n")
            .link("etc/yum.conf", "dnf/dnf.conf")
            .file(
                "etc/yum.repos.d/redhat.repo",
                "[rhel-8-for-x86_64-baseos-eus-rpms]\nname = RHEL 8 EUS\n\
                 baseurl = https://cdn.redhat.com/content/eus/rhel8/$releasever/x86_64/baseos/os\nenabled = 1\nexclude=x\n\n\
                 [debug]\nname=Debug $basearch\nenabled=0\nexclude=not-asked\nbaseurl=\n  https://u:p@a.example/debug/\n  https://b.example/\n",
            )
            .file("etc/yum.repos.d/epel.repo", "[epel]\nname=EPEL\nmetalink=https://m.example/metalink?repo=epel-$releasever\n")
            .file("etc/yum.repos.d/old.repo.rpmsave", "[gone]\n");
        insta::assert_snapshot!(told(&host), @r"
        epel [EPEL] https://m.example/metalink - /etc/yum.repos.d/epel.repo:1
        rhel-8-for-x86_64-baseos-eus-rpms [RHEL 8 EUS] https://cdn.redhat.com/content/eus/rhel8/8/x86_64/baseos/os - /etc/yum.repos.d/redhat.repo:1
        debug (off) [Debug x86_64] https://a.example/debug/ - /etc/yum.repos.d/redhat.repo:7
        pin kernel*: excludepkgs /etc/dnf/dnf.conf:3
        pin nginx: excludepkgs /etc/dnf/dnf.conf:3
        pin x: exclude of repository rhel-8-for-x86_64-baseos-eus-rpms /etc/yum.repos.d/redhat.repo:5
        ");
    }

    #[test]
    fn versions_are_locked() {
        let host = MemoryHost::new()
            .file("etc/yum/pluginconf.d/versionlock.list", "# comment\n0:openssl-libs-1.0.2k-19.el7.*\n!1:bind-9-1.*\n\n")
            .file("etc/dnf/plugins/versionlock.list", "java-1.8.0-openjdk-1:1.8.0-1.el8.*\nbash\n")
            .file(
                "etc/dnf/versionlock.toml",
                "version = \"1.0\"\n[[packages]]\nname = \"zlib\"\n[[packages.conditions]]\nkey = \"evr\"\ncomparator = \"<\"\nvalue = \"0:2\"\n",
            );
        insta::assert_snapshot!(told(&host), @r"
        pin openssl-libs: versionlock 0:openssl-libs-1.0.2k-19.el7.* /etc/yum/pluginconf.d/versionlock.list:2
        pin bind: versionlock !1:bind-9-1.* /etc/yum/pluginconf.d/versionlock.list:3
        pin java-1.8.0-openjdk: versionlock java-1.8.0-openjdk-1:1.8.0-1.el8.* /etc/dnf/plugins/versionlock.list:1
        pin bash: versionlock bash /etc/dnf/plugins/versionlock.list:2
        pin zlib: versionlock evr < 0:2 /etc/dnf/versionlock.toml:7
        ");
    }
}
