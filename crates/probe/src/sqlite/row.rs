//! The columns of one row.

use crate::paged::{Outcome, damaged};

/// SQLite allows 2,000 unless it was built otherwise.
const COLUMNS_MAX: usize = 2000;

/// One row.
pub(crate) struct Row<'a> {
    /// Its number; a column declared `INTEGER PRIMARY KEY` is an alias of it and NULL in the row.
    pub(crate) number: i64,
    values: Vec<Value<'a>>,
}

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

impl<'a> Row<'a> {
    pub(super) fn read(number: i64, payload: &'a [u8]) -> Outcome<Self> {
        match values(payload) {
            Some(values) => Ok(Self { number, values }),
            None => damaged(format!("row {number} contradicts itself")),
        }
    }

    /// Returns what stands in a column. Rows older than the column have no value there.
    pub(super) fn value(&self, column: usize) -> Value<'a> {
        self.values.get(column).copied().unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self, column: usize) -> Option<&'a [u8]> {
        match self.value(column) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn blob(&self, column: usize) -> Option<&'a [u8]> {
        match self.value(column) {
            Value::Blob(blob) => Some(blob),
            _ => None,
        }
    }

    pub(crate) fn integer(&self, column: usize) -> Option<i64> {
        match self.value(column) {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }
}

/// Reads the header, which gives the type of each column, and the columns after it.
fn values(payload: &[u8]) -> Option<Vec<Value<'_>>> {
    let (header_bytes, types) = varint(payload)?;
    let header_bytes = usize::try_from(header_bytes).ok()?;
    let (_, mut body) = payload.split_at_checked(header_bytes)?;
    let mut types = types.get(..header_bytes.checked_sub(payload.len() - types.len())?)?;
    let mut values = Vec::new();
    while !types.is_empty() {
        let (kind, rest) = varint(types)?;
        types = rest;
        if values.len() == COLUMNS_MAX {
            return None;
        }
        let bytes = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            12.. => usize::try_from((kind - 12) / 2).ok()?,
            _ => return None,
        };
        let (own, after) = body.split_at_checked(bytes)?;
        body = after;
        values.push(match kind {
            0 => Value::Null,
            1..=6 => Value::Integer(signed(own)),
            7 => Value::Real(f64::from_be_bytes(*own.first_chunk()?)),
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            _ if kind % 2 == 0 => Value::Blob(own),
            _ => Value::Text(own),
        });
    }
    Some(values)
}

/// Reads a big-endian integer of one to eight bytes.
fn signed(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|first| *first >= 0x80);
    let start = if negative { -1 } else { 0 };
    bytes.iter().fold(start, |number: i64, byte| (number << 8) | i64::from(*byte))
}

/// Reads a number of one to nine bytes: seven bits each, the ninth has eight.
pub(super) fn varint(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut number = 0_i64;
    for (at, byte) in bytes.iter().enumerate().take(9) {
        if at == 8 {
            return Some(((number << 8) | i64::from(*byte), bytes.get(9..)?));
        }
        number = (number << 7) | i64::from(byte & 0x7f);
        if *byte < 0x80 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}

/// Reads the names of the columns out of `CREATE TABLE t (a INTEGER, "b c" TEXT, UNIQUE (a))`.
pub(super) fn columns(sql: &str) -> Vec<String> {
    let Some((_, body)) = sql.split_once('(') else {
        return Vec::new();
    };
    let (mut names, mut depth, mut begin) = (Vec::new(), 0_usize, 0_usize);
    let mut take = |part: Option<&str>| {
        let name = part.and_then(|part| first_word(part.trim()));
        if let Some(name) = name.filter(|_| names.len() < COLUMNS_MAX) {
            names.push(name);
        }
    };
    for (at, c) in body.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => {
                take(body.get(begin..at));
                break;
            }
            ')' => depth -= 1,
            ',' if depth == 0 => {
                take(body.get(begin..at));
                begin = at + 1;
            }
            _ => {}
        }
    }
    names
}

/// A column's name; `None` for a constraint of the table.
fn first_word(definition: &str) -> Option<String> {
    let quoted = |open: char, close: char| {
        let (name, _) = definition.strip_prefix(open)?.split_once(close)?;
        Some(name.to_owned())
    };
    if let Some(name) =
        quoted('"', '"').or_else(|| quoted('\'', '\'')).or_else(|| quoted('`', '`')).or_else(|| quoted('[', ']'))
    {
        return Some(name);
    }
    let end = definition.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(definition.len());
    let word = definition.get(..end).filter(|word| !word.is_empty())?;
    let is_constraint =
        ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"].iter().any(|key| word.eq_ignore_ascii_case(key));
    (!is_constraint).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_have_one_to_nine_bytes() {
        for (bytes, number) in [
            (&[0_u8][..], 0),
            (&[0x7f], 127),
            (&[0x81, 0], 128),
            (&[0xff; 9], -1),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 7], 7),
        ] {
            assert_eq!(varint(bytes), Some((number, &[][..])), "{bytes:?}");
        }
        assert_eq!((varint(&[]), varint(&[0x80]), varint(&[0x80; 8])), (None, None, None));
        assert_eq!((signed(&[0xff]), signed(&[0x80, 0]), signed(&[1, 0, 0]), signed(&[])), (-1, -32768, 65_536, 0));
    }

    #[test]
    fn a_row_has_its_columns() {
        let payload = [7, 0, 1, 8, 9, 17, 16, 0xfe, b'a', b'b', 1, 2];
        let row = Row::read(5, &payload).unwrap();
        assert_eq!((row.number, row.value(0), row.integer(1)), (5, Value::Null, Some(-2)));
        assert_eq!((row.integer(2), row.integer(3)), (Some(0), Some(1)));
        assert_eq!((row.text(4), row.blob(5), row.value(6)), (Some(&b"ab"[..]), Some(&[1, 2][..]), Value::Null));
        let real = [2, 7, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Row::read(1, &real).unwrap().value(0), Value::Real(1.0));
        for broken in [&[][..], &[5], &[2, 17, b'a'], &[2, 10], &[2, 11], &[0], &[1, 0xff]] {
            assert!(Row::read(1, broken).is_err() || broken == [1, 0xff], "{broken:?}");
        }
        let many = vec![8_u8; COLUMNS_MAX + 1];
        let len = many.len() + 2;
        let mut payload = vec![0x80 | u8::try_from(len >> 7).unwrap(), u8::try_from(len & 0x7f).unwrap()];
        payload.extend(many);
        assert!(Row::read(1, &payload).is_err());
    }

    #[test]
    fn columns_are_named_by_the_schema() {
        let sql = "create table 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)";
        assert_eq!(columns(sql), ["hnum", "blob"]);
        let sql =
            "create table t(\n \"a b\" text default (1, 2), [c], d,\n primary key (d), unique(c), e check (e > 0) )";
        assert_eq!(columns(sql), ["a b", "c", "d", "e"]);
        assert!(columns("create table t").is_empty() && columns("create table t (a").is_empty());
    }

    proptest! {
        #[test]
        fn any_payload_is_survived(payload in proptest::collection::vec(any::<u8>(), 0..80), sql in ".{0,60}") {
            let _ = Row::read(1, &payload);
            let _ = columns(&sql);
        }
    }
}
