//! The Debian security tracker's JSON export: what Debian says of every flaw it tracks, in every
//! release that it still looks after.
//!
//! This is the authority for those releases. What the export means is told by the tracker's own
//! `bin/tracker_service.py`:
//!
//! | status | and | means |
//! |---|---|---|
//! | `resolved` | `fixed_version` `0` | the release was never affected |
//! | `resolved` | `fixed_version` | fixed since that version |
//! | `open` | urgency `end-of-life` | the package's support has ended in this release |
//! | `open` | `nodsa_reason` `ignored` | will not be fixed; `nodsa` says why |
//! | `open` | `nodsa_reason` `postponed` | will be fixed together with something graver |
//! | `open` | otherwise | no fix yet; `nodsa`, if there, says why it deserves no advisory of its own |
//! | `undetermined` | | nobody has found out yet |

mod document;

use yagura_model::{StatementState, Urgency};

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};
use crate::debian::grading;
use crate::reading::{self, NOTE_BYTES_MAX};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "debian-tracker";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Debian security tracker",
    licence: "Debian security tracker (Debian project); CVE texts from NVD (public domain)",
    authority: Authority::Whole,
    speaks_of: &["debian"],
    documents: &[DocumentSpec {
        name: "tracker.json",
        url: "https://security-tracker.debian.org/tracker/data/json",
        mirror: "debian/derived/tracker-*.json.zst",
        pick: Pick::Newest,
        via: Via::Direct,
        // 70 MB in 2026, sent as it is or compressed.
        transfer_bytes_max: 512 << 20,
        content_bytes_max: 512 << 20,
        members_max: 1,
    }],
    // The export is rebuilt several times a day.
    fresh_days: 3,
    parse: document::parse,
};

/// What the tracker says of one flaw in one package of one release.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    state: StatementState,
    urgency: Urgency,
    note: Option<String>,
}

/// Reads the tracker's fields as a verdict; the error says why they make none.
fn verdict(
    status: &str,
    fixed_version: Option<&str>,
    urgency: &str,
    nodsa: Option<&str>,
    nodsa_reason: Option<&str>,
) -> Result<Verdict, String> {
    let grading = grading(urgency);
    let state = match status {
        "resolved" => match fixed_version {
            Some("0") => StatementState::NotAffected,
            Some(version) => StatementState::Fixed(
                reading::version(version).ok_or_else(|| "its fixed version is not a version".to_owned())?.to_owned(),
            ),
            // Without a version no installed package can be judged.
            None => return Err("resolved, but without a fixed version".to_owned()),
        },
        "open" | "undetermined" if grading.end_of_life => StatementState::EndOfLife,
        "open" => match nodsa_reason {
            Some("ignored") => StatementState::WillNotFix,
            Some("postponed") => StatementState::Postponed,
            // A plain no-dsa issue gets no advisory of its own and may be fixed by a point
            // release; nobody has promised that, so it is open.
            _ => StatementState::Open,
        },
        "undetermined" => StatementState::UnderInvestigation,
        other => return Err(format!("unknown status `{}`", reading::text(other, 64))),
    };
    // The tracker keeps the remark of a no-dsa decision after a fix; then it explains nothing.
    let settled = matches!(state, StatementState::NotAffected | StatementState::Fixed(_));
    let note = nodsa.filter(|_| !settled).map(|note| reading::text(note, NOTE_BYTES_MAX));
    Ok(Verdict { state, urgency: grading.urgency, note: note.filter(|note| !note.is_empty()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_kept_apart() {
        let state =
            |status, fixed, urgency, reason| verdict(status, fixed, urgency, None, reason).map(|v| v.state).unwrap();
        assert_eq!(state("resolved", Some("0"), "unimportant", None), StatementState::NotAffected);
        assert_eq!(state("resolved", Some("1:2-3"), "high", None), StatementState::Fixed("1:2-3".into()));
        assert_eq!(state("open", None, "end-of-life", Some("ignored")), StatementState::EndOfLife);
        assert_eq!(state("open", None, "low", Some("ignored")), StatementState::WillNotFix);
        assert_eq!(state("open", None, "low", Some("postponed")), StatementState::Postponed);
        assert_eq!(state("open", None, "low", Some("")), StatementState::Open);
        assert_eq!(state("open", None, "low", None), StatementState::Open);
        assert_eq!(state("undetermined", None, "low", None), StatementState::UnderInvestigation);
    }

    #[test]
    fn what_cannot_be_judged_is_refused() {
        assert!(verdict("resolved", None, "low", None, None).is_err());
        assert!(verdict("resolved", Some("1 2"), "low", None, None).is_err());
        assert_eq!(verdict("mended", None, "low", None, None), Err("unknown status `mended`".into()));
    }

    #[test]
    fn notes_stay_with_what_they_explain() {
        let note = |status, fixed| verdict(status, fixed, "low", Some(" Minor issue "), Some("")).unwrap().note;
        assert_eq!(note("open", None).as_deref(), Some("Minor issue"));
        assert_eq!(note("resolved", Some("1-1")), None);
    }
}
