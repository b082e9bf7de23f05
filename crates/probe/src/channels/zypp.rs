//! zypper: repositories, locks, installed products.

use yagura_model::{Channels, Pin, Release, SourceLine};

use super::files::{Files, tamed};
use super::variables::Variables;
use super::yum;

const FOLDER: &str = "etc/zypp/repos.d";
const LOCKS: &str = "etc/zypp/locks";
/// `baseproduct` beside them is a link to one of them.
const PRODUCTS: &str = "etc/products.d";

pub(super) fn read(
    files: &mut Files<'_>,
    release: Option<&Release>,
    architecture: Option<&str>,
    channels: &mut Channels,
) {
    let paths = files.list(FOLDER, &[".repo"]);
    if !paths.is_empty() {
        let variables = Variables::read(files, release, architecture);
        for path in paths {
            if let Some(text) = files.text(&path) {
                yum::take(&text, &path, &variables, channels);
            }
        }
    }
    if let Some(text) = files.text(LOCKS) {
        channels.pins.extend(locks(&text));
    }
    for path in files.list(PRODUCTS, &[".prod"]) {
        let text = files.text(&path).unwrap_or_default();
        // The product's own elements come first; those of what it needs have attributes only.
        if let (Some(name), Some(version)) = (element(&text, "name"), element(&text, "version")) {
            let product = format!("{name}:{version}");
            if !channels.products.contains(&product) {
                channels.products.push(product);
            }
        }
    }
}

/// Reads stanzas of `type: package` and `solvable_name: kernel-default`.
fn locks(text: &str) -> Vec<Pin> {
    let mut pins: Vec<Pin> = Vec::new();
    let mut is_package = true;
    for (number, line) in (1..).zip(text.lines()) {
        match line.split_once(':').map(|(key, value)| (key.trim(), value.trim())) {
            None => is_package = true,
            Some(("type", kind)) => is_package = kind == "package",
            Some(("solvable_name", name)) if is_package && !name.is_empty() => pins.push(Pin {
                package: tamed(name),
                rule: "zypper lock".to_owned(),
                place: SourceLine::at(LOCKS, number),
            }),
            Some(("version", version)) => {
                if let Some(pin) = pins.last_mut().filter(|_| is_package) {
                    pin.rule = format!("zypper lock {}", tamed(version));
                }
            }
            Some(_) => {}
        }
    }
    pins
}

/// The text of the first element of this name.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once(&format!("</{name}>"))?;
    Some(tamed(value)).filter(|value| !value.is_empty() && !value.contains(['<', ' ', ':']))
}

#[cfg(test)]
mod tests {
    use super::super::sample::told;
    use crate::MemoryHost;

    #[test]
    fn repositories_locks_and_products() {
        let product = |name: &str, version: &str| {
            format!(
                "<?xml version=\"1.0\"?>\n<product schemeversion=\"0\">\n  <vendor>SUSE</vendor>\n  <name>{name}</name>\n  <version>{version}</version>\n  <productdependency relationship=\"requires\" name=\"x\"/>\n</product>\n"
            )
        };
        let host = MemoryHost::new()
            .file("etc/zypp/repos.d/SLE.repo", "[SLE:Updates]\nname=Updates\nenabled=1\nautorefresh=1\nbaseurl=https://updates.suse.com/SUSE/Updates/SLE-Module-Basesystem/15-SP3/x86_64/update/?token\nservice=x\n")
            .file("etc/zypp/locks", "\ntype: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: kernel-default\n\ntype: patch\nsolvable_name: p\n\ntype: package\nsolvable_name: vim\nversion: > 9\n")
            .file("etc/products.d/SLES.prod", product("SLES", "15.3"))
            .file("etc/products.d/sle-module-basesystem.prod", product("sle-module-basesystem", "15.3"))
            .file("etc/products.d/broken.prod", "<name>x")
            .link("etc/products.d/baseproduct", "SLES.prod");
        insta::assert_snapshot!(told(&host), @r"
        SLE:Updates [Updates] https://updates.suse.com/SUSE/Updates/SLE-Module-Basesystem/15-SP3/x86_64/update/ - /etc/zypp/repos.d/SLE.repo:1
        product SLES:15.3
        product sle-module-basesystem:15.3
        pin kernel-default: zypper lock /etc/zypp/locks:5
        pin vim: zypper lock > 9 /etc/zypp/locks:11
        ");
    }
}
