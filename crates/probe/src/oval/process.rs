//! `process58`: the processes that run now.

use std::collections::HashMap;

use yagura_scap::{Collected, Field, Item, Object, Status, Truth, Value};

use super::environment::running;
use super::selected;
use crate::host::{ByteLimit, Host};

/// A command line may be as long as an environment.
const COMMAND_LIMIT: ByteLimit = ByteLimit::mib(6);
const SMALL_LIMIT: ByteLimit = ByteLimit::kib(64);
/// The kernel counts processor time in hundredths of a second towards programs.
const TICKS_PER_SECOND: u64 = 100;

/// The capabilities by their number.
const CAPABILITIES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// Collects processes. When each began is not read: it is a time of day, which needs a clock.
pub(super) fn collect(host: &dyn Host, object: &Object) -> Collected {
    if !host.is_live() {
        return Collected::does_not_exist();
    }
    let pid = object.entity(Field::Pid);
    let wanted = running(host)
        .into_iter()
        .filter(|number| pid.is_none_or(|pid| pid.nil || pid.test_value(&Value::Int(*number)) == Truth::True));
    selected(wanted.filter_map(|number| item(host, number)), object)
}

/// One that ended meanwhile is no process.
fn item(host: &dyn Host, pid: i64) -> Option<Item> {
    let read = |name: &str, limit| -> Option<String> {
        let bytes = host.read(&format!("proc/{pid}/{name}"), limit).ok().flatten()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let stat = read("stat", SMALL_LIMIT)?;
    // The name in brackets may hold anything, brackets too.
    let (name, rest) = (stat.split_once('(')?.1).rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |index: usize| fields.get(index).and_then(|text| text.parse::<i64>().ok());
    let status = read("status", SMALL_LIMIT)?;
    let status: HashMap<&str, &str> =
        status.lines().filter_map(|line| line.split_once(':')).map(|(k, v)| (k, v.trim())).collect();
    let ids: Vec<i64> =
        status.get("Uid").copied().unwrap_or_default().split_whitespace().filter_map(|id| id.parse().ok()).collect();

    let mut item = Item::new().with(Field::CommandLine, command_line(&read("cmdline", COMMAND_LIMIT)?, name));
    let ticks = number(11)?.saturating_add(number(12)?);
    item.push(Field::ExecTime, duration(u64::try_from(ticks).unwrap_or(0) / TICKS_PER_SECOND));
    item.push(Field::Pid, pid);
    item.push(Field::Ppid, number(1)?);
    item.push(Field::Priority, number(15)?);
    if let Some(real) = ids.first() {
        item.push(Field::Ruid, *real);
    }
    item.push(Field::SchedulingClass, scheduling_class(number(38).unwrap_or(0)));
    item.push_status(Field::StartTime, Status::NotCollected);
    item.push(Field::Tty, terminal(number(4).unwrap_or(0)));
    if let Some(effective) = ids.get(1) {
        item.push(Field::UserId, *effective);
    }
    if let Some(login) = read("loginuid", SMALL_LIMIT).and_then(|text| text.trim().parse::<i64>().ok()) {
        item.push(Field::LoginUid, login);
    }
    let effective = status.get("CapEff").and_then(|text| u64::from_str_radix(text, 16).ok()).unwrap_or(0);
    for (bit, capability) in CAPABILITIES.iter().enumerate() {
        if effective >> bit & 1 == 1 {
            item.push(Field::PosixCapability, *capability);
        }
    }
    if let Some(label) = read("attr/current", SMALL_LIMIT) {
        item.push(Field::SelinuxDomainLabel, label.trim_end_matches(['\0', '\n']));
    }
    if let Some(session) = number(3) {
        item.push(Field::SessionId, session);
    }
    Some(item)
}

/// Arguments are joined; a thread of the kernel has none, and shows its name in brackets.
fn command_line(arguments: &str, name: &str) -> String {
    let joined = arguments.trim_end_matches('\0').replace('\0', " ");
    if joined.is_empty() { format!("[{name}]") } else { joined }
}

fn duration(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    if days > 0 { format!("{days}-{clock}") } else { clock }
}

const fn scheduling_class(policy: i64) -> &'static str {
    match policy {
        0 => "TS",
        1 => "FF",
        2 => "RR",
        3 => "B",
        4 => "ISO",
        5 => "IDL",
        6 => "DLN",
        _ => "?",
    }
}

/// The terminal's name from its device number; most processes have none.
fn terminal(device: i64) -> String {
    let Ok(device) = u64::try_from(device) else { return "?".to_owned() };
    let (major, minor) = (device >> 8 & 0xfff, device & 0xff | device >> 12 & 0xfff00);
    match major {
        4 if minor < 64 => format!("tty{minor}"),
        4 => format!("ttyS{}", minor - 64),
        136..=143 => format!("pts/{}", minor + (major - 136) * 256),
        _ => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entity, flags, object, pattern_entity};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Flag, Kind};

    const STAT: &str = "12 (a (b) c) S 1 12 7 34816 12 4194560 1 0 0 0 6100 100 0 0 20 0 1 0 36 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0";

    #[test]
    fn a_process_is_read_from_its_folder() {
        let host = MemoryHost::new()
            .live()
            .file("proc/12/stat", STAT)
            .file("proc/12/status", "Name:\ta\nUid:\t1000\t0\t0\t0\nCapEff:\t0000000000000003\n")
            .file("proc/12/cmdline", "/usr/bin/mfetpd\0-x\0")
            .file("proc/13/stat", "13 (kthreadd) S")
            .file("proc/self/stat", STAT);
        let any = object(Kind::Process58, vec![pattern_entity(Field::CommandLine, "^/usr"), entity(Field::Pid, "12")]);
        let item = collect(&host, &any).items.remove(0);
        let shown = |field| item.value(field).map(ToString::to_string).unwrap_or_default();
        assert_eq!(shown(Field::CommandLine), "/usr/bin/mfetpd -x");
        assert_eq!(shown(Field::ExecTime), "00:01:02");
        assert_eq!((shown(Field::Ruid), shown(Field::UserId)), ("1000".into(), "0".into()));
        assert_eq!((shown(Field::Tty), shown(Field::SessionId)), ("pts/0".into(), "7".into()));
        assert_eq!(shown(Field::PosixCapability), "CAP_CHOWN");
        assert_eq!(flags(&MemoryHost::new(), &any), (Flag::DoesNotExist, 0));
        assert_eq!(command_line("", "kworker"), "[kworker]");
    }
}
