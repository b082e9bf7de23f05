//! From which repository each package was installed, where the package manager remembers: yum's
//! folder of notes, dnf's history and dnf 5's table, zypper's log.

use std::collections::HashMap;

use yagura_model::{LocalText, Package, PackageKind, ReadProblem, SourceLine};

use super::files::{Files, tamed};
use crate::host::{ByteLimit, FileKind};
use crate::paged::{Fault, Flow, Outcome};
use crate::sqlite::Database;

const YUM_FOLDER: &str = "var/lib/yum/yumdb";
const DNF_HISTORY: &str = "var/lib/dnf/history.sqlite";
const DNF5_TABLE: &str = "usr/lib/sysimage/libdnf5/nevras.toml";
const ZYPPER_LOG: &str = "var/log/zypp/history";

/// A folder for each first letter, in it one for each package.
const YUM_FOLDERS_MAX: usize = 100;
const YUM_PACKAGES_MAX: usize = 20_000;
const NOTE_LIMIT: ByteLimit = ByteLimit::kib(4);
const TABLE_LIMIT: ByteLimit = ByteLimit::mib(16);
/// zypper's log is rotated at 10 MiB.
const LOG_LIMIT: ByteLimit = ByteLimit::mib(64);
/// Transactions of ten years with a thousand packages each day.
const ROWS_MAX: usize = 5_000_000;

/// Repositories by `name-version-release.arch`, the version without an epoch, which not every note
/// has.
type Notes = HashMap<String, String>;

/// Sets the repository of every rpm of which the host remembers it.
pub(super) fn name_repositories(files: &mut Files<'_>, packages: &mut [Package]) {
    if !packages.iter().any(|package| package.kind == PackageKind::Rpm) {
        return;
    }
    let mut notes = Notes::new();
    take_yum(files, &mut notes);
    take_zypper(files, &mut notes);
    if let Err(fault) = take_dnf(files, packages, &mut notes) {
        report(files, fault);
    }
    take_dnf5(files, &mut notes);
    for package in packages.iter_mut().filter(|package| package.kind == PackageKind::Rpm) {
        package.provenance.repository = notes.get(&key(package)).cloned();
    }
}

fn key(package: &Package) -> String {
    let version = package.version.split_once(':').map_or(package.version.as_str(), |(_, rest)| rest);
    format!("{}-{version}.{}", package.name, package.architecture)
}

fn note(notes: &mut Notes, key: String, repository: &str) {
    let repository = tamed(repository);
    if !repository.is_empty() {
        notes.insert(key, repository);
    }
}

/// yum of RHEL 6 and 7: `yumdb/b/0123…-bash-4.2.46-34.el7-x86_64/from_repo`.
fn take_yum(files: &mut Files<'_>, notes: &mut Notes) {
    let folders = |files: &mut Files<'_>, path: &str, max| match files.host.list(path, max) {
        Ok(entries) => {
            entries.unwrap_or_default().into_iter().filter(|entry| entry.kind == FileKind::Directory).collect()
        }
        Err(error) => {
            files.report(&error, path);
            Vec::new()
        }
    };
    let mut left = YUM_PACKAGES_MAX;
    for letter in folders(files, YUM_FOLDER, YUM_FOLDERS_MAX) {
        let folder = format!("{YUM_FOLDER}/{}", letter.name);
        for package in folders(files, &folder, YUM_PACKAGES_MAX) {
            left = left.saturating_sub(1);
            let key = package.name.split_once('-').and_then(|(_, rest)| rest.rsplit_once('-'));
            let (Some((rest, architecture)), true) = (key, left > 0) else { continue };
            let path = format!("{folder}/{}/from_repo", package.name);
            if let Some(bytes) = files.bytes(&path, NOTE_LIMIT) {
                note(notes, format!("{rest}.{architecture}"), &String::from_utf8_lossy(&bytes));
            }
        }
    }
}

/// zypper's log: `2021-07-01 10:00:00|install|bash|4.4-19.6.1|x86_64|root@h|SLE-Updates|checksum|`.
fn take_zypper(files: &mut Files<'_>, notes: &mut Notes) {
    let bytes = files.bytes(ZYPPER_LOG, LOG_LIMIT).unwrap_or_default();
    for line in String::from_utf8_lossy(&bytes).lines().filter(|line| !line.starts_with('#')) {
        if let [_, "install", name, version, architecture, _, repository, ..] = line.split('|').collect::<Vec<_>>()[..]
        {
            note(notes, format!("{name}-{version}.{architecture}"), repository);
        }
    }
}

