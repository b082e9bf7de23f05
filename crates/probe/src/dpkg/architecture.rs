//! Tells the architecture of the programs, which may differ from the kernel's.

use yagura_model::{ReadProblem, Text};

use super::Record;
use crate::host::{ByteLimit, Host};
use crate::problem::unreadable;

const ARCH_PATH: &str = "var/lib/dpkg/arch";
/// One word a line.
const FILE_LIMIT: ByteLimit = ByteLimit::kib(4);
const WORD_BYTES_MAX: usize = 64;

/// Returns the architecture in Debian's words.
pub(super) fn read(host: &dyn Host, records: &[Record], problems: &mut Vec<ReadProblem>) -> Option<String> {
    // dpkg writes this file once a second architecture is added; its own comes first.
    let bytes = host.read(ARCH_PATH, FILE_LIMIT).unwrap_or_else(|error| {
        let meaning = Text::new("the host's identity may be incomplete", "ホストの識別情報が不完全な可能性があります");
        problems.push(unreadable(&error, ARCH_PATH, meaning));
        None
    });
    let first_line = bytes
        .and_then(|bytes| String::from_utf8_lossy(&bytes).lines().next().map(|line| line.trim().to_owned()))
        .filter(|line| is_architecture(line));
    let of_package = |name: &str| {
        let mut own = records.iter().map(|record| &record.package).filter(|package| package.name == name);
        own.find(|package| package.is_present() && is_architecture(&package.architecture))
            .map(|package| package.architecture.clone())
    };
    let machine = || host.uname().map(|uname| uname.machine).filter(|machine| !machine.is_empty());
    first_line
        .or_else(|| ["dpkg", "base-files", "libc6"].into_iter().find_map(of_package))
        .or_else(|| Some(debian_architecture(&machine()?)))
}

fn is_architecture(word: &str) -> bool {
    !word.is_empty()
        && word != "all"
        && word.len() <= WORD_BYTES_MAX
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryHost, Uname};

    fn architecture(host: &MemoryHost) -> Option<String> {
        let records = super::super::read(host).unwrap().unwrap().records;
        read(host, &records, &mut Vec::new())
    }

    #[test]
    fn the_architecture_is_that_of_the_programs() {
        let live = |machine: &str, of_dpkg: &str| {
            let uname = Uname { nodename: "h".into(), machine: machine.into(), ..Uname::default() };
            let status = format!("Package: dpkg\nStatus: install ok installed\nVersion: 1\nArchitecture: {of_dpkg}\n");
            MemoryHost::new().live().running(uname).file("var/lib/dpkg/status", status)
        };
        let i386 = live("x86_64", "i386");
        assert_eq!(architecture(&i386).as_deref(), Some("i386"));
        let told = i386.file(ARCH_PATH, "amd64\ni386\n");
        assert_eq!(architecture(&told).as_deref(), Some("amd64"));
        assert_eq!(architecture(&live("aarch64", "all")).as_deref(), Some("arm64"));
        assert!(is_architecture(&"a".repeat(WORD_BYTES_MAX)) && !is_architecture(&"a".repeat(WORD_BYTES_MAX + 1)));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let mut problems = Vec::new();
        assert_eq!(read(&MemoryHost::new().denied(ARCH_PATH), &[], &mut problems), None);
        assert_eq!(problems.len(), 1);
    }
}
