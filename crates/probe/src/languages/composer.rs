//! PHP: `vendor/composer/installed.json`.

use serde::Deserialize;
use yagura_model::{Ecosystem, Text};

use super::found::Found;
use super::manifest_bytes;
use crate::host::{ByteLimit, Host};

/// It repeats the manifest of each package, some 3 KiB.
const INSTALLED_LIMIT: ByteLimit = ByteLimit::mib(64);

const UNKNOWN: Text = Text::new(
    "the file is not composer's list of installed packages",
    "composer のインストール済みパッケージ一覧として解釈できません",
);

/// Composer 2 wraps the list that Composer 1 wrote.
#[derive(Deserialize)]
#[serde(untagged)]
enum Installed {
    Wrapped { packages: Vec<Entry> },
    Plain(Vec<Entry>),
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
}

pub(super) fn wants(directory: &str, name: &str) -> bool {
    name == "installed.json" && directory.ends_with("/composer")
}

pub(super) fn read(host: &dyn Host, path: &str, found: &mut Found) {
    let Some(bytes) = manifest_bytes(host, path, INSTALLED_LIMIT, found) else { return };
    match serde_json::from_slice(&bytes) {
        Ok(Installed::Wrapped { packages } | Installed::Plain(packages)) => {
            for Entry { name, version } in packages {
                found.add(Ecosystem::Packagist, &name.to_ascii_lowercase(), &version, path);
            }
        }
        Err(_) => found.broken(path, UNKNOWN),
    }
}

#[cfg(test)]
mod tests {
    use crate::MemoryHost;
    use crate::languages::tests::found_in;

    #[test]
    fn both_forms_are_read() {
        let list = r#"[{"name":"Monolog/monolog","version":"1.24.0","version_normalized":"1.24.0.0"},{"name":"a/b","version":"dev-main"}]"#;
        let host = MemoryHost::new()
            .file("srv/a/vendor/composer/installed.json", list)
            .file("srv/b/vendor/composer/installed.json", format!("{{\"packages\":{list},\"dev\":true}}"))
            .file("srv/c/vendor/composer/installed.json", "{\"packages\":[{}]}")
            .file("srv/d/installed.json", list);
        insta::assert_snapshot!(found_in(&host), @r"
        packagist a/b dev-main /srv/a/vendor/composer/installed.json
        packagist a/b dev-main /srv/b/vendor/composer/installed.json
        packagist monolog/monolog 1.24.0 /srv/a/vendor/composer/installed.json
        packagist monolog/monolog 1.24.0 /srv/b/vendor/composer/installed.json
        /srv/c/vendor/composer/installed.json: the file is not composer's list of installed packages; its packages are not assessed
        ");
    }
}
