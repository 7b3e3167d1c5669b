//! `elman train` and `elman report`: from what was typed to a trained run, and its page.

use std::io::{Write as _, stdout};
use std::path::Path;

use elman_core::Level;

use super::repeat;
use crate::args::{TrainArgs, Visitor, parse_run, parse_run_text};
use crate::base::failure::{Failure, Result};
use crate::base::folder::{Run, must_be_text};
use crate::base::interrupt::Interrupt;
use crate::base::ranks::{Launch, Ranks};
use crate::base::seeds;
use crate::base::tell::{aloud, tell};
use crate::base::threads::on_threads;
use crate::data::is_pipe;
use crate::train::measure::as_read;
use crate::train::report::{RunReport, RunState};
use crate::train::settings::{Settings, to_toml};
use crate::train::task::Task;
use crate::train::{
    Changes, Job, Outcome, calls, check_room, follow, lead, load, train, train_among, write_config,
    write_report,
};

/// The command, in the first of the processes that were launched.
///
/// # Errors
/// Wrong input, or a run that failed.
pub fn run(args: TrainArgs, launch: Launch, ranks: &mut Ranks) -> Result<()> {
    *ranks = Ranks::join(launch, mark())?;
    match args {
        TrainArgs {
            resume: Some(folder),
            changes,
            ..
        } => resume(&folder, &changes, ranks),
        TrainArgs {
            task: Some(task), ..
        } => task.visit(Start { ranks }),
        TrainArgs { .. } => Err(Failure::input(
            "train needs a task, such as elman train label, or --resume RUN",
        )),
    }
}

/// The command in any other process: what there is to do the first says.
///
/// # Errors
/// As the first; which has told why, unless it cannot know.
pub fn run_after(launch: Launch, ranks: &mut Ranks) -> Result<()> {
    *ranks = Ranks::join(launch, mark())?;
    let interrupt = Interrupt::listen()?;
    let followed = follow::next_job(ranks).and_then(|job| match job {
        None => Ok(()),
        Some(config) => parse_run_text(&config)?.visit(Follow { ranks, interrupt }),
    });
    if let Err(failure) = &followed {
        aloud(format_args!("elman: {}: {failure}", ranks.all().name()));
        ranks.abort();
    }
    followed
}

/// What decides about results beside data and settings.
fn mark() -> u64 {
    let is_fused = u64::from(Level::detect().is_fused());
    let version = env!("CARGO_PKG_VERSION").bytes();
    version.fold(is_fused, |hash, byte| seeds::fold(hash, u64::from(byte)))
}

struct Follow<'a> {
    ranks: &'a Ranks,
    interrupt: Interrupt,
}

impl Visitor for Follow<'_> {
    type Output = Result<()>;

    fn visit<J: Job>(self, job: &J) -> Result<()> {
        follow::follow(self.ranks, job, &self.interrupt)
    }
}

/// Tells the other ranks what to read.
///
/// # Errors
/// Data that only the first can read.
fn prepare<J: Job>(ranks: &Ranks, job: &J) -> Result<()> {
    if ranks.all().is_alone() {
        return Ok(());
    }
    let mut job = job.clone();
    if let Some(pipe) = job.files().into_iter().find(|path| is_pipe(path)) {
        let sentence =
            "a pipe can be read once, and every rank reads the data itself: save them in a file";
        return Err(Failure::input(sentence).in_file(pipe));
    }
    lead::prepare(ranks, &to_toml(J::Task::NAME, &job)?);
    Ok(())
}

/// Whether no other rank waits for its share.
///
/// # Errors
/// Some do.
fn must_be_alone(ranks: &Ranks) -> Result<()> {
    if ranks.all().is_alone() {
        return Ok(());
    }
    Err(Failure::input(
        "--folds and --seeds train one run after the other, and ranks train one together: start them without mpirun",
    ))
}

struct Start<'a> {
    ranks: &'a Ranks,
}

impl Visitor for Start<'_> {
    type Output = Result<()>;

    fn visit<J: Job>(self, job: &J) -> Result<()> {
        job.settings().check()?;
        for path in job.clone().files() {
            must_be_text(path)?;
        }
        if job.settings().repeats.are_several() {
            must_be_alone(self.ranks)?;
            return repeat::start(job);
        }
        prepare(self.ranks, job)?;
        let task = load(job)?;
        check_room(&task, job.settings(), self.ranks)?;
        let run = Run::create(job.settings().out.as_deref(), J::Task::NAME)?;
        let outcome = train_among(self.ranks, &run, &task, job.clone(), None)?;
        finish::<J::Task>(&run, &outcome, job.settings().quiet)
    }
}

