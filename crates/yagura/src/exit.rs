//! Exit codes: a public contract that pipelines rely on.

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

/// How the program ended. The numbers are part of the command line's contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    Done,
    /// 1: the gate failed: a finding reaches `--fail-on`, or the audit log is broken.
    GateFailed,
    /// 4: done, but something was not assessed and `--strict` was given.
    Incomplete,
}

/// Why the program could not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// 2: usage or configuration; the words or the files of the operator are at fault.
    Usage(Message),
    /// 3: could not do it; the message says what and what to do.
    Failed(Message),
    /// clap has its own words and codes (help and version end with 0, mistakes with 2).
    Arguments(clap::Error),
}

/// What went wrong, its causes, and what to do.
#[derive(Debug)]
pub(crate) struct Message {
    what: String,
    causes: Vec<String>,
    hint: Option<String>,
}

impl Message {
    /// Says what went wrong.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), causes: Vec::new(), hint: None }
    }

    /// Takes the text of an error and of everything that caused it.
    pub(crate) fn from_error(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(inner) = cause {
            causes.push(inner.to_string());
            cause = inner.source();
        }
        Self { what: error.to_string(), causes, hint: None }
    }

    /// Adds what to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Ends the program.
pub(crate) fn finish(result: Result<Exit, Failure>) -> ExitCode {
    match result {
        Ok(Exit::Done) => ExitCode::SUCCESS,
        Ok(Exit::GateFailed) => ExitCode::from(1),
        Ok(Exit::Incomplete) => ExitCode::from(4),
        Err(Failure::Usage(message)) => {
            tell(&message);
            ExitCode::from(2)
        }
        Err(Failure::Failed(message)) => {
            tell(&message);
            ExitCode::from(3)
        }
        Err(Failure::Arguments(error)) => {
            // A closed pipe behind `--help` is nobody's problem.
            let _ = error.print();
            if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
        }
    }
}

fn tell(message: &Message) {
    line(&format!("{ERROR}error:{ERROR:#} {}", message.what));
    for cause in &message.causes {
        line(&format!("  because: {cause}"));
    }
    if let Some(hint) = &message.hint {
        line(&format!("{HINT}hint:{HINT:#} {hint}"));
    }
}

/// Turns an error that is nobody's mistake into a failure with its causes.
pub(crate) fn failed(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::Failed(Message::from_error(error))
}

/// Warns on standard error: something is worth knowing, and the work goes on.
pub(crate) fn warn(what: &str) {
    line(&format!("{WARNING}warning:{WARNING:#} {what}"));
}

/// Tells something on standard error.
pub(crate) fn line(text: &str) {
    use std::io::Write as _;
    // A closed standard error must not change the exit code.
    let _ = writeln!(anstream::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_contract() {
        let code = |result| format!("{:?}", finish(result));
        assert_eq!(code(Ok(Exit::Done)), format!("{:?}", ExitCode::from(0)));
        assert_eq!(code(Ok(Exit::GateFailed)), format!("{:?}", ExitCode::from(1)));
        assert_eq!(code(Err(Failure::Usage(Message::new("x")))), format!("{:?}", ExitCode::from(2)));
        assert_eq!(code(Err(Failure::Failed(Message::new("x")))), format!("{:?}", ExitCode::from(3)));
        assert_eq!(code(Ok(Exit::Incomplete)), format!("{:?}", ExitCode::from(4)));
    }
}
