//! ARF 1.1: the content that was judged, the host, and the results of benchmark and definitions.

use std::fmt;

use super::writer::Writer;
use super::{RunFacts, oval_results};
use crate::judge::Judged;

const ARF: &str = "http://scap.nist.gov/schema/asset-reporting-format/1.1";
const CORE: &str = "http://scap.nist.gov/schema/reporting-core/1.1";
const ASSET: &str = "http://scap.nist.gov/schema/asset-identification/1.1";
const VOCABULARY: &str = "http://scap.nist.gov/specifications/arf/vocabulary/relationships/1.0#";

impl Judged<'_> {
    /// Writes the results as an ARF 1.1 document; `source` is the text of the data stream that was judged.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn write_arf(&self, facts: &RunFacts, source: &str, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
        let mut writer = Writer::new(out);
        writer.open("arf:asset-report-collection", &[("xmlns:arf", ARF), ("xmlns:core", CORE), ("xmlns:ai", ASSET)])?;
        writer.open("core:relationships", &[("xmlns:arfvocab", VOCABULARY)])?;
        for (kind, target) in [("arfvocab:createdFor", "collection1"), ("arfvocab:isAbout", "asset0")] {
            writer.open("core:relationship", &[("type", kind), ("subject", "xccdf1")])?;
            writer.text("core:ref", &[], target)?;
            writer.close()?;
        }
        writer.close()?;
        writer.open("arf:report-requests", &[])?;
        writer.open("arf:report-request", &[("id", "collection1")])?;
        writer.open("arf:content", &[])?;
        writer.raw(source)?;
        writer.close()?;
        writer.close()?;
        writer.close()?;
        self.asset(facts, &mut writer)?;
        writer.open("arf:reports", &[])?;
        writer.open("arf:report", &[("id", "xccdf1")])?;
        writer.open("arf:content", &[])?;
        self.test_result(facts, &mut writer, &|href| self.report_of(href), true)?;
        writer.close()?;
        writer.close()?;
        for (number, session) in self.sessions.iter().enumerate() {
            writer.open("arf:report", &[("id", &format!("oval{number}"))])?;
            writer.open("arf:content", &[])?;
            oval_results::write(session, facts, &mut writer)?;
            writer.close()?;
            writer.close()?;
        }
        writer.close()?;
        writer.close()
    }

    fn asset(&self, facts: &RunFacts, writer: &mut Writer<'_>) -> fmt::Result {
        writer.open("arf:assets", &[])?;
        writer.open("arf:asset", &[("id", "asset0")])?;
        writer.open("ai:computing-device", &[])?;
        if !facts.addresses.is_empty() {
            writer.open("ai:connections", &[])?;
            for address in &facts.addresses {
                writer.open("ai:connection", &[])?;
                writer.open("ai:ip-address", &[])?;
                writer.text(if address.contains(':') { "ai:ip-v6" } else { "ai:ip-v4" }, &[], address)?;
                writer.close()?;
                writer.close()?;
            }
            writer.close()?;
        }
        writer.text("ai:hostname", &[], &facts.host)?;
        writer.close()?;
        writer.close()?;
        writer.close()
    }

    /// The report that holds the results of the document of an address.
    fn report_of(&self, href: &str) -> String {
        let document = self.compiled.document_of(href);
        document.map_or_else(|| href.to_owned(), |number| format!("#oval{number}"))
    }
}
