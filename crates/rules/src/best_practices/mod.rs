//! The rules package Security Best Practices: SSH, passwords, memory protection, directories.
//!
//! Names and severities are those of Amazon Inspector Classic; where its guide leaves a figure
//! open, the rule's own page says which one we took and why.

mod aslr_not_full;
mod dep_off;
mod password_may_be_short;
mod password_may_be_simple;
mod password_never_expires;
mod sshd_password_authentication;
mod sshd_protocol_1;
mod sshd_root_login;
mod system_directory_writable;

use crate::rule::Rule;

/// Every rule of the package, in the order of the manual.
pub const RULES: &[&Rule] = &[
    &sshd_root_login::RULE,
    &sshd_protocol_1::RULE,
    &sshd_password_authentication::RULE,
    &password_never_expires::RULE,
    &password_may_be_short::RULE,
    &password_may_be_simple::RULE,
    &aslr_not_full::RULE,
    &dep_off::RULE,
    &system_directory_writable::RULE,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_is_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/best_practices");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| Some(name.strip_suffix(".rs")?.replace('_', "-")))
            .filter(|name| name != "mod")
            .collect();
        let rules: BTreeSet<String> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
        assert_eq!(rules, files);
    }

    #[test]
    fn names_and_severities_are_the_api_s() {
        let table: Vec<String> = RULES.iter().map(|r| format!("{} | {}", r.name, r.severity.word())).collect();
        assert_eq!(
            table,
            [
                "Disable root login over SSH | Medium",
                "Support SSH version 2 only | Medium",
                "Disable password authentication over SSH | Medium",
                "Configure password maximum age | Medium",
                "Configure password minimum length | Medium",
                "Configure password complexity | Medium",
                "Enable ASLR | Medium",
                "Enable DEP | Medium",
                "Configure permissions for system directories | High",
            ]
        );
    }

    #[test]
    fn every_text_is_written_in_both_languages() {
        for rule in RULES {
            let texts = [rule.title, rule.description, rule.recommendation, rule.severity_reason, rule.method];
            for text in texts {
                assert!(!text.en.is_empty() && !text.ja.is_empty(), "{}", rule.id);
                assert!(text.ja.chars().any(|c| ('ぁ'..='ん').contains(&c)), "{}: {}", rule.id, text.ja);
                assert!(text.en.is_ascii(), "{}: {}", rule.id, text.en);
            }
            assert!(rule.title.en.starts_with("Instance {host} "), "{}", rule.id);
            assert!(!rule.references.is_empty() && !rule.name_ja.is_empty(), "{}", rule.id);
        }
    }
}
