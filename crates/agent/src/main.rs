//! The `yagura-agent` program.

fn main() {}
