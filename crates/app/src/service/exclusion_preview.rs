//! Previews of exclusions: what a run of a template could not judge if it began now.
//!
//! A preview is made in the call that asks for it, and kept under a token for a day.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use yagura_model::service::{Agent, AgentHealth, Arn, HealthCode, Template, agent, catalogue};
use yagura_model::{Attribute, LocalText, RulesPackage};
use yagura_store::{ExclusionScope, Preview, StoredExclusion};

use super::{AppError, Cx, codes, exclusions};

/// How long a preview can be read.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// A preview that was not finished after this long never will be: its server was killed.
const MAKING_MAX: SignedDuration = SignedDuration::from_mins(10);
/// Exclusions that a preview shows; of those beyond, the number.
const EXCLUSIONS_MAX: usize = 5_000;
/// Agents read at once.
const STEP: usize = 500;

/// Makes a preview of a template and returns its token.
///
/// # Errors
/// When the template is not there, or another preview of it is being made.
pub fn create(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<String, AppError> {
    let (scope, now) = (cx.scope().clone(), cx.now);
    cx.tx.lock(&format!("exclusions-preview:{arn}"))?;
    let template = template_of(cx, arn)?;
    if cx.tx.preview_is_being_made(&scope, &template.id, earlier(now, MAKING_MAX))? {
        return Err(AppError::PreviewInProgress);
    }
    cx.tx.forget_previews(&scope, earlier(now, LIFETIME))?;
    let exclusions = preview_exclusions(cx, &template)?;
    let token = uuid::Uuid::new_v4().to_string();
    let preview = Preview { token: token.clone(), template: template.id, created_at: now, done: true, exclusions };
    cx.tx.put_preview(&scope, &preview)?;
    Ok(token)
}

/// Finds a preview of a template.
///
/// # Errors
/// When the template is not there, or it has no preview under this token, or no longer.
pub fn get(cx: &mut Cx<'_, '_>, arn: &Arn, token: &str) -> Result<Preview, AppError> {
    let (scope, oldest) = (cx.scope().clone(), earlier(cx.now, LIFETIME));
    let template = template_of(cx, arn)?;
    let preview = cx.tx.preview(&scope, token)?;
    preview.filter(|preview| preview.template == template.id && preview.created_at > oldest).ok_or_else(|| {
        // The API has no code for these tokens.
        AppError::invalid(codes::INVALID_RESOURCE_ARN, "`previewToken` is unknown or has expired")
    })
}

/// Lists what a run of the template could not judge if it began now.
///
/// # Errors
/// When the store fails.
pub fn preview_exclusions(cx: &mut Cx<'_, '_>, template: &Template) -> Result<Vec<StoredExclusion>, AppError> {
    const NO_RUN: i64 = -1;
    let scope = cx.scope().clone();
    let tags = cx.tx.tags_that_choose_hosts(&scope, &template.target)?;
    let busy: BTreeMap<String, i64> = cx.tx.busy_agents(&scope, NO_RUN)?.into_iter().collect();
    let rules = template.rules.iter().filter_map(|arn| catalogue::find(&scope.region, arn));
    let cve: Vec<String> = rules.filter(|entry| entry.package == RulesPackage::Cve).map(|entry| entry.arn).collect();
    let mut runs: BTreeMap<i64, String> = BTreeMap::new();
    let (mut found, mut more, mut hosts, mut after) = (Vec::new(), 0_u64, 0_u64, 0);
    loop {
        let step = cx.tx.agents_with(&scope, tags.as_deref(), after, STEP)?;
        for (seq, agent) in &step {
            (after, hosts) = (*seq, hosts + 1);
            let obstacles = match busy.get(&agent.id) {
                Some(run) => {
                    if !runs.contains_key(run) {
                        let arn = cx.tx.run_by_seq(*run)?.map(|run| run.arn().to_string()).unwrap_or_default();
                        runs.insert(*run, arn);
                    }
                    let run = runs.get(run).map_or("", String::as_str);
                    vec![exclusions::agent_busy(&agent.id, run)]
                }
                None => obstacles_of(agent, &cve, cx.now),
            };
            for exclusion in obstacles {
                if found.len() < EXCLUSIONS_MAX { found.push(exclusion) } else { more += 1 }
            }
        }
        if step.len() < STEP {
            break;
        }
    }
    if hosts == 0 {
        found.push(exclusions::no_instances());
    }
    if let Some(last) = found.last_mut().filter(|_| more > 0) {
        *last = and_more(last, more + 1);
    }
    Ok(found)
}

/// Why a host that is not busy could not be judged, or not by these packages.
fn obstacles_of(agent: &Agent, cve: &[String], now: Timestamp) -> Vec<StoredExclusion> {
    if !may_take_part(agent, now) {
        let why = agent.health_reason(now).unwrap_or_else(|| "it does not answer".to_owned());
        return vec![exclusions::agent_unhealthy(&agent.id, &why)];
    }
    if agent.facts.distribution.as_deref().is_some_and(yagura_matcher::supports_distribution) {
        return Vec::new();
    }
    let system = match agent.facts.operating_system.as_str() {
        "" => "an unknown operating system",
        known => known,
    };
    cve.iter().map(|arn| exclusions::unsupported_os(&agent.id, system, arn)).collect()
}

/// One that said that it is unwell still answers, and may be able to collect.
fn may_take_part(agent: &Agent, now: Timestamp) -> bool {
    let late = now.duration_since(agent.seen_at) > agent::LATE_AFTER;
    let answers = agent.reported == HealthCode::Unhealthy && !late && !agent.cloned && !agent.revoked;
    agent.health(now) == AgentHealth::Healthy || answers
}

/// Stands for the rest of a preview that is too long to be shown.
fn and_more(last: &StoredExclusion, more: u64) -> StoredExclusion {
    StoredExclusion {
        id: last.id.clone(),
        title: LocalText::new("More exclusions", "その他の除外"),
        description: LocalText::new(
            format!("{more} more checks could not be done. A run lists them all."),
            format!("ほかに {more} 件の検査を実行できません。すべては評価の実行結果に表示されます。"),
        ),
        recommendation: LocalText::new(
            "Put right what the other exclusions name, or preview a template with fewer hosts.",
            "ほかの除外の原因を解消するか、ホストの少ないテンプレートでプレビューしてください。",
        ),
        scopes: vec![(ExclusionScope::InstanceId, "none".to_owned())],
        attributes: Vec::<Attribute>::new(),
    }
}

fn template_of(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<Template, AppError> {
    let scope = cx.scope().clone();
    cx.tx.template_to_preview(&scope, arn)?.ok_or_else(|| {
        AppError::missing(
            codes::ASSESSMENT_TEMPLATE_DOES_NOT_EXIST,
            format!("the assessment template `{arn}` does not exist"),
        )
    })
}

fn earlier(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_sub(by).unwrap_or(Timestamp::MIN)
}