/// dnf 5: `"bash-5.2.26-3.fc41.x86_64" = {from_repo="fedora"}`.
fn take_dnf5(files: &mut Files<'_>, notes: &mut Notes) {
    let bytes = files.bytes(DNF5_TABLE, TABLE_LIMIT).unwrap_or_default();
    for line in String::from_utf8_lossy(&bytes).lines() {
        let read = line.trim().strip_prefix('"').and_then(|rest| rest.split_once('"')).and_then(|(nevra, rest)| {
            let (_, rest) = rest.split_once("from_repo")?;
            let (_, rest) = rest.split_once('"')?;
            Some((nevra, rest.split_once('"')?.0))
        });
        if let Some((nevra, repository)) = read {
            note(notes, without_epoch(nevra), repository);
        }
    }
}

/// `bind-32:9.18-1.fc41.x86_64` as `bind-9.18-1.fc41.x86_64`.
fn without_epoch(nevra: &str) -> String {
    let Some((before, after)) = nevra.split_once(':') else {
        return nevra.to_owned();
    };
    let name = before.trim_end_matches(|c: char| c.is_ascii_digit());
    format!("{name}{after}")
}

/// dnf's history: what was installed (`rpm`), when (`trans_item`), from where (`repo`). The newest
/// transaction that brought a package in is the one that counts.
fn take_dnf(files: &mut Files<'_>, packages: &[Package], notes: &mut Notes) -> Outcome<()> {
    let Some(mut database) = Database::open(files.host, DNF_HISTORY)? else {
        return Ok(());
    };
    let mut rows = 0_usize;
    let mut count = || {
        rows += 1;
        if rows > ROWS_MAX { Err(Fault::TooManyRecords(ROWS_MAX)) } else { Ok(()) }
    };
    let mut repositories: HashMap<i64, String> = HashMap::new();
    let (Some(repo), Some(rpm), Some(trans_item)) =
        (database.table("repo")?, database.table("rpm")?, database.table("trans_item")?)
    else {
        return Ok(());
    };
    if let Some(id) = repo.column("repoid") {
        database.scan(&repo, &mut |row| {
            count()?;
            let name = row.text(id).map(|name| String::from_utf8_lossy(name).into_owned());
            repositories.extend(name.map(|name| (row.number, name)));
            Ok(Flow::Next)
        })?;
    }
    let installed: HashMap<String, ()> = packages.iter().map(|package| (key(package), ())).collect();
    let mut items: HashMap<i64, String> = HashMap::new();
    let columns = ["name", "version", "release", "arch"].map(|name| rpm.column(name));
    let item_column = rpm.column("item_id");
    if let ([Some(name), Some(version), Some(release), Some(architecture)], Some(item)) = (columns, item_column) {
        database.scan(&rpm, &mut |row| {
            count()?;
            let text = |column| row.text(column).map(String::from_utf8_lossy);
            if let (Some(name), Some(version), Some(release), Some(architecture)) =
                (text(name), text(version), text(release), text(architecture))
            {
                let key = format!("{name}-{version}-{release}.{architecture}");
                // The column is the number of the row where it is the table's key.
                let id = row.integer(item).unwrap_or(row.number);
                if installed.contains_key(&key) {
                    items.insert(id, key);
                }
            }
            Ok(Flow::Next)
        })?;
    }
    let columns = ["item_id", "repo_id", "action"].map(|name| trans_item.column(name));
    if let [Some(item), Some(repo), Some(action)] = columns {
        // Rows come in the order in which they were written.
        database.scan(&trans_item, &mut |row| {
            count()?;
            let brings_in = row.integer(action).is_some_and(|action| BRINGS_IN.contains(&action));
            let key = row.integer(item).and_then(|item| items.get(&item));
            let repository = row.integer(repo).and_then(|repo| repositories.get(&repo));
            if let (true, Some(key), Some(repository)) = (brings_in, key, repository) {
                note(notes, key.clone(), repository);
            }
            Ok(Flow::Next)
        })?;
    }
    Ok(())
}

/// libdnf's numbers for install, downgrade, obsolete, upgrade, reinstall.
const BRINGS_IN: [i64; 5] = [1, 2, 4, 6, 9];

