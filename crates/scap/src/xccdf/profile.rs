//! Which rules a profile selects, with which values.

use std::collections::{HashMap, HashSet};

use super::{Benchmark, Profile, Role, Severity};
use crate::error::ContentError;
use crate::xml::DEPTH_MAX;

/// Which rules to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection<'a> {
    /// Those of a profile: its whole id, or what follows `_profile_` in it.
    Profile(&'a str),
    /// Every rule, with the values that the benchmark has by default.
    All,
    /// Those that the benchmark selects by default.
    Default,
}

/// A benchmark's items and values after a profile was applied.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tailored {
    /// Per item: whether it takes part, ancestors, requirements and conflicts considered.
    pub(crate) selected: Vec<bool>,
    /// Per item: severity, weight, role and check selector after refinement.
    pub(crate) refined: Vec<Refined>,
    /// The value of every value.
    pub(crate) values: HashMap<String, String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refined {
    pub(crate) severity: Severity,
    pub(crate) weight: f64,
    pub(crate) role: Role,
    pub(crate) selector: String,
}

/// Finds a profile among those of tailoring files, then among the benchmark's own.
pub(crate) fn find<'b>(benchmark: &'b Benchmark, tailoring: &'b [Profile], id: &str) -> Option<&'b Profile> {
    let all = || tailoring.iter().chain(&benchmark.profiles);
    let short = |profile: &&Profile| profile.id.split_once("_profile_").is_some_and(|(_, short)| short == id);
    all().find(|profile| profile.id == id).or_else(|| all().find(short))
}

/// The profile and those that it extends, the last ancestor first.
fn lineage<'b>(benchmark: &'b Benchmark, tailoring: &'b [Profile], id: &str) -> Result<Vec<&'b Profile>, ContentError> {
    let mut profile = find(benchmark, tailoring, id).ok_or_else(|| ContentError::NoProfile { id: id.to_owned() })?;
    let mut lineage = vec![profile];
    while let Some(parent) = &profile.extends {
        let parent = parent.trim_start_matches('#');
        // A tailoring profile may bear the id of the benchmark's profile that it extends.
        let own = if parent == profile.id { None } else { tailoring.iter().find(|profile| profile.id == parent) };
        let next = own.or_else(|| benchmark.profiles.iter().find(|profile| profile.id == parent));
        profile = next.ok_or_else(|| ContentError::NoProfile { id: parent.to_owned() })?;
        if lineage.iter().any(|known| std::ptr::eq(*known, profile)) || lineage.len() > DEPTH_MAX {
            return Err(ContentError::Cycle { id: parent.to_owned() });
        }
        lineage.push(profile);
    }
    lineage.reverse();
    Ok(lineage)
}

/// Applies a selection to a benchmark.
pub(crate) fn tailor(
    benchmark: &Benchmark,
    tailoring: &[Profile],
    selection: Selection<'_>,
) -> Result<Tailored, ContentError> {
    let profiles = match selection {
        Selection::Profile(id) => lineage(benchmark, tailoring, id)?,
        Selection::All | Selection::Default => Vec::new(),
    };
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, item) in benchmark.items.iter().enumerate() {
        places.entry(&item.id).or_default().push(place);
        if let Some(cluster) = &item.cluster {
            places.entry(cluster).or_default().push(place);
        }
    }
    let mut selected: Vec<bool> =
        benchmark.items.iter().map(|item| item.selected || selection == Selection::All).collect();
    let mut refined: Vec<Refined> = benchmark.items.iter().map(unrefined).collect();
    for profile in &profiles {
        for (id, wanted) in &profile.selects {
            for place in places.get(id.as_str()).into_iter().flatten() {
                if let Some(selected) = selected.get_mut(*place) {
                    *selected = *wanted;
                }
            }
        }
        for refinement in &profile.rules {
            for place in places.get(refinement.id.as_str()).into_iter().flatten() {
                let Some(refined) = refined.get_mut(*place) else { continue };
                refined.severity = refinement.severity.unwrap_or(refined.severity);
                refined.weight = refinement.weight.unwrap_or(refined.weight);
                refined.role = refinement.role.unwrap_or(refined.role);
                if let Some(selector) = &refinement.selector {
                    refined.selector.clone_from(selector);
                }
            }
        }
    }
    settle(benchmark, &places, &mut selected);
    Ok(Tailored { selected, refined, values: values(benchmark, &profiles) })
}

fn unrefined(item: &super::Item) -> Refined {
    let rule = item.rule.as_ref();
    Refined {
        severity: rule.map_or(Severity::Unknown, |rule| rule.severity),
        weight: item.weight,
        role: rule.map_or(Role::Full, |rule| rule.role),
        selector: String::new(),
    }
}

/// Drops, in document order, items whose group is dropped, whose requirements fail or that conflict.
///
/// An item that the benchmark does not have is not selected: the reference aborts there.
fn settle(benchmark: &Benchmark, places: &HashMap<&str, Vec<usize>>, selected: &mut [bool]) {
    let mut dropped: HashSet<usize> = HashSet::new();
    for (place, item) in benchmark.items.iter().enumerate() {
        let is_selected = |id: &String| {
            let places = places.get(id.as_str()).into_iter().flatten();
            places.into_iter().any(|place| selected.get(*place).copied().unwrap_or(false))
        };
        let in_dropped_group = item.parent.is_some_and(|parent| dropped.contains(&parent));
        let requires = item.requires.iter().all(|alternatives| alternatives.iter().any(is_selected));
        let conflicts = item.conflicts.iter().any(is_selected);
        let own = selected.get(place).copied().unwrap_or(false);
        if in_dropped_group || !own {
            // A rule of a dropped group still counts as selected where others ask for it.
            dropped.insert(place);
        } else if !requires || conflicts {
            dropped.insert(place);
            if let Some(selected) = selected.get_mut(place) {
                *selected = false;
            }
        }
    }
    for place in dropped {
        if let Some(selected) = selected.get_mut(place) {
            *selected = false;
        }
    }
}

