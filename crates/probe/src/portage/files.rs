//! Which package owns a file: `var/db/pkg/CATEGORY/NAME-VERSION/CONTENTS`.

use yagura_model::{ReadProblem, Text};

use super::{CATEGORIES_MAX, PKG_PATH, split};
use crate::database::{RECORDS_MAX, folders};
use crate::host::{ByteLimit, Host};
use crate::owners::{Claims, Owners};
use crate::problem::unreadable;

/// The kernel's sources have some 80,000 files, 10 MiB.
const CONTENTS_LIMIT: ByteLimit = ByteLimit::mib(64);

const MEANING: Text = Text::new(
    "language packages that belong to this package are taken for packages of their own",
    "このパッケージに属する言語パッケージは、独立したパッケージとして扱われます",
);

/// The files of a portage host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files;

impl Owners for Files {
    fn claim(&self, host: &dyn Host, claims: &mut Claims, problems: &mut Vec<ReadProblem>) {
        let mut listed = |path: &str, entries_max| match host.list(path, entries_max) {
            Ok(entries) => folders(entries.unwrap_or_default()).collect::<Vec<_>>(),
            Err(error) => {
                problems.push(unreadable(&error, path, MEANING));
                Vec::new()
            }
        };
        let mut records = Vec::new();
        for category in listed(PKG_PATH, CATEGORIES_MAX) {
            let folders = listed(&format!("{PKG_PATH}/{category}"), RECORDS_MAX);
            records.extend(folders.into_iter().map(|folder| (category.clone(), folder)));
        }
        for (category, folder) in records {
            let Some((name, _)) = split(&folder) else { continue };
            let file = format!("{PKG_PATH}/{category}/{folder}/CONTENTS");
            match host.read(&file, CONTENTS_LIMIT) {
                Ok(bytes) => {
                    let text = bytes.unwrap_or_default();
                    let package = format!("{category}/{name}");
                    String::from_utf8_lossy(&text)
                        .lines()
                        .filter_map(path_of)
                        .for_each(|path| claims.claim(path, &package));
                }
                Err(error) => problems.push(unreadable(&error, &file, MEANING)),
            }
        }
    }
}

/// `obj /usr/bin/a file 0123… 1707000000`: checksum and time stand last, the name may have spaces.
fn path_of(line: &str) -> Option<&str> {
    line.strip_prefix("obj ")?.rsplitn(3, ' ').last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    #[test]
    fn contents_name_owners() {
        let contents = "dir /usr\nobj /usr/lib/x y/METADATA 0123 1707\nsym /usr/a.jar -> b 17\n";
        let host = MemoryHost::new()
            .file("var/db/pkg/dev-python/x-1-r1/CONTENTS", contents)
            .denied("var/db/pkg/a/b-1/CONTENTS");
        let mut claims = Claims::new(&host, ["usr/lib/x y/METADATA", "usr/a.jar"]);
        let mut problems = Vec::new();
        Files.claim(&host, &mut claims, &mut problems);
        assert_eq!((claims.owner("usr/lib/x y/METADATA"), claims.owner("usr/a.jar")), (Some("dev-python/x"), None));
        assert_eq!(problems.len(), 1);
    }
}
