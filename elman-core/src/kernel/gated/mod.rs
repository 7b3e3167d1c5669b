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

mod small;
pub(crate) mod step;

use super::operands::{Gemm, Order, Start, Time};
use super::pack::{Panel, Panels};
use crate::cell::{CellFacts, Gated};
use crate::simd::{Element, LANES, Operands, Operation, Simd, View};
use crate::slices::{at, at_mut};
use small::SmallBatch;

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
    const fn padded(&self) -> usize {
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
    /// All steps of a segment.
    #[inline(always)]
    pub fn segment<S: Simd>(&mut self, s: S, segment: Segment) {
        let weights = match (self.w_rec, self.others) {
            (Panels::Single(w_rec), Panels::Single(others)) => {
                let weights = Weights { w_rec, others };
                return self.pick(s, segment, weights);
            }
            (Panels::Pairs(w_rec), Panels::Pairs(others)) => Weights { w_rec, others },
            _ => return debug_assert!(false, "all weights of a model have one precision"),
        };
        self.pick(s, segment, weights);
    }

    #[inline(always)]
    fn pick<S: Simd, E: Element>(&mut self, s: S, segment: Segment, weights: Weights<E>) {
        // What the constants rule out is not even compiled.
        match const { C::FACTS.from_h.end - C::FACTS.from_h.start } {
            1 => self.pick_rows::<S, E, 1>(s, segment, weights),
            3 => self.pick_rows::<S, E, 3>(s, segment, weights),
            4 => self.pick_rows::<S, E, 4>(s, segment, weights),
            _ => debug_assert!(false, "no cell feeds so many sums"),
        }
    }

    #[inline(always)]
    fn pick_rows<S: Simd, E: Element, const FED: usize>(
        &mut self,
        s: S,
        segment: Segment,
        weights: Weights<E>,
    ) {
        match segment.active {
            1 => s.run(SmallBatch::<E, C, 1, FED, SUMS, STATES>(
                self, segment, weights,
            )),
            2 if const { small::fits::<S, E>(2, FED) } => {
                s.run(SmallBatch::<E, C, 2, FED, SUMS, STATES>(
                    self, segment, weights,
                ));
            }
            3 if const { small::fits::<S, E>(3, FED) } => {
                s.run(SmallBatch::<E, C, 3, FED, SUMS, STATES>(
                    self, segment, weights,
                ));
            }
            4 if const { small::fits::<S, E>(4, FED) } => {
                s.run(SmallBatch::<E, C, 4, FED, SUMS, STATES>(
                    self, segment, weights,
                ));
            }
            5 if const { small::fits::<S, E>(5, FED) } => {
                s.run(SmallBatch::<E, C, 5, FED, SUMS, STATES>(
                    self, segment, weights,
                ));
            }
            6 if const { small::fits::<S, E>(6, FED) } => {
                s.run(SmallBatch::<E, C, 6, FED, SUMS, STATES>(
                    self, segment, weights,
                ));
            }
            _ => {
                for index in 0..segment.steps {
                    self.step(s, segment.step(index));
                }
            }
        }
    }

    /// What a step's product reads.
    #[inline(always)]
    fn h_before(&self, previous: Previous) -> View<'_> {
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
                View::rows(&**masked, hidden).from(row, 0)
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
        let Forward {
            cell,
            shape,
            starts,
            sums,
            h,
            c,
            keep,
            ..
        } = pass;
        let (shape, facts) = (*shape, &const { C::FACTS });
        let (row_len, computed) = (shape.sums_row(facts), facts.computed());
        for index in 0..rows.count {
            let row = at_mut(sums, (rows.row + index) * row_len..);
            for strip in 0..shape.strips() {
                let mut now = load_sums::<S, E, SUMS>(s, shape, facts, row, others, strip);
                let mut previous = [s.splat(0.0); STATES];
                previous[0] = load_state(s, shape, (h, starts.h), rows.previous, index, strip);
                if STATES > 1 {
                    previous[1] = load_state(s, shape, (c, starts.c), rows.previous, index, strip);
                }
                let state = cell.step(s, &mut now, previous);
                let units = shape.units(rows.row + index, strip);
                s.store_part(at_mut(h, units.clone()), state[0]);
                if STATES > 1 {
                    s.store_part(at_mut(c, units), state[1]);
                }
                if *keep {
                    for sum in 0..computed {
                        let start = sum * shape.padded() + strip * LANES;
                        s.store_part(at_mut(row, start..start + LANES), now[sum]);
                    }
                }
            }
        }
    }
}

/// The sums of a strip of units: those in `row`, then those that nothing feeds.
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
    let mut strip = first;
    for to in to.as_chunks_mut::<LANES>().0 {
        s.store(to, load_bias(s, biases, strip));
        strip += 1;
    }
}
