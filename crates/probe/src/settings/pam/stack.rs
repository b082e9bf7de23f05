//! The modules of one PAM service, in order: pam.d(5).
//!
//! `include` and Debian's `@include` put another service's lines in their place; `substack` keeps
//! them together, because `die`, `done` and jumps end there.

use yagura_model::settings::Setting;
use yagura_model::{LocalText, ReadProblem, SourceLine};

use crate::host::{ByteLimit, Host};
use crate::settings::{numbered, read_text};

/// Where services are looked for: the administrator's, then the distribution's.
const FOLDERS: [&str; 3] = ["etc/pam.d", "usr/lib/pam.d", "usr/etc/pam.d"];
/// One service file.
const FILE_LIMIT: ByteLimit = ByteLimit::kib(256);
/// Linux-PAM itself refuses a deeper nesting.
pub(super) const DEPTH_MAX: usize = 16;
/// Modules of a whole stack.
pub(super) const MODULES_MAX: usize = 500;

/// An entry of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A module.
    Module(Module),
    /// Another service's modules, kept together.
    Substack(Vec<Entry>),
}

/// A module's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    /// Its number in the whole stack, from 0.
    pub number: usize,
    /// What its result does to the stack.
    pub control: Control,
    /// Without folder and `.so`: `pam_unix`.
    pub name: String,
    /// As written: `pam_unix.so`, `/lib/security/pam_unix.so`.
    pub file: String,
    /// `minlen=12`, `retry=3` …
    pub arguments: Vec<String>,
    /// The line itself.
    pub line: Setting<()>,
    /// Where the line stands.
    pub place: SourceLine,
}

/// What a result does to the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Control {
    on_success: Action,
    on_refusal: Action,
}

/// An action of the long control syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Ignore,
    Bad,
    Die,
    Ok,
    Done,
    Reset,
    Jump(usize),
}

impl Control {
    /// Reads `required`, `[success=1 default=ignore]` …; an unknown word counts as `required`,
    /// which is how Linux-PAM fails safe.
    pub(super) fn read(text: &str) -> Self {
        let Some(pairs) = text.strip_prefix('[').map(|rest| rest.trim_end_matches(']')) else {
            let (on_success, on_refusal) = match text.to_ascii_lowercase().as_str() {
                "requisite" => (Action::Ok, Action::Die),
                "sufficient" => (Action::Done, Action::Ignore),
                "optional" => (Action::Ok, Action::Ignore),
                _ => (Action::Ok, Action::Bad),
            };
            return Self { on_success, on_refusal };
        };
        // What no pair names is bad.
        let (mut default, mut success, mut refusal) = (Action::Bad, None, None);
        for (value, action) in pairs.split_whitespace().filter_map(|pair| pair.split_once('=')) {
            let action = match action {
                "ignore" => Action::Ignore,
                "die" => Action::Die,
                "ok" => Action::Ok,
                "done" => Action::Done,
                "reset" => Action::Reset,
                number => number.parse().map_or(Action::Bad, Action::Jump),
            };
            match value {
                "success" => success = Some(action),
                // What a module says that does not like a new password.
                "authtok_err" => refusal = Some(action),
                "default" => default = action,
                _ => {}
            }
        }
        Self { on_success: success.unwrap_or(default), on_refusal: refusal.unwrap_or(default) }
    }

    /// Returns what the module's result does.
    pub(super) const fn action(&self, success: bool) -> Action {
        if success { self.on_success } else { self.on_refusal }
    }
}

/// Finds a service's file.
///
/// # Errors
/// A file that is there and cannot be read.
pub(super) fn find(
    host: &dyn Host,
    service: &str,
    problems: &mut Vec<ReadProblem>,
) -> Result<Option<(String, String)>, LocalText> {
    // A service is a name, not a way out of the folder.
    if service.contains('/') || service.starts_with('.') {
        return Ok(None);
    }
    for folder in FOLDERS {
        let path = format!("{folder}/{service}");
        if let Some(text) = read_text(host, &path, FILE_LIMIT, problems)? {
            return Ok(Some((path, text)));
        }
    }
    Ok(None)
}

