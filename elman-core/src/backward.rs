//! The hot path, backward: every line quotes the forward line that it differentiates.
//!
//! Letters as in `forward`: R rows, B sequences, I input width, H hidden units, W = H or 2H, O outputs.

mod head;
mod weights;

use core::ops::Range;

use crate::cell::{Gated, Step, Visit, with_cell};
use crate::error::{Error, check_len, check_room};
use crate::forward::{for_each_end, starts_of};
use crate::inputs::{self, Inputs};
use crate::kernel::dropout::{Dropout, Site};
use crate::kernel::gated::{self, Starts};
use crate::kernel::operands::{Gemm, Start};
use crate::kernel::pack::Panels;
use crate::layout::{Region, Scratch, read_write, write_all, write_both};
use crate::model::{Model, Transposed};
use crate::params::Place;
use crate::recurrence::{self, Mask, Recurrence};
use crate::simd::{Level, Operation, Simd, Strip, View};
use crate::slices::{at, at_mut, copy, copy_range};
use crate::spec::{Read, Spec};
use crate::tape::Tape;
use crate::truncation::Window;
use head::head_weights;

impl Tape<'_> {
    /// Adds the gradient of a window's losses, whose output rows hold `∂loss/∂output`, to `gradients`
    /// (in the order of the parameters). The pass reaches back to step `back_to`; the state before it
    /// is a constant, the initial state before step 0 is not.
    ///
    /// The model is that of [`Tape::record`]; `transposed` comes from
    /// [`pack_transposed`](crate::pack_transposed); `scratch` needs [`Spec::scratch_len`] strips and
    /// may hold anything.
    ///
    /// # Errors
    /// [`Error::Steps`] if the steps were not recorded or cannot be cut like this, [`Error::Length`].
    ///
    /// ```
    /// # use elman_core::*;
    /// # let (level, spec) = (Level::detect(), Spec::dense(2, 3, 1));
    /// # let lengths = [spec.packed_len(), spec.transposed_len(), spec.tape_len(4, 1), spec.scratch_len(4, 1)];
    /// # let [packed, transposed, mut buffer, mut scratch] = lengths.map(|strips| vec![Strip::ZERO; strips]);
    /// # let (model, mut gradients) = (Model::new(spec, &[], &packed)?, vec![0.0; spec.params_len()]);
    /// # let mut tape = Tape::new(&spec, Batch::uniform(4, 1)?, Inputs::Dense(&[0.5; 8]), 0, &mut buffer)?;
    /// # tape.start(&model, None)?;
    /// tape.record(level, &model, 0..4)?;
    /// tape.outputs(0..4).fill(0.5); // ∂loss/∂output of every step
    /// let window = Window { losses: 0..4, back_to: 0 };
    /// tape.backward(level, &model, &transposed, &window, &mut scratch, &mut gradients)?;
    /// assert_eq!(gradients.last(), Some(&2.0)); // the head's bias, last of all, joins each of four outputs
    /// # Ok::<(), Error>(())
    /// ```
    pub fn backward(
        &mut self,
        level: Level,
        model: &Model,
        transposed: &[Strip],
        window: &Window,
        scratch: &mut [Strip],
        gradients: &mut [f32],
    ) -> Result<(), Error> {
        self.check_model(model)?;
        let spec = model.spec();
        let (rows, sequences) = (self.batch.rows(), self.batch.sequences());
        let Window { losses, back_to } = window.clone();
        if losses.is_empty() || losses.end > self.recorded || back_to > losses.start {
            return Err(Error::Steps(
                "the backward pass reaches from recorded losses back in time",
            ));
        }
        self.check_window(&losses)?;
        check_len("transposed", spec.transposed_len(), transposed.len())?;
        check_len("gradients", spec.params_len(), gradients.len())?;
        check_room("scratch", spec.scratch_len(rows, sequences), scratch.len())?;
        level.run(Backward {
            tape: self,
            spec,
            model,
            transposed: Transposed {
                spec,
                strips: transposed,
            },
            steps: back_to..losses.end,
            losses,
            regions: Scratch::of(spec, rows, sequences),
            scratch: Strip::floats_mut(scratch),
            gradients,
        });
        Ok(())
    }
}

