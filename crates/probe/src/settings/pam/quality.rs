//! What pam_pwquality, pam_cracklib and pam_passwdqc ask of a new password.

use yagura_model::settings::fact::quoted;
use yagura_model::settings::{QualityCheck, QualityModule, Setting};
use yagura_model::{LocalText, Package, ReadProblem, SourceLine};

use super::stack::Module;
use crate::host::{ByteLimit, Host};
use crate::settings::{glob, major_minor, numbered, package, read_text};

const PWQUALITY_CONF: &str = "etc/security/pwquality.conf";
const PWQUALITY_PACKAGES: [&str; 3] = ["libpam-pwquality", "libpwquality1", "libpwquality"];
/// One configuration file.
const FILE_LIMIT: ByteLimit = ByteLimit::kib(256);
/// The cracklib library, which both modules ask, refuses anything shorter.
const CRACKLIB_LENGTH_MIN: i64 = 6;
/// pam_passwdqc's `min=`: one class, two classes, a phrase, three classes, four classes.
const PASSWDQC_MIN: [Option<i64>; 5] = [None, Some(24), Some(11), Some(8), Some(7)];

/// Reads the effective settings of a module; `None` for a module of another kind.
///
/// # Errors
/// A configuration file that cannot be read.
pub(super) fn read(
    host: &dyn Host,
    module: &Module,
    packages: &[Package],
    problems: &mut Vec<ReadProblem>,
) -> Result<Option<QualityCheck>, LocalText> {
    Ok(match module.name.as_str() {
        "pam_pwquality" => {
            let mut options = Options::pwquality(packages);
            for path in pwquality_files(host, module, problems)? {
                if let Some(text) = read_text(host, &path, FILE_LIMIT, problems)? {
                    options.file(&path, &text, problems);
                }
            }
            options.arguments(module);
            Some(options.check(QualityModule::Pwquality, module))
        }
        "pam_cracklib" => {
            let mut options = Options::cracklib();
            options.arguments(module);
            Some(options.check(QualityModule::Cracklib, module))
        }
        "pam_passwdqc" => Some(passwdqc(host, module, problems)?),
        _ => None,
    })
}

/// The library reads the folder first, by name, and the main file last, so that the main file
/// wins (pwquality.conf(5); confirmed with pwscore(1) 1.4.5).
fn pwquality_files(
    host: &dyn Host,
    module: &Module,
    problems: &mut Vec<ReadProblem>,
) -> Result<Vec<String>, LocalText> {
    let named = module.arguments.iter().find_map(|argument| argument.strip_prefix("conf="));
    let main = named.map_or_else(|| PWQUALITY_CONF.to_owned(), |path| path.trim_matches('/').to_owned());
    let mut files = glob::expand(host, &format!("{main}.d/*.conf"), problems)?;
    files.push(main);
    Ok(files)
}

/// The options that pam_pwquality and pam_cracklib share.
struct Options {
    min_length: Setting<i64>,
    /// Digits, upper case, lower case, others.
    credits: [Setting<i64>; 4],
    min_class: Setting<i64>,
    retry: Setting<i64>,
    enforce_for_root: Setting<bool>,
}

const CREDITS: [&str; 4] = ["dcredit", "ucredit", "lcredit", "ocredit"];

impl Options {
    fn defaults(program: &str, min_length: i64, credit: i64) -> Self {
        let number = |value, name: &str| Setting::compiled_in(value, &format!("{name} = {value}"), program);
        Self {
            min_length: number(min_length, "minlen"),
            credits: CREDITS.map(|name| number(credit, name)),
            min_class: number(0, "minclass"),
            retry: number(1, "retry"),
            enforce_for_root: Setting::compiled_in(false, "enforce_for_root off", program),
        }
    }

    /// libpwquality 1.3 lowered the length from 9 to 8 and gave the credits up.
    fn pwquality(packages: &[Package]) -> Self {
        let version = package(packages, &PWQUALITY_PACKAGES).and_then(|package| major_minor(&package.version));
        let (min_length, credit) = if version.is_some_and(|version| version < (1, 3)) { (9, 1) } else { (8, 0) };
        Self::defaults("libpwquality", min_length, credit)
    }

    fn cracklib() -> Self {
        Self::defaults("pam_cracklib", 9, 1)
    }

    /// Reads `name = value` lines.
    fn file(&mut self, path: &str, text: &str, problems: &mut Vec<ReadProblem>) {
        for (number, raw) in numbered(text) {
            let line = raw.split('#').next().unwrap_or_default().trim();
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            let place = SourceLine::at(path, number);
            if self.set(name.trim(), value.trim(), line, &place).is_none() {
                let shown = quoted(line);
                problems.push(ReadProblem {
                    place,
                    message: LocalText::new(
                        format!("`{shown}` has no number; libpwquality refuses every new password"),
                        format!("`{shown}` の値が数値ではないため、libpwquality は新しいパスワードをすべて拒否します"),
                    ),
                });
            }
        }
    }

