//! Previews of exclusions: what a run of a template could not judge if it began now.

use jiff::Timestamp;
use yagura_model::service::{Arn, ArnKind, Id, Scope, Tag, Template};

use crate::exclusions::Body;
use crate::shapes::{read_attributes, read_id, read_opt_id, read_tags};
use crate::value::json;
use crate::{StoreError, StoredExclusion, Tx};

/// A preview as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The UUID by which it is asked for.
    pub token: String,
    /// The template that it is about.
    pub template: Id,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// It is made.
    pub done: bool,
    /// What it says; empty until it is done.
    pub exclusions: Vec<StoredExclusion>,
}

impl Tx<'_> {
    /// Keeps a preview, or what became of it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_preview(&mut self, scope: &Scope, preview: &Preview) -> Result<(), StoreError> {
        let bodies: Vec<Body> = preview.exclusions.iter().map(Body::from).collect();
        self.execute(
            "INSERT INTO exclusion_preview (account, region, token, template, created_ms, done, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (account, region, token) DO UPDATE SET \
             done = excluded.done, body = excluded.body",
            &[
                (&scope.account).into(),
                (&scope.region).into(),
                (&preview.token).into(),
                preview.template.as_str().into(),
                preview.created_at.into(),
                preview.done.into(),
                json(&bodies)?,
            ],
        )?;
        Ok(())
    }

    /// Finds a preview by its token.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn preview(&mut self, scope: &Scope, token: &str) -> Result<Option<Preview>, StoreError> {
        self.query_one(
            "SELECT token, template, created_ms, done, body FROM exclusion_preview \
             WHERE account = ?1 AND region = ?2 AND token = ?3",
            &[(&scope.account).into(), (&scope.region).into(), token.into()],
            |row| {
                Ok(Preview {
                    token: row.text()?,
                    template: read_id(row)?,
                    created_at: row.time()?,
                    done: row.truth()?,
                    exclusions: row
                        .json::<Vec<Body>>()?
                        .into_iter()
                        .map(StoredExclusion::try_from)
                        .collect::<Result<_, _>>()?,
                })
            },
        )
    }

    /// Tells whether a preview of a template that was asked for after `since` is still being made.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn preview_is_being_made(
        &mut self,
        scope: &Scope,
        template: &Id,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        let found = self.query_one(
            "SELECT created_ms FROM exclusion_preview WHERE account = ?1 AND region = ?2 AND template = ?3 AND done = 0 \
             AND created_ms > ?4 LIMIT 1",
            &[(&scope.account).into(), (&scope.region).into(), template.as_str().into(), since.into()],
            crate::Row::int,
        )?;
        Ok(found.is_some())
    }

    /// Forgets the previews of a scope that were asked for up to a time.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_previews(&mut self, scope: &Scope, up_to: Timestamp) -> Result<u64, StoreError> {
        self.execute(
            "DELETE FROM exclusion_preview WHERE account = ?1 AND region = ?2 AND created_ms <= ?3",
            &[(&scope.account).into(), (&scope.region).into(), up_to.into()],
        )
    }

    /// Finds the template that is to be previewed; one of another scope or target is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn template_to_preview(&mut self, scope: &Scope, arn: &Arn) -> Result<Option<Template>, StoreError> {
        if arn.kind() != ArnKind::Template || arn.scope() != scope {
            return Ok(None);
        }
        let found = self.query_one(
            "SELECT id, target, name, duration_s, rules, attributes, tags, created_ms FROM template \
             WHERE account = ?1 AND region = ?2 AND id = ?3",
            &[(&scope.account).into(), (&scope.region).into(), arn.id().as_str().into()],
            |row| {
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
            },
        )?;
        Ok(found.filter(|template| Arn::template(scope, &template.target, &template.id) == *arn))
    }

    /// Returns the tags that choose the hosts of a target; `None` means every host of the scope.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn tags_that_choose_hosts(&mut self, scope: &Scope, target: &Id) -> Result<Option<Vec<Tag>>, StoreError> {
        let group = self.query_one(
            "SELECT resource_group FROM target WHERE account = ?1 AND region = ?2 AND id = ?3",
            &[(&scope.account).into(), (&scope.region).into(), target.as_str().into()],
            read_opt_id,
        )?;
        // A target that is not there has no host.
        let Some(group) = group else { return Ok(Some(Vec::new())) };
        let Some(group) = group else { return Ok(None) };
        self.deciding_tags(scope, &Arn::resource_group(scope, &group)).map(Some)
    }
}
