//! Collects what SCAP content asks for: one file an object type of OVAL.
//!
//! [`Collector`] is the whole interface: it reads a host for the engine in `yagura-scap`. Around
//! the object types stand `find` (which files an object means), `listing` (directories, each
//! listed once), `texts` (files, each read once), `mounts`, `literal` (which files cannot match a
//! pattern), `digests`, `xpath` and `bus` (the service manager's door).
//!
//! # Invariants
//!
//! - What is not supported is [`Flag::NotCollected`] with the reason, never an empty answer.
//! - A directory is listed once for all objects of a profile; file systems of other hosts and the
//!   kernel's own are left out of walks.
//! - A path is resolved as if the root were `/`: no symbolic link leads out of it.
//! - Every walk is bounded in depth, directories and names, and looks whether it should stop.

mod bus;
mod digests;
mod dpkginfo;
mod environment;
mod file;
mod filehash58;
mod find;
mod interface;
mod listing;
mod literal;
mod mounts;
mod partition;
mod password;
mod platform;
mod process;
mod rpminfo;
mod rpmverifyfile;
mod selinux;
mod shadow;
mod sockets;
mod symlink;
mod sysctl;
mod systemd;
mod textfilecontent54;
mod texts;
mod xmlfilecontent;
mod xpath;

use std::ops::ControlFlow;

use yagura_scap::{Collect, Collected, Flag, Item, Kind, Object};

use crate::host::Host;
use find::Ending;
use listing::Files;
use texts::Texts;

/// Reads a host for objects of SCAP content.
pub struct Collector<'h> {
    host: &'h dyn Host,
    files: Files<'h>,
    texts: Texts<'h>,
    literals: textfilecontent54::Literals,
    dpkg: dpkginfo::Packages,
    rpm: rpminfo::Packages,
    sysctl: sysctl::Names,
    units: systemd::Units,
}

impl<'h> Collector<'h> {
    /// A collector for one profile; `stop` is asked between small steps and ends what is running.
    pub fn new(host: &'h dyn Host, stop: &'h dyn Fn() -> bool) -> Self {
        Self {
            host,
            files: Files::new(host, stop),
            texts: Texts::new(host),
            literals: textfilecontent54::Literals::new(),
            dpkg: dpkginfo::Packages::default(),
            rpm: rpminfo::Packages::default(),
            sysctl: sysctl::Names::default(),
            units: systemd::Units::default(),
        }
    }

    /// Directory entries that were listed until now; for progress.
    pub fn entries_listed(&self) -> u64 {
        self.files.listed.get()
    }
}

impl Collect for Collector<'_> {
    fn collect(&mut self, object: &Object) -> Collected {
        if self.files.stopped() {
            return stopped();
        }
        let host = self.host;
        match object.kind {
            Kind::TextFileContent54 => textfilecontent54::collect(&self.files, &self.texts, &mut self.literals, object),
            Kind::File => file::collect(&self.files, object),
            Kind::FileHash58 => filehash58::collect(&self.files, object),
            Kind::DpkgInfo => self.dpkg.collect(host, object),
            Kind::RpmInfo => self.rpm.collect(host, object),
            Kind::RpmVerifyFile | Kind::RpmVerify => rpmverifyfile::collect(&self.files, object),
            Kind::SystemdUnitProperty => self.units.properties(host, object),
            Kind::SystemdUnitDependency => self.units.dependencies(host, object),
            Kind::Partition => partition::collect(host, object),
            Kind::Sysctl => self.sysctl.collect(host, object),
            Kind::SelinuxBoolean => selinux::booleans(host, object),
            Kind::SelinuxSecurityContext => selinux::contexts(&self.files, object),
            Kind::Family => platform::family(object),
            Kind::Uname => platform::uname(host, object),
            Kind::EnvironmentVariable58 => environment::of_process(host, object),
            Kind::EnvironmentVariable => environment::own(host, object),
            Kind::Symlink => symlink::collect(host, object),
            Kind::XmlFileContent => xmlfilecontent::collect(&self.files, object),
            Kind::Password => password::collect(host, object),
            Kind::Shadow => shadow::collect(host, object),
            Kind::InetListeningServers => sockets::collect(host, object),
            Kind::Interface => interface::collect(host, object),
            Kind::Process58 => process::collect(host, object),
            Kind::Variable => Collected::not_collected("variables are the engine's own"),
            other => Collected::not_collected(format!("objects of the type `{other}` are not supported")),
        }
    }
}

/// Goes on, or not.
const fn flow(goes_on: bool) -> ControlFlow<()> {
    if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

fn stopped() -> Collected {
    Collected::not_collected("the assessment was stopped")
}

/// What a search that ended has collected.
fn concluded(items: Vec<Item>, ending: &Ending) -> Collected {
    let full = items.len() >= yagura_scap::ITEMS_MAX;
    if ending.stopped && !full {
        return stopped();
    }
    let mut collected = Collected::complete(items);
    if ending.failed && collected.flag == Flag::DoesNotExist {
        return Collected::error("an entity of the object cannot be compared with what was found");
    }
    if full || ending.bounded.is_some() {
        collected.flag = Flag::Incomplete;
        collected.message = Some(ending.bounded.unwrap_or("there are more items than one object may have").into());
    } else if ending.remote > 0 {
        let message = format!("{} file systems of other hosts were left out", ending.remote);
        collected.message = Some(message.into());
    }
    collected
}

/// Keeps the items that the object's entities and filters ask for.
fn selected(items: impl IntoIterator<Item = Item>, object: &Object) -> Collected {
    let mut failed = false;
    let kept = items.into_iter().filter(|item| {
        let fits = object.entities.iter().filter(|entity| !entity.nil).all(|entity| {
            match item.value(entity.field).map(|value| entity.test_value(value)) {
                Some(yagura_scap::Truth::True) => true,
                Some(yagura_scap::Truth::Error) => {
                    failed = true;
                    false
                }
                _ => false,
            }
        });
        fits && object.keeps(item)
    });
    let kept: Vec<Item> = kept.take(yagura_scap::ITEMS_MAX).collect();
    if failed && kept.is_empty() {
        return Collected::error("an entity of the object cannot be compared with what was found");
    }
    Collected::complete(kept)
}

#[cfg(test)]
mod tests;
