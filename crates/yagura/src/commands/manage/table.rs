//! Short answers: a table for people, an object for programs.

use comfy_table::{CellAlignment, Table, presets};
use jiff::Timestamp;
use serde_json::Value;

use crate::cli::ListFormat;
use crate::exit::{Exit, Failure};
use crate::output;

/// A table whose columns are named; a name that begins with `>` is one of numbers.
pub(super) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(head.map(|name| name.trim_start_matches('>')));
    for row in rows {
        table.add_row(row.map(|cell| shown(&cell)));
    }
    for (at, _) in head.iter().enumerate().filter(|(_, name)| name.starts_with('>')) {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt().lines().map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
}

/// What a host says of itself may hold anything; a terminal must not obey it.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

/// Writes an answer in the form that was asked for.
pub(super) fn answer(
    format: ListFormat,
    json: impl FnOnce() -> Value,
    table: impl FnOnce() -> String,
) -> Result<Exit, Failure> {
    let text = match format {
        ListFormat::Table => table(),
        ListFormat::Json => format!("{:#}\n", json()),
    };
    output::write(None, text.as_bytes())?;
    Ok(Exit::Done)
}

/// Nobody asks at which nanosecond.
pub(super) fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// The same of a time that may not have been.
pub(super) fn opt_minute(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), minute)
}

/// Of what may not be there, a dash.
pub(super) fn or_dash(text: Option<impl Into<String>>) -> String {
    text.map_or_else(|| "-".to_owned(), Into::into)
}

/// `12.3 MiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let (mut tenths, mut unit) = (bytes.saturating_mul(10) / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS.get(unit).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_nothing_reaches_the_terminal() {
        let rows = [["a".to_owned(), "5".to_owned()], ["b\u{1b}[31m\nc".to_owned(), "12".to_owned()]];
        let text = table(["NAME", ">COUNT"], rows);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines, ["NAME      COUNT", "a             5", "b\u{fffd}[31m\u{fffd}c     12"]);
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(5 * 1024 * 1024 * 1024), "5.0 GiB");
        assert!(size(u64::MAX).ends_with("PiB"));
    }
}
