//! `elman train`: from what was typed to a trained run. `trainer` is the loop, `learner` one update of it.

mod average;
mod batches;
mod checkpoint;
mod learner;
mod progress;
mod schedule;
mod shard;
mod sparkline;
mod tables;
#[cfg(test)]
mod tests;
mod trainer;
mod watch;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::args::{TrainArgs, TrainTask, parse_run};
use crate::data::Sequences;
use crate::failure::{Failure, Result};
use crate::interrupt::Interrupt;
use crate::report::{Report, State};
use crate::run::{Run, write_whole};
use crate::settings::{Settings, to_toml};
use crate::task::{Task, as_read};
use crate::threads::on_threads;
pub use trainer::{Glimpse, Onlooker};
use trainer::{Outcome, check_room, train};

/// A task's part of the command line: what `config.toml` holds of a run.
pub trait Job: Serialize {
    /// What it makes of its files.
    type Task: Task;

    /// What every task shares.
    fn settings(&self) -> &Settings;

    /// The same, to be changed.
    fn settings_mut(&mut self) -> &mut Settings;

    /// The files that it names.
    fn files(&mut self) -> Vec<&mut PathBuf>;

    /// Reads them.
    ///
    /// # Errors
    /// Missing, empty or malformed files; flags that contradict each other.
    fn load(&self) -> Result<Self::Task>;
}

/// The command.
///
/// # Errors
/// Wrong input, or a run that failed.
pub fn run(args: TrainArgs) -> Result<()> {
    match args {
        TrainArgs {
            resume: Some(folder),
            ..
        } => resume(&folder),
        TrainArgs {
            task: Some(task), ..
        } => match task {
            TrainTask::Label(job) => start(*job),
            TrainTask::Classify(job) => start(*job),
            TrainTask::Forecast(job) => start(*job),
            TrainTask::Text(job) => start(*job),
            TrainTask::Echo(job) => start(*job),
        },
        TrainArgs { .. } => Err(Failure::input(
            "train needs a task, such as elman train label, or --resume RUN",
        )),
    }
}

fn start<J: Job>(job: J) -> Result<()> {
    job.settings().check()?;
    let task = job.load()?;
    check_room(&task, job.settings())?;
    let run = Run::create(job.settings().out.as_deref(), J::Task::NAME)?;
    finish::<J::Task>(&run, &train_in(&run, &task, job, None)?);
    Ok(())
}

/// Trains a job in a new folder, perhaps with somebody looking on.
///
/// # Errors
/// As [`train`].
pub fn train_in<J: Job>(
    run: &Run,
    task: &J::Task,
    mut job: J,
    onlooker: Option<Onlooker<'_>>,
) -> Result<Outcome> {
    for path in job.files() {
        // A run may be resumed from anywhere.
        *path = std::path::absolute(&*path).map_err(|error| Failure::read(path, &error))?;
    }
    job.settings_mut().out = Some(run.folder().to_owned());
    write_whole(&run.config(), to_toml(J::Task::NAME, &job)?.as_bytes())?;
    let _lock = run.lock()?;
    train(task, job.settings(), run, Interrupt::listen()?, onlooker)
}

fn resume(folder: &Path) -> Result<()> {
    let run = Run::open(folder)?;
    let _lock = run.lock()?;
    run.sweep();
    match parse_run(&run.config())? {
        TrainTask::Label(job) => go_on(&run, &*job),
        TrainTask::Classify(job) => go_on(&run, &*job),
        TrainTask::Forecast(job) => go_on(&run, &*job),
        TrainTask::Text(job) => go_on(&run, &*job),
        TrainTask::Echo(job) => go_on(&run, &*job),
    }
}

/// `elman report`: the page of a run anew.
///
/// # Errors
/// A folder that is no run, or data that are gone.
pub fn report(folder: &Path) -> Result<()> {
    let run = Run::open(folder)?;
    match parse_run(&run.config())? {
        TrainTask::Label(job) => report_on(&run, &*job),
        TrainTask::Classify(job) => report_on(&run, &*job),
        TrainTask::Forecast(job) => report_on(&run, &*job),
        TrainTask::Text(job) => report_on(&run, &*job),
        TrainTask::Echo(job) => report_on(&run, &*job),
    }
}

/// What a run is validated on, as its net reads it.
///
/// # Errors
/// A folder that is no run, or data that are gone.
pub fn validation(run: &Run) -> Result<Sequences> {
    Ok(match parse_run(&run.config())? {
        TrainTask::Label(job) => job.load()?.valid().clone(),
        TrainTask::Classify(job) => job.load()?.valid().clone(),
        TrainTask::Forecast(job) => job.load()?.valid().clone(),
        TrainTask::Text(job) => job.load()?.valid().clone(),
        TrainTask::Echo(job) => job.load()?.valid().clone(),
    })
}

fn report_on(run: &Run, job: &impl Job) -> Result<()> {
    let task = job.load()?;
    let (threads, state) = (job.settings().threads, how_far(run, job.settings())?);
    on_threads(threads, || watch::write_report(&task, run, state))?;
    println!("{}", run.report().display());
    Ok(())
}

/// What the epochs on record say of a run that may be at work, over, or waiting to be resumed.
fn how_far(run: &Run, settings: &Settings) -> Result<State> {
    if run.lock().is_err() {
        return Ok(State::Running);
    }
    let history = Report::of_run(run)?.history;
    let best = history.iter().rposition(|row| row.best);
    let idle = history.len() - best.map_or(0, |best| best + 1);
    let is_over =
        history.len() >= settings.epochs || (settings.patience > 0 && idle >= settings.patience);
    Ok(if is_over {
        State::Ended
    } else {
        State::waiting(history.len(), settings.epochs, run.folder())
    })
}

fn go_on<J: Job>(run: &Run, job: &J) -> Result<()> {
    let task = job.load()?;
    let outcome = train(&task, job.settings(), run, Interrupt::listen()?, None)?;
    finish::<J::Task>(run, &outcome);
    Ok(())
}

/// Takes up the last state of a run, if it has one, and trains to the end without a word.
///
/// # Errors
/// As [`train`].
pub fn take_up(task: &impl Task, settings: &Settings, run: &Run) -> Result<()> {
    let nobody: Onlooker<'_> = Box::new(|_| Ok(()));
    train(task, settings, run, Interrupt::default(), Some(nobody)).map(drop)
}

fn finish<T: Task>(run: &Run, outcome: &Outcome) {
    let Outcome {
        score,
        score_name,
        epoch,
        epochs,
        is_cut_short,
        is_stopped_early,
    } = outcome;
    let folder = run.folder().display();
    let (score_name, score) = as_read(score_name, *score);
    println!(
        "best {score_name} {score:.4} after epoch {epoch} of {epochs}: {folder}/model.safetensors"
    );
    if *is_stopped_early {
        println!("stopped early: no better epoch for as long as --patience allows");
    }
    if *is_cut_short {
        println!("the time was up before the epochs were; to go on: elman train --resume {folder}");
    }
    println!("to look at: {folder}/report.html");
    println!("next: {}", T::next(&folder.to_string()));
}
