//! Generated pairs: a version, real or put together, and a near relative, because most interesting
//! orders are between versions that differ in one place.

use yagura_version::Scheme;

use crate::random::Random;

/// What versions of a scheme are put together from.
struct Shape {
    heads: &'static [&'static str],
    /// What may follow, more than once, and what a mutation puts in.
    pieces: &'static [&'static str],
    tails: &'static [&'static str],
}

const NUMBERS: &[&str] = &["0", "1", "2", "9", "10", "1.0", "1.2.3", "007", "20240101", "6.1"];

const SEMVER_PIECES: &[&str] = &[
    ".",
    ".0",
    ".1",
    ".10",
    "-",
    "-alpha",
    "-alpha.1",
    "-beta.11",
    "-rc.1",
    "-0",
    "-01",
    ".x",
    "+build",
    "+1.2",
    "1",
    "0",
    "a",
    "A",
    "-a-b",
    "99999999999",
    ".9",
];

const SEMVER_HEADS: &[&str] = &["0.0.0", "1.0.0", "1.2.3", "1.10.0", "2.0.0", "0.9.1", "10.0.10"];

fn shape(scheme: Scheme) -> Shape {
    match scheme {
        Scheme::Dpkg => Shape {
            heads: &["0", "1", "2", "9", "10", "6.1", "1:1.0", "2:0", "20240101", "007", "0:1.0"],
            pieces: &[
                "~",
                "~~",
                "+",
                ".",
                "-",
                ":",
                "0",
                "00",
                "1",
                "01",
                "10",
                "9",
                "a",
                "b",
                "Z",
                "z",
                ".0",
                ".1",
                ".10",
                "~rc1",
                "+b1",
                "+dfsg",
                "+git20240101",
                "-rc1",
                "alpha",
                "99999999999999999999",
            ],
            tails: &["", "-0", "-1", "-2", "-10", "-0ubuntu1", "-1~exp1", "-1+b1", "-1+deb12u10", "-1~bpo12+1"],
        },
        Scheme::Rpm => Shape {
            heads: &["0", "1", "2.0", "10", "6.1", "1:1.0", "0:2", "2024", "007", "3.10.0"],
            pieces: &[
                "~",
                "^",
                "^^",
                "~~",
                ".",
                "..",
                "_",
                "+",
                "-",
                ":",
                "0",
                "00",
                "1",
                "01",
                "10",
                "a",
                "b",
                "Z",
                "rc1",
                "~rc1",
                "^git1",
                "^20240101",
                ".el8",
                ".fc40",
                "git",
                "é",
                "99999999999999999999",
            ],
            tails: &[
                "",
                "-1",
                "-1.el8",
                "-1.el8_10",
                "-1.amzn2.0.1",
                "-150300.1.2",
                "-0.1.rc1.fc40",
                "-1.module+el8.5.0+671+195e4563",
            ],
        },
        Scheme::Apk | Scheme::Portage => Shape {
            heads: NUMBERS,
            pieces: &[
                ".0",
                ".1",
                ".01",
                ".010",
                ".10",
                ".100",
                "a",
                "b",
                "z",
                "_alpha",
                "_beta2",
                "_pre",
                "_rc",
                "_rc1",
                "_p",
                "_p1",
                "_p10",
                "_git20240101",
                "_cvs",
                "_svn",
                "_hg1",
                "~cafe",
                "~0",
                "-r",
                "0",
                "1",
                "00",
                ".",
                "_",
                "A",
            ],
            tails: &["", "-r0", "-r1", "-r10", "-r01"],
        },
        Scheme::Alpm => Shape {
            heads: &["0", "1", "2.0", "10", "6.1", "1:1.0", "0:2", "2024", "007", "r12"],
            pieces: &[
                ".",
                "_",
                "+",
                "..",
                "0",
                "1",
                "01",
                "10",
                "a",
                "b",
                "Z",
                "rc1",
                "beta",
                ".a",
                ".r12.gabc",
                "+3+gabc",
                ".0",
                ".1",
                "~",
                "P2",
                "99999999999999999999",
            ],
            tails: &["-1", "-2", "-10", "-1.1", "-01"],
        },
        Scheme::Pep440 => Shape {
            heads: &["0", "1", "1.0", "1.2.3", "1!1.0", "2024.1", "v1", "007", "1.0.0"],
            pieces: &[
                ".0",
                ".1",
                ".10",
                "a1",
                "a",
                "b2",
                "rc1",
                "c1",
                ".post1",
                "-1",
                ".dev0",
                ".dev",
                "+local",
                "+1",
                ".x",
                "-",
                "_",
                ".",
                "RC",
                "alpha",
                "preview",
                "rev",
                "0",
                "1",
                "99999999999999999999",
            ],
            tails: &["", "", ".dev1", ".post2", "+ubuntu.1", "+abc.10"],
        },
        Scheme::Npm => Shape {
            heads: &["0.0.0", "1.0.0", "v1.2.3", "=1.2.3", "2.0.0", "1.2.3beta", "01.2.3"],
            pieces: SEMVER_PIECES,
            tails: &[""],
        },
        Scheme::Cargo => Shape { heads: SEMVER_HEADS, pieces: SEMVER_PIECES, tails: &[""] },
        Scheme::Go => Shape {
            heads: &[
                "v0.0.0", "v1.0.0", "v1.2.3", "v1", "v1.2", "v2.0.0", "v0.9.1", "go1.20", "go1.21", "go1.21.0",
                "go1.22.3",
            ],
            pieces: &[
                ".",
                ".0",
                ".1",
                ".10",
                "-",
                "-alpha",
                "-alpha.1",
                "-rc.1",
                "-0",
                "-01",
                ".x",
                "+build",
                "1",
                "0",
                "a",
                "A",
                "rc1",
                "beta2",
                "rc10",
                "99999999999",
                ".9",
            ],
            tails: &["", "+incompatible", "-20240102150405-abcdef123456", "-0.20240102150405-abcdef123456"],
        },
        Scheme::Gem => Shape {
            heads: NUMBERS,
            pieces: &[
                ".0", ".1", ".10", ".a", ".b1", ".rc1", ".pre", "-1", "-x86", "-", ".", "a", "0", "1", ".00", ".A",
                "-a.b", ".beta.1",
            ],
            tails: &["", "", ".rc.1", "-java"],
        },
        Scheme::Maven => Shape {
            heads: NUMBERS,
            pieces: &[
                ".0",
                ".1",
                "-1",
                "-0",
                ".",
                "-",
                "a1",
                "b",
                "-alpha",
                "-beta-2",
                ".RC1",
                "-rc",
                "-SNAPSHOT",
                ".Final",
                "-ga",
                "-sp",
                "-jre",
                ".jre8",
                "-m2",
                "cr",
                "x",
                "1",
                "0",
                "01",
                "10",
                "v2019",
                "-redhat-1",
                "99999999999999999999",
                "release",
            ],
            tails: &["", "", "-SNAPSHOT", ".Final", ".RELEASE", "-jre"],
        },
        Scheme::NuGet => Shape {
            heads: &["1", "1.0", "1.0.0", "1.0.0.0", "2.1", "0.9.1.10"],
            pieces: SEMVER_PIECES,
            tails: &["", "-Beta", "-beta"],
        },
        Scheme::Composer => Shape {
            heads: &["1", "1.0", "v1.2.3", "1.0.0.0", "2.x", "2010.01.02", "20100102", "V2.0"],
            pieces: &[
                ".0",
                ".1",
                ".10",
                "-alpha",
                "-a1",
                "beta2",
                "-RC1",
                "rc",
                "-patch1",
                "pl2",
                "-p1",
                "-dev",
                ".x-dev",
                "-stable",
                "+build",
                "@dev",
                ".",
                "-",
                "1",
                "0",
                "x",
                "-beta.1.2",
            ],
            tails: &["", "", "-dev", "-RC2"],
        },
    }
}

