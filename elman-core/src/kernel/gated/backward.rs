//! Backward in time: what flows from the step after, then the adjoint of the cell on the rows of a step.

use core::ops::Range;

use super::{Previous, Rows, Shape, Starts, load_state, load_sums};
use crate::cell::{CellFacts, Gated};
use crate::kernel::operands::{Gemm, Order, Start};
use crate::kernel::pack::{Panel, Panels};
use crate::kernel::recurrent::{Tiles, max_strips};
use crate::simd::{Element, LANES, Operands, Operation, Simd, Sums, View, load_rows, store_rows};
use crate::slices::{at, at_mut};

/// The backward pass of one direction.
pub(crate) struct Backward<'a, C, const SUMS: usize, const STATES: usize> {
    pub cell: C,
    pub shape: Shape,
    /// `W_recᵀ`, (from_h·H, H).
    pub w_rec: Panels<'a>,
    /// Biases of the sums that x does not feed.
    pub others: Panel<'a, f32>,
    pub starts: Starts<'a>,
    /// (R, computed·Hs): what `step` left.
    pub kept: &'a [f32],
    /// (R, W)
    pub h: &'a [f32],
    /// (R, W); empty where the cell has one state.
    pub c: &'a [f32],
    /// (R, W)
    pub d_h: &'a mut [f32],
    /// (R, SUMS·H)
    pub d_sums: &'a mut [f32],
    /// (B, H)
    pub carry_h: &'a mut [f32],
    /// (B, H); empty where the cell has one state.
    pub carry_c: &'a mut [f32],
}

impl<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize> Backward<'_, C, SUMS, STATES> {
    /// `dh += d_sums·W_recᵀ` for `count` rows from `row` on, from as many rows of d_sums from `from` on.
    #[inline(always)]
    pub fn multiply<S: Simd>(&mut self, s: S, (row, count): (usize, usize), from: usize) {
        let (hidden, width) = (self.shape.hidden, self.shape.width);
        let c = at_mut(self.d_h, row * width + self.shape.column..);
        let d_sums = fed_by_h(self.d_sums, &C::FACTS, hidden).from(from, 0);
        let depth = C::FACTS.gates * hidden;
        s.run(Gemm {
            start: Start::Continue,
            ..Gemm::new(count, hidden, depth, d_sums, self.w_rec, c, width)
        });
    }

    /// `c (count, H) = d_sums·W_recᵀ`, from rows of d_sums from `from` on.
    #[inline(always)]
    pub fn product<S: Simd>(&self, s: S, count: usize, from: usize, c: &mut [f32]) {
        let hidden = self.shape.hidden;
        let d_sums = fed_by_h(self.d_sums, &C::FACTS, hidden).from(from, 0);
        let depth = C::FACTS.gates * hidden;
        let w_rec = self.w_rec;
        s.run(Gemm::new(count, hidden, depth, d_sums, w_rec, c, hidden));
    }

    /// The adjoint of the cell on some rows of a step, the first of which belongs to sequence `sequence`.
    #[inline(always)]
    pub fn step<S: Simd>(&mut self, s: S, rows: Rows, sequence: usize) {
        s.run(BackRows(self, rows, sequence));
    }

    /// All steps of a batch of one sequence, whose row is the number of its step. The pass went through the steps from
    /// `steps.end` to `end` before.
    #[inline(always)]
    pub fn sequence<S: Simd>(&mut self, s: S, steps: Range<usize>, end: usize, reverse: bool) {
        s.run(OneSequence(self, steps, end, reverse));
    }
}

/// All steps of one sequence in one function.
struct OneSequence<'w, 'a, C, const SUMS: usize, const STATES: usize>(
    &'w mut Backward<'a, C, SUMS, STATES>,
    Range<usize>,
    usize,
    bool,
);

impl<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize> Operation
    for OneSequence<'_, '_, C, SUMS, STATES>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self(pass, steps, end, reverse) = self;
        for index in 0..steps.len() {
            // A step has a neighbour that continues it, and one that it continues.
            let (row, next, previous) = if reverse {
                let t = steps.start + index;
                let previous = (t + 1 < steps.end).then_some(t + 1);
                (t, t.checked_sub(1), previous)
            } else {
                let t = steps.end - 1 - index;
                (t, (t + 1 < end).then_some(t + 1), t.checked_sub(1))
            };
            if let Some(next) = next {
                pass.multiply_row(s, row, next);
            }
            let rows = Rows {
                row,
                count: 1,
                previous: previous.map_or(Previous::Start(0), Previous::Rows),
                order: Order::Ascending,
            };
            BackRows(&mut *pass, rows, 0).run(s);
        }
    }
}

