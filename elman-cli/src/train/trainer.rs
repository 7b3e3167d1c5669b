//! Epochs, validation, the best model, checkpoints. Knows tasks only as [`Task`].

mod farewell;
mod greeting;

use std::time::{Duration, Instant};

use elman_core::initialize;

use super::batches::Batches;
use super::calibrate::calibrate;
use super::callback::{Callback, Preview};
use super::checkpoint::{self, TrainingState};
use super::lead::agree;
use super::learner::Learner;
use super::order::Update;
use super::pretrained;
use super::progress::{Epoch, Progress};
use super::shard::Dataset;
use super::time_left::TimeLeft;
use super::watch::{Watch, write_report};
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::interrupt::Interrupt;
use crate::base::ranks::Ranks;
use crate::base::seeds::{self, Purpose};
use crate::base::threads::on_threads;
use crate::base::waiting::during;
use crate::net::model_file;
use crate::net::network::Network;
use crate::train::doctor::{Case, Course, Recipe};
use crate::train::events::End;
use crate::train::measure::Measure;
use crate::train::report::RunState;
use crate::train::settings::{Schedule, Settings, TimeLimit};
use crate::train::task::Task;

/// Epochs may last milliseconds: files are written at their end only if the last time is as long ago as this, or nets
/// that are small would wait for the disk. What a kill loses is done again.
const REST: Duration = Duration::from_millis(250);

/// Multiply-adds, roughly, between two looks at the clock: a millisecond's work.
const LOOK_EVERY: usize = 1 << 24;

/// How training ended.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// What the model is, and its score, where no epoch was better than the start.
    pub start: Option<(&'static str, f64)>,
    /// The best validation score.
    pub score: f64,
    pub score_name: &'static str,
    /// The epoch it came from.
    pub epoch: usize,
    /// Epochs trained.
    pub epochs: usize,
    /// Whether the time was up before the epochs were.
    pub is_cut_short: bool,
    /// Whether the patience ran out before the epochs did.
    pub is_stopped_early: bool,
}

/// Trains until the epochs, the patience or the time run out, from the run's checkpoint if there is one. With a
/// callback nothing else is shown. Other ranks must have been [told](super::lead::prepare) what the job is.
///
/// # Errors
/// Data that changed under a checkpoint, numbers that stop being finite, files that cannot be written, Ctrl-C; ranks that have
/// not the same data.
pub fn train<T: Task>(
    task: &T,
    settings: &Settings,
    run: &Run,
    interrupt: Interrupt,
    ranks: &Ranks,
    callback: Option<Callback<'_>>,
) -> Result<Outcome> {
    during("waiting for the other ranks", || agree(ranks, task))?;
    let start = || Trainer::new(task, settings, run, interrupt, ranks);
    let mut trainer = match &callback {
        Some(_) => start()?,
        None if run.checkpoint().exists() => during("reading the checkpoint", start)?,
        None => during("drawing the first weights", start)?,
    };
    if callback.is_some() || settings.quiet {
        trainer.progress.finish();
        trainer.progress = match callback {
            Some(_) => Progress::none(settings.epochs),
            None => Progress::quiet(settings.epochs),
        };
    }
    trainer.callback = callback;
    on_threads(settings.threads, || trainer.run())
}

/// Whether a net can be trained at all, before anything is written.
///
/// # Errors
/// It does not fit into memory.
pub fn check_room(task: &impl Task, settings: &Settings, ranks: &Ranks) -> Result<()> {
    Learner::check_room(task.data(), settings, task.walk(), ranks)
}

/// One run of training.
pub(super) struct Trainer<'a, T> {
    task: &'a T,
    settings: &'a Settings,
    run: &'a Run,
    interrupt: Interrupt,
    ranks: &'a Ranks,
    learner: Learner<'a>,
    state: TrainingState,
    batches: Batches,
    progress: Progress,
    watch: Watch<'a>,
    /// Parameters before the last update of the epoch; empty if there was none.
    before: Vec<f32>,
    time: TimeLeft,
    /// When the last checkpoint was written.
    saved: Instant,
    /// The best parameters so far, if they are newer than the model file.
    unsaved: Option<Vec<f32>>,
    /// Work since the last look at the clock.
    work: usize,
    callback: Option<Callback<'a>>,
    /// The loss of answers that know no more than how frequent each is.
    baseline: f64,
}

