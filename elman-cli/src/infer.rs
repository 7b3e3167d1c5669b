//! Running a net over many sequences, without training it.

use elman_core::{Inputs, Level, Model, Strip, forward};
use rayon::prelude::*;

use crate::data::Sequences;
use crate::failure::{Failure, Result};
use crate::gather::{Gathered, longest_first};

/// Sequences that run side by side: enough to fill the registers, few enough to stay in the cache.
const BATCH: usize = 32;

/// Outputs (R, O) of every row, in the order of the sequences. Runs on the threads of the rayon pool around it;
/// the numbers depend neither on them nor on how sequences are batched.
///
/// # Errors
/// Ids that the spec does not know.
pub fn outputs(level: Level, model: &Model<'_>, sequences: &Sequences) -> Result<Vec<f32>> {
    let order = longest_first(sequences);
    let width = model.spec().output_width();
    let batches: Vec<(Vec<usize>, Vec<f32>)> = order
        .par_chunks(BATCH)
        .map_init(Worker::default, |worker, chosen| {
            worker.run(level, model, sequences, chosen)
        })
        .collect::<Result<_>>()?;
    let mut outputs = vec![0.0; sequences.rows() * width];
    for (rows, found) in &batches {
        for (row, found) in rows.iter().zip(found.chunks_exact(width)) {
            outputs[row * width..][..width].copy_from_slice(found);
        }
    }
    Ok(outputs)
}

/// The buffers of one thread.
#[derive(Default)]
struct Worker {
    gathered: Gathered,
    state: Vec<f32>,
    workspace: Vec<Strip>,
}

impl Worker {
    fn run(
        &mut self,
        level: Level,
        model: &Model<'_>,
        sequences: &Sequences,
        chosen: &[usize],
    ) -> Result<(Vec<usize>, Vec<f32>), Failure> {
        let spec = model.spec();
        self.gathered.fill(sequences, chosen)?;
        let batch = self.gathered.batch()?;
        self.state.resize(batch.sequences() * spec.state_len(), 0.0);
        let needed = spec.workspace_len(batch.rows(), batch.sequences());
        if self.workspace.len() < needed {
            self.workspace.resize(needed, Strip::ZERO);
        }
        let mut outputs =
            vec![0.0; spec.output_rows(batch.rows(), batch.sequences()) * spec.output_width()];
        model.reset(&mut self.state);
        let inputs = Inputs::Tokens(&self.gathered.ids);
        forward(
            level,
            model,
            &batch,
            inputs,
            &mut self.state,
            &mut self.workspace,
            &mut outputs,
        )?;
        Ok((self.gathered.rows().to_vec(), outputs))
    }
}
