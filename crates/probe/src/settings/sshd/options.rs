//! The options that sshd is started with: systemd's unit, Debian's `/etc/default/ssh`, Red Hat's
//! `/etc/sysconfig/sshd`.
//!
//! `-o` settings come before the configuration file, so they win over it; `-f` names another
//! file. Shell code in these files is not run: an assignment is read as sh reads a plain one.

use std::collections::BTreeMap;

use yagura_model::settings::fact::quoted;
use yagura_model::{LocalText, ReadProblem, SourceLine};

use super::config::{Directive, is_of_interest};
use super::line::{self, Line};
use crate::host::{ByteLimit, Host};
use crate::settings::{glob, numbered, read_text};

/// A unit or a defaults file.
const FILE_LIMIT: ByteLimit = ByteLimit::kib(64);
/// Words of one command line.
pub(super) const WORDS_MAX: usize = 1_000;

/// Units in systemd's order of precedence; the first that exists counts.
const UNIT_FOLDERS: [&str; 4] =
    ["etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"];
const UNITS: [&str; 2] = ["ssh.service", "sshd.service"];
/// Where the init scripts take their options from, with the variable's name.
const DEFAULTS: [(&str, &str); 2] = [("etc/default/ssh", "SSHD_OPTS"), ("etc/sysconfig/sshd", "OPTIONS")];

/// What the command line says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Options {
    /// `-o` settings of interest.
    pub directives: Vec<Directive>,
    /// `-f`, relative to the root.
    pub config_path: Option<String>,
}

/// A word of the command line and where it stands.
type Word = (String, SourceLine);

