//! Golden samples: raw numbers and the answers that must come of them, for nets that answer with numbers.

use std::ops::Range;

use elman_core::Spec;
use elman_core::feed::{ColumnScale, Estimates, Samples, Series, Source};

use crate::base::encoding::{Numbers, Reads};
use crate::base::failure::Result;
use crate::data::Sequences;

/// Raw samples, and what comes of them.
#[derive(Clone, Debug)]
pub struct NumberProof {
    pub numbers: Numbers,
    /// Numbers (samples, columns).
    pub raw: Vec<f32>,
    /// Which of them is fed as a NaN.
    pub missing: usize,
    /// Answers (steps, targets), in the units of the data.
    pub values: Vec<f32>,
    /// Of every target, how far off an answer may be where multiply-adds are not fused; none where nothing may be off.
    pub tolerances: Vec<f32>,
}

impl NumberProof {
    /// Raw samples of some rows of a net's data, which are taken back from the scale of training; none where a net does not stream.
    pub fn of(
        numbers: Option<&Numbers>,
        spec: &Spec,
        sequences: &Sequences,
        cut: &[Range<usize>],
    ) -> Option<Self> {
        let numbers = numbers.filter(|_| !spec.is_bidirectional())?;
        let rows = cut.iter().cloned().flatten();
        let raw: Vec<f32> = rows
            .flat_map(|row| numbers.raw(sequences.numbers(row)))
            .collect();
        let columns = numbers.columns();
        let sample = raw.len() / columns / 2;
        Some(Self {
            numbers: numbers.clone(),
            missing: sample * columns + sample % columns,
            raw,
            values: Vec::new(),
            tolerances: Vec::new(),
        })
    }

    /// What the net reads, row by row.
    ///
    /// # Errors
    /// None.
    pub fn inputs(&self, lengths: &[u32]) -> Result<Vec<f32>> {
        let mut inputs = Vec::new();
        self.walk(lengths, |source| inputs.extend_from_slice(source.row()))?;
        Ok(inputs)
    }

    /// The answers that follow from the outputs of the net, and how far off they may be if those may be off by `tolerance`.
    ///
    /// # Errors
    /// None.
    pub fn answer(&mut self, lengths: &[u32], outputs: &[f32], tolerance: f32) -> Result<()> {
        let readouts = &self.numbers.readouts;
        let mut outputs = outputs.chunks_exact(readouts.len());
        let (mut values, mut tolerances) = (Vec::new(), vec![0.0f32; readouts.len()]);
        self.walk(lengths, |source| {
            let row = outputs.next().unwrap_or_default();
            let pairs = readouts.iter().zip(source.expected()).zip(row);
            for (((readout, &expected), &output), most) in pairs.zip(&mut tolerances) {
                let value = readout.value(expected, output);
                let moved = [output - tolerance, output + tolerance];
                let moved = moved.map(|output| (readout.value(expected, output) - value).abs());
                *most = most.max(moved[0]).max(moved[1]);
                values.push(value);
            }
        })?;
        (self.values, self.tolerances) = (values, tolerances);
        Ok(())
    }

    /// The same around the net in whole numbers, whose logits are worth `unit` each. They are the same on every machine, and so is what
    /// single precision makes of them without multiply-adds: no answer may be off.
    ///
    /// # Errors
    /// None.
    pub fn of_integers(&self, lengths: &[u32], logits: &[i32], unit: f32) -> Result<Self> {
        let outputs: Vec<f32> = logits.iter().map(|&logit| logit as f32 * unit).collect();
        let mut proof = self.clone();
        proof.answer(lengths, &outputs, 0.0)?;
        proof.tolerances.clear();
        Ok(proof)
    }

    /// Visits every step of the golden samples.
    fn walk(&self, lengths: &[u32], mut visit: impl FnMut(&dyn Source)) -> Result<()> {
        match &self.numbers.reads {
            Reads::Rows(front, sums) => {
                let scale: Vec<ColumnScale> = front.scale.iter().map(Into::into).collect();
                let (columns, window) = (scale.len(), front.window);
                let mut rows = vec![0.0; Samples::rows_len(columns, window)];
                let samples = Samples::new(&scale, front.farthest, window, &mut rows)?;
                let (regression, targets) = (sums.regression(), self.numbers.readouts.len());
                let mut memory = vec![0.0; regression.memory_len(columns, targets, window)];
                let mut source = Estimates::new(samples, regression, targets, &mut memory)?;
                self.walk_through(&mut source, lengths, &mut visit)
            }
            Reads::Series(series) => {
                let lags = series.lags();
                let mut memory = vec![0.0; lags.memory_len()];
                let mut source = Series::new(lags, &mut memory)?;
                self.walk_through(&mut source, lengths, &mut visit)
            }
        }
    }

    fn walk_through(
        &self,
        source: &mut dyn Source,
        lengths: &[u32],
        visit: &mut dyn FnMut(&dyn Source),
    ) -> Result<()> {
        let columns = self.numbers.columns();
        let mut raw = self.raw.chunks_exact(columns).enumerate();
        for &length in lengths {
            source.reset();
            for (sample, row) in raw.by_ref().take(length as usize) {
                let missing = self.missing.checked_sub(sample * columns);
                if source.push(row, missing.filter(|&place| place < columns))? {
                    visit(source);
                }
            }
            for _ in 0..source.delay() {
                if source.push_outside() {
                    visit(source);
                }
            }
        }
        Ok(())
    }

    /// Bytes of tables and golden samples.
    pub fn bytes(&self) -> usize {
        let tables = match &self.numbers.reads {
            Reads::Rows(front, sums) => {
                3 * front.scale.len() + 2 * sums.centers.len() + sums.weights.len()
            }
            Reads::Series(series) => {
                2 * series.centers.len() + series.weights.len() + 3 * series.inputs.len()
            }
        };
        let of_targets = 3 * self.numbers.readouts.len() + self.tolerances.len();
        4 * (tables + of_targets + self.raw.len() + self.values.len())
    }
}
