//! Tells who a host is: its name, its machine id, its architecture, and what it runs in.

use yagura_model::{HostIdentity, ReadProblem, Text, Virtualization};

use crate::host::{ByteLimit, Host};
use crate::problem::{steers_a_terminal, unreadable};
use crate::virtualization;

/// These files hold one line.
const FILE_LIMIT: ByteLimit = ByteLimit::kib(4);
/// hostname(7): 64 characters on Linux.
const NAME_CHARS_MAX: usize = 64;

/// Reads the identity. `architecture` is that of the programs, where the package database tells.
pub fn read(host: &dyn Host, architecture: Option<String>, problems: &mut Vec<ReadProblem>) -> HostIdentity {
    let machine = || host.uname().map(|uname| uname.machine).filter(|machine| !machine.is_empty());
    HostIdentity {
        name: name(host, problems),
        machine_id: machine_id(host, problems),
        architecture: architecture.or_else(machine),
        virtualization: if host.is_live() { virtualization::read(host) } else { Virtualization::Tree },
        root: host.root_path(),
    }
}

fn name(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> String {
    let running = host.uname().map(|uname| uname.nodename).filter(|name| !name.is_empty() && name != "(none)");
    let name = running.or_else(|| {
        // hostname(5): the first line that is no comment.
        let text = text(host, "etc/hostname", problems)?;
        text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
    });
    name.unwrap_or_default()
        .chars()
        .filter(|c| !steers_a_terminal(*c) && !c.is_whitespace())
        .take(NAME_CHARS_MAX)
        .collect()
}

/// Reads machine-id(5). Images hold `uninitialized` or nothing until their first boot.
fn machine_id(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Option<String> {
    ["etc/machine-id", "var/lib/dbus/machine-id"].into_iter().find_map(|path| {
        let id = text(host, path, problems)?.trim().to_ascii_lowercase();
        let is_id =
            id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) && id.bytes().any(|byte| byte != b'0');
        is_id.then_some(id)
    })
}

fn text(host: &dyn Host, path: &str, problems: &mut Vec<ReadProblem>) -> Option<String> {
    match host.read(path, FILE_LIMIT) {
        Ok(bytes) => Some(String::from_utf8_lossy(&bytes?).into_owned()),
        Err(error) => {
            let meaning =
                Text::new("the host's identity may be incomplete", "ホストの識別情報が不完全な可能性があります");
            problems.push(unreadable(&error, path, meaning));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryHost, Uname};

    fn identity(host: &MemoryHost) -> HostIdentity {
        read(host, None, &mut Vec::new())
    }

    fn live(nodename: &str, machine: &str) -> MemoryHost {
        let uname = Uname { nodename: nodename.into(), machine: machine.into(), ..Uname::default() };
        MemoryHost::new().live().running(uname)
    }

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_tree_says_who_it_is() {
        let host = MemoryHost::new()
            .file("etc/hostname", "# the web server\n\nweb\x1b1 \n")
            .file("etc/machine-id", format!("{}\n", ID.to_uppercase()));
        let identity = identity(&host);
        assert_eq!((identity.name.as_str(), identity.machine_id.as_deref()), ("web1", Some(ID)));
        assert_eq!((identity.virtualization, identity.architecture), (Virtualization::Tree, None));
    }

    #[test]
    fn the_live_name_is_the_kernels() {
        let host = live("running", "x86_64").file("etc/hostname", "configured\n");
        assert_eq!(identity(&host).name, "running");
        assert_eq!(identity(&live("(none)", "x86_64").file("etc/hostname", "configured\n")).name, "configured");
        assert_eq!(identity(&live(&"x".repeat(NAME_CHARS_MAX + 1), "")).name.len(), NAME_CHARS_MAX);
    }

    #[test]
    fn a_machine_id_is_valid_or_absent() {
        for text in ["", "uninitialized\n", "0123", &"0".repeat(32), &"x".repeat(32)] {
            assert_eq!(identity(&MemoryHost::new().file("etc/machine-id", text)).machine_id, None, "{text}");
        }
        let dbus = MemoryHost::new().file("etc/machine-id", "").file("var/lib/dbus/machine-id", ID);
        assert_eq!(identity(&dbus).machine_id.as_deref(), Some(ID));
    }

    #[test]
    fn the_package_database_knows_the_architecture_of_the_programs() {
        let host = live("h", "x86_64");
        assert_eq!(read(&host, Some("i386".into()), &mut Vec::new()).architecture.as_deref(), Some("i386"));
        assert_eq!(identity(&host).architecture.as_deref(), Some("x86_64"));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let mut problems = Vec::new();
        let host = MemoryHost::new().denied("etc/machine-id").file("etc/hostname", vec![b'x'; 4097]);
        read(&host, None, &mut problems);
        assert_eq!(problems.len(), 2);
        insta::assert_snapshot!(problems[0].message.en, @"`/etc/hostname` is larger than 4 KiB, which is more than we read; the host's identity may be incomplete");
    }
}
