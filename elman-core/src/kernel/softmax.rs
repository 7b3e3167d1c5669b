//! Softmax over rows: finite input gives finite output that sums to one, however large the input.
//!
//! ```text
//! for row in rows { let top = max(row); row = exp(row - top); row /= sum(row) }
//! ```
//!
//! Departures from these lines, and what each buys:
//! 1. Long rows lie along the lanes, and lanes are folded in registers.
//! 2. Rows of fewer than sixteen classes are transposed sixteen at a time, so that lanes run over rows: a row of
//!    two classes would waste fourteen lanes of every operation (measured: 9 times faster for two classes).
//!
//! Both sum in the same tree, so a row's probabilities do not depend on the rows beside it.

use crate::simd::activation::exp_up_to_one as exp;
use crate::simd::{LANES, Operation, Simd};
use crate::slices::{at, at_mut};

/// More classes than this, or fewer rows, are not worth transposing.
const MOST_CLASSES: usize = LANES - 1;
const LEAST_ROWS: usize = 4;

/// Replaces every row of `classes` logits by its probabilities.
pub(crate) struct Softmax<'a> {
    pub rows: &'a mut [f32],
    pub classes: usize,
}

impl Operation for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let classes = self.classes.max(1);
        for rows in self.rows.chunks_mut((LANES * classes).max(1)) {
            if Block::is_worth(classes, rows.len() / classes) {
                let mut block = Block::transpose(rows, classes);
                block.softmax(s);
                block.transpose_back(rows);
            } else {
                for row in rows.chunks_exact_mut(classes) {
                    softmax_row(s, row);
                }
            }
        }
    }
}

/// What the logits of a row were like.
#[derive(Clone, Copy)]
pub(crate) struct Logits {
    pub largest: f32,
    /// Of `exp(logit - largest)`.
    pub sum: f32,
}

/// Probabilities in place.
#[inline(always)]
pub(crate) fn softmax_row<S: Simd>(s: S, row: &mut [f32]) -> Logits {
    let largest = largest(s, row);
    let sum = exponentials(s, row, largest);
    let scale = s.splat(1.0 / sum);
    let (strips, rest) = row.as_chunks_mut();
    for strip in strips {
        let v = s.mul(s.load(strip), scale);
        s.store(strip, v);
    }
    if !rest.is_empty() {
        let v = s.mul(s.load_part(rest), scale);
        s.store_part(rest, v);
    }
    Logits { largest, sum }
}

#[inline(always)]
fn largest<S: Simd>(s: S, row: &[f32]) -> f32 {
    let (strips, rest) = row.as_chunks();
    let mut best = s.splat(f32::NEG_INFINITY);
    for strip in strips {
        best = s.max(best, s.load(strip));
    }
    if !rest.is_empty() {
        best = s.max(
            best,
            first(s, rest.len(), s.load_part(rest), f32::NEG_INFINITY),
        );
    }
    s.fold_max(best)
}

/// `row = exp(row - largest)`; returns the sum. `row - largest` can overflow to minus infinity when
/// logits reach both ends of f32; its exponential is 0 all the same.
#[inline(always)]
fn exponentials<S: Simd>(s: S, row: &mut [f32], largest: f32) -> f32 {
    let largest = s.splat(largest);
    let mut sum = s.splat(0.0);
    let (strips, rest) = row.as_chunks_mut();
    for strip in strips {
        let e = exp(s, s.sub(s.load(strip), largest));
        sum = s.add(sum, e);
        s.store(strip, e);
    }
    if !rest.is_empty() {
        let e = exp(s, s.sub(s.load_part(rest), largest));
        sum = s.add(sum, first(s, rest.len(), e, 0.0));
        s.store_part(rest, e);
    }
    s.fold_add(sum)
}

/// The first lanes of `v`; the others hold no class.
#[inline(always)]
fn first<S: Simd>(s: S, count: usize, v: S::V, others: f32) -> S::V {
    const LANE: [f32; LANES] = [
        0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0,
    ];
    s.if_less(s.load(&LANE), s.splat(count as f32), v, s.splat(others))
}

/// Up to sixteen rows of few classes, transposed.
pub(crate) struct Block {
    /// One entry per class, whose lanes are the rows.
    columns: [[f32; LANES]; LANES],
    classes: usize,
    largest: [f32; LANES],
    sum: [f32; LANES],
}

impl Block {
    /// Whether so many rows are worth transposing.
    pub const fn is_worth(classes: usize, rows: usize) -> bool {
        classes <= MOST_CLASSES && rows >= LEAST_ROWS
    }

    #[inline(always)]
    pub fn transpose(rows: &[f32], classes: usize) -> Self {
        let mut columns = [[0.0; LANES]; LANES];
        for (j, column) in columns.iter_mut().enumerate().take(classes) {
            let numbers = at(rows, j..).iter().step_by(classes.max(1));
            for (lane, &x) in column.iter_mut().zip(numbers) {
                *lane = x;
            }
        }
        let (largest, sum) = ([0.0; LANES], [0.0; LANES]);
        Self {
            columns,
            classes,
            largest,
            sum,
        }
    }

    #[inline(always)]
    pub fn transpose_back(&self, rows: &mut [f32]) {
        for (j, column) in self.columns.iter().enumerate().take(self.classes) {
            let numbers = at_mut(rows, j..).iter_mut();
            for (&lane, x) in column.iter().zip(numbers.step_by(self.classes.max(1))) {
                *x = lane;
            }
        }
    }

    /// What the logits of a row were like.
    #[inline(always)]
    pub const fn logits(&self, row: usize) -> Logits {
        Logits {
            largest: self.largest[row % LANES],
            sum: self.sum[row % LANES],
        }
    }

    /// Takes 1 from a number.
    #[inline(always)]
    pub fn take_one(&mut self, row: usize, class: usize) {
        self.columns[class % LANES][row % LANES] -= 1.0;
    }

    /// Scales every row.
    #[inline(always)]
    pub fn scale<S: Simd>(&mut self, s: S, factors: &[f32; LANES]) {
        let factors = s.load(factors);
        for j in 0..self.classes.min(LANES) {
            let v = s.mul(s.load(&self.columns[j % LANES]), factors);
            s.store(&mut self.columns[j % LANES], v);
        }
    }

    /// Probabilities in place. (`% LANES` tells the compiler what `classes` says: no index can panic.)
    #[inline(always)]
    pub fn softmax<S: Simd>(&mut self, s: S) {
        let classes = self.classes.min(LANES);
        let mut largest = s.splat(f32::NEG_INFINITY);
        for j in 0..classes {
            largest = s.max(largest, s.load(&self.columns[j % LANES]));
        }
        s.store(&mut self.largest, largest);
        let mut sums = [s.splat(0.0); LANES];
        for j in 0..classes {
            sums[j % LANES] = exp(s, s.sub(s.load(&self.columns[j % LANES]), largest));
            s.store(&mut self.columns[j % LANES], sums[j % LANES]);
        }
        // The tree of `fold_add`: a class that is not there adds nothing.
        let (mut half, mut count) = (LANES / 2, classes);
        while half > 0 {
            for j in half..count {
                sums[(j - half) % LANES] = s.add(sums[(j - half) % LANES], sums[j % LANES]);
            }
            count = count.min(half);
            half /= 2;
        }
        s.store(&mut self.sum, sums[0]);
        let scale = s.div(s.splat(1.0), sums[0]);
        for j in 0..classes {
            let v = s.mul(s.load(&self.columns[j % LANES]), scale);
            s.store(&mut self.columns[j % LANES], v);
        }
    }
}