    /// Arguments of the PAM line win over the files.
    fn arguments(&mut self, module: &Module) {
        for argument in &module.arguments {
            let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
            // A number that cannot be read leaves the value, as in the modules themselves.
            let _ = self.set(name, value, argument, &module.place);
        }
    }

    /// Sets one option; `None` where a number is needed and not there.
    fn set(&mut self, name: &str, value: &str, written: &str, place: &SourceLine) -> Option<()> {
        let number = || Some(Setting::at(value.parse().ok()?, written, place.clone()));
        match name {
            "minlen" => self.min_length = number()?,
            "minclass" => self.min_class = number()?,
            "retry" => self.retry = number()?,
            "enforce_for_root" => self.enforce_for_root = Setting::at(true, written, place.clone()),
            _ => {
                let credit = CREDITS.iter().zip(&mut self.credits).find(|(credit, _)| **credit == name);
                if let Some((_, slot)) = credit {
                    *slot = number()?;
                }
            }
        }
        Some(())
    }

    fn check(self, kind: QualityModule, module: &Module) -> QualityCheck {
        let credits = self.credits.iter().map(|credit| credit.value.clamp(-1_000, 1_000));
        let gained: i64 = credits.clone().filter(|credit| *credit > 0).sum();
        let asked: i64 = credits.clone().filter(|credit| *credit < 0).map(i64::abs).sum();
        let negative = i64::try_from(credits.filter(|credit| *credit < 0).count()).unwrap_or(0);
        let configured = self.min_length.value.max(CRACKLIB_LENGTH_MIN);
        let all = [&self.min_length, &self.min_class].into_iter().chain(&self.credits);
        QualityCheck {
            module: kind,
            line: module.line.clone(),
            enforced: true,
            installed: None,
            shortest: configured.saturating_sub(gained).max(CRACKLIB_LENGTH_MIN).max(asked),
            classes: self.min_class.value.clamp(0, 4).max(negative),
            decisive: all.filter(|setting| setting.is_set()).cloned().collect(),
            min_length: self.min_length,
            enforce_for_root: self.enforce_for_root,
            retry: self.retry,
        }
    }
}

/// pam_passwdqc trades length for classes. It counts as asking for three classes when it takes
/// no password of a single class, however long.
fn passwdqc(host: &dyn Host, module: &Module, problems: &mut Vec<ReadProblem>) -> Result<QualityCheck, LocalText> {
    let mut words: Vec<(String, SourceLine)> = Vec::new();
    for argument in &module.arguments {
        match argument.strip_prefix("config=") {
            None => words.push((argument.clone(), module.place.clone())),
            Some(path) => {
                let path = path.trim_matches('/');
                let text = read_text(host, path, FILE_LIMIT, problems)?.unwrap_or_default();
                let lines = numbered(&text).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
                words.extend(lines.map(|(number, line)| (line.trim().to_owned(), SourceLine::at(path, number))));
            }
        }
    }
    let mut min = Setting::compiled_in(PASSWDQC_MIN, "min=disabled,24,11,8,7", "pam_passwdqc");
    let mut enforce = Setting::compiled_in("everyone".to_owned(), "enforce=everyone", "pam_passwdqc");
    let mut retry = Setting::compiled_in(3, "retry=3", "pam_passwdqc");
    for (word, place) in &words {
        match word.split_once('=') {
            Some(("min", value)) => {
                if let Some(lengths) = lengths(value) {
                    min = Setting::at(lengths, word, place.clone());
                }
            }
            Some(("enforce", value)) => enforce = Setting::at(value.to_owned(), word, place.clone()),
            Some(("retry", value)) => {
                if let Ok(tries) = value.parse() {
                    retry = Setting::at(tries, word, place.clone());
                }
            }
            _ => {}
        }
    }
    let shortest = min.value.iter().flatten().copied().min().unwrap_or(i64::MAX);
    let single_class = min.value.first().copied().flatten();
    let min_length = min.with(shortest);
    Ok(QualityCheck {
        module: QualityModule::Passwdqc,
        line: module.line.clone(),
        enforced: enforce.value != "none",
        installed: None,
        shortest,
        classes: if single_class.is_some() { 1 } else { 3 },
        decisive: vec![min_length.clone()],
        min_length,
        enforce_for_root: enforce.with(enforce.value == "everyone"),
        retry,
    })
}

