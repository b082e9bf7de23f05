//! Compares our reading of sshd_config(5) with the real `sshd -T`, where one is installed.
//!
//! Configurations are generated in a temporary folder; sshd reads them there, we read the same
//! files through a map. `sshd -T` is asked twice: for the values without a connection, and for a
//! connection that no Match block but `all` fits, and for users that some blocks fit.

#![expect(clippy::disallowed_methods, reason = "the oracle is a program; the probe itself starts none")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use yagura_model::settings::{Sshd, SshdValues};
use yagura_model::{Fact, Origin, Package, PackageStatus, SourceLine, SourcePackage};
use yagura_probe::MemoryHost;
use yagura_probe::settings::sshd;

/// Configurations to compare; each costs a few starts of sshd.
const CASES: u32 = 96;

/// Lines of a generated configuration.
const LINES: [&str; 22] = [
    "PermitRootLogin yes",
    "PermitRootLogin no",
    "permitrootlogin = without-password",
    "PERMITROOTLOGIN=\"prohibit-password\"",
    "PermitRootLogin 'forced-commands-only' # why",
    "PasswordAuthentication yes",
    "PasswordAuthentication no",
    "PasswordAuthentication=no",
    "KbdInteractiveAuthentication yes",
    "KbdInteractiveAuthentication no",
    "ChallengeResponseAuthentication no",
    "ChallengeResponseAuthentication yes",
    "AuthenticationMethods publickey",
    "AuthenticationMethods publickey,password keyboard-interactive",
    "AuthenticationMethods any",
    "# PermitRootLogin yes",
    "",
    "Match User alice",
    "Match user=bob # why",
    "Match all",
    "Include INCLUDED/*.conf",
    "Include INCLUDED/b.conf",
];
/// Lines that only hold outside Match blocks, so they come first.
const GLOBAL_LINES: [&str; 4] = ["UsePAM yes", "UsePAM no", "Protocol 1", "Port 2222"];

fn sshd_binary() -> Option<(PathBuf, String)> {
    let path = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].into_iter().map(PathBuf::from).find(|p| p.exists())?;
    // Every version names itself on standard error, some only in a usage message.
    let output = Command::new(&path).arg("-V").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let version = text.split_once("OpenSSH_")?.1.split([' ', ',', '\n']).next()?.to_owned();
    Some((path, version))
}

fn skip(why: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// Runs `sshd -T` and keeps the keywords that we judge; `None` where sshd refuses the file.
fn ask(sshd: &Path, config: &Path, key: &Path, connection: Option<&str>) -> Option<BTreeMap<String, String>> {
    let mut command = Command::new(sshd);
    command.arg("-T").arg("-f").arg(config).arg("-h").arg(key);
    if let Some(user) = connection {
        command.arg("-C").arg(format!("user={user},host=client.example,addr=192.0.2.1,laddr=192.0.2.2,lport=22"));
    }
    let output = command.output().ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let keywords = [
        "permitrootlogin",
        "passwordauthentication",
        "kbdinteractiveauthentication",
        "usepam",
        "authenticationmethods",
    ];
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    Some(
        pairs
            .filter(|(keyword, _)| keywords.contains(keyword))
            .map(|(keyword, value)| (keyword.to_owned(), value.trim().to_owned()))
            .collect(),
    )
}

/// Renders our reading as `sshd -T` prints it, with the blocks that hold for `user` laid over.
fn ours(sshd: &Sshd, user: &str) -> BTreeMap<String, String> {
    let mut values = SshdValues::default();
    for block in &sshd.blocks {
        let holds =
            |c: &yagura_model::settings::Criterion| c.attribute.eq_ignore_ascii_case("user") && c.patterns == user;
        if block.criteria.iter().all(holds) {
            values.root_login = values.root_login.or_else(|| block.values.root_login.clone());
            values.password = values.password.or_else(|| block.values.password.clone());
            values.keyboard_interactive =
                values.keyboard_interactive.or_else(|| block.values.keyboard_interactive.clone());
            values.methods = values.methods.or_else(|| block.values.methods.clone());
        }
    }
    let word = |on: bool| if on { "yes" } else { "no" }.to_owned();
    let root = values.root_login.as_ref().unwrap_or(&sshd.root_login).value.word().to_owned();
    let password = values.password.as_ref().unwrap_or(&sshd.password).value;
    let keyboard = values.keyboard_interactive.as_ref().unwrap_or(&sshd.keyboard_interactive).value;
    let methods = values.methods.as_ref().unwrap_or(&sshd.methods).value.join(" ");
    BTreeMap::from([
        ("permitrootlogin".to_owned(), root),
        ("passwordauthentication".to_owned(), word(password)),
        ("kbdinteractiveauthentication".to_owned(), word(keyboard)),
        ("usepam".to_owned(), word(sshd.use_pam.value)),
        ("authenticationmethods".to_owned(), methods),
    ])
}

#[derive(Debug)]
struct Files {
    main: String,
    included: Vec<(&'static str, String)>,
}

fn files() -> impl Strategy<Value = Files> {
    let lines = || prop::collection::vec(prop::sample::select(&LINES[..]), 0..8);
    let global = prop::collection::vec(prop::sample::select(&GLOBAL_LINES[..]), 0..3);
    // Included files include nothing: sshd would refuse the circle.
    let inner = || lines().prop_map(|lines| joined(lines.into_iter().filter(|line| !line.starts_with("Include"))));
    (global, lines(), inner(), inner()).prop_map(|(global, rest, a, b)| Files {
        main: joined(global.into_iter().chain(rest)),
        included: vec![("a.conf", a), ("b.conf", b)],
    })
}

fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}");
        text
    })
}

