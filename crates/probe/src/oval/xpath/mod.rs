//! The part of XPath 1.0 that content uses, over a read-only tree.
//!
//! Location paths along the axes child, descendant, self, parent and attribute, with predicates,
//! unions, comparisons, numbers, texts and the core functions on them. What is not understood is
//! [`XPathError::Unsupported`], never an empty answer.

mod eval;
mod parse;

use roxmltree::Node;

pub(super) use eval::{evaluate, shown};

/// Why an expression has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum XPathError {
    /// It is no expression.
    #[error("`{expression}` is not an XPath expression")]
    Syntax {
        /// As written.
        expression: String,
    },
    /// It is one that we do not read.
    #[error("the XPath expression uses `{what}`, which is not supported")]
    Unsupported {
        /// What is not supported.
        what: String,
    },
    /// It looks at more nodes than any honest one.
    #[error("the XPath expression looks at more than {steps} nodes")]
    TooCostly {
        /// How many were allowed.
        steps: u64,
    },
}

/// What an expression evaluates to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// For each node what it holds, `None` for one that is neither text nor attribute.
    Nodes(Vec<Option<String>>),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A truth.
    Bool(bool),
}

/// A node of the tree, or an attribute, which the tree does not count as one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place<'a, 'd> {
    Node(Node<'a, 'd>),
    /// The element, and which of its attributes.
    Attribute(Node<'a, 'd>, usize),
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
enum Expr {
    Or(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
    Union(Box<Expr>, Box<Expr>),
    Number(f64),
    Text(String),
    Call(Function, Vec<Expr>),
    Path {
        /// Where it begins: an expression of nodes, else the root or the node at hand.
        from: Option<Box<Expr>>,
        absolute: bool,
        steps: Vec<Step>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Boolean,
    Concat,
    Contains,
    Count,
    False,
    Last,
    LocalName,
    Name,
    NormalizeSpace,
    Not,
    Number,
    Position,
    StartsWith,
    String,
    StringLength,
    True,
}

#[derive(Debug, Clone, PartialEq)]
struct Step {
    axis: Axis,
    test: NodeTest,
    predicates: Vec<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Child,
    Descendant,
    DescendantOrSelf,
    Itself,
    Parent,
    Attribute,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum NodeTest {
    /// An element or attribute of this name, in no namespace.
    Name(String),
    AnyName,
    Text,
    AnyNode,
    Comment,
}

#[cfg(test)]
mod tests;
