//! Plain OVAL documents, judged without a benchmark.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::collect::Collect;
use crate::error::ContentError;
use crate::eval::{Session, Watch, World};
use crate::item::Value;
use crate::judge::Verdict;
use crate::oval::{Oval, VariableContent, at, parse as oval};
use crate::xml::{self, Element as _};

/// A document of OVAL definitions.
#[derive(Debug)]
pub struct Definitions {
    oval: Oval,
}

/// Values for external variables, by their ids.
pub type Bindings = BTreeMap<String, Vec<Value>>;

/// What the definitions of a document came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionResults {
    /// Every definition's result, in document order.
    pub definitions: Vec<Verdict>,
    /// Every evaluated test's result, in document order.
    pub tests: Vec<Verdict>,
}

impl Definitions {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is not XML within the bounds, or no OVAL.
    pub fn parse(bytes: &[u8]) -> Result<Self, ContentError> {
        let document = xml::parse(xml::decode(bytes)?)?;
        let root = document.root_element();
        if root.local() != "oval_definitions" {
            return Err(ContentError::Foreign { root: root.local().to_owned() });
        }
        Ok(Self { oval: oval::oval(root)? })
    }

    /// Reads a document of external variables.
    ///
    /// # Errors
    /// When it is not XML within the bounds, or no such document.
    pub fn parse_bindings(bytes: &[u8]) -> Result<Bindings, ContentError> {
        let document = xml::parse(xml::decode(bytes)?)?;
        let root = document.root_element();
        if root.local() != "oval_variables" {
            return Err(ContentError::Foreign { root: root.local().to_owned() });
        }
        let variables = root.named("variables").flat_map(|section| section.named("variable").collect::<Vec<_>>());
        let read = |variable: xml::Node<'_, '_>| {
            let values = variable.named("value").map(|value| Value::from(&*value.content())).collect();
            (variable.attr("id").unwrap_or_default().to_owned(), values)
        };
        Ok(variables.map(read).collect())
    }

    /// Judges every definition of the document; `now` is the clock of tests that compare with it.
    ///
    /// # Errors
    /// When something uses itself, or through too many others.
    pub fn judge(
        &self,
        bindings: &Bindings,
        collector: &mut dyn Collect,
        watch: &mut dyn Watch,
        now: Timestamp,
    ) -> Result<DefinitionResults, ContentError> {
        let all = (0..).take(self.oval.definitions.len());
        let mut session = Session::new(&self.oval, all.clone(), now.as_second(), 0)?;
        for (place, variable) in (0..).zip(&self.oval.variables) {
            if let (VariableContent::External { .. }, Some(values)) = (&variable.content, bindings.get(&variable.id)) {
                let typed = values.iter().map(|value| oval::value(&value.text(), variable.datatype));
                session.bind(place, typed.collect());
            }
        }
        let mut world = World::new(collector, watch);
        session.collect(&all.clone().collect(), &mut world);
        for place in all {
            session.definition(place, &mut world);
        }
        let verdict = |id: Option<&String>, truth| Verdict {
            document: String::new(),
            id: id.cloned().unwrap_or_default(),
            truth,
        };
        let definitions = session.definition_results();
        let definitions = definitions
            .map(|(place, truth)| verdict(at(&self.oval.definitions, place).map(|definition| &definition.id), truth));
        let tests = session.test_results();
        let tests =
            tests.map(|(place, tested)| verdict(at(&self.oval.tests, place).map(|test| &test.id), tested.truth));
        Ok(DefinitionResults { definitions: definitions.collect(), tests: tests.collect() })
    }
}
