//! The role that an account gave to the service.

use serde_json::{Value, json};

use crate::support::Service;

#[test]
fn a_role_is_always_registered() {
    let service = Service::new();
    let role = || service.ok("DescribeCrossAccountAccessRole", json!({}));
    let default = role();
    assert_eq!(
        default["roleArn"],
        "arn:aws:iam::123456789012:role/aws-service-role/inspector.amazonaws.com/AWSServiceRoleForAmazonInspector"
    );
    assert_eq!((&default["valid"], &default["registeredAt"]), (&json!(true), &json!(1_767_225_600.0)));
    service.advance(100);
    assert_eq!(role(), default, "the time of the first look is remembered");

    let arn = "arn:aws:iam::123456789012:role/inspector";
    assert_eq!(service.ok("RegisterCrossAccountAccessRole", json!({"roleArn": arn})), Value::Null);
    assert_eq!(role(), json!({"roleArn": arn, "valid": true, "registeredAt": 1_767_225_700.0}));
}

#[test]
fn what_is_no_role_is_refused() {
    let service = Service::new();
    for arn in [json!("x"), json!(""), Value::Null, json!("arn:aws:iam::123456789012:user/x"), json!("a".repeat(301))] {
        let refused = service.refused("RegisterCrossAccountAccessRole", json!({"roleArn": arn}));
        assert_eq!(refused, ("InvalidInputException".into(), "INVALID_IAM_ROLE_ARN".into()));
    }
}
