//! Turns a line's status and remark into a state.

use yagura_model::StatementState;

use crate::reading::{self, NOTE_BYTES_MAX};

/// What a line says of one package of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) state: StatementState,
    pub(super) note: Option<String>,
}

/// Beginnings of remarks that say that nobody looks after the package any more.
const ENDED: &[&str] = &[
    "end of standard support",
    "end of life",
    "end of kernel support",
    "end-of-life",
    "reached end-of-life",
    "reached end of life",
    "out of standard support",
    "superseded by",
    "replaced by",
    "was superseded by",
    "was replaced by",
];

/// Remarks that say no more than the state does.
const PLAIN: &[&str] = &["end of standard support", "end of life", "reached end-of-life", "out of standard support"];

/// Reads `released (1.2-3)`. `None` is `DNE`: the release does not have the package.
///
/// # Errors
/// The status is unknown, or a fix has no version.
pub(super) fn read(text: &str) -> Result<Option<Verdict>, &'static str> {
    let (status, remark) = split(text);
    let note = || Some(reading::text(remark, NOTE_BYTES_MAX)).filter(|note| !note.is_empty());
    let (state, note) = match status {
        "DNE" => return Ok(None),
        "released" => {
            let version = reading::version(remark).ok_or("released, but not in a version")?;
            (StatementState::Fixed(version.to_owned()), None)
        }
        // The version with which the release began, or since which the flaw is gone without a fix.
        "not-affected" if is_version(remark) => (StatementState::NotAffected, None),
        "not-affected" => (StatementState::NotAffected, note()),
        "needed" => (StatementState::Open, note()),
        "pending" if is_version(remark) => (StatementState::Open, Some(format!("a fix is prepared: {remark}"))),
        "pending" => (StatementState::Open, note().or_else(|| Some("a fix is prepared".to_owned()))),
        // The package has the flawed code's name and nobody has shown that it lacks the flaw: Ubuntu lists it as
        // open, and so does everybody who reads the tracker.
        "needs-triage" => (StatementState::Open, note().or_else(|| Some("not yet triaged".to_owned()))),
        "deferred" => (StatementState::Postponed, note()),
        "ignored" if ended(remark) => {
            (StatementState::EndOfLife, note().filter(|note| !PLAIN.contains(&note.as_str())))
        }
        "ignored" => (StatementState::WillNotFix, note()),
        _ => return Err("unknown status"),
    };
    Ok(Some(Verdict { state, note }))
}

/// Splits `status (remark)`; a remark may hold brackets itself.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let Some((status, rest)) = text.split_once(['(', ' ']) else { return (text, "") };
    let rest = rest.trim_start().strip_prefix('(').unwrap_or(rest);
    (status.trim_end(), rest.trim_end().strip_suffix(')').unwrap_or(rest).trim())
}

/// Tells whether a remark is a version rather than a reason.
pub(super) fn is_version(remark: &str) -> bool {
    let begins = remark.starts_with(|c: char| c.is_ascii_digit());
    begins && remark.contains(['.', '-', '+', '~']) && reading::version(remark).is_some()
}

fn ended(remark: &str) -> bool {
    ENDED
        .iter()
        .any(|beginning| remark.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning)))
}

/// Returns the version of Pro since which a package is fixed, though its line says `not-affected`:
/// the flaw was repaired by an upload to Pro before it was tracked.
pub(super) fn fixed_in_pro(text: &str) -> Option<&str> {
    let (status, remark) = split(text);
    (status == "not-affected" && is_version(remark) && remark.contains("esm")).then_some(remark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (&'static str, Option<String>) {
        let verdict = read(text).unwrap().unwrap();
        (verdict.state.word(), verdict.note)
    }

    #[test]
    fn states_are_kept_apart() {
        let note = |text: &str| Some(text.to_owned());
        assert_eq!(
            read("released (1:1.2-3ubuntu0.1 )").unwrap().unwrap().state,
            StatementState::Fixed("1:1.2-3ubuntu0.1".into())
        );
        assert_eq!(told("needed"), ("open", None));
        assert_eq!(told("pending (1.2-4)"), ("open", note("a fix is prepared: 1.2-4")));
        assert_eq!(told("pending"), ("open", note("a fix is prepared")));
        assert_eq!(told("needs-triage"), ("open", note("not yet triaged")));
        assert_eq!(told("deferred (2022-02-01)"), ("postponed", note("2022-02-01")));
        assert_eq!(told("not-affected (code not present)"), ("not-affected", note("code not present")));
        assert_eq!(told("not-affected (6.8.0-31.31)"), ("not-affected", None));
        assert_eq!(told("not-affected (8.x only)"), ("not-affected", note("8.x only")));
        assert_eq!(told("ignored (end of standard support)"), ("end-of-life", None));
        assert_eq!(
            told("ignored (end of standard support, was needed)"),
            ("end-of-life", note("end of standard support, was needed"))
        );
        assert_eq!(told("ignored (superseded by linux-hwe)"), ("end-of-life", note("superseded by linux-hwe")));
        assert_eq!(told("ignored (ESM criteria, was needed)"), ("will-not-fix", note("ESM criteria, was needed")));
        assert_eq!(told("ignored"), ("will-not-fix", None));
        assert_eq!(told("ignored (was (once) needed)"), ("will-not-fix", note("was (once) needed")));
        assert_eq!(read("DNE (trusty was needed)"), Ok(None));
    }

    #[test]
    fn what_cannot_be_judged_is_refused() {
        for text in ["released", "released ()", "released (two words)"] {
            assert_eq!(read(text), Err("released, but not in a version"), "{text}");
        }
        for text in ["", "mended", "(needed)"] {
            assert_eq!(read(text), Err("unknown status"), "{text}");
        }
    }

    #[test]
    fn a_fix_of_pro_may_hide_behind_not_affected() {
        assert_eq!(fixed_in_pro("not-affected (1.0.1f-1ubuntu2.27+esm5)"), Some("1.0.1f-1ubuntu2.27+esm5"));
        assert_eq!(fixed_in_pro("not-affected (1.0.1f-1ubuntu2.27)"), None);
        assert_eq!(fixed_in_pro("not-affected (not in esm)"), None);
        assert_eq!(fixed_in_pro("released (1+esm1)"), None);
    }
}
