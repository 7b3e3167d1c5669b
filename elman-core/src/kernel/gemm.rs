//! The one matrix product: input projection, recurrent step, head, and all their gradients.
//!
//! ```text
//! for i in 0..M { for j in 0..N {
//!     let mut c = start(i, j);                        // zero, a bias, or what C holds
//!     for k in 0..K { c = fma(A[i][k], B[k][j], c) }  // k ascending: promise P1
//!     C[i][j] = c;
//! } }
//! ```
//!
//! Departures from these loops, and what each buys:
//! 1. `k` in blocks of [`DEPTH`]: the slice of B in use stays in L2. C keeps the running sums.
//! 2. `j` in groups of strips of sixteen: lanes run over outputs, so no lane ever adds to another.
//! 3. `i` in tiles of equal height (32 rows are 6+6+5+5+5+5, not 5·6+2): every number of B that is
//!    loaded serves a whole tile, and no thin tile remains at the end.
//! 4. Inside a tile all accumulators sit in registers; operands were checked when the tile began.
//!
//! Lost: prefetching B by hand, 4 to 32 steps ahead (a single row reads W_rec from L2 at 105 GB/s with and
//! without it), and groups of 2, 3, 4 or 8 strips for a single row (6 is 2 to 12 % faster); partial strips copied
//! to full ones and back (masked loads and stores in code of their own are as fast as full strips); blocks of 256
//! along k where a panel is one strip wide (1 % slower at 512 by 512 on Zen 4 at AVX2).

use super::operands::{Gemm, Order, Start};
use super::pack::{Panel, Panels};
use super::small;
use crate::simd::{
    Element, LANES, Operands, Operation, Simd, Sums, View, load_rows, load_tile, store_rows,
};
use crate::slices::at_mut;

/// Longest stretch of `k` per pass, even: 512 steps of a 64-wide panel are 128 KiB.
const DEPTH: usize = 512;

/// Most strips of a group: a single row has registers for more, but gains nothing from them.
const GROUP: usize = 6;

/// Most rows of a tile.
const fn max_rows<S: Simd, E: Element>() -> usize {
    if S::TILE_ROWS < E::TILE_ROWS {
        S::TILE_ROWS
    } else {
        E::TILE_ROWS
    }
}

impl Operation for Gemm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // The constant alone first: what it rules out is then not even compiled.
        if S::LOOKS_UP
            && let (true, Panels::Single(b)) = (small::fits_product(&self), self.b)
        {
            return small::product(s, self, b);
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
            order,
            ..
        } = self;
        let strips = columns.div_ceil(LANES);
        let tiles = rows.div_ceil(max_rows::<S, E>());
        let (height, higher) = if tiles <= 1 {
            (rows, 0)
        } else {
            (rows / tiles, rows % tiles)
        };
        let group = (S::ACCUMULATORS / (height + usize::from(higher > 0)).max(1)).clamp(1, GROUP);
        let groups = strips.div_ceil(group);
        let mut k = 0;
        loop {
            let block_depth = (depth - k).min(DEPTH);
            for index in 0..groups {
                let index = match order {
                    Order::Ascending => index,
                    Order::Descending => groups - 1 - index,
                };
                // Groups of nearly equal width, as tiles of nearly equal height.
                let strip = index * strips / groups;
                let width = (index + 1) * strips / groups - strip;
                let column = strip * LANES;
                let mut tiles_from = |row: usize, height: usize, tiles: usize| {
                    let mut block = RowBlock {
                        tiles,
                        c: at_mut(c, row * c_row + column..),
                        c_row,
                        columns: columns - column,
                        depth: block_depth,
                        a: a.from(row, k),
                        b: b.matrix.from(strip, k / E::PER_STEP),
                        bias: b.bias.from(strip, 0),
                        start: if k > 0 { Start::Continue } else { start },
                    };
                    block.compute(s, height, width);
                };
                if higher > 0 {
                    tiles_from(0, height + 1, higher);
                }
                if tiles > higher {
                    tiles_from(higher * (height + 1), height, tiles - higher);
                }
            }
            k += block_depth;
            if k == depth {
                break;
            }
        }
    }
}

/// Tiles of one shape below one another, and where their operands begin.
struct RowBlock<'a, 'c, E> {
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

impl<E: Element> RowBlock<'_, '_, E> {
    #[inline(always)]
    fn compute<S: Simd>(&mut self, s: S, height: usize, width: usize) {
        // What the constants rule out, here and below, is not even compiled.
        match height {
            1 => self.compute_rows::<S, 1>(s, width),
            2 if const { max_rows::<S, E>() >= 2 } => self.compute_rows::<S, 2>(s, width),
            3 if const { max_rows::<S, E>() >= 3 } => self.compute_rows::<S, 3>(s, width),
            4 if const { max_rows::<S, E>() >= 4 } => self.compute_rows::<S, 4>(s, width),
            5 if const { max_rows::<S, E>() >= 5 } => self.compute_rows::<S, 5>(s, width),
            6 if const { max_rows::<S, E>() >= 6 } => self.compute_rows::<S, 6>(s, width),
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
}

/// The inner loops of one tile shape. A function of its own, so that its accumulators get all registers
/// (measured: inlined among the other shapes the sums live in memory and run at half the speed).
struct Multiply<'t, 'a, 'c, E, const ROWS: usize, const STRIPS: usize>(&'t mut RowBlock<'a, 'c, E>);

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
    /// All tiles, whose strips are `FULL` or the last of which is not.
    #[inline(always)]
    fn tiles<S: Simd, const FULL: bool>(self, s: S) {
        let RowBlock {
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
            let c = at_mut(c, row * *c_row..);
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
                Start::Continue => load_rows::<S, ROWS, STRIPS, FULL>(s, c, *c_row, *columns),
            };
            let operands = Operands::<E, ROWS, STRIPS>::new(a.from(row, 0), *b, *depth);
            E::multiply(s, operands, &mut sums);
            store_rows::<S, ROWS, STRIPS, FULL>(s, &sums, c, *c_row, *columns);
        }
    }
}
