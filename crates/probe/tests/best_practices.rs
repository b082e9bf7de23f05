//! From files to verdicts: the probes and the best-practice rules together.

use insta::assert_snapshot;
use yagura_model::{Evidence, HostIdentity, Release, Snapshot};
use yagura_probe::{MemoryHost, settings};
use yagura_rules::{Evaluation, evaluate};

/// Debian 12 as the installer leaves it, cut to what is read.
fn debian_12() -> MemoryHost {
    MemoryHost::new()
        .file("usr/sbin/sshd", "")
        .file(
            "etc/ssh/sshd_config",
            "Include /etc/ssh/sshd_config.d/*.conf\n\nKbdInteractiveAuthentication no\nUsePAM yes\n",
        )
        .directory("etc/ssh/sshd_config.d", 0o755, 0, 0)
        .file("etc/login.defs", "PASS_MAX_DAYS\t99999\n")
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/bash\n")
        .file("etc/shadow", "root:*:19700:0:99999:7:::\nalice:$y$j9T$x$y:19700:0:99999:7:::\n")
        .file("etc/group", "root:x:0:\nstaff:x:50:\nalice:x:1000:\n")
        .file("etc/pam.d/passwd", "@include common-password\n")
        .file(
            "etc/pam.d/common-password",
            "password\t[success=1 default=ignore]\tpam_unix.so obscure yescrypt\n\
             password\trequisite\t\t\tpam_deny.so\npassword\trequired\t\t\tpam_permit.so\n",
        )
        .file("usr/lib/x86_64-linux-gnu/security/pam_unix.so", "")
        .directory("", 0o755, 0, 0)
        .directory("usr/bin", 0o755, 0, 0)
        .directory("usr/local/lib", 0o2775, 0, 50)
        .link("bin", "usr/bin")
}

fn assessed(host: &MemoryHost) -> Evaluation {
    let release = Release { distribution: "debian".into(), ..Release::default() };
    let mut problems = Vec::new();
    let snapshot = Snapshot {
        host: HostIdentity { name: "web-1".into(), root: Some("/mnt".into()), ..HostIdentity::default() },
        settings: settings::read(host, &[], Some(&release), &mut problems),
        release: Some(release),
        ..Snapshot::default()
    };
    assert_eq!(problems, []);
    evaluate(&snapshot)
}

fn shown(evaluation: &Evaluation) -> String {
    let mut lines = Vec::new();
    for finding in &evaluation.findings {
        lines.push(format!("{} | {}", finding.severity.word(), finding.rule));
        if let Evidence::Setting(evidence) = &finding.evidence {
            for observation in &evidence.observations {
                let place = observation.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
                lines.push(format!("  {place}{}", observation.found));
            }
        }
    }
    lines.extend(evaluation.passed.iter().map(|passed| format!("pass | {}", passed.rule)));
    lines.extend(evaluation.not_applicable.iter().map(|rule| format!("n/a | {}: {}", rule.rule, rule.reason.en)));
    lines.extend(evaluation.exclusions.iter().map(|e| format!("unknown | {}: {}", e.subject, e.reason.en)));
    lines.join("\n")
}

#[test]
fn a_fresh_debian_12() {
    assert_snapshot!(shown(&assessed(&debian_12())), @r"
    Medium | Disable root login over SSH
      PermitRootLogin prohibit-password
    Medium | Disable password authentication over SSH
      PasswordAuthentication yes
    Medium | Configure password maximum age
      /etc/login.defs:1: PASS_MAX_DAYS 99999
      /etc/shadow:2: alice: maximum age 99999
    Medium | Configure password minimum length
      minlen=6
    Medium | Configure password complexity
      /etc/pam.d/common-password:1: password [success=1 default=ignore] pam_unix.so obscure yescrypt
    pass | Support SSH version 2 only
    pass | Enable ASLR
    pass | Configure permissions for system directories
    n/a | Enable DEP: a directory tree has no running processor to ask
    ");
}

#[test]
fn a_hardened_debian_12() {
    let host = debian_12()
        .file(
            "etc/ssh/sshd_config.d/00-hardening.conf",
            "PermitRootLogin no\nPasswordAuthentication no\nMatch Address 10.0.0.0/8\n  PasswordAuthentication yes\n",
        )
        .file("etc/login.defs", "PASS_MAX_DAYS\t90\n")
        .file("etc/shadow", "root:*:19700:0:99999:7:::\nalice:$y$j9T$x$y:19700:0:90:7:::\n")
        .file(
            "etc/pam.d/common-password",
            "password\trequisite\tpam_pwquality.so retry=3\n\
             password\t[success=1 default=ignore]\tpam_unix.so obscure use_authtok try_first_pass yescrypt\n\
             password\trequisite\tpam_deny.so\npassword\trequired\tpam_permit.so\n",
        )
        .file("usr/lib/x86_64-linux-gnu/security/pam_pwquality.so", "")
        .file("etc/security/pwquality.conf", "minlen = 14\nminclass = 4\n")
        .file("etc/sysctl.d/10-aslr.conf", "kernel.randomize_va_space = 1\n")
        .directory("usr/local/bin", 0o777, 0, 0);
    assert_snapshot!(shown(&assessed(&host)), @r"
    Medium | Disable password authentication over SSH
      /etc/ssh/sshd_config.d/00-hardening.conf:4: PasswordAuthentication yes
    Medium | Enable ASLR
      /etc/sysctl.d/10-aslr.conf:1: kernel.randomize_va_space = 1
    High | Configure permissions for system directories
      /usr/local/bin: mode 0777, root:root
    pass | Disable root login over SSH
    pass | Support SSH version 2 only
    pass | Configure password maximum age
    pass | Configure password minimum length
    pass | Configure password complexity
    n/a | Enable DEP: a directory tree has no running processor to ask
    ");
}
