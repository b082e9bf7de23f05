//! The words of the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt as _};

pub(super) const HELP: &str = "\
Collects on this host and sends to a Yagura server. Opens outbound TLS only and changes nothing on the host.

Usage:
  yagura-agent enroll --server URL --token T [--ca-sha256 HEX] [--tag KEY=VALUE]… [--auto-scaling-group NAME]
                      [--root DIR] [--proxy URL] [--state-dir DIR] [--force]
  yagura-agent run [--once] [--proxy URL] [--state-dir DIR]
  yagura-agent status [--format text|json] [--state-dir DIR]
  yagura-agent collect --dry-run [--root DIR]
  yagura-agent unenroll --yes [--proxy URL] [--state-dir DIR]

Commands:
  enroll     give this host an identity; `yagura token create` on the server prints the whole line
  run        wait for work, collect, send; ends with SIGTERM or SIGINT
  status     tell how the agent is; ends with 0 when it runs, and with 3 otherwise
  collect    print exactly the lines that would be sent, and send nothing
  unenroll   say goodbye to the server and remove the identity from this host

Options:
  --server URL               https://HOST:PORT of the server
  --token T                  the enrolment token; `-` reads it from standard input
  --ca-sha256 HEX            SHA-256 of the server's CA certificate, beside the one that the token carries
  --tag KEY=VALUE            a tag of this host; may be given up to 50 times
  --auto-scaling-group NAME  the Auto Scaling group that this host belongs to
  --root DIR                 a directory that stands in for `/`: a mounted image, a container's tree
  --proxy URL                an HTTP proxy; otherwise `https_proxy` and `no_proxy` are followed
  --state-dir DIR            where the identity is kept (root: /var/lib/yagura-agent)
  --force                    replace an identity that is there
  --once                     do what there is to do now, and end
  --format text|json         how `status` prints
  -h, --help                 this text
  -V, --version              the version

Exit codes: 0 done; 2 usage or configuration; 3 could not do it.
";

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Help,
    Version,
    Enroll(EnrollWords),
    Run(RunWords),
    Status { state_dir: Option<PathBuf>, json: bool },
    Collect { root: Option<PathBuf> },
    Unenroll { state_dir: Option<PathBuf>, proxy: Option<String>, yes: bool },
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct EnrollWords {
    pub(super) server: String,
    pub(super) token: String,
    pub(super) ca_sha256: Option<String>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) auto_scaling_group: Option<String>,
    pub(super) root: Option<PathBuf>,
    pub(super) proxy: Option<String>,
    pub(super) state_dir: Option<PathBuf>,
    pub(super) force: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RunWords {
    pub(super) once: bool,
    pub(super) proxy: Option<String>,
    pub(super) state_dir: Option<PathBuf>,
}

/// All options; each command takes some of them.
#[derive(Debug, Default)]
struct Options {
    given: Vec<String>,
    server: Option<String>,
    token: Option<String>,
    ca_sha256: Option<String>,
    tags: Vec<(String, String)>,
    auto_scaling_group: Option<String>,
    root: Option<PathBuf>,
    proxy: Option<String>,
    state_dir: Option<PathBuf>,
    format: Option<String>,
}

impl Options {
    fn has(&self, name: &str) -> bool {
        self.given.iter().any(|given| given == name)
    }

    /// Refuses what the command does not take.
    fn only(&self, command: &str, names: &[&str]) -> Result<(), lexopt::Error> {
        match self.given.iter().find(|given| !names.contains(&given.as_str())) {
            Some(other) => Err(format!("`{command}` takes no `--{other}`").into()),
            None => Ok(()),
        }
    }
}

pub(super) fn parse(words: Vec<OsString>) -> Result<Command, lexopt::Error> {
    let mut parser = Parser::from_args(words);
    let mut command: Option<String> = None;
    let mut options = Options::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Value(word) if command.is_none() => command = Some(word.string()?),
            Arg::Long(name) => {
                let name = name.to_owned();
                take(&name, &mut parser, &mut options)?;
                options.given.push(name);
            }
            other => return Err(other.unexpected()),
        }
    }
    match command.as_deref() {
        Some("enroll") => enroll(options),
        Some("run") => {
            options.only("run", &["once", "proxy", "state-dir"])?;
            let once = options.has("once");
            Ok(Command::Run(RunWords { once, proxy: options.proxy, state_dir: options.state_dir }))
        }
        Some("status") => {
            options.only("status", &["format", "state-dir"])?;
            let json = match options.format.as_deref() {
                None | Some("text") => false,
                Some("json") => true,
                Some(other) => return Err(format!("`--format` is `text` or `json`, not `{other}`").into()),
            };
            Ok(Command::Status { state_dir: options.state_dir, json })
        }
        Some("collect") => {
            options.only("collect", &["dry-run", "root"])?;
            if options.has("dry-run") {
                return Ok(Command::Collect { root: options.root });
            }
            Err("the server decides when to collect, and `run` follows; `collect --dry-run` prints what would be sent"
                .into())
        }
        Some("unenroll") => {
            options.only("unenroll", &["yes", "proxy", "state-dir"])?;
            let yes = options.has("yes");
            Ok(Command::Unenroll { state_dir: options.state_dir, proxy: options.proxy, yes })
        }
        Some(other) => Err(format!("there is no command `{other}`").into()),
        None => Err("which command? `enroll`, `run`, `status`, `collect` or `unenroll`".into()),
    }
}

