//! A small data stream and a host that is a list.

use std::collections::BTreeMap;

use yagura_scap::{
    Collect, Collected, Compiled, Content, Field, Item, Judged, Kind, Object, Selection, Unwatched, judge,
};

pub(crate) const OVAL_SPACES: &str = r#"xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"
    xmlns:i="http://oval.mitre.org/XMLSchema/oval-definitions-5#independent"
    xmlns:u="http://oval.mitre.org/XMLSchema/oval-definitions-5#unix""#;

/// Definitions about `/etc/conf`, whose lines the host gives as items.
pub(crate) const OVAL: &str = r#"
  <definitions>
    <definition id="oval:x:def:1" version="1" class="compliance"><metadata/>
      <criteria operator="AND">
        <criterion test_ref="oval:x:tst:1"/>
        <extend_definition definition_ref="oval:x:def:2" negate="true"/>
      </criteria></definition>
    <definition id="oval:x:def:2" version="1" class="compliance"><metadata/>
      <criteria><criterion test_ref="oval:x:tst:2"/></criteria></definition>
    <definition id="oval:x:def:3" version="1" class="vulnerability"><metadata/>
      <criteria><criterion test_ref="oval:x:tst:1"/></criteria></definition>
    <definition id="oval:x:def:4" version="1" class="compliance"><metadata/>
      <criteria><criterion test_ref="oval:x:tst:3"/></criteria></definition>
  </definitions>
  <tests>
    <i:textfilecontent54_test id="oval:x:tst:1" version="1" check="all" comment="the limit is high enough">
      <i:object object_ref="oval:x:obj:1"/><i:state state_ref="oval:x:ste:1"/></i:textfilecontent54_test>
    <i:textfilecontent54_test id="oval:x:tst:2" version="1" check="all" check_existence="at_least_one_exists" comment="bad is set">
      <i:object object_ref="oval:x:obj:2"/></i:textfilecontent54_test>
    <u:file_test id="oval:x:tst:3" version="1" check="all" check_existence="none_exist" comment="no file is open to all">
      <u:object object_ref="oval:x:obj:3"/></u:file_test>
  </tests>
  <objects>
    <i:textfilecontent54_object id="oval:x:obj:1" version="1">
      <i:filepath>/etc/conf</i:filepath><i:pattern operation="pattern match">^limit=(\d+)$</i:pattern>
      <i:instance datatype="int">1</i:instance></i:textfilecontent54_object>
    <i:textfilecontent54_object id="oval:x:obj:2" version="1">
      <i:filepath>/etc/conf</i:filepath><i:pattern operation="pattern match">^bad$</i:pattern>
      <i:instance datatype="int">1</i:instance></i:textfilecontent54_object>
    <u:file_object id="oval:x:obj:3" version="1">
      <u:path>/etc</u:path><u:filename operation="pattern match">.*</u:filename>
      <filter action="exclude">oval:x:ste:2</filter></u:file_object>
  </objects>
  <states>
    <i:textfilecontent54_state id="oval:x:ste:1" version="1">
      <i:subexpression datatype="int" operation="greater than or equal" var_ref="oval:x:var:1"/></i:textfilecontent54_state>
    <u:file_state id="oval:x:ste:2" version="1"><u:owrite datatype="boolean">false</u:owrite></u:file_state>
  </states>
  <variables>
    <external_variable id="oval:x:var:1" version="1" datatype="int" comment="least"/>
  </variables>"#;

/// The platform `#has_conf` is a definition of another document.
const CPE_OVAL: &str = r#"
  <definitions><definition id="oval:x:def:9" version="1" class="inventory"><metadata/>
    <criteria><criterion test_ref="oval:x:tst:9"/></criteria></definition></definitions>
  <tests><u:file_test id="oval:x:tst:9" version="1" check="all" check_existence="at_least_one_exists" comment="there is a conf">
    <u:object object_ref="oval:x:obj:9"/></u:file_test></tests>
  <objects><u:file_object id="oval:x:obj:9" version="1"><u:path>/etc</u:path><u:filename>conf</u:filename></u:file_object></objects>"#;

pub(crate) fn check(definition: &str) -> String {
    format!(
        r#"<check system="http://oval.mitre.org/XMLSchema/oval-definitions-5">
             <check-export value-id="least" export-name="oval:x:var:1"/>
             <check-content-ref href="oval.xml" name="{definition}"/></check>"#
    )
}

/// A benchmark with the given profiles, groups and rules.
pub(crate) fn benchmark(body: &str) -> String {
    format!(
        r##"<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2" xmlns:c="http://cpe.mitre.org/language/2.0" id="xccdf_x_benchmark_b">
          <title>Small</title>
          <c:platform-specification>
            <c:platform id="has_conf"><c:logical-test operator="AND" negate="false">
              <c:check-fact-ref system="s" href="cpe-oval.xml" id-ref="oval:x:def:9"/></c:logical-test></c:platform>
            <c:platform id="no_conf"><c:logical-test operator="AND" negate="true">
              <c:fact-ref name="cpe:/a:x:conf"/></c:logical-test></c:platform>
          </c:platform-specification>
          <version>7</version>
          <Value id="least" type="number"><title>Least</title><value>10</value><value selector="more">50</value></Value>
          {body}
        </Benchmark>"##
    )
}