/// Whether there is more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    TimeIsUp,
}

impl<'a, T: Task> Trainer<'a, T> {
    pub(super) fn new(
        task: &'a T,
        settings: &'a Settings,
        run: &'a Run,
        interrupt: Interrupt,
        ranks: &'a Ranks,
    ) -> Result<Self> {
        let mut learner = Learner::new(task.data(), settings, task.walk(), ranks);
        let mut state = match checkpoint::load(&run.checkpoint(), task, &mut learner)? {
            Some(state) => state,
            None => {
                let mut rng = seeds::generator(settings.seed, Purpose::Parameters, &[]);
                let (net, scores) = learner.parts_mut();
                initialize(task.spec(), settings.init_weights.into(), &mut rng, net)?;
                task.start(net);
                if let Some(first) = &task.data().transitions {
                    scores.copy_from_slice(&first.scores);
                }
                if let Some(network) = &task.data().pretrained {
                    pretrained::copy(network, task.spec(), net, scores);
                }
                learner.average.start(&learner.params);
                TrainingState::start(task)?
            }
        };
        if settings.goes_on {
            state.idle = 0;
        }
        learner.start()?;
        run.keep_metrics(state.epochs)?;
        let batches = Batches::new(task.train(), task.walk(), settings);
        let batches_count = batches.count();
        let done = state.epochs * batches_count + state.partial.batches;
        let is_live = settings.live && !settings.quiet;
        let progress = Progress::new(settings.epochs, batches_count, done, is_live);
        let limit = settings.time_limit.as_ref();
        Ok(Self {
            task,
            settings,
            run,
            interrupt,
            ranks,
            learner,
            state,
            batches,
            progress,
            watch: Watch::new(run, settings, task.score_name()),
            before: Vec::new(),
            time: TimeLeft::of(
                limit.map(TimeLimit::duration),
                done as f64 / (settings.epochs * batches_count) as f64,
            ),
            saved: Instant::now(),
            unsaved: None,
            work: 0,
            callback: None,
            baseline: task.train().baseline(),
        })
    }

    pub(super) fn run(&mut self) -> Result<Outcome> {
        self.interrupt.heed();
        if self.learner.ranks() > 1 {
            self.interrupt.last_words(self.last_words());
        }
        self.introduce();
        if let Err(failure) = self.epochs() {
            self.progress.finish();
            if !matches!(failure, Failure::Interrupted(_)) {
                let _ = self.watch.end(End::Failure);
            }
            // The failure is the news; a page that cannot be written either would only hide it.
            let _ = write_report(self.task, self.run, RunState::Stopped(failure.to_string()));
            return Err(failure);
        }
        self.progress.finish();
        calibrate(self.task, self.run)?;
        let state = if self.is_finished() {
            self.watch.end(End::Success)?;
            RunState::Ended
        } else {
            let Settings { epochs, .. } = *self.settings;
            RunState::waiting(self.state.epochs, epochs, self.run.folder())
        };
        write_report(self.task, self.run, state)?;
        let (score, epoch) = self.state.best.unwrap_or((0.0, 0));
        let start = self.state.start.filter(|&start| start >= score);
        Ok(Outcome {
            start: self.task.start_name().zip(start),
            score,
            score_name: self.task.score_name(),
            epoch,
            // Part of an epoch that was cut short may be the best.
            epochs: self.state.epochs.max(epoch),
            is_cut_short: !self.is_finished(),
            is_stopped_early: self.is_finished() && self.state.epochs < self.settings.epochs,
        })
    }

    fn epochs(&mut self) -> Result<()> {
        let is_new = self.state.epochs == 0 && self.state.partial.batches == 0;
        if is_new && self.task.start_name().is_some() {
            self.state.start = Some(self.validate()?.score);
            self.keep();
        }
        let mut next = Next::GoOn;
        while next == Next::GoOn && !self.is_finished() {
            next = self.epoch()?;
        }
        Ok(())
    }

    fn is_finished(&self) -> bool {
        let (epochs, patience) = (self.settings.epochs, self.settings.patience);
        self.state.is_finished(epochs, patience)
    }

