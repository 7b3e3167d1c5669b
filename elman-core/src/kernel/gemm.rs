//! The one matrix product: input projection, recurrent step, head, and all their gradients.
//!
//! ```text
//! for i in 0..M { for j in 0..N {
//!     let mut c = start(i, j);                        // zero, a bias, or what C holds
//!     for k in 0..K { c = fma(A[i][k], B[k][j], c) }  // one chain, k ascending: promise P1
//!     C[i][j] = finish(c);                            // nothing, an activation, or its derivative
//! } }
//! ```
//!
//! Departures from these loops, and what each buys:
//! 1. `k` in blocks of [`DEPTH`]: the slice of B in use stays in L2. C keeps the running chain.
//! 2. `j` in groups of strips of sixteen: lanes run over outputs, so no lane ever adds to another.
//! 3. `i` in tiles of equal height (32 rows are 6+6+5+5+5+5, not 5·6+2): every number of B that is
//!    loaded serves a whole tile, and no thin tile remains at the end.
//! 4. Inside a tile all accumulators sit in registers; operands were checked when the tile began.
//! 5. `finish` runs while the tile is still in L1.
//!
//! Lost: prefetching B by hand, 4 to 32 steps ahead (a single row reads W_rec from L2 at 105 GB/s with and
//! without it), and groups of 2, 3, 4 or 8 strips for a single row (6 is 2 to 12 % faster); partial strips copied
//! to whole ones and back (masked loads and stores in code of their own are as fast as whole strips).

use super::elementwise::{Clamp, Relu, Tanh};
use super::finish::{Epilogue, Finish, Limit, ReluGradient, TanhGradient, Within};
use super::narrow;
use super::pack::{Panel, Panels};
use crate::simd::{
    Element, LANES, Operands, Operation, Simd, Sums, View, load_rows, load_tile, store_rows,
};

/// Longest stretch of `k` per pass, even: 512 steps of a 64-wide panel are 128 KiB.
pub(crate) const DEPTH: usize = 512;

/// Most strips of a group: a single row has registers for more, but gains nothing from them.
const GROUP: usize = 6;

/// Most rows of a tile.
const fn tallest<S: Simd, E: Element>() -> usize {
    if S::TILE_ROWS < E::TILE_ROWS {
        S::TILE_ROWS
    } else {
        E::TILE_ROWS
    }
}

/// What an output starts from.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    Zero,
    /// The bias that B was packed with.
    Bias,
    /// What C holds: the chain goes on.
    Continue,
}

/// In which order the columns are computed; no bit of the result depends on it.
#[derive(Clone, Copy)]
pub(crate) enum Order {
    Ascending,
    /// Every other step of a recurrence runs backwards, so that it begins with the part of `W_rec` that
    /// the step before left in the nearest cache.
    Descending,
}

/// `C (M, N) = finish(start + A (M, K) · B (K, N))`.
pub(crate) struct Gemm<'a> {
    pub rows: usize,
    pub columns: usize,
    pub depth: usize,
    /// Rows of A: `outer` from row to row, `inner` along k.
    pub a: View<'a>,
    pub b: Panels<'a>,
    pub c: &'a mut [f32],
    /// From one row of C to the next.
    pub c_row: usize,
    pub start: Start,
    pub limit: Limit<'a>,
    pub finish: Finish<'a>,
    pub order: Order,
}

impl Operation for Gemm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // The constant alone first: what it rules out is then not even compiled.
        if S::LOOKS_UP
            && let (true, Panels::Single(b)) = (narrow::holds_product(&self), self.b)
        {
            return narrow::product(s, self, b);
        }
        match self.b {
            Panels::Single(b) => self.blocks(s, b),
            Panels::Pairs(b) => self.blocks(s, b),
        }
    }
}

