//! Few rows: all steps of a segment in one function. The sums of a strip of units stay in registers from the product to
//! the state that comes of them.
//!
//! ```text
//! for step { for strip of units { sums = Z; sums += h[t-1]·W_rec; h[t], c[t] = step(sums, …) } }
//! ```
//! Every other step takes its strips from the last to the first, so that it begins with the part of W_rec that the step
//! before left in the nearest cache. One strip of units at a time: its sums are as many chains of multiply-adds as a
//! processor needs to have under way, and while the cell works on them the next strip's product has begun.

use super::{Forward, Segment, Weights, apart, load_bias, load_state};
use crate::cell::Gated;
use crate::kernel::operands::Order;
use crate::simd::{Element, LANES, Operands, Operation, Simd, Sums};
use crate::slices::{at, at_mut};

/// Whether so many rows with so many sums each ever stay in registers.
pub(super) const fn fits<S: Simd, E: Element>(rows: usize, fed: usize) -> bool {
    rows <= E::TILE_ROWS && rows * fed <= S::ACCUMULATORS
}

/// All steps of a segment of `ROWS` rows, of whose sums `h` feeds `FED`.
pub(super) struct SmallBatch<
    'w,
    'a,
    'b,
    E,
    C,
    const ROWS: usize,
    const FED: usize,
    const SUMS: usize,
    const STATES: usize,
>(
    pub &'w mut Forward<'a, C, SUMS, STATES>,
    pub Segment,
    pub Weights<'b, E>,
);

impl<
    E: Element,
    C: Gated<SUMS, STATES>,
    const ROWS: usize,
    const FED: usize,
    const SUMS: usize,
    const STATES: usize,
> Operation for SmallBatch<'_, '_, '_, E, C, ROWS, FED, SUMS, STATES>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let strips = self.0.shape.strips();
        for index in 0..self.1.steps {
            for strip in 0..strips {
                let strip = match self.1.step(index).order {
                    Order::Ascending => strip,
                    Order::Descending => strips - 1 - strip,
                };
                self.strip(s, index, strip);
            }
        }
    }
}

impl<
    E: Element,
    C: Gated<SUMS, STATES>,
    const ROWS: usize,
    const FED: usize,
    const SUMS: usize,
    const STATES: usize,
> SmallBatch<'_, '_, '_, E, C, ROWS, FED, SUMS, STATES>
{
    /// One strip of units at one step.
    #[inline(always)]
    fn strip<S: Simd>(&mut self, s: S, index: usize, strip: usize) {
        let Self(pass, segment, weights) = self;
        let (shape, facts, rows) = (pass.shape, &const { C::FACTS }, segment.step(index));
        let (row_len, padded) = (shape.sums_row(facts), shape.padded());
        let z = rows.row * row_len + strip * LANES;
        let first = facts.from_h.start;
        let mut fed: Sums<S, ROWS, FED> = [[s.splat(0.0); FED]; ROWS];
        for r in 0..ROWS {
            for j in 0..FED {
                fed[r][j] = if first + j < facts.from_x.end {
                    load_strip(s, pass.sums, z + r * row_len + (first + j) * padded)
                } else {
                    let bias = (first + j - facts.from_x.end) * shape.strips() + strip;
                    load_bias(s, weights.others, bias)
                };
            }
        }
        let h = pass.h_before(rows.previous);
        let w_rec = apart(weights.w_rec.matrix, strip, shape.strips());
        E::multiply(s, Operands::new(h, w_rec, shape.hidden), &mut fed);
        for r in 0..ROWS {
            let mut sums = [s.splat(0.0); SUMS];
            for sum in 0..SUMS {
                sums[sum] = if facts.from_h.start <= sum && sum < facts.from_h.end {
                    fed[r][sum - first]
                } else if sum < facts.computed() {
                    load_strip(s, pass.sums, z + r * row_len + sum * padded)
                } else {
                    let bias = (sum - facts.from_x.end) * shape.strips() + strip;
                    load_bias(s, weights.others, bias)
                };
            }
            let (h, c) = (&*pass.h, &*pass.c);
            let mut previous = [s.splat(0.0); STATES];
            previous[0] = load_state(s, shape, (h, pass.starts.h), rows.previous, r, strip);
            if STATES > 1 {
                previous[1] = load_state(s, shape, (c, pass.starts.c), rows.previous, r, strip);
            }
            let state = pass.cell.step(s, &mut sums, previous);
            let units = shape.units(rows.row + r, strip);
            s.store_part(at_mut(pass.h, units.clone()), state[0]);
            if STATES > 1 {
                s.store_part(at_mut(pass.c, units), state[1]);
            }
            if pass.keep {
                for sum in 0..facts.computed() {
                    let start = z + r * row_len + sum * padded;
                    s.store_part(at_mut(pass.sums, start..start + LANES), sums[sum]);
                }
            }
        }
    }
}

#[inline(always)]
fn load_strip<S: Simd>(s: S, from: &[f32], start: usize) -> S::V {
    s.load_part(at(from, start..start + LANES))
}
