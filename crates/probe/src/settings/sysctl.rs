//! Reads address space layout randomization: the running kernel's value, and what the sysctl
//! configuration sets at boot.
//!
//! Precedence follows sysctl.d(5): files of all folders in one order by name, a file hiding the
//! same name in a later folder, the last value winning, a name with wildcards giving way to the
//! plain name. `etc/sysctl.conf` comes last, as `sysctl --system` reads it, unless a link in
//! `etc/sysctl.d` has put it elsewhere.

use std::collections::BTreeMap;

use yagura_model::settings::fact::quoted;
use yagura_model::settings::{Aslr, Setting};
use yagura_model::{Fact, LocalText, ReadProblem, SourceLine};

use crate::host::{ByteLimit, Host};
use crate::settings::{glob, list_names, numbered, read_text};

/// The key as the kernel's file system spells it.
const KEY: &str = "kernel/randomize_va_space";
const LIVE: &str = "proc/sys/kernel/randomize_va_space";
const MAIN: &str = "etc/sysctl.conf";
/// In order of precedence.
const FOLDERS: [&str; 5] =
    ["etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d", "lib/sysctl.d"];
/// The kernel's own value, unless it was built for programs of 1996 (`CONFIG_COMPAT_BRK`).
const KERNEL_DEFAULT: i64 = 2;
/// A procfs value is one number.
const LIVE_LIMIT: ByteLimit = ByteLimit::kib(4);
/// One configuration file.
const FILE_LIMIT: ByteLimit = ByteLimit::mib(1);
/// Files of one folder.
const FILES_MAX: usize = 1_000;

