//! Assessment targets: which hosts are assessed.

use yagura_model::service::{Arn, ArnKind, Id, Scope, Tag, Target};

use crate::question::Question;
use crate::shapes::{read_id, read_opt_id};
use crate::{Row, StoreError, Tx};

const COLUMNS: &str = "id, name, resource_group, created_ms, updated_ms";

fn read(row: &mut Row) -> Result<Target, StoreError> {
    Ok(Target {
        id: read_id(row)?,
        name: row.text()?,
        resource_group: read_opt_id(row)?,
        created_at: row.time()?,
        updated_at: row.time()?,
    })
}

impl Tx<'_> {
    /// Adds a target.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id or the name is taken.
    pub fn insert_target(&mut self, scope: &Scope, target: &Target) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO target (account, region, id, name, resource_group, created_ms, updated_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            &[
                (&scope.account).into(),
                (&scope.region).into(),
                target.id.as_str().into(),
                (&target.name).into(),
                target.resource_group.as_ref().map(Id::as_str).into(),
                target.created_at.into(),
                target.updated_at.into(),
            ],
        )?;
        Ok(())
    }

    /// Writes name, group and time of change of a target; `false` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken.
    pub fn update_target(&mut self, scope: &Scope, target: &Target) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE target SET name = ?4, resource_group = ?5, updated_ms = ?6 \
             WHERE account = ?1 AND region = ?2 AND id = ?3",
            &[
                (&scope.account).into(),
                (&scope.region).into(),
                target.id.as_str().into(),
                (&target.name).into(),
                target.resource_group.as_ref().map(Id::as_str).into(),
                target.updated_at.into(),
            ],
        )?;
        Ok(changed == 1)
    }

    /// Finds a target by its id.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn target(&mut self, scope: &Scope, id: &Id) -> Result<Option<Target>, StoreError> {
        self.query_one(
            &format!("SELECT {COLUMNS} FROM target WHERE account = ?1 AND region = ?2 AND id = ?3"),
            &[(&scope.account).into(), (&scope.region).into(), id.as_str().into()],
            read,
        )
    }

    /// Finds a target by its ARN; one of another scope is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn target_by_arn(&mut self, scope: &Scope, arn: &Arn) -> Result<Option<Target>, StoreError> {
        match arn.up_to(ArnKind::Target).filter(|wanted| wanted.scope() == scope) {
            Some(wanted) => self.target(scope, wanted.id()),
            None => Ok(None),
        }
    }

    /// Finds a target by its name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn target_by_name(&mut self, scope: &Scope, name: &str) -> Result<Option<Target>, StoreError> {
        self.query_one(
            &format!("SELECT {COLUMNS} FROM target WHERE account = ?1 AND region = ?2 AND name = ?3"),
            &[(&scope.account).into(), (&scope.region).into(), name.into()],
            read,
        )
    }

    /// Counts the targets of a scope.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_targets(&mut self, scope: &Scope) -> Result<u64, StoreError> {
        let count = self.query_one(
            "SELECT COUNT(*) FROM target WHERE account = ?1 AND region = ?2",
            &[(&scope.account).into(), (&scope.region).into()],
            Row::count,
        )?;
        Ok(count.unwrap_or_default())
    }

    /// Lists targets in the order in which they were made, each with its number; `after` is the
    /// last number of the page before. In `name_pattern`, `*` stands for anything.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn list_targets(
        &mut self,
        scope: &Scope,
        name_pattern: Option<&str>,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Target)>, StoreError> {
        let mut question = Question::new(scope);
        let mark = question.value(after);
        question.and(format!("seq > {mark}"));
        if let Some(pattern) = name_pattern {
            question.like("name", pattern);
        }
        let limit = question.value(limit);
        let sql = format!("SELECT seq, {COLUMNS} FROM target WHERE {} ORDER BY seq LIMIT {limit}", question.text);
        self.query(&sql, &question.values, |row| Ok((row.int()?, read(row)?)))
    }

    /// Returns the tags of which a host of the target carries any one; `None` means every host of
    /// the scope.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn target_tags(&mut self, scope: &Scope, target: &Target) -> Result<Option<Vec<Tag>>, StoreError> {
        let Some(group) = &target.resource_group else { return Ok(None) };
        // A group that is not there means nobody, never everybody.
        Ok(Some(self.resource_group(scope, group)?.map(|group| group.tags).unwrap_or_default()))
    }
}