fn resume(folder: &Path, changes: &Changes, ranks: &Ranks) -> Result<()> {
    if repeat::is_one(folder) {
        changes.must_be_none(folder)?;
        must_be_alone(ranks)?;
        return repeat::resume(folder, changes.quiet);
    }
    let run = Run::open(folder)?;
    let _lock = run.lock()?;
    run.sweep();
    parse_run(&run.config())?.visit(Resume {
        run: &run,
        changes,
        ranks,
    })
}

/// `elman report`: the page of a run anew.
///
/// # Errors
/// A folder that is no run, or data that are gone.
pub fn report(folder: &Path) -> Result<()> {
    let run = Run::open(folder)?;
    parse_run(&run.config())?.visit(ReportOn { run: &run })
}

struct ReportOn<'a> {
    run: &'a Run,
}

impl Visitor for ReportOn<'_> {
    type Output = Result<()>;

    fn visit<J: Job>(self, job: &J) -> Result<()> {
        let (run, task) = (self.run, load(job)?);
        let (threads, state) = (job.settings().threads, how_far(run, job.settings())?);
        on_threads(threads, || write_report(&task, run, state))?;
        Ok(writeln!(stdout(), "{}", run.report().display())?)
    }
}

/// What the epochs on record say of a run that may be at work, over, or waiting to be resumed.
fn how_far(run: &Run, settings: &Settings) -> Result<RunState> {
    if run.is_at_work() {
        return Ok(RunState::Running);
    }
    let history = RunReport::of_run(run)?.history;
    let best = history.iter().rposition(|row| row.best);
    let idle = history.len() - best.map_or(0, |best| best + 1);
    let is_over =
        history.len() >= settings.epochs || (settings.patience > 0 && idle >= settings.patience);
    Ok(if is_over {
        RunState::Ended
    } else {
        RunState::waiting(history.len(), settings.epochs, run.folder())
    })
}

struct Resume<'a> {
    run: &'a Run,
    changes: &'a Changes,
    ranks: &'a Ranks,
}

impl Visitor for Resume<'_> {
    type Output = Result<()>;

    fn visit<J: Job>(self, job: &J) -> Result<()> {
        let (mut job, run) = (job.clone(), self.run);
        let done = RunReport::of_run(run)?.history.len();
        let changed = self.changes.apply(job.settings_mut(), done)?;
        prepare(self.ranks, &job)?;
        let task = load(&job)?;
        if let Some(changed) = changed {
            write_config(run, &job)?;
            tell!("elman: {}: note: {changed}", run.config().display());
        }
        calls::record(run)?;
        let (interrupt, ranks) = (Interrupt::listen()?, self.ranks);
        let outcome = train(&task, job.settings(), run, interrupt, ranks, None)?;
        finish::<J::Task>(run, &outcome, job.settings().quiet)
    }
}

fn finish<T: Task>(run: &Run, outcome: &Outcome, is_quiet: bool) -> Result<()> {
    let Outcome {
        start,
        score,
        score_name,
        epoch,
        epochs,
        is_cut_short,
        is_stopped_early,
    } = outcome;
    let folder = run.folder().display();
    let model = match start {
        Some(_) => String::new(),
        None => format!(": {folder}/model.safetensors"),
    };
    let mut out = stdout().lock();
    if let Some((start, of_start)) = start {
        let (score_name, of_start) = as_read(score_name, *of_start);
        writeln!(
            out,
            "no epoch was better than {start}, which therefore is the model: {score_name} {of_start:.4}: {folder}/model.safetensors"
        )?;
    }
    let (score_name, score) = as_read(score_name, *score);
    writeln!(
        out,
        "best {score_name} {score:.4} after epoch {epoch} of {epochs}{model}"
    )?;
    if *is_stopped_early {
        writeln!(
            out,
            "stopped early: no better epoch for as long as --patience allows"
        )?;
    }
    if *is_cut_short {
        writeln!(
            out,
            "the time was up before the epochs were; to go on: elman train --resume {folder}"
        )?;
    }
    if is_quiet {
        return Ok(());
    }
    writeln!(out, "to look at: {folder}/report.html")?;
    Ok(writeln!(out, "next: {}", T::next(&folder.to_string()))?)
}
