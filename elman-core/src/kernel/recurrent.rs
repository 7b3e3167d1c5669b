//! The recurrence: one product per time step, of which each reads what the one before wrote.
//!
//! ```text
//! C (T·B, H) in place: Z becomes h going forward, dh becomes dZ going backward        W (H, H) = W_rec or its transpose
//!
//! for t in 0..T (or from T-1 down) {
//!     C[t] = cell(C[t] + C[t-1] (or C[t+1]) · W)          // step, or back with h[t]; what C[0] reads is handed in
//! }
//! ```
//!
//! The products are those of [`super::gemm`]. Where they are small, what surrounds them takes longer than they do, so few
//! rows run through all time steps in one function:
//! 1. tile shapes are picked once, not at every step;
//! 2. the cell works on the sums while they are still in registers;
//! 3. every other step takes its columns from the last to the first, so that it begins with the part of W that the step
//!    before left in the nearest cache.
//!
//! Where many states are zero, as relu leaves them, a single row first notes which are not: their rows of W alone are read.
//!
//! Cells of one sum per unit run here: C has room for exactly one number per unit.

use super::finish::{Finish, finish_row, finish_tile};
use super::operands::{Gemm, Order, Recurrent, Start, Time};
use super::pack::{Panel, Panels};
use super::small;
use crate::cell::Step;
use crate::simd::{
    Element, LANES, LISTS_ZEROS, NonZero, Operands, Operation, Places, Simd, View, load_rows,
    store_rows,
};
use crate::slices::{at, at_mut};

/// Most strips side by side for a single row, and for several.
const STRIPS_OF_ONE: usize = 6;
const STRIPS_OF_SEVERAL: usize = 2;

impl<C: Step<1, 1>> Operation for Recurrent<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // The constant alone first: what it rules out is then not even compiled.
        if S::LOOKS_UP
            && let (true, Panels::Single(b)) = (small::fits_recurrent(&self), self.b)
        {
            return s.run(SmallHidden(self, b));
        }
        match self.b {
            Panels::Single(b) => self.pick(s, b),
            Panels::Pairs(b) => self.pick(s, b),
        }
    }
}

/// All time steps of rows so narrow that several share a strip.
struct SmallHidden<'a, 'b, C>(Recurrent<'a, C>, Panel<'b, f32>);

impl<C: Step<1, 1>> Operation for SmallHidden<'_, '_, C> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        small::recurrent(s, self.0, self.1);
    }
}

/// Most strips of a tile of `rows` rows.
pub(crate) const fn max_strips<S: Simd>(rows: usize) -> usize {
    let registers = S::ACCUMULATORS / rows;
    let most = if rows == 1 {
        STRIPS_OF_ONE
    } else {
        STRIPS_OF_SEVERAL
    };
    if registers < most { registers } else { most }
}

/// Whether so many rows ever run through all time steps in one function.
const fn fits_registers<S: Simd, E: Element>(rows: usize) -> bool {
    rows <= E::TILE_ROWS && max_strips::<S>(rows) >= 1
}

/// The strips of some rows in tiles of nearly equal width, each as wide as the registers allow.
pub(crate) struct Tiles {
    strips: usize,
    pub count: usize,
}

impl Tiles {
    #[inline(always)]
    pub fn of<S: Simd>(rows: usize, columns: usize) -> Self {
        let strips = columns.div_ceil(LANES);
        let count = strips.div_ceil(max_strips::<S>(rows).max(1));
        Self { strips, count }
    }

    /// First strip and number of strips of tile `index` in the given order.
    #[inline(always)]
    pub const fn get(&self, index: usize, order: Order) -> (usize, usize) {
        let tile = match order {
            Order::Ascending => index,
            Order::Descending => self.count - 1 - index,
        };
        let count = if self.count > 0 { self.count } else { 1 };
        let strip = tile * self.strips / count;
        (strip, (tile + 1) * self.strips / count - strip)
    }
}

