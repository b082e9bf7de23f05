//! Which Maven package an archive is that does not say so in a `pom.properties`: by its file's name
//! and by what its manifest says for people and for OSGi.

use std::collections::BTreeMap;

/// Groups of archives that are often built without Maven, or lose its files on the way: by their
/// artifact's name, or by how it begins (`*`). The first that fits counts.
const GROUPS: &[(&str, &str)] = &[
    ("asm", "org.ow2.asm"),
    ("asm-*", "org.ow2.asm"),
    ("bcpkix-*", "org.bouncycastle"),
    ("bcprov-*", "org.bouncycastle"),
    ("bctls-*", "org.bouncycastle"),
    ("byte-buddy*", "net.bytebuddy"),
    ("c3p0", "com.mchange"),
    ("commons-beanutils", "commons-beanutils"),
    ("commons-codec", "commons-codec"),
    ("commons-collections", "commons-collections"),
    ("commons-collections4", "org.apache.commons"),
    ("commons-compress", "org.apache.commons"),
    ("commons-configuration", "commons-configuration"),
    ("commons-configuration2", "org.apache.commons"),
    ("commons-fileupload", "commons-fileupload"),
    ("commons-httpclient", "commons-httpclient"),
    ("commons-io", "commons-io"),
    ("commons-lang", "commons-lang"),
    ("commons-lang3", "org.apache.commons"),
    ("commons-logging", "commons-logging"),
    ("commons-net", "commons-net"),
    ("commons-text", "org.apache.commons"),
    ("dom4j", "org.dom4j"),
    ("freemarker", "org.freemarker"),
    ("groovy", "org.codehaus.groovy"),
    ("groovy-*", "org.codehaus.groovy"),
    ("gson", "com.google.code.gson"),
    ("guava", "com.google.guava"),
    ("guice", "com.google.inject"),
    ("guice-*", "com.google.inject.extensions"),
    ("h2", "com.h2database"),
    ("hibernate-core", "org.hibernate"),
    ("hibernate-validator", "org.hibernate.validator"),
    ("hsqldb", "org.hsqldb"),
    ("httpclient", "org.apache.httpcomponents"),
    ("httpcore", "org.apache.httpcomponents"),
    ("jackson-annotations", "com.fasterxml.jackson.core"),
    ("jackson-core", "com.fasterxml.jackson.core"),
    ("jackson-databind", "com.fasterxml.jackson.core"),
    ("jackson-mapper-asl", "org.codehaus.jackson"),
    ("jackson-dataformat-*", "com.fasterxml.jackson.dataformat"),
    ("jetty-*", "org.eclipse.jetty"),
    ("json-smart", "net.minidev"),
    ("jsoup", "org.jsoup"),
    ("junit", "junit"),
    ("kotlin-stdlib*", "org.jetbrains.kotlin"),
    ("log4j", "log4j"),
    ("log4j-*", "org.apache.logging.log4j"),
    ("logback-*", "ch.qos.logback"),
    ("mysql-connector-java", "mysql"),
    ("mysql-connector-j", "com.mysql"),
    ("netty", "io.netty"),
    ("netty-*", "io.netty"),
    ("okhttp", "com.squareup.okhttp3"),
    ("okio*", "com.squareup.okio"),
    ("poi", "org.apache.poi"),
    ("poi-*", "org.apache.poi"),
    ("postgresql", "org.postgresql"),
    ("protobuf-java*", "com.google.protobuf"),
    ("quartz", "org.quartz-scheduler"),
    ("reactor-core", "io.projectreactor"),
    ("shiro-*", "org.apache.shiro"),
    ("slf4j-*", "org.slf4j"),
    ("snakeyaml", "org.yaml"),
    ("spring-boot*", "org.springframework.boot"),
    ("spring-cloud-function-*", "org.springframework.cloud"),
    ("spring-data-*", "org.springframework.data"),
    ("spring-security-*", "org.springframework.security"),
    ("spring-*", "org.springframework"),
    ("struts2-*", "org.apache.struts"),
    ("tomcat-embed-*", "org.apache.tomcat.embed"),
    ("velocity", "org.apache.velocity"),
    ("xalan", "xalan"),
    ("xercesImpl", "xerces"),
    ("xstream", "com.thoughtworks.xstream"),
];

