//! What a matmul tile reads and writes: bounds are checked once per tile, not once per number.

use core::marker::PhantomData;

use super::nonzero::NonZero;
use super::{Bf16x2, LANES, Simd};

/// What B is stored in.
pub(crate) trait Element: Copy {
    /// Numbers of `k` that one step along B holds.
    const PER_STEP: usize;
    /// Most rows of a tile. Widening costs an instruction per strip, so pairs are for few rows.
    const TILE_ROWS: usize;

    /// A strip of biases, which are always stored in single precision.
    fn load_bias<S: Simd>(s: S, from: &[Self; LANES]) -> S::V;

    /// `sums += A·B` over all of `k`, ascending.
    fn multiply<S: Simd, const ROWS: usize, const STRIPS: usize>(
        s: S,
        operands: Operands<Self, ROWS, STRIPS>,
        sums: &mut Sums<S, ROWS, STRIPS>,
    );

    /// The same for one row of A, of which only `some` numbers are not zero. All are taken where there is no code for that.
    #[inline(always)]
    fn multiply_some<S: Simd, const STRIPS: usize>(
        s: S,
        (a, b, depth): (View<f32>, View<Self>, usize),
        _some: &NonZero,
        sums: &mut Sums<S, 1, STRIPS>,
    ) {
        Self::multiply(s, Operands::new(a, b, depth), sums);
    }

    /// The same where nobody has looked for zeros: if it `asks`, +0 is left out on the way, -0 perhaps.
    #[inline(always)]
    fn multiply_asking<S: Simd, const STRIPS: usize>(
        s: S,
        operands: Operands<Self, 1, STRIPS>,
        _asks: bool,
        sums: &mut Sums<S, 1, STRIPS>,
    ) {
        Self::multiply(s, operands, sums);
    }

    /// Whether the token has code of its own for dot products with this element.
    #[inline(always)]
    fn has_own_dot<S: Simd>() -> bool {
        false
    }

    /// `to = start + a·B + a'·B'`, strip by strip, where there is such code; a product may be empty. Products with zeros may be
    /// left out where it `skips` them, of rows and packed weights.
    #[inline(always)]
    fn dot<S: Simd>(
        _s: S,
        _start: View<Self>,
        _first: (&[f32], View<Self>),
        _second: (&[f32], View<Self>),
        _to: &mut [f32],
        _skips: bool,
    ) {
    }
}

impl Element for f32 {
    const PER_STEP: usize = 1;
    const TILE_ROWS: usize = 6;

    #[inline(always)]
    fn load_bias<S: Simd>(s: S, from: &[f32; LANES]) -> S::V {
        s.load(from)
    }

    #[inline(always)]
    fn has_own_dot<S: Simd>() -> bool {
        S::OWN_DOT
    }

    #[inline(always)]
    fn multiply<S: Simd, const ROWS: usize, const STRIPS: usize>(
        s: S,
        operands: Operands<f32, ROWS, STRIPS>,
        sums: &mut Sums<S, ROWS, STRIPS>,
    ) {
        s.multiply(operands, sums);
    }

    #[expect(
        clippy::needless_range_loop,
        reason = "adapters that are not inlined lose the CPU features"
    )]
    #[inline(always)]
    fn multiply_some<S: Simd, const STRIPS: usize>(
        s: S,
        (a, b, depth): (View<f32>, View<f32>, usize),
        some: &NonZero,
        sums: &mut Sums<S, 1, STRIPS>,
    ) {
        let fits = a.holds(1, depth, 1) && b.holds(STRIPS, depth, LANES);
        debug_assert!(
            fits,
            "operands of {STRIPS} strips, depth {depth} do not fit"
        );
        if !fits {
            return;
        }
        for &k in some.places(depth) {
            let k = usize::from(k);
            // SAFETY: every place is below `depth`, so the number of A and the strips of B lie inside the slices, as
            // `holds` checked; an array has no alignment beyond that of its elements.
            let (number, first) = unsafe {
                let first = b.data.as_ptr().add(k * b.inner);
                (*a.data.as_ptr().add(k * a.inner), first)
            };
            let mut strips = [s.splat(0.0); STRIPS];
            for j in 0..STRIPS {
                // SAFETY: as above.
                strips[j] = s.load(unsafe { &*first.add(j * b.outer).cast() });
            }
            add_product(s, [number], strips, sums);
        }
    }

    #[inline(always)]
    fn multiply_asking<S: Simd, const STRIPS: usize>(
        s: S,
        mut operands: Operands<f32, 1, STRIPS>,
        asks: bool,
        sums: &mut Sums<S, 1, STRIPS>,
    ) {
        // SAFETY: as many turns as there are numbers of A, each of which takes one step of B.
        while let Some((a, b)) = unsafe { operands.next() } {
            if !asks || a[0].to_bits() != 0 {
                add_product(s, a, b.map(|strip| s.load(strip)), sums);
            }
        }
    }

    #[inline(always)]
    fn dot<S: Simd>(
        s: S,
        start: View<f32>,
        first: (&[f32], View<f32>),
        second: (&[f32], View<f32>),
        to: &mut [f32],
        skips: bool,
    ) {
        let strips = to.len().div_ceil(LANES);
        if start.holds(strips, 1, LANES) {
            let first = Product::new(first.0, first.1, strips);
            let second = Product::new(second.0, second.1, strips);
            let products = [first, second];
            if skips {
                s.dot_some(start, products, to);
            } else {
                s.dot(start, products, to);
            }
        }
    }
}

