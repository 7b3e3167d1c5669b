//! Whole groups for validation: sequences of one person in training and in validation show how well the net knows that
//! person, and not how well it will do on others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::base::failure::{Failure, Result};
use crate::base::seeds::{self, Purpose};
use crate::base::tell::tell;
use crate::train::repeats::Fold;

/// Without validation data one of so many sequences, lines or characters is held out, at least.
pub const HELD_OUT: usize = 10;
/// No more than one of so many.
const MOST: usize = 2;
/// Groups beyond this are counted in a note and not written out.
const SHOWN: usize = 6;

/// One sequence: the group that it belongs to and its class, if it has one.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    pub group: &'a str,
    pub class: Option<&'a str>,
}

/// Which sequences are held out so that no group is on both sides, the same ones for the same seed; standard error is told.
/// None where there is one group, or where training would lose a class.
pub fn hold_out(members: &[Member<'_>], column: &str, seed: u64, path: &Path) -> Option<Vec<bool>> {
    let path = path.display();
    let held = choose(members, seed);
    if held.is_empty() {
        tell!(
            "elman: {path}: warning: no group of {column} can be held out whole, so each may be in training and in validation"
        );
        return None;
    }
    let groups: BTreeSet<&str> = members.iter().map(|member| member.group).collect();
    let mut names: Vec<&str> = held.iter().copied().take(SHOWN).collect();
    if held.len() > SHOWN {
        names.push("…");
    }
    tell!(
        "elman: {path}: note: held out for validation: {} of {} groups of {column} ({}), so that none is on both sides; --valid \
         or --split-column chooses others",
        held.len(),
        groups.len(),
        names.join(", ")
    );
    Some(
        members
            .iter()
            .map(|member| held.contains(member.group))
            .collect(),
    )
}

/// Groups in random order, until a tenth is held out and every class that can be is met there; training keeps all classes.
fn choose<'a>(members: &[Member<'a>], seed: u64) -> BTreeSet<&'a str> {
    type Classes<'a> = BTreeMap<Option<&'a str>, usize>;
    let mut of_group: BTreeMap<&str, Classes<'_>> = BTreeMap::new();
    let mut left = Classes::new();
    for &Member { group, class } in members {
        *of_group.entry(group).or_default().entry(class).or_default() += 1;
        *left.entry(class).or_default() += 1;
    }
    let mut order: Vec<&str> = of_group.keys().copied().collect();
    seeds::shuffle(
        &mut seeds::generator(seed, Purpose::HoldOut, &[]),
        &mut order,
    );
    let (mut held, mut met, mut count) = (BTreeSet::new(), BTreeSet::new(), 0);
    for group in order {
        let classes = &of_group[group];
        let size: usize = classes.values().sum();
        let is_new = classes.keys().any(|class| !met.contains(class));
        let is_too_much = (count + size) * MOST > members.len();
        if is_too_much || count * HELD_OUT >= members.len() && !is_new {
            continue;
        }
        if classes.iter().any(|(class, &all)| left[class] == all) {
            continue;
        }
        for (&class, &all) in classes {
            *left.entry(class).or_default() -= all;
            met.insert(class);
        }
        count += size;
        held.insert(group);
    }
    held
}

/// Which sequences are in one fold of cross-validation: groups stay whole, classes and sizes are shared out evenly, and the
/// folds of one seed have every sequence once. A sequence without a group is one by itself.
///
/// # Errors
/// Fewer groups than folds.
pub fn fold(members: &[Member<'_>], fold: Fold, seed: u64) -> Result<Vec<bool>> {
    let mut of_group: BTreeMap<(&str, usize), Vec<usize>> = BTreeMap::new();
    for (i, member) in members.iter().enumerate() {
        let alone = if member.group.is_empty() { i } else { 0 };
        of_group.entry((member.group, alone)).or_default().push(i);
    }
    let mut groups: Vec<Vec<usize>> = of_group.into_values().collect();
    if groups.len() < fold.of {
        let noun = if members.iter().all(|member| member.group.is_empty()) {
            "sequences"
        } else {
            "groups"
        };
        return Err(Failure::input(format!(
            "{} folds need as many {noun}, and there are {}",
            fold.of,
            groups.len()
        )));
    }
    seeds::shuffle(
        &mut seeds::generator(seed, Purpose::HoldOut, &[]),
        &mut groups,
    );
    // The largest first, while there is room for them; of equals in the order that was drawn.
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut shares = vec![Share::default(); fold.of];
    let mut is_held_out = vec![false; members.len()];
    for group in groups {
        let classes = group.iter().map(|&i| members[i].class);
        let has = |share: &Share<'_>| -> usize {
            let of_class = |class| share.classes.get(&class).copied().unwrap_or(0);
            classes.clone().map(of_class).sum()
        };
        let mut all = 0..fold.of;
        // Of equals the first.
        let least = all
            .clone()
            .min_by_key(|&i| (has(&shares[i]), shares[i].size));
        let place = least.or(all.next()).unwrap_or(0);
        let share = &mut shares[place];
        share.size += group.len();
        classes.for_each(|class| *share.classes.entry(class).or_default() += 1);
        if place + 1 == fold.number {
            group.iter().for_each(|&i| is_held_out[i] = true);
        }
    }
    Ok(is_held_out)
}

