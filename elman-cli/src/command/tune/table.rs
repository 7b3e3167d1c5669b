//! What was tried, as a table and as JSON.

use serde::Serialize;

use super::journal::{Candidate, SEED, State, Story, Trial};
use super::space::Values;
use crate::train::measure::as_read;

/// Rows that people are shown in the end.
const SHOWN: usize = 40;

/// The columns: those of every search, and the settings that were searched.
#[derive(Clone, Debug)]
pub struct Columns {
    score_name: String,
    settings: Vec<String>,
    /// Of all trials but those that repeat another.
    seed: u64,
}

impl Columns {
    /// Of a search of a task with such a score.
    pub fn new(score_name: &str, settings: impl Iterator<Item = String>, seed: u64) -> Self {
        Self {
            score_name: as_read(score_name, 0.0).0.to_owned(),
            settings: settings.collect(),
            seed,
        }
    }

    /// What the score is called, as people read it.
    pub fn score_name(&self) -> &str {
        &self.score_name
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        let first = ["trial", &self.score_name, "loss", "epochs"].map(str::to_owned);
        let last = [SEED, "flash", "ram", "instructions", ""].map(str::to_owned);
        let all = first.into_iter().chain(self.settings.iter().cloned());
        all.chain(last).collect()
    }

    /// What a trial has in them.
    pub fn row(&self, trial: &Trial, is_best: bool) -> Vec<String> {
        let end = trial.end.as_ref();
        let score = end.and_then(|end| Some(as_read(&end.score_name, end.score?).1));
        let loss = end.and_then(|end| end.loss);
        let number = |number: Option<f64>| number.map_or("-".to_owned(), |x| format!("{x:.4}"));
        let needs = &trial.claim.needs;
        let state = match end.map(|end| end.state) {
            None => "at work",
            Some(State::Failed) => "failed",
            Some(State::Stopped) => "given up",
            Some(State::Complete) if is_best => "best",
            Some(State::Complete) => "",
        };
        let mut row = vec![
            format!("{:03}", trial.claim.trial),
            number(score),
            number(loss),
            end.map_or(0, |end| end.curve.len()).to_string(),
        ];
        let settings = &trial.claim.settings;
        let setting = |name: &String| settings.get(name).map_or("-", String::as_str).to_owned();
        row.extend(self.settings.iter().map(setting));
        let seed = settings.get(SEED).cloned();
        row.push(seed.unwrap_or_else(|| self.seed.to_string()));
        let numbers = [needs.flash_bytes, needs.ram_bytes, needs.instructions];
        row.extend(numbers.map(|number| number.to_string()));
        row.push(state.to_owned());
        row
    }

    /// A line, so wide that lines which are written one by one stand below each other.
    pub fn line(&self, row: &[String]) -> String {
        let widths = self.names();
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, name)| format!("{cell:>width$}", width = name.chars().count().max(6)))
            .collect();
        line.join("  ").trim_end().to_owned()
    }

    /// The table, the best first; those that have not ended last. Of many trials only the best are shown.
    pub fn table(&self, story: &Story) -> String {
        let all = rows(story);
        let more = all.len().saturating_sub(SHOWN);
        let rows = all.into_iter().take(SHOWN);
        let best = story.best_trial();
        let lines = rows.map(|trial| self.row(trial, best == Some(trial.claim.trial)));
        let lines = std::iter::once(self.names()).chain(lines);
        let mut table: String = lines.map(|row| self.line(&row) + "\n").collect();
        if more > 0 {
            table += &format!("... and {more} more: in report.html, and with --json\n");
        }
        table
    }
}

/// All trials: those of the winner first, then by the mean of those with the same settings; those that have not ended last.
pub fn rows(story: &Story) -> Vec<&Trial> {
    let winner = story.best().map(|(_, candidate)| candidate.settings);
    let mut candidates = story.candidates();
    // A stable sort: the rest stays in its order.
    candidates.sort_by_key(|one| winner.as_ref() != Some(&one.settings));
    let trials = || candidates.iter().flat_map(|one| one.trials.iter().copied());
    let ended = trials().filter(|trial| trial.end.is_some());
    ended
        .chain(trials().filter(|trial| trial.end.is_none()))
        .collect()
}

/// Settings that nobody beats: whoever has a better mean score needs more. The needs are those that `need` gives; what comes out
/// are the trials that could win.
pub fn front(story: &Story, need: impl Fn(&Trial) -> usize) -> Vec<&Trial> {
    // The best first, so that each that follows must need less than all before it.
    let mut least = usize::MAX;
    let mut front: Vec<(f64, &Trial)> = Vec::new();
    for candidate in story.candidates() {
        let Some((trial, [score, _])) = candidate.winner().zip(candidate.merit()) else {
            continue;
        };
        let need = need(trial);
        if need < least {
            // Of equal scores only the smaller net stays.
            front.retain(|(better, _)| *better != score);
            least = need;
            front.push((score, trial));
        }
    }
    front.into_iter().map(|(_, trial)| trial).collect()
}

