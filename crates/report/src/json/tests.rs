use serde_json::Value;
use yagura_model::Language;

use super::*;
use crate::fixture;

fn rendered(language: Language) -> Value {
    let mut value: Value = serde_json::from_str(&render(&fixture::assessment(), language).unwrap()).unwrap();
    // Whether members keep their order is decided by what else is in the build; a comparison must not.
    value.sort_all_objects();
    value
}

#[test]
fn a_cve_finding_has_the_api_members_and_its_evidence() {
    let finding = rendered(Language::English)["findings"][0].clone();
    insta::assert_snapshot!(serde_json::to_string_pretty(&finding).unwrap(), @r#"
    {
      "arn": "arn:aws:inspector:local:000000000000:target/0-9ZtFgW55/template/0-BRAXB2IG/run/0-gtHXOezQ/finding/0-lkTXnh3I",
      "assetAttributes": {
        "agentId": "web-1",
        "hostname": "web-1",
        "schemaVersion": 1
      },
      "assetType": "ec2-instance",
      "attributes": [
        {
          "key": "INSTANCE_ID",
          "value": "web-1"
        },
        {
          "key": "CVE_ID",
          "value": "CVE-2026-10001"
        },
        {
          "key": "package_name",
          "value": "openssl"
        }
      ],
      "confidence": 10,
      "createdAt": "2026-11-23T10:00:01Z",
      "description": "A crafted handshake lets a peer bypass certificate verification. Every TLS client on the host trusts the attacker.",
      "evidence": {
        "advisories": [
          "DSA-6001-1"
        ],
        "advisory": "DSA-6001-1",
        "aliases": [
          "GHSA-aaaa-bbbb-cccc"
        ],
        "comparison": "3.0.15-1~deb12u1 < 3.0.17-1~deb12u2 (dpkg)",
        "cve": "CVE-2026-10001",
        "cvss": [
          {
            "score": 9.8,
            "source": "debian-osv",
            "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "version": "3.1"
          }
        ],
        "epss": {
          "percentile": 0.9991,
          "probability": 0.9421
        },
        "feed": "debian-tracker",
        "fixedVersion": "3.0.17-1~deb12u2",
        "installedVersion": "3.0.15-1~deb12u1",
        "kernel": null,
        "kev": {
          "action": "Apply mitigations per vendor instructions.",
          "added": "2026-11-03",
          "due": "2026-11-24",
          "ransomware": true
        },
        "kind": "vulnerability",
        "note": null,
        "package": "libssl3",
        "packages": [
          {
            "architecture": "amd64",
            "name": "libssl3",
            "status": null,
            "version": "3.0.15-1~deb12u1"
          },
          {
            "architecture": "amd64",
            "name": "openssl",
            "status": null,
            "version": "3.0.15-1~deb12u1"
          }
        ],
        "references": [
          {
            "kind": "advisory",
            "url": "https://www.openssl.org/news/secadv/"
          },
          {
            "kind": "fix",
            "url": "https://github.com/openssl/openssl/commit/0a1b"
          }
        ],
        "release": "debian:bookworm",
        "scheme": "dpkg",
        "sourcePackage": "openssl",
        "state": "fixed",
        "urgency": "not yet assigned",
        "vendorUrl": "https://security-tracker.debian.org/tracker/CVE-2026-10001"
      },
      "id": "CVE-2026-10001",
      "indicatorOfCompromise": false,
      "key": "k1openssl001",
      "numericSeverity": 9.0,
      "recommendation": "Upgrade openssl to 3.0.17-1~deb12u2 or later: apt-get install --only-upgrade libssl3 openssl",
      "rulesPackage": "cve",
      "schemaVersion": 1,
      "service": "Inspector",
      "serviceAttributes": {
        "assessmentRunArn": "arn:aws:inspector:local:000000000000:target/0-9ZtFgW55/template/0-BRAXB2IG/run/0-gtHXOezQ",
        "rulesPackageArn": "arn:aws:inspector:us-east-1:316112463485:rulespackage/0-gEjTy7T7",
        "schemaVersion": 1
      },
      "severity": "High",
      "severityReason": "known to be exploited (CISA KEV)",
      "title": "Instance web-1 is vulnerable to CVE-2026-10001",
      "updatedAt": "2026-11-23T10:00:01Z",
      "userAttributes": []
    }
    "#);
}

#[test]
fn a_setting_finding_names_file_and_line() {
    let evidence = rendered(Language::Japanese)["findings"][2]["evidence"].clone();
    insta::assert_snapshot!(serde_json::to_string(&evidence).unwrap(), @r#"{"kind":"setting","observations":[{"found":"PermitRootLogin yes","line":3,"note":"最初の値が有効です","path":"/etc/ssh/sshd_config.d/50-cloud.conf"},{"found":"PasswordAuthentication yes","line":null,"note":null,"path":null}]}"#);
}

#[test]
fn an_unfixed_finding_has_no_fixed_version_but_the_vendor_word() {
    let evidence = rendered(Language::English)["findings"][3]["evidence"].clone();
    assert_eq!(evidence["fixedVersion"], Value::Null);
    assert_eq!(evidence["state"], "will-not-fix");
    // No advisory: the tracker's page stands in.
    assert_eq!(evidence["advisory"], "https://security-tracker.debian.org/tracker/CVE-2023-45853");
    assert_eq!(evidence["advisories"], serde_json::json!([]));
}

#[test]
fn a_pending_reboot_names_both_kernels() {
    let kernel = rendered(Language::English)["findings"][1]["evidence"]["kernel"].clone();
    insta::assert_snapshot!(kernel, @r#"{"installed":"6.1.0-28-amd64","running":"6.1.0-27-amd64","text":"reboot pending: 6.1.0-27-amd64 still runs, 6.1.0-28-amd64 is installed","verdict":"reboot-pending"}"#);
}

#[test]
fn coverage_exclusions_summary_and_upgrades_stand_beside_the_findings() {
    let mut document = rendered(Language::English);
    document.as_object_mut().unwrap().remove("findings");
    document.sort_all_objects();
    insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap(), @r#"
    {
      "assessmentRunArn": "arn:aws:inspector:local:000000000000:target/0-9ZtFgW55/template/0-BRAXB2IG/run/0-gtHXOezQ",
      "coverage": [
        {
          "ageDays": 94,
          "dataDate": "2026-08-21T10:00:00Z",
          "feed": "debian-tracker",
          "reason": "older than 7 days; run `yagura feed sync`",
          "rulesPackage": "cve",
          "stale": true,
          "state": "assessed"
        },
        {
          "ageDays": 1,
          "dataDate": "2026-11-22T10:00:00Z",
          "feed": "cisa-kev",
          "reason": null,
          "rulesPackage": "cve",
          "stale": false,
          "state": "assessed"
        },
        {
          "ageDays": null,
          "dataDate": null,
          "feed": "epss",
          "reason": "never fetched; run `yagura feed sync --only epss`",
          "rulesPackage": "cve",
          "stale": null,
          "state": "not-assessed"
        },
        {
          "ageDays": null,
          "dataDate": null,
          "feed": null,
          "reason": "1 of 9 rules could not be judged",
          "rulesPackage": "best-practices",
          "stale": null,
          "state": "partly"
        }
      ],
      "endedAt": "2026-11-23T10:00:01Z",
      "exclusions": [
        {
          "code": "no-authority",
          "line": 310,
          "path": "/var/lib/dpkg/status",
          "reason": "built by Google LLC; no feed speaks of its builds",
          "rulesPackage": "cve",
          "subject": "google-chrome-stable"
        },
        {
          "code": "unreadable",
          "line": null,
          "path": "/etc/shadow",
          "reason": "permission denied; run as root",
          "rulesPackage": "best-practices",
          "subject": "etc/shadow"
        }
      ],
      "host": {
        "architecture": "amd64",
        "kernel": {
          "installed": [
            "6.1.0-27-amd64",
            "6.1.0-28-amd64"
          ],
          "running": "6.1.0-27-amd64",
          "runningPackageVersion": "6.1.115-1"
        },
        "machineId": "0123456789abcdef0123456789abcdef",
        "name": "web-1",
        "operatingSystem": {
          "codename": "bookworm",
          "distribution": "debian",
          "like": [],
          "name": "Debian GNU/Linux 12 (bookworm)",
          "pointVersion": "12.8",
          "release": "debian:bookworm",
          "toldBy": "etc/os-release",
          "version": "12"
        },
        "packageCount": 6,
        "packageDatabase": "var/lib/dpkg/status",
        "problems": [
          {
            "line": 955,
            "message": "record without `Package`; the record was left out",
            "path": "/var/lib/dpkg/status"
          }
        ],
        "root": null,
        "virtualization": "virtual machine (kvm)"
      },
      "language": "en",
      "schemaVersion": 1,
      "startedAt": "2026-11-23T10:00:00Z",
      "summary": {
        "bySeverity": {
          "High": 2,
          "Informational": 1,
          "Low": 2,
          "Medium": 1,
          "Undefined": 0
        },
        "complete": false,
        "findings": 6,
        "fixable": 3,
        "knownExploited": 1
      },
      "tool": {
        "name": "Yagura",
        "version": "0.1.0"
      },
      "upgrades": [
        {
          "fixedVersion": "3.0.17-1~deb12u2",
          "installedVersion": "3.0.15-1~deb12u1",
          "knownExploited": 1,
          "obstacle": null,
          "packages": [
            "libssl3",
            "openssl"
          ],
          "repairs": 1,
          "repairsBySeverity": {
            "High": 1,
            "Informational": 0,
            "Low": 0,
            "Medium": 0,
            "Undefined": 0
          },
          "sourcePackage": "openssl"
        },
        {
          "fixedVersion": "7.88.1-10+deb12u8",
          "installedVersion": "7.88.1-10+deb12u5",
          "knownExploited": 0,
          "obstacle": "on hold: `apt-mark unhold curl` first",
          "packages": [
            "curl"
          ],
          "repairs": 1,
          "repairsBySeverity": {
            "High": 0,
            "Informational": 0,
            "Low": 1,
            "Medium": 0,
            "Undefined": 0
          },
          "sourcePackage": "curl"
        }
      ]
    }
    "#);
}

#[test]
fn member_names_and_machine_words_do_not_depend_on_the_language() {
    fn names(value: &Value, path: &str, into: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    names(member, &format!("{path}.{name}"), into);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| names(item, path, into)),
            _ => into.push(path.to_owned()),
        }
    }
    let (mut en, mut ja) = (Vec::new(), Vec::new());
    names(&rendered(Language::English), "", &mut en);
    names(&rendered(Language::Japanese), "", &mut ja);
    assert_eq!(en, ja);
}

#[test]
fn arns_follow_the_published_grammar_and_are_stable() {
    let document = rendered(Language::English);
    let arn = document["findings"][0]["arn"].as_str().unwrap();
    insta::assert_snapshot!(arn, @"arn:aws:inspector:local:000000000000:target/0-9ZtFgW55/template/0-BRAXB2IG/run/0-gtHXOezQ/finding/0-lkTXnh3I");
    let run = document["assessmentRunArn"].as_str().unwrap();
    assert!(arn.starts_with(run), "a finding's ARN contains its run's");
    assert_eq!(document["findings"][0]["serviceAttributes"]["assessmentRunArn"], run);
}

/// Follows a document and its schema side by side, and collects the members that the schema does
/// not name. (`checks/schemas.py` validates in full; this needs nothing but the compiler.)
fn undocumented(value: &Value, schema: &Value, root: &Value, path: &str, into: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        return undocumented(value, &root["$defs"][reference.trim_start_matches("#/$defs/")], root, path, into);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let kind = |choice: &Value| {
            choice["$ref"].as_str().is_some_and(|name| {
                let definition = &root["$defs"][name.trim_start_matches("#/$defs/")];
                definition["properties"]["kind"]["const"] == value["kind"]
            })
        };
        let choice =
            choices.iter().find(|choice| if value.is_null() { choice["type"] == "null" } else { kind(choice) });
        return undocumented(value, choice.unwrap_or_else(|| panic!("no choice fits {path}")), root, path, into);
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = format!("{path}.{name}");
                match schema["properties"].get(name) {
                    Some(schema) => undocumented(member, schema, root, &path, into),
                    None => into.push(path),
                }
            }
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(members.contains_key(name), "{path} lacks {name}");
            }
        }
        Value::Array(items) => items.iter().for_each(|item| undocumented(item, &schema["items"], root, path, into)),
        _ => {}
    }
}

#[test]
fn the_schema_names_every_member() {
    let schema: Value = serde_json::from_str(include_str!("../../../../docs/report/assessment.schema.json")).unwrap();
    assert_eq!(schema["properties"]["schemaVersion"]["const"], SCHEMA_VERSION);
    let mut missing = Vec::new();
    undocumented(&rendered(Language::English), &schema, &schema, "", &mut missing);
    assert!(missing.is_empty(), "not in the schema: {missing:?}");
}

#[test]
fn the_page_names_every_member_of_the_schema() {
    fn names(schema: &Value, into: &mut Vec<String>) {
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            into.push(name.clone());
            names(member, into);
            names(&member["items"], into);
        }
    }
    let schema: Value = serde_json::from_str(include_str!("../../../../docs/report/assessment.schema.json")).unwrap();
    let mut members = Vec::new();
    names(&schema, &mut members);
    schema["$defs"].as_object().unwrap().values().for_each(|definition| names(definition, &mut members));
    assert!(members.len() > 100);
    let page = include_str!("../../../../docs/report/json.md");
    for name in members {
        assert!(page.contains(&format!("`{name}`")), "docs/report/json.md does not name `{name}`");
    }
}
