//! Gradients of weights: the outer products of a window's rows, summed.
//!
//! Lost on Zen 4 (1 MiB of L2): packing blocks of 128 or 256 rows of B by four strips first, on the stack, so that rows do not lie
//! on a page each (512 by 2048 from 2048 rows: 90 instead of 92 to 98 GFLOP/s, rows of 2048 numbers or of 2064).

use super::operands::{Gemm, Start};
use super::pack::Panels;
use super::small::OuterProduct;
use crate::simd::{Simd, View};

/// `C (I, J) += Aᵀ·B` over `rows` rows of A (I wide) and B (J wide), straight from where they lie, and
/// `bias (J) += Σ rows of B` unless it is empty. From one row of C to the next there are `c_row` numbers.
#[inline(always)]
pub(crate) fn outer_product<S: Simd>(
    s: S,
    (a, a_width): (View, usize),
    (b, b_width): (View, usize),
    rows: usize,
    (c, c_row): (&mut [f32], usize),
    bias: &mut [f32],
) {
    let product = OuterProduct {
        a,
        a_width,
        b,
        b_width,
        rows,
        c,
        bias,
    };
    if S::LOOKS_UP && c_row == b_width && product.fits() {
        return s.run(product);
    }
    let OuterProduct { c, bias, .. } = product;
    let columns_of_a = View {
        data: a.data,
        outer: 1,
        inner: a.outer,
    };
    let b_rows = Panels::rows(b);
    let product = Gemm::new(a_width, b_width, rows, columns_of_a, b_rows, c, c_row);
    s.run(Gemm {
        start: Start::Continue,
        ..product
    });
    if !bias.is_empty() {
        sum_rows(s, b, b_width, rows, bias);
    }
}

/// `c (N) += Σ rows of b (rows, N)`: the product of a row of ones, which is one number read at every k, with b.
#[inline(always)]
pub(crate) fn sum_rows<S: Simd>(s: S, b: View, width: usize, rows: usize, c: &mut [f32]) {
    let ones = View {
        data: &[1.0],
        outer: 0,
        inner: 0,
    };
    s.run(Gemm {
        start: Start::Continue,
        ..Gemm::new(1, width, rows, ones, Panels::rows(b), c, width)
    });
}
