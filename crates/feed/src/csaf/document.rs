//! The schema, borrowed from the document.

use serde::Deserialize;

use super::{DOCUMENT_BYTES_MAX, LIST_MAX, PRODUCTS_MAX, VULNERABILITIES_MAX};
use crate::catalogue::{Entry, ParseError};
use crate::json::{List, Str, malformed};

const FORMAT: &str = "CSAF document";

/// A list of product ids.
pub(crate) type ProductIds<'a> = List<Str<'a>, PRODUCTS_MAX>;

#[derive(Debug, Deserialize)]
pub(crate) struct Document<'a> {
    #[serde(borrow)]
    pub(crate) document: Head<'a>,
    #[serde(borrow, default)]
    pub(crate) product_tree: Option<Tree<'a>>,
    #[serde(borrow, default)]
    pub(crate) vulnerabilities: List<Vulnerability<'a>, VULNERABILITIES_MAX>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Head<'a> {
    /// `csaf_vex`, `csaf_security_advisory`.
    #[serde(borrow, default)]
    pub(crate) category: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) title: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) aggregate_severity: Option<Severity<'a>>,
    #[serde(borrow, default)]
    pub(crate) tracking: Option<Tracking<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Severity<'a> {
    #[serde(borrow, default)]
    pub(crate) text: Str<'a>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Tracking<'a> {
    #[serde(borrow, default)]
    pub(crate) current_release_date: Option<Str<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Tree<'a> {
    #[serde(borrow, default)]
    pub(crate) branches: List<Branch<'a>, PRODUCTS_MAX>,
    #[serde(borrow, default)]
    pub(crate) full_product_names: List<Product<'a>, PRODUCTS_MAX>,
    #[serde(borrow, default)]
    pub(crate) relationships: List<Relationship<'a>, PRODUCTS_MAX>,
}

/// A branch of products; serde_json bounds how deep they lie in each other.
#[derive(Debug, Deserialize)]
pub(crate) struct Branch<'a> {
    #[serde(borrow, default)]
    pub(crate) branches: List<Branch<'a>, PRODUCTS_MAX>,
    #[serde(borrow, default)]
    pub(crate) product: Option<Product<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Product<'a> {
    #[serde(borrow)]
    pub(crate) product_id: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) product_identification_helper: Option<Helper<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Helper<'a> {
    #[serde(borrow, default)]
    pub(crate) cpe: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) purl: Option<Str<'a>>,
}

/// A product that is a part of another.
#[derive(Debug, Deserialize)]
pub(crate) struct Relationship<'a> {
    #[serde(borrow)]
    pub(crate) full_product_name: Product<'a>,
    #[serde(borrow)]
    pub(crate) product_reference: Str<'a>,
    #[serde(borrow)]
    pub(crate) relates_to_product_reference: Str<'a>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Vulnerability<'a> {
    #[serde(borrow, default)]
    pub(crate) cve: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) cwe: Option<Cwe<'a>>,
    #[serde(borrow, default)]
    pub(crate) release_date: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) notes: List<Note<'a>, LIST_MAX>,
    #[serde(borrow, default)]
    pub(crate) references: List<Link<'a>, LIST_MAX>,
    #[serde(borrow, default)]
    pub(crate) scores: List<Score<'a>, LIST_MAX>,
    #[serde(borrow, default)]
    pub(crate) product_status: Option<Status<'a>>,
    #[serde(borrow, default)]
    pub(crate) flags: List<Flag<'a>, LIST_MAX>,
    #[serde(borrow, default)]
    pub(crate) threats: List<Threat<'a>, LIST_MAX>,
    #[serde(borrow, default)]
    pub(crate) remediations: List<Remediation<'a>, LIST_MAX>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Cwe<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Str<'a>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Note<'a> {
    #[serde(borrow, default)]
    pub(crate) category: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) title: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) text: Str<'a>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Link<'a> {
    #[serde(borrow, default)]
    pub(crate) category: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) url: Str<'a>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Score<'a> {
    #[serde(borrow, default)]
    pub(crate) cvss_v2: Option<Vector<'a>>,
    #[serde(borrow, default)]
    pub(crate) cvss_v3: Option<Vector<'a>>,
    #[serde(borrow, default)]
    pub(crate) cvss_v4: Option<Vector<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Vector<'a> {
    #[serde(borrow, default, rename = "vectorString")]
    pub(crate) vector: Str<'a>,
}

