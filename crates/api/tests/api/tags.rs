//! Tags of templates.

use serde_json::{Value, json};

use crate::fixture::other;
use crate::support::Service;

#[test]
fn a_new_set_of_tags_replaces_the_old_one() {
    let service = Service::new();
    let arn = service.template(&service.target("a"), "t");
    let tags = || service.ok("ListTagsForResource", json!({"resourceArn": arn}))["tags"].clone();
    let set = |tags: Value| service.ok("SetTagsForResource", json!({"resourceArn": arn, "tags": tags}));
    assert_eq!(tags(), json!([]));
    assert_eq!(set(json!([{"key": "env", "value": "本番"}, {"key": "bare"}])), Value::Null);
    assert_eq!(tags(), json!([{"key": "env", "value": "本番"}, {"key": "bare"}]));
    set(json!([{"key": "other", "value": "1"}]));
    assert_eq!(tags(), json!([{"key": "other", "value": "1"}]));
    service.ok("SetTagsForResource", json!({"resourceArn": arn}));
    assert_eq!(tags(), json!([]), "absent clears");
    set(json!([{"key": "x"}]));
    set(json!([]));
    assert_eq!(tags(), json!([]), "empty clears");
}

#[test]
fn tags_are_bounded() {
    let service = Service::new();
    let arn = service.template(&service.target("a"), "t");
    let code = |tags: Value| service.refused("SetTagsForResource", json!({"resourceArn": arn, "tags": tags})).1;
    let many: Vec<Value> = (0..11).map(|number| json!({"key": number.to_string()})).collect();
    assert_eq!(code(many.into()), "INVALID_NUMBER_OF_TAGS");
    assert_eq!(code(json!([{"key": "あ".repeat(129)}])), "INVALID_TAG_KEY");
    assert_eq!(code(json!([{"key": "a", "value": "あ".repeat(257)}])), "INVALID_TAG_VALUE");
    assert_eq!(code(json!([{"key": "a", "value": "1"}, {"key": "a", "value": "2"}])), "INVALID_TAG");
}

#[test]
fn only_templates_have_tags() {
    let service = Service::new();
    let target = service.target("a");
    let template = service.template(&target, "t");
    let run = service.insert_run(&template, "r");
    for operation in ["SetTagsForResource", "ListTagsForResource"] {
        let refused = |arn: Value| service.refused(operation, json!({"resourceArn": arn}));
        for arn in [json!(target), json!(run), json!("x"), Value::Null] {
            assert_eq!(refused(arn), ("InvalidInputException".into(), "INVALID_RESOURCE_ARN".into()));
        }
        let missing = ("NoSuchEntityException".into(), "ASSESSMENT_TEMPLATE_DOES_NOT_EXIST".into());
        assert_eq!(refused(other(&template).into()), missing);
        assert_eq!(refused(template.replace("us-west-2", "eu-west-1").into()), missing);
    }
}