impl Element for Bf16x2 {
    const PER_STEP: usize = 2;
    const TILE_ROWS: usize = 3;

    #[inline(always)]
    fn load_bias<S: Simd>(s: S, from: &[Self; LANES]) -> S::V {
        s.load(&from.map(|Self(bias)| f32::from_bits(bias)))
    }

    #[inline(always)]
    fn multiply<S: Simd, const ROWS: usize, const STRIPS: usize>(
        s: S,
        mut operands: Operands<Self, ROWS, STRIPS>,
        sums: &mut Sums<S, ROWS, STRIPS>,
    ) {
        // SAFETY: every turn takes two numbers of A, the last perhaps one: half as many turns, rounded up.
        while let Some((a, b)) = unsafe { operands.next() } {
            let (mut first, mut second) = ([s.splat(0.0); STRIPS], [s.splat(0.0); STRIPS]);
            for j in 0..STRIPS {
                (first[j], second[j]) = s.load_pairs(b[j]);
            }
            add_product(s, a, first, sums);
            if let Some(a) = operands.next_of_a() {
                add_product(s, a, second, sums);
            }
        }
    }
}

/// `sums += a·strips`, one number of A per row.
///
/// Indices instead of iterators: unless inlined to the last call, an adapter's `next` would be compiled
/// without the token's features, which users' own build profiles do not promise (measured: 4 times slower).
#[inline(always)]
pub(crate) fn add_product<S: Simd, const ROWS: usize, const STRIPS: usize>(
    s: S,
    a: [f32; ROWS],
    strips: [S::V; STRIPS],
    sums: &mut Sums<S, ROWS, STRIPS>,
) {
    for r in 0..ROWS {
        let a = s.splat(a[r]);
        for j in 0..STRIPS {
            sums[r][j] = s.mul_add(a, strips[j], sums[r][j]);
        }
    }
}

/// A matrix inside a slice: element `(i, k)` lies at `i·outer + k·inner`.
#[derive(Clone, Copy)]
pub(crate) struct View<'a, E = f32> {
    pub data: &'a [E],
    /// From one row (of A) or strip (of B) to the next.
    pub outer: usize,
    /// From one step of the inner loop to the next.
    pub inner: usize,
}

impl<'a, E> View<'a, E> {
    /// Rows of `width` numbers, one behind the other.
    #[inline(always)]
    pub const fn rows(data: &'a [E], width: usize) -> Self {
        Self {
            data,
            outer: width,
            inner: 1,
        }
    }

