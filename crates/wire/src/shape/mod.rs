//! The nouns of `yagura-model` as they travel.
//!
//! Each shape takes its noun apart without `..`, so that a field added to a noun does not compile until it has a
//! place here. Members may be added; none is renamed or dropped, and the kept file in `tests/golden` proves it.

mod channels;
mod host;
mod package;
mod settings;

use serde::{Deserialize, Serialize};
use yagura_model::settings::{Fact, Provenance, Setting};
use yagura_model::{LocalText, ReadProblem, SourceLine};

pub(crate) use channels::{ChannelShape, PinShape, RepositoryShape};
pub(crate) use host::{InstanceShape, KernelShape, ReleaseShape};
pub(crate) use package::PackageShape;
pub(crate) use settings::{
    AccountShape, AslrShape, DirectoryShape, LoginDefsShape, NxShape, PasswordStackShape, SshdShape,
};

/// A shape and its noun.
pub(crate) trait Shape<M>: Sized {
    /// Takes the noun's values.
    fn of(model: &M) -> Self;
    /// Gives them back.
    fn model(self) -> M;
}

macro_rules! plain {
    ($($name:ty),+) => {$(
        impl Shape<$name> for $name {
            fn of(model: &$name) -> Self {
                model.clone()
            }

            fn model(self) -> $name {
                self
            }
        }
    )+};
}
plain!(String, bool, i64, u32, ());

impl<M, S: Shape<M>> Shape<Option<M>> for Option<S> {
    fn of(model: &Option<M>) -> Self {
        model.as_ref().map(S::of)
    }

    fn model(self) -> Option<M> {
        self.map(S::model)
    }
}

impl<M, S: Shape<M>> Shape<Vec<M>> for Vec<S> {
    fn of(model: &Vec<M>) -> Self {
        model.iter().map(S::of).collect()
    }

    fn model(self) -> Vec<M> {
        self.into_iter().map(S::model).collect()
    }
}

/// A struct whose members are those of its noun.
macro_rules! shape {
    ($(#[$doc:meta])* $shape:ident = $model:ident { $($(#[$attribute:meta])* $field:ident: $kind:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub(crate) struct $shape {
            $($(#[$attribute])* pub(crate) $field: $kind,)+
        }

        impl $crate::shape::Shape<$model> for $shape {
            fn of(model: &$model) -> Self {
                let $model { $($field),+ } = model;
                Self { $($field: $crate::shape::Shape::of($field),)+ }
            }

            fn model(self) -> $model {
                let Self { $($field),+ } = self;
                $model { $($field: $crate::shape::Shape::model($field),)+ }
            }
        }
    };
}
use shape;

/// An enum of words.
macro_rules! words {
    ($(#[$doc:meta])* $shape:ident = $model:ident { $($name:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, serde::Serialize, serde::Deserialize)]
        pub(crate) enum $shape {
            $(#[serde(rename = $word)] $name,)+
        }

        impl $crate::shape::Shape<$model> for $shape {
            fn of(model: &$model) -> Self {
                match model { $($model::$name => Self::$name,)+ }
            }

            fn model(self) -> $model {
                match self { $(Self::$name => $model::$name,)+ }
            }
        }
    };
}
use words;

shape! {
    /// A text in both languages.
    LocalTextShape = LocalText { en: String, ja: String, }
}

shape! {
    /// A place in a file of the host.
    PlaceShape = SourceLine {
        path: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
    }
}

shape! {
    /// Something that could not be read.
    ProblemShape = ReadProblem { place: PlaceShape, message: LocalTextShape, }
}

/// Where a setting comes from.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ProvenanceShape {
    Line(PlaceShape),
    Default(String),
    Kernel,
}

impl Shape<Provenance> for ProvenanceShape {
    fn of(model: &Provenance) -> Self {
        match model {
            Provenance::Line(place) => Self::Line(Shape::of(place)),
            Provenance::Default(program) => Self::Default(program.clone()),
            Provenance::Kernel => Self::Kernel,
        }
    }

    fn model(self) -> Provenance {
        match self {
            Self::Line(place) => Provenance::Line(place.model()),
            Self::Default(program) => Provenance::Default(program),
            Self::Kernel => Provenance::Kernel,
        }
    }
}

/// A value, how it is written, and where it comes from.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SettingShape<S> {
    value: S,
    written: String,
    from: ProvenanceShape,
}

impl<M, S: Shape<M>> Shape<Setting<M>> for SettingShape<S> {
    fn of(model: &Setting<M>) -> Self {
        let Setting { value, written, provenance } = model;
        Self { value: S::of(value), written: written.clone(), from: Shape::of(provenance) }
    }

    fn model(self) -> Setting<M> {
        let Self { value, written, from } = self;
        Setting { value: value.model(), written, provenance: from.model() }
    }
}

/// A fact, or why there is none.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum FactShape<S> {
    Known(S),
    NotPresent(LocalTextShape),
    Unreadable(LocalTextShape),
}

impl<M, S: Shape<M>> Shape<Fact<M>> for FactShape<S> {
    fn of(model: &Fact<M>) -> Self {
        match model {
            Fact::Known(value) => Self::Known(S::of(value)),
            Fact::NotPresent(why) => Self::NotPresent(Shape::of(why)),
            Fact::Unreadable(why) => Self::Unreadable(Shape::of(why)),
        }
    }

    fn model(self) -> Fact<M> {
        match self {
            Self::Known(value) => Fact::Known(value.model()),
            Self::NotPresent(why) => Fact::NotPresent(why.model()),
            Self::Unreadable(why) => Fact::Unreadable(why.model()),
        }
    }
}
