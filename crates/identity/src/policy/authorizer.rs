//! Decides.

use std::collections::BTreeMap;
use std::fmt;

use cedar_policy::{
    Authorizer as Cedar, Context, Decision as CedarDecision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request, RestrictedExpression, Validator,
};

use super::actions::{ACTIONS, groups_of};
use super::schema::{parse_and_check, schema};
use super::{BUILT_IN_ROLES, Decision, PolicyError, Principal, ROLE_NAME_BYTES_MAX, Resource};

/// The roles of an installation. Made anew when a custom role changes; deciding needs no lock.
pub struct Authorizer {
    cedar: Cedar,
    roles: BTreeMap<String, PolicySet>,
    /// By name; each with its groups as parents.
    actions: BTreeMap<&'static str, Entity>,
    types: Types,
}

impl fmt::Debug for Authorizer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authorizer").field("roles", &self.roles.keys()).finish_non_exhaustive()
    }
}

struct Types {
    user: EntityTypeName,
    role: EntityTypeName,
    resource: EntityTypeName,
}

impl Authorizer {
    /// Takes the custom roles as `(name, policies)` beside the built-in ones.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] for the first role that is not valid: a server must not start with fewer rules than it was
    /// given.
    pub fn new(custom: &[(String, String)]) -> Result<Self, PolicyError> {
        let validator = Validator::new(schema()?);
        let mut roles = BTreeMap::new();
        for (role, policy) in BUILT_IN_ROLES {
            roles.insert((*role).to_owned(), parse_and_check(&validator, role, policy)?);
        }
        for (role, policy) in custom {
            if !role_name(role) {
                return Err(PolicyError::RoleName { role: role.clone() });
            }
            // `administrator` beside `Administrator` would be a trap.
            if roles.keys().any(|taken| taken.eq_ignore_ascii_case(role)) {
                return Err(PolicyError::RoleExists { role: role.clone() });
            }
            roles.insert(role.clone(), parse_and_check(&validator, role, policy)?);
        }
        let named = |name: &str| -> Result<EntityTypeName, PolicyError> {
            name.parse().map_err(|error: cedar_policy::ParseErrors| PolicyError::BuiltIn { why: error.to_string() })
        };
        let action = named("Action")?;
        let actions = ACTIONS.iter().copied().flatten().copied().map(|name| {
            let uid = |id: &str| EntityUid::from_type_name_and_id(action.clone(), EntityId::new(id));
            (name, Entity::new_no_attrs(uid(name), groups_of(name).map(uid).collect()))
        });
        let actions = actions.collect();
        let types = Types { user: named("User")?, role: named("Role")?, resource: named("Resource")? };
        Ok(Self { cedar: Cedar::new(), roles, actions, types })
    }

