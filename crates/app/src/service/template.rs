//! Assessment templates and their tags.

use yagura_model::Attribute;
use yagura_model::service::{Arn, Run, Tag, Template, catalogue};
pub use yagura_store::TemplateFilter as Filter;

use super::{AppError, Cx, codes, run, target};

/// What a new template is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTemplate {
    /// The target's ARN.
    pub target: Arn,
    /// Unique in the target.
    pub name: String,
    /// 180 to 86,400 seconds.
    pub duration_s: u32,
    /// ARNs of rules packages.
    pub rules: Vec<Arn>,
    /// Attributes that every finding gets.
    pub attributes: Vec<Attribute>,
}

/// A template and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The template.
    pub template: Template,
    /// Its runs that still exist.
    pub runs: u64,
    /// The newest of them.
    pub last_run: Option<Run>,
}

/// Makes a template and returns its ARN.
///
/// # Errors
/// When the target or a rules package is not there, the name is taken, or the scope has as many
/// templates as it may have.
pub fn create(cx: &mut Cx<'_, '_>, new: NewTemplate) -> Result<Arn, AppError> {
    let (scope, limit) = (cx.scope().clone(), cx.app.settings.templates_max);
    target::lock(cx)?;
    let target = target::get(cx, &new.target)?;
    let mut rules: Vec<String> = Vec::new();
    for arn in &new.rules {
        let entry = catalogue::find(&scope.region, &arn.to_string()).ok_or_else(|| {
            AppError::missing(codes::RULES_PACKAGE_DOES_NOT_EXIST, format!("the rules package `{arn}` does not exist"))
        })?;
        if !rules.contains(&entry.arn) {
            rules.push(entry.arn);
        }
    }
    if cx.tx.template_name_is_taken(&scope, &target.id, &new.name)? {
        return Err(AppError::invalid(
            codes::ASSESSMENT_TEMPLATE_NAME_ALREADY_TAKEN,
            format!("the assessment target has a template `{}` already", new.name),
        ));
    }
    if cx.tx.count_templates(&scope)? >= limit {
        return Err(AppError::Limit {
            code: codes::ASSESSMENT_TEMPLATE_LIMIT_EXCEEDED,
            message: format!("the account has {limit} assessment templates in this region already"),
        });
    }
    let template = Template {
        id: cx.app.new_id()?,
        target: target.id,
        name: new.name,
        duration_s: new.duration_s,
        rules,
        attributes: new.attributes,
        tags: Vec::new(),
        created_at: cx.now,
    };
    cx.tx.insert_template(&scope, &template)?;
    Ok(Arn::template(&scope, &template.target, &template.id))
}

/// Deletes a template with its runs, subscriptions, previews and tags.
///
/// # Errors
/// When it is not there, or one of its runs is in progress.
pub fn delete(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<(), AppError> {
    let (scope, now) = (cx.scope().clone(), cx.now);
    target::lock(cx)?;
    run::lock(cx)?;
    let template = get(cx, arn)?;
    run::refuse_live(&cx.tx.live_runs_of(&scope, &template.target, Some(&template.id))?)?;
    cx.tx.delete_template(&scope, &template.id, now)?;
    Ok(())
}

/// Finds a template and its newest run; one of another account or region is none.
///
/// # Errors
/// When the store fails.
pub fn describe(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<Option<Described>, AppError> {
    let scope = cx.scope().clone();
    let Some(template) = cx.tx.template_by_arn(&scope, arn)? else { return Ok(None) };
    let (runs, last_run) = cx.tx.runs_of_template(&scope, &template.id)?;
    Ok(Some(Described { template, runs, last_run }))
}

/// Lists templates of these targets, or of every one where none is named, in the order in which
/// they were made, each with its number; `after` is the last number of the page before.
///
/// # Errors
/// When a target is not there, or the caller may not list its templates.
pub fn list(
    cx: &mut Cx<'_, '_>,
    targets: &[Arn],
    mut filter: Filter,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, Arn)>, AppError> {
    for arn in targets {
        cx.must(Some(arn))?;
        filter.targets.push(target::get(cx, arn)?.id);
    }
    let scope = cx.scope().clone();
    let templates = cx.tx.list_templates(&scope, &filter, after, limit)?;
    let named = |(seq, template): (i64, Template)| (seq, Arn::template(&scope, &template.target, &template.id));
    Ok(templates.into_iter().map(named).collect())
}

/// Finds a template that must be there.
///
/// # Errors
/// When it is not.
pub fn get(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<Template, AppError> {
    let scope = cx.scope().clone();
    cx.tx.template_by_arn(&scope, arn)?.ok_or_else(|| {
        AppError::missing(
            codes::ASSESSMENT_TEMPLATE_DOES_NOT_EXIST,
            format!("the assessment template `{arn}` does not exist"),
        )
    })
}

/// Replaces all tags of a template.
///
/// # Errors
/// When it is not there.
pub fn set_tags(cx: &mut Cx<'_, '_>, arn: &Arn, tags: &[Tag]) -> Result<(), AppError> {
    let scope = cx.scope().clone();
    let template = get(cx, arn)?;
    cx.tx.set_template_tags(&scope, &template.id, tags)?;
    Ok(())
}
