//! The tags by which rights may be limited.

use yagura_model::service::{Arn, ArnKind, Id, Scope, Tag};

use crate::shapes::{read_opt_id, read_tags};
use crate::{StoreError, Tx};

impl Tx<'_> {
    /// Returns the tags that decide about a thing: a template's for it and everything below it, a
    /// resource group's for it and its target. A thing that is not there has none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn deciding_tags(&mut self, scope: &Scope, arn: &Arn) -> Result<Vec<Tag>, StoreError> {
        if arn.scope() != scope {
            return Ok(Vec::new());
        }
        if let Some(template) = arn.up_to(ArnKind::Template) {
            let found = self.query_one(
                "SELECT tags FROM template WHERE account = ?1 AND region = ?2 AND id = ?3",
                &[(&scope.account).into(), (&scope.region).into(), template.id().as_str().into()],
                read_tags,
            )?;
            return Ok(found.unwrap_or_default());
        }
        match arn.kind() {
            ArnKind::ResourceGroup => self.group_tags(scope, arn.id()),
            ArnKind::Target => {
                let group = self.query_one(
                    "SELECT resource_group FROM target WHERE account = ?1 AND region = ?2 AND id = ?3",
                    &[(&scope.account).into(), (&scope.region).into(), arn.id().as_str().into()],
                    read_opt_id,
                )?;
                match group.flatten() {
                    Some(group) => self.group_tags(scope, &group),
                    None => Ok(Vec::new()),
                }
            }
            _ => Ok(Vec::new()),
        }
    }

    fn group_tags(&mut self, scope: &Scope, id: &Id) -> Result<Vec<Tag>, StoreError> {
        let found = self.query_one(
            "SELECT tags FROM resource_group WHERE account = ?1 AND region = ?2 AND id = ?3",
            &[(&scope.account).into(), (&scope.region).into(), id.as_str().into()],
            read_tags,
        )?;
        Ok(found.unwrap_or_default())
    }
}
