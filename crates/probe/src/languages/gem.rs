//! RubyGems: `specifications/NAME-VERSION.gemspec`, and `specifications/default` for the gems that
//! come with Ruby.

use yagura_model::{Ecosystem, Text};

use super::found::Found;
use super::part::head;
use crate::host::Host;

/// Name and version stand in the first lines of a specification; it is Ruby code.
const HEAD_BYTES_MAX: usize = 64 * 1024;

const NO_VERSION: Text =
    Text::new("the specification names no gem and version", "gem の名前とバージョンが記載されていません");

pub(super) fn wants(directory: &str, name: &str) -> bool {
    name.ends_with(".gemspec")
        && matches!(directory.strip_suffix("/default").unwrap_or(directory).rsplit('/').next(), Some("specifications"))
}

pub(super) fn read(host: &dyn Host, path: &str, found: &mut Found) {
    let bytes = match head(host, path, HEAD_BYTES_MAX) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return,
        Err(error) => return found.unreadable(path, &error),
    };
    let text = String::from_utf8_lossy(&bytes);
    match summary(&text).or_else(|| assigned(&text)) {
        Some((name, version)) => found.add(Ecosystem::RubyGems, name, version, path),
        None => found.broken(path, NO_VERSION),
    }
}

/// `# stub: rake 13.0.6 ruby lib`: RubyGems' own summary, so that it need not run the code.
fn summary(text: &str) -> Option<(&str, &str)> {
    let mut words = text.lines().take(5).find_map(|line| line.strip_prefix("# stub: "))?.split(' ');
    Some((words.next()?, words.next()?))
}

/// `s.name = "rake".freeze`, and `s.version = Gem::Version.new("13.0.6")`.
fn assigned(text: &str) -> Option<(&str, &str)> {
    let value = |attribute: &str| {
        text.lines().find_map(|line| {
            let (variable, rest) = line.trim_start().split_once(attribute)?;
            let value = rest.trim_start().strip_prefix('=')?;
            variable.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(())?;
            let begin = value.find(['"', '\''])?;
            let quote = value.get(begin..)?.chars().next()?;
            value.get(begin + 1..)?.split(quote).next()
        })
    };
    Some((value(".name")?, value(".version")?))
}

#[cfg(test)]
mod tests {
    use crate::MemoryHost;
    use crate::languages::tests::found_in;

    #[test]
    fn specifications_are_read() {
        let host = MemoryHost::new()
            .file(
                "var/lib/gems/3.1.0/specifications/rack-2.2.3.gemspec",
                "# -*- encoding: utf-8 -*-\n# stub: rack 2.2.3 ruby lib\n\nGem::Specification.new do |s|\n  s.name = \"no\".freeze\n",
            )
            .file(
                "usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec",
                "Gem::Specification.new do |s|\n  s.name    = 'json'\n  s.version = Gem::Version.new \"2.6.1\"\n",
            )
            .file("home/u/gems/x/x.gemspec", "# stub: x 1 ruby lib\n")
            .file("a/specifications/empty-1.gemspec", "")
            .file("a/specifications/dynamic-1.gemspec", "  s.name = \"dynamic\"\n  s.version = VERSION\n  s.names = 'x'\n")
            .denied("a/specifications/denied-1.gemspec");
        insta::assert_snapshot!(found_in(&host), @r"
        rubygems json 2.6.1 /usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec
        rubygems rack 2.2.3 /var/lib/gems/3.1.0/specifications/rack-2.2.3.gemspec
        /a/specifications/denied-1.gemspec: cannot read `/a/specifications/denied-1.gemspec`: permission denied; its packages are not assessed
        /a/specifications/dynamic-1.gemspec: the specification names no gem and version; its packages are not assessed
        /a/specifications/empty-1.gemspec: the specification names no gem and version; its packages are not assessed
        ");
    }
}
