//! The hot path, forward: the arrows of the data flow, line by line.
//!
//! Letters: R rows of all steps, B sequences, S state of one sequence, I input width, H hidden units
//! of one direction, W = H or 2H width of a layer's output row, O outputs.

mod ends;

use core::ops::Range;

use crate::batch::Batch;
use crate::cell::{Gated, Step, Visit, with_cell};
use crate::error::{Error, check_room, check_shape};
use crate::inputs::{self, Inputs};
use crate::kernel::dropout::{Dropout, Site};
use crate::kernel::gated::{self, Starts};
use crate::kernel::operands::{Gemm, Start};
use crate::kernel::softmax::Softmax;
use crate::layout::{Layout, Region, read_write, write_all, write_both};
use crate::model::Model;
use crate::params::Place;
use crate::recurrence::{self, Mask, Recurrence};
use crate::simd::{LANES, Level, Operation, Simd, Strip, View};
use crate::slices::{at, at_mut, copy, copy_range};
use crate::spec::{HeadKind, Read, Spec};
use ends::copy_ends;
pub(crate) use ends::{for_each_end, starts_of};

/// Runs whole sequences: the outputs of every row (or of every sequence, for a last-step head), and the
/// state each sequence ends in. A softmax head gives probabilities.
///
/// `state` (B, [`Spec::state_len`]) is where each sequence starts ([`Model::reset`] for a fresh one) and
/// becomes where it ends; `outputs` is ([`Spec::output_rows`], [`Spec::output_width`]); `workspace`
/// needs [`Spec::workspace_len`] strips and may hold anything.
///
/// # Errors
/// [`Error::Length`] naming the slice, [`Error::InputKind`] or [`Error::Token`]. Nothing is written then.
///
/// ```
/// # use elman_core::*;
/// # let spec = Spec { input: Input::Dense { width: 3 }, layers: Layers::of([Layer::tanh(4)]),
/// #     initial_state: InitialState::Zero, dropout: Dropout::NONE,
/// #     head: Head { kind: HeadKind::Softmax { outputs: 2 }, read: Read::EveryStep } };
/// let params = vec![0.1; spec.params_len()];
/// let mut packed = vec![Strip::ZERO; spec.packed_len()];
/// pack(&spec, &params, &mut packed)?;
/// let model = Model::new(spec, &params, &packed)?;
///
/// let batch = Batch::ragged(&[2, 1])?; // one sequence of two steps, one of one
/// let mut state = vec![0.0; 2 * spec.state_len()];
/// model.reset(&mut state);
/// let mut workspace = vec![Strip::ZERO; spec.workspace_len(batch.rows(), batch.sequences())];
/// let mut outputs = vec![0.0; batch.rows() * spec.output_width()];
/// forward(Level::detect(), &model, &batch, Inputs::Dense(&[0.5; 9]), &mut state, &mut workspace, &mut outputs)?;
/// assert_eq!(outputs, [0.5; 6]);
/// # Ok::<(), Error>(())
/// ```
pub fn forward(
    level: Level,
    model: &Model,
    batch: &Batch,
    inputs: Inputs,
    state: &mut [f32],
    workspace: &mut [Strip],
    outputs: &mut [f32],
) -> Result<(), Error> {
    let inference = Inference {
        model,
        batch,
        inputs,
        state,
        buffer: Strip::floats_mut(workspace),
        outputs,
        workers: Alone,
    };
    inference.check()?;
    level.run(inference);
    Ok(())
}

/// Who computes what of a forward pass: everything, unless said otherwise.
pub(crate) trait Workers {
    /// Of `rows` output rows those that are wanted.
    fn rows(&self, rows: usize) -> Range<usize> {
        0..rows
    }

    /// [`ForwardPass::layer`], or the part of it that falls to this worker.
    #[inline(always)]
    fn layer<S: Simd>(
        &mut self,
        s: S,
        pass: &ForwardPass,
        layer: usize,
        state: &[f32],
        buffer: &mut [f32],
    ) {
        pass.layer(s, layer, state, buffer);
    }
}

/// One worker, who computes everything.
struct Alone;

impl Workers for Alone {}

/// Forward over all steps, stretch by stretch, with two row buffers taking turns.
pub(crate) struct Inference<'a, W> {
    pub model: &'a Model<'a>,
    pub batch: &'a Batch<'a>,
    pub inputs: Inputs<'a>,
    pub state: &'a mut [f32],
    pub buffer: &'a mut [f32],
    /// The rows that `workers` want.
    pub outputs: &'a mut [f32],
    pub workers: W,
}

