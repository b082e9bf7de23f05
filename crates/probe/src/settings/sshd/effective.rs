//! From directives to effective values: first value wins, Match blocks override, compiled-in
//! defaults by OpenSSH version fill the rest.

use yagura_model::ReadProblem;
use yagura_model::settings::{MatchBlock, RootLogin, Setting, SshdValues};

use super::config::{Block, Directive, refusal};

/// The installed server, as far as the defaults depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    /// `OpenSSH 9.2p1`, or `OpenSSH` where nothing tells the version.
    pub program: String,
    /// Major and minor number.
    pub number: Option<(u32, u32)>,
}

impl Version {
    /// Tells whether the server is at least this version. An unknown one counts as new: every
    /// distribution still supported has 7.4 or later.
    fn at_least(&self, major: u32, minor: u32) -> bool {
        self.number.is_none_or(|number| number >= (major, minor))
    }

    /// OpenSSH 8.7 made `ChallengeResponseAuthentication` another name of
    /// `KbdInteractiveAuthentication`; before, either of two switches was enough.
    fn merges_challenge_response(&self) -> bool {
        self.at_least(8, 7)
    }
}

/// The values that hold without a Match block, and the blocks that change them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Effective {
    pub root_login: Setting<RootLogin>,
    pub protocol_1: Setting<Option<bool>>,
    pub password: Setting<bool>,
    pub keyboard_interactive: Setting<bool>,
    pub use_pam: Setting<bool>,
    pub methods: Setting<Vec<String>>,
    pub blocks: Vec<MatchBlock>,
}

/// Judges the directives in order.
pub(super) fn judge(
    directives: &[Directive],
    blocks: &[Block],
    version: &Version,
    problems: &mut Vec<ReadProblem>,
) -> Effective {
    let mut global = Values::default();
    let mut by_block: Vec<Values> = blocks.iter().map(|_| Values::default()).collect();
    for directive in directives {
        let Some(value) = Value::read(directive) else {
            problems.push(refusal(directive.place.clone(), &directive.written, "the value is not one that sshd knows"));
            continue;
        };
        if directive.global {
            global.offer(&value);
        }
        if let Some(values) = directive.block.and_then(|at| by_block.get_mut(at)) {
            values.offer(&value);
        }
    }
    let mut blocks: Vec<MatchBlock> = blocks
        .iter()
        .zip(by_block)
        .map(|(block, values)| MatchBlock {
            place: block.place.clone(),
            criteria: block.criteria.clone(),
            values: values.in_block(version),
        })
        .collect();
    let unconditional = shadow(&mut blocks);
    let (protocol_1, use_pam) = (protocol_1(&global, version), global.use_pam.clone());
    Effective {
        root_login: unconditional.root_login.or_else(|| global.root_login.clone()).unwrap_or_else(|| {
            let value = if version.at_least(7, 0) { RootLogin::KeyOnly } else { RootLogin::Yes };
            let word = if value == RootLogin::Yes { "yes" } else { "prohibit-password" };
            Setting::compiled_in(value, &format!("PermitRootLogin {word}"), &version.program)
        }),
        protocol_1,
        password: unconditional
            .password
            .or_else(|| global.password.clone())
            .unwrap_or_else(|| Setting::compiled_in(true, "PasswordAuthentication yes", &version.program)),
        keyboard_interactive: unconditional
            .keyboard_interactive
            .unwrap_or_else(|| keyboard_interactive(&global, version)),
        use_pam: use_pam.unwrap_or_else(|| Setting::compiled_in(false, "UsePAM no", &version.program)),
        methods: unconditional
            .methods
            .or_else(|| global.methods.clone())
            .unwrap_or_else(|| Setting::compiled_in(vec!["any".into()], "AuthenticationMethods any", &version.program)),
        blocks,
    }
}

/// Takes out what a block cannot change because an earlier block that holds for every connection
/// has set it already, and returns what those blocks set.
fn shadow(blocks: &mut Vec<MatchBlock>) -> SshdValues {
    fn one<T>(always: &mut Option<T>, value: &mut Option<T>, unconditional: bool) {
        if always.is_some() {
            *value = None;
        } else if unconditional {
            *always = value.take();
        }
    }
    let mut always = SshdValues::default();
    for block in blocks.iter_mut() {
        let unconditional = block.criteria.is_empty();
        let values = &mut block.values;
        one(&mut always.root_login, &mut values.root_login, unconditional);
        one(&mut always.password, &mut values.password, unconditional);
        one(&mut always.keyboard_interactive, &mut values.keyboard_interactive, unconditional);
        one(&mut always.methods, &mut values.methods, unconditional);
    }
    blocks.retain(|block| !block.values.is_empty());
    always
}