impl Gemm<'_> {
    #[inline(always)]
    fn blocks<S: Simd, E: Element>(self, s: S, b: Panel<E>) {
        let Self {
            rows,
            columns,
            depth,
            a,
            c,
            c_row,
            start,
            limit,
            finish,
            order,
            ..
        } = self;
        let strips = columns.div_ceil(LANES);
        let tiles = rows.div_ceil(tallest::<S, E>());
        let (height, taller) = if tiles <= 1 {
            (rows, 0)
        } else {
            (rows / tiles, rows % tiles)
        };
        let group = (S::ACCUMULATORS / (height + usize::from(taller > 0)).max(1)).clamp(1, GROUP);
        let groups = strips.div_ceil(group);
        let mut k = 0;
        loop {
            let block = (depth - k).min(DEPTH);
            let is_last = k + block == depth;
            for index in 0..groups {
                let index = match order {
                    Order::Ascending => index,
                    Order::Descending => groups - 1 - index,
                };
                // Groups of nearly equal width, as tiles of nearly equal height.
                let strip = index * strips / groups;
                let width = (index + 1) * strips / groups - strip;
                let column = strip * LANES;
                let mut band = |row: usize, height: usize, tiles: usize| {
                    let mut band = Band {
                        tiles,
                        c: c.get_mut(row * c_row + column..).unwrap_or(&mut []),
                        c_row,
                        columns: columns - column,
                        depth: block,
                        a: a.from(row, k),
                        b: b.matrix.from(strip, k / E::PER_STEP),
                        bias: b.bias.from(strip, 0),
                        start: if k > 0 { Start::Continue } else { start },
                    };
                    band.compute(s, height, width);
                    if is_last {
                        band.limit(s, limit, (row, column), (tiles * height, width));
                        band.finish(s, finish, (row, column), (tiles * height, width));
                    }
                };
                if taller > 0 {
                    band(0, height + 1, taller);
                }
                if tiles > taller {
                    band(taller * (height + 1), height, tiles - taller);
                }
            }
            k += block;
            if is_last {
                break;
            }
        }
    }
}

impl<'a> Gemm<'a> {
    /// `C = A·B`, the plain product.
    pub fn new(
        rows: usize,
        columns: usize,
        depth: usize,
        a: View<'a>,
        b: Panels<'a>,
        c: &'a mut [f32],
        c_row: usize,
    ) -> Self {
        let (start, limit) = (Start::Zero, Limit::None);
        let (finish, order) = (Finish::Keep, Order::Ascending);
        Self {
            rows,
            columns,
            depth,
            a,
            b,
            c,
            c_row,
            start,
            limit,
            finish,
            order,
        }
    }
}

/// Tiles of one shape below one another, and where their operands begin.
struct Band<'a, 'c, E> {
    tiles: usize,
    /// C from the first tile's first number on.
    c: &'c mut [f32],
    c_row: usize,
    /// Columns left in C from the tiles' first column on: the last strip may be partial.
    columns: usize,
    depth: usize,
    a: View<'a>,
    b: View<'a, E>,
    bias: View<'a, E>,
    start: Start,
}

impl<E: Element> Band<'_, '_, E> {
    #[inline(always)]
    fn compute<S: Simd>(&mut self, s: S, height: usize, width: usize) {
        // What the constants rule out, here and below, is not even compiled.
        match height {
            1 => self.compute_rows::<S, 1>(s, width),
            2 if const { tallest::<S, E>() >= 2 } => self.compute_rows::<S, 2>(s, width),
            3 if const { tallest::<S, E>() >= 3 } => self.compute_rows::<S, 3>(s, width),
            4 if const { tallest::<S, E>() >= 4 } => self.compute_rows::<S, 4>(s, width),
            5 if const { tallest::<S, E>() >= 5 } => self.compute_rows::<S, 5>(s, width),
            6 if const { tallest::<S, E>() >= 6 } => self.compute_rows::<S, 6>(s, width),
            _ => {}
        }
    }

    #[inline(always)]
    fn compute_rows<S: Simd, const ROWS: usize>(&mut self, s: S, width: usize) {
        match width {
            6 if const { ROWS * 6 <= S::ACCUMULATORS } => s.run(Multiply::<E, ROWS, 6>(self)),
            5 if const { ROWS * 5 <= S::ACCUMULATORS } => s.run(Multiply::<E, ROWS, 5>(self)),
            4 if const { ROWS * 4 <= S::ACCUMULATORS } => s.run(Multiply::<E, ROWS, 4>(self)),
            3 if const { ROWS * 3 <= S::ACCUMULATORS } => s.run(Multiply::<E, ROWS, 3>(self)),
            2 if const { ROWS * 2 <= S::ACCUMULATORS } => s.run(Multiply::<E, ROWS, 2>(self)),
            _ => s.run(Multiply::<E, ROWS, 1>(self)),
        }
    }

