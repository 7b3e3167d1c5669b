//! Nets of up to eight hidden units: several rows share a strip, lane after lane as they lie in memory.
//!
//! ```text
//! lane        0    1    2    3  │ 4    5    6    7  │ …       columns = 4
//! row         0    0    0    0  │ 1    1    1    1  │
//! C[row][j]   j=0  j=1  j=2  j=3│ j=0  …
//! ```
//! For each `k` one instruction looks up `A[row][k]` for every lane; the weights `B[k][j]` repeat from row to row.
//! Each output is summed as by the wide kernels, so the bits are theirs. A recurrence keeps its state in
//! registers from step to step: nothing waits for memory (the echo net of five rows and four units: 39 → 27 ns a step).

use super::finish::finish;
use super::operands::{Gemm, Pass, Recurrent, Start, Time};
use super::pack::Panel;
use crate::cell::Step;
use crate::simd::{LANES, Operation, Simd, View};
use crate::slices::{at, at_mut, copy_common};

/// Widest rows that share strips, and the deepest small product.
const MAX_COLUMNS: usize = 8;

/// Lane → row, and lane → column, for rows of `columns` numbers that lie one behind the other in two strips.
struct Lanes {
    row: [[u32; LANES]; 2],
    column: [[u32; LANES]; 2],
}

const LANES_OF: [Lanes; MAX_COLUMNS + 1] = {
    const EMPTY: Lanes = Lanes {
        row: [[0; LANES]; 2],
        column: [[0; LANES]; 2],
    };
    let mut all = [EMPTY; MAX_COLUMNS + 1];
    let mut columns = 1;
    while columns <= MAX_COLUMNS {
        let mut n = 0;
        while n < 2 * LANES {
            all[columns].row[n / LANES][n % LANES] = (n / columns) as u32;
            all[columns].column[n / LANES][n % LANES] = (n % columns) as u32;
            n += 1;
        }
        columns += 1;
    }
    all
};

impl Lanes {
    #[inline(always)]
    fn of(columns: usize) -> Option<&'static Self> {
        LANES_OF.get(columns)
    }
}

/// `B[k][j]` for every lane of `STRIPS` strips, in k.
#[inline(always)]
fn weights<S: Simd, const STRIPS: usize>(
    s: S,
    b: View,
    depth: usize,
    lanes: &Lanes,
) -> [[S::V; STRIPS]; MAX_COLUMNS] {
    let mut w = [[s.splat(0.0); STRIPS]; MAX_COLUMNS];
    let columns: [S::V; STRIPS] = core::array::from_fn(|j| s.index(&lanes.column[j], 1));
    for (k, w) in w.iter_mut().enumerate().take(depth) {
        let strip = s.load_part(b.from(0, k).data);
        for j in 0..STRIPS {
            w[j] = s.look_up(strip, strip, columns[j], 0);
        }
    }
    w
}

/// Whether [`recurrent`] applies: H ≤ 8, packed rows, B·H ≤ 32.
#[inline(always)]
pub(super) fn fits_recurrent<C>(recurrent: &Recurrent<C>) -> bool {
    (1..=MAX_COLUMNS).contains(&recurrent.columns)
        && recurrent.c_row == recurrent.columns
        && recurrent.depth == recurrent.columns
        && recurrent.rows * recurrent.columns <= 2 * LANES
}

/// All time steps of a recurrence whose rows fit two strips.
#[inline(always)]
pub(super) fn recurrent<S: Simd, C: Step<1, 1>>(s: S, recurrent: Recurrent<C>, b: Panel<f32>) {
    if recurrent.rows * recurrent.columns <= LANES {
        steps::<S, C, 1>(s, recurrent, b);
    } else {
        steps::<S, C, 2>(s, recurrent, b);
    }
}

#[inline(always)]
fn steps<S: Simd, C: Step<1, 1>, const STRIPS: usize>(
    s: S,
    recurrent: Recurrent<C>,
    b: Panel<f32>,
) {
    let Recurrent {
        cell,
        pass,
        rows,
        columns,
        steps,
        time,
        previous,
        c,
        ..
    } = recurrent;
    let (numbers, last) = (rows * columns, STRIPS - 1);
    let Some(lanes) = Lanes::of(columns) else {
        return;
    };
    let w = weights::<S, STRIPS>(s, b.matrix, columns, lanes);
    let first: [S::V; STRIPS] = core::array::from_fn(|j| s.index(&lanes.row[j], columns as u32));
    let mut state = load_packed::<S, STRIPS>(s, previous, rows, columns);
    for index in 0..steps {
        let t = match time {
            Time::Forward => index,
            Time::Backward => steps - 1 - index,
        };
        let start = numbers * t;
        let c = at_mut(c, start..start + numbers);
        let mut sums = [s.splat(0.0); STRIPS];
        for (j, sum) in sums.iter_mut().enumerate() {
            *sum = s.load_part(at(c, j * LANES..));
        }
        for (k, w) in w.iter().enumerate().take(columns) {
            for j in 0..STRIPS {
                let a = s.look_up(state[0], state[last], first[j], k as u32);
                sums[j] = s.mul_add(a, w[j], sums[j]);
            }
        }
        for (j, sum) in sums.iter_mut().enumerate() {
            let h = match pass {
                Pass::Forward => None,
                Pass::Backward(h) => Some(s.load_part(at(h, start + j * LANES..start + numbers))),
            };
            *sum = finish(s, cell, *sum, state[j], h);
            s.store_part(at_mut(c, j * LANES..), *sum);
        }
        state = sums;
    }
}

