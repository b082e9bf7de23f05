//! How the files of package managers are read: small ones, whole, by folder.

use yagura_model::{ReadProblem, Text};

use crate::host::{ByteLimit, FileKind, Host, ReadError};
use crate::problem::{steers_a_terminal, unreadable};

/// The largest of these is redhat.repo, some 500 KiB on a host with every subscription.
const FILE_LIMIT: ByteLimit = ByteLimit::mib(8);
/// A folder of repositories has some ten files.
const FILES_MAX: usize = 1000;
/// No name or address is longer.
const TEXT_CHARS_MAX: usize = 1024;

/// The host, and the problems so far.
pub(super) struct Files<'a> {
    pub(super) host: &'a dyn Host,
    pub(super) problems: &'a mut Vec<ReadProblem>,
}

impl Files<'_> {
    /// Reads a file; one that cannot be read becomes a problem and then counts as missing.
    pub(super) fn bytes(&mut self, path: &str, limit: ByteLimit) -> Option<Vec<u8>> {
        match self.host.read(path, limit) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.report(&error, path);
                None
            }
        }
    }

    pub(super) fn text(&mut self, path: &str) -> Option<String> {
        let bytes = self.bytes(path, FILE_LIMIT)?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns the paths of a folder's files with one of the suffixes, by name.
    pub(super) fn list(&mut self, folder: &str, suffixes: &[&str]) -> Vec<String> {
        let entries = match self.host.list(folder, FILES_MAX) {
            Ok(entries) => entries.unwrap_or_default(),
            Err(error) => {
                self.report(&error, folder);
                Vec::new()
            }
        };
        let is_wanted = |name: &str| suffixes.iter().any(|suffix| name.ends_with(suffix)) && !name.starts_with('.');
        entries
            .into_iter()
            .filter(|entry| matches!(entry.kind, FileKind::File | FileKind::Symlink) && is_wanted(&entry.name))
            .map(|entry| format!("{folder}/{}", entry.name))
            .collect()
    }

    pub(super) fn report(&mut self, error: &ReadError, path: &str) {
        let meaning = Text::new(
            "whether fixes can be obtained on this host may not be told",
            "このホストで修正版を入手できるかどうかを判定できない可能性があります",
        );
        self.problems.push(unreadable(error, path, meaning));
    }
}

/// Shortens a text of the host and drops what steers a terminal.
pub(super) fn tamed(text: &str) -> String {
    text.chars().filter(|c| !steers_a_terminal(*c)).take(TEXT_CHARS_MAX).collect::<String>().trim().to_owned()
}

/// An address without user and password, and without what stands behind a question mark, where some
/// mirrors keep a token.
pub(super) fn address(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let bare = match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            path.map_or_else(|| format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
        }
        None => url.to_owned(),
    };
    tamed(&bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    #[test]
    fn addresses_keep_their_secrets() {
        for (url, shown) in [
            ("https://user:pass@esm.ubuntu.com/infra/ubuntu", "https://esm.ubuntu.com/infra/ubuntu"),
            ("https://a@b:c@host", "https://host"),
            ("http://host/path@x/y", "http://host/path@x/y"),
            ("https://host/list?arch=x&token=secret", "https://host/list"),
            ("cdrom:[Debian]/", "cdrom:[Debian]/"),
            ("file:///srv/repo", "file:///srv/repo"),
        ] {
            assert_eq!(address(url), shown);
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let host = MemoryHost::new()
            .denied("etc/x/a.repo")
            .file("etc/x/b.repo", "b")
            .file("etc/x/.c.repo", "")
            .file("etc/x/d", "");
        let mut problems = Vec::new();
        let mut files = Files { host: &host, problems: &mut problems };
        assert_eq!(files.list("etc/x", &[".repo"]), ["etc/x/a.repo", "etc/x/b.repo"]);
        assert_eq!((files.text("etc/x/a.repo"), files.text("etc/x/b.repo").as_deref()), (None, Some("b")));
        let many = (0..=FILES_MAX).fold(MemoryHost::new(), |host, n| host.file(&format!("etc/x/{n}.repo"), ""));
        assert!(Files { host: &many, problems: &mut problems }.list("etc/x", &[".repo"]).is_empty());
        let large = MemoryHost::new().file("a", vec![b' '; 8 * 1024 * 1024 + 1]);
        assert_eq!(Files { host: &large, problems: &mut problems }.text("a"), None);
        assert_eq!(problems.len(), 3);
        insta::assert_snapshot!(problems[0].message.en, @"cannot read `/etc/x/a.repo`: permission denied; whether fixes can be obtained on this host may not be told");
    }
}