/// How often a pair may hold what is no version: one in this many.
const STRAY: usize = 12;

/// Returns two versions, now and then near misses of versions.
pub(crate) fn pair(scheme: Scheme, real: &[&str], random: &mut Random) -> (String, String) {
    let shape = shape(scheme);
    loop {
        let a = version(&shape, real, random);
        let mut b = if random.below(6) == 0 { version(&shape, real, random) } else { a.clone() };
        for _ in 0..random.below(4) {
            b = mutate(&shape, random, &b);
        }
        if (scheme.is_valid(&a) && scheme.is_valid(&b)) || random.below(STRAY) == 0 {
            return if random.below(2) == 0 { (a, b) } else { (b, a) };
        }
    }
}

fn version(shape: &Shape, real: &[&str], random: &mut Random) -> String {
    if !real.is_empty() && random.below(2) == 0 {
        return random.pick(real).to_owned();
    }
    let mut text = random.pick(shape.heads).to_owned();
    for _ in 0..random.below(4) {
        text.push_str(random.pick(shape.pieces));
    }
    text.push_str(random.pick(shape.tails));
    text
}

/// Changes one place: puts something in, takes something out, or replaces it.
fn mutate(shape: &Shape, random: &mut Random, text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let place = random.below(characters.len().saturating_add(1));
    let (head, tail) = characters.split_at_checked(place).unwrap_or((&characters, &[]));
    let dropped = random.below(2);
    let mut changed: String = head.iter().collect();
    if random.below(4) > 0 {
        changed.push_str(random.pick(shape.pieces));
    }
    changed.extend(tail.iter().skip(dropped));
    changed
}

