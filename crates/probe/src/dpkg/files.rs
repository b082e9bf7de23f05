//! Which package owns a file: dpkg's lists (`info/*.list`), and the checksums of distroless images
//! (`status.d/*.md5sums`).

use yagura_model::{ReadProblem, Text};

use super::STATUS_D_PATH;
use crate::host::{ByteLimit, Host};
use crate::owners::{Claims, Owners};
use crate::problem::unreadable;

const INFO_PATH: &str = "var/lib/dpkg/info";
/// Some six files a package.
const ENTRIES_MAX: usize = 500_000;
/// The kernel's headers have some 30,000 files, 2 MiB.
const LIST_LIMIT: ByteLimit = ByteLimit::mib(32);

const MEANING: Text = Text::new(
    "language packages that belong to this package are taken for packages of their own",
    "このパッケージに属する言語パッケージは、独立したパッケージとして扱われます",
);

/// The files of a dpkg host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files;

impl Owners for Files {
    fn claim(&self, host: &dyn Host, claims: &mut Claims, problems: &mut Vec<ReadProblem>) {
        claim_lists(host, INFO_PATH, ".list", claims, problems, |line| Some(line));
        // `d41d8cd98f00b204e9800998ecf8427e  usr/share/doc/x`
        claim_lists(host, STATUS_D_PATH, ".md5sums", claims, problems, |line| {
            line.split_once(' ').map(|(_, path)| path.trim_start_matches([' ', '*']))
        });
    }
}

fn claim_lists(
    host: &dyn Host,
    folder: &str,
    suffix: &str,
    claims: &mut Claims,
    problems: &mut Vec<ReadProblem>,
    path_of: impl Fn(&str) -> Option<&str>,
) {
    let entries = match host.list(folder, ENTRIES_MAX) {
        Ok(entries) => entries.unwrap_or_default(),
        Err(error) => {
            problems.push(unreadable(&error, folder, MEANING));
            return;
        }
    };
    for entry in entries {
        // `libc6:amd64.list`
        let Some(stem) = entry.name.strip_suffix(suffix) else { continue };
        let package = stem.split(':').next().unwrap_or(stem);
        let file = format!("{folder}/{}", entry.name);
        match host.read(&file, LIST_LIMIT) {
            Ok(bytes) => {
                let text = bytes.unwrap_or_default();
                let lines = String::from_utf8_lossy(&text);
                lines.lines().filter_map(&path_of).for_each(|path| claims.claim(path, package));
            }
            Err(error) => problems.push(unreadable(&error, &file, MEANING)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    #[test]
    fn lists_and_checksums_name_owners() {
        let host = MemoryHost::new()
            .link("lib", "usr/lib")
            .file("var/lib/dpkg/info/libx:amd64.list", "/.\n/lib\n/lib/x.jar\n")
            .file("var/lib/dpkg/info/libx:amd64.md5sums", "0123  opt/y.jar\n")
            .file(
                "var/lib/dpkg/status.d/python3.md5sums",
                "0123  usr/lib/python3/METADATA\n4567 *opt/z.jar\nnonsense\n",
            )
            .denied("var/lib/dpkg/info/secret.list");
        let mut claims = Claims::new(&host, ["usr/lib/x.jar", "opt/y.jar", "opt/z.jar", "usr/lib/python3/METADATA"]);
        let mut problems = Vec::new();
        Files.claim(&host, &mut claims, &mut problems);
        assert_eq!(claims.owner("usr/lib/x.jar"), Some("libx"));
        assert_eq!(claims.owner("opt/y.jar"), None);
        assert_eq!(claims.owner("opt/z.jar"), Some("python3"));
        assert_eq!(claims.owner("usr/lib/python3/METADATA"), Some("python3"));
        assert_eq!(problems.len(), 1);
        insta::assert_snapshot!(problems[0].message.en, @"cannot read `/var/lib/dpkg/info/secret.list`: permission denied; language packages that belong to this package are taken for packages of their own");
    }
}
