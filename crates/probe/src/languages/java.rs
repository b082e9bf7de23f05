//! Java: archives, and the archives in them.
//!
//! An archive that Maven built says what it is in a `pom.properties`; one into which others were
//! shaded has theirs too, and all of them count. Where the archive's own is missing, its file's name
//! and its manifest tell ([`super::coordinates`]).

use yagura_model::{Ecosystem, LocalText, SourceLine};

use super::archive::{Budget, Fault, HostFile, Member, Source, members};
use super::coordinates;
use super::found::Found;
use super::manifest::{main_attributes, pom_properties};
use crate::host::{ByteLimit, Host};

/// Endings of Java's archives: libraries, web applications, enterprise applications, plug-ins.
const ENDINGS: [&str; 10] = [".jar", ".war", ".ear", ".par", ".sar", ".nar", ".hpi", ".jpi", ".kar", ".lpkg"];
/// Those that nobody else uses.
const SURE_ENDINGS: [&str; 3] = [".jar", ".war", ".ear"];
/// An application in an installer's archive in a bundle.
const DEPTH_MAX: usize = 6;
/// Archives that are compressed in another one are unpacked into memory: those of one chain together.
const NESTED_LIMIT: ByteLimit = ByteLimit::mib(256);
const PROPERTIES_LIMIT: ByteLimit = ByteLimit::kib(64);
/// Signed archives name every member.
const MANIFEST_LIMIT: ByteLimit = ByteLimit::mib(16);
/// The main attributes stand first.
const MAIN_BYTES_MAX: usize = 256 * 1024;

const MANIFEST: &str = "META-INF/MANIFEST.MF";

pub(super) fn wants(_: &str, name: &str) -> bool {
    is_archive(name)
}

