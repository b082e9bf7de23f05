//! Measures comparing versions, a thousand neighbours of a sorted list a round.
//!
//! `cargo bench -p yagura-version`. Neighbours share long beginnings, as an installed version and
//! the fixed one of an advisory do.

use divan::{Bencher, black_box};
use yagura_version::Scheme;

/// Comparisons a round.
const PAIRS: usize = 1_000;

fn main() {
    divan::main();
}

/// Versions of a usual form, differing in one place or two.
fn versions(scheme: Scheme) -> Vec<String> {
    (0..=PAIRS)
        .map(|n| {
            let (a, b, c) = (n / 100, n / 10 % 10, n % 10);
            match scheme {
                Scheme::Dpkg => format!("1:{a}.{b}.4+dfsg-{c}+deb12u1"),
                Scheme::Rpm => format!("1:{a}.{b}.4-{c}.module+el8.5.0+671+195e4563"),
                Scheme::Apk => format!("{a}.{b}.4_p{c}-r{c}"),
                Scheme::Alpm => format!("1:{a}.{b}.4+{c}+gabcdef-1"),
                Scheme::Portage => format!("{a}.{b}.4_p{c}-r1"),
                Scheme::Pep440 => format!("{a}.{b}.4.post{c}"),
                Scheme::Go => format!("v{a}.{b}.{c}-0.20240102150405-abcdef123456"),
                Scheme::Gem => format!("{a}.{b}.4.rc{c}"),
                Scheme::Maven => format!("{a}.{b}.4-rc-{c}"),
                Scheme::NuGet => format!("{a}.{b}.4.{c}"),
                Scheme::Composer => format!("v{a}.{b}.4-RC{c}"),
                Scheme::Npm | Scheme::Cargo => format!("{a}.{b}.4-rc.{c}"),
            }
        })
        .collect()
}

#[divan::bench(args = Scheme::ALL)]
fn a_thousand_comparisons(bencher: Bencher<'_, '_>, scheme: &Scheme) {
    let versions = versions(*scheme);
    bencher.bench_local(|| {
        versions
            .iter()
            .zip(versions.iter().skip(1))
            .filter(|(a, b)| scheme.compare(black_box(a), black_box(b)).is_lt())
            .count()
    });
}
