//! Findings and what stands beside them, on a real database: SQLite always, PostgreSQL where
//! `YAGURA_TEST_POSTGRES` names one that may be filled.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod findings;
mod lists;
mod others;
mod support;
