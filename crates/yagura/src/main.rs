//! The `yagura` program: parse the words, call the use case, print, exit with a documented code.

use std::process::ExitCode;

mod cli;
mod commands;
mod data_dir;
mod exit;
mod host;
mod output;
mod progress;
mod service;

fn main() -> ExitCode {
    exit::finish(cli::parse().and_then(|(global, command)| commands::run(&global, command)))
}
