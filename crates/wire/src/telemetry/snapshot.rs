//! Messages become a snapshot.

use yagura_model::Snapshot;
use yagura_model::settings::{DirectoryFacts, Fact};

use super::assemble::AssembleError;
use super::encode::FactBody;
use super::envelope::{Envelope, MessageType};
use crate::bounds::{
    ACCOUNTS_MAX, DIRECTORIES_MAX, DIRECTORY_NAMES_MAX, KERNELS_MAX, PACKAGES_MAX, PINS_MAX, PROBLEMS_MAX,
    REPOSITORIES_MAX,
};
use crate::hash::Sha256;
use crate::shape::{
    AccountShape, ChannelShape, DirectoryShape, FactShape, InstanceShape, KernelShape, PackageShape, PinShape,
    ProblemShape, ReleaseShape, RepositoryShape, Shape,
};

/// The place of a message in the order; it never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Nothing,
    Instance,
    Release,
    Kernel,
    Packages,
    Channels,
    Repositories,
    Pins,
    Sshd,
    LoginDefs,
    Accounts,
    Users,
    PasswordStack,
    Aslr,
    Nx,
    DirectoryHead,
    Directories,
    Problems,
}

impl Place {
    /// Tells whether many messages stand here, in contrast to one.
    const fn is_list(self) -> bool {
        matches!(
            self,
            Self::Kernel
                | Self::Packages
                | Self::Repositories
                | Self::Pins
                | Self::Users
                | Self::Directories
                | Self::Problems
        )
    }
}

/// Puts a snapshot together, message by message.
#[derive(Debug)]
pub(crate) struct SnapshotAssembler {
    snapshot: Snapshot,
    place: Place,
    hash: Sha256,
    /// Names in the lists of directories: the only lists whose messages are many.
    directory_names: usize,
    unknown: u64,
}

impl SnapshotAssembler {
    pub(crate) fn new() -> Self {
        let (snapshot, place) = (Snapshot::default(), Place::Nothing);
        Self { snapshot, place, hash: Sha256::new(), directory_names: 0, unknown: 0 }
    }

    /// Tells whether no message was taken yet.
    pub(super) const fn is_empty(&self) -> bool {
        matches!(self.place, Place::Nothing) && self.unknown == 0
    }

    /// Takes the text of one message. `line` is its number, for errors.
    pub(crate) fn push_line(&mut self, text: &str, line: u64) -> Result<(), AssembleError> {
        let envelope = Envelope::read(text).map_err(|source| AssembleError::Malformed { line, source })?;
        self.push(&envelope, text, line)
    }

    /// Takes one message. `line` is its number, for errors.
    pub(super) fn push(&mut self, envelope: &Envelope<'_>, text: &str, line: u64) -> Result<(), AssembleError> {
        self.hash.update(text.as_bytes());
        self.hash.update(b"\n");
        let malformed = |source| AssembleError::Malformed { line, source };
        match envelope.known() {
            Some(MessageType::InstanceMetaData) => {
                self.go(Place::Instance, envelope, line)?;
                let shape: InstanceShape = envelope.body().map_err(malformed)?;
                self.snapshot.host = shape.host.model();
                self.snapshot.package_database = shape.package_database;
            }
            Some(MessageType::OperatingSystem) => {
                self.go(Place::Release, envelope, line)?;
                let shape: ReleaseShape = envelope.body().map_err(malformed)?;
                self.snapshot.release = Some(shape.model());
            }
            Some(MessageType::KernelModule) => {
                self.go(Place::Kernel, envelope, line)?;
                let shape: KernelShape = envelope.body().map_err(malformed)?;
                self.kernel(shape, line)?;
            }
            Some(MessageType::PackageInfo) => {
                self.go(Place::Packages, envelope, line)?;
                bound(self.snapshot.packages.len(), PACKAGES_MAX, "packages", line)?;
                let shape: PackageShape = envelope.body().map_err(malformed)?;
                self.snapshot.packages.push(shape.model());
            }
            Some(MessageType::ChannelInfo) => {
                self.go(Place::Channels, envelope, line)?;
                let shape: ChannelShape = envelope.body().map_err(malformed)?;
                self.snapshot.channels.products = shape.products;
                self.snapshot.channels.entitlements = shape.entitlements;
            }
            Some(MessageType::RepositoryInfo) => {
                self.go(Place::Repositories, envelope, line)?;
                bound(self.snapshot.channels.repositories.len(), REPOSITORIES_MAX, "repositories", line)?;
                let shape: RepositoryShape = envelope.body().map_err(malformed)?;
                self.snapshot.channels.repositories.push(shape.model());
            }
            Some(MessageType::PinInfo) => {
                self.go(Place::Pins, envelope, line)?;
                bound(self.snapshot.channels.pins.len(), PINS_MAX, "pins", line)?;
                let shape: PinShape = envelope.body().map_err(malformed)?;
                self.snapshot.channels.pins.push(shape.model());
            }
            Some(MessageType::ConfigurationInfo) => self.fact(envelope, line)?,
            Some(MessageType::User) => {
                self.go(Place::Users, envelope, line)?;
                let Fact::Known(accounts) = &mut self.snapshot.settings.accounts else {
                    return Err(misplaced(envelope, line));
                };
                bound(accounts.len(), ACCOUNTS_MAX, "accounts", line)?;
                let shape: AccountShape = envelope.body().map_err(malformed)?;
                accounts.push(shape.model());
            }
            Some(MessageType::DirectoryInfo) => self.directory(envelope, line)?,
            Some(MessageType::ReadProblem) => {
                self.go(Place::Problems, envelope, line)?;
                bound(self.snapshot.problems.len(), PROBLEMS_MAX, "problems", line)?;
                let shape: ProblemShape = envelope.body().map_err(malformed)?;
                self.snapshot.problems.push(shape.model());
            }
            // Framing and the stream's ends are the business of whoever feeds us.
            Some(_) => return Err(misplaced(envelope, line)),
            None => self.unknown = self.unknown.saturating_add(1),
        }
        Ok(())
    }

