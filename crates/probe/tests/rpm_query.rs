//! On a machine that has rpm: what we read of its databases is what `rpm --query` prints.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot prepare itself may fail loudly, and its peer is a program"
)]

use std::path::Path;
use std::process::Command;

use yagura_probe::rpm::{self, Flow, Tag};
use yagura_probe::{ByteLimit, Host as _, MemoryHost, RootedHost};
use yagura_testkit::{announce_skip, shared_data};

/// Packages with what is odd about packages: an epoch, files of every kind, more files than fit on
/// a page, texts in two languages, no files at all.
const SPEC: &str = "
Name: sample
Epoch: 3
Version: 1.2~rc1
Release: 4%{?dist}
Summary: a sample
Summary(ja): 見本
License: none
Vendor: Yagura Tests
Packager: Somebody <somebody@example.org>
BuildArch: noarch
%description
It stands for others.
%package many
Summary: many files
Epoch: 0
%description many
Many.
%package nothing
Summary: nothing
%description nothing
Nothing.
%install
mkdir -p %{buildroot}/etc %{buildroot}/usr/share/many %{buildroot}/var/lib/sample
echo text > %{buildroot}/etc/sample.conf
echo page > %{buildroot}/etc/見本
ln -s sample.conf %{buildroot}/etc/link
for n in $(seq 1 1000); do echo $n > %{buildroot}/usr/share/many/a-file-with-a-rather-long-name-$n; done
%files
%config(noreplace) %attr(640,root,adm) /etc/sample.conf
/etc/link
%doc /etc/見本
%ghost /var/lib/sample/state
%dir %attr(1777,root,root) /var/lib/sample
%files many
/usr/share/many
%files nothing
";

const PACKAGES: &str = "%{NAME}|%|EPOCH?{%{EPOCH}}||%{VERSION}|%{RELEASE}|%{ARCH}|%{SOURCERPM}|%{VENDOR}|%{INSTALLTIME}|%|MODULARITYLABEL?{%{MODULARITYLABEL}}||%|RSAHEADER?{%{RSAHEADER:pgpsig}}:{%|DSAHEADER?{%{DSAHEADER:pgpsig}}|}|\\n";
const FILES: &str = "[%{=NAME}-%{=VERSION}-%{=RELEASE}|%{FILENAMES}|%{FILESIZES}|%{FILEMODES}|%{FILEMTIMES}|%{FILEDIGESTS}|%{FILELINKTOS}|%{FILEUSERNAME}|%{FILEGROUPNAME}|%{FILEFLAGS}|%{FILEVERIFYFLAGS}\\n]";

fn run(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).env("LC_ALL", "C").output().ok()?;
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn query(folder: &Path, backend: &str, format: &str) -> Option<Vec<String>> {
    let backend = format!("_db_backend {backend}");
    let printed = run("rpm", &["--dbpath", folder.to_str()?, "--define", &backend, "-qa", "--queryformat", format])?;
    let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
    lines.sort();
    Some(lines)
}

/// All that we read, in the form of the two formats above. rpm prints the signature of a package
/// with the last eight bytes of its key; we read those alone.
fn ours(host: &MemoryHost) -> (Vec<String>, Vec<String>) {
    let (mut packages, mut files) = (Vec::new(), Vec::new());
    rpm::read_headers(host, &mut |header| {
        let header = header.unwrap();
        let text = |tag| header.text(tag).unwrap_or_default();
        let or_none = |tag| header.text(tag).map_or_else(|| "(none)".to_owned(), |text| text.into_owned());
        let epoch = header.integer(Tag::EPOCH).map(|epoch| epoch.to_string()).unwrap_or_default();
        let (name, version, release) = (text(Tag::NAME), text(Tag::VERSION), text(Tag::RELEASE));
        let installed = header.integer(Tag::INSTALLTIME).unwrap();
        packages.push(format!(
            "{name}|{epoch}|{version}|{release}|{}|{}|{}|{installed}|{}|{}",
            or_none(Tag::ARCH),
            or_none(Tag::SOURCERPM),
            or_none(Tag::VENDOR),
            text(Tag::MODULARITYLABEL),
            header.signing_key().unwrap_or_default(),
        ));
        for file in header.files() {
            let text = String::from_utf8_lossy;
            files.push(format!(
                "{name}-{version}-{release}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}",
                file.path(),
                file.size_bytes,
                file.mode,
                file.mtime,
                text(file.digest),
                text(file.link_target),
                text(file.user),
                text(file.group),
                file.flags,
                file.verify_flags,
            ));
        }
        Flow::Next
    })
    .unwrap();
    packages.sort();
    files.sort();
    (packages, files)
}

