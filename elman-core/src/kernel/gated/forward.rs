//! Forward in time: the product of a step, then the cell on its rows.

use super::{Previous, Rows, Shape, Starts, load_bias, load_state, load_sums};
use crate::cell::Gated;
use crate::kernel::operands::{Gemm, Start};
use crate::kernel::pack::{Panel, Panels};
use crate::simd::{Element, LANES, Operation, Simd, View};
use crate::slices::{at, at_mut};

/// The forward pass of one direction.
pub(crate) struct Forward<'a, C, const SUMS: usize, const STATES: usize> {
    pub cell: C,
    pub shape: Shape,
    pub w_rec: Panels<'a>,
    /// Biases of the sums that x does not feed.
    pub others: Panels<'a>,
    pub starts: Starts<'a>,
    /// (R, computed·Hs)
    pub sums: &'a mut [f32],
    /// (R, W)
    pub h: &'a mut [f32],
    /// (R, W); empty where the cell has one state.
    pub c: &'a mut [f32],
    /// What the product reads instead of h where recurrent dropout masks it, (B + R, H): start states, then hidden states.
    pub masked: Option<&'a mut [f32]>,
    /// B
    pub sequences: usize,
    /// Whether what `back` reads is to stay in the place of the sums.
    pub keep: bool,
}

impl<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize> Forward<'_, C, SUMS, STATES> {
    /// What a step's product reads.
    #[inline(always)]
    pub(super) fn h_before(&self, previous: Previous) -> View<'_> {
        let Shape {
            hidden,
            width,
            column,
        } = self.shape;
        match (&self.masked, previous) {
            (None, Previous::Rows(row)) => View::rows(&*self.h, width).from(row, column),
            (None, Previous::Start(sequence)) => self.starts.h.from(sequence, 0),
            (Some(masked), previous) => {
                let row = match previous {
                    Previous::Rows(row) => self.sequences + row,
                    Previous::Start(sequence) => sequence,
                };
                View::rows(masked, hidden).from(row, 0)
            }
        }
    }

    /// One time step of some rows.
    #[inline(always)]
    pub fn step<S: Simd>(&mut self, s: S, rows: Rows) {
        self.multiply(s, rows);
        match self.others {
            Panels::Single(others) => s.run(StepRows(self, rows, others)),
            Panels::Pairs(others) => s.run(StepRows(self, rows, others)),
        }
    }

    /// The cell on the finished sums of a strip of units, in row `index` of a step.
    #[expect(
        clippy::needless_range_loop,
        reason = "adapters that are not inlined lose the CPU features"
    )]
    #[inline(always)]
    pub(super) fn finish<S: Simd>(
        &mut self,
        s: S,
        rows: Rows,
        index: usize,
        strip: usize,
        mut sums: [S::V; SUMS],
    ) {
        let (shape, facts, before) = (self.shape, &const { C::FACTS }, rows.previous);
        let mut previous = [s.splat(0.0); STATES];
        previous[0] = load_state(s, shape, (self.h, self.starts.h), before, index, strip);
        if STATES > 1 {
            previous[1] = load_state(s, shape, (self.c, self.starts.c), before, index, strip);
        }
        let state = self.cell.step(s, &mut sums, previous);
        let row = rows.row + index;
        let units = shape.units(row, strip);
        s.store_part(at_mut(self.h, units.clone()), state[0]);
        if STATES > 1 {
            s.store_part(at_mut(self.c, units), state[1]);
        }
        if self.keep {
            let first = row * shape.sums_row(facts) + strip * LANES;
            for sum in 0..facts.computed() {
                let start = first + sum * shape.padded();
                s.store_part(at_mut(self.sums, start..start + LANES), sums[sum]);
            }
        }
    }

    /// `sums += h[t-1]·W_rec`
    #[inline(always)]
    fn multiply<S: Simd>(&mut self, s: S, rows: Rows) {
        let (facts, shape, others) = (&const { C::FACTS }, self.shape, self.others);
        let (row, columns) = (shape.sums_row(facts), shape.padded());
        let c = at_mut(self.sums, rows.row * row..);
        for sum in facts.from_x.end..facts.computed() {
            // Nothing but its bias is there before h is.
            let first = (sum - facts.from_x.end) * shape.strips();
            for index in 0..rows.count {
                let to = at_mut(c, index * row + sum * columns..);
                copy_biases(s, others, first, at_mut(to, ..columns));
            }
        }
        let fed = (facts.from_h.end - facts.from_h.start) * columns;
        let start = rows.row * row + facts.from_h.start * columns;
        let (order, w_rec, hidden) = (rows.order, self.w_rec, shape.hidden);
        // Taken out, since `h_before` borrows all of the pass.
        let sums = core::mem::take(&mut self.sums);
        let a = self.h_before(rows.previous);
        s.run(Gemm {
            start: Start::Continue,
            order,
            ..Gemm::new(
                rows.count,
                fed,
                hidden,
                a,
                w_rec,
                at_mut(sums, start..),
                row,
            )
        });
        self.sums = sums;
    }
}

/// The cell on the finished sums of a step.
struct StepRows<'w, 'a, 'b, E, C, const SUMS: usize, const STATES: usize>(
    &'w mut Forward<'a, C, SUMS, STATES>,
    Rows,
    Panel<'b, E>,
);

impl<E: Element, C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize> Operation
    for StepRows<'_, '_, '_, E, C, SUMS, STATES>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self(pass, rows, others) = self;
        let (shape, facts) = (pass.shape, &const { C::FACTS });
        let row_len = shape.sums_row(facts);
        for index in 0..rows.count {
            let start = (rows.row + index) * row_len;
            for strip in 0..shape.strips() {
                let row = at(pass.sums, start..start + row_len);
                let sums = load_sums::<S, E, SUMS>(s, shape, facts, row, others, strip);
                pass.finish(s, rows, index, strip, sums);
            }
        }
    }
}

/// Strips of biases alone, from strip `first` on, as many as `to` takes.
#[inline(always)]
fn copy_biases<S: Simd>(s: S, biases: Panels, first: usize, to: &mut [f32]) {
    match biases {
        Panels::Single(panel) => copy_strips(s, panel, first, to),
        Panels::Pairs(panel) => copy_strips(s, panel, first, to),
    }
}

#[inline(always)]
fn copy_strips<S: Simd, E: Element>(s: S, biases: Panel<E>, first: usize, to: &mut [f32]) {
    for (index, to) in to.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        s.store(to, load_bias(s, biases, first + index));
    }
}
