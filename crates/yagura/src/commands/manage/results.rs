//! `yagura findings`, `runs`, `targets`, `templates`: to look at, not to change.

use serde_json::{Value, json};
use yagura_app::service::fleet::age_days;
use yagura_app::service::{AppError, Cx, codes, run};
use yagura_model::Severity;
use yagura_model::service::{Arn, ArnKind, Run, Tag, Target, Template};
use yagura_store::{FindingFilter, RunFilter, StoredFinding, TemplateFilter};

use super::super::Context;
use super::session::{Place, Session};
use super::table::{answer, minute, opt_minute, or_dash, shown, table};
use super::tokens::{tags_json, tags_text};
use crate::cli::manage::{Findings, Form, Managed, Runs, Targets, Templates};
use crate::exit::{Exit, Failure};

/// Things asked of the store at once; a list is as long as it was asked for.
const PAGE: usize = 500;

/// A finding with the ARN that names it and since when its fault is known.
struct Found {
    arn: Arn,
    finding: StoredFinding,
    first_seen_at: jiff::Timestamp,
}

pub(super) fn findings(context: &Context, words: &Managed<Findings>) -> Result<Exit, Failure> {
    let session = Session::open(context, &words.service, Place::Existing)?;
    match &words.verb {
        Findings::List { severity, agent, run, limit, form } => {
            let parameters = json!({
                "severities": severity.iter().map(|severity| severity.word()).collect::<Vec<_>>(),
                "agentId": agent, "assessmentRunArn": run,
            });
            let found = session.look(("ListFindings", "inspector:ListFindings"), &parameters, |cx| {
                let runs = match run {
                    Some(arn) => vec![run::get(cx, &arn_of(arn, ArnKind::Run)?)?.seq],
                    None => Vec::new(),
                };
                let agents = agent.iter().cloned().collect();
                let filter = FindingFilter { runs, agents, severities: severity.clone(), ..FindingFilter::default() };
                list_findings(cx, &filter, *limit)
            })?;
            show_findings(&session, &found, form)
        }
        Findings::Show { arn, form } => {
            let parameters = json!({ "findingArn": arn });
            let found = session.look(("DescribeFindings", "inspector:DescribeFindings"), &parameters, |cx| {
                let arn = arn_of(arn, ArnKind::Finding)?;
                let missing =
                    || AppError::missing(codes::FINDING_DOES_NOT_EXIST, format!("the finding `{arn}` does not exist"));
                let scope = cx.scope().clone();
                let run = cx.tx.run_by_arn(&scope, &arn)?.ok_or_else(missing)?;
                find(cx, &run, arn.id())?.ok_or_else(missing)
            })?;
            answer(form.format, || finding_json(&session, &found, true), || finding_text(&session, &found))
        }
    }
}

fn arn_of(text: &str, kind: ArnKind) -> Result<Arn, AppError> {
    let wrong = || AppError::Validation(format!("`{text}` is not the ARN of a {}", kind.word()));
    Arn::parse(text).filter(|arn| arn.kind() == kind).ok_or_else(wrong)
}

fn list_findings(cx: &mut Cx<'_, '_>, filter: &FindingFilter, limit: usize) -> Result<Vec<Found>, AppError> {
    let scope = cx.scope().clone();
    let (mut found, mut before) = (Vec::new(), None);
    let mut run: Option<Run> = None;
    while found.len() < limit {
        let page = cx.tx.list_findings(&scope, filter, before, PAGE.min(limit - found.len()))?;
        let Some(last) = page.last() else { break };
        before = Some(last.seq);
        for listed in page {
            if run.as_ref().is_none_or(|run| run.seq != listed.run_seq) {
                run = cx.tx.run_by_seq(listed.run_seq)?;
            }
            // Deleted since the page was read.
            let Some(run) = &run else { continue };
            found.extend(find(cx, run, &listed.id)?);
        }
    }
    Ok(found)
}

fn find(cx: &mut Cx<'_, '_>, run: &Run, id: &yagura_model::service::Id) -> Result<Option<Found>, AppError> {
    let scope = cx.scope().clone();
    let Some(finding) = cx.tx.finding(&scope, run.seq, id)? else { return Ok(None) };
    let since = cx.tx.has_fault_since(&scope, &finding.agent, &finding.key)?;
    let first_seen_at = since.unwrap_or(finding.created_at).min(finding.created_at);
    let arn = run.arn().finding(id);
    Ok(Some(Found { arn, finding, first_seen_at }))
}

