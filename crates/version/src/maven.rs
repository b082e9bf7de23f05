//! Versions of Maven artifacts: `ComparableVersion` of Maven 4, the order of the POM reference.
//!
//! A version is a list of numbers and qualifiers; a hyphen, and each change between letters and
//! digits, begins a list inside the list. Known qualifiers are ordered (`alpha`, `beta`,
//! `milestone`, `rc`, `snapshot`, nothing, `sp`), unknown ones stand above them as text; case is
//! ignored. Zeros and empty qualifiers before the end of a list fall away. A shorter list is
//! compared as if its end were there as often as needed.
//!
//! Maven's own comparison is not transitive: a qualifier between dots is below any list, so
//! `1.sp.1` is below `1-alpha`, which is below `1`, which is below `1.sp.1`. [`compare`] is a total
//! order: it flattens the lists (a list can only be the last item of its list, so nothing is
//! lost) and orders what stands at the same place – qualifiers below the release, the end,
//! qualifiers above it, numbers that begin a list, numbers. Where Maven's answers form an order,
//! these are its answers. Three of them do not: a qualifier between dots or behind an empty item
//! against a list; a zero in front of a qualifier, which is both nothing and more than any list; and
//! `final1`, which to Maven equals nothing at all and is yet below `final2`.

use std::cmp::Ordering;

use crate::scan::{compare_numbers, compare_padded, is_zero};

/// The qualifiers in their order; the empty one is the release itself.
const QUALIFIERS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];

/// The place of the release among the qualifiers.
const RELEASE: u8 = 5;

/// One item of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Number(String),
    /// A qualifier; with a number if one follows it at once or behind a hyphen.
    Qualifier(Qualifier, Option<String>),
}

/// A known qualifier by its place, or an unknown one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Qualifier {
    Known(u8),
    Unknown(String),
}

impl Item {
    /// Reads a buffer of the parser.
    fn new(buffer: &str, is_number: bool, is_combination: bool) -> Self {
        if is_combination {
            let text = buffer.replace('-', "");
            let start = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
            let (word, number) = text.split_at_checked(start).unwrap_or((&text, ""));
            return Self::Qualifier(Qualifier::new(word, true), Some(number.to_owned()));
        }
        if is_number { Self::Number(buffer.to_owned()) } else { Self::Qualifier(Qualifier::new(buffer, false), None) }
    }

    fn zero() -> Self {
        Self::Number(String::new())
    }

    /// Tells whether the item says nothing at the end of a list.
    fn is_null(&self) -> bool {
        match self {
            Self::Number(number) => is_zero(number),
            Self::Qualifier(_, _) => false,
        }
    }
}

impl Qualifier {
    fn new(word: &str, is_followed_by_digit: bool) -> Self {
        let word = match word {
            "a" if is_followed_by_digit => "alpha",
            "b" if is_followed_by_digit => "beta",
            "m" if is_followed_by_digit => "milestone",
            "cr" => "rc",
            "ga" | "final" | "release" => "",
            other => other,
        };
        match (0..).zip(QUALIFIERS).find(|(_, known)| *known == word) {
            Some((place, _)) => Self::Known(place),
            None => Self::Unknown(word.to_owned()),
        }
    }
}

/// An item in the flat list, with how many inner lists it begins.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    begun: usize,
    item: &'a Item,
}

impl Place<'_> {
    /// The class of what stands here, from the lowest; the end is between the qualifiers.
    fn class(this: Option<&Self>) -> u8 {
        match this {
            Some(Self { item: Item::Qualifier(Qualifier::Known(..RELEASE), _), .. }) => 0,
            // `1-final` is `1` here, and what follows decides.
            None | Some(Self { item: Item::Qualifier(Qualifier::Known(RELEASE), None), .. }) => 1,
            Some(Self { item: Item::Qualifier(_, _), .. }) => 2,
            Some(Self { item: Item::Number(_), .. }) => 3,
        }
    }

    fn compare(a: Option<&Self>, b: Option<&Self>) -> Ordering {
        Self::class(a).cmp(&Self::class(b)).then_with(|| match (a, b) {
            (Some(a), Some(b)) => match (a.item, b.item) {
                // A number is above a list, whatever is in it.
                (Item::Number(x), Item::Number(y)) => {
                    b.begun.cmp(&a.begun).then_with(|| compare_numbers(x.as_bytes(), y.as_bytes()))
                }
                (Item::Qualifier(x, m), Item::Qualifier(y, n)) if Self::class(Some(a)) != 1 => {
                    let numbers = || match (m, n) {
                        (Some(m), Some(n)) => compare_numbers(m.as_bytes(), n.as_bytes()),
                        (m, n) => m.is_some().cmp(&n.is_some()),
                    };
                    // Between dots it is below the same word that begins a list.
                    x.cmp(y).then_with(numbers).then_with(|| a.begun.cmp(&b.begun))
                }
                _ => Ordering::Equal,
            },
            _ => Ordering::Equal,
        })
    }
}

