//! Epochs, validation, the best model, checkpoints. Knows tasks only as [`Task`].

use std::time::Instant;

use elman_core::{Init, Level, initialize};

use super::batches;
use super::checkpoint::{self, Standing};
use super::learner::{Learner, Learnt, Trouble};
use super::progress::{Epoch, Progress};
use crate::failure::{Failure, Result};
use crate::infer;
use crate::interrupt::Interrupt;
use crate::model_file;
use crate::run::Run;
use crate::seeds::{self, Purpose};
use crate::settings::Settings;
use crate::task::{Measure, Task};
use crate::threads::on_threads;

/// How training ended.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// The best validation score.
    pub score: f64,
    pub score_name: &'static str,
    /// The epoch it came from.
    pub epoch: usize,
    /// Epochs trained.
    pub epochs: usize,
}

/// Trains until the epochs or the patience run out, from the run's checkpoint if there is one.
///
/// # Errors
/// Data that changed under a checkpoint, numbers that stop being finite, files that cannot be written, Ctrl-C.
pub fn train<T: Task>(
    task: &T,
    settings: &Settings,
    run: &Run,
    interrupt: Interrupt,
) -> Result<Outcome> {
    let mut trainer = Trainer::new(task, settings, run, interrupt)?;
    on_threads(settings.threads, || trainer.run())
}

/// Whether a net can be trained at all, before anything is written.
///
/// # Errors
/// It does not fit into memory.
pub fn check_room(task: &impl Task, settings: &Settings) -> Result<()> {
    Learner::check_room(task.spec(), settings, task.train())
}

/// A number with its noun.
fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// One run of training.
struct Trainer<'a, T> {
    task: &'a T,
    settings: &'a Settings,
    run: &'a Run,
    interrupt: Interrupt,
    learner: Learner,
    standing: Standing,
    progress: Progress,
    /// Sequences in the order of this epoch, and where its batches begin.
    order: Vec<usize>,
    starts: Vec<usize>,
}

/// What the batches of an epoch add up to.
#[derive(Default)]
struct Sums {
    loss: f64,
    items: f64,
    norms: f64,
}

impl Sums {
    fn add(&mut self, learnt: &Learnt) {
        self.loss += learnt.loss * learnt.items;
        self.items += learnt.items;
        self.norms += learnt.norm;
    }
}

impl<'a, T: Task> Trainer<'a, T> {
    fn new(
        task: &'a T,
        settings: &'a Settings,
        run: &'a Run,
        interrupt: Interrupt,
    ) -> Result<Self> {
        let mut learner = Learner::new(task.spec(), settings, task.train());
        let standing = match checkpoint::load(&run.checkpoint(), task, &mut learner)? {
            Some(standing) => standing,
            None => {
                let mut rng = seeds::generator(settings.seed, Purpose::Parameters, &[]);
                initialize(task.spec(), Init::Orthogonal, &mut rng, &mut learner.params)?;
                Standing::start(task)
            }
        };
        learner.repack()?;
        run.keep_metrics(standing.epochs)?;
        let batches = batches::count(task.train(), settings.batch);
        let progress = Progress::new(settings.epochs, batches, standing.epochs);
        let (order, starts) = (vec![0; task.train().len()], vec![0; batches]);
        Ok(Self {
            task,
            settings,
            run,
            interrupt,
            learner,
            standing,
            progress,
            order,
            starts,
        })
    }

    fn run(&mut self) -> Result<Outcome> {
        self.introduce();
        let Settings {
            epochs, patience, ..
        } = self.settings;
        while !self.standing.is_finished(*epochs, *patience) {
            self.epoch()?;
        }
        self.progress.finish();
        let epochs = self.standing.epochs;
        let (score, epoch) = self.standing.best.unwrap_or((0.0, 0));
        Ok(Outcome {
            score,
            score_name: self.task.score_name(),
            epoch,
            epochs,
        })
    }

    fn introduce(&self) {
        let (train, valid, spec) = (self.task.train(), self.task.valid(), self.task.spec());
        self.progress.say(&format!(
            "{} ({}) to learn from, {} to validate on; {} parameters; {}, {}",
            counted(train.len(), "sequence"),
            counted(train.rows(), "step"),
            valid.len(),
            spec.params_len(),
            counted(self.settings.threads, "thread"),
            Level::detect(),
        ));
        let Settings {
            epochs, patience, ..
        } = self.settings;
        match self.standing.epochs {
            0 => {}
            done if self.standing.is_finished(*epochs, *patience) => self.progress.say(&format!(
                "already complete after {}",
                counted(done, "epoch")
            )),
            done => self.progress.say(&format!("going on after epoch {done}")),
        }
    }

