//! Ubuntu Pro: which services the host is entitled to and has enabled.

use serde::Deserialize;
use yagura_model::Channels;

use super::files::{Files, tamed};

const STATUS: &str = "var/lib/ubuntu-advantage/status.json";
const ENABLED: &str = "enabled";
/// Pro has some fifteen services.
const SERVICES_MAX: usize = 100;

/// Where the packages of a service are, for hosts whose status is not there to be read.
const PLACES: &[(&str, &str)] = &[
    ("esm.ubuntu.com/infra/", "esm-infra"),
    ("esm.ubuntu.com/apps/", "esm-apps"),
    ("esm.ubuntu.com/fips/", "fips"),
    ("esm.ubuntu.com/fips-updates/", "fips-updates"),
    ("esm.ubuntu.com/ros/", "ros"),
    ("esm.ubuntu.com/ros-updates/", "ros-updates"),
    ("esm.ubuntu.com/realtime/", "realtime-kernel"),
];

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    services: Vec<Service>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: String,
}

/// Reads the status that Pro keeps, else takes the sources of its archive for it.
pub(super) fn read(files: &mut Files<'_>, channels: &mut Channels) {
    let status = files.text(STATUS).and_then(|text| serde_json::from_str::<Status>(&text).ok());
    let mut entitlements: Vec<String> = match status {
        Some(status) => {
            let enabled = status.services.iter().filter(|service| service.status == ENABLED);
            enabled.take(SERVICES_MAX).map(|service| tamed(&service.name)).collect()
        }
        None => {
            let enabled = channels.repositories.iter().filter(|repository| repository.enabled);
            let services = enabled.filter_map(|repository| {
                let url = format!("{}/", repository.url.as_deref()?);
                PLACES.iter().find(|(place, _)| url.contains(place)).map(|(_, service)| (*service).to_owned())
            });
            services.collect()
        }
    };
    entitlements.sort();
    entitlements.dedup();
    channels.entitlements.extend(entitlements);
}

#[cfg(test)]
mod tests {
    use super::super::sample::told;
    use crate::MemoryHost;

    #[test]
    fn the_status_says_what_is_enabled() {
        let status = r#"{"attached": true, "services": [{"name": "esm-infra", "status": "enabled", "entitled": "yes"},
            {"name": "esm-apps", "status": "disabled"}, {"name": "livepatch", "status": "enabled", "x": [1]}, {}]}"#;
        let host = MemoryHost::new().file("var/lib/ubuntu-advantage/status.json", status);
        insta::assert_snapshot!(told(&host), @r"
        entitled esm-infra
        entitled livepatch
        ");
    }

    #[test]
    fn else_the_sources_do() {
        let host = MemoryHost::new().file("var/lib/ubuntu-advantage/status.json", "not JSON").file(
            "etc/apt/sources.list.d/ubuntu-esm-infra.list",
            "deb https://esm.ubuntu.com/infra/ubuntu bionic-infra-security main\ndeb https://esm.ubuntu.com/infra/ubuntu bionic-infra-updates main\n",
        );
        insta::assert_snapshot!(told(&host), @r"
        bionic-infra-security/main [] https://esm.ubuntu.com/infra/ubuntu bionic-infra-security /etc/apt/sources.list.d/ubuntu-esm-infra.list:1
        bionic-infra-updates/main [] https://esm.ubuntu.com/infra/ubuntu bionic-infra-updates /etc/apt/sources.list.d/ubuntu-esm-infra.list:2
        entitled esm-infra
        ");
    }
}
