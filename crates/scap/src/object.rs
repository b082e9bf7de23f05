//! A resolved object: what a collector is asked for, without XML and without variables.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::compare::{Operation, compare_text, compare_value};
use crate::field::{Field, Kind, words};
use crate::item::{Datatype, Facts, Value};
use crate::pattern::{Pattern, PatternError, PatternOptions};
use crate::truth::{Check, Tally, Truth};

/// What to look for, see [`crate::Collect`].
#[derive(Debug)]
pub struct Object {
    /// Tells it apart from the other objects of a run.
    pub id: u32,
    /// The kind of things.
    pub kind: Kind,
    /// What they must be like. An object without entities (`family`, `uname`) asks for all there is.
    pub entities: Vec<Entity>,
    /// How to look.
    pub behaviors: Behaviors,
    /// What to leave out.
    pub(crate) filters: Vec<Filter>,
}

impl Object {
    /// An object of a kind, without filters.
    #[must_use]
    pub fn new(id: u32, kind: Kind, entities: Vec<Entity>) -> Self {
        Self { id, kind, entities, behaviors: Behaviors::default(), filters: Vec::new() }
    }

    /// The entity of a name; one that is `xsi:nil` is there with [`Entity::nil`].
    #[must_use]
    pub fn entity(&self, field: Field) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.field == field)
    }

    /// Whether what is known of a thing passes every filter of the object.
    ///
    /// Of a thing half known, a filter may wrongly seem to pass or not to: ask with all values
    /// that [`Object::filter_fields`] names.
    #[must_use]
    pub fn keeps(&self, thing: &dyn Facts) -> bool {
        self.filters.iter().all(|filter| filter.passes(thing))
    }

    /// Whether the object has filters at all.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Calls `each` for every name that the filters look at, so that a costly value (an access
    /// control list, a hash) is read only where something asks for it.
    pub fn filter_fields(&self, each: &mut dyn FnMut(Field)) {
        for filter in &self.filters {
            filter.state.fields(each);
        }
    }
}

/// One condition of an object on its candidates.
#[derive(Debug)]
pub struct Entity {
    /// Which name of the candidate.
    pub field: Field,
    /// How it compares.
    pub operation: Operation,
    /// As what it compares.
    pub datatype: Datatype,
    /// `xsi:nil`: the name is deliberately left out; then there are no values.
    pub nil: bool,
    /// What it compares with: one value, or all those of a variable. Never empty unless `nil`.
    pub values: Vec<Value>,
    /// How the results of several values combine.
    pub check: Check,
    /// For "pattern match": the patterns of the values, in their order.
    patterns: Vec<Pattern>,
}

impl Entity {
    /// Makes an entity; patterns are compiled with the given options.
    ///
    /// # Errors
    /// When the operation is a pattern match and a value is no pattern.
    pub fn new(
        field: Field,
        operation: Operation,
        datatype: Datatype,
        values: Vec<Value>,
        check: Check,
        options: PatternOptions,
    ) -> Result<Self, PatternError> {
        let compile = |value: &Value| Pattern::new(&value.text(), options);
        let patterns = match operation {
            Operation::PatternMatch => values.iter().map(compile).collect::<Result<_, _>>()?,
            _ => Vec::new(),
        };
        Ok(Self { field, operation, datatype, nil: false, values, check, patterns })
    }

    /// An entity that is `xsi:nil`.
    #[must_use]
    pub fn nil(field: Field) -> Self {
        Self {
            field,
            operation: Operation::Equals,
            datatype: Datatype::String,
            nil: true,
            values: Vec::new(),
            check: Check::All,
            patterns: Vec::new(),
        }
    }

    /// An entity that equals one text; for tests and for simple questions.
    #[must_use]
    pub fn equals(field: Field, text: &str) -> Self {
        Self { nil: false, values: vec![text.into()], ..Self::nil(field) }
    }

    /// Compares a text with the entity's values; of a candidate of [`Truth::Error`] the object is in error.
    #[must_use]
    pub fn test(&self, candidate: &str) -> Truth {
        self.fold(|value, pattern| compare_text(candidate, self.operation, self.datatype, value, pattern))
    }

