//! Resource groups.

use yagura_model::service::{Arn, ArnKind, ResourceGroup, Tag};

use super::{AppError, Cx, codes};

/// Makes a resource group and returns its ARN.
///
/// # Errors
/// When the scope has as many as it may have.
pub fn create(cx: &mut Cx<'_, '_>, tags: Vec<Tag>) -> Result<Arn, AppError> {
    let (scope, limit) = (cx.scope().clone(), cx.app.settings.resource_groups_max);
    cx.tx.lock(&format!("resource-groups:{}:{}", scope.account, scope.region))?;
    if cx.tx.count_resource_groups(&scope)? >= limit {
        return Err(AppError::Limit {
            code: codes::RESOURCE_GROUP_LIMIT_EXCEEDED,
            message: format!("the account has {limit} resource groups in this region already"),
        });
    }
    let group = ResourceGroup { id: cx.app.new_id()?, tags, created_at: cx.now };
    cx.tx.insert_resource_group(&scope, &group)?;
    Ok(Arn::resource_group(&scope, &group.id))
}

/// Finds a resource group; one of another account or region is none.
///
/// # Errors
/// When the store fails.
pub fn find(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<Option<ResourceGroup>, AppError> {
    let scope = cx.scope().clone();
    if arn.kind() != ArnKind::ResourceGroup || *arn.scope() != scope {
        return Ok(None);
    }
    Ok(cx.tx.resource_group(&scope, arn.id())?)
}

/// Finds a resource group that must be there.
///
/// # Errors
/// When it is not.
pub fn get(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<ResourceGroup, AppError> {
    find(cx, arn)?.ok_or_else(|| {
        AppError::missing(codes::RESOURCE_GROUP_DOES_NOT_EXIST, format!("the resource group `{arn}` does not exist"))
    })
}
