//! Weights in the order the inner loop reads them: strips of sixteen outputs, k after k.
//!
//! ```text
//! panel of sixteen outputs = [bias] k=0 k=1 … k=K-1     each one cache line
//! ```
//! The layout does not depend on the instruction set; missing outputs are zero.

use core::ops::Range;

use crate::error::Error;
use crate::simd::{Bf16x2, LANES, PairStrip, Strip, View};
use crate::slices::{at, at_mut};

/// A matrix that the product reads strip by strip, and its bias strips if it was packed with any.
#[derive(Clone, Copy)]
pub(crate) struct Panel<'a, E> {
    /// `outer` from strip to strip, `inner` along k.
    pub matrix: View<'a, E>,
    pub bias: View<'a, E>,
}

impl<E> Panel<'_, E> {
    #[inline(always)]
    fn from(self, strip: usize) -> Self {
        Self {
            matrix: self.matrix.from(strip, 0),
            bias: self.bias.from(strip, 0),
        }
    }
}

/// The right-hand side of a product, in the precision it is stored in.
#[derive(Clone, Copy)]
pub(crate) enum Panels<'a> {
    Single(Panel<'a, f32>),
    Pairs(Panel<'a, Bf16x2>),
}

impl<'a> Panels<'a> {
    /// The first number of a strip of biases.
    pub fn bias(&self, strip: usize) -> f32 {
        match self {
            Self::Single(panel) => panel.bias.from(strip, 0).data.first().copied(),
            Self::Pairs(panel) => {
                let bias = panel.bias.from(strip, 0).data.first();
                bias.map(|&Bf16x2(bits)| f32::from_bits(bits))
            }
        }
        .unwrap_or(0.0)
    }

    /// Row-major rows (depth, columns) as they lie in memory, read in full strips.
    pub fn rows(rows: View<'a>) -> Self {
        let matrix = View {
            data: rows.data,
            outer: LANES,
            inner: rows.outer,
        };
        Self::Single(Panel {
            matrix,
            bias: View::EMPTY,
        })
    }

    /// Whether a product with zero is zero, for all packed weights of `strips` strips. `false` in bfloat16, whose product takes
    /// two k at a time.
    #[inline(always)]
    pub fn are_finite(self, depth: usize, strips: usize) -> bool {
        let Self::Single(panel) = self else {
            return false;
        };
        // Without a way out, so that it takes as many at a time as the instructions of its caller do.
        let mut all = true;
        for strip in 0..strips {
            for x in at(panel.matrix.from(strip, 0).data, ..depth * LANES) {
                all &= x.is_finite();
            }
        }
        all
    }

    /// The same from strip `strip` on.
    #[inline(always)]
    pub fn from(self, strip: usize) -> Self {
        match self {
            Self::Single(panel) => Self::Single(panel.from(strip)),
            Self::Pairs(panel) => Self::Pairs(panel.from(strip)),
        }
    }

    /// The packed matrix of `depth` rows behind `extra` bias rows at the start of `strips`.
    #[inline(always)]
    pub fn single(strips: &'a [Strip], depth: usize, extra: usize) -> Self {
        Self::Single(panel(Strip::floats(strips), depth, extra))
    }

    /// The same in pairs of bfloat16.
    #[inline]
    pub fn pairs(strips: &'a [PairStrip], depth: usize, extra: usize) -> Self {
        Self::Pairs(panel(PairStrip::pairs(strips), depth.div_ceil(2), extra))
    }
}

/// Panels of `steps` strips behind `extra` bias strips.
#[inline(always)]
fn panel<E>(data: &[E], steps: usize, extra: usize) -> Panel<'_, E> {
    let (outer, inner) = ((steps + extra) * LANES, LANES);
    let matrix = View {
        // Panels of biases alone may have none.
        data: if steps > 0 {
            at(data, extra * LANES..)
        } else {
            &[]
        },
        outer,
        inner,
    };
    Panel {
        matrix,
        bias: View { data, outer, inner },
    }
}

/// Strips of a packed (depth, outputs) matrix, `extra` rows (a bias) in front.
#[inline(always)]
pub(crate) const fn packed_strips(depth: usize, outputs: usize, extra: usize) -> usize {
    outputs
        .div_ceil(LANES)
        .saturating_mul(depth.saturating_add(extra))
}

/// Packs row-major `weights` (depth, outputs) behind `bias`, if there is one.
pub(crate) fn pack(weights: &[f32], bias: Option<&[f32]>, outputs: usize, packed: &mut [Strip]) {
    pack_columns((weights, outputs), 0..outputs, bias, packed);
}

/// Packs some columns of row-major weights, `row` numbers from row to row, behind the bias of these columns.
pub(crate) fn pack_columns(
    (weights, row): (&[f32], usize),
    columns: Range<usize>,
    bias: Option<&[f32]>,
    packed: &mut [Strip],
) {
    let depth = weights.len() / row.max(1);
    let extra = usize::from(bias.is_some());
    let rows = weights.chunks_exact(row.max(1));
    for (index, panel) in packed.chunks_exact_mut((depth + extra).max(1)).enumerate() {
        let column = index * LANES;
        let width = columns.len().saturating_sub(column).min(LANES);
        let rows = rows.clone().map(|row| at(row, columns.clone()));
        for (strip, row) in panel.iter_mut().zip(bias.into_iter().chain(rows)) {
            // A bias that is not there is empty, and zero.
            let part = if row.is_empty() {
                row
            } else {
                at(row, column..column + width)
            };
            copy_part(strip, part);
        }
    }
}