fn report(files: &mut Files<'_>, fault: Fault) {
    let what = match fault {
        Fault::Read(error) => {
            files.report(&error, DNF_HISTORY);
            return;
        }
        Fault::Damaged(what) => what,
        Fault::TooManyRecords(max) => format!("it has more than {max} rows"),
    };
    files.problems.push(ReadProblem {
        place: SourceLine::file(DNF_HISTORY),
        message: LocalText::new(
            format!("dnf's history cannot be read: {what}; from which repository packages came may not be told"),
            format!(
                "dnf の履歴を読み取れません ({what})。パッケージの入手元リポジトリーを判定できない可能性があります"
            ),
        ),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    fn told(host: &MemoryHost, packages: &[(&str, &str)]) -> String {
        let mut packages: Vec<Package> = packages
            .iter()
            .map(|(name, version)| Package {
                kind: PackageKind::Rpm,
                name: (*name).into(),
                version: (*version).into(),
                architecture: "x86_64".into(),
                ..Package::default()
            })
            .collect();
        let mut problems = Vec::new();
        name_repositories(&mut Files { host, problems: &mut problems }, &mut packages);
        let shown = packages.iter().map(|package| package.provenance.repository.as_deref().unwrap_or("-"));
        let problems = problems.iter().map(|problem| problem.message.en.as_ref());
        shown.chain(problems).collect::<Vec<&str>>().join(" ")
    }

    #[test]
    fn yum_zypper_and_dnf_5_remember() {
        let yum = MemoryHost::new()
            .file("var/lib/yum/yumdb/b/0123abc-bash-4.2-34.el7-x86_64/from_repo", "base\n")
            .file("var/lib/yum/yumdb/b/0123abc-bind-license-9-1-x86_64/from_repo", "updates")
            .file("var/lib/yum/yumdb/b/odd/from_repo", "x");
        assert_eq!(told(&yum, &[("bash", "4.2-34.el7"), ("bind-license", "32:9-1"), ("vim", "1-1")]), "base updates -");
        let zypper = MemoryHost::new().file(
            "var/log/zypp/history",
            "# log\n2021-07-01 10:00:00|install|bash|4.4-1|x86_64|root@h|old|sum|\n2021-07-02 10:00:00|install|bash|4.4-1|x86_64||SLE-Updates|sum|\n2021|remove|vim|1-1|x86_64|r|\n",
        );
        assert_eq!(told(&zypper, &[("bash", "4.4-1"), ("vim", "1-1")]), "SLE-Updates -");
        let dnf5 = MemoryHost::new().file(
            "usr/lib/sysimage/libdnf5/nevras.toml",
            "version = \"1.0\"\n[nevras]\n\"bash-5.2-3.fc41.x86_64\" = {from_repo=\"fedora\"}\n\"bind-32:9.18-1.fc41.x86_64\" = { from_repo = \"updates\" }\nx\n",
        );
        assert_eq!(told(&dnf5, &[("bash", "5.2-3.fc41"), ("bind", "32:9.18-1.fc41")]), "fedora updates");
    }

    #[test]
    fn dnf_remembers() {
        let file = yagura_testkit::SqliteFile::new(&[]);
        file.table("repo", "id INTEGER PRIMARY KEY, repoid TEXT NOT NULL");
        file.table(
            "rpm",
            "item_id INTEGER UNIQUE NOT NULL, name TEXT NOT NULL, epoch INTEGER NOT NULL, version TEXT NOT NULL,
             release TEXT NOT NULL, arch TEXT NOT NULL, FOREIGN KEY (item_id) REFERENCES item(id)",
        );
        file.table(
            "trans_item",
            "id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER REFERENCES trans(id), item_id INTEGER REFERENCES item(id),
             repo_id INTEGER REFERENCES repo(id), action INTEGER NOT NULL, reason INTEGER NOT NULL, state INTEGER NOT NULL",
        );
        for (id, name) in [(1, "baseos"), (2, "epel"), (3, "@System")] {
            file.insert("repo", &["id", "repoid"], &[&id, &name]);
        }
        for (id, name, version, release) in
            [(7, "bash", "5.1", "1.el9"), (8, "nginx", "1.20", "1.el9"), (9, "gone", "1", "1")]
        {
            let columns = ["item_id", "name", "epoch", "version", "release", "arch"];
            file.insert("rpm", &columns, &[&id, &name, &0, &version, &release, &"x86_64"]);
        }
        for (transaction, item, repository, action) in
            [(1, 7, 1, 1), (1, 8, 1, 1), (2, 8, 2, 9), (2, 8, 3, 8), (2, 9, 2, 1)]
        {
            let columns = ["trans_id", "item_id", "repo_id", "action", "reason", "state"];
            file.insert("trans_item", &columns, &[&transaction, &item, &repository, &action, &1, &1]);
        }
        let (_, bytes) = file.files().remove(0);
        let host = MemoryHost::new().file(DNF_HISTORY, &bytes);
        assert_eq!(told(&host, &[("bash", "5.1-1.el9"), ("nginx", "1:1.20-1.el9"), ("vim", "1-1")]), "baseos epel -");
        let cut = MemoryHost::new().file(DNF_HISTORY, &bytes[..5000]);
        insta::assert_snapshot!(told(&cut, &[("bash", "5.1-1.el9")]), @"- dnf's history cannot be read: it refers to page 2, which it does not have; from which repository packages came may not be told");
    }
}
