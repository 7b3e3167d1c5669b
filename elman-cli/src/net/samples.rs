//! Raw samples, as a chip is fed them: taken back from the scale of training, and on their way to what a net reads.

use elman_core::feed::{Column, ColumnScale, IntegerScale, Samples};
use elman_core::quantized::{Integers, QuantizedModel};

use crate::base::encoding::Front;
use crate::base::failure::Result;
use crate::data::Sequences;
use crate::net::int8::streamed;

/// Numbers (samples, columns) of some rows of a net's data, in the units of its training data.
pub fn raw(
    front: &Front,
    sequences: &Sequences,
    rows: impl IntoIterator<Item = usize>,
) -> Vec<f32> {
    let columns = front.scale.len();
    // The step's own row, between its neighbours.
    let own = front.window / 2 * columns;
    let raw: Vec<f32> = rows
        .into_iter()
        .flat_map(|row| front.raw(&sequences.numbers(row)[own..own + columns]))
        .collect();
    whole(&raw, front).unwrap_or(raw)
}

/// Raw numbers as they were, if all of them were whole: the scale of training and back has left them next to that.
fn whole(raw: &[f32], front: &Front) -> Option<Vec<f32>> {
    let numbers = raw.iter().enumerate().map(|(i, &x)| {
        let scale = &front.scale[i % front.scale.len()];
        let near = (x.abs() + scale.mean.abs()) * 2f32.powi(-20);
        let whole = x.round();
        let is_whole = (whole - x).abs() <= near && near < 0.1 && f32::from(whole as i16) == whole;
        is_whole.then_some(whole)
    });
    numbers.collect()
}

/// How raw samples come to what a net reads.
pub struct Entrance<C: Column> {
    /// Of every column.
    pub scale: Vec<C>,
    /// What the net reads is cut to this.
    pub farthest: C::Number,
    /// Rows that a step reads.
    pub window: usize,
}

impl Entrance<ColumnScale> {
    /// Of a net in floats.
    pub fn of_floats(front: &Front) -> Self {
        Self {
            scale: front.scale.iter().map(Into::into).collect(),
            farthest: front.farthest,
            window: front.window,
        }
    }
}

impl Entrance<IntegerScale> {
    /// Of a net in whole numbers.
    pub fn of_integers(front: &Front, model: &QuantizedModel<'_>) -> Self {
        let scale = front.scale.iter().map(ColumnScale::from);
        let scale = scale.map(|column| IntegerScale::new(&column, model.input_scale()));
        Self {
            scale: scale.collect(),
            farthest: model.integer(front.farthest),
            window: front.window,
        }
    }

    /// Logits (steps, classes) of a net that streams, of every step of a sequence of raw numbers (steps, columns).
    ///
    /// # Errors
    /// A net that reads both ways, or another number of columns.
    pub fn logits(&self, model: &QuantizedModel<'_>, raw: &[f32]) -> Result<Vec<i32>> {
        let inputs = self.rows(raw, [raw.len() / self.scale.len()])?;
        let rows = inputs.chunks_exact(self.scale.len() * self.window);
        streamed(model, rows.map(Integers::Dense))
    }
}

impl<C: Column> Entrance<C> {
    /// What the net reads, row by row, of sequences of so many samples of raw numbers (samples, columns).
    ///
    /// # Errors
    /// None.
    pub fn rows(
        &self,
        raw: &[f32],
        lengths: impl IntoIterator<Item = usize>,
    ) -> Result<Vec<C::Number>> {
        let columns = self.scale.len();
        let mut rows = vec![C::Number::default(); Samples::rows_len(columns, self.window)];
        let mut samples = Samples::new(&self.scale, self.farthest, self.window, &mut rows)?;
        let (mut inputs, mut raw) = (Vec::new(), raw.chunks_exact(columns));
        for length in lengths {
            samples.reset();
            for row in raw.by_ref().take(length) {
                inputs.extend(samples.push(row)?.unwrap_or_default());
            }
            for _ in 0..samples.delay() {
                inputs.extend(samples.push_outside().unwrap_or_default());
            }
        }
        Ok(inputs)
    }
}
