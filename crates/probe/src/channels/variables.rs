//! The variables in addresses of repositories: `$releasever`, `$basearch`, and the host's own.

use std::collections::BTreeMap;

use yagura_model::Release;

use super::files::{Files, tamed};

/// Where hosts keep variables of their own, a file each; the later folder wins.
const FOLDERS: &[&str] = &["etc/yum/vars", "etc/dnf/vars", "etc/zypp/vars.d"];
/// A host with more is no host.
const VARIABLES_MAX: usize = 1000;

/// Names and values.
pub(super) struct Variables(BTreeMap<String, String>);

impl Variables {
    /// `releasever` is that of the release unless the host sets another, as one with extended support
    /// does. Red Hat's kin put the major number there, SUSE and Amazon the whole version.
    pub(super) fn read(files: &mut Files<'_>, release: Option<&Release>, architecture: Option<&str>) -> Self {
        let mut variables = BTreeMap::new();
        let mut set = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                variables.insert(name.to_owned(), value.to_owned());
            }
        };
        if let Some(release) = release {
            let version = release.version.as_deref();
            let major = version.and_then(|version| version.split('.').next());
            let is_by_major = ["rhel", "centos", "almalinux", "rocky", "ol"].contains(&release.distribution.as_str());
            set("releasever", if is_by_major { major } else { version });
            set("releasever_major", major);
            set("releasever_minor", version.and_then(|version| version.split('.').nth(1)));
        }
        for name in ["basearch", "arch"] {
            set(name, architecture);
        }
        for folder in FOLDERS {
            for path in files.list(folder, &[""]) {
                let name = path.rsplit_once('/').map_or("", |(_, name)| name);
                let value = files.text(&path).and_then(|text| text.lines().next().map(tamed));
                if variables.len() < VARIABLES_MAX
                    && let Some(value) = value
                {
                    variables.insert(name.to_owned(), value);
                }
            }
        }
        Self(variables)
    }

    /// Puts values in the place of `$name` and `${name}`; a name without a value stays.
    pub(super) fn expand(&self, text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let (name, behind) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((name, behind)) => (name, behind),
                None => {
                    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    after.split_at(after.find(|c| !is_part(c)).unwrap_or(after.len()))
                }
            };
            match self.0.get(name) {
                Some(value) => {
                    out.push_str(value);
                    rest = behind;
                }
                None => {
                    out.push('$');
                    rest = after;
                }
            }
        }
        out + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    #[test]
    fn values_take_their_place() {
        let host = MemoryHost::new().file("etc/yum/vars/infra", "stock\n").file("etc/dnf/vars/releasever", "8.4\n");
        let mut problems = Vec::new();
        let mut files = Files { host: &host, problems: &mut problems };
        let release = Release { distribution: "rhel".into(), version: Some("8.9".into()), ..Release::default() };
        let variables = Variables::read(&mut files, Some(&release), Some("x86_64"));
        let text = "http://h/$releasever/${releasever_major}/$basearch-$infra/$unknown/${x$";
        assert_eq!(variables.expand(text), "http://h/8.4/8/x86_64-stock/$unknown/${x$");
        let host = MemoryHost::new();
        let variables = Variables::read(&mut Files { host: &host, problems: &mut problems }, Some(&release), None);
        assert_eq!(variables.expand("$releasever $basearch"), "8 $basearch");
    }
}
