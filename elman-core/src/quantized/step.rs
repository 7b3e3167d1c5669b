//! A step of a layer, and the head: `z = bias + W_in·x + W_rec·h`, a group of four rows at a time, and what becomes of it.

use super::gated::GatedCode;
use super::words::{BLOCK, GROUP, GROUP_HEADER, MATRIX_HEADER, Matrix, PIECE};
use crate::cell::{Cell, Gated, Step, Visit, with_cell};
use crate::error::Error;
use crate::simd::int8::{
    BY_ROW, GroupHeader, Groups, VectorBlock, WeightBlock, four_rows, one_row, pair,
};
use crate::slices::{at, at_mut};

/// A layer and direction, ready to step: `h[t] = f((bias + W_in·x[t] + W_rec·h[t-1]) / 2^shift)`, within ±limit; or what
/// a cell of several sums makes of them.
#[derive(Clone, Copy)]
pub(super) struct LayerStep<'a> {
    /// Of the matrix: its header, then its groups.
    pub words: &'a [u32],
    pub matrix: Matrix,
    pub cell: Cell,
    pub gated: Option<&'static GatedCode>,
}

/// What a layer and direction reads and writes at a step, vectors all.
pub(super) struct Vectors<'a> {
    pub x: &'a [u32],
    pub h_prev: &'a [u32],
    /// Its words behind the last group stay as they are.
    pub h_t: &'a mut [u32],
    /// Of an LSTM: `c[t-1]`, which becomes `c[t]`.
    pub c: &'a mut [u32],
}

impl LayerStep<'_> {
    /// `h[t]` and `c[t]`.
    #[inline(always)]
    pub fn run(&self, vectors: Vectors) {
        let layer = *self;
        with_cell(self.cell, Run { layer, vectors });
    }

    /// Words of `h_t` that a step writes.
    pub const fn words_written(&self) -> usize {
        self.matrix.fours() * (GROUP / 2)
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

/// z of one group after the other.
struct GroupSums<'a> {
    /// The groups to come.
    words: &'a [u32],
    group_words: usize,
    x: &'a [VectorBlock],
    h: &'a [VectorBlock],
    is_one_piece: bool,
}

impl<'a> GroupSums<'a> {
    #[inline(always)]
    fn new(words: &'a [u32], matrix: Matrix, x: &'a [u32], h: &'a [u32]) -> Self {
        Self {
            words: at(words, MATRIX_HEADER..),
            group_words: matrix.four_words,
            x: vector_blocks(x, matrix.x_blocks),
            h: vector_blocks(h, matrix.h_blocks),
            is_one_piece: matrix.is_one_piece(),
        }
    }

    #[inline(always)]
    fn next(&mut self) -> Option<[i32; GROUP]> {
        self.next_rows(GROUP)
    }

    /// z of the next group, of which only the first `rows` are wanted.
    #[inline(always)]
    fn next_rows(&mut self, rows: usize) -> Option<[i32; GROUP]> {
        let (group, rest) = self.words.split_at_checked(self.group_words)?;
        self.words = rest;
        let (header, weights) = group.split_first_chunk::<GROUP_HEADER>()?;
        let weights = weights.as_chunks().0;
        let rows = if BY_ROW && self.is_one_piece && self.h.is_empty() {
            rows
        } else {
            GROUP
        };
        // Three of `one_row` cost as much as `four_rows`.
        if rows < 3 {
            let mut z = [0; GROUP];
            for (row, z) in z.iter_mut().enumerate().take(rows) {
                *z = one_row(header, weights, self.x, row);
            }
            return Some(z);
        }
        Some(if self.is_one_piece {
            four_rows(header, weights, self.x, self.h)
        } else {
            pieces(header, weights, self.x, self.h)
        })
    }
}

/// z of a group of long rows, piece by piece: a piece's z is the bias of the next.
#[cold]
pub(super) fn pieces(
    header: &GroupHeader,
    weights: &[WeightBlock],
    x: &[VectorBlock],
    h: &[VectorBlock],
) -> [i32; GROUP] {
    let [mut header, m] = [*header, *header];
    debug_assert!(weights.len() >= x.len(), "weights of x and h");
    let (w_in, w_rec) = weights.split_at_checked(x.len()).unwrap_or_default();
    let x_pieces = w_in
        .chunks(PIECE)
        .zip(x.chunks(PIECE))
        .map(|(w, x)| (w, x, &[][..]));
    let h_pieces = w_rec
        .chunks(PIECE)
        .zip(h.chunks(PIECE))
        .map(|(w, h)| (w, &[][..], h));
    let mut z = [0; GROUP];
    for (weights, x, h) in x_pieces.chain(h_pieces) {
        z = four_rows(&header, weights, x, h);
        let [a, b, c, d] = z.map(|z| z as u32);
        header = [a, b, c, d, m[4], m[5], m[6], m[7]];
    }
    z
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

/// The shift of a layer's sums and the exponent of its c, of the matrix's words.
#[inline(always)]
pub(super) fn shifts_of(words: &[u32]) -> [u32; 2] {
    let word = words.first().copied().unwrap_or(0);
    [word & 0xff, word >> 8 & 0xff]
}

/// The limit of a layer's state (of its sums, where a unit has several), of the matrix's words; 0 where it has no clip.
#[inline(always)]
pub(super) fn limit_of(words: &[u32]) -> i32 {
    (words.first().copied().unwrap_or(0) >> 16) as i32
}

/// The first blocks of a vector.
#[inline(always)]
pub(super) fn vector_blocks(vector: &[u32], blocks: usize) -> &[VectorBlock] {
    at(vector.as_chunks().0, ..blocks)
}

/// The largest |Σ w·v · m / 2¹⁶| over `blocks` blocks: |w| ≤ 128, |v| ≤ 2¹⁵, every piece rounded down by less than one.
fn largest_sum(blocks: usize, m: i16) -> u64 {
    let columns = (blocks * BLOCK) as u64;
    columns * 64 * u64::from(m.unsigned_abs()) + blocks.div_ceil(PIECE) as u64
}

/// A shift or an exponent that is none.
pub(super) const SHIFT: Error = Error::Quantized("a shift out of its range");
/// Where there is no clip, too.
pub(super) const LIMIT: Error = Error::Quantized("a limit that is not that of the clip");

/// Whether the sums of a group stay within ±`most`, whatever its weights.
#[inline(always)]
pub(super) fn check_group(
    group: &[u32],
    [x_blocks, h_blocks]: [usize; 2],
    most: i32,
) -> Result<(), Error> {
    let Some([b0, b1, b2, b3, m0, m1, m2, m3]) = group.first_chunk::<GROUP_HEADER>() else {
        return Ok(());
    };
    for (&bias, &m) in [b0, b1, b2, b3].into_iter().zip([m0, m1, m2, m3]) {
        let sums = largest_sum(x_blocks, m as i16) + largest_sum(h_blocks, (m >> 16) as i16);
        if sums + u64::from((bias as i32).unsigned_abs()) > most as u64 {
            return Err(Error::Quantized("a row whose sum can exceed 32 bits"));
        }
    }
    Ok(())
}