    fn epoch(&mut self) -> Result<()> {
        let began = Instant::now();
        let sums = self.learn()?;
        let learning = began.elapsed().as_secs_f64();
        let measure = self.validate()?;
        if !measure.loss.is_finite() {
            return Err(self.explain("a NaN or infinity in the validation outputs", "its end"));
        }
        let learning_rate = self.rate(self.starts.len());
        let best = self.standing.count(measure.score);
        let Standing { factor, idle, .. } = self.standing;
        self.standing.factor = self.settings.schedule.after_epoch(factor, idle);
        if best {
            self.save_model()?;
        }
        let epoch = Epoch {
            epoch: self.standing.epochs,
            train_loss: sums.loss / sums.items.max(1.0),
            valid_loss: measure.loss,
            score: measure.score,
            score_name: self.task.score_name(),
            best,
            learning_rate,
            gradient_norm: sums.norms / self.starts.len() as f64,
            items_per_second: sums.items / learning,
            seconds: began.elapsed().as_secs_f64(),
        };
        self.run.add_metrics(&epoch)?;
        checkpoint::save(&self.run.checkpoint(), &self.learner, &self.standing)?;
        self.progress.epoch(&epoch);
        Ok(())
    }

    /// All batches of an epoch.
    fn learn(&mut self) -> Result<Sums> {
        let epoch = self.standing.epochs + 1;
        let (seed, size) = (self.settings.seed, self.settings.batch);
        let data = (self.task.train(), self.task.hiding());
        batches::plan(
            data.0,
            size,
            (seed, epoch as u64),
            &mut self.order,
            &mut self.starts,
        );
        let mut sums = Sums::default();
        for number in 0..self.starts.len() {
            let start = self.starts[number];
            let batch = &self.order[start..(start + size).min(self.order.len())];
            let rate = self.rate(number);
            let place = [epoch as u64, number as u64];
            self.standing.updates += 1;
            let update = self.standing.updates;
            match self
                .learner
                .learn(data, batch, rate, update, (seed, place))?
            {
                Ok(learnt) => sums.add(&learnt),
                Err(trouble) => return Err(self.give_up(&trouble, number)),
            }
            self.progress
                .batch(epoch, sums.loss / sums.items.max(1.0), self.standing.best);
            if self.interrupt.is_asked() {
                return Err(self.stop());
            }
        }
        Ok(sums)
    }

    fn save_model(&self) -> Result<()> {
        let (path, task, params) = (self.run.model(), self.task, &self.learner.params);
        model_file::save(&path, T::NAME, task.spec(), task.meaning(), params)
    }

    fn validate(&self) -> Result<Measure> {
        let outputs = infer::outputs(Level::detect(), &self.learner.model()?, self.task.valid())?;
        Ok(self.task.measure(&outputs))
    }

    /// The learning rate of a batch of the epoch that comes next.
    fn rate(&self, batch: usize) -> f64 {
        let Settings {
            lr,
            schedule,
            epochs,
            ..
        } = self.settings;
        let done = self.standing.epochs as f64 + batch as f64 / self.starts.len() as f64;
        lr * schedule.factor(done, *epochs, self.standing.factor)
    }

    fn give_up(&self, trouble: &Trouble, batch: usize) -> Failure {
        let from = match trouble {
            Trouble::Number(_, sequence) => {
                format!(", which begins in line {}", self.task.train_line(*sequence))
            }
            Trouble::Gradient(_) => String::new(),
        };
        self.explain(
            &format!("{trouble}{from}"),
            &format!("batch {} of {}", batch + 1, self.starts.len()),
        )
    }

    fn explain(&self, what: &str, place: &str) -> Failure {
        self.progress.finish();
        let epoch = self.standing.epochs + 1;
        let kept = match self.standing.best {
            Some((_, best)) => format!(
                "the model of epoch {best} is kept in {}",
                self.run.model().display()
            ),
            None => "there is no good model yet".to_owned(),
        };
        let advice = if self.settings.clip_norm > 0.0 {
            "a smaller --lr"
        } else {
            "a smaller --lr, or --clip-norm 5"
        };
        Failure::run(format!(
            "epoch {epoch}, {place}: {what}; {kept}; try {advice}"
        ))
    }

    fn stop(&self) -> Failure {
        self.progress.finish();
        let (epoch, folder) = (self.standing.epochs + 1, self.run.folder().display());
        Failure::Interrupted(format!(
            "stopped in epoch {epoch}, which will be done again: elman train --resume {folder}"
        ))
    }
}
