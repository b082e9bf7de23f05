//! Content that means harm: an error in bounded time, never a panic.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::fixture::{ListHost, OVAL, benchmark, check, judged, oval, stream};
use yagura_scap::{
    Bindings, Compiled, Content, ContentError, DEPTH_MAX, Definitions, Outcome, Selection, Truth, Unwatched, Watch,
    judge,
};

fn now() -> jiff::Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

/// What the first definition of a document comes to on a host with one line.
fn judged_definition(body: &str) -> Result<Truth, ContentError> {
    let definitions = Definitions::parse(oval(body).as_bytes())?;
    let mut host = ListHost { lines: vec!["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"], ..ListHost::default() };
    let results = definitions.judge(&Bindings::new(), &mut host, &mut Unwatched, now())?;
    Ok(results.definitions[0].truth)
}

fn definition(number: usize, criteria: &str) -> String {
    format!("<definition id='d{number}' version='1' class='compliance'><criteria>{criteria}</criteria></definition>")
}

/// A document whose one test looks at a variable.
fn about_variable(variables: &str) -> String {
    format!(
        "<definitions>{}</definitions>
         <tests><i:variable_test id='t' version='1' check='all'><i:object object_ref='o'/></i:variable_test></tests>
         <objects><i:variable_object id='o' version='1'><i:var_ref>v0</i:var_ref></i:variable_object></objects>
         <variables>{variables}</variables>",
        definition(0, "<criterion test_ref='t'/>"),
    )
}

#[test]
fn what_uses_itself_is_refused() {
    let cycle = |body: &str| {
        let result = judged_definition(body);
        assert!(matches!(result, Err(ContentError::Cycle { .. })), "{result:?}");
    };
    let extend = |to: usize| format!("<extend_definition definition_ref='d{to}'/>");
    cycle(&format!("<definitions>{}{}</definitions>", definition(0, &extend(1)), definition(1, &extend(0))));
    let variable = |number: usize, to: usize| {
        format!(
            "<local_variable id='v{number}' datatype='string'><variable_component var_ref='v{to}'/></local_variable>"
        )
    };
    cycle(&about_variable(&(variable(0, 1) + &variable(1, 0))));
    // An object that filters by a state that asks a variable that asks the object.
    cycle(&about_variable(
        "<local_variable id='v0' datatype='string'><object_component object_ref='o' item_field='value'/></local_variable>",
    ));
    cycle(&format!(
        "<definitions>{}</definitions>
         <tests><u:file_test id='t' version='1' check='all'><u:object object_ref='o'/></u:file_test></tests>
         <objects><u:file_object id='o' version='1'><set><object_reference>o</object_reference></set></u:file_object></objects>",
        definition(0, "<criterion test_ref='t'/>"),
    ));
}

#[test]
fn chains_are_bounded() {
    let chain = |length: usize| {
        let mut body = String::from("<definitions>");
        for number in 0..length {
            body += &definition(number, &format!("<extend_definition definition_ref='d{}'/>", number + 1));
        }
        judged_definition(&(body + &definition(length, "") + "</definitions>"))
    };
    assert!(chain(DEPTH_MAX).is_ok());
    assert!(matches!(chain(DEPTH_MAX + 1), Err(ContentError::Chain { .. })));
}

#[test]
fn definitions_that_extend_two_others_each_are_judged_once() {
    let mut body = String::from("<definitions>");
    for number in 0..100 {
        let extend = format!("<extend_definition definition_ref='d{}'/>", number + 1);
        body += &definition(number, &format!("{extend}{extend}"));
    }
    assert_eq!(judged_definition(&(body + &definition(100, "") + "</definitions>")).unwrap(), Truth::Unknown);
}

#[test]
fn products_that_explode_are_an_error_of_the_variable() {
    let mut values = String::new();
    for number in 0..1_100 {
        write!(values, "<value>{number}</value>").unwrap();
    }
    let body = about_variable(&format!(
        "<local_variable id='v0' datatype='string'><concat><variable_component var_ref='c'/><variable_component var_ref='c'/></concat></local_variable>
         <constant_variable id='c' datatype='string'>{values}</constant_variable>"
    ));
    let with_state =
        body.replace("<i:object object_ref='o'/>", "<i:object object_ref='o'/><i:state state_ref='s'/>").replace(
            "<variables>",
            "<states><i:variable_state id='s' version='1'><i:value>x</i:value></i:variable_state></states><variables>",
        );
    assert_eq!(judged_definition(&with_state).unwrap(), Truth::Unknown);
}

