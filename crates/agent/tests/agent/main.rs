//! Stories through the real program and a server that speaks the protocol over TLS.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail loudly")]

mod enrolment;
mod sending;
mod server;
mod words;

use std::path::Path;
use std::process::{Command, Output};

/// The program, without the environment's proxies and state directories.
fn agent(state_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yagura-agent"));
    for name in ["https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "STATE_DIRECTORY", "XDG_STATE_HOME"] {
        command.env_remove(name);
    }
    command.env("HOME", state_dir);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn said(output: &Output) -> String {
    text(&output.stderr)
}
