//! Coverage: for each rules package and each feed it leans on, how far the assessment went.
//!
//! A clean result from missing data is the worst thing that an assessment can give, so every
//! way to have no findings without having looked ends in a line here.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use yagura_feed::{Authority, FEEDS, FeedSpec};
use yagura_matcher::{Judged, MatchResult};
use yagura_model::debian::{DebianRelease, Support};
use yagura_model::{
    Coverage, CoverageState, Ecosystem, Exclusion, ExclusionCode, FeedAge, FeedId, FeedRecord, LocalText, Release,
    ReleaseKey, RulesPackage, Snapshot,
};

use crate::assess::AssessOptions;

/// Turns what could not be read of the package database into exclusions.
pub(crate) fn unreadable_packages(snapshot: &Snapshot) -> Vec<Exclusion> {
    let Some(database) = snapshot.package_database.as_deref() else {
        return Vec::new();
    };
    snapshot
        .problems
        .iter()
        .filter(|problem| problem.place.path.starts_with(database))
        .map(|problem| Exclusion {
            rules_package: RulesPackage::Cve,
            code: ExclusionCode::Unreadable,
            subject: problem.place.to_string(),
            reason: problem.message.clone(),
            place: Some(problem.place.clone()),
        })
        .collect()
}

/// Says how far the CVE rules package went: one line for the package, one for each feed.
pub(crate) fn cve(
    snapshot: &Snapshot,
    options: &AssessOptions<'_>,
    matched: Option<&MatchResult<'_>>,
    exclusions: &[Exclusion],
) -> Vec<Coverage> {
    let feeds: Vec<FeedRecord> = options.index.map(yagura_index::Index::feeds).unwrap_or_default();
    let (state, reason) = cve_state(snapshot, options, matched, exclusions);
    let mut lines = vec![Coverage { rules_package: RulesPackage::Cve, feed: None, state, reason, age: None }];
    if options.index.is_some() {
        let used = expected(snapshot).chain(
            FEEDS
                .iter()
                .filter(|feed| EXTRAS.contains(&feed.id) && feeds.iter().any(|record| record.id.as_str() == feed.id)),
        );
        lines.extend(used.map(|feed| feed_line(feed, &feeds, snapshot, options.started_at)));
    }
    lines
}

fn cve_state(
    snapshot: &Snapshot,
    options: &AssessOptions<'_>,
    matched: Option<&MatchResult<'_>>,
    exclusions: &[Exclusion],
) -> (CoverageState, Option<LocalText>) {
    let Some(matched) = matched else {
        let reason = options.no_index_reason.clone().unwrap_or_else(no_index);
        return (CoverageState::NotAssessed, Some(reason));
    };
    if snapshot.package_database.is_none() && matched.languages == 0 {
        return (CoverageState::NotAssessed, Some(no_database(snapshot)));
    }
    if let Judged::NotAssessed { reason } = &matched.judged {
        // The packages of languages have feeds of their own.
        let state = if matched.languages > 0 { CoverageState::Partly } else { CoverageState::NotAssessed };
        return (state, Some(reason.clone()));
    }
    let gaps = exclusions.iter().filter(|exclusion| exclusion.code.is_gap()).count();
    if gaps > 0 {
        let reason = LocalText::new(
            format!(
                "{gaps} {} could not be judged; see the exclusions",
                plural(gaps, "package or record", "packages or records")
            ),
            format!("{gaps} 件のパッケージまたはレコードを判定できませんでした。除外項目を参照してください"),
        );
        return (CoverageState::Partly, Some(reason));
    }
    if let Some(reason) = snapshot.release.as_ref().and_then(|release| support_ended(release, options.started_at)) {
        return (CoverageState::Partly, Some(reason));
    }
    (CoverageState::Assessed, None)
}

const fn plural<'t>(count: usize, one: &'t str, many: &'t str) -> &'t str {
    if count == 1 { one } else { many }
}

fn no_index() -> LocalText {
    LocalText::new(
        "there is no feed index; run `yagura feed sync`",
        "フィード索引がありません。`yagura feed sync` を実行してください",
    )
}

