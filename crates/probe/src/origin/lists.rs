//! Finds out whose package lists apt keeps in `var/lib/apt/lists`.

use yagura_model::{ReadProblem, Text};

use crate::dpkg::stanza::{Stanza, Stanzas};
use crate::host::{ByteLimit, FileKind, Host};
use crate::problem::{Quoted, unreadable};

pub(super) const LISTS: &str = "var/lib/apt/lists";
/// A host with a hundred archives of ten components has two thousand.
const ENTRIES_MAX: usize = 10_000;
/// Debian's own is 150 KiB, nearly all of it checksums.
const RELEASE_LIMIT: ByteLimit = ByteLimit::mib(16);

/// Whose packages an archive holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// The distribution's release and its updates: its advisories speak of these.
    Distribution,
    /// The distribution's backports, of which its advisories do not speak. Their versions say what
    /// they are (`~bpo12+1`), so these lists need not be read.
    Backports,
    /// Somebody else.
    Foreign(String),
}

/// One archive that apt knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Archive {
    pub(super) owner: Owner,
    /// Its package lists, relative to the root.
    pub(super) lists: Vec<String>,
}

/// How apt keeps a list; in container images mostly lz4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Lz4,
    /// We do not unpack it.
    Unsupported,
}

const SUFFIXES: &[(&str, Packing)] = &[
    ("_Packages", Packing::Plain),
    ("_Packages.gz", Packing::Gzip),
    ("_Packages.lz4", Packing::Lz4),
    ("_Packages.xz", Packing::Unsupported),
    ("_Packages.zst", Packing::Unsupported),
    ("_Packages.bz2", Packing::Unsupported),
    ("_Packages.lzma", Packing::Unsupported),
];

/// Tells how a file is packed; `None` when it is no package list.
pub(super) fn packing(name: &str) -> Option<Packing> {
    SUFFIXES.iter().find(|(suffix, _)| name.ends_with(suffix)).map(|(_, packing)| *packing)
}

/// Lists the archives. A package list without a Release file beside it says of nobody whose it is,
/// and is left alone.
pub(super) fn archives(host: &dyn Host, distribution: &str, problems: &mut Vec<ReadProblem>) -> Vec<Archive> {
    let meaning = Text::new(
        "packages from other archives may not be recognised as such",
        "ほかのアーカイブ由来のパッケージを見分けられない可能性があります",
    );
    let names: Vec<String> = match host.list(LISTS, ENTRIES_MAX) {
        Ok(entries) => {
            let files = entries.unwrap_or_default().into_iter().filter(|entry| entry.kind != FileKind::Directory);
            files.map(|entry| entry.name).collect()
        }
        Err(error) => {
            problems.push(unreadable(&error, LISTS, meaning));
            return Vec::new();
        }
    };
    // The part of the name that an archive's files share, and the Release file.
    let mut releases: Vec<(&str, &str)> = Vec::new();
    for suffix in ["InRelease", "Release"] {
        for name in &names {
            if let Some(prefix) = name.strip_suffix(suffix).filter(|prefix| prefix.ends_with('_'))
                && !releases.iter().any(|(known, _)| *known == prefix)
            {
                releases.push((prefix, name));
            }
        }
    }
    releases
        .iter()
        .filter_map(|(prefix, release)| {
            let path = format!("{LISTS}/{release}");
            let bytes = match host.read(&path, RELEASE_LIMIT) {
                Ok(bytes) => bytes?,
                Err(error) => {
                    problems.push(unreadable(&error, &path, meaning));
                    return None;
                }
            };
            // The longest prefix owns a list: `…_bookworm_updates_` next to `…_bookworm_`.
            let is_own = |name: &&String| {
                let longest = releases
                    .iter()
                    .map(|(other, _)| *other)
                    .filter(|other| name.starts_with(other))
                    .max_by_key(|p| p.len());
                packing(name).is_some() && longest == Some(prefix)
            };
            let lists = names.iter().filter(is_own).map(|name| format!("{LISTS}/{name}")).collect();
            Some(Archive { owner: owner(&bytes, prefix, distribution), lists })
        })
        .collect()
}

