//! Files of sections: `[name]`, and `key = value` below it, which may go on in indented lines.

/// One section; the first has no name, for what stands above all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Section<'a> {
    pub(super) name: &'a str,
    pub(super) line: u32,
    pub(super) values: Vec<Entry<'a>>,
}

/// One value: its lines without the spaces about them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    pub(super) line: u32,
    pub(super) lines: Vec<&'a str>,
}

impl<'a> Section<'a> {
    /// Returns the first line of a value that says something; a later one of the same key wins.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        self.entry(key)?.lines.iter().copied().find(|line| !line.is_empty())
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry<'a>> {
        self.values.iter().rev().find(|entry| entry.key == key)
    }
}

/// A text of any number of lines has no more sections and values than lines, and a file is bounded.
pub(super) fn parse(text: &str) -> Vec<Section<'_>> {
    let mut sections = vec![Section::default()];
    for (number, line) in (1_u32..).zip(text.lines()) {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name) {
            sections.push(Section { name: name.trim(), line: number, values: Vec::new() });
            continue;
        }
        let Some(section) = sections.last_mut() else { continue };
        let is_more = line.starts_with([' ', '\t']);
        match (section.values.last_mut().filter(|_| is_more), trimmed.split_once('=')) {
            (Some(entry), _) => entry.lines.push(trimmed),
            (None, Some((key, value))) => {
                section.values.push(Entry { key: key.trim(), line: number, lines: vec![value.trim()] });
            }
            // pacman has keys without a value.
            (None, None) => section.values.push(Entry { key: trimmed, line: number, lines: Vec::new() }),
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_lines_that_go_on() {
        let text = "top = 1\n# [no]\n[a b]\nkey=x = y\nurls =\n  one\n\ttwo\nkey = z\n[c] rest\nflag\n= \n";
        let sections = parse(text);
        assert_eq!(sections.iter().map(|s| (s.name, s.line)).collect::<Vec<_>>(), [("", 0), ("a b", 3), ("c", 9)]);
        assert_eq!((sections[0].get("top"), sections[1].get("key")), (Some("1"), Some("z")));
        assert_eq!(sections[1].entry("urls").unwrap().lines, ["", "one", "two"]);
        assert_eq!((sections[1].get("urls"), sections[2].get("flag")), (Some("one"), None));
    }
}
