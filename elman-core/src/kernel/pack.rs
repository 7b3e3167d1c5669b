//! Weights in the order the inner loop reads them: strips of sixteen outputs, k after k.
//!
//! ```text
//! panel of sixteen outputs = [bias] k=0 k=1 … k=K-1     each one cache line
//! ```
//! The layout does not depend on the instruction set; missing outputs are zero.

use crate::simd::{LANES, Strip};

/// Strips of a packed (depth, outputs) matrix, `extra` rows (a bias) in front.
pub(crate) const fn packed_strips(depth: usize, outputs: usize, extra: usize) -> usize {
    outputs.div_ceil(LANES) * (depth + extra)
}

/// Packs row-major `weights` (depth, outputs) behind `bias`, if there is one.
pub(crate) fn pack(weights: &[f32], bias: Option<&[f32]>, outputs: usize, packed: &mut [Strip]) {
    let depth = weights.len() / outputs.max(1);
    let extra = usize::from(bias.is_some());
    for (index, panel) in packed.chunks_exact_mut((depth + extra).max(1)).enumerate() {
        let column = index * LANES;
        let width = outputs.saturating_sub(column).min(LANES);
        let rows = bias.into_iter().chain(weights.chunks_exact(outputs.max(1)));
        for (strip, row) in panel.iter_mut().zip(rows) {
            copy_part(strip, row.get(column..column + width).unwrap_or(&[]));
        }
    }
}

/// Packs the transpose of row-major `weights` (outputs, depth): outputs become the inner dimension.
pub(crate) fn pack_transposed(weights: &[f32], depth: usize, packed: &mut [Strip]) {
    for (index, panel) in packed.chunks_exact_mut(depth.max(1)).enumerate() {
        panel.fill(Strip::ZERO);
        let rows = weights
            .chunks_exact(depth.max(1))
            .skip(index * LANES)
            .take(LANES);
        for (lane, row) in rows.enumerate() {
            for (strip, &w) in panel.iter_mut().zip(row) {
                if let Some(x) = strip.0.get_mut(lane) {
                    *x = w;
                }
            }
        }
    }
}

fn copy_part(strip: &mut Strip, row: &[f32]) {
    match row.first_chunk() {
        Some(whole) => strip.0 = *whole,
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