/// One backward pass.
struct Backward<'a, 't> {
    tape: &'a Tape<'t>,
    spec: &'a Spec,
    model: &'a Model<'a>,
    transposed: Transposed<'a>,
    losses: Range<usize>,
    /// The stretch of steps at hand; before the first one, all steps that the pass runs through.
    steps: Range<usize>,
    regions: Scratch,
    scratch: &'a mut [f32],
    gradients: &'a mut [f32],
}

impl Operation for Backward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let spec = self.spec;
        // Nothing flows into the last steps.
        self.regions.carry.of_mut(self.scratch).fill(0.0);
        if spec.head.read == Read::LastStep {
            self.head_of_ends(s);
        }
        let all = self.steps.clone();
        let rows = spec.backward_rows();
        for steps in self.tape.batch.stretches_back(all.clone(), rows) {
            self.steps = steps;
            if spec.head.read == Read::EveryStep {
                self.head_of_steps(s);
            }
            for layer in (0..spec.layers.len()).rev() {
                for place in spec.directions_of(layer) {
                    self.recurrence(s, place, all.end);
                    self.weights(s, place);
                    self.initial_state(s, place);
                }
                if spec.flows_below(layer) {
                    self.below(s, layer);
                }
            }
            if let Inputs::Tokens(ids) = self.tape.inputs {
                let d_x = self.below_gradient(0).of(self.scratch);
                let steps = self.steps.clone();
                inputs::scatter(spec, &self.tape.batch, steps, ids, d_x, self.gradients);
            }
        }
    }
}

impl Backward<'_, '_> {
    /// Rows of the stretch at hand.
    fn rows(&self) -> Range<usize> {
        self.tape.batch.rows_of(self.steps.clone())
    }

    /// The scratch region that holds the gradient of layer `layer`'s hidden rows; the one below takes
    /// the other one.
    fn hidden_gradient(&self, layer: usize) -> Region {
        let from_top = self.spec.layers.len() - 1 - layer;
        if from_top.is_multiple_of(2) {
            self.regions.rows[0]
        } else {
            self.regions.rows[1]
        }
    }

    /// Where the gradient of what layer `layer` reads goes.
    fn below_gradient(&self, layer: usize) -> Region {
        if layer > 0 {
            self.hidden_gradient(layer - 1)
        } else if self.hidden_gradient(0) == self.regions.rows[0] {
            self.regions.rows[1]
        } else {
            self.regions.rows[0]
        }
    }

    /// Forward: `outputs = top·W_out + c` at every step of the stretch. The gradient of steps before
    /// the losses starts at zero: theirs comes through the recurrence alone.
    #[inline(always)]
    fn head_of_steps<S: Simd>(&mut self, s: S) {
        let (batch, width) = (&self.tape.batch, self.spec.top_width());
        let first_loss = self.losses.start.clamp(self.steps.start, self.steps.end);
        let all = self.rows();
        let rows = batch.rows_of(first_loss..self.steps.end);
        let region = self.hidden_gradient(self.spec.layers.len() - 1);
        let without_loss = all.start * width..rows.start * width;
        at_mut(region.of_mut(self.scratch), without_loss).fill(0.0);
        self.head(s, rows, region);
    }

    /// Forward: the same at the last step of every sequence.
    #[inline(always)]
    fn head_of_ends<S: Simd>(&mut self, s: S) {
        self.head(s, 0..self.tape.batch.sequences(), self.regions.top);
        self.scatter_ends();
    }

