//! Tells which operating system a host runs, from os-release(5) or, where that is missing or says
//! too little, from the older files that distributions kept before.
//!
//! # Invariants
//!
//! - Files that name the system decide; what is installed is no hint here. Only where no file says
//!   it, the package database may be asked, see [`crate::rpm`] and [`crate::dpkg`].
//! - A fall-back fills gaps in os-release only where both speak of the same distribution.

mod assignments;
mod cpe;

use yagura_model::debian::DebianRelease;
use yagura_model::{ReadProblem, Release, Text};

use crate::host::{ByteLimit, Host};
use crate::problem::{steers_a_terminal, unreadable};
use assignments::Assignments;

/// These files have some ten lines.
const FILE_LIMIT: ByteLimit = ByteLimit::kib(64);
const LINE_CHARS_MAX: usize = 256;

const DEBIAN_VERSION: &str = "etc/debian_version";
/// `Vendor:` of what dpkg was built for; tells Debian from its derivatives.
const DPKG_ORIGIN: &str = "etc/dpkg/origins/default";

/// Reads the release; `None` when nothing on the host says.
pub fn read(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Option<Release> {
    let mut files = Files { host, problems };
    let told = files.os_release();
    // A named distribution needs the others only for what is missing.
    let mut release = match told {
        Some(release) if release.distribution != NAMELESS => release,
        nameless => files
            .lsb_release()
            .or_else(|| files.alpine_release())
            .or_else(|| files.red_hat_release())
            .or_else(|| files.suse_release())
            .or_else(|| files.one_line_release())
            .or_else(|| files.system_release_cpe())
            .or_else(|| files.debian_version_alone())
            .or(nameless)?,
    };
    if release.distribution == "debian" {
        files.complete_debian(&mut release);
    } else if release.distribution == "centos" {
        files.complete_centos(&mut release);
    } else if release.version.is_none() || release.codename.is_none() {
        let like = files.lsb_release().filter(|other| other.distribution == release.distribution);
        if let Some(other) = like {
            release.version = release.version.or(other.version);
            release.codename = release.codename.or(other.codename);
        }
    }
    Some(release)
}

/// os-release's default for a missing `ID`.
const NAMELESS: &str = "linux";

struct Files<'a> {
    host: &'a dyn Host,
    problems: &'a mut Vec<ReadProblem>,
}

