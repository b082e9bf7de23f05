//! CSAF 2.0 documents: who says what of which product.
//!
//! [`read`] borrows a document from its bytes. A product is named by an id that only its document
//! understands; [`Products`] resolves ids through the tree and its relationships to a component
//! (by purl) of a product (by CPE), with the module between them where there is one:
//!
//! ```text
//! AppStream-8.8.0.Z.E4S:gimp:2.8:8080…:gimp-2:2.8.22-26.module+el8.8.0+23318.src
//!   component  pkg:rpm/redhat/gimp@2.8.22-26.module%2Bel8.8.0%2B23318?arch=src&epoch=2
//!   within     pkg:rpmmod/redhat/gimp@2.8:8080020250623120629:0621e4ee
//!   of         cpe:/a:redhat:rhel_e4s:8.8::appstream
//! ```
//!
//! # Invariants
//!
//! - Every list is bounded; a document with more is refused.
//! - Relationships are followed [`CHAIN_MAX`] steps at most, so that a circle ends.

mod document;
mod products;
mod purl;

pub(crate) use document::{Document, Link, Remediation, Vulnerability, read};
pub(crate) use products::{Products, Resolved};
pub(crate) use purl::Purl;

/// The most bytes of one document. Red Hat's largest have some MB.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 64 << 20;
/// The most children of one branch, relationships of a tree, and products of a list.
pub(crate) const PRODUCTS_MAX: usize = 262_144;
/// The most vulnerabilities of one document: an advisory's, VEX has one.
pub(crate) const VULNERABILITIES_MAX: usize = 8_192;
/// The most notes, flags, threats, remediations, scores and references, each.
pub(crate) const LIST_MAX: usize = 8_192;
/// How many relationships lead from a product to the one that it is a part of.
pub(crate) const CHAIN_MAX: usize = 4;
