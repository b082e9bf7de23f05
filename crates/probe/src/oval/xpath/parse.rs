//! Reads an expression.

use super::{Arithmetic, Axis, Comparison, Expr, Function, NodeTest, Step, XPathError};

/// The longest expression.
const EXPRESSION_BYTES_MAX: usize = 64 * 1024;
/// Brackets inside one another.
const DEPTH_MAX: usize = 64;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Number(f64),
    Text(String),
    Symbol(&'static str),
}

/// Longer ones first, so that `//` is not read as two of `/`.
const SYMBOLS: [&str; 21] =
    ["::", "//", "..", "!=", "<=", ">=", "/", ".", "@", "[", "]", "(", ")", ",", "|", "=", "<", ">", "+", "-", "*"];

/// Parses an expression.
pub(super) fn parse(expression: &str) -> Result<Expr, XPathError> {
    let syntax = || XPathError::Syntax { expression: expression.chars().take(200).collect() };
    if expression.len() > EXPRESSION_BYTES_MAX {
        return Err(syntax());
    }
    let tokens = tokens(expression).ok_or_else(syntax)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, failed: syntax() };
    let parsed = parser.or()?;
    if parser.peek().is_some() { Err(syntax()) } else { Ok(parsed) }
}

fn tokens(expression: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, bytes) = if matches!(first, '\'' | '"') {
            let inside = rest.get(1..)?;
            let end = inside.find(first)?;
            (Token::Text(inside.get(..end)?.to_owned()), end + 2)
        } else if first.is_ascii_digit()
            || (first == '.' && rest.get(1..2).is_some_and(|next| next.chars().all(|c| c.is_ascii_digit())))
        {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            (Token::Number(rest.get(..end)?.parse().ok()?), end)
        } else if first.is_alphabetic() || first == '_' {
            let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
            let mut end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
            // A prefix, but not an axis.
            if rest.get(end..)?.starts_with(':') && !rest.get(end..)?.starts_with("::") {
                let after = rest.get(end + 1..)?;
                end += 1 + if after.starts_with('*') {
                    1
                } else {
                    after.find(|c: char| !is_part(c)).unwrap_or(after.len())
                };
            }
            (Token::Name(rest.get(..end)?.to_owned()), end)
        } else {
            let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol))?;
            (Token::Symbol(symbol), symbol.len())
        };
        found.push(token);
        rest = rest.get(bytes..)?.trim_start();
    }
    Some(found)
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
    failed: XPathError,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is_symbol(&self, ahead: usize, symbol: &str) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(Token::Symbol(found)) if *found == symbol)
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(0, symbol);
        self.at += usize::from(found);
        found
    }

    /// An operator that is spelt as a name.
    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Name(name)) if name == word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<(), XPathError> {
        if self.take(symbol) { Ok(()) } else { Err(self.failed.clone()) }
    }

    fn or(&mut self) -> Result<Expr, XPathError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(XPathError::Unsupported { what: "brackets nested so deep".to_owned() });
        }
        let mut left = self.and()?;
        while self.take_word("or") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, XPathError> {
        let mut left = self.compared(0)?;
        while self.take_word("and") {
            left = Expr::And(Box::new(left), Box::new(self.compared(0)?));
        }
        Ok(left)
    }

    /// Equality binds less than order.
    fn compared(&mut self, level: usize) -> Result<Expr, XPathError> {
        const EQUALITY: &[(&str, Comparison)] = &[("=", Comparison::Equal), ("!=", Comparison::NotEqual)];
        const ORDER: &[(&str, Comparison)] = &[
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let operators = if level == 0 { EQUALITY } else { ORDER };
        let operand = |parser: &mut Self| if level == 0 { parser.compared(1) } else { parser.sum() };
        let mut left = operand(self)?;
        while let Some((_, comparison)) = operators.iter().find(|(symbol, _)| self.is_symbol(0, symbol)) {
            self.at += 1;
            left = Expr::Compare(*comparison, Box::new(left), Box::new(operand(self)?));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Expr, XPathError> {
        let mut left = self.product()?;
        loop {
            let operator = if self.take("+") {
                Arithmetic::Add
            } else if self.take("-") {
                Arithmetic::Subtract
            } else {
                return Ok(left);
            };
            left = Expr::Arithmetic(operator, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expr, XPathError> {
        let mut left = self.negative()?;
        loop {
            let operator = if self.take("*") {
                Arithmetic::Multiply
            } else if self.take_word("div") {
                Arithmetic::Divide
            } else if self.take_word("mod") {
                Arithmetic::Modulo
            } else {
                return Ok(left);
            };
            left = Expr::Arithmetic(operator, Box::new(left), Box::new(self.negative()?));
        }
    }

    fn negative(&mut self) -> Result<Expr, XPathError> {
        let mut count = 0_usize;
        while self.take("-") {
            count += 1;
        }
        let mut left = self.path()?;
        while self.take("|") {
            left = Expr::Union(Box::new(left), Box::new(self.path()?));
        }
        Ok(if count % 2 == 1 { Expr::Negative(Box::new(left)) } else { left })
    }

    fn path(&mut self) -> Result<Expr, XPathError> {
        if let Some(primary) = self.primary()? {
            if !self.is_symbol(0, "/") && !self.is_symbol(0, "//") && !self.is_symbol(0, "[") {
                return Ok(primary);
            }
            let mut steps = Vec::new();
            if self.is_symbol(0, "[") {
                let predicates = self.predicates()?;
                steps.push(Step { axis: Axis::Itself, test: NodeTest::AnyNode, predicates });
            }
            self.more_steps(&mut steps)?;
            return Ok(Expr::Path { from: Some(Box::new(primary)), absolute: false, steps });
        }
        let mut steps = Vec::new();
        let absolute = self.is_symbol(0, "/") || self.is_symbol(0, "//");
        if self.take("//") {
            steps.push(anywhere_below());
            steps.push(self.step()?);
        } else if self.take("/") {
            if self.begins_step() {
                steps.push(self.step()?);
            }
        } else {
            steps.push(self.step()?);
        }
        self.more_steps(&mut steps)?;
        Ok(Expr::Path { from: None, absolute, steps })
    }

    fn more_steps(&mut self, steps: &mut Vec<Step>) -> Result<(), XPathError> {
        loop {
            if self.take("//") {
                steps.push(anywhere_below());
            } else if !self.take("/") {
                return Ok(());
            }
            steps.push(self.step()?);
        }
    }

    fn begins_step(&self) -> bool {
        match self.peek() {
            Some(Token::Name(_)) => true,
            Some(Token::Symbol(symbol)) => matches!(*symbol, "." | ".." | "@" | "*"),
            _ => false,
        }
    }

    fn step(&mut self) -> Result<Step, XPathError> {
        if self.take("..") {
            return Ok(Step { axis: Axis::Parent, test: NodeTest::AnyNode, predicates: Vec::new() });
        }
        if self.take(".") {
            return Ok(Step { axis: Axis::Itself, test: NodeTest::AnyNode, predicates: Vec::new() });
        }
        let axis = if self.take("@") { Axis::Attribute } else { self.axis()? };
        let test = self.node_test()?;
        Ok(Step { axis, test, predicates: self.predicates()? })
    }

    fn axis(&mut self) -> Result<Axis, XPathError> {
        let Some(Token::Name(name)) = self.peek() else { return Ok(Axis::Child) };
        if !self.is_symbol(1, "::") {
            return Ok(Axis::Child);
        }
        let axis = match name.as_str() {
            "child" => Axis::Child,
            "descendant" => Axis::Descendant,
            "descendant-or-self" => Axis::DescendantOrSelf,
            "self" => Axis::Itself,
            "parent" => Axis::Parent,
            "attribute" => Axis::Attribute,
            other => return Err(XPathError::Unsupported { what: format!("{other}::") }),
        };
        self.at += 2;
        Ok(axis)
    }

    fn node_test(&mut self) -> Result<NodeTest, XPathError> {
        if self.take("*") {
            return Ok(NodeTest::AnyName);
        }
        let Some(Token::Name(name)) = self.peek() else { return Err(self.failed.clone()) };
        let name = name.clone();
        self.at += 1;
        if self.is_symbol(0, "(") {
            let test = match name.as_str() {
                "text" => NodeTest::Text,
                "node" => NodeTest::AnyNode,
                "comment" => NodeTest::Comment,
                other => return Err(XPathError::Unsupported { what: format!("{other}()") }),
            };
            self.at += 1;
            self.expect(")")?;
            return Ok(test);
        }
        if name.contains(':') {
            // Nobody tells what the prefix stands for.
            return Err(XPathError::Unsupported { what: name });
        }
        Ok(NodeTest::Name(name))
    }

    fn predicates(&mut self) -> Result<Vec<Expr>, XPathError> {
        let mut found = Vec::new();
        while self.take("[") {
            found.push(self.or()?);
            self.expect("]")?;
        }
        Ok(found)
    }

    /// A literal, a call, or something in brackets; `None` where a location path begins.
    fn primary(&mut self) -> Result<Option<Expr>, XPathError> {
        let parsed = match self.peek() {
            Some(Token::Number(number)) => Expr::Number(*number),
            Some(Token::Text(text)) => Expr::Text(text.clone()),
            Some(Token::Symbol("(")) => {
                self.at += 1;
                let inside = self.or()?;
                self.expect(")")?;
                return Ok(Some(inside));
            }
            Some(Token::Name(name))
                if self.is_symbol(1, "(")
                    && !matches!(name.as_str(), "text" | "node" | "comment" | "processing-instruction") =>
            {
                let function = function(name).ok_or_else(|| XPathError::Unsupported { what: format!("{name}()") })?;
                self.at += 2;
                let mut arguments = Vec::new();
                if !self.take(")") {
                    arguments.push(self.or()?);
                    while self.take(",") {
                        arguments.push(self.or()?);
                    }
                    self.expect(")")?;
                }
                return Ok(Some(Expr::Call(function, arguments)));
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(parsed))
    }
}

const fn anywhere_below() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: NodeTest::AnyNode, predicates: Vec::new() }
}

fn function(name: &str) -> Option<Function> {
    Some(match name {
        "boolean" => Function::Boolean,
        "concat" => Function::Concat,
        "contains" => Function::Contains,
        "count" => Function::Count,
        "false" => Function::False,
        "last" => Function::Last,
        "local-name" => Function::LocalName,
        "name" => Function::Name,
        "normalize-space" => Function::NormalizeSpace,
        "not" => Function::Not,
        "number" => Function::Number,
        "position" => Function::Position,
        "starts-with" => Function::StartsWith,
        "string" => Function::String,
        "string-length" => Function::StringLength,
        "true" => Function::True,
        _ => return None,
    })
}
