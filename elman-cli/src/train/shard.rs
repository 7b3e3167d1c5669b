//! A fixed part of every batch. The parts do not depend on the number of threads, so neither does the sum of their
//! gradients.

use elman_core::{Level, Model, NonFinite, Spec, Strip, Tape, Truncation, Window, crf};

use super::tables::Tables;
use crate::base::failure::Result;
use crate::base::seeds::{self, Purpose};
use crate::data::{Hiding, Sequences};
use crate::net::gather::{ALL_STEPS, Gathered};
use crate::net::objective::Paths;
use crate::train::settings::Settings;
use crate::train::task::Task;

/// What is learnt from.
#[derive(Clone, Copy)]
pub struct Dataset<'a> {
    pub sequences: &'a Sequences,
    pub hiding: Option<&'a Hiding>,
    /// Standard deviation of the noise on numbers.
    pub noise: f32,
    pub class_weights: Option<&'a [f32]>,
    /// Share of every target that is spread over all classes.
    pub smoothing: f32,
}

impl<'a> Dataset<'a> {
    /// That of a task.
    pub fn of(task: &'a impl Task, settings: &Settings) -> Self {
        Self {
            sequences: task.train(),
            hiding: task.data().hiding.as_ref(),
            noise: settings.noise as f32,
            class_weights: task.data().class_weights.as_deref(),
            smoothing: settings.smoothing(),
        }
    }
}

/// One batch of an update: everything that a shard reads and does not own.
#[derive(Clone, Copy)]
pub struct TrainingBatch<'a> {
    pub level: Level,
    pub model: Model<'a>,
    pub transposed: &'a [Strip],
    /// Where labels are scored together: what may follow what, and how well.
    pub transitions: Option<crf::Transitions<'a>>,
    pub dataset: Dataset<'a>,
    pub truncation: Truncation,
    /// The number of the window of the streams; `None`: sequences from their first step to their last.
    pub window: Option<usize>,
    /// Counted items of the update, all its batches together.
    pub total: f64,
    /// Seed of the run, epoch and batch.
    pub seed: u64,
    pub place: [u64; 2],
}

/// One part of a batch, with buffers of its own, allocated once.
pub struct Shard {
    number: u64,
    /// Its sequences of this batch, longest first.
    pub chosen: Vec<usize>,
    /// Streams only, (B, S): the state in which the tape of the next window starts.
    pub carried: Vec<f32>,
    gathered: Gathered,
    tape: Vec<Strip>,
    scratch: Vec<Strip>,
    goals: Vec<f32>,
    /// What a loss of whole sequences works with.
    lattice: Vec<f64>,
    /// Zero but for the rows that `tables` lists and everything behind the embeddings. Behind those of the net lie those of the
    /// transitions.
    pub gradients: Vec<f32>,
    pub tables: Tables,
    /// Its part of the batch's loss.
    pub loss: f64,
    /// Where numbers stopped being finite; steps count from the start of the sequence.
    pub trouble: Option<NonFinite>,
}

/// Where a window of streams lies, in steps of the streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    /// Where its tape starts.
    start: usize,
    /// Where its losses start.
    losses: usize,
    /// Where they end, unless the streams do first.
    end: usize,
    /// Where the tape of the next window starts.
    next: usize,
}

impl Frame {
    /// Each window learns from `k1` steps and looks back to `k2 - k1` steps before them, or to the start.
    fn of(Truncation { k1, k2 }: Truncation, number: usize) -> Self {
        let before = k2.max(k1) - k1;
        let losses = number.saturating_mul(k1);
        let end = losses.saturating_add(k1);
        Self {
            start: losses.saturating_sub(before),
            losses,
            end,
            next: end.saturating_sub(before),
        }
    }
}

impl Shard {
    /// Room for batches whose part holds at most `rows` rows in `sequences` sequences, and for so many scores of transitions.
    pub fn new(
        number: usize,
        spec: &Spec,
        (rows, sequences): (usize, usize),
        scores: usize,
    ) -> Self {
        Self {
            number: number as u64,
            chosen: Vec::with_capacity(sequences),
            carried: Vec::new(),
            gathered: Gathered::default(),
            tape: vec![Strip::ZERO; spec.tape_len(rows, sequences)],
            scratch: vec![Strip::ZERO; spec.scratch_len(rows, sequences)],
            goals: Vec::new(),
            lattice: Vec::new(),
            gradients: vec![0.0; spec.params_len() + scores],
            tables: Tables::new(spec, scores),
            loss: 0.0,
            trouble: None,
        }
    }

