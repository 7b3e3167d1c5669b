//! Rows of a matrix, four at a time: biases, products, scaling; what becomes of the four sums is the caller's.

use super::layout::{Matrix, ROWS, ROWS_HEAD};
use super::tanh::tanh_fixed;
use crate::simd::whole::{Eight, Weights, add_scaled_high, add_scaled_low, dot};
use crate::spec::Activation;

/// Blocks whose sum cannot overflow: `512·127·2¹⁵ < 2³¹`. Longer sums are scaled piece by piece.
const PIECE: usize = 64;

/// The state after a step: `h' = f(bias + W_in·x + W_rec·h)`.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    /// Shift, unit and rows.
    pub words: &'a [u32],
    pub matrix: Matrix,
    pub activation: Activation,
}

impl Cell<'_> {
    /// Writes the pairs of `next`; the padding behind the last four rows stays as it is.
    #[inline(always)]
    pub fn step(&self, x: &[u32], h: &[u32], next: &mut [u32]) {
        let shift = self.words.first().copied().unwrap_or(0);
        match self.activation {
            Activation::Tanh => self.rows(x, h, next, |z| tanh_fixed(z >> (shift & 31))),
            Activation::Relu => self.rows(x, h, next, |z| (z >> (shift & 31)).clamp(0, 0x7fff)),
            Activation::Identity => {
                self.rows(x, h, next, |z| (z >> (shift & 31)).clamp(-0x7fff, 0x7fff));
            }
        }
    }

    /// Words that a step writes.
    pub const fn words_written(&self) -> usize {
        self.matrix.rows.div_ceil(ROWS) * (ROWS / 2)
    }

    #[inline(always)]
    fn rows(&self, x: &[u32], h: &[u32], next: &mut [u32], f: impl Fn(i32) -> i32) {
        let (to, _) = next.as_chunks_mut::<{ ROWS / 2 }>();
        for (z, to) in four_rows(self.words, self.matrix, x, h).zip(to) {
            let [a, b, c, d] = z.map(&f);
            *to = [pair(a, b), pair(c, d)];
        }
    }
}

/// The head's logits: `y = bias + W·h`.
#[inline(always)]
pub(super) fn read_out<T>(
    words: &[u32],
    matrix: Matrix,
    h: &[u32],
    logits: &mut [T],
    convert: impl Fn(i32) -> T,
) {
    let to = logits.chunks_mut(ROWS);
    for (z, to) in four_rows(words, matrix, h, &[]).zip(to) {
        for (to, z) in to.iter_mut().zip(z) {
            *to = convert(z);
        }
    }
}

/// Two numbers of 16 bits in a word, the first in the low half.
#[inline(always)]
pub(super) fn pair(low: i32, high: i32) -> u32 {
    low as u32 & 0xffff | (high as u32) << 16
}

/// Number `index` among pairs; zero past the end.
pub(super) fn number(pairs: &[u32], index: usize) -> i16 {
    let word = pairs.get(index / 2).copied().unwrap_or(0);
    (word >> (16 * (index % 2))) as i16
}

/// The sums of every four rows.
#[inline(always)]
fn four_rows<'a>(
    words: &'a [u32],
    matrix: Matrix,
    x: &'a [u32],
    h: &'a [u32],
) -> impl Iterator<Item = [i32; ROWS]> + 'a {
    let (x, h) = (eights(x, matrix.below), eights(h, matrix.state));
    let groups = words.get(super::layout::MATRIX_HEAD..).unwrap_or(&[]);
    groups
        .chunks_exact(matrix.group_words().max(1))
        .map(move |group| {
            let Some((head, weights)) = group.split_first_chunk::<ROWS_HEAD>() else {
                return [0; ROWS];
            };
            let (weights, _) = weights.as_chunks();
            let (w_in, w_rec) = weights.split_at_checked(x.len()).unwrap_or_default();
            let [b0, b1, b2, b3, m0, m1, m2, m3] = *head;
            let mut z = [b0 as i32, b1 as i32, b2 as i32, b3 as i32];
            let m = [m0, m1, m2, m3];
            pieces(w_in, x, &mut z, m, add_scaled_low);
            pieces(w_rec, h, &mut z, m, add_scaled_high);
            z
        })
}

/// Adds the products of one matrix, piece by piece.
#[inline(always)]
fn pieces(
    weights: &[Weights],
    x: &[Eight],
    z: &mut [i32; ROWS],
    m: [u32; ROWS],
    add: impl Fn(i32, i32, u32) -> i32,
) {
    let (mut weights, mut x) = (weights, x);
    while !x.is_empty() {
        let piece = x.len().min(PIECE);
        let (x_piece, x_rest) = x.split_at_checked(piece).unwrap_or_default();
        let (w_piece, w_rest) = weights.split_at_checked(piece).unwrap_or_default();
        let sums = dot(w_piece, x_piece);
        for ((z, sum), m) in z.iter_mut().zip(sums).zip(m) {
            *z = add(*z, sum, m);
        }
        (weights, x) = (w_rest, x_rest);
    }
}

/// So many blocks of pairs.
#[inline(always)]
fn eights(pairs: &[u32], blocks: usize) -> &[Eight] {
    pairs.as_chunks().0.get(..blocks).unwrap_or(&[])
}

/// Largest sum of a row's products, each limited to 127 times 2¹⁵, after scaling: what the check of a model adds up.
pub(super) fn most(blocks: usize, multiplier: i16) -> u64 {
    let inputs = (blocks * super::layout::BLOCK) as u64;
    // Every piece is rounded down by less than one.
    inputs * 127 * u64::from(multiplier.unsigned_abs()) / 2 + blocks.div_ceil(PIECE) as u64
}