fn package(version: &str) -> Package {
    Package {
        name: "openssh-server".into(),
        version: format!("1:{version}-1"),
        architecture: "amd64".into(),
        source: SourcePackage { name: "openssh".into(), version: version.into() },
        status: PackageStatus::installed(),
        origin: Origin::Assumed,
        maintainer: None,
        multi_arch: None,
        record: SourceLine::at("var/lib/dpkg/status", 1),
        ..Package::default()
    }
}

#[test]
fn we_read_what_sshd_reads() {
    let Some((sshd_path, version)) = sshd_binary() else {
        skip("no sshd to compare with; install `openssh-server`");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let key = folder.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    if !made.is_ok_and(|status| status.success()) {
        skip("no ssh-keygen to make a host key with");
        return;
    }
    let config = folder.path().join("sshd_config");
    let included = folder.path().join("d");
    std::fs::create_dir(&included).expect("a folder");
    let packages = [package(&version)];
    let (compared, refused) = (Cell::new(0_u32), Cell::new(0_u32));

    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&files(), |files| {
        let place = |text: &str| text.replace("INCLUDED", included.to_str().expect("a plain path"));
        std::fs::write(&config, place(&files.main)).expect("written");
        let mut host = MemoryHost::new().file("usr/sbin/sshd", "").file("etc/ssh/sshd_config", place(&files.main));
        for (name, text) in &files.included {
            std::fs::write(included.join(name), text).expect("written");
            host = host.file(included.join(name).to_str().expect("a plain path"), text);
        }
        let Fact::Known(sshd) = sshd::read(&host, &packages, &mut Vec::new()) else {
            return Err(TestCaseError::fail("our reading found no server"));
        };
        for user in ["alice", "bob", "carol"] {
            match ask(&sshd_path, &config, &key, Some(user)) {
                Some(theirs) => {
                    prop_assert_eq!(
                        ours(&sshd, user),
                        theirs,
                        "user {} in\n{}\n{:?}",
                        user,
                        files.main,
                        files.included
                    );
                    compared.set(compared.get() + 1);
                }
                // `AuthenticationMethods` that no enabled method can satisfy stops sshd.
                None => refused.set(refused.get() + 1),
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("OpenSSH {version} reads it otherwise: {error}");
    }
    let (compared, refused) = (compared.get(), refused.get());
    assert!(compared > CASES, "sshd refused nearly everything: {compared} compared, {refused} refused");
    skip_nothing(&version, compared, refused);
}

fn skip_nothing(version: &str, compared: u32, refused: u32) {
    use std::io::Write as _;
    let _ = writeln!(
        std::io::stderr(),
        "compared {compared} effective configurations with OpenSSH {version}; it refused {refused}"
    );
}
