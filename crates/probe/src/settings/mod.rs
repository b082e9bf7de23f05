//! Reads the configuration that the best-practice rules judge.
//!
//! [`read`] is the whole interface: it runs every probe of this folder and returns
//! [`Settings`]. What cannot be read becomes an unreadable fact *and* a problem with its place;
//! the other facts are read all the same.
//!
//! # Invariants
//!
//! - A value is the *effective* one: includes, drop-in folders, precedence and compiled-in
//!   defaults are followed as the program itself follows them.
//! - A password hash never leaves the function that looks at it.

mod accounts;
mod directories;
mod glob;
mod login_defs;
mod nx;
mod pam;
pub mod sshd;
mod sysctl;

use yagura_model::{LocalText, Package, ReadProblem, Release, Settings, SourceLine};

use crate::host::{ByteLimit, Host, ReadError};

/// Reads every configuration fact of the host.
pub fn read(
    host: &dyn Host,
    packages: &[Package],
    release: Option<&Release>,
    problems: &mut Vec<ReadProblem>,
) -> Settings {
    Settings {
        sshd: sshd::read(host, packages, problems),
        login_defs: login_defs::read(host, problems),
        accounts: accounts::read(host, problems),
        password_stack: pam::read(host, packages, release, problems),
        aslr: sysctl::read(host, problems),
        nx: nx::read(host, problems),
        directories: directories::read(host, problems),
    }
}

/// Reads a text file. Bytes that are not UTF-8 are replaced: configuration is compared with
/// ASCII words only. What goes wrong is reported with its place and returned as the reason.
fn read_text(
    host: &dyn Host,
    path: &str,
    limit: ByteLimit,
    problems: &mut Vec<ReadProblem>,
) -> Result<Option<String>, LocalText> {
    match host.read(path, limit) {
        Ok(bytes) => Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) => {
            let reason = explain(&error);
            problems.push(ReadProblem { place: SourceLine::file(path), message: reason.clone() });
            Err(reason)
        }
    }
}

/// Lists the names in a folder that is optional.
fn list_names(
    host: &dyn Host,
    path: &str,
    entries_max: usize,
    problems: &mut Vec<ReadProblem>,
) -> Result<Vec<String>, LocalText> {
    match host.list(path, entries_max) {
        Ok(entries) => Ok(entries.unwrap_or_default().into_iter().map(|entry| entry.name).collect()),
        Err(error) => {
            let reason = explain(&error);
            problems.push(ReadProblem { place: SourceLine::file(path), message: reason.clone() });
            Err(reason)
        }
    }
}

/// Says why a read failed, in both languages.
fn explain(error: &ReadError) -> LocalText {
    match error {
        ReadError::Denied { path } => LocalText::new(
            format!("cannot read `/{path}`: permission denied; run as root to have it judged"),
            format!("`/{path}` を読む権限がありません。判定するには root で実行してください"),
        ),
        ReadError::TooLarge { path, limit } => LocalText::new(
            format!("`/{path}` is larger than {limit}, which is more than we read"),
            format!("`/{path}` が読み取り上限 ({limit}) を超えています"),
        ),
        ReadError::WrongKind { path, .. } => {
            LocalText::new(error.to_string(), format!("`/{path}` は想定した種類のファイルではありません"))
        }
        ReadError::BadLink { path } => LocalText::new(
            error.to_string(),
            format!("`/{path}` のシンボリックリンクが循環しているか、行き先がありません"),
        ),
        ReadError::Io { path, source } => {
            LocalText::new(format!("cannot read `/{path}`: {source}"), format!("`/{path}` を読めません: {source}"))
        }
    }
}

/// Numbers the lines of a text from 1.
fn numbered(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1_u32..).zip(text.split('\n'))
}

/// Finds an installed package by the first of several names that is there.
fn package<'a>(packages: &'a [Package], names: &[&str]) -> Option<&'a Package> {
    names.iter().find_map(|name| packages.iter().find(|package| package.name == *name && package.is_present()))
}

/// Takes the leading `major.minor` of a package version without its epoch: `1:9.2p1-2` → (9, 2).
fn major_minor(version: &str) -> Option<(u32, u32)> {
    let upstream = upstream_version(version);
    let mut parts = upstream.split(|c: char| !c.is_ascii_digit());
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next().and_then(|minor| minor.parse().ok()).unwrap_or(0);
    Some((major, minor))
}

/// Cuts the epoch and the distribution's revision off: `1:9.2p1-2+deb12u6` → `9.2p1`.
fn upstream_version(version: &str) -> &str {
    let without_epoch = version.split_once(':').map_or(version, |(_, rest)| rest);
    without_epoch.rsplit_once('-').map_or(without_epoch, |(upstream, _)| upstream)
}

#[cfg(test)]
pub(crate) mod tests {
    use yagura_model::{Fact, Origin, PackageStatus, SourcePackage};

    use super::*;
    use crate::MemoryHost;

    /// An installed package, for the tests of this folder.
    pub(crate) fn installed(name: &str, version: &str) -> Package {
        Package {
            name: name.into(),
            version: version.into(),
            architecture: "amd64".into(),
            source: SourcePackage { name: name.into(), version: version.into() },
            status: PackageStatus::installed(),
            origin: Origin::Assumed,
            maintainer: None,
            multi_arch: None,
            record: SourceLine::at("var/lib/dpkg/status", 1),
            ..Package::default()
        }
    }

    #[test]
    fn versions_lose_epoch_and_revision() {
        assert_eq!(upstream_version("1:9.2p1-2+deb12u6"), "9.2p1");
        assert_eq!(major_minor("1:9.2p1-2+deb12u6"), Some((9, 2)));
        assert_eq!(major_minor("10.0p1"), Some((10, 0)));
        assert_eq!(major_minor("7"), Some((7, 0)));
        assert_eq!(major_minor("unknown"), None);
    }

    #[test]
    fn an_empty_host_has_an_answer_for_every_fact() {
        let mut problems = Vec::new();
        let settings = read(&MemoryHost::new(), &[], None, &mut problems);
        assert!(matches!(settings.sshd, Fact::NotPresent(_)));
        assert!(matches!(settings.login_defs, Fact::NotPresent(_)));
        assert!(matches!(settings.accounts, Fact::NotPresent(_)));
        assert!(matches!(settings.password_stack, Fact::NotPresent(_)));
        assert!(matches!(settings.nx, Fact::NotPresent(_)));
        assert_eq!(problems, []);
    }
}
