//! OSV records about packages of programming languages.
//!
//! Here the records come from whoever looks after an ecosystem (PyPA, Go, GitHub, the malicious
//! packages list), and a range of upstream's versions is the verdict.
//!
//! # What a flaw is called
//!
//! | CVEs among the record's ids | the statement's flaw | the record's own id |
//! |---|---|---|
//! | one | the CVE | another id of it, and its advisory |
//! | none | the record's id | |
//! | several | the record's id, which covers the CVEs | |
//!
//! So records of several databases about one flaw meet under its CVE.
//!
//! # Names
//!
//! See [`names`]: an inventory has to name packages the same way.

pub(crate) mod export;
pub(crate) mod flaw;
pub(crate) mod names;
mod record;
pub(crate) mod state;

use yagura_model::{Ecosystem, ReleaseKey};
use yagura_version::Scheme;

use crate::catalogue::{Entry, ParseError, Sink};
use crate::osv;

/// Which feed is read, about which ecosystem.
#[derive(Debug)]
pub(crate) struct Source {
    /// The feed.
    pub(crate) feed: &'static str,
    /// The ecosystem.
    pub(crate) ecosystem: Ecosystem,
    /// Its name in OSV records: `PyPI`.
    pub(crate) osv_name: &'static str,
}

impl Source {
    /// Returns the key under which statements stand.
    pub(crate) fn release(&self) -> ReleaseKey {
        ReleaseKey::ecosystem(self.ecosystem)
    }

    /// Returns the order of the ecosystem's versions.
    pub(crate) const fn scheme(&self) -> Scheme {
        match self.ecosystem {
            Ecosystem::PyPi => Scheme::Pep440,
            Ecosystem::Npm => Scheme::Npm,
            Ecosystem::RubyGems => Scheme::Gem,
            Ecosystem::Go => Scheme::Go,
            Ecosystem::CratesIo => Scheme::Cargo,
            Ecosystem::Maven => Scheme::Maven,
            Ecosystem::Packagist => Scheme::Composer,
            Ecosystem::NuGet => Scheme::NuGet,
        }
    }
}

/// Reads an OSV record.
pub(crate) fn parse(entry: &Entry<'_>, source: &Source, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let record = osv::read(entry)?;
    record::take(&record, source, sink);
    Ok(())
}