/// Reads the head of a Release file, signed or not.
fn owner(bytes: &[u8], prefix: &str, distribution: &str) -> Owner {
    let text = String::from_utf8_lossy(bytes);
    let (mut stanzas, mut stanza) = (Stanzas::new(&text), Stanza::default());
    let [mut origin, mut label, mut suite] = [""; 3];
    // A signed file begins with a stanza of its own that names the hash.
    for _ in 0..2 {
        if !stanzas.next_into(&mut stanza) {
            break;
        }
        for field in &stanza.fields {
            match field.name {
                "Origin" => origin = field.value,
                "Label" => label = field.value,
                "Suite" => suite = field.value,
                "Codename" if suite.is_empty() => suite = field.value,
                _ => {}
            }
        }
    }
    let is_distribution = origin.eq_ignore_ascii_case(distribution);
    let is_backports = suite.contains("-backports")
        && (is_distribution || origin.eq_ignore_ascii_case(&format!("{distribution} backports")));
    if is_backports {
        return Owner::Backports;
    }
    if is_distribution {
        return Owner::Distribution;
    }
    // aptly calls an archive `. nodistro` unless told better.
    let name = if origin.is_empty() || origin.starts_with('.') { site(prefix) } else { origin };
    let mut who = Quoted(name).to_string();
    if !label.is_empty() && label != origin {
        who.push_str(&format!(" ({})", Quoted(label)));
    }
    if !suite.is_empty() && !who.contains(suite) {
        who.push_str(&format!(" {}", Quoted(suite)));
    }
    Owner::Foreign(who)
}

/// `deb.example.org` of `deb.example.org_debian_dists_…_`.
fn site(prefix: &str) -> &str {
    prefix.split('_').find(|part| !part.is_empty()).unwrap_or("an archive without a name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    fn release(head: &str) -> String {
        format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{head}MD5Sum:\n 76f5 1 Contents\n-----BEGIN PGP SIGNATURE-----\n\nabc\n"
        )
    }

    #[test]
    fn knows_whose_an_archive_is() {
        let of = |head: &str| owner(release(head).as_bytes(), "deb.example.org_x_dists_y_", "debian");
        assert_eq!(of("Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\n"), Owner::Distribution);
        assert_eq!(of("Origin: Debian Backports\nSuite: stable-backports\n"), Owner::Backports);
        assert_eq!(of("Origin: Debian\nSuite: oldstable-backports-sloppy\n"), Owner::Backports);
        for (head, who) in [
            ("Origin: Docker\nLabel: Docker CE\nSuite: bookworm\n", "Docker (Docker CE) bookworm"),
            ("Origin: . nodistro\nLabel: . nodistro\nSuite: nodistro\n", "deb.example.org nodistro"),
            ("Codename: stable\n", "deb.example.org stable"),
            ("Origin: Debian Fake\nLabel: Debian Fake\n", "Debian Fake"),
            ("", "deb.example.org"),
        ] {
            assert_eq!(of(head), Owner::Foreign(who.into()), "{head}");
        }
        // Unsigned, with the signature in a file of its own.
        assert_eq!(owner(b"Origin: Debian\nSuite: stable\n", "x_", "debian"), Owner::Distribution);
    }

    #[test]
    fn gives_each_list_to_its_archive() {
        let host = MemoryHost::new()
            .file("var/lib/apt/lists/h_dists_b_InRelease", release("Origin: Debian\n"))
            .file("var/lib/apt/lists/h_dists_b_main_binary-amd64_Packages.lz4", "")
            .file("var/lib/apt/lists/h_dists_b_main_i18n_Translation-en", "")
            .file("var/lib/apt/lists/h_dists_b_updates_Release", "Origin: Other\n")
            .file("var/lib/apt/lists/h_dists_b_updates_Release.gpg", "")
            .file("var/lib/apt/lists/h_dists_b_updates_main_binary-all_Packages", "")
            .file("var/lib/apt/lists/unsigned_Packages", "")
            .file("var/lib/apt/lists/partial/z_InRelease", "");
        let archives = archives(&host, "debian", &mut Vec::new());
        let lists: Vec<&[String]> = archives.iter().map(|archive| archive.lists.as_slice()).collect();
        assert_eq!(
            lists,
            [
                ["var/lib/apt/lists/h_dists_b_main_binary-amd64_Packages.lz4"],
                ["var/lib/apt/lists/h_dists_b_updates_main_binary-all_Packages"]
            ]
        );
        assert_eq!(archives[1].owner, Owner::Foreign("Other".into()));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let mut problems = Vec::new();
        let host = MemoryHost::new()
            .denied("var/lib/apt/lists/a_InRelease")
            .file("var/lib/apt/lists/b_Release", vec![b'x'; 16 * 1024 * 1024 + 1]);
        assert!(archives(&host, "debian", &mut problems).is_empty());
        assert_eq!(problems.len(), 2);
        let many = (0..=ENTRIES_MAX).fold(MemoryHost::new(), |host, n| host.file(&format!("{LISTS}/{n}"), ""));
        assert!(archives(&many, "debian", &mut problems).is_empty());
        assert!(problems[2].message.en.contains("10000 entries"));
    }
}
