//! Rules packages.

use serde_json::json;

use crate::fixture::{BEST_PRACTICES, CVE, failure, other};
use crate::support::Service;

#[test]
fn the_packages_of_the_region_are_listed_page_by_page() {
    let service = Service::new();
    let all = service.ok("ListRulesPackages", json!({}));
    let arns = all["rulesPackageArns"].as_array().unwrap();
    assert!(arns.contains(&json!("arn:aws:inspector:us-west-2:758058086616:rulespackage/0-9hgA516p")));
    assert!(all.get("nextToken").is_none());

    let first = service.ok("ListRulesPackages", json!({"maxResults": 1}));
    let second = service.ok("ListRulesPackages", json!({"maxResults": 1, "nextToken": first["nextToken"]}));
    assert_ne!(first["rulesPackageArns"], second["rulesPackageArns"]);
}

#[test]
fn whoever_has_no_right_is_told_so() {
    let service = Service::new();
    let answered = service.call_as("Nobody", "ListRulesPackages", json!({}));
    assert_eq!((answered.status, answered.body["__type"].as_str()), (400, Some("AccessDeniedException")));
}

#[test]
fn an_unknown_operation_is_named() {
    assert_eq!(Service::new().refused("MakeTea", json!({})).0, "UnknownOperationException");
}

#[test]
fn packages_are_described_in_the_order_of_the_request() {
    let service = Service::new();
    let unknown = other(CVE);
    let elsewhere = CVE.replace("us-west-2", "us-east-1");
    let arns = json!([BEST_PRACTICES, unknown, CVE, elsewhere, "x", CVE]);
    let answer = service.ok("DescribeRulesPackages", json!({"rulesPackageArns": arns, "locale": "EN_US"}));
    let shown = answer["rulesPackages"].as_array().unwrap();
    assert_eq!((&shown[0]["arn"], &shown[1]["arn"]), (&json!(BEST_PRACTICES), &json!(CVE)));
    assert_eq!(
        (&shown[1]["name"], &shown[1]["version"], &shown[1]["provider"]),
        (&json!("Common Vulnerabilities and Exposures"), &json!("1.1"), &json!("Yagura"))
    );
    assert_eq!(failure(&answer, &unknown), "ITEM_DOES_NOT_EXIST");
    assert_eq!(failure(&answer, &elsewhere), "ITEM_DOES_NOT_EXIST");
    assert_eq!(failure(&answer, "x"), "INVALID_ARN");
    assert_eq!(failure(&answer, CVE), "DUPLICATE_ARN");
}

#[test]
fn there_is_one_locale() {
    let service = Service::new();
    let request = json!({"rulesPackageArns": [CVE], "locale": "JA_JP"});
    let invalid = |code: &str| ("InvalidInputException".to_owned(), code.to_owned());
    assert_eq!(service.refused("DescribeRulesPackages", request), invalid("INVALID_LOCALE"));
    let none = service.refused("DescribeRulesPackages", json!({"rulesPackageArns": []}));
    assert_eq!(none, invalid("INVALID_NUMBER_OF_RULES_PACKAGE_ARNS"));
}
