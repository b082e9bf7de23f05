//! Real hosts against real feeds: exactly the rows that dpkg's own comparison gives.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use yagura_testkit::shared_data;

use crate::support::Yagura;

#[test]
fn findings_are_exactly_the_expected_rows_on_both_dates() {
    let (Some(feeds), Some(host)) = (shared_data("feeds"), shared_data("hosts/debian-13-minbase")) else { return };
    for date in ["2025-02-12", "2026-08-21"] {
        let yagura = Yagura::new();
        let feeds = feeds.to_str().unwrap();
        let run = yagura.run(&[
            "feed",
            "sync",
            "--mirror",
            feeds,
            "--as-of",
            date,
            "--only",
            "debian-tracker",
            "--only",
            "debian-advisories",
        ]);
        assert_eq!(run.code, 0, "{}", run.err);
        let result = yagura.assess_json(&host.join("rootfs"), &["--rules", "cve"]);
        assert_eq!(rows(&result), expected(&host.join(format!("expected-debian-tracker-{date}.tsv"))), "{date}");
    }
}

#[test]
fn the_inventory_is_exactly_what_dpkg_query_prints() {
    for name in ["debian-13-minbase", "ubuntu-18.04-a"] {
        let Some(host) = shared_data(&format!("hosts/{name}")) else { return };
        let run = Yagura::new().run(&["inventory", "--root", host.join("rootfs").to_str().unwrap()]);
        assert_eq!(run.out, std::fs::read_to_string(host.join("packages.tsv")).unwrap(), "{name}");
    }
}

/// `source installed cve state fixed urgency`, as in the expected files.
fn rows(result: &Value) -> BTreeSet<String> {
    result["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let evidence = &finding["evidence"];
            let text = |name: &str| evidence[name].as_str().unwrap_or_default().to_owned();
            let fixed = text("fixedVersion");
            let state = if fixed.is_empty() { "unfixed" } else { "fixable" };
            [text("sourcePackage"), text("installedVersion"), text("cve"), state.to_owned(), fixed, text("urgency")]
                .join("\t")
        })
        .collect()
}

fn expected(file: &Path) -> BTreeSet<String> {
    std::fs::read_to_string(file).unwrap().lines().skip(1).map(str::to_owned).collect()
}
