//! Published data streams, where they are present: read, tailored, compiled, and judged on a host without anything.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::Command;

use yagura_scap::{Collect, Collected, Compiled, Content, Object, Outcome, Selection, Unwatched, judge};

/// The most bytes of a profile's compiled form without its texts.
const AGENT_BYTES_MAX: usize = 4 << 20;

struct NothingThere;

impl Collect for NothingThere {
    fn collect(&mut self, _: &Object) -> Collected {
        Collected::does_not_exist()
    }
}

fn stream(data: &Path, name: &str) -> Option<Content> {
    let output = Command::new("xz").arg("-dc").arg(data.join(format!("streams/{name}.xml.xz"))).output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        yagura_testkit::announce_skip("skipped: no program xz");
        return None;
    };
    Some(Content::parse(&output.stdout).unwrap())
}

#[test]
fn every_profile_compiles_into_a_small_file_that_is_judged() {
    let Some(data) = yagura_testkit::shared_data("scap") else { return };
    let mut profiles = 0;
    for name in ["ssg-debian12-ds", "ssg-ubuntu2204-ds", "ssg-rhel9-ds", "ssg-al2023-ds"] {
        let Some(content) = stream(&data, name) else { return };
        let benchmarks = content.benchmarks();
        assert_eq!(benchmarks.len(), 1);
        for profile in &benchmarks[0].profiles {
            let compiled = content.compile(None, Selection::Profile(&profile.id)).unwrap();
            let bytes = compiled.clone().without_texts().to_bytes().unwrap();
            assert!(bytes.len() < AGENT_BYTES_MAX, "{} {}: {} bytes", name, profile.id, bytes.len());
            let compiled = Compiled::from_bytes(&bytes).unwrap();
            let now = "2026-11-01T00:00:00Z".parse().unwrap();
            let judged = judge(&compiled, &mut NothingThere, &mut Unwatched, now).unwrap();
            assert_eq!(judged.results.rules.len(), benchmarks[0].rules);
            // Nothing is there, so neither is the system that the benchmark is for.
            let asked = judged.results.rules.iter().filter(|result| result.outcome != Outcome::NotSelected);
            assert!(asked.clone().count() > 20);
            assert!(asked.clone().all(|result| result.outcome == Outcome::NotApplicable), "{name}");
            profiles += 1;
        }
    }
    assert_eq!(profiles, 13 + 6 + 20 + 2);
}

#[test]
fn a_conflict_with_a_rule_that_does_not_exist_is_survived() {
    let Some(data) = yagura_testkit::shared_data("scap") else { return };
    let Some(published) = stream(&data, "ssg-al2023-ds") else { return };
    let Some(repaired) = stream(&data, "ssg-al2023-ds-nodangling") else { return };
    let rules = |content: &Content| {
        let compiled = content.compile(None, Selection::Profile("cis")).unwrap();
        compiled.selected().map(|(item, _)| item.id.clone()).collect::<Vec<_>>()
    };
    let rules_published = rules(&published);
    assert!(rules_published.contains(&"xccdf_org.ssgproject.content_rule_sshd_enable_warning_banner_net".to_owned()));
    assert_eq!(rules_published, rules(&repaired));
}
