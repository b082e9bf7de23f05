//! Differences of times, as the reference computes them.
//!
//! Calendar dates are turned into seconds 1900 years and one month too early by the reference.
//! Between two of them that is hardly seen (a difference across months of unequal length shows
//! it); between one and seconds since the epoch it is. We agree with it, because content is
//! judged by its results.

use super::functions::{Argument, leading_number, product};
use crate::item::Value;
use crate::oval::TimeFormat;

/// The reference's results are texts of at most so many characters.
const DIGITS_MAX: usize = 15;

/// The difference in seconds of every pair of times, or of now and every time.
pub(super) fn differences(
    first: TimeFormat,
    second: TimeFormat,
    arguments: &[Argument],
    now: i64,
) -> Result<Vec<Value>, String> {
    let mut values = Vec::new();
    product(arguments, |combination| {
        let difference = match combination {
            [left, right] => seconds(&left.text(), first).checked_sub(seconds(&right.text(), second)),
            [value] => now.checked_sub(seconds(&value.text(), second)),
            _ => return Err("a difference of times has one or two parts".to_owned()),
        };
        let difference = difference.ok_or("the times are too far apart")?;
        values.push(written(difference));
        Ok(())
    })?;
    Ok(values)
}

/// A negative difference is the reference's unsigned number, its end cut off.
fn written(difference: i64) -> Value {
    if difference >= 0 {
        return Value::Int(difference);
    }
    let unsigned = difference.cast_unsigned().to_string();
    let cut = unsigned.get(..DIGITS_MAX).unwrap_or(&unsigned);
    cut.parse().map_or_else(|_| Value::from(cut), Value::Int)
}

/// A text that is no time counts as 0, as in the reference.
fn seconds(text: &str, format: TimeFormat) -> i64 {
    let read = match format {
        TimeFormat::SecondsSinceEpoch => {
            let number = leading_number(text);
            number.split('.').next().and_then(|whole| whole.parse().ok())
        }
        // The reference has no such times.
        TimeFormat::WinFiletime | TimeFormat::CimDatetime => None,
        TimeFormat::YearMonthDay | TimeFormat::MonthDayYear | TimeFormat::DayMonthYear => calendar(text, format),
    };
    read.unwrap_or(0)
}

fn calendar(text: &str, format: TimeFormat) -> Option<i64> {
    let (date, clock) = match text.trim().split_once('T').filter(|(date, _)| date.len() == 8) {
        Some((date, clock)) => (date, Some(clock)),
        None => match text.trim().rsplit_once(' ').filter(|(_, clock)| clock.contains(':')) {
            Some((date, clock)) => (date, Some(clock)),
            None => (text.trim(), None),
        },
    };
    let [year, month, day] = read_date(date, format)?;
    let clock = match clock {
        None => 0,
        Some(clock) => read_clock(clock)?,
    };
    // As if the reader's fields were set off once more: the year from 1900, the month from 0.
    let (year, month) = if month == 1 { (year - 1901, 12) } else { (year - 1900, month - 1) };
    days_from_epoch(year, month, day).checked_mul(86_400)?.checked_add(clock)
}

fn read_date(date: &str, format: TimeFormat) -> Option<[i64; 3]> {
    if let Some((month, rest)) = date.split_once(", ").filter(|_| format == TimeFormat::MonthDayYear) {
        let (day, year) = rest.split_once(' ')?;
        return Some([year.parse().ok()?, month_number(month)?, day.parse().ok()?]);
    }
    if format == TimeFormat::YearMonthDay && date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some([date.get(..4)?.parse().ok()?, date.get(4..6)?.parse().ok()?, date.get(6..)?.parse().ok()?]);
    }
    let separator = if date.contains('/') { '/' } else { '-' };
    let mut numbers = date.split(separator).map(|number| number.parse::<i64>().ok());
    let (Some(Some(a)), Some(Some(b)), Some(Some(c)), None) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next())
    else {
        return None;
    };
    let [year, month, day] = match format {
        TimeFormat::YearMonthDay => [a, b, c],
        TimeFormat::MonthDayYear => [c, a, b],
        _ => [c, b, a],
    };
    let fits = (0..=9_999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    fits.then_some([year, month, day])
}

fn month_number(name: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let name = name.to_ascii_lowercase();
    let number = MONTHS.iter().position(|month| name == *month || month.get(..3) == Some(&name))?;
    i64::try_from(number + 1).ok()
}

fn read_clock(clock: &str) -> Option<i64> {
    let mut parts = if clock.contains(':') {
        clock.split(':').map(str::parse::<i64>).collect::<Result<Vec<_>, _>>().ok()?
    } else {
        [0..2, 2..4, 4..6].into_iter().map(|range| clock.get(range)?.parse().ok()).collect::<Option<Vec<_>>>()?
    };
    let (second, minute, hour) = (parts.pop()?, parts.pop()?, parts.pop()?);
    let fits = parts.is_empty() && (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    fits.then_some(hour * 3_600 + minute * 60 + second)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, carried back before its beginning.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the day that comes and goes is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(first: TimeFormat, second: TimeFormat, texts: &[&str]) -> String {
        let arguments: Vec<Argument> = texts.iter().map(|text| Argument::complete(vec![(*text).into()])).collect();
        differences(first, second, &arguments, 100).map_or_else(|error| error, |values| values[0].to_string())
    }

    #[test]
    fn days_are_counted() {
        assert_eq!(days_from_epoch(1970, 1, 1), 0);
        assert_eq!(days_from_epoch(2000, 3, 1), 11_017);
        assert_eq!(days_from_epoch(1969, 12, 31), -1);
    }

    #[test]
    fn dates_of_every_spelling() {
        use TimeFormat::{DayMonthYear, MonthDayYear, SecondsSinceEpoch, YearMonthDay};
        assert_eq!(difference(YearMonthDay, YearMonthDay, &["20090204T122343", "2004/02/04 05:41:21"]), "157876942");
        assert_eq!(difference(MonthDayYear, MonthDayYear, &["February, 04 2009", "Feb, 04 2004"]), "157852800");
        assert_eq!(
            difference(DayMonthYear, MonthDayYear, &["04-02-2009 01:54:23", "02/04/2004 01:54:23"]),
            "157852800"
        );
        assert_eq!(difference(YearMonthDay, SecondsSinceEpoch, &["40"]), "60");
        assert_eq!(difference(SecondsSinceEpoch, SecondsSinceEpoch, &["1", "2"]), "184467440737095");
        assert_eq!(difference(SecondsSinceEpoch, YearMonthDay, &["0", "1970-01-01"]), "59960822400");
        assert_eq!(difference(SecondsSinceEpoch, YearMonthDay, &["never"]), "100");
        assert_eq!(difference(SecondsSinceEpoch, SecondsSinceEpoch, &["12x"]), "88");
    }
}
