//! Reads one repository's updates.

use std::collections::HashSet;

use yagura_model::{Names, ReferenceKind, ReleaseKey, Vulnerability};

use super::ID;
use crate::catalogue::{Entry, ParseError, Sink};
use crate::reading;
use crate::rpm_family::{Fix, Fixes, Place, Stated, words};
use crate::updateinfo::{Update, for_each_update};

/// The most flaws of one update.
const FLAWS_MAX: usize = 1_024;

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    for_each_update(entry, &mut |update| {
        sink.record();
        match update {
            Ok(update) => read_update(&update, sink),
            Err(broken) => sink.rejected(&broken.record, broken.why),
        }
    })
}

fn read_update(update: &Update, sink: &mut dyn Sink) {
    if let Some(date) = update.updated.max(update.issued) {
        sink.data_date(date);
    }
    // What is in testing is not what hosts get.
    if update.status == "testing" {
        return;
    }
    let security = update.kind == "security";
    let flaws = flaws_of(update, security);
    if flaws.is_empty() && !security {
        return;
    }
    let collection = update.collections.first().map(|collection| collection.name.as_str());
    let place = place_of(&update.release).or_else(|| place_of(collection.unwrap_or_default()));
    let Some(place) = place else {
        sink.rejected(&update.id, "an unknown release");
        return;
    };
    // A collection of one module says so; of those without, the title of the update does.
    let told = update.collections.iter().find_map(|collection| collection.module.as_ref());
    let module = match told {
        Some(module) => Some(module.name_and_stream()).filter(|module| words::is_module(module)),
        None if update.release.contains("Modular") => module_of_title(&update.title),
        None => None,
    };

    let mut fixes = Fixes::default();
    let packages = || update.collections.iter().flat_map(|collection| &collection.packages);
    let names = if packages().any(|package| package.arch == "src") { Names::Source } else { Names::Binary };
    let evrs: Vec<(&str, Option<String>)> = packages()
        .filter(|package| {
            (package.arch == "src") == (names == Names::Source) && !words::is_debug_symbols(&package.name)
        })
        .map(|package| (package.name.as_str(), package.evr()))
        .collect();
    for (name, evr) in &evrs {
        let (Some(package), Some(evr)) = (reading::package(name), evr.as_deref().and_then(words::evr)) else {
            sink.rejected(&update.id, "not a package name or not a version");
            continue;
        };
        let module = module.as_deref().and_then(|module| fixes.module(module));
        let place = fixes.place(place.clone());
        fixes.add(Fix { place, package, module, evr });
    }
    if fixes.is_empty() {
        return;
    }
    sink.vulnerability(Vulnerability {
        id: update.id.clone(),
        covers: flaws,
        description: reading::text(&update.title, reading::NOTE_BYTES_MAX),
        references: reading::reference(
            ReferenceKind::Advisory,
            &format!("https://bodhi.fedoraproject.org/updates/{}", update.id),
        )
        .into_iter()
        .collect(),
        published: update.issued,
        modified: update.updated,
        ..Vulnerability::default()
    });
    let urgency = words::urgency(&update.severity);
    fixes.state(Stated { feed: ID, id: &update.id, names, urgency }, sink);
}

/// Lists the CVE ids of an update. References are bugs whose titles begin with one; the texts of
/// other than security updates are change logs that may tell of old ones.
fn flaws_of(update: &Update, security: bool) -> Vec<String> {
    let references = update.references.iter().flat_map(|reference| [&reference.id, &reference.title]);
    let texts = [&update.title, &update.description].into_iter().filter(|_| security);
    let mut seen = HashSet::new();
    let named = references.chain(texts).flat_map(|text| cves(text)).filter(|id| seen.insert(*id));
    named.take(FLAWS_MAX).map(str::to_owned).collect()
}

/// Finds CVE ids in a text.
fn cves(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("CVE-").filter_map(|(at, _)| {
        let rest = text.get(at..)?;
        let end = rest.bytes().position(|byte| !byte.is_ascii_alphanumeric() && byte != b'-').unwrap_or(rest.len());
        reading::cve_id(rest.get(..end)?)
    })
}

