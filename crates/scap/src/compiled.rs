//! A compiled benchmark: one profile, tailored, in one small file without XML.
//!
//! It is what judging runs on. The file is JSON under a version number; places in it are checked
//! where they are used, and the references among definitions when it is read, so that a damaged
//! file gives errors and neither a panic nor an endless run.

mod compile;

use serde::{Deserialize, Serialize};

use crate::error::ContentError;
use crate::item::Value;
use crate::oval::reach::{Thing, closure};
use crate::oval::{Oval, Place};
use crate::xccdf::{Role, Severity};

/// The version of the compiled form; another version is not read.
pub const COMPILED_FORMAT: u32 = 1;

/// The most bytes of a compiled benchmark; the largest of the published profiles have about 6 MB.
pub const COMPILED_BYTES_MAX: usize = 64 << 20;

/// One profile of a benchmark, ready to be judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compiled {
    pub(crate) format: u32,
    /// The benchmark's id.
    pub benchmark: String,
    /// The benchmark's title.
    pub title: String,
    /// The benchmark's version.
    pub version: String,
    /// The profile's id; nothing for all rules and for the defaults.
    pub profile: Option<String>,
    /// The profile's title.
    pub profile_title: Option<String>,
    /// Groups and rules in document order, each after the group that holds it.
    pub items: Vec<CompiledItem>,
    /// The final value of every value of the benchmark.
    pub values: Vec<(String, String)>,
    /// The scoring models that the benchmark asks for.
    pub models: Vec<String>,
    pub(crate) platforms: Vec<Platform>,
    pub(crate) documents: Vec<CompiledDocument>,
}

/// A group or a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompiledItem {
    /// Its id.
    pub id: String,
    /// The place of the group that holds it.
    pub parent: Option<Place>,
    /// What it counts in scores.
    pub weight: f64,
    /// Its title.
    pub title: String,
    /// The platforms of which one must be there; places among the benchmark's.
    pub(crate) platforms: Vec<Place>,
    /// What only rules have.
    pub rule: Option<Box<CompiledRule>>,
}

/// What only rules have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompiledRule {
    /// Whether it takes part.
    pub selected: bool,
    /// How bad it is when it fails.
    pub severity: Severity,
    /// What its result counts for.
    pub role: Role,
    pub(crate) check: CompiledCheck,
    /// Words for people; selected rules only.
    pub texts: Option<Box<RuleTexts>>,
}

/// What people read about a rule, values put in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTexts {
    /// What it asks for.
    pub description: String,
    /// Why.
    pub rationale: String,
    /// What to mind.
    pub warnings: Vec<String>,
    /// Names in other systems: the system, and the name there.
    pub idents: Vec<(String, String)>,
    /// Where it comes from: address of the source, and the place in it.
    pub references: Vec<(String, String)>,
    /// Ways to bring about what it asks for.
    pub fixes: Vec<RuleFix>,
}

/// A script or playbook that brings about what a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFix {
    /// What kind: `urn:xccdf:fix:script:sh`, `urn:xccdf:fix:script:ansible`.
    pub system: String,
    /// Its id.
    pub id: String,
    /// How it works: `configure`, `enable`, `restrict`.
    pub strategy: String,
    /// How hard it is.
    pub complexity: String,
    /// How much it disturbs.
    pub disruption: String,
    /// Whether it needs a new start.
    pub reboot: bool,
    /// The script, values put in.
    pub text: String,
}

/// What decides about a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum CompiledCheck {
    /// No check that is supported; the reason.
    None(String),
    Simple(SimpleCheck),
    Complex {
        any: bool,
        negate: bool,
        children: Vec<CompiledCheck>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SimpleCheck {
    pub(crate) negate: bool,
    /// What to ask, the first that gives an answer decides.
    pub(crate) alternatives: Vec<Alternative>,
    /// Values for external variables: document, variable, values.
    pub(crate) exports: Vec<(Place, Place, Vec<Value>)>,
    /// A value that does not exist is exported.
    pub(crate) unbound: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alternative {
    pub(crate) document: Place,
    /// As the content calls the document.
    pub(crate) href: String,
    /// The name that the content gives; nothing when all definitions are meant.
    pub(crate) name: Option<String>,
    pub(crate) definitions: Vec<Place>,
    /// Each definition is a result of its own.
    pub(crate) multi: bool,
}

/// A platform that the benchmark names, and how it is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Platform {
    pub(crate) name: String,
    pub(crate) test: PlatformTest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum PlatformTest {
    /// Nothing finds it.
    Never,
    Definition {
        document: Place,
        definition: Place,
    },
    Test {
        any: bool,
        negate: bool,
        children: Vec<PlatformTest>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CompiledDocument {
    pub(crate) name: String,
    pub(crate) oval: Oval,
}

impl Compiled {
    /// Writes the compiled form.
    ///
    /// # Errors
    /// When it is larger than it may be.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ContentError> {
        let bytes = serde_json::to_vec(self).map_err(|error| damaged(error.to_string()))?;
        if bytes.len() > COMPILED_BYTES_MAX {
            return Err(damaged(format!("{} bytes are more than {COMPILED_BYTES_MAX}", bytes.len())));
        }
        Ok(bytes)
    }

    /// Reads the compiled form.
    ///
    /// # Errors
    /// When it is too large, damaged, of another format, or refers to itself.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ContentError> {
        if bytes.len() > COMPILED_BYTES_MAX {
            return Err(damaged(format!("{} bytes are more than {COMPILED_BYTES_MAX}", bytes.len())));
        }
        let compiled: Self = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        if compiled.format != COMPILED_FORMAT {
            return Err(damaged(format!("it has format {}", compiled.format)));
        }
        for document in &compiled.documents {
            let all = (0..).take(document.oval.definitions.len()).map(Thing::Definition);
            closure(&document.oval, all)?;
        }
        // Groups stand before what they hold, so that no walk up the parents goes in a circle.
        let out_of_order =
            (0_u32..).zip(&compiled.items).any(|(place, item)| item.parent.is_some_and(|up| up >= place));
        if out_of_order {
            return Err(damaged("a group stands after what it holds".to_owned()));
        }
        Ok(compiled)
    }

    /// The place of the document that rules know under an address.
    pub(crate) fn document_of(&self, href: &str) -> Option<Place> {
        self.selected().find_map(|(_, rule)| document_in(&rule.check, href))
    }

    /// The same without the words for people: what an agent needs to judge.
    #[must_use]
    pub fn without_texts(mut self) -> Self {
        for rule in self.items.iter_mut().filter_map(|item| item.rule.as_mut()) {
            rule.texts = None;
        }
        self
    }

    /// Its rules that take part, with their items.
    pub fn selected(&self) -> impl Iterator<Item = (&CompiledItem, &CompiledRule)> {
        self.items.iter().filter_map(|item| Some((item, item.rule.as_deref()?))).filter(|(_, rule)| rule.selected)
    }
}

fn document_in(check: &CompiledCheck, href: &str) -> Option<Place> {
    match check {
        CompiledCheck::None(_) => None,
        CompiledCheck::Simple(check) => check
            .alternatives
            .iter()
            .find(|alternative| alternative.href == href)
            .map(|alternative| alternative.document),
        CompiledCheck::Complex { children, .. } => children.iter().find_map(|child| document_in(child, href)),
    }
}

fn damaged(reason: String) -> ContentError {
    ContentError::Compiled { wanted: COMPILED_FORMAT, reason }
}