fn no_database(snapshot: &Snapshot) -> LocalText {
    match snapshot.problems.iter().find(|problem| problem.place.line.is_none()) {
        Some(problem) => problem.message.clone(),
        None => LocalText::new(
            "no package database was found (looked for those of dpkg, rpm, apk, pacman and Portage)",
            "パッケージデータベースが見つかりません (dpkg、rpm、apk、pacman、Portage のものを探しました)",
        ),
    }
}

/// After the end of support nobody lists a release's new vulnerabilities: few findings then mean
/// that nobody looks, not that nothing is wrong.
fn support_ended(release: &Release, now: Timestamp) -> Option<LocalText> {
    if release.distribution != "debian" {
        return None;
    }
    let known = DebianRelease::find(release.codename.as_deref()?)?;
    let Support::Ended(until) = known.support(now.to_zoned(TimeZone::UTC).date()) else {
        return None;
    };
    Some(LocalText::new(
        format!(
            "support for Debian {} ({}) ended on {until}: vulnerabilities found since then are not listed for it; upgrade to a supported release",
            known.version, known.codename
        ),
        format!(
            "Debian {} ({}) のサポートは {until} に終了しました。以後に見つかった脆弱性は掲載されません。サポート中のリリースへ更新してください",
            known.version, known.codename
        ),
    ))
}

/// What is missing where a feed is old or absent, in English and Japanese.
struct Loss {
    old: (&'static str, &'static str),
    without: (&'static str, &'static str),
}

/// What each feed's loss means where its authority alone does not say it.
const LOSSES: &[(&str, Loss)] = &[
    (
        "debian-osv",
        Loss {
            old: (
                "newer descriptions, scores and references are missing",
                "新しい説明、スコア、参考情報は含まれません",
            ),
            without: (
                "descriptions, CVSS scores and references are missing",
                "説明、CVSS スコア、参考情報がありません",
            ),
        },
    ),
    (
        "debian-advisories",
        Loss {
            old: ("newer DSA and DLA numbers are missing", "新しい DSA と DLA の番号は含まれません"),
            without: ("DSA and DLA numbers are missing", "DSA と DLA の番号がありません"),
        },
    ),
    (
        "cisa-kev",
        Loss {
            old: ("newly exploited vulnerabilities are not marked", "その後に悪用が確認された脆弱性は表示されません"),
            without: ("known exploitation is not shown", "悪用が確認された脆弱性かどうかを表示できません"),
        },
    ),
    (
        "epss",
        Loss {
            old: ("exploit predictions may have changed", "悪用の予測値が変わっている可能性があります"),
            without: ("exploit predictions are not shown", "悪用の予測値を表示できません"),
        },
    ),
];

const VERDICTS: Loss = Loss {
    old: ("newer vulnerabilities are missing", "新しい脆弱性は含まれません"),
    without: (
        "without the tracker, unfixed vulnerabilities and the security team's decisions are not known",
        "トラッカーがないため、未修正の脆弱性とセキュリティチームの判断が分かりません",
    ),
};
const ADVISORIES: Loss = Loss {
    old: ("newer advisories are missing", "新しいアドバイザリは含まれません"),
    without: ("the vendor's advisories are not known", "ベンダーのアドバイザリが分かりません"),
};
const FACTS: Loss = Loss {
    old: ("newer descriptions and scores are missing", "新しい説明とスコアは含まれません"),
    without: ("descriptions and scores are missing", "説明とスコアがありません"),
};

impl Loss {
    fn of(feed: &FeedSpec) -> &'static Self {
        if let Some((_, loss)) = LOSSES.iter().find(|(id, _)| *id == feed.id) {
            return loss;
        }
        match feed.authority {
            Authority::Whole | Authority::VendorState => &VERDICTS,
            Authority::VendorAdvisory | Authority::Osv => &ADVISORIES,
            Authority::CveRecord | Authority::Facts => &FACTS,
        }
    }
}

/// Feeds that add texts and scores to what others say, and that no assessment waits for: they have the records of
/// every CVE there is.
const EXTRAS: &[&str] = &["cve-list", "nvd"];

