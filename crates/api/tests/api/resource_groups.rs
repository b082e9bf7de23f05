//! Resource groups.

use serde_json::json;

use crate::fixture::{failure, other};
use crate::support::{Service, scope};

#[test]
fn a_group_is_described_as_it_was_made() {
    let service = Service::new();
    let tags = json!([{"key": "環境", "value": "本番"}, {"key": "環境", "value": "検証"}, {"key": "any"}]);
    let arn = service.group(tags.clone());
    let answer = service.ok("DescribeResourceGroups", json!({"resourceGroupArns": [arn]}));
    assert_eq!(
        answer,
        json!({
            "resourceGroups": [{"arn": arn, "tags": tags, "createdAt": 1_767_225_600.0}],
            "failedItems": {},
        })
    );
}

#[test]
fn tags_are_bounded() {
    let service = Service::new();
    let code = |tags: serde_json::Value| {
        let (name, code) = service.refused("CreateResourceGroup", json!({"resourceGroupTags": tags}));
        assert_eq!(name, "InvalidInputException");
        code
    };
    let tag = json!({"key": "a"});
    assert_eq!(code(json!([])), "INVALID_NUMBER_OF_RESOURCE_GROUP_TAGS");
    assert_eq!(code(json!(null)), "INVALID_NUMBER_OF_RESOURCE_GROUP_TAGS");
    assert_eq!(code(vec![tag; 11].into()), "INVALID_NUMBER_OF_RESOURCE_GROUP_TAGS");
    assert_eq!(code(json!([{"value": "a"}])), "INVALID_RESOURCE_GROUP_TAG_KEY");
    assert_eq!(code(json!([{"key": "あ".repeat(129)}])), "INVALID_RESOURCE_GROUP_TAG_KEY");
    assert_eq!(code(json!([{"key": "a", "value": "あ".repeat(257)}])), "INVALID_RESOURCE_GROUP_TAG_VALUE");
    service.group(json!([{"key": "あ".repeat(128), "value": "あ".repeat(256)}]));
}

#[test]
fn there_are_only_so_many() {
    let service = Service::with(|settings| settings.resource_groups_max = 2);
    service.group(json!([{"key": "a"}]));
    service.group(json!([{"key": "a"}]));
    let refused = service.refused("CreateResourceGroup", json!({"resourceGroupTags": [{"key": "a"}]}));
    assert_eq!(refused, ("LimitExceededException".into(), "RESOURCE_GROUP_LIMIT_EXCEEDED".into()));
}

#[test]
fn each_item_fails_by_itself() {
    let service = Service::new();
    let (blue, red) = (service.group(json!([{"key": "team", "value": "blue"}])), service.group(json!([{"key": "r"}])));
    let unknown = other(&red);
    let elsewhere = blue.replace("us-west-2", "us-east-1");
    let request = json!({"resourceGroupArns": [red, unknown, "nonsense", blue, red, elsewhere]});
    let answer = service.ok("DescribeResourceGroups", request.clone());
    let shown: Vec<&str> =
        answer["resourceGroups"].as_array().unwrap().iter().map(|group| group["arn"].as_str().unwrap()).collect();
    assert_eq!(shown, [red.as_str(), blue.as_str()], "in the order of the request");
    assert_eq!(failure(&answer, &unknown), "ITEM_DOES_NOT_EXIST");
    assert_eq!(failure(&answer, &elsewhere), "ITEM_DOES_NOT_EXIST");
    assert_eq!(failure(&answer, "nonsense"), "INVALID_ARN");
    assert_eq!(failure(&answer, &red), "DUPLICATE_ARN");

    let limited = service.call_as("Blue", "DescribeResourceGroups", request).body;
    assert_eq!(limited["resourceGroups"].as_array().unwrap().len(), 1);
    assert_eq!(failure(&limited, &unknown), "ACCESS_DENIED");
    let refused = service.call_as("Blue", "DescribeResourceGroups", json!({"resourceGroupArns": [red]})).body;
    assert_eq!(refused["errorCode"], "ACCESS_DENIED_TO_RESOURCE_GROUP");
}

#[test]
fn another_account_sees_nothing() {
    let service = Service::new();
    let arn = service.group(json!([{"key": "a"}]));
    let mut stranger = scope();
    stranger.account = "999999999999".into();
    let request = json!({"resourceGroupArns": [arn]}).to_string();
    let answer = service.call_in(stranger, "Administrator", "DescribeResourceGroups", &request);
    assert_eq!(answer.status, 200);
    assert_eq!(failure(&answer.body, &arn), "ITEM_DOES_NOT_EXIST");
}

#[test]
fn lists_and_their_items_have_a_length() {
    let service = Service::new();
    let code = |arns: Vec<String>| service.refused("DescribeResourceGroups", json!({"resourceGroupArns": arns})).1;
    assert_eq!(code(Vec::new()), "INVALID_NUMBER_OF_RESOURCE_GROUP_ARNS");
    assert_eq!(code(vec!["a".into(); 11]), "INVALID_NUMBER_OF_RESOURCE_GROUP_ARNS");
    assert_eq!(code(vec![String::new()]), "INVALID_RESOURCE_GROUP_ARN");
    assert_eq!(code(vec!["a".repeat(301)]), "INVALID_RESOURCE_GROUP_ARN");
}
