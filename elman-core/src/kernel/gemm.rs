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

use super::activation::{relu, relu_gradient, tanh, tanh_gradient};
use crate::simd::{LANES, Operands, Operation, Simd, View};

/// Longest stretch of `k` per pass: 512 steps of a 64-wide panel are 128 KiB.
pub(crate) const DEPTH: usize = 512;

/// What an output starts from.
#[derive(Clone, Copy)]
pub(crate) enum Start<'a> {
    Zero,
    /// The bias strips, one every `outer` numbers.
    Bias(View<'a>),
    /// What C holds: the chain goes on.
    Continue,
}

/// What happens to a finished output.
#[derive(Clone, Copy)]
pub(crate) enum Finish<'a> {
    Keep,
    Tanh,
    Relu,
    /// Times the derivative of tanh, from the rows of `h = tanh(z)`.
    TanhGradient(View<'a>),
    /// Times the derivative of relu, from the rows of `h = relu(z)`.
    ReluGradient(View<'a>),
}

/// `C (M, N) = finish(start + A (M, K) · B (K, N))`.
pub(crate) struct Gemm<'a> {
    pub rows: usize,
    pub columns: usize,
    pub depth: usize,
    /// Rows of A: `outer` from row to row, `inner` along k.
    pub a: View<'a>,
    /// Strips of B: `outer` from strip to strip, `inner` along k.
    pub b: View<'a>,
    pub c: &'a mut [f32],
    /// From one row of C to the next.
    pub c_row: usize,
    pub start: Start<'a>,
    pub finish: Finish<'a>,
}

/// A tile of C and where its operands begin.
struct Tile<'a, 'c> {
    /// C from the tile's first number on.
    c: &'c mut [f32],
    c_row: usize,
    /// Columns left in C from the tile's first column on: the last strip may be partial.
    columns: usize,
    depth: usize,
    a: View<'a>,
    b: View<'a>,
    start: Start<'a>,
}

impl Operation for Gemm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { rows, columns, depth, a, b, c, c_row, start, finish } = self;
        let strips = columns.div_ceil(LANES);
        let tiles = rows.div_ceil(S::TILE_ROWS);
        let (height, taller) = if tiles <= 1 { (rows, 0) } else { (rows / tiles, rows % tiles) };
        let group = (S::ACCUMULATORS / (height + usize::from(taller > 0)).max(1)).clamp(1, 8);
        let mut k = 0;
        loop {
            let block = (depth - k).min(DEPTH);
            let is_last = k + block == depth;
            let mut strip = 0;
            while strip < strips {
                let groups_left = (strips - strip).div_ceil(group);
                let width = (strips - strip).div_ceil(groups_left);
                let column = strip * LANES;
                let mut row = 0;
                for index in 0..tiles {
                    let height = height + usize::from(index < taller);
                    let mut tile = Tile {
                        c: c.get_mut(row * c_row + column..).unwrap_or(&mut []),
                        c_row,
                        columns: columns - column,
                        depth: block,
                        a: a.from(row, k),
                        b: b.from(strip, k),
                        start: match start {
                            _ if k > 0 => Start::Continue,
                            Start::Bias(bias) => Start::Bias(bias.from(strip, 0)),
                            other => other,
                        },
                    };
                    tile.compute(s, height, width);
                    if is_last {
                        tile.finish(s, height, width, finish, row, column);
                    }
                    row += height;
                }
                strip += width;
            }
            k += block;
            if is_last {
                break;
            }
        }
    }
}

impl Tile<'_, '_> {
    #[inline(always)]
    fn compute<S: Simd>(&mut self, s: S, height: usize, width: usize) {
        match height {
            1 => self.compute_rows::<S, 1>(s, width),
            2 => self.compute_rows::<S, 2>(s, width),
            3 => self.compute_rows::<S, 3>(s, width),
            4 => self.compute_rows::<S, 4>(s, width),
            5 => self.compute_rows::<S, 5>(s, width),
            _ => self.compute_rows::<S, 6>(s, width),
        }
    }

