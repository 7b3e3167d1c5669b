//! Gradients of weights: the outer products of a window's rows, summed.
//!
//! Where a tile is one strip wide ([`Simd::PACKS_OUTER`]), each number of A and B that is loaded serves few others, and rows that
//! lie a power of two apart fall into the same few sets of the cache. So large products are cut into blocks of rows and of A's
//! columns, which are copied to the stack first, where neighbours in k are neighbours in memory.
//!
//! Lost on Zen 4: packing for AVX-512, whose tiles are four strips wide (3 to 5 % slower at 256 hidden units), and blocks of B of four
//! strips for AVX2 (within 1 % of one strip).

use super::operands::{Gemm, Start};
use super::pack::Panels;
use super::small::OuterProduct;
use crate::simd::{LANES, Operation, Simd, Strip, View};
use crate::slices::{at, at_mut, copy_common};

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
    let mut product = OuterProduct {
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
    if S::PACKS_OUTER && Packed::is_worth(&product) {
        s.run(Packed {
            product: &mut product,
            c_row,
        });
    } else {
        let columns_of_a = View {
            data: a.data,
            outer: 1,
            inner: a.outer,
        };
        let b_rows = Panels::rows(b);
        let product = Gemm::new(
            a_width,
            b_width,
            rows,
            columns_of_a,
            b_rows,
            product.c,
            c_row,
        );
        s.run(Gemm {
            start: Start::Continue,
            ..product
        });
    }
    if !product.bias.is_empty() {
        sum_rows(s, b, b_width, rows, product.bias);
    }
}

/// Rows of a block.
const DEPTH: usize = 128;
/// Numbers from row to row from which on neighbours are worth being brought together.
const FAR: usize = 192;
/// Strips of a row of A's block: an odd number of cache lines, so that rows spread over all sets.
const A_STRIPS: usize = 13;

/// A large product, block by block: 104 KiB of A and 8 KiB of B at a time.
struct Packed<'p, 'a> {
    product: &'p mut OuterProduct<'a>,
    /// From one row of C to the next.
    c_row: usize,
}

impl Packed<'_, '_> {
    /// Whether the copies cost less than they save: a number of A serves J others, one of B the columns of a block of A. Rows of
    /// 64 numbers lose 5 %, of 128 one or two, of 256 gain as much, of 512 gain 8 % (Zen 4 at AVX2).
    #[inline(always)]
    fn is_worth(product: &OuterProduct) -> bool {
        let OuterProduct {
            a,
            a_width,
            b,
            b_width,
            rows,
            ..
        } = product;
        a.outer.max(b.outer) >= FAR && *a_width >= 64 && *b_width >= 64 && *rows >= DEPTH
    }
}

impl Operation for Packed<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { product, c_row } = self;
        let OuterProduct {
            a,
            a_width,
            b,
            b_width,
            rows,
            c,
            ..
        } = product;
        let (a_width, b_width, rows) = (*a_width, *b_width, *rows);
        let mut a_block = [Strip::ZERO; DEPTH * A_STRIPS];
        let mut b_block = [Strip::ZERO; DEPTH];
        // Blocks of nearly equal width, of whole tiles where there are several.
        let blocks = a_width.div_ceil(A_STRIPS * LANES / S::TILE_ROWS * S::TILE_ROWS);
        for row in (0..rows).step_by(DEPTH) {
            let depth = DEPTH.min(rows - row);
            for block in 0..blocks {
                let first = block * a_width / blocks;
                let height = (block + 1) * a_width / blocks - first;
                copy_rows::<A_STRIPS>(a.from(row, first), height, depth, &mut a_block);
                for column in (0..b_width).step_by(LANES) {
                    let width = LANES.min(b_width - column);
                    copy_rows::<1>(b.from(row, column), width, depth, &mut b_block);
                    let a = View {
                        data: Strip::floats(&a_block),
                        outer: 1,
                        inner: A_STRIPS * LANES,
                    };
                    let b = Panels::rows(View::rows(Strip::floats(&b_block), LANES));
                    let c = at_mut(c, first * c_row + column..);
                    s.run(Gemm {
                        start: Start::Continue,
                        ..Gemm::new(height, width, depth, a, b, c, c_row)
                    });
                }
            }
        }
    }
}

/// `width` numbers of each of `depth` rows, to rows of `STRIPS` strips.
#[inline(always)]
fn copy_rows<const STRIPS: usize>(from: View, width: usize, depth: usize, to: &mut [Strip]) {
    let to = Strip::floats_mut(to).chunks_exact_mut(STRIPS * LANES);
    for (k, to) in to.enumerate().take(depth) {
        let row = from.from(k, 0).data;
        match (row.first_chunk::<LANES>(), to.first_chunk_mut::<LANES>()) {
            (Some(row), Some(to)) if width == LANES => *to = *row,
            _ => copy_common(at(row, ..width), to),
        }
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
