//! npm, yarn and pnpm: `node_modules/NAME/package.json`.

use serde::Deserialize;
use serde_json::Value;
use yagura_model::{Ecosystem, Text};

use super::found::Found;
use super::manifest_bytes;
use crate::host::{ByteLimit, Host};

/// Some registries' tools write the whole registry entry into the file.
const MANIFEST_LIMIT: ByteLimit = ByteLimit::mib(8);

/// Folders of a package that hold trees for its tests; what lies in them was never installed.
const FIXTURES: [&str; 10] =
    ["__fixtures__", "__mocks__", "__tests__", "example", "examples", "fixture", "fixtures", "spec", "test", "tests"];

const NO_JSON: Text = Text::new("the file is no JSON object", "ファイルが JSON オブジェクトではありません");

#[derive(Deserialize)]
struct Manifest {
    // Test trees and private projects have anything here.
    name: Option<Value>,
    version: Option<Value>,
}

pub(super) fn wants(directory: &str, name: &str) -> bool {
    if name != "package.json" {
        return false;
    }
    let Some((parent, folder)) = directory.rsplit_once('/') else { return false };
    let modules = match parent.rsplit_once('/') {
        // `node_modules/@scope/name`
        Some((above, scope)) if scope.starts_with('@') => above,
        _ => parent,
    };
    let Some(application) = modules.strip_suffix("node_modules") else { return false };
    let is_whole = application.is_empty() || application.ends_with('/');
    // Of the application's own path nothing is asked; below its `node_modules` a `test` is a test.
    let inside = application.split_once("node_modules/").map_or("", |(_, inside)| inside);
    is_whole && !folder.starts_with(['.', '@']) && !inside.split('/').any(|part| FIXTURES.contains(&part))
}

pub(super) fn read(host: &dyn Host, path: &str, found: &mut Found) {
    let Some(bytes) = manifest_bytes(host, path, MANIFEST_LIMIT, found) else { return };
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    match serde_json::from_slice(json) {
        // Without a name or a version it is a part of another package.
        Ok(Manifest { name: Some(Value::String(name)), version: Some(Value::String(version)) }) => {
            found.add(Ecosystem::Npm, name.trim(), version.trim(), path);
        }
        Ok(_) => {}
        Err(_) => found.broken(path, NO_JSON),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;
    use crate::languages::tests::found_in;

    #[test]
    fn only_installed_packages_are_wanted() {
        for directory in [
            "node_modules/a",
            "srv/tests/app/node_modules/a",
            "srv/app/node_modules/@scope/a",
            "srv/app/node_modules/a/node_modules/b",
            "srv/app/node_modules/test",
            "srv/app/node_modules/.pnpm/a@1.0.0/node_modules/a",
        ] {
            assert!(wants(directory, "package.json"), "{directory}");
        }
        for directory in [
            "",
            "a",
            "srv/app",
            "srv/app/node_modules",
            "srv/app/node_modules/.bin",
            "srv/app/node_modules/@scope",
            "srv/app/node_modules/a/dist",
            "srv/app/node_modules/a/test/tree/node_modules/b",
            "srv/old_node_modules/a",
        ] {
            assert!(!wants(directory, "package.json"), "{directory}");
        }
        assert!(!wants("node_modules/a", "package-lock.json"));
    }

    #[test]
    fn manifests_are_read() {
        let host = MemoryHost::new()
            .file(
                "a/node_modules/lodash/package.json",
                "\u{feff}{\"name\":\"lodash\",\"version\":\"4.17.20\",\"x\":[{}]}",
            )
            .file("a/node_modules/@babel/core/package.json", r#"{"name":"@babel/core","version":"7.0.0"}"#)
            .file("a/node_modules/alias/package.json", r#"{"name":"real","version":"1.0.0-rc.1"}"#)
            .file("a/node_modules/private/package.json", r#"{"private":true}"#)
            .file("a/node_modules/odd/package.json", r#"{"name":["x"],"version":1}"#)
            .file("a/node_modules/broken/package.json", "{\"name\":")
            .file("a/node_modules/list/package.json", "[]")
            .file("a/node_modules/large/package.json", vec![b' '; 9 << 20])
            .denied("a/node_modules/denied/package.json");
        insta::assert_snapshot!(found_in(&host), @r"
        npm @babel/core 7.0.0 /a/node_modules/@babel/core/package.json
        npm lodash 4.17.20 /a/node_modules/lodash/package.json
        npm real 1.0.0-rc.1 /a/node_modules/alias/package.json
        /a/node_modules/broken/package.json: the file is no JSON object; its packages are not assessed
        /a/node_modules/denied/package.json: cannot read `/a/node_modules/denied/package.json`: permission denied; its packages are not assessed
        /a/node_modules/large/package.json: `/a/node_modules/large/package.json` is larger than 8 MiB, which is more than we read; its packages are not assessed
        /a/node_modules/list/package.json: the file is no JSON object; its packages are not assessed
        ");
    }
}