impl<W: Workers> Inference<'_, W> {
    /// `Ok` if everything has the length that the spec, the batch and the workers ask for.
    pub fn check(&self) -> Result<(), Error> {
        let (spec, rows) = (self.model.spec(), self.batch.rows());
        let sequences = self.batch.sequences();
        self.inputs.check(spec, rows)?;
        let states = [sequences, spec.state_len()];
        check_shape("state", states, self.state.len())?;
        let wanted = self.workers.rows(spec.output_rows(rows, sequences));
        let outputs = [wanted.len(), spec.output_width()];
        check_shape("outputs", outputs, self.outputs.len())?;
        let strips = spec.workspace_len(rows, sequences);
        check_room("workspace", strips, self.buffer.len() / LANES)
    }
}

impl<W: Workers> Operation for Inference<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self {
            model,
            batch,
            inputs,
            state,
            buffer,
            outputs,
            mut workers,
        } = self;
        let spec = model.spec();
        let wanted = workers.rows(spec.output_rows(batch.rows(), batch.sequences()));
        let most = spec.inference_rows(batch.rows(), batch.sequences());
        let layout = Layout::inference(spec, most, batch.sequences());
        let mut first_row = 0;
        for steps in batch.stretches(0..batch.steps(), most) {
            let part = batch.part(steps);
            let pass = ForwardPass {
                model,
                batch: &part,
                inputs: inputs.after(spec, first_row),
                layout: &layout,
                steps: 0..part.steps(),
                dropout: None,
            };
            for layer in 0..spec.layers.len() {
                pass.read_inputs(s, layer, buffer);
                workers.layer(s, &pass, layer, state, buffer);
                pass.final_state(layer, buffer, state);
            }
            let (top, region) = pass.read_top(s, buffer);
            let rows = wanted.start.max(first_row)..wanted.end.min(first_row + part.rows());
            if spec.head.read == Read::EveryStep && rows.start < rows.end {
                let start = (rows.start - wanted.start) * spec.output_width();
                let rows = rows.start - first_row..rows.end - first_row;
                pass.head(s, region.of(top), rows, at_mut(outputs, start..));
            }
            first_row += part.rows();
        }
        if spec.head.read == Read::LastStep {
            let pass = ForwardPass {
                model,
                batch,
                inputs,
                layout: &layout,
                steps: 0..batch.steps(),
                dropout: None,
            };
            pass.head(s, layout.top.of(buffer), wanted, outputs);
        }
        if let HeadKind::Softmax { outputs: classes } = spec.head.kind {
            s.run(Softmax {
                rows: outputs,
                classes,
            });
        }
    }
}

/// One forward pass over a range of steps.
pub(crate) struct ForwardPass<'a> {
    pub model: &'a Model<'a>,
    pub batch: &'a Batch<'a>,
    pub inputs: Inputs<'a>,
    pub layout: &'a Layout,
    pub steps: Range<usize>,
    /// The seed of the masks, while training.
    pub dropout: Option<u64>,
}

