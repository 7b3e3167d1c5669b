//! A layer and direction, ready to step, and what its header says.

use super::words::{GROUP, Matrix};
use crate::cell::Cell;
use crate::error::Error;

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
    /// Words of `h_t` that a step writes.
    pub const fn words_written(&self) -> usize {
        self.matrix.fours() * (GROUP / 2)
    }
}

/// What layers need whose cell has several sums per unit: pointers, so that a chip whose net has none links none of it.
#[derive(Debug)]
pub(super) struct GatedCode {
    pub step: fn(LayerStep, Vectors),
    /// Whether the words of a layer and direction make sense.
    pub check: fn(&[u32], Matrix, Cell) -> Result<(), Error>,
}

/// The shift of a layer's sums and the exponent of its c (of FastRNN and FastGRNN: of h), of the matrix's words.
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

/// What one unit is worth of a state with that exponent, 0 to 15: 2^(exponent - 15).
#[inline(always)]
pub(super) const fn unit_of(exponent: u32) -> f32 {
    f32::from_bits((127 - 15 + exponent) << 23)
}
