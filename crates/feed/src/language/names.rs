//! Names of packages, as their registries compare them.
//!
//! | ecosystem | name |
//! |---|---|
//! | PyPI | PEP 503: lower case, each run of `-`, `_` and `.` is one `-` |
//! | NuGet, Packagist | lower case: their registries do not tell cases apart |
//! | npm | as it is, with its scope: `@babel/core` |
//! | Maven | `group:artifact`, as it is |
//! | Go | the path of the module, as it is; `stdlib` and `toolchain` for Go itself |
//! | RubyGems, crates.io | as it is |

use yagura_model::Ecosystem;

use crate::reading;

/// Returns the name under which statements speak of a package; `None` if it is no name.
pub(crate) fn normalised(ecosystem: Ecosystem, name: &str) -> Option<String> {
    let name = reading::package(name)?;
    match ecosystem {
        Ecosystem::PyPi => Some(pep503(name)),
        Ecosystem::NuGet | Ecosystem::Packagist => Some(name.to_ascii_lowercase()),
        Ecosystem::Maven => name.contains(':').then(|| name.to_owned()),
        Ecosystem::Npm | Ecosystem::RubyGems | Ecosystem::Go | Ecosystem::CratesIo => Some(name.to_owned()),
    }
}

fn pep503(name: &str) -> String {
    let mut normalised = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normalised.ends_with('-') => {}
            '-' | '_' | '.' => normalised.push('-'),
            other => normalised.push(other.to_ascii_lowercase()),
        }
    }
    normalised
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_registry_has_its_rule() {
        let name = |ecosystem, name: &str| normalised(ecosystem, name).unwrap_or_default();
        assert_eq!(name(Ecosystem::PyPi, "Zope._-Interface"), "zope-interface");
        assert_eq!(name(Ecosystem::NuGet, "Newtonsoft.Json"), "newtonsoft.json");
        assert_eq!(name(Ecosystem::Packagist, "Symfony/HTTP-Kernel"), "symfony/http-kernel");
        assert_eq!(name(Ecosystem::Npm, "@Scope/Name"), "@Scope/Name");
        assert_eq!(name(Ecosystem::Go, "github.com/Masterminds/goutils"), "github.com/Masterminds/goutils");
        assert_eq!(name(Ecosystem::Maven, "org.example:demo"), "org.example:demo");
        assert_eq!(name(Ecosystem::Maven, "demo"), "");
        assert_eq!(name(Ecosystem::RubyGems, "two words"), "");
    }
}