/// Where the numbers of one time step lie in C.
struct StepRows<'a> {
    /// The first of them.
    start: usize,
    /// What the step reads, (rows, columns).
    previous: View<'a>,
    /// C from `start` on.
    c: &'a mut [f32],
}

impl<C: Step<1, 1>> Recurrent<'_, C> {
    #[inline(always)]
    fn pick<S: Simd, E: Element>(self, s: S, b: Panel<E>) {
        let strips = self.columns.div_ceil(LANES);
        // What the constants rule out is not even compiled.
        match self.rows {
            1 if LISTS_ZEROS && self.skips_zeros => s.run(SmallBatch::<E, C, 1, true>(self, b)),
            1 => s.run(SmallBatch::<E, C, 1, false>(self, b)),
            2 if const { fits_registers::<S, E>(2) } && strips <= max_strips::<S>(2) => {
                s.run(SmallBatch::<E, C, 2, false>(self, b))
            }
            3 if const { fits_registers::<S, E>(3) } && strips <= max_strips::<S>(3) => {
                s.run(SmallBatch::<E, C, 3, false>(self, b))
            }
            4 if const { fits_registers::<S, E>(4) } && strips <= max_strips::<S>(4) => {
                s.run(SmallBatch::<E, C, 4, false>(self, b))
            }
            5 if const { fits_registers::<S, E>(5) } && strips <= max_strips::<S>(5) => {
                s.run(SmallBatch::<E, C, 5, false>(self, b))
            }
            6 if const { fits_registers::<S, E>(6) } && strips <= max_strips::<S>(6) => {
                s.run(SmallBatch::<E, C, 6, false>(self, b))
            }
            _ => self.each(s),
        }
    }

    /// Time step by time step: the product, then the cell.
    #[inline(always)]
    fn each<S: Simd>(mut self, s: S) {
        let (rows, columns, c_row, b) = (self.rows, self.columns, self.c_row, self.b);
        let depth = self.depth;
        for index in 0..self.steps {
            let (cell, pass, order) = (self.cell, self.pass, self.order_of(index));
            let StepRows { start, previous, c } = self.step_rows(index);
            s.run(Gemm {
                start: Start::Continue,
                order,
                ..Gemm::new(rows, columns, depth, previous, b, c, c_row)
            });
            s.run(Finish {
                cell,
                pass: pass.from(start),
                rows,
                columns,
                previous,
                c,
                c_row,
            });
        }
    }

    #[inline(always)]
    fn order_of(&self, index: usize) -> Order {
        if index.is_multiple_of(2) {
            self.order
        } else {
            self.order.other()
        }
    }

    /// The rows of the step that comes up as number `index`.
    #[inline(always)]
    fn step_rows(&mut self, index: usize) -> StepRows<'_> {
        let step = self.rows * self.c_row;
        let t = match self.time {
            Time::Forward => index,
            Time::Backward => self.steps - 1 - index,
        };
        let start = t * step;
        if index == 0 {
            return StepRows {
                start,
                previous: self.previous,
                c: at_mut(self.c, start..),
            };
        }
        let split = match self.time {
            Time::Forward => start,
            Time::Backward => start + step,
        };
        let (low, high) = self.c.split_at_mut_checked(split).unwrap_or_default();
        let (done, c) = match self.time {
            Time::Forward => (at(low, start - step..), high),
            Time::Backward => (high as &_, at_mut(low, start..)),
        };
        StepRows {
            start,
            previous: View::rows(done, self.c_row),
            c,
        }
    }

    /// Some strips of a time step.
    #[inline(always)]
    fn tile<S: Simd, E: Element, const ROWS: usize, const STRIPS: usize>(
        &mut self,
        s: S,
        index: usize,
        b: View<E>,
        column: usize,
        some: Option<&NonZero>,
    ) {
        if self.columns - column >= STRIPS * LANES {
            self.tile_of::<S, E, ROWS, STRIPS, true>(s, index, b, column, some);
        } else {
            self.tile_of::<S, E, ROWS, STRIPS, false>(s, index, b, column, some);
        }
    }

    /// The same, where all strips are `FULL` or the last is not.
    #[inline(always)]
    fn tile_of<S: Simd, E: Element, const ROWS: usize, const STRIPS: usize, const FULL: bool>(
        &mut self,
        s: S,
        index: usize,
        b: View<E>,
        column: usize,
        some: Option<&NonZero>,
    ) {
        let (c_row, depth, cell, pass) = (self.c_row, self.depth, self.cell, self.pass);
        let columns = self.columns - column;
        let StepRows { start, previous, c } = self.step_rows(index);
        let c = at_mut(c, column..);
        let mut sums = load_rows::<S, ROWS, STRIPS, FULL>(s, c, c_row, columns);
        match (some, sums.first_chunk_mut::<1>()) {
            (Some(some), Some(row)) if ROWS == 1 => {
                E::multiply_some(s, (previous, b, depth), some, row);
            }
            _ => E::multiply(s, Operands::new(previous, b, depth), &mut sums),
        }
        let is_packed = c_row == columns && !C::READS_PREVIOUS;
        if ROWS > 1 && !FULL && is_packed && 2 * columns <= LANES {
            store_rows::<S, ROWS, STRIPS, FULL>(s, &sums, c, c_row, columns);
            let packed = at_mut(c, ..ROWS * columns);
            return finish_row(s, cell, pass.from(start), View::EMPTY, packed);
        }
        let previous = previous.from(0, column);
        let place = (c_row, columns);
        finish_tile::<S, C, ROWS, STRIPS, FULL>(
            s,
            cell,
            pass.from(start + column),
            previous,
            &mut sums,
            place,
        );
        store_rows::<S, ROWS, STRIPS, FULL>(s, &sums, c, c_row, columns);
    }
}

