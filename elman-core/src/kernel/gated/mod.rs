//! The recurrence of cells with several sums per unit, forward and backward in time: one product per time step, then the
//! cell.
//!
//! ```text
//! sums (R, computed·Hs)   sum after sum, Hs = H in full strips      X·W_in + b is there already where x feeds a sum
//! h, c (R, W)             this direction's H columns of them        start (B, H)
//!
//! sums[t] += h[t-1]·W_rec             (H, from_h·Hs)
//! h[t], c[t] = step(sums[t], h[t-1], c[t-1])            and in the place of the sums stays what `back` reads
//!
//! d_sums (R, SUMS·H)      sum after sum, without gaps               carry (B, H) for each state: what flows past the sums
//!
//! dh[t]    += d_sums[t+1]·W_recᵀ      (from_h·H, H)
//! d_sums[t], carry = back(…, dh[t] + carry)
//! ```
//!
//! Rows are told by number, since a step reads the array that it writes: first the product reads, then the cell writes.

mod backward;
mod forward;
mod row;
pub(crate) mod step;

use super::operands::{Order, Time};
use super::pack::Panel;
use crate::cell::CellFacts;
use crate::simd::{Element, LANES, Operands, Simd, View};
use crate::slices::at;

pub(crate) use backward::Backward;
pub(crate) use forward::Forward;

/// Where the state that a step reads lies.
#[derive(Clone, Copy)]
pub(crate) enum Previous {
    /// In rows from this one on.
    Rows(usize),
    /// Among the start states, from this sequence on.
    Start(usize),
}

/// Neighbouring steps of equally many rows, in the order in which they come up.
#[derive(Clone, Copy)]
pub(crate) struct Segment {
    /// The first row of the step that comes up first.
    pub row: usize,
    /// Rows per step.
    pub active: usize,
    pub steps: usize,
    pub time: Time,
    /// What the first step reads; the others read the step before.
    pub previous: Previous,
    /// In which order the first step takes its columns; the next one takes the other.
    pub order: Order,
}

/// One step of a segment.
#[derive(Clone, Copy)]
pub(crate) struct Rows {
    pub row: usize,
    pub count: usize,
    pub previous: Previous,
    pub order: Order,
}

impl Segment {
    /// The step that comes up as number `index`.
    #[inline(always)]
    pub const fn step(&self, index: usize) -> Rows {
        let offset = index * self.active;
        let (row, before) = match self.time {
            Time::Forward => (
                self.row + offset,
                (self.row + offset).wrapping_sub(self.active),
            ),
            Time::Backward => (self.row - offset, self.row - offset + self.active),
        };
        Rows {
            row,
            count: self.active,
            previous: if index == 0 {
                self.previous
            } else {
                Previous::Rows(before)
            },
            order: if index.is_multiple_of(2) {
                self.order
            } else {
                self.order.other()
            },
        }
    }
}

/// Shapes of one direction of a layer.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub hidden: usize,
    /// From one row of h and c to the next.
    pub width: usize,
    /// Where the units of this direction begin within a row.
    pub column: usize,
}

impl Shape {
    #[inline(always)]
    const fn strips(&self) -> usize {
        self.hidden.div_ceil(LANES)
    }

    /// Columns of a sum, in full strips.
    #[inline(always)]
    pub const fn padded(&self) -> usize {
        self.strips() * LANES
    }

    /// From one row of sums to the next.
    #[inline(always)]
    pub const fn sums_row(&self, facts: &CellFacts) -> usize {
        facts.computed() * self.padded()
    }

    /// The units of strip `strip` within rows of a state: (first, last + 1) in row `row`.
    #[inline(always)]
    fn units(&self, row: usize, strip: usize) -> core::ops::Range<usize> {
        let start = row * self.width + self.column;
        let end = self.hidden.min((strip + 1) * LANES);
        start + strip * LANES..start + end
    }
}