fn take(name: &str, parser: &mut Parser, options: &mut Options) -> Result<(), lexopt::Error> {
    match name {
        "server" => options.server = Some(parser.value()?.string()?),
        "token" => options.token = Some(parser.value()?.string()?),
        "ca-sha256" => options.ca_sha256 = Some(parser.value()?.string()?),
        "auto-scaling-group" => options.auto_scaling_group = Some(parser.value()?.string()?),
        "proxy" => options.proxy = Some(parser.value()?.string()?),
        "format" => options.format = Some(parser.value()?.string()?),
        "root" => options.root = Some(parser.value()?.into()),
        "state-dir" => options.state_dir = Some(parser.value()?.into()),
        "tag" => {
            let text = parser.value()?.string()?;
            let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
            let (key, value) = pair.ok_or_else(|| format!("a tag is `KEY=VALUE`, not `{text}`"))?;
            options.tags.push((key.to_owned(), value.to_owned()));
        }
        "force" | "once" | "dry-run" | "yes" => {}
        _ => return Err(lexopt::Error::UnexpectedOption(format!("--{name}"))),
    }
    Ok(())
}

fn enroll(options: Options) -> Result<Command, lexopt::Error> {
    options.only(
        "enroll",
        &["server", "token", "ca-sha256", "tag", "auto-scaling-group", "root", "proxy", "state-dir", "force"],
    )?;
    let force = options.has("force");
    let wanted = |value: Option<String>, name: &str| value.ok_or_else(|| format!("`enroll` needs `--{name}`"));
    Ok(Command::Enroll(EnrollWords {
        server: wanted(options.server, "server")?,
        token: wanted(options.token, "token")?,
        ca_sha256: options.ca_sha256,
        tags: options.tags,
        auto_scaling_group: options.auto_scaling_group,
        root: options.root,
        proxy: options.proxy,
        state_dir: options.state_dir,
        force,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(OsString::from).collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_command_is_read() {
        let enroll = parsed("enroll --server https://tower --token t --tag a=b=c --tag 役割=web --force --root /mnt");
        let Command::Enroll(words) = enroll.unwrap() else { panic!() };
        assert_eq!(words.tags, [("a".into(), "b=c".into()), ("役割".into(), "web".into())]);
        assert!(words.force && words.root == Some(PathBuf::from("/mnt")));
        assert_eq!(
            parsed("run --state-dir=/s --once").unwrap(),
            Command::Run(RunWords { once: true, proxy: None, state_dir: Some("/s".into()) })
        );
        assert_eq!(parsed("status --format json").unwrap(), Command::Status { state_dir: None, json: true });
        assert_eq!(parsed("collect --dry-run").unwrap(), Command::Collect { root: None });
        assert_eq!(parsed("run --help").unwrap(), Command::Help);
        assert_eq!(parsed("-V").unwrap(), Command::Version);
    }

    #[test]
    fn mistakes_are_explained() {
        let error = |line: &str| parsed(line).unwrap_err();
        assert!(error("").contains("which command?"));
        assert!(error("scan").contains("no command `scan`"));
        assert!(error("enroll --token t").contains("needs `--server`"));
        assert!(error("enroll --server s --token t --once").contains("`enroll` takes no `--once`"));
        assert!(error("enroll --server s --token t --tag x").contains("`KEY=VALUE`"));
        assert!(error("collect").contains("collect --dry-run"));
        assert!(error("status --format yaml").contains("not `yaml`"));
        assert!(error("run --fast").contains("--fast"));
        assert!(error("run now").contains("now"));
        assert!(error("run --once=1").contains("--once"));
    }

    #[test]
    fn the_help_names_every_option() {
        for name in
            ["server", "token", "ca-sha256", "tag", "auto-scaling-group", "root", "proxy", "state-dir", "force", "once"]
        {
            assert!(HELP.contains(&format!("--{name}")), "{name}");
        }
        assert!(HELP.lines().all(|line| line.chars().count() <= 120));
    }
}