    /// Which of all shards it is.
    pub const fn number(&self) -> usize {
        self.number as usize
    }

    /// Forward, loss, backward: leaves loss and gradients behind, and for streams the state to go on from.
    ///
    /// # Errors
    /// Ids or targets that the net does not know.
    pub fn learn(&mut self, training: &TrainingBatch<'_>) -> Result<()> {
        (self.loss, self.trouble) = (0.0, None);
        self.tables.clear(&mut self.gradients);
        match training.window {
            None => self.learn_sequences(training),
            Some(number) => self.learn_window(training, &Frame::of(training.truncation, number)),
        }
    }

    fn learn_sequences(&mut self, training: &TrainingBatch<'_>) -> Result<()> {
        if self.chosen.is_empty() {
            return Ok(());
        }
        let sequences = training.dataset.sequences;
        self.gathered.fill(sequences, &self.chosen, ALL_STEPS)?;
        let mut pass = self.prepare(training)?;
        pass.tape.start(&training.model, None)?;
        for window in training.truncation.windows(pass.gathered.batch()?.steps()) {
            pass.record(window.losses.clone())?;
            pass.learn(&window)?;
        }
        (self.loss, self.trouble) = (pass.loss, pass.trouble);
        Ok(())
    }

    fn learn_window(&mut self, training: &TrainingBatch<'_>, frame: &Frame) -> Result<()> {
        let sequences = training.dataset.sequences;
        let going = (self.chosen).partition_point(|&s| sequences.len_of(s) > frame.losses);
        if going == 0 {
            return Ok(());
        }
        let steps = frame.start..frame.end;
        self.gathered
            .fill(sequences, &self.chosen[..going], steps)?;
        let mut carried = std::mem::take(&mut self.carried);
        let state = &mut carried[..going * training.model.spec().state_len()];
        let mut pass = self.prepare(training)?;
        let before = (frame.start > 0).then_some(&*state);
        pass.tape.start(&training.model, before)?;
        let steps = pass.gathered.batch()?.steps();
        let kept = (frame.next - frame.start).min(steps);
        if kept > 0 {
            pass.record(0..kept)?;
            pass.tape.final_state(&training.model, state)?;
        }
        if kept < steps {
            pass.record(kept..steps)?;
        }
        pass.learn(&Window {
            losses: frame.losses - frame.start..steps,
            back_to: 0,
        })?;
        let trouble = pass.trouble.map(|trouble| NonFinite {
            step: frame.start + trouble.step,
            ..trouble
        });
        (self.loss, self.trouble) = (pass.loss, trouble);
        self.carried = carried;
        Ok(())
    }

    /// Hides ids, adds noise to numbers, takes their embeddings into use, and puts up a tape for what is gathered.
    fn prepare<'s>(&'s mut self, training: &'s TrainingBatch<'s>) -> Result<TapePass<'s>> {
        let place = [training.place[0], training.place[1], self.number];
        if let Some(hiding) = training.dataset.hiding {
            let channels = training.dataset.sequences.channels();
            let mut rng = seeds::generator(training.seed, Purpose::Hiding, &place);
            hide(&mut self.gathered.ids, channels, hiding, &mut rng);
        }
        if training.dataset.noise > 0.0 {
            let mut rng = seeds::generator(training.seed, Purpose::Noise, &place);
            let numbers = self.gathered.numbers.iter_mut();
            numbers.for_each(|x| *x += training.dataset.noise * seeds::normal(&mut rng));
        }
        self.tables.touch(&self.gathered.ids);
        let dropout = seeds::derive(training.seed, Purpose::Dropout, &place);
        let (batch, inputs) = (self.gathered.batch()?, self.gathered.inputs());
        let tape = Tape::new(
            training.model.spec(),
            batch,
            inputs,
            dropout,
            &mut self.tape,
        )?;
        Ok(TapePass {
            training,
            gathered: &self.gathered,
            tape,
            scratch: &mut self.scratch,
            goals: &mut self.goals,
            lattice: &mut self.lattice,
            gradients: &mut self.gradients,
            loss: 0.0,
            trouble: None,
        })
    }
}

