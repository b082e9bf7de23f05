//! Both resolvers against the same hostile tree.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, mkfifoat};

use super::*;

const LIMIT: ByteLimit = ByteLimit::kib(4);

/// Runs a check with the kernel's resolver (where there is one) and with ours.
fn both(root: &Path, check: impl Fn(&RootedHost)) {
    let mut host = RootedHost::open(root).unwrap();
    if host.resolver == Resolver::Walk {
        eprintln!("skipped: this kernel has no openat2; checked the walk only");
    }
    check(&host);
    host.resolver = Resolver::Walk;
    check(&host);
}

fn tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("root/etc/deep")).unwrap();
    std::fs::write(dir.path().join("secret"), "outside").unwrap();
    std::fs::write(dir.path().join("root/etc/hostname"), "inside\n").unwrap();
    dir
}

#[test]
fn links_start_again_at_the_root() {
    let dir = tree();
    let root = dir.path().join("root");
    symlink("/etc/hostname", root.join("absolute")).unwrap();
    symlink("../../../../etc/hostname", root.join("etc/deep/climbing")).unwrap();
    symlink("/etc", root.join("directory")).unwrap();
    both(&root, |host| {
        for path in ["etc/hostname", "absolute", "etc/deep/climbing", "directory/hostname", "/etc//./hostname"] {
            assert_eq!(host.read(path, LIMIT).unwrap().as_deref(), Some(&b"inside\n"[..]), "{path}");
        }
        assert_eq!(host.read("../../etc/deep/../hostname", LIMIT).unwrap().unwrap(), b"inside\n");
        assert_eq!(host.read_link("absolute").unwrap().as_deref(), Some("/etc/hostname"));
        assert_eq!(host.read_link("etc/hostname").unwrap(), None);
        assert_eq!(host.metadata("absolute").unwrap().unwrap().kind, FileKind::File);
        assert_eq!(host.link_metadata("absolute").unwrap().unwrap().kind, FileKind::Symlink);
        assert_eq!(host.metadata("").unwrap().unwrap().kind, FileKind::Directory);
    });
}

#[test]
fn no_link_leads_out() {
    let dir = tree();
    let root = dir.path().join("root");
    let secret = dir.path().join("secret");
    symlink(&secret, root.join("absolute")).unwrap();
    symlink("../secret", root.join("relative")).unwrap();
    symlink("../../../../../../../../etc/passwd", root.join("etc/passwd")).unwrap();
    symlink(dir.path(), root.join("up")).unwrap();
    both(&root, |host| {
        assert!(host.read("absolute", LIMIT).unwrap().is_none());
        assert!(host.read("relative", LIMIT).unwrap().is_none());
        assert!(host.read("up/secret", LIMIT).unwrap().is_none());
        assert!(host.read("../secret", LIMIT).unwrap().is_none());
        // Inside the root this link leads to itself.
        assert!(matches!(host.read("etc/passwd", LIMIT), Err(ReadError::BadLink { .. })));
    });
}

#[test]
fn circles_and_bombs_end() {
    let dir = tree();
    let root = dir.path().join("root");
    symlink("b", root.join("a")).unwrap();
    symlink("a", root.join("b")).unwrap();
    // Each link doubles the links that are left: a billion of them without a bound.
    std::fs::create_dir_all(root.join("bomb/30")).unwrap();
    for n in 0..30 {
        symlink(format!("{0}/../{0}", n + 1), root.join(format!("bomb/{n}"))).unwrap();
    }
    both(&root, |host| {
        assert!(matches!(host.read("a", LIMIT), Err(ReadError::BadLink { .. })));
        assert!(matches!(host.metadata("a/x"), Err(ReadError::BadLink { .. })));
        assert!(matches!(host.metadata("bomb/0"), Err(ReadError::BadLink { .. })));
        assert!(host.metadata("bomb/29").unwrap().is_some());
    });
}

#[test]
fn the_walk_bounds_what_links_add_to_a_path() {
    let dir = tree();
    let root = dir.path().join("root");
    std::fs::create_dir_all(root.join("3/d")).unwrap();
    for n in 0..3 {
        symlink(format!("{}/{}", n + 1, "d/../".repeat(800)), root.join(n.to_string())).unwrap();
    }
    let mut host = RootedHost::open(&root).unwrap();
    host.resolver = Resolver::Walk;
    assert!(host.metadata("1/d").unwrap().is_some());
    assert!(matches!(host.metadata("0/d"), Err(ReadError::BadLink { .. })));
}

