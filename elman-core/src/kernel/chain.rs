//! A recurrence: products of which each reads what the one before wrote.
//!
//! ```text
//! for i in 0..links { C[i] = finish(C[i] + A[i]·B), where A[i] = C[i-1] }      // A[0] is handed in
//! ```
//!
//! The products are those of [`super::gemm`]. Where they are small, what surrounds them takes longer than
//! they do, so few rows run through all links in one function:
//! 1. tile shapes are picked once, not at every link;
//! 2. `finish` works on the sums while they are still in registers;
//! 3. every other link takes its columns from the last to the first, so that it begins with the part of B
//!    that the link before left in the nearest cache.

use super::activation::{relu, relu_gradient, tanh, tanh_gradient};
use super::finish::{Finish, Limit};
use super::gemm::{Gemm, Order, Start};
use super::narrow;
use super::pack::{Panel, Panels};
use crate::simd::{Element, LANES, Operands, Operation, Simd, Sums, View, load_rows, store_rows};
use crate::spec::Activation;

/// Most strips side by side for a single row, and for several.
const STRIPS_OF_ONE: usize = 6;
const STRIPS_OF_FEW: usize = 2;

/// Links one after the other through the rows of C, all of `rows` rows and `columns` columns.
pub(crate) struct Chain<'a> {
    pub rows: usize,
    pub columns: usize,
    pub links: usize,
    /// What the first link reads, (rows, columns).
    pub before: View<'a>,
    pub b: Panels<'a>,
    /// From the first row of the lowest link to the last row of the highest.
    pub c: &'a mut [f32],
    /// From one row of C to the next.
    pub c_row: usize,
    /// Whether links climb through C, or descend from its end.
    pub climbs: bool,
    pub end: LinkEnd<'a>,
    /// Limits what `f` reads. Such a chain goes link by link: only imported nets have one.
    pub clip: Option<f32>,
    /// Whether the first link takes its columns backwards.
    pub odd: bool,
}

/// What happens to the sums of a link.
#[derive(Clone, Copy)]
pub(crate) enum LinkEnd<'a> {
    /// `f`, going forward.
    Activate(Activation),
    /// `⊙ f'(h)`, going backward; `h` lies as C does.
    Gradient(Activation, &'a [f32]),
}

impl<'a> LinkEnd<'a> {
    /// The same for a single product whose C begins at `start`.
    #[inline(always)]
    fn finish<S: Simd>(
        self,
        s: S,
        clip: Option<f32>,
        start: usize,
        c_row: usize,
    ) -> (Limit<'a>, Finish<'a>) {
        match self {
            Self::Activate(activation) => (Limit::sums(clip), Finish::activate(activation)),
            Self::Gradient(activation, h) => {
                let data = h.get(start..).unwrap_or(&[]);
                let (outer, inner) = (c_row, 1);
                let h = View { data, outer, inner };
                let limit = Limit::gradient(s, activation, clip, h);
                (limit, Finish::gradient(activation, h))
            }
        }
    }
}

impl LinkEnd<'_> {
    /// The same on sums in registers, whose place in C is `(start, c_row, columns)`.
    #[inline(always)]
    pub(super) fn apply<S: Simd, const ROWS: usize, const STRIPS: usize, const WHOLE: bool>(
        self,
        s: S,
        sums: &mut Sums<S, ROWS, STRIPS>,
        (start, c_row, columns): (usize, usize, usize),
    ) {
        let (activation, h) = match self {
            Self::Activate(activation) => (activation, None),
            Self::Gradient(activation, h) => {
                let h = h.get(start..).unwrap_or(&[]);
                let h = load_rows::<S, ROWS, STRIPS, WHOLE>(s, h, c_row, columns);
                (activation, Some(h))
            }
        };
        for r in 0..ROWS {
            for j in 0..STRIPS {
                let h = h.map(|h| h[r][j]);
                sums[r][j] = end(s, activation, sums[r][j], h);
            }
        }
    }

    /// The same on one strip of sums, where `h` holds the same lanes.
    #[inline(always)]
    pub(super) fn of_strip<S: Simd>(self, s: S, sum: S::V, h: Option<S::V>) -> S::V {
        match self {
            Self::Activate(activation) | Self::Gradient(activation, _) => {
                end(s, activation, sum, h)
            }
        }
    }

    /// The same on whole rows that lie one behind the other in C.
    #[inline(always)]
    fn apply_packed<S: Simd>(self, s: S, c: &mut [f32], start: usize) {
        let mut at = 0;
        while at < c.len() {
            let to = c.len().min(at + LANES);
            let (activation, h) = match self {
                Self::Activate(activation) => (activation, None),
                Self::Gradient(activation, h) => {
                    let h = h.get(start + at..start + to).unwrap_or(&[]);
                    (activation, Some(s.load_part(h)))
                }
            };
            let part = c.get_mut(at..to).unwrap_or(&mut []);
            let v = end(s, activation, s.load_part(part), h);
            s.store_part(part, v);
            at = to;
        }
    }
}

