//! The words of the command line and the codes with which it ends.

use crate::{agent, said, text};

#[test]
fn mistakes_end_with_2_and_say_what_to_do() {
    let state = tempfile::tempdir().unwrap();
    for words in [
        &["enroll"][..],
        &["collect"],
        &["nonsense"],
        &[],
        &["enroll", "--server", "http://tower", "--token", "x"],
        &["enroll", "--server", "https://tower", "--token", "not a token"],
        &["collect", "--dry-run", "--root", "/no/such/root"],
    ] {
        let output = agent(state.path()).args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", said(&output));
        assert!(said(&output).starts_with("error: ") && said(&output).contains("hint: "), "{}", said(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_host_that_is_not_enrolled_says_how_to_enrol_it() {
    let state = tempfile::tempdir().unwrap();
    let run = agent(state.path()).args(["run", "--state-dir"]).arg(state.path()).output().unwrap();
    assert_eq!(run.status.code(), Some(3));
    assert!(said(&run).contains("not enrolled") && said(&run).contains("hint: enrol it: `yagura-agent enroll"));
    let status = agent(state.path()).args(["status", "--state-dir"]).arg(state.path()).output().unwrap();
    assert_eq!(status.status.code(), Some(3));
    assert!(text(&status.stdout).contains("not enrolled"));
}

#[test]
fn help_and_version_are_on_standard_output() {
    let state = tempfile::tempdir().unwrap();
    let help = agent(state.path()).arg("--help").output().unwrap();
    assert!(help.status.success() && text(&help.stdout).contains("Usage:"));
    let version = agent(state.path()).arg("--version").output().unwrap();
    assert!(text(&version.stdout).starts_with("yagura-agent "));
}
