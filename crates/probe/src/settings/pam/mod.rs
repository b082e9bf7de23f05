//! Reads what a new password passes through: the PAM stack of passwd(1), its quality modules and
//! their configuration.

mod outcome;
mod quality;
mod stack;

use yagura_model::settings::{PasswordStack, Setting, UnixModule};
use yagura_model::{Fact, LocalText, Package, ReadProblem, Release, SourceLine};

use self::stack::{Entry, Module};
use crate::host::{ByteLimit, Host};
use crate::settings::{glob, numbered, read_text};

/// Services that change passwords, the one that passwd(1) uses first; the others are what it
/// includes, for trees where only those are left.
const SERVICES: [&str; 5] = ["passwd", "common-password", "system-auth", "password-auth", "other"];
const PWHISTORY_CONF: &str = "etc/security/pwhistory.conf";
/// pam_pwhistory(8)'s own default.
const PWHISTORY_REMEMBER: i64 = 10;
/// Debian's pam_unix refuses shorter passwords; upstream's has no minimum.
const DEBIAN_UNIX_MINLEN: i64 = 6;
/// One configuration file.
const FILE_LIMIT: ByteLimit = ByteLimit::kib(256);

/// Reads the stack.
pub(super) fn read(
    host: &dyn Host,
    packages: &[Package],
    release: Option<&Release>,
    problems: &mut Vec<ReadProblem>,
) -> Fact<PasswordStack> {
    for service in SERVICES {
        match stack::find(host, service, problems) {
            Ok(None) => {}
            Err(reason) => return Fact::Unreadable(reason),
            Ok(Some((path, text))) => {
                let stack = stack::read(host, &path, &text, problems)
                    .and_then(|entries| judge(host, &path, &entries, packages, release, problems));
                return stack.map_or_else(Fact::Unreadable, Fact::Known);
            }
        }
    }
    Fact::NotPresent(LocalText::new(
        "the host has no PAM configuration for passwords",
        "パスワード用の PAM 設定がありません",
    ))
}

fn judge(
    host: &dyn Host,
    path: &str,
    entries: &[Entry],
    packages: &[Package],
    release: Option<&Release>,
    problems: &mut Vec<ReadProblem>,
) -> Result<PasswordStack, LocalText> {
    let mut found = PasswordStack { entry: SourceLine::file(path), quality: Vec::new(), unix: None, remember: None };
    let mut modules = Vec::new();
    flatten(entries, &mut modules);
    for module in modules {
        if let Some(mut check) = quality::read(host, module, packages, problems)? {
            check.installed = is_installed(host, module, problems)?;
            check.enforced &= outcome::refuses(entries, module.number);
            if check.installed == Some(false) {
                problems.push(missing(module));
            }
            found.quality.push(check);
        }
        match module.name.as_str() {
            "pam_unix" => {
                found.unix.get_or_insert_with(|| unix(module, release));
                found.remember = found.remember.take().or_else(|| argument(module, "remember"));
            }
            "pam_pwhistory" => {
                let written = format!("remember = {PWHISTORY_REMEMBER}");
                let default = || Setting::compiled_in(PWHISTORY_REMEMBER, &written, "pam_pwhistory");
                let configured =
                    argument(module, "remember").map_or_else(|| pwhistory(host, problems), |s| Ok(Some(s)))?;
                found.remember = Some(configured.unwrap_or_else(default));
            }
            _ => {}
        }
    }
    Ok(found)
}

fn flatten<'a>(entries: &'a [Entry], into: &mut Vec<&'a Module>) {
    for entry in entries {
        match entry {
            Entry::Module(module) => into.push(module),
            Entry::Substack(inner) => flatten(inner, into),
        }
    }
}

/// Returns a numeric argument of a module's line.
fn argument(module: &Module, name: &str) -> Option<Setting<i64>> {
    module.arguments.iter().rev().find_map(|argument| {
        let value = argument.strip_prefix(name)?.strip_prefix('=')?.parse().ok()?;
        Some(Setting::at(value, argument, module.place.clone()))
    })
}

fn unix(module: &Module, release: Option<&Release>) -> UnixModule {
    let debian = release.is_some_and(|r| r.distribution == "debian" || r.like.iter().any(|like| like == "debian"));
    let default = || debian.then(|| Setting::compiled_in(DEBIAN_UNIX_MINLEN, "minlen=6", "pam_unix (Debian)"));
    UnixModule {
        line: module.line.clone(),
        min_length: argument(module, "minlen").or_else(default),
        obscure: module.arguments.iter().any(|argument| argument == "obscure"),
    }
}

