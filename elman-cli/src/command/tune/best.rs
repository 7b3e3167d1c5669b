//! What a search leaves for people: `DIR/best`, a copy of the winner, and `DIR/report.html`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::budget::Budget;
use super::journal::{Candidate, Story, Trial};
use super::recipe::Recipe;
use super::table::{Columns, folder_name, front, mean_score, rows};
use crate::base::failure::{Failure, Result};
use crate::base::folder::write_atomic;
use crate::train::report::{SearchReport, Tried};

/// Files of a run that its copy has; its events are TensorBoard's, which would show them twice.
const COPIED: [&str; 5] = [
    "config.toml",
    "metrics.jsonl",
    "checkpoint.safetensors",
    "report.html",
    "model.safetensors",
];

/// Makes `best` a copy of a trial. Whoever calls it holds the journal's lock.
///
/// # Errors
/// Reading or writing fails.
pub fn copy_best(folder: &Path, trial: usize) -> Result<()> {
    let (from, to) = (folder.join(folder_name(trial)), folder.join("best"));
    let new = folder.join(".writing-best");
    remove(&new)?;
    fs::create_dir(&new).map_err(|error| Failure::write(&new, &error))?;
    for file in COPIED {
        match fs::read(from.join(file)) {
            Ok(bytes) => write_atomic(&new.join(file), &bytes)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::read(&from.join(file), &error)),
        }
    }
    remove(&to)?;
    fs::rename(&new, &to).map_err(|error| Failure::write(&to, &error))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::write(folder, &error)),
        _ => Ok(()),
    }
}

/// Writes the page.
///
/// # Errors
/// Writing fails.
pub fn write_page(
    folder: &Path,
    (task, columns): (&str, &Columns),
    (recipe, budget): (&Recipe, &Budget),
    story: &Story,
) -> Result<()> {
    let best = story.best();
    let number = story.best_trial();
    let leaders: [Vec<usize>; 2] = [flash, instructions].map(|need| {
        front(story, need)
            .iter()
            .map(|one| one.claim.trial)
            .collect()
    });
    let candidates = story.candidates();
    let tried = |candidate: &Candidate<'_>| {
        let first = candidate.trials.first()?;
        Some(Tried {
            name: folder_name(first.claim.trial),
            score: mean_score(candidate)?,
            seeds: candidate.scores(),
            needs: [flash, instructions].map(|need| need(first)),
            leads: [0, 1].map(|need| leaders[need].contains(&first.claim.trial)),
        })
    };
    let trials = rows(story);
    let mut settings: Vec<(String, String)> = recipe.fixed().into_iter().collect();
    settings.extend(budget.words().map(|words| ("budget".to_owned(), words)));
    let name = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let name = name
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let report = SearchReport {
        name,
        task: task.to_owned(),
        state: if story.is_over {
            "ended"
        } else {
            "still running, or stopped"
        }
        .to_owned(),
        score_name: columns.score_name().to_owned(),
        best: best
            .and_then(|(trial, all)| Some((folder_name(trial.claim.trial), mean_score(&all)?))),
        tried: candidates.iter().filter_map(tried).collect(),
        limits: [budget.flash, budget.instructions],
        columns: columns.names(),
        rows: trials
            .iter()
            .map(|trial| columns.row(trial, number == Some(trial.claim.trial)))
            .collect(),
        settings,
    };
    write_atomic(&folder.join("report.html"), report.to_html().as_bytes())
}

const fn flash(trial: &Trial) -> usize {
    trial.claim.needs.flash_bytes
}

const fn instructions(trial: &Trial) -> usize {
    trial.claim.needs.instructions
}
