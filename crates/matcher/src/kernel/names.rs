//! Which packages are parts of a kernel, under each package manager's names.

use std::borrow::Cow;

use yagura_model::{Package, PackageKind};

/// What a package is to the kernel's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    /// The source package that statements use: `linux`, `linux-aws`, `kernel`.
    pub(crate) source: Cow<'a, str>,
    /// The version that statements compare.
    pub(crate) version: &'a str,
    /// The release name (`uname -r`) of the kernel whose image the package holds.
    pub(crate) image: Option<Cow<'a, str>>,
}

/// Tells what a package is to the kernel's rules; `None` for one that is no part of a kernel.
pub(crate) fn part(package: &Package) -> Option<Part<'_>> {
    let (source, image) = match package.kind {
        PackageKind::Deb => (deb_source(&package.source.name)?, deb_image(&package.name).map(Cow::Borrowed)),
        PackageKind::Rpm => {
            rpm_source(&package.source.name).then_some(())?;
            (Cow::Borrowed(package.source.name.as_str()), rpm_image(package))
        }
        PackageKind::Apk => {
            let flavour = package.source.name.strip_prefix("linux-")?;
            is_apk_flavour(flavour).then_some(())?;
            let image = (package.name == package.source.name).then(|| apk_release(&package.version, flavour));
            (Cow::Borrowed(package.source.name.as_str()), image.flatten())
        }
        PackageKind::Alpm => {
            is_alpm_kernel(&package.source.name).then_some(())?;
            let image = (package.name == package.source.name).then(|| alpm_release(&package.version, &package.name));
            (Cow::Borrowed(package.source.name.as_str()), image.flatten())
        }
        _ => return None,
    };
    Some(Part { source, version: version(package), image })
}

/// Tells whether a package only names the current kernel of a series: `linux-image-amd64`.
pub(crate) fn is_metapackage(package: &Package) -> bool {
    package.kind == PackageKind::Deb
        && package.name.starts_with("linux-image-")
        && deb_image(&package.name).is_none()
        && !package.name.ends_with("-dbg")
}

/// Signed images have a source of their own (`linux-signed-amd64 6.1.119+1`), but carry the version of `linux`.
fn version(package: &Package) -> &str {
    let signed = package.kind == PackageKind::Deb
        && (package.source.name == "linux-signed" || package.source.name.starts_with("linux-signed-"));
    if signed || package.kind != PackageKind::Deb { &package.version } else { &package.source.version }
}

/// Returns the source package that statements use for a Debian or Ubuntu kernel source: `linux` for `linux` and
/// `linux-signed-amd64`, `linux-6.1` for `linux-6.1` and `linux-signed-6.1-arm64`, `linux-aws` for `linux-aws` and
/// `linux-signed-aws`. `None` for every other source.
pub(crate) fn deb_source(source: &str) -> Option<Cow<'_, str>> {
    if source == "linux" || source == "linux-signed" {
        return Some(Cow::Borrowed("linux"));
    }
    let rest = source.strip_prefix("linux-")?;
    let Some(signed) = rest.strip_prefix("signed-") else {
        return (is_series(rest) || is_ubuntu_flavour(rest)).then_some(Cow::Borrowed(source));
    };
    if is_ubuntu_flavour(signed) {
        return Some(Cow::Owned(format!("linux-{signed}")));
    }
    match signed.split_once('-') {
        Some((series, _architecture)) if is_series(series) => Some(Cow::Owned(format!("linux-{series}"))),
        Some(_) => None,
        None => Some(Cow::Borrowed("linux")),
    }
}

