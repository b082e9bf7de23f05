//! The words by which the service of a data directory is managed, whether its server runs or not.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use yagura_identity::audit::Head;
use yagura_model::Severity;
use yagura_model::service::{AgentHealth, RunState, Tag};

use super::values::{Keep, duration, head, health, keep, moment, month, run_state, tag};
use super::{ListFormat, Service, severity};

/// Commands that open the service's store.
#[derive(Debug, Subcommand)]
pub(crate) enum Manage {
    /// Access keys: create, list, disable, enable, delete
    Key(Managed<Key>),
    /// Users and their roles: create, list, set-role, delete
    User(Managed<User>),
    /// Roles in Cedar: create, list, show, delete, examples, schema
    Role(Managed<Role>),
    /// Enrolment tokens, with which hosts become agents: create, list, revoke
    Token(Managed<Token>),
    /// Hosts: list, show, tag, revoke
    #[command(visible_alias = "agent")]
    Agents(Managed<Agents>),
    /// What changed feeds changed: re-matchings, or the changes of one
    Changes(Changes),
    /// The audit log: verify, export, rotate
    Audit(Managed<Audit>),
    /// Agent-assessments per month, with prices
    Usage(Usage),
    /// Limits, compatibility, continuous mode: list, set, reset
    Settings(Managed<Settings>),
    /// How long things are kept: show, set, preview, apply
    Retention(Managed<Retention>),
    /// Write one file with everything that the service is, while it runs
    Backup(Backup),
    /// Unpack such a file into an empty data directory
    Restore(Restore),
    /// Accounts: list
    Account(Managed<Account>),
    /// Findings: list, show
    Findings(Managed<Findings>),
    /// Assessment runs: list
    Runs(Managed<Runs>),
    /// Assessment targets: list
    Targets(Managed<Targets>),
    /// Assessment templates: list
    Templates(Managed<Templates>),
}

/// A group of verbs, with the options that say which service is meant.
#[derive(Debug, Args)]
pub(crate) struct Managed<V: Subcommand> {
    #[command(flatten)]
    pub(crate) service: Service,
    #[command(subcommand)]
    pub(crate) verb: V,
}

