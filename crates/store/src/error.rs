//! Why the store could not do it.

use std::path::PathBuf;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened or reached.
    #[error("cannot open the database `{what}`")]
    Open {
        /// Path, or host and name.
        what: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another process holds the database for longer than we wait.
    #[error("the database is busy")]
    Busy,
    /// The disk, or the database's share of it, is full.
    #[error("the disk of the database is full")]
    Full,
    /// A unique name or a reference is broken; the caller decides what that means.
    #[error("the database refused a value: {0}")]
    Conflict(String),
    /// A value has a form that the databases cannot keep.
    #[error("a value cannot be stored: {0}")]
    Unfit(&'static str),
    /// A statement failed.
    #[error("the database failed at `{statement}`")]
    Statement {
        /// The start of the statement.
        statement: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A stored value has not the form that we wrote.
    #[error("a stored value has an unexpected form: {0}")]
    Form(String),
    /// The schema was made by a newer version of the program, or a shipped step was changed.
    #[error("the database's schema does not fit: {0}")]
    Schema(String),
    /// A file beside the database could not be read or written.
    #[error("cannot {action} `{}`", path.display())]
    File {
        /// `read`, `write` …
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The work itself gave up; its own error is the one to report.
    #[error("the transaction was undone")]
    Undone,
}

impl StoreError {
    /// Tells whether the same call may succeed later without a change.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy | Self::Full | Self::Open { .. })
    }

    pub(crate) fn open(what: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Open { what: what.into(), source: source.into() }
    }

    pub(crate) fn statement(sql: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        const SHOWN_CHARS_MAX: usize = 120;
        let words: Vec<&str> = sql.split_whitespace().collect();
        Self::Statement { statement: words.join(" ").chars().take(SHOWN_CHARS_MAX).collect(), source: source.into() }
    }
}
