//! Hosts and facts for the rules' tests.

use yagura_model::settings::{
    Account, Architecture, Aslr, Criterion, Directory, DirectoryFacts, GroupReach, LoginDefs, MatchBlock, Nx,
    PasswordStack, PasswordState, QualityCheck, QualityModule, RootLogin, Setting, Sshd, SshdValues, UnixModule,
};
use yagura_model::{Fact, HostIdentity, LocalText, Release, Settings, Snapshot, SourceLine};

use crate::rule::Verdict;

/// Renders a verdict: place and finding, then the note in both languages.
pub(crate) fn shown(verdict: &Verdict) -> String {
    let (word, observations) = match verdict {
        Verdict::Pass(observations) => ("pass", observations),
        Verdict::Fail(observations) => ("fail", observations),
        Verdict::NotApplicable(reason) => return format!("not applicable: {} / {}", reason.en, reason.ja),
        Verdict::Unknown(reason) => return format!("unknown: {} / {}", reason.en, reason.ja),
    };
    let mut lines = Vec::new();
    for (n, observation) in observations.iter().enumerate() {
        let lead = if n == 0 { format!("{word}: ") } else { " ".repeat(6) };
        let place = observation.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        lines.push(format!("{lead}{place}{}", observation.found));
        if let Some(note) = &observation.note {
            lines.push(format!("  en: {}", note.en));
            lines.push(format!("  ja: {}", note.ja));
        }
    }
    if lines.is_empty() { word.to_owned() } else { lines.join("\n") }
}

/// A host of a distribution, nothing read yet.
pub(crate) fn host(distribution: &str) -> Snapshot {
    Snapshot {
        host: HostIdentity { name: "web-1".into(), ..HostIdentity::default() },
        release: Some(Release { distribution: distribution.into(), ..Release::default() }),
        ..Snapshot::default()
    }
}

/// A value on a line of a file.
pub(crate) fn line<T>(value: T, path: &str, at: u32, written: &str) -> Setting<T> {
    Setting::at(value, written, SourceLine::at(path, at))
}

/// A fact that the host does not have.
pub(crate) fn not_present<T>() -> Fact<T> {
    Fact::NotPresent(LocalText::new("not there", "ありません"))
}

/// A fact that could not be read.
pub(crate) fn unreadable<T>() -> Fact<T> {
    Fact::Unreadable(LocalText::new("not readable", "読めません"))
}

/// A server that keeps every rule.
pub(crate) fn sshd() -> Sshd {
    let file = "etc/ssh/sshd_config";
    Sshd {
        version: Some("9.2p1".into()),
        root_login: line(RootLogin::No, file, 1, "PermitRootLogin no"),
        protocol_1: Setting::compiled_in(Some(false), "Protocol 2", "OpenSSH 9.2p1"),
        password: line(false, file, 2, "PasswordAuthentication no"),
        keyboard_interactive: line(false, file, 3, "KbdInteractiveAuthentication no"),
        use_pam: line(true, file, 4, "UsePAM yes"),
        methods: Setting::compiled_in(vec!["any".into()], "AuthenticationMethods any", "OpenSSH 9.2p1"),
        blocks: Vec::new(),
        config_path: file.into(),
        drop_in_folder: None,
    }
}

/// A Match block of the main file.
pub(crate) fn block(at: u32, criteria: &[(&str, &str)], values: SshdValues) -> MatchBlock {
    let criterion = |(attribute, patterns): &(&str, &str)| Criterion {
        attribute: (*attribute).to_owned(),
        patterns: (*patterns).to_owned(),
    };
    MatchBlock {
        place: SourceLine::at("etc/ssh/sshd_config", at),
        criteria: criteria.iter().map(criterion).collect(),
        values,
    }
}

/// An account with a usable password.
pub(crate) fn account(name: &str, uid: u32, max_days: Option<i64>, at: u32) -> Account {
    Account {
        name: name.into(),
        uid,
        password: PasswordState::Usable,
        max_days,
        place: SourceLine::at("etc/shadow", at),
    }
}

