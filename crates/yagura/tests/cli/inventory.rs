//! `yagura inventory` and `yagura sbom`.

use yagura_testkit::HostTree;

use crate::support::Yagura;

#[test]
fn lists_every_record_in_dpkg_words() {
    let yagura = Yagura::new();
    let host = HostTree::debian_12()
        .unwrap()
        .package("zlib1g", "1:1.2.13.dfsg-1+b1", "zlib (1:1.2.13.dfsg-1)")
        .unwrap()
        .record("Package: apt\nStatus: hold ok half-configured\nArchitecture: amd64\nVersion: 2.6.1\n")
        .unwrap();
    let run = yagura.run(&["inventory", "--root", host.path().to_str().unwrap()]);
    assert_eq!(
        run.out,
        "package\tversion\tarch\tsource\tsource_version\tstatus\n\
         apt\t2.6.1\tamd64\tapt\t2.6.1\thold ok half-configured\n\
         zlib1g\t1:1.2.13.dfsg-1+b1\tamd64\tzlib\t1:1.2.13.dfsg-1\tinstall ok installed\n"
    );
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[test]
fn a_broken_record_is_named_with_its_line_and_the_others_are_read() {
    let yagura = Yagura::new();
    let host = HostTree::debian_12()
        .unwrap()
        .package("good", "1.0", "good")
        .unwrap()
        .record("Package: bad\nStatus: install ok installed\nVersion: 1:5.#\n")
        .unwrap()
        .package("other", "2.0", "other")
        .unwrap();
    let root = host.path().to_str().unwrap();
    let run = yagura.run(&["inventory", "--root", root]);
    assert_eq!(run.code, 0);
    assert_eq!(run.out.lines().count(), 3, "{}", run.out);
    assert!(run.err.contains("/var/lib/dpkg/status:9"), "{}", run.err);
    assert_eq!(yagura.run(&["inventory", "--root", root, "--strict"]).code, 4);
}

#[test]
fn a_root_without_a_database_is_an_error() {
    let (yagura, host) = (Yagura::new(), HostTree::empty().unwrap());
    for command in ["inventory", "sbom"] {
        let run = yagura.run(&[command, "--root", host.path().to_str().unwrap()]);
        assert_eq!(run.code, 3, "{command}");
        assert!(run.err.contains("no package database"), "{}", run.err);
    }
}

#[test]
fn the_bill_of_materials_names_purls() {
    let yagura = Yagura::new();
    let host = HostTree::debian_12().unwrap().package("libdemo1", "1.2-1", "demo").unwrap();
    let run = yagura.run(&["sbom", "--root", host.path().to_str().unwrap()]);
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(document["bomFormat"], "CycloneDX");
    assert_eq!(document["specVersion"], "1.6");
    assert!(run.out.contains("pkg:deb/debian/libdemo1@1.2-1"), "{}", run.out);
}
