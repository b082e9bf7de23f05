//! Values of the command line with a form of their own: durations, tags, kinds, heads.

use jiff::{SignedDuration, Timestamp};
use yagura_app::service::audit::parse_head;
use yagura_app::service::retention::Kind;
use yagura_identity::audit::Head;
use yagura_model::service::{AgentHealth, RunState, Tag};

/// Reads `90s`, `15m`, `1h`, `30d`.
pub(crate) fn duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "use a number with s, m, h or d, such as 90s, 15m, 1h, 30d".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: i64 = number.parse::<u32>().map_err(|_| wrong())?.into();
    match unit {
        "s" => Ok(SignedDuration::from_secs(number)),
        "m" => Ok(SignedDuration::from_mins(number)),
        "h" => Ok(SignedDuration::from_hours(number)),
        "d" => Ok(SignedDuration::from_hours(number.saturating_mul(24))),
        _ => Err(wrong()),
    }
}

/// Reads `key=value`, or `key` for a tag without a value.
pub(crate) fn tag(text: &str) -> Result<Tag, String> {
    let (key, value) = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value.to_owned())));
    if key.is_empty() {
        return Err("use KEY=VALUE".to_owned());
    }
    Ok(Tag { key: key.to_owned(), value })
}

/// How long a kind of things is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keep(pub(crate) Kind, pub(crate) Option<u32>);

/// Reads `runs=90` or `runs=forever`.
pub(crate) fn keep(text: &str) -> Result<Keep, String> {
    let (kind, days) = text.split_once('=').ok_or("use KIND=DAYS or KIND=forever")?;
    let known = || Kind::ALL.map(Kind::word).join(", ");
    let kind = Kind::from_word(kind).ok_or_else(|| format!("there is no `{kind}`; there are {}", known()))?;
    match days {
        "forever" => Ok(Keep(kind, None)),
        _ => days.parse().map(|days| Keep(kind, Some(days))).map_err(|_| "use a number of days, or forever".to_owned()),
    }
}

/// Reads the head of an audit log as `audit verify` prints it.
pub(crate) fn head(text: &str) -> Result<Head, String> {
    parse_head(text).ok_or_else(|| "use a head as `yagura audit verify` prints it: NUMBER:HASH".to_owned())
}

/// Reads a day, or a moment in RFC 3339.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    let day = || Some(text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp());
    let moment = text.parse().ok().or_else(day);
    moment.ok_or_else(|| "use a day (2026-11-25) or a moment (2026-11-25T10:00:00Z)".to_owned())
}

/// Reads a month.
pub(crate) fn month(text: &str) -> Result<String, String> {
    let day = format!("{text}-01");
    let is_month = text.len() == 7 && day.parse::<jiff::civil::Date>().is_ok();
    if is_month { Ok(text.to_owned()) } else { Err("use a month such as 2026-11".to_owned()) }
}

/// Reads how an agent is.
pub(crate) fn health(text: &str) -> Result<AgentHealth, String> {
    AgentHealth::from_word(&text.to_ascii_uppercase()).ok_or_else(|| "use healthy, unhealthy or unknown".to_owned())
}

/// Reads the state of a run.
pub(crate) fn run_state(text: &str) -> Result<RunState, String> {
    let word = text.to_ascii_uppercase().replace('-', "_");
    RunState::from_word(&word).ok_or_else(|| "use a state of the API, such as COMPLETED".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("90s").unwrap(), SignedDuration::from_secs(90));
        assert_eq!(duration("30d").unwrap(), SignedDuration::from_hours(720));
        for wrong in ["", "h", "1", "1w", "-1h", "1.5h", "9999999999h", "1時"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn other_forms() {
        assert_eq!(tag("env=a=b").unwrap(), Tag::new("env", "a=b"));
        assert_eq!(tag("env").unwrap().value, None);
        assert!(tag("=x").is_err());
        assert_eq!(keep("runs=90").unwrap(), Keep(Kind::Runs, Some(90)));
        assert_eq!(keep("reports=forever").unwrap(), Keep(Kind::Reports, None));
        assert!(keep("holograms=1").unwrap_err().contains("finding-texts"));
        assert!(keep("runs=-1").is_err() && keep("runs").is_err());
        assert_eq!(moment("2026-11-25").unwrap(), moment("2026-11-25T00:00:00Z").unwrap());
        assert!(moment("yesterday").is_err());
        assert!(month("2026-11").is_ok() && month("2026-13").is_err() && month("202611").is_err());
        assert!(health("Healthy").is_ok() && health("fine").is_err());
        assert!(run_state("completed-with-errors").is_ok() && run_state("done").is_err());
    }
}