    /// No elements.
    pub const EMPTY: Self = Self {
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
pub(crate) fn load_tile<S: Simd, E: Element, const ROWS: usize, const STRIPS: usize>(
    s: S,
    from: View<E>,
) -> Sums<S, ROWS, STRIPS> {
    let mut sums = [[s.splat(0.0); STRIPS]; ROWS];
    let fits = from.holds(ROWS, STRIPS, LANES);
    debug_assert!(fits, "a tile of {ROWS} rows, {STRIPS} strips does not fit");
    if fits {
        for r in 0..ROWS {
            for strip in 0..STRIPS {
                // SAFETY: `holds` checked that the strip of the last row and column lies inside the slice,
                // hence all of them; an array has no alignment beyond that of its elements.
                sums[r][strip] = E::load_bias(s, unsafe {
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

/// Loads a tile of rows of C, `row` numbers from row to row. Where not all strips are `FULL`, lanes past the
/// `columns` that are left are zero.
///
/// A constant, so that in the code for full strips nothing keeps the sums from staying in registers
/// (measured: 5 % of a batch of 32).
#[expect(
    clippy::needless_range_loop,
    reason = "adapters that are not inlined lose the CPU features"
)]
#[inline(always)]
pub(crate) fn load_rows<S: Simd, const ROWS: usize, const STRIPS: usize, const FULL: bool>(
    s: S,
    from: &[f32],
    row: usize,
    columns: usize,
) -> Sums<S, ROWS, STRIPS> {
    if FULL {
        let (data, outer, inner) = (from, row, LANES);
        return load_tile(s, View { data, outer, inner });
    }
    let mut sums = [[s.splat(0.0); STRIPS]; ROWS];
    for r in 0..ROWS {
        for strip in 0..STRIPS {
            let range = part_of(r * row, strip, columns);
            sums[r][strip] = s.load_part(from.get(range).unwrap_or(&[]));
        }
    }
    sums
}

/// Where the numbers of a strip lie in a row of `columns` numbers that begins at `start`.
#[inline(always)]
fn part_of(start: usize, strip: usize, columns: usize) -> core::ops::Range<usize> {
    let (from, to) = (strip * LANES, (strip + 1) * LANES);
    start + from.min(columns)..start + to.min(columns)
}

/// Stores what [`load_rows`] loads; nothing if it does not fit.
#[expect(
    clippy::needless_range_loop,
    reason = "adapters that are not inlined lose the CPU features"
)]
#[inline(always)]
pub(crate) fn store_rows<S: Simd, const ROWS: usize, const STRIPS: usize, const FULL: bool>(
    s: S,
    sums: &Sums<S, ROWS, STRIPS>,
    to: &mut [f32],
    row: usize,
    columns: usize,
) {
    if !FULL {
        for r in 0..ROWS {
            for strip in 0..STRIPS {
                let range = part_of(r * row, strip, columns);
                s.store_part(to.get_mut(range).unwrap_or(&mut []), sums[r][strip]);
            }
        }
        return;
    }
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

/// Walks a tile along the inner dimension.
pub(crate) struct Operands<'a, E, const ROWS: usize, const STRIPS: usize> {
    a: *const f32,
    a_row: usize,
    a_step: usize,
    b: *const E,
    b_strip: usize,
    b_step: usize,
    /// Numbers of `k` left.
    left: usize,
    borrows: PhantomData<(&'a [f32], &'a [E])>,
}

impl<'a, E: Element, const ROWS: usize, const STRIPS: usize> Operands<'a, E, ROWS, STRIPS> {
    /// The first `depth` numbers of `k`. Views that are too short (a bug of the caller) give none at all.
    #[inline(always)]
    pub fn new(a: View<'a>, b: View<'a, E>, depth: usize) -> Self {
        let fits = a.holds(ROWS, depth, 1) && b.holds(STRIPS, depth.div_ceil(E::PER_STEP), LANES);
        debug_assert!(
            fits,
            "operands of {ROWS} rows, {STRIPS} strips, depth {depth} do not fit"
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

    /// Row `row` of A by strip `strip` of B.
    #[cfg(cortex_m_fpu)]
    #[inline(always)]
    pub fn product(&self, row: usize, strip: usize) -> Product<'a, E> {
        Product {
            a: self.a.wrapping_add(row * self.a_row),
            b: self.b.wrapping_add(strip * self.b_strip),
            a_step: size_of::<f32>() * self.a_step,
            b_step: size_of::<E>() * self.b_step,
            depth: self.left,
            b_strip: 0,
            borrows: PhantomData,
        }
    }

    /// The next number of each row of A and the next strips of B, of which there must be as many steps
    /// as [`Element::PER_STEP`] says: the numbers of A in between come from [`Operands::next_of_a`].
    ///
    /// # Safety
    /// Called at most `depth.div_ceil(PER_STEP)` times: B has no more steps.
    #[inline(always)]
    pub unsafe fn next(&mut self) -> Option<([f32; ROWS], [&'a [E; LANES]; STRIPS])> {
        if self.left == 0 {
            return None;
        }
        // SAFETY: `new` made sure that the strips of every step lie within the borrowed slice, and the caller
        // asks for no more steps; an array has no alignment beyond that of its elements.
        // Pointers move by wrapping_add, so the address past the last step is only computed, never read.
        let b = unsafe { core::array::from_fn(|j| &*self.b.add(j * self.b_strip).cast()) };
        self.b = self.b.wrapping_add(self.b_step);
        Some((self.next_of_a()?, b))
    }

    /// The next number of each row of A alone.
    #[inline(always)]
    fn next_of_a(&mut self) -> Option<[f32; ROWS]> {
        self.left = self.left.checked_sub(1)?;
        let mut a = [0.0; ROWS];
        for (r, a) in a.iter_mut().enumerate() {
            // SAFETY: `new` made sure that every row has a number for each of the `left` steps.
            *a = unsafe { *self.a.add(r * self.a_row) };
        }
        self.a = self.a.wrapping_add(self.a_step);
        Some(a)
    }
}

/// A row of A by strips of B, checked: all that they read lies within the borrowed slices. Assembly reads the first
/// five fields in this order; steps are in bytes.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Product<'a, E> {
    pub a: *const f32,
    pub b: *const E,
    pub a_step: usize,
    pub b_step: usize,
    pub depth: usize,
    /// From strip to strip.
    pub b_strip: usize,
    borrows: PhantomData<(&'a [f32], &'a [E])>,
}

impl<'a, E> Product<'a, E> {
    /// Every product at its next strip of B.
    #[cfg(cortex_m_fpu)]
    #[inline(always)]
    pub fn next_strip(products: &mut [Self]) {
        for product in products {
            product.b = product.b.wrapping_byte_add(product.b_strip);
        }
    }

    /// All numbers of `a` by `strips` strips of B. A view that is too short (a bug of the caller) gives an empty product.
    #[inline(always)]
    pub fn new(a: &'a [f32], b: View<'a, E>, strips: usize) -> Self {
        let fits = b.holds(strips, a.len(), LANES);
        debug_assert!(fits, "{strips} strips of depth {} do not fit", a.len());
        Self {
            a: a.as_ptr(),
            b: b.data.as_ptr(),
            a_step: size_of::<f32>(),
            b_step: size_of::<E>() * b.inner,
            depth: if fits { a.len() } else { 0 },
            b_strip: size_of::<E>() * b.outer,
            borrows: PhantomData,
        }
    }

    /// Number `k` of A; zero beyond the last.
    #[cfg(any(elman_soft, test))]
    #[inline(always)]
    pub fn a_at(&self, k: usize) -> f32
    where
        E: Element,
    {
        debug_assert!(k < self.depth, "a has no number {k}");
        if k < self.depth {
            // SAFETY: `new` made sure that A has `depth` numbers, `a_step` bytes apart.
            unsafe { *self.a.wrapping_byte_add(k * self.a_step) }
        } else {
            0.0
        }
    }

    /// One lane of a strip of B, from step `first` on.
    #[cfg(any(elman_soft, test))]
    #[inline(always)]
    pub fn column(&self, strip: usize, lane: usize, first: usize) -> Column<'a, E> {
        let start = self.b.wrapping_byte_add(strip * self.b_strip);
        Column {
            at: start
                .wrapping_add(lane)
                .wrapping_byte_add(first * self.b_step),
            step: self.b_step,
            borrows: PhantomData,
        }
    }

    /// Whether the numbers of A and the strips of B lie one behind the other.
    #[cfg(cortex_m_fpu)]
    #[inline(always)]
    pub fn is_packed(&self) -> bool {
        self.a_step == size_of::<f32>() && self.b_step == LANES * size_of::<E>()
    }
}

/// Walks down one lane of a strip of B.
#[cfg(any(elman_soft, test))]
pub(crate) struct Column<'a, E> {
    at: *const E,
    /// In bytes.
    step: usize,
    borrows: PhantomData<&'a [E]>,
}

#[cfg(any(elman_soft, test))]
impl<E: Copy> Column<'_, E> {
    /// The next number.
    ///
    /// # Safety
    /// The [`Product`] was made for more strips than that of the column, which has a lane below sixteen, and steps are left of its depth.
    #[inline(always)]
    pub unsafe fn next(&mut self) -> E {
        // SAFETY: the strip of this step lies inside the slice of B, as `Product::new` checked.
        let number = unsafe { *self.at };
        self.at = self.at.wrapping_byte_add(self.step);
        number
    }
}
