//! Reads whether the processor and the kernel keep data pages from being executed (NX, DEP).
//!
//! Only a running machine has a processor, so a directory tree has no such fact.

use yagura_model::settings::{Architecture, Nx, Setting};
use yagura_model::{Fact, LocalText, ReadProblem};

use crate::host::{ByteLimit, Host};
use crate::settings::read_text;

const CPUINFO: &str = "proc/cpuinfo";
const CMDLINE: &str = "proc/cmdline";
/// 1,024 processors with 2 KiB each.
const CPUINFO_LIMIT: ByteLimit = ByteLimit::mib(4);
/// The kernel's own limit is below 4 KiB on every architecture with distributions.
const CMDLINE_LIMIT: ByteLimit = ByteLimit::kib(64);
/// Boot parameters that turn the protection off on x86.
const SWITCHES: [&str; 2] = ["noexec=off", "noexec32=off"];

/// Reads the processor's flags and the boot parameters.
pub(super) fn read(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Fact<Nx> {
    if !host.is_live() {
        return Fact::NotPresent(LocalText::new(
            "a directory tree has no running processor to ask",
            "ディレクトリツリーの評価なので、確認する稼働中の CPU がありません",
        ));
    }
    let read = |path, limit, problems: &mut Vec<ReadProblem>| {
        read_text(host, path, limit, problems)?.ok_or_else(|| {
            LocalText::new(
                format!("the running kernel does not show `/{path}`"),
                format!("稼働中のカーネルから `/{path}` を読み取れません"),
            )
        })
    };
    match (read(CPUINFO, CPUINFO_LIMIT, problems), read(CMDLINE, CMDLINE_LIMIT, problems)) {
        (Ok(cpuinfo), Ok(cmdline)) => Fact::Known(judge(&cpuinfo, &cmdline)),
        (Err(reason), _) | (_, Err(reason)) => Fact::Unreadable(reason),
    }
}

fn judge(cpuinfo: &str, cmdline: &str) -> Nx {
    let mut nx = Nx { architecture: Architecture::Other, cpu: None, turned_off: Vec::new() };
    for line in cpuinfo.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        match key.trim() {
            "flags" => {
                nx.architecture = Architecture::X86;
                let has = value.split_whitespace().any(|flag| flag == "nx");
                // One processor without the flag is enough to lose the protection there.
                if nx.cpu.as_ref().is_none_or(|cpu| cpu.value && !has) {
                    let written = if has { "flags: … nx …" } else { "flags: (no nx)" };
                    nx.cpu = Some(Setting::kernel(has, &format!("/{CPUINFO} {written}")));
                }
            }
            "CPU implementer" => nx.architecture = Architecture::Arm,
            _ => {}
        }
    }
    nx.turned_off = cmdline
        .split_whitespace()
        .filter(|word| SWITCHES.contains(word))
        .map(|word| Setting::kernel((), &format!("/{CMDLINE} {word}")))
        .collect();
    nx
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MemoryHost;

    fn nx(cpuinfo: &str, cmdline: &str) -> Nx {
        let host = MemoryHost::new().live().file(CPUINFO, cpuinfo).file(CMDLINE, cmdline);
        read(&host, &mut Vec::new()).known().unwrap().clone()
    }

    #[test]
    fn every_processor_must_have_the_flag() {
        let both = nx("flags\t\t: fpu nx lm\n\nflags\t\t: fpu nx lm\n", "quiet\n");
        assert_eq!(both.cpu.map(|cpu| cpu.value), Some(true));
        assert_eq!(both.architecture, Architecture::X86);
        assert_eq!(nx("flags: nx\nflags: fpu lnx\n", "").cpu.map(|cpu| cpu.value), Some(false));
    }

    #[test]
    fn boot_parameters_turn_it_off() {
        let off = nx("flags: nx\n", "root=/dev/sda noexec=off noexec32=off noexec=on\n").turned_off;
        let words: Vec<&str> = off.iter().map(|s| s.written.as_str()).collect();
        assert_eq!(words, ["/proc/cmdline noexec=off", "/proc/cmdline noexec32=off"]);
    }

    #[test]
    fn other_processors_and_trees() {
        assert_eq!(nx("CPU implementer\t: 0x41\nFeatures: fp\n", "").architecture, Architecture::Arm);
        assert_eq!(nx("isa: rv64\n", "").architecture, Architecture::Other);
        let tree = MemoryHost::new().file(CPUINFO, "flags: nx");
        assert!(matches!(read(&tree, &mut Vec::new()), Fact::NotPresent(_)));
        assert!(matches!(read(&MemoryHost::new().live(), &mut Vec::new()), Fact::Unreadable(_)));
        let huge = MemoryHost::new().live().file(CPUINFO, " ".repeat(4 * 1024 * 1024 + 1)).file(CMDLINE, "");
        assert!(matches!(read(&huge, &mut Vec::new()), Fact::Unreadable(_)));
    }

    proptest! {
        #[test]
        fn any_text_is_judged(cpuinfo in "\\PC{0,120}", cmdline in "\\PC{0,60}") {
            let _ = judge(&cpuinfo, &cmdline);
        }
    }
}