/// Reads the password part of a service file.
///
/// # Errors
/// A file that cannot be read, or a bound.
pub(super) fn read(
    host: &dyn Host,
    path: &str,
    text: &str,
    problems: &mut Vec<ReadProblem>,
) -> Result<Vec<Entry>, LocalText> {
    let mut reader = Reader { host, problems, modules: 0 };
    let mut entries = Vec::new();
    reader.file(path, text, 0, &mut entries)?;
    Ok(entries)
}

struct Reader<'a> {
    host: &'a dyn Host,
    problems: &'a mut Vec<ReadProblem>,
    modules: usize,
}

impl Reader<'_> {
    fn file(&mut self, path: &str, text: &str, depth: usize, into: &mut Vec<Entry>) -> Result<(), LocalText> {
        for (place, line) in joined(path, text) {
            let words = words(&line);
            match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["@include", service, ..] => self.service(service, &place, depth, into)?,
                [kind, rest @ ..] if kind.trim_start_matches('-').eq_ignore_ascii_case("password") => match rest {
                    ["include", service, ..] => self.service(service, &place, depth, into)?,
                    ["substack", service, ..] => {
                        let mut inner = Vec::new();
                        self.service(service, &place, depth, &mut inner)?;
                        into.push(Entry::Substack(inner));
                    }
                    [control, file, arguments @ ..] => self.module(control, file, arguments, &line, place, into)?,
                    _ => self.problems.push(ReadProblem {
                        place,
                        message: LocalText::new(
                            "the line names no module; PAM leaves it out",
                            "モジュール名のない行なので、PAM では無視されます",
                        ),
                    }),
                },
                _ => {}
            }
        }
        Ok(())
    }

    fn service(
        &mut self,
        service: &str,
        place: &SourceLine,
        depth: usize,
        into: &mut Vec<Entry>,
    ) -> Result<(), LocalText> {
        if depth >= DEPTH_MAX {
            return Err(LocalText::new(
                format!("PAM services include each other more than {DEPTH_MAX} deep at `{place}`"),
                format!("`{place}` で PAM サービスの include が {DEPTH_MAX} 段を超えています"),
            ));
        }
        // Authselect and older Red Hat systems write the path of the file.
        let name = service.strip_prefix("/etc/pam.d/").unwrap_or(service);
        match find(self.host, name, self.problems)? {
            Some((path, text)) => self.file(&path, &text, depth + 1, into),
            None => {
                let name = yagura_model::settings::fact::quoted(name);
                self.problems.push(ReadProblem {
                    place: place.clone(),
                    message: LocalText::new(
                        format!("the PAM service `{name}` is not there; changing a password fails"),
                        format!("PAM サービス `{name}` が見つからないため、パスワード変更は失敗します"),
                    ),
                });
                Ok(())
            }
        }
    }

    fn module(
        &mut self,
        control: &str,
        file: &str,
        arguments: &[&str],
        line: &str,
        place: SourceLine,
        into: &mut Vec<Entry>,
    ) -> Result<(), LocalText> {
        if self.modules >= MODULES_MAX {
            return Err(LocalText::new(
                format!("the PAM stack for passwords has more than {MODULES_MAX} modules"),
                format!("パスワード用の PAM スタックのモジュールが {MODULES_MAX} 個を超えています"),
            ));
        }
        let name = file.rsplit('/').next().unwrap_or(file);
        into.push(Entry::Module(Module {
            number: self.modules,
            control: Control::read(control),
            name: name.strip_suffix(".so").unwrap_or(name).to_owned(),
            file: file.to_owned(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            line: Setting::at((), line, place.clone()),
            place,
        }));
        self.modules += 1;
        Ok(())
    }
}

