//! What the feeds of Red Hat and its kin (AlmaLinux, Rocky, Oracle, Fedora) share.
//!
//! - [`Place`]: which release, and which channel of it, a product's CPE speaks of;
//! - [`words`]: severities, module streams in titles, versions;
//! - [`Fixes`]: what an advisory fixes, stated without doubles;
//! - [`read_advisory`] and [`read_patch`]: advisories in OSV and in OVAL;
//! - [`states`]: Red Hat's words for what is not fixed.
//!
//! # Modules
//!
//! A package that was built in a module has `.module+` or `.module_` in its release. Two streams
//! of one module, and a modular and a plain package of one name, are different packages that
//! share a name: versions of one say nothing of the other. A statement about a modular build
//! names `name:stream`; the titles of advisories do (`nodejs:18 security update`), and OVAL tests
//! it. Some thirty advisories of 2019 to 2024 name no stream; their statements have a modular
//! version and no module, and the matcher has to treat them so:
//!
//! 1. a statement with a module is compared with packages of that module and stream alone;
//! 2. a statement without one whose version is modular is compared with modular packages alone,
//!    and only if the first number of both versions is the same (`postgresql` 12 and 13 are
//!    different streams);
//! 3. any other statement is compared with packages that are not modular.

mod fixes;
mod osv_advisory;
mod oval_advisory;
mod place;
pub(crate) mod states;
pub(crate) mod words;

pub(crate) use fixes::{Fix, Fixes, Stated};
pub(crate) use osv_advisory::{Reader, read_advisory};
pub(crate) use oval_advisory::{made_at, module_of, read_patch, state_flaws};
pub(crate) use place::{Place, place_of_cpe, place_of_product};
