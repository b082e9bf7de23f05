//! What the SSH server would do with a login.

use crate::SourceLine;
use crate::settings::Setting;

/// The SSH server's effective settings, as `sshd -T` would print them, and the Match blocks that
/// change them for some connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sshd {
    /// Upstream version of the installed server (`9.2p1`), where the host tells.
    pub version: Option<String>,
    /// What holds where no Match block says otherwise.
    pub root_login: Setting<RootLogin>,
    /// Whether protocol version 1 is offered; `None` where it depends on a version that the
    /// host does not tell.
    pub protocol_1: Setting<Option<bool>>,
    /// `PasswordAuthentication`.
    pub password: Setting<bool>,
    /// `KbdInteractiveAuthentication`, in older versions also `ChallengeResponseAuthentication`.
    pub keyboard_interactive: Setting<bool>,
    /// `UsePAM`. With it, keyboard-interactive asks for the password too.
    pub use_pam: Setting<bool>,
    /// `AuthenticationMethods`: which lists of methods let a login in; `any`.
    pub methods: Setting<Vec<String>>,
    /// Match blocks that set one of these, in the order in which sshd asks them.
    pub blocks: Vec<MatchBlock>,
    /// The configuration file that sshd starts with.
    pub config_path: String,
    /// Where a file that sshd reads before any setting can be dropped in
    /// (`etc/ssh/sshd_config.d`); `None` where the configuration includes no such folder first.
    pub drop_in_folder: Option<String>,
}

/// Settings that a Match block may change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SshdValues {
    /// `PermitRootLogin`.
    pub root_login: Option<Setting<RootLogin>>,
    /// `PasswordAuthentication`.
    pub password: Option<Setting<bool>>,
    /// `KbdInteractiveAuthentication`.
    pub keyboard_interactive: Option<Setting<bool>>,
    /// `AuthenticationMethods`.
    pub methods: Option<Setting<Vec<String>>>,
}

impl SshdValues {
    /// Tells whether nothing is set.
    pub const fn is_empty(&self) -> bool {
        self.root_login.is_none()
            && self.password.is_none()
            && self.keyboard_interactive.is_none()
            && self.methods.is_none()
    }
}

/// One Match block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchBlock {
    /// The innermost Match line.
    pub place: SourceLine,
    /// All of these must hold. Empty: the block holds for every connection.
    pub criteria: Vec<Criterion>,
    /// What it changes.
    pub values: SshdValues,
}

impl MatchBlock {
    /// Returns the criteria as sshd_config writes them: `User backup Address 10.0.0.0/8`.
    pub fn condition(&self) -> String {
        if self.criteria.is_empty() {
            return "all".to_owned();
        }
        let words: Vec<String> = self.criteria.iter().map(|c| format!("{} {}", c.attribute, c.patterns)).collect();
        crate::settings::fact::quoted(&words.join(" "))
    }
}

/// One criterion of a Match line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// `User`, `Group`, `Address` … as written.
    pub attribute: String,
    /// The comma-separated patterns as written.
    pub patterns: String,
}

/// What `PermitRootLogin` allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RootLogin {
    /// `no`.
    No,
    /// `forced-commands-only`: with a key whose entry names one command.
    ForcedCommandsOnly,
    /// `prohibit-password`, formerly `without-password`: with a key, an open shell.
    KeyOnly,
    /// `yes`.
    Yes,
}

impl RootLogin {
    /// Reads the word of sshd_config, which folds no case before OpenSSH 7.0; both are taken.
    pub fn from_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "no" => Some(Self::No),
            "forced-commands-only" => Some(Self::ForcedCommandsOnly),
            "prohibit-password" | "without-password" => Some(Self::KeyOnly),
            "yes" => Some(Self::Yes),
            _ => None,
        }
    }

    /// Returns the word that `sshd -T` prints.
    pub const fn word(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::ForcedCommandsOnly => "forced-commands-only",
            Self::KeyOnly => "without-password",
            Self::Yes => "yes",
        }
    }
}
