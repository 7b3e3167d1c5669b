//! What is tried next: a net that nobody tried, within the budget. A net over budget is never trained.

use std::collections::BTreeSet;

use super::budget::{Budget, Needs};
use super::journal::{Candidate, SEED, Story};
use super::recipe::{Data, Recipe, Shapes};
use super::sampler::{BLIND, Estimators, blind};
use super::space::{LEAST_HIDDEN, Range, Space, Values};
use crate::args::{SEARCHED, flags_of};
use crate::base::failure::{Failure, Result};
use crate::base::seeds::{self, Purpose};

/// Draws for one trial before the search counts as exhausted; from the half on they are blind, and may lose hidden units until
/// they fit.
const DRAWS: u64 = 400;

/// Every so many trials one is drawn blindly, lest the search looks nowhere but where it was well.
const BLIND_EVERY: usize = 7;

/// Every second trial is the best so far once more, with another seed, until it has so many.
const SEEDS: usize = 6;

/// Hidden units that the first trial should have.
const SOME_HIDDEN: usize = 8;

/// Draws trials.
pub struct Proposer<'a> {
    recipe: &'a Recipe,
    budget: &'a Budget,
    shapes: Shapes<'a>,
    space: Space,
    /// What is searched, as it is by default.
    usual: Values,
    seed: u64,
    /// What the data say.
    pub data: Data,
}