/// Lists the feeds that an assessment of this host leans on: those of its distribution, those of the languages whose
/// packages it has, and those about flaws in general.
pub fn expected(snapshot: &Snapshot) -> impl Iterator<Item = &'static FeedSpec> {
    let release = snapshot.release.as_ref().and_then(Release::key);
    let ecosystems: BTreeSet<Ecosystem> = snapshot
        .packages
        .iter()
        .filter(|package| package.provenance.owner.is_none())
        .filter_map(|package| package.kind.ecosystem())
        .collect();
    FEEDS.iter().filter(|feed| !EXTRAS.contains(&feed.id)).filter(move |feed| {
        let speaks = |word: &str| feed.speaks_of.contains(&word);
        feed.speaks_of.is_empty()
            || release.as_ref().is_some_and(|release| speaks(release.distribution()))
            || ecosystems.iter().any(|ecosystem| speaks(ecosystem.word()))
            // Without a release nobody knows which feeds are missing; Debian's are named as an example of what is.
            || (release.is_none() && speaks("debian"))
    })
}

fn feed_line(feed: &FeedSpec, feeds: &[FeedRecord], snapshot: &Snapshot, now: Timestamp) -> Coverage {
    let (id, loss) = (FeedId::new(feed.id), Loss::of(feed));
    let line =
        |state, reason, age| Coverage { rules_package: RulesPackage::Cve, feed: Some(id.clone()), state, reason, age };
    let Some(record) = feeds.iter().find(|record| record.id == id) else {
        let reason = LocalText::new(
            format!("not synced: {}; run `yagura feed sync`", loss.without.0),
            format!("未同期: {}。`yagura feed sync` を実行してください", loss.without.1),
        );
        return line(CoverageState::NotAssessed, Some(reason), None);
    };
    let age = age(record, now);
    if let Some(reason) = silent_on_release(record, snapshot) {
        return line(CoverageState::NotAssessed, Some(reason), Some(age));
    }
    let reason = age.stale.then(|| {
        LocalText::new(
            format!("older than {} days: {}; run `yagura feed sync`", record.fresh_days, loss.old.0),
            format!("{} 日より古いため、{}。`yagura feed sync` を実行してください", record.fresh_days, loss.old.1),
        )
    });
    let state = if age.stale { CoverageState::Partly } else { CoverageState::Assessed };
    line(state, reason, Some(age))
}

/// A feed of vendor statements that has none for this host's release has judged nothing.
fn silent_on_release(record: &FeedRecord, snapshot: &Snapshot) -> Option<LocalText> {
    let key = snapshot.release.as_ref()?.key()?;
    let of_a_language = |release: &ReleaseKey| release.distribution() == "ecosystem";
    let speaks =
        record.releases.is_empty() || record.releases.contains(&key) || record.releases.iter().any(of_a_language);
    (!speaks).then(|| {
        LocalText::new(
            format!("the feed says nothing about {key}"),
            format!("このフィードには {key} の情報がありません"),
        )
    })
}

fn age(record: &FeedRecord, now: Timestamp) -> FeedAge {
    const DAY_SECONDS: i64 = 86_400;
    let age_days = now.as_second().saturating_sub(record.data_date.as_second()).div_euclid(DAY_SECONDS).max(0);
    FeedAge { data_date: record.data_date, age_days, stale: age_days > i64::from(record.fresh_days) }
}

/// Says how far the best-practices rules package went.
pub(crate) fn best_practices(judged: &yagura_rules::Evaluation) -> Coverage {
    let gaps = judged.exclusions.len();
    let (state, reason) = if gaps == 0 {
        (CoverageState::Assessed, None)
    } else {
        let reason = LocalText::new(
            format!("{gaps} {} could not be judged; see the exclusions", plural(gaps, "rule", "rules")),
            format!("{gaps} 件のルールを判定できませんでした。除外項目を参照してください"),
        );
        (CoverageState::Partly, Some(reason))
    };
    Coverage { rules_package: RulesPackage::BestPractices, feed: None, state, reason, age: None }
}
