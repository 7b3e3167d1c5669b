//! One step of one sequence: `h' = f(b + x·W_in + h·W_rec)`, then `y = c + h'·W_out`: every sum stays in
//! registers from its bias to its end.

use super::chain::{Groups, LinkEnd, widest};
use super::elementwise::{Clamp, Function};
use super::pack::{Panel, Panels};
use crate::simd::{Element, LANES, Operands, Operation, Simd, Sums, View, load_tile, store_rows};
use crate::spec::Activation;

/// A layer's step.
pub(crate) struct Cell<'a> {
    pub x: &'a [f32],
    pub w_in: Panels<'a>,
    pub w_rec: Panels<'a>,
    pub h: &'a mut [f32],
    /// Room for the new state while columns that are still to come read the old one.
    pub next: &'a mut [f32],
    pub activation: Activation,
    /// Limits what `f` reads.
    pub clip: Option<f32>,
    /// Columns from the last to the first: every other step begins with the weights that the step before
    /// left in the nearest cache.
    pub backwards: bool,
}

impl Operation for Cell<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match (self.w_in, self.w_rec) {
            (Panels::Single(w_in), Panels::Single(w_rec)) => self.groups(s, w_in, w_rec),
            (Panels::Pairs(w_in), Panels::Pairs(w_rec)) => self.groups(s, w_in, w_rec),
            _ => debug_assert!(false, "all weights of a model have one precision"),
        }
    }
}

impl Cell<'_> {
    #[inline(always)]
    fn groups<S: Simd, E: Element>(self, s: S, w_in: Panel<E>, w_rec: Panel<E>) {
        let Self {
            x,
            h,
            next,
            activation,
            clip,
            backwards,
            ..
        } = self;
        let hidden = h.len();
        let Some(next) = next.get_mut(..hidden) else {
            return;
        };
        if E::has_chains::<S>() {
            E::chain(s, w_in.bias, (x, w_in.matrix), (h, w_rec.matrix), next);
            if let Some(clip) = clip {
                limit(next, clip);
            }
            activate(s, activation, next, h);
            return;
        }
        let groups = Groups::of::<S>(1, hidden);
        for group in 0..groups.count {
            let (strip, width) = groups.get(if backwards {
                groups.count - 1 - group
            } else {
                group
            });
            let row = Row {
                bias: w_in.bias.from(strip, 0),
                products: [
                    (x, w_in.matrix.from(strip, 0)),
                    (&*h, w_rec.matrix.from(strip, 0)),
                ],
                clip,
                end: LinkEnd::Activate(activation),
            };
            row.compute(s, width, next.get_mut(strip * LANES..).unwrap_or(&mut []));
        }
        crate::forward::copy_whole(next, h);
    }
}

/// The head: `y = c + h·W_out`.
pub(crate) struct Readout<'a> {
    pub h: &'a [f32],
    pub w_out: Panels<'a>,
    pub y: &'a mut [f32],
}

impl Operation for Readout<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match self.w_out {
            Panels::Single(w_out) => self.groups(s, w_out),
            Panels::Pairs(w_out) => self.groups(s, w_out),
        }
    }
}

impl Readout<'_> {
    #[inline(always)]
    fn groups<S: Simd, E: Element>(self, s: S, w_out: Panel<E>) {
        if E::has_chains::<S>() {
            E::chain(
                s,
                w_out.bias,
                (self.h, w_out.matrix),
                (&[], View::EMPTY),
                self.y,
            );
            return;
        }
        let groups = Groups::of::<S>(1, self.y.len());
        for group in 0..groups.count {
            let (strip, width) = groups.get(group);
            let row = Row {
                bias: w_out.bias.from(strip, 0),
                products: [(self.h, w_out.matrix.from(strip, 0))],
                clip: None,
                end: LinkEnd::Activate(Activation::Identity),
            };
            row.compute(s, width, self.y.get_mut(strip * LANES..).unwrap_or(&mut []));
        }
    }
}

/// `z` limited to ±clip, on tokens that have chains.
#[inline(always)]
fn limit(z: &mut [f32], clip: f32) {
    for z in z {
        // Not `clamp`, which asserts; a NaN passes, as in the wide kernels.
        *z = if *z > clip {
            clip
        } else if *z < -clip {
            -clip
        } else {
            *z
        };
    }
}

/// `h = f(z)`, on tokens that have chains.
#[inline(always)]
fn activate<S: Simd>(s: S, activation: Activation, z: &[f32], h: &mut [f32]) {
    match activation {
        Activation::Tanh => s.tanh_into(z, h),
        Activation::Relu => {
            for (h, &z) in h.iter_mut().zip(z) {
                *h = if 0.0 > z { 0.0 } else { z };
            }
        }
        Activation::Identity => {
            for (h, &z) in h.iter_mut().zip(z) {
                *h = z;
            }
        }
    }
}

/// Some strips of `end(bias + Σ product)`, where the sum may be limited to ±clip.
struct Row<'a, E, const PRODUCTS: usize> {
    bias: View<'a, E>,
    products: [(&'a [f32], View<'a, E>); PRODUCTS],
    clip: Option<f32>,
    end: LinkEnd<'a>,
}

impl<E: Element, const PRODUCTS: usize> Row<'_, E, PRODUCTS> {
    #[inline(always)]
    fn compute<S: Simd>(self, s: S, width: usize, to: &mut [f32]) {
        // What the constants rule out is not even compiled.
        match width {
            6 if const { widest::<S>(1) >= 6 } => self.tile::<S, 6>(s, to),
            5 if const { widest::<S>(1) >= 5 } => self.tile::<S, 5>(s, to),
            4 if const { widest::<S>(1) >= 4 } => self.tile::<S, 4>(s, to),
            3 if const { widest::<S>(1) >= 3 } => self.tile::<S, 3>(s, to),
            2 if const { widest::<S>(1) >= 2 } => self.tile::<S, 2>(s, to),
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
        for (data, b) in self.products {
            let (outer, inner) = (0, 1);
            let a = View { data, outer, inner };
            E::multiply(s, Operands::new(a, b, data.len()), &mut sums);
        }
        if let Some(clip) = self.clip {
            for sum in &mut sums[0] {
                *sum = Clamp(clip).call(s, *sum);
            }
        }
        self.end
            .apply::<S, 1, STRIPS, true>(s, &mut sums, (0, 0, 0));
        let columns = to.len();
        if columns >= STRIPS * LANES {
            store_rows::<S, 1, STRIPS, true>(s, &sums, to, columns, columns);
        } else {
            store_rows::<S, 1, STRIPS, false>(s, &sums, to, columns, columns);
        }
    }
}
