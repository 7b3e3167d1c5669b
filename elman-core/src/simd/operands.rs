//! The inner loop's view of its two operands: bounds are checked once per tile, not once per number.

use core::marker::PhantomData;

use super::LANES;

/// A matrix inside a slice: element `(i, k)` lies at `i·outer + k·inner`.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub data: &'a [f32],
    /// From one row (of A) or strip (of B) to the next.
    pub outer: usize,
    /// From one step of the inner loop to the next.
    pub inner: usize,
}

impl<'a> View<'a> {
    /// The same matrix from element `(outer, inner)` on; empty if that lies outside.
    #[inline(always)]
    pub fn from(self, outer: usize, inner: usize) -> Self {
        let start = outer * self.outer + inner * self.inner;
        Self { data: self.data.get(start..).unwrap_or(&[]), ..self }
    }
}

/// Walks a tile along the inner dimension: `ROWS` numbers of A and `STRIPS` strips of B at a time.
pub(crate) struct Operands<'a, const ROWS: usize, const STRIPS: usize> {
    a: *const f32,
    a_row: usize,
    a_step: usize,
    b: *const f32,
    b_strip: usize,
    b_step: usize,
    left: usize,
    borrows: PhantomData<&'a [f32]>,
}

impl<'a, const ROWS: usize, const STRIPS: usize> Operands<'a, ROWS, STRIPS> {
    /// The first `depth` steps. Views that are too short (a bug of the caller) give no steps at all.
    #[inline(always)]
    pub fn new(a: View<'a>, b: View<'a>, depth: usize) -> Self {
        let steps = depth.wrapping_sub(1);
        let reach = |rows: usize, view: &View, width: usize| {
            (rows - 1).saturating_mul(view.outer).saturating_add(steps.saturating_mul(view.inner)).saturating_add(width)
        };
        let fits = depth == 0 || (reach(ROWS, &a, 1) <= a.data.len() && reach(STRIPS, &b, LANES) <= b.data.len());
        debug_assert!(fits, "operands of {ROWS} rows, {STRIPS} strips, {depth} steps do not fit");
        Self {
            a: a.data.as_ptr(),
            a_row: a.outer,
            a_step: a.inner,
            b: b.data.as_ptr(),
            b_strip: b.outer,
            b_step: b.inner,
            left: if fits { depth } else { 0 },
            borrows: PhantomData,
        }
    }

    /// The next step's numbers of A and strips of B.
    #[inline(always)]
    pub fn next(&mut self) -> Option<([f32; ROWS], [&'a [f32; LANES]; STRIPS])> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let mut a = [0.0; ROWS];
        let mut b = [&[0.0; LANES]; STRIPS];
        // SAFETY: `new` made sure that every row's and strip's element of every one of the `left` steps
        // lies within the borrowed slices; pointers move by wrapping_add, so the step past the last one
        // computes an address that is never read. f32 has no alignment beyond its own.
        unsafe {
            let mut r = 0;
            while r < ROWS {
                a[r] = *self.a.add(r * self.a_row);
                r += 1;
            }
            let mut s = 0;
            while s < STRIPS {
                b[s] = &*self.b.add(s * self.b_strip).cast();
                s += 1;
            }
        }
        self.a = self.a.wrapping_add(self.a_step);
        self.b = self.b.wrapping_add(self.b_step);
        Some((a, b))
    }
}
