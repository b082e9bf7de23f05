//! Reads one advisory.

use std::collections::BTreeMap;

use yagura_model::{FeedId, Reference, ReferenceKind, ReleaseKey, Statement, Urgency, Vulnerability};

use super::ID;
use super::ranges::{self, Range};
use crate::catalogue::{Entry, ParseError, Sink};
use crate::language::state::state;
use crate::reading::{self, DESCRIPTION_BYTES_MAX, ID_BYTES_MAX};
use crate::xml::{Element, Token, Xml};

const FORMAT: &str = "GLSA";

/// The most bytes of one advisory. The longest, of a kernel's or browser's hundred flaws, have 60 kB.
const ADVISORY_BYTES_MAX: usize = 4 << 20;
/// The most ranges of one advisory, over all of its packages.
const RANGES_MAX: usize = 10_000;
/// The most flaws of one advisory; browsers have 200.
const FLAWS_MAX: usize = 8_192;

/// An advisory as far as it is read.
#[derive(Default)]
struct Advisory {
    id: String,
    title: String,
    synopsis: String,
    announced: String,
    revised: String,
    impact: String,
    packages: BTreeMap<String, Vec<Range>>,
    ranges: usize,
    flaws: Vec<String>,
}

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    if !reading::is_member(entry.name, "glsa-", ".xml") {
        return Ok(());
    }
    if entry.bytes.len() > ADVISORY_BYTES_MAX {
        let limit = ADVISORY_BYTES_MAX.try_into().unwrap_or(u64::MAX);
        return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "bytes", limit });
    }
    let mut xml = Xml::new(entry, FORMAT);
    let Token::Open(root) = xml.next()? else { return Err(xml.here("it has no root".to_owned())) };
    if root.name() != b"glsa" {
        return Err(xml.here("it is no advisory".to_owned()));
    }
    let mut advisory = Advisory { id: attribute(&root, "id"), ..Advisory::default() };
    while let Some(element) = child(&mut xml)? {
        advisory.read(&mut xml, &element)?;
    }
    let Token::End = xml.next()? else { return Err(xml.here("something behind the root".to_owned())) };
    sink.record();
    advisory.tell(sink);
    Ok(())
}

/// Returns the next element within the one that was opened last, or `None` at its end.
fn child<'a>(xml: &mut Xml<'a>) -> Result<Option<Element<'a>>, ParseError> {
    loop {
        match xml.next()? {
            Token::Open(element) => return Ok(Some(element)),
            Token::Close | Token::End => return Ok(None),
            Token::Text(_) => {}
        }
    }
}

fn attribute(element: &Element<'_>, name: &str) -> String {
    let value = element.attribute(name).unwrap_or_default();
    reading::text(&value, reading::PACKAGE_BYTES_MAX)
}

impl Advisory {
    fn read(&mut self, xml: &mut Xml<'_>, element: &Element<'_>) -> Result<(), ParseError> {
        let text = |xml: &mut Xml<'_>| xml.text(DESCRIPTION_BYTES_MAX);
        match element.name() {
            b"title" => self.title = text(xml)?,
            b"synopsis" => self.synopsis = text(xml)?,
            b"announced" => self.announced = text(xml)?,
            b"revised" => self.revised = text(xml)?,
            b"impact" => {
                self.impact = attribute(element, "type");
                xml.skip()?;
            }
            b"affected" => self.packages(xml)?,
            b"references" => self.references(xml)?,
            _ => xml.skip()?,
        }
        Ok(())
    }

    fn packages(&mut self, xml: &mut Xml<'_>) -> Result<(), ParseError> {
        while let Some(package) = child(xml)? {
            if package.name() != b"package" {
                xml.skip()?;
                continue;
            }
            let name = attribute(&package, "name");
            while let Some(range) = child(xml)? {
                let vulnerable = match range.name() {
                    b"vulnerable" => true,
                    b"unaffected" => false,
                    _ => {
                        xml.skip()?;
                        continue;
                    }
                };
                self.ranges += 1;
                if self.ranges > RANGES_MAX {
                    return Err(xml.too_many("ranges", RANGES_MAX));
                }
                let (operator, slot) = (attribute(&range, "range"), attribute(&range, "slot"));
                let version = xml.text(reading::NOTE_BYTES_MAX)?;
                self.packages.entry(name.clone()).or_default().push(Range { vulnerable, operator, slot, version });
            }
        }
        Ok(())
    }

    /// Reads the flaws out of the references: some have the id as their text, some in the address.
    fn references(&mut self, xml: &mut Xml<'_>) -> Result<(), ParseError> {
        while let Some(reference) = child(xml)? {
            let link = attribute(&reference, "link");
            let text = xml.text(reading::NOTE_BYTES_MAX)?;
            for flaw in flaws(&text).chain(flaws(&link)) {
                if self.flaws.len() >= FLAWS_MAX {
                    return Err(xml.too_many("flaws", FLAWS_MAX));
                }
                if !self.flaws.contains(&flaw) {
                    self.flaws.push(flaw);
                }
            }
        }
        Ok(())
    }

