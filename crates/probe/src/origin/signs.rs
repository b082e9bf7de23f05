//! What a record itself shows of its builder: fields, marks in the version, the maintainer.

use yagura_model::debian::DebianRelease;

use crate::dpkg::Record;
use crate::problem::Quoted;

/// A builder other than the distribution, and what shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sign {
    pub(super) who: String,
    pub(super) shown_by: String,
}

/// Looks for a sign that Debian did not build the package.
pub(super) fn read(record: &Record) -> Option<Sign> {
    by_field(record).or_else(|| by_version(&record.package.version)).or_else(|| by_maintainer(record))
}

/// Debian's own packages carry neither field (none of the 63,000 in Debian 12 does).
fn by_field(record: &Record) -> Option<Sign> {
    let fields = [("Origin", &record.origin), ("Vendor", &record.vendor)];
    let (field, value) = fields.into_iter().find_map(|(field, value)| Some((field, value.as_deref()?)))?;
    if value.eq_ignore_ascii_case("debian") {
        return None;
    }
    // What fpm writes when its user says nothing.
    let nobody = ["none", "unknown"].iter().any(|word| value.eq_ignore_ascii_case(word));
    let who = if nobody { record.package.maintainer.as_deref().unwrap_or(value) } else { value };
    Some(Sign { who: Quoted(who).to_string(), shown_by: format!("{field}: {}", Quoted(value)) })
}

/// Marks that builders put into their versions, each followed by a digit, and whose mark it is.
const MARKS: &[(&str, &str)] = &[
    ("ubuntu", "Ubuntu"),
    (".pgdg", "apt.postgresql.org"),
    ("nodesource", "NodeSource"),
    ("+maria~deb", "MariaDB"),
    ("+rpt", "Raspberry Pi"),
];

fn by_version(version: &str) -> Option<Sign> {
    let who = if let Some(release) = digits_after(version, "~bpo") {
        backports_suite(release)
    } else if version.contains("+deb.sury.org") || has_sury_build_date(version) {
        "deb.sury.org".to_owned()
    } else {
        MARKS.iter().find(|(mark, _)| digits_after(version, mark).is_some()).map(|(_, who)| (*who).to_owned())?
    };
    Some(Sign { who, shown_by: format!("Version: {}", Quoted(version)) })
}

/// `12` of `~bpo12+1`; until Debian 7 the minor number followed (`~bpo70+1`).
fn backports_suite(digits: &str) -> String {
    let release = match digits {
        "60" => "6",
        "70" => "7",
        other => other,
    };
    DebianRelease::find(release)
        .map_or_else(|| "Debian backports".to_owned(), |found| format!("{}-backports", found.codename))
}

/// deb.sury.org keeps the maintainer that Debian names and adds the day of its build:
/// `8.2.27-1+0~20250101.75+debian12~1.gbp1a2b3c`.
fn has_sury_build_date(version: &str) -> bool {
    digits_after(version, "+0~").is_some_and(|day| day.len() == 8) && version.contains(".gbp")
}

/// Returns the digits that follow a mark.
fn digits_after<'a>(version: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = version.split_once(mark)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end).filter(|digits| !digits.is_empty())
}

/// Vendors whose packages carry no other mark, by the domain or the whole address of the
/// maintainer. No package of Debian 12 is maintained from one of these; vendors whose employees
/// maintain packages in Debian with their work address (google.com, nvidia.com, canonical.com,
/// redhat.com) are therefore not here.
const VENDORS: &[(&str, &str)] = &[
    ("chromium-dev@chromium.org", "Google Chrome"),
    ("cloudflare.com", "Cloudflare"),
    ("confluent.io", "Confluent"),
    ("datadoghq.com", "Datadog"),
    ("docker.com", "Docker"),
    ("elastic.co", "Elastic"),
    ("gitlab.com", "GitLab"),
    ("grafana.com", "Grafana Labs"),
    ("hashicorp.com", "HashiCorp"),
    ("https://code.google.com/p/google-cloud-sdk/", "Google Cloud"),
    ("influxdata.com", "InfluxData"),
    ("microsoft.com", "Microsoft"),
    ("mongodb.com", "MongoDB"),
    ("nginx-packaging@f5.com", "NGINX"),
    ("nodesource.com", "NodeSource"),
    ("oss.oracle.com", "Oracle"),
    ("percona.com", "Percona"),
    ("proxmox.com", "Proxmox"),
    ("slack-corp.com", "Slack"),
    ("zabbix.com", "Zabbix"),
];

