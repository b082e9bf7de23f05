//! Tells who a host is: its name, its machine id, its architecture, and what it runs in.

use yagura_model::{HostIdentity, ReadProblem, Text, Virtualization};

use crate::dpkg::Record;
use crate::host::{ByteLimit, Host};
use crate::problem::{steers_a_terminal, unreadable};
use crate::virtualization;

/// These files hold one line.
const FILE_LIMIT: ByteLimit = ByteLimit::kib(4);
/// hostname(7): 64 characters on Linux.
const NAME_CHARS_MAX: usize = 64;

/// Reads the identity. `records` are those of dpkg's database, `None` where there is none.
pub fn read(host: &dyn Host, records: Option<&[Record]>, problems: &mut Vec<ReadProblem>) -> HostIdentity {
    HostIdentity {
        name: name(host, problems),
        machine_id: machine_id(host, problems),
        architecture: architecture(host, records, problems),
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

/// dpkg's architecture is that of the programs, which may differ from the kernel's.
fn architecture(host: &dyn Host, records: Option<&[Record]>, problems: &mut Vec<ReadProblem>) -> Option<String> {
    let machine = || host.uname().map(|uname| uname.machine).filter(|machine| !machine.is_empty());
    let Some(records) = records else {
        return machine();
    };
    // dpkg writes this file once a second architecture is added; its own comes first.
    let first_line = text(host, "var/lib/dpkg/arch", problems)
        .and_then(|text| text.lines().next().map(|line| line.trim().to_owned()))
        .filter(|line| is_architecture(line));
    let of_package = |name: &str| {
        let mut own = records.iter().map(|record| &record.package).filter(|package| package.name == name);
        own.find(|package| package.is_present() && is_architecture(&package.architecture))
            .map(|package| package.architecture.clone())
    };
    first_line
        .or_else(|| ["dpkg", "base-files", "libc6"].into_iter().find_map(of_package))
        .or_else(|| Some(debian_architecture(&machine()?)))
}

fn is_architecture(word: &str) -> bool {
    !word.is_empty()
        && word != "all"
        && word.len() <= NAME_CHARS_MAX
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Translates the kernel's word into dpkg's; most are the same.
fn debian_architecture(machine: &str) -> String {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i386" | "i486" | "i586" | "i686" => "i386",
        "armv7l" | "armv8l" => "armhf",
        "armv5tel" | "armv6l" => "armel",
        "ppc64le" => "ppc64el",
        "mips64" => "mips64el",
        "loongarch64" => "loong64",
        same => same,
    }
    .to_owned()
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
    use crate::{MemoryHost, Uname, dpkg};

    fn identity(host: &MemoryHost) -> HostIdentity {
        let records = dpkg::read(host).unwrap().map(|database| database.records);
        read(host, records.as_deref(), &mut Vec::new())
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
    fn the_architecture_is_that_of_the_programs() {
        let status = |architecture: &str| {
            format!("Package: dpkg\nStatus: install ok installed\nVersion: 1\nArchitecture: {architecture}\n")
        };
        let i386 = live("h", "x86_64").file("var/lib/dpkg/status", status("i386"));
        assert_eq!(identity(&i386).architecture.as_deref(), Some("i386"));
        let told = i386.file("var/lib/dpkg/arch", "amd64\ni386\n");
        assert_eq!(identity(&told).architecture.as_deref(), Some("amd64"));
        let unsaid = live("h", "aarch64").file("var/lib/dpkg/status", status("all"));
        assert_eq!(identity(&unsaid).architecture.as_deref(), Some("arm64"));
        // Without dpkg the kernel's own word stands.
        assert_eq!(identity(&live("h", "x86_64")).architecture.as_deref(), Some("x86_64"));
        assert!(is_architecture(&"a".repeat(NAME_CHARS_MAX)) && !is_architecture(&"a".repeat(NAME_CHARS_MAX + 1)));
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