/// Ubuntu builds a source for each kind of machine, and for each series of it: `aws`, `aws-6.5`, `hwe-5.15`.
const UBUNTU_FLAVOURS: &[&str] = &[
    "allwinner",
    "aws",
    "aws-fips",
    "azure",
    "azure-fde",
    "azure-fips",
    "bluefield",
    "dell300x",
    "fips",
    "gcp",
    "gcp-fips",
    "gke",
    "gkeop",
    "hwe",
    "hwe-edge",
    "ibm",
    "intel",
    "intel-iot-realtime",
    "intel-iotg",
    "iot",
    "kvm",
    "laptop",
    "lowlatency",
    "lowlatency-hwe",
    "lts-xenial",
    "nvidia",
    "nvidia-tegra",
    "nvidia-tegra-igx",
    "oem",
    "oracle",
    "raspi",
    "raspi2",
    "raspi-realtime",
    "realtime",
    "riscv",
    "snapdragon",
    "starfive",
    "xilinx-zynqmp",
];

fn is_ubuntu_flavour(text: &str) -> bool {
    let (name, series) = match text.rsplit_once('-') {
        Some((name, series)) if is_series(series) => (name, true),
        _ => (text, false),
    };
    UBUNTU_FLAVOURS.contains(&name) || (!series && text.strip_prefix("oem-").is_some_and(|rest| !rest.is_empty()))
}

/// `6.1`, `6.12`, `4.19`.
fn is_series(text: &str) -> bool {
    text.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Returns the kernel release that a Debian image package holds: `6.1.0-28-amd64` for
/// `linux-image-6.1.0-28-amd64-unsigned`. `None` for metapackages (`linux-image-amd64`), debug
/// symbols and everything else.
pub(crate) fn deb_image(package: &str) -> Option<&str> {
    let rest = package.strip_prefix("linux-image-")?;
    let rest = rest.strip_prefix("unsigned-").unwrap_or(rest);
    if !rest.starts_with(|c: char| c.is_ascii_digit()) || rest.ends_with("-dbg") || rest.ends_with("-dbgsym") {
        return None;
    }
    Some(rest.strip_suffix("-unsigned").unwrap_or(rest))
}

/// Sources of kernels on rpm distributions.
fn rpm_source(source: &str) -> bool {
    const EXACT: &[&str] = &[
        "kernel",
        "kernel-rt",
        "kernel-uek",
        "kernel-lt",
        "kernel-ml",
        "kernel-default",
        "kernel-azure",
        "kernel-64kb",
        "kernel-debug",
        "kernel-pae",
        "kernel-xen",
        "kernel-64k",
        "kernel-mshv",
        "kernel-hwe",
        "kernel-longterm",
        "linux",
        "linux-rt",
        "linux-esx",
        "linux-aws",
        "linux-secure",
    ];
    // Amazon names a source for each series: `kernel6.12`.
    EXACT.contains(&source) || source.strip_prefix("kernel").is_some_and(is_series)
}

/// Returns the release of the image in an rpm: its version, release and architecture, and the flavour where the
/// release name has one.
fn rpm_image(package: &Package) -> Option<Cow<'_, str>> {
    let name = package.name.strip_prefix("kernel")?;
    // `kernel-core` holds the image where there is one; `kernel` on older systems, and of Amazon's series.
    let is_image = name.is_empty()
        || is_series(name)
        || matches!(
            name,
            "-core"
                | "-rt"
                | "-rt-core"
                | "-uek"
                | "-uek-core"
                | "-lt"
                | "-lt-core"
                | "-ml"
                | "-ml-core"
                | "-64k-core"
                | "-debug-core"
                | "-rt-debug-core"
                | "-default"
                | "-default-base"
                | "-azure"
                | "-64kb"
                | "-pae"
                | "-xen"
                | "-mshv"
                | "-longterm"
        );
    if !is_image {
        return None;
    }
    let evr = package.version.split_once(':').map_or(package.version.as_str(), |(_, evr)| evr);
    Some(Cow::Owned(match suse_flavour(&package.name) {
        // SUSE's release name lacks the last number, which counts rebuilds: `5.3.18-59.27-default` is of `5.3.18-59.27.1`.
        Some(flavour) => format!("{}-{flavour}", evr.rsplit_once('.').map_or(evr, |(kept, _)| kept)),
        None => {
            let flavour = match name {
                "-rt-core" => "+rt",
                "-64k-core" => "+64k",
                "-debug-core" => "+debug",
                "-rt-debug-core" => "+rt-debug",
                _ => "",
            };
            // Until 9 the real-time kernel carried no mark beside its own version.
            let marked = if evr.contains(".rt") { "" } else { flavour };
            format!("{evr}.{}{marked}", package.architecture)
        }
    }))
}

