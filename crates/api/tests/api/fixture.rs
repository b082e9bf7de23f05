//! Things that many tests need.

use serde_json::{Value, json};
use yagura_model::service::{Agent, AgentFacts, Arn, ArnKind, HealthCode, Id, Run, RunState, Tag};

use crate::support::{Service, scope};

pub(crate) const CVE: &str = "arn:aws:inspector:us-west-2:758058086616:rulespackage/0-9hgA516p";
pub(crate) const BEST_PRACTICES: &str = "arn:aws:inspector:us-west-2:758058086616:rulespackage/0-JJOtZiqQ";
pub(crate) const TOPIC: &str = "arn:aws:sns:us-west-2:123456789012:alarms";

impl Service {
    pub(crate) fn group(&self, tags: Value) -> String {
        text(&self.ok("CreateResourceGroup", json!({"resourceGroupTags": tags})), "resourceGroupArn")
    }

    /// A target that means every host.
    pub(crate) fn target(&self, name: &str) -> String {
        text(&self.ok("CreateAssessmentTarget", json!({"assessmentTargetName": name})), "assessmentTargetArn")
    }

    pub(crate) fn target_of(&self, name: &str, group: &str) -> String {
        let request = json!({"assessmentTargetName": name, "resourceGroupArn": group});
        text(&self.ok("CreateAssessmentTarget", request), "assessmentTargetArn")
    }

    /// A template of one hour with the CVE package.
    pub(crate) fn template(&self, target: &str, name: &str) -> String {
        let request = json!({
            "assessmentTargetArn": target,
            "assessmentTemplateName": name,
            "durationInSeconds": 3600,
            "rulesPackageArns": [CVE],
        });
        text(&self.ok("CreateAssessmentTemplate", request), "assessmentTemplateArn")
    }

    /// A run in its first state, as if it had been started.
    pub(crate) fn insert_run(&self, template: &str, name: &str) -> String {
        let template = Arn::parse(template).unwrap();
        let now = self.now();
        let mut run = Run {
            seq: 0,
            scope: scope(),
            id: self.app.new_id().unwrap(),
            target: template.up_to(ArnKind::Target).unwrap().id().clone(),
            template: template.id().clone(),
            name: name.to_owned(),
            state: RunState::Created,
            version: 1,
            duration_s: 3600,
            rules: vec![CVE.to_owned()],
            attributes: Vec::new(),
            created_at: now,
            started_at: None,
            completed_at: None,
            changed_at: now,
            stop: None,
            data_collected: false,
            counts: [0; 5],
        };
        run.seq = self.app.store.write(|tx| tx.insert_run(&run)).unwrap();
        run.arn().to_string()
    }

    pub(crate) fn run(&self, arn: &str) -> Run {
        let id = Arn::parse(arn).unwrap().id().clone();
        self.app.store.read(|tx| tx.run(&scope(), &id)).unwrap().unwrap()
    }

    /// Lets a run reach a state, now.
    pub(crate) fn move_run(&self, arn: &str, state: RunState) {
        let before = self.run(arn);
        let mut after = Run { state, changed_at: self.now(), ..before.clone() };
        match state {
            RunState::CollectingData => after.started_at = Some(self.now()),
            RunState::Completed => {
                after.completed_at = Some(self.now());
                after.data_collected = true;
                after.counts = [1, 2, 0, 4, 5];
            }
            _ => {}
        }
        assert!(self.app.store.write(|tx| tx.update_run(&before, &mut after)).unwrap());
    }

    pub(crate) fn enrol(&self, agent: &Agent) {
        self.app.store.write(|tx| tx.put_agent(agent, "nonce")).unwrap();
    }

    /// An agent that was just heard.
    pub(crate) fn agent(&self, id: &str, tags: &[(&str, &str)]) -> Agent {
        let now = self.now();
        Agent {
            scope: scope(),
            id: id.to_owned(),
            tags: tags.iter().map(|(key, value)| Tag::new(*key, *value)).collect(),
            auto_scaling_group: None,
            agent_version: "0.1.0".to_owned(),
            facts: AgentFacts {
                hostname: "web-1".to_owned(),
                operating_system: "Debian GNU/Linux 12 (bookworm)".to_owned(),
                kernel_version: "6.1.0-28-amd64".to_owned(),
                ipv4_addresses: vec!["192.0.2.7".to_owned(), "192.0.2.8".to_owned()],
                ..AgentFacts::default()
            },
            reported: HealthCode::Idle,
            health_details: None,
            cloned: false,
            revoked: false,
            enrolled_at: now,
            seen_at: now,
            snapshot: None,
            snapshot_at: None,
        }
    }

    /// Every ARN of a paged list, gathered with pages of `size`.
    pub(crate) fn all_pages(&self, operation: &str, request: &Value, member: &str, size: usize) -> Vec<Value> {
        let mut items = Vec::new();
        let mut request = request.clone();
        request["maxResults"] = size.into();
        for _ in 0..1_000 {
            let page = self.ok(operation, request.clone());
            let found = page[member].as_array().unwrap();
            assert!(found.len() <= size);
            items.extend(found.iter().cloned());
            match page.get("nextToken") {
                Some(token) => request["nextToken"] = token.clone(),
                None => return items,
            }
        }
        panic!("{operation} has no last page")
    }

    /// The outbox.
    pub(crate) fn events(&self) -> Vec<yagura_store::Event> {
        self.app.store.read(|tx| tx.events_after(0, 1_000)).unwrap()
    }
}

pub(crate) fn text(answer: &Value, member: &str) -> String {
    answer[member].as_str().unwrap().to_owned()
}

/// The ARN with another id at its end, which nobody has.
pub(crate) fn other(arn: &str) -> String {
    let (parents, _) = arn.rsplit_once('/').unwrap();
    format!("{parents}/{}", Id::from_number(0))
}

pub(crate) fn failure<'a>(answer: &'a Value, arn: &str) -> &'a str {
    answer["failedItems"][arn]["failureCode"].as_str().unwrap_or("none")
}
