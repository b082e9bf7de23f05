//! SCAP content: data streams, or benchmarks and definitions as files side by side.

use std::collections::HashMap;

use crate::cpe::{self, DictionaryItem};
use crate::error::ContentError;
use crate::oval::{Oval, parse as oval};
use crate::xccdf::{Benchmark, Profile, parse as xccdf};
use crate::xml::{self, Element as _, Node};

const XLINK: &str = "http://www.w3.org/1999/xlink";

/// Content that was read: benchmarks and what they refer to.
#[derive(Debug, Default)]
pub struct Content {
    pub(crate) benchmarks: Vec<Loaded>,
    /// Every document of definitions.
    pub(crate) documents: Vec<Document>,
    pub(crate) dictionaries: Vec<Dictionary>,
    /// Profiles of tailoring files.
    pub(crate) tailoring: Vec<Profile>,
}

/// A benchmark, and what the addresses in it mean.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) benchmark: Benchmark,
    pub(crate) catalog: Catalog,
}

/// The definitions of one document.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) oval: Oval,
    /// Places of definitions by their ids.
    pub(crate) definitions: HashMap<String, u32>,
    /// Places of variables by their ids.
    pub(crate) variables: HashMap<String, u32>,
}

#[derive(Debug)]
pub(crate) struct Dictionary {
    pub(crate) items: Vec<DictionaryItem>,
    pub(crate) language: HashMap<String, cpe::Applicability>,
    pub(crate) catalog: Catalog,
}

/// From addresses to places among the documents; an address that leads elsewhere is not in it.
pub(crate) type Catalog = HashMap<String, usize>;

/// What a benchmark is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchmarkSummary {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its version.
    pub version: String,
    /// How many rules it has.
    pub rules: usize,
    /// Its profiles, those of tailoring files first.
    pub profiles: Vec<ProfileSummary>,
}

/// What a profile is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileSummary {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
}

impl Content {
    /// Reads one document: a data stream collection, a benchmark, or definitions.
    ///
    /// # Errors
    /// When it is not XML within the bounds, or no content.
    pub fn parse(bytes: &[u8]) -> Result<Self, ContentError> {
        Self::parse_files(&[("", bytes)])
    }

    /// Reads documents that lie side by side and refer to each other by their file names.
    ///
    /// # Errors
    /// When one of them is not XML within the bounds, or no content.
    pub fn parse_files(files: &[(&str, &[u8])]) -> Result<Self, ContentError> {
        let mut content = Self::default();
        let mut by_name = Catalog::new();
        let mut plain = Vec::new();
        for (name, bytes) in files {
            let text = xml::decode(bytes)?;
            let document = xml::parse(text)?;
            let root = document.root_element();
            match root.local() {
                "data-stream-collection" => content.collection(root)?,
                "Benchmark" => plain.push(xccdf::benchmark(root)?),
                "oval_definitions" => {
                    by_name.insert((*name).to_owned(), content.documents.len());
                    content.documents.push(Document::read(root, name)?);
                }
                "cpe-list" => content.dictionaries.push(Dictionary::read(root, Catalog::new())),
                "Tailoring" => content.tailoring.extend(xccdf::tailoring(root)?),
                // Questionnaires are not for machines.
                "ocil" => {}
                other => return Err(ContentError::Foreign { root: other.to_owned() }),
            }
        }
        for dictionary in content.dictionaries.iter_mut().filter(|dictionary| dictionary.catalog.is_empty()) {
            dictionary.catalog.clone_from(&by_name);
        }
        let loaded = plain.into_iter().map(|benchmark| Loaded { benchmark, catalog: by_name.clone() });
        content.benchmarks.extend(loaded);
        Ok(content)
    }

    /// Adds the profiles of a tailoring file.
    ///
    /// # Errors
    /// When it is not XML within the bounds, or no tailoring.
    pub fn tailor(&mut self, bytes: &[u8]) -> Result<(), ContentError> {
        let document = xml::parse(xml::decode(bytes)?)?;
        let root = document.root_element();
        if root.local() != "Tailoring" {
            return Err(ContentError::Foreign { root: root.local().to_owned() });
        }
        self.tailoring.extend(xccdf::tailoring(root)?);
        Ok(())
    }

