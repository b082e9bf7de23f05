//! A PostgreSQL server that lives as long as the test process, in a temporary folder.

use std::ffi::OsStr;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::announce_skip;

/// Names a server that is to be used instead of one that is started; databases called
/// `yagura_test_…` are made on it.
pub const URL_VARIABLE: &str = "YAGURA_TEST_POSTGRES";
/// Where Debian and its relatives keep the programs, one folder a version.
const INSTALLED: &str = "/usr/lib/postgresql";
/// The server refuses to run as root; one of these users runs it then.
const USERS: &[&str] = &["postgres", "nobody"];
const PASSWORD_BYTES: usize = 16;

/// A PostgreSQL server for tests: started here, or named by `YAGURA_TEST_POSTGRES`.
///
/// One that was started listens on 127.0.0.1 and in its own folder, wants a password, and is
/// gone with its folder when this value is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct Postgres {
    /// Of the database `postgres`, without parameters.
    url: String,
    programs: PathBuf,
    started: Option<Started>,
}

#[derive(Debug)]
struct Started {
    folder: PathBuf,
    user: Option<User>,
    options: String,
    /// Reads from a pipe that the kernel closes with this process, then cleans up.
    watchdog: Child,
}

/// An unprivileged user of this machine.
#[derive(Debug, Clone)]
struct User {
    name: String,
    id: u32,
    group: u32,
}

impl Postgres {
    /// Returns the server of this test process, started at the first call; `None` where there is
    /// no PostgreSQL, which is said visibly.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Starts a server, or takes the one that is named; `None` where there is no PostgreSQL,
    /// which is said visibly.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            announce_skip("skipped: PostgreSQL (no `initdb` below /usr/lib/postgresql or on the path)");
            return None;
        };
        if let Ok(url) = std::env::var(URL_VARIABLE) {
            return Some(Self { url, programs, started: None });
        }
        Self::start_own(programs).inspect_err(|error| announce_skip(&format!("skipped: PostgreSQL ({error})"))).ok()
    }

    /// Starts a server even where one is named: for a test that stops it, or changes its settings.
    pub fn start_apart() -> Option<Self> {
        let Some(programs) = programs() else {
            announce_skip("skipped: PostgreSQL (no `initdb` below /usr/lib/postgresql or on the path)");
            return None;
        };
        Self::start_own(programs).inspect_err(|error| announce_skip(&format!("skipped: PostgreSQL ({error})"))).ok()
    }

    fn start_own(programs: PathBuf) -> io::Result<Self> {
        let user = if rustix::process::geteuid().is_root() { Some(unprivileged()?) } else { None };
        // The folder is removed by the watchdog, which outlives this process.
        let folder = TempDir::with_prefix("yagura-postgres-")?.keep();
        if let Some(user) = &user {
            chown(&folder, Some(user.id), Some(user.group))?;
        }
        let watchdog = watch(&folder, &programs, user.as_ref())?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off \
             -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB",
            folder.display()
        );
        let password = password()?;
        let server = Self {
            url: format!("postgresql://yagura:{password}@127.0.0.1:{port}/postgres"),
            programs,
            started: Some(Started { folder: folder.clone(), user, options, watchdog }),
        };
        let secret = folder.join("password");
        std::fs::write(&secret, &password)?;
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644))?;
        // Another order of letters than bytes have, as most databases of this world are made:
        // what depends on it shows itself.
        let data = folder.join("data");
        let init = |more: &[&str]| {
            let common = ["-A", "scram-sha-256", "-U", "yagura", "-E", "UTF8", "--no-sync"];
            let mut arguments: Vec<&OsStr> = vec!["-D".as_ref(), data.as_ref(), "--pwfile".as_ref(), secret.as_ref()];
            arguments.extend(common.iter().chain(more).map(OsStr::new));
            server.run("initdb", &arguments)
        };
        init(&["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"])
            .or_else(|_| init(&["--locale=C"]))?;
        server.start_again()?;
        Ok(server)
    }

    /// Starts the server after [`Postgres::stop`], under the address that it had.
    ///
    /// # Errors
    /// When it does not start; its log is part of the message.
    pub fn start_again(&self) -> io::Result<()> {
        let Some(started) = &self.started else { return Ok(()) };
        let log = started.folder.join("log");
        let outcome = self.control(&["-w", "-l", &log.display().to_string(), "-o", &started.options, "start"]);
        outcome.map_err(|error| {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            io::Error::other(format!("{error}: {log}"))
        })
    }

    /// Stops the server at once, as a power cut would, or after its transactions are broken off.
    ///
    /// # Errors
    /// When it is not running.
    pub fn stop(&self, at_once: bool) -> io::Result<()> {
        self.control(&["-w", "-m", if at_once { "immediate" } else { "fast" }, "stop"])
    }

    /// Returns the folder of a server that was started here; its settings are in `data`.
    pub fn folder(&self) -> Option<&Path> {
        self.started.as_ref().map(|started| started.folder.as_path())
    }

    /// Lets the user who runs the server own a file that was put into its folder.
    ///
    /// # Errors
    /// When the file is not there.
    pub fn give_file(&self, path: &Path) -> io::Result<()> {
        match self.started.as_ref().and_then(|started| started.user.as_ref()) {
            Some(user) => chown(path, Some(user.id), Some(user.group)),
            None => Ok(()),
        }
    }

    /// Makes a database, anew if there is one of that name, and returns its URL.
    ///
    /// # Panics
    /// When the server refuses: a test cannot go on without.
    #[expect(clippy::panic, reason = "a test that cannot go on fails")]
    pub fn url(&self, database: &str) -> String {
        let name = format!("yagura_test_{database}");
        for command in [
            format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"),
            format!("CREATE DATABASE \"{name}\" TEMPLATE template0"),
        ] {
            if let Err(error) = self.sql("postgres", &command) {
                panic!("cannot make the database `{name}`: {error}");
            }
        }
        self.url_of(&name)
    }

    /// Runs statements as the server's administrator and returns what `psql` printed.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn sql(&self, database: &str, statements: &str) -> io::Result<String> {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.url_of(database), "-c", statements]);
        let output = finished(command.output()?)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The URL with another database in it.
    fn url_of(&self, database: &str) -> String {
        let (base, parameters) = match self.url.split_once('?') {
            Some((base, parameters)) => (base, format!("?{parameters}")),
            None => (self.url.as_str(), String::new()),
        };
        let authority = base.find("://").map_or(0, |place| place + 3);
        let end = base.get(authority..).and_then(|rest| rest.find('/')).map_or(base.len(), |place| authority + place);
        format!("{}/{database}{parameters}", base.get(..end).unwrap_or(base))
    }

    fn control(&self, arguments: &[&str]) -> io::Result<()> {
        let Some(started) = &self.started else { return Err(io::Error::other("the server is not ours")) };
        let data = started.folder.join("data");
        let mut all: Vec<&OsStr> = vec!["-s".as_ref(), "-D".as_ref(), data.as_ref()];
        all.extend(arguments.iter().map(OsStr::new));
        self.run("pg_ctl", &all)
    }

    /// Runs one of the server's programs as the user who may.
    fn run(&self, program: &str, arguments: &[&OsStr]) -> io::Result<()> {
        let user = self.started.as_ref().and_then(|started| started.user.as_ref());
        let mut command = as_user(user, &self.programs.join(program));
        command.args(arguments).stdin(Stdio::null());
        finished(command.output()?).map(drop)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(started) = &mut self.started {
            // The pipe's end is what the watchdog waits for.
            drop(started.watchdog.stdin.take());
            let _ = started.watchdog.wait();
        }
    }
}