    fn kernel(&mut self, shape: KernelShape, line: u64) -> Result<(), AssembleError> {
        let kernel = &mut self.snapshot.kernel;
        let mut more = shape.model();
        // Only the first line says what runs.
        if kernel.running.is_none() && kernel.installed.is_empty() {
            kernel.running = more.running.take();
            kernel.running_package_version = more.running_package_version.take();
            kernel.livepatches = std::mem::take(&mut more.livepatches);
        }
        kernel.installed.append(&mut more.installed);
        bound(kernel.installed.len().saturating_sub(1), KERNELS_MAX, "kernels", line)
    }

    fn fact(&mut self, envelope: &Envelope<'_>, line: u64) -> Result<(), AssembleError> {
        let malformed = |source| AssembleError::Malformed { line, source };
        // A fact that a newer agent knows is left out like a type that it knows.
        #[derive(serde::Deserialize)]
        struct Name<'a> {
            #[serde(borrow)]
            fact: std::borrow::Cow<'a, str>,
        }
        let name: Name<'_> = envelope.body().map_err(malformed)?;
        let Some(place) = fact_place(&name.fact) else {
            self.unknown = self.unknown.saturating_add(1);
            return Ok(());
        };
        self.go(place, envelope, line)?;
        let settings = &mut self.snapshot.settings;
        match envelope.body().map_err(malformed)? {
            FactBody::Sshd(fact) => settings.sshd = (*fact).model(),
            FactBody::LoginDefs(fact) => settings.login_defs = fact.model(),
            FactBody::Accounts(head) => settings.accounts = begin(head, |()| Vec::new()),
            FactBody::PasswordStack(fact) => settings.password_stack = fact.model(),
            FactBody::Aslr(fact) => settings.aslr = fact.model(),
            FactBody::Nx(fact) => settings.nx = fact.model(),
            FactBody::Directories(head) => {
                let facts = |root_uid| DirectoryFacts { root_uid, directories: Vec::new() };
                settings.directories = begin(head, |shape| facts(shape.root_uid));
            }
        }
        Ok(())
    }

    fn directory(&mut self, envelope: &Envelope<'_>, line: u64) -> Result<(), AssembleError> {
        self.go(Place::Directories, envelope, line)?;
        let Fact::Known(facts) = &mut self.snapshot.settings.directories else {
            return Err(misplaced(envelope, line));
        };
        bound(facts.directories.len(), DIRECTORIES_MAX, "directories", line)?;
        let shape: DirectoryShape = envelope.body().map_err(|source| AssembleError::Malformed { line, source })?;
        let directory = shape.model();
        let users = match &directory.group_reach {
            yagura_model::settings::GroupReach::Users(users) => users.len(),
            _ => 0,
        };
        let names = self.directory_names.saturating_add(directory.also.len()).saturating_add(users);
        bound(names.saturating_sub(1), DIRECTORY_NAMES_MAX, "names of directories", line)?;
        self.directory_names = names;
        facts.directories.push(directory);
        Ok(())
    }

    /// Moves on in the order.
    fn go(&mut self, to: Place, envelope: &Envelope<'_>, line: u64) -> Result<(), AssembleError> {
        if to < self.place || (to == self.place && !to.is_list()) {
            return Err(misplaced(envelope, line));
        }
        self.place = to;
        Ok(())
    }

    /// Returns the snapshot, its digest as received, and how many messages this side does not know.
    pub(crate) fn finish(self) -> Result<(Snapshot, String, u64), AssembleError> {
        // Every encoder writes all facts; without the last of them the snapshot was cut.
        if self.place < Place::DirectoryHead {
            return Err(AssembleError::Incomplete);
        }
        Ok((self.snapshot, self.hash.finish(), self.unknown))
    }
}

fn begin<S, M>(head: FactShape<S>, known: impl FnOnce(S) -> M) -> Fact<M> {
    match head {
        FactShape::Known(shape) => Fact::Known(known(shape)),
        FactShape::NotPresent(why) => Fact::NotPresent(why.model()),
        FactShape::Unreadable(why) => Fact::Unreadable(why.model()),
    }
}

fn fact_place(name: &str) -> Option<Place> {
    Some(match name {
        "sshd" => Place::Sshd,
        "login_defs" => Place::LoginDefs,
        "accounts" => Place::Accounts,
        "password_stack" => Place::PasswordStack,
        "aslr" => Place::Aslr,
        "nx" => Place::Nx,
        "directories" => Place::DirectoryHead,
        _ => return None,
    })
}

fn misplaced(envelope: &Envelope<'_>, line: u64) -> AssembleError {
    let kind = envelope.known().map_or("unknown", MessageType::as_str);
    AssembleError::Misplaced { line, kind }
}

/// Checks that one more fits.
fn bound(have: usize, max: usize, what: &'static str, line: u64) -> Result<(), AssembleError> {
    if have >= max { Err(AssembleError::TooMany { line, what, max }) } else { Ok(()) }
}