fn pwhistory(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Result<Option<Setting<i64>>, LocalText> {
    let text = read_text(host, PWHISTORY_CONF, FILE_LIMIT, problems)?.unwrap_or_default();
    let mut found = None;
    for (number, raw) in numbered(&text) {
        let line = raw.split('#').next().unwrap_or_default().trim();
        if let Some((name, value)) = line.split_once('=')
            && name.trim() == "remember"
            && let Ok(value) = value.trim().parse()
        {
            found = Some(Setting::at(value, line, SourceLine::at(PWHISTORY_CONF, number)));
        }
    }
    Ok(found)
}

/// Tells whether a module's file is there. A tree without any PAM module (configuration only)
/// gives no answer.
fn is_installed(host: &dyn Host, module: &Module, problems: &mut Vec<ReadProblem>) -> Result<Option<bool>, LocalText> {
    if module.file.starts_with('/') && find_module(host, &module.file, problems)? {
        return Ok(Some(true));
    }
    let file = format!("{}.so", module.name);
    if find_by_name(host, &file, problems)? {
        return Ok(Some(true));
    }
    Ok(find_by_name(host, "pam_unix.so", problems)?.then_some(false))
}

fn find_by_name(host: &dyn Host, file: &str, problems: &mut Vec<ReadProblem>) -> Result<bool, LocalText> {
    for folder in ["/lib/security", "/lib64/security", "/usr/lib/security", "/usr/lib64/security"] {
        if find_module(host, &format!("{folder}/{file}"), problems)? {
            return Ok(true);
        }
    }
    for folder in ["/lib", "/usr/lib"] {
        if find_module(host, &format!("{folder}/*-linux-*/security/{file}"), problems)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn find_module(host: &dyn Host, pattern: &str, problems: &mut Vec<ReadProblem>) -> Result<bool, LocalText> {
    let plain = pattern.replace('\\', "");
    Ok(glob::expand(host, &plain, problems)?
        .iter()
        .any(|path| matches!(host.metadata(path), Ok(Some(metadata)) if metadata.kind == crate::FileKind::File)))
}

fn missing(module: &Module) -> ReadProblem {
    let name = yagura_model::settings::fact::quoted(&module.name);
    ReadProblem {
        place: module.place.clone(),
        message: LocalText::new(
            format!("`{name}.so` is configured but not installed; it judges no password"),
            format!("`{name}.so` は設定されていますがインストールされておらず、パスワードを検査しません"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    fn debian() -> Release {
        Release { distribution: "debian".into(), ..Release::default() }
    }

    fn known(host: &MemoryHost, problems: &mut Vec<ReadProblem>) -> PasswordStack {
        read(host, &[], Some(&debian()), problems).known().unwrap().clone()
    }

    const COMMON: &str = "password\trequisite\tpam_pwquality.so retry=3 minlen=14\n\
                          password\trequired\tpam_pwhistory.so use_authtok\n\
                          password\t[success=1 default=ignore]\tpam_unix.so obscure use_authtok yescrypt\n\
                          password\trequisite\tpam_deny.so\npassword\trequired\tpam_permit.so\n";

    #[test]
    fn debian_s_stack_with_pwquality() {
        let host = MemoryHost::new()
            .file("etc/pam.d/passwd", "@include common-password\n")
            .file("etc/pam.d/common-password", COMMON)
            .file("etc/security/pwhistory.conf", "remember = 24\n")
            .file("usr/lib/x86_64-linux-gnu/security/pam_unix.so", "")
            .file("usr/lib/x86_64-linux-gnu/security/pam_pwquality.so", "");
        let stack = known(&host, &mut Vec::new());
        let check = &stack.quality[0];
        assert_eq!((check.shortest, check.enforced, check.installed), (14, true, Some(true)));
        assert_eq!(stack.remember.unwrap().value, 24);
        let unix = stack.unix.unwrap();
        assert_eq!((unix.min_length.unwrap().value, unix.obscure), (6, true));
    }

    #[test]
    fn a_module_that_is_not_installed_is_told() {
        let host = MemoryHost::new()
            .file("etc/pam.d/common-password", COMMON)
            .file("lib/x86_64-linux-gnu/security/pam_unix.so", "");
        let mut problems = Vec::new();
        let stack = known(&host, &mut problems);
        assert_eq!(stack.quality[0].installed, Some(false));
        assert!(!stack.quality[0].is_effective());
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].place.to_string(), "/etc/pam.d/common-password:1");

        let only_configuration = MemoryHost::new().file("etc/pam.d/common-password", COMMON);
        assert_eq!(known(&only_configuration, &mut Vec::new()).quality[0].installed, None);
    }

    #[test]
    fn red_hat_s_stack() {
        let host = MemoryHost::new().file("etc/pam.d/passwd", "password substack system-auth\n").file(
            "etc/pam.d/system-auth",
            "password requisite pam_pwquality.so local_users_only\n\
                 password sufficient pam_unix.so sha512 shadow use_authtok remember=5\npassword required pam_deny.so\n",
        );
        let stack = read(&host, &[], None, &mut Vec::new()).known().unwrap().clone();
        assert!(stack.quality[0].enforced);
        assert_eq!(stack.remember.unwrap().value, 5);
        assert_eq!(stack.unix.unwrap().min_length, None);
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        let host = MemoryHost::new().denied("etc/pam.d/passwd");
        assert!(matches!(read(&host, &[], None, &mut Vec::new()), Fact::Unreadable(_)));
        let host = MemoryHost::new().file("etc/pam.d/passwd", COMMON).denied("etc/security/pwquality.conf");
        assert!(matches!(read(&host, &[], None, &mut Vec::new()), Fact::Unreadable(_)));
    }
}
