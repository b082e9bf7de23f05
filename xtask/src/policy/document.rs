//! Reads as much TOML as `deny.toml` has: sections, and keys with lists of texts or of tables
//! that name a crate. A whole TOML reader would be the largest dependency of this program.

use std::collections::BTreeMap;

/// Lists of names by section and key.
#[derive(Debug)]
pub(super) struct Document(BTreeMap<(String, String), Vec<String>>);

impl Document {
    pub(super) fn parse(text: &str) -> Self {
        let mut lists = BTreeMap::new();
        let mut section = String::new();
        let mut open: Option<(String, String)> = None;
        for line in text.lines() {
            let line = line.trim();
            if line.starts_with('#') {
                continue;
            }
            if let Some((key, mut body)) = open.take() {
                body.push_str(line);
                open = close(&mut lists, &section, key, body);
            } else if let Some(name) = line.strip_prefix('[') {
                name.trim_end_matches(']').clone_into(&mut section);
            } else if let Some((key, value)) = line.split_once('=')
                && value.trim_start().starts_with('[')
            {
                open = close(&mut lists, &section, key.trim().to_owned(), value.to_owned());
            }
        }
        Self(lists)
    }

    /// Returns the names of a list; nothing where the document does not have it.
    pub(super) fn names(&self, section: &str, key: &str) -> Vec<&str> {
        let list = self.0.get(&(section.to_owned(), key.to_owned()));
        list.map(|names| names.iter().map(String::as_str).collect()).unwrap_or_default()
    }
}

/// Stores a list that is complete, or hands it back to be continued on the next line.
fn close(
    lists: &mut BTreeMap<(String, String), Vec<String>>,
    section: &str,
    key: String,
    body: String,
) -> Option<(String, String)> {
    if !body.trim_end().ends_with(']') {
        return Some((key, body));
    }
    lists.insert((section.to_owned(), key), names(&body));
    None
}

/// The texts of a list; of a table only the one that names the crate.
fn names(body: &str) -> Vec<String> {
    let texts = body.split('"').skip(1).step_by(2);
    let before = body.split('"').step_by(2);
    let is_name = |before: &str| match before.rsplit(['{', ',']).next().unwrap_or_default().trim() {
        "" | "[" => true,
        key => key.trim_end_matches('=').trim() == "crate" || key == "[",
    };
    before.zip(texts).filter(|(before, _)| is_name(before)).map(|(_, text)| text.to_owned()).collect()
}

#[test]
fn lists_of_texts_and_of_tables_give_names() {
    let text = "[bans]\nmultiple-versions = \"deny\"\ndeny = [\n  # why\n  { crate = \"ring\", reason = \"one, and only one\" },\n  { crate = \"chrono\", reason = \"jiff\" },\n]\n[licenses]\nallow = [\"MIT\", \"ISC\"]\n";
    let document = Document::parse(text);
    assert_eq!(document.names("bans", "deny"), ["ring", "chrono"]);
    assert_eq!(document.names("licenses", "allow"), ["MIT", "ISC"]);
    assert!(document.names("bans", "allow").is_empty());
}
