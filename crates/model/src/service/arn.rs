//! Amazon resource names of the API: a child's name contains all its parents'.

use std::fmt;

use super::scope::{Scope, partition};

/// The short id of a thing: `0-` and eight characters of `[A-Za-z0-9]`, case-sensitive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

/// The characters of an id, so that each of 62 numbers is one.
const ID_CHARACTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const ID_LENGTH: usize = 8;

impl Id {
    /// Reads an id.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("0-")?;
        let fits = rest.len() == ID_LENGTH && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    /// Makes an id of a number: random for a new thing, a hash where the same thing must get the
    /// same id again. Numbers that are equal modulo 62^8 make the same id.
    pub fn from_number(number: u64) -> Self {
        let mut rest = number;
        let mut text = String::from("0-");
        for _ in 0..ID_LENGTH {
            let digit = usize::try_from(rest % 62).unwrap_or_default();
            text.push(char::from(ID_CHARACTERS.get(digit).copied().unwrap_or(b'A')));
            rest /= 62;
        }
        Self(text)
    }

    /// Returns the id as it stands in an ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an ARN names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArnKind {
    /// A set of tags.
    ResourceGroup,
    /// A set of hosts.
    Target,
    /// How a target is assessed.
    Template,
    /// One execution.
    Run,
    /// One verdict of a run.
    Finding,
    /// What a run could not judge.
    Exclusion,
    /// A set of rules; its account is the service's, not the caller's.
    RulesPackage,
}

impl ArnKind {
    /// Returns the word in front of the id.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ResourceGroup => "resourcegroup",
            Self::Target => "target",
            Self::Template => "template",
            Self::Run => "run",
            Self::Finding => "finding",
            Self::Exclusion => "exclusion",
            Self::RulesPackage => "rulespackage",
        }
    }

    /// The chain of kinds that the path of such an ARN names.
    const fn path(self) -> &'static [Self] {
        match self {
            Self::ResourceGroup => &[Self::ResourceGroup],
            Self::Target => &[Self::Target],
            Self::Template => &[Self::Target, Self::Template],
            Self::Run => &[Self::Target, Self::Template, Self::Run],
            Self::Finding => &[Self::Target, Self::Template, Self::Run, Self::Finding],
            Self::Exclusion => &[Self::Target, Self::Template, Self::Run, Self::Exclusion],
            Self::RulesPackage => &[Self::RulesPackage],
        }
    }

    const ALL: [Self; 7] = [
        Self::ResourceGroup,
        Self::Target,
        Self::Template,
        Self::Run,
        Self::Finding,
        Self::Exclusion,
        Self::RulesPackage,
    ];
}

/// A name of the form `arn:aws:inspector:REGION:ACCOUNT:target/ID/template/ID…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    kind: ArnKind,
    scope: Scope,
    ids: Vec<Id>,
}

/// Longest ARN of the API, in characters.
pub const ARN_CHARS_MAX: usize = 300;

impl Arn {
    /// Reads an ARN of any kind; `None` when it has not the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > ARN_CHARS_MAX {
            return None;
        }
        let mut parts = text.splitn(6, ':');
        let (arn, part, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, path) = (parts.next()?, parts.next()?, parts.next()?);
        let scope = Scope::new(account, region)?;
        if arn != "arn" || service != "inspector" || part != scope.partition() {
            return None;
        }
        let words: Vec<&str> = path.split('/').collect();
        let kind = ArnKind::ALL.into_iter().find(|kind| {
            let names = kind.path();
            words.len() == names.len() * 2
                && names.iter().zip(words.iter().step_by(2)).all(|(name, word)| name.word() == *word)
        })?;
        let ids: Option<Vec<Id>> = words.iter().skip(1).step_by(2).map(|word| Id::parse(word)).collect();
        Some(Self { kind, scope, ids: ids? })
    }

    /// Names a resource group.
    pub fn resource_group(scope: &Scope, id: &Id) -> Self {
        Self { kind: ArnKind::ResourceGroup, scope: scope.clone(), ids: vec![id.clone()] }
    }

    /// Names a target.
    pub fn target(scope: &Scope, id: &Id) -> Self {
        Self { kind: ArnKind::Target, scope: scope.clone(), ids: vec![id.clone()] }
    }

    /// Names a template.
    pub fn template(scope: &Scope, target: &Id, id: &Id) -> Self {
        Self { kind: ArnKind::Template, scope: scope.clone(), ids: vec![target.clone(), id.clone()] }
    }

    /// Names a run.
    pub fn run(scope: &Scope, target: &Id, template: &Id, id: &Id) -> Self {
        Self { kind: ArnKind::Run, scope: scope.clone(), ids: vec![target.clone(), template.clone(), id.clone()] }
    }

    /// Names a finding of a run; `self` must name one.
    #[must_use]
    pub fn finding(&self, id: &Id) -> Self {
        self.child(ArnKind::Finding, id)
    }

    /// Names an exclusion of a run; `self` must name one.
    #[must_use]
    pub fn exclusion(&self, id: &Id) -> Self {
        self.child(ArnKind::Exclusion, id)
    }

    fn child(&self, kind: ArnKind, id: &Id) -> Self {
        let mut ids = self.ids.clone();
        ids.push(id.clone());
        Self { kind, scope: self.scope.clone(), ids }
    }

    /// What it names.
    pub const fn kind(&self) -> ArnKind {
        self.kind
    }

    /// Where the thing belongs.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The thing's own id.
    pub fn id(&self) -> &Id {
        // Every constructor puts at least one id in.
        self.ids.last().unwrap_or(&EMPTY)
    }

    /// The ARN of the parent of that kind, or itself; `None` where it has none such.
    pub fn up_to(&self, kind: ArnKind) -> Option<Self> {
        let depth = self.kind.path().iter().position(|name| *name == kind)? + 1;
        Some(Self { kind, scope: self.scope.clone(), ids: self.ids.iter().take(depth).cloned().collect() })
    }
}