impl<'a> Proposer<'a> {
    /// For a task; reads its data.
    ///
    /// # Errors
    /// Data that are missing or wrong; a budget that no net fits into.
    pub fn new(task: &str, recipe: &'a Recipe, budget: &'a Budget) -> Result<Self> {
        let mut shapes = Shapes::new(recipe, budget);
        let data = shapes.data(&Values::new())?;
        let flags = flags_of(task);
        let is_searched = |&name: &&str| {
            let has_meaning = match name {
                "embedding" => data.has_tokens(),
                "noise" => !data.has_tokens(),
                // Whoever wants an activation wants the cell that has one.
                "cell" => !recipe.is_given("activation"),
                _ => true,
            };
            has_meaning && flags.iter().any(|flag| flag == name) && !recipe.is_given(name)
        };
        let names: Vec<&'static str> = SEARCHED.into_iter().filter(is_searched).collect();
        let usual: Values = names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), recipe.text(name)?)))
            .collect();
        let mut proposer = Self {
            recipe,
            budget,
            shapes,
            space: Space::around(&names, &usual),
            usual,
            seed: recipe.settings().seed,
            data,
        };
        proposer.limit_hidden()?;
        Ok(proposer)
    }

    /// Names of what is searched.
    pub fn searched(&self) -> impl Iterator<Item = String> {
        let dimensions = self.space.dimensions.iter();
        dimensions.map(|dimension| dimension.name.to_owned())
    }

    /// Leaves out what is too large for the budget in any case.
    fn limit_hidden(&mut self) -> Result<()> {
        let corners = self.corners();
        let mut smallest: Option<(f64, Needs, String)> = None;
        let mut most = None;
        for corner in corners {
            let Some(needs) = self.shapes.needs(&corner)? else {
                continue;
            };
            if self.budget.holds(&needs) {
                most = most.max(self.largest(&corner, usize::MAX)?.or(Some(0)));
            }
            let excess = self.budget.excess(&needs);
            if smallest.as_ref().is_none_or(|(least, ..)| excess < *least) {
                smallest = Some((excess, needs, self.describe(&corner)));
            }
        }
        match (most, smallest) {
            (Some(most), _) => {
                // Who has room for many units need not try nets of two.
                self.space.limit_hidden((most / 8).max(LEAST_HIDDEN), most);
                Ok(())
            }
            (None, Some((_, needs, net))) => Err(Failure::input(format!(
                "no net of this search fits into the budget; the smallest, {net}, needs {}: allow more, or search among smaller nets",
                self.budget.complaint(&needs)
            ))),
            (None, None) => Err(Failure::input("there is no net with these settings")),
        }
    }

    /// The smallest net with each cell: what costs room is as small as it may be.
    fn corners(&self) -> Vec<Values> {
        let smallest = |range: &Range| match range {
            Range::Choice(values) if values.iter().any(|value| value == "false") => {
                Some("false".to_owned())
            }
            Range::Choice(values) => {
                let numbers = values
                    .iter()
                    .filter_map(|value| value.parse::<usize>().ok());
                numbers.min().map(|number| number.to_string())
            }
            Range::Whole { low, .. } => Some(low.to_string()),
            Range::Log { .. } | Range::Steps { .. } => None,
        };
        let base: Values = self
            .space
            .dimensions
            .iter()
            .filter_map(|one| Some((one.name.to_owned(), smallest(&one.range)?)))
            .collect();
        let Some(Range::Choice(cells)) = self.space.range("cell") else {
            return vec![base];
        };
        let with = |cell: &String| {
            let mut values = base.clone();
            values.insert("cell".to_owned(), cell.clone());
            values
        };
        cells.iter().map(with).collect()
    }

    /// The net of a corner, in words.
    fn describe(&self, values: &Values) -> String {
        let mut words = vec![format!("cell {}", self.recipe.cell(values))];
        for name in ["hidden", "layers", "window", "embedding"] {
            let value = values.get(name).cloned().or(self.recipe.text(name));
            let is_of_task = name != "embedding" || values.contains_key(name);
            words.extend(
                value
                    .filter(|_| is_of_task)
                    .map(|value| format!("{name} {value}")),
            );
        }
        words.join(", ")
    }

    /// The most hidden units, up to so many, with which these values fit; `None` where none do, or they are not searched.
    fn largest(&mut self, values: &Values, most: usize) -> Result<Option<usize>> {
        let Some(&Range::Whole { low, high }) = self.space.range("hidden") else {
            return Ok(None);
        };
        let mut values = values.clone();
        let mut fits = |hidden: usize, shapes: &mut Shapes<'_>| {
            values.insert("hidden".to_owned(), hidden.to_string());
            shapes.fits(&values)
        };
        // Needs grow with the units: `enough` fits, `much` does not.
        let (mut enough, mut much) = (low, high.min(most) + 1);
        if much <= low || !fits(low, &mut self.shapes)? {
            return Ok(None);
        }
        while enough + 1 < much {
            let middle = usize::midpoint(enough, much);
            if fits(middle, &mut self.shapes)? {
                enough = middle;
            } else {
                much = middle;
            }
        }
        Ok(Some(enough))
    }

    /// The defaults, made smaller where they do not fit.
    fn first(&mut self) -> Result<Option<Values>> {
        let mut values = self.usual.clone();
        let wanted = values.get("hidden").and_then(|hidden| hidden.parse().ok());
        let wanted: usize = wanted.unwrap_or(SOME_HIDDEN);
        let smaller = self.corners().into_iter().next().unwrap_or_default();
        for name in ["", "bidirectional", "window", "layers", "embedding"] {
            if let Some(value) = smaller.get(name) {
                values.insert(name.to_owned(), value.clone());
            }
            match self.largest(&values, wanted)? {
                Some(hidden) if hidden >= wanted.min(SOME_HIDDEN) => {
                    values.insert("hidden".to_owned(), hidden.to_string());
                    return Ok(Some(values));
                }
                // Their number is given, or there are few of them.
                _ if self.shapes.fits(&values)? => return Ok(Some(values)),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Values of the next trial, and what its net needs; `None` if every net was tried.
    ///
    /// # Errors
    /// Data that are gone.
    pub fn propose(&mut self, number: usize, story: &Story) -> Result<Option<(Values, Needs)>> {
        let trials = story.trials.values();
        let tried: BTreeSet<&Values> = trials.map(|trial| &trial.claim.settings).collect();
        if tried.is_empty()
            && let Some(first) = self.first()?
            && let Some(accepted) = self.accept(first, &tried)?
        {
            return Ok(Some(accepted));
        }
        let candidates = story.candidates();
        let known = candidates.iter().filter(|one| one.merit().is_some());
        let is_warm = known.count() >= BLIND;
        if is_warm
            && number.is_multiple_of(2)
            && let Some(again) = self.again(&candidates)
            && let Some(accepted) = self.accept(again, &tried)?
        {
            return Ok(Some(accepted));
        }
        let is_blind = !is_warm || number.is_multiple_of(BLIND_EVERY);
        // Those at work have no score yet.
        let ended = candidates
            .iter()
            .filter(|one| one.trials.iter().any(|trial| trial.end.is_some()));
        let mut estimators = match is_blind {
            true => None,
            false => Some(Estimators::of(&self.space, ended.map(|one| &one.settings))?),
        };
        for draw in 0..DRAWS {
            let mut rng = seeds::generator(self.seed, Purpose::Search, &[number as u64, draw]);
            let is_late = draw >= DRAWS / 2;
            let mut values = match estimators.as_mut().filter(|_| !is_late) {
                Some(estimators) => estimators.draw(&mut rng)?,
                None => blind(&self.space, &mut rng),
            };
            if is_late && let Some(hidden) = self.largest(&values, wanted_hidden(&values))? {
                values.insert("hidden".to_owned(), hidden.to_string());
            }
            if let Some(accepted) = self.accept(values, &tried)? {
                return Ok(Some(accepted));
            }
        }
        Ok(None)
    }

    /// The best so far with another seed.
    fn again(&self, candidates: &[Candidate<'_>]) -> Option<Values> {
        let best = candidates.first()?;
        let count = best.trials.len();
        let seed = self.seed.checked_add(count as u64)?;
        let mut values = best.settings.clone();
        values.insert(SEED.to_owned(), seed.to_string());
        (count < SEEDS && i64::try_from(seed).is_ok()).then_some(values)
    }

    /// Takes values that are new and within the budget.
    fn accept(
        &mut self,
        mut values: Values,
        tried: &BTreeSet<&Values>,
    ) -> Result<Option<(Values, Needs)>> {
        let cell = self.recipe.cell(&values).to_owned();
        Space::tidy(&mut values, &cell);
        if tried.contains(&values) {
            return Ok(None);
        }
        let needs = self.shapes.needs(&values)?;
        let needs = needs.filter(|needs| self.budget.holds(needs));
        Ok(needs.map(|needs| (values, needs)))
    }
}

fn wanted_hidden(values: &Values) -> usize {
    let hidden = values.get("hidden").and_then(|hidden| hidden.parse().ok());
    hidden.unwrap_or(usize::MAX - 1)
}