    /// Returns the names of all roles, in alphabetical order.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.keys().map(String::as_str)
    }

    /// Decides whether the principal may do `action`, such as `inspector:ListFindings`, to the resource.
    pub fn decide(&self, principal: &Principal, action: &str, resource: &Resource) -> Decision {
        let denied = |reason: String| Decision { allowed: false, reason };
        if principal.account != resource.account {
            return denied(format!("`{}` belongs to another account", resource.arn));
        }
        let Some(policies) = self.roles.get(&principal.role) else {
            return denied(format!("there is no role `{}`", principal.role));
        };
        let Some(action_entity) = self.actions.get(action) else {
            return denied(format!("there is no action `{action}`"));
        };
        let (request, entities) = match self.question(principal, action_entity, resource) {
            Ok(question) => question,
            Err(why) => return denied(format!("the request cannot be judged: {why}")),
        };
        let response = self.cedar.is_authorized(&request, policies, &entities);
        let mut errors = response.diagnostics().errors().map(ToString::to_string).peekable();
        if errors.peek().is_some() {
            let errors: Vec<String> = errors.take(3).collect();
            return denied(format!("a policy of the role `{}` failed: {}", principal.role, errors.join("; ")));
        }
        let policies: Vec<String> = response.diagnostics().reason().map(|id| format!("`{id}`")).collect();
        let by = format!("{} of the role `{}`", policies.join(", "), principal.role);
        match response.decision() {
            CedarDecision::Allow => Decision { allowed: true, reason: format!("permitted by {by}") },
            CedarDecision::Deny if policies.is_empty() => {
                denied(format!("nothing in the role `{}` permits it", principal.role))
            }
            CedarDecision::Deny => denied(format!("forbidden by {by}")),
        }
    }

    fn question(
        &self,
        principal: &Principal,
        action: &Entity,
        resource: &Resource,
    ) -> Result<(Request, Entities), Box<dyn std::error::Error>> {
        let uid = |kind: &EntityTypeName, id: &str| EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id));
        let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
        let pair = |name: &str, value: &str| (name.to_owned(), text(value));
        // An account is digits and holds no slash, so that two users never get one id.
        let user = uid(&self.types.user, &format!("{}/{}", principal.account, principal.user));
        let role = uid(&self.types.role, &principal.role);
        let thing = uid(&self.types.resource, &resource.arn);
        let attributes = [pair("account", &principal.account), pair("name", &principal.user)];
        let user_entity = Entity::new(user.clone(), attributes.into_iter().collect(), [role].into_iter().collect())?;
        let attributes = [pair("account", &resource.account), pair("arn", &resource.arn), pair("kind", &resource.kind)];
        let tags = resource.tags.iter().map(|(name, value)| pair(name, value));
        let thing_entity = Entity::new_with_tags(thing.clone(), attributes, [], tags)?;
        let request = Request::new(user, action.uid(), thing, Context::empty(), None)?;
        Ok((request, Entities::from_entities([user_entity, action.clone(), thing_entity], None)?))
    }
}

