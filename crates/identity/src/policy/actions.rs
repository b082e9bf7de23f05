//! Everything that can be asked for. An operation that is not listed here is denied to everybody.

/// The operations of Amazon Inspector Classic, in alphabetical order.
pub const INSPECTOR_ACTIONS: &[&str] = &[
    "inspector:AddAttributesToFindings",
    "inspector:CreateAssessmentTarget",
    "inspector:CreateAssessmentTemplate",
    "inspector:CreateExclusionsPreview",
    "inspector:CreateResourceGroup",
    "inspector:DeleteAssessmentRun",
    "inspector:DeleteAssessmentTarget",
    "inspector:DeleteAssessmentTemplate",
    "inspector:DescribeAssessmentRuns",
    "inspector:DescribeAssessmentTargets",
    "inspector:DescribeAssessmentTemplates",
    "inspector:DescribeCrossAccountAccessRole",
    "inspector:DescribeExclusions",
    "inspector:DescribeFindings",
    "inspector:DescribeResourceGroups",
    "inspector:DescribeRulesPackages",
    "inspector:GetAssessmentReport",
    "inspector:GetExclusionsPreview",
    "inspector:GetTelemetryMetadata",
    "inspector:ListAssessmentRunAgents",
    "inspector:ListAssessmentRuns",
    "inspector:ListAssessmentTargets",
    "inspector:ListAssessmentTemplates",
    "inspector:ListEventSubscriptions",
    "inspector:ListExclusions",
    "inspector:ListFindings",
    "inspector:ListRulesPackages",
    "inspector:ListTagsForResource",
    "inspector:PreviewAgents",
    "inspector:RegisterCrossAccountAccessRole",
    "inspector:RemoveAttributesFromFindings",
    "inspector:SetTagsForResource",
    "inspector:StartAssessmentRun",
    "inspector:StopAssessmentRun",
    "inspector:SubscribeToEvent",
    "inspector:UnsubscribeFromEvent",
    "inspector:UpdateAssessmentTarget",
];

/// What only Yagura has, in alphabetical order.
pub const ADMIN_ACTIONS: &[&str] = &[
    "yagura:Backup",
    "yagura:ManageAgents",
    "yagura:ManageFeeds",
    "yagura:ManageKeys",
    "yagura:ManageRetention",
    "yagura:ManageRoles",
    "yagura:ManageTokens",
    "yagura:ManageUsers",
    "yagura:ReadAgents",
    "yagura:ReadAudit",
    "yagura:ReadUsage",
];

/// Both lists. Whoever dispatches operations tests that each of them asks for one of these, and none is forgotten.
pub const ACTIONS: &[&[&str]] = &[INSPECTOR_ACTIONS, ADMIN_ACTIONS];

/// Tells whether there is such an action.
pub fn is_action(action: &str) -> bool {
    ACTIONS.iter().any(|list| list.binary_search(&action).is_ok())
}

/// The groups that policies may name, each with what it holds.
pub(super) const GROUPS: &[&str] = &["inspector:*", "yagura:*", "read:*"];

/// The groups that an action is in.
pub(super) fn groups_of(action: &str) -> impl Iterator<Item = &'static str> {
    let reads = action.split_once(':').is_some_and(|(service, verb)| {
        let words: &[&str] = if service == "inspector" { &["Describe", "Get", "List", "Preview"] } else { &["Read"] };
        words.iter().any(|word| verb.starts_with(word))
    });
    GROUPS.iter().copied().filter(move |group| match group.strip_suffix(":*") {
        Some("read") => reads,
        Some(service) => action.strip_prefix(service).is_some_and(|rest| rest.starts_with(':')),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_complete_and_in_order() {
        assert_eq!(INSPECTOR_ACTIONS.len(), 37);
        for list in ACTIONS {
            assert!(list.is_sorted_by(|a, b| a < b));
            assert!(list.iter().all(|action| is_action(action)));
        }
        assert!(!is_action("inspector:DropTables"));
        assert!(!is_action(""));
    }

    #[test]
    fn groups_hold_what_their_names_say() {
        let of = |action| groups_of(action).collect::<Vec<_>>();
        assert_eq!(of("inspector:PreviewAgents"), ["inspector:*", "read:*"]);
        assert_eq!(of("inspector:CreateExclusionsPreview"), ["inspector:*"]);
        assert_eq!(of("yagura:ReadAudit"), ["yagura:*", "read:*"]);
        assert_eq!(of("yagura:Backup"), ["yagura:*"]);
    }
}
