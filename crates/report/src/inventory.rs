//! The plain package list of a host.

use std::fmt::Write as _;

use serde::Serialize;
use yagura_model::{Origin, Package, Snapshot};

use crate::{RenderError, clean};

/// The first line of the tab-separated list.
const HEADER: &str = "package\tversion\tarch\tsource\tsource_version\tstatus\n";

/// Lists every record of the package database as tab-separated values, sorted by package name,
/// removed packages included: the status column tells.
pub fn inventory_tsv(snapshot: &Snapshot) -> String {
    let mut list = String::from(HEADER);
    for package in sorted(snapshot) {
        let status = package.status.to_string();
        let row = [
            &package.name,
            &package.version,
            &package.architecture,
            &package.source.name,
            &package.source.version,
            &status,
        ];
        for (column, value) in row.into_iter().enumerate() {
            if column > 0 {
                list.push('\t');
            }
            list.push_str(&clean::line(value));
        }
        list.push('\n');
    }
    list
}

/// Lists every record of the package database as JSON, with what the list of columns has no
/// room for: who built the package and where its record stands.
///
/// # Errors
/// See [`RenderError`].
pub fn inventory_json(snapshot: &Snapshot) -> Result<String, RenderError> {
    let mut snapshot = snapshot.clone();
    clean::snapshot(&mut snapshot);
    let document = Document {
        schema_version: 1,
        host: &snapshot.host.name,
        package_database: snapshot.package_database.as_deref(),
        packages: sorted(&snapshot).into_iter().map(Row::of).collect(),
    };
    let mut json = serde_json::to_string_pretty(&document)?;
    json.push('\n');
    Ok(json)
}

fn sorted(snapshot: &Snapshot) -> Vec<&Package> {
    let mut packages: Vec<_> = snapshot.packages.iter().collect();
    packages.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.architecture.cmp(&b.architecture)));
    packages
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    host: &'a str,
    package_database: Option<&'a str>,
    packages: Vec<Row<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    package: &'a str,
    version: &'a str,
    arch: &'a str,
    source: &'a str,
    source_version: &'a str,
    status: String,
    present: bool,
    origin: String,
    multi_arch: Option<&'a str>,
    record: String,
}

impl<'a> Row<'a> {
    fn of(package: &'a Package) -> Self {
        Self {
            package: &package.name,
            version: &package.version,
            arch: &package.architecture,
            source: &package.source.name,
            source_version: &package.source.version,
            status: package.status.to_string(),
            present: package.is_present(),
            origin: origin(&package.origin),
            multi_arch: package.multi_arch.as_deref(),
            record: package.record.to_string(),
        }
    }
}

/// Who built a package, as one word or `foreign: who (shown by what)`.
pub(crate) fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Assumed => "assumed".to_owned(),
        Origin::Distribution => "distribution".to_owned(),
        Origin::Foreign { who, shown_by } => {
            let mut text = format!("foreign: {who}");
            // Writing to a string cannot fail.
            let _ = write!(text, " (shown by {shown_by})");
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use yagura_model::{PackageState, PackageStatus, SourceLine, SourcePackage};

    use super::*;
    use crate::fixture;

    #[test]
    fn lists_every_record_sorted_by_name() {
        let tsv = inventory_tsv(&fixture::snapshot()).replace('\t', " | ");
        insta::assert_snapshot!(tsv, @r"
        package | version | arch | source | source_version | status
        curl | 7.88.1-10+deb12u5 | amd64 | curl | 7.88.1-10+deb12u5 | hold ok installed
        google-chrome-stable | 131.0.6778.85-1 | amd64 | google-chrome-stable | 131.0.6778.85-1 | install ok installed
        libssl3 | 3.0.15-1~deb12u1 | amd64 | openssl | 3.0.15-1~deb12u1 | install ok installed
        linux-image-6.1.0-28-amd64 | 6.1.119-1 | amd64 | linux-signed-amd64 | 6.1.119+1 | install ok installed
        nano | 7.2-1 | amd64 | nano | 7.2-1 | deinstall ok config-files
        openssl | 3.0.15-1~deb12u1 | amd64 | openssl | 3.0.15-1~deb12u1 | install ok installed
        zlib1g | 1:1.2.13.dfsg-1 | amd64 | zlib | 1:1.2.13.dfsg-1 | install ok installed
        ");
    }

    #[test]
    fn a_tab_or_line_feed_in_a_field_adds_no_column_and_no_row() {
        let mut snapshot = fixture::snapshot();
        snapshot.packages.truncate(1);
        snapshot.packages[0].version = "1\t2\n3\u{1b}[2J".into();
        let tsv = inventory_tsv(&snapshot);
        assert_eq!(tsv.lines().count(), 2);
        assert_eq!(tsv.lines().nth(1).unwrap().split('\t').nth(1), Some("1 2 3\u{fffd}[2J"));
    }

    #[test]
    fn json_says_who_built_a_package_and_where_its_record_stands() {
        let json: serde_json::Value = serde_json::from_str(&inventory_json(&fixture::snapshot()).unwrap()).unwrap();
        let chrome = &json["packages"][1];
        assert_eq!(chrome["package"], "google-chrome-stable");
        assert!(chrome["origin"].as_str().unwrap().starts_with("foreign: Google LLC (shown by "));
        assert_eq!(chrome["record"], "/var/lib/dpkg/status:310");
        assert_eq!(json["packages"][4]["present"], false);
    }

    /// Reads a list back, so that lists of real hosts can be rendered without a probe.
    fn snapshot_of(tsv: &str) -> Snapshot {
        let package = |line: &str| {
            let cells: Vec<&str> = line.split('\t').collect();
            let words: Vec<&str> = cells[5].split(' ').collect();
            Package {
                name: cells[0].into(),
                version: cells[1].into(),
                architecture: cells[2].into(),
                source: SourcePackage { name: cells[3].into(), version: cells[4].into() },
                status: PackageStatus {
                    want: words[0].into(),
                    flag: words[1].into(),
                    state: PackageState::from_word(words[2]).unwrap(),
                },
                origin: Origin::Assumed,
                maintainer: None,
                multi_arch: None,
                record: SourceLine::default(),
                ..Package::default()
            }
        };
        Snapshot { packages: tsv.lines().skip(1).map(package).collect(), ..Snapshot::default() }
    }

    #[test]
    fn lists_of_real_hosts_come_out_as_they_went_in() {
        for host in ["debian-13-minbase", "ubuntu-18.04-a"] {
            let Some(path) = yagura_testkit::shared_data(&format!("hosts/{host}/packages.tsv")) else { return };
            let tsv = std::fs::read_to_string(path).unwrap();
            let mut snapshot = snapshot_of(&tsv);
            assert!(snapshot.packages.len() > 50);
            snapshot.packages.reverse();
            assert_eq!(inventory_tsv(&snapshot), tsv, "{host}");
        }
    }
}