fn show_findings(session: &Session, found: &[Found], form: &Form) -> Result<Exit, Failure> {
    let now = session.app.now();
    answer(
        form.format,
        || json!({ "findings": found.iter().map(|found| finding_json(session, found, false)).collect::<Vec<_>>() }),
        || {
            let rows = found.iter().map(|found| {
                [
                    found.finding.severity.word().to_owned(),
                    found.finding.rule.clone(),
                    found.finding.agent.clone(),
                    age_days(found.first_seen_at, now).to_string(),
                    found.finding.title.en.clone(),
                    found.arn.to_string(),
                ]
            });
            table(["SEVERITY", "ID", "AGENT", ">AGE (DAYS)", "TITLE", "ARN"], rows)
        },
    )
}

fn finding_json(session: &Session, found: &Found, whole: bool) -> Value {
    let Found { arn, finding, first_seen_at } = found;
    let pairs = |attributes: &[yagura_model::Attribute]| -> Value {
        attributes.iter().map(|attribute| json!({ "key": attribute.key, "value": attribute.value })).collect()
    };
    let mut value = json!({
        "arn": arn.to_string(), "id": finding.rule, "severity": finding.severity.word(),
        "numericSeverity": finding.severity.number(), "agentId": finding.agent, "title": finding.title.en,
        "createdAt": finding.created_at, "firstSeenAt": first_seen_at,
        "ageDays": age_days(*first_seen_at, session.app.now()), "userAttributes": pairs(&finding.user_attributes),
    });
    if let Some(members) = value.as_object_mut().filter(|_| whole) {
        let evidence = serde_json::from_str(&finding.evidence).unwrap_or(Value::Null);
        members.insert("description".into(), json!(finding.text.description.en));
        members.insert("recommendation".into(), json!(finding.text.recommendation.en));
        members.insert("severityReason".into(), json!(finding.text.severity_reason.en));
        members.insert("attributes".into(), pairs(&finding.attributes));
        members.insert("evidence".into(), evidence);
    }
    value
}

fn finding_text(session: &Session, found: &Found) -> String {
    let Found { arn, finding, first_seen_at } = found;
    let age = age_days(*first_seen_at, session.app.now());
    let lines = [
        ("finding", arn.to_string()),
        ("id", finding.rule.clone()),
        ("severity", format!("{} ({})", finding.severity.word(), finding.text.severity_reason.en)),
        ("agent", finding.agent.clone()),
        ("first seen", format!("{}, {age} days ago", minute(*first_seen_at))),
    ];
    let mut text: String = lines.iter().map(|(name, value)| format!("{name:<12} {}\n", shown(value))).collect();
    for attribute in &finding.user_attributes {
        text.push_str(&format!("{:<12} {}\n", shown(&attribute.key), shown(&attribute.value)));
    }
    let evidence: Value = serde_json::from_str(&finding.evidence).unwrap_or(Value::Null);
    for (name, paragraph) in [
        ("", &finding.title.en),
        ("", &finding.text.description.en),
        ("What to do: ", &finding.text.recommendation.en),
        ("Evidence:\n", &format!("{evidence:#}")),
    ] {
        let lines: Vec<String> = paragraph.lines().map(shown).collect();
        text.push_str(&format!("\n{name}{}\n", lines.join("\n")));
    }
    text
}

pub(super) fn runs(context: &Context, words: &Managed<Runs>) -> Result<Exit, Failure> {
    let session = Session::open(context, &words.service, Place::Existing)?;
    match &words.verb {
        Runs::List { state, limit, form } => {
            let parameters = json!({ "states": state.iter().map(|state| state.word()).collect::<Vec<_>>() });
            let filter = RunFilter { states: state.clone(), ..RunFilter::default() };
            let runs = session.look(("ListAssessmentRuns", "inspector:ListAssessmentRuns"), &parameters, |cx| {
                let scope = cx.scope().clone();
                Ok(cx.tx.list_runs(&scope, &filter, None, *limit)?)
            })?;
            answer(
                form.format,
                || json!({ "runs": runs.iter().map(run_json).collect::<Vec<_>>() }),
                || {
                    let rows = runs.iter().map(|run| {
                        [
                            run.name.clone(),
                            run.state.word().to_owned(),
                            opt_minute(run.started_at),
                            opt_minute(run.completed_at),
                            counts_text(run),
                            run.arn().to_string(),
                        ]
                    });
                    table(["RUN", "STATE", "STARTED", "COMPLETED", "FINDINGS", "ARN"], rows)
                },
            )
        }
        Runs::Show { arn, form } => {
            let parameters = json!({ "assessmentRunArn": arn });
            let described =
                session.look(("DescribeAssessmentRuns", "inspector:DescribeAssessmentRuns"), &parameters, |cx| {
                    let arn = arn_of(arn, ArnKind::Run)?;
                    let run = run::get(cx, &arn)?;
                    let transitions = cx.tx.transitions(run.seq)?;
                    Ok((run, transitions))
                })?;
            let (run, transitions) = described;
            answer(
                form.format,
                || {
                    let mut value = run_json(&run);
                    if let Some(members) = value.as_object_mut() {
                        let passed: Vec<Value> =
                            transitions.iter().map(|(state, at)| json!({ "state": state.word(), "at": at })).collect();
                        members.insert("transitions".into(), json!(passed));
                    }
                    value
                },
                || {
                    let head = format!("{}\n{}\n{}\n\n", shown(&run.name), run.arn(), counts_text(&run));
                    let rows = transitions.iter().map(|(state, at)| [minute(*at), state.word().to_owned()]);
                    head + &table(["AT", "STATE"], rows)
                },
            )
        }
    }
}

