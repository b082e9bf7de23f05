//! From content and a selection to a compiled benchmark.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Alternative, COMPILED_FORMAT, Compiled, CompiledCheck, CompiledDocument, CompiledItem, CompiledRule, Platform,
    PlatformTest, RuleFix, RuleTexts, SimpleCheck,
};
use crate::content::{Content, Document, Loaded};
use crate::cpe::{self, Applicability};
use crate::error::ContentError;
use crate::oval::parse::value;
use crate::oval::prune::prune;
use crate::oval::{Place, at};
use crate::xccdf::profile::{Refined, Selection, Tailored, find, tailor};
use crate::xccdf::{Check, Complex, ComplexChild, Item, Rule, Text};
use crate::xml::DEPTH_MAX;

const OVAL: &str = "http://oval.mitre.org/XMLSchema/oval-definitions-5";

/// The most names that platforms may be made of; names that name each other multiply.
const PLATFORM_NODES_MAX: usize = 100_000;

/// What a rule says that has nothing for us to check.
const NO_CHECK: &str = "No candidate or applicable check found.";

/// What a rule says whose checks lead nowhere.
const UNRESOLVABLE: &str = "None of the check-content-ref elements was resolvable.";

impl Content {
    /// Tailors and compiles one benchmark; without an id the content's first.
    ///
    /// # Errors
    /// When there is no such benchmark or profile, or what the selected rules need uses itself.
    pub fn compile(&self, benchmark: Option<&str>, selection: Selection<'_>) -> Result<Compiled, ContentError> {
        let wanted = |loaded: &&Loaded| benchmark.is_none_or(|id| loaded.benchmark.id == id);
        let missing = || ContentError::NoBenchmark { id: benchmark.unwrap_or_default().to_owned() };
        let loaded = self.benchmarks.iter().find(wanted).ok_or_else(missing)?;
        let tailored = tailor(&loaded.benchmark, &self.tailoring, selection)?;
        let mut compiler = Compiler {
            content: self,
            loaded,
            tailored: &tailored,
            platforms: Vec::new(),
            needed: BTreeMap::new(),
            nodes: 0,
        };
        let benchmark = &loaded.benchmark;
        let whole = CompiledItem {
            id: benchmark.id.clone(),
            parent: None,
            weight: 1.0,
            title: benchmark.title.clone(),
            platforms: compiler.platforms(&benchmark.platforms),
            rule: None,
        };
        // The benchmark itself is the first item: the root of all groups.
        let mut items = vec![whole];
        for (place, item) in benchmark.items.iter().enumerate() {
            items.push(compiler.item(place, item));
        }
        let profile = match selection {
            Selection::Profile(id) => find(benchmark, &self.tailoring, id),
            Selection::All | Selection::Default => None,
        };
        let Compiler { platforms, needed, .. } = compiler;
        let values: BTreeMap<String, String> = tailored.values.into_iter().collect();
        let mut compiled = Compiled {
            format: COMPILED_FORMAT,
            benchmark: benchmark.id.clone(),
            title: benchmark.title.clone(),
            version: benchmark.version.clone(),
            profile: profile.map(|profile| profile.id.clone()),
            profile_title: profile.map(|profile| profile.title.clone()),
            items,
            values: values.into_iter().collect(),
            models: benchmark.models.clone(),
            platforms,
            documents: Vec::new(),
        };
        self.prune(&mut compiled, &needed)?;
        Ok(compiled)
    }

    /// Takes in what is needed of each document, and counts all places anew.
    fn prune(&self, compiled: &mut Compiled, needed: &BTreeMap<Place, BTreeSet<Place>>) -> Result<(), ContentError> {
        let mut parts = BTreeMap::new();
        for (place, definitions) in needed {
            let Some(document) = at(&self.documents, *place) else { continue };
            let pruned = prune(&document.oval, definitions.iter().copied())?;
            let number = Place::try_from(compiled.documents.len()).unwrap_or(Place::MAX);
            compiled.documents.push(CompiledDocument { name: document.name.clone(), oval: pruned.oval });
            parts.insert(*place, (number, pruned.definitions, pruned.variables));
        }
        let moved = |map: &BTreeMap<Place, Place>, place: Place| map.get(&place).copied().unwrap_or(Place::MAX);
        for platform in &mut compiled.platforms {
            renumber_platform(&mut platform.test, &|document, definition| {
                let Some((number, definitions, _)) = parts.get(document) else { return };
                *definition = moved(definitions, *definition);
                *document = *number;
            });
        }
        for rule in compiled.items.iter_mut().filter_map(|item| item.rule.as_mut()) {
            renumber_check(&mut rule.check, &|check| {
                for alternative in &mut check.alternatives {
                    let Some((number, definitions, _)) = parts.get(&alternative.document) else { continue };
                    alternative.document = *number;
                    for definition in &mut alternative.definitions {
                        *definition = moved(definitions, *definition);
                    }
                }
                // Variables that nothing here uses are gone.
                check.exports.retain_mut(|(document, variable, _)| {
                    let Some((number, _, variables)) = parts.get(document) else { return false };
                    let Some(place) = variables.get(variable) else { return false };
                    (*document, *variable) = (*number, *place);
                    true
                });
            });
        }
        Ok(())
    }
}

