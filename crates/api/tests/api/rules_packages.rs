//! Rules packages.

use serde_json::json;

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