/// `f`, or `⊙ f'(h)`.
#[inline(always)]
fn end<S: Simd>(s: S, activation: Activation, sum: S::V, h: Option<S::V>) -> S::V {
    match (activation, h) {
        (Activation::Identity, _) => sum,
        (Activation::Tanh, None) => tanh(s, sum),
        (Activation::Tanh, Some(h)) => tanh_gradient(s, h, sum),
        (Activation::Relu, None) => relu(s, sum),
        (Activation::Relu, Some(h)) => relu_gradient(s, h, sum),
    }
}

impl Operation for Chain<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // The constant alone first: what it rules out is then not even compiled.
        if S::LOOKS_UP
            && let (true, Panels::Single(b)) = (narrow::holds_chain(&self), self.b)
        {
            return s.run(Narrow(self, b));
        }
        match self.b {
            Panels::Single(b) => self.pick(s, b),
            Panels::Pairs(b) => self.pick(s, b),
        }
    }
}

/// All links of rows so narrow that several share a strip.
struct Narrow<'a, 'b>(Chain<'a>, Panel<'b, f32>);

impl Operation for Narrow<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        narrow::chain(s, self.0, self.1);
    }
}

/// Most strips side by side.
pub(super) const fn widest<S: Simd>(rows: usize) -> usize {
    let registers = S::ACCUMULATORS / rows;
    let most = if rows == 1 {
        STRIPS_OF_ONE
    } else {
        STRIPS_OF_FEW
    };
    if registers < most { registers } else { most }
}

/// Whether so many rows ever run through all links in one function.
const fn few<S: Simd, E: Element>(rows: usize) -> bool {
    rows <= E::TILE_ROWS && widest::<S>(rows) >= 1
}

/// The strips of some rows in groups of nearly equal width, each as wide as the registers allow.
pub(super) struct Groups {
    strips: usize,
    pub count: usize,
}

impl Groups {
    #[inline(always)]
    pub fn of<S: Simd>(rows: usize, columns: usize) -> Self {
        let strips = columns.div_ceil(LANES);
        let count = strips.div_ceil(widest::<S>(rows).max(1));
        Self { strips, count }
    }

    /// First strip and number of strips.
    #[inline(always)]
    pub const fn get(&self, group: usize) -> (usize, usize) {
        let count = if self.count > 0 { self.count } else { 1 };
        let strip = group * self.strips / count;
        (strip, (group + 1) * self.strips / count - strip)
    }
}