pub(crate) fn oval(body: &str) -> String {
    format!("<oval_definitions {OVAL_SPACES}>{body}</oval_definitions>")
}

/// A collection that holds a benchmark, its definitions and its platforms.
pub(crate) fn stream(benchmark: &str, definitions: &str) -> String {
    format!(
        r##"<?xml version="1.0" encoding="UTF-8"?>
        <ds:data-stream-collection xmlns:ds="http://scap.nist.gov/schema/scap/source/1.2" xmlns:x="http://www.w3.org/1999/xlink"
            xmlns:cat="urn:oasis:names:tc:entity:xmlns:xml:catalog" id="c">
          <ds:data-stream id="s">
            <ds:dictionaries><ds:component-ref id="r-dict" x:href="#c-dict"><cat:catalog>
              <cat:uri name="of-dict.xml" uri="#r-cpe"/></cat:catalog></ds:component-ref></ds:dictionaries>
            <ds:checklists><ds:component-ref id="r-b" x:href="#c-b"><cat:catalog>
              <cat:uri name="oval.xml" uri="#r-oval"/><cat:uri name="cpe-oval.xml" uri="#r-cpe"/>
              <cat:uri name="far.xml" uri="#r-far"/></cat:catalog></ds:component-ref></ds:checklists>
            <ds:checks><ds:component-ref id="r-oval" x:href="#c-oval"/><ds:component-ref id="r-cpe" x:href="#c-cpe"/>
              <ds:component-ref id="r-far" x:href="https://far.example/oval.xml.bz2"/></ds:checks>
          </ds:data-stream>
          <ds:component id="c-dict"><cpe-list xmlns="http://cpe.mitre.org/dictionary/2.0">
            <cpe-item name="cpe:/a:x:conf:1"><check system="s" href="of-dict.xml">oval:x:def:9</check></cpe-item></cpe-list></ds:component>
          <ds:component id="c-b">{benchmark}</ds:component>
          <ds:component id="c-oval">{}</ds:component>
          <ds:component id="c-cpe">{}</ds:component>
        </ds:data-stream-collection>"##,
        oval(definitions),
        oval(CPE_OVAL),
    )
}

/// A host: the lines of `/etc/conf`, and the files of `/etc` with whether others may write them.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListHost {
    pub(crate) lines: Vec<&'static str>,
    pub(crate) files: Vec<(&'static str, bool)>,
    /// How often each object was asked for.
    pub(crate) asked: BTreeMap<u32, usize>,
    /// How many objects were prepared in each round.
    pub(crate) prepared: Vec<usize>,
}

impl Collect for ListHost {
    fn prepare(&mut self, objects: &[std::sync::Arc<Object>]) {
        self.prepared.push(objects.len());
    }

    fn collect(&mut self, object: &Object) -> Collected {
        *self.asked.entry(object.id).or_default() += 1;
        match object.kind {
            Kind::TextFileContent54 => self.text(object),
            Kind::File => {
                let wanted = object.entity(Field::Filename).unwrap();
                let files = self.files.iter().filter(|(name, _)| wanted.accepts(name));
                let item = |(name, open): &(&'static str, bool)| {
                    Item::new().with(Field::Path, "/etc").with(Field::Filename, *name).with(Field::OWrite, *open)
                };
                Collected::complete(files.map(item).collect())
            }
            other => Collected::not_collected(format!("no {other} here")),
        }
    }
}

impl ListHost {
    fn text(&self, object: &Object) -> Collected {
        let pattern = &object.entity(Field::Pattern).unwrap().patterns()[0];
        let mut items = Vec::new();
        for line in &self.lines {
            match pattern.first(line.as_bytes()) {
                Ok(None) => {}
                Ok(Some(groups)) => {
                    let mut item = Item::new().with(Field::Filepath, "/etc/conf").with(Field::Text, *line);
                    for group in groups.into_iter().skip(1).flatten() {
                        item.push(Field::Subexpression, String::from_utf8(group.to_vec()).unwrap());
                    }
                    items.push(item);
                }
                Err(error) => return Collected::error(error.to_string()),
            }
        }
        Collected::complete(items)
    }
}

pub(crate) fn compiled(stream: &str, selection: Selection<'_>) -> Compiled {
    Content::parse(stream.as_bytes()).unwrap().compile(None, selection).unwrap()
}

pub(crate) fn judged<'c>(compiled: &'c Compiled, host: &mut ListHost) -> Judged<'c> {
    judge(compiled, host, &mut Unwatched, "2026-11-01T00:00:00Z".parse().unwrap()).unwrap()
}

/// Rule and result, in order.
pub(crate) fn outcomes(judged: &Judged<'_>) -> Vec<(String, &'static str)> {
    judged.results.rules.iter().map(|result| (result.id.clone(), result.outcome.name())).collect()
}

/// The result of the one rule that a check makes.
pub(crate) fn outcome_of(check: &str, host: &mut ListHost) -> &'static str {
    let compiled = compiled(&stream(&benchmark(&format!("<Rule id='r'>{check}</Rule>")), OVAL), Selection::Default);
    judged(&compiled, host).results.rules[0].outcome.name()
}
