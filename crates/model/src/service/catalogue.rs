//! The rules packages as the API names them: the original ARNs of each region.

use crate::{RulesPackage, Text};

/// One rules package of one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// `arn:aws:inspector:us-west-2:758058086616:rulespackage/0-9hgA516p`.
    pub arn: String,
    /// Which rules it holds.
    pub package: RulesPackage,
    /// The name without the version.
    pub name: Text,
    /// `1.1`.
    pub version: &'static str,
    /// What it judges.
    pub description: Text,
}

/// One region's service account and the ids of its packages.
struct Region {
    name: &'static str,
    account: &'static str,
    cve: &'static str,
    best_practices: &'static str,
}

const fn region(name: &'static str, account: &'static str, cve: &'static str, best_practices: &'static str) -> Region {
    Region { name, account, cve, best_practices }
}

/// The published ids. Templates, scripts and integrations have them written down, so the same
/// region keeps the same ids here.
const REGIONS: &[Region] = &[
    region("us-east-1", "316112463485", "0-gEjTy7T7", "0-R01qwB5Q"),
    region("us-east-2", "646659390643", "0-JnA8Zp85", "0-AxKmMHPX"),
    region("us-west-1", "166987590008", "0-TKgzoVOa", "0-byoQRFYm"),
    region("us-west-2", "758058086616", "0-9hgA516p", "0-JJOtZiqQ"),
    region("ap-south-1", "162588757376", "0-LqnJE9dO", "0-fs0IZZBj"),
    region("ap-northeast-2", "526946625049", "0-PoGHMznc", "0-2WRpmi4n"),
    region("ap-southeast-2", "454640832652", "0-D5TGAxiR", "0-asL6HRgN"),
    region("ap-northeast-1", "406045910587", "0-gHP9oWNT", "0-bBUQnxMq"),
    region("eu-central-1", "537503971621", "0-wNqHa8M9", "0-ZujVHEPB"),
    region("eu-west-1", "357557129151", "0-ubA5XvBh", "0-SnojL3Z6"),
    region("eu-west-2", "146838936955", "0-kZGCqcE1", "0-XApUiSaP"),
    region("eu-north-1", "453420244670", "0-IgdgIewd", "0-HfBQSbSf"),
    region("us-gov-east-1", "206278770380", "0-3IFKFuOb", "0-vlgEGcVD"),
    region("us-gov-west-1", "850862329162", "0-4oQgcI4G", "0-rOTGqe5G"),
];

/// Lists the rules packages that can be used in a region, in the order of their introduction.
///
/// A region that the original did not have gets the ids of `us-east-1` under its own name.
pub fn catalogue(region: &str) -> Vec<CatalogueEntry> {
    let ids = REGIONS.iter().find(|known| known.name == region).or_else(|| REGIONS.first());
    let Some(ids) = ids else { return Vec::new() };
    let arn = |id: &str| {
        format!("arn:{}:inspector:{region}:{}:rulespackage/{id}", super::scope::partition(region), ids.account)
    };
    vec![
        CatalogueEntry {
            arn: arn(ids.cve),
            package: RulesPackage::Cve,
            name: RulesPackage::Cve.name(),
            version: "1.1",
            description: Text::new(
                "The rules in this package help verify whether the hosts in your assessment targets are exposed to \
                 Common Vulnerabilities and Exposures (CVEs): each installed package is compared with what its \
                 distribution says of it.",
                "このパッケージのルールは、評価ターゲットのホストが共通脆弱性識別子 (CVE) に該当するかどうかを、導入済みパッケージごとにディストリビューションの情報と照合して確認します。",
            ),
        },
        CatalogueEntry {
            arn: arn(ids.best_practices),
            package: RulesPackage::BestPractices,
            name: RulesPackage::BestPractices.name(),
            version: "1.1",
            description: Text::new(
                "The rules in this package help determine whether your systems are configured securely: logins over \
                 SSH, passwords, memory protection and the permissions of system directories.",
                "このパッケージのルールは、SSH によるログイン、パスワード、メモリー保護、システムディレクトリのアクセス権など、システムが安全に設定されているかどうかを確認します。",
            ),
        },
    ]
}

/// Finds the rules package that an ARN names in a region.
pub fn find(region: &str, arn: &str) -> Option<CatalogueEntry> {
    catalogue(region).into_iter().find(|entry| entry.arn == arn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Arn;

    #[test]
    fn every_region_has_names_that_read() {
        for region in REGIONS.iter().map(|region| region.name).chain(["xx-made-up-1"]) {
            for entry in catalogue(region) {
                assert_eq!(Arn::parse(&entry.arn).unwrap().scope().region, region);
                assert_eq!(find(region, &entry.arn), Some(entry));
            }
        }
    }

    #[test]
    fn the_published_names_are_kept() {
        let arns: Vec<String> = catalogue("us-west-2").into_iter().map(|entry| entry.arn).collect();
        assert_eq!(
            arns,
            [
                "arn:aws:inspector:us-west-2:758058086616:rulespackage/0-9hgA516p",
                "arn:aws:inspector:us-west-2:758058086616:rulespackage/0-JJOtZiqQ"
            ]
        );
    }
}