/// The form of a short answer.
#[derive(Debug, Args)]
pub(crate) struct Form {
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make an access key; its secret is shown this once
    Create {
        /// The user whose key it is
        #[arg(long, value_name = "NAME", default_value = "admin")]
        user: String,
        /// Make a temporary key with a session token that lives so long (1m to 36h)
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        ttl: Option<SignedDuration>,
        #[command(flatten)]
        form: Form,
    },
    /// List access keys
    List {
        /// Those of this user only
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// Switch an access key off; requests signed with it are refused from now on
    Disable {
        /// The key
        #[arg(value_name = "ACCESS-KEY-ID")]
        id: String,
    },
    /// Switch an access key on again
    Enable {
        /// The key
        #[arg(value_name = "ACCESS-KEY-ID")]
        id: String,
    },
    /// Delete an access key
    Delete {
        /// The key
        #[arg(value_name = "ACCESS-KEY-ID")]
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Make a user
    Create {
        /// 1 to 64 letters, digits, and +=,.@_-
        name: String,
        /// Administrator, Operator, ReadOnly, or a role of your own
        #[arg(long)]
        role: String,
    },
    /// List users
    List(Form),
    /// Give a user another role
    SetRole {
        /// The user
        name: String,
        /// The role
        role: String,
    },
    /// Delete a user with all access keys
    Delete {
        /// The user
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Make a role of a file with Cedar policies, or give it new ones
    Create {
        /// The file; - for standard input
        file: PathBuf,
        /// The role's name [default: the file's name without its end]
        #[arg(long)]
        name: Option<String>,
    },
    /// List roles
    List(Form),
    /// Print the policies of a role
    Show {
        /// The role
        name: String,
    },
    /// Delete a role that nobody has
    Delete {
        /// The role
        name: String,
    },
    /// Print roles to copy from
    Examples,
    /// Print the Cedar schema that policies are checked against
    Schema,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token; it is shown this once
    Create {
        /// A tag that its hosts get; may be given several times
        #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
        tags: Vec<Tag>,
        /// How long it can be used (up to 30d)
        #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
        ttl: SignedDuration,
        /// How many hosts it lets in (up to 100000)
        #[arg(long, value_name = "N", default_value_t = 1)]
        uses: u64,
        /// The address that hosts reach the server by [default: the one it listens on]
        #[arg(long, value_name = "URL")]
        server: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// List tokens, without their secrets
    List(Form),
    /// Take a token back; hosts that came with it stay
    Revoke {
        /// The token's id, the part behind `ygr1.`
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Agents {
    /// List hosts
    List {
        /// Those with this tag only; may be given several times
        #[arg(long = "tag", value_name = "KEY[=VALUE]", value_parser = tag)]
        tags: Vec<Tag>,
        /// Those in this health only: healthy, unhealthy, unknown
        #[arg(long, value_parser = health)]
        health: Option<AgentHealth>,
        /// Revoked ones too
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        form: Form,
    },
    /// Show a host: facts, snapshot, certificates, and what is wrong with it
    Show {
        /// i- and 17 hexadecimal digits
        id: String,
        #[command(flatten)]
        form: Form,
    },
    /// Replace the tags of a host; without one, take all away
    Tag {
        /// The host
        id: String,
        /// The tags that it has from now on
        #[arg(value_name = "KEY=VALUE", value_parser = tag)]
        tags: Vec<Tag>,
    },
    /// Take a host's certificates back: it is refused from now on
    Revoke {
        /// The host
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Changes {
    #[command(flatten)]
    pub(crate) service: Service,
    /// The changes of this re-matching, host by host
    #[arg(value_name = "NUMBER")]
    pub(crate) number: Option<i64>,
    /// How many re-matchings are listed, newest first
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) form: Form,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Walk along the chain and name the first break; exit with 1 if there is one
    Verify {
        /// A head that an earlier verification printed and that was kept elsewhere
        #[arg(long, value_name = "NUMBER:HASH", value_parser = head)]
        known: Option<Head>,
        #[command(flatten)]
        form: Form,
    },
    /// Write records as {"Records":[…]}, gzip
    Export {
        /// The file to write
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        /// From this record on
        #[arg(long, value_name = "NUMBER")]
        from: Option<u64>,
        /// Up to this record
        #[arg(long, value_name = "NUMBER")]
        to: Option<u64>,
        /// Not before this day or moment
        #[arg(long, value_name = "TIME", value_parser = moment)]
        since: Option<Timestamp>,
        /// Not after this day or moment
        #[arg(long, value_name = "TIME", value_parser = moment)]
        until: Option<Timestamp>,
    },
    /// Move old records out of the database into files; they stay part of the log
    Rotate {
        /// Move what is older than this
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        older_than: Option<SignedDuration>,
        /// Move what is beyond the newest so many
        #[arg(long, value_name = "N")]
        keep: Option<u64>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Usage {
    #[command(flatten)]
    pub(crate) service: Service,
    /// One month only
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    pub(crate) month: Option<String>,
    #[command(flatten)]
    pub(crate) form: Form,
    #[command(subcommand)]
    pub(crate) verb: Option<UsageVerb>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UsageVerb {
    /// Print the price list, or replace it
    Prices {
        /// A file with a price list in the form that is printed
        #[arg(long, value_name = "FILE", conflicts_with = "reset")]
        set: Option<PathBuf>,
        /// Go back to the built-in price list
        #[arg(long)]
        reset: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Settings {
    /// Show every setting with its value
    List(Form),
    /// Set a value; a server takes it up when it starts
    Set {
        /// As `list` names it
        name: String,
        /// A number, on or off, a language
        value: String,
    },
    /// Go back to the default
    Reset {
        /// As `list` names it
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Retention {
    /// Show how long things are kept
    Show(Form),
    /// Change how long things are kept
    Set {
        /// runs=90, reports=forever …
        #[arg(value_name = "KIND=DAYS", value_parser = keep, required = true)]
        keep: Vec<Keep>,
    },
    /// Tell what would go now
    Preview(Form),
    /// Let it go now; the server does so every hour
    Apply,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    pub(crate) service: Service,
    /// The file to write
    pub(crate) file: PathBuf,
    /// Put the master key into the file too: whoever has the file has everything then
    #[arg(long)]
    pub(crate) with_master_key: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The file to read
    pub(crate) file: PathBuf,
    /// Put snapshots and reports into this S3-compatible bucket (s3://BUCKET/PREFIX)
    #[arg(long, value_name = "URL", env = "YAGURA_BLOBS")]
    pub(crate) blobs: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// List accounts
    List(Form),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Findings {
    /// List findings, newest first
    List {
        /// Of this severity only; may be given several times
        #[arg(long, value_parser = severity)]
        severity: Vec<Severity>,
        /// Of this host only
        #[arg(long, value_name = "AGENT-ID")]
        agent: Option<String>,
        /// Of this run only
        #[arg(long, value_name = "ARN")]
        run: Option<String>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
        #[command(flatten)]
        form: Form,
    },
    /// Show a finding with its evidence and its age
    Show {
        /// The finding
        arn: String,
        #[command(flatten)]
        form: Form,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Runs {
    /// List runs with their state and counts, newest first
    List {
        /// In this state only; may be given several times
        #[arg(long, value_parser = run_state)]
        state: Vec<RunState>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        #[command(flatten)]
        form: Form,
    },
    /// Show a run and the states that it has passed
    Show {
        /// The run
        arn: String,
        #[command(flatten)]
        form: Form,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Targets {
    /// List targets with the tags that choose their hosts
    List(Form),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Templates {
    /// List templates
    List(Form),
}