static EMPTY: Id = Id(String::new());

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scope { account, region } = &self.scope;
        write!(f, "arn:{}:inspector:{region}:{account}:", partition(region))?;
        for (number, (kind, id)) in self.kind.path().iter().zip(&self.ids).enumerate() {
            let slash = if number == 0 { "" } else { "/" };
            write!(f, "{slash}{}/{id}", kind.word())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINDING: &str = "arn:aws:inspector:us-west-2:123456789012:target/0-0kFIPusq/template/0-WEcjR8CH/run/0-Kb5yR8Uo/finding/0-SkhPDgzX";

    #[test]
    fn every_kind_reads_back() {
        for text in [
            FINDING,
            "arn:aws:inspector:us-west-2:123456789012:resourcegroup/0-AB6DMKnv",
            "arn:aws:inspector:us-west-2:123456789012:target/0-0kFIPusq",
            "arn:aws:inspector:us-west-2:123456789012:target/0-0kFIPusq/template/0-WEcjR8CH",
            "arn:aws:inspector:us-west-2:123456789012:target/0-0kFIPusq/template/0-WEcjR8CH/run/0-Kb5yR8Uo",
            "arn:aws:inspector:us-west-2:758058086616:rulespackage/0-9hgA516p",
            "arn:aws-us-gov:inspector:us-gov-west-1:850862329162:rulespackage/0-4oQgcI4G",
        ] {
            assert_eq!(Arn::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "arn",
            "arn:aws:inspector:us-west-2:123456789012:template/0-WEcjR8CH",
            "arn:aws:inspector:us-west-2:123456789012:target/0-0kFIPus",
            "arn:aws:inspector:us-west-2:123456789012:target/0-0kFIPus!",
            "arn:aws:inspector:us-west-2:123456789012:target/0-0kFIPusq/",
            "arn:aws:inspector:us-west-2:1234:target/0-0kFIPusq",
            "arn:aws:sns:us-west-2:123456789012:target/0-0kFIPusq",
            "arn:aws-us-gov:inspector:us-west-2:123456789012:target/0-0kFIPusq",
        ] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
        assert_eq!(Arn::parse(&format!("{FINDING}{}", "x".repeat(300))), None);
    }

    #[test]
    fn parents_are_found_in_the_child() {
        let finding = Arn::parse(FINDING).unwrap();
        assert_eq!(finding.id().as_str(), "0-SkhPDgzX");
        assert_eq!(finding.up_to(ArnKind::Template).unwrap().id().as_str(), "0-WEcjR8CH");
        assert_eq!(finding.up_to(ArnKind::Run).unwrap().finding(finding.id()), finding);
        assert_eq!(finding.up_to(ArnKind::ResourceGroup), None);
    }

    #[test]
    fn numbers_make_ids() {
        for number in [0, 61, 62, u64::MAX] {
            let id = Id::from_number(number);
            assert_eq!(Id::parse(id.as_str()), Some(id));
        }
        assert_ne!(Id::from_number(1), Id::from_number(2));
    }
}