/// What `--json` prints.
#[derive(Serialize)]
pub struct Found<'a> {
    folder: String,
    task: &'a str,
    score_name: &'a str,
    trials: Vec<Tried<'a>>,
    /// The number of the winner, if there is one; its mean score over so many seeds.
    best: Option<usize>,
    best_mean: Option<f64>,
    best_seeds: usize,
    /// Trials whose settings nobody beats with less flash, by number; the same for instructions.
    front_flash: Vec<usize>,
    front_instructions: Vec<usize>,
}

#[derive(Serialize)]
struct Tried<'a> {
    trial: usize,
    run: String,
    state: Option<State>,
    score: Option<f64>,
    loss: Option<f64>,
    epochs: usize,
    best_epoch: usize,
    settings: &'a Values,
    parameters: usize,
    flash_bytes: usize,
    code_bytes: usize,
    ram_bytes: usize,
    instructions_per_step: usize,
}

impl<'a> Found<'a> {
    /// Of a search in a folder.
    pub fn of(
        folder: &std::path::Path,
        task: &'a str,
        columns: &'a Columns,
        story: &'a Story,
    ) -> Self {
        let tried = |trial: &'a Trial| {
            let (claim, end) = (&trial.claim, trial.end.as_ref());
            Tried {
                trial: claim.trial,
                run: folder.join(folder_name(claim.trial)).display().to_string(),
                state: end.map(|end| end.state),
                score: end.and_then(|end| Some(as_read(&end.score_name, end.score?).1)),
                loss: end.and_then(|end| end.loss),
                epochs: end.map_or(0, |end| end.curve.len()),
                best_epoch: end.map_or(0, |end| end.best_epoch),
                settings: &claim.settings,
                parameters: claim.needs.parameters,
                flash_bytes: claim.needs.flash_bytes,
                code_bytes: claim.needs.code_bytes,
                ram_bytes: claim.needs.ram_bytes,
                instructions_per_step: claim.needs.instructions,
            }
        };
        let best = story.best().map(|(_, best)| best);
        let numbers = |front: Vec<&Trial>| front.iter().map(|one| one.claim.trial).collect();
        Self {
            folder: folder.display().to_string(),
            task,
            score_name: &columns.score_name,
            trials: rows(story).into_iter().map(tried).collect(),
            best: story.best_trial(),
            best_mean: best.as_ref().and_then(mean_score),
            best_seeds: best.as_ref().map_or(0, Candidate::scores),
            front_flash: numbers(front(story, |one| one.claim.needs.flash_bytes)),
            front_instructions: numbers(front(story, |one| one.claim.needs.instructions)),
        }
    }
}

/// The mean score of a candidate as people read it.
pub fn mean_score(candidate: &Candidate<'_>) -> Option<f64> {
    let mut ends = candidate.trials.iter().filter_map(|one| one.end.as_ref());
    let name = &ends.next()?.score_name;
    Some(as_read(name, candidate.merit()?[0]).1)
}

/// What the folder of a trial is called.
pub fn folder_name(trial: usize) -> String {
    format!("trial-{trial:03}")
}

#[cfg(test)]
mod tests {
    use super::super::budget::Needs;
    use super::super::journal::{Claim, End, Event};
    use super::*;

    #[test]
    fn the_front_holds_who_is_not_beaten_with_less() {
        let trials = [(900, 0.5), (100, 0.4), (500, 0.9), (300, 0.9), (200, 0.3)];
        let mut events = Vec::new();
        for (i, (flash_bytes, score)) in trials.into_iter().enumerate() {
            let trial = i + 1;
            events.push(Event::Claim(Claim {
                trial,
                settings: Values::from([("hidden".to_owned(), trial.to_string())]),
                needs: Needs {
                    parameters: 1,
                    flash_bytes,
                    code_bytes: 0,
                    ram_bytes: 1,
                    instructions: 1,
                },
                pid: 1,
                host: String::new(),
            }));
            events.push(Event::End(End {
                trial,
                state: State::Complete,
                score: Some(score),
                loss: Some(1.0),
                score_name: "f1".to_owned(),
                best_epoch: 1,
                curve: vec![[score, 1.0]],
                why: None,
            }));
        }
        let story = Story::default().after(&events);
        let numbers = |trials: Vec<&Trial>| -> Vec<usize> {
            trials.iter().map(|trial| trial.claim.trial).collect()
        };
        let flash = front(&story, |trial| trial.claim.needs.flash_bytes);
        assert_eq!(numbers(flash), [4, 2]);
        assert_eq!(numbers(rows(&story)), [4, 3, 1, 2, 5]);
    }
}
