//! One trial: an ordinary training run, which is given up where others were better.

use std::sync::atomic::{AtomicBool, Ordering};

use super::budget::Budget;
use super::clock::Clock;
use super::journal::{Claim, End, State};
use super::median::MedianRule;
use super::recipe::longest;
use crate::args::Visitor;
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::interrupt::Interrupt;
use crate::base::ranks::Ranks;
use crate::base::tell::hushed;
use crate::train::measure::as_read;
use crate::train::report::RunReport;
use crate::train::task::Task as _;
use crate::train::{
    Epoch, Job, Onlooker, Preview, calibrate, check_room, epochs_of, settle, train,
};

/// A trial about to be trained, or to go on.
pub struct Training<'a> {
    pub claim: &'a Claim,
    pub run: &'a Run,
    pub budget: &'a Budget,
    pub rule: &'a MedianRule,
    pub clock: &'a Clock,
    pub interrupt: &'a Interrupt,
    /// Trials that have ended.
    pub done: usize,
}

impl Visitor for Training<'_> {
    type Output = Result<End>;

    fn visit<J: Job>(self, job: &J) -> Result<End> {
        // What the data say of themselves was told when the search began.
        let task = hushed(|| job.load())?;
        check_room(&task, job.settings(), &Ranks::alone())?;
        let steps = longest(task.train()).max(longest(task.valid()));
        let needs = self.budget.needs(task.spec(), steps);
        if needs != self.claim.needs {
            return Err(Failure::run(format!(
                "the net of trial {} needs {needs:?}, and what was counted before is {:?}",
                self.claim.trial, self.claim.needs
            )));
        }
        let run = self.run;
        if !run.config().exists() {
            settle(run, &task, job.clone())?;
        }
        let epochs = job.settings().epochs;
        // Of epochs since the last checkpoint there are scores and no model: they are done again.
        let mut before: Vec<[f64; 2]> = history(run)?;
        before.truncate(epochs_of(&run.checkpoint())?);
        // A process that died with its verdict on its lips.
        let is_hopeless = before.len() < epochs && self.rule.is_hopeless(&before, epochs);
        let is_given_up = AtomicBool::new(is_hopeless);
        let mut score = None;
        if !is_given_up.load(Ordering::Relaxed) {
            let watcher = Watcher {
                training: &self,
                curve: before,
                epochs,
                is_given_up: &is_given_up,
            };
            let interrupt = self.interrupt.clone();
            let outcome = train(
                &task,
                job.settings(),
                run,
                interrupt,
                &Ranks::alone(),
                Some(Box::new(watcher)),
            )?;
            score = Some(outcome.start.map_or(outcome.score, |(_, score)| score));
        } else {
            calibrate(&task, run)?;
        }
        let state = match is_given_up.into_inner() {
            true => State::Stopped,
            false => State::Complete,
        };
        end_of(self.claim.trial, state, score, run, task.score_name())
    }
}

/// What the files of a run say of its end.
fn end_of(
    trial: usize,
    state: State,
    score: Option<f64>,
    run: &Run,
    score_name: &str,
) -> Result<End> {
    let rows = RunReport::of_run(run)?.history;
    let best = rows.iter().rfind(|row| row.best);
    Ok(End {
        trial,
        state,
        score: score.or(best.map(|row| row.score)),
        loss: best.map(|row| row.valid_loss),
        score_name: score_name.to_owned(),
        best_epoch: best.map_or(0, |row| row.epoch),
        curve: rows.iter().map(|row| [row.score, row.valid_loss]).collect(),
        why: None,
    })
}

/// Scores and losses of the epochs that a run has behind it.
fn history(run: &Run) -> Result<Vec<[f64; 2]>> {
    let rows = RunReport::of_run(run)?.history;
    Ok(rows.iter().map(|row| [row.score, row.valid_loss]).collect())
}

/// Looks on at a trial.
struct Watcher<'a> {
    training: &'a Training<'a>,
    curve: Vec<[f64; 2]>,
    epochs: usize,
    is_given_up: &'a AtomicBool,
}

impl Onlooker for Watcher<'_> {
    fn after_update(&mut self, _: &Preview<'_>) -> Result<()> {
        if self.training.clock.is_up() {
            // As Ctrl-C: the trial is saved, and goes on when the search does.
            self.training.interrupt.ask();
        }
        Ok(())
    }

    fn goes_on_after(&mut self, epoch: &Epoch) -> bool {
        let Training {
            claim, clock, done, ..
        } = *self.training;
        // Epochs since the last checkpoint are done again.
        self.curve.truncate(epoch.epoch - 1);
        self.curve.push([epoch.score, epoch.valid_loss]);
        clock.show(done, || {
            let (name, score) = as_read(epoch.score_name, epoch.score);
            let (number, epochs) = (epoch.epoch, self.epochs);
            format!(
                "trial {}  epoch {number}/{epochs}  {name} {score:.4}",
                claim.trial
            )
        });
        let is_hopeless = self.training.rule.is_hopeless(&self.curve, self.epochs);
        // A trial that is complete anyway is no loss of time.
        let is_given_up = is_hopeless && epoch.epoch < self.epochs;
        self.is_given_up.store(is_given_up, Ordering::Relaxed);
        !is_given_up
    }
}
