//! The words of the command line. What they imply is decided in `commands`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use yagura_model::{Language, RulesPackage, Severity};

use crate::exit::Failure;

pub(crate) mod manage;
pub(crate) mod values;

pub(crate) use manage::Manage;

const EXIT_CODES: &str = "Exit codes: 0 done; 1 gate failed (--fail-on, audit verify); 2 usage or configuration; \
3 could not do it, the message says what and what to do; 4 done, but something was not assessed and --strict was given.";

/// Assesses hosts: known vulnerabilities and security best practices, each finding with its
/// evidence and its fix.
#[derive(Debug, Parser)]
#[command(name = "yagura", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Words {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Where feeds and the index live [default: /var/lib/yagura for root, else
    /// ~/.local/share/yagura]
    #[arg(long, global = true, value_name = "DIR", env = "YAGURA_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Language of reports: en or ja [default: that of the locale, else en]
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = language, env = "YAGURA_LANG")]
    pub(crate) lang: Option<Language>,
    /// Show no progress
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the service on an embedded store, assess this host, and keep serving
    Up(Up),
    /// Start the service and nothing else, as a systemd unit does
    Serve(Serve),
    /// Print the shell lines that point the AWS CLI and SDKs at this service
    Env(Env),
    /// Assess this host, or a directory tree, now
    Assess(Assess),
    /// Write the report of a finished assessment run of the service
    Report(Report),
    /// Keep the vulnerability feeds: sync, status, export, import
    #[command(subcommand)]
    Feed(Feed),
    /// Explain why a finding was made, or why a CVE does or does not concern a host
    Explain(Explain),
    /// List the installed packages as tab-separated values
    Inventory(Inventory),
    /// Write a CycloneDX bill of materials of the installed packages
    Sbom(Sbom),
    #[command(flatten)]
    Manage(Manage),
}

/// Where the service keeps what it remembers, beside the data directory.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Service {
    /// Keep the records in this PostgreSQL database instead of SQLite in the data directory
    #[arg(long, global = true, value_name = "URL", env = "YAGURA_DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
    /// Keep snapshots and reports in this S3-compatible bucket (s3://BUCKET/PREFIX) instead of the
    /// data directory
    #[arg(long, global = true, value_name = "URL", env = "YAGURA_BLOBS")]
    pub(crate) blobs: Option<String>,
    /// The region of calls that name none, and of the agents [default: the one chosen first, else
    /// us-east-1]
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The account [default: the one chosen first, else 123456789012]
    #[arg(long, global = true, value_name = "12 DIGITS")]
    pub(crate) account: Option<String>,
}

/// How the service is reached and fed.
#[derive(Debug, Clone, Args)]
pub(crate) struct Port {
    /// The address of the one TLS port for API and agents; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    pub(crate) listen: std::net::SocketAddr,
    /// A name or address by which clients and agents reach the server, for its certificate; may
    /// be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Vec<String>,
    /// Take feeds from a folder or URL instead of the public upstreams
    #[arg(long, value_name = "DIR or URL", env = "YAGURA_FEED_MIRROR")]
    pub(crate) feed_mirror: Option<String>,
    /// Sync the feeds every so many hours while serving; 0 for never
    #[arg(long, value_name = "HOURS", default_value = "6")]
    pub(crate) feed_sync_hours: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) service: Service,
    #[command(flatten)]
    pub(crate) port: Port,
}

