//! A fresh server with two agents, as an operator would set them up: every step is a command.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use yagura_testkit::{FeedMirror, HostTree};

use super::Options;
use super::tally::Tally;
use super::watchdog::Watchdog;
use crate::agree;
use crate::process::{self, cargo};
use crate::stopwatch::Stopwatch;

/// The region whose original rules packages the programs know.
const REGION: &str = "us-west-2";
const ACCOUNT: &str = "123456789012";

/// A debug build on a busy machine makes its keys within this.
const SERVER_START_S: u64 = 60;
const PAUSE: Duration = Duration::from_millis(50);

/// What the clients read from the environment, all of which `yagura env` has to export. boto3 and
/// version 1 of the command line read the region from `AWS_DEFAULT_REGION` only, the others from `AWS_REGION`.
const EXPORTS: [&str; 6] = [
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CA_BUNDLE",
];

/// Lines of each log that are shown after a failure.
const LOG_LINES_SHOWN: usize = 40;

/// The running server, its agents, and what they need.
pub(crate) struct Lab {
    // Dropped first: nothing may still write into the folders below.
    _watchdog: Watchdog,
    folder: PathBuf,
    keep: bool,
    /// What `yagura env` exports.
    exports: BTreeMap<String, String>,
    _mirror: FeedMirror,
    _hosts: [HostTree; 2],
}

impl Lab {
    /// Sets everything up; what a client would miss is counted as a failed check.
    pub(crate) fn start(options: &Options, tally: &mut Tally) -> Result<Self> {
        let (server, agent) = binaries(options)?;
        let folder = fresh_folder()?;
        println!("data directory, trees and logs in `{}`", folder.display());
        let mut watchdog = Watchdog::start((!options.keep).then_some(folder.as_path()))?;
        let mirror = FeedMirror::demo(&today()?).context("cannot write the demo feed")?;
        let hosts = [host("web-1", "PermitRootLogin yes\n")?, host("web-2", "PermitRootLogin no\n")?];
        let data = folder.join("data");

        let yagura = |words: &[&str]| {
            let mut command = process::command(&server);
            command.args(words).arg("--data-dir").arg(&data);
            clean(&mut command);
            command
        };
        process::run(yagura(&["feed", "sync"]).arg("--mirror").arg(mirror.path()))?;
        let mut serve = yagura(&["serve", "--listen", "127.0.0.1:0", "--region", REGION, "--account", ACCOUNT]);
        watchdog.spawn("the server", logged(&mut serve, &folder.join("server.log"))?)?;
        let endpoint = endpoint(&data.join("endpoint"), &mut watchdog, &folder)?;
        println!("the server listens on {endpoint}");

        let exports = exports(&server, &data)?;
        for name in EXPORTS {
            let filled = exports.get(name).is_some_and(|value| !value.is_empty());
            tally.check(&format!("`yagura env` exports {name}"), filled);
        }
        tally.check("AWS_ENDPOINT_URL is the endpoint", exports.get("AWS_ENDPOINT_URL") == Some(&endpoint));

        let made = yagura(&["token", "create", "--uses", "10", "--ttl", "1h", "--format", "json"]);
        let token = Token::read(made)?;
        for (host, tags) in hosts.iter().zip([&["Env=demo", "aws:autoscaling:groupName=asg-1"][..], &["Env=demo"]]) {
            let name = std::fs::read_to_string(host.join("etc/hostname"))?.trim().to_owned();
            let state = folder.join(&name);
            let mut enroll = process::command(&agent);
            enroll.args(["enroll", "--server", &endpoint, "--token", &token.token]);
            if let Some(digest) = &token.ca_sha256 {
                enroll.args(["--ca-sha256", digest]);
            }
            for tag in tags {
                enroll.args(["--tag", tag]);
            }
            process::run(clean(enroll.arg("--root").arg(host.path()).arg("--state-dir").arg(&state)))?;
            let mut run = process::command(&agent);
            clean(run.arg("run").arg("--state-dir").arg(&state));
            watchdog.spawn(&name, logged(&mut run, &folder.join(format!("{name}.log")))?)?;
        }
        let lab = Self { _watchdog: watchdog, folder, keep: options.keep, exports, _mirror: mirror, _hosts: hosts };
        Ok(lab)
    }

