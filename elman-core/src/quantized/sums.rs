//! Sums of a group of four rows: `z = bias + W_in·x + W_rec·h`, and whether they fit 32 bits.

use super::words::{BLOCK, GROUP, GROUP_HEADER, MATRIX_HEADER, Matrix, PIECE};
use crate::error::Error;
use crate::simd::int8::{BY_ROW, GroupHeader, VectorBlock, WeightBlock, four_rows, one_row};
use crate::slices::at;

/// z of one group after the other.
pub(super) struct GroupSums<'a> {
    /// The groups to come.
    words: &'a [u32],
    group_words: usize,
    x: &'a [VectorBlock],
    h: &'a [VectorBlock],
    is_one_piece: bool,
}

impl<'a> GroupSums<'a> {
    #[inline(always)]
    pub fn new(words: &'a [u32], matrix: Matrix, x: &'a [u32], h: &'a [u32]) -> Self {
        Self {
            words: at(words, MATRIX_HEADER..),
            group_words: matrix.four_words,
            x: vector_blocks(x, matrix.x_blocks),
            h: vector_blocks(h, matrix.h_blocks),
            is_one_piece: matrix.is_one_piece(),
        }
    }

    #[inline(always)]
    pub fn next(&mut self) -> Option<[i32; GROUP]> {
        self.next_rows(GROUP)
    }

    /// z of the next group, of which only the first `rows` are wanted.
    #[inline(always)]
    pub fn next_rows(&mut self, rows: usize) -> Option<[i32; GROUP]> {
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