fn place_of(release: &str) -> Option<Place> {
    let rest = release.trim().strip_prefix("Fedora ")?;
    let (distribution, rest) = rest.strip_prefix("EPEL ").map_or(("fedora", rest), |rest| ("epel", rest));
    let mut parts = rest.split(' ');
    let number = parts.next()?;
    let plain = (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let channel = parts.next().filter(|word| *word == "Next").map(|_| "next".to_owned());
    // EPEL 10 has minor releases, `10.0`; hosts know the major one.
    let number = number.split('.').next().filter(|number| plain && !number.is_empty())?;
    Some(Place { release: ReleaseKey::new(distribution, number), channel })
}

/// Reads the module in `nginx-mainline-3820240218193500.f38`: name, stream, version and context.
fn module_of_title(title: &str) -> Option<String> {
    let mut parts = title.split(' ').next()?.rsplitn(3, '-');
    let (version, stream, name) = (parts.next()?, parts.next()?, parts.next()?);
    let module = format!("{name}:{stream}");
    (version.contains('.') && words::is_module(&module)).then_some(module)
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::read;

    const DOCUMENT: &str = include_str!("../../fixtures/fedora/updateinfo.xml");

    #[test]
    fn updates_of_every_kind() {
        let recorder = read(&FEED, "updateinfo.xml", DOCUMENT.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 7
        date 2099-01-21T00:52:00Z
        flaw FEDORA-2099-0000000001 "demo-1.2-3.fc43" covers CVE-2099-0001 covers CVE-2099-0002 Advisory https://bodhi.fedoraproject.org/updates/FEDORA-2099-0000000001 published 2099-01-20T18:15:47Z modified 2099-01-21T00:52:00Z
        fedora:43 demo FEDORA-2099-0000000001 fixed 1:1.2-3.fc43 (high)
        date 2099-01-20T18:15:47Z
        flaw FEDORA-EPEL-2099-0000000002 "demo-tool-2.0-1.el9" covers CVE-2099-0003 Advisory https://bodhi.fedoraproject.org/updates/FEDORA-EPEL-2099-0000000002 published 2099-01-20T18:15:47Z
        epel:9 demo-tool FEDORA-EPEL-2099-0000000002 fixed 2.0-1.el9 (not yet assigned) binary
        date 2099-01-20T18:15:47Z
        flaw FEDORA-MODULAR-2099-0000000003 "nginx-mainline-3820240218193500.f38" Advisory https://bodhi.fedoraproject.org/updates/FEDORA-MODULAR-2099-0000000003 published 2099-01-20T18:15:47Z
        fedora:38 nginx FEDORA-MODULAR-2099-0000000003 fixed 1:1.25.4-1.module_f38+1+a (low) module nginx:mainline
        rejected FEDORA-2099-0000000006: an unknown release
        rejected FEDORA-2099-0000000007: not a package name or not a version
        "#);
    }

    #[test]
    fn releases_and_modules_are_read() {
        let place = |release: &str| {
            place_of(release).map(|place| (place.release.to_string(), place.channel.unwrap_or_default()))
        };
        assert_eq!(place("Fedora 43"), Some(("fedora:43".into(), String::new())));
        assert_eq!(place("Fedora EPEL 10.1"), Some(("epel:10".into(), String::new())));
        assert_eq!(place("Fedora EPEL 9 Next"), Some(("epel:9".into(), "next".into())));
        assert_eq!(place("Fedora 38 Modular"), Some(("fedora:38".into(), String::new())));
        for other in ["Fedora Rawhide", "Fedora ", "CentOS 7", "", "Fedora .", "Fedora 12345"] {
            assert_eq!(place(other), None, "{other}");
        }
        assert_eq!(module_of_title("nginx-mainline-3820240218193500.f38").as_deref(), Some("nginx:mainline"));
        assert_eq!(module_of_title("nginx"), None);
    }

    #[test]
    fn flaws_are_found_in_texts() {
        let found: Vec<&str> = cves("(CVE-2024-24989, CVE-2024-24990). CVE-2024-1 xCVE-2099-00012 CVE-é").collect();
        assert_eq!(found, ["CVE-2024-24989", "CVE-2024-24990", "CVE-2099-00012"]);
    }

    #[test]
    fn refuses_what_ends_early() {
        let length = DOCUMENT.trim_end().len();
        assert!((0..length).all(|cut| read(&FEED, "t", &DOCUMENT.as_bytes()[..cut]).is_err()));
    }
}
