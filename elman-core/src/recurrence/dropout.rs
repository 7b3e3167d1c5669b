//! The recurrence with dropout on the state that every step reads, forward and backward in time: one mask per
//! sequence, unit, layer and direction, the same at every step (Gal and Ghahramani 2016). Training only, so
//! steps are taken one by one.
//!
//! ```text
//! h[t]  = step(Z[t] + (m ⊙ h[t-1])·W_rec)
//! dZ[t] = back(h[t], dh[t] + m ⊙ (dZ[t+1]·W_recᵀ))
//! ```

use core::ops::Range;

use super::walk::Recurrence;
use crate::batch::Step as TimeStep;
use crate::cell::Step;
use crate::kernel::dropout::{Dropout, Site};
use crate::kernel::finish::Finish;
use crate::kernel::operands::{Gemm, Pass, Start};
use crate::params::Place;
use crate::simd::{Operation, Simd, View};
use crate::slices::{at_mut, copy_common};

/// The masks of one layer and direction.
#[derive(Clone, Copy)]
pub(crate) struct Mask {
    pub rate: f32,
    pub seed: u64,
    pub place: Place,
}

impl Mask {
    /// Drops from rows of `width` units, one row per sequence from `first_sequence` on.
    #[inline(always)]
    pub fn apply<S: Simd>(self, s: S, rows: &mut [f32], width: usize, first_sequence: usize) {
        s.run(Dropout {
            rows,
            width,
            first_row: first_sequence,
            rate: self.rate,
            seed: self.seed,
            site: Site::Recurrent(self.place),
        });
    }
}

/// `h[t] = step(Z[t] + (m ⊙ h[t-1])·W_rec)` in place of Z, or from `h[t+1]` in reverse. What the steps read stays behind
/// for the backward pass.
pub(super) struct Forward<'a, C> {
    pub recurrence: Recurrence<'a>,
    pub cell: C,
    pub mask: Mask,
    pub steps: Range<usize>,
    /// Where sequences start, one row each: (B, H).
    pub start: View<'a>,
    /// (R, W)
    pub h: &'a mut [f32],
    /// (B + R, H): the start states, then the hidden states, all of them masked.
    pub masked: &'a mut [f32],
}

impl<C: Step<1, 1>> Operation for Forward<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let (batch, steps) = (*self.recurrence.batch, self.steps.clone());
        if self.mask.place.reverse {
            self.keep_start(s);
            for step in batch.walk_back(steps.clone()) {
                let continuing = continuing(step, &self.recurrence, steps.end);
                let next = batch.sequences() + step.first_row + step.active;
                self.rows(s, step.first_row, continuing, next);
                let joining = step.active - continuing;
                self.rows(s, step.first_row + continuing, joining, continuing);
                self.keep(s, step);
            }
        } else {
            if steps.start == 0 {
                self.keep_start(s);
            }
            for step in batch.walk(steps) {
                let previous = match step.t.checked_sub(1) {
                    Some(t) => batch.sequences() + step.first_row - batch.active(t),
                    None => 0,
                };
                self.rows(s, step.first_row, step.active, previous);
                self.keep(s, step);
            }
        }
    }
}

impl<C: Step<1, 1>> Forward<'_, C> {
    /// `count` rows of a step from `row` on, which read as many masked rows from `previous` on.
    #[inline(always)]
    fn rows<S: Simd>(&mut self, s: S, row: usize, count: usize, previous: usize) {
        if count == 0 {
            return;
        }
        let (hidden, width) = (self.recurrence.hidden, self.recurrence.width);
        let previous = View::rows(&*self.masked, hidden).from(previous, 0);
        let c = at_mut(self.h, row * width + self.recurrence.column()..);
        let w_rec = self.recurrence.w_rec;
        s.run(Gemm {
            start: Start::Continue,
            ..Gemm::new(count, hidden, hidden, previous, w_rec, c, width)
        });
        s.run(Finish {
            cell: self.cell,
            pass: Pass::Forward,
            rows: count,
            columns: hidden,
            previous,
            c,
            c_row: width,
        });
    }

    /// The masked hidden states of a finished step.
    #[inline(always)]
    fn keep<S: Simd>(&mut self, s: S, step: TimeStep) {
        let hidden = self.recurrence.hidden;
        let first = self.recurrence.batch.sequences() + step.first_row;
        let to = at_mut(self.masked, first * hidden..(first + step.active) * hidden);
        copy_rows(self.recurrence.rows(self.h, step.first_row), hidden, to);
        self.mask.apply(s, to, hidden, 0);
    }

    /// The masked start states.
    #[inline(always)]
    fn keep_start<S: Simd>(&mut self, s: S) {
        let hidden = self.recurrence.hidden;
        let to = at_mut(self.masked, ..self.recurrence.batch.sequences() * hidden);
        copy_rows(self.start, hidden, to);
        self.mask.apply(s, to, hidden, 0);
    }
}

