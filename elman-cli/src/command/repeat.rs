//! `elman train … --folds N` and `--seeds N`: the same training several times, each an ordinary run in a folder of its own,
//! and what came of them together.

use std::fmt::Write as _;
use std::fs;
use std::io::{Write as _, stdout};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::args::{Visitor, parse_run};
use crate::base::failure::{Failure, Result};
use crate::base::folder::{Run, write_atomic};
use crate::base::interrupt::Interrupt;
use crate::base::json;
use crate::base::ranks::Ranks;
use crate::base::tell::tell;
use crate::train::measure::as_read;
use crate::train::repeats::{Fold, Repeats};
use crate::train::settings::to_toml;
use crate::train::task::Task;
use crate::train::{Job, Outcome, calls, check_room, load, train, train_until};

/// One of the runs, as `summary.json` holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Ended {
    run: String,
    score: f64,
    /// The epoch that the score is from; 0 where the start was best.
    best_epoch: usize,
    epochs: usize,
    /// Whether `--time-limit` ended it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cut_short: bool,
}

/// `summary.json`: the runs that have ended, and over these mean and standard deviation of the scores.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Summary {
    task: String,
    /// `folds` or `seeds`.
    kind: String,
    score_name: String,
    /// How many runs there are to be.
    planned: usize,
    runs: Vec<Ended>,
    mean: f64,
    /// Of a sample: over one less than the number of runs; 0 of one run.
    deviation: f64,
}

/// Trains all runs of a job that asks for several.
///
/// # Errors
/// As [`train_until`].
pub fn start<J: Job>(job: &J) -> Result<()> {
    // What is wrong with the data or the net is said before anything is written.
    let parts = parts(job.settings().repeats.clone());
    let first = parts.first().map(|part| part.job(job));
    let first = first.as_ref().unwrap_or(job);
    let task = load(first)?;
    check_room(&task, first.settings(), &Ranks::alone())?;
    let folder = Run::create(job.settings().out.as_deref(), J::Task::NAME)?;
    let _lock = folder.lock()?;
    folder.must_be_new()?;
    let mut job = job.clone();
    for path in job.files() {
        if crate::data::is_pipe(path) {
            let sentence = "--folds and --seeds read the data once for every run, and a pipe holds them once: save them in a file";
            return Err(Failure::input(sentence).in_file(path));
        }
        *path = std::path::absolute(&*path).map_err(|error| Failure::read(path, &error))?;
    }
    job.settings_mut().out = Some(folder.folder().to_owned());
    write_atomic(&folder.plan(), to_toml(J::Task::NAME, &job)?.as_bytes())?;
    train_all(&job, &folder, Some(task))
}

/// Whether a folder is one of several runs that were asked for together.
pub fn is_one(folder: &Path) -> bool {
    Run::at(folder.to_owned()).plan().is_file()
}

/// Goes on where the runs of a folder stopped.
///
/// # Errors
/// As [`start`].
pub fn resume(folder: &Path, is_quiet: bool) -> Result<()> {
    let folder = Run::at(folder.to_owned());
    let _lock = folder.lock()?;
    folder.sweep();
    parse_run(&folder.plan())?.visit(Continue {
        folder: &folder,
        is_quiet,
    })
}

struct Continue<'a> {
    folder: &'a Run,
    is_quiet: bool,
}

impl Visitor for Continue<'_> {
    type Output = Result<()>;

    fn visit<J: Job>(self, job: &J) -> Result<()> {
        let mut job = job.clone();
        job.settings_mut().quiet = self.is_quiet;
        // The folder may have moved.
        job.settings_mut().out = Some(self.folder.folder().to_owned());
        train_all(&job, self.folder, None)
    }
}

/// One of the runs that are planned.
#[derive(Clone, Copy, Debug)]
enum Part {
    Fold(Fold),
    /// Counted from 1.
    Seed(usize),
}

fn parts(repeats: Repeats) -> Vec<Part> {
    match repeats {
        Repeats {
            folds: Some(of), ..
        } => (1..=of)
            .map(|number| Part::Fold(Fold { number, of }))
            .collect(),
        Repeats { seeds, .. } => (1..=seeds.unwrap_or(1)).map(Part::Seed).collect(),
    }
}

impl Part {
    fn name(self) -> String {
        match self {
            Self::Fold(fold) => format!("fold-{}", fold.number),
            Self::Seed(number) => format!("seed-{number}"),
        }
    }

    /// The job of this run alone.
    fn job<J: Job>(self, all: &J) -> J {
        let mut job = all.clone();
        let settings = job.settings_mut();
        let fold = settings.repeats.fold;
        settings.repeats = Repeats {
            fold,
            ..Repeats::default()
        };
        match self {
            Self::Fold(fold) => settings.repeats.fold = Some(fold),
            // Seeds are at most 63 bits long.
            Self::Seed(number) => {
                settings.seed = (settings.seed + number as u64 - 1) & (u64::MAX >> 1)
            }
        }
        job
    }
}

