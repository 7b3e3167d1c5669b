//! A step of a layer, and the head: `z = bias + W_in·x + W_rec·h`, a group of four rows at a time, and what becomes of it.

use super::layer::{LayerStep, Vectors, limit_of};
use super::sums::{GroupSums, vector_blocks};
use super::words::{GROUP, MATRIX_HEADER, Matrix};
use crate::cell::{Gated, Step, Visit, with_cell};
use crate::simd::int8::{Groups, pair};
use crate::slices::{at, at_mut};

impl LayerStep<'_> {
    /// `h[t]` and `c[t]`.
    #[inline(always)]
    pub fn run(&self, vectors: Vectors) {
        let layer = *self;
        with_cell(self.cell, Run { layer, vectors });
    }

    /// `h_t = f(z)`, group by group.
    #[inline(always)]
    fn groups<C: Step<1, 1>>(&self, x: &[u32], h: &[u32], h_t: &mut [u32], cell: C, shift: u32) {
        let mut sums = GroupSums::new(self.words, self.matrix, x, h);
        for to in h_t.as_chunks_mut().0 {
            let Some(z) = sums.next() else {
                return; // padding
            };
            *to = cell.step_int8(z, shift);
        }
    }
}

struct Run<'a> {
    layer: LayerStep<'a>,
    vectors: Vectors<'a>,
}

impl Visit for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn visit<C: Step<1, 1>>(self, cell: C) {
        let layer = self.layer;
        let Vectors { x, h_prev, h_t, .. } = self.vectors;
        let matrix = layer.matrix;
        let shift = layer.words.first().copied().unwrap_or(0) & 31;
        if cell.has_int8_groups() && matrix.is_one_piece() {
            cell.int8_groups(Groups {
                groups: at(layer.words, MATRIX_HEADER..),
                x: vector_blocks(x, matrix.x_blocks),
                h: vector_blocks(h_prev, matrix.h_blocks),
                shift,
                to: at_mut(h_t.as_chunks_mut().0, ..matrix.fours()),
            });
        } else {
            layer.groups(x, h_prev, h_t, cell, shift);
        }
        let limit = limit_of(layer.words);
        if limit > 0 {
            limit_pairs(h_t, layer.words_written(), limit);
        }
    }

    #[inline(always)]
    fn visit_gated<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize>(self, _: C) {
        if let Some(gated) = self.layer.gated {
            (gated.step)(self.layer, self.vectors);
        }
    }
}

/// The head: `logits = bias + W_out·h`.
#[inline(always)]
pub(super) fn apply_head<T>(
    words: &[u32],
    matrix: Matrix,
    h: &[u32],
    logits: &mut [T],
    convert: impl Fn(i32) -> T,
) {
    let mut sums = GroupSums::new(words, matrix, h, &[]);
    for to in logits.chunks_mut(GROUP) {
        let Some(z) = sums.next_rows(to.len()) else {
            debug_assert!(false, "more logits than rows");
            return;
        };
        for (to, z) in to.iter_mut().zip(z) {
            *to = convert(z);
        }
    }
}

/// The numbers of the first `words` words within ±limit. A function of its own: few nets have a clip.
#[cold]
#[inline(never)]
fn limit_pairs(h_t: &mut [u32], words: usize, limit: i32) {
    let within = |h: i32| h.min(limit).max(-limit);
    for word in h_t.iter_mut().take(words) {
        *word = pair(within(*word as i16 as i32), within(*word as i32 >> 16));
    }
}