/// A pam_pwquality that asks for `shortest` characters of `classes` classes.
pub(crate) fn quality(shortest: i64, classes: i64) -> QualityCheck {
    let conf = "etc/security/pwquality.conf";
    QualityCheck {
        module: QualityModule::Pwquality,
        line: line((), "etc/pam.d/common-password", 25, "password requisite pam_pwquality.so retry=3"),
        enforced: true,
        installed: Some(true),
        min_length: line(shortest, conf, 3, &format!("minlen = {shortest}")),
        shortest,
        classes,
        decisive: vec![
            line(shortest, conf, 3, &format!("minlen = {shortest}")),
            line(classes, conf, 4, &format!("minclass = {classes}")),
        ],
        enforce_for_root: Setting::compiled_in(false, "enforce_for_root off", "libpwquality"),
        retry: line(3, "etc/pam.d/common-password", 25, "retry=3"),
    }
}

/// Debian's password stack as it is shipped.
pub(crate) fn debian_stack() -> PasswordStack {
    let unix = "password [success=1 default=ignore] pam_unix.so obscure yescrypt";
    PasswordStack {
        entry: SourceLine::file("etc/pam.d/passwd"),
        quality: Vec::new(),
        unix: Some(UnixModule {
            line: line((), "etc/pam.d/common-password", 25, unix),
            min_length: Some(Setting::compiled_in(6, "minlen=6", "pam_unix (Debian)")),
            obscure: true,
        }),
        remember: None,
    }
}

/// A directory of root's.
pub(crate) fn directory(path: &str, mode: u32) -> Directory {
    Directory {
        path: path.into(),
        also: Vec::new(),
        listed: true,
        mode,
        uid: 0,
        owner: Some("root".into()),
        gid: 0,
        group: Some("root".into()),
        group_reach: GroupReach::Nobody,
    }
}

/// A host that keeps every rule.
pub(crate) fn good_host() -> Snapshot {
    let stack = PasswordStack { quality: vec![quality(14, 4)], ..debian_stack() };
    Snapshot {
        settings: Settings {
            sshd: Fact::Known(sshd()),
            login_defs: Fact::Known(LoginDefs { pass_max_days: line(90, "etc/login.defs", 160, "PASS_MAX_DAYS 90") }),
            accounts: Fact::Known(vec![account("alice", 1000, Some(90), 2)]),
            password_stack: Fact::Known(stack),
            aslr: Fact::Known(Aslr {
                live: Some(Setting::kernel(2, "kernel.randomize_va_space = 2")),
                configured: Setting::compiled_in(2, "kernel.randomize_va_space = 2", "Linux"),
            }),
            nx: Fact::Known(Nx {
                architecture: Architecture::X86,
                cpu: Some(Setting::kernel(true, "/proc/cpuinfo flags: nx")),
                turned_off: Vec::new(),
            }),
            directories: Fact::Known(DirectoryFacts { directories: vec![directory("usr/bin", 0o755)], root_uid: 0 }),
        },
        ..host("debian")
    }
}

/// A host that breaks every rule.
pub(crate) fn bad_host() -> Snapshot {
    let mut sshd = sshd();
    sshd.root_login = line(RootLogin::Yes, "etc/ssh/sshd_config", 1, "PermitRootLogin yes");
    sshd.protocol_1 = line(Some(true), "etc/ssh/sshd_config", 2, "Protocol 2,1");
    sshd.password = line(true, "etc/ssh/sshd_config", 3, "PasswordAuthentication yes");
    let mut snapshot = good_host();
    let settings = &mut snapshot.settings;
    settings.sshd = Fact::Known(sshd);
    settings.login_defs =
        Fact::Known(LoginDefs { pass_max_days: line(99_999, "etc/login.defs", 160, "PASS_MAX_DAYS 99999") });
    settings.password_stack = Fact::Known(debian_stack());
    settings.aslr = Fact::Known(Aslr {
        live: Some(Setting::kernel(0, "kernel.randomize_va_space = 0")),
        configured: line(0, "etc/sysctl.conf", 1, "kernel.randomize_va_space = 0"),
    });
    settings.nx = Fact::Known(Nx {
        architecture: Architecture::X86,
        cpu: Some(Setting::kernel(false, "/proc/cpuinfo flags: (no nx)")),
        turned_off: Vec::new(),
    });
    settings.directories = Fact::Known(DirectoryFacts { directories: vec![directory("usr/bin", 0o777)], root_uid: 0 });
    snapshot
}