fn is_archive(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn is_pom_properties(name: &str) -> bool {
    // Of an application that was packed with its classes in a folder it lies below that folder.
    name.contains("META-INF/maven/") && name.ends_with("/pom.properties")
}

pub(super) fn read(host: &dyn Host, path: &str, found: &mut Found) {
    let file = match HostFile::open(host, path) {
        Ok(Some(file)) => file,
        Ok(None) => return,
        Err(error) => return found.unreadable(path, &error),
    };
    // Packaging leaves empty files for what it has moved elsewhere, and the rarer endings have
    // other meanings too.
    let is_surely_java = SURE_ENDINGS.iter().any(|ending| path.ends_with(ending));
    let begins_as_zip = || file.read_at(0, 2).is_ok_and(|begin| begin == b"PK");
    if file.length() > 0 && (is_surely_java || begins_as_zip()) {
        look(&file, path, Nesting { depth: 1, held: 0 }, &mut Budget::default(), found);
    }
}

/// How deep an archive lies, and what is in memory of those around it.
#[derive(Debug, Clone, Copy)]
struct Nesting {
    depth: usize,
    held: u64,
}

impl Nesting {
    /// One archive deeper, of which so many bytes are in memory.
    fn deeper(self, held: u64) -> Self {
        Self { depth: self.depth + 1, held: self.held.saturating_add(held) }
    }

    /// What the next archive may take.
    fn limit(self) -> ByteLimit {
        ByteLimit::bytes(NESTED_LIMIT.get().saturating_sub(self.held))
    }
}

/// Looks at one archive; `place` is where it is: `app.war!/WEB-INF/lib/x.jar`.
fn look(source: &dyn Source, place: &str, nesting: Nesting, budget: &mut Budget, found: &mut Found) {
    let wanted = |name: &str| is_archive(name) || is_pom_properties(name) || name == MANIFEST;
    let members = match members(source, budget, &wanted) {
        Ok(members) => members,
        Err(fault) => return fault.report(place, found),
    };
    identify(source, place, &members, budget, found);
    for member in members.iter().filter(|member| is_archive(&member.name)) {
        let inner = format!("{place}!/{}", member.name);
        if nesting.depth == DEPTH_MAX {
            found.faults.report(SourceLine::file(inner), too_deep_text());
            continue;
        }
        match member.stored(source) {
            Ok(Some(window)) => look(&window, &inner, nesting.deeper(0), budget, found),
            Ok(None) => match member.bytes(source, nesting.limit(), budget) {
                Ok(bytes) => look(&bytes, &inner, nesting.deeper(bytes.length()), budget, found),
                Err(fault) => fault.report(&inner, found),
            },
            Err(fault) => fault.report(&inner, found),
        }
    }
}

/// Says which packages an archive holds, those in archives in it apart.
fn identify(source: &dyn Source, place: &str, members: &[Member], budget: &mut Budget, found: &mut Found) {
    let stem = stem(place);
    let mut is_named = false;
    for member in members.iter().filter(|member| is_pom_properties(&member.name)) {
        match text(source, member, PROPERTIES_LIMIT, budget) {
            Ok(text) => {
                let Some([group, artifact, version]) = pom_properties(&text) else { continue };
                is_named |= stem.starts_with(&artifact);
                found.add(Ecosystem::Maven, &format!("{group}:{artifact}"), &version, place);
            }
            Err(fault) => fault.report(place, found),
        }
    }
    if is_named {
        return;
    }
    let poms = members.iter().filter(|member| is_pom_properties(&member.name)).count();
    let manifest = members.iter().find(|member| member.name == MANIFEST);
    let attributes = match manifest.map(|member| text(source, member, MANIFEST_LIMIT, budget)).transpose() {
        Ok(text) => main_attributes(&text.unwrap_or_default()),
        Err(fault) => return fault.report(place, found),
    };
    // An archive that was renamed has one `pom.properties`: its own. Beside it a guess must be sure.
    let Some(mut guess) = coordinates::guess(stem, &attributes) else { return };
    guess.group = guess.group.or_else(|| coordinates::group_of_place(place, &guess.artifact, &guess.version));
    if poms == 0 || guess.group.is_some() {
        found.add(Ecosystem::Maven, &guess.name(), &guess.version, place);
    }
}

fn text(source: &dyn Source, member: &Member, limit: ByteLimit, budget: &mut Budget) -> Result<String, Fault> {
    let bytes = member.bytes(source, limit, budget)?;
    Ok(String::from_utf8_lossy(bytes.get(..MAIN_BYTES_MAX).unwrap_or(&bytes)).into_owned())
}

/// The file's name without its ending.
fn stem(place: &str) -> &str {
    let name = place.rsplit('/').next().unwrap_or(place);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn too_deep_text() -> LocalText {
    LocalText::new(
        format!("the archive lies deeper than {DEPTH_MAX} archives; its packages are not assessed"),
        format!("アーカイブの入れ子が {DEPTH_MAX} 階層を超えています。そこに含まれるパッケージは評価されません"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MemoryHost;
    use crate::languages::archive::tests::{Kept, zip};
    use crate::languages::tests::found_in;

    fn pom(group: &str, artifact: &str, version: &str) -> (String, String) {
        (
            format!("META-INF/maven/{group}/{artifact}/pom.properties"),
            format!("version={version}\ngroupId={group}\nartifactId={artifact}\n"),
        )
    }

    fn jar(poms: &[(String, String)], manifest: &str, nested: &[(&str, &[u8], Kept)]) -> Vec<u8> {
        let mut members: Vec<(&str, &[u8], Kept)> = vec![(MANIFEST, manifest.as_bytes(), Kept::Deflated)];
        members.extend(poms.iter().map(|(name, text)| (name.as_str(), text.as_bytes(), Kept::Deflated)));
        members.push(("x/Y.class", b"\xca\xfe\xba\xbe", Kept::Stored));
        members.extend(nested);
        zip(&members)
    }

    #[test]
    fn archives_are_what_they_say_or_what_they_are_called() {
        let core = pom("org.apache.logging.log4j", "log4j-core", "2.14.1");
        let host = MemoryHost::new()
            .file("opt/log4j-core-2.14.1.jar", jar(&[], "Manifest-Version: 1.0\n", &[]))
            .file("opt/renamed.jar", jar(std::slice::from_ref(&core), "Implementation-Version: 9\n", &[]))
            .file("opt/app-1.0.jar", jar(&[pom("org.own", "app", "1.0"), core.clone()], "", &[]))
            .file("opt/spring-core-5.3.0.jar", jar(&[pom("cglib", "cglib", "3.3.0")], "", &[]))
            .file("opt/nothing.jar", jar(&[], "", &[]))
            .file("opt/empty.jar", "")
            .file("opt/song.kar", "MThd")
            .file("opt/My program 1-1.0.jar", jar(&[], "", &[]));
        insta::assert_snapshot!(found_in(&host), @r"
        maven cglib:cglib 3.3.0 /opt/spring-core-5.3.0.jar
        maven org.apache.logging.log4j:log4j-core 2.14.1 /opt/app-1.0.jar
        maven org.apache.logging.log4j:log4j-core 2.14.1 /opt/log4j-core-2.14.1.jar
        maven org.apache.logging.log4j:log4j-core 2.14.1 /opt/renamed.jar
        maven org.own:app 1.0 /opt/app-1.0.jar
        maven org.springframework:spring-core 5.3.0 /opt/spring-core-5.3.0.jar
        ");
    }

    #[test]
    fn archives_in_archives_are_found() {
        let inner = jar(&[pom("com.fasterxml.jackson.core", "jackson-databind", "2.9.8")], "", &[]);
        let war = jar(&[], "", &[("WEB-INF/lib/jackson-databind-2.9.8.jar", &inner, Kept::Deflated)]);
        let ear = jar(&[], "", &[("web.war", &war, Kept::Stored), ("lib/broken.jar", b"no zip", Kept::Stored)]);
        let host = MemoryHost::new().file("srv/app.ear", ear);
        insta::assert_snapshot!(found_in(&host), @r"
        maven com.fasterxml.jackson.core:jackson-databind 2.9.8 /srv/app.ear!/web.war!/WEB-INF/lib/jackson-databind-2.9.8.jar
        /srv/app.ear!/lib/broken.jar: this is no zip archive, or a broken one; its packages are not assessed
        ");
    }

    #[test]
    fn depth_is_bounded() {
        let mut archive = jar(&[pom("a", "b", "1")], "", &[]);
        for _ in 0..DEPTH_MAX {
            archive = jar(&[], "", &[("b.jar", &archive, Kept::Deflated)]);
        }
        insta::assert_snapshot!(found_in(&MemoryHost::new().file("a.jar", archive)), @"/a.jar!/b.jar!/b.jar!/b.jar!/b.jar!/b.jar!/b.jar: the archive lies deeper than 6 archives; its packages are not assessed");
    }

    #[test]
    fn archives_in_memory_are_bounded_together() {
        let small = jar(&[pom("a", "b", "1")], "", &[]);
        let padded = jar(&[], "", &[("pad", &vec![0; 1 << 20], Kept::Stored), ("b.jar", &small, Kept::Deflated)]);
        let outer = jar(&[], "", &[("c.jar", &padded, Kept::Deflated)]);
        let read = |held| {
            let mut found = Found::default();
            look(&outer, "a.jar", Nesting { depth: 1, held }, &mut Budget::default(), &mut found);
            (found.packages.len(), found.faults.into_problems("").len())
        };
        assert_eq!(read(0), (1, 0));
        let nearly_all = NESTED_LIMIT.get() - padded.length();
        assert_eq!(read(nearly_all), (0, 1), "the inner one finds no room");
        assert_eq!(read(nearly_all + 1), (0, 1), "the outer one finds none");
    }

    proptest! {
        #[test]
        fn flipped_bytes_never_panic(flips in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8)) {
            let inner = jar(&[pom("a", "b", "1")], "Implementation-Version: 1\n", &[]);
            let mut bytes = jar(&[], "", &[("b.jar", &inner, Kept::Stored), ("c.jar", &inner, Kept::Deflated)]);
            for (at, value) in flips {
                let at = at % bytes.len();
                bytes[at] = value;
            }
            let _ = found_in(&MemoryHost::new().file("a.jar", bytes));
        }
    }
}
