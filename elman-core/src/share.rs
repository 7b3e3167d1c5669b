//! One sequence on several cores: each worker computes a share of every layer's units.
//!
//! ```text
//! own = the units of a worker's strips
//!
//! Z[:, own] = X·W_in[:, own] + b                                      every step at once
//! for t { h[t, own] = cell(Z[t, own] + h[t-1]·W_rec[:, own]); exchange h[t] }
//! y[rows of its own] = h·W_out + c
//! ```
//! A worker's part of W_rec stays in its core's nearest caches for the whole sequence, and every output is the chain of
//! multiply-adds that one worker would compute: the bits are those of [`forward`](crate::forward()).

use core::ops::Range;

use crate::batch::Batch;
use crate::cell::{Gated, Step, Visit, with_cell};
use crate::error::Error;
use crate::forward::{ForwardPass, Inference, Workers, starts_of};
use crate::inputs::Inputs;
use crate::kernel::gated::{self, Previous, Segment, Starts};
use crate::kernel::operands::{Gemm, Order, Pass, Recurrent, Start, Time};
use crate::layout::{Region, write_all};
use crate::model::Model;
use crate::params::Place;
use crate::recurrence::Recurrence;
use crate::simd::{LANES, Level, Simd, Strip, View};
use crate::slices::{at, at_mut};

/// Which of how many workers, and what falls to it.
///
/// ```
/// # use elman_core::Share;
/// let share = Share::new(1, 3)?; // the second of three workers
/// assert_eq!(share.units(100), 32..64); // whole strips of sixteen units
/// assert_eq!(share.rows(100), 33..66);
/// # Ok::<(), elman_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    index: usize,
    count: usize,
}

impl Share {
    /// Worker `index` of `count`.
    ///
    /// # Errors
    /// [`Error::Batch`] if there is no such worker.
    ///
    /// ```
    /// # use elman_core::Share;
    /// assert!(Share::new(2, 2).is_err());
    /// ```
    pub const fn new(index: usize, count: usize) -> Result<Self, Error> {
        if index < count {
            Ok(Self { index, count })
        } else {
            Err(Error::Batch(
                "a worker's number is below that of all workers",
            ))
        }
    }

    /// Number of the worker.
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Whether this is the first worker.
    pub const fn is_first(&self) -> bool {
        self.index == 0
    }

    /// The units of a layer of `hidden` units that this worker computes; none where there are fewer strips than workers.
    pub const fn units(&self, hidden: usize) -> Range<usize> {
        let strips = self.part(hidden.div_ceil(LANES));
        let (start, end) = (strips.start * LANES, strips.end * LANES);
        let end = if end < hidden { end } else { hidden };
        start..end
    }

    /// The output rows, of `rows`, that this worker computes.
    pub const fn rows(&self, rows: usize) -> Range<usize> {
        self.part(rows)
    }

    const fn part(&self, items: usize) -> Range<usize> {
        // Counts of workers are small, and `new` made sure that there is one.
        let count = if self.count > 0 { self.count } else { 1 };
        items * self.index / count..items * (self.index + 1) / count
    }
}

/// How the workers of a sequence tell one another what they computed.
pub trait Exchange {
    /// `row` holds this worker's numbers in `own`; on return it holds those of all workers. Every worker calls this equally
    /// often, with rows of equal length.
    fn exchange(&mut self, row: &mut [f32], own: Range<usize>);
}