    /// Forward: `outputs = top·W_out + c` for some output rows, whose gradient goes to `region`.
    #[inline(always)]
    fn head<S: Simd>(&mut self, s: S, rows: Range<usize>, region: Region) {
        if rows.is_empty() {
            return;
        }
        let spec = self.spec;
        let (width, columns) = (spec.top_width(), spec.output_width());
        let outputs = self.tape.layout.outputs.of(self.tape.rows);
        let d_outputs = View::rows(outputs, columns).from(rows.start, 0);
        let d_top = region.of_mut(self.scratch);
        if spec.has_head() {
            // d_top = d_outputs·W_outᵀ
            s.run(Gemm::new(
                rows.len(),
                width,
                columns,
                d_outputs,
                self.transposed.head_weights(),
                at_mut(d_top, rows.start * width..),
                width,
            ));
            let head = at_mut(self.gradients, spec.head_range());
            head_weights(s, self.tape, spec, rows.clone(), head);
        } else {
            copy_range(outputs, rows.start * width..rows.end * width, d_top);
        }
        let part = at_mut(d_top, rows.start * width..rows.end * width);
        s.run(Dropout {
            rows: part,
            width,
            first_row: rows.start,
            rate: spec.dropout.head,
            seed: self.tape.seed,
            site: Site::Head,
        });
    }

    /// Forward: the last-step head reads each sequence's last row forward and first row in reverse.
    fn scatter_ends(&mut self) {
        let layer = self.spec.layer(self.spec.layers.len() - 1);
        let (hidden, width) = (layer.hidden, layer.width());
        let (d_top, d_h) = read_write(self.scratch, self.regions.top, self.regions.rows[0]);
        at_mut(d_h, ..self.tape.batch.rows() * width).fill(0.0);
        for_each_end(
            &self.tape.batch,
            self.steps.clone(),
            |sequence, last_row| {
                let mut put = |row: usize, columns: Range<usize>| {
                    let within = |row| row * width + columns.start..row * width + columns.end;
                    copy(at(d_top, within(sequence)), at_mut(d_h, within(row)));
                };
                put(last_row, 0..hidden);
                if width > hidden {
                    put(sequence, hidden..width);
                }
            },
        );
    }

    /// Forward: `h[t] = cell(Z[t] + h[t-1]·W_rec)`.
    /// `dZ[t] = back(h[t], dh[t] + dZ[t+1]·W_recᵀ)`, in place of `dh` where there is one sum per unit. The whole pass ends
    /// before step `end`.
    #[inline(always)]
    fn recurrence<S: Simd>(&mut self, s: S, place: Place, end: usize) {
        let layer = self.spec.layer(place.layer);
        let recurrence = Recurrence {
            batch: &self.tape.batch,
            place,
            w_rec: self.transposed.recurrent_weights(place),
            hidden: layer.hidden,
            width: layer.width(),
        };
        let (d_h, mask) = (
            self.hidden_gradient(place.layer),
            mask_of(self.spec, self.tape.seed, place),
        );
        with_cell(
            layer.cell,
            LayerPass {
                s,
                spec: self.spec,
                model: self.model,
                tape: self.tape,
                recurrence,
                steps: self.steps.clone(),
                end,
                d_h,
                regions: &self.regions,
                scratch: &mut *self.scratch,
                mask: (mask.rate > 0.0).then_some(mask),
            },
        );
    }

    /// Where the gradients of the sums of a direction lie: the region, from one row to the next, and the first column.
    fn sum_gradients(&self, place: Place) -> (Region, usize, usize) {
        let layer = self.spec.layer(place.layer);
        if layer.sums_row() == 0 {
            let region = self.hidden_gradient(place.layer);
            (region, layer.width(), place.column(layer.hidden))
        } else {
            let row = layer.cell.facts().sums * layer.hidden;
            (self.regions.sums(self.spec, place), row, 0)
        }
    }