/// Joins lines that end in a backslash and drops comments.
fn joined(path: &str, text: &str) -> Vec<(SourceLine, String)> {
    let mut found = Vec::new();
    let mut open: Option<(SourceLine, String)> = None;
    for (number, raw) in numbered(text) {
        let line = raw.split('#').next().unwrap_or_default().trim();
        let (place, mut whole) = open.take().unwrap_or_else(|| (SourceLine::at(path, number), String::new()));
        match line.strip_suffix('\\') {
            Some(part) => {
                whole.push_str(part);
                whole.push(' ');
                open = Some((place, whole));
            }
            None => {
                whole.push_str(line);
                found.push((place, whole));
            }
        }
    }
    found.extend(open);
    found.retain(|(_, line)| !line.trim().is_empty());
    found
}

/// Splits a line; `[…]` holds together, its brackets kept.
fn words(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let end = if rest.starts_with('[') {
            rest.find(']').map_or(rest.len(), |at| at + 1)
        } else {
            rest.find(char::is_whitespace).unwrap_or(rest.len())
        };
        let (word, after) = rest.split_at(end);
        found.push(word.to_owned());
        rest = after.trim_start();
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MemoryHost;

    fn stack(host: &MemoryHost) -> Result<Vec<Entry>, LocalText> {
        let (path, text) = find(host, "passwd", &mut Vec::new())?.unwrap();
        read(host, &path, &text, &mut Vec::new())
    }

    fn shown(entries: &[Entry]) -> String {
        let show = |entry: &Entry| match entry {
            Entry::Module(m) => format!("{}:{}{:?}", m.number, m.name, m.arguments),
            Entry::Substack(inner) => format!("({})", shown(inner)),
        };
        entries.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn includes_and_substacks() {
        let host = MemoryHost::new()
            .file("etc/pam.d/passwd", "#%PAM-1.0\nauth required pam_x.so\n@include common-password\n")
            .file(
                "etc/pam.d/common-password",
                "password substack inner\n-Password \\\n [success=1 default=ignore] pam_unix.so minlen=8 [a b] # c\n",
            )
            .file("usr/lib/pam.d/inner", "password requisite /lib/security/pam_pwquality.so retry=3\n");
        assert_eq!(shown(&stack(&host).unwrap()), r#"(0:pam_pwquality["retry=3"]) 1:pam_unix["minlen=8", "[a b]"]"#);
    }

    #[test]
    fn controls() {
        let both = |text: &str| {
            let control = Control::read(text);
            (control.action(true), control.action(false))
        };
        assert_eq!(both("required"), (Action::Ok, Action::Bad));
        assert_eq!(both("Requisite"), (Action::Ok, Action::Die));
        assert_eq!(both("sufficient"), (Action::Done, Action::Ignore));
        assert_eq!(both("[success=2 default=ignore]"), (Action::Jump(2), Action::Ignore));
        assert_eq!(both("[success=ok authtok_err=die default=bad]"), (Action::Ok, Action::Die));
        assert_eq!(both("[]"), (Action::Bad, Action::Bad));
    }

    #[test]
    fn circles_and_crowds_end() {
        let circle = MemoryHost::new().file("etc/pam.d/passwd", "@include passwd\n");
        assert!(stack(&circle).is_err());
        let crowd = "password required pam_permit.so\n".repeat(MODULES_MAX + 1);
        assert!(stack(&MemoryHost::new().file("etc/pam.d/passwd", crowd)).is_err());
        let large = MemoryHost::new().file("etc/pam.d/passwd", "#".repeat(256 * 1024 + 1));
        assert!(find(&large, "passwd", &mut Vec::new()).is_err());
        assert_eq!(find(&circle, "../passwd", &mut Vec::new()), Ok(None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let host = MemoryHost::new().file("etc/pam.d/passwd", bytes);
            prop_assert!(stack(&host).is_ok());
        }

        #[test]
        fn any_line_is_split(line in "[\\PC\\[\\] ]{0,60}") {
            let _ = words(&line);
        }
    }
}
