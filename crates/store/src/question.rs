//! Conditions that are put together from a filter.

use yagura_model::service::Scope;

use crate::Value;

/// A condition that grows, with its values.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
}

impl Question {
    /// Everything of a scope.
    pub(crate) fn new(scope: &Scope) -> Self {
        Self {
            text: "account = ?1 AND region = ?2".into(),
            values: vec![(&scope.account).into(), (&scope.region).into()],
        }
    }

    /// Adds a value and returns its mark.
    pub(crate) fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    /// Adds a condition.
    #[expect(clippy::needless_pass_by_value, reason = "callers format a text for it")]
    pub(crate) fn and(&mut self, condition: String) {
        self.text.push_str(" AND ");
        self.text.push_str(&condition);
    }

    /// The column has one of the values; with none given, anything will do.
    pub(crate) fn any(&mut self, column: &str, values: impl Iterator<Item = Value>) {
        let marks: Vec<String> = values.map(|value| self.value(value)).collect();
        if !marks.is_empty() {
            self.and(format!("{column} IN ({})", marks.join(", ")));
        }
    }

    /// The column's JSON list of texts has one of the values; with none given, anything will do.
    pub(crate) fn any_part(&mut self, column: &str, values: &[String]) {
        let conditions: Vec<String> = values
            .iter()
            .map(|value| {
                let mark = self.value(format!("%\"{}\"%", escaped(value)));
                format!("{column} LIKE {mark} ESCAPE '!'")
            })
            .collect();
        if !conditions.is_empty() {
            self.and(format!("({})", conditions.join(" OR ")));
        }
    }

    /// The column is like a pattern in which `*` stands for anything.
    pub(crate) fn like(&mut self, column: &str, pattern: &str) {
        let mark = self.value(escaped(pattern).replace('*', "%"));
        self.and(format!("{column} LIKE {mark} ESCAPE '!'"));
    }

    /// The column is within both ends, which may be open.
    pub(crate) fn between(&mut self, column: &str, from: Option<impl Into<Value>>, to: Option<impl Into<Value>>) {
        if let Some(from) = from {
            let mark = self.value(from);
            self.and(format!("{column} >= {mark}"));
        }
        if let Some(to) = to {
            let mark = self.value(to);
            self.and(format!("{column} <= {mark}"));
        }
    }
}

/// Makes a text mean itself in a `LIKE … ESCAPE '!'`.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}
