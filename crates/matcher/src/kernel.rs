//! Which kernel a host is judged by, and which packages of the kernel's source are no kernel.
//!
//! One source package, `linux`, builds the kernel images, the headers and a handful of programs,
//! and the tracker lists thousands of flaws for it. Counted by package, one flaw would appear
//! ten times, and on every container that has `linux-libc-dev` for its C compiler. So:
//!
//! | host | judged by |
//! |---|---|
//! | live machine | the kernel that runs: its image package, or the version that it reports |
//! | live machine whose kernel is not a package | nothing: exclusion `no-authority` |
//! | container | nothing, the kernel is its host's: exclusion `kernel-of-the-host` |
//! | directory tree with images | the newest installed image, which would boot |
//! | neither image nor running kernel, but headers or tools | nothing: `kernel-headers-only` |
//!
//! Images that neither run nor would run after a reboot are not judged: `superseded-kernel`.
//! A flaw that the newest installed image repairs but the running kernel still has is found as
//! *reboot pending*.

pub(crate) mod names;

use std::borrow::Cow;
use std::cmp::Ordering;

use yagura_model::finding::KernelVerdict;
use yagura_model::{Exclusion, ExclusionCode, LocalText, Package, PackageKind, RulesPackage, Snapshot};
use yagura_version::Scheme;

use crate::inventory::Unit;
use names::part;

/// What is to be judged of the kernel, and what is not.
#[derive(Debug, Clone, Default)]
pub(crate) struct KernelPlan<'a> {
    /// The kernel to judge.
    pub(crate) judged: Option<JudgedKernel<'a>>,
    /// Packages of the kernel's source that stand for no kernel of this host. Their flaws are
    /// counted for the exclusion, not found.
    pub(crate) not_counted: Vec<NotCounted<'a>>,
    /// What else cannot be judged.
    pub(crate) exclusions: Vec<Exclusion>,
}

/// The kernel to judge.
#[derive(Debug, Clone)]
pub(crate) struct JudgedKernel<'a> {
    /// Source, version and image packages.
    pub(crate) unit: Unit<'a>,
    /// `6.1.0-28-amd64`.
    pub(crate) release: Cow<'a, str>,
    /// How its versions are ordered.
    pub(crate) scheme: Scheme,
    /// It runs; otherwise it would boot.
    pub(crate) running: bool,
    /// The newest installed image, where it is newer than the one that runs.
    pub(crate) waiting: Option<Waiting<'a>>,
}

/// A newer image that is installed and does not run.
#[derive(Debug, Clone)]
pub(crate) struct Waiting<'a> {
    pub(crate) release: Cow<'a, str>,
    pub(crate) version: &'a str,
}

impl JudgedKernel<'_> {
    /// Returns the verdict on a flaw that is fixed in `fixed`, or not at all.
    pub(crate) fn verdict(&self, fixed: Option<&str>) -> KernelVerdict {
        let release = self.release.clone().into_owned();
        if !self.running {
            return KernelVerdict::WouldBoot { release };
        }
        match (&self.waiting, fixed) {
            (Some(waiting), Some(fixed)) if self.scheme.compare(waiting.version, fixed) != Ordering::Less => {
                let same_name = waiting.release == self.release;
                let version = if same_name { format!(" ({})", waiting.version) } else { String::new() };
                KernelVerdict::RebootPending { running: release, installed: format!("{}{version}", waiting.release) }
            }
            _ => KernelVerdict::Running { release },
        }
    }
}

/// Packages of the kernel's source that stand for no kernel of this host.
#[derive(Debug, Clone)]
pub(crate) struct NotCounted<'a> {
    pub(crate) unit: Unit<'a>,
    /// The host is a container; otherwise there is just no image.
    pub(crate) container: bool,
}