/// The inverse of [`pack_columns`].
pub(crate) fn unpack_columns(
    packed: &[Strip],
    (weights, row): (&mut [f32], usize),
    columns: Range<usize>,
    bias: Option<&mut [f32]>,
) {
    let depth = weights.len() / row.max(1);
    let mut bias = bias;
    let extra = usize::from(bias.is_some());
    for (index, panel) in packed.chunks_exact((depth + extra).max(1)).enumerate() {
        let column = index * LANES;
        let width = columns.len().saturating_sub(column).min(LANES);
        let (first, matrix) = panel.split_at_checked(extra).unwrap_or_default();
        let parts = bias.iter_mut().filter(|bias| !bias.is_empty());
        for (bias, strip) in parts.zip(first) {
            copy_back(strip, at_mut(bias, column..column + width));
        }
        let start = columns.start + column;
        for (row, strip) in weights.chunks_exact_mut(row.max(1)).zip(matrix) {
            copy_back(strip, at_mut(row, start..start + width));
        }
    }
}

fn copy_back(strip: &Strip, row: &mut [f32]) {
    for (w, &x) in row.iter_mut().zip(&strip.0) {
        *w = x;
    }
}

/// Packs the transpose of row-major `weights` (outputs, depth): outputs become the inner dimension. Along it they begin
/// with column `first` of the weights, and end with the one before it.
pub(crate) fn pack_transposed(weights: &[f32], depth: usize, first: usize, packed: &mut [Strip]) {
    for (index, panel) in packed.chunks_exact_mut(depth.max(1)).enumerate() {
        panel.fill(Strip::ZERO);
        let rows = weights
            .chunks_exact(depth.max(1))
            .skip(index * LANES)
            .take(LANES);
        for (lane, row) in rows.enumerate() {
            let (end, start) = row.split_at_checked(first).unwrap_or_default();
            for (strip, &w) in panel.iter_mut().zip(start.iter().chain(end)) {
                if let Some(x) = strip.0.get_mut(lane) {
                    *x = w;
                }
            }
        }
    }
}

fn copy_part(strip: &mut Strip, row: &[f32]) {
    match row.first_chunk() {
        Some(full) => strip.0 = *full,
        None => {
            let rest = strip
                .0
                .iter_mut()
                .zip(row.iter().chain(core::iter::repeat(&0.0)));
            for (x, &w) in rest {
                *x = w;
            }
        }
    }
}

/// Strips of the same matrix in pairs of bfloat16: two rows to a strip, biases as they were.
pub(crate) const fn pair_strips(depth: usize, outputs: usize, extra: usize) -> usize {
    outputs.div_ceil(LANES) * (depth.div_ceil(2) + extra)
}

/// Rounds a packed matrix to pairs of bfloat16.
pub(crate) fn to_pairs(
    packed: &[Strip],
    depth: usize,
    extra: usize,
    pairs: &mut [PairStrip],
) -> Result<(), Error> {
    let from = packed.chunks_exact((depth + extra).max(1));
    let to = pairs.chunks_exact_mut((depth.div_ceil(2) + extra).max(1));
    for (from, to) in from.zip(to) {
        let (Some((bias, rows)), Some((to_bias, to))) =
            (from.split_at_checked(extra), to.split_at_mut_checked(extra))
        else {
            continue;
        };
        for (to, bias) in to_bias.iter_mut().zip(bias) {
            to.0 = bias.0.map(f32::to_bits);
        }
        for (to, rows) in to.iter_mut().zip(rows.chunks(2)) {
            *to = PairStrip::ZERO;
            for (row, shift) in rows.iter().zip([0, 16]) {
                for (pair, &x) in to.0.iter_mut().zip(&row.0) {
                    *pair |= u32::from(bfloat16(x)?) << shift;
                }
            }
        }
    }
    Ok(())
}

/// The nearest bfloat16, ties to even: the upper half of the bits.
fn bfloat16(x: f32) -> Result<u16, Error> {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7FFF + ((bits >> 16) & 1)) >> 16;
    if x.is_finite() && rounded & 0x7F80 != 0x7F80 {
        Ok(rounded as u16)
    } else {
        Err(Error::Bfloat16Range(x))
    }
}

#[cfg(test)]
mod tests {
    use super::bfloat16;

    #[test]
    fn bfloat16_rounds_to_the_nearest_even() {
        // Between every two neighbouring positive numbers: below, at and above the middle.
        for bits in 0..0x7F7F_u16 {
            let number = |bits: u16| f32::from_bits(u32::from(bits) << 16);
            let middle = f32::from_bits((u32::from(bits) << 16) + 0x8000);
            let even = bits + bits % 2;
            assert_eq!(bfloat16(number(bits)), Ok(bits));
            assert_eq!(bfloat16(middle), Ok(even));
            assert_eq!(bfloat16(-middle), Ok(even | 0x8000));
            assert_eq!(bfloat16(middle.next_down()), Ok(bits));
            assert_eq!(bfloat16(middle.next_up()), Ok(bits + 1));
        }
        for refused in [f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            assert!(bfloat16(refused).is_err());
        }
    }
}