impl Chain<'_> {
    #[inline(always)]
    fn pick<S: Simd, E: Element>(self, s: S, b: Panel<E>) {
        let strips = self.columns.div_ceil(LANES);
        // What the constants rule out is not even compiled.
        match self.rows {
            _ if self.clip.is_some() => self.each(s),
            1 => s.run(Few::<E, 1>(self, b)),
            2 if const { few::<S, E>(2) } && strips <= widest::<S>(2) => {
                s.run(Few::<E, 2>(self, b))
            }
            3 if const { few::<S, E>(3) } && strips <= widest::<S>(3) => {
                s.run(Few::<E, 3>(self, b))
            }
            4 if const { few::<S, E>(4) } && strips <= widest::<S>(4) => {
                s.run(Few::<E, 4>(self, b))
            }
            5 if const { few::<S, E>(5) } && strips <= widest::<S>(5) => {
                s.run(Few::<E, 5>(self, b))
            }
            6 if const { few::<S, E>(6) } && strips <= widest::<S>(6) => {
                s.run(Few::<E, 6>(self, b))
            }
            _ => self.each(s),
        }
    }

    /// Link by link.
    #[inline(always)]
    fn each<S: Simd>(mut self, s: S) {
        let (rows, columns, c_row, b) = (self.rows, self.columns, self.c_row, self.b);
        for index in 0..self.links {
            let (end, clip, order) = (self.end, self.clip, self.order(index));
            let Some((start, a, c)) = self.link(index) else {
                return;
            };
            let (limit, finish) = end.finish(s, clip, start, c_row);
            s.run(Gemm {
                start: Start::Continue,
                limit,
                finish,
                order,
                ..Gemm::new(rows, columns, columns, a, b, c, c_row)
            });
        }
    }

    #[inline(always)]
    fn order(&self, index: usize) -> Order {
        if index.is_multiple_of(2) == self.odd {
            Order::Descending
        } else {
            Order::Ascending
        }
    }

    /// Where C of a link begins, what the link reads, and C from there on.
    #[inline(always)]
    fn link(&mut self, index: usize) -> Option<(usize, View<'_>, &mut [f32])> {
        let step = self.rows * self.c_row;
        let outer = self.c_row;
        let here = |data| View {
            data,
            outer,
            inner: 1,
        };
        if index == 0 {
            let start = if self.climbs {
                0
            } else {
                (self.links - 1) * step
            };
            Some((start, self.before, self.c.get_mut(start..)?))
        } else if self.climbs {
            let start = index * step;
            let (done, c) = self.c.split_at_mut_checked(start)?;
            Some((start, here(done.get(start - step..)?), c))
        } else {
            let start = (self.links - 1 - index) * step;
            let (c, done) = self.c.split_at_mut_checked(start + step)?;
            Some((start, here(done), c.get_mut(start..)?))
        }
    }

    /// Some strips of a link.
    #[inline(always)]
    fn tile<S: Simd, E: Element, const ROWS: usize, const STRIPS: usize>(
        &mut self,
        s: S,
        index: usize,
        b: View<E>,
        column: usize,
    ) {
        if self.columns - column >= STRIPS * LANES {
            self.tile_of::<S, E, ROWS, STRIPS, true>(s, index, b, column);
        } else {
            self.tile_of::<S, E, ROWS, STRIPS, false>(s, index, b, column);
        }
    }

    /// The same, where all strips are `WHOLE` or the last is not.
    #[inline(always)]
    fn tile_of<S: Simd, E: Element, const ROWS: usize, const STRIPS: usize, const WHOLE: bool>(
        &mut self,
        s: S,
        index: usize,
        b: View<E>,
        column: usize,
    ) {
        let (c_row, depth, end) = (self.c_row, self.columns, self.end);
        let columns = self.columns - column;
        let Some((start, a, c)) = self.link(index) else {
            return;
        };
        let c = c.get_mut(column..).unwrap_or(&mut []);
        let mut sums = load_rows::<S, ROWS, STRIPS, WHOLE>(s, c, c_row, columns);
        E::multiply(s, Operands::new(a, b, depth), &mut sums);
        let numbers = ROWS * columns;
        if ROWS > 1 && !WHOLE && c_row == columns && 2 * columns <= LANES {
            store_rows::<S, ROWS, STRIPS, WHOLE>(s, &sums, c, c_row, columns);
            end.apply_packed(s, c.get_mut(..numbers).unwrap_or(&mut []), start);
            return;
        }
        end.apply::<S, ROWS, STRIPS, WHOLE>(s, &mut sums, (start + column, c_row, columns));
        store_rows::<S, ROWS, STRIPS, WHOLE>(s, &sums, c, c_row, columns);
    }
}

/// All links for so few rows that everything stays in one function.
struct Few<'a, 'b, E, const ROWS: usize>(Chain<'a>, Panel<'b, E>);

impl<E: Element, const ROWS: usize> Operation for Few<'_, '_, E, ROWS> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self(mut chain, b) = self;
        let groups = Groups::of::<S>(ROWS, chain.columns);
        for index in 0..chain.links {
            let order = chain.order(index);
            for group in 0..groups.count {
                let (strip, width) = groups.get(match order {
                    Order::Ascending => group,
                    Order::Descending => groups.count - 1 - group,
                });
                let (b, column) = (b.matrix.from(strip, 0), strip * LANES);
                // What the constants rule out is not even compiled.
                match width {
                    6 if const { widest::<S>(ROWS) >= 6 } => {
                        chain.tile::<S, E, ROWS, 6>(s, index, b, column);
                    }
                    5 if const { widest::<S>(ROWS) >= 5 } => {
                        chain.tile::<S, E, ROWS, 5>(s, index, b, column);
                    }
                    4 if const { widest::<S>(ROWS) >= 4 } => {
                        chain.tile::<S, E, ROWS, 4>(s, index, b, column);
                    }
                    3 if const { widest::<S>(ROWS) >= 3 } => {
                        chain.tile::<S, E, ROWS, 3>(s, index, b, column);
                    }
                    2 if const { widest::<S>(ROWS) >= 2 } => {
                        chain.tile::<S, E, ROWS, 2>(s, index, b, column);
                    }
                    _ if const { widest::<S>(ROWS) >= 1 } => {
                        chain.tile::<S, E, ROWS, 1>(s, index, b, column);
                    }
                    _ => {}
                }
            }
        }
    }
}
