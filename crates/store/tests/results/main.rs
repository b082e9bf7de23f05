//! Findings and what stands beside them, on a real database: SQLite always, and PostgreSQL where
//! there is one, in a new schema each time.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod findings;
mod lists;
mod others;
mod support;
