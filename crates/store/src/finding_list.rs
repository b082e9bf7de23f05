//! Lists of findings, newest first, narrowed by a filter.
//!
//! A page must come quickly whatever the filter and however many findings there are, on a
//! database that keeps no statistics. So the statement leaves the planner no choice: one condition
//! leads, and it is one whose index ends in `seq`. Each of its values becomes a branch that reads
//! its index from the newest end and stops after a page; the branches are merged. Every other
//! condition is written so that no index fits it and is checked on the rows that the leading one
//! yields. Where several conditions could lead, a bounded count of each decides.
//!
//! A question about runs or a time looks only between the numbers that the findings of those runs
//! have, see `finding_span`.
//!
//! # What is not indexed
//!
//! System attributes other than `INSTANCE_ID`, `CVE_ID` and `package_name`, and user attributes asked for by key
//! alone where more than [`FEW`] findings have the key, are looked for in the rows of the leading
//! condition. With no other condition, that is every finding of the scope until a page is full.

use jiff::Timestamp;
use yagura_model::Severity;
use yagura_model::service::{Id, Scope};

use crate::findings::PACKAGE_NAME;
use crate::shapes::{pair_pattern, read_id};
use crate::{Row, StoreError, Tx, Value};

/// What a list of findings is narrowed by. All that is given must match.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FindingFilter {
    /// Of any of these runs, by number.
    pub runs: Vec<i64>,
    /// Of any of these agents.
    pub agents: Vec<String>,
    /// Of any of these Auto Scaling groups.
    pub scaling_groups: Vec<String>,
    /// Of any of these rules: CVE ids, or names of rules.
    pub rules: Vec<String>,
    /// About any of these packages, as the attribute `package_name` has them.
    pub package_names: Vec<String>,
    /// Of any of these severities.
    pub severities: Vec<Severity>,
    /// Of any of these rules packages, by ARN.
    pub rules_packages: Vec<String>,
    /// With all of these attributes; one without a value matches on its key alone.
    pub attributes: Vec<(String, Option<String>)>,
    /// With all of these attributes of users and templates; likewise.
    pub user_attributes: Vec<(String, Option<String>)>,
    /// Found between these times, both ends included.
    pub created: (Option<Timestamp>, Option<Timestamp>),
}

/// A finding of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFinding {
    /// The store's own number, from which the next page begins.
    pub seq: i64,
    /// The number of its run.
    pub run_seq: i64,
    /// `0-` and eight letters or digits.
    pub id: Id,
}

/// A leading condition with fewer rows than this is as good as any.
const FEW: i64 = 2_000;

/// What leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Scope,
    Runs,
    Agents,
    Groups,
    Rules,
    Names,
    Severities,
    Packages,
    /// The user attribute of that place in the filter, with a value.
    UserAttribute(usize),
    /// Likewise, by its key alone: its index is not in the order of `seq`.
    UserKey(usize),
}

impl Lead {
    /// Where its branches read. `CROSS JOIN`, because SQLite then keeps the order of the tables.
    const fn from(self) -> &'static str {
        match self {
            Self::UserAttribute(_) | Self::UserKey(_) => "finding_attribute a CROSS JOIN finding f",
            _ => "finding f",
        }
    }

    /// The column that orders its branches.
    const fn seq(self) -> &'static str {
        match self {
            Self::UserAttribute(_) | Self::UserKey(_) => "a.finding_seq",
            _ => "f.seq",
        }
    }

    /// What could lead, the one that narrows most as a rule first.
    fn candidates(filter: &FindingFilter) -> Vec<Self> {
        let mut candidates: Vec<Self> = filter
            .user_attributes
            .iter()
            .enumerate()
            .map(|(place, (_, value))| if value.is_some() { Self::UserAttribute(place) } else { Self::UserKey(place) })
            .collect();
        let narrows_severities = !filter.runs.is_empty() || !filter.rules_packages.is_empty();
        for (lead, given) in [
            (Self::Agents, !filter.agents.is_empty()),
            (Self::Rules, !filter.rules.is_empty()),
            (Self::Names, !filter.package_names.is_empty()),
            (Self::Groups, !filter.scaling_groups.is_empty()),
            (Self::Runs, !filter.runs.is_empty()),
            (Self::Packages, !filter.rules_packages.is_empty()),
            (Self::Severities, !filter.severities.is_empty() && !narrows_severities),
        ] {
            if given {
                candidates.push(lead);
            }
        }
        candidates
    }
}