/// How repositories are called: Maven's own cache, that of servers, and Debian's.
const REPOSITORIES: [&str; 3] = ["/repository/", "/maven-repo/", "/maven2/"];
/// What follows a version in a file's name and is no part of it.
const CLASSIFIERS: [&str; 9] =
    ["all", "classes", "jar-with-dependencies", "javadoc", "shaded", "sources", "standalone", "test-sources", "tests"];
/// Where a manifest tells the version, the surest first.
const VERSIONS: [&str; 4] = ["implementation-version", "bundle-version", "specification-version", "plugin-version"];

/// What Maven calls a package, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coordinates {
    /// `org.apache.logging.log4j`; `None` where nothing tells.
    pub(super) group: Option<String>,
    pub(super) artifact: String,
    pub(super) version: String,
}

impl Coordinates {
    /// Writes `group:artifact`, or the artifact alone, of which no feed speaks.
    pub(super) fn name(&self) -> String {
        self.group.as_ref().map_or_else(|| self.artifact.clone(), |group| format!("{group}:{}", self.artifact))
    }
}

/// Guesses what an archive is; `stem` is its file's name without the ending.
pub(super) fn guess(stem: &str, attributes: &BTreeMap<String, String>) -> Option<Coordinates> {
    let told = VERSIONS.iter().find_map(|name| attributes.get(*name)).map(|version| version.trim());
    let told = told.filter(|version| version.starts_with(|c: char| c.is_ascii_digit()));
    let (artifact, version) = match (split(stem), told) {
        (Some((artifact, named)), told) => (artifact, chosen(named, told)),
        (None, Some(told)) => (titled(attributes).unwrap_or(stem), told),
        (None, None) => return None,
    };
    if !is_artifact(artifact) {
        return None;
    }
    let group = known_group(artifact).map(str::to_owned).or_else(|| told_group(artifact, attributes));
    Some(Coordinates { group, artifact: artifact.to_owned(), version: version.to_owned() })
}

/// Splits `log4j-core-2.14.1` where the version begins: at the first hyphen before a digit, unless a
/// word and another version follow (`log4j-1.2-api-2.17.0`).
pub(super) fn split(stem: &str) -> Option<(&str, &str)> {
    let begins_version = |at: &usize| {
        let rest = stem.get(at + 1..).unwrap_or_default();
        rest.starts_with(|c: char| c.is_ascii_digit()) && !holds_name(rest)
    };
    let at = stem.match_indices('-').map(|(at, _)| at).find(begins_version)?;
    let (artifact, version) = (stem.get(..at)?, stem.get(at + 1..)?);
    let cut = |classifier: &&str| version.strip_suffix(*classifier)?.strip_suffix('-');
    Some((artifact, CLASSIFIERS.iter().find_map(cut).unwrap_or(version)))
}

/// Tells whether what looks like a version has a word in it that another version follows:
/// `1.2-api-2.17.0`, but not `1.0-rc-2`.
fn holds_name(version: &str) -> bool {
    let parts: Vec<&str> = version.split('-').collect();
    parts.windows(2).any(|pair| {
        let [word, next] = pair else { return false };
        let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        is_word && next.starts_with(|c: char| c.is_ascii_digit()) && next.contains('.')
    })
}

/// The name's version, cut to the manifest's where only a classifier follows
/// (`4.1.94.Final-linux-x86_64`).
fn chosen<'a>(named: &'a str, told: Option<&'a str>) -> &'a str {
    match told.and_then(|told| Some((told, named.strip_prefix(told)?))) {
        Some((told, rest)) if rest.starts_with('-') && !rest.starts_with("-jre") && !rest.starts_with("-android") => {
            told
        }
        _ => named,
    }
}

/// The artifact's name where the file's name has no version: the manifest's title, if it is a name.
fn titled(attributes: &BTreeMap<String, String>) -> Option<&str> {
    attributes.get("implementation-title").map(|title| title.trim()).filter(|title| is_artifact(title))
}

/// Tells whether Maven would take a text for the name of an artifact.
fn is_artifact(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn known_group(artifact: &str) -> Option<&'static str> {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(begin) => artifact.starts_with(begin),
        None => artifact == pattern,
    };
    GROUPS.iter().find(|(pattern, _)| fits(pattern)).map(|(_, group)| *group)
}

/// The group as the archive's place in a Maven repository tells it:
/// `…/repository/org/own/lib/1.0/lib-1.0.jar`.
pub(super) fn group_of_place(place: &str, artifact: &str, version: &str) -> Option<String> {
    let (directory, _) = place.rsplit_once('/')?;
    let above = directory.strip_suffix(version)?.strip_suffix('/')?.strip_suffix(artifact)?.strip_suffix('/')?;
    let (_, group) = REPOSITORIES.iter().find_map(|name| above.rsplit_once(name))?;
    (!group.is_empty()).then(|| group.replace('/', "."))
}

