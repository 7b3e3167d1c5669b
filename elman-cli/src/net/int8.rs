//! The int8 net at work: outputs of every row, a sequence at a time.

use elman_core::Inputs;
use elman_core::quantized::{Integers, QuantizedModel, QuantizedStream};
use rayon::prelude::*;

use crate::base::failure::Result;
use crate::data::Sequences;
use crate::net::judge::{Judge, judge_rows};

/// The rows of one sequence.
pub struct SequenceRows {
    numbers: Vec<f32>,
    ids: Vec<u32>,
}

impl SequenceRows {
    /// At most so many steps, and how many there are.
    pub fn of(sequences: &Sequences, sequence: usize, most: usize) -> (Self, usize) {
        let rows = sequences.rows_of(sequence);
        let rows = rows.start..rows.end.min(rows.start.saturating_add(most));
        let steps = rows.len();
        let numbers = rows.clone().flat_map(|row| sequences.numbers(row)).copied();
        let ids = rows.clone().flat_map(|row| sequences.ids(row)).copied();
        let found = Self {
            numbers: numbers.collect(),
            ids: ids.collect(),
        };
        (found, steps)
    }

    /// As the net reads them.
    pub fn view(&self) -> Inputs<'_> {
        if self.ids.is_empty() {
            Inputs::Dense(&self.numbers)
        } else {
            Inputs::Tokens(&self.ids)
        }
    }
}

/// Logits of every step of a net that streams, fed row by row from the start of a sequence.
///
/// # Errors
/// A net that reads both ways; rows that it does not read.
pub fn streamed<'a>(
    model: &QuantizedModel<'_>,
    rows: impl Iterator<Item = Integers<'a>>,
) -> Result<Vec<i32>> {
    let spec = model.spec();
    let mut state = vec![0; spec.int8().state_len()];
    let mut scratch = vec![0; spec.int8().stream_len()];
    let mut stream = QuantizedStream::new(*model, &mut state, &mut scratch)?;
    let (mut row, mut logits) = (vec![0; spec.output_width()], Vec::new());
    for inputs in rows {
        stream.step_integers(inputs, &mut row)?;
        logits.extend_from_slice(&row);
    }
    Ok(logits)
}

/// Outputs of every row, or of every sequence where the head reads the last step, in the order of the sequences. Runs on the
/// threads of the rayon pool around it.
///
/// # Errors
/// Ids that the spec does not know.
pub fn outputs(model: &QuantizedModel<'_>, sequences: &Sequences) -> Result<Vec<f32>> {
    let all: Vec<Vec<f32>> = (0..sequences.len())
        .into_par_iter()
        .map(|sequence| run(model, sequences, sequence))
        .collect::<Result<_>>()?;
    Ok(all.concat())
}

/// What a judge says of the outputs of every sequence, none of which are kept.
///
/// # Errors
/// Ids that the spec does not know.
pub fn judge<J: Judge>(
    model: &QuantizedModel<'_>,
    sequences: &Sequences,
    judge: &J,
) -> Result<Vec<J::Verdict>> {
    (0..sequences.len())
        .into_par_iter()
        .map(|sequence| {
            let outputs = run(model, sequences, sequence)?;
            Ok(judge_rows(judge, sequences, sequence, &outputs))
        })
        .collect()
}

/// Outputs of one sequence.
fn run(model: &QuantizedModel<'_>, sequences: &Sequences, sequence: usize) -> Result<Vec<f32>> {
    let spec = model.spec();
    let (inputs, steps) = SequenceRows::of(sequences, sequence, usize::MAX);
    let mut state = vec![0; spec.int8().state_len()];
    model.reset(&mut state);
    let mut workspace = vec![0; spec.int8().workspace_len(steps)];
    let mut outputs = vec![0.0; spec.output_rows(steps, 1) * spec.output_width()];
    model.forward(
        inputs.view(),
        steps,
        &mut state,
        &mut workspace,
        &mut outputs,
    )?;
    Ok(outputs)
}