#[test]
fn a_pattern_that_explodes_is_an_error_of_the_test() {
    let body = format!(
        "<definitions>{}</definitions>
         <tests><i:textfilecontent54_test id='t' version='1' check='all'><i:object object_ref='o'/></i:textfilecontent54_test></tests>
         <objects><i:textfilecontent54_object id='o' version='1'><i:filepath>/etc/conf</i:filepath>
           <i:pattern operation='pattern match'>^(a+)+\\1$</i:pattern><i:instance datatype='int'>1</i:instance></i:textfilecontent54_object></objects>",
        definition(0, "<criterion test_ref='t'/>"),
    );
    assert_eq!(judged_definition(&body).unwrap(), Truth::Error);
    assert_eq!(judged_definition(&body.replace(r"^(a+)+\1$", "(")).unwrap(), Truth::Error);
}

#[test]
fn names_of_platforms_that_name_each_other_end() {
    let mut platforms = String::new();
    for number in 0..64 {
        let next = format!("<c:fact-ref name='p{}'/>", number + 1);
        write!(
            platforms,
            "<c:platform id='p{number}'><c:logical-test operator='AND'>{next}{next}</c:logical-test></c:platform>"
        )
        .unwrap();
    }
    let body = format!("<Rule id='r'><platform idref='#p0'/>{}</Rule>", check("oval:x:def:1"));
    let text =
        benchmark(&body).replace("<c:platform id=\"has_conf\">", &format!("{platforms}<c:platform id=\"has_conf\">"));
    let compiled = Content::parse(stream(&text, OVAL).as_bytes()).unwrap().compile(None, Selection::Default).unwrap();
    assert_eq!(judged(&compiled, &mut ListHost::default()).results.rules[0].outcome, Outcome::NotApplicable);
}

#[test]
fn a_run_can_be_stopped() {
    struct Stop;
    impl Watch for Stop {
        fn step(&mut self, done: usize, total: usize) -> bool {
            assert!(done <= total);
            false
        }
    }
    let body = format!("<Rule id='r'>{}</Rule>", check("oval:x:def:1"));
    let compiled =
        Content::parse(stream(&benchmark(&body), OVAL).as_bytes()).unwrap().compile(None, Selection::Default);
    let compiled = compiled.unwrap();
    let mut host = ListHost { lines: vec!["limit=20"], ..ListHost::default() };
    let judged = judge(&compiled, &mut host, &mut Stop, now()).unwrap();
    assert!(judged.results.stopped);
    assert_eq!(judged.results.rules[0].outcome, Outcome::Unknown);
    assert!(host.asked.is_empty());
}

#[test]
fn damaged_places_point_nowhere() {
    let body = format!("<Rule id='r'>{}</Rule>", check("oval:x:def:1"));
    let compiled =
        Content::parse(stream(&benchmark(&body), OVAL).as_bytes()).unwrap().compile(None, Selection::Default);
    let text = String::from_utf8(compiled.unwrap().to_bytes().unwrap()).unwrap();
    for (from, to) in
        [("\"test\":0", "\"test\":99"), ("\"object\":0", "\"object\":99"), ("\"document\":0", "\"document\":99")]
    {
        assert!(text.contains(from), "{from}");
        let damaged = Compiled::from_bytes(text.replace(from, to).as_bytes()).unwrap();
        let outcome = judged(&damaged, &mut ListHost::default()).results.rules[0].outcome;
        assert!(matches!(outcome, Outcome::Error | Outcome::Fail | Outcome::NotChecked), "{from}: {outcome}");
    }
    let circle = text.replacen("\"parent\":0", "\"parent\":1", 1);
    assert!(matches!(Compiled::from_bytes(circle.as_bytes()), Err(ContentError::Compiled { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = Content::parse(&bytes);
        let _ = Definitions::parse(&bytes);
        let _ = Compiled::from_bytes(&bytes);
    }

    /// Pieces of the content are put elsewhere in it.
    #[test]
    fn shuffled_content_never_panics(from in 0_usize..6_000, length in 1_usize..80, to in 0_usize..6_000) {
        let body = format!("<Group id='g'><platform idref='#has_conf'/><Rule id='r'>{}</Rule></Group>", check("oval:x:def:1"));
        let mut text = stream(&benchmark(&body), OVAL).into_bytes();
        let from = from % text.len();
        let piece: Vec<u8> = text.iter().skip(from).take(length).copied().collect();
        let to = to % text.len();
        text.splice(to..to, piece);
        if let Ok(content) = Content::parse(&text)
            && let Ok(compiled) = content.compile(None, Selection::All)
        {
            let mut host = ListHost { lines: vec!["limit=20"], files: vec![("conf", false)], ..ListHost::default() };
            let _ = judge(&compiled, &mut host, &mut Unwatched, now());
        }
    }
}