/// Tells whether a difference is one that the scheme's module describes: the tool's own answers go
/// in a circle there, and an order cannot follow all of them.
pub(crate) fn is_explained(scheme: Scheme, a: &str, b: &str) -> bool {
    match scheme {
        Scheme::Alpm => [a, b].into_iter().any(|text| {
            // Separators at the end of a part; a release on one side only.
            let (version, release) = text.rsplit_once('-').unwrap_or((text, ""));
            release.is_empty()
                || [version, release].iter().any(|part| part.ends_with(|c: char| !c.is_ascii_alphanumeric()))
        }),
        Scheme::Maven => is_circular(a) || is_circular(b),
        _ => false,
    }
}

/// Tells whether a version has one of the shapes for which Maven's answers form no order.
fn is_circular(text: &str) -> bool {
    let text = text.to_lowercase();
    let bytes = text.as_bytes();
    let letter = |b: Option<&u8>| b.is_some_and(|b| !b.is_ascii_digit() && !matches!(b, b'.' | b'-'));
    let separator = |b: Option<&u8>| b.is_none_or(|b| matches!(b, b'.' | b'-'));
    // An empty item.
    let is_empty = bytes.windows(2).any(|two| two.iter().all(|b| matches!(b, b'.' | b'-'))) || separator(bytes.first());
    // `final1`, which equals nothing at all.
    let is_numbered_release = ["ga", "final", "release"].iter().any(|word| {
        let behind = |tail: &str| tail.strip_prefix('-').unwrap_or(tail).starts_with(|c: char| c.is_ascii_digit());
        text.split(word).skip(1).any(behind)
    });
    let places = || (0..bytes.len()).map(|place| bytes.split_at(place));
    // A zero that begins a list, and a qualifier behind it.
    let has_zero = places().any(|(_, tail)| {
        tail.strip_prefix(b"-0").is_some_and(|tail| {
            let zeros = tail.iter().position(|b| !matches!(b, b'0' | b'.')).unwrap_or(tail.len());
            let behind = tail.get(zeros);
            behind == Some(&b'-') || letter(behind)
        })
    });
    // A qualifier that does not begin a list.
    let has_bare = letter(bytes.first())
        || places().any(|(head, tail)| {
            let word = tail.iter().position(|b| !letter(Some(b))).unwrap_or(tail.len());
            let is_joined =
                tail.get(word) == Some(&b'-') && tail.get(word.saturating_add(1)).is_some_and(u8::is_ascii_digit);
            let is_last = tail.len() == word && !head.is_empty();
            word > 0 && matches!(head.last(), None | Some(b'.')) && separator(tail.get(word)) && !is_joined && !is_last
        });
    is_empty || is_numbered_release || has_zero || has_bare
}
