//! Whole benchmarks over a host that is a list: from the bytes of content to results and documents.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod fixture;
mod hostile;

use fixture::{ListHost, OVAL, benchmark, check, compiled, judged, outcome_of, outcomes, oval, stream};
use yagura_scap::{
    Bindings, Compiled, Content, ContentError, Definitions, Flag, Outcome, RunFacts, Selection, Truth, Unwatched,
};

fn limited(line: &'static str) -> ListHost {
    ListHost { lines: vec![line], files: vec![("conf", false)], ..ListHost::default() }
}

#[test]
fn a_data_stream_is_judged() {
    let body = format!(
        r##"<Profile id="xccdf_x_profile_p"><title>P</title><refine-value idref="least" selector="more"/></Profile>
        <Group id="g"><platform idref="#has_conf"/>
          <Rule id="limit" severity="high"><title>Limit of <sub idref="least"/></title>{}</Rule>
          <Rule id="here_only"><platform idref="#no_conf"/><platform idref="cpe:/a:x:conf:1"/>{}</Rule></Group>
        <Rule id="elsewhere"><platform idref="#no_conf"/>{}</Rule>
        <Rule id="nowhere"><platform idref="cpe:/o:other"/>{}</Rule>
        <Rule id="open">{}</Rule><Rule id="off" selected="false"/>"##,
        check("oval:x:def:1"),
        check("oval:x:def:2"),
        check("oval:x:def:1"),
        check("oval:x:def:1"),
        check("oval:x:def:4"),
    );
    let compiled = compiled(&stream(&benchmark(&body), OVAL), Selection::Profile("p"));
    let mut host = limited("limit=20");
    host.files.push(("open", true));
    let judged = judged(&compiled, &mut host);
    let expected = [
        ("limit", "fail"),
        ("here_only", "fail"),
        ("elsewhere", "notapplicable"),
        ("nowhere", "notapplicable"),
        ("open", "fail"),
        ("off", "notselected"),
    ];
    assert_eq!(outcomes(&judged), expected.map(|(id, outcome)| (id.to_owned(), outcome)));
    assert_eq!(compiled.items[2].title, "Limit of 50");
    assert_eq!(judged.results.platforms, ["#has_conf", "cpe:/a:x:conf:1"]);

    let [limit] = judged.results.rules[0].evidence.as_slice() else { panic!("{:?}", judged.results.rules[0]) };
    assert_eq!((limit.comment.as_str(), limit.truth, limit.wanted), ("the limit is high enough", Truth::False, true));
    assert_eq!(limit.expected, ["subexpression greater than or equal `50`"]);
    assert!(limit.items[0].values.contains(&("text", "limit=20".to_owned())), "{limit:?}");
    let open = &judged.results.rules[4].evidence[0];
    assert_eq!((open.flag, open.found), (Flag::Complete, 1));
    assert!(open.items[0].values.contains(&("filename", "open".to_owned())), "the filter keeps closed files out");

    assert!(host.asked.values().all(|asked| *asked == 1), "{:?}", host.asked);
}

#[test]
fn profiles_and_hosts_change_the_results() {
    assert_eq!(outcome_of(&check("oval:x:def:1"), &mut limited("limit=20")), "pass");
    assert_eq!(outcome_of(&check("oval:x:def:1"), &mut limited("limit=9")), "fail");
    assert_eq!(outcome_of(&check("oval:x:def:1"), &mut limited("bad")), "fail");
    assert_eq!(outcome_of(&check("oval:x:def:3"), &mut limited("limit=20")), "fail");
    assert_eq!(outcome_of(&check("oval:x:def:3"), &mut limited("limit=2")), "pass");
}

#[test]
fn checks_of_every_shape() {
    let mut host = limited("limit=20");
    let mut outcome = |check: &str| outcome_of(check, &mut host);
    let oval = "system='http://oval.mitre.org/XMLSchema/oval-definitions-5'";
    let pass = check("oval:x:def:1");
    let fail = check("oval:x:def:2");
    assert_eq!(outcome(""), "notchecked");
    assert_eq!(
        outcome("<check system='http://scap.nist.gov/schema/ocil/2'><check-content-ref href='o'/></check>"),
        "notchecked"
    );
    assert_eq!(outcome(&format!("<check {oval}><check-content-ref href='far.xml'/></check>")), "notchecked");
    assert_eq!(outcome(&check("oval:x:def:404")), "notchecked");
    assert_eq!(outcome(&pass.replace("<check system", "<check negate='true' system")), "fail");
    assert_eq!(outcome(&pass.replace("value-id=\"least\"", "value-id=\"none\"")), "unknown");
    assert_eq!(outcome(&format!("{fail}{pass}")), "pass", "of several the last");
    let both = |operator: &str| format!("<complex-check operator='{operator}'>{pass}{fail}</complex-check>");
    assert_eq!(outcome(&both("AND")), "fail");
    assert_eq!(outcome(&both("OR")), "pass");
    assert_eq!(outcome(&both("OR").replace("operator", "negate='true' operator")), "fail");
    // All definitions of the document: 2 is false.
    let all = r#"<check-export value-id="least" export-name="oval:x:var:1"/><check-content-ref href="oval.xml"/>"#;
    assert_eq!(outcome(&format!("<check {oval}>{all}</check>")), "fail");
    // A name that is not there is passed over for the next alternative.
    let next = "<check-content-ref href='oval.xml' name='oval:x:def:404'/><check-content-ref href='oval.xml' name='oval:x:def:4'/>";
    assert_eq!(outcome(&format!("<check {oval}>{next}</check>")), "pass");
}

