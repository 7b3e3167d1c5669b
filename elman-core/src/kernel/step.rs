//! One time step of one sequence: `h[t] = cell(b + x[t]·W_in + h[t-1]·W_rec)`, then `y[t] = c + h[t]·W_out`: every sum stays
//! in registers from its bias to its end.

use super::operands::Order;
use super::pack::{Panel, Panels};
use super::recurrent::{Tiles, max_strips};
use crate::cell::Step;
use crate::simd::{
    ASKS_ZEROS, Bf16x2, Element, LANES, LISTS_ZEROS, NonZero, Operands, Operation, Places, Simd,
    Sums, View, load_tile, store_rows,
};
use crate::slices::{at, at_mut, copy};

/// A layer's time step, for cells of one sum and one state per unit.
pub(crate) struct LayerStep<'a, C> {
    pub cell: C,
    /// (I)
    pub x: &'a [f32],
    pub w_in: Panels<'a>,
    pub w_rec: Panels<'a>,
    /// (H): the previous state, which becomes the next.
    pub h: &'a mut [f32],
    /// (H): room for the next state while columns that are still to come read the previous one.
    pub h_next: &'a mut [f32],
    /// Of the columns.
    pub order: Order,
    /// Whether products with zeros of the state can be left out.
    pub skips_zeros: bool,
}

impl<C: Step<1, 1>> Operation for LayerStep<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match (self.w_in, self.w_rec) {
            (Panels::Single(w_in), Panels::Single(w_rec)) => {
                let is_long = self.h.len() >= NonZero::LEAST;
                if LISTS_ZEROS && self.skips_zeros && is_long && self.cell.has_zeros() {
                    return s.run(SkippingStep(self, w_in, w_rec));
                }
                self.tiles::<S, f32, false>(s, w_in, w_rec);
            }
            (Panels::Pairs(w_in), Panels::Pairs(w_rec)) => {
                self.tiles::<S, Bf16x2, false>(s, w_in, w_rec);
            }
            _ => debug_assert!(false, "all weights of a model have one precision"),
        }
    }
}

impl<C: Step<1, 1>> LayerStep<'_, C> {
    #[inline(always)]
    fn tiles<S: Simd, E: Element, const SKIPS: bool>(self, s: S, w_in: Panel<E>, w_rec: Panel<E>) {
        let Self {
            cell,
            x,
            h,
            h_next,
            order,
            skips_zeros,
            ..
        } = self;
        let asks = (ASKS_ZEROS && cell.has_zeros()).then_some(skips_zeros);
        let hidden = h.len();
        let Some(next) = h_next.get_mut(..hidden) else {
            return;
        };
        if E::has_own_dot::<S>() {
            let (first, second) = ((x, w_in.matrix), (&*h, w_rec.matrix));
            E::dot(s, w_in.bias, first, second, next, asks == Some(true));
            cell.step_row(s, next, h);
            return;
        }
        let mut room = Places::new();
        let some = if SKIPS {
            NonZero::of(h, &mut room)
        } else {
            None
        };
        let tiles = Tiles::of::<S>(1, hidden);
        for tile in 0..tiles.count {
            let (strip, width) = tiles.get(tile, order);
            let column = strip * LANES;
            let row = Row {
                bias: w_in.bias.from(strip, 0),
                asks,
                products: [
                    (x, w_in.matrix.from(strip, 0), None),
                    (&*h, w_rec.matrix.from(strip, 0), some.as_ref()),
                ],
                epilogue: NextState {
                    cell,
                    previous: at(h, column..),
                },
            };
            row.compute(s, width, at_mut(next, column..));
        }
        copy(next, h);
    }
}

/// The same where products with zeros of the state are left out: a function of its own, which leaves the other its registers.
struct SkippingStep<'a, 'b, C>(LayerStep<'a, C>, Panel<'b, f32>, Panel<'b, f32>);

impl<C: Step<1, 1>> Operation for SkippingStep<'_, '_, C> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self(step, w_in, w_rec) = self;
        step.tiles::<S, f32, true>(s, w_in, w_rec);
    }
}

/// The head: `y = c + h·W_out`.
pub(crate) struct HeadStep<'a> {
    pub h: &'a [f32],
    pub w_out: Panels<'a>,
    pub y: &'a mut [f32],
}

impl Operation for HeadStep<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match self.w_out {
            Panels::Single(w_out) => self.tiles(s, w_out),
            Panels::Pairs(w_out) => self.tiles(s, w_out),
        }
    }
}

