//! Documents that travel, and archives that should not have.

use super::*;
use crate::Silent;
use crate::catalogue::Pick;
use crate::testing::{Site, catalogue, feed, now, run};

fn lines() -> &'static [FeedSpec] {
    catalogue("lines", "https://upstream.invalid/lines.txt".to_owned(), "lines-*.txt")
}

/// A site that has synced one document, and the archive of it.
fn exported(name: &str, text: &str) -> (Site, PathBuf) {
    let site = Site::new();
    site.publish(name, text);
    run(&site.options(), lines()).unwrap();
    let file = site.root.path().join("feeds.tar.zst");
    assert_eq!(export(&site.data(), &file, lines(), now()).unwrap(), 1);
    (site, file)
}

fn take(site: &Site, file: &Path, allow_older: bool) -> Result<SyncReport, TransportError> {
    let import_options = ImportOptions { allow_older };
    import(file, import_options, &site.upstream(), lines(), &Silent, &CancelFlag::new(false))
}

/// A name and the bytes under it.
type Member<'a> = (&'a str, &'a [u8]);

/// Packs members as an archive would be.
fn pack(members: &[Member<'_>]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        // By hand, because the builder refuses the names that a hostile archive would have.
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len().try_into().unwrap());
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    zstd::encode_all(&builder.into_inner().unwrap()[..], 3).unwrap()
}

fn members_of(file: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(zstd::Decoder::new(File::open(file).unwrap()).unwrap());
    let member = |member: io::Result<tar::Entry<'_, _>>| {
        let mut member = member.unwrap();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        (member.path().unwrap().display().to_string(), bytes)
    };
    archive.entries().unwrap().map(member).collect()
}

#[test]
fn documents_travel_and_make_the_same_index() {
    let (source, file) = exported("lines-2026-02-01.txt", "openssl CVE-1\nend\n");
    assert_eq!(members_of(&file).len(), 2);
    let target = Site::new();
    let report = take(&target, &file, false).unwrap();
    assert!(matches!(report.documents[0].outcome, DocumentOutcome::Updated { bytes: 18 }), "{report:?}");
    assert_eq!(target.vulnerabilities("openssl"), ["CVE-1"]);
    assert_eq!(target.files(), source.files());
    let again = take(&target, &file, false).unwrap();
    assert!(matches!(again.documents[0].outcome, DocumentOutcome::Unchanged), "{again:?}");
    assert_eq!(again.index, crate::IndexOutcome::Unchanged);
}

#[test]
fn nothing_to_carry_is_said() {
    let site = Site::new();
    let error = export(&site.data(), &site.root.path().join("x"), lines(), now()).unwrap_err();
    assert!(matches!(error, TransportError::Nothing { .. }), "{error}");
}

#[test]
fn older_data_is_taken_only_when_allowed() {
    let (_source, file) = exported("lines-2026-02-01.txt", "openssl CVE-1\nend\n");
    let target = Site::new();
    target.publish("lines-2026-03-01.txt", "openssl CVE-2\nend\n");
    run(&target.options(), lines()).unwrap();
    let before = target.files();
    let error = take(&target, &file, false).unwrap_err();
    let expected = "`lines.txt` of feed `lines` is older in the archive (2026-02-01T00:00:00Z) than here \
                    (2026-03-01T00:00:00Z)";
    assert_eq!(error.to_string(), expected);
    assert_eq!(target.files(), before);
    take(&target, &file, true).unwrap();
    assert_eq!(target.vulnerabilities("openssl"), ["CVE-1"]);
}