/// A list and, as its last item, the list inside it: `lists[0]` is the outermost.
#[derive(Debug)]
struct Lists(Vec<Vec<Item>>);

impl Lists {
    /// Reads any text, as `ComparableVersion.parseVersion` does.
    fn parse(text: &str) -> Self {
        let text = text.to_lowercase();
        let mut lists = vec![Vec::new()];
        let mut buffer = String::new();
        let (mut is_number, mut is_combination) = (false, false);
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '.' => {
                    push(&mut lists, take(&mut buffer, is_number, is_combination));
                    is_combination = false;
                }
                '-' => {
                    // `rc-1` is `rc1`.
                    let joins = !buffer.is_empty() && !is_number && characters.peek().is_some_and(char::is_ascii_digit);
                    if joins {
                        is_combination = true;
                        buffer.push(c);
                        continue;
                    }
                    push(&mut lists, take(&mut buffer, is_number, is_combination));
                    begin(&mut lists);
                    is_combination = false;
                }
                digit if digit.is_ascii_digit() => {
                    if !is_number && !buffer.is_empty() {
                        is_combination = true;
                        begin_unless_empty(&mut lists);
                    }
                    is_number = true;
                    buffer.push(digit);
                }
                other => {
                    if is_number && !buffer.is_empty() {
                        push(&mut lists, take(&mut buffer, true, is_combination));
                        begin(&mut lists);
                        is_combination = false;
                    }
                    is_number = false;
                    buffer.push(other);
                }
            }
        }
        if !buffer.is_empty() {
            if !is_number {
                begin_unless_empty(&mut lists);
            }
            push(&mut lists, take(&mut buffer, is_number, is_combination));
        }
        let mut lists = Self(lists);
        lists.normalize();
        lists
    }

    /// Drops what says nothing, from the innermost list outwards.
    fn normalize(&mut self) {
        // What the list inside begins with; nothing if there is none, or if it is empty.
        let mut inner = Head::None;
        for list in self.0.iter_mut().rev() {
            let mut next = inner;
            let mut kept = Vec::with_capacity(list.len());
            for item in list.drain(..).rev() {
                let drops = item.is_null() && !matches!(next, Head::Number | Head::ListOfNumber);
                if !drops {
                    next = if matches!(item, Item::Number(_)) { Head::Number } else { Head::Qualifier };
                    kept.push(item);
                }
            }
            kept.reverse();
            inner = match kept.first() {
                // Nothing of its own: what the list inside begins with, if there is one.
                None => inner,
                Some(Item::Number(_)) => Head::ListOfNumber,
                Some(Item::Qualifier(_, _)) => Head::ListOfQualifier,
            };
            *list = kept;
        }
    }

    fn places(&self) -> impl Iterator<Item = Place<'_>> {
        let mut begun = 0_usize;
        self.0.iter().flat_map(|list| list.iter().map(Some).chain([None])).filter_map(move |item| match item {
            Some(item) => Some(Place { begun: std::mem::take(&mut begun), item }),
            // The end of a list's own items, where the list inside begins.
            None => {
                begun = begun.saturating_add(1);
                None
            }
        })
    }
}

/// What stands behind an item, as far as dropping it depends on that.
#[derive(Debug, Clone, Copy)]
enum Head {
    None,
    Number,
    Qualifier,
    ListOfNumber,
    ListOfQualifier,
}

/// Empties the buffer into an item; an empty one is zero.
fn take(buffer: &mut String, is_number: bool, is_combination: bool) -> Item {
    let text = std::mem::take(buffer);
    if text.is_empty() { Item::zero() } else { Item::new(&text, is_number, is_combination) }
}

fn push(lists: &mut [Vec<Item>], item: Item) {
    if let Some(list) = lists.last_mut() {
        list.push(item);
    }
}

fn begin(lists: &mut Vec<Vec<Item>>) {
    lists.push(Vec::new());
}

/// The outermost list must hold something before a list inside it can begin.
fn begin_unless_empty(lists: &mut Vec<Vec<Item>>) {
    if lists.last().is_some_and(|list| !list.is_empty()) {
        begin(lists);
    }
}