/// The statement as it grows: its values are numbered, so that all branches share them.
#[derive(Debug)]
struct Builder {
    values: Vec<Value>,
    /// The marks of the least and the greatest number.
    first: String,
    last: String,
}

const SCOPE: &str = "f.account = ?1 AND f.region = ?2";

impl Builder {
    fn new(scope: &Scope, first: i64, last: i64) -> Self {
        Self {
            values: vec![(&scope.account).into(), (&scope.region).into(), first.into(), last.into()],
            first: "?3".into(),
            last: "?4".into(),
        }
    }

    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    fn marks(&mut self, values: impl IntoIterator<Item = impl Into<Value>>) -> Vec<String> {
        values.into_iter().map(|value| self.value(value)).collect()
    }

    /// The severities asked for, all where none is.
    fn severities(&mut self, filter: &FindingFilter) -> Vec<String> {
        let asked = if filter.severities.is_empty() { &Severity::ALL[..] } else { &filter.severities };
        self.marks(asked.iter().map(|severity| severity.word()))
    }

    /// The conditions of the leading branches, with the numbers between which they look.
    fn branches(&mut self, lead: Lead, filter: &FindingFilter) -> Vec<String> {
        let column = |builder: &mut Self, column: &str, values: &[String]| {
            let marks = builder.marks(values);
            marks.iter().map(|mark| format!("{SCOPE} AND {column} = {mark}")).collect()
        };
        let conditions: Vec<String> = match lead {
            // The runs are known to be of the scope; named as they are here, account and region
            // fit no index, and the run's own leads.
            Lead::Runs => {
                let (runs, severities) = (self.marks(filter.runs.iter().copied()), self.severities(filter));
                pairs(&runs, &severities, |run, severity| {
                    format!(
                        "f.run_seq = {run} AND f.severity = {severity} AND f.account || '' = ?1 AND f.region || '' = ?2"
                    )
                })
            }
            Lead::Packages => {
                let (packages, severities) = (self.marks(&filter.rules_packages), self.severities(filter));
                pairs(&packages, &severities, |package, severity| {
                    format!(
                        "f.account = ?1 AND f.region || '' = ?2 AND f.rules_package = {package} \
                         AND f.severity = {severity}"
                    )
                })
            }
            Lead::Agents => column(self, "f.agent", &filter.agents),
            Lead::Groups => column(self, "f.scaling_group", &filter.scaling_groups),
            Lead::Rules => column(self, "f.rule", &filter.rules),
            Lead::Names => column(self, "f.package_name", &filter.package_names),
            Lead::Scope | Lead::Severities => {
                let severities = self.severities(filter);
                severities.iter().map(|severity| format!("{SCOPE} AND f.severity = {severity}")).collect()
            }
            Lead::UserAttribute(place) | Lead::UserKey(place) => {
                let Some((key, value)) = filter.user_attributes.get(place) else { return Vec::new() };
                let key = self.value(key);
                let value = value.as_ref().map(|value| format!(" AND a.value = {}", self.value(value)));
                vec![format!(
                    "a.account = ?1 AND a.region = ?2 AND a.key = {key}{} AND f.seq = a.finding_seq",
                    value.unwrap_or_default()
                )]
            }
        };
        let (seq, first, last) = (lead.seq(), &self.first, &self.last);
        conditions.iter().map(|condition| format!("{condition} AND {seq} BETWEEN {first} AND {last}")).collect()
    }