fn counts_text(run: &Run) -> String {
    let counts = Severity::ALL.iter().zip(run.counts).filter(|(_, count)| *count > 0);
    let words: Vec<String> = counts.map(|(severity, count)| format!("{count} {}", severity.word())).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

fn run_json(run: &Run) -> Value {
    let counts: serde_json::Map<String, Value> = Severity::ALL
        .iter()
        .zip(run.counts)
        .map(|(severity, count)| (severity.word().to_owned(), json!(count)))
        .collect();
    json!({
        "arn": run.arn().to_string(), "name": run.name, "state": run.state.word(),
        "durationInSeconds": run.duration_s, "createdAt": run.created_at, "startedAt": run.started_at,
        "completedAt": run.completed_at, "findingCounts": counts, "rulesPackageArns": run.rules,
    })
}

pub(super) fn targets(context: &Context, words: &Managed<Targets>) -> Result<Exit, Failure> {
    let session = Session::open(context, &words.service, Place::Existing)?;
    let Targets::List(form) = &words.verb;
    let scope = session.scope().clone();
    let action = ("ListAssessmentTargets", "inspector:ListAssessmentTargets");
    let targets: Vec<(Target, Option<Vec<Tag>>)> = session.look(action, &Value::Null, |cx| {
        let scope = cx.scope().clone();
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let page = cx.tx.list_targets(&scope, None, after, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(all) };
            after = *last;
            for (_, target) in page {
                let tags = cx.tx.target_tags(&scope, &target)?;
                all.push((target, tags));
            }
        }
    })?;
    answer(
        form.format,
        || {
            json!({ "targets": targets.iter().map(|(target, tags)| json!({
                "arn": Arn::target(&scope, &target.id).to_string(), "name": target.name,
                "tags": tags.as_deref().map(tags_json), "createdAt": target.created_at,
            })).collect::<Vec<_>>() })
        },
        || {
            let rows = targets.iter().map(|(target, tags)| {
                let hosts = tags.as_deref().map_or_else(|| "every host".to_owned(), tags_text);
                [target.name.clone(), hosts, minute(target.created_at), Arn::target(&scope, &target.id).to_string()]
            });
            table(["TARGET", "HOSTS WITH", "CREATED", "ARN"], rows)
        },
    )
}

pub(super) fn templates(context: &Context, words: &Managed<Templates>) -> Result<Exit, Failure> {
    let session = Session::open(context, &words.service, Place::Existing)?;
    let Templates::List(form) = &words.verb;
    let scope = session.scope().clone();
    let action = ("ListAssessmentTemplates", "inspector:ListAssessmentTemplates");
    let templates: Vec<(Template, Option<String>)> = session.look(action, &Value::Null, |cx| {
        let scope = cx.scope().clone();
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let page = cx.tx.list_templates(&scope, &TemplateFilter::default(), after, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(all) };
            after = *last;
            for (_, template) in page {
                let target = cx.tx.target(&scope, &template.target)?.map(|target| target.name);
                all.push((template, target));
            }
        }
    })?;
    let arn = |template: &Template| Arn::template(&scope, &template.target, &template.id).to_string();
    answer(
        form.format,
        || {
            json!({ "templates": templates.iter().map(|(template, target)| json!({
                "arn": arn(template), "name": template.name, "target": target,
                "durationInSeconds": template.duration_s, "rulesPackageArns": template.rules,
                "tags": tags_json(&template.tags), "createdAt": template.created_at,
            })).collect::<Vec<_>>() })
        },
        || {
            let rows = templates.iter().map(|(template, target)| {
                [
                    template.name.clone(),
                    or_dash(target.clone()),
                    format!("{} s", template.duration_s),
                    template.rules.len().to_string(),
                    arn(template),
                ]
            });
            table(["TEMPLATE", "TARGET", ">DURATION", ">RULES PACKAGES", "ARN"], rows)
        },
    )
}