#[test]
fn an_archive_cut_or_altered_anywhere_changes_nothing() {
    let (_source, file) = exported("lines-2026-02-01.txt", "openssl CVE-1\nend\n");
    let whole = fs::read(&file).unwrap();
    let target = Site::new();
    target.publish("lines-2026-01-01.txt", "openssl CVE-0\nend\n");
    run(&target.options(), lines()).unwrap();
    let before = target.files();
    let path = target.root.path().join("archive");
    let plain = zstd::decode_all(&whole[..]).unwrap();
    for length in [0, 3, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(take(&target, &path, false).is_err(), "cut at {length}");
        assert_eq!(target.files(), before, "cut at {length}");
    }
    for at in (0..whole.len()).step_by(7) {
        let mut altered = whole.clone();
        altered[at] ^= 0x20;
        // Some bits of a zstd frame mean nothing: what unpacks to the same bytes is the same archive.
        if zstd::decode_all(&altered[..]).is_ok_and(|bytes| bytes == plain) {
            continue;
        }
        fs::write(&path, altered).unwrap();
        assert!(take(&target, &path, false).is_err(), "altered at {at}");
    }
    assert_eq!(target.files(), before);
    assert_eq!(target.vulnerabilities("openssl"), ["CVE-0"]);
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let (_source, file) = exported("lines-2026-02-01.txt", "openssl CVE-1\nend\n");
    let members = members_of(&file);
    let (manifest, content) = (String::from_utf8(members[0].1.clone()).unwrap(), &members[1].1[..]);
    let name = members[1].0.as_str();
    let digest = manifest.split("\"sha256\": \"").nth(1).unwrap()[..64].to_owned();
    let larger = manifest.replace("\"bytes\": 18", "\"bytes\": 999999999");
    let escaping = manifest.replace(&digest, "../../../../etc/passwd");
    let other_format = manifest.replacen("\"format\": 1", "\"format\": 2", 1);
    let site = Site::new();
    let path = site.root.path().join("archive");
    let cases: [(&str, &[Member<'_>], &str); 9] = [
        ("no manifest", &[(name, content)], "it does not begin with `manifest.json`"),
        ("empty manifest", &[(MANIFEST, b"")], "its manifest cannot be read"),
        ("format", &[(MANIFEST, other_format.as_bytes())], "it has format 2, this program reads 1"),
        ("size", &[(MANIFEST, larger.as_bytes())], "its manifest asks too much for `lines.txt`"),
        ("path", &[(MANIFEST, escaping.as_bytes())], "its manifest asks too much for `lines.txt`"),
        ("file missing", &[(MANIFEST, manifest.as_bytes())], "is not where its manifest says"),
        ("other name", &[(MANIFEST, manifest.as_bytes()), ("../x", content)], "is not where its manifest says"),
        (
            "other bytes",
            &[(MANIFEST, manifest.as_bytes()), (name, b"openssl CVE-2\nend\n")],
            "does not have the digest that its manifest gives",
        ),
        (
            "one more",
            &[(MANIFEST, manifest.as_bytes()), (name, content), ("x", b"x")],
            "it has more files than its manifest names",
        ),
    ];
    for (case, members, why) in cases {
        fs::write(&path, pack(members)).unwrap();
        let error = take(&site, &path, false).unwrap_err().to_string();
        assert!(error.contains(why), "{case}: {error}");
        assert!(site.files().is_empty(), "{case}: {:?}", site.files());
    }
}

#[test]
fn a_manifest_beyond_its_bound_is_not_read() {
    let site = Site::new();
    let path = site.root.path().join("archive");
    let spaces = vec![b' '; usize::try_from(MANIFEST_BYTES_MAX).unwrap() + 1];
    fs::write(&path, pack(&[(MANIFEST, &spaces)])).unwrap();
    let error = take(&site, &path, false).unwrap_err().to_string();
    assert!(error.ends_with("its manifest has more than 4194304 bytes"), "{error}");
}

#[test]
fn a_feed_that_this_program_does_not_know_is_passed_over() {
    let source = Site::new();
    let upstream = || "https://upstream.invalid/".to_owned();
    let more = Vec::leak(vec![
        feed("newer", upstream(), "newer.txt", Pick::Newest),
        feed("lines", upstream(), "lines-*.txt", Pick::Newest),
    ]);
    source.publish("newer.txt", "curl CVE-7\nend\n");
    source.publish("lines-1.txt", "openssl CVE-1\nend\n");
    run(&source.options(), more).unwrap();
    let file = source.root.path().join("feeds.tar.zst");
    assert_eq!(export(&source.data(), &file, more, now()).unwrap(), 2);
    let target = Site::new();
    assert!(take(&target, &file, false).unwrap().is_complete());
    assert_eq!(target.vulnerabilities("openssl"), ["CVE-1"]);
    assert!(target.vulnerabilities("curl").is_empty());
}

#[test]
fn a_bad_document_in_a_whole_archive_is_refused_like_any_other() {
    let (_source, file) = exported("lines-2026-02-01.txt", "openssl CVE-1\nend\n");
    let members = members_of(&file);
    let bad = b"openssl CVE-1\ncut\n";
    let digest = crate::store::hexadecimal(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bad).as_ref());
    let manifest = String::from_utf8(members[0].1.clone()).unwrap();
    let old = manifest.split("\"sha256\": \"").nth(1).unwrap()[..64].to_owned();
    let manifest = manifest.replace(&old, &digest);
    let name = format!("lines/lines.txt-{}", &digest[..16]);
    let site = Site::new();
    let path = site.root.path().join("archive");
    fs::write(&path, pack(&[(MANIFEST, manifest.as_bytes()), (&name, bad)])).unwrap();
    let report = take(&site, &path, false).unwrap();
    assert!(matches!(report.documents[0].outcome, DocumentOutcome::Refused(_)), "{report:?}");
    assert!(site.files().is_empty());
}