#[test]
fn a_multi_check_gives_a_result_for_every_definition() {
    let body = "<Rule id='r'><check system='http://oval.mitre.org/XMLSchema/oval-definitions-5' multi-check='true'>
        <check-export value-id='least' export-name='oval:x:var:1'/><check-content-ref href='oval.xml'/></check></Rule>";
    let compiled = compiled(&stream(&benchmark(body), OVAL), Selection::Default);
    let judged = judged(&compiled, &mut limited("limit=20"));
    let results: Vec<_> = judged.results.rules.iter().map(|result| result.outcome).collect();
    assert_eq!(results, [Outcome::Pass, Outcome::Fail, Outcome::Fail, Outcome::Pass]);
    assert!(judged.results.scores[0].score.abs() < f64::EPSILON);
}

#[test]
fn two_rules_may_give_one_variable_different_values() {
    let other = check("oval:x:def:1").replace("value-id=\"least\"", "value-id=\"most\"");
    let body = format!(
        "<Value id='most'><value>30</value></Value><Rule id='a'>{0}</Rule><Rule id='b'>{other}</Rule><Rule id='c'>{0}</Rule>",
        check("oval:x:def:1"),
    );
    let compiled = compiled(&stream(&benchmark(&body), OVAL), Selection::Default);
    let mut host = limited("limit=20");
    let results: Vec<_> =
        judged(&compiled, &mut host).results.rules.iter().map(|result| result.outcome.name()).collect();
    assert_eq!(results, ["pass", "fail", "pass"]);
    assert!(host.asked.values().all(|asked| *asked == 1), "no object depends on the variable: {:?}", host.asked);
}

#[test]
fn roles_and_weights_count_in_scores() {
    let body = format!(
        "<model system='urn:xccdf:scoring:default'/><model system='urn:xccdf:scoring:flat'/>
         <model system='urn:xccdf:scoring:flat-unweighted'/><model system='urn:xccdf:scoring:absolute'/>
         <Rule id='a' weight='3'>{pass}</Rule><Group id='g'><Rule id='b'>{pass}</Rule><Rule id='c'>{fail}</Rule>
         <Rule id='d' role='unscored'>{fail}</Rule><Rule id='e' role='unchecked'>{fail}</Rule></Group>",
        pass = check("oval:x:def:1"),
        fail = check("oval:x:def:2"),
    );
    let compiled = compiled(&stream(&benchmark(&body), OVAL), Selection::Default);
    let judged = judged(&compiled, &mut limited("limit=20"));
    let scores: Vec<_> = judged.results.scores.iter().map(|score| (score.score, score.maximum)).collect();
    assert_eq!(scores, [(87.5, 100.0), (4.0, 5.0), (2.0, 3.0), (0.0, 1.0)]);
    assert_eq!(judged.results.rules[3].outcome, Outcome::Informational);
    assert_eq!(judged.results.rules[4].outcome, Outcome::NotChecked);
}

#[test]
fn files_side_by_side_and_a_tailoring_file() {
    let body = format!(
        "<Profile id='xccdf_x_profile_p'><title>P</title></Profile><Rule id='r' selected='false'>{}</Rule>",
        check("oval:x:def:1")
    );
    let files = [("xccdf.xml", benchmark(&body)), ("oval.xml", oval(OVAL))];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let mut content = Content::parse_files(&files).unwrap();
    let tailoring = "<Tailoring xmlns='http://checklists.nist.gov/xccdf/1.2' id='t'>
        <Profile id='xccdf_x_profile_mine' extends='xccdf_x_profile_p'><title>Mine</title>
          <select idref='r' selected='true'/><set-value idref='least'>21</set-value></Profile></Tailoring>";
    content.tailor(tailoring.as_bytes()).unwrap();
    assert_eq!(content.benchmarks()[0].profiles[0].title, "Mine");
    let compiled = content.compile(Some("xccdf_x_benchmark_b"), Selection::Profile("mine")).unwrap();
    assert_eq!(outcomes(&judged(&compiled, &mut limited("limit=20"))), [("r".to_owned(), "fail")]);
    assert_eq!(outcomes(&judged(&compiled, &mut limited("limit=21"))), [("r".to_owned(), "pass")]);
    assert!(matches!(content.tailor(b"<Other/>"), Err(ContentError::Foreign { .. })));
    assert!(matches!(content.compile(Some("other"), Selection::All), Err(ContentError::NoBenchmark { .. })));
}