/// States that were computed, and those that sequences start from.
#[derive(Clone, Copy)]
pub(crate) struct Starts<'a> {
    /// (B, H), where they lie within the states of sequences.
    pub h: View<'a>,
    pub c: View<'a>,
}

/// `states[state]` of one strip of units in one row.
#[inline(always)]
fn load_state<S: Simd>(
    s: S,
    shape: Shape,
    (rows, start): (&[f32], View),
    previous: Previous,
    index: usize,
    strip: usize,
) -> S::V {
    match previous {
        Previous::Rows(row) => s.load_part(at(rows, shape.units(row + index, strip))),
        Previous::Start(sequence) => {
            let from = start.from(sequence + index, 0).data;
            let end = shape.hidden.min((strip + 1) * LANES);
            s.load_part(at(from, strip * LANES..end))
        }
    }
}

/// The sums of a strip of units: those in `row`, then those that nothing feeds.
#[expect(
    clippy::needless_range_loop,
    reason = "adapters that are not inlined lose the CPU features"
)]
#[inline(always)]
fn load_sums<S: Simd, E: Element, const SUMS: usize>(
    s: S,
    shape: Shape,
    facts: &CellFacts,
    row: &[f32],
    others: Panel<E>,
    strip: usize,
) -> [S::V; SUMS] {
    let mut sums = [s.splat(0.0); SUMS];
    let computed = facts.computed();
    for sum in 0..SUMS {
        if sum < computed {
            let start = sum * shape.padded() + strip * LANES;
            sums[sum] = s.load_part(at(row, start..start + LANES));
        } else {
            let first = (sum - facts.from_x.end) * shape.strips() + strip;
            sums[sum] = load_bias(s, others, first);
        }
    }
    sums
}

/// Strip `strip` of panels that are biases alone.
#[inline(always)]
fn load_bias<S: Simd, E: Element>(s: S, biases: Panel<E>, strip: usize) -> S::V {
    match biases.bias.from(strip, 0).data.first_chunk() {
        Some(bias) => E::load_bias(s, bias),
        None => s.splat(0.0),
    }
}

/// `sums += a·B` for the sums of a range, of which B holds a strip each.
#[inline(always)]
fn window<S: Simd, E: Element, const SUMS: usize>(
    s: S,
    fed: core::ops::Range<usize>,
    a: &[f32],
    b: View<E>,
    sums: &mut [S::V; SUMS],
) {
    // What the constants rule out is not even compiled.
    match fed.end - fed.start {
        1 => some::<S, E, SUMS, 1>(s, fed.start, a, b, sums),
        3 => some::<S, E, SUMS, 3>(s, fed.start, a, b, sums),
        4 => some::<S, E, SUMS, 4>(s, fed.start, a, b, sums),
        _ => debug_assert!(false, "no cell feeds so many sums"),
    }
}

#[expect(
    clippy::manual_memcpy,
    reason = "a copy of slices whose lengths could differ links a panic"
)]
#[inline(always)]
fn some<S: Simd, E: Element, const SUMS: usize, const FED: usize>(
    s: S,
    first: usize,
    a: &[f32],
    b: View<E>,
    sums: &mut [S::V; SUMS],
) {
    let mut tile = [[s.splat(0.0); FED]; 1];
    for j in 0..FED {
        tile[0][j] = sums[first + j];
    }
    E::multiply(s, Operands::new(View::rows(a, 0), b, a.len()), &mut tile);
    for j in 0..FED {
        sums[first + j] = tile[0][j];
    }
}

/// The weights of the recurrence in one precision.
#[derive(Clone, Copy)]
struct Weights<'a, E> {
    w_rec: Panel<'a, E>,
    others: Panel<'a, E>,
}

/// The strips of one strip of units, of `strips`, in all sums of a matrix.
#[inline(always)]
fn apart<E>(matrix: View<E>, strip: usize, strips: usize) -> View<E> {
    View {
        outer: matrix.outer * strips,
        ..matrix.from(strip, 0)
    }
}
