//! The only sequential part of the net, forward and backward in time: one product per step.

use core::ops::Range;

use crate::batch::Batch;
use crate::kernel::gemm::{Finish, Gemm, Order, Start};
use crate::kernel::pack::Panels;
use crate::simd::{Simd, View};
use crate::spec::Activation;

/// One direction of one layer, stepping through its rows of h (R, W).
pub(crate) struct Recurrence<'a> {
    pub batch: &'a Batch<'a>,
    /// `W_rec` packed for the forward pass, `W_recᵀ` for the backward pass.
    pub w_rec: Panels<'a>,
    pub hidden: usize,
    /// Where this direction's half begins within a row.
    pub column: usize,
    /// Numbers per row.
    pub width: usize,
    pub activation: Activation,
}

impl Recurrence<'_> {
    /// `h[t] = f(Z[t] + h[t-1]·W_rec)` in place of Z; step 0 starts from `state`, one row per sequence.
    #[inline(always)]
    pub fn forward<S: Simd>(&self, s: S, steps: Range<usize>, state: View, h: &mut [f32]) {
        for at in self.batch.walk(steps) {
            let Some((done, rest)) = h.split_at_mut_checked(at.first_row * self.width) else {
                return;
            };
            let before = match at.t.checked_sub(1) {
                None => state,
                Some(t) => self.rows(done, at.first_row - self.batch.active(t)),
            };
            self.step(
                s,
                at.t,
                before,
                at.active,
                rest,
                activation(self.activation),
            );
        }
    }

    /// `h[t] = f(Z[t] + h[t+1]·W_rec)`. Sequences join as their last steps come up: those start from
    /// `state`, the others go on.
    #[inline(always)]
    pub fn forward_in_reverse<S: Simd>(
        &self,
        s: S,
        steps: Range<usize>,
        state: View,
        h: &mut [f32],
    ) {
        let finish = activation(self.activation);
        for at in self.batch.walk_back(steps) {
            let going = self.batch.active(at.t + 1);
            let end = at.first_row + at.active;
            let Some((rest, done)) = h.split_at_mut_checked(end * self.width) else {
                return;
            };
            let here = rest.get_mut(at.first_row * self.width..).unwrap_or(&mut []);
            let Some((continuing, joining)) = here.split_at_mut_checked(going * self.width) else {
                return;
            };
            self.step(s, at.t, self.rows(done, 0), going, continuing, finish);
            self.step(
                s,
                at.t,
                state.from(going, 0),
                at.active - going,
                joining,
                finish,
            );
        }
    }

    /// `dZ[t] = (dh[t] + dZ[t+1]·W_recᵀ) ⊙ f'(h[t])` in place of dh: what `forward` did, from the end.
    /// Sequences whose last step comes up hear only of their own loss.
    #[inline(always)]
    pub fn backward<S: Simd>(&self, s: S, steps: Range<usize>, h: &[f32], d_h: &mut [f32]) {
        let last = steps.end;
        for at in self.batch.walk_back(steps) {
            let going = if at.t + 1 < last {
                self.batch.active(at.t + 1)
            } else {
                0
            };
            let end = at.first_row + at.active;
            let Some((rest, after)) = d_h.split_at_mut_checked(end * self.width) else {
                return;
            };
            let here = rest.get_mut(at.first_row * self.width..).unwrap_or(&mut []);
            let Some((continuing, ending)) = here.split_at_mut_checked(going * self.width) else {
                return;
            };
            let finish = |row| gradient(self.activation, self.rows(h, row));
            self.step(
                s,
                at.t,
                self.rows(after, 0),
                going,
                continuing,
                finish(at.first_row),
            );
            self.end(s, at.active - going, ending, finish(at.first_row + going));
        }
    }

    /// `dZ[t] = (dh[t] + dZ[t-1]·W_recᵀ) ⊙ f'(h[t])` in place of dh: what `forward_in_reverse` did.
    #[inline(always)]
    pub fn backward_in_reverse<S: Simd>(
        &self,
        s: S,
        steps: Range<usize>,
        h: &[f32],
        d_h: &mut [f32],
    ) {
        for at in self.batch.walk(steps) {
            let Some((done, here)) = d_h.split_at_mut_checked(at.first_row * self.width) else {
                return;
            };
            let finish = gradient(self.activation, self.rows(h, at.first_row));
            match at.t.checked_sub(1) {
                None => self.end(s, at.active, here, finish),
                Some(t) => {
                    let after = self.rows(done, at.first_row - self.batch.active(t));
                    self.step(s, at.t, after, at.active, here, finish);
                }
            }
        }
    }

    /// This direction's half of the rows from `row` on.
    fn rows<'h>(&self, h: &'h [f32], row: usize) -> View<'h> {
        View {
            data: h,
            outer: self.width,
            inner: 1,
        }
        .from(row, self.column)
    }

    /// `rows` rows go on from `neighbour`'s.
    #[inline(always)]
    fn step<S: Simd>(
        &self,
        s: S,
        t: usize,
        neighbour: View,
        rows: usize,
        here: &mut [f32],
        finish: Finish,
    ) {
        if rows > 0 {
            s.run(Gemm {
                rows,
                columns: self.hidden,
                depth: self.hidden,
                a: neighbour,
                b: self.w_rec,
                c: here.get_mut(self.column..).unwrap_or(&mut []),
                c_row: self.width,
                start: Start::Continue,
                finish,
                order: if t.is_multiple_of(2) {
                    Order::Ascending
                } else {
                    Order::Descending
                },
            });
        }
    }

    /// `rows` rows have no neighbour: only `finish` is left to do.
    #[inline(always)]
    fn end<S: Simd>(&self, s: S, rows: usize, here: &mut [f32], finish: Finish) {
        if rows > 0 {
            let c = here.get_mut(self.column..).unwrap_or(&mut []);
            s.run(Gemm {
                start: Start::Continue,
                finish,
                ..Gemm::new(rows, self.hidden, 0, View::EMPTY, self.w_rec, c, self.width)
            });
        }
    }
}

/// `f`
pub(crate) fn activation(activation: Activation) -> Finish<'static> {
    match activation {
        Activation::Tanh => Finish::Tanh,
        Activation::Relu => Finish::Relu,
        Activation::Identity => Finish::Keep,
    }
}

/// `f'` in terms of `h = f(z)`.
fn gradient(activation: Activation, h: View<'_>) -> Finish<'_> {
    match activation {
        Activation::Tanh => Finish::TanhGradient(h),
        Activation::Relu => Finish::ReluGradient(h),
        Activation::Identity => Finish::Keep,
    }
}