/// What a fold has so far.
#[derive(Clone, Default)]
struct Share<'a> {
    size: usize,
    classes: BTreeMap<Option<&'a str>, usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members<'a>(groups: &[&'a str], classes: &[&'a str]) -> Vec<Member<'a>> {
        let pairs = groups.iter().zip(classes.iter().cycle());
        pairs
            .map(|(group, class)| Member {
                group,
                class: Some(class),
            })
            .collect()
    }

    #[test]
    fn no_group_is_on_both_sides_and_every_class_is_on_each() {
        let groups: Vec<String> = (0..60).map(|i| format!("s{}", i / 5)).collect();
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        // Every group is of one class.
        let classes: Vec<&str> = (0..60).map(|i| ["a", "b"][i / 5 % 2]).collect();
        let all = members(&groups, &classes);
        for seed in 0..20 {
            let held = choose(&all, seed);
            let of = |is_held: bool| -> BTreeSet<_> {
                let side = all
                    .iter()
                    .filter(|member| held.contains(member.group) == is_held);
                side.map(|member| member.class).collect()
            };
            assert_eq!((of(true).len(), of(false).len()), (2, 2), "seed {seed}");
            assert!((2..=3).contains(&held.len()), "seed {seed}");
        }
        let (held, again) = (choose(&all, 3), choose(&all, 3));
        assert_eq!(held, again);
        let found = hold_out(&all, "subject", 3, Path::new("f")).unwrap();
        assert_eq!(
            found.iter().filter(|&&is_held| is_held).count(),
            5 * held.len()
        );
    }

    #[test]
    fn folds_share_out_all_that_there_is() {
        let groups: Vec<String> = (0..60).map(|i| format!("s{}", i / 5)).collect();
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        let classes: Vec<&str> = (0..60).map(|i| ["a", "b", "c"][i % 3]).collect();
        for names in [groups, vec![""; 60]] {
            let all = members(&names, &classes);
            let fold = |number| super::fold(&all, Fold { number, of: 4 }, 7).unwrap();
            let folds: Vec<Vec<bool>> = (1..=4).map(fold).collect();
            for i in 0..60 {
                assert_eq!(folds.iter().filter(|fold| fold[i]).count(), 1);
            }
            for held in &folds {
                assert_eq!(held.iter().filter(|&&is_held| is_held).count(), 15);
                let of_class = |class| (0..60).filter(|&i| held[i] && classes[i] == class).count();
                assert_eq!(["a", "b", "c"].map(of_class), [5, 5, 5]);
                let sides = |i: usize| (names[i], held[i]);
                let split = (0..60).any(|i| {
                    (0..i).any(|j| {
                        !names[i].is_empty() && sides(i).0 == sides(j).0 && sides(i).1 != sides(j).1
                    })
                });
                assert!(!split, "a group on both sides");
            }
        }
        let few = members(&["x", "x", "y"], &["a"]);
        let complaint = super::fold(&few, Fold { number: 1, of: 3 }, 1).unwrap_err();
        assert_eq!(
            complaint.to_string(),
            "3 folds need as many groups, and there are 2"
        );
    }

    #[test]
    fn groups_that_training_needs_are_kept() {
        assert!(choose(&members(&["x"; 9], &["a"]), 1).is_empty());
        assert!(choose(&members(&["x", "x", "y", "y"], &["a", "a", "b", "b"]), 1).is_empty());
        assert_eq!(
            choose(&members(&["x", "y", "x", "y"], &["a", "a", "b", "b"]), 1).len(),
            1
        );
    }
}
