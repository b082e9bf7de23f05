//! What a stack decides when one of its modules refuses and all others agree.
//!
//! The same small machine as `_pam_dispatch_aux` in Linux-PAM: an impression, and actions that
//! change it.

use super::stack::{Action, Entry};

/// Tells whether a password that module `number` refuses is refused by the whole stack.
pub(super) fn refuses(stack: &[Entry], number: usize) -> bool {
    let mut state = State::default();
    run(stack, number, &mut state);
    state.impression != Impression::Positive
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Impression {
    #[default]
    Undefined,
    Positive,
    Negative,
}

#[derive(Clone, Copy, Default)]
struct State {
    impression: Impression,
}

fn run(stack: &[Entry], refusing: usize, state: &mut State) {
    let before = *state;
    let mut at = 0;
    while let Some(entry) = stack.get(at) {
        at += 1;
        let module = match entry {
            Entry::Substack(inner) => {
                run(inner, refusing, state);
                continue;
            }
            Entry::Module(module) => module,
        };
        let success = module.number != refusing && module.name != "pam_deny";
        match module.control.action(success) {
            Action::Ignore => {}
            Action::Reset => *state = before,
            Action::Bad => state.impression = Impression::Negative,
            Action::Die => {
                state.impression = Impression::Negative;
                return;
            }
            Action::Ok => agree(state, success),
            Action::Done => {
                agree(state, success);
                if state.impression == Impression::Positive {
                    return;
                }
            }
            Action::Jump(over) => {
                agree(state, success);
                at = at.saturating_add(over);
            }
        }
    }
}

/// `ok`: a success makes a good first impression, a failure spoils a good one.
fn agree(state: &mut State, success: bool) {
    state.impression = match (state.impression, success) {
        (Impression::Undefined, true) | (Impression::Positive, true) => Impression::Positive,
        (Impression::Positive, false) => Impression::Negative,
        (other, _) => other,
    };
}

#[cfg(test)]
mod tests {
    use super::super::stack;
    use super::*;
    use crate::MemoryHost;

    fn refused(text: &str) -> bool {
        let host = MemoryHost::new().file("etc/pam.d/inner", "password sufficient pam_x.so\n");
        let entries = stack::read(&host, "etc/pam.d/passwd", text, &mut Vec::new()).unwrap();
        let number = entries.iter().find_map(|entry| match entry {
            Entry::Module(module) if module.name == "pam_pwquality" => Some(module.number),
            _ => None,
        });
        refuses(&entries, number.unwrap())
    }

    const DEBIAN: &str = "password [success=1 default=ignore] pam_unix.so\npassword requisite pam_deny.so\n\
                          password required pam_permit.so\n";

    #[test]
    fn the_control_decides_whether_a_refusal_counts() {
        for (control, expected) in [
            ("requisite", true),
            ("required", true),
            ("optional", false),
            ("sufficient", false),
            ("[success=ok default=die]", true),
            ("[success=1 default=ignore]", false),
            ("[success=ok authtok_err=ignore default=bad]", false),
        ] {
            assert_eq!(refused(&format!("password {control} pam_pwquality.so\n{DEBIAN}")), expected, "{control}");
        }
    }

    #[test]
    fn a_deny_behind_a_jump_enforces() {
        let text = "password [success=1 default=ignore] pam_pwquality.so\npassword requisite pam_deny.so\n";
        assert!(refused(&format!("{text}{DEBIAN}")));
    }

    #[test]
    fn a_module_behind_the_decision_is_never_asked() {
        assert!(!refused("password sufficient pam_unix.so\npassword required pam_pwquality.so\n"));
        // `sufficient` inside a substack ends the substack, not the stack.
        assert!(refused("password substack inner\npassword required pam_pwquality.so\n"));
        assert!(!refused("password include inner\npassword required pam_pwquality.so\n"));
    }
}
