//! The words of the command line: `--name value` in any order.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};

/// Options that were given.
#[derive(Debug, Default)]
pub(crate) struct Words {
    values: BTreeMap<String, String>,
}

impl Words {
    /// Reads options that take a value, and flags that take none.
    pub(crate) fn parse(words: &[String], with_value: &[&str], flags: &[&str]) -> Result<Self> {
        let mut values = BTreeMap::new();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let name = word.strip_prefix("--").with_context(|| format!("`{word}` is no option"))?;
            if flags.contains(&name) {
                values.insert(name.to_owned(), String::new());
            } else if with_value.contains(&name) {
                let value = rest.next().with_context(|| format!("`{word}` needs a value"))?;
                values.insert(name.to_owned(), value.clone());
            } else {
                let known: Vec<&str> = with_value.iter().chain(flags).copied().collect();
                bail!("unknown option `{word}`; there are --{}", known.join(", --"));
            }
        }
        Ok(Self { values })
    }

    /// Whether an option was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A number, or what it is without being given.
    pub(crate) fn number(&self, name: &str, usual: usize) -> Result<usize> {
        match self.values.get(name) {
            Some(text) => text.parse().with_context(|| format!("`--{name} {text}` is no number")),
            None => Ok(usual),
        }
    }
}

#[test]
fn options_are_read_in_any_order_and_wrong_ones_named() {
    let parse = |line: &str| {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Words::parse(&words, &["agents", "server"], &["keep"])
    };
    let words = parse("--keep --agents 7").unwrap();
    assert_eq!((words.has("keep"), words.number("agents", 1).unwrap(), words.text("server")), (true, 7, None));
    assert!(parse("--agents").unwrap_err().to_string().contains("needs a value"));
    assert!(parse("--agent 7").unwrap_err().to_string().contains("there are --agents, --server, --keep"));
    assert!(parse("--agents x").unwrap().number("agents", 1).is_err());
}
