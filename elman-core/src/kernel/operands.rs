//! What the matrix product and the recurrence are handed: shapes, operands, orders.

use super::pack::Panels;
use crate::simd::View;
use crate::slices::at;

/// What an output starts from.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    Zero,
    /// The bias that B was packed with.
    Bias,
    /// What C holds: the sum goes on.
    Continue,
}

/// In which order the columns are computed; no bit of the result depends on it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Order {
    Ascending,
    /// Every other time step runs backwards through the columns, so that it begins with the part of `W_rec` that the step
    /// before left in the nearest cache.
    Descending,
}

impl Order {
    /// The other one.
    #[inline(always)]
    pub const fn other(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }

    /// Of a time step: alternating, `Descending` at odd ones.
    #[inline(always)]
    pub const fn of_step(t: usize) -> Self {
        if t.is_multiple_of(2) {
            Self::Ascending
        } else {
            Self::Descending
        }
    }
}

/// `C (M, N) = start + A (M, K) · B (K, N)`.
pub(crate) struct Gemm<'a> {
    pub rows: usize,
    pub columns: usize,
    pub depth: usize,
    /// Rows of A: `outer` from row to row, `inner` along k.
    pub a: View<'a>,
    pub b: Panels<'a>,
    pub c: &'a mut [f32],
    /// From one row of C to the next.
    pub c_row: usize,
    pub start: Start,
    pub order: Order,
}

impl<'a> Gemm<'a> {
    /// `C = A·B`, the plain product.
    pub fn new(
        rows: usize,
        columns: usize,
        depth: usize,
        a: View<'a>,
        b: Panels<'a>,
        c: &'a mut [f32],
        c_row: usize,
    ) -> Self {
        Self {
            rows,
            columns,
            depth,
            a,
            b,
            c,
            c_row,
            start: Start::Zero,
            order: Order::Ascending,
        }
    }
}

/// `steps` time steps of `rows` rows each, one product per step: `C[t] = cell(C[t] + C[t∓1]·B)` in place, C being
/// (steps·rows, columns).
pub(crate) struct Recurrent<'a, C> {
    pub cell: C,
    pub pass: Pass<'a>,
    pub rows: usize,
    pub columns: usize,
    /// Numbers of what a step reads: `columns`, or more where several workers share the columns.
    pub depth: usize,
    pub steps: usize,
    /// Forward or backward in time through C.
    pub time: Time,
    /// What stands for `C[t∓1]` at the first step, (rows, depth).
    pub previous: View<'a>,
    /// `W_rec` or its transpose.
    pub b: Panels<'a>,
    /// From the first row of the earliest step to the last row of the latest.
    pub c: &'a mut [f32],
    /// From one row of C to the next.
    pub c_row: usize,
    /// In which order the first step takes its columns; the next one takes the other.
    pub order: Order,
    /// Whether products with zeros of what a step reads can be left out, where there is one row.
    pub skips_zeros: bool,
}

/// What becomes of finished sums.
#[derive(Clone, Copy)]
pub(crate) enum Pass<'a> {
    /// `h[t] = step(C[t])`: C holds Z and becomes h.
    Forward,
    /// `dZ[t] = back(h[t], C[t])`: C holds dh and becomes dZ; h lies as C does.
    Backward(&'a [f32]),
}

impl<'a> Pass<'a> {
    /// The same for what lies in C from `start` on.
    #[inline(always)]
    pub fn from(self, start: usize) -> Self {
        match self {
            Self::Forward => Self::Forward,
            Self::Backward(h) => Self::Backward(at(h, start..)),
        }
    }
}

/// Which way a pass runs through the time steps.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Time {
    Forward,
    Backward,
}
