//! Holds answers against the API's own model, as botocore ships it.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Map, Value};

/// The model of the API.
pub(crate) struct Model {
    operations: Map<String, Value>,
    shapes: Map<String, Value>,
}

/// What any operation may answer, whatever its model says.
const GENERIC: [&str; 5] = [
    "AccessDeniedException",
    "SerializationException",
    "ServiceTemporarilyUnavailableException",
    "UnknownOperationException",
    "ValidationException",
];
/// Shapes with a lower bound that the original itself does not keep: a request of which every
/// item failed is answered with an empty map.
const MAY_BE_EMPTY: [&str; 1] = ["ExclusionMap"];

impl Model {
    /// Loads the model once; where botocore is not at hand, says so and gives `None`.
    pub(crate) fn get() -> Option<&'static Self> {
        static MODEL: OnceLock<Option<Model>> = OnceLock::new();
        MODEL.get_or_init(Self::load).as_ref()
    }

    fn load() -> Option<Self> {
        let Some(bytes) = data_folder().and_then(|folder| read(&folder)) else {
            yagura_testkit::announce_skip("skipped: no botocore at hand, answers are not held against its model");
            return None;
        };
        let Value::Object(mut whole) = serde_json::from_slice(&bytes).unwrap() else { panic!("no model") };
        let mut part = |name: &str| match whole.remove(name) {
            Some(Value::Object(part)) => part,
            other => panic!("`{name}` is {other:?}"),
        };
        Some(Self { operations: part("operations"), shapes: part("shapes") })
    }

    /// The members that an operation's request may have, each with its shape.
    pub(crate) fn members_of_request(&self, operation: &str) -> Vec<String> {
        let Some(shape) = self.operations[operation]["input"]["shape"].as_str() else { return Vec::new() };
        self.shapes[shape]["members"].as_object().unwrap().keys().cloned().collect()
    }

    /// What is wrong with the answer of an operation.
    pub(crate) fn faults_of_answer(&self, operation: &str, body: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        let Some(known) = self.operations.get(operation) else { return vec![format!("no operation `{operation}`")] };
        match known["output"]["shape"].as_str() {
            Some(shape) => self.check(shape, body, operation, &mut faults),
            None if body.is_null() => {}
            None => faults.push("a body where the model has none".to_owned()),
        }
        faults
    }

    /// What is wrong with a refusal.
    pub(crate) fn faults_of_refusal(&self, operation: &str, name: &str, body: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        if body["__type"] != name {
            faults.push(format!("the header says `{name}`"));
        }
        if GENERIC.contains(&name) {
            if !body["message"].is_string() {
                faults.push("no message".to_owned());
            }
            return faults;
        }
        let declared = self.operations.get(operation).and_then(|known| known["errors"].as_array());
        if !declared.is_some_and(|errors| errors.iter().any(|error| error["shape"] == name)) {
            faults.push(format!("`{operation}` does not declare `{name}`"));
        }
        let mut members = body.as_object().cloned().unwrap_or_default();
        members.remove("__type");
        self.check(name, &Value::Object(members), name, &mut faults);
        faults
    }

    fn check(&self, name: &str, value: &Value, at: &str, faults: &mut Vec<String>) {
        let Some(shape) = self.shapes.get(name) else { return faults.push(format!("{at}: no shape `{name}`")) };
        let fits = match (shape["type"].as_str().unwrap_or_default(), value) {
            ("structure", Value::Object(members)) => return self.check_structure(shape, members, at, faults),
            ("list", Value::Array(items)) => {
                let item = shape["member"]["shape"].as_str().unwrap();
                for (number, value) in items.iter().enumerate() {
                    self.check(item, value, &format!("{at}[{number}]"), faults);
                }
                within(shape, items.len())
            }
            ("map", Value::Object(entries)) => {
                for (key, value) in entries {
                    let at = format!("{at}.{key}");
                    self.check(shape["key"]["shape"].as_str().unwrap(), &key.as_str().into(), &at, faults);
                    self.check(shape["value"]["shape"].as_str().unwrap(), value, &at, faults);
                }
                within(shape, entries.len()) || MAY_BE_EMPTY.contains(&name)
            }
            ("string", Value::String(text)) => {
                let words = shape["enum"].as_array();
                words.is_none_or(|words| words.contains(value))
                    && within(shape, text.chars().count())
                    && (shape.get("pattern").is_none() || is_uuid(text))
            }
            ("boolean", Value::Bool(_)) => true,
            ("integer" | "long", Value::Number(number)) => {
                number.as_i64().is_some_and(|number| usize::try_from(number).is_ok_and(|number| within(shape, number)))
            }
            ("double", Value::Number(number)) => {
                let number = number.as_f64().unwrap();
                number >= shape["min"].as_f64().unwrap_or(f64::MIN)
                    && number <= shape["max"].as_f64().unwrap_or(f64::MAX)
            }
            ("timestamp", Value::Number(_)) => true,
            _ => false,
        };
        if !fits {
            faults.push(format!("{at}: {value} is no `{name}`"));
        }
    }

    fn check_structure(&self, shape: &Value, members: &Map<String, Value>, at: &str, faults: &mut Vec<String>) {
        for required in shape["required"].as_array().into_iter().flatten() {
            if !members.contains_key(required.as_str().unwrap()) {
                faults.push(format!("{at}: {required} is missing"));
            }
        }
        for (name, value) in members {
            match shape["members"][name]["shape"].as_str() {
                Some(member) => self.check(member, value, &format!("{at}.{name}"), faults),
                None => faults.push(format!("{at}: the model has no `{name}`")),
            }
        }
    }
}