impl NotCounted<'_> {
    /// Says how many flaws are not counted and why.
    pub(crate) fn exclusion(&self, flaws: usize) -> Exclusion {
        let code = if self.container { ExclusionCode::KernelOfTheHost } else { ExclusionCode::KernelHeadersOnly };
        crate::inventory::exclusion(code, &self.unit, self.reason(flaws))
    }

    pub(crate) fn reason(&self, flaws: usize) -> LocalText {
        let source = &self.unit.source;
        let mut names: Vec<&str> = self.unit.packages.iter().map(|package| package.name.as_str()).collect();
        names.dedup();
        let names = names.join(", ");
        // Of a flaw that is repaired in this version there is nothing to count.
        let (left_out, left_out_ja) = match flaws {
            0 => (format!("nothing of `{source}` is counted"), format!("`{source}` の脆弱性")),
            _ => (
                format!("{} of `{source}` not counted", crate::matching::flaws(flaws)),
                format!("`{source}` の脆弱性 {flaws} 件"),
            ),
        };
        if self.container {
            LocalText::new(
                format!("a container runs its host's kernel: {left_out} for {names}; assess the host"),
                format!(
                    "コンテナはホストのカーネルで動作します。{names} に対する{left_out_ja}は数えて\
                     いません。ホスト側を評価してください"
                ),
            )
        } else {
            LocalText::new(
                format!(
                    "headers and user-space tools are no kernel, and no kernel image is installed: {left_out} \
                     for {names}"
                ),
                format!(
                    "ヘッダーやユーザー空間ツールはカーネルではなく、カーネルイメージもインストールされていません。\
                     {names} に対する{left_out_ja}は数えていません"
                ),
            )
        }
    }
}

/// An installed kernel image.
#[derive(Debug, Clone)]
struct Image<'a> {
    source: Cow<'a, str>,
    release: Cow<'a, str>,
    version: &'a str,
    package: &'a Package,
}

/// Decides which kernel is judged; `packages` are those of kernel sources, sorted.
pub(crate) fn plan<'a>(snapshot: &'a Snapshot, packages: &[&'a Package], scheme: Scheme) -> KernelPlan<'a> {
    let container = snapshot.host.virtualization.shares_kernel();
    let images: Vec<Image<'a>> = packages.iter().copied().filter_map(image).collect();
    let mut plan = KernelPlan::default();
    if container {
        plan.not_counted = not_counted(packages, true);
        return plan;
    }
    let planner = Planner { images: &images, scheme };
    let newest = images.iter().filter(|image| !image.package.origin.is_foreign()).max_by(|a, b| planner.newer(a, b));
    match snapshot.kernel.running.as_deref() {
        Some(release) => planner.running(&mut plan, snapshot, release, newest),
        None => plan.judged = newest.map(|image| planner.judged(image, image.version, false, None)),
    }
    if plan.judged.is_none() && newest.is_none() {
        plan.not_counted = not_counted(packages, false);
    }
    let stays = |image: &&Image<'_>| {
        let judged = plan.judged.as_ref();
        let waiting = judged.and_then(|judged| judged.waiting.as_ref()).map(|waiting| &waiting.release);
        judged.map(|judged| &judged.release) == Some(&image.release) || waiting == Some(&image.release)
    };
    let native = images.iter().filter(|image| !image.package.origin.is_foreign());
    let superseded: Vec<Exclusion> = native.filter(|image| !stays(image)).map(superseded).collect();
    plan.exclusions.extend(superseded);
    plan
}

fn image(package: &Package) -> Option<Image<'_>> {
    let part = part(package)?;
    Some(Image { source: part.source, release: part.image?, version: part.version, package })
}

struct Planner<'p, 'a> {
    images: &'p [Image<'a>],
    scheme: Scheme,
}

impl<'a> Planner<'_, 'a> {
    fn newer(&self, a: &Image<'_>, b: &Image<'_>) -> Ordering {
        self.scheme.compare(a.version, b.version).then_with(|| a.release.cmp(&b.release))
    }

    /// Judges the kernel that runs, by what it says of itself, else by its package.
    fn running(&self, plan: &mut KernelPlan<'a>, snapshot: &'a Snapshot, release: &'a str, newest: Option<&Image<'a>>) {
        let own = self.images.iter().filter(|image| image.release == release).max_by(|a, b| self.newer(a, b));
        // An image that was upgraded in place keeps its name; what runs is what the kernel reports.
        let reported = snapshot.kernel.running_package_version.as_deref().filter(|_| self.scheme == Scheme::Dpkg);
        if own.is_some_and(|image| image.package.origin.is_foreign()) {
            return;
        }
        let version = reported.or(own.map(|image| image.version));
        let Some(version) = version.filter(|version| !version.contains("~bpo")) else {
            plan.exclusions.push(not_a_package(release));
            return;
        };
        let is_newer = |image: &&Image<'_>| self.scheme.compare(image.version, version) == Ordering::Greater;
        let waiting =
            newest.filter(is_newer).map(|image| Waiting { release: image.release.clone(), version: image.version });
        plan.judged = Some(match own {
            Some(image) => self.judged(image, version, true, waiting),
            // The package was removed, its kernel still runs.
            None => JudgedKernel {
                unit: Unit::bare(Cow::Borrowed("linux"), version),
                release: Cow::Borrowed(release),
                scheme: self.scheme,
                running: true,
                waiting,
            },
        });
    }

    fn judged(
        &self,
        image: &Image<'a>,
        version: &'a str,
        running: bool,
        waiting: Option<Waiting<'a>>,
    ) -> JudgedKernel<'a> {
        // The signed and the unsigned package of one kernel can be there side by side.
        let same = self.images.iter().filter(|other| other.release == image.release);
        let packages = same.map(|other| other.package).collect();
        let unit = Unit { packages, ..Unit::bare(image.source.clone(), version) };
        JudgedKernel { unit, release: image.release.clone(), scheme: self.scheme, running, waiting }
    }
}

