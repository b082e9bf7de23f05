//! Reads text, vectors, references, ids and dates.

use yagura_model::{CvssVector, CvssVersion, FeedId, Reference, ReferenceKind, Vulnerability};

use super::record::{Link, Record, SEVERITIES_MAX, Severity};
use crate::reading::{self, DESCRIPTION_BYTES_MAX};

/// The longest CVSS vector, in bytes. A version 4 vector with every metric has under 200.
const VECTOR_BYTES_MAX: usize = 256;

/// Returns what a record tells of the flaw `id`: its text (`details`, or else the summary),
/// vectors, references and dates. Other ids of the flaw are left to the feed.
pub(crate) fn facts_of(record: &Record<'_>, id: &str, feed: &str) -> Vulnerability {
    let details = record.details.as_deref().unwrap_or_default();
    let told = if details.trim().is_empty() { record.summary.as_deref().unwrap_or_default() } else { details };
    let mut cvss = Vec::new();
    let inner = record.affected.items.iter().flat_map(|affected| &affected.severity.items);
    for vector in record.severity.items.iter().chain(inner).filter_map(|severity| cvss_vector(severity, feed)) {
        if cvss.len() < SEVERITIES_MAX && !cvss.contains(&vector) {
            cvss.push(vector);
        }
    }
    Vulnerability {
        id: id.to_owned(),
        description: reading::text(told, DESCRIPTION_BYTES_MAX),
        cvss,
        references: record.references.items.iter().filter_map(Link::reference).collect(),
        published: record.published.as_deref().and_then(reading::timestamp),
        modified: record.modified.as_deref().and_then(reading::timestamp),
        ..Vulnerability::default()
    }
}

/// Reads a vector; its prefix tells the version of the standard, OSV's type only tells version 2.
/// `None` where the scale is another one, or the vector is none.
pub(crate) fn cvss_vector(severity: &Severity<'_>, feed: &str) -> Option<CvssVector> {
    let vector = reading::word(severity.score.trim(), VECTOR_BYTES_MAX)?;
    let version = match vector.split_once('/')?.0 {
        "CVSS:4.0" => CvssVersion::V4,
        "CVSS:3.1" => CvssVersion::V3_1,
        "CVSS:3.0" => CvssVersion::V3_0,
        _ if &*severity.kind == "CVSS_V2" => CvssVersion::V2,
        _ => return None,
    };
    let plain = vector.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.()".contains(&byte));
    // NVD used to put version 2 vectors in brackets.
    let vector = vector.trim_start_matches('(').trim_end_matches(')');
    plain.then(|| CvssVector { version, vector: vector.to_owned(), source: FeedId::new(feed) })
}

impl Link<'_> {
    /// Returns the reference, if its address is fit to be shown.
    pub(crate) fn reference(&self) -> Option<Reference> {
        let kind = match &*self.kind {
            "ADVISORY" => ReferenceKind::Advisory,
            "FIX" => ReferenceKind::Fix,
            "REPORT" => ReferenceKind::Report,
            "EVIDENCE" => ReferenceKind::Evidence,
            "ARTICLE" => ReferenceKind::Article,
            _ => ReferenceKind::Web,
        };
        reading::reference(kind, &self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::read;
    use super::*;
    use crate::catalogue::Entry;

    fn facts(text: &str) -> Vulnerability {
        facts_of(&read(&Entry { document: "d", name: "t", bytes: text.as_bytes() }).unwrap(), "X-1", "feed")
    }

    #[test]
    fn everything_of_a_record_is_kept() {
        let flaw = facts(
            r#"{"id":"X-1","summary":"S","details":" D ","published":"2099-01-01T00:00:00Z","modified":"?",
            "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N"},{"type":"Ubuntu","score":"low"}],
            "affected":[{"severity":[{"type":"CVSS_V2","score":"(AV:N/AC:L)"},{"type":"CVSS_V3","score":"CVSS:3.1/AV:N"}]}],
            "references":[{"type":"ADVISORY","url":"https://example.org/a"},{"type":"X","url":"file:///a"}]}"#,
        );
        let vectors: Vec<_> = flaw.cvss.iter().map(|cvss| (cvss.version.number(), cvss.vector.as_str())).collect();
        assert_eq!(vectors, [("3.1", "CVSS:3.1/AV:N"), ("2.0", "AV:N/AC:L")]);
        assert_eq!(flaw.description, "D");
        assert_eq!(flaw.references.len(), 1);
        assert!(flaw.published.is_some() && flaw.modified.is_none());
        assert_eq!(facts(r#"{"id":"X-1","summary":"S","details":" "}"#).description, "S");
    }

    #[test]
    fn vectors_are_bounded() {
        let one = |n: usize| format!(r#"{{"severity":[{{"type":"CVSS_V3","score":"CVSS:3.1/X:{n}"}}]}}"#);
        let many = (0..=SEVERITIES_MAX).map(one).collect::<Vec<_>>().join(",");
        assert_eq!(facts(&format!(r#"{{"id":"X-1","affected":[{many}]}}"#)).cvss.len(), SEVERITIES_MAX);
        let long =
            format!(r#"{{"id":"X-1","severity":[{{"type":"CVSS_V3","score":"CVSS:3.1/{}"}}]}}"#, "A".repeat(256));
        assert!(facts(&long).cvss.is_empty());
    }
}