/// Starts the process that outlives this one and cleans up: a killed test drops nothing. It is in
/// a group of its own, so that an interrupt from the keyboard does not kill it first.
fn watch(folder: &Path, programs: &Path, user: Option<&User>) -> io::Result<Child> {
    const SCRIPT: &str = r#"cat >/dev/null; "$1/pg_ctl" -D "$2/data" -m immediate -s stop; rm -rf "$2"/*; rmdir "$2""#;
    let mut command = as_user(user, Path::new("/bin/sh"));
    command.arg("-c").arg(SCRIPT).arg("watchdog").arg(programs).arg(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn()
}

fn as_user(user: Option<&User>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={}", user.id)).arg(format!("--regid={}", user.group)).arg("--clear-groups");
    // The server and its tools look for a home that they may enter.
    command.arg("--").arg(program).current_dir("/").env("HOME", "/").env("USER", &user.name);
    command
}

fn finished(output: Output) -> io::Result<Output> {
    if output.status.success() {
        return Ok(output);
    }
    Err(io::Error::other(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())))
}

/// The folder of the newest version that is installed.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(INSTALLED)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort();
    let on_path = std::env::var_os("PATH");
    let on_path = on_path.iter().flat_map(std::env::split_paths);
    let folders = found.into_iter().rev().map(|(_, folder)| folder).chain(on_path);
    folders.into_iter().find(|folder| ["initdb", "pg_ctl", "psql"].iter().all(|name| folder.join(name).is_file()))
}

/// The first user of [`USERS`] that this machine has.
fn unprivileged() -> io::Result<User> {
    let accounts = std::fs::read_to_string("/etc/passwd")?;
    let read = |wanted: &&str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(wanted))?;
        let mut fields = line.split(':').skip(2);
        Some(User { name: (*wanted).to_owned(), id: fields.next()?.parse().ok()?, group: fields.next()?.parse().ok()? })
    };
    USERS.iter().find_map(read).ok_or_else(|| io::Error::other("no unprivileged user to run the server"))
}

fn password() -> io::Result<String> {
    use std::io::Read as _;
    let mut bytes = [0; PASSWORD_BYTES];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_makes_databases_and_is_gone_when_dropped() {
        let Some(server) = Postgres::start_apart() else { return };
        let folder = server.folder().unwrap().to_owned();
        let url = server.url("one");
        assert!(url.ends_with("/yagura_test_one"), "{url}");
        server.sql("yagura_test_one", "CREATE TABLE t (n int); INSERT INTO t VALUES (7)").unwrap();
        server.stop(false).unwrap();
        server.start_again().unwrap();
        assert_eq!(server.sql("yagura_test_one", "SELECT n FROM t").unwrap().trim(), "7");
        // Made anew.
        server.url("one");
        assert!(server.sql("yagura_test_one", "SELECT n FROM t").is_err());
        drop(server);
        assert!(!folder.exists());
    }

    #[test]
    fn the_database_of_a_url_is_replaced() {
        let url = |url: &str| Postgres { url: url.into(), programs: PathBuf::new(), started: None }.url_of("other");
        assert_eq!(url("postgresql://a:b@h:1/x?sslmode=disable"), "postgresql://a:b@h:1/other?sslmode=disable");
        assert_eq!(url("postgresql://h"), "postgresql://h/other");
    }
}
