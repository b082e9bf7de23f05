//! How severe a flaw is: one documented policy (`docs/severity.md`), and which fact decided it.
//!
//! The vendor's urgency comes first, then the best CVSS base score of the newest standard.
//! KEV and EPSS are facts beside the severity: they order findings and never change it.

use yagura_index::CvssRef;
use yagura_model::{CvssVector, CvssVersion, LocalText, Severity, Urgency};

/// From this base score on a flaw is of high severity.
pub const HIGH_FROM: f64 = 7.0;
/// From this base score on a flaw is of medium severity.
pub const MEDIUM_FROM: f64 = 4.0;
/// From this base score on a flaw is of low severity; below, it is informational.
pub const LOW_FROM: f64 = 0.1;

/// A severity and the fact that decided it.
#[derive(Debug, Clone, PartialEq)]
pub struct Grade {
    /// The severity.
    pub severity: Severity,
    /// Which fact decided it.
    pub reason: LocalText,
}

/// Grades a flaw from the vendor's urgency and its scored vectors, newest standard first.
pub fn grade(urgency: Urgency, scored: &[(CvssVector, f64)]) -> Grade {
    let by_vendor = match urgency {
        Urgency::Unimportant | Urgency::Negligible => Some(Severity::Informational),
        Urgency::Low => Some(Severity::Low),
        Urgency::Medium => Some(Severity::Medium),
        Urgency::High | Urgency::Critical => Some(Severity::High),
        Urgency::NotAssigned => None,
    };
    if let Some(severity) = by_vendor {
        let word = urgency.word();
        let reason = LocalText::new(
            format!("the distribution's security team graded it `{word}`"),
            format!("ディストリビューションのセキュリティチームによる緊急度が「{word}」のため"),
        );
        return Grade { severity, reason };
    }
    match scored.first() {
        Some((vector, score)) => {
            let (number, source) = (vector.version.number(), vector.source.as_str());
            Grade {
                severity: of_score(*score),
                reason: LocalText::new(
                    format!("CVSS {number} base score {score:.1} (vector from {source})"),
                    format!("CVSS {number} の基本値が {score:.1} のため (ベクトルの出典: {source})"),
                ),
            }
        }
        None => Grade {
            severity: Severity::Undefined,
            reason: LocalText::new(
                "neither the distribution nor any feed has graded it",
                "ディストリビューションの緊急度も CVSS ベクトルもまだないため",
            ),
        },
    }
}

/// Maps a base score onto a severity, for every version of the standard alike.
pub fn of_score(score: f64) -> Severity {
    match score {
        s if s >= HIGH_FROM => Severity::High,
        s if s >= MEDIUM_FROM => Severity::Medium,
        s if s >= LOW_FROM => Severity::Low,
        _ => Severity::Informational,
    }
}

/// Computes the base score of each vector that is one: newest standard first, within one the
/// highest score, then by source.
pub fn score_all<'a>(vectors: impl Iterator<Item = CvssRef<'a>>) -> Vec<(CvssVector, f64)> {
    let mut scored: Vec<(CvssVector, f64)> =
        vectors.filter_map(|cvss| Some((cvss.to_owned(), base_score(cvss.version, cvss.vector)?))).collect();
    scored.sort_by(|(a, a_score), (b, b_score)| {
        let newest = b.version.cmp(&a.version);
        newest.then(b_score.total_cmp(a_score)).then_with(|| (&a.source, &a.vector).cmp(&(&b.source, &b.vector)))
    });
    scored.dedup();
    scored
}

/// The metrics without which a vector has no base score.
const BASE_V2: &[&str] = &["AV", "AC", "Au", "C", "I", "A"];
const BASE_V3: &[&str] = &["AV", "AC", "PR", "UI", "S", "C", "I", "A"];
const BASE_V4: &[&str] = &["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"];