/// `dZ[t] = back(h[t], dh[t] + m ⊙ (dZ[t+1]·W_recᵀ))` in place of dh, or from `dZ[t-1]` in reverse.
pub(super) struct Backward<'a, C> {
    /// With `W_recᵀ`.
    pub recurrence: Recurrence<'a>,
    pub cell: C,
    pub mask: Mask,
    pub steps: Range<usize>,
    /// The pass went through the steps from `steps.end` to here before.
    pub end: usize,
    /// (R, W)
    pub h: &'a [f32],
    /// (R, W)
    pub d_h: &'a mut [f32],
    /// Room for the products of one step, (B, H).
    pub product: &'a mut [f32],
}

impl<C: Step<1, 1>> Operation for Backward<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let (batch, steps) = (*self.recurrence.batch, self.steps.clone());
        if self.mask.place.reverse {
            for step in batch.walk(steps) {
                if let Some(t) = step.t.checked_sub(1) {
                    self.add(s, step, step.active, step.first_row - batch.active(t));
                }
                self.finish(s, step);
            }
        } else {
            for step in batch.walk_back(steps) {
                let continuing = continuing(step, &self.recurrence, self.end);
                self.add(s, step, continuing, step.first_row + step.active);
                self.finish(s, step);
            }
        }
    }
}

impl<C: Step<1, 1>> Backward<'_, C> {
    /// `dh += m ⊙ (dZ·W_recᵀ)` for the first `count` rows of a step, from as many rows of dZ from `from` on.
    #[inline(always)]
    fn add<S: Simd>(&mut self, s: S, step: TimeStep, count: usize, from: usize) {
        if count == 0 {
            return;
        }
        let Recurrence { w_rec, hidden, .. } = self.recurrence;
        let d_z = self.recurrence.rows(self.d_h, from);
        let c = &mut *self.product;
        s.run(Gemm::new(count, hidden, hidden, d_z, w_rec, c, hidden));
        let product = at_mut(self.product, ..count * hidden);
        self.mask.apply(s, product, hidden, 0);
        add_rows(&self.recurrence, product, step.first_row, self.d_h);
    }

    /// The cell's own adjoint for all rows of a step.
    #[inline(always)]
    fn finish<S: Simd>(&mut self, s: S, step: TimeStep) {
        let now = at_mut(self.d_h, step.first_row * self.recurrence.width..);
        let rows = (step.first_row, step.active);
        self.recurrence
            .first_step(s, self.cell, Pass::Backward(self.h), rows, now);
    }
}

/// Adds rows of products, (count, H), to this direction's columns of rows of dh from `row` on.
pub(super) fn add_rows(recurrence: &Recurrence, product: &[f32], row: usize, d_h: &mut [f32]) {
    let (hidden, width) = (recurrence.hidden, recurrence.width);
    let d_h = at_mut(d_h, row * width..).chunks_mut(width.max(1));
    for (d_h, product) in d_h.zip(product.chunks(hidden.max(1))) {
        let columns = at_mut(d_h, recurrence.column()..);
        for (to, &x) in columns.iter_mut().zip(product) {
            *to += x;
        }
    }
}

/// How many sequences of a step are in the next one too, before step `end`.
pub(super) fn continuing(step: TimeStep, recurrence: &Recurrence, end: usize) -> usize {
    if step.t + 1 < end {
        recurrence.batch.active(step.t + 1)
    } else {
        0
    }
}

/// The first `width` numbers of each row, packed.
pub(super) fn copy_rows(from: View, width: usize, to: &mut [f32]) {
    let rows = from.data.chunks(from.outer.max(1));
    for (to, from) in to.chunks_mut(width.max(1)).zip(rows) {
        copy_common(from, to);
    }
}