impl HeadStep<'_> {
    #[inline(always)]
    fn tiles<S: Simd, E: Element>(self, s: S, w_out: Panel<E>) {
        if E::has_own_dot::<S>() {
            let (first, second) = ((self.h, w_out.matrix), (&[][..], View::EMPTY));
            E::dot(s, w_out.bias, first, second, self.y, false);
            return;
        }
        let tiles = Tiles::of::<S>(1, self.y.len());
        for tile in 0..tiles.count {
            let (strip, width) = tiles.get(tile, Order::Ascending);
            let row = Row {
                bias: w_out.bias.from(strip, 0),
                asks: None,
                products: [(self.h, w_out.matrix.from(strip, 0), None)],
                epilogue: Keep,
            };
            row.compute(s, width, at_mut(self.y, strip * LANES..));
        }
    }
}

/// Some strips of `bias + Σ product`, and what becomes of them.
struct Row<'a, E, P, const PRODUCTS: usize> {
    bias: View<'a, E>,
    /// Whether zeros are asked for before each product, where the cell has any.
    asks: Option<bool>,
    /// Rows by panels, and where the numbers of a row lie that are not zero, if that is known.
    products: [(&'a [f32], View<'a, E>, Option<&'a NonZero<'a>>); PRODUCTS],
    epilogue: P,
}

/// What becomes of a row's sums while they are in registers.
trait Epilogue: Copy {
    fn apply<S: Simd, const STRIPS: usize>(self, s: S, sums: &mut [S::V; STRIPS]);
}

/// Nothing.
#[derive(Clone, Copy)]
struct Keep;

impl Epilogue for Keep {
    #[inline(always)]
    fn apply<S: Simd, const STRIPS: usize>(self, _: S, _: &mut [S::V; STRIPS]) {}
}

/// The cell makes the next state of them.
#[derive(Clone, Copy)]
struct NextState<'a, C> {
    cell: C,
    /// From the units of the first sum on.
    previous: &'a [f32],
}

impl<C: Step<1, 1>> Epilogue for NextState<'_, C> {
    #[inline(always)]
    fn apply<S: Simd, const STRIPS: usize>(self, s: S, sums: &mut [S::V; STRIPS]) {
        for (j, sum) in sums.iter_mut().enumerate() {
            let previous = if C::READS_PREVIOUS {
                s.load_part(at(self.previous, j * LANES..))
            } else {
                s.splat(0.0)
            };
            [*sum] = self.cell.step(s, [*sum], [previous]);
        }
    }
}

impl<E: Element, P: Epilogue, const PRODUCTS: usize> Row<'_, E, P, PRODUCTS> {
    #[inline(always)]
    fn compute<S: Simd>(self, s: S, width: usize, to: &mut [f32]) {
        // What the constants rule out is not even compiled.
        match width {
            6 if const { max_strips::<S>(1) >= 6 } => self.tile::<S, 6>(s, to),
            5 if const { max_strips::<S>(1) >= 5 } => self.tile::<S, 5>(s, to),
            4 if const { max_strips::<S>(1) >= 4 } => self.tile::<S, 4>(s, to),
            3 if const { max_strips::<S>(1) >= 3 } => self.tile::<S, 3>(s, to),
            2 if const { max_strips::<S>(1) >= 2 } => self.tile::<S, 2>(s, to),
            _ => self.tile::<S, 1>(s, to),
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const STRIPS: usize>(self, s: S, to: &mut [f32]) {
        let mut sums: Sums<S, 1, STRIPS> = load_tile(
            s,
            View {
                data: self.bias.data,
                outer: 0,
                inner: self.bias.outer,
            },
        );
        for (data, b, some) in self.products {
            let (a, depth) = (View::rows(data, 0), data.len());
            match (some, self.asks) {
                (Some(some), _) => E::multiply_some(s, (a, b, depth), some, &mut sums),
                (None, Some(asks)) => {
                    E::multiply_asking(s, Operands::new(a, b, depth), asks, &mut sums);
                }
                (None, None) => E::multiply(s, Operands::new(a, b, depth), &mut sums),
            }
        }
        self.epilogue.apply(s, &mut sums[0]);
        let columns = to.len();
        if columns >= STRIPS * LANES {
            store_rows::<S, 1, STRIPS, true>(s, &sums, to, columns, columns);
        } else {
            store_rows::<S, 1, STRIPS, false>(s, &sums, to, columns, columns);
        }
    }
}