impl ForwardPass<'_> {
    fn spec(&self) -> &Spec {
        self.model.spec()
    }

    /// Fills `inputs[layer]` where the layer does not read its rows in place.
    #[inline(always)]
    pub fn read_inputs<S: Simd>(&self, s: S, layer: usize, buffer: &mut [f32]) {
        let region = self.layout.input(layer);
        if region.is_none() {
            return;
        }
        let width = self.spec().layer_input_width(layer);
        let rows = self.batch.rows_of(self.steps.clone());
        let numbers = rows.start * width..rows.end * width;
        match (layer, self.inputs) {
            (0, Inputs::Tokens(ids)) => {
                inputs::gather(
                    self.model,
                    self.batch,
                    self.steps.clone(),
                    ids,
                    region.of_mut(buffer),
                );
            }
            (0, Inputs::Dense(given)) => copy_range(given, numbers.clone(), region.of_mut(buffer)),
            _ => {
                let (below, to) = read_write(buffer, self.layout.hidden(layer - 1), region);
                copy_range(below, numbers.clone(), to);
            }
        }
        if let Some(seed) = self.dropout {
            let rate = if layer == 0 {
                self.spec().dropout.input
            } else {
                self.spec().dropout.hidden
            };
            let part = at_mut(region.of_mut(buffer), numbers);
            let site = Site::Layer(layer);
            s.run(Dropout {
                rows: part,
                width,
                first_row: rows.start,
                rate,
                seed,
                site,
            });
        }
    }

    /// `h[t] = cell(X[t]·W_in + b + h[t-1]·W_rec)` for every direction of a layer, over all its steps.
    /// `state` (B, S) is where step 0 starts from.
    #[inline(always)]
    pub fn layer<S: Simd>(&self, s: S, layer: usize, state: &[f32], buffer: &mut [f32]) {
        let hidden_region = self.layout.hidden(layer);
        let spec = self.spec();
        let (l, x_width) = (spec.layer(layer), spec.layer_input_width(layer));
        let width = l.width();
        let rows = self.batch.rows_of(self.steps.clone());
        for place in spec.directions_of(layer) {
            let column = place.column(l.hidden);
            // Z takes the place of h where there is one sum per unit.
            let sums_region = self.layout.sums(spec, place);
            let (z_region, z_row, columns, first) = if sums_region.is_none() {
                (hidden_region, width, l.hidden, column)
            } else {
                (sums_region, l.sums_row(), l.input_sums(), 0)
            };
            let (x, z) = self.read_and_write(layer, z_region, buffer);
            let w_in = self.model.view().input_weights(place);
            let x = View::rows(x, x_width).from(rows.start, 0);
            // Z = X·W_in + b, every step at once
            s.run(Gemm {
                start: Start::Bias,
                ..Gemm::new(
                    rows.len(),
                    columns,
                    x_width,
                    x,
                    w_in,
                    at_mut(z, rows.start * z_row + first..),
                    z_row,
                )
            });
            let recurrence = Recurrence {
                batch: self.batch,
                place,
                w_rec: self.model.view().recurrent_weights(place),
                hidden: l.hidden,
                width,
            };
            // h[t] = cell(Z[t] + h[t-1]·W_rec)
            with_cell(
                l.cell,
                LayerPass {
                    s,
                    pass: self,
                    recurrence,
                    state,
                    buffer: &mut *buffer,
                },
            );
        }
    }

    /// What a layer reads, (R, I), and a region to write.
    #[inline(always)]
    pub fn read_and_write<'b>(
        &self,
        layer: usize,
        to: Region,
        buffer: &'b mut [f32],
    ) -> (&'b [f32], &'b mut [f32])
    where
        Self: 'b,
    {
        let region = self.layout.input(layer);
        match (layer, self.inputs) {
            _ if !region.is_none() => read_write(buffer, region, to),
            (0, Inputs::Dense(given)) => (given, to.of_mut(buffer)),
            // Gathered rows have a region.
            (0, Inputs::Tokens(_)) => (&[], &mut []),
            _ => read_write(buffer, self.layout.hidden(layer - 1), to),
        }
    }

    /// What is dropped from the states that steps read.
    fn mask(&self, place: Place) -> Option<Mask> {
        let rate = self.spec().dropout.recurrent;
        let seed = self.dropout.filter(|_| rate > 0.0)?;
        Some(Mask { rate, seed, place })
    }

    /// The state of `layer` after each sequence's last step (first, in reverse), into `state` (B, S).
    pub fn final_state(&self, layer: usize, buffer: &[f32], state: &mut [f32]) {
        let spec = self.spec();
        let (l, len) = (spec.layer(layer), spec.state_len());
        let mut offset = spec.state_offset(layer);
        for region in [self.layout.hidden(layer), self.layout.cell(spec, layer)] {
            if region.is_none() {
                continue;
            }
            let rows = region.of(buffer);
            for_each_end(self.batch, self.steps.clone(), |sequence, last_row| {
                let at = sequence * len + offset;
                let to = at_mut(state, at..at + l.width());
                copy_ends(l.hidden, l.direction, rows, sequence, last_row, to);
            });
            offset += l.width();
        }
    }

    /// What the head reads: a region of the buffer, filled if need be.
    #[inline(always)]
    pub fn read_top<'b, S: Simd>(&self, s: S, buffer: &'b mut [f32]) -> (&'b mut [f32], Region) {
        let spec = self.spec();
        let top = spec.layers.len() - 1;
        let (region, hidden, width) = (self.layout.top, self.layout.hidden(top), spec.top_width());
        if region.is_none() {
            return (buffer, hidden);
        }
        let rows = self.output_rows();
        let (h, to) = read_write(buffer, hidden, region);
        match spec.head.read {
            Read::EveryStep => copy_range(h, rows.start * width..rows.end * width, to),
            Read::LastStep => {
                let l = spec.layer(top);
                for_each_end(self.batch, self.steps.clone(), |sequence, last_row| {
                    let to = at_mut(to, sequence * width..(sequence + 1) * width);
                    copy_ends(l.hidden, l.direction, h, sequence, last_row, to);
                });
            }
        }
        if let Some(seed) = self.dropout {
            let part = at_mut(region.of_mut(buffer), rows.start * width..rows.end * width);
            let (first_row, rate) = (rows.start, spec.dropout.head);
            s.run(Dropout {
                rows: part,
                width,
                first_row,
                rate,
                seed,
                site: Site::Head,
            });
        }
        (buffer, region)
    }

    /// Output rows of these steps; all sequences for a last-step head.
    pub fn output_rows(&self) -> Range<usize> {
        match self.spec().head.read {
            Read::EveryStep => self.batch.rows_of(self.steps.clone()),
            Read::LastStep => 0..self.batch.sequences(),
        }
    }

    /// `outputs = top·W_out + c` for some rows, or the rows themselves where there is no head.
    #[inline(always)]
    pub fn head<S: Simd>(&self, s: S, top: &[f32], rows: Range<usize>, outputs: &mut [f32]) {
        let spec = self.spec();
        let (width, columns) = (spec.top_width(), spec.output_width());
        if !spec.has_head() {
            let top = at(top, rows.start * width..rows.end * width);
            copy(top, at_mut(outputs, ..top.len()));
            return;
        }
        let w_out = self.model.view().head_weights();
        s.run(Gemm {
            start: Start::Bias,
            ..Gemm::new(
                rows.len(),
                columns,
                width,
                View::rows(top, width).from(rows.start, 0),
                w_out,
                outputs,
                columns,
            )
        });
    }
}

