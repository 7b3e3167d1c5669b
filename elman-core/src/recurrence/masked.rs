//! The recurrence with dropout on the state that every step reads, forward and backward in time: one mask per
//! sequence, unit, layer and direction, the same at every step (Gal and Ghahramani 2016). Training only, so
//! steps are taken one by one.
//!
//! ```text
//! h[t]  = f(Z[t] + (m ⊙ h[t-1])·W_rec)
//! dZ[t] = (dh[t] + m ⊙ (dZ[t+1]·W_recᵀ)) ⊙ f'(h[t])
//! ```

use core::ops::Range;

use super::{Pass, Recurrence};
use crate::batch::Step;
use crate::kernel::dropout::{Dropout, Site};
use crate::kernel::finish::{Finish, Limit};
use crate::kernel::gemm::{Gemm, Start};
use crate::params::Place;
use crate::simd::{Operation, Simd, View};

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

/// `h[t] = f(Z[t] + (m ⊙ h[t-1])·W_rec)` in place of Z, or from `h[t+1]` in reverse. What the steps read stays
/// behind for the backward pass.
pub(crate) struct MaskedForward<'a> {
    pub recurrence: Recurrence<'a>,
    pub mask: Mask,
    pub steps: Range<usize>,
    /// Where sequences start, one row each.
    pub state: View<'a>,
    /// (R, W)
    pub h: &'a mut [f32],
    /// (B + R, H): the start states, then the hidden rows, all of them masked.
    pub masked: &'a mut [f32],
}

impl Operation for MaskedForward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let (batch, steps) = (*self.recurrence.batch, self.steps.clone());
        if self.mask.place.reverse {
            self.keep_start(s);
            for step in batch.walk_back(steps.clone()) {
                let going = going_on(step, &self.recurrence, steps.end);
                let after = batch.sequences() + step.first_row + step.active;
                self.link(s, step.first_row, going, after);
                self.link(s, step.first_row + going, step.active - going, going);
                self.keep(s, step);
            }
        } else {
            if steps.start == 0 {
                self.keep_start(s);
            }
            for step in batch.walk(steps) {
                let before = match step.t.checked_sub(1) {
                    Some(t) => batch.sequences() + step.first_row - batch.active(t),
                    None => 0,
                };
                self.link(s, step.first_row, step.active, before);
                self.keep(s, step);
            }
        }
    }
}

impl MaskedForward<'_> {
    /// Some rows of a step, from as many masked rows beginning with `from`.
    #[inline(always)]
    fn link<S: Simd>(&mut self, s: S, row: usize, rows: usize, from: usize) {
        let Recurrence {
            w_rec,
            hidden,
            column,
            width,
            activation,
            clip,
            ..
        } = self.recurrence;
        if rows == 0 {
            return;
        }
        let before = View {
            data: &*self.masked,
            outer: hidden,
            inner: 1,
        };
        let c = self.h.get_mut(row * width + column..).unwrap_or(&mut []);
        s.run(Gemm {
            start: Start::Continue,
            limit: Limit::sums(clip),
            finish: Finish::activate(activation),
            ..Gemm::new(rows, hidden, hidden, before.from(from, 0), w_rec, c, width)
        });
    }

    /// The masked hidden rows of a finished step.
    #[inline(always)]
    fn keep<S: Simd>(&mut self, s: S, step: Step) {
        let hidden = self.recurrence.hidden;
        let first = self.recurrence.batch.sequences() + step.first_row;
        let to = first * hidden..(first + step.active) * hidden;
        let to = self.masked.get_mut(to).unwrap_or(&mut []);
        let from = self.recurrence.rows(self.h, step.first_row);
        copy_rows(from, hidden, to);
        self.mask.apply(s, to, hidden, 0);
    }

    /// The masked start states.
    #[inline(always)]
    fn keep_start<S: Simd>(&mut self, s: S) {
        let hidden = self.recurrence.hidden;
        let to = 0..self.recurrence.batch.sequences() * hidden;
        let to = self.masked.get_mut(to).unwrap_or(&mut []);
        copy_rows(self.state, hidden, to);
        self.mask.apply(s, to, hidden, 0);
    }
}

/// `dZ[t] = (dh[t] + m ⊙ (dZ[t+1]·W_recᵀ)) ⊙ f'(h[t])` in place of dh, or from `dZ[t-1]` in reverse.
pub(crate) struct MaskedBackward<'a> {
    /// With `W_recᵀ`.
    pub recurrence: Recurrence<'a>,
    pub mask: Mask,
    pub steps: Range<usize>,
    /// The pass went through the steps from `steps.end` to `end` before.
    pub end: usize,
    /// (R, W)
    pub h: &'a [f32],
    /// (R, W)
    pub d_h: &'a mut [f32],
    /// Room for the products of one step, (B, H).
    pub product: &'a mut [f32],
}

impl Operation for MaskedBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let (batch, steps) = (*self.recurrence.batch, self.steps.clone());
        if self.mask.place.reverse {
            for step in batch.walk(steps) {
                if let Some(t) = step.t.checked_sub(1) {
                    self.link(s, step, step.active, step.first_row - batch.active(t));
                }
                self.finish(s, step);
            }
        } else {
            for step in batch.walk_back(steps) {
                let going = going_on(step, &self.recurrence, self.end);
                self.link(s, step, going, step.first_row + step.active);
                self.finish(s, step);
            }
        }
    }
}

impl MaskedBackward<'_> {
    /// Adds what the first `rows` rows of a step hear from as many rows beginning with `from`.
    #[inline(always)]
    fn link<S: Simd>(&mut self, s: S, step: Step, rows: usize, from: usize) {
        let Recurrence {
            w_rec,
            hidden,
            column,
            width,
            ..
        } = self.recurrence;
        if rows == 0 {
            return;
        }
        let d_z = self.recurrence.rows(self.d_h, from);
        s.run(Gemm::new(
            rows,
            hidden,
            hidden,
            d_z,
            w_rec,
            self.product,
            hidden,
        ));
        let product = self.product.get_mut(..rows * hidden).unwrap_or(&mut []);
        self.mask.apply(s, product, hidden, 0);
        let d_h = self.d_h.get_mut(step.first_row * width..);
        let d_h = d_h.unwrap_or(&mut []).chunks_mut(width.max(1));
        for (d_h, product) in d_h.zip(product.chunks(hidden.max(1))) {
            let half = d_h.get_mut(column..).unwrap_or(&mut []);
            for (to, &x) in half.iter_mut().zip(product) {
                *to += x;
            }
        }
    }

    /// `⊙ f'(h)` for all rows of a step.
    #[inline(always)]
    fn finish<S: Simd>(&mut self, s: S, step: Step) {
        let first = step.first_row * self.recurrence.width;
        let here = self.d_h.get_mut(first..).unwrap_or(&mut []);
        let pass = Pass::Backward(self.h);
        self.recurrence
            .begin(s, step.active, here, pass, step.first_row);
    }
}

/// How many sequences of a step are in the next one too, before step `end`.
fn going_on(step: Step, recurrence: &Recurrence, end: usize) -> usize {
    if step.t + 1 < end {
        recurrence.batch.active(step.t + 1)
    } else {
        0
    }
}

/// The first `width` numbers of each row, packed.
fn copy_rows(from: View, width: usize, to: &mut [f32]) {
    let rows = from.data.chunks(from.outer.max(1));
    for (to, from) in to.chunks_mut(width.max(1)).zip(rows) {
        for (to, &x) in to.iter_mut().zip(from) {
            *to = x;
        }
    }
}
