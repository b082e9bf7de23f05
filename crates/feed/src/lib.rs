//! Feeds: which documents upstreams publish, how they reach us, how their bytes become
//! statements and facts, and how these become the index file.
//!
//! A feed has two halves. *Fetching* knows addresses, conditions and disks; *parsing* is bytes
//! in, values out, and needs no network to test. [`catalogue::FEEDS`] joins them: adding a feed
//! is one folder and one line there.
//!
//! [`sync`] does both and puts a new index in place; [`CurrentIndex`] opens it; [`status`] tells
//! how old it is; [`export`] and [`import`] carry documents to machines without a network. A data
//! directory looks like this:
//!
//! ```text
//! feeds/.lock                                   held by the one process that writes
//! feeds/debian-tracker/tracker.json.meta.json   which files are the document, and since when
//! feeds/debian-tracker/tracker.json-3f0c…       one file, named by its content
//! index/current.json                            which index is in use
//! index/index-91d2….yidx                        an index, never changed once written
//! ```
//!
//! # Invariants
//!
//! - Whatever happens to a sync, the index that was in use stays usable: files are written aside,
//!   made durable and renamed, and a document is read before it replaces another.
//! - Every transfer, file, member and list has a bound in bytes or in number.
//! - Nothing here prints; [`Progress`] tells whoever wants to know.

pub mod alma_osv;
pub mod alpine_secdb;
pub mod amazon_linux;
pub mod arch;
mod archive;
mod assemble;
pub mod azurelinux_oval;
pub mod catalogue;
pub mod chainguard_secdb;
pub mod cisa_kev;
pub mod compile;
pub mod container;
mod csaf;
mod current;
pub mod cve_list;
mod cvss;
mod debian;
pub mod debian_advisories;
pub mod debian_osv;
pub mod debian_tracker;
pub mod epss;
pub mod fedora;
mod fetch;
mod files;
pub mod gentoo_glsa;
pub mod go_vulndb;
mod intervals;
mod json;
mod language;
mod lock;
pub mod merge;
mod mirror;
pub mod nvd;
pub mod oracle_oval;
mod osv;
pub mod osv_crates;
pub mod osv_go;
pub mod osv_maven;
pub mod osv_npm;
pub mod osv_nuget;
pub mod osv_packagist;
pub mod osv_pypi;
pub mod osv_rubygems;
mod oval_xml;
pub mod photon;
mod progress;
pub mod pypa;
mod reading;
#[cfg(test)]
mod recorder;
pub mod redhat_cve;
pub mod redhat_osv;
pub mod redhat_oval;
pub mod redhat_repositories;
pub mod redhat_vex;
pub mod rocky_osv;
mod rpm_family;
pub mod rustsec;
mod secdb;
mod status;
mod store;
mod suse;
pub mod suse_csaf_vex;
pub mod suse_osv;
mod sync;
#[cfg(test)]
mod testing;
mod ubuntu;
pub mod ubuntu_cve_tracker;
pub mod ubuntu_osv;
mod updateinfo;
pub mod wolfi_secdb;
mod xml;

pub use archive::{ImportOptions, TransportError, export, import};
pub use assemble::DocumentTrouble;
pub use catalogue::{Authority, DocumentSpec, Entry, FEEDS, FeedSpec, ParseError, Pick, Sink};
pub use compile::{CompileError, Compiled, Compiler, Rejected};
pub use current::{CurrentIndex, OpenIndexError};
pub use fetch::{FetchError, ResolveError, Retry, Timeouts, Via};
pub use files::StoreError;
pub use lock::{CancelFlag, LockError};
pub use mirror::{Mirror, MirrorError};
pub use progress::{DocumentRef, Progress, Silent};
pub use status::{FeedState, FeedStatus, Freshness, IndexState, status};
pub use store::{StoredDocument, StoredFile, Validators};
pub use sync::{DocumentOutcome, DocumentReport, IndexOutcome, SyncError, SyncOptions, SyncReport, sync};
