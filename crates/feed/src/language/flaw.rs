//! What the flaw of a record is called.

use crate::reading;

/// The names of a record's flaw (see [`crate::language`]).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Flaw<'a> {
    /// The id under which statements and facts go.
    pub(crate) id: &'a str,
    /// Other ids of the same flaw.
    pub(crate) aliases: Vec<&'a str>,
    /// The CVEs that the record is about, where there are several.
    pub(crate) covers: Vec<&'a str>,
    /// The record's own id, where the flaw goes by its CVE.
    pub(crate) advisory: Option<&'a str>,
}

impl<'a> Flaw<'a> {
    /// Chooses the names of the flaw of the record `own`.
    pub(crate) fn of(own: &'a str, aliases: impl Iterator<Item = &'a str>) -> Self {
        let mut ids: Vec<&str> = Vec::new();
        for id in std::iter::once(own).chain(aliases.filter_map(reading::id)) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let (cves, others): (Vec<&str>, Vec<&str>) = ids.into_iter().partition(|id| reading::cve_id(id).is_some());
        match cves.as_slice() {
            [] => {
                let aliases = others.into_iter().filter(|id| *id != own).collect();
                Self { id: own, aliases, covers: Vec::new(), advisory: None }
            }
            [cve] => {
                let advisory = Some(own).filter(|own| own != cve);
                Self { id: cve, aliases: others, covers: Vec::new(), advisory }
            }
            // Its other aliases are each of one of the CVEs.
            _ => Self { id: own, aliases: Vec::new(), covers: cves, advisory: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(own: &str, aliases: &[&str]) -> String {
        let flaw = Flaw::of(own, aliases.iter().copied());
        format!("{} | {} | {} | {:?}", flaw.id, flaw.aliases.join(" "), flaw.covers.join(" "), flaw.advisory)
    }

    #[test]
    fn the_cve_is_the_name_where_there_is_one() {
        for (own, aliases, expected) in [
            ("GHSA-a", &["CVE-2099-0001", "PYSEC-1"][..], "CVE-2099-0001 | GHSA-a PYSEC-1 |  | Some(\"GHSA-a\")"),
            ("GO-1", &["CVE-2099-0001", "CVE-2099-0001"], "CVE-2099-0001 | GO-1 |  | Some(\"GO-1\")"),
            ("CVE-2099-0001", &["GHSA-a"], "CVE-2099-0001 | GHSA-a |  | None"),
            ("MAL-1", &["GHSA-a", "not an id"], "MAL-1 | GHSA-a |  | None"),
            ("GO-1", &["CVE-2099-0001", "CVE-2099-0002", "GHSA-a"], "GO-1 |  | CVE-2099-0001 CVE-2099-0002 | None"),
        ] {
            assert_eq!(render(own, aliases), expected);
        }
    }
}