#[test]
fn special_files_are_refused_at_once() {
    let dir = tree();
    let root = dir.path().join("root");
    mkfifoat(CWD, root.join("fifo"), Mode::RUSR | Mode::WUSR).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    let begun = stopwatch();
    both(&root, |host| {
        for path in ["fifo", "socket", "etc"] {
            assert!(matches!(host.read(path, LIMIT), Err(ReadError::WrongKind { .. })), "{path}");
        }
        assert!(matches!(host.list("fifo", 10), Err(ReadError::WrongKind { .. })));
        assert!(matches!(host.list("etc/hostname", 10), Err(ReadError::WrongKind { .. })));
        assert_eq!(host.metadata("fifo").unwrap().unwrap().kind, FileKind::Special);
        assert!(host.read("fifo/x", LIMIT).unwrap().is_none());
    });
    assert!(begun.elapsed() < Duration::from_secs(5), "a read waited for the FIFO's writer");
}

#[expect(clippy::disallowed_methods, reason = "the test measures that nothing blocks")]
fn stopwatch() -> Instant {
    Instant::now()
}

#[test]
fn size_is_checked_before_and_while_reading() {
    let dir = tree();
    let root = dir.path().join("root");
    // A sparse file: a terabyte that takes no room and must never be read.
    File::create(root.join("huge")).unwrap().set_len(1 << 40).unwrap();
    std::fs::write(root.join("exact"), vec![b'x'; 4096]).unwrap();
    std::fs::write(root.join("over"), vec![b'x'; 4097]).unwrap();
    both(&root, |host| {
        assert!(matches!(host.read("huge", LIMIT), Err(ReadError::TooLarge { .. })));
        assert!(matches!(host.read("over", LIMIT), Err(ReadError::TooLarge { .. })));
        assert_eq!(host.read("exact", LIMIT).unwrap().unwrap().len(), 4096);
    });
    let live = RootedHost::live().unwrap();
    assert_eq!(live.metadata("proc/self/status").unwrap().unwrap().size_bytes, 0);
    assert!(live.read("proc/self/status", ByteLimit::mib(1)).unwrap().unwrap().len() > 10);
    let error = live.read("proc/self/status", ByteLimit::bytes(10)).unwrap_err();
    insta::assert_snapshot!(error, @"`/proc/self/status` is larger than 10 bytes, which is more than we read");
}

#[test]
fn magic_links_of_proc_are_refused() {
    let live = RootedHost::live().unwrap();
    assert!(live.is_live() && live.root_path().is_none());
    assert!(!live.uname().unwrap().release.is_empty());
    if live.resolver == Resolver::Kernel {
        assert!(matches!(live.read("proc/self/root/etc/passwd", LIMIT), Err(ReadError::BadLink { .. })));
    }
    // `/proc/self` itself is an ordinary link.
    assert!(live.read("proc/self/comm", LIMIT).unwrap().is_some());
}

#[test]
fn lists_are_sorted_and_bounded() {
    let dir = tree();
    let root = dir.path().join("root");
    for name in ["c", "a", "b"] {
        std::fs::write(root.join("etc/deep").join(name), "").unwrap();
    }
    both(&root, |host| {
        let names: Vec<String> = host.list("etc/deep", 3).unwrap().unwrap().into_iter().map(|e| e.name).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert!(matches!(host.list("etc/deep", 2), Err(ReadError::TooLarge { .. })));
        assert!(host.list("none", 2).unwrap().is_none());
    });
}

#[test]
fn names_of_a_directory_are_looked_at_together() {
    let dir = tree();
    let root = dir.path().join("root");
    symlink("/etc/hostname", root.join("etc/link")).unwrap();
    symlink("/etc", root.join("directory")).unwrap();
    both(&root, |host| {
        let kinds = |directory: &str, names: &[&str]| -> Vec<Option<FileKind>> {
            host.metadata_in(directory, names).unwrap().into_iter().map(|found| found.map(|found| found.kind)).collect()
        };
        let names = ["hostname", "link", "deep", "none", "../../../secret", ".."];
        let wanted = [
            Some(FileKind::File),
            Some(FileKind::Symlink),
            Some(FileKind::Directory),
            None,
            None,
            Some(FileKind::Directory),
        ];
        assert_eq!(kinds("etc", &names), wanted);
        assert_eq!(kinds("directory", &names), wanted);
        assert_eq!(kinds("none", &["x", "y"]), [None, None]);
        assert_eq!(kinds("", &["etc"]), [Some(FileKind::Directory)]);
        let same = host.metadata_in("etc", &["hostname"]).unwrap().remove(0).unwrap();
        assert_eq!(Some(same), host.link_metadata("etc/hostname").unwrap());
    });
}