    fn epoch(&mut self) -> Result<Next> {
        self.before.clear();
        if self.learn()? == Next::TimeIsUp {
            self.judge_part()?;
            return Ok(Next::TimeIsUp);
        }
        let (began, partial) = (Instant::now(), self.state.partial);
        let measure = self.validate()?;
        let learning_rate = self.rate();
        let best = self.state.count(measure);
        let (factor, idle) = (self.state.factor, self.state.idle);
        self.state.factor = self.settings.schedule.after_epoch(factor, idle);
        if best && self.beats_start(measure) {
            self.keep();
        }
        let updates = partial.updates.max(1) as f64;
        let clipped = partial.clipped as f64 / updates;
        let number = self.state.epochs;
        let doctor = self.watch.examine(&self.case(clipped, partial.mean_loss()));
        let epoch = Epoch {
            epoch: number,
            train_loss: partial.mean_loss(),
            valid_loss: measure.loss,
            score: measure.score,
            score_name: self.task.score_name(),
            best,
            learning_rate,
            gradient_norm: partial.norms / updates,
            clipped,
            items_per_second: partial.items / partial.seconds.max(f64::MIN_POSITIVE),
            seconds: partial.seconds + began.elapsed().as_secs_f64(),
            doctor,
        };
        self.run.add_metrics(&epoch)?;
        let is_enough = self.time.is_up() || !self.goes_on_after(&epoch);
        let is_late = is_enough && !self.is_finished();
        let is_last = self.is_finished() || is_late;
        let rest = REST.min(self.settings.checkpoint_every.duration());
        if is_last || self.saved.elapsed() >= rest {
            self.save()?;
        }
        self.progress.epoch(&epoch);
        self.show_at_work()?;
        let params = self.learner.judged();
        self.watch
            .after_epoch(self.task, &epoch, params, &self.progress)?;
        Ok(if is_late { Next::TimeIsUp } else { Next::GoOn })
    }

    /// Has the picture of the training show what the net makes of the validation data, if there is a picture.
    fn show_at_work(&mut self) -> Result<()> {
        if !self.progress.wants_a_look() {
            return Ok(());
        }
        let (began, task) = (Instant::now(), self.task);
        let network = Network::new(*task.spec(), self.learner.judged().to_vec())?;
        let evidence = task.evidence(&network, &task.data().meaning)?;
        self.progress.look(&evidence, began);
        Ok(())
    }

    /// All batches of an epoch that are not done yet.
    fn learn(&mut self) -> Result<Next> {
        let epoch = self.state.epochs + 1;
        let earlier = self.state.partial.seconds;
        let began = Instant::now();
        // Batches that the progress does not know of yet.
        let mut unseen = 0;
        self.batches.plan(self.task.train(), epoch as u64);
        while self.state.partial.batches < self.batches.count() {
            let before = self.state.partial.batches;
            let loss = self.update()?;
            unseen += self.state.partial.batches - before;
            let is_epoch_done = self.state.partial.batches == self.batches.count();
            let is_asked = self.interrupt.is_asked();
            if self.work < LOOK_EVERY && !is_epoch_done && !is_asked {
                continue;
            }
            self.work = 0;
            self.state.partial.seconds = earlier + began.elapsed().as_secs_f64();
            let (losses, best) = ((loss, self.state.partial.mean_loss()), self.state.best);
            self.progress.batches(unseen, epoch, losses, best);
            unseen = 0;
            if is_asked {
                self.save()?;
                self.interrupt.saved();
                return Err(self.stop());
            }
            if self.time.is_up() && !is_epoch_done {
                return Ok(Next::TimeIsUp);
            }
            if self.saved.elapsed() >= self.settings.checkpoint_every.duration() {
                self.save()?;
            }
        }
        Ok(Next::GoOn)
    }

    /// Leaves a checkpoint after so many updates of the epoch at hand.
    #[cfg(test)]
    pub(super) fn stop_after(&mut self, updates: usize) -> Result<()> {
        let epoch = self.state.epochs as u64 + 1;
        self.batches.plan(self.task.train(), epoch);
        for _ in 0..updates {
            if self.state.partial.batches < self.batches.count() {
                self.update()?;
            }
        }
        self.save()
    }