/// Reads both values.
pub(super) fn read(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Fact<Aslr> {
    match (live(host, problems), configured(host, problems)) {
        (Ok(live), Ok(configured)) => Fact::Known(Aslr { live, configured }),
        (Err(reason), _) | (_, Err(reason)) => Fact::Unreadable(reason),
    }
}

fn live(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Result<Option<Setting<i64>>, LocalText> {
    if !host.is_live() {
        return Ok(None);
    }
    let text = read_text(host, LIVE, LIVE_LIMIT, problems)?;
    match text.as_deref().map(str::trim).and_then(|text| text.parse().ok()) {
        Some(value) => Ok(Some(Setting::kernel(value, &format!("kernel.randomize_va_space = {value}")))),
        None => Err(LocalText::new(
            format!("the running kernel does not show `/{LIVE}`"),
            format!("稼働中のカーネルから `/{LIVE}` を読み取れません"),
        )),
    }
}

fn configured(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Result<Setting<i64>, LocalText> {
    let mut by_name = BTreeMap::new();
    for folder in FOLDERS {
        for name in list_names(host, folder, FILES_MAX, problems)? {
            if name.ends_with(".conf") {
                by_name.entry(name.clone()).or_insert_with(|| format!("{folder}/{name}"));
            }
        }
    }
    let identity = |path: &str| host.metadata(path).ok().flatten().map(|metadata| metadata.identity);
    let main = identity(MAIN);
    let linked = main.is_some() && by_name.values().any(|path| identity(path) == main);
    let last = (!linked && main.is_some()).then(|| MAIN.to_owned());

    let mut assignments = Assignments::default();
    for path in by_name.into_values().chain(last) {
        // A link to /dev/null is how an administrator empties a vendor's file.
        if matches!(host.metadata(&path), Ok(Some(metadata)) if metadata.kind != crate::FileKind::File) {
            continue;
        }
        if let Some(text) = read_text(host, &path, FILE_LIMIT, problems)? {
            assignments.add(&path, &text, problems);
        }
    }
    Ok(assignments.effective())
}

/// What the configuration says of the one key, in order.
#[derive(Default)]
struct Assignments {
    plain: Option<Setting<i64>>,
    by_pattern: Option<Setting<i64>>,
    /// `-kernel/…` without a value: no pattern may touch the key.
    excluded: bool,
}

impl Assignments {
    fn add(&mut self, path: &str, text: &str, problems: &mut Vec<ReadProblem>) {
        for (number, raw) in numbered(text) {
            let line = raw.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            // A leading `-` means that a failure to set the value does not matter.
            let lenient = line.strip_prefix('-').unwrap_or(line);
            let Some((key, value)) = lenient.split_once('=') else {
                self.excluded |= lenient.len() < line.len() && spelled(lenient.trim()) == KEY;
                continue;
            };
            let key = spelled(key.trim());
            let pattern = glob::is_pattern(&key);
            if key != KEY && !(pattern && matches(&key)) {
                continue;
            }
            let place = SourceLine::at(path, number);
            match value.trim().parse() {
                Ok(value) if pattern => self.by_pattern = Some(Setting::at(value, line, place)),
                Ok(value) => self.plain = Some(Setting::at(value, line, place)),
                Err(_) => problems.push(ReadProblem {
                    place,
                    message: LocalText::new(
                        format!("`{}` is not a number; the kernel refuses it", quoted(value)),
                        format!("`{}` は数値ではないため、カーネルは受け付けません", quoted(value)),
                    ),
                }),
            }
        }
    }

    fn effective(self) -> Setting<i64> {
        let by_pattern = if self.excluded { None } else { self.by_pattern };
        self.plain
            .or(by_pattern)
            .unwrap_or_else(|| Setting::compiled_in(KERNEL_DEFAULT, "kernel.randomize_va_space = 2", "Linux"))
    }
}

/// Spells a key with slashes: where the first separator is a dot, dots and slashes change places.
fn spelled(key: &str) -> String {
    match key.find(['.', '/']) {
        Some(at) if key.get(at..).is_some_and(|rest| rest.starts_with('.')) => {
            let swap = |c| match c {
                '.' => '/',
                '/' => '.',
                other => other,
            };
            key.chars().map(swap).collect()
        }
        _ => key.to_owned(),
    }
}

/// Matches the key component by component, as glob(3) matches below `/proc/sys`.
fn matches(pattern: &str) -> bool {
    let (mut parts, mut key) = (pattern.split('/'), KEY.split('/'));
    loop {
        match (parts.next(), key.next()) {
            (None, None) => return true,
            (Some(part), Some(name)) if glob::matches(part, name) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MemoryHost;

    fn configured(host: &MemoryHost) -> String {
        let fact = read(host, &mut Vec::new());
        let observation = fact.known().unwrap().configured.observation();
        let place = observation.place.map_or("default".to_owned(), |place| place.to_string());
        format!("{place}: {}", observation.found)
    }

    #[test]
    fn files_are_ordered_by_name_and_hide_each_other() {
        let host = MemoryHost::new()
            .file("usr/lib/sysctl.d/50-a.conf", "kernel.randomize_va_space = 1\n")
            .file("etc/sysctl.d/10-b.conf", "kernel.randomize_va_space = 0\n");
        assert_eq!(configured(&host), "/usr/lib/sysctl.d/50-a.conf:1: kernel.randomize_va_space = 1");
        let host = host.file("etc/sysctl.d/50-a.conf", "# nothing\n");
        assert_eq!(configured(&host), "/etc/sysctl.d/10-b.conf:1: kernel.randomize_va_space = 0");
        let host = host.file(MAIN, "-kernel/randomize_va_space=2\n");
        assert_eq!(configured(&host), "/etc/sysctl.conf:1: -kernel/randomize_va_space=2");
    }

    #[test]
    fn a_linked_sysctl_conf_has_the_link_s_place() {
        let host = MemoryHost::new()
            .file(MAIN, "kernel.randomize_va_space=0\n")
            .link("etc/sysctl.d/10-sysctl.conf", "../sysctl.conf")
            .file("etc/sysctl.d/20-x.conf", "kernel.randomize_va_space=2\n");
        assert_eq!(configured(&host), "/etc/sysctl.d/20-x.conf:1: kernel.randomize_va_space=2");
    }

    #[test]
    fn patterns_give_way() {
        let file = |text: &str| MemoryHost::new().file("etc/sysctl.d/a.conf", text);
        assert_eq!(
            configured(&file("kernel.randomize_va_space=2\nkernel.rand*=0\n")),
            "/etc/sysctl.d/a.conf:1: kernel.randomize_va_space=2"
        );
        assert_eq!(configured(&file("kernel.rand*=0\n")), "/etc/sysctl.d/a.conf:1: kernel.rand*=0");
        assert_eq!(
            configured(&file("kernel.rand*=0\n-kernel.randomize_va_space\n")),
            "default: kernel.randomize_va_space = 2"
        );
        assert_eq!(configured(&file("net.*=0\n")), "default: kernel.randomize_va_space = 2");
    }

    #[test]
    fn the_running_kernel_speaks_on_a_live_host_only() {
        let host = MemoryHost::new().file(LIVE, "1\n");
        assert_eq!(read(&host, &mut Vec::new()).known().unwrap().live, None);
        let fact = read(&host.live(), &mut Vec::new());
        assert_eq!(fact.known().unwrap().live.as_ref().unwrap().value, 1);
        assert!(matches!(read(&MemoryHost::new().live(), &mut Vec::new()), Fact::Unreadable(_)));
    }

    #[test]
    fn a_broken_number_is_a_problem_and_folders_are_bounded() {
        let mut problems = Vec::new();
        let host = MemoryHost::new().file(MAIN, "kernel.randomize_va_space = two\n");
        assert_eq!(read(&host, &mut problems).known().unwrap().configured.value, 2);
        assert_eq!(problems.len(), 1);
        let crowd = (0..=FILES_MAX).fold(MemoryHost::new(), |host, n| host.file(&format!("etc/sysctl.d/{n}"), ""));
        assert!(matches!(read(&crowd, &mut Vec::new()), Fact::Unreadable(_)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let host = MemoryHost::new().file(MAIN, bytes);
            prop_assert!(read(&host, &mut Vec::new()).known().is_some());
        }
    }
}