/// Tells whether a length or a whole number is within the shape's bounds.
fn within(shape: &Value, number: usize) -> bool {
    let bound = |name: &str| shape[name].as_u64().and_then(|bound| usize::try_from(bound).ok());
    bound("min").is_none_or(|least| number >= least) && bound("max").is_none_or(|most| number <= most)
}

/// The model's only pattern.
fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

fn data_folder() -> Option<PathBuf> {
    let output = Command::new("python3").args(["-c", "import botocore; print(botocore.__file__)"]).output().ok()?;
    let init = String::from_utf8(output.stdout).ok()?;
    Some(Path::new(init.trim()).parent()?.join("data/inspector/2016-02-16"))
}

fn read(folder: &Path) -> Option<Vec<u8>> {
    if let Ok(packed) = std::fs::read(folder.join("service-2.json.gz")) {
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).ok()?;
        return Some(bytes);
    }
    std::fs::read(folder.join("service-2.json")).ok()
}

#[test]
fn the_model_finds_faults() {
    let Some(model) = Model::get() else { return };
    let fault = |body: Value| model.faults_of_answer("DescribeCrossAccountAccessRole", &body).join("; ");
    let good = serde_json::json!({"roleArn": "arn", "valid": true, "registeredAt": 1.5});
    assert_eq!(fault(good.clone()), "");
    for (member, value, wanted) in [
        ("roleArn", "".into(), "is no `Arn`"),
        ("roleArn", "x".repeat(301).into(), "is no `Arn`"),
        ("valid", 1.into(), "is no `Bool`"),
        ("registeredAt", "1.5".into(), "is no `Timestamp`"),
        ("surplus", 1.into(), "has no `surplus`"),
    ] {
        let mut body = good.clone();
        body[member] = value;
        assert!(fault(body.clone()).contains(wanted), "{body}: {}", fault(body.clone()));
    }
    assert!(fault(serde_json::json!({"valid": true, "registeredAt": 1})).contains("\"roleArn\" is missing"));
    assert_ne!(model.faults_of_answer("DeleteAssessmentRun", &good), Vec::<String>::new());
    let refusal = serde_json::json!({"__type": "LimitExceededException", "message": "m", "canRetry": false});
    let faults = model.faults_of_refusal("DeleteAssessmentRun", "LimitExceededException", &refusal);
    assert_eq!(faults.len(), 2, "not declared, and without a code: {faults:?}");
}
