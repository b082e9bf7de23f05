//! Runs other programs and says which one failed.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::repository;

/// Prepares a program that works in the repository's root and asks nothing.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(repository::root()).stdin(Stdio::null());
    command
}

/// Prepares the cargo that runs us.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let mut command = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo tells its `run` child about the package would make build scripts run again.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR") {
            command.env_remove(name);
        }
    }
    command.arg(subcommand);
    command
}

/// Runs to the end with our output; an exit code but 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Runs to the end and returns standard output; an exit code that is not among `accepted` is an error.
pub(crate) fn output(command: &mut Command, accepted: &[i32]) -> Result<String> {
    let shown = shown(command);
    let output = command.output().with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.code().is_some_and(|code| accepted.contains(&code)) {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` ended with {}: {}", output.status, said.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` did not print UTF-8"))
}

/// Finds a program on the search path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

/// Finds a program, or says which Debian packages bring it.
pub(crate) fn need(program: &str, packages: &str) -> Result<PathBuf> {
    find(program).with_context(|| format!("`{program}` is not installed; try `apt-get install {packages}`"))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_failure_names_the_command_and_what_it_said() {
    let error = output(command("sh").args(["-c", "echo no such thing >&2; exit 3"]), &[0, 1]).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("`sh -c echo no such thing >&2; exit 3` ended with exit status: 3"), "{text}");
    assert!(text.ends_with("no such thing"), "{text}");
}
