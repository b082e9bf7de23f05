//! Reads one string of a list of fixes: `CVE-2022-26356 XSA-397`.

use crate::reading;

/// The longest string that is read, in bytes. Real ones have under 60.
const TEXT_BYTES_MAX: usize = 1_024;

/// What one string says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told<'a> {
    /// The flaws: its CVEs, or else whatever ids there are.
    pub(super) flaws: Vec<&'a str>,
    /// Other ids of the same flaw.
    pub(super) aliases: Vec<&'a str>,
    /// The numbers of advisories and reports beside a CVE: `XSA-397`. One advisory may be about
    /// several flaws, so its number is no other name of any.
    pub(super) advisories: Vec<&'a str>,
    /// Whether a remark says that the package is not affected after all.
    pub(super) not_affected: bool,
    /// The remark in brackets.
    pub(super) remark: Option<&'a str>,
}

impl<'a> Told<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, &'static str> {
        if text.len() > TEXT_BYTES_MAX {
            return Err("longer than anything honest");
        }
        let (ids, remark) = match text.split_once('(') {
            Some((ids, remark)) => (ids, Some(remark.trim_end().trim_end_matches(')'))),
            None => (text, None),
        };
        let words = || ids.split([' ', '\t', ',']).filter(|word| !word.is_empty());
        let flaws: Vec<&str> = words().filter_map(cve_of).collect();
        let others = || words().filter(|word| is_id(word));
        let alike = |word: &&str| word.starts_with("GHSA-");
        let told = if flaws.is_empty() {
            Self { flaws: others().collect(), aliases: Vec::new(), advisories: Vec::new(), not_affected: false, remark }
        } else {
            Self {
                flaws,
                aliases: others().filter(alike).collect(),
                advisories: others().filter(|word| !alike(word)).collect(),
                not_affected: false,
                remark,
            }
        };
        if told.flaws.is_empty() {
            return Err("no id of a flaw");
        }
        let not_affected = remark.is_some_and(|remark| remark.to_ascii_lowercase().starts_with("not affected"));
        Ok(Self { not_affected, ..told })
    }
}

/// Returns the CVE id that a word begins with: `CVE-2021-35940.patch` names the patch that went in.
fn cve_of(word: &str) -> Option<&str> {
    let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(word.len());
    reading::cve_id(word.get(..end)?)
}

/// Says whether a word is the id of something other than a CVE: `XSA-397`, `ZDI-CAN-22300`.
/// What looks like a CVE and is none was not yet numbered, or is a slip.
fn is_id(word: &str) -> bool {
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let numbered = word.starts_with("GHSA-") || word.bytes().any(|byte| byte.is_ascii_digit());
    let named = word.starts_with(|c: char| c.is_ascii_uppercase()) && numbered;
    plain && named && reading::id(word).is_some() && !word.starts_with("CVE-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str) -> String {
        match Told::read(text) {
            Ok(told) => format!(
                "{} | {} | {}{}",
                told.flaws.join(" "),
                told.aliases.join(" "),
                told.advisories.join(" "),
                if told.not_affected { " not affected" } else { "" }
            ),
            Err(why) => why.to_owned(),
        }
    }

    #[test]
    fn ids_of_all_kinds() {
        for (text, told) in [
            ("CVE-2099-0001", "CVE-2099-0001 |  | "),
            ("CVE-2099-0001 GHSA-aaaa-bbbb-cccc", "CVE-2099-0001 | GHSA-aaaa-bbbb-cccc | "),
            ("CVE-2099-0001 CVE-2099-0002 XSA-1", "CVE-2099-0001 CVE-2099-0002 |  | XSA-1"),
            ("CVE-2099-0001 VSV00010", "CVE-2099-0001 |  | VSV00010"),
            ("XSA-248", "XSA-248 |  | "),
            ("CVE-2099-????? XSA-398", "XSA-398 |  | "),
            ("CVE-2099-0001.patch", "CVE-2099-0001 |  | "),
            ("CVE-2099-0001 (Not affected, requires a thing)", "CVE-2099-0001 |  |  not affected"),
            ("CVE-46838", "no id of a flaw"),
            ("", "no id of a flaw"),
            ("see the changelog", "no id of a flaw"),
        ] {
            assert_eq!(render(text), told, "{text}");
        }
        assert_eq!(render(&"CVE-2099-0001 ".repeat(100)), "longer than anything honest");
        assert_eq!(render(&format!("A-1{}", "0".repeat(reading::ID_BYTES_MAX))), "no id of a flaw");
    }
}
