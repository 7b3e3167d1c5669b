//! `elman train`: from what was typed to a trained run. `trainer` is the loop, `learner` one update of it.

mod batches;
mod checkpoint;
mod learner;
mod progress;
mod schedule;
mod shard;
mod tables;
mod trainer;

use std::path::{Path, PathBuf};

use crate::args::{LabelArgs, TrainArgs, TrainTask, parse_run};
use crate::failure::{Failure, Result};
use crate::interrupt::Interrupt;
use crate::label::LabelTask;
use crate::run::{Run, write_whole};
use crate::settings::to_toml;
use crate::task::Task;
use trainer::{Outcome, check_room, train};

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
            task: Some(TrainTask::Label(label)),
            ..
        } => start_label(*label),
        TrainArgs { .. } => Err(Failure::input(
            "train needs a task, such as elman train label, or --resume RUN",
        )),
    }
}

fn start_label(label: LabelArgs) -> Result<()> {
    label.settings.check()?;
    let task = LabelTask::load(&label)?;
    check_room(&task, &label.settings)?;
    let run = Run::create(label.settings.out.as_deref(), LabelTask::NAME)?;
    finish(&run, &label_in(&run, &task, label)?);
    Ok(())
}

/// Trains a labelling job in a new folder.
///
/// # Errors
/// As [`train`].
pub fn label_in(run: &Run, task: &LabelTask, mut label: LabelArgs) -> Result<Outcome> {
    absolute(&mut label.train)?;
    absolute(&mut label.valid)?;
    label.settings.out = Some(run.folder().to_owned());
    write_whole(&run.config(), to_toml(LabelTask::NAME, &label)?.as_bytes())?;
    let _lock = run.lock()?;
    train(task, &label.settings, run, Interrupt::listen()?)
}

fn resume(folder: &Path) -> Result<()> {
    let run = Run::open(folder)?;
    let _lock = run.lock()?;
    run.sweep();
    let TrainTask::Label(label) = parse_run(&run.config())?;
    let task = LabelTask::load(&label)?;
    finish(
        &run,
        &train(&task, &label.settings, &run, Interrupt::listen()?)?,
    );
    Ok(())
}

/// A run may be resumed from anywhere.
fn absolute(path: &mut Option<PathBuf>) -> Result<()> {
    if let Some(path) = path {
        *path = std::path::absolute(&*path).map_err(|error| Failure::read(path, &error))?;
    }
    Ok(())
}

fn finish(run: &Run, outcome: &Outcome) {
    let Outcome {
        score,
        score_name,
        epoch,
        epochs,
    } = outcome;
    let folder = run.folder().display();
    println!(
        "best {score_name} {score:.4} after epoch {epoch} of {epochs}: {folder}/model.safetensors"
    );
    println!("next: elman eval {folder} --data FILE, elman predict {folder} --data FILE");
}