    fn tell(self, sink: &mut dyn Sink) {
        let number = reading::id(&self.id).filter(|id| id.starts_with(|c: char| c.is_ascii_digit()));
        let Some(number) = number.filter(|number| number.len() + "GLSA-".len() <= ID_BYTES_MAX) else {
            sink.rejected(&reading::text(&self.id, ID_BYTES_MAX), "not the number of an advisory");
            return;
        };
        let id = format!("GLSA-{number}");
        let (published, modified) = (day(&self.announced), day(&self.revised));
        if let Some(date) = published.max(modified) {
            sink.data_date(date);
        }
        let release = ReleaseKey::new("gentoo", "rolling");
        sink.release(release.clone());
        for (package, ranges) in &self.packages {
            let Some(package) = reading::package(package).filter(|name| name.contains('/')) else {
                sink.rejected(&id, "not the name of an ebuild");
                continue;
            };
            match ranges::affected(ranges) {
                Ok(ranges) => sink.statement(Statement {
                    feed: FeedId::new(ID),
                    release: release.clone(),
                    package: package.to_owned(),
                    vulnerability: id.clone(),
                    state: state(ranges),
                    urgency: urgency(&self.impact),
                    ..Statement::default()
                }),
                Err(why) => sink.rejected(&format!("{id} {package}"), &why),
            }
        }
        let title = self.title.trim();
        let description = format!("{title}\n\n{}", self.synopsis.trim());
        let page = format!("https://security.gentoo.org/glsa/{number}");
        sink.vulnerability(Vulnerability {
            covers: self.flaws,
            description: reading::text(&description, DESCRIPTION_BYTES_MAX),
            references: reading::reference(ReferenceKind::Advisory, &page).into_iter().collect::<Vec<Reference>>(),
            published,
            modified,
            id,
            ..Vulnerability::default()
        });
    }
}

/// Finds CVE ids in a text. Until 2005 they were candidates first: `CAN-2004-0700`.
fn flaws(text: &str) -> impl Iterator<Item = String> + '_ {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter_map(|word| {
        let rest = word.strip_prefix("CVE-").or_else(|| word.strip_prefix("CAN-"))?;
        reading::cve_id(&format!("CVE-{rest}")).map(str::to_owned)
    })
}

/// Reads `2023-05-21`, or `2006-05-22: 02` of the early ones.
fn day(text: &str) -> Option<jiff::Timestamp> {
    text.trim().get(.."2023-05-21".len())?.parse().ok().and_then(reading::start_of)
}

fn urgency(word: &str) -> Urgency {
    match word {
        "high" => Urgency::High,
        "normal" | "medium" => Urgency::Medium,
        "low" | "minimal" => Urgency::Low,
        _ => Urgency::NotAssigned,
    }
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::read;

    const ADVISORY: &str = include_str!("../../fixtures/gentoo-glsa/glsa-209901-01.xml");

    fn said(text: &str) -> String {
        let read = read(&FEED, "glsa-master/glsa-209901-01.xml", text.as_bytes());
        read.map_or_else(|error| error.to_string(), |recorder| recorder.render())
    }

    #[test]
    fn an_advisory_covers_flaws_in_packages() {
        insta::assert_snapshot!(said(ADVISORY), @r#"
        record 1
        date 2099-01-22T00:00:00Z
        release gentoo:rolling
        gentoo:rolling dev-demo/demo GLSA-209901-01 affected [.., 1.20-r3) [1.20_p, 1.33) (medium)
        gentoo:rolling dev-demo/lost GLSA-209901-01 affected [.., 2.0] (medium)
        rejected GLSA-209901-01 dev-demo/odd: unknown range `near 2.0`
        gentoo:rolling dev-lang/demo GLSA-209901-01 affected [3.9_alpha, 3.9.2_p1) (medium)
        rejected GLSA-209901-01: not the name of an ebuild
        flaw GLSA-209901-01 "demo: Multiple Vulnerabilities

        Multiple vulnerabilities have been found in demo & co." covers CVE-2099-0001 covers CVE-2099-0002 Advisory https://security.gentoo.org/glsa/209901-01 published 2099-01-21T00:00:00Z modified 2099-01-22T00:00:00Z
        "#);
    }

    #[test]
    fn other_members_are_no_advisories() {
        assert_eq!(read(&FEED, "glsa-master/metadata/timestamp.chk", b"x").unwrap().render(), "record 0\n");
    }

    #[test]
    fn refuses_what_ends_early_defines_entities_or_is_something_else() {
        for cut in 0..ADVISORY.trim_end().len() {
            assert!(read(&FEED, "t", &ADVISORY.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        assert!(said("<html></html>").contains("it is no advisory"));
        let bomb = "<!DOCTYPE glsa [<!ENTITY a \"b\">]><glsa id=\"209901-01\"></glsa>";
        assert!(said(bomb).contains("a document type is not allowed"));
        assert!(said(&" ".repeat(ADVISORY_BYTES_MAX + 1)).ends_with("has more than 4194304 bytes"));
    }

    #[test]
    fn bounds_are_reached() {
        let ranges = r#"<vulnerable range="lt">1</vulnerable>"#.repeat(RANGES_MAX + 1);
        let text = format!(r#"<glsa id="1"><affected><package name="a/b">{ranges}</package></affected></glsa>"#);
        assert!(said(&text).ends_with("has more than 10000 ranges"), "{}", said(&text));
        let flaws: String = (0..=FLAWS_MAX).map(|n| format!("<uri>CVE-2099-{n:05}</uri>")).collect();
        let text = format!(r#"<glsa id="1"><references>{flaws}</references></glsa>"#);
        assert!(said(&text).ends_with("has more than 8192 flaws"));
    }
}
