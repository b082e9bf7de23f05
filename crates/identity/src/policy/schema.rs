//! What policies may speak of, and the check of a custom role when it is made.

use std::fmt::Write as _;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{PolicySet, Schema, ValidationMode, ValidationWarning, Validator};

use super::actions::{ACTIONS, GROUPS, groups_of};
use super::{PolicyError, PolicyProblem};

/// The most bytes of a role's policies.
pub const POLICY_BYTES_MAX: usize = 32 * 1024;
/// The most statements of a role.
pub const POLICIES_MAX: usize = 64;
/// How deep expressions may be nested: parsing and evaluating are recursive.
const NESTING_MAX: usize = 64;
/// The most problems that are told of one text.
const PROBLEMS_MAX: usize = 20;

/// Returns the schema in Cedar's notation, for editors and for the manual.
pub fn schema_text() -> String {
    let mut text = String::from(
        "entity Role;\n\
         entity User in [Role] = { account: String, name: String };\n\
         entity Resource = { account: String, arn: String, kind: String } tags String;\n",
    );
    // Writing into a `String` cannot fail.
    for group in GROUPS {
        let _ = writeln!(text, "action \"{group}\";");
    }
    for action in ACTIONS.iter().copied().flatten() {
        let groups: Vec<String> = groups_of(action).map(|group| format!("\"{group}\"")).collect();
        let _ = writeln!(
            text,
            "action \"{action}\" in [{}] appliesTo {{ principal: User, resource: Resource, context: {{}} }};",
            groups.join(", ")
        );
    }
    text
}

pub(super) fn schema() -> Result<Schema, PolicyError> {
    let (schema, _) = Schema::from_cedarschema_str(&schema_text())
        .map_err(|error| PolicyError::BuiltIn { why: error.to_string() })?;
    Ok(schema)
}

/// Checks a custom role's policies before they are kept.
///
/// # Errors
///
/// [`PolicyError::TooLarge`], or [`PolicyError::Invalid`] with lines and what is allowed there.
pub fn check_policy(role: &str, text: &str) -> Result<(), PolicyError> {
    parse_and_check(&Validator::new(schema()?), role, text).map(|_| ())
}

pub(super) fn parse_and_check(validator: &Validator, role: &str, text: &str) -> Result<PolicySet, PolicyError> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(PolicyError::TooLarge);
    }
    let invalid = |problems| PolicyError::Invalid { role: role.to_owned(), problems };
    let alone = |line, message: &str, help: &str| {
        let help = Some(help.to_owned());
        invalid(vec![PolicyProblem { line, message: message.to_owned(), help }])
    };
    if let Some(line) = too_deep(text) {
        return Err(alone(Some(line), &format!("nested deeper than {NESTING_MAX}"), "split it into several policies"));
    }
    let policies: PolicySet = text.parse().map_err(|errors: cedar_policy::ParseErrors| {
        invalid(errors.iter().take(PROBLEMS_MAX).map(|error| problem(text, &DetailedError::from(error))).collect())
    })?;
    if policies.num_of_policies().saturating_add(policies.num_of_templates()) > POLICIES_MAX {
        return Err(PolicyError::TooLarge);
    }
    if policies.num_of_templates() > 0 {
        return Err(alone(None, "templates (`?principal`, `?resource`) are not used", "write a policy without slots"));
    }
    if policies.is_empty() {
        return Err(alone(
            None,
            "there is no policy in it",
            "a role begins with a `permit(principal, action, resource)`",
        ));
    }
    let result = validator.validate(&policies, ValidationMode::Strict);
    let mut problems: Vec<PolicyProblem> =
        result.validation_errors().map(|error| problem(text, &DetailedError::from(error))).collect();
    if problems.is_empty() {
        // A policy that can never apply is a typing error. Warnings about mixed scripts are none of ours: tags are
        // Japanese and English.
        let worth = result.validation_warnings().filter(|warning| {
            !matches!(warning, ValidationWarning::MixedScriptString(_) | ValidationWarning::MixedScriptIdentifier(_))
        });
        problems.extend(worth.map(|warning| problem(text, &DetailedError::from(warning))));
    }
    problems.sort_by_key(|problem| problem.line);
    problems.truncate(PROBLEMS_MAX);
    if problems.is_empty() { Ok(policies) } else { Err(invalid(problems)) }
}

fn problem(text: &str, error: &DetailedError) -> PolicyProblem {
    let start = error.source_locations.first().map(|label| label.loc.start);
    let line = start.and_then(|start| text.get(..start)).map(|before| before.matches('\n').count() + 1);
    // Cedar numbers the policies; the line says more.
    let unnumbered = |message: &str| match message.split_once("`, ") {
        Some((start, rest)) if start.starts_with("for policy `") => rest.to_owned(),
        _ => message.to_owned(),
    };
    let help = error.help.as_deref().map(unnumbered);
    PolicyProblem { line, message: unnumbered(&error.message), help }
}

