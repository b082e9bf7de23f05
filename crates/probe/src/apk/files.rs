//! Which package owns a file: the lines `F:` (directory) and `R:` (file in it) of apk's database.

use yagura_model::{ReadProblem, Text};

use super::{INSTALLED_LIMIT, PATHS};
use crate::host::Host;
use crate::owners::{Claims, Owners};
use crate::problem::unreadable;

const MEANING: Text = Text::new(
    "language packages that belong to the system's packages are taken for packages of their own",
    "システムのパッケージに属する言語パッケージは、独立したパッケージとして扱われます",
);

/// The files of an apk host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files;

impl Owners for Files {
    fn claim(&self, host: &dyn Host, claims: &mut Claims, problems: &mut Vec<ReadProblem>) {
        for path in PATHS {
            match host.read(path, INSTALLED_LIMIT) {
                Ok(None) => {}
                Ok(Some(bytes)) => return claim_all(&bytes, claims),
                Err(error) => return problems.push(unreadable(&error, path, MEANING)),
            }
        }
    }
}

fn claim_all(bytes: &[u8], claims: &mut Claims) {
    let (mut package, mut directory) = (String::new(), String::new());
    for line in bytes.split(|byte| *byte == b'\n') {
        match line {
            [] => {
                package.clear();
                directory.clear();
            }
            [b'P', b':', name @ ..] => package = String::from_utf8_lossy(name).into_owned(),
            [b'F', b':', path @ ..] => directory = String::from_utf8_lossy(path).into_owned(),
            [b'R', b':', name @ ..] if !package.is_empty() => {
                claims.claim_in(&directory, &String::from_utf8_lossy(name), &package);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    #[test]
    fn lines_name_owners() {
        let installed =
            "P:py3-x\nV:1\nF:\nR:top\nF:usr/lib/x.dist-info\nR:METADATA\nZ:Q1\n\nR:stray\n\nP:other\nF:opt\nR:a.jar\n";
        let host = MemoryHost::new().file(PATHS[0], installed);
        let mut claims =
            Claims::new(&host, ["usr/lib/x.dist-info/METADATA", "opt/a.jar", "top", "opt/METADATA", "stray"]);
        Files.claim(&host, &mut claims, &mut Vec::new());
        assert_eq!(claims.owner("usr/lib/x.dist-info/METADATA"), Some("py3-x"));
        assert_eq!(claims.owner("opt/a.jar"), Some("other"));
        assert_eq!(claims.owner("top"), Some("py3-x"));
        assert_eq!((claims.owner("opt/METADATA"), claims.owner("stray")), (None, None));
        let mut problems = Vec::new();
        Files.claim(&MemoryHost::new().denied(PATHS[0]), &mut claims, &mut problems);
        assert_eq!(problems.len(), 1);
    }
}