/// Trains those of the runs that have not ended; the task of the first may be at hand.
fn train_all<J: Job>(job: &J, folder: &Run, first: Option<J::Task>) -> Result<()> {
    let parts = parts(job.settings().repeats.clone());
    let mut summary = Summary::of(folder)?.unwrap_or_else(|| Summary {
        task: J::Task::NAME.to_owned(),
        kind: match job.settings().repeats.folds {
            Some(_) => "folds".to_owned(),
            None => "seeds".to_owned(),
        },
        planned: parts.len(),
        ..Summary::default()
    });
    let interrupt = Interrupt::listen()?;
    let mut first = first;
    for (number, part) in parts.iter().enumerate() {
        let name = part.name();
        if summary.runs.iter().any(|run| run.run == name) {
            continue;
        }
        if interrupt.is_asked() {
            return Err(stopped(folder, &format!("before {name}")));
        }
        if !job.settings().quiet {
            tell!("{name} of {}", parts.len());
        }
        let task = first.take().filter(|_| number == 0);
        let outcome = train_part(
            &part.job(job),
            task,
            &folder.folder().join(&name),
            &interrupt,
        );
        let outcome = outcome.map_err(|failure| match failure {
            Failure::Interrupted(sentence) => {
                let what = sentence.split("; to go on").next().unwrap_or_default();
                stopped(folder, &format!("in {name}: {what}"))
            }
            Failure::Input(sentence) => Failure::Input(format!("{name}: {sentence}")),
            Failure::Run(sentence) => Failure::Run(format!("{name}: {sentence}")),
            other @ Failure::BrokenPipe => other,
        })?;
        summary.add(name, &outcome);
        write_atomic(&folder.summary(), (json::text(&summary) + "\n").as_bytes())?;
    }
    let mut text = summary.to_table(folder.folder());
    if !job.settings().quiet {
        let folder = folder.folder().display();
        let _ = writeln!(
            text,
            "next: elman runs {folder}, elman eval {folder} --data FILE"
        );
    }
    Ok(stdout().write_all(text.as_bytes())?)
}

fn stopped(folder: &Run, place: &str) -> Failure {
    let folder = folder.folder().display();
    Failure::Interrupted(format!("{place}; to go on: elman train --resume {folder}"))
}

/// One run, from its start or from where it stopped.
fn train_part<J: Job>(
    job: &J,
    task: Option<J::Task>,
    folder: &Path,
    interrupt: &Interrupt,
) -> Result<Outcome> {
    let task = match task {
        Some(task) => task,
        None => load(job)?,
    };
    let (run, ranks) = (Run::at(folder.to_owned()), Ranks::alone());
    if run.config().exists() {
        let _lock = run.lock()?;
        run.sweep();
        calls::record(&run)?;
        return train(&task, job.settings(), &run, interrupt.clone(), &ranks, None);
    }
    check_room(&task, job.settings(), &ranks)?;
    let run = Run::create(Some(folder), J::Task::NAME)?;
    let listen = || Ok(interrupt.clone());
    train_until(&ranks, &run, &task, job.clone(), listen, None)
}

impl Summary {
    /// What is on record; nothing before the first run has ended.
    fn of(folder: &Run) -> Result<Option<Self>> {
        let path = folder.summary();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::read(&path, &error)),
        };
        let summary = serde_json::from_str(&text);
        summary.map(Some).map_err(|error| {
            Failure::input(format!(
                "no summary of runs: {error}; without the file its runs are looked at again"
            ))
            .in_file(&path)
        })
    }

    fn add(&mut self, run: String, outcome: &Outcome) {
        let (score, best_epoch) = match outcome.start {
            Some((_, score)) => (score, 0),
            None => (outcome.score, outcome.epoch),
        };
        let (score_name, score) = as_read(outcome.score_name, score);
        score_name.clone_into(&mut self.score_name);
        self.runs.push(Ended {
            run,
            score,
            best_epoch,
            epochs: outcome.epochs,
            cut_short: outcome.is_cut_short,
        });
        let scores: Vec<f64> = self.runs.iter().map(|run| run.score).collect();
        (self.mean, self.deviation) = moments(&scores);
    }

    fn to_table(&self, folder: &Path) -> String {
        let path = |run: &Ended| folder.join(&run.run).display().to_string();
        let width = self.runs.iter().map(|run| path(run).chars().count()).max();
        let width = width.unwrap_or(0).max("run".len());
        let score_width = self.score_name.chars().count().max(10);
        let mut text = format!(
            "{:width$}  {:>score_width$}  best epoch\n",
            "run", self.score_name
        );
        for run in &self.runs {
            let cut = if run.cut_short { ", cut short" } else { "" };
            let _ = writeln!(
                text,
                "{:width$}  {:>score_width$.4}  {} of {}{cut}",
                path(run),
                run.score,
                run.best_epoch,
                run.epochs
            );
        }
        let _ = writeln!(
            text,
            "{} {:.4} on average, standard deviation {:.4} over {} {}: {}",
            self.score_name,
            self.mean,
            self.deviation,
            self.runs.len(),
            self.kind,
            folder.join("summary.json").display()
        );
        text
    }
}

/// Mean and standard deviation of a sample.
fn moments(numbers: &[f64]) -> (f64, f64) {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count.max(1.0);
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0).max(1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_summed_up() {
        assert_eq!(
            moments(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]),
            (5.0, (32.0f64 / 7.0).sqrt())
        );
        assert_eq!(moments(&[3.0]), (3.0, 0.0));
        let outcome = Outcome {
            start: None,
            score: -1.5,
            score_name: "-nats_per_token",
            epoch: 3,
            epochs: 4,
            is_cut_short: false,
            is_stopped_early: false,
        };
        let mut summary = Summary {
            kind: "seeds".to_owned(),
            planned: 2,
            ..Summary::default()
        };
        summary.add("seed-1".to_owned(), &outcome);
        summary.add(
            "seed-2".to_owned(),
            &Outcome {
                score: -2.5,
                ..outcome
            },
        );
        assert_eq!((summary.mean, summary.deviation), (2.0, 0.5f64.sqrt()));
        let table = summary.to_table(Path::new("out"));
        assert!(
            table.contains("out/seed-2") && table.contains("nats_per_token 2.0000 on average"),
            "{table}"
        );
        let stored: Summary = serde_json::from_str(&json::text(&summary)).unwrap();
        assert_eq!(stored, summary);
    }
}
