//! What a product id stands for.

use std::collections::HashMap;

use super::CHAIN_MAX;
use super::document::{Branch, Helper, Product, Relationship, Tree};

/// The products of a document by their ids.
#[derive(Debug, Default)]
pub(crate) struct Products<'d> {
    helpers: HashMap<&'d str, &'d Helper<'d>>,
    parts: HashMap<&'d str, (&'d str, &'d str)>,
}

/// A component of a product. What stands between them, nearest to the component first, is
/// mostly nothing, or a module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Resolved<'d> {
    /// The component's purl.
    pub(crate) purl: Option<&'d str>,
    /// Its id, which is a name in some trees: `firefox`, `nodejs:18/nodejs`.
    pub(crate) component: &'d str,
    /// The purls of what is between.
    pub(crate) within: Vec<&'d str>,
    /// The outermost product's CPE.
    pub(crate) cpe: Option<&'d str>,
}

impl<'d> Products<'d> {
    /// Reads the tree.
    pub(crate) fn of(tree: &'d Tree<'d>) -> Self {
        let mut products = Self::default();
        tree.full_product_names.items.iter().for_each(|product| products.add(product));
        // A stack of its own: branches may lie as deep in each other as JSON allows.
        let mut open: Vec<&'d Branch<'d>> = tree.branches.items.iter().collect();
        while let Some(branch) = open.pop() {
            branch.product.iter().for_each(|product| products.add(product));
            open.extend(&branch.branches.items);
        }
        for Relationship { full_product_name, product_reference, relates_to_product_reference } in
            &tree.relationships.items
        {
            let part: (&str, &str) = (product_reference, relates_to_product_reference);
            products.parts.insert(&full_product_name.product_id, part);
        }
        products
    }

    fn add(&mut self, product: &'d Product<'d>) {
        if let Some(helper) = &product.product_identification_helper {
            self.helpers.insert(&product.product_id, helper);
        }
    }

    /// Resolves an id; `None` where the document does not say what it is a part of.
    pub(crate) fn resolve(&self, id: &str) -> Option<Resolved<'d>> {
        let (component, mut of) = *self.parts.get(id)?;
        let purl = |id: &str| self.helpers.get(id).and_then(|helper| helper.purl.as_deref());
        let mut resolved = Resolved { purl: purl(component), component, ..Resolved::default() };
        for _ in 0..CHAIN_MAX {
            if let Some(cpe) = self.helpers.get(of).and_then(|helper| helper.cpe.as_deref()) {
                resolved.cpe = Some(cpe);
                return Some(resolved);
            }
            let Some((part, whole)) = self.parts.get(of) else { return Some(resolved) };
            resolved.within.extend(purl(part));
            of = whole;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(tree: &str, id: &str) -> String {
        let tree: Tree<'_> = serde_json::from_str(tree).unwrap();
        Products::of(&tree).resolve(id).map_or_else(|| "nothing".to_owned(), |resolved| format!("{resolved:?}"))
    }

    #[test]
    fn components_are_found_through_modules() {
        let tree = r#"{"branches":[{"category":"vendor","branches":[
            {"product":{"product_id":"App","product_identification_helper":{"cpe":"cpe:/a:r:e:8"}}},
            {"product":{"product_id":"gimp:2.8","product_identification_helper":{"purl":"pkg:rpmmod/r/gimp@2.8:80:c"}}},
            {"product":{"product_id":"gimp.src","product_identification_helper":{"purl":"pkg:rpm/r/gimp@2"}}}]}],
          "relationships":[
            {"full_product_name":{"product_id":"App:gimp:2.8"},"product_reference":"gimp:2.8","relates_to_product_reference":"App"},
            {"full_product_name":{"product_id":"App:gimp:2.8:gimp.src"},"product_reference":"gimp.src","relates_to_product_reference":"App:gimp:2.8"},
            {"full_product_name":{"product_id":"App:plain"},"product_reference":"plain","relates_to_product_reference":"App"},
            {"full_product_name":{"product_id":"X:plain"},"product_reference":"plain","relates_to_product_reference":"X"},
            {"full_product_name":{"product_id":"circle"},"product_reference":"plain","relates_to_product_reference":"circle"}]}"#;
        let all = ["App:gimp:2.8:gimp.src", "App:gimp:2.8", "App:plain", "X:plain", "circle", "unknown"];
        insta::assert_snapshot!(all.map(|id| resolve(tree, id)).join("\n"), @r#"
        Resolved { purl: Some("pkg:rpm/r/gimp@2"), component: "gimp.src", within: ["pkg:rpmmod/r/gimp@2.8:80:c"], cpe: Some("cpe:/a:r:e:8") }
        Resolved { purl: Some("pkg:rpmmod/r/gimp@2.8:80:c"), component: "gimp:2.8", within: [], cpe: Some("cpe:/a:r:e:8") }
        Resolved { purl: None, component: "plain", within: [], cpe: Some("cpe:/a:r:e:8") }
        Resolved { purl: None, component: "plain", within: [], cpe: None }
        nothing
        nothing
        "#);
    }
}