fn not_counted<'a>(packages: &[&'a Package], container: bool) -> Vec<NotCounted<'a>> {
    let mut groups: Vec<NotCounted<'a>> = Vec::new();
    for &package in packages.iter().filter(|package| !package.origin.is_foreign()) {
        let Some(part) = part(package) else { continue };
        match groups.iter_mut().find(|group| group.unit.source == part.source && group.unit.version == part.version) {
            Some(group) => group.unit.packages.push(package),
            None => {
                let unit = Unit { packages: vec![package], ..Unit::bare(part.source, part.version) };
                groups.push(NotCounted { unit, container });
            }
        }
    }
    groups
}

fn superseded(image: &Image<'_>) -> Exclusion {
    let name = &image.package.name;
    let command = match image.package.kind {
        PackageKind::Deb => "apt-get autoremove --purge".to_owned(),
        PackageKind::Apk => format!("apk del {name}"),
        PackageKind::Alpm => format!("pacman -R {name}"),
        _ => format!("rpm -e {name}-{}", image.package.version),
    };
    Exclusion {
        rules_package: RulesPackage::Cve,
        code: ExclusionCode::SupersededKernel,
        subject: format!("{} {}", image.package.name, image.version),
        reason: LocalText::new(
            format!(
                "this kernel is installed, but it is neither the one that runs nor the one that would run after a \
                 reboot, so its vulnerabilities are not counted; `{command}` removes kernels that are no longer needed"
            ),
            format!(
                "このカーネルはインストールされていますが、実行中でも次回起動時に使われるものでもないため、脆弱性を\
                 数えていません。不要なカーネルは `{command}` で削除できます"
            ),
        ),
        place: Some(image.package.record.clone()),
    }
}

