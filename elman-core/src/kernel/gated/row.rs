//! Segments, and the single row: all its steps in one function. The sums of a strip of units stay in registers from the product
//! to the state that comes of them.
//!
//! ```text
//! for step { for strip of units { sums = Z; sums += h[t-1]·W_rec; h[t], c[t] = step(sums, …) } }
//! ```
//! Every other step takes its strips from the last to the first, so that it begins with the part of W_rec that the step
//! before left in the nearest cache. One strip of units at a time: its sums are as many chains of multiply-adds as a
//! processor needs to have under way, and while the cell works on them the next strip's product has begun.
//!
//! Several rows take a product and then the cell: the same in one function for two to six rows was so much code that
//! compiling it took longer than all others together.
//!
//! Lost: the input product of the next step here, to fill the time in which the cell waits for its divisions (8 to 17 % slower
//! at 32 units, 15 at 256: what is short is loads and arithmetic, not latency, and one row uses each number of W_in once).

use core::ops::Range;

use super::forward::Forward;
use super::{Rows, Segment, Weights, apart, load_bias, window};
use crate::cell::Gated;
use crate::kernel::operands::Order;
use crate::kernel::pack::Panels;
use crate::simd::{Element, LANES, Operation, Simd};
use crate::slices::at;

/// Some strips of units at all steps of a segment of one row.
struct OneRow<'w, 'a, 'b, E, C, const SUMS: usize, const STATES: usize>(
    &'w mut Forward<'a, C, SUMS, STATES>,
    Segment,
    Range<usize>,
    Weights<'b, E>,
);

impl<E: Element, C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize> Operation
    for OneRow<'_, '_, '_, E, C, SUMS, STATES>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self(pass, segment, strips, weights) = self;
        for index in 0..segment.steps {
            let rows = segment.step(index);
            for strip in strips.clone() {
                let strip = match rows.order {
                    Order::Ascending => strip,
                    Order::Descending => strips.end - 1 - (strip - strips.start),
                };
                pass.strip(s, rows, strip, weights);
            }
        }
    }
}

impl<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize> Forward<'_, C, SUMS, STATES> {
    /// All steps of a segment.
    #[inline(always)]
    pub fn segment<S: Simd>(&mut self, s: S, segment: Segment) {
        if segment.active > 1 {
            for index in 0..segment.steps {
                self.step(s, segment.step(index));
            }
            return;
        }
        self.one_row(s, segment, 0..self.shape.strips());
    }

    /// Some strips of units at all steps of a segment of one row.
    #[inline(always)]
    pub fn one_row<S: Simd>(&mut self, s: S, segment: Segment, strips: Range<usize>) {
        match (self.w_rec, self.others) {
            (Panels::Single(w_rec), Panels::Single(others)) => {
                s.run(OneRow(self, segment, strips, Weights { w_rec, others }));
            }
            (Panels::Pairs(w_rec), Panels::Pairs(others)) => {
                s.run(OneRow(self, segment, strips, Weights { w_rec, others }));
            }
            _ => debug_assert!(false, "all weights of a model have one precision"),
        }
    }

    /// One strip of units of one row.
    #[expect(
        clippy::needless_range_loop,
        reason = "adapters that are not inlined lose the CPU features"
    )]
    #[inline(always)]
    fn strip<S: Simd, E: Element>(&mut self, s: S, rows: Rows, strip: usize, weights: Weights<E>) {
        let (shape, facts) = (self.shape, &const { C::FACTS });
        let first = rows.row * shape.sums_row(facts) + strip * LANES;
        let mut sums = [s.splat(0.0); SUMS];
        for sum in 0..SUMS {
            sums[sum] = if sum < facts.from_x.end {
                let start = first + sum * shape.padded();
                s.load_part(at(self.sums, start..start + LANES))
            } else {
                let bias = (sum - facts.from_x.end) * shape.strips() + strip;
                load_bias(s, weights.others, bias)
            };
        }
        let h = at(self.h_before(rows.previous).data, ..shape.hidden);
        let w_rec = apart(weights.w_rec.matrix, strip, shape.strips());
        window(s, facts.from_h.clone(), h, w_rec, &mut sums);
        self.finish(s, rows, 0, strip, sums);
    }
}