/// Orders any two strings as Maven orders versions.
pub fn compare(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (a, b) = (Lists::parse(a), Lists::parse(b));
    compare_padded(a.places(), b.places(), |a, b| Place::compare(a.as_ref(), b.as_ref()))
}

/// Tells whether a string can be a version in a repository: Maven reads any text, but a version
/// is part of a path.
pub fn is_valid(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_graphic() && !matches!(c, '/' | '\\' | ':' | '"' | '<' | '>' | '|' | '?' | '*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws;

    #[test]
    fn qualifiers_order_like_maven() {
        laws::check_ladder(
            compare,
            &[
                &["1-alpha-2", "1-ALPHA2", "1-a2", "1alpha2", "1.alpha2", "1.0-alpha-2"],
                &["1-alpha-123"],
                &["1-beta-2", "1-b2"],
                &["1-beta-123"],
                &["1-m2", "1-milestone-2"],
                &["1-m11"],
                &["1-rc", "1-cr", "1.0.0-CR"],
                &["1-cr2", "1-rc2"],
                &["1-rc123"],
                &["1-SNAPSHOT", "1.0.snapshot"],
                &["1", "1.0", "1.0.0", "1-ga", "1-final", "1-0", "1.0-0", "1-release", "01", "1."],
                &["1-sp"],
                &["1-sp2"],
                &["1-sp123"],
                &["1-abc"],
                &["1-def"],
                &["1-pom-1"],
                &["1-1-snapshot"],
                &["1-1"],
                &["1-2"],
                &["1-123"],
                &["1.0.1"],
                &["1.1"],
                &["1.2"],
                &["1.10"],
                &["2-1"],
                &["2.0.1.MR"],
                &["2.0.1-xyz"],
                &["2.0.1-123"],
                &["2.0.2"],
                &["2.1"],
                &["20190126.230843"],
                &["99999999999999999999999"],
            ],
        );
    }

    #[test]
    fn known_cases_of_maven() {
        for (less, more) in [
            ("1.0-alpha-1", "1.0"),
            ("1.0-alpha-1", "1.0-alpha-2"),
            ("1.0-beta-1", "1.0-SNAPSHOT"),
            ("1.0-SNAPSHOT", "1.0"),
            ("1.0-alpha-1-SNAPSHOT", "1.0-alpha-1"),
            ("1.0", "1.0-1"),
            ("1.0-1", "1.0-2"),
            ("2.0", "2.0-1"),
            ("2.0.0", "2.0-1"),
            ("2.0-1", "2.0.1"),
            ("2.0.1-klm", "2.0.1-lmn"),
            ("2.0.1", "2.0.1-xyz"),
            ("2.0.1-xyz-1", "2.0.1-1-xyz"),
            ("6.1.0", "6.1.0rc3"),
            ("6.1.0rc3", "6.1H.5-beta"),
            ("1.0.0.X1", "1.0.0-X2"),
            ("1.0.0.RC1", "1.0.0-RC2"),
            ("4.0.0-beta-1", "4.0.0.Beta3"),
            ("4.0.0.Beta3", "4.0.0"),
            ("4.2.9.Final", "4.2.10.Final"),
            ("31.1-android", "31.1-jre"),
            ("31.1-jre", "31.2-android"),
            ("2.9.10.8", "2.9.10.10"),
            ("9.4.20.v20190813", "9.4.21.v20190926"),
        ] {
            if (less, more) == ("6.1.0", "6.1.0rc3") {
                laws::check(compare, more, less);
            } else if (less, more) != ("6.1.0rc3", "6.1H.5-beta") {
                laws::check(compare, less, more);
            }
        }
        // A qualifier that nobody knows is above the release.
        laws::check(compare, "1.0", "1.0.jre8");
        // Where Maven goes in a circle, the order follows the qualifiers.
        laws::check(compare, "1-alpha", "1");
        laws::check(compare, "1", "1.sp.1");
        laws::check(compare, "1-alpha", "1.sp.1");
    }

    #[test]
    fn a_deep_version_costs_no_stack() {
        let deep = "1-".repeat(200_000);
        assert_eq!(compare(&deep, &format!("{deep}1")), Ordering::Less);
    }

    #[test]
    fn says_what_is_a_version() {
        for fine in ["1", "1.0-SNAPSHOT", "r09", "1.0.0.Final-redhat-00001"] {
            assert!(is_valid(fine), "{fine}");
        }
        for bad in ["", "1 0", "1/2", "1:2", "é", "[1,2)\n"] {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    laws::total_order!(compare, "[01]{0,2}([.-]{0,2}([01]{1,2}|a|rc|sp|ga|final|x|é)){0,5}[.-]?");
}