fn suse_flavour(name: &str) -> Option<&'static str> {
    match name {
        "kernel-default" | "kernel-default-base" => Some("default"),
        "kernel-azure" => Some("azure"),
        "kernel-64kb" => Some("64kb"),
        "kernel-pae" => Some("pae"),
        "kernel-xen" => Some("xen"),
        "kernel-longterm" => Some("longterm"),
        _ => None,
    }
}

fn is_apk_flavour(flavour: &str) -> bool {
    matches!(
        flavour,
        "lts" | "virt" | "edge" | "stable" | "rpi" | "rpi2" | "rpi4" | "vanilla" | "hardened" | "grsec" | "asahi"
    )
}

/// `6.6.58-r0` of flavour `lts` runs as `6.6.58-0-lts`.
fn apk_release<'a>(version: &str, flavour: &str) -> Option<Cow<'a, str>> {
    let (version, revision) = version.rsplit_once("-r")?;
    Some(Cow::Owned(format!("{version}-{revision}-{flavour}")))
}

fn is_alpm_kernel(source: &str) -> bool {
    matches!(source, "linux" | "linux-lts" | "linux-zen" | "linux-hardened" | "linux-rt" | "linux-rt-lts")
}

/// `6.9.1.arch1-1` runs as `6.9.1-arch1-1`; of other flavours as `6.6.30-2-lts`.
fn alpm_release<'a>(version: &str, name: &str) -> Option<Cow<'a, str>> {
    let (upstream, release) = version.rsplit_once('-')?;
    let flavour = name.strip_prefix("linux").unwrap_or_default();
    // The flavour's own counter stands behind the third number.
    let dots: Vec<usize> = upstream.match_indices('.').map(|(place, _)| place).collect();
    let mark = upstream.find(|c: char| c.is_ascii_alphabetic());
    let joined = match mark.and_then(|mark| dots.iter().rev().copied().find(|dot| *dot < mark)) {
        Some(dot) => format!("{}-{}", upstream.get(..dot)?, upstream.get(dot.saturating_add(1)..)?),
        None => upstream.to_owned(),
    };
    let suffix = if mark.is_some() { "" } else { flavour };
    Some(Cow::Owned(format!("{joined}-{release}{suffix}")))
}

#[cfg(test)]
mod tests {
    use yagura_model::SourcePackage;

    use super::*;

    fn image(kind: PackageKind, name: &str, version: &str, source: &str) -> Option<String> {
        let package = Package {
            kind,
            name: name.into(),
            version: version.into(),
            architecture: "x86_64".into(),
            source: SourcePackage { name: source.into(), version: version.into() },
            ..Package::default()
        };
        part(&package)?.image.map(Cow::into_owned)
    }

    #[test]
    fn kernel_sources_map_to_the_source_that_statements_name() {
        for (source, expected) in [
            ("linux", Some("linux")),
            ("linux-signed-amd64", Some("linux")),
            ("linux-signed-arm64", Some("linux")),
            ("linux-6.1", Some("linux-6.1")),
            ("linux-6.12", Some("linux-6.12")),
            ("linux-signed-6.1-amd64", Some("linux-6.1")),
            ("linux-signed", Some("linux")),
            ("linux-aws", Some("linux-aws")),
            ("linux-signed-aws-6.5", Some("linux-aws-6.5")),
            ("linux-hwe-5.15", Some("linux-hwe-5.15")),
            ("linux-signed-hwe-5.15", Some("linux-hwe-5.15")),
            ("linux-oem-6.8", Some("linux-oem-6.8")),
            ("linux-atm", None),
            ("linux-base", None),
            ("linux-meta", None),
            ("linux-meta-aws", None),
            ("linux-signed-x-y", None),
            ("linuxptp", None),
            ("openssl", None),
        ] {
            assert_eq!(deb_source(source).as_deref(), expected, "{source}");
        }
    }

