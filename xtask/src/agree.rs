//! `cargo xtask agree`: row-by-row agreement with a peer on the same root and the same data.
//!
//! A row is a source package and a flaw. A difference counts as explained only if a fact of the
//! root shows why (see [`classify`]); what a party says about itself is no such fact, except
//! where the table says so. The classes are described in `docs/accuracy.md`.

mod classify;
pub(crate) mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use classify::{Facts, Side};

use crate::peers::debsecan::Debsecan;
use crate::peers::dpkg::{Database, Order};
use crate::peers::trivy::Trivy;
use crate::peers::{self, Row, Yagura, tracker};
use crate::process::{self, cargo};
use crate::repository;

/// How many rows of a class are shown.
const SAMPLES: usize = 5;

/// What to compare.
pub(crate) struct Options {
    pub(crate) root: PathBuf,
    pub(crate) tracker: Option<PathBuf>,
}

impl Options {
    /// Reads `--root DIR` and `--tracker FILE`.
    fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self { root: PathBuf::from("/"), tracker: None };
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            let value = rest.next().with_context(|| format!("`{option}` needs a value"))?;
            match *option {
                "--root" => {
                    options.root = std::fs::canonicalize(value).with_context(|| format!("no root `{value}`"))?;
                }
                "--tracker" => options.tracker = Some(PathBuf::from(value)),
                other => bail!("unknown option `{other}`"),
            }
        }
        Ok(options)
    }
}

/// With whom to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Debsecan,
    Trivy,
}

impl Peer {
    /// The word on the command line and in the output.
    const fn word(self) -> &'static str {
        match self {
            Self::Debsecan => "debsecan",
            Self::Trivy => "trivy",
        }
    }
}

/// Compares with one peer; unexplained differences are an error.
pub(crate) fn run(peer: Peer, arguments: &[&str]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let tracker = match options.tracker {
        Some(path) => path,
        None => match tracker::newest()? {
            Some(path) => path,
            None => {
                println!("skipped: there is no tracker document to compare on; name one with `--tracker FILE`");
                return Ok(());
            }
        },
    };
    let document = tracker::read(&tracker)?;
    let database = Database::read(&options.root)?;
    let theirs = match peer {
        Peer::Debsecan => Debsecan::prepare(&document, &options.root)?.rows(&options.root, &database)?,
        Peer::Trivy => Trivy::prepare(&document)?.rows(&options.root)?,
    };
    keep(peer.word(), &theirs)?;
    let ours = Yagura::prepare(program()?, &tracker)?.rows(&options.root)?;
    keep("yagura", &ours.rows)?;
    println!("root {}, data {}", options.root.display(), tracker.display());
    println!("yagura {} rows, {} {} rows", ours.rows.len(), peer.word(), theirs.len());
    let fixed: BTreeMap<Row, Option<String>> = tracker::statements(&document, &tracker::codename(&options.root)?)?
        .into_iter()
        .map(|statement| (Row::new(statement.source, statement.cve), statement.fixed))
        .collect();
    let (running, order) = (running_kernel(&options.root)?, Order::default());
    let facts = Facts {
        peer,
        database: &database,
        foreign: &ours.foreign,
        running: running.as_deref(),
        is_older: &|version, than| order.is_older(version, than),
    };
    let comparison = Comparison::of(&ours.rows, &theirs, |row, side| facts.reason(row, side, fixed.get(row)))?;
    print!("{}", comparison.render(peer.word()));
    match comparison.unexplained() {
        0 => Ok(()),
        differ => bail!("{differ} rows differ without an explanation"),
    }
}

/// The release of the running kernel, where the root is this machine; a tree runs none.
fn running_kernel(root: &Path) -> Result<Option<String>> {
    const RELEASE: &str = "/proc/sys/kernel/osrelease";
    if root != Path::new("/") {
        return Ok(None);
    }
    let text = std::fs::read_to_string(RELEASE).with_context(|| format!("cannot read `{RELEASE}`"))?;
    Ok(Some(text.trim().to_owned()))
}

/// Leaves a party's rows behind for whoever wants more than the samples: `target/peers/rows-PARTY.tsv`.
fn keep(party: &str, rows: &BTreeSet<Row>) -> Result<()> {
    let text: String = rows.iter().map(|row| format!("{}\t{}\n", row.source, row.cve)).collect();
    let path = peers::workshop()?.join(format!("rows-{party}.tsv"));
    std::fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

/// The program under comparison: `$YAGURA`, or a debug build, since only its rows matter here.
pub(crate) fn program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("YAGURA") {
        return Ok(PathBuf::from(path));
    }
    process::run(cargo("build").args(["--quiet", "--locked", "--package", "yagura"]))?;
    Ok(target().join("debug/yagura"))
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository::root().join("target"), |path| repository::root().join(Path::new(&path)))
}

/// Two sets of rows beside each other.
struct Comparison {
    agree: usize,
    /// By side and class; no class is an unexplained difference.
    differences: BTreeMap<(Side, Option<&'static str>), Vec<Row>>,
}

impl Comparison {
    fn of(
        ours: &BTreeSet<Row>,
        theirs: &BTreeSet<Row>,
        reason: impl Fn(&Row, Side) -> Result<Option<&'static str>>,
    ) -> Result<Self> {
        let mut differences: BTreeMap<_, Vec<Row>> = BTreeMap::new();
        let ours_only = ours.difference(theirs).map(|row| (row, Side::Ours));
        let theirs_only = theirs.difference(ours).map(|row| (row, Side::Theirs));
        for (row, side) in ours_only.chain(theirs_only) {
            differences.entry((side, reason(row, side)?)).or_default().push(row.clone());
        }
        Ok(Self { agree: ours.intersection(theirs).count(), differences })
    }

    fn unexplained(&self) -> usize {
        self.differences.iter().filter(|((_, class), _)| class.is_none()).map(|(_, rows)| rows.len()).sum()
    }

    fn render(&self, peer: &str) -> String {
        let mut text = String::new();
        for ((side, class), rows) in &self.differences {
            let who = if *side == Side::Ours { "yagura" } else { peer };
            let samples: Vec<String> =
                rows.iter().take(SAMPLES).map(|row| format!("{} {}", row.source, row.cve)).collect();
            let class = class.unwrap_or("UNEXPLAINED");
            text.push_str(&format!("only {who}: {:>5}  {class} ({})\n", rows.len(), samples.join(", ")));
        }
        text.push_str(&format!("{} agree, {} differ\n", self.agree, self.unexplained()));
        text
    }
}

#[test]
fn the_last_line_counts_only_what_nothing_explains() {
    let rows = |names: &[&str]| names.iter().map(|name| Row::new(*name, "CVE-1")).collect::<BTreeSet<_>>();
    let reason = |row: &Row, _: Side| Ok((row.source == "linux").then_some("kernel"));
    let comparison = Comparison::of(&rows(&["a", "b", "c"]), &rows(&["a", "linux"]), reason).unwrap();
    assert_eq!(
        comparison.render("trivy"),
        "only yagura:     2  UNEXPLAINED (b CVE-1, c CVE-1)\nonly trivy:     1  kernel (linux CVE-1)\n1 agree, 2 differ\n"
    );
}

#[test]
fn options_need_values() {
    assert!(Options::parse(&["--root"]).is_err());
    assert!(Options::parse(&["--rot", "/"]).is_err());
    assert_eq!(Options::parse(&[]).unwrap().root, PathBuf::from("/"));
}