/// [`forward`](crate::forward()) for one worker's share of a single sequence. All workers call it, at the same time, with the same
/// model, batch, inputs and state, each with a state and a workspace of its own.
///
/// `outputs` are the rows of [`Share::rows`] among [`Spec::output_rows`](crate::Spec::output_rows); `state` ends as that of the
/// whole sequence.
///
/// # Errors
/// As `forward`, before anything is exchanged, and [`Error::Batch`] for more than one sequence.
///
/// ```
/// # use elman_core::*;
/// # let spec = Spec::dense(2, 20, 1);
/// # let params = vec![0.1; spec.params_len()];
/// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
/// # pack(&spec, &params, &mut packed)?;
/// # let model = Model::new(spec, &params, &packed)?;
/// struct Alone;
/// impl Exchange for Alone {
///     fn exchange(&mut self, row: &mut [f32], own: std::ops::Range<usize>) {
///         assert_eq!(own, 0..row.len()); // a single worker computes everything itself
///     }
/// }
/// let (batch, inputs) = (Batch::uniform(3, 1)?, Inputs::Dense(&[0.5; 6]));
/// let mut state = vec![0.0; spec.state_len()];
/// let mut workspace = vec![Strip::ZERO; spec.workspace_len(3, 1)];
/// let mut outputs = [0.0; 3];
/// let share = Share::new(0, 1)?;
/// forward_share(Level::detect(), &model, share, &mut Alone, &batch, inputs, &mut state, &mut workspace, &mut outputs)?;
/// # assert!(outputs[0] > 0.4);
/// # Ok::<(), Error>(())
/// ```
#[expect(
    clippy::too_many_arguments,
    reason = "those of `forward`, and who does what"
)]
pub fn forward_share(
    level: Level,
    model: &Model,
    share: Share,
    exchange: &mut dyn Exchange,
    batch: &Batch,
    inputs: Inputs,
    state: &mut [f32],
    workspace: &mut [Strip],
    outputs: &mut [f32],
) -> Result<(), Error> {
    if batch.sequences() != 1 {
        return Err(Error::Batch("workers share a single sequence"));
    }
    let inference = Inference {
        model,
        batch,
        inputs,
        state,
        buffer: Strip::floats_mut(workspace),
        outputs,
        workers: Team { share, exchange },
    };
    inference.check()?;
    level.run(inference);
    Ok(())
}

/// The workers as one of them sees them.
struct Team<'a> {
    share: Share,
    exchange: &'a mut dyn Exchange,
}

impl Workers for Team<'_> {
    fn rows(&self, rows: usize) -> Range<usize> {
        self.share.rows(rows)
    }

    #[inline(always)]
    fn layer<S: Simd>(
        &mut self,
        s: S,
        pass: &ForwardPass,
        layer: usize,
        state: &[f32],
        buffer: &mut [f32],
    ) {
        let l = pass.model.spec().layer(layer);
        for place in pass.model.spec().directions_of(layer) {
            let share = LayerShare {
                s,
                pass,
                place,
                hidden: l.hidden,
                own: self.share.units(l.hidden),
                exchange: &mut *self.exchange,
                state,
                buffer: &mut *buffer,
            };
            with_cell(l.cell, share);
        }
    }
}

/// A worker's share of one direction of a layer.
struct LayerShare<'a, 'p, S> {
    s: S,
    pass: &'a ForwardPass<'p>,
    place: Place,
    hidden: usize,
    /// Of the units.
    own: Range<usize>,
    exchange: &'a mut dyn Exchange,
    /// (1, S)
    state: &'a [f32],
    buffer: &'a mut [f32],
}

impl<S: Simd> LayerShare<'_, '_, S> {
    /// `Z[:, own] = X·W_in[:, own] + b` for `columns` of sum `sum`, which go to `z` from column `first` on.
    #[inline(always)]
    fn project(&mut self, sum: usize, columns: usize, z: (Region, usize), first: usize) {
        let (z_region, z_row) = z;
        let (x, z) = self
            .pass
            .read_and_write(self.place.layer, z_region, self.buffer);
        let strip = sum * self.hidden.div_ceil(LANES) + self.own.start / LANES;
        let x_width = self.pass.model.spec().layer_input_width(self.place.layer);
        self.s.run(Gemm {
            start: Start::Bias,
            ..Gemm::new(
                self.pass.batch.rows(),
                columns,
                x_width,
                View::rows(x, x_width),
                self.pass.model.view().input_weights(self.place).from(strip),
                at_mut(z, first..),
                z_row,
            )
        });
    }