/// All time steps for so few rows that everything stays in one function, which leaves out zeros of a single row or does not: where
/// both are in one, each pays for the registers of the other (3 % of 256 units).
struct SmallBatch<'a, 'b, E, C, const ROWS: usize, const SKIPS: bool>(
    Recurrent<'a, C>,
    Panel<'b, E>,
);

impl<E: Element, C: Step<1, 1>, const ROWS: usize, const SKIPS: bool> Operation
    for SmallBatch<'_, '_, E, C, ROWS, SKIPS>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self(mut recurrent, b) = self;
        let tiles = Tiles::of::<S>(ROWS, recurrent.columns);
        let mut room = Places::new();
        for index in 0..recurrent.steps {
            let order = recurrent.order_of(index);
            let some = if SKIPS {
                let depth = recurrent.depth;
                let previous = recurrent.step_rows(index).previous;
                NonZero::of(at(previous.data, ..depth), &mut room)
            } else {
                None
            };
            let some = some.as_ref();
            for tile in 0..tiles.count {
                let (strip, width) = tiles.get(tile, order);
                let (b, column) = (b.matrix.from(strip, 0), strip * LANES);
                // What the constants rule out is not even compiled.
                match width {
                    6 if const { max_strips::<S>(ROWS) >= 6 } => {
                        recurrent.tile::<S, E, ROWS, 6>(s, index, b, column, some);
                    }
                    5 if const { max_strips::<S>(ROWS) >= 5 } => {
                        recurrent.tile::<S, E, ROWS, 5>(s, index, b, column, some);
                    }
                    4 if const { max_strips::<S>(ROWS) >= 4 } => {
                        recurrent.tile::<S, E, ROWS, 4>(s, index, b, column, some);
                    }
                    3 if const { max_strips::<S>(ROWS) >= 3 } => {
                        recurrent.tile::<S, E, ROWS, 3>(s, index, b, column, some);
                    }
                    2 if const { max_strips::<S>(ROWS) >= 2 } => {
                        recurrent.tile::<S, E, ROWS, 2>(s, index, b, column, some);
                    }
                    _ if const { max_strips::<S>(ROWS) >= 1 } => {
                        recurrent.tile::<S, E, ROWS, 1>(s, index, b, column, some);
                    }
                    _ => {}
                }
            }
        }
    }
}