impl Files<'_> {
    /// Reads a file; one that cannot be read becomes a problem once and then counts as missing.
    fn read(&mut self, path: &str) -> Option<Vec<u8>> {
        match self.host.read(path, FILE_LIMIT) {
            Ok(bytes) => bytes,
            Err(error) => {
                let meaning =
                    Text::new("the operating system may not be recognised", "OS を判別できない可能性があります");
                let problem = unreadable(&error, path, meaning);
                if !self.problems.contains(&problem) {
                    self.problems.push(problem);
                }
                None
            }
        }
    }

    /// Returns the first line of a file that says something.
    fn first_line(&mut self, path: &str) -> Option<String> {
        let bytes = self.read(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(line.chars().filter(|c| !steers_a_terminal(*c)).take(LINE_CHARS_MAX).collect())
    }

    /// `/etc/os-release` wins; the other is read only where the first is missing.
    fn os_release(&mut self) -> Option<Release> {
        let (told_by, bytes) =
            ["etc/os-release", "usr/lib/os-release"].into_iter().find_map(|path| Some((path, self.read(path)?)))?;
        let read = Assignments::parse(&bytes);
        let owned = |key| read.get(key).map(str::to_owned);
        let distribution = read.get("ID").and_then(distribution_id).unwrap_or_else(|| NAMELESS.to_owned());
        let like = read.get("ID_LIKE").map(likes).unwrap_or_default();
        // Ubuntu's kin have code names of their own beside that of the Ubuntu that they are made of.
        let is_kin = distribution != "ubuntu" && like.iter().any(|like| like == "ubuntu");
        let codename = is_kin.then(|| owned("UBUNTU_CODENAME")).flatten().or_else(|| owned("VERSION_CODENAME"));
        let version = owned("VERSION_ID").or_else(|| read.get("CPE_NAME").and_then(cpe::version));
        let pretty_name = owned("PRETTY_NAME").or_else(|| owned("NAME")).unwrap_or_else(|| distribution.clone());
        Some(Release {
            distribution,
            like,
            version,
            codename,
            point_version: None,
            pretty_name,
            told_by: told_by.to_owned(),
        })
    }

    fn lsb_release(&mut self) -> Option<Release> {
        let path = "etc/lsb-release";
        let read = Assignments::parse(&self.read(path)?);
        let id = read.get("DISTRIB_ID")?;
        let version = read.get("DISTRIB_RELEASE").map(str::to_owned);
        Some(Release {
            distribution: distribution_id(id)?,
            pretty_name: read.get("DISTRIB_DESCRIPTION").map_or_else(|| joined(id, version.as_deref()), str::to_owned),
            version,
            codename: read.get("DISTRIB_CODENAME").map(str::to_owned),
            told_by: path.to_owned(),
            ..Release::default()
        })
    }

    fn alpine_release(&mut self) -> Option<Release> {
        let path = "etc/alpine-release";
        let version = self.first_line(path).filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))?;
        Some(Release {
            distribution: "alpine".to_owned(),
            pretty_name: format!("Alpine Linux {version}"),
            version: Some(version),
            told_by: path.to_owned(),
            ..Release::default()
        })
    }

    fn red_hat_release(&mut self) -> Option<Release> {
        // Oracle keeps Red Hat's own line in redhat-release, so its file comes first.
        ["etc/oracle-release", "etc/redhat-release", "etc/system-release"].into_iter().find_map(|path| {
            let line = self.first_line(path)?;
            let (distribution, version) = red_hat_line(&line)?;
            Some(Release {
                distribution: distribution.to_owned(),
                version: Some(version.to_owned()),
                pretty_name: line.clone(),
                told_by: path.to_owned(),
                ..Release::default()
            })
        })
    }

    /// SUSE's file until 2018: a line for people, then assignments with spaces about the sign.
    fn suse_release(&mut self) -> Option<Release> {
        let path = "etc/SuSE-release";
        let bytes = self.read(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let line: String =
            text.lines().next()?.chars().filter(|c| !steers_a_terminal(*c)).take(LINE_CHARS_MAX).collect();
        let value = |wanted: &str| {
            text.lines().find_map(|line| {
                let (key, value) = line.split_once('=')?;
                let value = value.trim();
                (key.trim() == wanted && is_version(value)).then_some(value)
            })
        };
        let version = value("VERSION")?;
        let (distribution, version) = if line.starts_with("openSUSE") {
            ("opensuse", version.to_owned())
        } else {
            let (_, distribution) = SUSE_KIN.iter().find(|(name, _)| line.starts_with(name))?;
            let patch = value("PATCHLEVEL").filter(|patch| *patch != "0");
            (*distribution, patch.map_or_else(|| version.to_owned(), |patch| format!("{version}.{patch}")))
        };
        Some(Release {
            distribution: distribution.to_owned(),
            version: Some(version),
            pretty_name: line.trim().to_owned(),
            told_by: path.to_owned(),
            ..Release::default()
        })
    }

    /// Systems with a file of their own and one line in it; Arch's is empty.
    fn one_line_release(&mut self) -> Option<Release> {
        if self.read("etc/arch-release").is_some() {
            let (distribution, pretty_name) = ("arch".to_owned(), "Arch Linux".to_owned());
            return Some(Release {
                distribution,
                pretty_name,
                told_by: "etc/arch-release".into(),
                ..Release::default()
            });
        }
        ONE_LINE.iter().find_map(|(path, distribution, start)| {
            let line = self.first_line(path)?;
            let version = line.strip_prefix(start)?.trim().split(char::is_whitespace).next()?;
            // Azure Linux and Photon add the day of the build: `2.0.20220226`.
            let mut parts = version.split('.');
            let version = format!("{}.{}", parts.next()?, parts.next()?);
            is_version(&version).then(|| Release {
                distribution: (*distribution).to_owned(),
                version: Some(version),
                pretty_name: line.clone(),
                told_by: (*path).to_owned(),
                ..Release::default()
            })
        })
    }

    /// `cpe:/o:redhat:enterprise_linux:6server:ga:server`, the last word that a system may have.
    fn system_release_cpe(&mut self) -> Option<Release> {
        let path = "etc/system-release-cpe";
        let line = self.first_line(path)?;
        let distribution = cpe::distribution(&line)?;
        Some(Release {
            distribution: distribution.to_owned(),
            version: cpe::version(&line),
            pretty_name: line,
            told_by: path.to_owned(),
            ..Release::default()
        })
    }

    /// CentOS's os-release gives the major number only; the older file has the point release too.
    fn complete_centos(&mut self, release: &mut Release) {
        let Some(line) = self.first_line("etc/centos-release") else { return };
        let version = line.split_once(" release ").and_then(|(_, rest)| rest.split_whitespace().next());
        let major = version.and_then(|version| version.split('.').next());
        if major.is_some() && major == release.version.as_deref() {
            release.point_version =
                version.filter(|version| version.contains('.') && is_version(version)).map(str::to_owned);
        }
    }

    /// Derivatives keep Debian's file too, most of them as `bookworm/sid`; a derivative that calls
    /// itself so in dpkg's vendor file is not Debian.
    fn debian_version_alone(&mut self) -> Option<Release> {
        let line = self.first_line(DEBIAN_VERSION)?;
        let vendor = self.read(DPKG_ORIGIN).and_then(|bytes| {
            let text = String::from_utf8_lossy(&bytes);
            text.lines().find_map(|line| Some(line.strip_prefix("Vendor:")?.trim().to_owned()))
        });
        if vendor.is_some_and(|vendor| !vendor.eq_ignore_ascii_case("debian")) {
            return None;
        }
        // Only a text that Debian itself would write says Debian.
        debian_point(&line).is_some().then(|| Release {
            distribution: "debian".to_owned(),
            pretty_name: format!("Debian GNU/Linux {line}"),
            told_by: DEBIAN_VERSION.to_owned(),
            ..Release::default()
        })
    }

    /// Fills in what Debian's os-release leaves out: the point release always, the code name until
    /// Debian 9, both names in testing and unstable of old.
    fn complete_debian(&mut self, release: &mut Release) {
        let point = self.first_line(DEBIAN_VERSION).and_then(|line| debian_point(&line));
        let numbered = match point {
            Some(DebianPoint::Release(version)) => {
                let known = DebianRelease::find(&version).map(|found| found.codename);
                let major = version.split('.').next().map(str::to_owned);
                // A point release of some other release contradicts os-release; that one wins.
                if release.version.is_none() || release.version == major {
                    release.point_version = Some(version);
                    release.version = release.version.take().or(major);
                }
                known
            }
            Some(DebianPoint::Testing(codename)) => {
                if release.version.is_none() && release.codename.is_none() {
                    release.codename = Some(codename);
                }
                None
            }
            None => None,
        };
        if release.codename.is_none() {
            let by_version = release.version.as_deref().and_then(DebianRelease::find).map(|found| found.codename);
            release.codename = by_version.or(numbered).map(str::to_owned);
        }
        if release.version.is_none() && release.codename.is_none() {
            // `PRETTY_NAME="Debian GNU/Linux bullseye/sid"` named testing before 2021.
            let last = release.pretty_name.split_whitespace().next_back().unwrap_or_default();
            if let Some(DebianPoint::Testing(codename)) = debian_point(last) {
                release.codename = Some(codename);
            }
        }
    }
}