/// Computes the base score of a vector; `None` when it is not a whole vector of that version.
///
/// Only base metrics count: threat and environment differ from place to place, and whoever
/// published the vector did not know ours.
pub fn base_score(version: CvssVersion, vector: &str) -> Option<f64> {
    let (prefix, base) = match version {
        CvssVersion::V2 => (None, BASE_V2),
        CvssVersion::V3_0 => (Some("CVSS:3.0"), BASE_V3),
        CvssVersion::V3_1 => (Some("CVSS:3.1"), BASE_V3),
        CvssVersion::V4 => (Some("CVSS:4.0"), BASE_V4),
    };
    // Vectors of version 2 are published bare, in parentheses, or behind a prefix of their own.
    let text = vector.trim().trim_start_matches("CVSS:2.0/").trim_start_matches('(').trim_end_matches(')');
    let mut parts = text.split('/').peekable();
    if let Some(prefix) = prefix {
        parts.next_if_eq(&prefix)?;
    }
    let parts: Vec<&str> = parts.collect();
    let metric = |name: &&str| {
        parts.iter().copied().find(|part| part.split_once(':').is_some_and(|(metric, _)| metric == *name))
    };
    let chosen: Vec<&str> = prefix.into_iter().map(Some).chain(base.iter().map(metric)).collect::<Option<_>>()?;
    let text = chosen.join("/");
    let score = match version {
        CvssVersion::V2 => text.parse::<cvss::v2::Vector>().ok()?.score().value(),
        CvssVersion::V3_0 | CvssVersion::V3_1 => text.parse::<cvss::v3::Vector>().ok()?.score().value(),
        CvssVersion::V4 => text.parse::<cvss::v4::Vector>().ok()?.score().value(),
    };
    (0.0..=10.0).contains(&score).then_some(score)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use yagura_model::FeedId;

    use super::*;

    /// Published vectors with the scores that NVD and FIRST's calculators give.
    #[test]
    fn base_scores_are_the_published_ones() {
        use CvssVersion::{V2, V3_0, V3_1, V4};
        for (version, vector, expected) in [
            (V2, "AV:N/AC:L/Au:N/C:N/I:N/A:P", Some(5.0)),
            (V2, "(AV:N/AC:L/Au:N/C:C/I:C/A:C)", Some(10.0)),
            (V2, "AV:L/AC:M/Au:N/C:C/I:C/A:C/E:U", Some(6.9)), // Temporal metrics are left out.
            (V3_0, "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Some(9.8)),
            (V3_1, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Some(10.0)),
            (V3_1, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", Some(7.5)),
            (V3_1, "CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:N/I:N/A:N", Some(0.0)),
            (V3_1, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H/E:P/MAV:L", Some(7.5)),
            (V4, "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Some(9.3)),
            (V4, "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U", Some(9.3)),
            (V3_1, "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", None), // Says another version.
            (V3_1, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H", None),     // A base metric is missing.
            (V3_1, "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", None), // No such value.
            (V4, "", None),
            (V2, "high", None),
        ] {
            assert_eq!(base_score(version, vector), expected, "{vector}");
        }
    }

    #[test]
    fn scores_map_onto_severities_at_their_bounds() {
        for (score, severity) in [
            (10.0, Severity::High),
            (7.0, Severity::High),
            (6.9, Severity::Medium),
            (4.0, Severity::Medium),
            (3.9, Severity::Low),
            (0.1, Severity::Low),
            (0.0, Severity::Informational),
        ] {
            assert_eq!(of_score(score), severity, "{score}");
        }
    }

    fn vectors() -> Vec<(CvssVector, f64)> {
        let v = |version, vector, source| CvssRef { version, vector, source };
        score_all(
            [
                v(CvssVersion::V2, "AV:N/AC:L/Au:N/C:C/I:C/A:C", "nvd"),
                v(CvssVersion::V3_1, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "cna"),
                v(CvssVersion::V3_1, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "nvd"),
                v(CvssVersion::V4, "not a vector", "cna"),
            ]
            .into_iter(),
        )
    }

    #[test]
    fn the_newest_standard_counts_and_within_it_the_highest_score() {
        let scored = vectors();
        let order: Vec<_> = scored.iter().map(|(v, score)| (v.version.number(), *score)).collect();
        assert_eq!(order, [("3.1", 9.8), ("3.1", 7.5), ("2.0", 10.0)]);
        assert_eq!(scored[0].0.source, FeedId::new("nvd"));
    }

    #[test]
    fn the_vendor_outranks_cvss_and_the_reason_says_who_decided() {
        let scored = vectors();
        for (urgency, severity, reason) in [
            (Urgency::Unimportant, Severity::Informational, "the distribution's security team graded it `unimportant`"),
            (Urgency::Low, Severity::Low, "the distribution's security team graded it `low`"),
            (Urgency::Medium, Severity::Medium, "the distribution's security team graded it `medium`"),
            (Urgency::High, Severity::High, "the distribution's security team graded it `high`"),
            (Urgency::NotAssigned, Severity::High, "CVSS 3.1 base score 9.8 (vector from nvd)"),
        ] {
            let grade = grade(urgency, &scored);
            assert_eq!((grade.severity, grade.reason.en.as_str()), (severity, reason));
        }
        let nobody = grade(Urgency::NotAssigned, &[]);
        assert_eq!(nobody.severity, Severity::Undefined);
        assert_eq!(nobody.reason.en, "neither the distribution nor any feed has graded it");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,80}") {
            for version in [CvssVersion::V2, CvssVersion::V3_0, CvssVersion::V3_1, CvssVersion::V4] {
                let _ = base_score(version, &text);
            }
        }

        #[test]
        fn near_vectors_are_survived(text in "(CVSS:[234]\\.[01]/)?([ACEIMPRSUVT]{1,3}:[ACHLNPRSU]/?){0,20}") {
            for version in [CvssVersion::V2, CvssVersion::V3_0, CvssVersion::V3_1, CvssVersion::V4] {
                let score = base_score(version, &text);
                prop_assert!(score.is_none_or(|score| (0.0..=10.0).contains(&score)));
            }
        }
    }
}