    /// One update, from as many batches as are accumulated; returns its loss.
    fn update(&mut self) -> Result<f64> {
        let task = self.task;
        let first = self.state.partial.batches;
        let end = (first + self.settings.accumulate).min(self.batches.count());
        let update = Update {
            rate: self.rate(),
            number: self.state.updates + 1,
            seed: self.settings.seed,
            epoch: self.state.epochs as u64 + 1,
            batch: first,
        };
        let dataset = Dataset::of(task, self.settings);
        if end == self.batches.count() {
            self.before.clear();
            self.before.extend_from_slice(self.learner.net());
        }
        let batches = (first..end).map(|number| self.batches.batch(number));
        let loss = match self.learner.learn(dataset, batches, update)? {
            Ok(stats) => {
                self.state.partial.add(&stats, end - first);
                self.work += stats.items as usize * self.learner.params.len();
                self.call_back(stats.loss)?;
                if stats.is_asked {
                    self.interrupt.ask();
                }
                stats.loss
            }
            Err(trouble) => return Err(self.give_up(&trouble, first)),
        };
        self.state.updates += 1;
        Ok(loss)
    }

    /// Shows the update that was just made to the callback, if there is one.
    fn call_back(&mut self, loss: f64) -> Result<()> {
        let Some(callback) = &mut self.callback else {
            return Ok(());
        };
        callback.after_update(&Preview {
            epoch: self.state.epochs + 1,
            batches: self.state.partial.batches,
            loss,
            model: &self.learner.model()?,
        })
    }

    /// What the callback, if there is one, thinks of an epoch.
    fn goes_on_after(&mut self, epoch: &Epoch) -> bool {
        let callback = self.callback.as_mut();
        callback.is_none_or(|callback| callback.goes_on_after(epoch))
    }

    /// The net as the doctor sees it.
    fn case(&self, clipped: f64, loss: f64) -> Case<'_> {
        let [least_train, least_valid] = self.state.least.unwrap_or([f64::MAX; 2]);
        Case {
            spec: self.task.spec(),
            before: &self.before,
            after: self.learner.net(),
            train: self.task.train(),
            clipped,
            recipe: Recipe {
                reach: self.settings.truncation().k2,
                optimizer: self.settings.optimizer,
            },
            course: Course {
                epoch: self.state.epochs,
                epochs: self.settings.epochs,
                is_last: self.is_finished(),
                has_failed: false,
                improves: self.state.idle == 0,
                may_stay: self.task.start_name().is_some(),
                loss,
                least_train,
                least_valid,
                baseline: self.baseline,
            },
        }
    }

    /// The time is up within an epoch: what is learnt so far may be the best there is.
    fn judge_part(&mut self) -> Result<()> {
        let measure = self.validate()?;
        if self.state.is_better(measure) && self.beats_start(measure) {
            self.keep();
        }
        self.save()
    }

    /// Whether training has been worth it.
    fn beats_start(&self, measure: Measure) -> bool {
        self.state.start.is_none_or(|start| measure.score > start)
    }

    /// Keeps the parameters as the best so far.
    fn keep(&mut self) {
        self.unsaved = Some(self.learner.judged().to_vec());
    }

    /// The best model first: a checkpoint that speaks of it must find it.
    fn save(&mut self) -> Result<()> {
        self.save_model()?;
        self.unsaved = None;
        checkpoint::save(&self.run.checkpoint(), &self.learner, &self.state)?;
        self.saved = Instant::now();
        Ok(())
    }

    fn save_model(&self) -> Result<()> {
        let Some(params) = &self.unsaved else {
            return Ok(());
        };
        let (path, task) = (self.run.model(), self.task);
        model_file::save(&path, T::NAME, task.spec(), &task.data().meaning, params)
    }

    fn validate(&self) -> Result<Measure> {
        let judged = Network::new(*self.task.spec(), self.learner.judged().to_vec())?;
        let measure = self.task.measure(&judged)?;
        if !measure.loss.is_finite() {
            return Err(self.explain("a NaN or infinity in the validation outputs", "its end"));
        }
        Ok(measure)
    }

    /// The learning rate of the update that comes next.
    fn rate(&self) -> f64 {
        let settings = self.settings;
        let part = self.state.partial.batches as f64 / self.batches.count() as f64;
        let done = Schedule::in_time(
            self.state.epochs as f64 + part,
            settings.epochs,
            self.time.passed(),
        );
        let factor = self.state.factor;
        let warm = settings.warmth(self.state.updates);
        settings.lr * warm * settings.schedule.factor(done, settings.epochs, factor)
    }
}