fn compare(folder: &Path, backend: &str, files: &[&str]) {
    let host = files.iter().fold(MemoryHost::new(), |host, file| match std::fs::read(folder.join(file)) {
        Ok(bytes) => host.file(&format!("var/lib/rpm/{file}"), bytes),
        Err(_) => host,
    });
    let (packages, their_files) = (query(folder, backend, PACKAGES).unwrap(), query(folder, backend, FILES).unwrap());
    // `RSA/SHA256, Tue …, Key ID 199e2f91fd431d51` becomes the id.
    let packages: Vec<String> = packages
        .iter()
        .map(|line| {
            let (rest, signature) = line.rsplit_once('|').unwrap();
            let key = signature.rsplit_once("Key ID ").map_or("", |(_, key)| key);
            format!("{rest}|{key}")
        })
        .collect();
    let (our_packages, our_files) = ours(&host);
    assert!(!packages.is_empty());
    assert_eq!(our_packages, packages);
    assert!(our_files == their_files, "{:?}", our_files.iter().find(|line| !their_files.contains(line)));
}

fn has_rpm() -> bool {
    let found = run("rpm", &["--version"]).is_some();
    if !found {
        announce_skip("skipped: no rpm on this machine");
    }
    found
}

#[test]
fn a_database_that_rpm_wrote() {
    if !has_rpm() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().to_str().unwrap();
    std::fs::write(dir.path().join("sample.spec"), SPEC).unwrap();
    let top_dir = format!("_topdir {top}");
    if run("rpmbuild", &["--quiet", "-bb", "--define", &top_dir, &format!("{top}/sample.spec")]).is_none() {
        announce_skip("skipped: no rpmbuild on this machine");
        return;
    }
    let built: Vec<String> = std::fs::read_dir(dir.path().join("RPMS/noarch"))
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(built.len(), 3);
    for (backend, file) in [("sqlite", "rpmdb.sqlite"), ("ndb", "Packages.db")] {
        let database = dir.path().join(backend);
        let (path, define) = (database.to_str().unwrap(), format!("_db_backend {backend}"));
        run("rpm", &["--dbpath", path, "--define", &define, "--initdb"]);
        if !database.join(file).exists() {
            announce_skip(&format!("skipped: this machine's rpm cannot write {backend}"));
            continue;
        }
        let mut install = vec!["--dbpath", path, "--define", &define, "--justdb", "--nodeps", "-i"];
        install.extend(built.iter().map(String::as_str));
        run("rpm", &install);
        compare(&database, backend, &[file, &format!("{file}-wal")]);
    }
}

#[test]
fn the_samples_headers() {
    if !has_rpm() {
        return;
    }
    for (sample, folder, backend, file) in [
        ("rhel-8.0-ubi-bdb", "var/lib/rpm", "bdb_ro", "Packages"),
        ("sle-15.3-bci-ndb", "usr/lib/sysimage/rpm", "ndb", "Packages.db"),
        ("el6-small-bdb", "", "bdb_ro", "Packages"),
        ("fedora-33-small-sqlite", "", "sqlite", "rpmdb.sqlite"),
    ] {
        let Some(data) = shared_data(&format!("hosts/{sample}")) else { return };
        let dir = tempfile::tempdir().unwrap();
        if folder.is_empty() {
            std::fs::copy(data.join(file), dir.path().join(file)).unwrap();
        } else {
            let packed = std::fs::File::open(data.join("rootfs.tar.zst")).unwrap();
            tar::Archive::new(zstd::Decoder::new(packed).unwrap()).unpack(dir.path()).unwrap();
        }
        let database = dir.path().join(folder);
        if query(&database, backend, "%{NAME}\\n").is_none_or(|names| names.is_empty()) {
            announce_skip(&format!("skipped: this machine's rpm cannot read {backend}"));
            continue;
        }
        compare(&database, backend, &[file]);
    }
}

#[test]
fn the_machine_s_own() {
    let host = RootedHost::live().unwrap();
    if !matches!(host.metadata("var/lib/rpm/rpmdb.sqlite"), Ok(Some(_))) {
        announce_skip("skipped: this machine keeps no rpm database");
        return;
    }
    // Only that it can be read: a machine of Debian has an empty one at most.
    let _ = host.open_file("var/lib/rpm/rpmdb.sqlite", ByteLimit::mib(2048)).unwrap();
    rpm::read(&host).unwrap();
}
