//! Why content cannot be used.

use crate::xml::{DEPTH_MAX, XmlError};

/// Why content cannot be read, tailored or compiled.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// It is not XML that we read.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// An attribute has a value that the standard does not know.
    #[error("attribute `{attribute}` cannot be `{value}`")]
    Word {
        /// Its name.
        attribute: &'static str,
        /// Its value.
        value: String,
    },
    /// An element stands where the standard has none such.
    #[error("element `{element}` does not belong in `{within}`")]
    Element {
        /// Its name.
        element: String,
        /// Where it stands.
        within: &'static str,
    },
    /// The document is none of those that we read.
    #[error("a document that begins with `{root}` is no SCAP content")]
    Foreign {
        /// Its root element.
        root: String,
    },
    /// There is no benchmark in the content, or none of that name.
    #[error("no benchmark `{id}` in the content")]
    NoBenchmark {
        /// What was asked for; empty when anything would do.
        id: String,
    },
    /// The benchmark has no such profile.
    #[error("no profile `{id}` in the benchmark")]
    NoProfile {
        /// What was asked for.
        id: String,
    },
    /// Definitions, variables, objects, sets or profiles use themselves.
    #[error("`{id}` uses itself")]
    Cycle {
        /// One of those on the cycle.
        id: String,
    },
    /// Definitions, variables or objects use others that use others, too far.
    #[error("`{id}` is used through more than {DEPTH_MAX} others")]
    Chain {
        /// Where the bound was met.
        id: String,
    },
    /// A compiled benchmark was made by another version, or is damaged.
    #[error("not a compiled benchmark of format {wanted}: {reason}")]
    Compiled {
        /// The format that we read.
        wanted: u32,
        /// What is wrong.
        reason: String,
    },
}
