//! Findings and what stands beside them, on a real database: SQLite always, PostgreSQL where
//! `YAGURA_TEST_POSTGRES` names one that may be filled.

mod findings;
mod lists;
mod others;
mod support;