fn by_maintainer(record: &Record) -> Option<Sign> {
    let maintainer = record.package.maintainer.as_deref()?;
    let address = address(maintainer);
    let is_vendor = |known: &str| match known.contains(['@', '/']) {
        true => address.eq_ignore_ascii_case(known),
        false => is_at(address, known),
    };
    let (_, who) = VENDORS.iter().find(|(known, _)| is_vendor(known))?;
    Some(Sign { who: (*who).to_owned(), shown_by: format!("Maintainer: {}", Quoted(maintainer)) })
}

/// Tells whether Debian's own infrastructure stands behind the maintainer's address.
pub(super) fn is_debian_address(maintainer: &str) -> bool {
    let address = address(maintainer);
    is_at(address, "debian.org") || is_at(address, "debian.net")
}

/// What stands in angle brackets.
fn address(maintainer: &str) -> &str {
    let inner = maintainer.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inner, _)| inner);
    inner.unwrap_or(maintainer).trim()
}

/// Tells whether an address is at a domain or below it.
fn is_at(address: &str, domain: &str) -> bool {
    let Some((_, host)) = address.rsplit_once('@') else {
        return false;
    };
    let host = host.to_ascii_lowercase();
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dpkg;

    fn sign(version: &str, fields: &str) -> String {
        let status = format!("Package: a\nStatus: install ok installed\nVersion: {version}\n{fields}\n");
        let parsed = dpkg::parse(status.as_bytes(), "s").unwrap();
        read(&parsed.records[0]).map_or_else(|| "none".to_owned(), |sign| format!("{} by {}", sign.who, sign.shown_by))
    }

    #[test]
    fn versions_show_their_builder() {
        for (version, who) in [
            ("6.12.9-1~bpo12+1", "bookworm-backports"),
            ("1.0-1~bpo70+1", "wheezy-backports"),
            ("1.0-1~bpo99+1", "Debian backports"),
            ("1.0-0ubuntu1.2", "Ubuntu"),
            ("16.2-1.pgdg120+2", "apt.postgresql.org"),
            ("8.2.27-1+0~20250101.75+debian12~1.gbp1a2b3c", "deb.sury.org"),
            ("1.24-1+deb.sury.org~1", "deb.sury.org"),
            ("20.20.2-1nodesource1+repack1", "NodeSource"),
            ("1:10.11.6+maria~deb12", "MariaDB"),
            ("1.2-3+rpt1", "Raspberry Pi"),
        ] {
            assert_eq!(sign(version, ""), format!("{who} by Version: {version}"));
        }
        for version in ["1.2-3+deb12u1", "1.0~bpo", "2021.ubuntu-1", "1.0+0~2025-1", "1:2.36-9+b1", "0.01.1~debian-5"] {
            assert_eq!(sign(version, ""), "none", "{version}");
        }
    }

    #[test]
    fn fields_show_their_builder() {
        insta::assert_snapshot!(sign("1", "Origin: LP-PPA-x"), @"LP-PPA-x by Origin: LP-PPA-x");
        insta::assert_snapshot!(sign("1", "Vendor: none\nMaintainer: <me@host>"), @"<me@host> by Vendor: none");
        insta::assert_snapshot!(sign("1", "Vendor: Debian"), @"none");
    }

    #[test]
    fn maintainers_show_their_vendor() {
        insta::assert_snapshot!(sign("1", "Maintainer: Docker <support@docker.com>"), @"Docker by Maintainer: Docker <support@docker.com>");
        insta::assert_snapshot!(sign("1", "Maintainer: X <x@apt.Proxmox.com>"), @"Proxmox by Maintainer: X <x@apt.Proxmox.com>");
        for maintainer in
            ["X <x@notdocker.com>", "docker.com", "X <docker.com>", "X <x@google.com>", "X <x@docker.com.example>"]
        {
            assert_eq!(sign("1", &format!("Maintainer: {maintainer}")), "none", "{maintainer}");
        }
        assert!(is_debian_address("GNU Libc Maintainers <debian-glibc@lists.debian.org>"));
        assert!(is_debian_address("X <x@alioth-lists.debian.net>"));
        assert!(!is_debian_address("X <x@notdebian.org>"));
    }
}
