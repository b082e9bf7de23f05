//! Turns an advisory's ranges into affected ranges.
//!
//! | `range` | versions |
//! |---|---|
//! | `lt` `le` `eq` `ge` `gt` | in Portage's order |
//! | `rlt` `rle` `rge` `rgt` | of the same version, the other revisions (`-r1`) |
//!
//! A `slot` limits a range to versions that can be installed beside others. Hosts do not tell it,
//! but slots are named after versions: where the slot is how the version begins (`3.9` of
//! `3.9.2_p1`), it stands for all versions that begin so, pre-releases among them.

use yagura_model::AffectedRange;
use yagura_version::Scheme;

use crate::intervals::{Cut, Interval, without};
use crate::reading;

/// The most ranges of one package; Python's have 20.
const RANGES_MAX: usize = 1_024;

/// One range as an advisory has it.
#[derive(Debug)]
pub(super) struct Range {
    pub(super) vulnerable: bool,
    pub(super) operator: String,
    pub(super) slot: String,
    pub(super) version: String,
}

/// Returns the affected ranges of a package.
///
/// # Errors
/// A range cannot be read, or no version is affected.
pub(super) fn affected(ranges: &[Range]) -> Result<Vec<AffectedRange>, String> {
    if ranges.len() > RANGES_MAX {
        return Err("more ranges than are read".to_owned());
    }
    let (mut all, mut holes) = (Vec::new(), Vec::new());
    for range in ranges {
        let shown = || reading::text(&format!("{} {}", range.operator, range.version), reading::ID_BYTES_MAX);
        let interval = interval(range).ok_or_else(|| format!("unknown range `{}`", shown()))?;
        if range.vulnerable { all.push(interval) } else { holes.push(interval) }
    }
    let affected = without(all, holes, Scheme::Portage);
    if affected.is_empty() { Err("no version is affected".to_owned()) } else { Ok(affected) }
}

fn interval(range: &Range) -> Option<Interval> {
    let version = reading::version(range.version.trim())?;
    if version.contains('*') {
        // `2.2*`: every version that begins so.
        let prefix = version.strip_suffix('*').filter(|_| range.operator == "eq")?;
        return window(prefix.trim_end_matches('.'));
    }
    if !Scheme::Portage.is_valid(version) {
        return None;
    }
    let base = version.rsplit_once("-r").map_or(version, |(base, _)| base);
    let before = || Some(Cut::before(version.to_owned()));
    let behind = || Some(Cut::behind(version.to_owned(), next(version)?));
    let base_before = || Some(Cut::before(base.to_owned()));
    // No revision of a version is above the version's first patch level.
    let base_behind = || Some(Cut::before(format!("{base}_p")));
    let whole = match range.operator.as_str() {
        "lt" => Interval { start: None, end: before() },
        "le" => Interval { start: None, end: Some(behind()?) },
        "eq" => Interval { start: before(), end: Some(behind()?) },
        "ge" => Interval { start: before(), end: None },
        "gt" => Interval { start: Some(behind()?), end: None },
        "rlt" => Interval { start: base_before(), end: before() },
        "rle" => Interval { start: base_before(), end: Some(behind()?) },
        "rge" => Interval { start: before(), end: base_behind() },
        "rgt" => Interval { start: Some(behind()?), end: base_behind() },
        _ => return None,
    };
    let slot = range.slot.as_str();
    let names_versions =
        version.strip_prefix(slot).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '_', '-']));
    match window(slot).filter(|_| names_versions) {
        Some(window) => Some(whole.meet(window, Scheme::Portage)),
        None => Some(whole),
    }
}

/// Returns all versions that begin with some numbers.
fn window(prefix: &str) -> Option<Interval> {
    let (above, last) = prefix.rsplit_once('.').map_or(("", prefix), |(above, last)| (above, last));
    let numbers = prefix.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let following = last.parse::<u64>().ok().filter(|_| numbers)?.checked_add(1)?;
    let dot = if above.is_empty() { "" } else { "." };
    Some(Interval {
        start: Some(Cut::before(format!("{prefix}_alpha"))),
        end: Some(Cut::before(format!("{above}{dot}{following}_alpha"))),
    })
}

/// Returns the least version above a version: its next revision.
fn next(version: &str) -> Option<String> {
    Some(match version.rsplit_once("-r") {
        Some((base, revision)) => format!("{base}-r{}", revision.parse::<u64>().ok()?.checked_add(1)?),
        None => format!("{version}-r1"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervals::render;

    fn of(text: &str) -> String {
        let range = |part: &str| {
            let words: Vec<&str> = part.split(' ').collect();
            let slot = words.get(3).copied().unwrap_or_default().to_owned();
            Range { vulnerable: words[0] == "v", operator: words[1].to_owned(), version: words[2].to_owned(), slot }
        };
        affected(&text.split(", ").map(range).collect::<Vec<_>>()).map_or_else(|why| why, |ranges| render(&ranges))
    }

    #[test]
    fn vulnerable_and_not_unaffected_is_affected() {
        for (ranges, expected) in [
            ("v lt 1.33, u ge 1.33", "[- 1.33)"),
            ("v le 1.33, u gt 1.33", "[- 1.33]"),
            ("v le 1.33-r2", "[- 1.33-r2]"),
            ("v lt 2.0, u ge 2.0, u rge 1.5-r3", "[- 1.5-r3)[1.5_p 2.0)"),
            ("v lt 2.0, u rgt 1.5-r3", "[- 1.5-r3][1.5_p 2.0)"),
            ("v rlt 1.5-r3", "[1.5 1.5-r3)"),
            ("v rle 1.5-r3, u eq 1.5-r1", "[1.5 1.5-r1)[1.5-r2 1.5-r3]"),
            ("v eq 1.5", "[1.5 1.5]"),
            ("v eq 2.2*", "[2.2_alpha 2.3_alpha)"),
            ("v ge 3", "[3 ..."),
            ("v gt 3", "[3-r1 ..."),
            ("v lt 3.9.2_p1 3.9, u ge 3.9.2_p1 3.9, v lt 3.8.8_p1 3.8", "[3.8_alpha 3.8.8_p1)[3.9_alpha 3.9.2_p1)"),
            ("v lt 3.9.2 0", "[- 3.9.2)"),
            ("v lt 1.33, u lt 1.33", "no version is affected"),
            ("u ge 1.33", "no version is affected"),
            ("v lt one", "unknown range `lt one`"),
            ("v near 1", "unknown range `near 1`"),
            ("v lt 2.2*", "unknown range `lt 2.2*`"),
        ] {
            assert_eq!(of(ranges), expected, "{ranges}");
        }
        assert_eq!(of(&vec!["v lt 1"; RANGES_MAX + 1].join(", ")), "more ranges than are read");
    }
}
