//! Configuration facts for the best-practice rules.
//!
//! Plain values, each with where it comes from: a line of a file, the compiled-in default of a
//! program, or the running kernel. A [`Fact`] that is missing says why, so that a rule can tell
//! "does not apply here" from "could not be read".

pub mod directory;
pub mod fact;
pub mod kernel;
pub mod password;
pub mod sshd;

pub use directory::{Directory, DirectoryFacts, GroupReach};
pub use fact::{Fact, Provenance, Setting};
pub use kernel::{Architecture, Aslr, Nx};
pub use password::{Account, LoginDefs, PasswordStack, PasswordState, QualityCheck, QualityModule, UnixModule};
pub use sshd::{Criterion, MatchBlock, RootLogin, Sshd, SshdValues};

/// Configuration facts for the best-practice rules.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// The SSH server's effective settings.
    pub sshd: Fact<Sshd>,
    /// Defaults for new accounts.
    pub login_defs: Fact<LoginDefs>,
    /// The local accounts, by the order of `etc/passwd`.
    pub accounts: Fact<Vec<Account>>,
    /// What a new password passes through.
    pub password_stack: Fact<PasswordStack>,
    /// Address space layout randomization.
    pub aslr: Fact<Aslr>,
    /// Non-executable memory pages.
    pub nx: Fact<Nx>,
    /// The system directories.
    pub directories: Fact<DirectoryFacts>,
}
