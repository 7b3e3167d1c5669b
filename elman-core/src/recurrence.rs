//! The only sequential part of the net, forward and backward in time: one product per step.

mod masked;

use core::ops::Range;

use crate::batch::{Batch, Run};
use crate::kernel::chain::{Chain, LinkEnd};
use crate::kernel::finish::{Finish, Limit};
use crate::kernel::gemm::{Gemm, Start};
use crate::kernel::pack::Panels;
use crate::simd::{Simd, View};
use crate::spec::Activation;

pub(crate) use masked::{Mask, MaskedBackward, MaskedForward};

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
    /// Limits what `f` reads.
    pub clip: Option<f32>,
}

/// What a pass computes from a row's sum.
#[derive(Clone, Copy)]
enum Pass<'h> {
    /// `f`; sequences begin from these states, one row per sequence.
    Forward(View<'h>),
    /// `⊙ f'(h)`, with these rows of h; into a sequence's last row nothing flows but its own loss.
    Backward(&'h [f32]),
}

impl Recurrence<'_> {
    /// `h[t] = f(Z[t] + h[t-1]·W_rec)` in place of Z; step 0 starts from `state`, one row per sequence.
    #[inline(always)]
    pub fn forward<S: Simd>(&self, s: S, steps: Range<usize>, state: View, h: &mut [f32]) {
        self.climb(s, steps, Pass::Forward(state), h);
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
        let end = steps.end;
        self.descend(s, steps, end, Pass::Forward(state), h);
    }

    /// `dZ[t] = (dh[t] + dZ[t+1]·W_recᵀ) ⊙ f'(h[t])` in place of dh: what `forward` did, from the end.
    /// Sequences whose last step comes up hear only of their own loss. The pass went through the steps from
    /// `steps.end` to `end` before.
    #[inline(always)]
    pub fn backward<S: Simd>(
        &self,
        s: S,
        steps: Range<usize>,
        end: usize,
        h: &[f32],
        d_h: &mut [f32],
    ) {
        self.descend(s, steps, end, Pass::Backward(h), d_h);
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
        self.climb(s, steps, Pass::Backward(h), d_h);
    }

    /// Every row of a step goes on from the step before, since sequences only ever end.
    #[inline(always)]
    fn climb<S: Simd>(&self, s: S, steps: Range<usize>, pass: Pass, rows: &mut [f32]) {
        for run in self.batch.runs(steps) {
            let Run {
                mut steps,
                mut first_row,
                active,
            } = run;
            let Some((done, mut here)) = rows.split_at_mut_checked(first_row * self.width) else {
                return;
            };
            let before = match (steps.start.checked_sub(1), pass) {
                (Some(t), _) => self.rows(done, first_row - self.batch.active(t)),
                (None, Pass::Forward(state)) => state,
                (None, Pass::Backward(_)) => {
                    self.begin(s, active, here, pass, first_row);
                    let Some((first, rest)) = here.split_at_mut_checked(active * self.width) else {
                        return;
                    };
                    steps.start += 1;
                    first_row += active;
                    here = rest;
                    self.rows(first, 0)
                }
            };
            self.links(s, steps, (before, active), here, pass, (first_row, true));
        }
    }

    /// Sequences join as their last steps come up, in the first step of a run; the others go on.
    #[inline(always)]
    fn descend<S: Simd>(
        &self,
        s: S,
        steps: Range<usize>,
        end: usize,
        pass: Pass,
        rows: &mut [f32],
    ) {
        for run in self.batch.runs_back(steps) {
            let Run {
                steps,
                first_row,
                active,
            } = run;
            let going = if steps.end < end {
                self.batch.active(steps.end)
            } else {
                0
            };
            let last = steps.end - 1;
            let last_row = first_row + (last - steps.start) * active;
            let Some((rest, after)) = rows.split_at_mut_checked((last_row + active) * self.width)
            else {
                return;
            };
            let Some((rest, here)) = rest.split_at_mut_checked(last_row * self.width) else {
                return;
            };
            let Some((continuing, joining)) = here.split_at_mut_checked(going * self.width) else {
                return;
            };
            let from = (self.rows(after, 0), going);
            self.links(s, last..last + 1, from, continuing, pass, (last_row, false));
            let joining_row = last_row + going;
            match pass {
                Pass::Forward(state) => {
                    let from = (state.from(going, 0), active - going);
                    let place = (joining_row, false);
                    self.links(s, last..last + 1, from, joining, pass, place);
                }
                Pass::Backward(_) => self.begin(s, active - going, joining, pass, joining_row),
            }
            let from = (self.rows(here, 0), active);
            let rest = rest.get_mut(first_row * self.width..).unwrap_or(&mut []);
            self.links(s, steps.start..last, from, rest, pass, (first_row, false));
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

    /// Steps of `active` rows each that go on from their neighbours', the first from `before`. `here` begins
    /// with row `first_row`.
    #[inline(always)]
    fn links<S: Simd>(
        &self,
        s: S,
        steps: Range<usize>,
        (before, active): (View, usize),
        here: &mut [f32],
        pass: Pass,
        (first_row, climbs): (usize, bool),
    ) {
        if steps.is_empty() || active == 0 {
            return;
        }
        let first = if climbs { steps.start } else { steps.end - 1 };
        s.run(Chain {
            rows: active,
            columns: self.hidden,
            links: steps.len(),
            before,
            b: self.w_rec,
            c: here.get_mut(self.column..).unwrap_or(&mut []),
            c_row: self.width,
            climbs,
            end: match pass {
                Pass::Forward(_) => LinkEnd::Activate(self.activation),
                Pass::Backward(h) => {
                    let from = first_row * self.width + self.column;
                    LinkEnd::Gradient(self.activation, h.get(from..).unwrap_or(&[]))
                }
            },
            clip: self.clip,
            odd: !first.is_multiple_of(2),
        });
    }

    /// `rows` rows into which nothing flows: only `f'` is left to do.
    #[inline(always)]
    fn begin<S: Simd>(&self, s: S, rows: usize, here: &mut [f32], pass: Pass, row: usize) {
        let Pass::Backward(h) = pass else {
            return;
        };
        if rows > 0 {
            let c = here.get_mut(self.column..).unwrap_or(&mut []);
            let h = self.rows(h, row);
            s.run(Gemm {
                start: Start::Continue,
                limit: Limit::gradient(s, self.activation, self.clip, h),
                finish: Finish::gradient(self.activation, h),
                ..Gemm::new(rows, self.hidden, 0, View::EMPTY, self.w_rec, c, self.width)
            });
        }
    }
}