/// The recurrence of one direction, whichever its cell.
struct LayerPass<'a, 'p, S> {
    s: S,
    pass: &'a ForwardPass<'p>,
    recurrence: Recurrence<'a>,
    /// (B, S)
    state: &'a [f32],
    buffer: &'a mut [f32],
}

impl<S: Simd> Visit for LayerPass<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn visit<C: Step<1, 1>>(self, cell: C) {
        let (recurrence, spec, layout) = (self.recurrence, self.pass.spec(), self.pass.layout);
        let place = recurrence.place;
        let hidden = layout.hidden(place.layer);
        let (h, dropout) = match self.pass.mask(place) {
            Some(mask) => {
                let (h, masked) = write_both(self.buffer, hidden, layout.masked(spec, place));
                (h, Some((mask, masked)))
            }
            None => (hidden.of_mut(self.buffer), None),
        };
        recurrence::Forward {
            recurrence,
            steps: self.pass.steps.clone(),
            start: starts_of(spec, place, self.state).0,
            h,
            dropout,
        }
        .run(self.s, cell);
    }

    #[inline(always)]
    fn visit_gated<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize>(self, cell: C) {
        let (recurrence, spec, layout) = (self.recurrence, self.pass.spec(), self.pass.layout);
        let place = recurrence.place;
        let mask = self.pass.mask(place);
        let masked = mask.map_or(Region::NONE, |_| layout.masked(spec, place));
        let regions = [
            layout.hidden(place.layer),
            layout.sums(spec, place),
            layout.cell(spec, place.layer),
            masked,
        ];
        let [h, sums, c, masked] = write_all(self.buffer, regions);
        let (start, start_c) = starts_of(spec, place, self.state);
        let pass = gated::Forward {
            cell,
            shape: recurrence.shape(),
            w_rec: recurrence.w_rec,
            others: self.pass.model.view().other_biases(place),
            starts: Starts {
                h: start,
                c: start_c,
            },
            sums,
            h,
            c,
            masked: mask.map(|_| masked),
            sequences: recurrence.batch.sequences(),
            keep: self.pass.dropout.is_some(),
        };
        self.s.run(recurrence::gated::Forward {
            recurrence,
            pass,
            mask,
            steps: self.pass.steps.clone(),
        });
    }
}
