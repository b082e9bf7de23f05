//! Red Hat's words for what is not fixed.

use yagura_model::StatementState;

use super::words;
use crate::reading;

/// Reads a `fix_state` of the Security Data API, which OVAL calls the state of a resolution.
///
/// | Red Hat says | state | note |
/// |---|---|---|
/// | `Affected`, `New` | open | |
/// | `Fix deferred` | postponed | |
/// | `Will not fix` | will not be fixed | |
/// | `Out of support scope` | support ended | the words |
/// | `Not affected` | not affected | |
/// | `Under investigation` | under investigation | |
pub(crate) fn fix_state(words: &str) -> Option<StatementState> {
    Some(match words.trim() {
        "Affected" | "New" => StatementState::Open,
        "Fix deferred" => StatementState::Postponed,
        "Will not fix" => StatementState::WillNotFix,
        "Out of support scope" => StatementState::EndOfLife,
        "Not affected" => StatementState::NotAffected,
        "Under investigation" => StatementState::UnderInvestigation,
        _ => return None,
    })
}

/// What a component's name means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Component<'a> {
    /// The source package.
    pub(crate) package: &'a str,
    /// The module that it is built in.
    pub(crate) module: Option<&'a str>,
}

/// Reads a component: `tar`, `nodejs:18/nodejs`. `None` for container images
/// (`openshift4/ose-console`), Java libraries (`org.springframework/spring-web`), Flatpaks
/// (`firefox:flatpak/firefox`) and whole modules, which are no rpm packages of a host.
pub(crate) fn component(name: &str) -> Option<Component<'_>> {
    let name = reading::package(name)?;
    match name.split_once('/') {
        None if words::is_module(name) => None,
        None => Some(Component { package: name, module: None }),
        Some((module, package)) => {
            let flatpak = module.ends_with(":flatpak");
            let plain = words::is_module(module) && !flatpak && !package.is_empty() && !package.contains('/');
            plain.then_some(Component { package, module: Some(module) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_states() {
        assert_eq!(fix_state("Out of support scope"), Some(StatementState::EndOfLife));
        assert_eq!(fix_state("Fix deferred"), Some(StatementState::Postponed));
        assert_eq!(fix_state("Affected"), Some(StatementState::Open));
        assert_eq!(fix_state("affected?"), None);
    }

    #[test]
    fn components_are_packages_or_nothing() {
        assert_eq!(component("tar"), Some(Component { package: "tar", module: None }));
        let nodejs = Component { package: "nodejs", module: Some("nodejs:18") };
        assert_eq!(component("nodejs:18/nodejs"), Some(nodejs));
        for other in [
            "openshift4/ose-console",
            "org.springframework/spring-web",
            "firefox:flatpak/firefox",
            "nodejs:18/",
            "a:1/b/c",
            "nodejs:18",
            "two words",
            "",
        ] {
            assert_eq!(component(other), None, "{other}");
        }
    }
}