fn renumber_platform(test: &mut PlatformTest, each: &impl Fn(&mut Place, &mut Place)) {
    match test {
        PlatformTest::Never => {}
        PlatformTest::Definition { document, definition } => each(document, definition),
        PlatformTest::Test { children, .. } => {
            for child in children {
                renumber_platform(child, each);
            }
        }
    }
}

fn renumber_check(check: &mut CompiledCheck, each: &impl Fn(&mut SimpleCheck)) {
    match check {
        CompiledCheck::None(_) => {}
        CompiledCheck::Simple(simple) => each(simple),
        CompiledCheck::Complex { children, .. } => {
            for child in children {
                renumber_check(child, each);
            }
        }
    }
}

struct Compiler<'c> {
    content: &'c Content,
    loaded: &'c Loaded,
    tailored: &'c Tailored,
    platforms: Vec<Platform>,
    /// Which definitions of which documents are asked for.
    needed: BTreeMap<Place, BTreeSet<Place>>,
    /// How many nodes the tests of platforms have so far.
    nodes: usize,
}

impl<'c> Compiler<'c> {
    fn item(&mut self, place: usize, item: &Item) -> CompiledItem {
        let tailored = self.tailored;
        let selected = tailored.selected.get(place).copied().unwrap_or(false);
        let refined = tailored.refined.get(place);
        // One more for the benchmark itself, which stands first.
        let parent = item.parent.map_or(0, |parent| Place::try_from(parent + 1).unwrap_or(0));
        let rule = item.rule.as_ref().zip(refined).map(|(rule, refined)| Box::new(self.rule(rule, refined, selected)));
        let matters = selected || rule.is_none();
        CompiledItem {
            id: item.id.clone(),
            parent: Some(parent),
            weight: refined.map_or(item.weight, |refined| refined.weight),
            title: self.text(&item.title),
            platforms: if matters { self.platforms(&item.platforms) } else { Vec::new() },
            rule,
        }
    }

    fn rule(&mut self, rule: &Rule, refined: &Refined, selected: bool) -> CompiledRule {
        let check = if selected { self.checks(rule, refined) } else { CompiledCheck::None(String::new()) };
        CompiledRule {
            selected,
            severity: refined.severity,
            role: refined.role,
            check,
            texts: selected.then(|| Box::new(self.texts(rule))),
        }
    }

    fn texts(&self, rule: &Rule) -> RuleTexts {
        let fix = |fix: &crate::xccdf::Fix| RuleFix {
            system: fix.system.clone(),
            id: fix.id.clone(),
            strategy: fix.strategy.clone(),
            complexity: fix.complexity.clone(),
            disruption: fix.disruption.clone(),
            reboot: fix.reboot,
            text: self.text(&fix.text),
        };
        RuleTexts {
            description: self.text(&rule.description),
            rationale: self.text(&rule.rationale),
            warnings: rule.warnings.iter().map(|warning| self.text(warning)).collect(),
            idents: rule.idents.clone(),
            references: rule.references.clone(),
            fixes: rule.fixes.iter().map(fix).collect(),
        }
    }

    fn text(&self, text: &Text) -> String {
        text.with(|id| self.tailored.values.get(id).map(String::as_str))
    }

    /// Of the checks with the rule's selector the last one that is supported.
    fn checks(&mut self, rule: &Rule, refined: &Refined) -> CompiledCheck {
        if let Some(complex) = &rule.complex {
            return self.complex(complex);
        }
        let of =
            |selector: &str| -> Vec<&Check> { rule.checks.iter().filter(|check| check.selector == selector).collect() };
        let mut candidates = of(&refined.selector);
        if candidates.is_empty() {
            candidates = of("");
        }
        match candidates.iter().rev().find(|check| check.system == OVAL) {
            Some(check) => self.check(check),
            None => CompiledCheck::None(NO_CHECK.to_owned()),
        }
    }

    fn complex(&mut self, complex: &Complex) -> CompiledCheck {
        let child = |child: &ComplexChild| match child {
            ComplexChild::Check(check) if check.system == OVAL => self.check(check),
            ComplexChild::Check(_) => CompiledCheck::None(NO_CHECK.to_owned()),
            ComplexChild::Complex(complex) => self.complex(complex),
        };
        let children = complex.children.iter().map(child).collect();
        CompiledCheck::Complex { any: complex.any, negate: complex.negate, children }
    }

