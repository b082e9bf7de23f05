//! Configuration facts.

use serde::{Deserialize, Serialize};
use yagura_model::settings::{
    Account, Architecture, Aslr, Criterion, Directory, GroupReach, LoginDefs, MatchBlock, Nx, PasswordStack,
    PasswordState, QualityCheck, QualityModule, RootLogin, Sshd, SshdValues, UnixModule,
};

use super::{PlaceShape, SettingShape, Shape, shape, words};

shape! {
    /// The SSH server.
    SshdShape = Sshd {
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        root_login: SettingShape<RootLoginShape>,
        protocol_1: SettingShape<Option<bool>>,
        password: SettingShape<bool>,
        keyboard_interactive: SettingShape<bool>,
        use_pam: SettingShape<bool>,
        methods: SettingShape<Vec<String>>,
        blocks: Vec<MatchBlockShape>,
        config_path: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        drop_in_folder: Option<String>,
    }
}

words! {
    /// What `PermitRootLogin` allows, in the words of sshd_config(5).
    RootLoginShape = RootLogin {
        No = "no",
        ForcedCommandsOnly = "forced-commands-only",
        KeyOnly = "prohibit-password",
        Yes = "yes",
    }
}

shape! {
    /// One Match block.
    MatchBlockShape = MatchBlock { place: PlaceShape, criteria: Vec<CriterionShape>, values: SshdValuesShape, }
}

shape! {
    /// One criterion of a Match line.
    CriterionShape = Criterion { attribute: String, patterns: String, }
}

shape! {
    /// What a Match block changes.
    SshdValuesShape = SshdValues {
        #[serde(skip_serializing_if = "Option::is_none")]
        root_login: Option<SettingShape<RootLoginShape>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        password: Option<SettingShape<bool>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        keyboard_interactive: Option<SettingShape<bool>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        methods: Option<SettingShape<Vec<String>>>,
    }
}

shape! {
    /// Defaults for new accounts.
    LoginDefsShape = LoginDefs { pass_max_days: SettingShape<i64>, }
}

shape! {
    /// The body of `InspectorUser`.
    AccountShape = Account {
        name: String,
        uid: u32,
        password: PasswordStateShape,
        #[serde(skip_serializing_if = "Option::is_none")]
        max_days: Option<i64>,
        place: PlaceShape,
    }
}

words! {
    /// Whether a password opens an account.
    PasswordStateShape = PasswordState {
        Usable = "usable",
        Locked = "locked",
        Empty = "empty",
        Disabled = "disabled",
    }
}

shape! {
    /// What a new password passes through.
    PasswordStackShape = PasswordStack {
        entry: PlaceShape,
        quality: Vec<QualityCheckShape>,
        #[serde(skip_serializing_if = "Option::is_none")]
        unix: Option<UnixModuleShape>,
        #[serde(skip_serializing_if = "Option::is_none")]
        remember: Option<SettingShape<i64>>,
    }
}

words! {
    /// A module that judges passwords, by its name.
    QualityModuleShape = QualityModule {
        Pwquality = "pam_pwquality",
        Cracklib = "pam_cracklib",
        Passwdqc = "pam_passwdqc",
    }
}

shape! {
    /// A module that judges passwords, with its settings.
    QualityCheckShape = QualityCheck {
        module: QualityModuleShape,
        line: SettingShape<()>,
        enforced: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        installed: Option<bool>,
        min_length: SettingShape<i64>,
        shortest: i64,
        classes: i64,
        decisive: Vec<SettingShape<i64>>,
        enforce_for_root: SettingShape<bool>,
        retry: SettingShape<i64>,
    }
}

shape! {
    /// `pam_unix`.
    UnixModuleShape = UnixModule {
        line: SettingShape<()>,
        #[serde(skip_serializing_if = "Option::is_none")]
        min_length: Option<SettingShape<i64>>,
        obscure: bool,
    }
}

shape! {
    /// Address space layout randomization.
    AslrShape = Aslr {
        #[serde(skip_serializing_if = "Option::is_none")]
        live: Option<SettingShape<i64>>,
        configured: SettingShape<i64>,
    }
}

shape! {
    /// Non-executable memory pages.
    NxShape = Nx {
        architecture: ArchitectureShape,
        #[serde(skip_serializing_if = "Option::is_none")]
        cpu: Option<SettingShape<bool>>,
        turned_off: Vec<SettingShape<()>>,
    }
}

words! {
    /// The kind of processor.
    ArchitectureShape = Architecture {
        X86 = "x86",
        Arm = "arm",
        Other = "other",
    }
}

shape! {
    /// The body of `InspectorDirectoryInfoMsg`.
    DirectoryShape = Directory {
        path: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also: Vec<String>,
        listed: bool,
        mode: u32,
        uid: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
        gid: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        group: Option<String>,
        group_reach: GroupReachShape,
    }
}

/// Which users without root's rights are in a group.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum GroupReachShape {
    Nobody,
    Users(Vec<String>),
    Unknown,
}

impl Shape<GroupReach> for GroupReachShape {
    fn of(model: &GroupReach) -> Self {
        match model {
            GroupReach::Nobody => Self::Nobody,
            GroupReach::Users(users) => Self::Users(users.clone()),
            GroupReach::Unknown => Self::Unknown,
        }
    }

    fn model(self) -> GroupReach {
        match self {
            Self::Nobody => GroupReach::Nobody,
            Self::Users(users) => GroupReach::Users(users),
            Self::Unknown => GroupReach::Unknown,
        }
    }
}