    /// Compares a value with the entity's values.
    #[must_use]
    pub fn test_value(&self, candidate: &Value) -> Truth {
        self.fold(|value, pattern| compare_value(candidate, self.operation, self.datatype, value, pattern))
    }

    /// Whether a text is what the entity asks for; an error counts as no.
    #[must_use]
    pub fn accepts(&self, candidate: &str) -> bool {
        self.test(candidate) == Truth::True
    }

    /// The patterns of a "pattern match", in the order of the values.
    #[must_use]
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// The only texts that can satisfy the entity, so that they are looked up and nothing is walked.
    ///
    /// `None` when it must be tried on candidates. Each text must still be [`Entity::test`]ed: with
    /// two different values that must all be equal, nothing fits.
    #[must_use]
    pub fn literals(&self) -> Option<Vec<Cow<'_, str>>> {
        let looks_up = self.operation == Operation::Equals
            && !self.nil
            && matches!(self.check, Check::All | Check::AtLeastOne | Check::OnlyOne);
        looks_up.then(|| self.values.iter().map(Value::text).collect())
    }

    fn fold(&self, compare: impl Fn(&Value, Option<&Pattern>) -> Truth) -> Truth {
        let results = self.values.iter().enumerate().map(|(place, value)| compare(value, self.patterns.get(place)));
        results.collect::<Tally>().by_check(self.check)
    }
}

words! {
    /// What a recursion goes through.
    Recurse {
        Directories = "directories",
        Symlinks = "symlinks",
        SymlinksAndDirectories = "symlinks and directories",
    }
}

words! {
    /// Where a recursion goes.
    RecurseDirection {
        None = "none",
        Down = "down",
        Up = "up",
    }
}

words! {
    /// Which file systems a recursion enters.
    RecurseFileSystem {
        All = "all",
        Local = "local",
        Defined = "defined",
    }
}

/// How an object is looked for; what the content leaves out has the standard's default.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Behaviors {
    /// How deep a recursion goes; -1 is without end.
    pub max_depth: i64,
    /// What it goes through.
    pub recurse: Recurse,
    /// Where it goes.
    pub recurse_direction: RecurseDirection,
    /// Which file systems it enters.
    pub recurse_file_system: RecurseFileSystem,
    /// Patterns of a text: letters match in either case.
    pub ignore_case: bool,
    /// Patterns of a text: `^` and `$` match at every line.
    pub multiline: bool,
    /// Patterns of a text: `.` matches a newline.
    pub singleline: bool,
    /// What the verification of packages leaves out: `nomd5`, `nosize`, `noghostfiles`, and so on.
    pub without: Vec<Box<str>>,
}

impl Default for Behaviors {
    fn default() -> Self {
        Self {
            max_depth: -1,
            recurse: Recurse::SymlinksAndDirectories,
            recurse_direction: RecurseDirection::None,
            recurse_file_system: RecurseFileSystem::All,
            ignore_case: false,
            multiline: true,
            singleline: false,
            without: Vec::new(),
        }
    }
}

impl Behaviors {
    /// Whether a verification leaves a part out; `part` is the attribute's name, such as `nomd5`.
    #[must_use]
    pub fn is_without(&self, part: &str) -> bool {
        self.without.iter().any(|word| &**word == part)
    }
}

/// Judges a thing for a filter; the engine's states are one.
pub(crate) trait Judge: fmt::Debug + Send + Sync {
    fn judge(&self, thing: &dyn Facts) -> Truth;
    fn fields(&self, each: &mut dyn FnMut(Field));
}

/// Keeps things for which a state is true, or drops them.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    pub(crate) include: bool,
    pub(crate) state: Arc<dyn Judge>,
}

impl Filter {
    /// Of a thing that cannot be compared, both kinds let it pass, as the reference does: a test then sees the error.
    pub(crate) fn passes(&self, thing: &dyn Facts) -> bool {
        match self.state.judge(thing) {
            Truth::True => self.include,
            Truth::Error => true,
            _ => !self.include,
        }
    }
}
