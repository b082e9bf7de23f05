//! Accounts, their ages, and what a new password passes through.

use crate::SourceLine;
use crate::settings::Setting;

/// Defaults for new accounts, from `etc/login.defs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginDefs {
    /// `PASS_MAX_DAYS`; negative means never.
    pub pass_max_days: Setting<i64>,
}

/// One local account. The hash is never kept, only what it is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Whether a password opens it.
    pub password: PasswordState,
    /// After how many days the password must be changed; `None` where the field is empty or the
    /// account has no shadow entry, which both mean never.
    pub max_days: Option<i64>,
    /// The line of `etc/shadow`, or of `etc/passwd` where there is no shadow entry.
    pub place: SourceLine,
}

/// Whether a password opens an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PasswordState {
    /// There is a hash.
    Usable,
    /// There is a hash behind a `!`: `passwd -l` was used.
    Locked,
    /// The field is empty: no password is asked for.
    Empty,
    /// The field holds no hash that any password could match (`*`, `!`, `!!`).
    Disabled,
}

/// The stack of PAM modules that a new password passes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordStack {
    /// The PAM service file that was read first: `etc/pam.d/passwd`.
    pub entry: SourceLine,
    /// Modules that judge the quality of a password, in the order of the stack.
    pub quality: Vec<QualityCheck>,
    /// `pam_unix`, where it is in the stack.
    pub unix: Option<UnixModule>,
    /// How many former passwords are refused (`remember=` of pam_pwhistory or pam_unix).
    pub remember: Option<Setting<i64>>,
}

/// The modules that judge the quality of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QualityModule {
    /// `pam_pwquality`.
    Pwquality,
    /// `pam_cracklib`.
    Cracklib,
    /// `pam_passwdqc`.
    Passwdqc,
}

impl QualityModule {
    /// Returns the module's name: `pam_pwquality`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pwquality => "pam_pwquality",
            Self::Cracklib => "pam_cracklib",
            Self::Passwdqc => "pam_passwdqc",
        }
    }
}

/// A module that judges the quality of a password, with its effective settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityCheck {
    /// Which module.
    pub module: QualityModule,
    /// Its line in the PAM configuration.
    pub line: Setting<()>,
    /// Whether a password that it refuses is refused by the whole stack.
    pub enforced: bool,
    /// Whether the module's file is there; `None` where the tree has no PAM modules at all.
    pub installed: Option<bool>,
    /// The configured minimum length, before credits.
    pub min_length: Setting<i64>,
    /// The shortest password that can pass, credits counted.
    pub shortest: i64,
    /// How many classes of characters (digits, upper case, lower case, others) a password must
    /// have.
    pub classes: i64,
    /// The settings that decided `shortest` and `classes`, where somebody set them.
    pub decisive: Vec<Setting<i64>>,
    /// Whether root too is bound.
    pub enforce_for_root: Setting<bool>,
    /// How many tries a user gets.
    pub retry: Setting<i64>,
}

impl QualityCheck {
    /// Tells whether the module is there and its refusal counts.
    pub const fn is_effective(&self) -> bool {
        self.enforced && !matches!(self.installed, Some(false))
    }
}

/// `pam_unix` in the password stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixModule {
    /// Its line in the PAM configuration.
    pub line: Setting<()>,
    /// `minlen=`, or what the distribution has compiled in; `None` where there is no minimum.
    pub min_length: Option<Setting<i64>>,
    /// `obscure`.
    pub obscure: bool,
}