    fn recurrence(&self) -> Recurrence<'_> {
        let model = self.pass.model;
        Recurrence {
            batch: self.pass.batch,
            place: self.place,
            w_rec: model.view().recurrent_weights(self.place),
            hidden: self.hidden,
            width: model.spec().layer(self.place.layer).width(),
        }
    }

    /// The steps in the order in which they come up, each with the one before it, which is none for the first.
    fn order(&self) -> impl Iterator<Item = (usize, Option<usize>)> + use<S> {
        let (steps, reverse) = (self.pass.batch.rows(), self.place.reverse);
        (0..steps).map(move |index| {
            if reverse {
                (steps - 1 - index, (index > 0).then_some(steps - index))
            } else {
                (index, index.checked_sub(1))
            }
        })
    }
}

impl<S: Simd> Visit for LayerShare<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn visit<C: Step<1, 1>>(mut self, cell: C) {
        let (hidden, own) = (self.hidden, self.own.clone());
        let (region, column) = (
            self.pass.layout.hidden(self.place.layer),
            self.place.column(hidden),
        );
        let width = self.recurrence().width;
        self.project(0, own.len(), (region, width), column + own.start);
        let order = self.order();
        let steps = self.pass.batch.rows();
        let skips_zeros = self.recurrence().skips_zeros(cell, Pass::Forward, 1, steps);
        let w_rec = self.pass.model.view().recurrent_weights(self.place);
        let (start, _) = starts_of(self.pass.model.spec(), self.place, self.state);
        let h = region.of_mut(self.buffer);
        for (index, (t, before)) in order.enumerate() {
            let (previous, row) = match before {
                None => (start, at_mut(h, t * width..)),
                Some(before) => {
                    let (low, high) = h
                        .split_at_mut_checked(t.max(before) * width)
                        .unwrap_or_default();
                    if before < t {
                        (View::rows(at(low, before * width + column..), width), high)
                    } else {
                        (
                            View::rows(at(high, column..), width),
                            at_mut(low, t * width..),
                        )
                    }
                }
            };
            let row = at_mut(row, column..column + hidden);
            self.s.run(Recurrent {
                cell,
                pass: Pass::Forward,
                rows: 1,
                columns: own.len(),
                depth: hidden,
                steps: 1,
                time: Time::Forward,
                previous,
                b: w_rec.from(own.start / LANES),
                c: at_mut(row, own.clone()),
                c_row: own.len(),
                order: Order::of_step(index),
                skips_zeros,
            });
            self.exchange.exchange(row, own.clone());
        }
    }

    #[inline(always)]
    fn visit_gated<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize>(
        mut self,
        cell: C,
    ) {
        let (model, layout, place) = (self.pass.model, self.pass.layout, self.place);
        let (spec, own) = (model.spec(), self.own.clone());
        let shape = self.recurrence().shape();
        let facts = &const { C::FACTS };
        let region = layout.sums(spec, place);
        let strips = own.start / LANES..own.end.div_ceil(LANES);
        for sum in facts.from_x.clone() {
            let first = sum * shape.padded() + own.start;
            let z = (region, shape.sums_row(facts));
            self.project(sum, (strips.end - strips.start) * LANES, z, first);
        }
        let regions = [
            layout.hidden(place.layer),
            region,
            layout.cell(spec, place.layer),
        ];
        let (start, start_c) = starts_of(spec, place, self.state);
        let order = self.order();
        let [h, sums, c] = write_all(self.buffer, regions);
        let mut pass = gated::Forward {
            cell,
            shape,
            w_rec: model.view().recurrent_weights(place),
            others: model.view().other_biases(place),
            starts: Starts {
                h: start,
                c: start_c,
            },
            sums,
            h,
            c,
            masked: None,
            sequences: 1,
            keep: false,
        };
        let last = self.pass.batch.rows() - 1;
        for (index, (t, before)) in order.enumerate() {
            let previous = before.map_or(Previous::Start(0), Previous::Rows);
            let segment = Segment {
                row: t,
                active: 1,
                steps: 1,
                time: Time::Forward,
                previous,
                order: Order::of_step(index),
            };
            pass.one_row(self.s, segment, strips.clone());
            let units =
                t * shape.width + shape.column..t * shape.width + shape.column + shape.hidden;
            self.exchange
                .exchange(at_mut(pass.h, units.clone()), own.clone());
            if STATES > 1 && index == last {
                self.exchange.exchange(at_mut(pass.c, units), own.clone());
            }
        }
    }
}
