//! A fixed part of every batch. The parts do not depend on the number of threads, so neither does the sum of their
//! gradients.

use elman_core::{Inputs, Level, Model, NonFinite, Strip, Tape, Truncation, loss};

use super::tables::Tables;
use crate::data::{Hiding, Sequences};
use crate::failure::Result;
use crate::gather::Gathered;
use crate::seeds::{self, Purpose};

/// Everything that a shard reads and does not own.
#[derive(Clone, Copy)]
pub struct Lesson<'a> {
    pub level: Level,
    pub model: Model<'a>,
    pub transposed: &'a [Strip],
    pub sequences: &'a Sequences,
    pub hiding: Option<&'a Hiding>,
    pub truncation: Truncation,
    /// Counted items of the whole batch.
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
    gathered: Gathered,
    tape: Vec<Strip>,
    scratch: Vec<Strip>,
    /// Zero but for the rows that `tables` lists and everything behind the embeddings.
    pub gradients: Vec<f32>,
    pub tables: Tables,
    /// Its part of the batch's loss.
    pub loss: f64,
    /// Where numbers stopped being finite.
    pub trouble: Option<NonFinite>,
}

impl Shard {
    /// Room for batches whose part holds at most `rows` rows in `sequences` sequences.
    pub fn new(number: usize, spec: &elman_core::Spec, rows: usize, sequences: usize) -> Self {
        Self {
            number: number as u64,
            chosen: Vec::with_capacity(sequences),
            gathered: Gathered::default(),
            tape: vec![Strip::ZERO; spec.tape_len(rows, sequences)],
            scratch: vec![Strip::ZERO; spec.scratch_len(rows, sequences)],
            gradients: vec![0.0; spec.params_len()],
            tables: Tables::new(spec),
            loss: 0.0,
            trouble: None,
        }
    }

    /// Forward, loss, backward: leaves loss and gradients behind.
    ///
    /// # Errors
    /// Ids or targets that the net does not know.
    pub fn learn(&mut self, lesson: &Lesson<'_>) -> Result<()> {
        (self.loss, self.trouble) = (0.0, None);
        self.tables.clear(&mut self.gradients);
        if self.chosen.is_empty() {
            return Ok(());
        }
        self.gathered.fill(lesson.sequences, &self.chosen)?;
        let place = [lesson.place[0], lesson.place[1], self.number];
        if let Some(hiding) = lesson.hiding {
            let channels = lesson.sequences.channels();
            hide(
                &mut self.gathered.ids,
                channels,
                hiding,
                &mut seeds::generator(lesson.seed, Purpose::Hiding, &place),
            );
        }
        self.tables.touch(&self.gathered.ids);
        self.pass(lesson, seeds::derive(lesson.seed, Purpose::Dropout, &place))
    }

    fn pass(&mut self, lesson: &Lesson<'_>, dropout: u64) -> Result<()> {
        let Lesson {
            level,
            ref model,
            transposed,
            total,
            ..
        } = *lesson;
        let spec = model.spec();
        let batch = self.gathered.batch()?;
        let inputs = Inputs::Tokens(&self.gathered.ids);
        let mut tape = Tape::new(spec, batch, inputs, dropout, &mut self.tape)?;
        tape.start(model, None)?;
        for window in lesson.truncation.windows(batch.steps()) {
            let steps = window.losses.clone();
            tape.record(level, model, steps.clone())?;
            let targets = &self.gathered.targets[batch.rows_of(steps.clone())];
            let outputs = tape.outputs(steps.clone());
            self.loss += loss::softmax_cross_entropy(
                level,
                outputs,
                spec.output_width(),
                targets,
                None,
                total,
            )?;
            if !self.loss.is_finite() {
                self.trouble = tape.find_non_finite();
                return Ok(());
            }
            let (scratch, gradients) = (&mut self.scratch, &mut self.gradients);
            tape.backward(level, model, transposed, &window, scratch, gradients)?;
        }
        Ok(())
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
}
