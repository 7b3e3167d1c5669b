//! Several ranks train one net: the first one is the trainer, the others follow its orders here. They read the data themselves
//! and do their part of every update, but decide nothing, write nothing and say nothing, so what a run leaves behind does not
//! depend on how many they are.

use super::batches::Batches;
use super::checkpoint::fingerprint;
use super::lead::{NOT_READ, READ};
use super::learner::Learner;
use super::order::Duty;
use super::shard::Dataset;
use crate::base::failure::{Failure, Result};
use crate::base::interrupt::Interrupt;
use crate::base::ranks::Ranks;
use crate::base::threads::on_threads;
use crate::train::Job;
use crate::train::settings::Settings;
use crate::train::task::Task;

/// The text of the job that the first rank prepares; `None` if there is none.
///
/// # Errors
/// Words that are no order.
pub fn next_job(ranks: &Ranks) -> Result<Option<String>> {
    let all = ranks.all();
    let Some(order) = all.next_order() else {
        return Ok(None);
    };
    match Duty::of(order, 0) {
        Some(Duty::Prepare) => Ok(Some(all.receive_text(0))),
        _ => Err(confused()),
    }
}

/// Follows the first rank to the end of a job.
///
/// # Errors
/// Words that are no order; threads that cannot be started.
pub fn follow<J: Job>(ranks: &Ranks, job: &J, interrupt: &Interrupt) -> Result<()> {
    let task = super::load(job).and_then(|task| {
        super::check_room(&task, job.settings(), ranks)?;
        Ok(task)
    });
    follow_with(ranks, task, job.settings(), interrupt)
}

/// The same with data that are read, or could not be.
pub(super) fn follow_with<T: Task>(
    ranks: &Ranks,
    task: Result<T>,
    settings: &Settings,
    interrupt: &Interrupt,
) -> Result<()> {
    match &task {
        Ok(task) => on_threads(settings.threads, || {
            Follower::new(ranks, task, settings, interrupt).run()
        }),
        Err(failure) => complain(ranks, failure),
    }
}

fn confused() -> Failure {
    Failure::run("an order that this version of elman does not know")
}

/// Has no data: tells the first why, who then ends all.
fn complain(ranks: &Ranks, failure: &Failure) -> Result<()> {
    let all = ranks.all();
    while let Some(order) = all.next_order() {
        match Duty::of(order, 0) {
            Some(Duty::Report) => {
                report(ranks, [NOT_READ, 0], &format!("{}: {failure}", all.name()))
            }
            _ => return Err(confused()),
        }
    }
    Ok(())
}

fn report(ranks: &Ranks, words: [u64; 2], text: &str) {
    let all = ranks.all();
    all.move_words(&[(0, &words)], &mut []);
    all.send_text(0, text);
}

/// A rank that has its data.
struct Follower<'a, T> {
    ranks: &'a Ranks,
    task: &'a T,
    settings: &'a Settings,
    interrupt: &'a Interrupt,
    /// Once it has a part in the training: there may be more ranks than shards.
    learner: Option<Learner<'a>>,
    batches: Batches,
    /// The epoch that the batches are in the order of.
    planned: Option<u64>,
}

impl<'a, T: Task> Follower<'a, T> {
    fn new(
        ranks: &'a Ranks,
        task: &'a T,
        settings: &'a Settings,
        interrupt: &'a Interrupt,
    ) -> Self {
        Self {
            ranks,
            task,
            settings,
            interrupt,
            learner: None,
            batches: Batches::new(task.train(), task.walk(), settings),
            planned: None,
        }
    }

    fn run(&mut self) -> Result<()> {
        self.interrupt.heed();
        while let Some(order) = self.ranks.all().next_order() {
            match Duty::of(order, self.settings.seed).ok_or_else(confused)? {
                Duty::Report => {
                    let words = [READ, fingerprint(self.task)?];
                    report(self.ranks, words, &self.ranks.all().name());
                }
                Duty::Start => self.learner().start()?,
                Duty::Carry => {
                    let learner = self.learner();
                    let mut states = vec![0.0; learner.carried_len()];
                    learner.carry(&mut states);
                }
                Duty::Learn(update, batches) => {
                    let dataset = Dataset::of(self.task, self.settings);
                    if self.planned.replace(update.epoch) != Some(update.epoch) {
                        self.batches.plan(self.task.train(), update.epoch);
                    }
                    let (first, end) = (update.batch, update.batch + batches);
                    let is_asked = self.interrupt.is_asked();
                    let learner = (self.learner.as_mut()).ok_or_else(confused)?;
                    learner.is_asked = is_asked;
                    let batches = (first..end).map(|number| self.batches.batch(number));
                    // What went wrong the first knows too, and ends us.
                    let _ = learner.learn(dataset, batches, update);
                }
                Duty::Collect => drop(self.learner().carried()),
                Duty::Prepare => return Err(confused()),
            }
        }
        Ok(())
    }

    fn learner(&mut self) -> &mut Learner<'a> {
        let (task, ranks) = (self.task, self.ranks);
        self.learner
            .get_or_insert_with(|| Learner::new(task.data(), self.settings, task.walk(), ranks))
    }
}
