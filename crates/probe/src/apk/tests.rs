use std::fmt::Write as _;

use proptest::prelude::*;
use yagura_testkit::shared_data;

use super::*;
use crate::{MemoryHost, RootedHost};

fn rendered(database: &Database) -> String {
    let mut out = String::new();
    for p in &database.packages {
        let tag = p.provenance.repository.as_deref().map_or_else(String::new, |tag| format!(" @{tag}"));
        writeln!(
            out,
            "{} {} {} {}={}{tag} {}",
            p.name, p.version, p.architecture, p.source.name, p.source.version, p.record
        )
        .unwrap();
    }
    for problem in &database.problems {
        assert_ne!(problem.message.en, problem.message.ja);
        writeln!(out, "{}: {}", problem.place, problem.message.en).unwrap();
    }
    out
}

fn parsed(text: &str) -> String {
    rendered(&parse(text.as_bytes(), "db").unwrap())
}

#[test]
fn no_database_is_an_answer() {
    assert_eq!(read(&MemoryHost::new().file("etc/hostname", "x")).unwrap(), None);
    let empty = read(&MemoryHost::new().file(PATHS[1], "")).unwrap().unwrap();
    assert_eq!((empty.path.as_str(), empty.packages.len(), empty.problems.len()), (PATHS[1], 0, 0));
    let merged = MemoryHost::new().file(PATHS[1], "P:a\nV:1\n\n").link("lib", "usr/lib");
    assert_eq!(read(&merged).unwrap().unwrap().path, PATHS[0]);
}

#[test]
fn no_part_of_a_database_is_given_out() {
    assert!(matches!(read(&MemoryHost::new().denied(PATHS[0])), Err(InventoryError::Unreadable { .. })));
    let many = "P:a\nV:1\n\n".repeat(200_001);
    assert!(matches!(parse(many.as_bytes(), "db"), Err(InventoryError::TooManyRecords { .. })));
}

#[test]
fn reads_records_with_origin_and_tag() {
    insta::assert_snapshot!(parsed(
        "C:Q1x=\nP:libssl3\nV:3.1.4-r5\nA:x86_64\no:openssl\nm:A B <a@b>\nt:1706271398\nc:0c77\nF:usr/lib\nR:libssl.so.3\nZ:Q1y=\n\n\
         P:busybox\r\nV:1.36.1-r15\r\nA:x86_64\r\n\r\nP:tini\nV:0.19.0-r2\ns:testing\nX:unknown\n\n\
         P:.build-deps\nV:20240102.101112\nA:noarch\nD:gcc make\n\n"
    ), @r"
    .build-deps 20240102.101112 noarch .build-deps=20240102.101112 /db:22
    busybox 1.36.1-r15 x86_64 busybox=1.36.1-r15 /db:13
    libssl3 3.1.4-r5 x86_64 openssl=3.1.4-r5 /db:1
    tini 0.19.0-r2  tini=0.19.0-r2 @testing /db:17
    ");
}

#[test]
fn says_what_is_broken_and_where() {
    insta::assert_snapshot!(parsed(
        "P:noversion\nA:x\n\nV:1\n\nP:two words\nV:1\n\nP:bad\nV:v1\n\nP:bad\nV:1 2\n\nP:a\nV:1\nP:b\nV:2\n\n\
         P:arch\nV:1\nA:x y\n\nP:origin\nV:1\no:a b\n\nP:half\nV:1\nf:fs\n\nP:ok\nV:1\nnonsense\n\nP:ok\nV:2"
    ), @r"
    half 1  half=1 /db:28
    ok 1  ok=1 /db:32
    ok 2  ok=2 /db:36
    /db:1: the record of `noversion` has no field `V`; it is not assessed
    /db:4: a record has no field `P`; it is not assessed
    /db:6: `two words` cannot be the name of a package; the record is not assessed
    /db:10: the record of `bad` has an invalid `V`: `v1`; it is not assessed
    /db:13: the record of `bad` has an invalid `V`: `1 2`; it is not assessed
    /db:17: a record has two fields `P`; it is not assessed
    /db:22: the record of `arch` has an invalid `A`: `x y`; it is not assessed
    /db:26: the record of `origin` has an invalid `o`: `a b`; it is not assessed
    /db:30: apk says that `half` is not installed whole (flags `fs`); it is assessed as it is recorded
    /db:34: this line is no field and was passed over; the file may be damaged
    /db:37: the file ends in the middle of a line, so its last record may be cut off and others missing
    ");
}

#[test]
fn overlong_lines_break_their_record_only() {
    let long = format!("P:a\nV:1\nD:{}\n\nP:b\nV:1\nm:{}\n\nP:c\nV:1\n\n", "x".repeat(1 << 20), "y".repeat(4097));
    insta::assert_snapshot!(parsed(&long), @r"
    c 1  c=1 /db:9
    /db:3: a line is longer than 1048576 bytes; this record is not assessed
    /db:7: a line is longer than 4096 bytes; this record is not assessed
    ");
}

/// The lists were read from the databases by other programs.
#[test]
fn the_samples_are_read_exactly() {
    for sample in ["alpine-3.10-image", "alpine-a", "alpine-b"] {
        let Some(folder) = shared_data(&format!("hosts/{sample}")) else { return };
        let database = read(&RootedHost::open(folder.join("rootfs")).unwrap()).unwrap().unwrap();
        let mut ours = vec!["package\tversion\tarch\torigin".to_owned()];
        let row = |p: &Package| format!("{}\t{}\t{}\t{}", p.name, p.version, p.architecture, p.source.name);
        ours.extend(database.packages.iter().map(row));
        let list = std::fs::read_to_string(folder.join("packages.tsv")).unwrap();
        // What has no version is told instead of listed.
        let (broken, theirs): (Vec<&str>, Vec<&str>) = list.lines().partition(|line| line.contains("\t\t"));
        assert_eq!(ours, theirs, "{sample}");
        // One of them was written by hand, without a last empty line.
        let (cut_off, told): (Vec<&ReadProblem>, Vec<&ReadProblem>) =
            database.problems.iter().partition(|problem| problem.message == cut_off_text());
        assert_eq!((cut_off.len(), told.len()), (usize::from(sample == "alpine-b"), broken.len()), "{sample}");
        for (problem, line) in told.iter().zip(broken) {
            assert!(problem.message.en.contains(line.split('\t').next().unwrap()), "{sample}: {line}");
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes, "db");
    }

    #[test]
    fn arbitrary_lines_never_panic(lines in proptest::collection::vec("[PVAomsfRF]?:?[a-z0-9. ]{0,8}", 0..40)) {
        let database = parse(lines.join("\n").as_bytes(), "db").unwrap();
        prop_assert!(database.packages.iter().all(|p| is_word(&p.name) && is_version(&p.version)));
    }
}