    /// A place for what a program makes; gone at the end.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives a client nothing but what an operator's shell would have after `eval "$(yagura env)"`.
    pub(crate) fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        clean(command).envs(&self.exports);
        // Without this the region is missing for some clients, which `EXPORTS` has complained about already.
        command.env("AWS_DEFAULT_REGION", REGION);
        if let Some(bundle) = self.exports.get("AWS_CA_BUNDLE") {
            command.env("NODE_EXTRA_CA_CERTS", bundle);
        }
        command
    }

    /// Prints the ends of the logs, for whoever has to find out why a check failed.
    pub(crate) fn show_logs(&self) {
        show_logs(&self.folder);
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if !self.keep {
            // The system empties its folder for temporary files by itself, later.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Takes away the settings of whoever runs us: profiles, proxies, another service's keys.
fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| {
            name.starts_with("AWS_") || name.starts_with("YAGURA_") || name.to_ascii_lowercase().ends_with("_proxy")
        });
        if ours {
            command.env_remove(name);
        }
    }
    command
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1")
}

/// The given binaries, or freshly built ones.
fn binaries(options: &Options) -> Result<(PathBuf, PathBuf)> {
    let mut build = cargo("build");
    build.args(["--quiet", "--locked"]);
    let mut wanted = false;
    for (given, package) in [(&options.server, "yagura"), (&options.agent, "yagura-agent")] {
        if given.is_none() {
            build.args(["--package", package]);
            wanted = true;
        }
    }
    if wanted {
        process::run(&mut build)?;
    }
    let built = |name: &str| agree::target().join("debug").join(name);
    let server = options.server.clone().unwrap_or_else(|| built("yagura"));
    let agent = options.agent.clone().unwrap_or_else(|| built("yagura-agent"));
    Ok((server, agent))
}

fn fresh_folder() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("yagura-clients-{}", std::process::id()));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    Ok(folder)
}

/// The demo feed has to be as fresh as today's, or it would not be believed.
fn today() -> Result<String> {
    let date = process::output(process::command("date").args(["-u", "+%Y-%m-%d"]), &[0])?;
    Ok(date.trim().to_owned())
}

/// A host with the demo feed's package, and one setting in which the two differ.
fn host(name: &str, sshd: &str) -> Result<HostTree> {
    let tree = HostTree::debian_12()?
        .file("etc/hostname", format!("{name}\n"))?
        // Two hosts with one machine id would be taken for a clone and its original.
        .file("etc/machine-id", format!("{:0>32}\n", name.replace("web-", "")))?
        .file("etc/ssh/sshd_config", sshd)?
        .package("demo", "1.2-1", "demo")?
        .package("openssh-server", "1:9.2p1-2+deb12u3", "openssh")?;
    Ok(tree)
}

fn logged<'a>(command: &'a mut Command, path: &Path) -> Result<&'a mut Command> {
    let log = File::create(path).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(command.stdout(Stdio::from(log.try_clone()?)).stderr(Stdio::from(log)))
}

/// Waits until the server has said where it listens.
fn endpoint(file: &Path, watchdog: &mut Watchdog, folder: &Path) -> Result<String> {
    let watch = Stopwatch::start();
    loop {
        if let Ok(text) = std::fs::read_to_string(file)
            && text.ends_with('\n')
        {
            return Ok(text.trim().to_owned());
        }
        let ended = watchdog.ended();
        let late = watch.elapsed() > Duration::from_secs(SERVER_START_S);
        if ended.is_some() || late {
            show_logs(folder);
            bail!("{}", ended.unwrap_or_else(|| format!("no `{}` within {SERVER_START_S} s", file.display())));
        }
        std::thread::sleep(PAUSE);
    }
}

