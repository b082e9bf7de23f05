//! Turns events into fixes and ranges.

use yagura_model::{AffectedRange, RangeEnd};

use super::record::{Affected, Range};
use crate::json::Str;
use crate::reading;

impl Affected<'_> {
    /// Returns the one version that carries the fix, or `None` where there is no fix yet: the
    /// shape of a distributor's advisory.
    ///
    /// A later `introduced` is taken as the beginning: that may name an unaffected old build, but
    /// never misses an affected one.
    ///
    /// # Errors
    /// The ranges do not name one fixed version.
    pub(crate) fn fix(&self) -> Result<Option<&str>, &'static str> {
        let mut ranges = self.version_ranges()?;
        let range = ranges.next().ok_or("no range of versions")?;
        if ranges.next().is_some() {
            return Err("several ranges");
        }
        let mut fixed = range.events.items.iter().filter_map(|event| event.fixed.as_deref());
        let Some(first) = fixed.next() else {
            let open = range.events.items.iter().all(|event| event.last_affected.is_none());
            return if open { Ok(None) } else { Err("a last affected version does not tell the fixed one") };
        };
        if fixed.next().is_some() {
            return Err("several fixed versions");
        }
        reading::version(first).map(Some).ok_or("its fixed version is not a version")
    }

    /// Returns every affected range in the order of the record; single versions count where no
    /// range of versions is named.
    ///
    /// # Errors
    /// A version is none, or there are more than are read.
    pub(crate) fn affected_ranges(&self) -> Result<Vec<AffectedRange>, &'static str> {
        let mut affected = Vec::new();
        for range in self.version_ranges()? {
            read_range(range, &mut affected)?;
        }
        if affected.is_empty() {
            if self.versions.over {
                return Err("more versions than are read");
            }
            for version in &self.versions.items {
                let version = checked(version)?;
                let end = RangeEnd::LastAffected(version.clone());
                affected.push(AffectedRange { introduced: Some(version), end });
            }
        }
        Ok(affected)
    }

    fn version_ranges(&self) -> Result<impl Iterator<Item = &Range<'_>>, &'static str> {
        if self.ranges.over || self.ranges.items.iter().any(|range| range.events.over) {
            return Err("more ranges or events than are read");
        }
        Ok(self.ranges.items.iter().filter(|range| matches!(&*range.kind, "ECOSYSTEM" | "SEMVER")))
    }
}

/// Pairs beginnings with ends. The schema asks for no order, but every publisher writes a
/// beginning before its end; an end alone before the one beginning is put behind it.
fn read_range(range: &Range<'_>, affected: &mut Vec<AffectedRange>) -> Result<(), &'static str> {
    let mut begun: Option<&Str<'_>> = None;
    let mut early: Option<RangeEnd> = None;
    let mut any = false;
    for event in &range.events.items {
        if let Some(introduced) = &event.introduced {
            // A second beginning within an affected run changes nothing.
            begun = begun.or(Some(introduced));
            any = true;
        }
        let end = match (&event.fixed, &event.last_affected) {
            (Some(fixed), _) => RangeEnd::Fixed(checked(fixed)?),
            (None, Some(last)) => RangeEnd::LastAffected(checked(last)?),
            (None, None) => continue,
        };
        match begun.take() {
            Some(introduced) => affected.push(AffectedRange { introduced: beginning(introduced)?, end }),
            // Beyond the first end of a run the others change nothing.
            None if !any && early.is_none() => early = Some(end),
            None => {}
        }
    }
    if let Some(introduced) = begun {
        affected.push(AffectedRange { introduced: beginning(introduced)?, end: early.unwrap_or(RangeEnd::Open) });
    }
    Ok(())
}

/// `0` stands for the version before every other.
fn beginning(introduced: &str) -> Result<Option<String>, &'static str> {
    if introduced == "0" { Ok(None) } else { checked(introduced).map(Some) }
}

