//! The server: what it opens, what runs in the background, how it begins and ends.

pub(crate) mod open;
