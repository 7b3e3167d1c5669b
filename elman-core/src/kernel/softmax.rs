//! Softmax over rows: finite input gives finite output that sums to one, however large the input.

use super::activation::exp;
use super::reduce::fold;
use crate::simd::{LANES, Operation, Simd};

/// Replaces every row of `classes` logits by its probabilities.
pub(crate) struct Softmax<'a> {
    pub rows: &'a mut [f32],
    pub classes: usize,
}

impl Operation for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for row in self.rows.chunks_exact_mut(self.classes.max(1)) {
            softmax_row(s, row);
        }
    }
}

/// Probabilities in place; gives the largest logit and the sum of `exp(logit - largest)`.
#[inline(always)]
pub(crate) fn softmax_row<S: Simd>(s: S, row: &mut [f32]) -> (f32, f32) {
    let largest = largest(s, row);
    let sum = exponentials(s, row, largest);
    let scale = s.splat(1.0 / sum);
    let (strips, rest) = row.as_chunks_mut();
    for strip in strips {
        let v = s.mul(s.load(strip), scale);
        s.store(strip, v);
    }
    let v = s.mul(s.load_part(rest), scale);
    s.store_part(rest, v);
    (largest, sum)
}

#[inline(always)]
fn largest<S: Simd>(s: S, row: &[f32]) -> f32 {
    let (strips, rest) = row.as_chunks();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    if !strips.is_empty() {
        let mut best = s.splat(f32::NEG_INFINITY);
        for strip in strips {
            best = s.max(best, s.load(strip));
        }
        s.store(&mut lanes, best);
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = if *lane > x { *lane } else { x };
    }
    fold(lanes, |a, b| if a > b { a } else { b })
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
    let mut lanes = [0.0; LANES];
    if !rest.is_empty() {
        let e = exp(s, s.sub(s.load_part(rest), largest));
        s.store_part(rest, e);
        // Lanes past the end of the row hold no class.
        let e = s.load_part(rest);
        sum = s.add(sum, e);
    }
    s.store(&mut lanes, sum);
    fold(lanes, |a, b| a + b)
}