    #[test]
    fn image_packages_name_their_release() {
        for (package, expected) in [
            ("linux-image-6.1.0-28-amd64", Some("6.1.0-28-amd64")),
            ("linux-image-6.1.0-28-amd64-unsigned", Some("6.1.0-28-amd64")),
            ("linux-image-unsigned-5.15.0-91-generic", Some("5.15.0-91-generic")),
            ("linux-image-6.12.43+deb13-cloud-arm64", Some("6.12.43+deb13-cloud-arm64")),
            ("linux-image-amd64", None),
            ("linux-image-cloud-amd64", None),
            ("linux-image-6.1.0-28-amd64-dbg", None),
            ("linux-headers-6.1.0-28-amd64", None),
            ("linux-libc-dev", None),
        ] {
            assert_eq!(deb_image(package), expected, "{package}");
        }
    }

    #[test]
    fn rpm_images_are_named_as_uname_names_them() {
        let rpm = |name, version, source| image(PackageKind::Rpm, name, version, source);
        let is = |found: Option<String>, expected: &str| assert_eq!(found.as_deref(), Some(expected));
        is(rpm("kernel-core", "5.14.0-362.8.1.el9_3", "kernel"), "5.14.0-362.8.1.el9_3.x86_64");
        is(rpm("kernel", "3.10.0-1160.el7", "kernel"), "3.10.0-1160.el7.x86_64");
        is(rpm("kernel", "6.1.102-108.177.amzn2023", "kernel"), "6.1.102-108.177.amzn2023.x86_64");
        is(rpm("kernel6.12", "6.12.20-23.97.amzn2023", "kernel6.12"), "6.12.20-23.97.amzn2023.x86_64");
        is(rpm("kernel-uek-core", "5.15.0-206.153.7.el9uek", "kernel-uek"), "5.15.0-206.153.7.el9uek.x86_64");
        is(rpm("kernel-rt-core", "5.14.0-427.13.1.el9_4", "kernel"), "5.14.0-427.13.1.el9_4.x86_64+rt");
        is(rpm("kernel-rt-core", "4.18.0-553.rt7.342.el8", "kernel-rt"), "4.18.0-553.rt7.342.el8.x86_64");
        is(rpm("kernel-default", "5.3.18-59.27.1", "kernel-default"), "5.3.18-59.27-default");
        for (name, source) in [("kernel-headers", "kernel"), ("kernel-tools", "kernel"), ("perf", "kernel")] {
            assert_eq!(rpm(name, "5.14.0-362.el9", source), None, "{name}");
        }
        assert_eq!(rpm("kernel-livepatch-6.1.102-108.177", "1.0-4.amzn2023", "kernel-livepatch-6.1.102"), None);
    }

    #[test]
    fn alpine_and_arch_name_theirs_too() {
        let is = |found: Option<String>, expected: &str| assert_eq!(found.as_deref(), Some(expected));
        is(image(PackageKind::Apk, "linux-lts", "6.6.58-r0", "linux-lts"), "6.6.58-0-lts");
        is(image(PackageKind::Alpm, "linux", "6.9.1.arch1-1", "linux"), "6.9.1-arch1-1");
        is(image(PackageKind::Alpm, "linux-lts", "6.6.30-2", "linux-lts"), "6.6.30-2-lts");
        is(image(PackageKind::Alpm, "linux-zen", "6.9.1.zen1-1", "linux-zen"), "6.9.1-zen1-1");
        assert_eq!(image(PackageKind::Apk, "linux-headers", "6.6-r0", "linux-headers"), None);
    }
}