    /// Forward: `Z = X·W_in + …` of every direction, with dropout on X. `dX = Σ dZ·W_inᵀ`.
    #[inline(always)]
    fn below<S: Simd>(&mut self, s: S, layer: usize) {
        let l = self.spec.layer(layer);
        let x_width = self.spec.layer_input_width(layer);
        let rows = self.rows();
        let below = self.below_gradient(layer);
        let range = rows.start * x_width..rows.end * x_width;
        for place in self.spec.directions_of(layer) {
            let (region, row, column) = self.sum_gradients(place);
            let (d_sums, d_x) = read_write(self.scratch, region, below);
            let d_sums = View::rows(d_sums, row).from(rows.start, column);
            let d_x = at_mut(d_x, range.clone());
            s.run(Gemm {
                start: if place.reverse {
                    Start::Continue
                } else {
                    Start::Zero
                },
                ..Gemm::new(
                    rows.len(),
                    x_width,
                    l.cell.facts().gates * l.hidden,
                    d_sums,
                    self.transposed.input_weights(place),
                    d_x,
                    x_width,
                )
            });
        }
        let rate = if layer == 0 {
            self.spec.dropout.input
        } else {
            self.spec.dropout.hidden
        };
        let (first_row, site) = (rows.start, Site::Layer(layer));
        s.run(Dropout {
            rows: at_mut(below.of_mut(self.scratch), range),
            width: x_width,
            first_row,
            rate,
            seed: self.tape.seed,
            site,
        });
    }
}

/// The recurrence of one direction, whichever its cell.
struct LayerPass<'a, 't, S> {
    s: S,
    spec: &'a Spec,
    model: &'a Model<'a>,
    tape: &'a Tape<'t>,
    recurrence: Recurrence<'a>,
    steps: Range<usize>,
    /// Of the whole pass.
    end: usize,
    /// Where the gradient of the layer's hidden rows lies.
    d_h: Region,
    regions: &'a Scratch,
    scratch: &'a mut [f32],
    mask: Option<Mask>,
}

impl<S: Simd> Visit for LayerPass<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn visit<C: Step<1, 1>>(self, cell: C) {
        let (d_h, product) = write_both(self.scratch, self.d_h, self.regions.start);
        let hidden = self.tape.layout.hidden(self.recurrence.place.layer);
        recurrence::Backward {
            recurrence: self.recurrence,
            steps: self.steps,
            end: self.end,
            h: hidden.of(self.tape.rows),
            d_h,
            dropout: self.mask.map(|mask| (mask, product)),
        }
        .run(self.s, cell);
    }

    #[inline(always)]
    fn visit_gated<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize>(self, cell: C) {
        let Self {
            s,
            spec,
            tape,
            recurrence,
            regions,
            ..
        } = self;
        let (place, layout) = (recurrence.place, &tape.layout);
        let Panels::Single(others) = self.model.view().other_biases(place) else {
            return debug_assert!(false, "no gradient of rounded weights");
        };
        let (start, start_c) = starts_of(spec, place, tape.start);
        let parts = [
            self.d_h,
            regions.start,
            regions.sums(spec, place),
            regions.carry(spec, place, 0),
            regions.carry(spec, place, 1),
        ];
        let [d_h, product, d_sums, carry_h, carry_c] = write_all(self.scratch, parts);
        let pass = gated::Backward {
            cell: cell.before_back(s),
            shape: recurrence.shape(),
            w_rec: recurrence.w_rec,
            others,
            starts: Starts {
                h: start,
                c: start_c,
            },
            kept: layout.sums(spec, place).of(tape.rows),
            h: layout.hidden(place.layer).of(tape.rows),
            c: layout.cell(spec, place.layer).of(tape.rows),
            d_h,
            d_sums,
            carry_h,
            carry_c,
        };
        s.run(recurrence::gated::Backward {
            recurrence,
            pass,
            mask: self.mask,
            steps: self.steps,
            end: self.end,
            product,
        });
    }
}

/// What the forward pass dropped from the states that steps read.
const fn mask_of(spec: &Spec, seed: u64, place: Place) -> Mask {
    Mask {
        rate: spec.dropout.recurrent,
        seed,
        place,
    }
}