/// Evaluates what `yagura env` prints as a shell would, and returns what it exported.
fn exports(server: &Path, data: &Path) -> Result<BTreeMap<String, String>> {
    const SCRIPT: &str = r#"
        lines=$("$1" env --data-dir "$2") || exit 1
        shift 2
        eval "$lines"
        for name in "$@"; do printf '%s=%s\n' "$name" "$(printenv "$name")"; done
    "#;
    let mut shell = process::command("sh");
    shell.args(["-c", SCRIPT, "env"]).arg(server).arg(data).args(EXPORTS);
    // Whatever is there afterwards came from the command.
    for name in EXPORTS {
        shell.env_remove(name);
    }
    let printed = process::output(&mut shell, &[0])?;
    let pairs = printed.lines().filter_map(|line| line.split_once('='));
    Ok(pairs.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.into(), value.into())).collect())
}

/// What enrols agents.
#[derive(Debug)]
struct Token {
    token: String,
    /// The digest by which an agent knows the server before it trusts it, where the server names one.
    ca_sha256: Option<String>,
}

impl Token {
    fn read(mut command: Command) -> Result<Self> {
        let printed = process::output(&mut command, &[0])?;
        let made: Value = serde_json::from_str(&printed).context("`yagura token create` did not print JSON")?;
        let member = |name: &str| made.get(name).and_then(Value::as_str).map(str::to_owned);
        let token = member("token").context("`yagura token create` printed no member `token`")?;
        Ok(Self { token, ca_sha256: member("caSha256") })
    }
}

fn show_logs(folder: &Path) {
    for name in ["server", "web-1", "web-2"] {
        let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.log"))) else { continue };
        let lines: Vec<&str> = text.lines().collect();
        println!("-- the end of {name}.log");
        for line in lines.iter().skip(lines.len().saturating_sub(LOG_LINES_SHOWN)) {
            println!("   {line}");
        }
    }
}

#[test]
fn the_environment_is_what_a_shell_makes_of_it() {
    let folder = fresh_folder().unwrap();
    let program = folder.join("yagura");
    let lines = "export AWS_ENDPOINT_URL='https://127.0.0.1:1'\nexport AWS_SECRET_ACCESS_KEY='a b'\\''c'\n";
    std::fs::write(&program, format!("#!/bin/sh\ncat <<'E'\n{lines}E\n")).unwrap();
    let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    let exports = exports(&program, &folder).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let seen: Vec<_> = exports.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(seen, ["AWS_ENDPOINT_URL=https://127.0.0.1:1", "AWS_SECRET_ACCESS_KEY=a b'c"]);
}

#[test]
fn a_token_is_taken_from_json_only() {
    let print = |text: &str| {
        let mut command = process::command("printf");
        command.args(["%s", text]);
        command
    };
    let token = Token::read(print(r#"{"token": "abc", "uses": 10, "caSha256": "00ff"}"#)).unwrap();
    assert_eq!((token.token.as_str(), token.ca_sha256.as_deref()), ("abc", Some("00ff")));
    assert!(Token::read(print("abc")).unwrap_err().to_string().contains("did not print JSON"));
    assert!(Token::read(print("{}")).unwrap_err().to_string().contains("no member `token`"));
}

#[test]
fn the_two_hosts_differ_in_what_tells_machines_apart() {
    let (one, two) = (host("web-1", "").unwrap(), host("web-2", "").unwrap());
    let read = |host: &HostTree, path: &str| std::fs::read_to_string(host.join(path)).unwrap();
    assert_eq!(read(&one, "etc/machine-id").trim().len(), 32);
    assert_ne!(read(&one, "etc/machine-id"), read(&two, "etc/machine-id"));
    assert!(read(&one, "var/lib/dpkg/status").contains("Version: 1.2-1"));
}
