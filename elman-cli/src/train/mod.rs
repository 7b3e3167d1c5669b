//! `elman train`: from what was typed to a trained run. `trainer` is the loop, `learner` one update of it.

mod average;
mod batches;
mod calibrate;
mod callback;
pub mod calls;
mod changes;
mod checkpoint;
pub mod defaults;
pub mod doctor;
pub mod events;
pub mod follow;
pub mod lead;
mod learner;
mod live;
pub mod measure;
mod order;
pub mod pretrained;
mod progress;
pub mod repeats;
pub mod report;
mod schedule;
pub mod settings;
mod shard;
mod sparkline;
mod tables;
pub mod task;
#[cfg(test)]
mod tests;
mod time_left;
mod trainer;
mod watch;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::base::failure::{Failure, Result};
use crate::base::folder::{Run, write_atomic};
use crate::base::interrupt::Interrupt;
use crate::base::ranks::Ranks;
use crate::base::tell::tell;
use crate::base::waiting::during;
use crate::data::is_pipe;
use crate::train::defaults::Defaults;
use crate::train::settings::{Settings, to_toml};
use crate::train::task::Task;
pub use calibrate::calibrate;
pub use callback::{Callback, Onlooker, Preview};
pub use changes::Changes;
pub use checkpoint::{epochs_of, has_data_of};
pub use progress::Epoch;
pub use trainer::{Outcome, check_room, train};
pub use watch::write_report;

/// A task's part of the command line: what `config.toml` holds of a run.
pub trait Job: Clone + Serialize {
    /// What it makes of its files.
    type Task: Task;

    /// What every task shares.
    fn settings(&self) -> &Settings;

    /// The same, to be changed.
    fn settings_mut(&mut self) -> &mut Settings;

    /// What settings are when nobody says otherwise: it may depend on the kind of the data.
    ///
    /// # Errors
    /// Data whose kind cannot be told.
    fn defaults(&self) -> Result<&'static Defaults>;

    /// The files that it names.
    fn files(&mut self) -> Vec<&mut PathBuf>;

    /// Whether a part of the data can be held out in turn: `--fold`.
    fn has_folds(&self) -> bool {
        false
    }

    /// Reads them.
    ///
    /// # Errors
    /// Missing, empty or malformed files; flags that contradict each other.
    fn load(&self) -> Result<Self::Task>;
}

/// What a job makes of its files; who waits for long is told.
///
/// # Errors
/// As [`Job::load`]; `--fold` where there are none.
pub fn load<J: Job>(job: &J) -> Result<J::Task> {
    if job.settings().repeats.fold.is_some() && !job.has_folds() {
        return Err(Failure::input(format!(
            "--folds is not for elman train {}, whose data are not in parts of which one can be held out; --seeds N tells how much \
             luck there is",
            J::Task::NAME
        )));
    }
    during("reading the data", || job.load())
}

/// Trains a job in a new folder, in this process alone and perhaps with a callback.
///
/// # Errors
/// As [`train`].
pub fn train_in<J: Job>(
    run: &Run,
    task: &J::Task,
    job: J,
    callback: Option<Callback<'_>>,
) -> Result<Outcome> {
    train_among(&Ranks::alone(), run, task, job, callback)
}

/// The same together with other ranks, if there are any.
///
/// # Errors
/// As [`train`].
pub fn train_among<J: Job>(
    ranks: &Ranks,
    run: &Run,
    task: &J::Task,
    job: J,
    callback: Option<Callback<'_>>,
) -> Result<Outcome> {
    train_until(ranks, run, task, job, Interrupt::listen, callback)
}

/// The same for one who listens for Ctrl-C already, or begins to before the first update.
///
/// # Errors
/// As [`train`].
pub fn train_until<J: Job>(
    ranks: &Ranks,
    run: &Run,
    task: &J::Task,
    job: J,
    listen: impl FnOnce() -> Result<Interrupt>,
    callback: Option<Callback<'_>>,
) -> Result<Outcome> {
    // Before the first file: who comes second must not change what the first one began.
    let _lock = run.lock()?;
    let job = settle(run, task, job)?;
    calls::record(run)?;
    train(task, job.settings(), run, listen()?, ranks, callback)
}

/// Writes the settings of a job into the new folder of its run, which is locked; what is returned is the job with paths that
/// hold wherever the run is resumed.
///
/// # Errors
/// A folder that holds something, or that nothing can be written to.
pub fn settle<J: Job>(run: &Run, task: &J::Task, mut job: J) -> Result<J> {
    for path in job.files() {
        if is_pipe(path) {
            tell!(
                "elman: {}: note: data from a pipe are gone afterwards; to resume this run they must come again by the same name, \
                 so save them in a file",
                path.display()
            );
        }
        if path.as_path() == Path::new("-") {
            continue;
        }
        // A run may be resumed from anywhere.
        *path = std::path::absolute(&*path).map_err(|error| Failure::read(path, &error))?;
    }
    stretch(task, job.settings_mut());
    job.settings_mut().out = Some(run.folder().to_owned());
    if run.config().exists() {
        run.must_be_new()?;
    }
    write_config(run, &job)?;
    Ok(job)
}

/// Where few sequences make few updates, more epochs, and as much more patience: both count updates then.
fn stretch(task: &impl Task, settings: &mut Settings) {
    let updates = task.train().len().div_ceil(settings.batch);
    let updates = updates.div_ceil(settings.accumulate).max(1);
    let usual = settings.epochs;
    let wanted = task.least_updates().div_ceil(updates);
    if !settings.usual_epochs || wanted <= usual {
        return;
    }
    settings.epochs = wanted;
    settings.patience = (settings.patience * wanted).div_ceil(usual);
    tell!(
        "elman: note: {wanted} epochs, not {usual}, since an epoch of so few sequences is {updates} updates; --epochs says otherwise"
    );
}

/// Writes the settings of a run.
///
/// # Errors
/// Writing fails.
pub fn write_config<J: Job>(run: &Run, job: &J) -> Result<()> {
    write_atomic(&run.config(), to_toml(J::Task::NAME, job)?.as_bytes())
}

/// Takes up the last state of a run, if it has one, and trains to the end without a word.
///
/// # Errors
/// As [`train`].
pub fn take_up(task: &impl Task, settings: &Settings, run: &Run) -> Result<()> {
    let nobody: Callback<'_> = Box::new(|_: &Preview<'_>| Ok(()));
    let (interrupt, ranks) = (Interrupt::default(), Ranks::alone());
    train(task, settings, run, interrupt, &ranks, Some(nobody)).map(drop)
}