fn checked(version: &str) -> Result<String, &'static str> {
    reading::version(version).map(str::to_owned).ok_or("a version of its ranges is not a version")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::record::{RANGES_MAX, VERSIONS_MAX};
    use super::*;

    fn ranges(affected: &str) -> Result<String, &'static str> {
        let affected: Affected<'_> = serde_json::from_str(affected).unwrap();
        let mut text = String::new();
        for range in affected.affected_ranges()? {
            let introduced = range.introduced.as_deref().unwrap_or("-");
            match range.end {
                RangeEnd::Fixed(fixed) => write!(text, "[{introduced} {fixed})").unwrap(),
                RangeEnd::LastAffected(last) => write!(text, "[{introduced} {last}]").unwrap(),
                RangeEnd::Open => write!(text, "[{introduced} ...").unwrap(),
            }
        }
        Ok(text)
    }

    fn of_events(events: &str) -> Result<String, &'static str> {
        ranges(&format!(r#"{{"ranges":[{{"type":"SEMVER","events":[{events}]}}]}}"#))
    }

    #[test]
    fn events_become_ranges() {
        for (events, expected) in [
            (r#"{"introduced":"0"},{"fixed":"1.2"}"#, "[- 1.2)"),
            (r#"{"introduced":"0"},{"fixed":"1.2"},{"introduced":"2.0"},{"fixed":"2.1"}"#, "[- 1.2)[2.0 2.1)"),
            (r#"{"introduced":"1"},{"last_affected":"1.2"}"#, "[1 1.2]"),
            (r#"{"introduced":"1","fixed":"1.2"}"#, "[1 1.2)"),
            (r#"{"introduced":"0"}"#, "[- ..."),
            (r#"{"fixed":"1.2"},{"introduced":"0"}"#, "[- 1.2)"),
            (r#"{"introduced":"0"},{"introduced":"1"},{"fixed":"1.2"},{"fixed":"1.3"}"#, "[- 1.2)"),
            (r#"{"introduced":"0"},{"limit":"9"}"#, "[- ..."),
            (r#"{"fixed":"1"}"#, ""),
            ("", ""),
        ] {
            assert_eq!(of_events(events).as_deref(), Ok(expected), "{events}");
        }
        assert!(of_events(r#"{"introduced":"0"},{"fixed":"1 2"}"#).is_err());
        assert!(of_events(&vec![r#"{"introduced":"0"}"#; RANGES_MAX + 1].join(",")).is_err());
    }

    #[test]
    fn single_versions_count_without_ranges() {
        let git = r#"{"type":"GIT","repo":"r","events":[{"introduced":"0"}]}"#;
        let versions = |ranges: &str| format!(r#"{{"ranges":[{ranges}],"versions":["1.0","1.1"]}}"#);
        assert_eq!(ranges(&versions("")).as_deref(), Ok("[1.0 1.0][1.1 1.1]"));
        assert_eq!(ranges(&versions(git)).as_deref(), Ok("[1.0 1.0][1.1 1.1]"));
        let open = r#"{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}"#;
        assert_eq!(ranges(&versions(open)).as_deref(), Ok("[- ..."));
        let many = format!(r#"{{"versions":[{}]}}"#, vec![r#""1""#; VERSIONS_MAX + 1].join(","));
        assert_eq!(ranges(&many), Err("more versions than are read"));
    }

    #[test]
    fn advisories_have_one_fix() {
        let fix = |ranges: &str| {
            let text = format!(r#"{{"ranges":[{ranges}]}}"#);
            let affected: Affected<'_> = serde_json::from_str(&text).unwrap();
            affected.fix().map(|fix| fix.map(str::to_owned))
        };
        let range = |events: &str| format!(r#"{{"type":"ECOSYSTEM","events":[{events}]}}"#);
        let fixed = range(r#"{"introduced":"0"},{"fixed":"1:2-3"}"#);
        assert_eq!(fix(&fixed), Ok(Some("1:2-3".to_owned())));
        assert_eq!(fix(&range(r#"{"introduced":"0"}"#)), Ok(None));
        assert_eq!(fix(""), Err("no range of versions"));
        assert_eq!(fix(&format!("{fixed},{fixed}")), Err("several ranges"));
        assert_eq!(fix(&range(r#"{"fixed":"1"},{"fixed":"2"}"#)), Err("several fixed versions"));
        assert_eq!(fix(&range(r#"{"fixed":"a b"}"#)), Err("its fixed version is not a version"));
        let last = range(r#"{"introduced":"0"},{"last_affected":"1"}"#);
        assert_eq!(fix(&last), Err("a last affected version does not tell the fixed one"));
    }
}
