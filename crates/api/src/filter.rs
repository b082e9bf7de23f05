//! The members that filters of lists have in common.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use yagura_app::service::{AppError, codes};
use yagura_model::service::ArnKind;

use crate::input::{Input, NAME_CHARS, bounded};

/// Durations of templates and runs, in seconds.
pub(crate) const DURATION_S: RangeInclusive<u32> = 180..=86_400;
/// ARNs that a list or a filter may name.
pub(crate) const ARNS: RangeInclusive<usize> = 0..=50;

/// The filter of a request; without one, one that nothing is in.
pub(crate) fn of(input: &Input) -> Result<Input, AppError> {
    Ok(input.structure("filter")?.unwrap_or_default())
}

/// A pattern of names.
pub(crate) fn name_pattern(filter: &Input, name: &str, code: &'static str) -> Result<Option<String>, AppError> {
    let Some(pattern) = filter.text(name)? else { return Ok(None) };
    bounded(name, pattern, &NAME_CHARS, code)?;
    Ok(Some(pattern.to_owned()))
}

/// ARNs of rules packages.
pub(crate) fn rules(filter: &Input) -> Result<Vec<String>, AppError> {
    let code = codes::INVALID_NUMBER_OF_RULES_PACKAGE_ARNS;
    let arns = filter.arns("rulesPackageArns", ArnKind::RulesPackage, ARNS, code)?;
    Ok(arns.iter().map(ToString::to_string).collect())
}

/// A range of durations, both ends included; an open end is the bound of all durations.
pub(crate) fn duration_range(filter: &Input, code: &'static str) -> Result<Option<(u32, u32)>, AppError> {
    let Some(range) = filter.structure("durationRange")? else { return Ok(None) };
    let end = |name: &str, open: u32| -> Result<u32, AppError> {
        let Some(number) = range.number(name)? else { return Ok(open) };
        duration(number).ok_or_else(|| {
            let (least, most) = (DURATION_S.start(), DURATION_S.end());
            AppError::invalid(code, format!("`{name}` must be {least} to {most}"))
        })
    };
    let least = end("minSeconds", *DURATION_S.start())?;
    let most = end("maxSeconds", *DURATION_S.end())?;
    if least > most {
        return Err(AppError::invalid(code, "`minSeconds` is greater than `maxSeconds`"));
    }
    Ok(Some((least, most)))
}

/// A duration within its bounds.
pub(crate) fn duration(seconds: i64) -> Option<u32> {
    u32::try_from(seconds).ok().filter(|seconds| DURATION_S.contains(seconds))
}

/// A range of times, both ends included, each of which may be open.
pub(crate) fn time_range(
    filter: &Input,
    name: &str,
    code: &'static str,
) -> Result<(Option<Timestamp>, Option<Timestamp>), AppError> {
    let Some(range) = filter.structure(name)? else { return Ok((None, None)) };
    let (from, to) = (range.time("beginDate")?, range.time("endDate")?);
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(AppError::invalid(code, format!("`{name}` ends before it begins")));
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<impl std::fmt::Debug, AppError>) -> &'static str {
        match result.unwrap_err() {
            AppError::Invalid { code, .. } => code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ranges_of_durations_have_both_ends_and_the_right_way_round() {
        let range = |json: &str| {
            let input = Input::parse(format!("{{\"durationRange\":{json}}}").as_bytes()).unwrap();
            duration_range(&input, "CODE")
        };
        assert_eq!(range("{}").unwrap(), Some((180, 86_400)));
        assert_eq!(range("{\"minSeconds\":200}").unwrap(), Some((200, 86_400)));
        assert_eq!(range("{\"minSeconds\":200,\"maxSeconds\":200}").unwrap(), Some((200, 200)));
        for bad in ["{\"minSeconds\":179}", "{\"maxSeconds\":604800}", "{\"minSeconds\":300,\"maxSeconds\":200}"] {
            assert_eq!(code(range(bad)), "CODE", "{bad}");
        }
    }

    #[test]
    fn ranges_of_times_may_be_open() {
        let range = |json: &str| {
            let input = Input::parse(format!("{{\"r\":{json}}}").as_bytes()).unwrap();
            time_range(&input, "r", "CODE")
        };
        assert_eq!(range("null").unwrap(), (None, None));
        assert_eq!(range("{\"endDate\":2}").unwrap().1.unwrap().as_second(), 2);
        assert!(range("{\"beginDate\":2,\"endDate\":2}").is_ok());
        assert_eq!(code(range("{\"beginDate\":3,\"endDate\":2}")), "CODE");
    }
}
