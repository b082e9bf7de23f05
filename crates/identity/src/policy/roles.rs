//! The built-in roles, and custom ones to copy from.

/// May do everything.
pub const ADMINISTRATOR: &str = "Administrator";
/// Runs assessments, and brings hosts in.
pub const OPERATOR: &str = "Operator";
/// Looks at everything and changes nothing.
pub const READ_ONLY: &str = "ReadOnly";

/// The names and policies of the built-in roles.
pub const BUILT_IN_ROLES: &[(&str, &str)] = &[
    (ADMINISTRATOR, "permit(principal, action, resource);\n"),
    (
        OPERATOR,
        r#"permit(
    principal,
    action in [Action::"inspector:*", Action::"yagura:ManageTokens", Action::"yagura:ManageAgents", Action::"read:*"],
    resource
);
"#,
    ),
    (READ_ONLY, "permit(principal, action in Action::\"read:*\", resource);\n"),
];

/// A custom role that the documentation shows.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// A name for it.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Its policies.
    pub policy: &'static str,
}

/// Three roles to copy from. A test decides with them, another compares them with `docs/security.md`.
pub const EXAMPLES: &[Example] = &[
    Example {
        name: "DevTeam",
        purpose: "Looks at everything; changes only what is tagged env=dev.",
        policy: r#"permit(principal, action in Action::"read:*", resource);

permit(principal, action in Action::"inspector:*", resource)
when { resource.hasTag("env") && resource.getTag("env") == "dev" };
"#,
    },
    Example {
        name: "NightShift",
        purpose: "Starts and stops assessments, and writes down who works on a finding; makes and deletes nothing.",
        policy: r#"permit(
    principal,
    action in [
        Action::"read:*",
        Action::"inspector:StartAssessmentRun",
        Action::"inspector:StopAssessmentRun",
        Action::"inspector:AddAttributesToFindings",
        Action::"inspector:RemoveAttributesFromFindings"
    ],
    resource
);
"#,
    },
    Example {
        name: "CarefulOperator",
        purpose: "An operator who deletes nothing, touches nothing tagged env=prod, and does not see the audit log.",
        policy: r#"permit(principal, action in [Action::"inspector:*", Action::"read:*"], resource);

forbid(
    principal,
    action in [
        Action::"inspector:DeleteAssessmentRun",
        Action::"inspector:DeleteAssessmentTarget",
        Action::"inspector:DeleteAssessmentTemplate",
        Action::"yagura:ReadAudit"
    ],
    resource
);

forbid(principal, action, resource)
when { resource.hasTag("env") && resource.getTag("env") == "prod" }
unless { action in Action::"read:*" };
"#,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_shows_the_examples_as_they_are() {
        let manual = include_str!("../../../../docs/security.md");
        for Example { name, purpose, policy } in EXAMPLES {
            let shown = format!("**{name}.** {purpose}\n\n```cedar\n{policy}```\n");
            assert!(manual.contains(&shown), "docs/security.md does not show this:\n{shown}");
        }
    }
}