    /// What benchmarks the content has.
    #[must_use]
    pub fn benchmarks(&self) -> Vec<BenchmarkSummary> {
        let profile = |profile: &Profile| ProfileSummary {
            id: profile.id.clone(),
            title: profile.title.clone(),
            description: profile.description.clone(),
        };
        let summary = |loaded: &Loaded| {
            let benchmark = &loaded.benchmark;
            BenchmarkSummary {
                id: benchmark.id.clone(),
                title: benchmark.title.clone(),
                version: benchmark.version.clone(),
                rules: benchmark.items.iter().filter(|item| item.rule.is_some()).count(),
                profiles: self.tailoring.iter().chain(&benchmark.profiles).map(profile).collect(),
            }
        };
        self.benchmarks.iter().map(summary).collect()
    }

    /// Reads a collection's components, each once, and follows its references.
    fn collection<'a>(&mut self, root: Node<'a, 'a>) -> Result<(), ContentError> {
        let components: HashMap<&str, Node<'a, 'a>> = root
            .named("component")
            .filter_map(|component| Some((component.attr("id")?, component.elements().next()?)))
            .collect();
        let references: HashMap<&str, Node<'a, 'a>> = root
            .named("data-stream")
            .flat_map(|stream| stream.descendants().filter(|node| node.is_element() && node.local() == "component-ref"))
            .filter_map(|reference| Some((reference.attr("id")?, reference)))
            .collect();
        // Documents in the order of the components, so that their numbers do not depend on a map's order.
        let mut documents = HashMap::new();
        for component in root.named("component") {
            let Some((id, body)) = component.attr("id").zip(component.elements().next()) else { continue };
            if body.local() == "oval_definitions" {
                documents.insert(id, self.documents.len());
                self.documents.push(Document::read(body, id)?);
            }
        }
        let target =
            |reference: Node<'a, 'a>| reference.attribute((XLINK, "href")).and_then(|href| href.strip_prefix('#'));
        let catalog = |reference: Node<'a, 'a>| -> Catalog {
            let uris = reference.named("catalog").flat_map(|catalog| catalog.named("uri").collect::<Vec<_>>());
            uris.filter_map(|uri| {
                let referred = references.get(uri.attr("uri")?.strip_prefix('#')?)?;
                Some((uri.attr("name")?.to_owned(), *documents.get(target(*referred)?)?))
            })
            .collect()
        };
        for stream in root.named("data-stream") {
            let of =
                |section| stream.named(section).flat_map(|section| section.named("component-ref").collect::<Vec<_>>());
            for reference in of("dictionaries") {
                let component = target(reference).and_then(|id| components.get(id));
                if let Some(list) = component.filter(|node| node.local() == "cpe-list") {
                    self.dictionaries.push(Dictionary::read(*list, catalog(reference)));
                }
            }
            for reference in of("checklists") {
                match target(reference).and_then(|id| components.get(id)) {
                    Some(node) if node.local() == "Benchmark" => {
                        let benchmark = xccdf::benchmark(*node)?;
                        self.benchmarks.push(Loaded { benchmark, catalog: catalog(reference) });
                    }
                    Some(node) if node.local() == "Tailoring" => self.tailoring.extend(xccdf::tailoring(*node)?),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

impl Document {
    fn read(root: Node<'_, '_>, name: &str) -> Result<Self, ContentError> {
        let oval = oval::oval(root)?;
        let mut definitions = HashMap::new();
        for (place, definition) in (0..).zip(&oval.definitions) {
            definitions.entry(definition.id.clone()).or_insert(place);
        }
        let mut variables = HashMap::new();
        for (place, variable) in (0..).zip(&oval.variables) {
            variables.entry(variable.id.clone()).or_insert(place);
        }
        Ok(Self { name: name.to_owned(), oval, definitions, variables })
    }
}

impl Dictionary {
    fn read(root: Node<'_, '_>, catalog: Catalog) -> Self {
        Self { items: cpe::dictionary(root), language: cpe::language(root), catalog }
    }
}
