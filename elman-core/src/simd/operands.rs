//! What a matmul tile reads and writes: bounds are checked once per tile, not once per number.

use core::marker::PhantomData;

use super::{LANES, Simd};

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
    /// No elements.
    pub const EMPTY: View<'static> = View {
        data: &[],
        outer: 0,
        inner: 0,
    };

    /// The same matrix from element `(outer, inner)` on; empty if that lies outside.
    #[inline(always)]
    pub fn from(self, outer: usize, inner: usize) -> Self {
        let start = outer * self.outer + inner * self.inner;
        Self {
            data: self.data.get(start..).unwrap_or(&[]),
            ..self
        }
    }

    /// Whether `outer` by `inner` elements of `width` numbers each lie inside.
    #[inline(always)]
    fn holds(&self, outer: usize, inner: usize, width: usize) -> bool {
        let (Some(i), Some(k)) = (outer.checked_sub(1), inner.checked_sub(1)) else {
            return true;
        };
        i.saturating_mul(self.outer)
            .saturating_add(k.saturating_mul(self.inner))
            .saturating_add(width)
            <= self.data.len()
    }
}

/// A tile in registers, row by row.
pub(crate) type Sums<S, const ROWS: usize, const STRIPS: usize> = [[<S as Simd>::V; STRIPS]; ROWS];

/// Loads a tile: `outer` from row to row (0 repeats one row), `inner` from strip to strip. A view that is
/// too short (a bug of the caller) gives zeros.
#[expect(
    clippy::needless_range_loop,
    reason = "adapters that are not inlined lose the CPU features"
)]
#[inline(always)]
pub(crate) fn load_tile<S: Simd, const ROWS: usize, const STRIPS: usize>(
    s: S,
    from: View,
) -> Sums<S, ROWS, STRIPS> {
    let mut sums = [[s.splat(0.0); STRIPS]; ROWS];
    let fits = from.holds(ROWS, STRIPS, LANES);
    debug_assert!(fits, "a tile of {ROWS} rows, {STRIPS} strips does not fit");
    if fits {
        for r in 0..ROWS {
            for strip in 0..STRIPS {
                // SAFETY: `holds` checked that the strip of the last row and column lies inside the slice,
                // hence all of them; an array of f32 has no alignment beyond that of f32.
                sums[r][strip] = s.load(unsafe {
                    &*from
                        .data
                        .as_ptr()
                        .add(r * from.outer + strip * from.inner)
                        .cast()
                });
            }
        }
    }
    sums
}

/// Stores a tile of whole strips, `row` numbers from row to row; nothing if it does not fit.
#[inline(always)]
pub(crate) fn store_tile<S: Simd, const ROWS: usize, const STRIPS: usize>(
    s: S,
    sums: &Sums<S, ROWS, STRIPS>,
    to: &mut [f32],
    row: usize,
) {
    let fits = View {
        data: to,
        outer: row,
        inner: LANES,
    }
    .holds(ROWS, STRIPS, LANES);
    debug_assert!(fits, "a tile of {ROWS} rows, {STRIPS} strips does not fit");
    if fits {
        for (r, sums) in sums.iter().enumerate() {
            for (strip, &sum) in sums.iter().enumerate() {
                // SAFETY: as in `load_tile`; the borrow of `to` is exclusive and one strip is lent at a time.
                s.store(
                    unsafe { &mut *to.as_mut_ptr().add(r * row + strip * LANES).cast() },
                    sum,
                );
            }
        }
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
        let fits = a.holds(ROWS, depth, 1) && b.holds(STRIPS, depth, LANES);
        debug_assert!(
            fits,
            "operands of {ROWS} rows, {STRIPS} strips, {depth} steps do not fit"
        );
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
