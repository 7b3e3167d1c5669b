//! One time step of one sequence, for cells of several sums: every sum stays in registers from its bias to the state that
//! comes of it.

use super::{apart, load_bias, window};
use crate::cell::Gated;
use crate::kernel::pack::{Panel, Panels};
use crate::simd::{Element, LANES, Operation, Simd, View};
use crate::slices::{at, at_mut, copy};

/// A layer's time step.
pub(crate) struct LayerStep<'a, C, const SUMS: usize, const STATES: usize> {
    pub cell: C,
    /// (I)
    pub x: &'a [f32],
    pub w_in: Panels<'a>,
    pub w_rec: Panels<'a>,
    /// Biases of the sums that x does not feed.
    pub others: Panels<'a>,
    /// (H): the previous hidden state, which becomes the next.
    pub h: &'a mut [f32],
    /// (H): the cell state; empty where the cell has one state.
    pub c: &'a mut [f32],
    /// (H): room for the next hidden state while units that are still to come read the previous one.
    pub h_next: &'a mut [f32],
}

/// The weights of a layer in one precision.
#[derive(Clone, Copy)]
struct Weights<'a, E> {
    w_in: Panel<'a, E>,
    w_rec: Panel<'a, E>,
    others: Panel<'a, E>,
}

impl<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize> Operation
    for LayerStep<'_, C, SUMS, STATES>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match (self.w_in, self.w_rec, self.others) {
            (Panels::Single(w_in), Panels::Single(w_rec), Panels::Single(others)) => {
                self.strips(
                    s,
                    Weights {
                        w_in,
                        w_rec,
                        others,
                    },
                );
            }
            (Panels::Pairs(w_in), Panels::Pairs(w_rec), Panels::Pairs(others)) => {
                self.strips(
                    s,
                    Weights {
                        w_in,
                        w_rec,
                        others,
                    },
                );
            }
            _ => debug_assert!(false, "all weights of a model have one precision"),
        }
    }
}

impl<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize>
    LayerStep<'_, C, SUMS, STATES>
{
    #[inline(always)]
    fn strips<S: Simd, E: Element>(self, s: S, weights: Weights<E>) {
        if E::has_own_dot::<S>() && STATES == 1 && (const { C::FACTS }).computed() == 1 {
            return self.one_sum(s, weights);
        }
        let Self {
            cell,
            x,
            h,
            c,
            h_next,
            ..
        } = self;
        let hidden = h.len();
        let h_next = at_mut(h_next, ..hidden);
        let strips = hidden.div_ceil(LANES);
        let mut row = [[0.0; LANES]; SUMS];
        for strip in 0..strips {
            let units = strip * LANES..hidden.min((strip + 1) * LANES);
            let place = (strip, strips);
            let mut sums = if E::has_own_dot::<S>() {
                weights.dot::<S, C, SUMS, STATES>(s, x, h, place, units.len(), &mut row)
            } else {
                weights.sums::<S, C, SUMS, STATES>(s, x, h, place)
            };
            let mut previous = [s.splat(0.0); STATES];
            previous[0] = s.load_part(at(h, units.clone()));
            if STATES > 1 {
                previous[1] = s.load_part(at(c, units.clone()));
            }
            let state = cell.step(s, &mut sums, previous);
            s.store_part(at_mut(h_next, units.clone()), state[0]);
            if STATES > 1 {
                s.store_part(at_mut(c, units), state[1]);
            }
        }
        copy(h_next, h);
    }

    /// The same where a unit has one product and one state: the token's own dot product takes all units at once, into the
    /// room for the next state, and then h can change in its place.
    #[expect(
        clippy::needless_range_loop,
        reason = "adapters that are not inlined lose the CPU features"
    )]
    #[inline(always)]
    fn one_sum<S: Simd, E: Element>(self, s: S, weights: Weights<E>) {
        let (h, sums) = (self.h, self.h_next);
        let hidden = h.len();
        let sums = at_mut(sums, ..hidden);
        let (from_x, from_h) = ((self.x, weights.w_in.matrix), (&*h, weights.w_rec.matrix));
        E::dot(s, weights.w_in.bias, from_x, from_h, sums, false);
        let strips = hidden.div_ceil(LANES);
        for strip in 0..strips {
            let units = strip * LANES..hidden.min((strip + 1) * LANES);
            let mut sums = [s.load_part(at(sums, units.clone())); SUMS];
            for sum in 1..SUMS {
                sums[sum] = load_bias(s, weights.others, (sum - 1) * strips + strip);
            }
            let h = at_mut(h, units);
            let state = self.cell.step(s, &mut sums, [s.load_part(h); STATES]);
            s.store_part(h, state[0]);
        }
    }
}

impl<E: Element> Weights<'_, E> {
    /// The sums of strip `strip` of `strips`.
    #[expect(
        clippy::needless_range_loop,
        reason = "adapters that are not inlined lose the CPU features"
    )]
    #[inline(always)]
    fn sums<S: Simd, C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize>(
        &self,
        s: S,
        x: &[f32],
        h: &[f32],
        (strip, strips): (usize, usize),
    ) -> [S::V; SUMS] {
        let facts = &const { C::FACTS };
        let mut sums = [s.splat(0.0); SUMS];
        for sum in 0..SUMS {
            sums[sum] = if sum < facts.from_x.end {
                load_bias(s, self.w_in, sum * strips + strip)
            } else {
                load_bias(s, self.others, (sum - facts.from_x.end) * strips + strip)
            };
        }
        let (w_in, w_rec) = (
            apart(self.w_in.matrix, strip, strips),
            apart(self.w_rec.matrix, strip, strips),
        );
        window(s, facts.from_x.clone(), x, w_in, &mut sums);
        window(s, facts.from_h.clone(), h, w_rec, &mut sums);
        sums
    }

    /// The same by the token's own dot products, by way of `lanes` numbers of every sum in `row`.
    #[inline(always)]
    fn dot<S: Simd, C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize>(
        &self,
        s: S,
        x: &[f32],
        h: &[f32],
        (strip, strips): (usize, usize),
        lanes: usize,
        row: &mut [[f32; LANES]; SUMS],
    ) -> [S::V; SUMS] {
        let facts = &const { C::FACTS };
        let nothing: (&[f32], View<E>) = (&[], View::EMPTY);
        let mut sums = [s.splat(0.0); SUMS];
        for sum in 0..SUMS {
            if sum >= facts.computed() {
                let bias = (sum - facts.from_x.end) * strips + strip;
                sums[sum] = load_bias(s, self.others, bias);
                continue;
            }
            let from_h = if facts.from_h.start <= sum && sum < facts.from_h.end {
                let index = (sum - facts.from_h.start) * strips + strip;
                (h, self.w_rec.matrix.from(index, 0))
            } else {
                nothing
            };
            let to = at_mut(&mut row[sum], ..lanes);
            if sum < facts.from_x.end {
                let index = sum * strips + strip;
                let from_x = (x, self.w_in.matrix.from(index, 0));
                let bias = self.w_in.bias.from(index, 0);
                E::dot(s, bias, from_x, from_h, to, false);
            } else {
                let bias = (sum - facts.from_x.end) * strips + strip;
                let bias = self.others.bias.from(bias, 0);
                E::dot(s, bias, from_h, nothing, to, false);
            }
            sums[sum] = s.load(&row[sum]);
        }
        sums
    }
}
