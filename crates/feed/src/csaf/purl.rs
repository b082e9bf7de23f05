//! Package URLs, as far as they name rpm packages.

use std::borrow::Cow;

use crate::reading;

/// The longest purl, in bytes.
const PURL_BYTES_MAX: usize = 512;

/// A purl in its parts, not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Purl<'a> {
    /// `rpm`, `rpmmod`, `oci`.
    pub(crate) kind: &'a str,
    /// `redhat`, `redhat/ruby:2.6`; empty where there is none.
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) version: Option<&'a str>,
    qualifiers: &'a str,
}

impl<'a> Purl<'a> {
    /// Splits `pkg:rpm/redhat/gimp@2.8.22-26.el8?arch=src&epoch=2`.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let rest = reading::word(text, PURL_BYTES_MAX)?.strip_prefix("pkg:")?;
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (path, version) = rest.rsplit_once('@').map_or((rest, None), |(path, version)| (path, Some(version)));
        let (kind, path) = path.split_once('/')?;
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        (!name.is_empty()).then_some(Self { kind, namespace, name, version, qualifiers })
    }

    /// Returns a qualifier, decoded.
    pub(crate) fn qualifier(&self, name: &str) -> Option<Cow<'a, str>> {
        let pairs = self.qualifiers.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).and_then(|(_, value)| decode(value))
    }

    /// Returns the name, decoded.
    pub(crate) fn plain_name(&self) -> Option<Cow<'a, str>> {
        decode(self.name)
    }

    /// Returns `[epoch:]version-release` of an rpm package; an epoch of 0 is left out.
    pub(crate) fn evr(&self) -> Option<String> {
        let version = decode(self.version?)?;
        let epoch = self.qualifier("epoch").filter(|epoch| !epoch.bytes().all(|digit| digit == b'0'));
        let evr = match epoch {
            Some(epoch) if epoch.bytes().all(|digit| digit.is_ascii_digit()) => format!("{epoch}:{version}"),
            Some(_) => return None,
            None => version.into_owned(),
        };
        reading::version(&evr).is_some().then_some(evr)
    }

    /// Returns `name:stream` of the module that it is or is in:
    /// `pkg:rpm/redhat/gimp@2?rpmmod=gimp:2.8:8080:0621e4ee`,
    /// `pkg:rpmmod/redhat/gimp@2.8:8080:0621e4ee`, `pkg:rpmmod/redhat/gimp:2.8/gimp`.
    pub(crate) fn module(&self) -> Option<String> {
        let label = if self.kind == "rpmmod" {
            match self.namespace.split_once('/') {
                Some((_, module)) => decode(module)?,
                None => Cow::Owned(format!("{}:{}", self.name, decode(self.version?)?)),
            }
        } else {
            self.qualifier("rpmmod")?
        };
        let mut parts = label.splitn(3, ':');
        let module = format!("{}:{}", parts.next()?, parts.next()?);
        crate::rpm_family::words::is_module(&module).then_some(module)
    }
}

/// Decodes `%2B`; `None` where the code is broken or the text is no visible ASCII.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, code)) = rest.split_once('%') {
        let byte = u8::from_str_radix(code.get(..2)?, 16).ok().filter(u8::is_ascii_graphic)?;
        decoded.push_str(before);
        decoded.push(char::from(byte));
        rest = code.get(2..)?;
    }
    decoded.push_str(rest);
    Some(Cow::Owned(decoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named() {
        let gimp = Purl::parse("pkg:rpm/redhat/gimp@2.8.22-26.module%2Bel8.8.0%2B23318?arch=src&epoch=2").unwrap();
        assert_eq!((gimp.kind, gimp.namespace, gimp.name), ("rpm", "redhat", "gimp"));
        assert_eq!(gimp.evr().as_deref(), Some("2:2.8.22-26.module+el8.8.0+23318"));
        assert_eq!(gimp.qualifier("arch").as_deref(), Some("src"));
        assert_eq!(Purl::parse("pkg:rpm/redhat/a@1-1?epoch=0").unwrap().evr().as_deref(), Some("1-1"));
        let unversioned = Purl::parse("pkg:rpm/redhat/libstdc%2B%2B?arch=src").unwrap();
        assert_eq!((unversioned.evr(), unversioned.plain_name().as_deref()), (None, Some("libstdc++")));
    }

    #[test]
    fn modules_are_named_in_three_ways() {
        let module = |purl: &str| Purl::parse(purl).and_then(|purl| purl.module());
        for purl in [
            "pkg:rpm/redhat/gimp@2?arch=src&rpmmod=gimp:2.8:8080020250623120629:0621e4ee",
            "pkg:rpm/redhat/gimp@2?rpmmod=gimp%3A2.8",
            "pkg:rpmmod/redhat/gimp@2.8:8080020250623120629:0621e4ee",
            "pkg:rpmmod/redhat/gimp@2.8%3A8080020250623120629%3A0621e4ee",
            "pkg:rpmmod/redhat/gimp:2.8/gimp",
        ] {
            assert_eq!(module(purl).as_deref(), Some("gimp:2.8"), "{purl}");
        }
        for purl in ["pkg:rpm/redhat/gimp@2", "pkg:rpm/redhat/a?rpmmod=rhel9", "pkg:rpmmod/redhat/gimp"] {
            assert_eq!(module(purl), None, "{purl}");
        }
    }

    #[test]
    fn broken_purls_are_nothing() {
        for purl in ["", "pkg:", "pkg:rpm", "pkg:rpm/", "rpm/redhat/a", "pkg:rpm/redhat/", "pkg:rpm/a b"] {
            assert_eq!(Purl::parse(purl), None, "{purl}");
        }
        for purl in ["pkg:rpm/r/a@1%", "pkg:rpm/r/a@1%2", "pkg:rpm/r/a@1%0A", "pkg:rpm/r/a@1?epoch=x"] {
            assert_eq!(Purl::parse(purl).unwrap().evr(), None, "{purl}");
        }
        assert_eq!(Purl::parse(&format!("pkg:rpm/{}", "a".repeat(PURL_BYTES_MAX))), None);
    }
}