/// What `/etc/debian_version` says.
#[derive(Debug, PartialEq, Eq)]
enum DebianPoint {
    /// `12.11`
    Release(String),
    /// `forky/sid`: testing or unstable, which cannot be told apart. Its future release speaks for
    /// it, whose code name is given here.
    Testing(String),
}

fn debian_point(line: &str) -> Option<DebianPoint> {
    if let Some(codename) = line.strip_suffix("/sid") {
        let is_name = !codename.is_empty() && codename.bytes().all(|byte| byte.is_ascii_lowercase());
        return is_name.then(|| DebianPoint::Testing(codename.to_owned()));
    }
    let is_number = line.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    is_number.then(|| DebianPoint::Release(line.to_owned()))
}

/// Folds to lower case; `None` for what os-release(5) does not allow in an `ID`.
fn distribution_id(id: &str) -> Option<String> {
    let id = id.to_ascii_lowercase();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    id.bytes().all(allowed).then_some(id)
}

fn likes(value: &str) -> Vec<String> {
    value.split_ascii_whitespace().filter_map(distribution_id).collect()
}

fn joined(id: &str, version: Option<&str>) -> String {
    version.map_or_else(|| id.to_owned(), |version| format!("{id} {version}"))
}

/// First words of the release lines of Red Hat and its kin, and the `ID` of their os-release.
const RED_HAT_KIN: &[(&str, &str)] = &[
    ("Red Hat Enterprise Linux", "rhel"),
    ("CentOS", "centos"),
    ("Rocky Linux", "rocky"),
    ("AlmaLinux", "almalinux"),
    ("Oracle Linux", "ol"),
    ("Amazon Linux", "amzn"),
    ("Fedora", "fedora"),
    ("CloudLinux", "cloudlinux"),
    ("Scientific Linux", "scientific"),
    ("EuroLinux", "eurolinux"),
    ("MIRACLE LINUX", "miraclelinux"),
    ("Virtuozzo", "virtuozzo"),
];

/// First words of SUSE's release lines.
const SUSE_KIN: &[(&str, &str)] = &[
    ("SUSE Linux Enterprise Server for SAP", "sles_sap"),
    ("SUSE Linux Enterprise Server", "sles"),
    ("SUSE Linux Enterprise Desktop", "sled"),
];

/// Files of one line, the distribution, and what stands before the version.
const ONE_LINE: &[(&str, &str, &str)] = &[
    ("etc/azurelinux-release", "azurelinux", "Azure Linux"),
    ("etc/azurelinux-release", "azurelinux", "AzureLinux"),
    ("etc/mariner-release", "mariner", "CBL-Mariner"),
    ("etc/photon-release", "photon", "VMware Photon OS"),
    ("etc/photon-release", "photon", "VMware Photon Linux"),
    ("etc/gentoo-release", "gentoo", "Gentoo Base System release"),
];

fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Reads `CentOS Linux release 7.9.2009 (Core)`.
fn red_hat_line(line: &str) -> Option<(&'static str, &str)> {
    let (_, id) = RED_HAT_KIN.iter().find(|(name, _)| line.starts_with(name))?;
    let (_, rest) = line.split_once(" release ")?;
    let version = rest.split_whitespace().next().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    // CentOS adds the month of the build; its os-release gives the major number only.
    let version = if *id == "centos" { version.split('.').next()? } else { version };
    Some((id, version))
}

#[cfg(test)]
mod tests;