    /// What the leading condition does not say already. No index fits any of it: `|| ''` and
    /// `+ 0` change nothing but that.
    fn rest(&mut self, lead: Lead, filter: &FindingFilter) -> Result<String, StoreError> {
        let mut rest = String::new();
        let mut any = |column: &str, marks: Vec<String>| {
            if !marks.is_empty() {
                rest.push_str(&format!(" AND {column} IN ({})", marks.join(", ")));
            }
        };
        if lead != Lead::Runs {
            any("f.run_seq + 0", self.marks(filter.runs.iter().copied()));
        }
        if lead != Lead::Agents {
            any("f.agent || ''", self.marks(&filter.agents));
        }
        if lead != Lead::Groups {
            any("f.scaling_group || ''", self.marks(&filter.scaling_groups));
        }
        if lead != Lead::Rules {
            any("f.rule || ''", self.marks(&filter.rules));
        }
        if lead != Lead::Names {
            any("f.package_name || ''", self.marks(&filter.package_names));
        }
        if lead != Lead::Packages {
            any("f.rules_package || ''", self.marks(&filter.rules_packages));
        }
        if !matches!(lead, Lead::Severities | Lead::Packages | Lead::Runs) {
            any("f.severity || ''", self.marks(filter.severities.iter().map(|severity| severity.word())));
        }
        // The runs of a filter were looked up among those that are published.
        if filter.runs.is_empty() {
            rest.push_str(
                " AND f.run_seq NOT IN \
                 (SELECT u.seq FROM run u WHERE u.account = ?1 AND u.region = ?2 AND u.published = 0)",
            );
        }
        let (from, to) = filter.created;
        if let Some(from) = from {
            rest.push_str(&format!(" AND f.created_ms >= {}", self.value(from)));
        }
        if let Some(to) = to {
            rest.push_str(&format!(" AND f.created_ms <= {}", self.value(to)));
        }
        for (key, value) in &filter.attributes {
            let pattern = self.value(pair_pattern(key, value.as_deref())?);
            rest.push_str(&format!(" AND f.attributes LIKE {pattern} ESCAPE '!'"));
        }
        for (place, (key, value)) in filter.user_attributes.iter().enumerate() {
            if matches!(lead, Lead::UserAttribute(led) | Lead::UserKey(led) if led == place) {
                continue;
            }
            let key = self.value(key);
            let value = value.as_ref().map(|value| format!(" AND e.value = {}", self.value(value)));
            rest.push_str(&format!(
                " AND EXISTS (SELECT 1 FROM finding_attribute e WHERE e.finding_seq = f.seq AND e.key = {key}{})",
                value.unwrap_or_default()
            ));
        }
        Ok(rest)
    }
}

fn pairs(left: &[String], right: &[String], form: impl Fn(&str, &str) -> String) -> Vec<String> {
    left.iter().flat_map(|one| right.iter().map(|other| form(one, other)).collect::<Vec<_>>()).collect()
}

/// Attributes that have a column of their own become a condition on it; `false` when that
/// leaves nothing that could match.
fn name_attributes(filter: &mut FindingFilter) -> bool {
    let mut possible = true;
    let mut narrow = |column: &mut Vec<String>, value: String| {
        possible &= column.is_empty() || column.contains(&value);
        *column = vec![value];
    };
    let mut rest = Vec::new();
    for (key, value) in std::mem::take(&mut filter.attributes) {
        match (key.as_str(), value) {
            ("INSTANCE_ID", Some(value)) => narrow(&mut filter.agents, value),
            ("CVE_ID", Some(value)) => narrow(&mut filter.rules, value),
            (PACKAGE_NAME, Some(value)) => narrow(&mut filter.package_names, value),
            (_, value) => rest.push((key, value)),
        }
    }
    filter.attributes = rest;
    possible
}

