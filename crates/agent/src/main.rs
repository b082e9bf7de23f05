//! The `yagura-agent` program: parse the words, call the library, print, exit with a documented code.

mod program;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::main()
}
