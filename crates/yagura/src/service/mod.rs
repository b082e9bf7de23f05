//! The server: what it opens, what runs in the background, how it begins and ends.

pub(crate) mod background;
pub(crate) mod open;
pub(crate) mod rendering;
pub(crate) mod running;
pub(crate) mod this_host;
