//! Sorts a host's packages into what can be judged and what cannot.

use std::borrow::Cow;

use yagura_model::{Exclusion, ExclusionCode, LocalText, Origin, Package, RulesPackage, Snapshot};
use yagura_version::Scheme;

use crate::kernel::{self, KernelPlan};
use crate::verdict::{Installed, VersionError};

/// A source package as installed: binary packages of one source, one source version and one module.
#[derive(Debug, Clone)]
pub(crate) struct Unit<'a> {
    /// The source package that statements name.
    pub(crate) source: Cow<'a, str>,
    /// The version that is compared.
    pub(crate) version: Cow<'a, str>,
    /// The installed binary packages built from it, by name.
    pub(crate) packages: Vec<&'a Package>,
}

impl<'a> Unit<'a> {
    /// Names a source without installed packages.
    pub(crate) const fn bare(source: Cow<'a, str>, version: &'a str) -> Self {
        Self { source, version: Cow::Borrowed(version), packages: Vec::new() }
    }
}

/// A host's packages, sorted for judging.
#[derive(Debug, Default)]
pub(crate) struct Inventory<'a> {
    /// What statements can be held against, by source name, then version.
    pub(crate) units: Vec<Unit<'a>>,
    /// What somebody else built.
    pub(crate) foreign: Vec<Unit<'a>>,
    /// What has a version that is none.
    pub(crate) unparsable: Vec<(Unit<'a>, VersionError)>,
    /// The kernel.
    pub(crate) kernel: KernelPlan<'a>,
}

/// Sorts the present packages of a host's operating system.
pub(crate) fn take<'a>(snapshot: &'a Snapshot, scheme: Scheme) -> Inventory<'a> {
    let mut inventory = Inventory::default();
    let of_the_system = |package: &&Package| package.is_present() && package.kind.is_of_the_system();
    let mut packages: Vec<&Package> = snapshot.packages.iter().filter(of_the_system).collect();
    packages.sort_by(|a, b| order(a).cmp(&order(b)));
    let mut kernels = Vec::new();
    let same = |a: &&Package, b: &&Package| {
        a.source == b.source
            && a.origin.is_foreign() == b.origin.is_foreign()
            && a.provenance.module == b.provenance.module
    };
    for run in packages.chunk_by(same) {
        let Some(one) = run.first() else { continue };
        // A foreign image may be the one that runs, so the kernel's rules see it as well.
        let is_kernel = kernel::names::part(one).is_some();
        if is_kernel {
            kernels.extend_from_slice(run);
        }
        let unit =
            || Unit { packages: run.to_vec(), ..Unit::bare(Cow::Borrowed(&one.source.name), &one.source.version) };
        match Installed::parse(scheme, &one.source.version) {
            _ if one.origin.is_foreign() => inventory.foreign.push(unit()),
            _ if is_kernel => {}
            Err(error) => inventory.unparsable.push((unit(), error)),
            Ok(_) => inventory.units.push(unit()),
        }
    }
    inventory.kernel = kernel::plan(snapshot, &kernels, scheme);
    inventory
}

fn order(package: &Package) -> (&str, &str, bool, Option<&str>, &str, &str) {
    let Package { name, architecture, source, origin, provenance, .. } = package;
    (&source.name, &source.version, origin.is_foreign(), provenance.module.as_deref(), name, architecture)
}

impl Inventory<'_> {
    /// Says what cannot be judged, apart from the kernel, and why.
    pub(crate) fn exclusions(&self) -> Vec<Exclusion> {
        let foreign = self.foreign.iter().map(no_authority);
        foreign.chain(self.unparsable.iter().map(|(unit, error)| unparsable(unit, *error))).collect()
    }
}

fn no_authority(unit: &Unit<'_>) -> Exclusion {
    exclusion(ExclusionCode::NoAuthority, unit, no_authority_reason(unit))
}

/// Says who built a foreign package and what shows it.
pub(crate) fn no_authority_reason(unit: &Unit<'_>) -> LocalText {
    let (who, shown_by) = match unit.packages.first().map(|package| &package.origin) {
        Some(Origin::Foreign { who, shown_by }) => (who.as_str(), shown_by.as_str()),
        _ => ("somebody else", "its record"),
    };
    LocalText::new(
        format!(
            "built by {who}, not by the distribution (shown by {shown_by}): the distribution's statements do not \
             speak of this build; ask {who} for its advisories"
        ),
        format!(
            "ディストリビューションではなく {who} によるビルドです (根拠: {shown_by})。ディストリビューションの\
             脆弱性情報の対象外のため、{who} のアドバイザリを確認してください"
        ),
    )
}

pub(crate) fn unparsable(unit: &Unit<'_>, error: VersionError) -> Exclusion {
    exclusion(ExclusionCode::UnparsableVersion, unit, unparsable_reason(&unit.version, error))
}

/// Says why a version cannot be compared.
pub(crate) fn unparsable_reason(version: &str, error: VersionError) -> LocalText {
    match error {
        VersionError::Deb(error) => LocalText::new(
            format!("`{version}` is not a Debian version ({error}), so it cannot be compared with fixed versions"),
            format!("`{version}` は Debian のバージョン形式ではない ({error}) ため、修正バージョンと比較できません"),
        ),
        VersionError::Other(scheme) => LocalText::new(
            format!("`{version}` is no version by the rules of {scheme}, so it cannot be compared with fixed versions"),
            format!("`{version}` は {scheme} のバージョン形式ではないため、修正バージョンと比較できません"),
        ),
    }
}

/// Makes an exclusion about a source package, placed at its first binary package's record.
pub(crate) fn exclusion(code: ExclusionCode, unit: &Unit<'_>, reason: LocalText) -> Exclusion {
    Exclusion {
        rules_package: RulesPackage::Cve,
        code,
        subject: format!("{} {}", unit.source, unit.version),
        reason,
        place: unit.packages.first().map(|package| package.record.clone()),
    }
}