/// The profile's lists; what stands in none of them is not spoken of.
#[derive(Debug, Deserialize)]
pub(crate) struct Status<'a> {
    #[serde(borrow, default)]
    pub(crate) fixed: ProductIds<'a>,
    #[serde(borrow, default)]
    pub(crate) known_affected: ProductIds<'a>,
    #[serde(borrow, default)]
    pub(crate) known_not_affected: ProductIds<'a>,
    #[serde(borrow, default)]
    pub(crate) under_investigation: ProductIds<'a>,
}

/// Why products are not affected.
#[derive(Debug, Deserialize)]
pub(crate) struct Flag<'a> {
    /// `vulnerable_code_not_present`.
    #[serde(borrow, default)]
    pub(crate) label: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) product_ids: ProductIds<'a>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Threat<'a> {
    /// `impact`, `exploit_status`, `target_set`.
    #[serde(borrow, default)]
    pub(crate) category: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) details: Str<'a>,
    /// Empty where all products are meant.
    #[serde(borrow, default)]
    pub(crate) product_ids: ProductIds<'a>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Remediation<'a> {
    /// `vendor_fix`, `no_fix_planned`, `none_available`, `workaround`.
    #[serde(borrow, default)]
    pub(crate) category: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) details: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) url: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) product_ids: ProductIds<'a>,
}

/// Reads a document.
///
/// # Errors
/// It is no CSAF document, or has more of something than is read.
pub(crate) fn read<'a>(entry: &Entry<'a>) -> Result<Document<'a>, ParseError> {
    let too_many = |what, limit: usize| ParseError::TooMany {
        entry: entry.name.to_owned(),
        what,
        limit: limit.try_into().unwrap_or(u64::MAX),
    };
    if entry.bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(too_many("bytes", DOCUMENT_BYTES_MAX));
    }
    let document: Document<'a> =
        serde_json::from_slice(entry.bytes).map_err(|error| malformed(entry.name, FORMAT, &error))?;
    if document.vulnerabilities.over {
        return Err(too_many("vulnerabilities", VULNERABILITIES_MAX));
    }
    let tree = document.product_tree.as_ref();
    if tree.is_some_and(|tree| tree.relationships.over || tree.full_product_names.over || is_over(&tree.branches)) {
        return Err(too_many("products", PRODUCTS_MAX));
    }
    let over = |flaw: &Vulnerability<'_>| {
        let status = flaw.product_status.as_ref();
        status.is_some_and(|status| {
            let Status { fixed, known_affected, known_not_affected, under_investigation } = status;
            fixed.over || known_affected.over || known_not_affected.over || under_investigation.over
        })
    };
    if document.vulnerabilities.items.iter().any(over) {
        return Err(too_many("products", PRODUCTS_MAX));
    }
    Ok(document)
}

fn is_over(branches: &List<Branch<'_>, PRODUCTS_MAX>) -> bool {
    branches.over || branches.items.iter().any(|branch| is_over(&branch.branches))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        read(&Entry { document: "d", name: "t", bytes: text.as_bytes() }).unwrap_err().to_string()
    }

    #[test]
    fn every_bound_is_reached() {
        let many = |item: &str, count: usize| vec![item; count].join(",");
        let flaws = format!(r#"{{"document":{{}},"vulnerabilities":[{}]}}"#, many("{}", VULNERABILITIES_MAX + 1));
        assert_eq!(refusal(&flaws), "`t` has more than 8192 vulnerabilities");
        for tree in [
            format!(r#"{{"branches":[{{"branches":[{}]}}]}}"#, many("{}", PRODUCTS_MAX + 1)),
            format!(r#"{{"full_product_names":[{}]}}"#, many(r#"{"product_id":"p"}"#, PRODUCTS_MAX + 1)),
        ] {
            let text = format!(r#"{{"document":{{}},"product_tree":{tree}}}"#);
            assert_eq!(refusal(&text), "`t` has more than 262144 products");
        }
        let fixed = many(r#""p""#, PRODUCTS_MAX + 1);
        let text = format!(r#"{{"document":{{}},"vulnerabilities":[{{"product_status":{{"fixed":[{fixed}]}}}}]}}"#);
        assert_eq!(refusal(&text), "`t` has more than 262144 products");
        let deep = format!("{}{}", r#"{"branches":["#.repeat(200), "]}".repeat(200));
        assert!(refusal(&format!(r#"{{"document":{{}},"product_tree":{deep}}}"#)).contains("recursion limit"));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for text in ["", "{}", "[]", r#"{"document":3}"#, r#"{"document":{}"#] {
            assert!(refusal(text).starts_with("`t` is not a valid CSAF document"), "{text}");
        }
    }
}