fn not_a_package(release: &str) -> Exclusion {
    Exclusion {
        rules_package: RulesPackage::Cve,
        code: ExclusionCode::NoAuthority,
        subject: format!("kernel {release}"),
        reason: LocalText::new(
            "the running kernel is not a package of this distribution, so the distribution's statements do not speak \
             of it; ask whoever built it for its advisories",
            "実行中のカーネルはこのディストリビューションのパッケージではないため、ディストリビューションの脆弱性情報の\
             対象外です。カーネルの提供元のアドバイザリを確認してください",
        ),
        place: None,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::sample::{contained, host, judge, running};

    const OLD: &str = "linux-image-6.1.0-25-amd64 6.1.106-3 linux-signed-amd64 6.1.106+3";
    const NOW: &str = "linux-image-6.1.0-28-amd64 6.1.119-1 linux-signed-amd64 6.1.119+1";
    const NEW: &str = "linux-image-6.1.0-31-amd64 6.1.128-1 linux-signed-amd64 6.1.128+1";
    const META: &str = "linux-image-amd64 6.1.128-1 linux-signed-amd64 6.1.128+1";
    const LIBC: &str = "linux-libc-dev 6.1.119-1 linux";
    const PERF: &str = "linux-perf 6.1.119-1 linux";

    /// Fixed before what runs; in what waits; after both; not at all.
    const FLAWS: &[&str] = &[
        "linux CVE-1 fixed 6.1.112-1",
        "linux CVE-2 fixed 6.1.123-1",
        "linux CVE-3 fixed 6.1.133-1",
        "linux CVE-4 open",
    ];

    #[test]
    fn the_running_kernel_is_judged_once() {
        let machine = running(host(&[NOW, META, LIBC, PERF]), "6.1.0-28-amd64", Some("6.1.119-1"));
        assert_snapshot!(judge(&machine, FLAWS), @r#"
        CVE-2 linux 6.1.119-1 [linux-image-6.1.0-28-amd64] Fixable { fixed: "6.1.123-1" } Running { release: "6.1.0-28-amd64" }
        CVE-3 linux 6.1.119-1 [linux-image-6.1.0-28-amd64] Fixable { fixed: "6.1.133-1" } Running { release: "6.1.0-28-amd64" }
        CVE-4 linux 6.1.119-1 [linux-image-6.1.0-28-amd64] Unfixed open Running { release: "6.1.0-28-amd64" }
        "#);
    }

    #[test]
    fn a_newer_image_makes_its_fixes_wait_for_a_reboot() {
        let machine = running(host(&[OLD, NOW, NEW, META]), "6.1.0-28-amd64", None);
        assert_snapshot!(judge(&machine, FLAWS), @r#"
        CVE-2 linux 6.1.119-1 [linux-image-6.1.0-28-amd64] Fixable { fixed: "6.1.123-1" } RebootPending { running: "6.1.0-28-amd64", installed: "6.1.0-31-amd64" }
        CVE-3 linux 6.1.119-1 [linux-image-6.1.0-28-amd64] Fixable { fixed: "6.1.133-1" } Running { release: "6.1.0-28-amd64" }
        CVE-4 linux 6.1.119-1 [linux-image-6.1.0-28-amd64] Unfixed open Running { release: "6.1.0-28-amd64" }
        ! superseded-kernel: linux-image-6.1.0-25-amd64 6.1.106-3: this kernel is installed, but it is neither the one that runs nor the one that would run after a reboot, so its vulnerabilities are not counted; `apt-get autoremove --purge` removes kernels that are no longer needed
        "#);
    }

    /// The image was upgraded under one name; what runs is what the kernel reports.
    #[test]
    fn an_image_upgraded_in_place_waits_too() {
        let machine = running(host(&[NOW]), "6.1.0-28-amd64", Some("6.1.106-3"));
        assert_snapshot!(judge(&machine, &["linux CVE-1 fixed 6.1.112-1"]), @r#"CVE-1 linux 6.1.106-3 [linux-image-6.1.0-28-amd64] Fixable { fixed: "6.1.112-1" } RebootPending { running: "6.1.0-28-amd64", installed: "6.1.0-28-amd64 (6.1.119-1)" }"#);
    }

    #[test]
    fn a_kernel_whose_package_was_removed_still_runs() {
        let machine = running(host(&[NEW]), "6.1.0-28-amd64", Some("6.1.119-1"));
        assert_snapshot!(judge(&machine, &FLAWS[..2]), @r#"CVE-2 linux 6.1.119-1 [] Fixable { fixed: "6.1.123-1" } RebootPending { running: "6.1.0-28-amd64", installed: "6.1.0-31-amd64" }"#);
    }

    #[test]
    fn a_kernel_that_is_no_package_is_not_judged() {
        let machine = running(host(&[NEW, LIBC]), "6.18.0-custom", None);
        assert_snapshot!(judge(&machine, FLAWS), @"
        ! no-authority: kernel 6.18.0-custom: the running kernel is not a package of this distribution, so the distribution's statements do not speak of it; ask whoever built it for its advisories
        ! superseded-kernel: linux-image-6.1.0-31-amd64 6.1.128-1: this kernel is installed, but it is neither the one that runs nor the one that would run after a reboot, so its vulnerabilities are not counted; `apt-get autoremove --purge` removes kernels that are no longer needed
        ");
        let bare = running(host(&[LIBC]), "6.18.0-custom", None);
        assert_snapshot!(judge(&bare, FLAWS), @"
        ! no-authority: kernel 6.18.0-custom: the running kernel is not a package of this distribution, so the distribution's statements do not speak of it; ask whoever built it for its advisories
        ! kernel-headers-only: linux 6.1.119-1: headers and user-space tools are no kernel, and no kernel image is installed: 3 vulnerabilities of `linux` not counted for linux-libc-dev
        ");
    }

    #[test]
    fn a_backported_kernel_has_no_authority() {
        let image =
            "linux-image-6.12.9+bpo-amd64 6.12.9-1~bpo12+1 linux-signed-amd64 6.12.9+1~bpo12+1 @bookworm-backports";
        let machine = running(host(&[image, NOW]), "6.12.9+bpo-amd64", Some("6.12.9-1~bpo12+1"));
        let said = judge(&machine, FLAWS);
        assert!(!said.contains("CVE"), "{said}");
        assert!(
            said.contains("! no-authority: linux-signed-amd64 6.12.9+1~bpo12+1: built by bookworm-backports"),
            "{said}"
        );
        assert!(said.contains("! superseded-kernel: linux-image-6.1.0-28-amd64"), "{said}");
        // Its package is gone, but the version that it reports says where it came from.
        let gone = running(host(&[]), "6.12.9+bpo-amd64", Some("6.12.9-1~bpo12+1"));
        assert!(judge(&gone, FLAWS).starts_with("! no-authority: kernel 6.12.9+bpo-amd64"));
    }

    #[test]
    fn a_tree_is_judged_by_the_image_that_would_boot() {
        assert_snapshot!(judge(&host(&[NEW, NOW, META, LIBC]), &FLAWS[1..3]), @r#"
        CVE-3 linux 6.1.128-1 [linux-image-6.1.0-31-amd64] Fixable { fixed: "6.1.133-1" } WouldBoot { release: "6.1.0-31-amd64" }
        ! superseded-kernel: linux-image-6.1.0-28-amd64 6.1.119-1: this kernel is installed, but it is neither the one that runs nor the one that would run after a reboot, so its vulnerabilities are not counted; `apt-get autoremove --purge` removes kernels that are no longer needed
        "#);
    }

    #[test]
    fn headers_and_tools_are_no_kernel() {
        assert_snapshot!(judge(&host(&[LIBC, PERF, "bpftool 7.1.0+6.1.119-1 linux 6.1.119-1"]), FLAWS), @"! kernel-headers-only: linux 6.1.119-1: headers and user-space tools are no kernel, and no kernel image is installed: 3 vulnerabilities of `linux` not counted for bpftool, linux-libc-dev, linux-perf");
    }

    #[test]
    fn a_container_has_no_kernel_of_its_own() {
        let container = contained(running(host(&[LIBC, NOW]), "6.1.0-28-amd64", Some("6.1.119-1")));
        assert_snapshot!(judge(&container, FLAWS), @"! kernel-of-the-host: linux 6.1.119-1: a container runs its host's kernel: 3 vulnerabilities of `linux` not counted for linux-libc-dev, linux-image-6.1.0-28-amd64; assess the host");
        assert_eq!(judge(&contained(running(host(&["bash 5.2"]), "6.1.0-28-amd64", None)), FLAWS), "");
    }

    /// A newer series in an old release has a source package, and statements, of its own.
    #[test]
    fn a_series_of_its_own_is_judged_by_its_own_statements() {
        let image = "linux-image-6.12.43+deb12-amd64 6.12.43-1~deb12u1 linux-signed-6.12-amd64 6.12.43+1~deb12u1";
        let machine = running(host(&[image]), "6.12.43+deb12-amd64", None);
        assert_snapshot!(judge(&machine, &["linux CVE-1 open", "linux-6.12 CVE-2 open"]), @r#"CVE-2 linux-6.12 6.12.43-1~deb12u1 [linux-image-6.12.43+deb12-amd64] Unfixed open Running { release: "6.12.43+deb12-amd64" }"#);
    }

    #[test]
    fn signed_and_unsigned_packages_are_one_kernel() {
        let unsigned = "linux-image-6.1.0-28-amd64-unsigned 6.1.119-1+b1 linux 6.1.119-1";
        let machine = running(host(&[NOW, unsigned]), "6.1.0-28-amd64", None);
        assert_snapshot!(judge(&machine, &["linux CVE-1 open"]), @r#"CVE-1 linux 6.1.119-1 [linux-image-6.1.0-28-amd64-unsigned linux-image-6.1.0-28-amd64] Unfixed open Running { release: "6.1.0-28-amd64" }"#);
    }

    #[test]
    fn a_report_that_is_no_version_is_not_judged() {
        let machine = running(host(&[NOW]), "6.1.0-28-amd64", Some("6.1_x"));
        assert!(judge(&machine, FLAWS).starts_with("! unparsable-version: linux 6.1_x"));
    }
}