#[test]
fn denied_is_said() {
    if rustix::process::geteuid().is_root() {
        eprintln!("skipped: root may read every file, so denial cannot be shown");
        return;
    }
    let dir = tree();
    let root = dir.path().join("root");
    std::fs::set_permissions(root.join("etc/hostname"), std::fs::Permissions::from_mode(0o000)).unwrap();
    both(&root, |host| {
        assert!(matches!(host.read("etc/hostname", LIMIT), Err(ReadError::Denied { .. })));
        assert!(host.metadata("etc/hostname").unwrap().is_some());
    });
}

#[test]
fn a_root_that_is_none_is_said() {
    let dir = tree();
    let missing = RootedHost::open(dir.path().join("nonexistent")).unwrap_err();
    assert!(matches!(missing, OpenRootError::Missing { .. }) && missing.to_string().contains("nonexistent"));
    assert!(!missing.advice().ja.is_empty());
    let file = RootedHost::open(dir.path().join("secret")).unwrap_err();
    assert!(matches!(file, OpenRootError::NotADirectory { .. }));
}

#[test]
fn errors_of_the_system_become_ours() {
    assert!(matches!(read_error("x", Errno::PERM), ReadError::Denied { .. }));
    assert!(matches!(read_error("x", Errno::XDEV), ReadError::BadLink { .. }));
    assert!(matches!(io_error("x", Errno::ACCESS.into()), ReadError::Denied { .. }));
    assert!(matches!(io_error("x", Errno::IO.into()), ReadError::Io { .. }));
}

#[test]
fn scans_with_metadata_and_follows_only_when_asked() {
    let dir = tree();
    let root = dir.path().join("root");
    symlink("/etc", root.join("way")).unwrap();
    symlink("hostname", root.join("etc/name")).unwrap();
    mkfifoat(CWD, root.join("etc/pipe"), Mode::RUSR).unwrap();
    both(&root, |host| {
        let mut seen = Vec::new();
        let scanned = host.scan("way", true, &mut |name, metadata| {
            seen.push((name.to_owned(), metadata.kind, metadata.special));
            ControlFlow::Continue(())
        });
        assert!(scanned.unwrap());
        seen.sort();
        let expected = [
            ("deep", FileKind::Directory, None),
            ("hostname", FileKind::File, None),
            ("name", FileKind::Symlink, None),
            ("pipe", FileKind::Special, Some(SpecialKind::Fifo)),
        ];
        assert_eq!(seen, expected.map(|(name, kind, special)| (name.to_owned(), kind, special)));
        let nothing = &mut |_: &str, _: &Metadata| ControlFlow::Continue(());
        assert!(host.scan("way", false, nothing).is_err());
        assert!(matches!(host.scan("etc/hostname", true, nothing), Err(ReadError::WrongKind { .. })));
        assert!(!host.scan("nowhere", true, nothing).unwrap());
        assert!(host.scan("etc/pipe", true, nothing).is_err());
        let times = host.metadata("etc/hostname").unwrap().unwrap().times;
        assert!(times.modified > 1_500_000_000 && times.changed >= times.modified);
        assert!(host.attribute("etc/hostname", "user.none", LIMIT).unwrap().is_none());
        assert!(host.attribute("etc/name", "security.none", LIMIT).unwrap().is_none());
        assert!(host.space("").unwrap().unwrap().total >= host.space("").unwrap().unwrap().free);
    });
}

#[test]
fn an_open_file_gives_parts() {
    let dir = tree();
    let root = dir.path().join("root");
    std::fs::write(root.join("etc/base"), "0123456789").unwrap();
    both(&root, |host| {
        let file = host.open_file("etc/base", LIMIT).unwrap().unwrap();
        let mut part = [0; 3];
        file.read_at(4, &mut part).unwrap();
        assert_eq!((&part, file.size_bytes()), (b"456", 10));
        assert!(matches!(file.read_at(8, &mut part), Err(ReadError::Io { .. })));
        assert!(matches!(host.open_file("etc/base", ByteLimit::bytes(9)), Err(ReadError::TooLarge { .. })));
        assert!(matches!(host.open_file("etc", LIMIT), Err(ReadError::WrongKind { .. })));
        assert!(host.open_file("etc/none", LIMIT).unwrap().is_none());
    });
}
