//! Rows of the kernel's source, whose packages are mostly no kernel.

use anyhow::Result;

use super::Facts;
use crate::peers::Row;
use crate::peers::dpkg::Record;

const NO_KERNEL: &str = "headers, libraries and tools from the kernel's source are no kernel";
const OTHER_VERSION: &str = "headers, libraries and tools older than the kernel, which is repaired";
const NOT_RUNNING: &str = "an installed kernel that does not run, or would not boot";
const NO_PACKAGE: &str = "the running kernel is none of the installed ones";
const SIGNED: &str = "a signed kernel image, whose own source name no statement has";

/// Tells whether the tracker files a kernel's flaws under this name: `linux`, `linux-6.12`.
pub(super) fn is_kernel(source: &str) -> bool {
    source == "linux"
        || source.strip_prefix("linux-").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The release of the kernel in an image package; metapackages and debug symbols hold none.
fn image_release(record: &Record) -> Option<&str> {
    let release = record.package.strip_prefix("linux-image-")?;
    let holds = record.is_present() && release.starts_with(|c: char| c.is_ascii_digit()) && !release.ends_with("-dbg");
    holds.then(|| release.strip_suffix("-unsigned").unwrap_or(release))
}

/// `linux` of `linux-signed-amd64`, `linux-6.12` of `linux-signed-6.12-amd64`.
fn unsigned_source(source: &str) -> String {
    match source.strip_prefix("linux-signed-").map(|rest| rest.rsplit_once('-')) {
        None => source.to_owned(),
        Some(None) => "linux".to_owned(),
        Some(Some((series, _architecture))) => format!("linux-{series}"),
    }
}

impl Facts<'_> {
    /// The images that a verdict can be about: of the running release, or the newest.
    fn judged_image(&self) -> Result<Option<&Record>> {
        let mut newest: Option<&Record> = None;
        for record in &self.database.records {
            let Some(release) = image_release(record) else { continue };
            if self.running.is_some_and(|running| running != release) {
                continue;
            }
            let newer = newest.map_or(Ok(true), |newest| (self.is_older)(&newest.version, &record.version))?;
            newest = if newer { Some(record) } else { newest };
        }
        Ok(newest)
    }

    pub(super) fn our_kernel(&self, row: &Row, fixed: Option<&str>) -> Result<Option<&'static str>> {
        let Some(image) = self.judged_image()? else { return Ok(None) };
        let signed = image.source.starts_with("linux-signed-") && unsigned_source(&image.source) == row.source;
        Ok((signed && self.has(&image.version, fixed)?).then_some(SIGNED))
    }

    pub(super) fn their_kernel(&self, present: &[&Record], fixed: Option<&str>) -> Result<Option<&'static str>> {
        if !self.database.records.iter().any(|record| image_release(record).is_some()) {
            return Ok(Some(NO_KERNEL));
        }
        let Some(judged) = self.judged_image()? else { return Ok(Some(NO_PACKAGE)) };
        // The kernel itself has the flaw: then the row was ours to give.
        if self.has(&judged.version, fixed)? {
            return Ok(None);
        }
        let image = present.iter().any(|record| image_release(record).is_some());
        Ok(Some(if image { NOT_RUNNING } else { OTHER_VERSION }))
    }
}

#[test]
fn names_of_the_kernels_source() {
    for (source, unsigned) in [
        ("linux", "linux"),
        ("linux-signed-amd64", "linux"),
        ("linux-signed-6.12-arm64", "linux-6.12"),
        ("linux-6.12", "linux-6.12"),
    ] {
        assert_eq!(unsigned_source(source), unsigned);
        assert!(is_kernel(unsigned));
    }
    assert!(!is_kernel("linux-atm") && !is_kernel("linuxptp"));
}