/// Rows one behind the other.
#[inline(always)]
fn load_packed<S: Simd, const STRIPS: usize>(
    s: S,
    from: View,
    rows: usize,
    columns: usize,
) -> [S::V; STRIPS] {
    let mut packed = [0.0; 2 * LANES];
    for (row, to) in packed.chunks_exact_mut(columns).enumerate().take(rows) {
        copy_common(from.from(row, 0).data, to);
    }
    core::array::from_fn(|j| s.load_part(at(&packed, j * LANES..)))
}

/// Whether [`product`] applies: N ≤ 8, K ≤ 8, packed rows of A and C.
#[inline(always)]
pub(super) fn fits_product(gemm: &Gemm) -> bool {
    (1..=MAX_COLUMNS).contains(&gemm.columns)
        && gemm.c_row == gemm.columns
        && gemm.depth <= MAX_COLUMNS
        && gemm.a.inner == 1
        && gemm.a.outer == gemm.depth
        && (LANES / gemm.columns) * gemm.depth <= 2 * LANES
        && gemm.rows > 1
}

/// `C = start + A·B` for whole rows of A and C that lie one behind the other.
#[inline(always)]
pub(super) fn product<S: Simd>(s: S, gemm: Gemm, b: Panel<f32>) {
    let Gemm {
        rows,
        columns,
        depth,
        a,
        c,
        start,
        ..
    } = gemm;
    let Some(lanes) = Lanes::of(columns) else {
        return;
    };
    let w = weights::<S, 1>(s, b.matrix, depth, lanes);
    let bias = match start {
        Start::Bias => {
            let bias = s.load_part(b.bias.data);
            s.look_up(bias, bias, s.index(&lanes.column[0], 1), 0)
        }
        Start::Zero | Start::Continue => s.splat(0.0),
    };
    let first = s.index(&lanes.row[0], depth as u32);
    let per_strip = LANES / columns;
    let (mut a, mut c) = (at(a.data, ..rows * depth), at_mut(c, ..rows * columns));
    while !c.is_empty() {
        let (now, rest) = c.split_at_mut(c.len().min(per_strip * columns));
        let mut sum = match start {
            Start::Continue => s.load_part(now),
            Start::Zero | Start::Bias => bias,
        };
        let low = s.load_part(a);
        let high = match a.get(LANES..) {
            // A masked load of nothing at no address in particular is slow: the processor has to prove it harmless.
            None | Some([]) => low,
            Some(rest) => s.load_part(rest),
        };
        for (k, w) in w.iter().enumerate().take(depth) {
            sum = s.mul_add(s.look_up(low, high, first, k as u32), w[0], sum);
        }
        s.store_part(now, sum);
        a = a.get(per_strip * depth..).unwrap_or(&[]);
        c = rest;
    }
}

/// `C (I, J) += Aᵀ·B` and, if it is there, `bias (J) += Σ rows of B`, over `rows` rows of A (I wide) and B (J wide).
pub(super) struct OuterProduct<'a> {
    pub a: View<'a>,
    pub a_width: usize,
    pub b: View<'a>,
    pub b_width: usize,
    pub rows: usize,
    pub c: &'a mut [f32],
    pub bias: &'a mut [f32],
}

impl OuterProduct<'_> {
    /// Whether all sums, those of the bias behind those of C, fit two strips.
    #[inline(always)]
    pub fn fits(&self) -> bool {
        let rows_of_c = self.a_width + usize::from(!self.bias.is_empty());
        (1..=MAX_COLUMNS).contains(&self.b_width)
            && self.a_width < LANES
            && rows_of_c * self.b_width <= 2 * LANES
    }
}

impl Operation for OuterProduct<'_> {
    type Output = ();

    /// A lane per sum, so that one run of multiply-adds through the rows serves them all.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        if self.c.len() + self.bias.len() <= LANES {
            self.sums::<S, 1>(s);
        } else {
            self.sums::<S, 2>(s);
        }
    }
}

impl OuterProduct<'_> {
    #[inline(always)]
    fn sums<S: Simd, const STRIPS: usize>(self, s: S) {
        let Self {
            a,
            a_width,
            b,
            b_width,
            rows,
            c,
            bias,
        } = self;
        let Some(lanes) = Lanes::of(b_width) else {
            return;
        };
        let mut packed = [0.0; 2 * LANES];
        copy_common(c, &mut packed);
        copy_common(bias, at_mut(&mut packed, c.len()..));
        let mut of_a = lanes.row;
        for lane in of_a.as_flattened_mut() {
            // Lanes of the bias take a one from the second strip.
            *lane = if *lane < a_width as u32 {
                *lane
            } else {
                LANES as u32
            };
        }
        let (of_a, of_b): ([S::V; STRIPS], [S::V; STRIPS]) = (
            core::array::from_fn(|j| s.index(&of_a[j], 1)),
            core::array::from_fn(|j| s.index(&lanes.column[j], 1)),
        );
        let mut sums: [S::V; STRIPS] =
            core::array::from_fn(|j| s.load_part(at(&packed, j * LANES..)));
        for row in 0..rows {
            let (Some(a), Some(b)) = (
                a.data.get(row * a.outer..row * a.outer + a_width),
                b.data.get(row * b.outer..row * b.outer + b_width),
            ) else {
                return;
            };
            let (a, b) = (s.load_part(a), s.load_part(b));
            for j in 0..STRIPS {
                let (x, y) = (
                    s.look_up(a, s.splat(1.0), of_a[j], 0),
                    s.look_up(b, b, of_b[j], 0),
                );
                sums[j] = s.mul_add(x, y, sums[j]);
            }
        }
        for (j, &sum) in sums.iter().enumerate() {
            s.store_part(at_mut(&mut packed, j * LANES..), sum);
        }
        copy_common(&packed, c);
        copy_common(at(&packed, c.len()..), bias);
    }
}
