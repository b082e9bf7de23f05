//! A source whose texts are harmless: what wraps the caller's before any format sees it.

use yagura_model::run_report::{
    AgentOutcome, ExclusionScope, FindingGroup, FindingInstance, FindingItem, Named, RuleChecked, RuleInstance,
    RuleItem, RunAgent, RunCoverage, RunExclusion, RunHeader, RunReportError, RunReportSource, RunRulesPackage, Wanted,
};
use yagura_model::{Attribute, LocalText};

use crate::clean::{local, local_line, maybe, one};

/// Neutralises what another source gives.
pub(super) struct CleanSource<'a>(pub(super) &'a mut dyn RunReportSource);

impl RunReportSource for CleanSource<'_> {
    fn header(&mut self) -> Result<RunHeader, RunReportError> {
        let mut header = self.0.header()?;
        [&mut header.run, &mut header.template, &mut header.target].into_iter().for_each(named);
        let texts = [
            &mut header.account,
            &mut header.region,
            &mut header.state,
            &mut header.made_by,
            &mut header.product_version,
        ];
        texts.into_iter().for_each(one);
        header.rules_packages.iter_mut().for_each(rules_package);
        header.attributes.iter_mut().for_each(attribute);
        Ok(header)
    }

    fn coverage(&mut self, each: &mut dyn FnMut(&RunCoverage) -> Wanted) -> Result<(), RunReportError> {
        self.0.coverage(&mut |line| {
            let mut line = line.clone();
            local_line(&mut line.rules_package);
            line.feed.iter_mut().for_each(|feed| one(&mut feed.0));
            line.reason.iter_mut().for_each(local);
            each(&line)
        })
    }

    fn exclusions(&mut self, each: &mut dyn FnMut(&RunExclusion) -> Wanted) -> Result<(), RunReportError> {
        self.0.exclusions(&mut |exclusion| {
            let mut exclusion = exclusion.clone();
            local_line(&mut exclusion.title);
            local(&mut exclusion.description);
            local(&mut exclusion.recommendation);
            exclusion.scopes.iter_mut().for_each(scope);
            each(&exclusion)
        })
    }

    fn agents(&mut self, each: &mut dyn FnMut(&RunAgent) -> Wanted) -> Result<(), RunReportError> {
        self.0.agents(&mut |agent| {
            let mut agent = agent.clone();
            one(&mut agent.agent_id);
            one(&mut agent.hostname);
            maybe(&mut agent.operating_system);
            maybe(&mut agent.kernel);
            agent.addresses.iter_mut().for_each(one);
            agent.tags.iter_mut().for_each(attribute);
            one(&mut agent.health);
            one(&mut agent.health_code);
            match &mut agent.outcome {
                AgentOutcome::Evaluated => {}
                AgentOutcome::Partly { reason } | AgentOutcome::NotEvaluated { reason } => local(reason),
            }
            each(&agent)
        })
    }

    fn findings(&mut self, each: &mut dyn FnMut(FindingItem<'_>) -> Wanted) -> Result<(), RunReportError> {
        self.0.findings(&mut |item| match item {
            FindingItem::Group(dirty) => each(FindingItem::Group(&group(dirty))),
            FindingItem::Instance(dirty) => each(FindingItem::Instance(&instance(dirty))),
        })
    }

    fn rules(&mut self, each: &mut dyn FnMut(RuleItem<'_>) -> Wanted) -> Result<(), RunReportError> {
        self.0.rules(&mut |item| match item {
            RuleItem::Rule(dirty) => each(RuleItem::Rule(&rule(dirty))),
            RuleItem::Instance(dirty) => {
                let mut clean: RuleInstance = dirty.clone();
                one(&mut clean.agent_id);
                one(&mut clean.hostname);
                each(RuleItem::Instance(&clean))
            }
        })
    }
}

fn group(dirty: &FindingGroup) -> FindingGroup {
    let mut clean = dirty.clone();
    rules_package(&mut clean.rules_package);
    one(&mut clean.rule);
    local_line(&mut clean.title);
    local(&mut clean.description);
    local(&mut clean.recommendation);
    clean.evidence.iter_mut().for_each(evidence);
    clean
}

fn instance(dirty: &FindingInstance) -> FindingInstance {
    let mut clean = dirty.clone();
    one(&mut clean.agent_id);
    one(&mut clean.hostname);
    one(&mut clean.finding_arn);
    clean.evidence.iter_mut().for_each(evidence);
    clean.attributes.iter_mut().for_each(attribute);
    clean
}

fn rule(dirty: &RuleChecked) -> RuleChecked {
    let mut clean = dirty.clone();
    rules_package(&mut clean.rules_package);
    one(&mut clean.rule);
    local_line(&mut clean.title);
    clean
}

fn evidence(line: &mut LocalText) {
    local_line(line);
}

fn scope(scope: &mut ExclusionScope) {
    match scope {
        ExclusionScope::Instance { agent_id, hostname } => {
            one(agent_id);
            one(hostname);
        }
        ExclusionScope::RulesPackage(package) => rules_package(package),
    }
}

fn rules_package(package: &mut RunRulesPackage) {
    one(&mut package.arn);
    local_line(&mut package.name);
    one(&mut package.version);
}

fn named(named: &mut Named) {
    one(&mut named.name);
    one(&mut named.arn);
}

fn attribute(attribute: &mut Attribute) {
    one(&mut attribute.key);
    one(&mut attribute.value);
}