fn values(benchmark: &Benchmark, profiles: &[&Profile]) -> HashMap<String, String> {
    let mut values = HashMap::new();
    for definition in &benchmark.values {
        let means = |id: &String| *id == definition.id || definition.cluster.as_ref() == Some(id);
        let set = profiles
            .iter()
            .rev()
            .find_map(|profile| profile.sets.iter().rev().find(|(id, _)| means(id)).map(|(_, value)| value));
        let selector = profiles
            .iter()
            .rev()
            .find_map(|profile| profile.refines.iter().rev().find(|(id, _)| means(id)).map(|(_, selector)| selector));
        let by_selector = |wanted: Option<&String>| {
            definition.values.iter().find(|(selector, _)| selector.as_ref() == wanted).map(|(_, value)| value)
        };
        let chosen = set
            .or_else(|| selector.and_then(|selector| by_selector(Some(selector))))
            .or_else(|| by_selector(None))
            .or_else(|| definition.values.first().map(|(_, value)| value));
        if let Some(value) = chosen {
            values.insert(definition.id.clone(), value.clone());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xccdf::parse;
    use crate::xml;

    fn read(body: &str) -> Benchmark {
        let text = format!("<Benchmark id='b'>{body}</Benchmark>");
        parse::benchmark(xml::parse(&text).unwrap().root_element()).unwrap()
    }

    fn chosen(benchmark: &Benchmark, selection: Selection<'_>) -> Vec<String> {
        let tailored = tailor(benchmark, &[], selection).unwrap();
        let rules = benchmark.items.iter().zip(&tailored.selected);
        rules.filter(|(item, selected)| item.rule.is_some() && **selected).map(|(item, _)| item.id.clone()).collect()
    }

    #[test]
    fn later_selects_win_and_groups_carry_their_rules() {
        let benchmark = read(
            "<Profile id='x_profile_p'><title>t</title><select idref='r1' selected='true'/><select idref='r2' selected='true'/>
               <select idref='r1' selected='false'/><select idref='g' selected='false'/></Profile>
             <Profile id='q' extends='x_profile_p'><title>t</title><select idref='c' selected='true'/>
               <select idref='g' selected='true'/></Profile>
             <Rule id='r1' selected='false'/><Group id='g'><Rule id='r2' selected='false'/></Group>
             <Rule id='r3' selected='false' cluster-id='c'/>",
        );
        assert_eq!(chosen(&benchmark, Selection::Profile("p")), Vec::<String>::new());
        assert_eq!(chosen(&benchmark, Selection::Profile("q")), ["r2", "r3"]);
        assert_eq!(chosen(&benchmark, Selection::All), ["r1", "r2", "r3"]);
        assert_eq!(chosen(&benchmark, Selection::Default), Vec::<String>::new());
        let missing = tailor(&benchmark, &[], Selection::Profile("none"));
        assert!(matches!(missing, Err(ContentError::NoProfile { .. })));
    }

    #[test]
    fn requirements_and_conflicts_look_at_selection_as_it_stands() {
        let benchmark = read(
            "<Rule id='a'><conflicts idref='b'/></Rule><Rule id='b'><conflicts idref='a'/></Rule>
             <Rule id='c'><requires idref='a b'/></Rule><Rule id='d'><requires idref='a'/></Rule>
             <Rule id='e'><conflicts idref='nowhere'/></Rule><Rule id='f'><requires idref='nowhere'/></Rule>",
        );
        assert_eq!(chosen(&benchmark, Selection::Default), ["b", "c", "e"]);
    }

    #[test]
    fn set_beats_refine_and_the_last_refinement_wins() {
        let benchmark = read(
            "<Value id='v'><value selector='one'>1</value><value>0</value><value selector='two'>2</value></Value>
             <Value id='w'><value selector='x'>X</value><value selector='y'>Y</value></Value>
             <Profile id='p'><refine-value idref='v' selector='one'/><refine-value idref='v' selector='two'/></Profile>
             <Profile id='q' extends='p'><set-value idref='v'>9</set-value></Profile>
             <Profile id='s'><refine-value idref='v' selector='three'/></Profile>",
        );
        let value = |selection| tailor(&benchmark, &[], selection).unwrap().values["v"].clone();
        assert_eq!(value(Selection::Profile("p")), "2");
        assert_eq!(value(Selection::Profile("q")), "9");
        assert_eq!(value(Selection::Profile("s")), "0");
        assert_eq!(value(Selection::Default), "0");
        assert_eq!(tailor(&benchmark, &[], Selection::Default).unwrap().values["w"], "X");
    }

    #[test]
    fn profiles_that_extend_themselves_are_refused() {
        let benchmark = read("<Profile id='p' extends='q'/><Profile id='q' extends='p'/>");
        assert!(matches!(tailor(&benchmark, &[], Selection::Profile("p")), Err(ContentError::Cycle { .. })));
    }
}