/// Protocol 1: the server lost it in 7.4; `2` alone is the default since 5.4.
fn protocol_1(global: &Values, version: &Version) -> Setting<Option<bool>> {
    match (&global.protocol, version.number) {
        // Without a version a request for protocol 1 may be a dead letter or a fault.
        (Some(protocol), None) => protocol.with(if protocol.value { None } else { Some(false) }),
        (Some(protocol), Some(number)) => protocol.with(Some(protocol.value && number < (7, 4))),
        (None, Some(number)) if number < (5, 4) => Setting::compiled_in(Some(true), "Protocol 2,1", &version.program),
        (None, _) => Setting::compiled_in(Some(false), "Protocol 2", &version.program),
    }
}

fn keyboard_interactive(global: &Values, version: &Version) -> Setting<bool> {
    if version.merges_challenge_response() {
        let merged = global.merged.clone();
        return merged
            .unwrap_or_else(|| Setting::compiled_in(true, "KbdInteractiveAuthentication yes", &version.program));
    }
    match (global.kbd.clone(), global.challenge.clone()) {
        (Some(kbd), _) if kbd.value => kbd,
        (_, Some(challenge)) => challenge,
        (_, None) => Setting::compiled_in(true, "ChallengeResponseAuthentication yes", &version.program),
    }
}

/// First values by keyword.
#[derive(Default)]
struct Values {
    root_login: Option<Setting<RootLogin>>,
    protocol: Option<Setting<bool>>,
    password: Option<Setting<bool>>,
    /// Under either name, whichever came first.
    merged: Option<Setting<bool>>,
    kbd: Option<Setting<bool>>,
    challenge: Option<Setting<bool>>,
    use_pam: Option<Setting<bool>>,
    methods: Option<Setting<Vec<String>>>,
}

impl Values {
    /// Takes a value unless an earlier one is there.
    fn offer(&mut self, value: &Value) {
        fn first<T: Clone>(slot: &mut Option<T>, value: &T) {
            slot.get_or_insert_with(|| value.clone());
        }
        match value {
            Value::RootLogin(value) => first(&mut self.root_login, value),
            Value::Protocol(value) => first(&mut self.protocol, value),
            Value::Password(value) => first(&mut self.password, value),
            Value::Kbd(value) => {
                first(&mut self.merged, value);
                first(&mut self.kbd, value);
            }
            Value::Challenge(value) => {
                first(&mut self.merged, value);
                first(&mut self.challenge, value);
            }
            Value::UsePam(value) => first(&mut self.use_pam, value),
            Value::Methods(value) => first(&mut self.methods, value),
        }
    }

    /// Keeps what sshd accepts inside a Match block.
    fn in_block(self, version: &Version) -> SshdValues {
        let merged = version.merges_challenge_response();
        SshdValues {
            root_login: self.root_login,
            password: self.password,
            keyboard_interactive: if merged { self.merged } else { self.kbd },
            methods: self.methods,
        }
    }
}

/// A directive with its value understood.
enum Value {
    RootLogin(Setting<RootLogin>),
    /// Whether version 1 is among the protocols.
    Protocol(Setting<bool>),
    Password(Setting<bool>),
    Kbd(Setting<bool>),
    Challenge(Setting<bool>),
    UsePam(Setting<bool>),
    Methods(Setting<Vec<String>>),
}

impl Value {
    /// Reads a directive; `None` for a value that sshd refuses.
    fn read(directive: &Directive) -> Option<Self> {
        if directive.keyword == "authenticationmethods" {
            return Some(Self::Methods(setting(directive.arguments.clone(), directive)));
        }
        let [word] = directive.arguments.as_slice() else { return None };
        let switch = || match word.to_ascii_lowercase().as_str() {
            "yes" | "true" => Some(setting(true, directive)),
            "no" | "false" => Some(setting(false, directive)),
            _ => None,
        };
        match directive.keyword.as_str() {
            "permitrootlogin" => Some(Self::RootLogin(setting(RootLogin::from_word(word)?, directive))),
            "protocol" => Some(Self::Protocol(setting(word.split(',').any(|p| p.trim() == "1"), directive))),
            "passwordauthentication" => Some(Self::Password(switch()?)),
            "kbdinteractiveauthentication" => Some(Self::Kbd(switch()?)),
            "challengeresponseauthentication" | "skeyauthentication" => Some(Self::Challenge(switch()?)),
            "usepam" => Some(Self::UsePam(switch()?)),
            _ => None,
        }
    }
}

fn setting<T>(value: T, directive: &Directive) -> Setting<T> {
    Setting::at(value, &directive.written, directive.place.clone())
}