    #[inline(always)]
    fn compute_rows<S: Simd, const ROWS: usize>(&mut self, s: S, width: usize) {
        // Wider tiles than the registers hold are never asked for; the constant conditions drop their code.
        match width {
            8 if ROWS * 8 <= S::ACCUMULATORS => self.multiply::<S, ROWS, 8>(s),
            7 if ROWS * 7 <= S::ACCUMULATORS => self.multiply::<S, ROWS, 7>(s),
            6 if ROWS * 6 <= S::ACCUMULATORS => self.multiply::<S, ROWS, 6>(s),
            5 if ROWS * 5 <= S::ACCUMULATORS => self.multiply::<S, ROWS, 5>(s),
            4 if ROWS * 4 <= S::ACCUMULATORS => self.multiply::<S, ROWS, 4>(s),
            3 if ROWS * 3 <= S::ACCUMULATORS => self.multiply::<S, ROWS, 3>(s),
            2 if ROWS * 2 <= S::ACCUMULATORS => self.multiply::<S, ROWS, 2>(s),
            _ if ROWS <= S::TILE_ROWS => self.multiply::<S, ROWS, 1>(s),
            _ => {}
        }
    }

    #[inline(always)]
    fn multiply<S: Simd, const ROWS: usize, const STRIPS: usize>(&mut self, s: S) {
        let mut sums = [[s.splat(0.0); STRIPS]; ROWS];
        match self.start {
            Start::Zero => {}
            Start::Bias(bias) => {
                for strip in 0..STRIPS {
                    let bias = s.load_part(bias.from(strip, 0).data);
                    for row in &mut sums {
                        row[strip] = bias;
                    }
                }
            }
            Start::Continue => {
                for (r, row) in sums.iter_mut().enumerate() {
                    for (strip, sum) in row.iter_mut().enumerate() {
                        *sum = s.load_part(self.part(r, strip));
                    }
                }
            }
        }
        let mut operands = Operands::<ROWS, STRIPS>::new(self.a, self.b, self.depth);
        while let Some((a, b)) = operands.next() {
            let mut strips = [s.splat(0.0); STRIPS];
            for (strip, b) in strips.iter_mut().zip(b) {
                *strip = s.load(b);
            }
            for (row, a) in sums.iter_mut().zip(a) {
                let a = s.splat(a);
                for (sum, &b) in row.iter_mut().zip(&strips) {
                    *sum = s.mul_add(a, b, *sum);
                }
            }
        }
        for (r, row) in sums.iter().enumerate() {
            for (strip, &sum) in row.iter().enumerate() {
                s.store_part(self.part(r, strip), sum);
            }
        }
    }

    /// Up to sixteen numbers of C.
    #[inline(always)]
    fn part(&mut self, row: usize, strip: usize) -> &mut [f32] {
        let start = row * self.c_row + strip * LANES;
        let width = self.columns.saturating_sub(strip * LANES).min(LANES);
        self.c.get_mut(start..start + width).unwrap_or(&mut [])
    }

    #[inline(always)]
    fn finish<S: Simd>(&mut self, s: S, height: usize, width: usize, finish: Finish, row: usize, column: usize) {
        match finish {
            Finish::Keep => {}
            Finish::Tanh => self.each(s, height, width, |v, _, _| tanh(s, v)),
            Finish::Relu => self.each(s, height, width, |v, _, _| relu(s, v)),
            Finish::TanhGradient(h) => {
                self.each(s, height, width, |v, r, j| tanh_gradient(s, h_part(s, h, row + r, column + j), v));
            }
            Finish::ReluGradient(h) => {
                self.each(s, height, width, |v, r, j| relu_gradient(s, h_part(s, h, row + r, column + j), v));
            }
        }
    }

    /// Replaces every strip of the tile.
    #[inline(always)]
    fn each<S: Simd>(&mut self, s: S, height: usize, width: usize, f: impl Fn(S::V, usize, usize) -> S::V) {
        for row in 0..height {
            for strip in 0..width {
                let part = self.part(row, strip);
                let v = s.load_part(part);
                s.store_part(part, f(v, row, strip * LANES));
            }
        }
    }
}

/// Sixteen numbers of a row of h; lanes past its end are never stored.
#[inline(always)]
fn h_part<S: Simd>(s: S, h: View, row: usize, column: usize) -> S::V {
    let start = row * h.outer + column;
    s.load_part(h.data.get(start..).unwrap_or(&[]))
}