impl Tx<'_> {
    /// Lists findings of a scope whose runs are published, newest first, beginning below the
    /// number `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn list_findings(
        &mut self,
        scope: &Scope,
        filter: &FindingFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<ListedFinding>, StoreError> {
        let Some((sql, values)) = self.statement(scope, filter, before, limit)? else { return Ok(Vec::new()) };
        self.query(&sql, &values, |row| Ok(ListedFinding { seq: row.int()?, run_seq: row.int()?, id: read_id(row)? }))
    }

    /// Writes the statement of a list; `None` when nothing can match.
    fn statement(
        &mut self,
        scope: &Scope,
        filter: &FindingFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Option<(String, Vec<Value>)>, StoreError> {
        let mut filter = filter.clone();
        if !name_attributes(&mut filter) {
            return Ok(None);
        }
        let Some((first, last)) = self.numbers(scope, &mut filter)? else { return Ok(None) };
        let last = before.map_or(last, |before| before.saturating_sub(1).min(last));
        let lead = self.choose(scope, &filter, first, last)?;
        let mut builder = Builder::new(scope, first, last);
        let branches = builder.branches(lead, &filter);
        let rest = builder.rest(lead, &filter)?;
        let limit = builder.value(limit);
        let (seq, from) = (lead.seq(), lead.from());
        let branches: Vec<String> = (1..)
            .zip(branches)
            .map(|(number, branch)| {
                format!(
                    "SELECT * FROM (SELECT {seq} AS seq, f.run_seq, f.id FROM {from} WHERE {branch}{rest} \
                     ORDER BY {seq} DESC LIMIT {limit}) b{number}"
                )
            })
            .collect();
        let sql = format!("{} ORDER BY seq DESC LIMIT {limit}", branches.join(" UNION ALL "));
        Ok(Some((sql, builder.values)))
    }

    /// Returns between which numbers to look, and leaves only published runs of the scope in the
    /// filter; `None` when nothing can match.
    fn numbers(&mut self, scope: &Scope, filter: &mut FindingFilter) -> Result<Option<(i64, i64)>, StoreError> {
        let (from, to) = filter.created;
        if filter.runs.is_empty() && from.is_none() && to.is_none() {
            return Ok(Some((i64::MIN, i64::MAX)));
        }
        let mut values: Vec<Value> = vec![(&scope.account).into(), (&scope.region).into()];
        values.push(from.map_or(i64::MIN, Timestamp::as_millisecond).into());
        values.push(to.map_or(i64::MAX, Timestamp::as_millisecond).into());
        if filter.runs.is_empty() {
            let found = self.query_one(
                "SELECT MIN(first_seq), MAX(last_seq) FROM finding_span \
                 WHERE account = ?1 AND region = ?2 AND last_ms >= ?3 AND first_ms <= ?4",
                &values,
                |row| Ok((row.opt_int()?, row.opt_int()?)),
            )?;
            return Ok(found.and_then(|(first, last)| first.zip(last)));
        }
        let marks = crate::tx::marks(values.len() + 1, filter.runs.len());
        values.extend(filter.runs.iter().map(|run| Value::from(*run)));
        let spans: Vec<(i64, i64, i64)> = self.query(
            &format!(
                "SELECT s.run_seq, s.first_seq, s.last_seq FROM finding_span s JOIN run r ON r.seq = s.run_seq \
                 WHERE r.account = ?1 AND r.region = ?2 AND r.published = 1 AND s.last_ms >= ?3 AND s.first_ms <= ?4 \
                 AND s.run_seq IN ({marks})"
            ),
            &values,
            |row| Ok((row.int()?, row.int()?, row.int()?)),
        )?;
        filter.runs = spans.iter().map(|(run, _, _)| *run).collect();
        let first = spans.iter().map(|(_, first, _)| *first).min();
        Ok(first.zip(spans.iter().map(|(_, _, last)| *last).max()))
    }

    /// Chooses what leads: of several, the one with the fewest rows, as far as a short look tells.
    fn choose(&mut self, scope: &Scope, filter: &FindingFilter, first: i64, last: i64) -> Result<Lead, StoreError> {
        let candidates = Lead::candidates(filter);
        if let [lead] = candidates.as_slice()
            && !matches!(lead, Lead::UserKey(_))
        {
            return Ok(*lead);
        }
        let mut best: Option<(Lead, i64)> = None;
        for lead in candidates {
            let mut builder = Builder::new(scope, first, last);
            let branches: Vec<String> = builder
                .branches(lead, filter)
                .iter()
                .map(|branch| format!("SELECT 1 AS one FROM {} WHERE {branch}", lead.from()))
                .collect();
            let limit = builder.value(FEW + 1);
            let sql = format!("SELECT COUNT(*) FROM ({} LIMIT {limit}) q", branches.join(" UNION ALL "));
            let count = self.query_one(&sql, &builder.values, Row::int)?.unwrap_or_default();
            let may_lead = count <= FEW || !matches!(lead, Lead::UserKey(_));
            if may_lead && best.is_none_or(|(_, least)| count < least) {
                best = Some((lead, count));
            }
            if count == 0 {
                break;
            }
        }
        Ok(best.map_or(Lead::Scope, |(lead, _)| lead))
    }
}

#[cfg(test)]
mod tests;
