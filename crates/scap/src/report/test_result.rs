//! The XCCDF `TestResult`.

use std::fmt;

use super::writer::Writer;
use super::{RunFacts, time};
use crate::judge::{Judged, Outcome, RuleResult};
use crate::oval::at;

const XCCDF: &str = "http://checklists.nist.gov/xccdf/1.2";
const OVAL: &str = "http://oval.mitre.org/XMLSchema/oval-definitions-5";
const ASSET: &str = "http://scap.nist.gov/schema/asset-identification/1.1";

impl Judged<'_> {
    /// Writes the results as an XCCDF 1.2 `TestResult` document.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn write_test_result(&self, facts: &RunFacts, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
        let href = |href: &str| href.to_owned();
        self.test_result(facts, &mut Writer::new(out), &href, false)
    }

    /// `href` says how a document is called where the results stand.
    pub(super) fn test_result(
        &self,
        facts: &RunFacts,
        writer: &mut Writer<'_>,
        href: &dyn Fn(&str) -> String,
        has_asset: bool,
    ) -> fmt::Result {
        let compiled = self.compiled;
        let profile = compiled.profile.as_deref();
        let id = format!("xccdf_org.yagura_testresult_{}", profile.unwrap_or("default"));
        writer.open(
            "TestResult",
            &[
                ("xmlns", XCCDF),
                ("id", &id),
                ("start-time", &time(facts.started)),
                ("end-time", &time(facts.ended)),
                ("version", &compiled.version),
                ("test-system", &format!("cpe:/a:yagura:yagura:{}", facts.scanner_version)),
            ],
        )?;
        writer.empty("benchmark", &[("href", &facts.benchmark_href), ("id", &compiled.benchmark)])?;
        writer.text("title", &[], &format!("{} result", facts.scanner))?;
        if let Some(profile) = profile {
            writer.empty("profile", &[("idref", profile)])?;
        }
        writer.text("target", &[], &facts.host)?;
        for address in &facts.addresses {
            writer.text("target-address", &[], address)?;
        }
        self.target_facts(facts, writer)?;
        if has_asset {
            writer.empty("target-id-ref", &[("system", ASSET), ("name", "asset0"), ("href", "")])?;
        }
        for platform in &self.results.platforms {
            writer.empty("platform", &[("idref", platform)])?;
        }
        for (id, value) in &compiled.values {
            writer.text("set-value", &[("idref", id)], value)?;
        }
        for result in &self.results.rules {
            self.rule_result(result, facts, writer, href)?;
        }
        for score in &self.results.scores {
            let maximum = format!("{:.6}", score.maximum);
            writer.text("score", &[("system", &score.model), ("maximum", &maximum)], &format!("{:.6}", score.score))?;
        }
        writer.close()
    }

    fn target_facts(&self, facts: &RunFacts, writer: &mut Writer<'_>) -> fmt::Result {
        writer.open("target-facts", &[])?;
        let mut fact = |name: &str, value: &str| {
            let name = format!("urn:xccdf:fact:{name}");
            writer.text("fact", &[("name", &name), ("type", "string")], value)
        };
        fact("scanner:name", &facts.scanner)?;
        fact("scanner:version", &facts.scanner_version)?;
        fact("asset:identifier:host_name", &facts.host)?;
        for address in &facts.addresses {
            fact(if address.contains(':') { "asset:identifier:ipv6" } else { "asset:identifier:ipv4" }, address)?;
        }
        writer.close()
    }

    fn rule_result(
        &self,
        result: &RuleResult,
        facts: &RunFacts,
        writer: &mut Writer<'_>,
        href: &dyn Fn(&str) -> String,
    ) -> fmt::Result {
        let Some((item, rule)) =
            at(&self.compiled.items, result.item).and_then(|item| Some((item, item.rule.as_ref()?)))
        else {
            return Ok(());
        };
        writer.open(
            "rule-result",
            &[
                ("idref", &item.id),
                ("role", rule.role.name()),
                ("time", &time(facts.ended)),
                ("severity", rule.severity.name()),
                ("weight", &format!("{:.6}", item.weight)),
            ],
        )?;
        writer.text("result", &[], result.outcome.name())?;
        for (system, name) in rule.texts.iter().flat_map(|texts| &texts.idents) {
            writer.text("ident", &[("system", system)], name)?;
        }
        if let Some(message) = &result.message {
            writer.text("message", &[("severity", "info")], message)?;
        }
        let looked = !matches!(result.outcome, Outcome::NotSelected | Outcome::NotApplicable);
        if let Some(check) = result.check.as_ref().filter(|_| looked) {
            writer.open("check", &[("system", OVAL)])?;
            let href = href(&check.href);
            match &check.definition {
                Some(definition) => {
                    writer.empty("check-content-ref", &[("name", definition), ("href", &href)])?;
                }
                None => writer.empty("check-content-ref", &[("href", &href)])?,
            }
            writer.close()?;
        }
        writer.close()
    }
}
