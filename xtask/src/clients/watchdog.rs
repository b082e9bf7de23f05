//! Stops what this command started, however this command ends.
//!
//! A failure or the end runs `Drop`; an interrupt or a kill does not. So a small shell in a process
//! group of its own holds the other end of a pipe: when the pipe closes without the word `done`,
//! we are gone, and it stops the programs that it was told of and removes their folder.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::process;
use crate::stopwatch::Stopwatch;

/// Reads process ids until the pipe closes. `$1` is the folder to remove, or empty.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
pids=
while read -r word; do
  [ "$word" = done ] && exit 0
  pids="$pids $word"
done
[ -n "$pids" ] && kill $pids 2>/dev/null
sleep 2
[ -n "$pids" ] && kill -9 $pids 2>/dev/null
[ -n "$1" ] && rm -rf -- "$1"
"#;

/// How long a program may take to end when it is asked to.
const END_S: u64 = 10;
const PAUSE: Duration = Duration::from_millis(50);

/// Started programs, stopped in reverse order when dropped.
pub(crate) struct Watchdog {
    shell: Child,
    pipe: Option<ChildStdin>,
    children: Vec<(String, Child)>,
}

impl Watchdog {
    /// Starts the shell; `folder` is removed when this command is killed.
    pub(crate) fn start(folder: Option<&Path>) -> Result<Self> {
        let mut shell = process::command("sh")
            .args(["-c", SCRIPT, "watchdog"])
            .arg(folder.unwrap_or(Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // An interrupt from the terminal goes to our group; this one has to outlive it.
            .process_group(0)
            .spawn()
            .context("cannot start `sh`")?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe, children: Vec::new() })
    }

    /// Starts a program that runs until the end.
    pub(crate) fn spawn(&mut self, name: &str, command: &mut Command) -> Result<()> {
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        if let Some(pipe) = &mut self.pipe {
            writeln!(pipe, "{}", child.id()).context("the watchdog is gone")?;
        }
        self.children.push((name.to_owned(), child));
        Ok(())
    }

    /// Names a program that has ended by itself, which none should.
    pub(crate) fn ended(&mut self) -> Option<String> {
        self.children.iter_mut().find_map(|(name, child)| match child.try_wait() {
            Ok(Some(status)) => Some(format!("{name} ended with {status}")),
            _ => None,
        })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        for (name, child) in self.children.iter_mut().rev() {
            if !stopped(child) {
                println!("{name} did not end within {END_S} s and was killed");
            }
        }
        if let Some(mut pipe) = self.pipe.take() {
            // Should the shell be gone, there is nothing left to call off.
            let _ = writeln!(pipe, "done");
        }
        let _ = self.shell.wait();
    }
}

/// Asks a program to end; one that does not is killed, and the answer is no.
fn stopped(child: &mut Child) -> bool {
    if matches!(child.try_wait(), Ok(Some(_))) {
        return true;
    }
    let _ = process::command("kill").arg(child.id().to_string()).status();
    let watch = Stopwatch::start();
    while watch.elapsed() < Duration::from_secs(END_S) {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return true;
        }
        std::thread::sleep(PAUSE);
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

#[test]
fn what_was_started_is_stopped_at_the_end() {
    let mut watchdog = Watchdog::start(None).unwrap();
    watchdog.spawn("a sleeper", process::command("sleep").arg("600")).unwrap();
    assert_eq!(watchdog.ended(), None);
    let pid = watchdog.children[0].1.id();
    drop(watchdog);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn when_we_are_gone_the_shell_stops_it_and_removes_the_folder() {
    let folder = std::env::temp_dir().join(format!("xtask-watchdog-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut watchdog = Watchdog::start(Some(&folder)).unwrap();
    watchdog.spawn("a sleeper", process::command("sleep").arg("600")).unwrap();
    // As when this process is killed: the pipe closes without a word.
    drop(watchdog.pipe.take());
    watchdog.shell.wait().unwrap();
    assert!(watchdog.ended().unwrap().starts_with("a sleeper ended with signal"));
    assert!(!folder.exists());
}

#[test]
fn a_program_that_ends_by_itself_is_named() {
    let mut watchdog = Watchdog::start(None).unwrap();
    watchdog.spawn("a server", process::command("sh").args(["-c", "exit 3"])).unwrap();
    watchdog.children[0].1.wait().unwrap();
    assert_eq!(watchdog.ended().unwrap(), "a server ended with exit status: 3");
}
