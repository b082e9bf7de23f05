//! Expressions that content uses, and hostile ones.

use roxmltree::Document;

use super::*;

const ZONE: &str = r#"<?xml version="1.0"?>
<zone target="ACCEPT"><short>Trusted</short><interface name="lo"/><interface name="eth0">a<b>c</b></interface>
<rule family="ipv4"><source address="127.0.0.1"/><destination address="127.0.0.1" invert="True"/><drop/></rule>
<rule family="ipv6"><source address="::1"/><destination address="::2" invert="True"/><drop/></rule>
<port>22</port><port> 23 </port><x:other xmlns:x="urn:x" x:a="1"/></zone>"#;

fn ask(expression: &str) -> Result<Answer, XPathError> {
    evaluate(expression, &Document::parse(ZONE).unwrap())
}

fn nodes(expression: &str) -> Vec<Option<String>> {
    match ask(expression) {
        Ok(Answer::Nodes(nodes)) => nodes,
        other => panic!("{expression}: {other:?}"),
    }
}

fn texts(expression: &str) -> Vec<String> {
    nodes(expression).into_iter().map(|text| text.expect("a text or attribute")).collect()
}

#[test]
fn finds_elements_texts_and_attributes() {
    for (expression, count) in [
        ("/zone/interface[@name='lo']", 1),
        (
            "/zone/rule[@family='ipv4'][source[@address='127.0.0.1']][destination[@address='127.0.0.1' and @invert='True']][drop]",
            1,
        ),
        ("/zone/rule[@family='ipv6'][source[@address='::1']][destination[@address='::1' and @invert='True']][drop]", 0),
        ("//interface", 2),
        ("//*/interface[2]", 1),
        ("/zone/*", 8),
        ("//rule | //port", 4),
        ("//source/..", 2),
        ("/zone/rule[not(@family='ipv4')]", 1),
        ("//interface[last()]", 1),
        ("//interface[position()<2]", 1),
        ("(//interface)[1]", 2),
        ("//other", 0),
        ("//*[local-name()='other']", 1),
        ("/nothing", 0),
        ("descendant::interface/self::interface", 2),
    ] {
        assert_eq!(nodes(expression).len(), count, "{expression}");
    }
    assert_eq!(nodes("//interface"), [None, None]);
    assert_eq!(texts("//port/text()"), ["22", " 23 "]);
    assert_eq!(texts("/zone/@target"), ["ACCEPT"]);
    assert_eq!(texts("//interface/@name"), ["lo", "eth0"]);
    assert_eq!(texts("//interface[b='c']/@*"), ["eth0"]);
    assert_eq!(texts("//interface[contains(@name,'th')]/@name"), ["eth0"]);
}

#[test]
fn computes() {
    assert_eq!(ask("count(//port)"), Ok(Answer::Number(2.0)));
    assert_eq!(ask("sum(//port)"), Err(XPathError::Unsupported { what: "sum()".into() }));
    assert_eq!(ask("string(//port)"), Ok(Answer::Text("22".into())));
    assert_eq!(ask("//port = 23"), Ok(Answer::Bool(true)));
    assert_eq!(ask("//port = '23'"), Ok(Answer::Bool(false)));
    assert_eq!(ask("normalize-space(//port[2])"), Ok(Answer::Text("23".into())));
    assert_eq!(ask("concat('a', count(//rule) + 1, \"b\")"), Ok(Answer::Text("a3b".into())));
    assert_eq!(ask("-2 * 3 - 4 div 2"), Ok(Answer::Number(-8.0)));
    assert_eq!(ask("string-length('äb') > 1 and not(false())"), Ok(Answer::Bool(true)));
}

#[test]
fn what_is_not_read_is_said() {
    for expression in ["following::a", "x:other", "key('a','b')", "processing-instruction()"] {
        assert!(matches!(ask(expression), Err(XPathError::Unsupported { .. })), "{expression}");
    }
    for expression in ["", "bad[[", "/zone[", "'open", "a b", "//", "1 +", "#"] {
        assert!(matches!(ask(expression), Err(XPathError::Syntax { .. })), "{expression}");
    }
    let deep = format!("{}1{}", "(".repeat(200), ")".repeat(200));
    assert!(matches!(ask(&deep), Err(XPathError::Unsupported { .. })));
}

#[test]
fn an_expression_that_explodes_ends() {
    let wide = format!("<a>{}</a>", "<b/>".repeat(3000));
    let document = Document::parse(&wide).unwrap();
    let answer = evaluate("//b[//b[//b[//c]]]", &document);
    assert!(matches!(answer, Err(XPathError::TooCostly { .. })), "{answer:?}");
}

proptest::proptest! {
    #[test]
    fn any_expression_ends(expression in r#"[a-c/@\[\]()*.'"|=<>!,:0-9 \-]{0,24}"#) {
        let _ = ask(&expression);
    }
}