/// The group as the manifest tells it: Maven used to write it as the vendor's id, and a bundle's name
/// often is group and artifact.
fn told_group(artifact: &str, attributes: &BTreeMap<String, String>) -> Option<String> {
    let is_group = |text: &str| {
        text.contains('.')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    let vendor = attributes.get("implementation-vendor-id").map(|text| text.trim()).filter(|text| is_group(text));
    let bundle = || {
        let name = attributes.get("bundle-symbolicname")?.split(';').next()?.trim();
        let group = name.strip_suffix(artifact)?.strip_suffix('.')?;
        is_group(group).then_some(group)
    };
    vendor.or_else(bundle).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(stem: &str, attributes: &[(&str, &str)]) -> String {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        guess(stem, &attributes).map_or_else(|| "-".into(), |c| format!("{} {}", c.name(), c.version))
    }

    #[test]
    fn names_are_split_before_the_version() {
        for (stem, artifact, version) in [
            ("log4j-core-2.14.1", "log4j-core", "2.14.1"),
            ("log4j-1.2-api-2.17.0", "log4j-1.2-api", "2.17.0"),
            ("guava-31.1-jre", "guava", "31.1-jre"),
            ("spring-core-5.3.0.RELEASE", "spring-core", "5.3.0.RELEASE"),
            ("x-1.0-SNAPSHOT", "x", "1.0-SNAPSHOT"),
            ("x-1.0-rc-2", "x", "1.0-rc-2"),
            ("x-2.3-sources", "x", "2.3"),
            ("a-1", "a", "1"),
        ] {
            assert_eq!(split(stem), Some((artifact, version)), "{stem}");
        }
        for stem in ["", "a", "a-b", "a-", "log4j"] {
            assert_eq!(split(stem), None, "{stem}");
        }
    }

    #[test]
    fn a_repository_tells_the_group() {
        let group = |place| group_of_place(place, "lib", "1.0");
        assert_eq!(group("home/u/.m2/repository/org/own/lib/1.0/lib-1.0.jar").as_deref(), Some("org.own"));
        assert_eq!(group("usr/share/maven-repo/own/lib/1.0/lib-1.0.jar").as_deref(), Some("own"));
        assert_eq!(group("srv/repository/lib/1.0/lib-1.0.jar"), None);
        assert_eq!(group("srv/org/own/lib/1.0/lib-1.0.jar"), None);
        assert_eq!(group("srv/repository/org/own/lib/2.0/lib-1.0.jar"), None);
        assert_eq!(group("lib-1.0.jar"), None);
    }

    #[test]
    fn file_and_manifest_together_tell() {
        assert_eq!(guessed("log4j-core-2.14.1", &[]), "org.apache.logging.log4j:log4j-core 2.14.1");
        assert_eq!(guessed("log4j-1.2.17", &[]), "log4j:log4j 1.2.17");
        assert_eq!(guessed("spring-security-web-5.1.0", &[]), "org.springframework.security:spring-security-web 5.1.0");
        assert_eq!(guessed("own-1.0", &[]), "own 1.0");
        assert_eq!(guessed("own-1.0", &[("implementation-vendor-id", "org.own")]), "org.own:own 1.0");
        assert_eq!(guessed("core-1.0", &[("bundle-symbolicname", "org.own.core;singleton:=true")]), "org.own:core 1.0");
        assert_eq!(
            guessed("netty-epoll-4.1.94.Final-linux-x86_64", &[("implementation-version", "4.1.94.Final")]),
            "io.netty:netty-epoll 4.1.94.Final"
        );
        assert_eq!(guessed("guava", &[("bundle-version", "31.1.0.jre")]), "com.google.guava:guava 31.1.0.jre");
        assert_eq!(guessed("lib", &[("implementation-version", "1.1"), ("implementation-title", "x-y")]), "x-y 1.1");
        assert_eq!(guessed("lib", &[("implementation-version", "1.1"), ("implementation-title", "My lib")]), "lib 1.1");
        assert_eq!(guessed("lib", &[("implementation-version", "unknown")]), "-");
        assert_eq!(guessed("My program 1-1.0", &[]), "-");
        assert_eq!(guessed("", &[]), "-");
    }
}
