//! Keys that sign packages, by their ids, and whose they are.
//!
//! Taken from the keys that distributions and repositories publish, as collected in
//! <https://github.com/rpm-software-management/distribution-gpg-keys> (August 2026), and of Docker
//! from its own page.

use super::origin::Builder::{
    self, Alma, Amazon, CentOs, Fedora, Microsoft, OpenSuse, OpenSuseBackports, Oracle, Other, RedHat, Rocky, Suse,
};

/// Returns whose key it is; `None` when we do not know it.
pub(super) fn owner(id: &str) -> Option<Builder> {
    KEYS.iter().find(|(known, _)| *known == id).map(|(_, owner)| *owner)
}

const KEYS: &[(&str, Builder)] = &[
    // Red Hat: release 2, auxiliary, auxiliary 2, auxiliary 3, the release key of RHEL 5, betas.
    ("199e2f91fd431d51", RedHat),
    ("45689c882fa658e0", RedHat),
    ("f76f66c3d4082792", RedHat),
    ("5054e4a45a6340b3", RedHat),
    ("5326810137017186", RedHat),
    ("219180cddb42a60e", RedHat),
    ("938a80caf21541eb", RedHat),
    ("fd372689897da07a", RedHat),
    // CentOS 5, 6, 7 (with its other architectures), 8 and later.
    ("a8a447dce8562897", CentOs),
    ("0946fca2c105b9de", CentOs),
    ("24c6a8a7f4a80eb5", CentOs),
    ("6c7cb6ef305d49d6", CentOs),
    ("a963bbdbf533f4fa", CentOs),
    ("cafef11b62505fe6", CentOs),
    ("05b555b38483c65d", CentOs),
    ("1ff6a2171d997668", CentOs),
    ("f17e745691ba8335", Other("CentOS SIG Atomic")),
    ("4b411a9068e964ca", Other("CentOS SIG Automotive")),
    ("f9b9fee7764429e6", Other("CentOS SIG Cloud")),
    ("1ae110fa6e8b7e8a", Other("CentOS SIG Configuration Management")),
    ("827f178e15bacbd2", Other("CentOS SIG Core")),
    ("2a01fa2aeb3dac40", Other("CentOS SIG Hyperscale")),
    ("c114980cde702ab7", Other("CentOS SIG ISA")),
    ("8b444fcef56d1621", Other("CentOS SIG Infra")),
    ("5b8e1a767ae06d54", Other("CentOS SIG Kmods")),
    ("83014ebbe16e0d12", Other("CentOS SIG Messaging")),
    ("21465e289d2a76a7", Other("CentOS SIG NFV")),
    ("4fd9532751bc2a13", Other("CentOS SIG OpsTools")),
    ("c34c5bd42f297ecc", Other("CentOS SIG PaaS")),
    ("0de412d45566c9ae", Other("CentOS SIG Proposed Updates")),
    ("4eb84e71f2ee9d55", Other("CentOS SIG SCLo")),
    ("d4a2e50be451e5b5", Other("CentOS SIG Storage")),
    ("7aebbe8261e8806c", Other("CentOS SIG Virtualization")),
    // AlmaLinux 8 (two), 9, 10.
    ("488fcf7c3abb34f8", Alma),
    ("51d6647ec21ad6ea", Alma),
    ("2ae81e8aced7258b", Alma),
    ("d36cb86cb86b3716", Alma),
    ("dee5c11cc2a1e572", Alma),
    ("b620c02335d447a6", Other("EPEL")),
    // Rocky Linux 8, 9, 10.
    ("15af5dac6d745a60", Rocky),
    ("702d426d350d275d", Rocky),
    ("5b106c736fedfc85", Rocky),
    // Oracle Linux 5, 6 and 7, 8, 9 and 10.
    ("66ced3de1e5e0159", Oracle),
    ("72f97b74ec551f03", Oracle),
    ("82562ea9ad986da3", Oracle),
    ("bc4d06a08d8b756f", Oracle),
    ("a7dd07088b4efbe6", Oracle),
    // Amazon Linux 2, 2023.
    ("11cf1f95c87f5b1a", Amazon),
    ("e951904ad832c631", Amazon),
    // EPEL 5 to 10.
    ("119cc036217521f6", Other("EPEL")),
    ("3b49df2a0608b895", Other("EPEL")),
    ("6a2faea2352c64e5", Other("EPEL")),
    ("21ea45ab2f86d6a1", Other("EPEL")),
    ("8a3872bf3228467c", Other("EPEL")),
    ("33d98517e37ed158", Other("EPEL")),
    // Fedora: the vendor tells its packages; of the keys only that of the sample in our tests.
    ("49fd77499570ff31", Fedora),
    // SUSE: SLE 11, 12 and 15, 15 since 2023 (with its spare key), ALP.
    ("e3a5c360307e3d54", Suse),
    ("70af9e8139db7c82", Suse),
    ("f74f09bc3fa1d6ce", Suse),
    ("a1bfc02bd588dc46", Suse),
    ("fec28eaf09d9ea69", Suse),
    ("c7b81e4373f03759", Suse),
    // openSUSE, and its packages for SLE (Package Hub).
    ("b88b2fd43dbdc284", OpenSuse),
    ("35a2f86e29b700a4", OpenSuse),
    ("9c214d4065176565", OpenSuseBackports),
    ("8a49eb0325db7ae0", OpenSuseBackports),
    ("488c583d287a0027", OpenSuseBackports),
    // Azure Linux and CBL-Mariner; what else Microsoft publishes.
    ("0cd9fed33135ce90", Microsoft),
    ("eb3e94adbe1229cf", Other("packages.microsoft.com")),
    ("ee4d7792f748182b", Other("packages.microsoft.com")),
    // Others.
    ("c52feb6b621e9f35", Other("Docker")),
    ("004e6f4700f97f56", Other("Remi")),
    ("e080f29f0364b949", Other("Remi")),
    ("555097595f11735a", Other("Remi")),
    ("503666ccbbae6f1b", Other("Remi")),
    ("0714919e4c21a808", Other("Remi")),
    ("b19527f1478f8947", Other("Remi")),
    ("83c0639e1fef0014", Other("Remi")),
    ("d5933dab6defd35e", Other("Remi")),
    ("c2fd3b2c2a0948e4", Other("Remi")),
    ("061566968f1f4b2d", Other("Remi")),
    ("ed5b58c5befa00e2", Other("Remi")),
    ("758b3d18f5cf6c1e", Other("RPM Fusion")),
    ("979f0c69158b3811", Other("RPM Fusion")),
    ("7403ea33296458f3", Other("RPM Fusion")),
    ("0c8489d8db85ddd7", Other("RPM Fusion")),
    ("c8f76df1a3108f6c", Other("RPM Fusion")),
    ("14b6792dbdda8475", Other("RPM Fusion")),
    ("e4174e6baab212ea", Other("RPM Fusion")),
    ("f447105d1bc7b804", Other("RPM Fusion")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_there_once() {
        let mut ids: Vec<&str> = KEYS.iter().map(|(id, _)| *id).collect();
        assert!(
            ids.iter().all(|id| id.len() == 16 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
        );
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), KEYS.len());
        assert_eq!((owner("199e2f91fd431d51"), owner("0000000000000000")), (Some(RedHat), None));
    }
}
