//! The host as a finding shows it: what its run kept, within the bounds of the API's model.

use std::net::Ipv4Addr;

use serde_json::{Map, Value, json};

use crate::shapes::{self, LONG_CHARS_MAX, put};

const AGENT_CHARS_MAX: usize = 128;
const GROUP_CHARS_MAX: usize = 256;
const NAME_CHARS_MAX: usize = 256;
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;
const ADDRESSES_MAX: usize = 50;
/// The model bounds neither of these; a host with more is cut.
const TAGS_MAX: usize = 50;
const INTERFACES_MAX: usize = 50;

const INTERFACE_TEXTS: &[&str] =
    &["networkInterfaceId", "subnetId", "vpcId", "privateDnsName", "privateIpAddress", "publicDnsName", "publicIp"];

/// Returns the asset attributes that were kept, or what the agent's id alone tells. A member that
/// is not of its form is left out.
pub(crate) fn shown(kept: Option<&str>, agent: &str) -> Value {
    let kept = kept.and_then(|text| serde_json::from_str(text).ok());
    let Some(Value::Object(kept)) = kept else {
        return Value::Object(without_details(agent));
    };
    let mut members = without_details(agent);
    for (name, chars_max) in
        [("autoScalingGroup", GROUP_CHARS_MAX), ("amiId", NAME_CHARS_MAX), ("hostname", NAME_CHARS_MAX)]
    {
        put(&mut members, name, text(&kept, name, chars_max));
    }
    let addresses: Vec<&str> = strings(&kept, "ipv4Addresses")
        .filter(|address| address.parse::<Ipv4Addr>().is_ok())
        .take(ADDRESSES_MAX)
        .collect();
    if !addresses.is_empty() {
        members.insert("ipv4Addresses".into(), json!(addresses));
    }
    let tags: Vec<Value> = structures(&kept, "tags").filter_map(tag).take(TAGS_MAX).collect();
    if kept.contains_key("tags") {
        members.insert("tags".into(), tags.into());
    }
    if kept.contains_key("networkInterfaces") {
        let interfaces: Vec<Value> =
            structures(&kept, "networkInterfaces").map(interface).take(INTERFACES_MAX).collect();
        members.insert("networkInterfaces".into(), interfaces.into());
    }
    Value::Object(members)
}

fn without_details(agent: &str) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("schemaVersion".into(), 1.into());
    put(&mut members, "agentId", shapes::cut(agent, AGENT_CHARS_MAX));
    members
}

fn tag(kept: &Map<String, Value>) -> Option<Value> {
    let mut members = Map::new();
    members.insert("key".into(), text(kept, "key", KEY_CHARS_MAX)?.into());
    put(&mut members, "value", text(kept, "value", VALUE_CHARS_MAX));
    Some(Value::Object(members))
}

fn interface(kept: &Map<String, Value>) -> Value {
    let mut members = Map::new();
    for name in INTERFACE_TEXTS {
        put(&mut members, name, text(kept, name, LONG_CHARS_MAX));
    }
    let parts = |name: &str, texts: &[&str]| -> Vec<Value> {
        structures(kept, name)
            .take(INTERFACES_MAX)
            .map(|part| {
                let mut members = Map::new();
                for name in texts {
                    put(&mut members, name, text(part, name, LONG_CHARS_MAX));
                }
                Value::Object(members)
            })
            .collect()
    };
    for (name, texts) in
        [("privateIpAddresses", &["privateDnsName", "privateIpAddress"]), ("securityGroups", &["groupName", "groupId"])]
    {
        if kept.contains_key(name) {
            members.insert(name.into(), parts(name, texts).into());
        }
    }
    if kept.contains_key("ipv6Addresses") {
        let addresses: Vec<&str> = strings(kept, "ipv6Addresses").take(ADDRESSES_MAX).collect();
        members.insert("ipv6Addresses".into(), json!(addresses));
    }
    Value::Object(members)
}

fn text(members: &Map<String, Value>, name: &str, chars_max: usize) -> Option<String> {
    members.get(name)?.as_str().and_then(|text| shapes::cut(text, chars_max))
}

fn strings<'m>(members: &'m Map<String, Value>, name: &str) -> impl Iterator<Item = &'m str> {
    members.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn structures<'m>(members: &'m Map<String, Value>, name: &str) -> impl Iterator<Item = &'m Map<String, Value>> {
    members.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_shown_within_the_bounds() {
        let kept = json!({
            "schemaVersion": 7, "agentId": "somebody else", "hostname": "h".repeat(300), "amiId": "", "unknown": 1,
            "ipv4Addresses": ["10.0.0.1", "not an address", 7, "192.168.100.200"],
            "tags": [{"key": "team", "value": "blue"}, {"key": ""}, {"value": "x"}, 7, {"key": "bare"}],
            "networkInterfaces": [{"vpcId": "vpc-1", "securityGroups": [{"groupId": "sg-1", "x": 1}], "ipv6Addresses": ["::1"]}],
        });
        assert_eq!(
            shown(Some(&kept.to_string()), "i-1"),
            json!({
                "schemaVersion": 1, "agentId": "i-1", "hostname": "h".repeat(256),
                "ipv4Addresses": ["10.0.0.1", "192.168.100.200"],
                "tags": [{"key": "team", "value": "blue"}, {"key": "bare"}],
                "networkInterfaces": [{"vpcId": "vpc-1", "securityGroups": [{"groupId": "sg-1"}], "ipv6Addresses": ["::1"]}],
            })
        );
    }

    #[test]
    fn without_anything_kept_the_agent_is_named() {
        for kept in [None, Some(""), Some("{"), Some("[]"), Some("null")] {
            assert_eq!(shown(kept, "i-1"), json!({"schemaVersion": 1, "agentId": "i-1"}));
        }
        assert_eq!(shown(None, ""), json!({"schemaVersion": 1}));
        assert_eq!(shown(Some(r#"{"tags": 7}"#), "i-1")["tags"], json!([]));
    }
}