    fn check(&mut self, check: &Check) -> CompiledCheck {
        let mut alternatives = Vec::new();
        let mut exports = Vec::new();
        let mut unbound = false;
        for (href, name) in &check.contents {
            let Some((place, document)) = self.document(href) else { continue };
            let definitions: Vec<Place> = match name {
                // A definition that the document does not have gives no answer: the next alternative may.
                Some(name) => document.definitions.get(name).copied().into_iter().collect(),
                None => (0..).take(document.oval.definitions.len()).collect(),
            };
            if name.is_some() && definitions.is_empty() {
                continue;
            }
            self.needed.entry(place).or_default().extend(&definitions);
            for (id, variable) in &check.exports {
                let Some(bound) = self.tailored.values.get(id) else {
                    unbound = true;
                    continue;
                };
                let Some(variable) = document.variables.get(variable) else { continue };
                let datatype = at(&document.oval.variables, *variable).map(|variable| variable.datatype);
                if let Some(datatype) = datatype {
                    exports.push((place, *variable, vec![value(bound, datatype)]));
                }
            }
            let multi = check.multi && name.is_none();
            alternatives.push(Alternative {
                document: place,
                href: href.clone(),
                name: name.clone(),
                definitions,
                multi,
            });
        }
        if alternatives.is_empty() {
            return CompiledCheck::None(UNRESOLVABLE.to_owned());
        }
        CompiledCheck::Simple(SimpleCheck { negate: check.negate, alternatives, exports, unbound })
    }

    fn document(&self, href: &str) -> Option<(Place, &'c Document)> {
        let content = self.content;
        let place = *self.loaded.catalog.get(href)?;
        Some((Place::try_from(place).ok()?, content.documents.get(place)?))
    }

    fn platforms(&mut self, names: &[String]) -> Vec<Place> {
        names.iter().filter_map(|name| self.platform(name)).collect()
    }

    fn platform(&mut self, name: &str) -> Option<Place> {
        let known = self.platforms.iter().position(|platform| platform.name == name);
        let place = match known {
            Some(place) => place,
            None => {
                let test = self.platform_test(name, 0);
                self.platforms.push(Platform { name: name.to_owned(), test });
                self.platforms.len() - 1
            }
        };
        Place::try_from(place).ok()
    }

    /// A platform by its name: of the benchmark's language, of the dictionaries' languages, of the dictionaries.
    fn platform_test(&mut self, name: &str, depth: usize) -> PlatformTest {
        self.nodes += 1;
        if depth > DEPTH_MAX || self.nodes > PLATFORM_NODES_MAX {
            return PlatformTest::Never;
        }
        let content = self.content;
        let loaded = self.loaded;
        let id = name.strip_prefix('#').unwrap_or(name);
        if let Some(test) = loaded.benchmark.language.get(id) {
            return self.applicability(test, &loaded.catalog, depth);
        }
        for dictionary in &content.dictionaries {
            if let Some(test) = dictionary.language.get(id) {
                return self.applicability(test, &dictionary.catalog, depth);
            }
        }
        let mut children = Vec::new();
        for dictionary in &content.dictionaries {
            for item in dictionary.items.iter().filter(|item| cpe::matches(&item.name, name)) {
                if let Some((href, definition)) = &item.check {
                    children.push(self.fact(href, definition, &dictionary.catalog));
                }
            }
        }
        if children.is_empty() {
            return PlatformTest::Never;
        }
        PlatformTest::Test { any: true, negate: false, children }
    }

    fn applicability(&mut self, test: &Applicability, catalog: &HashMap<String, usize>, depth: usize) -> PlatformTest {
        match test {
            Applicability::Test { any, negate, children } => {
                let children = children.iter().map(|child| self.applicability(child, catalog, depth)).collect();
                PlatformTest::Test { any: *any, negate: *negate, children }
            }
            Applicability::Check { href, definition } => self.fact(href, definition, catalog),
            Applicability::Name(name) => self.platform_test(name, depth + 1),
        }
    }

    fn fact(&mut self, href: &str, definition: &str, catalog: &HashMap<String, usize>) -> PlatformTest {
        let found = catalog.get(href).and_then(|place| {
            let document = self.content.documents.get(*place)?;
            Some((Place::try_from(*place).ok()?, *document.definitions.get(definition)?))
        });
        match found {
            Some((document, definition)) => {
                self.needed.entry(document).or_default().insert(definition);
                PlatformTest::Definition { document, definition }
            }
            None => PlatformTest::Never,
        }
    }
}
