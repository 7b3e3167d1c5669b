//! Rows of a matrix, four at a time: biases, products, scaling; what becomes of the four sums is the caller's.

use super::layout::{BLOCK, MATRIX_HEAD, Matrix, ROWS, ROWS_HEAD};
use crate::simd::int8::{
    BY_ROW, GroupHeader, TanhRows, VectorBlock, WeightBlock, four_rows, one_row, tanh_four,
    tanh_rows,
};
use crate::spec::Activation;

/// Blocks whose sum cannot overflow, whatever the bytes: `504·128·2¹⁵ < 2³¹`. Longer sums are scaled piece by piece.
const PIECE: usize = 63;

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
        let shift = self.words.first().copied().unwrap_or(0) & 31;
        match self.activation {
            Activation::Tanh if self.is_short() => {
                let groups = self.words.get(MATRIX_HEAD..).unwrap_or(&[]);
                let (x, h) = (eights(x, self.matrix.below), eights(h, self.matrix.state));
                let count = self.matrix.rows.div_ceil(ROWS);
                let to = next.as_chunks_mut().0.get_mut(..count).unwrap_or(&mut []);
                tanh_rows(TanhRows {
                    groups,
                    x,
                    h,
                    shift,
                    to,
                });
            }
            Activation::Tanh => self.rows(x, h, next, |z| tanh_four(z, shift)),
            Activation::Relu => self.rows(x, h, next, |z| {
                let [a, b, c, d] = z.map(|z| (z >> shift).clamp(0, 0x7fff));
                [pair(a, b), pair(c, d)]
            }),
            Activation::Identity => self.rows(x, h, next, |z| {
                let [a, b, c, d] = z.map(|z| (z >> shift).clamp(-0x7fff, 0x7fff));
                [pair(a, b), pair(c, d)]
            }),
        }
        let limit = limit_of(self.words);
        if limit > 0 {
            limit_pairs(next, self.words_written(), limit);
        }
    }

    /// Whether every sum is one piece.
    const fn is_short(&self) -> bool {
        self.matrix.below <= PIECE && self.matrix.state <= PIECE
    }

    /// Words that a step writes.
    pub const fn words_written(&self) -> usize {
        self.matrix.rows.div_ceil(ROWS) * (ROWS / 2)
    }

    #[inline(always)]
    fn rows(&self, x: &[u32], h: &[u32], next: &mut [u32], f: impl Fn([i32; 4]) -> [u32; 2]) {
        let mut rows = Rows::new(self.words, self.matrix, x, h);
        for to in next.as_chunks_mut().0 {
            let Some(z) = rows.next() else {
                return;
            };
            *to = f(z);
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
    let mut rows = Rows::new(words, matrix, h, &[]);
    for to in logits.chunks_mut(ROWS) {
        let Some(z) = rows.next_few(to.len()) else {
            return;
        };
        for (to, z) in to.iter_mut().zip(z) {
            *to = convert(z);
        }
    }
}

/// The sums of every four rows.
struct Rows<'a> {
    groups: &'a [u32],
    group_words: usize,
    x: &'a [VectorBlock],
    h: &'a [VectorBlock],
    /// Whether each sum is one piece.
    short: bool,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    fn new(words: &'a [u32], matrix: Matrix, x: &'a [u32], h: &'a [u32]) -> Self {
        Self {
            groups: words.get(MATRIX_HEAD..).unwrap_or(&[]),
            group_words: matrix.group_words(),
            x: eights(x, matrix.below),
            h: eights(h, matrix.state),
            short: matrix.below <= PIECE && matrix.state <= PIECE,
        }
    }

    #[inline(always)]
    fn next(&mut self) -> Option<[i32; ROWS]> {
        self.next_few(ROWS)
    }

    /// The next four, of which only the first `count` are wanted.
    #[inline(always)]
    fn next_few(&mut self, count: usize) -> Option<[i32; ROWS]> {
        let (group, rest) = self.groups.split_at_checked(self.group_words)?;
        self.groups = rest;
        let (head, weights) = group.split_first_chunk::<ROWS_HEAD>()?;
        let weights = weights.as_chunks().0;
        let few = if BY_ROW && self.short && self.h.is_empty() {
            count
        } else {
            ROWS
        };
        // Three alone cost as much as four together.
        if few < 3 {
            let mut z = [0; ROWS];
            for (row, z) in z.iter_mut().enumerate().take(few) {
                *z = one_row(head, weights, self.x, row);
            }
            return Some(z);
        }
        Some(if self.short {
            four_rows(head, weights, self.x, self.h)
        } else {
            pieces(head, weights, self.x, self.h)
        })
    }
}

/// Long rows, piece by piece: each piece goes on from the sums of the one before.
#[cold]
fn pieces(
    head: &GroupHeader,
    weights: &[WeightBlock],
    x: &[VectorBlock],
    h: &[VectorBlock],
) -> [i32; ROWS] {
    let [mut z, m] = [*head, *head];
    let (w_in, w_rec) = weights.split_at_checked(x.len()).unwrap_or_default();
    let below = w_in
        .chunks(PIECE)
        .zip(x.chunks(PIECE))
        .map(|(w, x)| (w, x, &[][..]));
    let state = w_rec
        .chunks(PIECE)
        .zip(h.chunks(PIECE))
        .map(|(w, h)| (w, &[][..], h));
    let mut sums = [0; ROWS];
    for (weights, x, h) in below.chain(state) {
        sums = four_rows(&z, weights, x, h);
        let [a, b, c, d] = sums.map(|z| z as u32);
        z = [a, b, c, d, m[4], m[5], m[6], m[7]];
    }
    sums
}

/// The same numbers within ±limit. Apart from the step, which few nets leave for it.
#[cold]
#[inline(never)]
fn limit_pairs(pairs: &mut [u32], count: usize, limit: i32) {
    let within = |h: i32| h.min(limit).max(-limit);
    for word in pairs.iter_mut().take(count) {
        *word = pair(within(*word as i16 as i32), within(*word as i32 >> 16));
    }
}

/// The limit of a layer's state; 0 where it has no clip.
#[inline(always)]
pub(super) fn limit_of(words: &[u32]) -> i32 {
    (words.first().copied().unwrap_or(0) >> 16) as i32
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

/// So many blocks of pairs.
#[inline(always)]
fn eights(pairs: &[u32], blocks: usize) -> &[VectorBlock] {
    pairs.as_chunks().0.get(..blocks).unwrap_or(&[])
}

/// Largest sum of a row's products, each at most 128 times 2¹⁵, after scaling: what the check of a model adds up.
pub(super) fn most(blocks: usize, multiplier: i16) -> u64 {
    let inputs = (blocks * BLOCK) as u64;
    // Every piece is rounded down by less than one.
    inputs * 64 * u64::from(multiplier.unsigned_abs()) + blocks.div_ceil(PIECE) as u64
}
