//! The buffers with which a thread runs a net over sequences, or over its share of one.

use std::ops::Range;

use elman_core::{Batch, Exchange, Level, Model, Share, Spec, Strip, forward, forward_share};

use crate::base::failure::Result;
use crate::base::memory;
use crate::data::Sequences;
use crate::net::gather::Gathered;

/// The buffers of one thread.
#[derive(Default)]
pub struct Worker {
    gathered: Gathered,
    state: Vec<f32>,
    workspace: Vec<Strip>,
    outputs: Vec<f32>,
}

impl Worker {
    /// Puts so many sequences at their start.
    pub fn start(&mut self, model: &Model<'_>, sequences: usize) {
        self.state.resize(sequences * model.spec().state_len(), 0.0);
        model.reset(&mut self.state);
    }

    /// Runs through the sequences of `order` side by side, `steps` steps at a time; the longest must come first. Hands out
    /// the outputs of every window, and the target of [`Sequences`] that belongs to each row of them.
    ///
    /// # Errors
    /// Ids that the spec does not know; those of `visit`.
    pub fn walk(
        &mut self,
        level: Level,
        model: &Model<'_>,
        sequences: &Sequences,
        order: &[usize],
        steps: usize,
        mut visit: impl FnMut(&[usize], &[f32]) -> Result<()>,
    ) -> Result<()> {
        let longest = order.first().map_or(0, |&first| sequences.len_of(first));
        self.start(model, order.len());
        for start in (0..longest).step_by(steps) {
            let going = order.partition_point(|&sequence| sequences.len_of(sequence) > start);
            self.gather(sequences, &order[..going], start..start + steps)?;
            self.state.truncate(going * model.spec().state_len());
            self.run(level, model, None)?;
            visit(self.places(), &self.outputs)?;
        }
        Ok(())
    }

    /// Takes these steps of the chosen sequences.
    ///
    /// # Errors
    /// They do not have them.
    pub fn gather(
        &mut self,
        sequences: &Sequences,
        chosen: &[usize],
        window: Range<usize>,
    ) -> Result<()> {
        self.gathered.fill(sequences, chosen, window)
    }

    /// The target of [`Sequences`] that belongs to each output row of what is gathered.
    pub fn places(&self) -> &[usize] {
        self.gathered.places()
    }

    /// What came out last.
    pub fn outputs(&self) -> &[f32] {
        &self.outputs
    }

    /// Where the sequences stand.
    pub fn state(&mut self) -> &mut [f32] {
        &mut self.state
    }

    /// Runs over what is gathered, from the state to the next: the outputs, those of a share where several run a single
    /// sequence together.
    ///
    /// # Errors
    /// Ids that the spec does not know.
    pub fn run(
        &mut self,
        level: Level,
        model: &Model<'_>,
        team: Option<(Share, &mut dyn Exchange)>,
    ) -> Result<&[f32]> {
        let (spec, batch) = (model.spec(), self.gathered.batch()?);
        make_room(&mut self.workspace, spec, &batch)?;
        let all = spec.output_rows(batch.rows(), batch.sequences());
        let rows = (team.as_ref()).map_or(all, |(share, _)| share.rows(all).len());
        self.outputs.resize(rows * spec.output_width(), 0.0);
        let inputs = self.gathered.inputs();
        let (state, workspace) = (&mut self.state, &mut self.workspace);
        let outputs = &mut self.outputs;
        match team {
            None => forward(level, model, &batch, inputs, state, workspace, outputs),
            Some((share, exchange)) => forward_share(
                level, model, share, exchange, &batch, inputs, state, workspace, outputs,
            ),
        }?;
        Ok(outputs)
    }
}

fn make_room(workspace: &mut Vec<Strip>, spec: &Spec, batch: &Batch<'_>) -> Result<()> {
    let needed = spec.workspace_len(batch.rows(), batch.sequences());
    if workspace.len() < needed {
        let bytes = needed.saturating_mul(size_of::<Strip>());
        let what = format!("running the net over {} steps", batch.steps());
        memory::check(bytes, &what, "cut the longest sequences")?;
        workspace.resize(needed, Strip::ZERO);
    }
    Ok(())
}