fn lengths(value: &str) -> Option<[Option<i64>; 5]> {
    let read = |word: &str| if word == "disabled" { Some(None) } else { word.parse().ok().map(Some) };
    let all: Option<Vec<Option<i64>>> = value.split(',').map(read).collect();
    all?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::stack::{self, Entry};
    use super::*;
    use crate::MemoryHost;
    use crate::settings::tests::installed;

    fn check(host: &MemoryHost, line: &str, packages: &[Package]) -> QualityCheck {
        let entries = stack::read(host, "etc/pam.d/passwd", line, &mut Vec::new()).unwrap();
        let Some(Entry::Module(module)) = entries.first() else { panic!("{line}") };
        read(host, module, packages, &mut Vec::new()).unwrap().unwrap()
    }

    fn shown(host: &MemoryHost, line: &str) -> String {
        let check = check(host, line, &[]);
        let decisive: Vec<String> = check
            .decisive
            .iter()
            .map(|s| s.observation())
            .map(|o| format!("{}: {}", o.place.map_or("default".into(), |p| p.to_string()), o.found))
            .collect();
        format!("shortest {} classes {} [{}]", check.shortest, check.classes, decisive.join("; "))
    }

    const PWQUALITY: &str = "password requisite pam_pwquality.so retry=3";

    #[test]
    fn defaults() {
        let host = MemoryHost::new();
        assert_eq!(shown(&host, PWQUALITY), "shortest 8 classes 0 []");
        let old = check(&host, PWQUALITY, &[installed("libpwquality", "1.2.3-5.el7")]);
        assert_eq!((old.min_length.value, old.shortest), (9, 6));
        // Nine characters on paper; four credits make it five, and the library stops at six.
        assert_eq!(shown(&host, "password requisite pam_cracklib.so"), "shortest 6 classes 0 []");
        assert_eq!(
            shown(&host, "password requisite pam_passwdqc.so"),
            "shortest 7 classes 3 [default: min=disabled,24,11,8,7]"
        );
    }

    #[test]
    fn the_main_file_wins_over_the_folder_and_the_pam_line_over_both() {
        let host = MemoryHost::new()
            .file("etc/security/pwquality.conf", "# c\nminlen = 12 # why\nminclass=3\n")
            .file("etc/security/pwquality.conf.d/a.conf", "minlen = 30\ndcredit = -1\n");
        assert_eq!(
            shown(&host, PWQUALITY),
            "shortest 12 classes 3 [/etc/security/pwquality.conf:2: minlen = 12; \
             /etc/security/pwquality.conf:3: minclass=3; /etc/security/pwquality.conf.d/a.conf:1: dcredit = -1]"
                .replace("a.conf:1: dcredit", "a.conf:2: dcredit")
        );
        assert!(shown(&host, &format!("{PWQUALITY} minlen=9")).starts_with("shortest 9 "));
        let other = host.file("etc/other", "minlen=20\n");
        assert!(shown(&other, &format!("{PWQUALITY} conf=/etc/other")).starts_with("shortest 20 "));
    }

    #[test]
    fn credits_shorten_or_ask() {
        let host = MemoryHost::new();
        let line = |rest: &str| shown(&host, &format!("password requisite pam_pwquality.so {rest}"));
        assert!(line("minlen=12 dcredit=2 ucredit=1").starts_with("shortest 9 classes 0 "));
        assert!(line("dcredit=-1 ucredit=-1 lcredit=-1 ocredit=-1").starts_with("shortest 8 classes 4 "));
        assert!(line("minlen=4").starts_with("shortest 6 "));
        assert!(line("dcredit=-20").starts_with("shortest 20 classes 1 "));
        let passwdqc = |rest: &str| shown(&host, &format!("password requisite pam_passwdqc.so {rest}"));
        assert!(passwdqc("min=12,10,10,9,9").starts_with("shortest 9 classes 1 "));
        assert!(!check(&host, "password requisite pam_passwdqc.so enforce=none", &[]).enforced);
    }

    #[test]
    fn a_value_that_is_no_number_is_a_problem() {
        let host = MemoryHost::new().file("etc/security/pwquality.conf", "minlen = many\n");
        let entries = stack::read(&host, "p", PWQUALITY, &mut Vec::new()).unwrap();
        let Some(Entry::Module(module)) = entries.first() else { panic!() };
        let mut problems = Vec::new();
        read(&host, module, &[], &mut problems).unwrap();
        assert_eq!(problems.len(), 1);
    }

    proptest! {
        #[test]
        fn any_file_and_arguments(bytes in prop::collection::vec(any::<u8>(), 0..120), minlen in any::<i64>(), credit in any::<i64>()) {
            let host = MemoryHost::new().file("etc/security/pwquality.conf", bytes);
            let line = format!("{PWQUALITY} minlen={minlen} dcredit={credit} minclass={credit}");
            prop_assert!(check(&host, &line, &[]).shortest >= CRACKLIB_LENGTH_MIN);
        }
    }
}
