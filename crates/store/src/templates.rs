//! Assessment templates: how a target is assessed.

use yagura_model::service::{Arn, ArnKind, Id, Scope, Tag, Template};

use crate::question::Question;
use crate::shapes::{attributes, read_attributes, read_id, read_tags, tags};
use crate::value::json;
use crate::{Row, StoreError, Tx};

const COLUMNS: &str = "id, target, name, duration_s, rules, attributes, tags, created_ms";

fn read(row: &mut Row) -> Result<Template, StoreError> {
    Ok(Template {
        id: read_id(row)?,
        target: read_id(row)?,
        name: row.text()?,
        duration_s: u32::try_from(row.int()?).unwrap_or(u32::MAX),
        rules: row.json()?,
        attributes: read_attributes(row)?,
        tags: read_tags(row)?,
        created_at: row.time()?,
    })
}

/// What a list of templates is narrowed by. All that is given must match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TemplateFilter {
    /// Of any of these targets.
    pub targets: Vec<Id>,
    /// Names like this; `*` stands for anything.
    pub name_pattern: Option<String>,
    /// Duration in seconds, both ends included.
    pub duration_s: Option<(u32, u32)>,
    /// With any of these rules packages.
    pub rules: Vec<String>,
}

impl Tx<'_> {
    /// Adds a template.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id or the name is taken.
    pub fn insert_template(&mut self, scope: &Scope, template: &Template) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO template (account, region, id, target, name, duration_s, rules, attributes, tags, created_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            &[
                (&scope.account).into(),
                (&scope.region).into(),
                template.id.as_str().into(),
                template.target.as_str().into(),
                (&template.name).into(),
                template.duration_s.into(),
                json(&template.rules)?,
                attributes(&template.attributes)?,
                tags(&template.tags)?,
                template.created_at.into(),
            ],
        )?;
        Ok(())
    }

    /// Replaces the tags of a template; `false` when there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_template_tags(&mut self, scope: &Scope, id: &Id, new: &[Tag]) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE template SET tags = ?4 WHERE account = ?1 AND region = ?2 AND id = ?3",
            &[(&scope.account).into(), (&scope.region).into(), id.as_str().into(), tags(new)?],
        )?;
        Ok(changed == 1)
    }

    /// Finds a template by its id.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn template(&mut self, scope: &Scope, id: &Id) -> Result<Option<Template>, StoreError> {
        self.query_one(
            &format!("SELECT {COLUMNS} FROM template WHERE account = ?1 AND region = ?2 AND id = ?3"),
            &[(&scope.account).into(), (&scope.region).into(), id.as_str().into()],
            read,
        )
    }

    /// Finds a template by its ARN; one of another scope or of another target is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn template_by_arn(&mut self, scope: &Scope, arn: &Arn) -> Result<Option<Template>, StoreError> {
        let Some(wanted) = arn.up_to(ArnKind::Template).filter(|wanted| wanted.scope() == scope) else {
            return Ok(None);
        };
        let found = self.template(scope, wanted.id())?;
        Ok(found.filter(|template| Arn::template(scope, &template.target, &template.id) == wanted))
    }

    /// Tells whether a target has a template of that name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn template_name_is_taken(&mut self, scope: &Scope, target: &Id, name: &str) -> Result<bool, StoreError> {
        let found = self.query_one(
            "SELECT 1 FROM template WHERE account = ?1 AND region = ?2 AND target = ?3 AND name = ?4",
            &[(&scope.account).into(), (&scope.region).into(), target.as_str().into(), name.into()],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    /// Counts the templates of a scope.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_templates(&mut self, scope: &Scope) -> Result<u64, StoreError> {
        let count = self.query_one(
            "SELECT COUNT(*) FROM template WHERE account = ?1 AND region = ?2",
            &[(&scope.account).into(), (&scope.region).into()],
            Row::count,
        )?;
        Ok(count.unwrap_or_default())
    }

    /// Lists templates in the order in which they were made, each with its number; `after` is the
    /// last number of the page before.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn list_templates(
        &mut self,
        scope: &Scope,
        filter: &TemplateFilter,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Template)>, StoreError> {
        let mut question = Question::new(scope);
        let mark = question.value(after);
        question.and(format!("seq > {mark}"));
        question.any("target", filter.targets.iter().map(|id| id.as_str().into()));
        if let Some(pattern) = &filter.name_pattern {
            question.like("name", pattern);
        }
        if let Some((least, most)) = filter.duration_s {
            question.between("duration_s", Some(least), Some(most));
        }
        question.any_part("rules", &filter.rules);
        let limit = question.value(limit);
        let sql = format!("SELECT seq, {COLUMNS} FROM template WHERE {} ORDER BY seq LIMIT {limit}", question.text);
        self.query(&sql, &question.values, |row| Ok((row.int()?, read(row)?)))
    }
}