    /// Applies `finish` to `size` (rows, strips) of C, whose first number lies at `place` (row, column).
    #[inline(always)]
    fn finish<S: Simd>(
        &mut self,
        s: S,
        finish: Finish,
        place: (usize, usize),
        size: (usize, usize),
    ) {
        match finish {
            Finish::Keep => {}
            Finish::Tanh => self.each(s, Tanh, View::EMPTY, place, size),
            Finish::Relu => self.each(s, Relu, View::EMPTY, place, size),
            Finish::TanhGradient(h) => self.each(s, TanhGradient, h, place, size),
            Finish::ReluGradient(h) => self.each(s, ReluGradient, h, place, size),
        }
    }

    /// The same for `limit`.
    #[inline(always)]
    fn limit<S: Simd>(&mut self, s: S, limit: Limit, place: (usize, usize), size: (usize, usize)) {
        match limit {
            Limit::None => {}
            Limit::Sums(clip) => self.each(s, Clamp(clip), View::EMPTY, place, size),
            Limit::Gradient(edge, h) => self.each(s, Within(edge), h, place, size),
        }
    }

    #[inline(always)]
    fn each<S: Simd, F: Epilogue>(
        &mut self,
        s: S,
        epilogue: F,
        h: View,
        (row, column): (usize, usize),
        size: (usize, usize),
    ) {
        let h_from = row * h.outer + column;
        s.run(Each {
            band: self,
            size,
            h,
            h_from,
            epilogue,
        });
    }

    /// Up to sixteen numbers of C.
    #[inline(always)]
    fn part(&mut self, row: usize, strip: usize) -> &mut [f32] {
        let start = row * self.c_row + strip * LANES;
        let width = self.columns.saturating_sub(strip * LANES).min(LANES);
        self.c.get_mut(start..start + width).unwrap_or(&mut [])
    }
}

/// The inner loops of one tile shape. A function of its own, so that its accumulators get all registers
/// (measured: inlined among the other shapes the sums live in memory and run at half the speed).
struct Multiply<'t, 'a, 'c, E, const ROWS: usize, const STRIPS: usize>(&'t mut Band<'a, 'c, E>);

impl<E: Element, const ROWS: usize, const STRIPS: usize> Operation
    for Multiply<'_, '_, '_, E, ROWS, STRIPS>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        if self.0.columns >= STRIPS * LANES {
            self.tiles::<S, true>(s);
        } else {
            self.tiles::<S, false>(s);
        }
    }
}

impl<E: Element, const ROWS: usize, const STRIPS: usize> Multiply<'_, '_, '_, E, ROWS, STRIPS> {
    /// All tiles, whose strips are `WHOLE` or the last of which is not.
    #[inline(always)]
    fn tiles<S: Simd, const WHOLE: bool>(self, s: S) {
        let Band {
            tiles,
            c,
            c_row,
            columns,
            depth,
            a,
            b,
            bias,
            start,
        } = self.0;
        for tile in 0..*tiles {
            let row = tile * ROWS;
            let c = c.get_mut(row * *c_row..).unwrap_or(&mut []);
            let mut sums: Sums<S, ROWS, STRIPS> = match start {
                Start::Zero => [[s.splat(0.0); STRIPS]; ROWS],
                Start::Bias => load_tile(
                    s,
                    View {
                        data: bias.data,
                        outer: 0,
                        inner: bias.outer,
                    },
                ),
                Start::Continue => load_rows::<S, ROWS, STRIPS, WHOLE>(s, c, *c_row, *columns),
            };
            let operands = Operands::<E, ROWS, STRIPS>::new(a.from(row, 0), *b, *depth);
            E::multiply(s, operands, &mut sums);
            store_rows::<S, ROWS, STRIPS, WHOLE>(s, &sums, c, *c_row, *columns);
        }
    }
}

/// Replaces every strip of a band.
struct Each<'t, 'a, 'c, 'h, E, F> {
    band: &'t mut Band<'a, 'c, E>,
    /// Rows and strips.
    size: (usize, usize),
    h: View<'h>,
    /// Where the band begins in `h`.
    h_from: usize,
    epilogue: F,
}

impl<E: Element, F: Epilogue> Operation for Each<'_, '_, '_, '_, E, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for row in 0..self.size.0 {
            for strip in 0..self.size.1 {
                let h = if F::READS_H {
                    let start = self.h_from + row * self.h.outer + strip * LANES;
                    // Lanes of h past the end of its row meet lanes of C that are never stored.
                    s.load_part(self.h.data.get(start..).unwrap_or(&[]))
                } else {
                    s.splat(0.0)
                };
                let part = self.band.part(row, strip);
                let v = self.epilogue.call(s, h, s.load_part(part));
                s.store_part(part, v);
            }
        }
    }
}