/// The first line on which brackets, negations or `if`s are nested too deep.
///
/// Counted over the bytes and thus too strict inside of strings and comments, which no honest policy fills with
/// brackets.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut run = 0_usize;
    for (line, content) in (1_usize..).zip(text.lines()) {
        for byte in content.bytes() {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            run = match byte {
                b'!' | b'-' => run + 1,
                b' ' | b'\t' => run,
                _ => 0,
            };
            if depth > NESTING_MAX || run > NESTING_MAX {
                return Some(line);
            }
        }
    }
    // `if … then … else if …` nests without a bracket, and so do chains of operators.
    let words = |word: &str| text.matches(word).count();
    (words("else") > NESTING_MAX * 2).then_some(1)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::super::{Authorizer, BUILT_IN_ROLES, EXAMPLES, Principal, Resource};
    use super::*;

    fn wrong(text: &str) -> String {
        check_policy("Custom", text).unwrap_err().to_string()
    }

    #[test]
    fn the_schema_and_all_that_is_shipped_are_valid() {
        for (role, policy) in BUILT_IN_ROLES {
            check_policy(role, policy).unwrap();
        }
        for example in EXAMPLES {
            check_policy(example.name, example.policy).unwrap();
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        assert_snapshot!(wrong("permit(principal, action, resource);\n\npermit(principal, action resource);"), @r#"the policies of the role `Custom` are not valid: line 3: unexpected token `resource`"#);
        assert_snapshot!(wrong("permit(principal, action == Action::\"inspector:ListFinding\", resource);"), @r#"the policies of the role `Custom` are not valid: line 1: unrecognized action `Action::"inspector:ListFinding"` (did you mean `Action::"inspector:ListFindings"`?)"#);
        assert_snapshot!(wrong("permit(principal, action, resource)\nwhen { resource.owner == \"me\" };"), @r#"the policies of the role `Custom` are not valid: line 2: attribute `owner` on entity type `Resource` not found (did you mean `arn`?)"#);
        assert_snapshot!(wrong("permit(principal, action, resource)\nwhen { resource.getTag(\"env\") == \"dev\" };"), @r#"the policies of the role `Custom` are not valid: line 2: unable to guarantee safety of access to tag `"env"` on entity type `Resource` (try testing for the tag's presence with `.hasTag("env") && ..`)"#);
        assert_snapshot!(wrong("permit(principal, action, resource)\nwhen { resource.kind == 3 };"), @r#"the policies of the role `Custom` are not valid: line 2: the types Long and String are not compatible (both operands to a `==` expression must have compatible types. Types must be exactly equal to be compatible)"#);
        assert_snapshot!(wrong("permit(principal == Robot::\"x\", action, resource);"), @r#"the policies of the role `Custom` are not valid: line 1: unrecognized entity type `Robot` (did you mean `Role`?)"#);
        assert_snapshot!(wrong("permit(principal == ?principal, action, resource);"), @r#"the policies of the role `Custom` are not valid: templates (`?principal`, `?resource`) are not used (write a policy without slots)"#);
        assert_snapshot!(wrong("permit(principal, action, resource) when { 1 == 2 };"), @"the policies of the role `Custom` are not valid: line 1: policy is impossible: the policy expression evaluates to false for all valid requests");
        assert_snapshot!(wrong(""), @r#"the policies of the role `Custom` are not valid: there is no policy in it (a role begins with a `permit(principal, action, resource)`)"#);
    }

    #[test]
    fn tags_may_be_of_any_script() {
        let policy = "permit(principal, action, resource) when { resource.hasTag(\"部署A\") };";
        check_policy("Custom", policy).unwrap();
    }

    #[test]
    fn beyond_the_bounds_nothing_is_parsed() {
        let statement = "permit(principal, action, resource);\n";
        check_policy("Custom", &statement.repeat(POLICIES_MAX)).unwrap();
        assert_eq!(check_policy("Custom", &statement.repeat(POLICIES_MAX + 1)), Err(PolicyError::TooLarge));
        let long = format!("{statement}//{}", "x".repeat(POLICY_BYTES_MAX));
        assert_eq!(check_policy("Custom", &long), Err(PolicyError::TooLarge));
    }

    #[test]
    fn nested_expressions_neither_overflow_nor_pass() {
        let nest = |open: &str, inner: &str, close: &str| {
            let count = (POLICY_BYTES_MAX - 200) / (open.len() + close.len());
            format!(
                "permit(principal, action, resource) when {{ {}{inner}{} }};",
                open.repeat(count),
                close.repeat(count)
            )
        };
        for text in [
            nest("(", "true", ")"),
            nest("[", "1", "]"),
            nest("{a:", "1", "}"),
            nest("!", "true", ""),
            nest("! ", "true", ""),
            nest("-", "1 == 1", ""),
            nest("if true then true else ", "true", ""),
        ] {
            assert!(wrong(&text).contains("nested deeper"), "{}", &text[..80]);
        }
    }

    /// Long and flat is allowed; it must not overflow a small stack either.
    #[test]
    fn long_chains_are_survived() {
        let chain = |part: &str, end: &str| {
            let count = (POLICY_BYTES_MAX - 200) / part.len();
            format!("permit(principal, action, resource) when {{ {}{end} }};", part.repeat(count))
        };
        for text in [
            chain("true && ", "true"),
            chain("true || ", "true"),
            chain("1 + ", "1 == 1"),
            format!("permit(principal, action, resource) when {{ resource{} }};", ".a".repeat(10_000)),
            format!("permit(principal, action, resource) when {{ resource{} }};", "[\"a\"]".repeat(6000)),
        ] {
            let checked = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(move || {
                let Ok(authorizer) = Authorizer::new(&[("Custom".to_owned(), text)]) else { return };
                let user = Principal { account: "1".into(), user: "u".into(), role: "Custom".into() };
                // Whether it is permitted or fails is Cedar's; that the answer comes is ours.
                let _ = authorizer.decide(&user, "inspector:ListFindings", &Resource::account("1"));
            });
            checked.unwrap().join().unwrap();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,200}", cedar in "(permit|forbid)\\((principal|,|action|resource| |==|in|\\{|\\}|\\[|\\]|\"|:|when|;|\\(|\\)|é){0,40}") {
            let _ = check_policy("Custom", &text);
            let _ = check_policy("Custom", &cedar);
        }
    }
}
