//! Reads the catalogue as CSV: a head with the names of the JSON's fields, quoted where needed.

use super::{CWES_MAX, ENTRIES_MAX, Fields, take};
use crate::catalogue::{Entry, ParseError, Sink};
use crate::reading;

const FORMAT: &str = "KEV CSV";

/// The most columns; there are 11 in 2025.
const COLUMNS_MAX: usize = 64;
/// The longest field, in bytes. Notes have 2,000.
const FIELD_BYTES_MAX: usize = 65_536;

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let malformed = |line: u64, why: &str| ParseError::Malformed {
        entry: entry.name.to_owned(),
        format: FORMAT,
        at: if line == 0 { String::new() } else { format!(" at line {line}") },
        why: why.to_owned(),
    };
    let text = str::from_utf8(entry.bytes).map_err(|_| malformed(0, "it is not UTF-8"))?;
    // A table that was cut says so only by its last line.
    if !text.ends_with('\n') {
        return Err(malformed(0, "it ends in the middle of a line"));
    }
    let mut rows = Rows { rest: text.trim_start_matches('\u{feff}'), line: 1 };
    let head = rows.next_row().map_err(|why| malformed(1, why))?.unwrap_or_default();
    let column = |name: &str| head.iter().position(|column| column == name);
    let place = |name: &'static str| column(name).ok_or_else(|| malformed(1, "not the head of the table"));
    let (id, added) = (place("cveID")?, place("dateAdded")?);
    let others = ["dueDate", "shortDescription", "requiredAction", "knownRansomwareCampaignUse", "cwes"].map(column);
    let mut newest = reading::date_in_name(entry.name);
    let dated = newest.is_some();
    let mut count = 0;
    loop {
        let line = rows.line;
        let Some(row) = rows.next_row().map_err(|why| malformed(line, why))? else { break };
        if row.iter().all(String::is_empty) {
            continue;
        }
        count += 1;
        if count > ENTRIES_MAX {
            let limit = ENTRIES_MAX.try_into().unwrap_or(u64::MAX);
            return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "entries", limit });
        }
        sink.record();
        if row.len() != head.len() {
            sink.rejected(&format!("line {line}"), "more or fewer columns than the head");
            continue;
        }
        let field = |place: Option<usize>| place.and_then(|place| row.get(place)).map_or("", String::as_str);
        let [due_date, short_description, required_action, ransomware, cwes] = others.map(field);
        let cwes = cwes.split(',').map(str::trim).take(CWES_MAX).collect();
        let (cve_id, date_added) = (field(Some(id)), field(Some(added)));
        if !dated && let Some(day) = date_added.parse().ok().and_then(reading::start_of) {
            newest = newest.max(Some(day));
        }
        take(&Fields { cve_id, date_added, due_date, short_description, required_action, ransomware, cwes }, sink);
    }
    if count == 0 {
        return Err(malformed(0, "it has no entries"));
    }
    if let Some(date) = newest {
        sink.data_date(date);
    }
    Ok(())
}

/// The rows that are left.
struct Rows<'a> {
    rest: &'a str,
    line: u64,
}

impl Rows<'_> {
    /// Returns the fields of the next row; `None` at the end.
    fn next_row(&mut self) -> Result<Option<Vec<String>>, &'static str> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut row = Vec::new();
        loop {
            if row.len() == COLUMNS_MAX {
                return Err("more columns than anything honest");
            }
            let (field, end) = self.next_field()?;
            row.push(field);
            if end {
                self.line += 1;
                return Ok(Some(row));
            }
        }
    }

    /// Returns the next field, and whether it is the last of its row.
    fn next_field(&mut self) -> Result<(String, bool), &'static str> {
        let mut field = String::new();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let mut rest = quoted;
            loop {
                let (piece, after) = rest.split_once('"').ok_or("a quoted field that does not end")?;
                self.line += u64::try_from(piece.matches('\n').count()).unwrap_or(0);
                field.push_str(piece);
                if field.len() > FIELD_BYTES_MAX {
                    return Err("a field is longer than anything honest");
                }
                rest = after;
                // Two quotes stand for one.
                match rest.strip_prefix('"') {
                    Some(more) => {
                        field.push('"');
                        rest = more;
                    }
                    None => break,
                }
            }
            self.rest = rest;
        } else {
            let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
            let (piece, rest) = self.rest.split_at(end);
            if piece.len() > FIELD_BYTES_MAX {
                return Err("a field is longer than anything honest");
            }
            piece.trim_end_matches('\r').clone_into(&mut field);
            self.rest = rest;
        }
        let rest = self.rest.strip_prefix('\r').unwrap_or(self.rest);
        if let Some(more) = rest.strip_prefix(',') {
            self.rest = more;
            return Ok((field, false));
        }
        self.rest = rest.strip_prefix('\n').ok_or("something behind a quoted field")?;
        Ok((field, true))
    }
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::read;

    const TABLE: &str = include_str!("../../fixtures/cisa-kev/known_exploited_vulnerabilities.csv");

    #[test]
    fn reads_quoted_and_plain_fields() {
        let recorder = read(&FEED, "known_exploited_vulnerabilities-2099-02-01.csv", TABLE.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 5
        flaw CVE-2099-0001 "Demo's library contains
        an overflow." CWE-787 CWE-122 kev 2099-01-30 due Some(2099-02-20) ransomware true "Apply updates, or discontinue use."
        flaw CVE-2099-0005 "An old entry." kev 2098-01-30 due None ransomware false "Apply updates."
        rejected CVE-2099-0006: its date is not a date
        rejected line 6: more or fewer columns than the head
        rejected nothing: not a CVE id
        date 2099-02-01T00:00:00Z
        "#);
    }

    #[test]
    fn the_newest_entry_dates_a_table_without_a_date() {
        let recorder = read(&FEED, "kev.csv", TABLE.replace('\n', "\r\n").as_bytes()).unwrap();
        assert_eq!(recorder.lines.last().map(String::as_str), Some("date 2099-01-30T00:00:00Z"));
    }

    #[test]
    fn refuses_what_is_not_the_table() {
        let refusal = |text: &str| read(&FEED, "t", text.as_bytes()).unwrap_err().to_string();
        assert_eq!(refusal("cveID,dateAdded"), "`t` is not a valid KEV CSV: it ends in the middle of a line");
        assert_eq!(refusal("cveID,dateAdded\n"), "`t` is not a valid KEV CSV: it has no entries");
        assert_eq!(refusal("<html>\n"), "`t` is not a valid KEV CSV at line 1: not the head of the table");
        let head = "cveID,dateAdded\n";
        assert!(refusal(&format!("{head}\"CVE\n")).ends_with("at line 2: a quoted field that does not end"));
        assert!(refusal(&format!("{head}\"CVE\"x,\n")).ends_with("at line 2: something behind a quoted field"));
        assert!(refusal(&format!("{}\n", ",".repeat(COLUMNS_MAX))).ends_with("more columns than anything honest"));
        let long = "a".repeat(FIELD_BYTES_MAX + 1);
        assert!(refusal(&format!("{head}{long},\n")).ends_with("a field is longer than anything honest"));
        assert!(refusal(&format!("{head}\"{long}\",\n")).ends_with("a field is longer than anything honest"));
        let many = format!("{head}{}", "a,b\n".repeat(ENTRIES_MAX + 1));
        assert_eq!(refusal(&many), "`t` has more than 200000 entries");
    }
}
