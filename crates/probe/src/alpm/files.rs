//! Which package owns a file: `var/lib/pacman/local/NAME-VERSION/files`.

use yagura_model::{ReadProblem, Text};

use super::LOCAL_PATH;
use crate::database::{RECORDS_MAX, folders};
use crate::host::{ByteLimit, Host};
use crate::owners::{Claims, Owners};
use crate::problem::unreadable;

/// The kernel's headers have some 30,000 files, 2 MiB.
const FILES_LIMIT: ByteLimit = ByteLimit::mib(32);

const MEANING: Text = Text::new(
    "language packages that belong to this package are taken for packages of their own",
    "このパッケージに属する言語パッケージは、独立したパッケージとして扱われます",
);

/// The files of a pacman host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files;

impl Owners for Files {
    fn claim(&self, host: &dyn Host, claims: &mut Claims, problems: &mut Vec<ReadProblem>) {
        let entries = match host.list(LOCAL_PATH, RECORDS_MAX) {
            Ok(entries) => entries.unwrap_or_default(),
            Err(error) => return problems.push(unreadable(&error, LOCAL_PATH, MEANING)),
        };
        for folder in folders(entries) {
            let file = format!("{LOCAL_PATH}/{folder}/files");
            match host.read(&file, FILES_LIMIT) {
                Ok(bytes) => claim_all(&String::from_utf8_lossy(&bytes.unwrap_or_default()), &folder, claims),
                Err(error) => problems.push(unreadable(&error, &file, MEANING)),
            }
        }
    }
}

fn claim_all(text: &str, folder: &str, claims: &mut Claims) {
    // `python-requests-2.31.0-1`: neither version nor release has a hyphen.
    let package = folder.rsplitn(3, '-').last().unwrap_or(folder);
    let files = text.lines().skip_while(|line| *line != "%FILES%").skip(1).take_while(|line| !line.starts_with('%'));
    files.for_each(|path| claims.claim(path, package));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    #[test]
    fn lists_name_owners() {
        let host = MemoryHost::new()
            .file(
                "var/lib/pacman/local/python-x-2.31.0-1/files",
                "%FILES%\nusr/\nusr/lib/x/METADATA\n\n%BACKUP%\netc/y\n",
            )
            .denied("var/lib/pacman/local/z-1-1/files");
        let mut claims = Claims::new(&host, ["usr/lib/x/METADATA", "etc/y"]);
        let mut problems = Vec::new();
        Files.claim(&host, &mut claims, &mut problems);
        assert_eq!((claims.owner("usr/lib/x/METADATA"), claims.owner("etc/y")), (Some("python-x"), None));
        assert_eq!(problems.len(), 1);
    }
}