/// A tape and what its backward pass writes to.
struct TapePass<'s> {
    training: &'s TrainingBatch<'s>,
    gathered: &'s Gathered,
    tape: Tape<'s>,
    scratch: &'s mut [Strip],
    goals: &'s mut Vec<f32>,
    lattice: &'s mut Vec<f64>,
    gradients: &'s mut [f32],
    loss: f64,
    trouble: Option<NonFinite>,
}

impl TapePass<'_> {
    fn record(&mut self, steps: std::ops::Range<usize>) -> Result<()> {
        let TrainingBatch { level, model, .. } = self.training;
        Ok(self.tape.record(*level, model, steps)?)
    }

    /// Loss and backward pass of steps that are recorded, unless there is trouble.
    fn learn(&mut self, window: &Window) -> Result<()> {
        let training = self.training;
        let (level, model) = (training.level, &training.model);
        if self.trouble.is_some() {
            return Ok(());
        }
        let spec = model.spec();
        let batch = self.gathered.batch()?;
        let rows = match spec.head.read {
            elman_core::Read::EveryStep => batch.rows_of(window.losses.clone()),
            elman_core::Read::LastStep => 0..batch.sequences(),
        };
        let dataset = training.dataset;
        let objective = (self.gathered).objective(rows, dataset.class_weights, dataset.smoothing);
        let outputs = self.tape.outputs(window.losses.clone());
        let (width, total) = (spec.output_width(), training.total);
        let (gradients, of_scores) = self.gradients.split_at_mut(spec.params_len());
        self.loss += match training.transitions {
            None => objective.learn(level, outputs, width, total, self.goals)?,
            Some(transitions) => {
                let paths = Paths {
                    batch: &batch,
                    transitions,
                };
                let targets = objective.targets();
                paths.learn(level, outputs, targets, total, (self.lattice, of_scores))?
            }
        };
        if !self.loss.is_finite() {
            self.trouble = self.tape.find_non_finite();
            return Ok(());
        }
        let (transposed, scratch) = (training.transposed, &mut *self.scratch);
        Ok((self.tape).backward(level, model, transposed, window, scratch, gradients)?)
    }
}

/// Replaces ids of one channel at their rates.
fn hide(ids: &mut [u32], channels: usize, hiding: &Hiding, rng: &mut impl rand_core::Rng) {
    for row in ids.chunks_exact_mut(channels) {
        let id = &mut row[hiding.channel];
        if seeds::unit(rng) < hiding.rates[*id as usize] {
            *id = hiding.replacement;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_hidden_at_their_rates_and_in_their_channel() {
        let hiding = Hiding {
            channel: 1,
            replacement: 0,
            rates: vec![0.0, 0.5, 0.0],
        };
        let mut ids: Vec<u32> = [[1, 1], [1, 2]].concat().repeat(1000);
        hide(
            &mut ids,
            2,
            &hiding,
            &mut seeds::generator(1, Purpose::Hiding, &[]),
        );
        let count = |place: usize, id: u32| {
            ids.iter()
                .skip(place)
                .step_by(4)
                .filter(|&&found| found == id)
                .count()
        };
        assert_eq!((count(0, 1), count(2, 1), count(3, 2)), (1000, 1000, 1000));
        assert!((400..600).contains(&count(1, 0)));
    }

    #[test]
    fn tapes_of_windows_start_where_the_one_before_kept_the_state() {
        let frames = |k1, k2| [0, 1, 2, 3].map(|number| Frame::of(Truncation { k1, k2 }, number));
        for (k1, k2) in [(3, 3), (3, 5), (2, 7), (1, 4)] {
            let frames = frames(k1, k2);
            for pair in frames.windows(2) {
                assert_eq!((pair[0].next, pair[0].end), (pair[1].start, pair[1].losses));
                assert!(pair[1].end - pair[1].start <= k2);
            }
            assert_eq!((frames[0].start, frames[0].losses), (0, 0));
        }
        let last = frames(2, 5)[3];
        assert_eq!((last.start, last.losses, last.end, last.next), (3, 6, 8, 5));
    }
}