fn role_name(name: &str) -> bool {
    (1..=ROLE_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::{ADMINISTRATOR, EXAMPLES, OPERATOR, READ_ONLY};
    use super::*;

    const ACCOUNT: &str = "000000000001";

    fn principal(role: &str) -> Principal {
        Principal { account: ACCOUNT.into(), user: "sato".into(), role: role.into() }
    }

    fn tagged(tags: &[(&str, &str)]) -> Resource {
        Resource {
            kind: "template".into(),
            arn: format!("arn:aws:inspector:us-west-2:{ACCOUNT}:target/0-aaaaaaaa/template/0-bbbbbbbb"),
            account: ACCOUNT.into(),
            tags: tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    fn custom(policy: &str) -> Authorizer {
        Authorizer::new(&[("Custom".to_owned(), policy.to_owned())]).unwrap()
    }

    fn examples() -> Authorizer {
        let custom: Vec<_> =
            EXAMPLES.iter().map(|example| (example.name.to_owned(), example.policy.to_owned())).collect();
        Authorizer::new(&custom).unwrap()
    }

    /// The whole table, so that a change of any right is seen in review.
    #[test]
    fn roles_and_actions() {
        let authorizer = examples();
        let untagged = tagged(&[]);
        let (dev, prod) = (tagged(&[("env", "dev")]), tagged(&[("env", "prod")]));
        let columns: Vec<(&str, &Resource, &str)> = vec![
            (ADMINISTRATOR, &untagged, "Administrator"),
            (OPERATOR, &untagged, "Operator"),
            (READ_ONLY, &untagged, "ReadOnly"),
            ("DevTeam", &untagged, "DevTeam"),
            ("DevTeam", &dev, "DevTeam/dev"),
            ("DevTeam", &prod, "DevTeam/prod"),
            ("NightShift", &untagged, "NightShift"),
            ("CarefulOperator", &untagged, "CarefulOperator"),
            ("CarefulOperator", &prod, "CarefulOperator/prod"),
        ];
        let mut table = format!("{:43}", "action");
        for (_, _, title) in &columns {
            write!(table, " {title}").unwrap();
        }
        for action in ACTIONS.iter().copied().flatten() {
            write!(table, "\n{action:43}").unwrap();
            for (role, resource, title) in &columns {
                let decision = authorizer.decide(&principal(role), action, resource);
                let width = title.len();
                write!(table, " {:width$}", if decision.allowed { "yes" } else { "-" }).unwrap();
            }
        }
        let table: String = table.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/roles.txt"), &table).unwrap();
        }
        let golden = include_str!("../../fixtures/roles.txt");
        assert_eq!(table, golden, "rights changed; if that is wanted, run the test with UPDATE_GOLDEN=1");
    }

    #[test]
    fn another_accounts_things_are_denied_to_administrators_too() {
        let mut foreign = tagged(&[]);
        foreign.account = "000000000002".into();
        for role in [ADMINISTRATOR, OPERATOR, READ_ONLY, "Custom"] {
            let authorizer = custom("permit(principal, action, resource);");
            for action in ACTIONS.iter().copied().flatten() {
                let decision = authorizer.decide(&principal(role), action, &foreign);
                assert!(!decision.allowed && decision.reason.contains("another account"), "{role} {action}");
            }
        }
    }

    #[test]
    fn unknown_roles_and_actions_are_denied() {
        let authorizer = custom("permit(principal, action, resource);");
        for (role, action, says) in [
            ("Nobody", "inspector:ListFindings", "no role `Nobody`"),
            ("", "inspector:ListFindings", "no role"),
            ("administrator", "inspector:ListFindings", "no role"),
            (ADMINISTRATOR, "inspector:DropTables", "no action"),
            (ADMINISTRATOR, "inspector:*", "no action"),
            (ADMINISTRATOR, "", "no action"),
        ] {
            let decision = authorizer.decide(&principal(role), action, &tagged(&[]));
            assert!(!decision.allowed && decision.reason.contains(says), "{role} {action}: {}", decision.reason);
        }
    }

    #[test]
    fn an_evaluation_error_denies_and_says_so() {
        // Valid by its types; the sum overflows when it is evaluated. Cedar alone would skip the `forbid`.
        let authorizer = custom(
            "permit(principal, action, resource);\n\
             forbid(principal, action, resource) when { 9223372036854775807 + 1 == 0 && resource.kind == \"run\" };",
        );
        let decision = authorizer.decide(&principal("Custom"), "inspector:ListFindings", &tagged(&[]));
        assert!(!decision.allowed);
        assert!(decision.reason.contains("failed") && decision.reason.contains("overflow"), "{}", decision.reason);
    }

    #[test]
    fn policies_can_ask_for_user_kind_and_account() {
        let authorizer = custom(
            "permit(principal == User::\"000000000001/sato\", action, resource) when { resource.kind == \"run\" };\n\
             permit(principal in Role::\"Custom\", action, resource) when { principal.name == \"suzuki\" };",
        );
        let decide = |user: &str, kind: &str| {
            let principal = Principal { user: user.into(), ..principal("Custom") };
            let resource = Resource { kind: kind.into(), ..tagged(&[]) };
            authorizer.decide(&principal, "inspector:DescribeAssessmentRuns", &resource).allowed
        };
        assert!(decide("sato", "run") && !decide("sato", "target"));
        assert!(decide("suzuki", "target") && !decide("tanaka", "run"));
    }

    #[test]
    fn odd_values_are_values_and_not_syntax() {
        let authorizer = examples();
        for odd in ["\"", "\\", "dev\" || true", "\u{0}", "状況", ""] {
            let resource = Resource { arn: odd.into(), ..tagged(&[("env", odd), (odd, "dev")]) };
            let principal = Principal { user: odd.into(), ..principal("DevTeam") };
            assert!(!authorizer.decide(&principal, "inspector:StartAssessmentRun", &resource).allowed, "{odd}");
            assert!(authorizer.decide(&principal, "inspector:ListFindings", &resource).allowed, "{odd}");
        }
    }

    #[test]
    fn role_names_are_judged() {
        let role = |name: &str| Authorizer::new(&[(name.to_owned(), "permit(principal, action, resource);".into())]);
        for name in ["", "a b", "役割", "a/b", &"x".repeat(ROLE_NAME_BYTES_MAX + 1)] {
            assert!(matches!(role(name), Err(PolicyError::RoleName { .. })), "{name}");
        }
        for name in ["Administrator", "readonly"] {
            assert!(matches!(role(name), Err(PolicyError::RoleExists { .. })), "{name}");
        }
        let authorizer = role("dev-team@site").unwrap();
        assert_eq!(authorizer.roles().collect::<Vec<_>>(), ["Administrator", "Operator", "ReadOnly", "dev-team@site"]);
    }
}