/// Reads the options.
///
/// # Errors
/// A unit or defaults file that cannot be read.
pub(super) fn read(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Result<Options, LocalText> {
    let words = match unit_command(host, problems)? {
        Some(words) => words,
        None => script_words(host, problems)?,
    };
    Ok(interpret(&words))
}

/// Returns the words of sshd's command line by systemd's unit; `None` without a unit.
fn unit_command(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Result<Option<Vec<Word>>, LocalText> {
    for unit in UNITS {
        for folder in UNIT_FOLDERS {
            let path = format!("{folder}/{unit}");
            if let Some(text) = read_text(host, &path, FILE_LIMIT, problems)? {
                let mut service = Service::default();
                service.add(&path, &text);
                for path in drop_ins(host, unit, problems)? {
                    if let Some(text) = read_text(host, &path, FILE_LIMIT, problems)? {
                        service.add(&path, &text);
                    }
                }
                return service.command(host, problems).map(Some);
            }
        }
    }
    Ok(None)
}

/// Lists a unit's drop-in files by name, a name in an earlier folder hiding the same in a later.
fn drop_ins(host: &dyn Host, unit: &str, problems: &mut Vec<ReadProblem>) -> Result<Vec<String>, LocalText> {
    let mut by_name = BTreeMap::new();
    for folder in UNIT_FOLDERS {
        for path in glob::expand(host, &format!("{folder}/{unit}.d/*.conf"), problems)? {
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            by_name.entry(name).or_insert(path);
        }
    }
    Ok(by_name.into_values().collect())
}

/// The parts of a unit that matter here.
#[derive(Default)]
struct Service {
    start: Option<(String, SourceLine)>,
    environment: Vec<(String, SourceLine)>,
    environment_files: Vec<String>,
}

impl Service {
    fn add(&mut self, path: &str, text: &str) {
        for (number, line) in numbered(text) {
            let Some((key, value)) = line.trim().split_once('=') else { continue };
            let place = SourceLine::at(path, number);
            let value = value.trim();
            match key.trim() {
                // An empty ExecStart forgets the earlier ones.
                "ExecStart" if value.is_empty() => self.start = None,
                "ExecStart" => self.start = Some((value.to_owned(), place)),
                "Environment" => self.environment.push((value.to_owned(), place)),
                "EnvironmentFile" if value.is_empty() => self.environment_files.clear(),
                "EnvironmentFile" => {
                    self.environment_files.push(value.trim_start_matches('-').trim_matches('/').to_owned());
                }
                _ => {}
            }
        }
    }

    fn command(self, host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Result<Vec<Word>, LocalText> {
        let mut variables = BTreeMap::new();
        for (line, place) in &self.environment {
            for assignment in line::arguments(line).unwrap_or_default() {
                if let Some((name, value)) = assignment.split_once('=') {
                    variables.insert(name.to_owned(), (value.to_owned(), place.clone()));
                }
            }
        }
        for path in &self.environment_files {
            if let Some(text) = read_text(host, path, FILE_LIMIT, problems)? {
                variables.extend(assignments(path, &text));
            }
        }
        let Some((start, place)) = self.start else { return Ok(Vec::new()) };
        let mut words = Vec::new();
        for word in line::arguments(&start).unwrap_or_default().into_iter().skip(1) {
            let name = word.strip_prefix('$').map(|name| name.trim_matches(['{', '}']));
            match name.and_then(|name| variables.get(name)) {
                Some((value, place)) => words.extend(split(value, place)),
                None if name.is_some() => {}
                None => words.push((word, place.clone())),
            }
        }
        words.truncate(WORDS_MAX);
        Ok(words)
    }
}

/// Returns the options that an init script would pass.
fn script_words(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Result<Vec<Word>, LocalText> {
    for (path, variable) in DEFAULTS {
        if let Some(text) = read_text(host, path, FILE_LIMIT, problems)? {
            let found = assignments(path, &text).remove(variable);
            return Ok(found.map(|(value, place)| split(&value, &place)).unwrap_or_default());
        }
    }
    Ok(Vec::new())
}

/// Reads `NAME=value` lines, the last of a name winning.
fn assignments(path: &str, text: &str) -> BTreeMap<String, (String, SourceLine)> {
    let mut found = BTreeMap::new();
    for (number, line) in numbered(text) {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
        let value = value.trim();
        let bare = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.split(quote).next());
        let value = bare.unwrap_or_else(|| value.split(" #").next().unwrap_or(value));
        found.insert(name.trim().to_owned(), (value.to_owned(), SourceLine::at(path, number)));
    }
    found
}

fn split(value: &str, place: &SourceLine) -> Vec<Word> {
    let words = line::arguments(value).unwrap_or_default();
    words.into_iter().take(WORDS_MAX).map(|word| (word, place.clone())).collect()
}

/// Picks `-o` and `-f` out of sshd's command line, as getopt(3) splits it.
fn interpret(words: &[Word]) -> Options {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some((word, place)) = words.next() {
        let Some(letters) = word.strip_prefix('-') else { continue };
        let Some(at) = letters.find(WITH_ARGUMENT) else { continue };
        let (letter, attached) = letters.split_at(at).1.split_at(1);
        let argument = if attached.is_empty() {
            words.next().map(|(word, _)| word.as_str()).unwrap_or_default()
        } else {
            attached
        };
        match letter {
            "f" => options.config_path = Some(argument.trim_matches('/').to_owned()),
            "o" => {
                if let Line::Directive { keyword, arguments } = line::split(argument)
                    && is_of_interest(&keyword)
                {
                    let written = quoted(&format!("-o {argument}"));
                    let place = place.clone();
                    options.directives.push(Directive {
                        keyword,
                        arguments,
                        place,
                        written,
                        global: true,
                        block: None,
                    });
                }
            }
            _ => {}
        }
    }
    options
}

/// sshd's options that take an argument.
const WITH_ARGUMENT: [char; 10] = ['C', 'E', 'b', 'c', 'f', 'g', 'h', 'k', 'o', 'p'];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    fn shown(host: &MemoryHost) -> Vec<String> {
        let options = read(host, &mut Vec::new()).unwrap();
        let file = options.config_path.map(|path| format!("-f {path}"));
        let show = |d: &Directive| format!("{} {} {:?}", d.place, d.keyword, d.arguments);
        file.into_iter().chain(options.directives.iter().map(show)).collect()
    }

    #[test]
    fn debian_s_defaults_file_through_the_unit() {
        let host = MemoryHost::new()
            .file(
                "lib/systemd/system/ssh.service",
                "[Service]\nEnvironmentFile=-/etc/default/ssh\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n",
            )
            .file("etc/default/ssh", "# options\nSSHD_OPTS=\"-4 -o PermitRootLogin=yes -oUsePAM=no\"\n");
        assert_eq!(
            shown(&host),
            [r#"/etc/default/ssh:2 permitrootlogin ["yes"]"#, r#"/etc/default/ssh:2 usepam ["no"]"#]
        );
    }

    #[test]
    fn a_drop_in_replaces_the_command() {
        let host = MemoryHost::new()
            .file("lib/systemd/system/ssh.service", "[Service]\nExecStart=/usr/sbin/sshd -D -o UsePAM=no\n")
            .file(
                "etc/systemd/system/ssh.service.d/a.conf",
                "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -Df /etc/ssh/other -o \"PermitRootLogin no\"\n",
            );
        assert_eq!(
            shown(&host),
            ["-f etc/ssh/other", r#"/etc/systemd/system/ssh.service.d/a.conf:3 permitrootlogin ["no"]"#]
        );
    }

    #[test]
    fn without_a_unit_the_init_script_s_variable_counts() {
        let host = MemoryHost::new().file("etc/sysconfig/sshd", "OPTIONS='-o PermitRootLogin=no' # why\n");
        assert_eq!(shown(&host), [r#"/etc/sysconfig/sshd:1 permitrootlogin ["no"]"#]);
        assert_eq!(shown(&MemoryHost::new()), Vec::<String>::new());
    }

    #[test]
    fn hostile_files_are_bounded() {
        let host = MemoryHost::new().file("etc/default/ssh", "x".repeat(64 * 1024 + 1));
        assert!(read(&host, &mut Vec::new()).is_err());
        let many = format!("SSHD_OPTS=\"{}\"", "-oUsePAM=no ".repeat(WORDS_MAX + 1));
        let host = MemoryHost::new().file("etc/default/ssh", many);
        assert_eq!(shown(&host).len(), WORDS_MAX);
        for bytes in ["ExecStart=\"", "ExecStart=$", "ExecStart=${", "=", "Environment='"] {
            let host = MemoryHost::new().file("lib/systemd/system/ssh.service", bytes);
            assert_eq!(shown(&host), Vec::<String>::new());
        }
    }
}