#[test]
fn the_compiled_file_is_all_that_judging_needs() {
    let body = format!("<Rule id='r'><description>Why</description>{}</Rule>", check("oval:x:def:1"));
    let compiled = compiled(&stream(&benchmark(&body), OVAL), Selection::Default);
    let bytes = compiled.to_bytes().unwrap();
    assert_eq!(Compiled::from_bytes(&bytes).unwrap(), compiled);
    let small = compiled.without_texts().to_bytes().unwrap();
    assert!(small.len() < bytes.len());
    let small = Compiled::from_bytes(&small).unwrap();
    assert_eq!(outcomes(&judged(&small, &mut limited("limit=20"))), [("r".to_owned(), "pass")]);
    let other = String::from_utf8(bytes).unwrap().replace("\"format\":1", "\"format\":0");
    assert!(matches!(Compiled::from_bytes(other.as_bytes()), Err(ContentError::Compiled { .. })));
}

#[test]
fn documents_for_other_tools_are_xml_and_complete() {
    let body = format!("<Rule id='r'>{}</Rule><Rule id='s' selected='false'/>", check("oval:x:def:1"));
    let text = stream(&benchmark(&body), OVAL);
    let compiled = compiled(&text, Selection::Default);
    let judged = judged(&compiled, &mut limited("limit=20"));
    let at = "2026-11-01T00:00:00Z".parse().unwrap();
    let facts = RunFacts {
        host: "a <b> & \u{1}".to_owned(),
        addresses: vec!["192.0.2.1".to_owned(), "2001:db8::1".to_owned()],
        started: at,
        ended: at,
        scanner: "Yagura".to_owned(),
        scanner_version: "0.1.0".to_owned(),
        os_name: "Linux".to_owned(),
        os_version: "1".to_owned(),
        architecture: "x86_64".to_owned(),
        benchmark_href: "stream.xml".to_owned(),
    };
    let mut result = String::new();
    judged.write_test_result(&facts, &mut result).unwrap();
    let document = roxmltree::Document::parse(&result).unwrap();
    let of = |document: &roxmltree::Document<'_>, name: &str| {
        document.descendants().filter(|node| node.tag_name().name() == name).count()
    };
    assert_eq!((of(&document, "rule-result"), of(&document, "check"), of(&document, "score")), (2, 1, 1));
    let mut arf = String::new();
    judged.write_arf(&facts, &text, &mut arf).unwrap();
    let document = roxmltree::Document::parse(&arf).unwrap();
    assert_eq!((of(&document, "report"), of(&document, "oval_results"), of(&document, "Benchmark")), (2, 1, 1));
    assert_eq!((of(&document, "textfilecontent_item"), of(&document, "criterion")), (1, 5 + 2));
}

/// The reference compares for filters in its probes and for tests in its library, and the two differ.
#[test]
fn filters_compare_by_type_and_let_errors_pass() {
    let kept = |action: &str, entity: &str| {
        let body = format!(
            "<definitions><definition id='d' version='1' class='compliance'><criteria><criterion test_ref='t'/></criteria></definition></definitions>
             <tests><i:textfilecontent54_test id='t' version='1' check='all'><i:object object_ref='o'/></i:textfilecontent54_test></tests>
             <objects><i:textfilecontent54_object id='o' version='1'><i:filepath>/etc/conf</i:filepath>
               <i:pattern operation='pattern match'>^limit=(20)$</i:pattern><i:instance datatype='int'>1</i:instance>
               <filter action='{action}'>s</filter></i:textfilecontent54_object></objects>
             <states><i:textfilecontent54_state id='s' version='1'>{entity}</i:textfilecontent54_state></states>
             <variables><constant_variable id='v' version='1' datatype='int' comment=''><value>20</value></constant_variable></variables>"
        );
        let definitions = Definitions::parse(oval(&body).as_bytes()).unwrap();
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        let results = definitions.judge(&Bindings::new(), &mut limited("limit=20"), &mut Unwatched, now).unwrap();
        results.tests[0].truth == Truth::True
    };
    let both = |entity: &str| (kept("include", entity), kept("exclude", entity));
    assert_eq!(both("<i:subexpression>20</i:subexpression>"), (true, false));
    assert_eq!(both("<i:subexpression>21</i:subexpression>"), (false, true));
    assert_eq!(both("<i:subexpression var_ref='v'/>"), (true, false), "the state's type, not the variable's");
    assert_eq!(both("<i:line>20</i:line>"), (false, true), "what an item lacks is false");
    assert_eq!(both("<i:subexpression datatype='int'>20</i:subexpression>"), (true, true), "text is no number");
}
