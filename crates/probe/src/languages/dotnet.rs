//! .NET: `NAME.deps.json` beside a program, and beside the shared runtime.

use std::collections::BTreeMap;

use serde::Deserialize;
use yagura_model::{Ecosystem, Text};

use super::found::Found;
use super::manifest_bytes;
use crate::host::{ByteLimit, Host};

/// A line for each file of each package.
const DEPS_LIMIT: ByteLimit = ByteLimit::mib(64);

const UNKNOWN: Text =
    Text::new("the file is not .NET's list of dependencies", ".NET の依存関係一覧として解釈できません");

#[derive(Deserialize)]
struct Deps {
    #[serde(default)]
    libraries: BTreeMap<String, Library>,
}

#[derive(Deserialize)]
struct Library {
    #[serde(rename = "type", default)]
    kind: String,
}

pub(super) fn wants(_: &str, name: &str) -> bool {
    name.ends_with(".deps.json")
}

pub(super) fn read(host: &dyn Host, path: &str, found: &mut Found) {
    let Some(bytes) = manifest_bytes(host, path, DEPS_LIMIT, found) else { return };
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let Ok(Deps { libraries }) = serde_json::from_slice(json) else {
        return found.broken(path, UNKNOWN);
    };
    for (library, Library { kind }) in libraries {
        // `Newtonsoft.Json/13.0.1`; what is a `project` was built here and has no registry.
        let Some((name, version)) = library.split_once('/') else { continue };
        let name = match kind.as_str() {
            "package" => name,
            // A program that brings its own runtime.
            "runtimepack" => name.strip_prefix("runtimepack.").unwrap_or(name),
            _ => continue,
        };
        // The registry does not tell cases apart.
        found.add(Ecosystem::NuGet, &name.to_ascii_lowercase(), version, path);
    }
}

#[cfg(test)]
mod tests {
    use crate::MemoryHost;
    use crate::languages::tests::found_in;

    #[test]
    fn packages_and_runtimes_are_read() {
        let deps = r#"{"runtimeTarget":{},"libraries":{
            "App/1.0.0":{"type":"project","serviceable":false},
            "Newtonsoft.Json/12.0.1":{"type":"package","sha512":"x"},
            "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/6.0.1":{"type":"runtimepack"},
            "odd":{"type":"package"}}}"#;
        let host = MemoryHost::new()
            .file("opt/app/App.deps.json", format!("\u{feff}{deps}"))
            .file("opt/empty/App.deps.json", "{}")
            .file("opt/broken/App.deps.json", "{\"libraries\":[]}");
        insta::assert_snapshot!(found_in(&host), @r"
        nuget microsoft.netcore.app.runtime.linux-x64 6.0.1 /opt/app/App.deps.json
        nuget newtonsoft.json 12.0.1 /opt/app/App.deps.json
        /opt/broken/App.deps.json: the file is not .NET's list of dependencies; its packages are not assessed
        ");
    }
}