#[derive(Debug, Args)]
pub(crate) struct Env {
    #[command(flatten)]
    pub(crate) service: Service,
    /// The access key to print [default: the first administrator's]
    #[arg(long, value_name = "ACCESS KEY ID")]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    #[command(flatten)]
    pub(crate) service: Service,
    #[command(flatten)]
    pub(crate) port: Port,
    /// End after the first assessment instead of serving on
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Assess {
    /// Assess this directory tree (a mounted image, a container's root) instead of this host
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Rules packages, separated by commas: cve, best-practices, or all
    #[arg(long, value_name = "PACKAGES", default_value = "all", value_parser = rules)]
    pub(crate) rules: Rules,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Write the result here instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Exit with 1 if a finding of this severity or a worse one is there: high, medium, low,
    /// informational. What nobody has graded yet counts as medium
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub(crate) fail_on: Option<Severity>,
    /// Exit with 4 if anything was not assessed, or with old data
    #[arg(long)]
    pub(crate) strict: bool,
    /// Sync the feeds from a folder or URL first
    #[arg(long, value_name = "DIR or URL", env = "YAGURA_FEED_MIRROR")]
    pub(crate) feed_mirror: Option<String>,
    /// With a mirror that keeps dated documents: use none newer than this day
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) as_of: Option<jiff::civil::Date>,
    /// Use the network for nothing; without it, a missing index is synced first
    #[arg(long, conflicts_with = "feed_mirror")]
    pub(crate) offline: bool,
    /// In the table, list informational findings too
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Feed {
    /// Download what changed and compile the index
    Sync(FeedSync),
    /// Tell age, count and freshness of each feed
    Status(FeedStatus),
    /// Write all documents into one file, for a machine without a network
    Export {
        /// The file to write
        file: PathBuf,
    },
    /// Take documents from such a file and compile the index
    Import {
        /// The file to read
        file: PathBuf,
        /// Accept documents that are older than those already here
        #[arg(long)]
        allow_older: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct FeedSync {
    /// A folder or URL that stands in for the public upstreams
    #[arg(long, alias = "feed-mirror", value_name = "DIR or URL", env = "YAGURA_FEED_MIRROR")]
    pub(crate) mirror: Option<String>,
    /// Sync this feed only, or this family of feeds (debian); may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// With a mirror that keeps dated documents: use none newer than this day
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) as_of: Option<jiff::civil::Date>,
    /// Wait for another sync to end instead of failing
    #[arg(long)]
    pub(crate) wait: bool,
    /// Compile the index anew even if nothing changed, and accept a feed that lost most of its
    /// records
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FeedStatus {
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A finding's key, or a CVE
    #[arg(value_name = "FINDING-ID or CVE")]
    pub(crate) subject: String,
    /// Explain for this directory tree instead of this host
    #[arg(long, value_name = "DIR", conflicts_with = "host")]
    pub(crate) root: Option<PathBuf>,
    /// Explain from the last assessment of the host with this name
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Inventory {
    /// List the packages of this directory tree instead of this host
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Form of the list
    #[arg(long, value_enum, default_value_t = InventoryFormat::Tsv)]
    pub(crate) format: InventoryFormat,
    /// Write the list here instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Exit with 4 if a record could not be read
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Sbom {
    /// Describe this directory tree instead of this host
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Write the document here instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) service: Service,
    /// The ARN of the assessment run
    #[arg(value_name = "RUN ARN")]
    pub(crate) run: String,
    /// Form of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Html)]
    pub(crate) format: ReportFormat,
    /// What it holds
    #[arg(long = "type", value_enum, default_value_t = ReportKind::Finding)]
    pub(crate) kind: ReportKind,
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// Forms of the report of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// One self-contained page
    Html,
    /// PDF 1.7
    Pdf,
}

/// What the report of a run holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportKind {
    /// The findings and what was not assessed
    Finding,
    /// The same, and every rule that was checked
    Full,
}

/// Forms of an assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, on the screen
    Table,
    /// The whole result as one object
    Json,
    /// One line a finding
    Csv,
    /// One self-contained, printable page
    Html,
    /// SARIF 2.1.0
    Sarif,
    /// CycloneDX 1.6 with vulnerabilities
    Cyclonedx,
}

/// Forms of short answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people
    Table,
    /// For programs
    Json,
}

/// Forms of the package list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InventoryFormat {
    /// Tab-separated, with a head line
    Tsv,
    /// An array of objects
    Json,
}

/// The rules packages that were asked for, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules(pub(crate) Vec<RulesPackage>);

fn rules(words: &str) -> Result<Rules, String> {
    let mut chosen = Vec::new();
    for word in words.split(',').map(str::trim) {
        let more: &[RulesPackage] = match word {
            "all" => RulesPackage::ALL,
            _ => &[RulesPackage::from_word(word).ok_or_else(|| unknown_rules(word))?],
        };
        chosen.extend(more.iter().copied());
    }
    chosen.sort();
    chosen.dedup();
    Ok(Rules(chosen))
}

fn unknown_rules(word: &str) -> String {
    let known: Vec<&str> = RulesPackage::ALL.iter().map(|package| package.word()).collect();
    format!("there is no rules package `{word}` in this version; there are {} and all", known.join(", "))
}

fn severity(word: &str) -> Result<Severity, String> {
    Severity::from_word(word)
        .filter(|severity| *severity != Severity::Undefined)
        .ok_or_else(|| "use high, medium, low or informational".to_owned())
}

fn language(word: &str) -> Result<Language, String> {
    Language::from_tag(word).ok_or_else(|| "use en or ja".to_owned())
}

/// Reads the words that the program was started with.
pub(crate) fn parse() -> Result<(Global, Command), Failure> {
    let words = Words::try_parse().map_err(Failure::Arguments)?;
    Ok((words.global, words.command))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_words_are_consistent() {
        Words::command().debug_assert();
    }

    #[test]
    fn rules_are_a_set() {
        assert_eq!(rules("all").unwrap().0, RulesPackage::ALL);
        assert_eq!(rules("best-practices, cve,cve").unwrap().0, RulesPackage::ALL);
        assert!(rules("cve,cis").unwrap_err().contains("`cis`"));
    }

    #[test]
    fn undefined_is_not_a_threshold() {
        assert!(severity("undefined").is_err());
        assert_eq!(severity("HIGH").unwrap(), Severity::High);
    }
}
