//! debsecan, Debian's own command-line analyser.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::dpkg::Database;
use super::tracker::{self, Statement};
use super::{Row, workshop};
use crate::process;

const STATUS: &str = "var/lib/dpkg/status";

/// debsecan with a database made from one document for one release.
pub(crate) struct Debsecan {
    program: PathBuf,
    folder: PathBuf,
    codename: String,
}

impl Debsecan {
    /// Writes the database of the root's release.
    pub(crate) fn prepare(document: &str, root: &Path) -> Result<Self> {
        ensure!(
            root.join(STATUS).is_file(),
            "debsecan reads nothing but `{STATUS}`, and `{}` has none",
            root.display()
        );
        let program = process::need("debsecan", "debsecan")?;
        let codename = tracker::codename(root)?;
        let folder = workshop()?.join("debsecan");
        std::fs::create_dir_all(&folder)?;
        let text = database(&tracker::statements(document, &codename)?);
        std::fs::write(folder.join(&codename), zlib_stored(text.as_bytes()))?;
        Ok(Self { program, folder, codename })
    }

    /// Prepares a run over a root.
    pub(crate) fn command(&self, root: &Path) -> Command {
        let mut command = process::command(&self.program);
        command.args(["--format", "simple", "--suite", &self.codename, "--source"]);
        command.arg(format!("file://{}", self.folder.display()));
        command.arg("--status").arg(root.join(STATUS));
        command
    }

    /// Runs over a root; its rows name binary packages, ours the source.
    pub(crate) fn rows(&self, root: &Path, database: &Database) -> Result<BTreeSet<Row>> {
        read_rows(&process::output(&mut self.command(root), &[0])?, database)
    }
}

fn read_rows(output: &str, database: &Database) -> Result<BTreeSet<Row>> {
    let mut rows = BTreeSet::new();
    for line in output.lines() {
        let mut words = line.split_whitespace();
        let (Some(cve), Some(package)) = (words.next(), words.next()) else { continue };
        let source =
            database.source_of(package).with_context(|| format!("debsecan names `{package}`, the root does not"))?;
        rows.insert(Row::new(source, cve));
    }
    Ok(rows)
}

/// The text that debsecan downloads: flaws, statements by index into them, binaries of sources.
fn database(statements: &[Statement]) -> String {
    let flaws: BTreeSet<&str> = statements.iter().map(|statement| statement.cve.as_str()).collect();
    let index: BTreeMap<&str, usize> = flaws.iter().copied().zip(0..).collect();
    let mut text = String::from("VERSION 1\n");
    for flaw in &flaws {
        let _ = writeln!(text, "{flaw},,");
    }
    text.push('\n');
    for Statement { source, cve, fixed, urgency } in statements {
        let urgency = match urgency.as_str() {
            "low" => 'L',
            "medium" => 'M',
            "high" => 'H',
            _ => ' ',
        };
        let number = index.get(cve.as_str()).copied().unwrap_or_default();
        let fix = if fixed.is_some() { 'F' } else { ' ' };
        // The field is called `unstable_version`; a release's own database has its fix there.
        let version = fixed.as_deref().unwrap_or_default();
        let _ = writeln!(text, "{source},{number},S{urgency}?{fix},{version},");
    }
    text.push_str("\n\n");
    text
}

/// Wraps bytes as a zlib stream of stored blocks (RFC 1950, RFC 1951 §3.2.4): debsecan asks for
/// the container, nobody for the compression.
fn zlib_stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(usize::from(u16::MAX)).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = a.wrapping_add(u32::from(*byte)) % 65_521;
        b = b.wrapping_add(a) % 65_521;
    }
    stream.extend((b << 16 | a).to_be_bytes());
    stream
}

#[test]
fn the_database_is_debsecans_format() {
    let statement = |cve: &str, fixed: Option<&str>, urgency: &str| Statement {
        source: "demo".into(),
        cve: cve.into(),
        fixed: fixed.map(str::to_owned),
        urgency: urgency.into(),
    };
    let text = database(&[statement("CVE-1", Some("1.2-3"), "high"), statement("CVE-2", None, "unimportant")]);
    assert_eq!(text, "VERSION 1\nCVE-1,,\nCVE-2,,\n\ndemo,0,SH?F,1.2-3,\ndemo,1,S ? ,,\n\n\n");
}

#[test]
fn a_stored_stream_has_header_blocks_and_checksum() {
    assert_eq!(zlib_stored(b"abc"), b"\x78\x01\x01\x03\x00\xfc\xffabc\x02\x4d\x01\x27");
    let long = zlib_stored(&vec![b'x'; 65_536]);
    assert_eq!(long.len(), 2 + 5 + 65_535 + 5 + 1 + 4);
    assert_eq!(&long[2..7], b"\x00\xff\xff\x00\x00", "the first of two blocks is not the last");
}

#[test]
fn rows_are_told_by_source() {
    let database = Database::parse("Package: libdemo1\nSource: demo\nVersion: 1\n");
    let rows = read_rows("CVE-1 libdemo1\nCVE-1 libdemo1\n", &database).unwrap();
    assert_eq!(rows.into_iter().collect::<Vec<_>>(), [Row::new("demo", "CVE-1")]);
    assert!(read_rows("CVE-1 other\n", &database).is_err());
}
