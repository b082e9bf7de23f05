//! Paged lists: how many items, from where, and the token for the rest.
//!
//! A token is bound to the operation, the caller's scope and the rest of the request: used with
//! another question it is refused, not misread.

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;
use yagura_app::service::{AppError, codes};
use yagura_model::service::Scope;

use crate::input::Input;

/// The largest page that a caller may ask for.
const ASKED_MAX: i64 = 500;
/// What a caller gets that asks for no number.
pub(crate) const DEFAULT: usize = 10;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// How many items.
    pub(crate) limit: usize,
    /// Where the page before ended; `None` for the first page.
    pub(crate) after: Option<String>,
    binding: u64,
}

impl Page {
    /// Reads `maxResults` and `nextToken`. `cap` is the largest page of the operation's model.
    pub(crate) fn read(
        input: &Input,
        operation: &str,
        scope: &Scope,
        default: usize,
        cap: usize,
    ) -> Result<Self, AppError> {
        let binding = binding(input, operation, scope);
        let asked = input.number("maxResults")?;
        if asked.is_some_and(|asked| !(1..=ASKED_MAX).contains(&asked)) {
            return Err(AppError::invalid(
                codes::INVALID_MAX_RESULTS,
                format!("`maxResults` must be 1 to {ASKED_MAX}"),
            ));
        }
        let asked = asked.and_then(|asked| usize::try_from(asked).ok()).unwrap_or(default);
        let after = input.text("nextToken")?.map(|token| open(token, binding)).transpose()?;
        Ok(Self { limit: asked.min(cap), after, binding })
    }

    /// Returns the end of the page before as a number.
    pub(crate) fn after_number(&self) -> Result<Option<i64>, AppError> {
        self.after.as_deref().map(|text| text.parse().map_err(|_| refused())).transpose()
    }

    /// Cuts a list that was asked for with one item more than the limit, and makes the token that
    /// leads to the rest, from the last item that is left.
    pub(crate) fn cut<T>(&self, items: &mut Vec<T>, position: impl Fn(&T) -> String) -> Option<String> {
        if items.len() <= self.limit {
            return None;
        }
        items.truncate(self.limit);
        items.last().map(|last| self.token(&position(last)))
    }

    /// Makes the token for what follows `position`.
    pub(crate) fn token(&self, position: &str) -> String {
        let mut token = format!("{:016x}", self.binding);
        for byte in position.bytes() {
            token.push_str(&format!("{byte:02x}"));
        }
        token
    }
}

/// Everything that a token may be used with.
fn binding(input: &Input, operation: &str, scope: &Scope) -> u64 {
    let mut rest = match input.sent() {
        Value::Object(members) => members,
        _ => serde_json::Map::new(),
    };
    rest.remove("nextToken");
    rest.remove("maxResults");
    let text = format!("{operation}\0{}\0{}\0{}", scope.account, scope.region, Value::Object(rest));
    xxh3_64(text.as_bytes())
}

fn open(token: &str, binding: u64) -> Result<String, AppError> {
    const TOKEN_CHARS_MAX: usize = 300;
    const BINDING_CHARS: usize = 16;
    if token.len() > TOKEN_CHARS_MAX || !token.is_ascii() {
        return Err(refused());
    }
    let (bound, position) = token.split_at_checked(BINDING_CHARS).ok_or_else(refused)?;
    if u64::from_str_radix(bound, 16) != Ok(binding) {
        return Err(refused());
    }
    let bytes: Option<Vec<u8>> = position
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(refused)
}

fn refused() -> AppError {
    AppError::invalid(codes::INVALID_PAGINATION_TOKEN, "`nextToken` is not a token of this request")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(json: &str, operation: &str) -> Result<Page, AppError> {
        let scope = Scope::new("123456789012", "us-west-2").unwrap();
        Page::read(&Input::parse(json.as_bytes()).unwrap(), operation, &scope, DEFAULT, 100)
    }

    #[test]
    fn a_token_belongs_to_its_question() {
        let token = page("{\"filter\":{\"a\":1}}", "ListRuns").unwrap().token("42");
        let with = |filter: u8| format!("{{\"filter\":{{\"a\":{filter}}},\"nextToken\":\"{token}\",\"maxResults\":7}}");
        assert_eq!(page(&with(1), "ListRuns").unwrap().after_number().unwrap(), Some(42));
        assert!(page(&with(2), "ListRuns").is_err(), "another filter");
        assert!(page(&with(1), "ListTargets").is_err(), "another operation");
    }

    #[test]
    fn made_up_tokens_are_refused() {
        for token in ["x", "", "zzzzzzzzzzzzzzzzzz", "櫓櫓櫓櫓櫓櫓", "0000000000000000ff"] {
            assert!(page(&format!("{{\"nextToken\":\"{token}\"}}"), "ListRuns").is_err(), "{token}");
        }
    }

    #[test]
    fn sizes_are_bounded_by_the_caller_and_the_model() {
        assert_eq!(page("{}", "o").unwrap().limit, DEFAULT);
        assert_eq!(page("{\"maxResults\":500}", "o").unwrap().limit, 100);
        assert!(page("{\"maxResults\":501}", "o").is_err());
        assert!(page("{\"maxResults\":0}", "o").is_err());
    }

    #[test]
    fn the_last_page_has_no_token() {
        let page = page("{\"maxResults\":2}", "o").unwrap();
        let mut items = vec![1, 2];
        assert_eq!(page.cut(&mut items, ToString::to_string), None);
        items.push(3);
        assert!(page.cut(&mut items, ToString::to_string).is_some());
        assert_eq!(items, [1, 2]);
    }
}