impl<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize> Backward<'_, C, SUMS, STATES> {
    /// `dh += d_sums·W_recᵀ` for row `row`, from row `from` of d_sums.
    #[inline(always)]
    fn multiply_row<S: Simd>(&mut self, s: S, row: usize, from: usize) {
        let Panels::Single(w_rec) = self.w_rec else {
            return debug_assert!(false, "no gradient of rounded weights");
        };
        let hidden = self.shape.hidden;
        let d_sums = fed_by_h(self.d_sums, &C::FACTS, hidden).from(from, 0);
        let start = row * self.shape.width + self.shape.column;
        let d_h = at_mut(self.d_h, start..start + hidden);
        let tiles = Tiles::of::<S>(1, hidden);
        for tile in 0..tiles.count {
            let (strip, width) = tiles.get(tile, Order::Ascending);
            let (b, c) = (w_rec.matrix.from(strip, 0), at_mut(d_h, strip * LANES..));
            let depth = C::FACTS.gates * hidden;
            // What the constants rule out is not even compiled.
            match width {
                6 if const { max_strips::<S>(1) >= 6 } => add::<S, 6>(s, d_sums, b, depth, c),
                5 if const { max_strips::<S>(1) >= 5 } => add::<S, 5>(s, d_sums, b, depth, c),
                4 if const { max_strips::<S>(1) >= 4 } => add::<S, 4>(s, d_sums, b, depth, c),
                3 if const { max_strips::<S>(1) >= 3 } => add::<S, 3>(s, d_sums, b, depth, c),
                2 if const { max_strips::<S>(1) >= 2 } => add::<S, 2>(s, d_sums, b, depth, c),
                _ => add::<S, 1>(s, d_sums, b, depth, c),
            }
        }
    }
}

/// `c += a·B` for one row and `STRIPS` strips.
#[inline(always)]
fn add<S: Simd, const STRIPS: usize>(s: S, a: View, b: View, depth: usize, c: &mut [f32]) {
    let columns = c.len();
    let mut sums: Sums<S, 1, STRIPS> =
        load_rows::<S, 1, STRIPS, false>(s, c, columns, columns.min(STRIPS * LANES));
    f32::multiply(s, Operands::new(a, b, depth), &mut sums);
    store_rows::<S, 1, STRIPS, false>(s, &sums, c, columns, columns.min(STRIPS * LANES));
}

/// The gradients of the sums that h feeds, rows of `d_sums`.
#[inline(always)]
pub(crate) fn fed_by_h<'a>(d_sums: &'a [f32], facts: &CellFacts, hidden: usize) -> View<'a> {
    View::rows(d_sums, facts.sums * hidden).from(0, facts.from_h.start * hidden)
}

struct BackRows<'w, 'a, C, const SUMS: usize, const STATES: usize>(
    &'w mut Backward<'a, C, SUMS, STATES>,
    Rows,
    usize,
);

impl<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize> Operation
    for BackRows<'_, '_, C, SUMS, STATES>
{
    type Output = ();

    #[expect(
        clippy::needless_range_loop,
        reason = "adapters that are not inlined lose the CPU features"
    )]
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self(pass, rows, sequence) = self;
        let Backward {
            cell,
            shape,
            others,
            starts,
            kept,
            h,
            c,
            d_h,
            d_sums,
            carry_h,
            carry_c,
            ..
        } = pass;
        let (shape, hidden, zero) = (*shape, shape.hidden, [s.splat(0.0); STATES]);
        let facts = &const { C::FACTS };
        let (row_len, d_row) = (shape.sums_row(facts), SUMS * hidden);
        for index in 0..rows.count {
            let row = rows.row + index;
            let kept = at(kept, row * row_len..);
            let d_sums = at_mut(d_sums, row * d_row..(row + 1) * d_row);
            let first = (sequence + index) * hidden;
            for strip in 0..shape.strips() {
                let units = shape.units(row, strip);
                let columns = strip * LANES..hidden.min((strip + 1) * LANES);
                let carried = first + columns.start..first + columns.end;
                let (mut previous, mut state, mut d_state) = (zero, zero, zero);
                previous[0] = load_state(s, shape, (h, starts.h), rows.previous, index, strip);
                state[0] = s.load_part(at(h, units.clone()));
                d_state[0] = s.load_part(at(d_h, units.clone()));
                if C::H_FLOWS {
                    let carry = s.load_part(at(carry_h, carried.clone()));
                    d_state[0] = s.add(d_state[0], carry);
                }
                if STATES > 1 {
                    previous[1] = load_state(s, shape, (c, starts.c), rows.previous, index, strip);
                    state[1] = s.load_part(at(c, units));
                    d_state[1] = s.load_part(at(carry_c, carried.clone()));
                }
                let kept = load_sums::<S, f32, SUMS>(s, shape, facts, kept, *others, strip);
                let (gradients, flows) = cell.back(s, kept, previous, state, d_state);
                for sum in 0..SUMS {
                    let start = sum * hidden;
                    let to = at_mut(d_sums, start + columns.start..start + columns.end);
                    s.store_part(to, gradients[sum]);
                }
                if C::H_FLOWS {
                    s.store_part(at_mut(carry_h, carried.clone()), flows[0]);
                }
                if STATES > 1 {
                    s.store_part(at_mut(carry_c, carried), flows[1]);
                }
            }
        }
    }
}
