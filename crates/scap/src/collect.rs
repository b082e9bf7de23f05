//! The interface between the engine and what reads hosts: an object goes out, items come back.
//!
//! The engine knows no file and the collector no XML. A run goes like this:
//!
//! 1. The engine resolves the variables of as many objects as it can and hands them all to
//!    [`Collect::prepare`], so that one walk can serve every object that walks.
//! 2. It calls [`Collect::collect`] once for each of them, in any order.
//! 3. Objects whose entities or filters depend on what other objects found follow in later rounds
//!    of the same two steps; objects that nothing depends on come in the last one.
//!
//! `collect` may be called for an object that was never prepared: it must give the same answer.

use std::sync::Arc;

use crate::item::{Flag, Item};
use crate::object::Object;

/// What one object found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// How complete it is.
    ///
    /// [`Flag::Complete`] without items is the same as [`Flag::DoesNotExist`]: the engine makes it so.
    pub flag: Flag,
    /// What was found, filters applied or not ([`Object::keeps`]); the engine applies them again
    /// and drops items that are the same as an earlier one.
    pub items: Vec<Item>,
    /// Why it is not complete; for people.
    pub message: Option<Box<str>>,
}

impl Collected {
    /// All that there is; nothing makes it "does not exist".
    #[must_use]
    pub fn complete(items: Vec<Item>) -> Self {
        Self { flag: if items.is_empty() { Flag::DoesNotExist } else { Flag::Complete }, items, message: None }
    }

    /// There is nothing like it.
    #[must_use]
    pub fn does_not_exist() -> Self {
        Self::complete(Vec::new())
    }

    /// It could not be read.
    #[must_use]
    pub fn error(message: impl Into<Box<str>>) -> Self {
        Self::without_items(Flag::Error, message)
    }

    /// Nobody looked: the kind or the way of asking is not supported here.
    #[must_use]
    pub fn not_collected(message: impl Into<Box<str>>) -> Self {
        Self::without_items(Flag::NotCollected, message)
    }

    /// It makes no sense here.
    #[must_use]
    pub fn not_applicable(message: impl Into<Box<str>>) -> Self {
        Self::without_items(Flag::NotApplicable, message)
    }

    fn without_items(flag: Flag, message: impl Into<Box<str>>) -> Self {
        Self { flag, items: Vec::new(), message: Some(message.into()) }
    }
}

/// Reads a host.
pub trait Collect {
    /// Hears of the objects that will be asked for next; [`Object::id`] tells them apart.
    ///
    /// One walk may serve all of them. What it gathers should be what survives [`Object::keeps`].
    fn prepare(&mut self, objects: &[Arc<Object>]) {
        let _ = objects;
    }

    /// Finds the items of an object. Sets, and objects of the kind `variable`, never come here.
    ///
    /// One that is cancelled meanwhile answers [`Flag::NotCollected`]; the engine then stops too.
    fn collect(&mut self, object: &Object) -> Collected;
}
