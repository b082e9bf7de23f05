//! Resource groups: sets of tags. They are made and read; nobody changes or deletes them.

use yagura_model::service::{Id, ResourceGroup, Scope};

use crate::shapes::{read_id, read_tags, tags};
use crate::{Row, StoreError, Tx};

fn read(row: &mut Row) -> Result<ResourceGroup, StoreError> {
    Ok(ResourceGroup { id: read_id(row)?, tags: read_tags(row)?, created_at: row.time()? })
}

impl Tx<'_> {
    /// Adds a resource group.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id is taken.
    pub fn insert_resource_group(&mut self, scope: &Scope, group: &ResourceGroup) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO resource_group (account, region, id, tags, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            &[
                (&scope.account).into(),
                (&scope.region).into(),
                group.id.as_str().into(),
                tags(&group.tags)?,
                group.created_at.into(),
            ],
        )?;
        Ok(())
    }

    /// Finds a resource group.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn resource_group(&mut self, scope: &Scope, id: &Id) -> Result<Option<ResourceGroup>, StoreError> {
        self.query_one(
            "SELECT id, tags, created_ms FROM resource_group WHERE account = ?1 AND region = ?2 AND id = ?3",
            &[(&scope.account).into(), (&scope.region).into(), id.as_str().into()],
            read,
        )
    }

    /// Counts the resource groups of a scope.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_resource_groups(&mut self, scope: &Scope) -> Result<u64, StoreError> {
        let count = self.query_one(
            "SELECT COUNT(*) FROM resource_group WHERE account = ?1 AND region = ?2",
            &[(&scope.account).into(), (&scope.region).into()],
            Row::count,
        )?;
        Ok(count.unwrap_or_default())
    }
}
